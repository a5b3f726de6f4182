//! How printed lines differ from expected ones.

use super::align::{Repeat, Slot, slots};
use super::compare::Comparison;
use super::quote::quote;
use super::table::{align_middle, takes};
use super::{Captures, DiffLine, Mismatch};

/// A line-by-line account of a comparison, with as few differences as possible.
#[derive(Debug)]
pub(super) struct Diff {
    pub(super) entries: Vec<Entry>,
}

/// What became of a rule or a line. Numbers are those of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The rule took the line.
    Took { rule: usize, line: usize },
    /// The rule may take nothing, and did.
    Nothing { rule: usize },
    /// The rule found no line.
    Missing { rule: usize },
    /// No rule takes the line.
    Unexpected { line: usize },
}

/// The longest run of missing or unexpected lines that is shown whole.
const LONGEST_RUN: usize = 1_000;

/// The longest line that is shown whole, in characters.
const LONGEST_LINE: usize = 2_000;

impl Diff {
    /// Aligns the two sides.
    pub(super) fn of(sides: &Comparison<'_>) -> Self {
        let slots = slots(sides.rules.iter().map(|rule| rule.repeat));
        let fits = |slot: &Slot, line| slot.repeat == Repeat::Once && takes(sides, *slot, line);
        let most = slots.len().min(sides.lines.len());
        let head = (0..most).take_while(|at| fits(&slots[*at], *at)).count();
        let from_end = |at: usize| fits(&slots[slots.len() - at], sides.lines.len() - at);
        let tail = (1..=most - head).take_while(|at| from_end(*at)).count();

        let middle = head..sides.lines.len() - tail;
        let took = |slot: &Slot, line| Entry::Took { rule: slot.rule, line };
        let mut entries: Vec<Entry> = (0..head).map(|at| took(&slots[at], at)).collect();
        align_middle(sides, &slots[head..slots.len() - tail], middle.clone(), &mut entries);
        let last = &slots[slots.len() - tail..];
        entries.extend(last.iter().zip(middle.end..).map(|(slot, line)| took(slot, line)));
        Diff { entries: without_conflicts(sides, entries) }
    }

    /// Returns the difference as plain data.
    pub(super) fn mismatch(&self, sides: &Comparison<'_>) -> Mismatch {
        Mismatch { summary: self.summary(sides), diff: self.lines(sides) }
    }

    /// Names the first difference.
    fn summary(&self, sides: &Comparison<'_>) -> String {
        if sides.lines.is_empty() {
            return "nothing was printed".to_owned();
        }
        if sides.rules.is_empty() {
            return format!("expected no output, got {}", quote(sides.lines[0].text));
        }
        let Some(first) = self.entries.iter().position(Entry::is_difference) else {
            return "captured values do not agree with each other".to_owned();
        };
        let rest = &self.entries[first..];
        let run = || rest.iter().take_while(|entry| !matches!(entry, Entry::Took { .. }));
        let expected = run().find_map(|entry| match entry {
            Entry::Missing { rule } => Some(self.expected(sides, *rule)),
            _ => None,
        });
        let unexpected = run().find_map(Entry::line).map(|line| (line + 1, quote(sides.lines[line].text)));
        match (expected, unexpected) {
            (Some(expected), Some((line, got))) => {
                format!("output differs from line {line}: expected {expected}, got {got}")
            }
            (None, Some((line, got))) => format!("line {line} was not expected: {got}"),
            (Some(expected), None) => absent(&expected, rest, sides),
            (None, None) => unreachable!("the run starts with a difference"),
        }
    }

    /// Quotes a rule, with the values that its names are bound to.
    fn expected(&self, sides: &Comparison<'_>, rule: usize) -> String {
        let text = quote(&sides.rules[rule].text);
        let before = captures_before(sides, &self.entries, rule);
        let value = |name: &str| before.get(name).or_else(|| sides.bound.get(name)).cloned();
        let values = sides.rules[rule].names().filter_map(|name| Some((name, value(name)?)));
        let values: Vec<String> =
            values.map(|(name, value)| format!("<{name}> is {}", quote(&value))).collect();
        if values.is_empty() { text } else { format!("{text} where {}", values.join(", ")) }
    }

