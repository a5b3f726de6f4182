//! Templates and conditions, by Tera.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use tera::{Context, ErrorKind, Tera};

use crate::diagnostic::{Finding, Place, Span, nearest};
use crate::tutorial::{Delimiters, Template, Text, Value};

/// The name that Tera knows a text by. It has no ending, so nothing is escaped as HTML.
const NAME: &str = "block";

/// Templates as Tera has read them: each is read once, however many variants there are.
#[derive(Debug, Default)]
pub(super) struct Templates {
    read: RefCell<HashMap<(Option<Delimiters>, String), Read>>,
}

/// A template that was read, or why it could not be.
type Read = Rc<Result<Prepared, tera::Error>>;

/// A template that can be rendered.
#[derive(Debug)]
struct Prepared {
    tera: Tera,
    /// Its variables: Tera finds only those unknown that it comes by.
    variables: Vec<String>,
}

impl Templates {
    fn prepare(&self, text: &str, delimiters: Option<&Delimiters>) -> Read {
        let key = (delimiters.cloned(), text.to_owned());
        let mut read = self.read.borrow_mut();
        Rc::clone(read.entry(key).or_insert_with(|| Rc::new(Prepared::read(text, delimiters))))
    }
}

impl Prepared {
    fn read(text: &str, delimiters: Option<&Delimiters>) -> Result<Self, tera::Error> {
        let mut tera = Tera::new();
        if let Some(delimiters) = delimiters {
            tera.set_delimiters(tera_delimiters(delimiters))?;
        }
        tera.register_filter("json", json);
        tera.register_filter("yaml", yaml);
        tera.add_raw_template(NAME, text)?;
        let mut variables: Vec<String> =
            tera.get_template_variables(NAME)?.into_iter().map(str::to_owned).collect();
        variables.sort();
        Ok(Self { tera, variables })
    }
}

/// Writes a value as JSON, which YAML reads as the same value.
fn json(value: tera::Value, _: tera::Kwargs, _: &tera::State<'_>) -> Result<String, tera::Error> {
    serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))
}

/// Writes a value as YAML: a text that would be read as something else stands in quotes.
fn yaml(value: tera::Value, _: tera::Kwargs, _: &tera::State<'_>) -> Result<String, tera::Error> {
    let value = serde_json::to_value(&value).map_err(|error| tera::Error::message(error.to_string()))?;
    Ok(crate::yaml::write(&value).trim_end_matches('\n').to_owned())
}

/// Fills the parameters of one variant into templates and conditions.
pub(super) struct Renderer<'a> {
    templates: &'a Templates,
    parameters: &'a BTreeMap<String, Value>,
    context: Context,
}

impl<'a> Renderer<'a> {
    /// Takes the values of a variant.
    pub(super) fn new(templates: &'a Templates, parameters: &'a BTreeMap<String, Value>) -> Self {
        Self { templates, parameters, context: context(parameters) }
    }

    /// Returns the values of the variant.
    pub(super) fn parameters(&self) -> &'a BTreeMap<String, Value> {
        self.parameters
    }

    /// Renders a block, with the parameters as its variables.
    pub(super) fn block(&self, text: &Text, template: &Template) -> Result<String, Box<Finding>> {
        match self.render(&text.content, template) {
            Ok(rendered) => Ok(rendered),
            Err(Wrong::Tera(prepared)) => {
                let error = prepared.error();
                Err(Box::new(invalid(error).at(place(text, start(&text.content, error)))))
            }
            Err(Wrong::Unknown(name)) => {
                let start = text.content.find(&name).unwrap_or_default();
                Err(Box::new(unknown_name(&name, self.parameters).at(place(text, start))))
            }
        }
    }

    /// Renders a text of which nobody asks why it could not be.
    pub(super) fn text(&self, text: &str, template: &Template) -> Option<String> {
        self.render(text, template).ok()
    }

    /// Renders a command or an attribute that stands at a place.
    pub(super) fn at(&self, place: &Place, text: &str, template: &Template) -> Result<String, Box<Finding>> {
        self.render(text, template).map_err(|wrong| {
            let finding = match wrong {
                Wrong::Tera(trouble) => invalid(trouble.error()),
                Wrong::Unknown(name) => unknown_name(&name, self.parameters),
            };
            Box::new(finding.at(place.clone()))
        })
    }

    /// Returns whether a condition over the parameters is true.
    pub(super) fn holds(&self, condition: &str, place: &Place) -> Result<bool, Box<Finding>> {
        let invalid = |message: String, help: Option<String>| {
            let message = format!("`when` cannot be evaluated: {message}");
            Box::new(Finding::error("invalid-condition", message).at(place.clone()).maybe_help(help))
        };
        let text = format!("{{% if {condition} %}}true{{% endif %}}");
        let prepared = self.templates.prepare(&text, None);
        let prepared = prepared.as_ref().as_ref().map_err(|error| invalid(message(error), None))?;
        // An unknown name is not an error for Tera: the condition would be false for ever.
        if let Some(unknown) = self.unknown(prepared) {
            let near = nearest(unknown, self.parameters.keys().map(String::as_str));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            return Err(invalid(format!("there is no parameter `{unknown}`"), help));
        }
        let rendered = prepared.tera.render(NAME, &self.context);
        Ok(rendered.map_err(|error| invalid(message(&error), None))? == "true")
    }

    fn render(&self, text: &str, template: &Template) -> Result<String, Wrong> {
        let read = self.templates.prepare(text, template.delimiters.as_ref());
        let prepared = match read.as_ref() {
            Ok(prepared) => prepared,
            Err(_) => return Err(Wrong::Tera(Trouble::Read(read))),
        };
        let rendered = prepared.tera.render(NAME, &self.context);
        let rendered = rendered.map_err(|error| Wrong::Tera(Trouble::Render(error)))?;
        match self.unknown(prepared) {
            Some(name) => Err(Wrong::Unknown(name.to_owned())),
            None => Ok(rendered),
        }
    }

    /// Returns the first variable of a template that has no value.
    fn unknown<'p>(&self, prepared: &'p Prepared) -> Option<&'p str> {
        prepared.variables.iter().map(String::as_str).find(|name| self.context.get(name).is_none())
    }
}

