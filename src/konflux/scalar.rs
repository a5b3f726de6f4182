//! What Kubernetes makes of a plain scalar: its reader knows YAML 1.1.

use std::sync::LazyLock;

use regex::Regex;

use crate::yaml::{Data, Node, integer, truth};

/// The kinds of value that a schema tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    List,
    Map,
}

impl ValueKind {
    /// Returns the kind with its article, for messages.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").expect("the pattern is valid")
});

/// Returns what a node is to Kubernetes.
pub(super) fn kind(node: &Node) -> ValueKind {
    match &node.data {
        Data::Null => ValueKind::Null,
        Data::List(_) => ValueKind::List,
        Data::Map(_) => ValueKind::Map,
        Data::Scalar { quoted: true, .. } => ValueKind::Text,
        Data::Scalar { text, .. } => plain_kind(text),
    }
}

fn plain_kind(text: &str) -> ValueKind {
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => number_kind(text),
        _ if truth(text).is_some() => ValueKind::Boolean,
        _ => ValueKind::Text,
    }
}

fn number_kind(text: &str) -> ValueKind {
    if integer(text).is_some() {
        ValueKind::Integer
    } else if NUMBER.is_match(text) || text.trim_start_matches(['-', '+']).eq_ignore_ascii_case(".inf") {
        ValueKind::Number
    } else {
        ValueKind::Text
    }
}

/// Returns what Kubernetes reads where an author may have meant the plain text itself: `true` for `yes`, `1.1` for `1.10`.
pub(super) fn misread(node: &Node) -> Option<String> {
    let Data::Scalar { text, quoted: false } = &node.data else { return None };
    let read = match plain_kind(text) {
        ValueKind::Boolean => truth(text)?.to_string(),
        ValueKind::Integer => integer(text)?.to_string(),
        ValueKind::Number => text.parse::<f64>().ok().filter(|value| value.abs() < 1e15)?.to_string(),
        _ => return None,
    };
    (read != *text).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_read_as_kubernetes_does() {
        for (text, expected) in [
            ("yes", ValueKind::Boolean),
            ("off", ValueKind::Boolean),
            ("yEs", ValueKind::Text),
            ("0755", ValueKind::Integer),
            ("1_000", ValueKind::Integer),
            ("09", ValueKind::Number),
            ("1.10", ValueKind::Number),
            ("1.2.3", ValueKind::Text),
            ("2026-11-25", ValueKind::Text),
            ("5d", ValueKind::Text),
            ("-", ValueKind::Text),
            ("+.inf", ValueKind::Number),
        ] {
            assert_eq!(plain_kind(text), expected, "{text}");
        }
    }
}
