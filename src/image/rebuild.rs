//! Two builds of the same steps, held side by side: which step left another image the second time, and what differs in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::compare::{Comparing, Comparison, Level, Requirement, Verdict, compare};
use super::error::ImageError;
use super::keep::ImageKeep;
use super::reference::ImageReference;

/// An image that a step left behind or took away, for one platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BuiltImage {
    /// What it is called: `oci:image:1`, `containers-storage:localhost/image:1`; of several platforms with the
    /// platform in brackets.
    pub name: String,
    /// Digest of its manifest; none where the step took it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What each step of a build left, in the order of the steps.
pub type Build = Vec<Vec<BuiltImage>>;

/// An image that a step left, the first and the second time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RebuiltImage {
    /// Which step, counted from 0.
    pub step: usize,
    /// What it is called.
    pub name: String,
    /// Digest of its manifest the first time; none where there was no such image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The same for the second time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// What came of the comparison.
    pub verdict: Verdict,
    /// In what they differ: the image of the second time against that of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Box<Comparison>>,
}

/// What two builds say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuild {
    /// Version of this report's form.
    pub version: u32,
    /// What came of all images together; none where there is no image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Every image that a step left anew, step by step.
    pub images: Vec<RebuiltImage>,
}

/// Compares two builds whose images were copied.
///
/// # Errors
/// When an image cannot be read.
pub fn rebuild(
    first: &Build,
    second: &Build,
    keep: &ImageKeep,
    with: &Comparing<'_>,
) -> Result<Rebuild, ImageError> {
    let mut compared: BTreeMap<(String, String), Comparison> = BTreeMap::new();
    let mut images = Vec::new();
    for Pair { step, name, digests } in pairs(first, second) {
        let comparison = match &digests {
            (Some(first), Some(second)) if first != second => {
                let key = (first.clone(), second.clone());
                let known = compared.get(&key).cloned();
                let comparison = known.map_or_else(|| against(&name, first, second, keep, with), Ok)?;
                compared.insert(key, comparison.clone());
                Some(Box::new(comparison))
            }
            _ => None,
        };
        let verdict = match (&comparison, &digests) {
            (Some(comparison), _) => comparison.verdict,
            (None, (first, second)) if first == second => Verdict::Identical,
            (None, _) => Verdict::Different,
        };
        let (first, second) = digests;
        images.push(RebuiltImage { step, name, first, second, verdict, comparison });
    }
    let verdict = images.iter().map(|image| image.verdict).max();
    Ok(Rebuild { version: 1, verdict, images })
}

fn against(
    name: &str,
    first: &str,
    second: &str,
    keep: &ImageKeep,
    with: &Comparing<'_>,
) -> Result<Comparison, ImageError> {
    let open = |digest| keep.open(digest, ImageReference::parse(name));
    compare(&open(second)?, &open(first)?, with)
}

/// An image after a step, in both builds.
struct Pair {
    step: usize,
    name: String,
    digests: (Option<String>, Option<String>),
}

/// Returns every image that a step of one of the builds left anew, as it is in both after that step.
fn pairs(first: &Build, second: &Build) -> Vec<Pair> {
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    let mut pairs = Vec::new();
    let nothing = Vec::new();
    for step in 0..first.len().max(second.len()) {
        let new = [first, second].map(|build| build.get(step).unwrap_or(&nothing));
        for (all, new) in [&mut ours, &mut theirs].into_iter().zip(new) {
            for BuiltImage { name, digest } in new {
                match digest {
                    Some(digest) => drop(all.insert(name, digest)),
                    None => drop(all.remove(name)),
                }
            }
        }
        let names: BTreeSet<&String> = new.into_iter().flatten().map(|image| &image.name).collect();
        for name in names {
            let digests = (ours.get(name).copied().cloned(), theirs.get(name).copied().cloned());
            // What both builds took away is as it was before that.
            if digests != (None, None) {
                pairs.push(Pair { step, name: name.clone(), digests });
            }
        }
    }
    pairs
}

impl Rebuild {
    /// Returns the first image that differs for no known reason; where all reasons are known, the first that differs.
    pub fn first_difference(&self) -> Option<&RebuiltImage> {
        let of = |verdict| self.images.iter().find(|image| image.verdict == verdict);
        of(Verdict::Different).or_else(|| of(Verdict::Explained))
    }

    /// Returns what came of the images as the last steps left them: what a step makes and a later one mends
    /// does not count.
    pub fn last(&self) -> impl Iterator<Item = &RebuiltImage> {
        let last: BTreeMap<&str, &RebuiltImage> =
            self.images.iter().map(|image| (image.name.as_str(), image)).collect();
        last.into_values()
    }

    /// Returns the levels in which an image, as the last steps left it, is not what is asked for; all where
    /// one of the builds has no such image.
    pub fn unmet(&self, requirement: Requirement) -> Vec<Level> {
        let unmet = self.last().flat_map(|image| match &image.comparison {
            Some(comparison) => requirement.unmet(comparison),
            None if image.verdict == Verdict::Identical => Vec::new(),
            None => vec![Level::Digest],
        });
        unmet.collect::<BTreeSet<Level>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(steps: &[&[(&str, &str)]]) -> Build {
        let image = |(name, digest): &(&str, &str)| BuiltImage {
            name: (*name).to_owned(),
            digest: (!digest.is_empty()).then(|| (*digest).to_owned()),
        };
        steps.iter().map(|images| images.iter().map(image).collect()).collect()
    }

    fn told(first: &Build, second: &Build) -> Vec<(usize, String, Option<String>, Option<String>)> {
        let pairs = pairs(first, second).into_iter();
        pairs.map(|pair| (pair.step, pair.name, pair.digests.0, pair.digests.1)).collect()
    }

    #[test]
    fn images_are_held_together_step_by_step() {
        let first = build(&[&[], &[("a", "1")], &[("a", "2"), ("b", "3")]]);
        let second = build(&[&[], &[("a", "1")], &[("b", "4")]]);
        let some = |digest: &str| Some(digest.to_owned());
        assert_eq!(
            told(&first, &second),
            [
                (1, "a".to_owned(), some("1"), some("1")),
                // The second build left `a` as it was.
                (2, "a".to_owned(), some("2"), some("1")),
                (2, "b".to_owned(), some("3"), some("4")),
            ]
        );
        assert_eq!(told(&first, &first).len(), 3);
        let gone = build(&[&[("a", "1")], &[("a", "")]]);
        assert_eq!(told(&gone, &gone).len(), 1);
        let other = told(&gone, &build(&[&[("a", "1")], &[]]));
        assert_eq!(other[1], (1, "a".to_owned(), None, some("1")));
        let missing = told(&first, &build(&[]));
        assert_eq!(missing[0], (1, "a".to_owned(), some("1"), None));
    }

    #[test]
    fn what_the_last_steps_left_counts() {
        let image = |step, name: &str, verdict| RebuiltImage {
            step,
            name: name.to_owned(),
            first: None,
            second: None,
            verdict,
            comparison: None,
        };
        let images = vec![
            image(0, "a", Verdict::Explained),
            image(1, "a", Verdict::Different),
            image(2, "a", Verdict::Identical),
        ];
        let mut rebuild = Rebuild { version: 1, verdict: Some(Verdict::Different), images };
        assert_eq!(rebuild.unmet(Requirement::Config), []);
        assert_eq!(rebuild.first_difference().map(|image| image.step), Some(1));
        rebuild.images.push(image(2, "b", Verdict::Different));
        assert_eq!(rebuild.unmet(Requirement::Packages), [Level::Digest]);
    }
}