/// Why a template was not rendered.
enum Wrong {
    Tera(Trouble),
    /// No parameter has this name.
    Unknown(String),
}

/// What Tera says, when it reads a template or when it renders one.
enum Trouble {
    Read(Read),
    Render(tera::Error),
}

impl Trouble {
    fn error(&self) -> &tera::Error {
        match self {
            Self::Render(error) => error,
            Self::Read(read) => read.as_ref().as_ref().expect_err("only what was not read is trouble"),
        }
    }
}

fn unknown_name(name: &str, parameters: &BTreeMap<String, Value>) -> Finding {
    let near = nearest(name, parameters.keys().map(String::as_str));
    let message = format!("template cannot be rendered: there is no parameter `{name}`");
    Finding::error("invalid-template", message).maybe_help(near.map(|near| format!("did you mean `{near}`?")))
}

fn invalid(error: &tera::Error) -> Finding {
    Finding::error("invalid-template", format!("template cannot be rendered: {}", message(error)))
}

/// Returns the parameters as Tera's variables.
fn context(parameters: &BTreeMap<String, Value>) -> Context {
    let mut context = Context::new();
    for (name, value) in parameters {
        let name = name.clone();
        match value {
            Value::Boolean(truth) => context.insert(name, truth),
            // Tera prints 3.0 with its fraction, and we print 3.
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                context.insert(name, &(*number as i64));
            }
            Value::Number(number) => context.insert(name, number),
            Value::String(text) => context.insert(name, text),
        }
    }
    context
}

fn tera_delimiters(delimiters: &Delimiters) -> tera::Delimiters {
    let Delimiters { block, expression, comment } = delimiters.clone();
    tera::Delimiters {
        block_start: block.0.into(),
        block_end: block.1.into(),
        variable_start: expression.0.into(),
        variable_end: expression.1.into(),
        comment_start: comment.0.into(),
        comment_end: comment.1.into(),
    }
}

/// Returns what Tera says, without its drawing of the source: findings draw their own.
fn message(error: &tera::Error) -> String {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report.message().to_owned(),
        other => {
            let text = other.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    }
}

/// Returns the offset in a text that an error of Tera is about.
fn start(text: &str, error: &tera::Error) -> usize {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report.span().range.start,
        other => drawn_start(text, &other.to_string()).unwrap_or_default(),
    }
}

/// Reads ` --> block:2:13` in a drawing of Tera.
fn drawn_start(text: &str, drawing: &str) -> Option<usize> {
    let (_, after) = drawing.split_once(&format!("--> {NAME}:"))?;
    let (line, column) = after.lines().next()?.split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.trim().parse().ok()?);
    let before: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    Some(before + column.saturating_sub(1))
}

