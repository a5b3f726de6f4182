//! Debian's order of versions (deb-version(7), Sorting algorithm).

use std::cmp::Ordering;

use super::{compare_digits, take_while};

/// Compares two upstream versions, or two revisions.
///
/// Runs of anything but digits and runs of digits are compared in turn. Among characters `~` comes first, then
/// the end, letters, and all others. One that is missing counts as empty, and an empty number as zero.
pub fn compare_debian(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !(one.is_empty() && other.is_empty()) {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let is_other = |byte: u8| !byte.is_ascii_digit();
        let order = compare_texts(take_while(&mut one, is_other), take_while(&mut other, is_other));
        let order = order
            .then_with(|| compare_digits(take_while(&mut one, is_digit), take_while(&mut other, is_digit)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_texts(one: &[u8], other: &[u8]) -> Ordering {
    let longest = one.len().max(other.len());
    let weight = |text: &[u8], at: usize| text.get(at).map_or(0, |byte| weight(*byte));
    (0..longest)
        .map(|at| weight(one, at).cmp(&weight(other, at)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        byte if byte.is_ascii_alphabetic() => i32::from(byte),
        byte => i32::from(byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn order_is_that_of_the_manual() {
        check(
            compare_debian,
            "\
~~ < ~~a
~~a < ~
~ < a
1.0~beta1~svn1245 < 1.0~beta1
1.0~beta1 < 1.0
1.0 < 1.0.1
1.0 = 1.0
1.2 < 1.10
1.0a < 1.0+
1.0a < 1.0b
1.0 < 1.0a
1.0~ < 1.0
001 = 1
0.0 = 0.00
0 < a
1.2.3 < 1.2.3a
1.2.3 > 1.2.3~rc1
7.6p2 > 7.6
1.0.3-3 > 1.0-1
18446744073709551616 > 18446744073709551615",
        );
        // A revision that is missing is one of zero.
        assert_eq!(compare_debian("", "0"), Ordering::Equal);
        assert_eq!(compare_debian("~", ""), Ordering::Less);
    }
}
