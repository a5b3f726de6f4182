//! Shell blocks that go on where their author ended them, so that prose would run.

use super::classify;
use super::fence::{Fence, Opening};
use super::transcript::{self, heredoc_word};
use crate::diagnostic::{Finding, Place, Span};

/// Finds the fence that a shell block swallows: the opening of the next block, or an end that is too short.
///
/// No shell reads such a line as anything useful. Here-documents and quoted texts may hold whole pages.
pub(crate) fn swallowed(fence: &Fence, language: &str) -> Option<Span> {
    if !classify::is_command(language) || transcript::begins_with_prompt(&fence.text) {
        return None;
    }
    let opening = &Opening::read(fence.place.source.text(), fence.place.span.range())?;
    let mut quotes = Quotes::default();
    let mut heredoc: Option<&str> = None;
    for (line, span) in fence.text.content.lines().zip(&fence.text.lines) {
        if let Some(word) = heredoc {
            heredoc = (line.trim() != word).then_some(word);
            continue;
        }
        let length = fence_length(line.trim(), opening);
        // What a text quotes may have fences, shorter ones: the end of one as long would end the block.
        if length.is_some_and(|length| length >= opening.length || quotes.are_closed()) {
            return Some(*span);
        }
        quotes.read(line);
        heredoc = heredoc_word(line).filter(|_| quotes.are_closed());
    }
    None
}

/// Returns the finding about a block that swallows a fence.
pub(crate) fn finding(fence: &Fence, swallowed: Span) -> Finding {
    let source = &fence.place.source;
    let start = fence.place.span.start;
    let first = fence.place.text().lines().next().unwrap_or_default().trim_end().len();
    let swallowed = Place::new(source, swallowed);
    Finding::error("fence-in-shell", "the fence that should end this block does not end it")
        .at(Place::new(source, start..start + first))
        .help(format!(
            "close the block before line {}, with a fence of its own length on a line of its own",
            swallowed.line()
        ))
        .related(swallowed, "this fence would be run as a part of the block")
}

/// Returns the length of a fence that opens a block of the same marks, or that closes a shorter one.
fn fence_length(line: &str, opening: &Opening) -> Option<usize> {
    let rest = line.trim_start_matches(opening.mark);
    let length = line.len() - rest.len();
    let language =
        rest.trim_start().split(|c: char| c.is_whitespace() || c == '{').next().unwrap_or_default();
    let is_fence = match rest.is_empty() {
        true => (2..opening.length).contains(&length),
        false => length >= 3 && is_language(language),
    };
    is_fence.then_some(length)
}

fn is_language(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_+#.".contains(letter))
}

/// Which quote is open, as far as a shell's lines tell.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
}

impl Quotes {
    fn are_closed(&self) -> bool {
        self.open.is_none()
    }

    fn read(&mut self, line: &str) {
        let mut before = ' ';
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match (self.open, letter) {
                (Some('"') | None, '\\') => {
                    letters.next();
                }
                (None, '#') if before.is_whitespace() => return,
                (None, '"' | '\'') => self.open = Some(letter),
                (Some(open), _) if open == letter => self.open = None,
                _ => {}
            }
            before = letter;
        }
    }
}
