//! Expected texts that follow the real output.

use super::align::Repeat;
use super::check::trimmed;
use super::compare::Comparison;
use super::diff::{Diff, Entry};
use super::escape::as_exact_line;
use super::json_edit::updated_json;
use super::{Captures, Expectation, Matcher, Verdict, terminal};

/// Returns the expected text that an output asks for, or `None` when nothing is to be changed.
///
/// Lines that still match stay exactly as their author wrote them, wildcards and captures
/// included, and a `...` stays where it can. JSON keeps its order and indentation and changes
/// only the values that differ. A text compared by similarity becomes the output. What only has
/// to occur somewhere (`contains`, a regular expression, a glob) is not guessed at: for these, and
/// for JSON when the output is none, the answer is `None` although the expectation is broken.
pub fn updated(
    expectation: &Expectation,
    expected_text: &str,
    output: &str,
    bound: &Captures,
) -> Option<String> {
    if matches!(expectation.check(output, bound), Verdict::Held { .. }) {
        return None;
    }
    let shown = terminal::shown(output, expectation.normalise.keep_ansi);
    match &expectation.matcher {
        Matcher::Lines(pattern) => {
            let sides = Comparison::new(pattern, &shown, &expectation.normalise, bound);
            let lines = updated_lines(&sides, expected_text);
            Some(if holds(expectation, &lines, output, bound) {
                lines
            } else {
                exact_lines(&sides, expected_text)
            })
        }
        Matcher::Json(expected) => {
            updated_json(expected, expected_text, &shown, &expectation.normalise, bound)
        }
        Matcher::Similarity { .. } => Some(trimmed(&shown) + "\n"),
        Matcher::Contains(_) | Matcher::Regex(_) | Matcher::Glob(_) => None,
    }
}

/// Rewrites only the lines that differ.
fn updated_lines(sides: &Comparison<'_>, expected_text: &str) -> String {
    let written: Vec<&str> = expected_text.lines().collect();
    let mut lines = Vec::new();
    let mut last_kept = None;
    for entry in Diff::of(sides).entries {
        match entry {
            Entry::Took { rule, .. } | Entry::Nothing { rule } if last_kept != Some(rule) => {
                // Half of a `(+)` that found no line at all is no reason to keep it.
                if sides.rules[rule].repeat == Repeat::Plus && matches!(entry, Entry::Nothing { .. }) {
                    continue;
                }
                last_kept = Some(rule);
                let line = written.get(rule).copied().unwrap_or(&sides.rules[rule].text);
                lines.push(line.to_owned());
            }
            Entry::Unexpected { line } => {
                // A rule that goes on after a new line stands on both sides of it.
                last_kept = None;
                lines.push(as_exact_line(sides.lines[line].text));
            }
            Entry::Took { .. } | Entry::Nothing { .. } | Entry::Missing { .. } => {}
        }
    }
    joined(lines, expected_text)
}

/// Writes the output as it is, where patterns cannot be kept.
///
/// That happens when captures contradict each other in ways that no single line is to blame for.
fn exact_lines(sides: &Comparison<'_>, expected_text: &str) -> String {
    joined(sides.lines.iter().map(|line| as_exact_line(line.text)).collect(), expected_text)
}

fn holds(expectation: &Expectation, text: &str, output: &str, bound: &Captures) -> bool {
    let new = Expectation::lines(text).map(|new| new.normalise(expectation.normalise.clone()));
    new.is_ok_and(|new| matches!(new.check(output, bound), Verdict::Held { .. }))
}

/// Joins lines with the line ends of the old text, which may be CRLF or miss the last one.
fn joined(lines: Vec<String>, old: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let line_end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = lines.join(line_end);
    if old.is_empty() || old.ends_with('\n') {
        text.push_str(line_end);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(expected: &str, output: &str, new: Option<&str>) {
        let expectation = Expectation::lines(expected).expect("the lines compile");
        let text = updated(&expectation, expected, output, &Captures::new());
        assert_eq!(text.as_deref(), new, "{expected:?} for {output:?}");
    }

    #[test]
    fn holding_texts_stay() {
        check("a \n...\n", "a\nb\n", None);
        check("", "\n", None);
    }

    #[test]
    fn only_lines_that_must_change_do() {
        check("a\nb  \n[..]c\n", "a\nx\nzc\n", Some("a\nx\n[..]c\n"));
        check("id <id> \n...\nend\n", "id 7\n1\n2\nEND\n", Some("id <id> \n...\nEND\n"));
        check("a\n...\nz\n", "a\nz\nlast\n", Some("a\n...\nz\nlast\n"));
        check("a (re+)\nb\n", "c\n", Some("c\n"));
        check("a (re*)\nb\n", "a\na\nc", Some("a (re*)\nc\n"));
        check("a (*)\n", "a\nx\na\n", Some("a (*)\nx\na (*)\n"));
        check("a\nb", "", Some(""));
    }

    #[test]
    fn line_ends_are_kept() {
        check("a\r\nb\r\n", "a\nc\n", Some("a\r\nc\r\n"));
        check("a", "b\n", Some("b"));
        check("", "b", Some("b\n"));
    }

    #[test]
    fn printed_patterns_are_written_as_lines() {
        check(
            "x\n",
            "...\nfoo( (re)\n<a>\n\u{7}\n",
            Some("... (equal)\nfoo( (re) (equal)\n<a> (equal)\n\\x07 (esc)\n"),
        );
    }

    #[test]
    fn whole_texts_are_replaced_only_where_that_is_meant() {
        let none = Captures::new();
        let similar = Expectation::similarity("abc", 0.9).expect("the threshold is fine");
        assert_eq!(updated(&similar, "abc", "xyz\r\n\n", &none).as_deref(), Some("xyz\n"));
        let contains = Expectation::contains(vec!["abc".to_owned()]);
        assert_eq!(updated(&contains, "abc", "xyz", &none), None);
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("...".to_owned()),
            "[ab]{0,2}",
            "(a|\\[\\.\\.\\]|<n>|<m>|b){1,3}",
            "[ab.]{1,2} \\((re|glob|equal|no-eol|esc|re\\*|\\+|\\?)\\)",
            "\\PC{0,4}",
            "[\\x00\\t\\\\\\x1b\\r<>()*]{0,4}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn updated_texts_hold_and_stay(
            expected in prop::collection::vec(line(), 0..6),
            output in prop::collection::vec(line(), 0..6),
            keep_ansi: bool,
        ) {
            let (expected, output) = (expected.join("\n"), output.join("\n"));
            let Ok(expectation) = Expectation::lines(&expected) else { return Ok(()) };
            let normalise = crate::expect::Normalise { keep_ansi, ..Default::default() };
            let expectation = expectation.normalise(normalise.clone());
            let bound = Captures::from([("m".to_owned(), "a".to_owned())]);
            if let Some(text) = updated(&expectation, &expected, &output, &bound) {
                let new = Expectation::lines(&text).expect("what is written compiles").normalise(normalise);
                prop_assert!(matches!(new.check(&output, &bound), Verdict::Held { .. }), "{text:?}");
                prop_assert_eq!(updated(&new, &text, &output, &bound), None);
            }
        }
    }
}
