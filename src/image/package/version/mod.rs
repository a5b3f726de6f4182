//! Which of two versions is newer, as each package manager says.

mod apk;
mod debian;
mod rpm;

use std::cmp::Ordering;

pub use apk::compare_apk;
pub use debian::compare_debian;
pub use rpm::compare_rpm;

use super::model::{Manager, Package};

/// Compares the versions of two packages of one manager.
///
/// Versions may be equal and yet written otherwise: rpm reads `1.0` and `1_0` alike.
pub fn compare_versions(one: &Package, other: &Package) -> Ordering {
    // Who has no epoch has 0.
    let epochs = one.epoch.unwrap_or(0).cmp(&other.epoch.unwrap_or(0));
    let release = |package: &Package| package.release.clone().unwrap_or_default();
    epochs.then_with(|| match one.manager {
        Manager::Rpm => compare_rpm(&one.version, &other.version)
            .then_with(|| compare_rpm(&release(one), &release(other))),
        Manager::Dpkg => compare_debian(&one.version, &other.version)
            .then_with(|| compare_debian(&release(one), &release(other))),
        Manager::Apk => compare_apk(&one.full_version(), &other.full_version()),
    })
}

/// Takes what a text begins with.
fn take_while<'text>(rest: &mut &'text [u8], is_part: impl Fn(u8) -> bool) -> &'text [u8] {
    let end = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
    let (taken, left) = rest.split_at(end);
    *rest = left;
    taken
}

/// Compares numbers of any length by their digits.
fn compare_digits(one: &[u8], other: &[u8]) -> Ordering {
    let without_zeros = |digits: &[u8]| digits.iter().take_while(|digit| **digit == b'0').count();
    let (one, other) = (&one[without_zeros(one)..], &other[without_zeros(other)..]);
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a table: two versions and what stands between them, on each line.
    #[track_caller]
    pub(super) fn check(compare: impl Fn(&str, &str) -> Ordering, table: &str) {
        for line in table.lines() {
            let [one, order, other] = line.split(' ').collect::<Vec<_>>().try_into().expect("three words");
            let expected = match order {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                _ => Ordering::Greater,
            };
            assert_eq!(compare(one, other), expected, "{line}");
            assert_eq!(compare(other, one), expected.reverse(), "{line}, the other way round");
        }
    }

    fn package(manager: Manager, epoch: Option<u32>, version: &str, release: &str) -> Package {
        let mut package = Package::new(manager, "name".to_owned(), version.to_owned());
        package.epoch = epoch;
        package.release = (!release.is_empty()).then(|| release.to_owned());
        package
    }

    #[test]
    fn epoch_counts_before_the_version_and_release_behind_it() {
        for manager in [Manager::Rpm, Manager::Dpkg] {
            let compare = |one: (Option<u32>, &str, &str), other: (Option<u32>, &str, &str)| {
                compare_versions(
                    &package(manager, one.0, one.1, one.2),
                    &package(manager, other.0, other.1, other.2),
                )
            };
            assert_eq!(compare((Some(1), "1", "1"), (None, "9", "9")), Ordering::Greater);
            assert_eq!(compare((Some(0), "1", "1"), (None, "1", "1")), Ordering::Equal);
            assert_eq!(compare((None, "1", "9"), (None, "1", "10")), Ordering::Less);
            assert_eq!(compare((None, "2", "1"), (None, "1", "2")), Ordering::Greater);
        }
        let apk = |release| package(Manager::Apk, None, "1.2", release);
        assert_eq!(compare_versions(&apk("r9"), &apk("r10")), Ordering::Less);
    }
}
