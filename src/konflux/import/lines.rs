//! Texts side by side, line by line.

use std::collections::BTreeSet;

use crate::konflux::compare::{Dimension, Pattern};

/// How well two lines fit that are the same.
const SAME: u32 = 4;

/// How many pairs of lines are weighed at most; what is left over stands apart.
const MOST_PAIRS: usize = 4_000_000;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// As it stands.
    pub(super) raw: String,
    /// With a letter of nobody's alphabet in place of each value of a dimension.
    pub(super) open: String,
}

/// A line of all files together: what each of them has there, if anything.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) lines: Vec<Option<Line>>,
    /// The same, each once.
    known: Vec<Line>,
}

/// The letter that stands for a dimension.
pub(super) fn letter_of(dimension: usize) -> char {
    char::from_u32(0xe000 + dimension as u32).unwrap_or('\u{f8ff}')
}

/// Returns the dimension that a letter stands for.
pub(super) fn dimension_of(letter: char) -> Option<usize> {
    ('\u{e000}'..'\u{f000}').contains(&letter).then(|| letter as usize - 0xe000)
}

/// Puts the lines of all files beside each other.
pub(super) fn aligned(texts: &[&str], dimensions: &[Dimension]) -> Vec<Slot> {
    let count = texts.len();
    let mut slots: Vec<Slot> = Vec::new();
    for (file, text) in texts.iter().enumerate() {
        let lines: Vec<Line> = text.lines().map(|line| line_of(line, dimensions, file)).collect();
        slots = merged(slots, lines, file, count);
    }
    slots
}

fn line_of(line: &str, dimensions: &[Dimension], file: usize) -> Line {
    let pattern = Pattern::of(line, dimensions, file);
    Line { raw: line.to_owned(), open: pattern.write(str::to_owned, |number| letter_of(number).to_string()) }
}

impl Slot {
    fn with(line: Line, file: usize, count: usize) -> Self {
        let mut slot = Self { lines: vec![None; count], known: Vec::new() };
        slot.put(line, file);
        slot
    }

    fn put(&mut self, line: Line, file: usize) {
        if !self.known.contains(&line) {
            self.known.push(line.clone());
        }
        self.lines[file] = Some(line);
    }

    /// Returns how well a line fits. The same text fits better than one that is the same but for the values of
    /// dimensions: a file about `minimal` names `minimal.yaml` because all do.
    fn fits(&self, line: &Line) -> u32 {
        let fit = |known: &Line| match () {
            () if known.raw == line.raw => SAME,
            () if known.open == line.open => SAME - 1,
            () => u32::from(says_the_same_thing(&known.raw, &line.raw)),
        };
        self.known.iter().map(fit).max().unwrap_or_default()
    }
}

/// Returns whether two lines give values to one key.
fn says_the_same_thing(left: &str, right: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    if indent(left) != indent(right) {
        return false;
    }
    match (left.trim_start().strip_prefix("- "), right.trim_start().strip_prefix("- ")) {
        (Some(left), Some(right)) => left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count() >= 8,
        (None, None) => match (left.split_once(':'), right.split_once(':')) {
            (Some((left, _)), Some((right, _))) => left == right && !left.contains(['"', '(']),
            _ => false,
        },
        _ => false,
    }
}

/// Adds the lines of a file to those of the files before it.
fn merged(slots: Vec<Slot>, lines: Vec<Line>, file: usize, count: usize) -> Vec<Slot> {
    let pairs = pairs(&slots, &lines);
    let mut merged = Vec::with_capacity(slots.len().max(lines.len()));
    let mut slots = slots.into_iter().enumerate().peekable();
    let mut lines = lines.into_iter().enumerate().peekable();
    for (slot_at, line_at) in pairs.into_iter().chain([(usize::MAX, usize::MAX)]) {
        while let Some((_, slot)) = slots.next_if(|(at, _)| *at < slot_at) {
            merged.push(slot);
        }
        while let Some((_, line)) = lines.next_if(|(at, _)| *at < line_at) {
            merged.push(Slot::with(line, file, count));
        }
        if let (Some((_, mut slot)), Some((_, line))) = (slots.next(), lines.next()) {
            slot.put(line, file);
            merged.push(slot);
        }
    }
    merged
}

/// Returns which slot each line goes to, so that as much as can be fits.
fn pairs(slots: &[Slot], lines: &[Line]) -> Vec<(usize, usize)> {
    let same = |slot: &Slot, line: &Line| slot.fits(line) == SAME;
    let start = slots.iter().zip(lines).take_while(|(slot, line)| same(slot, line)).count();
    let (inner, rest) = (&slots[start..], &lines[start..]);
    let end = inner.iter().rev().zip(rest.iter().rev()).take_while(|(slot, line)| same(slot, line)).count();
    let (inner, rest) = (&inner[..inner.len() - end], &rest[..rest.len() - end]);
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    if inner.len() * rest.len() <= MOST_PAIRS {
        pairs.extend(best(inner, rest).into_iter().map(|(slot, line)| (slot + start, line + start)));
    }
    pairs.extend((0..end).map(|at| (slots.len() - end + at, lines.len() - end + at)));
    pairs
}

fn best(slots: &[Slot], lines: &[Line]) -> Vec<(usize, usize)> {
    let width = lines.len() + 1;
    let mut scores = vec![0_u32; (slots.len() + 1) * width];
    let mut fits = vec![0_u32; slots.len() * lines.len()];
    for slot in (0..slots.len()).rev() {
        for line in (0..lines.len()).rev() {
            let fit = slots[slot].fits(&lines[line]);
            fits[slot * lines.len() + line] = fit;
            let both = if fit > 0 { fit + scores[(slot + 1) * width + line + 1] } else { 0 };
            let apart = scores[(slot + 1) * width + line].max(scores[slot * width + line + 1]);
            scores[slot * width + line] = both.max(apart);
        }
    }
    let (mut slot, mut line) = (0, 0);
    let mut pairs = Vec::new();
    while slot < slots.len() && line < lines.len() {
        let here = scores[slot * width + line];
        let fit = fits[slot * lines.len() + line];
        if fit > 0 && here == fit + scores[(slot + 1) * width + line + 1] {
            pairs.push((slot, line));
            slot += 1;
            line += 1;
        } else if here == scores[(slot + 1) * width + line] {
            slot += 1;
        } else {
            line += 1;
        }
    }
    pairs
}

/// Returns the files that have a line here.
pub(super) fn files_of(slot: &Slot) -> BTreeSet<usize> {
    slot.lines.iter().enumerate().filter(|(_, line)| line.is_some()).map(|(file, _)| file).collect()
}
