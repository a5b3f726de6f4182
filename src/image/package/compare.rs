//! What two lists of packages do not share.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use super::model::{Manager, Package};
use super::version::compare_versions;

/// How two lists of packages differ in one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageDifference {
    /// It is in the second list alone.
    Added(Package),
    /// It is in the first list alone.
    Removed(Package),
    /// It has another version, or another architecture.
    Changed {
        /// As it is in the first list.
        from: Package,
        /// As it is in the second.
        to: Package,
        /// Where the second stands, as its package manager says.
        direction: Direction,
    },
    /// It has the same version and was built another time: what identifies the builds differs.
    Rebuilt {
        /// As it is in the first list.
        from: Package,
        /// As it is in the second.
        to: Package,
    },
}

/// Where the second of two versions stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// It is newer.
    Upgrade,
    /// It is older.
    Downgrade,
    /// It counts the same: it is written in another way, or is of another architecture.
    Level,
}

impl PackageDifference {
    /// Returns the package as it is in the second list, or in the first where the second has none.
    pub fn package(&self) -> &Package {
        match self {
            Self::Added(package) | Self::Removed(package) => package,
            Self::Changed { to, .. } | Self::Rebuilt { to, .. } => to,
        }
    }
}

impl fmt::Display for PackageDifference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(package) => write!(formatter, "{package} was added"),
            Self::Removed(package) => write!(formatter, "{package} was removed"),
            Self::Rebuilt { to, .. } => write!(formatter, "{to} was built another time"),
            Self::Changed { from, to, direction } => {
                let direction = match direction {
                    Direction::Upgrade => "newer",
                    Direction::Downgrade => "older",
                    Direction::Level => "neither newer nor older",
                };
                write!(formatter, "{from} became {to}, which is {direction}")
            }
        }
    }
}

/// Compares two lists of packages; what differs is sorted by manager and name. When a package was installed is no
/// difference.
///
/// A name that is in one of the lists several times, as kernels are, stands for a set: versions come and go, and
/// none becomes another.
pub fn compare(from: &[Package], to: &[Package]) -> Vec<PackageDifference> {
    let mut names: BTreeMap<(Manager, &str), Sides<'_>> = BTreeMap::new();
    for package in from {
        names.entry((package.manager, &package.name)).or_default().from.push(package);
    }
    for package in to {
        names.entry((package.manager, &package.name)).or_default().to.push(package);
    }
    let mut differences = Vec::new();
    for ((_, name), sides) in names {
        // Each key that signs packages is a package of this name.
        let is_set = name == "gpg-pubkey" || sides.has_several();
        sides.compare(is_set, &mut differences);
    }
    differences
}

/// The packages of one name in both lists.
#[derive(Default)]
struct Sides<'lists> {
    from: Vec<&'lists Package>,
    to: Vec<&'lists Package>,
}

/// Epoch, version, release, architecture and, where it counts, what identifies the build.
type Key<'list> = (u32, &'list str, &'list str, &'list str, &'list str);

fn of_version(package: &Package) -> Key<'_> {
    let release = package.release.as_deref().unwrap_or_default();
    let architecture = package.architecture.as_deref().unwrap_or_default();
    (package.epoch.unwrap_or(0), &package.version, release, architecture, "")
}

fn of_build(package: &Package) -> Key<'_> {
    let (epoch, version, release, architecture, _) = of_version(package);
    (epoch, version, release, architecture, package.identity.as_deref().unwrap_or_default())
}

fn of_architecture(package: &Package) -> Key<'_> {
    (0, "", "", package.architecture.as_deref().unwrap_or_default(), "")
}

impl<'lists> Sides<'lists> {
    /// Returns whether one list has several versions for one architecture.
    fn has_several(&self) -> bool {
        let is_twice = |packages: &[&Package]| {
            let mut architectures: Vec<_> = packages.iter().map(|package| &package.architecture).collect();
            architectures.sort_unstable();
            architectures.windows(2).any(|pair| pair[0] == pair[1])
        };
        is_twice(&self.from) || is_twice(&self.to)
    }

    fn compare(mut self, is_set: bool, differences: &mut Vec<PackageDifference>) {
        self.pairs(of_build);
        for (from, to) in self.pairs(of_version) {
            // What has nothing to tell it by may be the same.
            if from.identity.is_some() && to.identity.is_some() {
                differences.push(PackageDifference::Rebuilt { from: from.clone(), to: to.clone() });
            }
        }
        if !is_set {
            let of_one_architecture = self.pairs(of_architecture);
            differences.extend(of_one_architecture.into_iter().map(changed));
            if let ([from], [to]) = (self.from.as_slice(), self.to.as_slice()) {
                differences.push(changed((from, to)));
                return;
            }
        }
        self.from.sort();
        self.to.sort();
        differences.extend(self.from.into_iter().cloned().map(PackageDifference::Removed));
        differences.extend(self.to.into_iter().cloned().map(PackageDifference::Added));
    }

