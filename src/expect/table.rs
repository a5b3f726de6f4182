//! The alignment with the fewest differences.

use std::ops::Range;

use super::Captures;
use super::align::{Repeat, Slot};
use super::compare::Comparison;
use super::diff::Entry;

/// The largest table that is filled, in cells of a byte. What does not fit is compared only at
/// its beginning and its end.
const LARGEST_TABLE: usize = 4 << 20;

/// The most rules in a table.
const MOST_ROWS: usize = 2_000;

/// Aligns what common beginnings and ends have left over.
pub(super) fn align_middle(
    sides: &Comparison<'_>,
    slots: &[Slot],
    lines: Range<usize>,
    entries: &mut Vec<Entry>,
) {
    let rows = slots.len().min(MOST_ROWS);
    let columns = lines.len().min(LARGEST_TABLE / (rows + 1));
    let (inside, outside) = slots.split_at(rows);
    let cut = lines.start + columns;
    Table::filled(sides, inside, lines.start..cut).walk(inside, lines.start..cut, entries);
    entries.extend(outside.iter().map(|slot| Entry::Missing { rule: slot.rule }));
    entries.extend((cut..lines.end).map(|line| Entry::Unexpected { line }));
}

/// The best first move for each pair of a rest of the rules and a rest of the lines.
struct Table {
    moves: Vec<Move>,
    width: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    Take,
    Nothing,
    Missing,
    Replaced,
    Unexpected,
}

/// What a difference costs. A line in place of another is one difference, not two: else a `...`
/// would take the line that an author must see beside the expected one.
const DIFFERENCE: u32 = 1;

impl Table {
    fn filled(sides: &Comparison<'_>, slots: &[Slot], lines: Range<usize>) -> Self {
        let width = lines.len() + 1;
        let mut table = Table { moves: vec![Move::Unexpected; (slots.len() + 1) * width], width };
        // With no rule left, each line that is left is a difference.
        let mut below: Vec<u32> = (0..width as u32).rev().map(|left| left * DIFFERENCE).collect();
        let mut here = vec![0; width];
        for (row, slot) in slots.iter().enumerate().rev() {
            for column in (0..width).rev() {
                let line = lines.start + column;
                let taken = (line < lines.end && takes(sides, *slot, line)).then(|| match slot.repeat {
                    Repeat::Star | Repeat::Anything => here[column + 1],
                    _ => below[column + 1],
                });
                let unexpected = (line < lines.end).then(|| here[column + 1] + DIFFERENCE);
                let replaced = (line < lines.end).then(|| below[column + 1] + DIFFERENCE);
                let (cost, step) = best(slot.repeat, taken, below[column], replaced, unexpected);
                here[column] = cost;
                table.moves[row * width + column] = step;
            }
            std::mem::swap(&mut below, &mut here);
        }
        table
    }

    fn walk(&self, slots: &[Slot], lines: Range<usize>, entries: &mut Vec<Entry>) {
        let (mut row, mut line) = (0, lines.start);
        while row < slots.len() || line < lines.end {
            let slot = slots.get(row);
            let rule = slot.map_or(0, |slot| slot.rule);
            let stays = slot.is_some_and(|slot| matches!(slot.repeat, Repeat::Star | Repeat::Anything));
            match self.moves[row * self.width + line - lines.start] {
                Move::Take => {
                    entries.push(Entry::Took { rule, line });
                    (row, line) = (row + usize::from(!stays), line + 1);
                }
                Move::Nothing => {
                    let took =
                        matches!(entries.last(), Some(Entry::Took { rule: last, .. }) if *last == rule);
                    if !took {
                        entries.push(Entry::Nothing { rule });
                    }
                    row += 1;
                }
                Move::Missing => {
                    entries.push(Entry::Missing { rule });
                    row += 1;
                }
                Move::Replaced => {
                    entries.extend([Entry::Missing { rule }, Entry::Unexpected { line }]);
                    (row, line) = (row + 1, line + 1);
                }
                Move::Unexpected => {
                    entries.push(Entry::Unexpected { line });
                    line += 1;
                }
            }
        }
    }
}

/// Chooses the cheapest move; of equals the one that reads best.
fn best(
    repeat: Repeat,
    taken: Option<u32>,
    skipped: u32,
    replaced: Option<u32>,
    unexpected: Option<u32>,
) -> (u32, Move) {
    let taken = taken.map(|cost| (cost, Move::Take));
    let unexpected = unexpected.map(|cost| (cost, Move::Unexpected));
    let nothing = Some((skipped, Move::Nothing));
    let choices = match repeat {
        Repeat::Once | Repeat::Plus => {
            let missing = Some((skipped + DIFFERENCE, Move::Missing));
            [taken, missing, replaced.map(|cost| (cost, Move::Replaced)), unexpected]
        }
        // A `...` gives way to lines that say more.
        Repeat::Anything => [nothing, taken, unexpected, None],
        Repeat::Optional | Repeat::Star => [taken, nothing, unexpected, None],
    };
    choices.into_iter().flatten().min_by_key(|choice| choice.0).expect("skipping is always possible")
}

/// Tells whether a slot takes a line, whatever was captured elsewhere.
pub(super) fn takes(sides: &Comparison<'_>, slot: Slot, line: usize) -> bool {
    slot.repeat == Repeat::Anything || sides.matches(slot.rule, line, &Captures::new()).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::expect::compare::Comparison;
    use crate::expect::diff::{Diff, Entry};
    use crate::expect::{Captures, LinePattern, Normalise};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn table_and_walk_agree(
            expected in prop::collection::vec("(a|b|\\.\\.\\.|[ab\\.] \\((re)?[*+?]\\)|a\\[\\.\\.\\])", 0..7),
            output in prop::collection::vec("(a|b|ab|c)", 0..9),
        ) {
            let pattern = LinePattern::parse(&expected.join("\n")).expect("each line compiles");
            let (output, bound) = (output.join("\n"), Captures::new());
            let sides = Comparison::new(&pattern, &output, &Normalise::default(), &bound);
            let differs =
                |entry: &Entry| matches!(entry, Entry::Missing { .. } | Entry::Unexpected { .. });
            let diff = Diff::of(&sides);
            prop_assert_eq!(sides.ranges().is_none(), diff.entries.iter().any(differs));
            let lines = diff.entries.iter().filter_map(|entry| match entry {
                Entry::Took { line, .. } | Entry::Unexpected { line } => Some(*line),
                Entry::Nothing { .. } | Entry::Missing { .. } => None,
            });
            prop_assert!(lines.eq(0..sides.lines.len()));
        }
    }
}
