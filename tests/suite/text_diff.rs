//! Shows how two texts differ.

use std::fmt::Write as _;

/// How many equal lines are shown around a difference.
const CONTEXT: usize = 2;

/// Returns the lines that differ, with `-` for what was expected and `+` for what came.
pub(crate) fn text_diff(expected: &str, actual: &str) -> String {
    let (expected, actual) = (lines(expected), lines(actual));
    let before = common(expected.iter(), actual.iter());
    let shorter = expected.len().min(actual.len());
    let after = common(expected.iter().rev(), actual.iter().rev()).min(shorter - before);
    let mut diff = String::new();
    let mut show = |mark: &str, lines: &[&str]| {
        for line in lines {
            let _ = writeln!(
                diff,
                "      {mark} {}",
                line.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
            );
        }
    };
    show(" ", &expected[before.saturating_sub(CONTEXT)..before]);
    show("-", &expected[before..expected.len() - after]);
    show("+", &actual[before..actual.len() - after]);
    show(" ", &expected[expected.len() - after..][..after.min(CONTEXT)]);
    diff
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

fn common<'a>(one: impl Iterator<Item = &'a &'a str>, other: impl Iterator<Item = &'a &'a str>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

#[test]
fn only_lines_that_differ_are_shown_with_their_neighbours() {
    let diff = text_diff("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\ne\nf\n");
    assert_eq!(diff, "        b\n        c\n      - d\n      + D\n        e\n        f\n");
}
