//! Values of parameters: typed, from the strongest layer that gives one.

use std::collections::BTreeMap;

use super::inputs::Inputs;
use crate::diagnostic::{Finding, nearest};
use crate::tutorial::{FrontMatter, Parameter, ParameterKind, Value};

/// A value as it was given.
#[derive(Debug, Clone)]
pub(super) enum Given<'a> {
    /// On the command line or in the environment, where everything is text.
    Text(&'a str),
    /// In a file, where it has a type.
    Typed(&'a Value),
}

/// Returns the value that a caller gives a name: flag over environment over file.
pub(super) fn given<'a>(name: &str, inputs: &'a Inputs) -> Option<Given<'a>> {
    let text = inputs.flag(name).or_else(|| inputs.variable(name)).map(Given::Text);
    text.or_else(|| inputs.file.get(name).map(Given::Typed))
}

/// Returns the values of a variant's parameters, and adds what is wrong to `findings`.
pub(super) fn resolve(
    front: &FrontMatter,
    variant: &[(String, Value)],
    inputs: &Inputs,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Value> {
    let mut values: BTreeMap<String, Value> = variant.iter().cloned().collect();
    values.extend(columns(front, variant));
    for parameter in &front.parameters {
        if values.contains_key(&parameter.name) {
            continue;
        }
        let default = parameter.default.as_ref().map(Given::Typed);
        let value = match given(&parameter.name, inputs).or(default) {
            Some(given) => typed(parameter, &given),
            None => Err(missing(parameter)),
        };
        match value {
            Ok(value) => _ = values.insert(parameter.name.clone(), value),
            Err(finding) => findings.push(*finding),
        }
    }
    values
}

/// Returns what the tables of the page give a variant.
fn columns<'a>(
    front: &'a FrontMatter,
    variant: &'a [(String, Value)],
) -> impl Iterator<Item = (String, Value)> + 'a {
    let rows = front.matrix.tables.iter().filter_map(|table| {
        let (_, value) = variant.iter().find(|(name, _)| *name == table.dimension)?;
        Some((table, table.rows.get(&value.to_string())?))
    });
    rows.flat_map(|(table, row)| table.columns.iter().cloned().zip(row.iter().cloned()))
}

/// Returns a given value with the type that its parameter declares.
pub(super) fn typed(parameter: &Parameter, given: &Given<'_>) -> Result<Value, Box<Finding>> {
    let value = match &parameter.kind {
        ParameterKind::String => Some(Value::String(shown(given))),
        ParameterKind::Number => number(given).map(Value::Number),
        ParameterKind::Boolean => boolean(given).map(Value::Boolean),
        ParameterKind::Choice(choices) => {
            Some(shown(given)).filter(|text| choices.contains(text)).map(Value::String)
        }
    };
    value.ok_or_else(|| Box::new(mistyped(parameter, given)))
}

fn number(given: &Given<'_>) -> Option<f64> {
    match given {
        Given::Typed(Value::Number(number)) => Some(*number),
        Given::Typed(Value::Boolean(_)) => None,
        // A file gives `2.0` as a text, so that a string parameter gets all of it.
        Given::Typed(Value::String(_)) | Given::Text(_) => {
            shown(given).trim().parse().ok().filter(|number: &f64| number.is_finite())
        }
    }
}

fn boolean(given: &Given<'_>) -> Option<bool> {
    match given {
        Given::Typed(Value::Boolean(truth)) => Some(*truth),
        Given::Text(text) => text.trim().parse().ok(),
        Given::Typed(_) => None,
    }
}

pub(super) fn shown(given: &Given<'_>) -> String {
    match given {
        Given::Text(text) => (*text).to_owned(),
        Given::Typed(value) => value.to_string(),
    }
}

fn missing(parameter: &Parameter) -> Box<Finding> {
    let name = &parameter.name;
    let message = format!("parameter `{name}` has no default and was given no value");
    let help = format!("give one with `--param {name}=VALUE`");
    Box::new(Finding::error("missing-parameter", message).at(parameter.place.clone()).help(help))
}

