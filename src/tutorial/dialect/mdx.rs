//! OCaml's mdx: labels in `<!-- $MDX ... -->` before a block.

use super::super::annotation::Annotation;
use super::super::comment::Comment;
use crate::yaml::Entry;

pub(super) fn is_mark(text: &str) -> bool {
    text.starts_with("$MDX")
}

/// Reads labels: `skip`, `dir=examples`, `set-NAME=value`. A block with `file=` shows a part of a file.
pub(super) fn annotation(comment: &Comment) -> Option<Annotation> {
    let (text, _) = comment.trimmed();
    let labels = text.strip_prefix("$MDX")?;
    let entries = labels.split([',', ' ']).filter_map(|label| {
        let (key, value) = label.trim().split_once('=').unwrap_or((label.trim(), ""));
        match key {
            "skip" => Some(Entry::text("skip", &comment.place, "marked `$MDX skip`")),
            "file" => Some(Entry::text("skip", &comment.place, format!("shows a part of `{value}`"))),
            "dir" => Some(Entry::text("cwd", &comment.place, value)),
            _ => {
                let variable = key.strip_prefix("set-")?;
                Some(Entry::text("env", &comment.place, format!("{variable}={value}")))
            }
        }
    });
    Some(Annotation::Step(entries.collect()))
}
