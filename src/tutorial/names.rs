//! Anchors of headings and names of steps.

use std::collections::{BTreeMap, BTreeSet};

/// Gives each heading its anchor, as GitHub and mdBook do.
#[derive(Debug, Default)]
pub(crate) struct Anchors {
    taken: BTreeSet<String>,
    repeats: BTreeMap<String, usize>,
}

impl Anchors {
    /// Returns the anchor of the next heading; an explicit one is taken as it is.
    pub(crate) fn add(&mut self, text: &str, explicit: Option<String>) -> String {
        if let Some(id) = explicit {
            self.taken.insert(id.clone());
            return id;
        }
        let slug = slug(text);
        let repeats = self.repeats.entry(slug.clone()).or_default();
        let mut anchor = if *repeats == 0 { slug.clone() } else { format!("{slug}-{repeats}") };
        while !self.taken.insert(anchor.clone()) {
            *repeats += 1;
            anchor = format!("{slug}-{repeats}");
        }
        *repeats += 1;
        anchor
    }
}

/// Returns a heading's slug: lower case, blanks become `-`, punctuation is dropped.
pub(crate) fn slug(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let mut slug = String::with_capacity(lower.len());
    for letter in lower.chars() {
        match letter {
            'a'..='z' | '0'..='9' | '-' | '_' => slug.push(letter),
            _ if letter.is_whitespace() => slug.push('-'),
            _ if letter.is_alphanumeric() => slug.push(letter),
            _ => {}
        }
    }
    slug
}

/// Names steps that have none: the heading's slug and a number.
#[derive(Debug, Default)]
pub(crate) struct StepNames {
    taken: BTreeSet<String>,
    counts: BTreeMap<String, usize>,
}

impl StepNames {
    /// Takes the names that authors gave, which are never generated.
    pub(crate) fn new(given: impl IntoIterator<Item = String>) -> Self {
        Self { taken: given.into_iter().collect(), counts: BTreeMap::new() }
    }

    /// Returns a name for the next step below a heading.
    pub(crate) fn next(&mut self, anchor: Option<&str>) -> String {
        let stem = anchor.filter(|anchor| !anchor.is_empty()).unwrap_or("step");
        let count = self.counts.entry(stem.to_owned()).or_default();
        loop {
            *count += 1;
            let name = format!("{stem}-{count}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_forges() {
        let mut anchors = Anchors::default();
        let titles = ["Build & push", "What's new?", "Build & push", "Über_Öl 2.0", "", "a-1", "a", "a"];
        let anchors = titles.map(|title| anchors.add(title, None));
        assert_eq!(
            anchors,
            ["build--push", "whats-new", "build--push-1", "über_öl-20", "", "a-1", "a", "a-2"]
        );
    }

    #[test]
    fn explicit_anchors_win() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.add("Install", Some("setup".into())), "setup");
        assert_eq!(anchors.add("Setup", None), "setup-1");
    }

    #[test]
    fn generated_names_avoid_given_ones() {
        let mut names = StepNames::new(["install-2".to_owned()]);
        let generated = [Some("install"), Some("install"), None, Some("")].map(|anchor| names.next(anchor));
        assert_eq!(generated, ["install-1", "install-3", "step-1", "step-2"]);
    }
}
