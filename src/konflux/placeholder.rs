//! Pipelines-as-Code's placeholders, `{{revision}}`, which stand in a file before it is YAML.
//!
//! Quoted, or behind other text, a placeholder is part of a string, and stays what it is: values that
//! have one are [`is_template`] and nobody knows their text. Where a value begins with one and has no
//! quotes, YAML sees a map; there it is covered by letters of the same length, so that the rest of the
//! file can be checked and every place stays right.

use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Source};

/// Returns whether a text has a placeholder, so that only the cluster knows what it will be.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Returns the placeholders of a text that are names, each as it is written and its name.
///
/// Others are expressions, or meant for a program in a script, as `{{.Digest}}` is.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let inner = |start: usize| {
        let end = text[start..].find("}}")? + start;
        let name = text[start + 2..end].trim();
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then_some((&text[start..end + 2], name))
    };
    text.match_indices("{{").filter_map(move |(start, _)| inner(start))
}

/// Returns a source in which no value begins with an unquoted placeholder, and the places where one did.
///
/// The source is the one that was given where nothing had to be covered.
pub(super) fn covered(source: &Arc<Source>) -> (Arc<Source>, Vec<Finding>) {
    let spans = unquoted(source.text());
    if spans.is_empty() {
        return (Arc::clone(source), Vec::new());
    }
    let mut text = source.text().as_bytes().to_vec();
    let findings = spans.iter().map(|span| {
        let written = source.text()[span.clone()].to_owned();
        finding(&written).at(Place::new(source, span.clone()))
    });
    let findings = findings.collect();
    for span in spans {
        text[span].fill(b'x');
    }
    let text = String::from_utf8(text).expect("whole placeholders were covered by letters");
    (Source::new(source.path(), text), findings)
}

fn finding(written: &str) -> Finding {
    Finding::error("unquoted-placeholder", format!("a value begins with `{written}` and has no quotes"))
        .help(format!("YAML reads `{{` as the beginning of a map: write it in quotes, `'{written}'`"))
}

/// Returns the placeholders that stand at the beginning of a value without quotes.
fn unquoted(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans = Vec::new();
    // The column of the key whose block scalar is being passed over.
    let mut block: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start_matches(' ').len();
        let inside = block.is_some_and(|column| content.is_empty() || indent > column);
        if !inside {
            let (column, value) = value_column(content);
            block = opens_block(&content[value..]).then_some(column);
            collect(content, value, start, &mut spans);
        }
        start += line.len();
    }
    spans
}

/// Returns the column of a line's key, and where its value begins.
fn value_column(line: &str) -> (usize, usize) {
    let mut column = line.len() - line.trim_start_matches(' ').len();
    while line[column..].starts_with("- ") {
        let rest = &line[column + 2..];
        column = line.len() - rest.trim_start_matches(' ').len();
    }
    let value = match line[column..].find(": ") {
        Some(colon) if !line[column..].starts_with(['"', '\'', '#', '{', '[']) => {
            let rest = &line[column + colon + 2..];
            line.len() - rest.trim_start_matches(' ').len()
        }
        _ => column,
    };
    (column, value)
}

/// Returns whether a value is the head of a block scalar: `|`, `>-`, `|2 # comment`.
fn opens_block(value: &str) -> bool {
    let head = value.split(" #").next().unwrap_or_default().trim_end();
    head.starts_with(['|', '>']) && head[1..].bytes().all(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'))
}

/// Adds the placeholder with which a value begins; in a list or map on one line, each that has no quotes.
fn collect(line: &str, value: usize, start: usize, spans: &mut Vec<std::ops::Range<usize>>) {
    let text = &line[value..];
    if text.starts_with("{{") {
        spans.extend(placeholder(line, value).map(|end| start + value..start + end));
    } else if text.starts_with('[') {
        let mut quote = None;
        let mut at = value;
        while at < line.len() {
            match (quote, line.as_bytes()[at]) {
                (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
                (Some(open), byte) if byte == open => quote = None,
                (None, b'{') if line[at..].starts_with("{{") => {
                    if let Some(end) = placeholder(line, at) {
                        spans.push(start + at..start + end);
                        at = end;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Returns where the placeholder ends that begins at an offset.
fn placeholder(line: &str, start: usize) -> Option<usize> {
    line[start..].find("}}").map(|end| start + end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let source = Source::new("a.yaml", text);
        let (covered, findings) = covered(&source);
        assert_eq!(covered.text(), expected);
        assert_eq!(findings.is_empty(), text == expected);
    }

    #[test]
    fn only_values_that_begin_with_one_are_covered() {
        check("value: {{ revision }}\n", "value: xxxxxxxxxxxxxx\n");
        check("- name: a\n  value: {{a}}/{{b}}\r\n", "- name: a\n  value: xxxxx/{{b}}\r\n");
        check("- {{a}}\n", "- xxxxx\n");
        check("v: [{{a}}, '{{b}}']\n", "v: [xxxxx, '{{b}}']\n");
        for same in [
            "value: '{{revision}}'\n",
            "value: quay.io/a:{{revision}}\n",
            "- script: |\n    {{a}}\n    x: {{b}}\n  env: []\n",
            "v: >-\n\n  {{a}}: {{b}}\n",
            "# v: {{a}}\n",
            "v: {a: b}\n",
        ] {
            check(same, same);
        }
        check("- script: |\n    a\n  env: {{b}}\n", "- script: |\n    a\n  env: xxxxx\n");
    }
}
