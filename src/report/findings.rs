//! Findings for people, for other programs and for code scanning.

use std::collections::BTreeSet;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::{Finding, Place, Severity, plural, render};

/// The version of the JSON format.
pub const FINDINGS_VERSION: u32 = 1;

/// Returns findings as a person reads them, with their number in the last line.
pub fn findings_text(findings: &[Finding], styled: bool) -> String {
    let shown = findings.iter().map(|finding| render(finding, styled) + "\n\n");
    format!("{}{}\n", shown.collect::<String>(), totals(findings))
}

fn totals(findings: &[Finding]) -> String {
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = kinds.map(|(severity, noun)| (count(severity), noun));
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| plural(count, noun)).collect();
    if words.is_empty() { "nothing found".to_owned() } else { words.join(", ") }
}

/// Returns findings as JSON of our own format.
pub fn findings_json(findings: &[Finding]) -> Value {
    let views: Vec<FindingView<'_>> = findings.iter().map(FindingView::of).collect();
    json!({"version": FINDINGS_VERSION, "findings": views})
}

/// A finding as other programs see it.
#[derive(Serialize)]
struct FindingView<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    place: Option<PlaceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedView<'a>>,
}

#[derive(Serialize)]
struct PlaceView {
    path: String,
    line: usize,
    column: usize,
    end: PointView,
}

/// Where a place ends: the column after its last character.
#[derive(Serialize)]
struct PointView {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct RelatedView<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: PlaceView,
}

impl<'a> FindingView<'a> {
    fn of(finding: &'a Finding) -> Self {
        let related = finding.related.iter();
        Self {
            code: finding.code,
            severity: finding.severity,
            message: &finding.message,
            place: finding.place.as_ref().map(PlaceView::of),
            label: finding.label.as_deref(),
            help: finding.help.as_deref(),
            related: related
                .map(|(place, what)| RelatedView { message: what, place: PlaceView::of(place) })
                .collect(),
        }
    }
}

impl PlaceView {
    fn of(place: &Place) -> Self {
        let (source, span) = (&place.source, place.span);
        Self {
            path: source.path().to_string_lossy().into_owned(),
            line: source.line(span.start),
            column: source.column(span.start),
            end: PointView { line: source.line(span.end), column: source.column(span.end) },
        }
    }
}

/// Returns findings as SARIF 2.1.0, which GitHub's and other code scanning read.
pub fn findings_sarif(findings: &[Finding]) -> Value {
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &codes)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "stagebook",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str) -> Value {
    json!({"id": code, "shortDescription": {"text": code.replace('-', " ")}})
}

fn result(finding: &Finding, codes: &[&str]) -> Value {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text = format!("{text}\n{help}");
    }
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let index = codes.binary_search(&finding.code).expect("each finding has its rule");
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
    });
    if let Some(place) = &finding.place {
        result["locations"] = json!([{"physicalLocation": physical_location(place)}]);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(
            |(place, what)| json!({"physicalLocation": physical_location(place), "message": {"text": what}}),
        );
        result["relatedLocations"] = related.collect();
    }
    result
}

fn physical_location(place: &Place) -> Value {
    let view = PlaceView::of(place);
    json!({
        "artifactLocation": {"uri": uri(place.source.path())},
        "region": {
            "startLine": view.line,
            "startColumn": view.column,
            "endLine": view.end.line,
            "endColumn": view.end.column,
        },
    })
}

