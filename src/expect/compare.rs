//! Expected lines against printed lines.

use std::collections::HashSet;
use std::ops::Range;

use super::align::{Repeat, align};
use super::diff::Diff;
use super::lines::{LinePattern, OutputLine, Rule};
use super::{Captures, Normalise, Verdict};

/// The two sides of a comparison, both in canonical form.
pub(super) struct Comparison<'a> {
    pub(super) rules: Vec<Rule>,
    pub(super) lines: Vec<OutputLine<'a>>,
    pub(super) bound: &'a Captures,
    normalise: Normalise,
}

impl<'a> Comparison<'a> {
    /// Prepares a pattern and what a terminal showed.
    pub(super) fn new(
        pattern: &LinePattern,
        shown: &'a str,
        normalise: &Normalise,
        bound: &'a Captures,
    ) -> Self {
        let rules = pattern.rules.iter().map(|rule| rule.normalised(normalise)).collect();
        let lines = OutputLine::split(shown, normalise);
        Comparison { rules, lines, bound, normalise: normalise.clone() }
    }

    /// Compares, and explains the difference where there is one.
    pub(super) fn verdict(&self) -> Verdict {
        match self.ranges() {
            Some(ranges) => Verdict::Held { captures: self.captures(&ranges), score: None },
            None => Verdict::Broken(Diff::of(self).mismatch(self)),
        }
    }

    /// Returns the lines that each rule takes, when all is as expected.
    pub(super) fn ranges(&self) -> Option<Vec<Range<usize>>> {
        let repeats: Vec<Repeat> = self.rules.iter().map(|rule| rule.repeat).collect();
        let shared = self.shared_names();
        align(&repeats, self.lines.len(), |rule, line, before| {
            let mut captured = self.matches(rule, line, before)?;
            captured.retain(|name, _| shared.contains(name.as_str()));
            Some(captured)
        })
    }

    /// Matches one line, with what was captured before it.
    pub(super) fn matches(&self, rule: usize, line: usize, before: &Captures) -> Option<Captures> {
        self.rules[rule].matches(&self.lines[line], &[before, self.bound])
    }

    /// Matches one line with a rule that is not among those compared.
    pub(super) fn matches_other(&self, rule: &str, line: usize, before: &Captures) -> Option<Captures> {
        let rule = Rule::parse(rule, 0).ok()?.normalised(&self.normalise);
        rule.matches(&self.lines[line], &[before, self.bound])
    }

    /// Returns the names that more than one line can bind. Only they tie lines to each other.
    fn shared_names(&self) -> HashSet<&str> {
        let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
        for rule in &self.rules {
            for name in rule.names().filter(|name| !self.bound.contains_key(*name)) {
                if !seen.insert(name) || rule.repeat != Repeat::Once {
                    shared.insert(name);
                }
            }
        }
        shared
    }

