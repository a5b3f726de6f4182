//! What `image lint` finds in one of the images and not in the other.

use std::collections::{BTreeMap, HashMap};

use super::RuleUse;
use super::model::{Difference, Level};
use super::rules::Rule;
use crate::image::error::ImageError;
use crate::image::lint::{RuleSet, lint, looks_bootable};
use crate::image::reading::{Reading, Unfolded};

/// Looks at both images with the rules that hold for one of them; a finding is a rule at a path.
pub(super) fn findings(
    staging: &Unfolded,
    reference: &Unfolded,
    reading: &Reading,
) -> Result<Vec<Difference>, ImageError> {
    let is_bootable = looks_bootable(staging) || looks_bootable(reference);
    let set = if is_bootable { RuleSet::All } else { RuleSet::General };
    let (mut ours, theirs) = (by_place(staging, reading, set)?, by_place(reference, reading, set)?);
    let mut differences = Vec::new();
    for (subject, their) in theirs {
        let our = ours.remove(&subject);
        if our.as_ref() != Some(&their) {
            differences.push(Difference::of_values(Level::Lint, subject, our, Some(their)));
        }
    }
    let only_ours =
        ours.into_iter().map(|(subject, our)| Difference::of_values(Level::Lint, subject, Some(our), None));
    differences.extend(only_ours);
    differences.sort_by(|one, other| one.subject.cmp(&other.subject));
    Ok(differences)
}

/// Returns what is said, by `rule path`.
fn by_place(
    image: &Unfolded,
    reading: &Reading,
    set: RuleSet,
) -> Result<BTreeMap<String, String>, ImageError> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |subject: String, said: &str| {
        let all = found.entry(subject).or_default();
        let separator = if all.is_empty() { "" } else { "; " };
        all.push_str(separator);
        all.push_str(said);
    };
    for finding in lint(image, reading, set)? {
        let said = format!("{}, {}", finding.severity, finding.what);
        if finding.paths.is_empty() {
            add(finding.rule.to_owned(), &said);
        }
        for path in &finding.paths {
            add(format!("{} {path}", finding.rule), &said);
        }
    }
    Ok(found)
}

/// Explains a finding by what explains the difference at its path: a log of one image alone is no second
/// difference because a rule of `lint` is about logs.
pub(super) fn explain_by_path(differences: &mut [Difference], rules: &[Rule], used: &mut Vec<RuleUse>) {
    let mut by_path: HashMap<String, Option<String>> = HashMap::new();
    for difference in differences.iter().filter(|difference| is_of_a_path(difference.level)) {
        let explained =
            by_path.entry(difference.subject.clone()).or_insert_with(|| difference.explained_by.clone());
        if difference.explained_by.is_none() {
            *explained = None;
        }
    }
    let open = differences
        .iter_mut()
        .filter(|difference| difference.level == Level::Lint && difference.explained_by.is_none());
    for difference in open {
        let Some((_, path)) = difference.subject.split_once(' ') else { continue };
        let Some(id) = by_path.get(path).cloned().flatten() else { continue };
        count(&id, rules, used);
        difference.explained_by = Some(id);
    }
}

fn is_of_a_path(level: Level) -> bool {
    matches!(level, Level::Tree | Level::Times | Level::Content)
}

fn count(id: &str, rules: &[Rule], used: &mut Vec<RuleUse>) {
    if let Some(known) = used.iter_mut().find(|known| known.id == id) {
        known.explains += 1;
    } else if let Some(Rule { id, why, reference, .. }) = rules.iter().find(|rule| rule.id == id) {
        let (id, why, reference) = (id.clone(), why.clone(), reference.clone());
        used.push(RuleUse { id, why, reference, explains: 1 });
    }
}
