//! `matrix`: the combinations that a tutorial runs in.

use std::collections::BTreeMap;

use super::super::model::{Matrix, Runs, Value};
use super::super::values::bad_name;
use super::parameters::scalar;
use crate::diagnostic::{Finding, nearest};
use crate::yaml::{Data, Node};

/// Keys that are no parameters.
const RULES: [&str; 3] = ["include", "exclude", "run"];

/// What stands in the place of a list where the values stand in a table of the page.
const TABLE: &str = "table";

/// Reads values by parameter, with `include` and `exclude`.
pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Result<Matrix, &'static str> {
    let mut matrix = Matrix::default();
    if node.is_null() {
        return Ok(matrix);
    }
    for entry in node.entries().ok_or("write a map of names and lists of values")? {
        matrix.places.insert(entry.key.clone(), entry.value.place.clone());
        let help = match entry.key.as_str() {
            "include" => combinations(&entry.value).map(|found| matrix.include = found),
            "exclude" => combinations(&entry.value).map(|found| matrix.exclude = found),
            "run" if runs(&entry.value).is_some() => {
                matrix.runs = runs(&entry.value).unwrap_or_default();
                Ok(())
            }
            name if is_plain(&entry.value, TABLE) => {
                matrix.from_tables.insert(name.to_owned(), entry.value.place.clone());
                matrix.axes.push((name.to_owned(), Vec::new()));
                Ok(())
            }
            name => match (values(&entry.value), nearest(name, RULES)) {
                (Err(_), Some(_)) => {
                    findings.push(super::unknown_inside(entry, "matrix", &RULES));
                    continue;
                }
                (found, _) => found.map(|found| matrix.axes.push((name.to_owned(), found))),
            },
        };
        findings.extend(help.err().map(|help| super::super::attributes::bad_value(entry, help)));
    }
    findings.extend(bad_names(node));
    findings.extend(unknown_exclusions(node, &matrix));
    Ok(matrix)
}

/// Returns a finding for each name of an axis or in `include` that no variable can have.
fn bad_names(node: &Node) -> Vec<Finding> {
    let entries = || node.entries().unwrap_or_default().iter();
    let is_rule = |key: &str| RULES[..2].contains(&key);
    let axes = entries().filter(|entry| !is_rule(&entry.key));
    let lists = entries().filter(|entry| entry.key == "include");
    let included =
        lists.filter_map(|entry| entry.value.items()).flatten().filter_map(Node::entries).flatten();
    let names = axes.chain(included);
    names.filter_map(|entry| bad_name("parameter", &entry.key, &entry.key_place)).collect()
}

/// Returns a finding for each key of `exclude` that is no axis: it would exclude nothing.
fn unknown_exclusions(node: &Node, matrix: &Matrix) -> Vec<Finding> {
    let axes: Vec<&str> = matrix.axes.iter().map(|(name, _)| name.as_str()).collect();
    let lists = node.entries().unwrap_or_default().iter().filter(|entry| entry.key == "exclude");
    let maps = lists.filter_map(|entry| entry.value.items()).flatten();
    let keys = maps.filter_map(Node::entries).flatten();
    keys.filter(|entry| !axes.contains(&entry.key.as_str()))
        .map(|entry| super::unknown_inside(entry, "exclude", &axes))
        .collect()
}

fn is_plain(node: &Node, word: &str) -> bool {
    matches!(&node.data, Data::Scalar { text, quoted: false } if text == word)
}

/// Reads how often a page runs; a list of values makes `run` a dimension like any other.
fn runs(node: &Node) -> Option<Runs> {
    let words = [("each", Runs::Each), ("once", Runs::Once)];
    words.into_iter().find(|(word, _)| is_plain(node, word)).map(|(_, runs)| runs)
}

fn values(node: &Node) -> Result<Vec<Value>, &'static str> {
    let help = "write a list of values, as `[debian, fedora]`";
    let items = node.items().filter(|items| !items.is_empty()).ok_or(help)?;
    items.into_iter().map(|item| scalar(item).ok_or(help)).collect()
}

fn combinations(node: &Node) -> Result<Vec<BTreeMap<String, Value>>, &'static str> {
    let help = "write a list of maps, as `[{base: debian, arch: x86_64}]`";
    let items = node.items().ok_or(help)?;
    items.into_iter().map(|item| combination(item).ok_or(help)).collect()
}

fn combination(node: &Node) -> Option<BTreeMap<String, Value>> {
    node.entries()?.iter().map(|entry| Some((entry.key.clone(), scalar(&entry.value)?))).collect()
}
