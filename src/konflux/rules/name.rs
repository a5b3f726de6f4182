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
