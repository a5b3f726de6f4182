//! Expected texts that follow the real output.

use super::align::Repeat;
use super::check::trimmed;
use super::compare::Comparison;
use super::diff::{Diff, Entry};
use super::escape::{as_exact_line, as_unmistakable_line};
use super::json_edit::updated_json;
use super::mend::mended;
use super::replacement::{Step, replacements};
use super::{Captures, Expectation, Matcher, Verdict, terminal};

/// Tells whether a line would be read as something else than expected output where it is to
/// stand. Takes the line, its number from 0, and how many lines there are.
pub type Misread<'a> = &'a dyn Fn(&str, usize, usize) -> bool;

/// Returns the expected text that an output asks for, or `None` when nothing is to be changed.
///
/// Lines that still match stay exactly as their author wrote them, wildcards and captures
/// included, and a `...` stays where it can. In a line that changed, wildcards and captures stay
/// where the text around them did. JSON keeps its order and indentation and changes
/// only the values that differ. A text compared by similarity becomes the output. What only has
/// to occur somewhere (`contains`, a regular expression, a glob) is not guessed at: for these, and
/// for JSON when the output is none, the answer is `None` although the expectation is broken.
pub fn updated(
    expectation: &Expectation,
    expected_text: &str,
    output: &str,
    bound: &Captures,
    misread: Misread<'_>,
) -> Option<String> {
    if matches!(expectation.check(output, bound), Verdict::Held { .. }) {
        return None;
    }
    let shown = terminal::shown(output, expectation.normalise.keep_ansi);
    match &expectation.matcher {
        Matcher::Lines(pattern) => {
            let sides = Comparison::new(pattern, &shown, &expectation.normalise, bound);
            let entries = Diff::of(&sides).entries;
            let written: Vec<&str> = expected_text.lines().collect();
            let attempt = |mends| {
                let lines = Rewriting::new(&sides, &written, mends).lines(&entries, misread)?;
                let text = joined(lines, expected_text);
                holds(expectation, &text, output, bound).then_some(text)
            };
            let exact = || joined(exact_lines(&sides, misread), expected_text);
            Some(attempt(true).or_else(|| attempt(false)).unwrap_or_else(exact))
        }
        Matcher::Json(expected) => {
            updated_json(expected, expected_text, &shown, &expectation.normalise, bound)
        }
        Matcher::Similarity { .. } => Some(trimmed(&shown) + "\n"),
        Matcher::Contains(_) | Matcher::Regex(_) | Matcher::Glob(_) => None,
    }
}

/// Rewrites only the lines that differ.
struct Rewriting<'a> {
    sides: &'a Comparison<'a>,
    /// The lines of the old text, as they are written.
    written: &'a [&'a str],
    /// Whether wildcards in lines that changed are to stay.
    mends: bool,
    /// What the lines so far have captured.
    captured: Captures,
    lines: Vec<NewLine>,
    /// The rule that the last line is, while lines may still belong to it.
    last_rule: Option<usize>,
}

/// A line of the new text.
struct NewLine {
    text: String,
    /// The rule that stays.
    rule: Option<usize>,
    /// The line of the output that it stands for, where it stands for one.
    printed: Option<usize>,
}

impl<'a> Rewriting<'a> {
    fn new(sides: &'a Comparison<'a>, written: &'a [&'a str], mends: bool) -> Self {
        let captured = Captures::new();
        Rewriting { sides, written, mends, captured, lines: Vec::new(), last_rule: None }
    }

    /// Returns the new lines; `None` where what stays would not say enough or be misread.
    fn lines(mut self, entries: &[Entry], misread: Misread<'_>) -> Option<Vec<String>> {
        let sides = self.sides;
        for stretch in entries.chunk_by(|left, right| is_firm(sides, left) == is_firm(sides, right)) {
            if is_firm(sides, &stretch[0]) {
                stretch.iter().for_each(|entry| self.firm(entry));
            } else {
                replacements(sides, stretch).into_iter().for_each(|step| self.step(step));
            }
        }
        let is_open = |rule: usize| sides.rules[rule].repeat == Repeat::Anything;
        let says_nothing = self.lines.iter().all(|line| line.rule.is_some_and(is_open));
        let said_something = (0..sides.rules.len()).any(|rule| !is_open(rule));
        if says_nothing && said_something {
            return None;
        }
        self.understood(misread)
    }

    /// Keeps a rule that took a line of its own.
    fn firm(&mut self, entry: &Entry) {
        let Entry::Took { rule, line } = *entry else { return };
        let captured = self.sides.matches(rule, line, &self.captured);
        self.captured.extend(captured.unwrap_or_default());
        self.keep(rule, Some(line));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Keep { rule } => self.keep(rule, None),
            Step::Replace { rule, line } => {
                let text = self.mended(rule, line);
                self.write(text, line);
            }
            Step::New { line } => self.write(None, line),
        }
    }

    fn keep(&mut self, rule: usize, printed: Option<usize>) {
        let is_open = |rule: usize| self.sides.rules[rule].repeat == Repeat::Anything;
        let is_same = self.last_rule == Some(rule);
        self.last_rule = Some(rule);
        // Where the line between two `...` is gone, one of them is enough.
        let before = self.lines.last().and_then(|line| line.rule);
        if is_same || (is_open(rule) && before.is_some_and(|before| is_open(before) && before + 1 != rule)) {
            return;
        }
        let text = self.written.get(rule).copied().unwrap_or(&self.sides.rules[rule].text).to_owned();
        self.lines.push(NewLine { text, rule: Some(rule), printed });
    }

    /// Writes a line of the output, as a pattern or as it is.
    fn write(&mut self, pattern: Option<String>, line: usize) {
        // A rule that goes on after a new line stands on both sides of it.
        self.last_rule = None;
        let text = pattern.unwrap_or_else(|| as_exact_line(self.sides.lines[line].text));
        self.lines.push(NewLine { text, rule: None, printed: Some(line) });
    }

    /// Returns the rule with the text of a line around its wildcards.
    fn mended(&mut self, rule: usize, line: usize) -> Option<String> {
        if !self.mends {
            return None;
        }
        let text = mended(&self.sides.rules[rule].text, self.sides.lines[line].text)?;
        let captured = self.sides.matches_other(&text, line, &self.captured)?;
        self.captured.extend(captured);
        Some(text)
    }

    /// Returns the lines so that each is read as expected output.
    fn understood(self, misread: Misread<'_>) -> Option<Vec<String>> {
        let count = self.lines.len();
        let understood = self.lines.into_iter().enumerate().map(|(at, line)| {
            let misread = |text: &str| misread(text, at, count);
            if !misread(&line.text) {
                return Some(line.text);
            }
            Some(as_unmistakable_line(self.sides.lines[line.printed?].text, misread))
        });
        understood.collect()
    }
}

