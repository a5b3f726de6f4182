//! Which files of a folder are nearly equal.

use std::collections::BTreeSet;

use crate::yaml::{Data, Node};

/// How many kinds of files are told apart; a file that is like none of them stands alone.
const MOST_KINDS: usize = 32;

/// How many nearly equal files make a page worth it.
const FEWEST: usize = 3;

/// Returns the numbers of the files that are nearly equal, where these are most of all: a folder of pipeline files
/// often has one or two others in it. What the files say with their values does not matter here, only which they
/// have.
pub fn nearly_equal(files: &[&[Node]]) -> Option<Vec<usize>> {
    let mut kinds: Vec<(BTreeSet<String>, Vec<usize>)> = Vec::new();
    for (number, documents) in files.iter().enumerate() {
        let paths = paths_of(documents);
        let is_full = kinds.len() == MOST_KINDS;
        if let Some((_, members)) = kinds.iter_mut().find(|(first, _)| are_alike(first, &paths)) {
            members.push(number);
        } else if !is_full {
            kinds.push((paths, vec![number]));
        }
    }
    let (_, most) = kinds.into_iter().max_by_key(|(_, members)| members.len())?;
    (most.len() >= FEWEST && most.len() * 2 > files.len()).then_some(most)
}

/// Returns whether two files have more than half of their values in the same places.
fn are_alike(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let both = one.intersection(other).count();
    both * 2 > one.len() + other.len() - both
}

/// Returns where a file has values, and of what kind its objects are.
fn paths_of(documents: &[Node]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (number, document) in documents.iter().enumerate() {
        add_paths(document, &number.to_string(), &mut paths);
    }
    paths
}

fn add_paths(node: &Node, path: &str, paths: &mut BTreeSet<String>) {
    match &node.data {
        Data::Map(entries) => {
            for entry in entries {
                let path = match (entry.key.as_str(), entry.value.text()) {
                    (key @ ("kind" | "apiVersion"), Some(value)) => format!("{path}.{key}={value}"),
                    (key, _) => format!("{path}.{key}"),
                };
                add_paths(&entry.value, &path, paths);
            }
        }
        Data::List(items) => {
            for item in items {
                add_paths(item, &format!("{path}[{}]", name(item)), paths);
            }
        }
        Data::Null | Data::Scalar { .. } => {
            paths.insert(path.to_owned());
        }
    }
}

/// Returns the name by which an item of a list is known, if it has one.
fn name(item: &Node) -> &str {
    let entry = item.entries().and_then(|entries| entries.iter().find(|entry| entry.key == "name"));
    entry.and_then(|entry| entry.value.text()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::yaml::read_documents;

    fn found(texts: &[&str]) -> Option<Vec<usize>> {
        let files: Vec<_> =
            texts.iter().map(|text| read_documents(&Source::new("a.yaml", *text)).documents).collect();
        nearly_equal(&files.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn most_files_of_a_folder_are_found_among_others() {
        let run = "kind: PipelineRun\nmetadata:\n  name: a\nspec:\n  params:\n  - name: a\n    value: 1\n";
        let other_values =
            "kind: PipelineRun\nmetadata:\n  name: b\nspec:\n  params:\n  - name: a\n    value: 2\n";
        let another = "kind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n    - name: a\n      taskRef: {name: b}\n";
        let other_kind = run.replace("PipelineRun", "Task").replace("spec", "x");
        assert_eq!(found(&[run, another, other_values, &other_kind, run]), Some(vec![0, 2, 4]));
        assert_eq!(found(&[run, another, other_values]), None, "two are too few");
        assert_eq!(found(&[]), None);
    }
}
