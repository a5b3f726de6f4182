//! `params`: named values with type, default and description.

use super::super::model::{Parameter, ParameterKind, Value};
use super::super::values::bad_name;
use super::unknown_inside;
use crate::diagnostic::{Finding, Place, nearest};
use crate::yaml::{Data, Entry, Node};

const KEYS: [&str; 4] = ["type", "default", "description", "choices"];
const TYPES: [&str; 4] = ["string", "number", "boolean", "choice"];

/// Reads a map from names to defaults, or to maps that say more.
pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Result<Vec<Parameter>, &'static str> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let entries = node.entries().ok_or("write a map of names and defaults")?;
    Ok(entries.iter().map(|entry| parameter(entry, findings)).collect())
}

fn parameter(entry: &Entry, findings: &mut Vec<Finding>) -> Parameter {
    findings.extend(bad_name("parameter", &entry.key, &entry.key_place));
    let mut parameter = Parameter {
        name: entry.key.clone(),
        kind: ParameterKind::String,
        default: None,
        description: None,
        place: entry.key_place.clone(),
    };
    match entry.value.entries() {
        None => {
            if matches!(entry.value.data, Data::List(_)) {
                let finding =
                    Finding::error("bad-value", format!("default of `{}` cannot be a list", entry.key));
                let help = "write one value, or `{type: choice, choices: [debian, fedora]}`";
                findings.push(finding.at(entry.value.place.clone()).help(help));
                parameter.default = some_value(&parameter.kind);
                return parameter;
            }
            parameter.default = scalar(&entry.value);
            parameter.kind = parameter.default.as_ref().map_or(ParameterKind::String, kind_of);
        }
        Some(details) => Details::read(&entry.key, details, findings).fill(&mut parameter, findings),
    }
    parameter
}

/// Returns the value of a scalar; quotes make a text of anything.
pub(crate) fn scalar(node: &Node) -> Option<Value> {
    let Data::Scalar { text, quoted } = &node.data else { return None };
    if *quoted {
        return Some(Value::String(text.clone()));
    }
    Some(plain_value(text))
}

/// Returns the value of a text without quotes.
pub(crate) fn plain_value(text: &str) -> Value {
    match (text, plain_number(text)) {
        ("true", _) => Value::Boolean(true),
        ("false", _) => Value::Boolean(false),
        (_, Some(number)) => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}

/// Returns a number whose text survives being a number: `1.10` and `007` are names of versions, not numbers.
fn plain_number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite() && number.to_string() == text)
}

fn kind_of(value: &Value) -> ParameterKind {
    match value {
        Value::Boolean(_) => ParameterKind::Boolean,
        Value::Number(_) => ParameterKind::Number,
        Value::String(_) => ParameterKind::String,
    }
}

#[derive(Default)]
struct Details<'a> {
    kind: Option<(&'a str, Place)>,
    default: Option<&'a Node>,
    description: Option<String>,
    choices: Option<Vec<String>>,
}

impl<'a> Details<'a> {
    fn read(name: &str, entries: &'a [Entry], findings: &mut Vec<Finding>) -> Self {
        let mut details = Self::default();
        for entry in entries {
            match entry.key.as_str() {
                "type" => details.kind = entry.value.text().map(|text| (text, entry.value.place.clone())),
                "default" => details.default = Some(&entry.value).filter(|node| !node.is_null()),
                "description" => details.description = entry.value.text().map(str::to_owned),
                "choices" => details.choices = super::list(&entry.value).ok(),
                _ => findings.push(unknown_inside(entry, name, &KEYS)),
            }
        }
        details
    }

    fn fill(self, parameter: &mut Parameter, findings: &mut Vec<Finding>) {
        let default = self.default.and_then(scalar);
        let guessed = default.as_ref().map_or(ParameterKind::String, kind_of);
        let choices = self.choices.map(ParameterKind::Choice);
        parameter.description = self.description;
        parameter.kind = match &self.kind {
            None => choices.unwrap_or(guessed),
            Some(("string", _)) => choices.unwrap_or(ParameterKind::String),
            Some((kind @ ("number" | "boolean"), place)) => {
                findings.extend(choices.map(|_| useless_choices(kind, place)));
                if *kind == "number" { ParameterKind::Number } else { ParameterKind::Boolean }
            }
            Some(("choice", place)) => choices.unwrap_or_else(|| {
                let finding = Finding::error("bad-value", "a choice needs `choices`").at(place.clone());
                findings.push(finding.help("write `choices: [debian, fedora]` beside it"));
                ParameterKind::String
            }),
            Some((other, place)) => {
                findings.push(unknown_type(other, place));
                guessed
            }
        };
        let Some(node) = self.default else { return };
        parameter.default = typed(node, &parameter.kind);
        if parameter.default.is_none() {
            let message = format!("default of `{}` is not {}", parameter.name, wanted(&parameter.kind));
            let help = "change the default, or the `type` and `choices` beside it";
            findings.push(Finding::error("bad-value", message).at(node.place.clone()).help(help));
            // That it has no default would be said as well, and is not the mistake.
            parameter.default = some_value(&parameter.kind);
        }
    }
}

fn useless_choices(kind: &str, place: &Place) -> Finding {
    let message = format!("a {kind} has no `choices`");
    let help = "write `type: choice`, or leave the type out";
    Finding::error("bad-value", message).at(place.clone()).help(help)
}

/// Returns any value of a kind.
fn some_value(kind: &ParameterKind) -> Option<Value> {
    Some(match kind {
        ParameterKind::String => Value::String(String::new()),
        ParameterKind::Number => Value::Number(0.0),
        ParameterKind::Boolean => Value::Boolean(false),
        ParameterKind::Choice(choices) => Value::String(choices.first()?.clone()),
    })
}

/// Returns the value of a node as a kind wants it.
fn typed(node: &Node, kind: &ParameterKind) -> Option<Value> {
    let text = node.text()?;
    match kind {
        ParameterKind::String => Some(Value::String(text.to_owned())),
        ParameterKind::Number => {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number)
        }
        ParameterKind::Boolean => node.boolean().map(Value::Boolean),
        ParameterKind::Choice(choices) => {
            choices.iter().any(|choice| choice == text).then(|| Value::String(text.to_owned()))
        }
    }
}

fn wanted(kind: &ParameterKind) -> String {
    match kind {
        ParameterKind::String => "a text".to_owned(),
        ParameterKind::Number => "a number".to_owned(),
        ParameterKind::Boolean => "`true` or `false`".to_owned(),
        ParameterKind::Choice(choices) => format!("one of `{}`", choices.join("`, `")),
    }
}

fn unknown_type(kind: &str, place: &Place) -> Finding {
    let near = nearest(kind, TYPES).map(|near| format!("did you mean `{near}`?"));
    Finding::error("bad-value", format!("unknown type `{kind}`"))
        .at(place.clone())
        .help("write `string`, `number`, `boolean` or `choice`")
        .maybe_help(near)
}
