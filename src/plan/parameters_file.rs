//! Values of parameters from a file: YAML, JSON or TOML, by its ending.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Source};
use crate::tutorial::{Value, plain_value, scalars};

type Values = BTreeMap<String, Value>;

/// Reads the text of a parameters file: one flat table of names and values.
///
/// The path's ending says what it is: `.json`, `.toml`, and YAML for every other.
pub fn parse_parameters_file(text: &str, path: &Path) -> Result<Values, Box<Finding>> {
    let source = Source::new(path, text.strip_prefix('\u{feff}').unwrap_or(text));
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => json(&source),
        Some("toml") => toml(&source),
        _ => yaml(&source),
    }
}

fn json(source: &Arc<Source>) -> Result<Values, Box<Finding>> {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(source.text()).map_err(|error| {
            let line = source.line_span(error.line()).map_or(0, |line| line.start);
            let offset = (line + error.column().saturating_sub(1)).min(source.text().len());
            unreadable(source, offset, &format!("JSON: {error}"))
        })?;
    // A number that is read and written again is another text: `1.10` becomes `1.1`.
    let written: BTreeMap<String, Value> = scalars(source)
        .ok()
        .flatten()
        .into_iter()
        .flatten()
        .filter_map(|(name, _, value)| Some((name, value?)))
        .collect();
    let value = |(name, value): (String, serde_json::Value)| {
        let typed = match value {
            serde_json::Value::Bool(truth) => Some(Value::Boolean(truth)),
            serde_json::Value::Number(number) => {
                Some(written.get(&name).cloned().unwrap_or_else(|| plain_value(&number.to_string())))
            }
            serde_json::Value::String(text) => Some(Value::String(text)),
            _ => None,
        };
        typed.map(|typed| (name.clone(), typed)).ok_or_else(|| not_simple(source, &name))
    };
    object.into_iter().map(value).collect()
}

fn toml(source: &Arc<Source>) -> Result<Values, Box<Finding>> {
    let table: BTreeMap<String, toml::Spanned<toml::Value>> =
        toml::from_str(source.text()).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            unreadable(source, offset, &format!("TOML: {}", error.message()))
        })?;
    let value = |(name, value): (String, toml::Spanned<toml::Value>)| {
        let written = source.text().get(value.span()).unwrap_or_default();
        let typed = match value.get_ref() {
            toml::Value::Boolean(truth) => Some(Value::Boolean(*truth)),
            toml::Value::Integer(_) | toml::Value::Float(_) => Some(plain_value(written)),
            toml::Value::String(text) => Some(Value::String(text.clone())),
            _ => None,
        };
        typed.map(|typed| (name.clone(), typed)).ok_or_else(|| not_simple(source, &name))
    };
    table.into_iter().map(value).collect()
}

fn yaml(source: &Arc<Source>) -> Result<Values, Box<Finding>> {
    let read = scalars(source).map_err(|finding| Finding { code: "invalid-parameters-file", ..*finding })?;
    let map = read.ok_or_else(|| unreadable(source, 0, "one YAML mapping of names and values"))?;
    let value = |(name, place, value): (String, Place, Option<Value>)| match value {
        Some(value) => Ok((name, value)),
        None => Err(Box::new(not_simple(source, &name).at(place))),
    };
    map.into_iter().map(value).collect()
}

fn unreadable(source: &Arc<Source>, offset: usize, what: &str) -> Box<Finding> {
    let mut offset = offset.min(source.text().len());
    while !source.text().is_char_boundary(offset) {
        offset -= 1;
    }
    let finding = Finding::error("invalid-parameters-file", format!("parameters file is not {what}"));
    Box::new(finding.at(Place::new(source, offset..offset)))
}

fn not_simple(source: &Arc<Source>, name: &str) -> Box<Finding> {
    let offset = source.text().find(name).unwrap_or(0);
    let message = format!("value of `{name}` is not a string, a number or a boolean");
    Box::new(Finding::error("invalid-parameters-file", message).at(Place::new(source, offset..offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &str) {
        let shown = match parse_parameters_file(text, Path::new(path)) {
            Ok(values) => format!("{values:?}"),
            Err(finding) => format!("{:?}: {}", finding.place.unwrap(), finding.message),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn three_formats_give_the_same_values() {
        let expected = r#"{"base": String("debian"), "kvm": Boolean(true), "size": Number(2.5)}"#;
        check("p.yaml", "base: debian\nkvm: true\nsize: 2.5\n", expected);
        check("p.json", r#"{"base": "debian", "kvm": true, "size": 2.5}"#, expected);
        check("p.toml", "base = 'debian'\nkvm = true\nsize = 2.5\n", expected);
        check("p.yml", "", "{}");
    }

    #[test]
    fn numbers_that_would_lose_their_text_stay_texts() {
        let expected = r#"{"a": String("2.0"), "b": String("1.10"), "c": Number(3.0)}"#;
        check("p.yaml", "a: 2.0\nb: 1.10\nc: 3\n", expected);
        check("p.json", r#"{"a": 2.0, "b": 1.10, "c": 3}"#, expected);
        check("p.toml", "a = 2.0\nb = 1.10\nc = 3\n", expected);
        check("p.yaml", "a: 0755\n", r#"{"a": String("0755")}"#);
    }

    #[test]
    fn broken_files_are_findings_with_a_place() {
        check("p.json", "{\n \"a\": [1]}", "p.json:2:3: value of `a` is not a string, a number or a boolean");
        check(
            "p.toml",
            "a = \n",
            "p.toml:1:5: parameters file is not TOML: string values must be quoted, expected literal string",
        );
        check("p.yaml", "- a\n", "p.yaml:1:1: parameters file is not one YAML mapping of names and values");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "[a-z:{}\\[\\]\"'=\n \u{e4}&*!-]{0,40}", ending in "(yaml|json|toml)") {
            let path = format!("p.{ending}");
            if let Err(finding) = parse_parameters_file(&text, Path::new(&path)) {
                finding.place.expect("the file is known").text();
            }
        }
    }
}
