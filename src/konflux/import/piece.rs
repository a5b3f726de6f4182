//! Pieces of an object that stand on the page, and how the object refers to them.

use serde_json::{Map, Value};

/// What a comment of ours begins with.
const KEYWORD: &str = "tekton:";

/// The kinds of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Paragraphs, up to a comment that ends them.
    Text,
    /// A list of named things.
    Table,
    /// A row of a table of facts.
    Field,
    /// A code block.
    Block,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Text, Self::Table, Self::Field, Self::Block];

    /// Returns the key by which the object refers to a piece.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Text => "$text",
            Self::Table => "$table",
            Self::Field => "$field",
            Self::Block => "$block",
        }
    }
}

/// What a comment of ours says about what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A piece begins.
    Piece(Kind, String),
    /// A text ends.
    End,
    /// The next block is an object; all of it, if nothing in it is a reference.
    Object { whole: bool },
}

impl Mark {
    /// Returns the comment.
    pub(super) fn write(&self) -> String {
        let words = match self {
            Self::Piece(kind, name) => format!("{} {name}", &kind.key()[1..]),
            Self::End => "end".to_owned(),
            Self::Object { whole: false } => "object".to_owned(),
            Self::Object { whole: true } => "whole object".to_owned(),
        };
        format!("<!-- {KEYWORD} {words} -->")
    }

    /// Reads a comment; most are none of ours.
    pub(super) fn read(comment: &str) -> Option<Self> {
        let inside = comment.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
        let words = inside.strip_prefix(KEYWORD)?.trim();
        match words.split_once(char::is_whitespace) {
            None if words == "end" => Some(Self::End),
            None if words == "object" => Some(Self::Object { whole: false }),
            Some(("whole", "object")) => Some(Self::Object { whole: true }),
            Some((kind, name)) => {
                let kind = Kind::ALL.into_iter().find(|known| &known.key()[1..] == kind)?;
                Some(Self::Piece(kind, name.trim().to_owned()))
            }
            None => None,
        }
    }
}

/// A reference to a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What the text ends with, where that is not what such pieces usually end with.
    pub(super) end: Option<String>,
}

/// What a text ends with that says nothing else.
fn usual_end(kind: Kind) -> &'static str {
    if kind == Kind::Block { "\n" } else { "" }
}

impl Reference {
    /// Returns the reference to a piece that needs no more than a name.
    pub(super) fn to(kind: Kind, name: &str) -> Value {
        Self::with_end(kind, name, usual_end(kind))
    }

    /// Returns the reference to a piece after whose text something stands.
    pub(super) fn with_end(kind: Kind, name: &str, end: &str) -> Value {
        let mut map = Map::from_iter([(kind.key().to_owned(), Value::String(name.to_owned()))]);
        if end != usual_end(kind) {
            map.insert("end".to_owned(), Value::String(end.to_owned()));
        }
        Value::Object(map)
    }

    /// Reads a reference.
    pub(super) fn read(map: &Map<String, Value>) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| map.contains_key(kind.key()))?;
        let name = map.get(kind.key())?.as_str()?.to_owned();
        let end = map.get("end").and_then(Value::as_str).map(str::to_owned);
        Some(Self { kind, name, end })
    }

    /// Returns what the piece's text ends with.
    pub(super) fn end(&self) -> &str {
        self.end.as_deref().unwrap_or(usual_end(self.kind))
    }
}

/// Returns whether a value would be taken for one of our references.
pub(super) fn looks_like_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => Reference::read(map).is_some() || map.values().any(looks_like_reference),
        Value::Array(items) => items.iter().any(looks_like_reference),
        _ => false,
    }
}
