//! `results`: named values that the steps leave behind.

use super::super::attributes::bad_value;
use super::super::model::NamedResult;
use super::unknown_inside;
use crate::diagnostic::Finding;
use crate::yaml::{Entry, Node};

const KEYS: [&str; 2] = ["description", "session"];

/// Reads a map from names to descriptions, or to maps that say more.
pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Result<Vec<NamedResult>, &'static str> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let entries = node.entries().ok_or("write a map of names and what they are")?;
    Ok(entries.iter().map(|entry| result(entry, findings)).collect())
}

fn result(entry: &Entry, findings: &mut Vec<Finding>) -> NamedResult {
    let mut result = NamedResult {
        name: entry.key.clone(),
        description: entry.value.text().map(str::to_owned),
        session: None,
        place: entry.key_place.clone(),
    };
    if !is_result_name(&entry.key) {
        let message = format!("`{}` cannot be the name of a result", entry.key);
        let finding = Finding::error("bad-name", message).at(entry.key_place.clone());
        findings.push(finding.help("it is a file's name: use letters, digits, `-`, `_` and `.`"));
    }
    match entry.value.entries() {
        Some(details) => details.iter().for_each(|detail| take(&mut result, detail, findings)),
        None if entry.value.is_null() || result.description.is_some() => {}
        None => findings.push(bad_value(entry, "write what the result is, as `digest: of the image`")),
    }
    result
}

fn take(result: &mut NamedResult, detail: &Entry, findings: &mut Vec<Finding>) {
    let text = detail.value.text().map(str::to_owned);
    match detail.key.as_str() {
        "description" if text.is_some() => result.description = text,
        "session" if text.is_some() => result.session = text,
        "description" | "session" => findings.push(bad_value(detail, "write a text")),
        _ => findings.push(unknown_inside(detail, &result.name, &KEYS)),
    }
}

/// Returns whether a word can be a result's name, here as a file's and on Tekton.
fn is_result_name(word: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word.ends_with(|last: char| last.is_ascii_alphanumeric())
        && word.chars().all(is_inner)
}
