//! Values with places: what YAML and the words after a language of a code block have in common.

use crate::diagnostic::Place;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its bytes in the source; those of the alias where one stands for it.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a value is. Scalars keep the text that the author wrote: `1.10` stays `1.10`.
#[derive(Debug, Clone)]
pub enum Data {
    /// Nothing.
    Null,
    /// A text, a number or a truth value.
    Scalar {
        /// What the author wrote, without quotes.
        text: String,
        /// Whether it stands in quotes or in a block, and so is a text whatever it looks like.
        quoted: bool,
    },
    /// Values in their order.
    List(Vec<Node>),
    /// Entries in their order, each key once.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// What it names.
    pub value: Node,
}

impl Entry {
    /// Returns a word that stands alone and means `true`.
    pub fn flag(key: &str, place: &Place) -> Self {
        Self::text(key, place, "true")
    }

    /// Returns an entry whose key and value stand at one place.
    pub fn text(key: &str, place: &Place, value: impl Into<String>) -> Self {
        let data = Data::Scalar { text: value.into(), quoted: false };
        Self { key: key.to_owned(), key_place: place.clone(), value: Node { place: place.clone(), data } }
    }
}

impl Node {
    /// Returns the text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the entries of a map.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries()?.iter().find(|entry| entry.key == key);
        entry.map(|entry| &entry.value)
    }

    /// Returns the nodes of a list; a single scalar is a list of one, null is an empty one.
    pub fn items(&self) -> Option<Vec<&Node>> {
        match &self.data {
            Data::Null => Some(Vec::new()),
            Data::Scalar { .. } => Some(vec![self]),
            Data::List(items) => Some(items.iter().collect()),
            Data::Map(_) => None,
        }
    }

    /// Returns `true` and `false`, quoted or not.
    pub fn boolean(&self) -> Option<bool> {
        self.text().and_then(|text| text.parse().ok())
    }

    /// Returns whether nothing stands there.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }
}