    fn lines(&self, sides: &Comparison<'_>) -> Vec<DiffLine> {
        let mut lines = Vec::new();
        let mut rest = self.entries.as_slice();
        while let Some(first) = rest.first() {
            let length = rest.iter().take_while(|entry| entry.goes_with(first, sides)).count();
            let (run, after) = rest.split_at(length.max(1));
            match first {
                Entry::Took { .. } if run.len() > 2 && first.is_anything(sides) => {
                    lines.push(DiffLine::Skipped(run.len()));
                }
                Entry::Took { .. } => lines.extend(run.iter().filter_map(|entry| entry.shown(sides))),
                _ => difference(run, sides, &mut lines),
            }
            rest = after;
        }
        lines
    }
}

impl Entry {
    fn is_difference(&self) -> bool {
        matches!(self, Entry::Missing { .. } | Entry::Unexpected { .. })
    }

    /// Returns the line that the entry is about.
    pub(super) fn line(&self) -> Option<usize> {
        match self {
            Entry::Took { line, .. } | Entry::Unexpected { line } => Some(*line),
            Entry::Nothing { .. } | Entry::Missing { .. } => None,
        }
    }

    fn is_anything(&self, sides: &Comparison<'_>) -> bool {
        matches!(self, Entry::Took { rule, .. } if sides.rules[*rule].repeat == Repeat::Anything)
    }

    /// Tells whether two entries are shown as one run.
    fn goes_with(&self, first: &Entry, sides: &Comparison<'_>) -> bool {
        match (first, self) {
            (Entry::Took { rule, .. }, Entry::Took { rule: other, .. }) => {
                rule == other || (!first.is_anything(sides) && !self.is_anything(sides))
            }
            (Entry::Took { .. }, _) => false,
            (_, entry) => !matches!(entry, Entry::Took { .. }),
        }
    }

    fn shown(&self, sides: &Comparison<'_>) -> Option<DiffLine> {
        Some(match self {
            Entry::Took { rule, line } => {
                let (rule, line) = (&sides.rules[*rule], sides.lines[*line].text);
                match rule.is_pattern() && rule.text != line {
                    true => DiffLine::Matched { pattern: cut(&rule.text), line: cut(line) },
                    false => DiffLine::Same(cut(line)),
                }
            }
            Entry::Nothing { .. } => return None,
            Entry::Missing { rule } => DiffLine::Missing(cut(&sides.rules[*rule].text)),
            Entry::Unexpected { line } => DiffLine::Unexpected(cut(sides.lines[*line].text)),
        })
    }
}

/// Returns a line, or the beginning of one that nobody reads to its end: a diff is kept in the record.
fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… ({} more bytes)", &line[..end], line.len() - end),
    }
}

/// Says where an expected line was looked for, when no line stands in its place.
fn absent(expected: &str, rest: &[Entry], sides: &Comparison<'_>) -> String {
    match rest.iter().find_map(|entry| Some((entry, entry.line()? + 1))) {
        None => format!("output ends before {expected}"),
        Some((entry, line)) if entry.is_anything(sides) => {
            format!("{expected} is missing from line {line} on")
        }
        Some((_, line)) => format!("{expected} is missing before line {line}"),
    }
}

/// Shows a run of differences: first all that is missing, then all that is there instead.
fn difference(run: &[Entry], sides: &Comparison<'_>, lines: &mut Vec<DiffLine>) {
    let is_missing = |entry: &&Entry| matches!(entry, Entry::Missing { .. });
    let (missing, unexpected): (Vec<&Entry>, Vec<&Entry>) =
        run.iter().filter(|entry| entry.is_difference()).partition(is_missing);
    for (side, note) in [(missing, DiffLine::Missing as fn(String) -> _), (unexpected, DiffLine::Unexpected)]
    {
        lines.extend(side.iter().take(LONGEST_RUN).filter_map(|entry| entry.shown(sides)));
        if side.len() > LONGEST_RUN {
            lines.push(note(format!("({} more lines)", side.len() - LONGEST_RUN)));
        }
    }
}

/// Undoes matches whose captures contradict earlier ones.
fn without_conflicts(sides: &Comparison<'_>, entries: Vec<Entry>) -> Vec<Entry> {
    let mut before = Captures::new();
    let mut agreed = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Entry::Took { rule, line } if sides.rules[rule].names().next().is_some() => {
                match sides.matches(rule, line, &before) {
                    Some(captured) => {
                        before.extend(captured);
                        agreed.push(entry);
                    }
                    None => agreed.extend([Entry::Missing { rule }, Entry::Unexpected { line }]),
                }
            }
            _ => agreed.push(entry),
        }
    }
    agreed
}

