//! Names as Kubernetes and Tekton allow them.

use crate::diagnostic::{self, plural};
use crate::konflux::placeholder::is_template;

/// The longest name of a label.
const LONGEST: usize = 63;

/// Returns what is wrong with a DNS label: small letters, digits and dashes, at most 63.
///
/// Names that are only known on the cluster are not judged.
pub(super) fn label_problem(name: &str) -> Option<String> {
    problem(name, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Returns what is wrong with the name of an object, which may have points.
pub(super) fn object_problem(name: &str) -> Option<String> {
    problem(name, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
}

fn problem(name: &str, is_allowed: impl Fn(u8) -> bool) -> Option<String> {
    if is_template(name) || name.contains("$(") {
        return None;
    }
    if name.len() > LONGEST {
        return Some(format!("has {}, {LONGEST} are allowed", plural(name.len(), "character")));
    }
    if !name.bytes().all(is_allowed) {
        return Some("has other characters than small letters, digits and dashes".to_owned());
    }
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    (!is_end(bytes.first()) || !is_end(bytes.last()))
        .then(|| "does not begin and end with a letter or digit".to_owned())
}

/// Returns what is wrong with the key of a label or an annotation: a name, and perhaps a domain before it.
pub(super) fn key_problem(key: &str) -> Option<String> {
    let plain = filled(key);
    let (domain, name) =
        plain.split_once('/').map_or((None, plain.as_str()), |(domain, name)| (Some(domain), name));
    match domain {
        Some(domain) if !is_domain(domain) => Some(
            "has something before `/` that is no domain of small letters, digits, dashes and points"
                .to_owned(),
        ),
        _ if name.is_empty() => Some("has no name".to_owned()),
        _ => qualified_problem(name, plain == key),
    }
}

/// Returns what is wrong with the value of a label.
pub(super) fn label_value_problem(value: &str) -> Option<String> {
    let plain = filled(value);
    if plain.is_empty() { None } else { qualified_problem(&plain, plain == value) }
}

/// Returns what is wrong with a name of letters, digits, dashes, underscores and points.
pub(super) fn qualified_problem(name: &str, is_whole: bool) -> Option<String> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if let Some(letter) = name.chars().find(|letter| !u8::try_from(*letter).is_ok_and(is_inner)) {
        Some(format!("has {}; allowed are letters, digits, `-`, `_` and `.`", in_words(letter)))
    } else if !is_end(bytes.first()) || !is_end(bytes.last()) {
        Some("does not begin and end with a letter or digit".to_owned())
    } else if is_whole && name.len() > LONGEST {
        Some(format!("has {}, {LONGEST} are allowed", plural(name.len(), "character")))
    } else {
        None
    }
}

fn in_words(letter: char) -> String {
    if letter == ' ' { "a blank".to_owned() } else { format!("`{}`", letter.escape_debug()) }
}

/// Returns whether a text is a domain: labels with points between them, at most 253 letters.
fn is_domain(text: &str) -> bool {
    let is_inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(is_inner)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Returns a text with a letter in place of each placeholder and variable: what they will be, nobody knows.
fn filled(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("$(")).min() {
        let close = if rest[start..].starts_with("{{") { "}}" } else { ")" };
        let Some(end) = rest[start..].find(close) else { break };
        plain += &rest[..start];
        plain.push('x');
        rest = &rest[start + end + close.len()..];
    }
    plain + rest
}

/// Returns whether a parameter may have a name: letters, digits, `_`, `-`, and points unless it is an object.
pub(super) fn is_parameter_name(name: &str, allows_points: bool) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (allows_points && byte == b'.')
        })
}

/// Returns whether a result may have a name: it begins and ends with a letter or digit.
pub(super) fn is_result_name(name: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Returns the name that a mistyped one probably means, among the first hundred.
///
/// A file may have as many names as mistakes, and each would be compared with each.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    diagnostic::nearest(word, names.into_iter().take(100))
}