/// Returns a path as a URI: relative as it is, absolute as a `file:` URI.
fn uri(path: &Path) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), KEPT);
    if path.is_absolute() { format!("file://{encoded}") } else { encoded.to_string() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::diagnostic::Source;

    fn findings() -> Vec<Finding> {
        let source = Source::new("my docs/ä.md", "# Ä b\n\n```bash {tiemout=5m}\nls\n```\n");
        let first = Place::new(&source, 0..6);
        vec![
            Finding::error("unknown-attribute", "unknown attribute `tiemout`")
                .at(Place::new(&source, 17..24))
                .help("did you mean `timeout`?"),
            Finding::warning("weak-expectation", "would pass").at(Place::new(&source, 27..33)).label("weak"),
            Finding::error("duplicate-name", "two steps").at(first.clone()).related(first, "the first"),
            Finding::note("no-shell", "`zsh` cannot be started"),
        ]
    }

    #[test]
    fn text_ends_with_the_number_of_findings() {
        let last = |findings: &[Finding]| findings_text(findings, false).lines().last().map(str::to_owned);
        assert_eq!(last(&findings()).as_deref(), Some("2 errors, 1 warning, 1 note"));
        assert_eq!(last(&findings()[1..2]).as_deref(), Some("1 warning"));
        assert_eq!(findings_text(&[], false), "nothing found\n");
    }

    #[test]
    fn json_has_places_with_their_ends() {
        let json = serde_json::to_string_pretty(&findings_json(&findings())).expect("it is JSON");
        expect![[r#"
            {
              "version": 1,
              "findings": [
                {
                  "code": "unknown-attribute",
                  "severity": "error",
                  "message": "unknown attribute `tiemout`",
                  "path": "my docs/ä.md",
                  "line": 3,
                  "column": 10,
                  "end": {
                    "line": 3,
                    "column": 17
                  },
                  "help": "did you mean `timeout`?"
                },
                {
                  "code": "weak-expectation",
                  "severity": "warning",
                  "message": "would pass",
                  "path": "my docs/ä.md",
                  "line": 3,
                  "column": 20,
                  "end": {
                    "line": 5,
                    "column": 2
                  },
                  "label": "weak"
                },
                {
                  "code": "duplicate-name",
                  "severity": "error",
                  "message": "two steps",
                  "path": "my docs/ä.md",
                  "line": 1,
                  "column": 1,
                  "end": {
                    "line": 1,
                    "column": 6
                  },
                  "related": [
                    {
                      "message": "the first",
                      "path": "my docs/ä.md",
                      "line": 1,
                      "column": 1,
                      "end": {
                        "line": 1,
                        "column": 6
                      }
                    }
                  ]
                },
                {
                  "code": "no-shell",
                  "severity": "note",
                  "message": "`zsh` cannot be started"
                }
              ]
            }"#]]
        .assert_eq(&json);
    }

    /// Asserts what the standard and GitHub require of a log.
    #[track_caller]
    fn assert_sarif(log: &Value) {
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "stagebook");
        let rules = driver["rules"].as_array().expect("rules are a list");
        for result in run["results"].as_array().expect("results are a list") {
            let index = result["ruleIndex"].as_u64().expect("each result has its rule");
            assert_eq!(rules[index as usize]["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
            assert!(result["message"]["text"].is_string());
            let locations = ["locations", "relatedLocations"].map(|key| result[key].as_array());
            for location in locations.into_iter().flatten().flatten() {
                assert_location(&location["physicalLocation"]);
            }
        }
    }

    #[track_caller]
    fn assert_location(location: &Value) {
        let uri = location["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(uri.is_ascii() && !uri.contains(' '), "{uri}");
        let number = |key: &str| location["region"][key].as_u64().expect("a number");
        let start = (number("startLine"), number("startColumn"));
        let end = (number("endLine"), number("endColumn"));
        assert!(start >= (1, 1) && end >= start, "{location}");
    }

    #[test]
    fn sarif_has_what_the_standard_requires() {
        let log = findings_sarif(&findings());
        assert_sarif(&log);
        let results = log["runs"][0]["results"].as_array().expect("results are a list");
        assert_eq!(results.len(), 4);
        expect![[r#"
            {
              "ruleId": "unknown-attribute",
              "ruleIndex": 2,
              "level": "error",
              "message": {
                "text": "unknown attribute `tiemout`\ndid you mean `timeout`?"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "my%20docs/%C3%A4.md"
                    },
                    "region": {
                      "startLine": 3,
                      "startColumn": 10,
                      "endLine": 3,
                      "endColumn": 17
                    }
                  }
                }
              ]
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&results[0]).expect("it is JSON"));
        assert_eq!(results[3].get("locations"), None);
        assert_sarif(&findings_sarif(&[]));
    }

    #[test]
    fn paths_become_uris() {
        for (path, expected) in [
            ("docs/a.md", "docs/a.md"),
            ("a b/100%.md", "a%20b/100%25.md"),
            ("ä.md", "%C3%A4.md"),
            ("/tmp/a:b.md", "file:///tmp/a%3Ab.md"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }
}
