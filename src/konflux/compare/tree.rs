//! Documents side by side.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dimension::{Dimension, dimensions};
use super::explain::{Explanation, explain};
use crate::diagnostic::Place;
use crate::yaml::{Data, Node};

/// A file to compare with others.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Its path, as the user knows it.
    pub name: String,
    /// Its documents.
    pub documents: Vec<Node>,
}

/// What repeats and what varies.
#[derive(Debug)]
pub struct Comparison {
    /// The files' names, in their order.
    pub files: Vec<String>,
    /// What the files' names are made of.
    pub dimensions: Vec<Dimension>,
    /// Values that all files have.
    pub same: Vec<Same>,
    /// Values that differ, or that some files lack.
    pub varying: Vec<Variation>,
}

/// A value that all files have.
#[derive(Debug)]
pub struct Same {
    /// Where it stands: `spec.params[name=hermetic].value`.
    pub path: String,
    /// What it is.
    pub value: Value,
}

/// A value that differs.
#[derive(Debug)]
pub struct Variation {
    /// Where it stands.
    pub path: String,
    /// For each file its value, if it has one.
    pub values: Vec<Option<Value>>,
    /// For each file where that stands.
    pub places: Vec<Option<Place>>,
    /// How it follows from the file's name.
    pub explanation: Explanation,
}

/// Compares some files.
pub fn compare(files: &[Compared]) -> Comparison {
    let mut walk = Walk { files: files.len(), same: Vec::new(), varying: Vec::new() };
    let most = files.iter().map(|file| file.documents.len()).max().unwrap_or_default();
    for number in 0..most {
        let nodes: Vec<_> = files.iter().map(|file| file.documents.get(number)).collect();
        let start = if most == 1 { String::new() } else { format!("document {}: ", number + 1) };
        walk.node(&start, &nodes);
    }
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    let dimensions = dimensions(&names, &walk.varying);
    for variation in &mut walk.varying {
        let texts: Vec<_> = variation.values.iter().map(|value| value.as_ref().map(shown)).collect();
        variation.explanation = explain(&texts, &dimensions);
    }
    Comparison { files: names, dimensions, same: walk.same, varying: walk.varying }
}

/// Returns a value as a reader sees it: texts without quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Comparison {
    /// Returns whether the files are of one kind and agree in enough to be worth a closer look.
    pub fn has_much_in_common(&self) -> bool {
        let free = |variation: &&Variation| !matches!(variation.explanation, Explanation::Text(_));
        let free = self.varying.iter().filter(free).count();
        let of_one_kind = self.same.iter().any(|same| same.path.ends_with("kind"));
        self.files.len() > 1 && of_one_kind && self.same.len() * 4 >= free
    }
}

struct Walk {
    files: usize,
    same: Vec<Same>,
    varying: Vec<Variation>,
}

impl Walk {
    /// Takes what each file has at a path.
    fn node(&mut self, path: &str, nodes: &[Option<&Node>]) {
        if self.maps(path, nodes) || self.named_lists(path, nodes) || self.even_lists(path, nodes) {
            return;
        }
        let values: Vec<Option<Value>> = nodes.iter().map(|node| node.map(Node::to_json)).collect();
        match values.first() {
            Some(Some(first)) if values.iter().all(|value| value.as_ref() == Some(first)) => {
                self.same.push(Same { path: path.to_owned(), value: first.clone() });
            }
            _ => self.varying.push(Variation {
                path: path.to_owned(),
                values,
                places: nodes.iter().map(|node| node.map(|node| node.place.clone())).collect(),
                explanation: Explanation::ByFile,
            }),
        }
    }

    /// Goes into maps; a file without the map has none of its values.
    fn maps(&mut self, path: &str, nodes: &[Option<&Node>]) -> bool {
        let present = || nodes.iter().flatten();
        if !present().all(|node| node.entries().is_some_and(|entries| !entries.is_empty())) {
            return false;
        }
        let named = path.ends_with(']') && path.contains("[name=");
        let keys = present().flat_map(|node| node.entries().into_iter().flatten()).map(|entry| &entry.key);
        for key in in_order(keys) {
            // The path says it already.
            if named && key == "name" && present().count() < self.files {
                continue;
            }
            let below: Vec<_> = nodes.iter().map(|node| node.and_then(|node| node.get(&key))).collect();
            self.node(&joined(path, &key), &below);
        }
        true
    }

    /// Goes into lists of maps that all have a name.
    fn named_lists(&mut self, path: &str, nodes: &[Option<&Node>]) -> bool {
        let lists = nodes.iter().map(|node| node.map_or(Some(Vec::new()), named_items));
        let Some(lists) = lists.collect::<Option<Vec<_>>>() else { return false };
        let names = lists.iter().flatten().map(|(name, _)| *name);
        for name in in_order(names) {
            let item = |list: &Vec<(&str, &'_ Node)>| list.iter().position(|(other, _)| *other == name);
            let below: Vec<Option<&Node>> =
                lists.iter().map(|list| item(list).map(|at| list[at].1)).collect();
            self.node(&format!("{path}[name={name}]"), &below);
        }
        true
    }

    /// Goes into lists of the same length.
    fn even_lists(&mut self, path: &str, nodes: &[Option<&Node>]) -> bool {
        let lists: Option<Vec<&Vec<Node>>> = nodes.iter().map(|node| list(node.as_ref()?)).collect();
        let Some(lists) = lists else { return false };
        let length = lists.first().map_or(0, |list| list.len());
        if length == 0 || lists.iter().any(|list| list.len() != length) {
            return false;
        }
        for at in 0..length {
            let below: Vec<_> = lists.iter().map(|list| list.get(at)).collect();
            self.node(&format!("{path}[{at}]"), &below);
        }
        true
    }
}

fn list(node: &Node) -> Option<&Vec<Node>> {
    match &node.data {
        Data::List(items) => Some(items),
        _ => None,
    }
}

/// Returns the items of a list with their names, if each has one of its own.
fn named_items(node: &Node) -> Option<Vec<(&str, &Node)>> {
    let items = list(node)?;
    let named: Option<Vec<_>> = items.iter().map(|item| Some((item.get("name")?.text()?, item))).collect();
    let named = named.filter(|named| !named.is_empty())?;
    let distinct: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (distinct.len() == named.len()).then_some(named)
}

/// Returns each of some words once, where it first came.
fn in_order<T: AsRef<str>>(words: impl Iterator<Item = T>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let words = words.map(|word| word.as_ref().to_owned());
    words.filter(|word| seen.insert(word.clone())).collect()
}

fn joined(path: &str, key: &str) -> String {
    let plain =
        !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter));
    match (plain, path.is_empty() || path.ends_with(": ")) {
        (true, true) => format!("{path}{key}"),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[\"{key}\"]"),
    }
}