    /// Takes out the packages that have a key on both sides, in pairs.
    fn pairs(&mut self, key: fn(&Package) -> Key<'_>) -> Vec<(&'lists Package, &'lists Package)> {
        self.from.sort_by(|one, other| key(one).cmp(&key(other)));
        self.to.sort_by(|one, other| key(one).cmp(&key(other)));
        let mut pairs = Vec::new();
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut others = self.to.drain(..).peekable();
        for package in self.from.drain(..) {
            while let Some(other) = others.next_if(|other| key(other) < key(package)) {
                to.push(other);
            }
            match others.next_if(|other| key(other) == key(package)) {
                Some(other) => pairs.push((package, other)),
                None => from.push(package),
            }
        }
        to.extend(others);
        (self.from, self.to) = (from, to);
        pairs
    }
}

fn changed((from, to): (&Package, &Package)) -> PackageDifference {
    let direction = match compare_versions(from, to) {
        Ordering::Less => Direction::Upgrade,
        Ordering::Greater => Direction::Downgrade,
        Ordering::Equal => Direction::Level,
    };
    PackageDifference::Changed { from: from.clone(), to: to.clone(), direction }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads packages: `name version release architecture [identity]`, on each line.
    fn packages(text: &str) -> Vec<Package> {
        let package = |line: &str| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            let mut package = Package::new(Manager::Rpm, words[0].clone(), words[1].clone());
            package.release = Some(words[2].clone());
            package.architecture = Some(words[3].clone());
            package.identity = words.get(4).cloned();
            package
        };
        text.lines().map(package).collect()
    }

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        let differences = compare(&packages(from), &packages(to));
        let written: Vec<_> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn packages_come_and_go_and_change() {
        check(
            "bash 5.1 1 x86_64\ncurl 8.10 1 x86_64\nsame 1 1 noarch\nzlib 1 1 x86_64",
            "bash 5.2 1 x86_64\ncurl 8.9 1 x86_64\nsame 1 1 noarch\nattr 1 1 x86_64",
            &[
                "attr-1-1.x86_64 was added",
                "bash-5.1-1.x86_64 became bash-5.2-1.x86_64, which is newer",
                "curl-8.10-1.x86_64 became curl-8.9-1.x86_64, which is older",
                "zlib-1-1.x86_64 was removed",
            ],
        );
        check("a 1.0 1 x", "a 1_0 1 x", &["a-1.0-1.x became a-1_0-1.x, which is neither newer nor older"]);
    }

    #[test]
    fn one_version_that_was_built_twice_is_told_apart() {
        check("a 1 1 x sum1", "a 1 1 x sum2", &["a-1-1.x was built another time"]);
        check("a 1 1 x sum1", "a 1 1 x", &[]);
        check("a 1 1 x sum1", "a 1 1 x sum1", &[]);
    }

    #[test]
    fn several_versions_are_a_set() {
        check("kernel 6.1 1 x\nkernel 6.2 1 x", "kernel 6.2 1 x", &["kernel-6.1-1.x was removed"]);
        check(
            "kernel 6.1 1 x\nkernel 6.2 1 x a",
            "kernel 6.2 1 x b\nkernel 6.3 1 x",
            &[
                "kernel-6.2-1.x was built another time",
                "kernel-6.1-1.x was removed",
                "kernel-6.3-1.x was added",
            ],
        );
        check(
            "gpg-pubkey 1 1 x",
            "gpg-pubkey 2 1 x",
            &["gpg-pubkey-1-1.x was removed", "gpg-pubkey-2-1.x was added"],
        );
    }

    #[test]
    fn architectures_of_one_name_are_compared_each_with_its_own() {
        check(
            "glibc 1 1 i686\nglibc 1 1 x86_64",
            "glibc 2 1 i686\nglibc 2 1 x86_64",
            &[
                "glibc-1-1.i686 became glibc-2-1.i686, which is newer",
                "glibc-1-1.x86_64 became glibc-2-1.x86_64, which is newer",
            ],
        );
        check("a 1 1 noarch", "a 1 1 x", &["a-1-1.noarch became a-1-1.x, which is neither newer nor older"]);
        check("a 1 1 i686\na 1 1 x", "a 1 1 x", &["a-1-1.i686 was removed"]);
    }

    #[test]
    fn managers_do_not_mix() {
        let mut other = packages("a 1 1 x");
        other[0].manager = Manager::Dpkg;
        assert_eq!(compare(&packages("a 1 1 x"), &other).len(), 2);
    }
}
