//! Values of parameters from a file: YAML, JSON or TOML, by its ending.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use saphyr::{LoadableYamlNode, Scalar, Yaml};

use crate::diagnostic::{Finding, Place, Source};
use crate::tutorial::Value;

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
    let value = |(name, value): (String, serde_json::Value)| {
        let typed = match value {
            serde_json::Value::Bool(truth) => Some(Value::Boolean(truth)),
            serde_json::Value::Number(number) => number.as_f64().map(Value::Number),
            serde_json::Value::String(text) => Some(Value::String(text)),
            _ => None,
        };
        typed.map(|typed| (name.clone(), typed)).ok_or_else(|| not_simple(source, &name))
    };
    object.into_iter().map(value).collect()
}

fn toml(source: &Arc<Source>) -> Result<Values, Box<Finding>> {
    let table: toml::Table = source.text().parse().map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        unreadable(source, offset, &format!("TOML: {}", error.message()))
    })?;
    let value = |(name, value): (String, toml::Value)| {
        let typed = match value {
            toml::Value::Boolean(truth) => Some(Value::Boolean(truth)),
            toml::Value::Integer(number) => Some(Value::Number(number as f64)),
            toml::Value::Float(number) => Some(Value::Number(number)),
            toml::Value::String(text) => Some(Value::String(text)),
            _ => None,
        };
        typed.map(|typed| (name.clone(), typed)).ok_or_else(|| not_simple(source, &name))
    };
    table.into_iter().map(value).collect()
}

fn yaml(source: &Arc<Source>) -> Result<Values, Box<Finding>> {
    let documents = Yaml::load_from_str(source.text()).map_err(|error| {
        let line = source.line_span(error.marker().line()).map_or(0, |line| line.start);
        unreadable(source, line, &format!("YAML: {}", error.info()))
    })?;
    let mapping = match documents.as_slice() {
        [] | [Yaml::Value(Scalar::Null)] => return Ok(Values::new()),
        [Yaml::Mapping(mapping)] => mapping,
        _ => return Err(unreadable(source, 0, "one YAML mapping of names and values")),
    };
    let mut values = Values::new();
    for (name, value) in mapping {
        let Some(name) = name.as_str() else {
            return Err(unreadable(source, 0, "a YAML mapping whose names are strings"));
        };
        let typed = match value {
            Yaml::Value(Scalar::Boolean(truth)) => Value::Boolean(*truth),
            Yaml::Value(Scalar::Integer(number)) => Value::Number(*number as f64),
            Yaml::Value(Scalar::FloatingPoint(number)) => Value::Number(number.into_inner()),
            Yaml::Value(Scalar::String(text)) => Value::String(text.to_string()),
            _ => return Err(not_simple(source, name)),
        };
        values.insert(name.to_owned(), typed);
    }
    Ok(values)
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
    fn broken_files_are_findings_with_a_place() {
        check("p.json", "{\n \"a\": [1]}", "p.json:2:3: value of `a` is not a string, a number or a boolean");
        check(
            "p.toml",
            "a = \n",
            "p.toml:1:5: parameters file is not TOML: string values must be quoted, expected literal string",
        );
        check("p.yaml", "- a\n", "p.yaml:1:1: parameters file is not one YAML mapping of names and values");
        check(
            "p.yaml",
            "1: a\n",
            "p.yaml:1:1: parameters file is not a YAML mapping whose names are strings",
        );
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