fn mistyped(parameter: &Parameter, given: &Given<'_>) -> Finding {
    let (name, value) = (&parameter.name, shown(given));
    let (message, help) = match &parameter.kind {
        ParameterKind::String => (format!("`{value}` is not a text"), "give a text".to_owned()),
        ParameterKind::Number => (format!("`{value}` is not a number"), "give a number".to_owned()),
        ParameterKind::Boolean => {
            (format!("`{value}` is not a boolean"), "give `true` or `false`".to_owned())
        }
        ParameterKind::Choice(choices) => {
            let near = nearest(&value, choices.iter().map(String::as_str));
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let all = choices.join("`, `");
            (format!("`{value}` is not one of the choices"), format!("{near}allowed are `{all}`"))
        }
    };
    Finding::error("invalid-parameter", format!("parameter `{name}`: {message}"))
        .at(parameter.place.clone())
        .help(help)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::plan::testing::{flags, lines, page, parameter, plans, text};

    #[track_caller]
    fn check(kind: ParameterKind, default: Option<Value>, inputs: &Inputs, expected: Expect) {
        let mut page = page(Vec::new());
        page.front_matter.parameters = vec![parameter("base_image", kind, default)];
        let shown = match plans(page, inputs) {
            Ok(plans) => format!("{:?} {:?}", plans[0].parameters, plans[0].environment),
            Err(findings) => lines(&findings),
        };
        expected.assert_eq(&shown);
    }

    fn choice() -> ParameterKind {
        ParameterKind::Choice(vec!["debian".to_owned(), "fedora".to_owned(), "42".to_owned()])
    }

    #[test]
    fn stronger_layers_win() {
        let mut inputs = flags(&[]);
        check(
            ParameterKind::String,
            Some(text("default")),
            &inputs,
            expect![[r#"{"base_image": String("default")} {"base_image": "default"}"#]],
        );
        inputs.file.insert("base_image".to_owned(), text("file"));
        check(
            ParameterKind::String,
            Some(text("default")),
            &inputs,
            expect![[r#"{"base_image": String("file")} {"base_image": "file"}"#]],
        );
        inputs.environment.insert("STAGEBOOK_PARAM_BASE_IMAGE".to_owned(), "environment".to_owned());
        check(
            ParameterKind::String,
            Some(text("default")),
            &inputs,
            expect![[r#"{"base_image": String("environment")} {"base_image": "environment"}"#]],
        );
        inputs.flags =
            vec![("base_image".to_owned(), "first".to_owned()), ("base_image".to_owned(), "flag".to_owned())];
        check(
            ParameterKind::String,
            Some(text("default")),
            &inputs,
            expect![[r#"{"base_image": String("flag")} {"base_image": "flag"}"#]],
        );
    }

    #[test]
    fn values_get_the_declared_type() {
        check(
            ParameterKind::Number,
            None,
            &flags(&[("base_image", "42")]),
            expect![[r#"{"base_image": Number(42.0)} {"base_image": "42"}"#]],
        );
        check(
            ParameterKind::Boolean,
            None,
            &flags(&[("base_image", "true")]),
            expect![[r#"{"base_image": Boolean(true)} {"base_image": "true"}"#]],
        );
        check(
            choice(),
            Some(Value::Number(42.0)),
            &flags(&[]),
            expect![[r#"{"base_image": String("42")} {"base_image": "42"}"#]],
        );
        check(
            ParameterKind::String,
            None,
            &flags(&[("base_image", "")]),
            expect![[r#"{"base_image": String("")} {"base_image": ""}"#]],
        );
    }

    #[test]
    fn wrong_and_missing_values_are_findings() {
        check(
            ParameterKind::Number,
            None,
            &flags(&[("base_image", "x")]),
            expect![[r#"
            invalid-parameter: parameter `base_image`: `x` is not a number; give a number
        "#]],
        );
        check(
            ParameterKind::Number,
            None,
            &flags(&[("base_image", "inf")]),
            expect![[r#"
            invalid-parameter: parameter `base_image`: `inf` is not a number; give a number
        "#]],
        );
        check(
            ParameterKind::Boolean,
            None,
            &flags(&[("base_image", "yes")]),
            expect![[r#"
            invalid-parameter: parameter `base_image`: `yes` is not a boolean; give `true` or `false`
        "#]],
        );
        check(
            choice(),
            None,
            &flags(&[("base_image", "debain")]),
            expect![[r#"
            invalid-parameter: parameter `base_image`: `debain` is not one of the choices; did you mean `debian`? allowed are `debian`, `fedora`, `42`
        "#]],
        );
        check(
            ParameterKind::String,
            Some(Value::Number(1.2)),
            &flags(&[]),
            expect![[r#"{"base_image": String("1.2")} {"base_image": "1.2"}"#]],
        );
        check(
            ParameterKind::String,
            None,
            &flags(&[]),
            expect![[r#"
            missing-parameter: parameter `base_image` has no default and was given no value; give one with `--param base_image=VALUE`
        "#]],
        );
    }
}
