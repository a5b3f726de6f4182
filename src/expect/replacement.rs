//! Which printed line stands in place of which expected one.
//!
//! A [`Diff`](super::diff::Diff) shows as few differences as possible, and to it a `...` that
//! takes one line more costs nothing. For new text that is not enough: the line that replaces an
//! expected one must be written, or the `...` beside it would say in its stead that anything goes.

use super::align::Repeat;
use super::compare::Comparison;
use super::diff::Entry;
use super::similarity::similarity;

/// What becomes of the rules and lines of a stretch in which something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The rule stays as it is; it may take nothing.
    Keep { rule: usize },
    /// The line is written in place of the rule.
    Replace { rule: usize, line: usize },
    /// The line is written where nothing stood.
    New { line: usize },
}

/// The largest table that is filled, in cells.
const LARGEST_TABLE: usize = 4 << 20;

/// The most pairs of a rule and a line whose similarity is looked at.
const MOST_PAIRS: usize = 50_000;

/// How much of a line is looked at, in characters.
const LOOKED_AT: usize = 200;

/// Costs of the choices. A rule is replaced rather than lost, by the line that is most similar.
const REPLACED: u32 = 1_000;
const NEW: u32 = 1_000;
const LOST: u32 = 2_000;

/// Returns what becomes of a stretch of a diff without lines that a rule of their own took.
pub(super) fn replacements(sides: &Comparison<'_>, stretch: &[Entry]) -> Vec<Step> {
    let rules = rules(sides, stretch);
    let lines: Vec<usize> = stretch.iter().filter_map(Entry::line).collect();
    if (rules.len() + 1).saturating_mul(lines.len() + 1) > LARGEST_TABLE {
        return in_order(&rules, &lines);
    }
    let missing = rules.iter().filter(|rule| rule.fate == Fate::Missing).count();
    let looks = missing.saturating_mul(lines.len()) <= MOST_PAIRS;
    let cost = |rule: &Part, line: usize| {
        let (expected, printed) = (&sides.rules[rule.rule].text, sides.lines[line].text);
        let alike = if looks { similarity(beginning(expected), beginning(printed)) } else { 0.0 };
        (f64::from(REPLACED) * (1.0 - alike)) as u32
    };
    Table::filled(&rules, &lines, cost).walk(&rules, &lines)
}

/// A rule of the stretch.
#[derive(Debug, Clone, Copy)]
struct Part {
    rule: usize,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It found no line.
    Missing,
    /// It takes any lines.
    Anything,
    /// It needs none.
    Empty,
}

fn rules(sides: &Comparison<'_>, stretch: &[Entry]) -> Vec<Part> {
    let mut rules: Vec<Part> = Vec::new();
    for entry in stretch {
        let (rule, missing) = match *entry {
            Entry::Missing { rule } => (rule, true),
            Entry::Took { rule, .. } | Entry::Nothing { rule } => (rule, false),
            Entry::Unexpected { .. } => continue,
        };
        // The second half of a `(+)` that found no line, and the further lines of a `...`.
        if rules.last().is_some_and(|last| last.rule == rule) {
            continue;
        }
        let fate = match sides.rules[rule].repeat {
            _ if missing => Fate::Missing,
            Repeat::Anything => Fate::Anything,
            // Half of a `(+)` that found no line at all is no reason to keep it.
            Repeat::Plus => continue,
            _ => Fate::Empty,
        };
        rules.push(Part { rule, fate });
    }
    rules
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(LOOKED_AT).map_or(text, |(end, _)| &text[..end])
}

/// Pairs what is too much to choose from as it comes; what is left over goes to a `...` or is new.
fn in_order(rules: &[Part], lines: &[usize]) -> Vec<Step> {
    let mut lines = lines.iter();
    let mut steps = Vec::new();
    for part in rules {
        match part.fate {
            Fate::Missing => {
                steps.extend(lines.next().map(|line| Step::Replace { rule: part.rule, line: *line }));
            }
            Fate::Anything | Fate::Empty => steps.push(Step::Keep { rule: part.rule }),
        }
    }
    let takes_rest = rules.last().is_some_and(|part| part.fate == Fate::Anything);
    if !takes_rest {
        steps.extend(lines.map(|line| Step::New { line: *line }));
    }
    steps
}