    fn captures(&self, ranges: &[Range<usize>]) -> Captures {
        let mut captures = Captures::new();
        for (rule, range) in ranges.iter().enumerate() {
            // Most rules capture nothing, and a `...` may have taken very many lines.
            if self.rules[rule].names().next().is_none() {
                continue;
            }
            for line in range.clone() {
                let captured = self.matches(rule, line, &captures);
                captures.extend(captured.unwrap_or_default());
            }
        }
        captures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Expectation;

    #[track_caller]
    fn verdict(expected: &str, output: &str) -> Verdict {
        let bound = Captures::from([("bound".to_owned(), "abc".to_owned())]);
        Expectation::lines(expected).expect("the lines compile").check(output, &bound)
    }

    #[track_caller]
    fn held(expected: &str, output: &str, captures: &[(&str, &str)]) {
        let captures = captures.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(verdict(expected, output), Verdict::Held { captures, score: None }, "{expected:?}");
    }

    #[track_caller]
    fn broken(expected: &str, output: &str, summary: &str) {
        match verdict(expected, output) {
            Verdict::Broken(mismatch) => assert_eq!(mismatch.summary, summary),
            held => panic!("{expected:?} on {output:?}: {held:?}"),
        }
    }

    #[test]
    fn blanks_line_ends_and_final_newlines_do_not_count() {
        held("", "", &[]);
        held("", "\r\n\n", &[]);
        held("a\nb\n", "a  \r\nb\t\r\n\r\n", &[]);
        held("a\r\nb\r\n", "a\nb", &[]);
        held("a", "\x1b[1ma\x1b[0m", &[]);
    }

    #[test]
    fn ellipsis_takes_any_lines() {
        for output in ["", "a", "a\nb\n\nc"] {
            held("...", output, &[]);
            held("  ...\n...\n...", output, &[]);
        }
        held("a\n...\nz", "a\nz", &[]);
        held("...\nb\n...\nb", "b\na\nb\nb", &[]);
        held("...\nend", "end\nmore\nend", &[]);
        held("a (re*)\nb (?)\nc (+)", "a\na\nc\nc", &[]);
    }

    #[test]
    fn captures_must_agree() {
        held("id <id>\nsame <id>", "id 7\nsame 7", &[("id", "7")]);
        held("<bound>", "abc", &[]);
        held("...\nid <id>\n...\nsame <id>", "id 1\nid 2\nsame 2", &[("id", "2")]);
        held("item <n> (+)", "item 1\nitem 1", &[("n", "1")]);
        broken(
            "item <n> (+)",
            "item 1\nitem 2",
            "output differs from line 2: expected \"item <n> (+)\" where <n> is \"1\", got \"item 2\"",
        );
        broken(
            "id <id>\nsame <id>",
            "id 7\nsame 8",
            "output differs from line 2: expected \"same <id>\" where <id> is \"7\", got \"same 8\"",
        );
        broken(
            "got <bound>",
            "got abd",
            "output differs from line 1: expected \"got <bound>\" where <bound> is \"abc\", got \"got abd\"",
        );
    }

    #[test]
    fn first_difference_is_named() {
        broken("a", "", "nothing was printed");
        broken("", "a\nb", "expected no output, got \"a\"");
        broken("a\nb", "a", "output ends before \"b\"");
        broken("a\nb\nc", "a\nc", "\"b\" is missing before line 2");
        broken("a\nc", "a\nb\nc", "line 2 was not expected: \"b\"");
        broken("a\nb\nc", "a\nx\nc", "output differs from line 2: expected \"b\", got \"x\"");
        broken("a\n...\nc", "a\nx\ny", "output differs from line 3: expected \"c\", got \"y\"");
        broken("...\nc\n...", "a\nx\ny", "\"c\" is missing from line 1 on");
        broken("end (no-eol)", "end\n", "output differs from line 1: expected \"end (no-eol)\", got \"end\"");
    }

    #[test]
    fn odd_texts_are_compared() {
        held("nul \0 \u{fffd}\n[..]é[..]", "nul \0 \u{fffd}\naéz", &[]);
        held("(a*)*b (re)\n...", &format!("{}b", "a".repeat(1 << 20)), &[]);
        broken("(a*)*b (re)", "aac", "output differs from line 1: expected \"(a*)*b (re)\", got \"aac\"");
    }

    #[test]
    fn large_outputs_stay_fast() {
        let output: String = (0..100_000).map(|line| format!("line {line} of many\n")).collect();
        let started = std::time::Instant::now();
        held(&output, &output, &[]);
        held(
            "...\nline <n> of many\n...\nline [..]9 of many\n...\nline 99999 of many",
            &output,
            &[("n", "0")],
        );
        let nearly = output.replace("line 50000 ", "line x ");
        broken(
            &nearly,
            &output,
            "output differs from line 50001: expected \"line x of many\", got \"line 50000 of many\"",
        );
        broken(
            "line 0 of many\n...\nlast",
            &output,
            "output differs from line 100000: expected \"last\", got \"line 99999 of many\"",
        );
        let pattern = "...\nline <n> of many\nno\n".repeat(4);
        assert!(matches!(verdict(&pattern, &output), Verdict::Broken(_)));
        assert!(matches!(verdict(&"x\n".repeat(100_000), &output), Verdict::Broken(_)));
        // Generous: an unoptimised build on a busy machine takes a few seconds.
        assert!(started.elapsed().as_secs() < 60, "took {:?}", started.elapsed());
    }
}