/// Returns the place in the page of an offset in a block's text.
fn place(text: &Text, start: usize) -> Place {
    let before = text.content.get(..start).unwrap_or_default();
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    let Some(span) = text.lines.get(line).or(text.lines.last()) else {
        return Place::new(&text.source, 0..0);
    };
    Place::new(&text.source, Span::new((span.start + column).min(span.end), span.end))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::Source;

    fn parameters() -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("base_image".to_owned(), Value::String("fedora <42>".to_owned())),
            ("kvm".to_owned(), Value::Boolean(false)),
            ("size".to_owned(), Value::Number(3.0)),
        ])
    }

    #[track_caller]
    fn check(content: &str, delimiters: Option<&str>, expected: Expect) {
        let source = Source::new("a.md", format!("> {}", content.replace('\n', "\n> ")));
        let mut start = 0;
        let lines = content.lines().map(|line| {
            start += 2 + line.len() + 1;
            Span::new(start - line.len() - 1, start - 1)
        });
        let text = Text { lines: lines.collect(), source, content: content.to_owned() };
        let pairs: Option<Vec<&str>> = delimiters.map(|all| all.split(' ').collect());
        let pair = |pairs: &[&str], at: usize| (pairs[at].to_owned(), pairs[at + 1].to_owned());
        let delimiters = pairs.map(|pairs| Delimiters {
            block: pair(&pairs, 0),
            expression: pair(&pairs, 2),
            comment: pair(&pairs, 4),
        });
        let shown = match Renderer::new(&Templates::default(), &parameters())
            .block(&text, &Template { delimiters })
        {
            Ok(text) => text,
            Err(finding) => format!("{:?}: {}", finding.place.unwrap(), finding.message),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn parameters_are_filled_in_unescaped() {
        check(
            "FROM {{ base_image }}\n{% if kvm %}x{% endif %}{{ size }}\n",
            None,
            expect![[r#"
            FROM fedora <42>
            3
        "#]],
        );
    }

    #[test]
    fn json_quotes_what_yaml_would_read_otherwise() {
        check(
            "{{ base_image | json }} {{ base_image | split(pat=\" \") | json }} {{ size | json }}\n",
            None,
            expect![[r#"
            "fedora <42>" ["fedora","<42>"] 3
        "#]],
        );
        check(
            "{{ size | str | yaml }} {{ size | yaml }} {{ base_image | yaml }}\n{{ base_image | split(pat=\" \") | yaml }}\n",
            None,
            expect![[r#"
                "3" 3 fedora <42>
                - fedora
                - <42>
            "#]],
        );
    }

    #[test]
    fn other_delimiters_leave_braces_alone() {
        check(
            "{{revision}} << size >>\n",
            Some("<% %> << >> <# #>"),
            expect![[r#"
            {{revision}} 3
        "#]],
        );
        check(
            "x\n",
            Some("<<< >>> << >> <# #>"),
            expect!["a.md:1:3: template cannot be rendered: `block_start` delimiter must be 2 bytes long"],
        );
    }

    #[test]
    fn mistakes_point_into_the_block() {
        check(
            "one\n  {{ bse }}\n",
            None,
            expect![
                "a.md:2:8: template cannot be rendered: Variable `bse` is not defined. Available variables: base_image, kvm, size"
            ],
        );
        check(
            "one\n{% if %}\n",
            None,
            expect![
                "a.md:2:9: template cannot be rendered: Found `%}` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, `{`, `[` or `(`"
            ],
        );
        check(
            "one\n{{ size | nofilter }}\n",
            None,
            expect!["a.md:2:13: template cannot be rendered: Unknown filter `nofilter`"],
        );
        check(
            "one\n{% if kvm %}{{ bse }}{% endif %}\n",
            None,
            expect!["a.md:2:18: template cannot be rendered: there is no parameter `bse`"],
        );
        check("{% for x in [1] %}{% set y = x %}{{ loop.index }}{{ y }}{% endfor %}", None, expect!["11"]);
        check("{{ size", None, expect!["a.md:1:6: template cannot be rendered: Unexpected end of input"]);
    }

    #[track_caller]
    fn check_condition(condition: &str, expected: Expect) {
        let place = Place::new(&Source::new("a.md", condition), 0..condition.len());
        let shown = match Renderer::new(&Templates::default(), &parameters()).holds(condition, &place) {
            Ok(truth) => truth.to_string(),
            Err(finding) => format!("{}; {}", finding.message, finding.help.as_deref().unwrap_or("-")),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn conditions_are_evaluated() {
        check_condition("base_image is starting_with(pat=\"fedora\") and not kvm", expect!["true"]);
        check_condition("size > 3", expect!["false"]);
        check_condition("kvm", expect!["false"]);
    }

    #[test]
    fn mistakes_in_conditions_are_findings() {
        check_condition(
            "bas_image == \"x\"",
            expect![
                "`when` cannot be evaluated: there is no parameter `bas_image`; did you mean `base_image`?"
            ],
        );
        check_condition(
            "size ==",
            expect![
                "`when` cannot be evaluated: Found `%}` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, `{`, `[` or `(`; -"
            ],
        );
        check_condition("size %}{% endif %}", expect!["`when` cannot be evaluated: Unknown tag; -"]);
        check_condition(
            "",
            expect![
                "`when` cannot be evaluated: Found `%}` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, `{`, `[` or `(`; -"
            ],
        );
    }
}
