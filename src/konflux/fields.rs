//! Ways into a node: fields of a map and items of a list, where they are what they should be.

use crate::diagnostic::Place;
use crate::yaml::{Data, Entry, Node};

/// Returns a field of a map, with its key; null is no field.
pub(super) fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    let entries = node.entries()?;
    entries.iter().find(|entry| entry.key == key).filter(|entry| !entry.value.is_null())
}

/// Returns the value of a field; null is no field.
pub(super) fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entry(node, key).map(|entry| &entry.value)
}

/// Returns the value at the end of a path of fields.
pub(super) fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, key| field(node, key))
}

/// Returns the items of a list, and none of anything else.
pub(super) fn elements(node: &Node) -> &[Node] {
    match &node.data {
        Data::List(items) => items,
        _ => &[],
    }
}

/// Returns the items of a list that is a field.
pub(super) fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    field(node, key).map(elements).unwrap_or_default()
}

/// Returns the text of a field that is a scalar.
pub(super) fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    field(node, key)?.text()
}

/// Returns the `name` of an item; without one, nothing.
pub(super) fn name(node: &Node) -> &str {
    text(node, "name").unwrap_or_default()
}

/// Returns where to point for an item as a whole: at its name, else at its first line.
pub(super) fn head(node: &Node) -> Place {
    match field(node, "name") {
        Some(name) if name.text().is_some_and(|text| !text.is_empty()) => first_line(&name.place),
        _ => first_line(&node.place),
    }
}

/// Returns the part of a place that lies in its first line.
pub(super) fn first_line(place: &Place) -> Place {
    let length = place.text().find(['\n', '\r']).unwrap_or(place.text().len());
    Place::new(&place.source, place.span.start..place.span.start + length)
}

/// Calls a function with each scalar below a node, except those below some keys.
pub(super) fn scalars<'a>(node: &'a Node, except: &[&str], take: &mut impl FnMut(&'a Node)) {
    match &node.data {
        Data::Null => {}
        Data::Scalar { .. } => take(node),
        Data::List(items) => items.iter().for_each(|item| scalars(item, except, take)),
        Data::Map(entries) => {
            for entry in entries.iter().filter(|entry| !except.contains(&entry.key.as_str())) {
                scalars(&entry.value, except, take);
            }
        }
    }
}
