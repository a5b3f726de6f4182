//! Texts with dimensions in place of their values.

use std::fmt;

use super::dimension::Dimension;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    /// Itself.
    Text(String),
    /// The value of this dimension, by its number.
    Dimension(usize),
}

/// A text in which values of dimensions may be left open.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    pub(super) parts: Vec<Part>,
}

impl Pattern {
    /// Returns the pattern of a text of one file: each value that the file has of a dimension is left
    /// open where it stands as a word.
    pub fn of(text: &str, dimensions: &[Dimension], file: usize) -> Self {
        let mut values: Vec<(usize, &str)> = dimensions
            .iter()
            .enumerate()
            .map(|(number, dimension)| (number, dimension.values[file].as_str()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        // `minimal-plus` is more than `minimal`.
        values.sort_by_key(|(number, value)| (std::cmp::Reverse(value.len()), *number));
        let mut pattern = Self::default();
        let (mut from, mut at) = (0, 0);
        while at < text.len() {
            match values.iter().find(|(_, value)| is_word_at(text, at, value)) {
                Some((number, value)) => {
                    pattern.text(&text[from..at]);
                    pattern.parts.push(Part::Dimension(*number));
                    at += value.len();
                    from = at;
                }
                None => at += text[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        pattern.text(&text[from..]);
        pattern
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.parts.push(Part::Text(text.to_owned()));
        }
    }

    /// Returns the dimensions that are left open, each once.
    pub fn open(&self) -> Vec<usize> {
        let mut open = Vec::new();
        for part in &self.parts {
            if let Part::Dimension(number) = part
                && !open.contains(number)
            {
                open.push(*number);
            }
        }
        open
    }

    /// Writes the pattern with its own way to name a dimension.
    pub fn write(&self, text: impl Fn(&str) -> String, dimension: impl Fn(usize) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(part) => text(part),
            Part::Dimension(number) => dimension(*number),
        };
        self.parts.iter().map(part).collect()
    }

    /// Returns something that shows the pattern with the names of dimensions in braces.
    pub fn named<'a>(&'a self, dimensions: &'a [Dimension]) -> impl fmt::Display + 'a {
        self.write(str::to_owned, |number| format!("{{{}}}", dimensions[number].name))
    }
}

/// Returns whether a value stands at an offset, and is no part of a longer word there.
pub(super) fn is_word_at(text: &str, at: usize, value: &str) -> bool {
    text[at..].starts_with(value)
        && !text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
        && !text[at + value.len()..].chars().next().is_some_and(char::is_alphanumeric)
}

/// Returns whether a value stands somewhere in a text as a word.
pub(super) fn has_word(text: &str, value: &str) -> bool {
    !value.is_empty() && text.match_indices(value).any(|(at, _)| is_word_at(text, at, value))
}
