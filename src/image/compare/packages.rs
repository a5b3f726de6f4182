//! Which packages two images have.

use super::databases::{listed, names_of};
use super::model::{Change, Difference, Level};
use crate::diagnostic::plural;
use crate::image::installed::Installed;
use crate::image::package::{
    Direction, HeaderDifference, Package, PackageDifference, compare, is_of_installation, is_scriptlet,
    tag_name,
};

/// How many values of tags are shown.
const MOST_VALUES: usize = 12;

/// Compares what is installed. What is only in the second list of [`compare`] is only in the staging image.
pub(super) fn found(staging: &Installed, reference: &Installed) -> Vec<PackageDifference> {
    compare(&reference.packages, &staging.packages)
}

/// Returns whether a package of the staging image is among those that were built another time.
pub(super) fn told(found: &[PackageDifference], package: &Package) -> bool {
    found
        .iter()
        .any(|difference| matches!(difference, PackageDifference::Rebuilt { to, .. } if to == package))
}

/// Returns whether two are the same build, whenever they were installed.
fn is_same(one: &Package, other: &Package) -> bool {
    one.identity == other.identity && one.to_string() == other.to_string()
}

/// Describes what was found, with what the headers of both builds say.
pub(super) fn packages(found: &[PackageDifference], headers: &[HeaderDifference]) -> Vec<Difference> {
    found.iter().map(|difference| describe(difference, headers)).collect()
}

fn describe(found: &PackageDifference, headers: &[HeaderDifference]) -> Difference {
    let named = |package: &Package, change| Difference::new(Level::Packages, package.name.clone(), change);
    match found {
        PackageDifference::Added(package) => {
            Difference { staging: Some(package.to_string()), ..named(package, Change::OnlyInStaging) }
        }
        PackageDifference::Removed(package) => {
            Difference { reference: Some(package.to_string()), ..named(package, Change::OnlyInReference) }
        }
        PackageDifference::Changed { from, to, direction } => {
            let note = match direction {
                Direction::Upgrade => "the staging image has the newer one",
                Direction::Downgrade => "the staging image has the older one",
                Direction::Level => "of the same age",
            };
            let difference = named(to, Change::Value).sides(to.to_string(), from.to_string());
            Difference { detail: Some(note.to_owned()), ..difference }
        }
        PackageDifference::Rebuilt { from, to } => {
            let side = |package: &Package| match &package.identity {
                Some(identity) => format!("{package} ({identity})"),
                None => package.to_string(),
            };
            let header = headers.iter().find(|header| is_same(&header.package, to));
            let mut lines = vec!["the same version, built another time".to_owned()];
            lines.extend(header.map(tags).unwrap_or_default());
            let difference = named(to, Change::Value).sides(side(to), side(from));
            Difference { detail: Some(lines.join("\n")), ..difference }
        }
    }
}

/// Tells in which tags two builds differ: values first, then files and scriptlets, then what is left.
fn tags(header: &HeaderDifference) -> Vec<String> {
    let (mut lines, mut scriptlets, mut others, mut installed) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for tag in &header.tags {
        if is_of_installation(tag.tag) {
            installed.push(tag.tag);
        } else if is_scriptlet(tag.tag) {
            scriptlets.push(tag.tag);
        } else if (tag.first.is_some() || tag.second.is_some()) && lines.len() < MOST_VALUES {
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            lines.push(format!("{}: {}, not {}", tag_name(tag.tag), side(&tag.first), side(&tag.second)));
        } else {
            others.push(tag.tag);
        }
    }
    if !header.files.is_empty() {
        let count = plural(header.files.len(), "file");
        lines.push(format!("FILEDIGESTS of {count}: {}", listed(&header.files)));
    }
    for (what, tags) in
        [("scriptlets", scriptlets), ("other tags", others), ("of the installation", installed)]
    {
        if !tags.is_empty() {
            lines.push(format!("{what}: {}", names_of(&tags)));
        }
    }
    lines
}

/// Returns what of the databases could not be looked at, in both images.
pub(super) fn unread(staging: &Installed, reference: &Installed) -> Vec<String> {
    let named = |side: &str, installed: &Installed| -> Vec<String> {
        installed.notes.iter().map(|note| format!("{side}: {note}")).collect()
    };
    [named("staging", staging), named("reference", reference)].concat()
}
