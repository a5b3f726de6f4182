//! rpm's order of versions and releases (rpm-version(7), `rpmvercmp`).

use std::cmp::Ordering;

use super::{compare_digits, take_while};

/// Compares two versions, or two releases.
///
/// Runs of digits and runs of letters are compared in turn, numbers as numbers; what stands between them
/// only separates. A number is newer than letters. `~` is older than the end, `^` is newer than the end and
/// older than anything else.
pub fn compare_rpm(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        for side in [&mut one, &mut other] {
            take_while(side, |byte| !is_part(byte));
        }
        match (one.first(), other.first()) {
            (None, None) => return Ordering::Equal,
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                one = &one[1..];
                other = &other[1..];
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(_), Some(_)) => match compare_run(&mut one, &mut other) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'~' || byte == b'^'
}

/// Compares the runs that both begin with.
fn compare_run(one: &mut &[u8], other: &mut &[u8]) -> Ordering {
    let is_number = |side: &[u8]| side.first().is_some_and(u8::is_ascii_digit);
    match (is_number(one), is_number(other)) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (true, true) => {
            let is_digit = |byte: u8| byte.is_ascii_digit();
            compare_digits(take_while(one, is_digit), take_while(other, is_digit))
        }
        (false, false) => {
            let is_letter = |byte: u8| byte.is_ascii_alphabetic();
            take_while(one, is_letter).cmp(take_while(other, is_letter))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn order_is_that_of_rpms_own_tests() {
        check(
            compare_rpm,
            "\
1.0 = 1.0
1.0 < 2.0
2.0 < 2.0.1
2.0.1a > 2.0.1
5.5p1 < 5.5p2
5.5p1 < 5.5p10
10xyz < 10.1xyz
xyz10 < xyz10.1
xyz.4 < 8
xyz.4 < 2
5.5p2 < 5.6p1
5.6p1 < 6.5p1
6.0.rc1 > 6.0
10b2 > 10a1
10a2 < 10b2
1.0a < 1.0aa
10.0001 = 10.1
10.0001 < 10.0039
4.999.9 < 5.0
20101121 < 20101122
2_0 = 2.0
a+ = a_
+a = _a
+_ = _+
+ = _
1.0~rc1 < 1.0
1.0~rc1 < 1.0~rc2
1.0~rc1~git123 < 1.0~rc1
1.0^ > 1.0
1.0^git1 > 1.0
1.0^git1 < 1.0^git2
1.0^git1 < 1.01
1.0^20160101 < 1.0.1
1.0^20160101^git1 > 1.0^20160101
1.0^20160102 > 1.0^20160101^git1
1.0~rc1^git1 > 1.0~rc1
1.0^git1~pre < 1.0^git1
1b.fc17 < 1.fc17
1g.fc17 > 1.fc17
1.1.α = 1.1.β",
        );
    }
}
