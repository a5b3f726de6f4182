//! apk's order of versions: `1.2.3b_rc1_p2~c0ffee-r4`, of which all but the first number may be missing
//! (apk-tools 3, apk-package(5)).

use std::cmp::Ordering;

use super::{compare_digits, take_while};

/// What follows a version: those before the middle are older than the version itself.
const SUFFIXES: [&str; 10] = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];
const NO_SUFFIX: usize = 4;

/// A part of a version. The order of kinds matters: parts may only come in it, and of two versions that
/// are alike up to a part, the one with the later kind is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'text> {
    First(&'text [u8]),
    Number(&'text [u8]),
    Letter(u8),
    /// Its place among the suffixes.
    Suffix(usize),
    SuffixNumber(&'text [u8]),
    Commit(&'text [u8]),
    Revision(&'text [u8]),
    End,
    /// What apk would not take for a version.
    Invalid,
}

/// Compares two versions with their revisions.
pub fn compare_apk(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (Parts::new(one), Parts::new(other));
    loop {
        let pair = (one.next(), other.next());
        match pair {
            (Part::End, Part::End) | (Part::Invalid, Part::Invalid) => return Ordering::Equal,
            (one, other) if one.rank() != other.rank() => return compare_kinds(one, other),
            (one, other) => match compare_parts(one, other) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

fn compare_parts(one: Part<'_>, other: Part<'_>) -> Ordering {
    match (one, other) {
        // Like fractions: 1.02 is older than 1.1.
        (Part::Number(one), Part::Number(other)) if one.starts_with(b"0") || other.starts_with(b"0") => {
            one.cmp(other)
        }
        (Part::Number(one), Part::Number(other))
        | (Part::First(one), Part::First(other))
        | (Part::SuffixNumber(one), Part::SuffixNumber(other))
        | (Part::Revision(one), Part::Revision(other)) => compare_digits(one, other),
        (Part::Letter(one), Part::Letter(other)) => one.cmp(&other),
        (Part::Suffix(one), Part::Suffix(other)) => one.cmp(&other),
        (Part::Commit(one), Part::Commit(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

/// Compares versions of which one goes on in another way: the longer is newer, unless it is one before a release.
fn compare_kinds(one: Part<'_>, other: Part<'_>) -> Ordering {
    let is_before = |part| matches!(part, Part::Suffix(suffix) if suffix < NO_SUFFIX);
    if is_before(one) {
        Ordering::Less
    } else if is_before(other) {
        Ordering::Greater
    } else {
        other.rank().cmp(&one.rank())
    }
}

impl Part<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Commit(_) => 5,
            Self::Revision(_) => 6,
            Self::End => 7,
            Self::Invalid => 8,
        }
    }
}

/// The parts of a version, one after the other.
struct Parts<'text> {
    rest: &'text [u8],
    last: Option<Part<'text>>,
}

impl<'text> Parts<'text> {
    fn new(version: &'text str) -> Self {
        Self { rest: version.as_bytes(), last: None }
    }

    fn next(&mut self) -> Part<'text> {
        let part = match self.last {
            None => self.digits().map(Part::First),
            Some(last) => self.after(last),
        };
        let part = part.unwrap_or(Part::Invalid);
        self.last = Some(part);
        part
    }

    fn after(&mut self, last: Part<'text>) -> Option<Part<'text>> {
        let Some((&first, rest)) = self.rest.split_first() else { return Some(Part::End) };
        let rank = last.rank();
        match first {
            b'a'..=b'z' if rank <= 1 => {
                self.rest = rest;
                Some(Part::Letter(first))
            }
            b'.' if rank <= 1 => {
                self.rest = rest;
                self.digits().map(Part::Number)
            }
            b'0'..=b'9' if rank <= 1 => self.digits().map(Part::Number),
            b'0'..=b'9' if rank == 3 => self.digits().map(Part::SuffixNumber),
            b'_' if rank <= 4 => {
                self.rest = rest;
                self.suffix()
            }
            b'~' if rank < 5 => {
                self.rest = rest;
                let commit = take_while(&mut self.rest, |byte| byte.is_ascii_hexdigit());
                (!commit.is_empty()).then_some(Part::Commit(commit))
            }
            b'-' if rank < 6 => {
                self.rest = rest.strip_prefix(b"r")?;
                self.digits().map(Part::Revision)
            }
            _ => None,
        }
    }

    fn digits(&mut self) -> Option<&'text [u8]> {
        let digits = take_while(&mut self.rest, |byte| byte.is_ascii_digit());
        (!digits.is_empty()).then_some(digits)
    }

    fn suffix(&mut self) -> Option<Part<'text>> {
        let word = take_while(&mut self.rest, |byte| byte.is_ascii_lowercase());
        let is_it = |suffix: &&str| !word.is_empty() && suffix.as_bytes() == word;
        SUFFIXES.iter().position(is_it).map(Part::Suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn order_is_that_of_apks_own_tests() {
        check(
            compare_apk,
            "\
2.34 > 0.1.0_alpha
23_foo > 4_beta
1.0 < 1.0bc
0.1.0_alpha = 0.1.0_alpha
0.1.0_alpha < 0.1.3_alpha
0.1.0_alpha2 > 0.1.0_alpha
1.0.4-r3 < 1.0.4-r4
1.0.4-r4 < 1.6
1.1 > 1.1_alpha1
1.3_alpha2 < 1.3_alpha3
0.8_beta4 < 4.8-r1
3.10.18-r1 > 2.3.0b-r1
2.3.0b-r1 < 2.3.0b-r2
0.12.3 > 0.12
3.1_p16 < 3.1_p17
1.06-r6 < 006
006 > 1.0.0
1.02 < 1.1
1.39 > 1.00_beta2
1.12.12-r2 < 2.8.0.6-r1
4.2.52_p2-r1 < 4.2.52_p4-r2
8.2.0015 < 8.2.002
2.5.1-r8 < 2.5.1a-r1
0.15.1b-r2 > 0.15.1b
2.0.0_rc3-r1 < 2.0.0
7.0.17 < 7.0.174
1.8.5 < 1.8.5_p2
1.3-r0 < 1.3.1-r0
1.3_pre1-r1 < 1.3.2
1.0_p10-r0 > 1.0_p9-r0
0.1.0_alpha_pre2 < 0.1.0_alpha
1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0
6.0_pre1 < 6.0
6.1_p1 > 6.1
1.0~ab12 < 1.0~ab13
1.0~ab12-r1 < 1.0~ab12-r2",
        );
    }
}
