//! What the parts of files' names are called.

use std::collections::BTreeSet;

use super::dimension::{Dimension, short_texts, stripped};
use super::pattern::{Pattern, has_word};
use super::tree::Variation;

/// What dimensions are called of which nothing is known but that they vary.
pub(super) const OTHERWISE: [&str; 3] = ["variant", "part", "group"];

/// Words by which a stream of a distribution is known.
const STREAMS: [&str; 7] = ["stable", "testing", "next", "rawhide", "branched", "devel", "eln"];

/// Words by which an event of a repository is known.
const EVENTS: [&str; 10] =
    ["push", "pull", "pr", "tag", "merge", "comment", "incoming", "cron", "nightly", "release"];

/// Names of architectures, as containers and as distributions have them.
const ARCHITECTURES: [&str; 8] =
    ["amd64", "arm64", "x86_64", "aarch64", "s390x", "ppc64le", "riscv64", "multiarch"];

/// Words that say of a value no more than that it is one, and words that a matrix or a template has for itself.
const SAY_NOTHING: [&str; 20] = [
    "name",
    "value",
    "values",
    "namespace",
    "kind",
    "type",
    "app",
    "instance",
    "id",
    "include",
    "exclude",
    "run",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "for",
    "set",
];

/// Gives dimensions names that differ: after what their values look like, else after the label or the parameter
/// that has them.
pub(super) fn give_names(dimensions: &mut [Dimension], varying: &[Variation]) {
    let mut taken = BTreeSet::new();
    for number in 0..dimensions.len() {
        let looks = by_looks(&dimensions[number].values).map(str::to_owned);
        let held = by_holders(number, dimensions, varying);
        let otherwise = OTHERWISE.into_iter().map(str::to_owned);
        let first = looks.clone().unwrap_or_else(|| OTHERWISE[0].to_owned());
        let numbered = (2_usize..).map(|number| format!("{first}{number}"));
        let known = looks.is_some();
        let mut names = looks.into_iter().chain(held).chain(otherwise.filter(|_| !known)).chain(numbered);
        let name = names.find(|name| !taken.contains(name)).expect("there is always another number");
        taken.insert(name.clone());
        dimensions[number].name = name;
    }
}

/// Returns what values are by the looks of them.
fn by_looks(values: &[String]) -> Option<&'static str> {
    let all = |test: &dyn Fn(&str) -> bool| values.iter().all(|value| test(value));
    let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(value));
    let has = |value: &str, words: &[&str]| words.iter().any(|word| has_word(value, word));
    let is_event = any(&|value| has(value, &["push", "pull"])) && all(&|value| has(value, &EVENTS));
    match () {
        () if is_event => Some("event"),
        () if all(&|value| ARCHITECTURES.contains(&value)) => Some("arch"),
        () if all(&|value| {
            value.rsplit(['-', '/', '_']).next().is_some_and(|word| ARCHITECTURES.contains(&word))
        }) =>
        {
            Some("platform")
        }
        () if any(&is_version) => Some("version"),
        () if any(&|value| has(value, &STREAMS)) => Some("stream"),
        () => None,
    }
}

/// Returns whether a value is a version: `44`, `4.18`, `v0-2`.
fn is_version(value: &str) -> bool {
    let digits = value.strip_prefix(['v', 'f']).unwrap_or(value);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".-_".contains(&byte))
}

/// Returns the names of the labels that hold a dimension, whatever stands around it, and of other keys and
/// parameters that hold it alone.
fn by_holders(number: usize, dimensions: &[Dimension], varying: &[Variation]) -> Vec<String> {
    let others: Vec<Dimension> = dimensions
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != number)
        .map(|(_, one)| one.clone())
        .collect();
    let values = &dimensions[number].values;
    let is_label =
        |variation: &Variation| variation.path.contains("labels[") || variation.path.contains("labels.");
    let holds = |variation: &&Variation| {
        let Some(texts) = short_texts(variation) else { return false };
        if !is_label(variation) {
            return texts == *values;
        }
        let patterns = texts.iter().enumerate().map(|(file, text)| Pattern::of(text, &others, file).parts);
        stripped(&patterns.collect::<Vec<_>>()).is_some_and(|left| left == *values)
    };
    let mut found: Vec<(bool, String)> = varying
        .iter()
        .filter(holds)
        .filter_map(|variation| Some((!is_label(variation), name_of(&variation.path)?)))
        .collect();
    // An application has components, and both labels may name the component.
    found.sort_by_key(|(other, name)| (*other, name != "component"));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Returns the name of what stands at a path: `arch` of `spec.params[name=arch].value`, `component` of
/// `metadata.labels["a.io/component"]`.
fn name_of(path: &str) -> Option<String> {
    let path = path.strip_suffix(".value").unwrap_or(path);
    let word = path.trim_end_matches(['"', ']']).rsplit(['.', '/', '=', '"', '[']).next()?;
    let letter = |letter: char| if letter == '-' { '_' } else { letter };
    let name: String = word.chars().map(letter).collect();
    let is_name = name.len() > 2
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        && !name.ends_with("name")
        && !SAY_NOTHING.contains(&name.as_str());
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_known_by_their_looks() {
        for (values, name) in [
            (vec!["push", "pull-request", "renovate-push"], Some("event")),
            (vec!["push", "minimal"], None),
            (vec!["amd64", "s390x"], Some("arch")),
            (vec!["linux-amd64", "linux-arm64"], Some("platform")),
            (vec!["44", "rawhide"], Some("version")),
            (vec!["v0-2", "v0-3"], Some("version")),
            (vec!["testing-devel", "branched"], Some("stream")),
            (vec!["minimal", "iot"], None),
        ] {
            let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
            assert_eq!(by_looks(&values), name, "{values:?}");
        }
    }

    #[test]
    fn names_come_from_the_ends_of_paths() {
        for (path, name) in [
            ("spec.params[name=image-arch].value", Some("image_arch")),
            ("metadata.labels[\"a.io/component\"]", Some("component")),
            ("metadata.labels.tier", Some("tier")),
            ("metadata.name", None),
            ("spec.taskRunTemplate.serviceAccountName", None),
            ("document 2: x", None),
            ("spec.x", None),
        ] {
            assert_eq!(name_of(path).as_deref(), name, "{path}");
        }
    }
}
