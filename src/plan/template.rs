//! Templates and conditions, by Tera.

use std::collections::BTreeMap;

use tera::{Context, ErrorKind, Tera};

use crate::diagnostic::{Finding, Place, Span, nearest};
use crate::tutorial::{Delimiters, Template, Text, Value};

/// The name that Tera knows a text by. It has no ending, so nothing is escaped as HTML.
const NAME: &str = "block";

/// Renders a block, with the parameters as its variables.
pub(super) fn render(
    text: &Text,
    template: &Template,
    parameters: &BTreeMap<String, Value>,
) -> Result<String, Box<Finding>> {
    let wrong = |error| Box::new(invalid(&error).at(place(text, start(&text.content, &error))));
    let (rendered, unknown) = render_text(&text.content, template, parameters).map_err(wrong)?;
    match unknown {
        None => Ok(rendered),
        Some(name) => {
            let start = text.content.find(&name).unwrap_or_default();
            Err(Box::new(unknown_name(&name, parameters).at(place(text, start))))
        }
    }
}

/// Renders a command or an attribute that stands at a place.
pub(super) fn render_at(
    place: &Place,
    text: &str,
    template: &Template,
    parameters: &BTreeMap<String, Value>,
) -> Result<String, Box<Finding>> {
    let wrong = |error| Box::new(invalid(&error).at(place.clone()));
    match render_text(text, template, parameters).map_err(wrong)? {
        (rendered, None) => Ok(rendered),
        (_, Some(name)) => Err(Box::new(unknown_name(&name, parameters).at(place.clone()))),
    }
}

/// Returns the text, and a name in it that no parameter has: Tera finds only those that it came by.
fn render_text(
    text: &str,
    template: &Template,
    parameters: &BTreeMap<String, Value>,
) -> Result<(String, Option<String>), tera::Error> {
    let mut tera = Tera::new();
    if let Some(delimiters) = &template.delimiters {
        tera.set_delimiters(tera_delimiters(delimiters))?;
    }
    tera.add_raw_template(NAME, text)?;
    let context = context(parameters);
    let rendered = tera.render(NAME, &context)?;
    Ok((rendered, unknown_variable(&tera, &context)?))
}

/// Returns the first variable of a template that has no value.
fn unknown_variable(tera: &Tera, context: &Context) -> Result<Option<String>, tera::Error> {
    let variables = tera.get_template_variables(NAME)?;
    Ok(variables.into_iter().filter(|name| context.get(name).is_none()).min().map(str::to_owned))
}

fn unknown_name(name: &str, parameters: &BTreeMap<String, Value>) -> Finding {
    let near = nearest(name, parameters.keys().map(String::as_str));
    let message = format!("template cannot be rendered: there is no parameter `{name}`");
    Finding::error("invalid-template", message).maybe_help(near.map(|near| format!("did you mean `{near}`?")))
}

fn invalid(error: &tera::Error) -> Finding {
    Finding::error("invalid-template", format!("template cannot be rendered: {}", message(error)))
}

/// Returns whether a condition over the parameters is true.
pub(super) fn holds(
    condition: &str,
    parameters: &BTreeMap<String, Value>,
    place: &Place,
) -> Result<bool, Box<Finding>> {
    let invalid = |message: String, help: Option<String>| {
        let message = format!("`when` cannot be evaluated: {message}");
        Box::new(Finding::error("invalid-condition", message).at(place.clone()).maybe_help(help))
    };
    let wrong = |error: tera::Error| invalid(message(&error), None);
    let mut tera = Tera::new();
    tera.add_raw_template(NAME, &format!("{{% if {condition} %}}true{{% endif %}}")).map_err(wrong)?;
    let context = context(parameters);
    // An unknown name is not an error for Tera: the condition would be false for ever.
    if let Some(unknown) = unknown_variable(&tera, &context).map_err(wrong)? {
        let near = nearest(&unknown, parameters.keys().map(String::as_str));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        return Err(invalid(format!("there is no parameter `{unknown}`"), help));
    }
    Ok(tera.render(NAME, &context).map_err(wrong)? == "true")
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
        let shown = match render(&text, &Template { delimiters }, &parameters()) {
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
        let shown = match holds(condition, &parameters(), &place) {
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
