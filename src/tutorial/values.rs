//! What single values mean: permissions, lists, variables.

use super::model::{Delimiters, Ready};
use crate::diagnostic::{Finding, Place};
use crate::yaml::{Data, Node};

/// Reads permissions as `chmod` takes them: `755`, `0644`, `0o600`.
pub(crate) fn mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777 && !digits.starts_with('+'))
}

/// Reads a list, or words divided by commas or blanks.
pub(crate) fn words(node: &Node) -> Option<Vec<(String, &Node)>> {
    match &node.data {
        Data::Scalar { text, .. } => {
            let words = text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty());
            Some(words.map(|word| (word.to_owned(), node)).collect())
        }
        _ => node.items()?.into_iter().map(|item| Some((item.text()?.to_owned(), item))).collect(),
    }
}

/// Reads a map of texts, or words as `A=1 B=2`.
pub(crate) fn variables(node: &Node) -> Option<Vec<(String, String)>> {
    match &node.data {
        Data::Null => Some(Vec::new()),
        Data::Map(entries) => {
            let pairs = entries.iter().map(|entry| {
                let value = if entry.value.is_null() { "" } else { entry.value.text()? };
                Some((entry.key.clone(), value.to_owned()))
            });
            pairs.collect()
        }
        Data::Scalar { .. } | Data::List(_) => {
            let pairs = words(node)?;
            pairs
                .iter()
                .map(|(word, _)| word.split_once('=').map(|(key, value)| (key.into(), value.into())))
                .collect()
        }
    }
}

/// Returns whether a word can be the name of an environment variable.
pub(crate) fn is_variable_name(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Variables that decide which programs are found and how a shell reads text.
const RESERVED: [&str; 17] = [
    "PATH",
    "HOME",
    "PWD",
    "OLDPWD",
    "IFS",
    "ENV",
    "BASH_ENV",
    "BASHOPTS",
    "SHELLOPTS",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "UID",
    "EUID",
    "PPID",
    "ZDOTDIR",
];

/// Returns the finding about a name, of a parameter or the like, that no variable can have.
pub(crate) fn bad_name(what: &str, name: &str, place: &Place) -> Option<Finding> {
    if RESERVED.contains(&name) && what == "parameter" {
        let finding =
            Finding::error("reserved-name", format!("{what} `{name}` would change how shells work"));
        return Some(finding.at(place.clone()).help("give it another name"));
    }
    if is_variable_name(name) {
        return None;
    }
    let finding = Finding::error("bad-name", format!("{what} `{name}` cannot be a variable"));
    let help = "steps see it as an environment variable: use letters, digits and `_`";
    Some(finding.at(place.clone()).help(help))
}

/// Returns the findings about the names in what [`variables`] reads.
pub(crate) fn bad_names(node: &Node) -> Vec<Finding> {
    match &node.data {
        Data::Map(entries) => {
            entries.iter().filter_map(|entry| bad_name("name", &entry.key, &entry.key_place)).collect()
        }
        _ => {
            let words = words(node).unwrap_or_default();
            let names = words.iter().filter_map(|(word, node)| Some((word.split_once('=')?.0, node)));
            names.filter_map(|(name, node)| bad_name("name", name, &node.place)).collect()
        }
    }
}

/// Reads `5000`, `port:5000`, `http://...` or `log:text`.
pub(crate) fn ready(text: &str) -> Option<Ready> {
    if let Some(log) = text.strip_prefix("log:") {
        return (!log.trim().is_empty()).then(|| Ready::Log(log.trim().to_owned()));
    }
    if text.starts_with("http://") {
        // What is meant to be filled in never is: the address would be waited for in vain.
        let is_address = !text.contains(|letter: char| letter.is_whitespace() || "{}$<>".contains(letter));
        return is_address.then(|| Ready::Url(text.to_owned()));
    }
    let port: u16 = text.strip_prefix("port:").unwrap_or(text).trim().parse().ok()?;
    (port != 0).then_some(Ready::Port(port))
}

/// Reads the six tags of a template, or the two of its expressions: `<% %> << >> <# #>`.
pub(crate) fn delimiters(text: &str) -> Option<Delimiters> {
    let tags: Vec<&str> = text.split_whitespace().collect();
    let pair = |at: usize| (tags[at].to_owned(), tags[at + 1].to_owned());
    let different = (1..tags.len()).all(|at| !tags[..at].contains(&tags[at]));
    (tags.len() == 6 && different).then(|| Delimiters {
        block: pair(0),
        expression: pair(2),
        comment: pair(4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        assert_eq!(
            ["755", "0644", "0o600", "9", "77777", "+7", ""].map(mode),
            [Some(0o755), Some(0o644), Some(0o600), None, None, None, None]
        );
    }

    #[test]
    fn readiness_has_three_forms() {
        assert_eq!(ready("5000"), Some(Ready::Port(5000)));
        assert_eq!(ready("port:80"), Some(Ready::Port(80)));
        assert_eq!(ready("http://127.0.0.1:5000/v2/"), Some(Ready::Url("http://127.0.0.1:5000/v2/".into())));
        assert_eq!(ready("log: listening on"), Some(Ready::Log("listening on".into())));
        let none = ["0", "70000", "log:", "soon", "https://a", "http://127.0.0.1:{{PORT}}/", "http://a:$P/"];
        assert!(none.into_iter().all(|text| ready(text).is_none()));
    }

    #[test]
    fn delimiters_are_six_different_tags() {
        let tags = delimiters("<% %> << >> <# #>").expect("six tags");
        assert_eq!(tags.expression, ("<<".to_owned(), ">>".to_owned()));
        assert_eq!(delimiters("<% %>"), None);
        assert_eq!(delimiters("a a b b c c"), None);
    }
}
