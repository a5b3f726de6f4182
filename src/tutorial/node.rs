//! Values with places: what YAML and the words after a language have in common.

use crate::diagnostic::Place;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) data: Data,
}

/// What a value is. Scalars keep the text that the author wrote: `1.10` stays `1.10`.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Scalar { text: String, quoted: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

impl Entry {
    /// Returns a word that stands alone and means `true`.
    pub(crate) fn flag(key: &str, place: &Place) -> Self {
        Self::text(key, place, "true")
    }

    /// Returns an entry whose key and value stand at one place.
    pub(crate) fn text(key: &str, place: &Place, value: impl Into<String>) -> Self {
        let data = Data::Scalar { text: value.into(), quoted: false };
        Self { key: key.to_owned(), key_place: place.clone(), value: Node { place: place.clone(), data } }
    }
}

impl Node {
    /// Returns the text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the entries of a map.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the nodes of a list; a single scalar is a list of one, null is an empty one.
    pub(crate) fn items(&self) -> Option<Vec<&Node>> {
        match &self.data {
            Data::Null => Some(Vec::new()),
            Data::Scalar { .. } => Some(vec![self]),
            Data::List(items) => Some(items.iter().collect()),
            Data::Map(_) => None,
        }
    }

    /// Returns `true` and `false`, quoted or not.
    pub(crate) fn boolean(&self) -> Option<bool> {
        self.text().and_then(|text| text.parse().ok())
    }

    /// Returns whether nothing stands there.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }
}
