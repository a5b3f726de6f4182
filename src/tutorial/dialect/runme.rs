//! Runme: flat JSON after the language.

use super::super::attributes::KNOWN;
use super::super::model::Attributes;
use crate::yaml::Entry;

/// Keys of Runme that are not ours as well.
pub(crate) const KEYS: [&str; 16] = [
    "closeTerminalOnSuccess",
    "promptEnv",
    "excludeFromRunAll",
    "interactive",
    "id",
    "category",
    "mimeType",
    "interpreter",
    "tag",
    "terminalRows",
    "shell",
    "ignore",
    "openTerminalOnError",
    "transform",
    "label",
    "stdin",
];

/// Keys of a front matter that Runme reads.
pub(crate) const FRONT_MATTER: [&str; 5] = ["runme", "skipPrompts", "terminalRows", "shell", "cwd"];

/// Returns whether a key shows that Runme wrote it.
pub(crate) fn marks(key: &str, json: bool) -> bool {
    KEYS.contains(&key) && (json || !matches!(key, "id" | "tag" | "shell" | "ignore" | "label" | "category"))
        || json && key == "name" && KNOWN.contains(&key)
}

/// Understands an attribute of Runme; most are about its editor and mean nothing here.
pub(crate) fn apply(attributes: &mut Attributes, entry: &Entry) {
    if entry.value.boolean() != Some(true) {
        return;
    }
    match entry.key.as_str() {
        "excludeFromRunAll" | "interactive" => attributes.manual = true,
        "ignore" => attributes.skip = Some("marked `ignore`".to_owned()),
        _ => {}
    }
}
