//! Which packages two images have.

use super::model::{Change, Difference, Level};
use crate::image::installed::Installed;
use crate::image::package::{Direction, Package, PackageDifference, compare};

/// Compares what is installed. What is only in the second list of [`compare`] is only in the staging image.
pub(super) fn packages(staging: &Installed, reference: &Installed) -> Vec<Difference> {
    let found = compare(&reference.packages, &staging.packages);
    found.into_iter().map(|difference| describe(&difference)).collect()
}

fn describe(found: &PackageDifference) -> Difference {
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
            let note = "the same version, built another time".to_owned();
            Difference { detail: Some(note), ..named(to, Change::Value).sides(side(to), side(from)) }
        }
    }
}

/// Returns what of the databases could not be looked at, in both images.
pub(super) fn unread(staging: &Installed, reference: &Installed) -> Vec<String> {
    let named = |side: &str, installed: &Installed| -> Vec<String> {
        installed.notes.iter().map(|note| format!("{side}: {note}")).collect()
    };
    [named("staging", staging), named("reference", reference)].concat()
}
