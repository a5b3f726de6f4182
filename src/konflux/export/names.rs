//! Names as Kubernetes takes them.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::diagnostic::hexadecimal;

/// How long a name may be.
pub(super) const MOST: usize = 63;

/// How long the name of a step may be: its container's name has `step-` before it, a sidecar's `sidecar-`.
pub(super) const MOST_OF_CONTAINER: usize = MOST - "sidecar-".len();

/// Names of one kind, each of them given once.
#[derive(Debug)]
pub(super) struct Names {
    given: BTreeSet<String>,
    most: usize,
}

impl Names {
    /// Takes how long a name may be.
    pub(super) fn new(most: usize) -> Self {
        Self { given: BTreeSet::new(), most }
    }

    /// Returns a DNS label (RFC 1123) for a text, and a number after it where another text has that label.
    pub(super) fn give(&mut self, text: &str) -> String {
        let first = label(text, self.most);
        let mut name = first.clone();
        let mut number = 1;
        while !self.given.insert(name.clone()) {
            number += 1;
            let ending = format!("-{number}");
            name = format!("{}{ending}", &first[..first.len().min(self.most - ending.len())]);
        }
        name
    }
}

/// Returns a DNS label for a text; one that is too long ends with a part of its digest.
pub(super) fn label(text: &str, most: usize) -> String {
    let mut label = String::new();
    for letter in text.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            label.push(letter);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(label.trim_end_matches('-').len());
    if label.is_empty() {
        return "unnamed".to_owned();
    }
    if label.len() > most {
        let digest = hexadecimal(&Sha256::digest(text.as_bytes()));
        label.truncate(most - 9);
        label = format!("{}-{}", label.trim_end_matches('-'), &digest[..8]);
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_labels() {
        let labels = ["build", "Build it!", "a_b--c", "ÄÖ", "-x-"].map(|text| label(text, MOST));
        assert_eq!(labels, ["build", "build-it", "a-b-c", "unnamed", "x"]);
    }

    #[test]
    fn long_names_differ_where_their_texts_do() {
        let long = |end: &str| label(&format!("{}{end}", "x".repeat(80)), MOST);
        assert_eq!(long("a").len(), MOST);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Names::new(8);
        let given = ["a b", "a-b", "a.b", "abcdefgh", "abcdefgh"].map(|text| names.give(text));
        assert_eq!(given, ["a-b", "a-b-2", "a-b-3", "abcdefgh", "abcdef-2"]);
    }
}
