//! Dapr's mechanical-markdown: blocks between `<!-- STEP -->` and `<!-- END_STEP -->`.

use super::super::annotation::{self, Annotation};
use super::super::comment::Comment;
use super::super::node::Entry;
use crate::diagnostic::Finding;

pub(super) fn is_mark(text: &str) -> bool {
    is_step(text) || text == "END_STEP" || text == "IGNORE_LINKS"
}

fn is_step(text: &str) -> bool {
    text.strip_prefix("STEP").is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r', ' ']))
}

/// Reads the marks around a step. The keys of the step keep their names here.
pub(super) fn annotation(comment: &Comment, findings: &mut Vec<Finding>) -> Option<Annotation> {
    let (text, start) = comment.trimmed();
    if text == "END_STEP" {
        return Some(Annotation::EndSection);
    }
    if !is_step(text) {
        return None;
    }
    let body = &text["STEP".len()..];
    let entries = annotation::map(comment, start + "STEP".len(), body, findings);
    Some(Annotation::Section(entries))
}

/// What a `STEP` comment says about the blocks up to its end.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Attributes of the first block alone: two blocks cannot share a name.
    pub(crate) first: Vec<Entry>,
    /// Attributes of each block.
    pub(crate) each: Vec<Entry>,
    /// Lines that standard output must have.
    pub(crate) stdout: Vec<String>,
    /// Lines that standard error must have.
    pub(crate) stderr: Vec<String>,
}

impl Section {
    /// Reads the keys of a `STEP` comment.
    pub(crate) fn read(entries: &[Entry]) -> Self {
        let mut section = Self::default();
        for entry in entries {
            section.take(entry);
        }
        section
    }

    fn take(&mut self, entry: &Entry) {
        let text = entry.value.text();
        let with = |key: &str, text: String| Entry::text(key, &entry.value.place, text);
        match (entry.key.as_str(), text) {
            ("name", Some(text)) => self.first.push(with("name", text.to_owned())),
            ("background", Some(text)) => self.each.push(with("background", text.to_lowercase())),
            ("timeout_seconds", Some(text)) => self.each.push(with("timeout", format!("{text}s"))),
            ("working_dir", Some(text)) => self.each.push(with("cwd", text.to_owned())),
            ("expected_return_code", Some(text)) => self.each.push(with("exit", text.to_owned())),
            ("manual_pause_message", Some(_)) => self.each.push(with("manual", "true".to_owned())),
            ("env", None) => self.each.push(entry.clone()),
            ("expected_stdout_lines", _) => self.stdout = lines(entry),
            ("expected_stderr_lines", _) => self.stderr = lines(entry),
            _ => {}
        }
    }
}

fn lines(entry: &Entry) -> Vec<String> {
    let items = entry.value.items().unwrap_or_default();
    items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
}