/// Returns what the lines before a missing rule have captured.
fn captures_before(sides: &Comparison<'_>, entries: &[Entry], missing: usize) -> Captures {
    let mut before = Captures::new();
    for entry in entries {
        match entry {
            Entry::Missing { rule } if *rule == missing => break,
            Entry::Took { rule, line } if sides.rules[*rule].names().next().is_some() => {
                before.extend(sides.matches(*rule, *line, &before).unwrap_or_default());
            }
            _ => {}
        }
    }
    before
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::expect::{Expectation, Verdict};

    #[track_caller]
    fn check(expected: &str, output: &str, diff: Expect) {
        let expectation = Expectation::lines(expected).expect("the lines compile");
        let Verdict::Broken(mismatch) = expectation.check(output, &Captures::new()) else {
            panic!("{expected:?} holds for {output:?}");
        };
        let lines = mismatch.diff.iter().map(|line| match line {
            DiffLine::Same(line) => format!("  {line}\n"),
            DiffLine::Matched { pattern, line } => format!("~ {pattern} | {line}\n"),
            DiffLine::Skipped(count) => format!("~ {count} lines\n"),
            DiffLine::Missing(line) => format!("- {line}\n"),
            DiffLine::Unexpected(line) => format!("+ {line}\n"),
        });
        diff.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn wildcards_are_understood() {
        check(
            "start\n...\nid [..]\nend\n",
            "start\n1\n2\n3\nid 5\nfin\n",
            expect![[r#"
              start
            ~ 3 lines
            ~ id [..] | id 5
            - end
            + fin
        "#]],
        );
        check(
            "a\n...\nb\n...\nc",
            "a\nx\nb\nc\nd",
            expect![[r#"
              a
            ~ ... | x
              b
              c
            + d
        "#]],
        );
        check(
            "a (+)\nb (*)\nc",
            "a\na\nd",
            expect![[r#"
            ~ a (+) | a
            ~ a (+) | a
            - c
            + d
        "#]],
        );
    }

    #[test]
    fn as_few_lines_as_possible_differ() {
        check(
            "a\nb\nc\nd",
            "a\nx\nc\ny\nz",
            expect![[r#"
              a
            - b
            + x
              c
            - d
            + y
            + z
        "#]],
        );
        check(
            "1\n2\n3",
            "2\n3\n4",
            expect![[r#"
            - 1
              2
              3
            + 4
        "#]],
        );
        check(
            "a\nb",
            "b\na",
            expect![[r#"
            - a
              b
            + a
        "#]],
        );
    }

    #[test]
    fn long_lines_are_cut() {
        assert_eq!(cut(&"é".repeat(2_000)), "é".repeat(2_000));
        assert_eq!(
            cut(&format!("{}!", "é".repeat(10_000))),
            format!("{}… (16001 more bytes)", "é".repeat(2_000))
        );
        let verdict = Expectation::lines("x").unwrap().check(&"y".repeat(10_000), &Captures::new());
        let Verdict::Broken(mismatch) = verdict else { panic!("the lines differ") };
        let unexpected = DiffLine::Unexpected(cut(&"y".repeat(10_000)));
        assert_eq!(mismatch.diff, [DiffLine::Missing("x".to_owned()), unexpected]);
    }

    #[test]
    fn contradicting_captures_are_differences() {
        check(
            "<id>\n...\nid <id>",
            "7\nx\nid 8",
            expect![[r#"
            ~ <id> | 7
            ~ ... | x
            - id <id>
            + id 8
        "#]],
        );
    }

    #[test]
    fn empty_sides_differ_whole() {
        check(
            "a\nb",
            "",
            expect![[r#"
            - a
            - b
        "#]],
        );
        check(
            "",
            "a\nb",
            expect![[r#"
            + a
            + b
        "#]],
        );
    }

    #[test]
    fn very_long_runs_are_cut() {
        let expected = "x\n".repeat(3_000);
        let Verdict::Broken(mismatch) =
            Expectation::lines(&expected).expect("it compiles").check(&"y\n".repeat(9_000), &Captures::new())
        else {
            panic!("nothing is as expected");
        };
        assert_eq!(mismatch.diff.len(), 2 * (LONGEST_RUN + 1));
        assert_eq!(mismatch.diff.last(), Some(&DiffLine::Unexpected("(8000 more lines)".to_owned())));
    }
}
