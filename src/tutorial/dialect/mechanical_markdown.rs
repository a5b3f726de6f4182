//! Dapr's mechanical-markdown: blocks between `<!-- STEP -->` and `<!-- END_STEP -->`.

use super::super::annotation::{self, Annotation};
use super::super::comment::Comment;
use crate::diagnostic::Finding;
use crate::yaml::Entry;

/// Keys of a `STEP` comment that mean something here.
const KEYS: [&str; 9] = [
    "name",
    "background",
    "timeout_seconds",
    "working_dir",
    "expected_return_code",
    "manual_pause_message",
    "env",
    "expected_stdout_lines",
    "expected_stderr_lines",
];

pub(super) fn is_mark(text: &str) -> bool {
    is_step(text) || text == "END_STEP" || text == "IGNORE_LINKS"
}

/// Returns whether a map may follow, on lines of its own or in this one: `STEP 1` is any writer's word.
fn is_step(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("STEP") else { return false };
    let inline = rest.trim_start_matches([' ', '\t']);
    let is_key = |key: &&str| inline.strip_prefix(*key).is_some_and(|rest| rest.starts_with(':'));
    inline.is_empty()
        || inline.starts_with(['\n', '\r'])
        || inline.len() < rest.len() && (inline.starts_with('{') || KEYS.iter().any(is_key))
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
    let example = "`name: build`, a key on each line";
    let entries = annotation::map(comment, start + "STEP".len(), body, example, findings);
    Some(Annotation::Section(entries.unwrap_or_default()))
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