/// Tells whether a rule took a line that not every rule would take.
fn is_firm(sides: &Comparison<'_>, entry: &Entry) -> bool {
    matches!(entry, Entry::Took { rule, .. } if sides.rules[*rule].repeat != Repeat::Anything)
}

/// Writes the output as it is, where patterns cannot be kept.
///
/// That happens when captures contradict each other in ways that no single line is to blame for.
fn exact_lines(sides: &Comparison<'_>, misread: Misread<'_>) -> Vec<String> {
    let count = sides.lines.len();
    let exact = |(at, line): (usize, &super::lines::OutputLine<'_>)| {
        as_unmistakable_line(line.text, |text| misread(text, at, count))
    };
    sides.lines.iter().enumerate().map(exact).collect()
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

    fn never(_: &str, _: usize, _: usize) -> bool {
        false
    }

    #[track_caller]
    fn check(expected: &str, output: &str, new: Option<&str>) {
        let expectation = Expectation::lines(expected).expect("the lines compile");
        let text = updated(&expectation, expected, output, &Captures::new(), &never);
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
    fn no_ellipsis_takes_what_replaces_a_line() {
        check("Status: Succeeded\n...\n", "Status: Done\nmore\nlines\n", Some("Status: Done\n...\n"));
        check("...\nStatus: Succeeded\n...\n", "x\nStatus: Done\ny\n", Some("...\nStatus: Done\n...\n"));
        check("head\nold\n...\n", "head\nnew\nmore\n", Some("head\nnew\n...\n"));
        check("a\n...\nmid\n...\nz\n", "a\n1\nmiddle\n2\nq\n", Some("a\n...\nmiddle\n...\nq\n"));
    }

    #[test]
    fn what_is_left_says_something() {
        check("...\nStatus: Succeeded\n...\n", "", Some(""));
        check("a\n...\ngone\n...\nz\n", "a\nz\n", Some("a\n...\nz\n"));
        check("...\n...\nold\n", "new\n", Some("...\n...\nnew\n"));
    }

    #[test]
    fn wildcards_in_changed_lines_stay() {
        check(
            "took [..] for 5 items, digest sha256:<digest>\n",
            "took 3s for 6 items, digest sha256:8742\n",
            Some("took [..] for 6 items, digest sha256:<digest>\n"),
        );
        check("v[0-9]+ alpha (re)\n", "v7 beta\n", Some("v[0-9]+ beta (re)\n"));
        check("id <id>\nid <id> a\n", "id 7\nid 8 b\n", Some("id <id>\nid 8 b\n"));
    }

    #[test]
    fn lines_that_would_be_misread_are_written_in_another_way() {
        let misread = |line: &str, at: usize, count: usize| {
            line.starts_with("$ ")
                || (at == 0 && line.starts_with("> "))
                || (at + 1 == count && line == "[1]")
        };
        let check = |expected: &str, output: &str, new: &str| {
            let expectation = Expectation::lines(expected).expect("the lines compile");
            let text = updated(&expectation, expected, output, &Captures::new(), &misread);
            assert_eq!(text.as_deref(), Some(new));
        };
        check("ok\n", "ok\n$ rm x\n", "ok\n\\x24 rm x (esc)\n");
        check("a\n> q\n[1]\nb\n", "> q\n[1]\n", "\\x3e q (esc)\n[1] (equal)\n");
        check("a [..]\n", "$ a <b>\n", "\\x24 a <b> (esc)\n");
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
        assert_eq!(updated(&similar, "abc", "xyz\r\n\n", &none, &never).as_deref(), Some("xyz\n"));
        let contains = Expectation::contains(vec!["abc".to_owned()]);
        assert_eq!(updated(&contains, "abc", "xyz", &none, &never), None);
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
            if let Some(text) = updated(&expectation, &expected, &output, &bound, &never) {
                let new = Expectation::lines(&text).expect("what is written compiles").normalise(normalise);
                prop_assert!(matches!(new.check(&output, &bound), Verdict::Held { .. }), "{text:?}");
                prop_assert_eq!(updated(&new, &text, &output, &bound, &never), None);
            }
        }
    }
}