/// The best first choice for each pair of a rest of the rules and a rest of the lines.
struct Table {
    choices: Vec<Choice>,
    width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Pass,
    Take,
    Replace,
    Lose,
    Add,
}

impl Table {
    fn filled(rules: &[Part], lines: &[usize], replaced: impl Fn(&Part, usize) -> u32) -> Self {
        let width = lines.len() + 1;
        let mut table = Table { choices: vec![Choice::Add; (rules.len() + 1) * width], width };
        let mut below: Vec<u32> = (0..width as u32).rev().map(|left| left.saturating_mul(NEW)).collect();
        let mut here = vec![0; width];
        for (row, part) in rules.iter().enumerate().rev() {
            for column in (0..width).rev() {
                let line = lines.get(column);
                let add = line.map(|_| (here[column + 1] + NEW, Choice::Add));
                let own = match part.fate {
                    Fate::Empty => [Some((below[column], Choice::Pass)), None],
                    Fate::Anything => {
                        let take = line.map(|_| (here[column + 1], Choice::Take));
                        [Some((below[column], Choice::Pass)), take]
                    }
                    Fate::Missing => {
                        let cost = |line: &usize| below[column + 1] + replaced(part, *line);
                        let replace = line.map(|line| (cost(line), Choice::Replace));
                        [replace, Some((below[column] + LOST, Choice::Lose))]
                    }
                };
                let best = own.into_iter().chain([add]).flatten().min_by_key(|choice| choice.0);
                let (cost, choice) = best.expect("a rule can always be passed or lost");
                here[column] = cost;
                table.choices[row * width + column] = choice;
            }
            std::mem::swap(&mut below, &mut here);
        }
        table
    }

    fn walk(&self, rules: &[Part], lines: &[usize]) -> Vec<Step> {
        let (mut row, mut column) = (0, 0);
        let mut steps = Vec::new();
        while row < rules.len() || column < lines.len() {
            let rule = rules.get(row).map_or(0, |part| part.rule);
            let (rows, columns, step) = match self.choices[row * self.width + column] {
                Choice::Pass => (1, 0, Some(Step::Keep { rule })),
                Choice::Take => (0, 1, None),
                Choice::Replace => (1, 1, Some(Step::Replace { rule, line: lines[column] })),
                Choice::Lose => (1, 0, None),
                Choice::Add => (0, 1, Some(Step::New { line: lines[column] })),
            };
            (row, column) = (row + rows, column + columns);
            steps.extend(step);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::diff::Diff;
    use crate::expect::{Captures, LinePattern, Normalise};

    /// Replaces a rule by `>` and its line, keeps it as it is, and adds `+` and a line.
    #[track_caller]
    fn check(expected: &str, output: &str, steps: &str) {
        let pattern = LinePattern::parse(&expected.replace(' ', "\n")).expect("the lines compile");
        let (output, bound) = (output.replace(' ', "\n"), Captures::new());
        let sides = Comparison::new(&pattern, &output, &Normalise::default(), &bound);
        let shown = replacements(&sides, &Diff::of(&sides).entries).into_iter().map(|step| match step {
            Step::Keep { rule } => sides.rules[rule].text.clone(),
            Step::Replace { line, .. } => format!(">{}", sides.lines[line].text),
            Step::New { line } => format!("+{}", sides.lines[line].text),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), steps, "{expected:?} for {output:?}");
    }

    #[test]
    fn the_line_beside_an_ellipsis_replaces_the_expected_one() {
        check("old ...", "x y z", ">x ...");
        check("... old", "x y z", "... >z");
        check("old1 old2 ...", "x y z", ">x >y ...");
        check("old ... end", "x y z", ">x ... >z");
    }

    #[test]
    fn between_two_the_most_similar_line_does() {
        check("... state:Succeeded ...", "x state:Done y", "... >state:Done ...");
        check("... state:Succeeded ...", "", "... ...");
    }

    #[test]
    fn what_is_too_much_is_paired_in_order() {
        let output: Vec<String> = (0..3_000).map(|line| format!("new{line}")).collect();
        let steps: Vec<String> = output.iter().map(|line| format!(">{line}")).collect();
        check("old ".repeat(2_000).trim_end(), &output.join(" "), &{
            let (replaced, new) = steps.split_at(2_000);
            let new = new.iter().map(|line| line.replace('>', "+"));
            replaced.iter().cloned().chain(new).collect::<Vec<_>>().join(" ")
        });
    }
}
