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
