//! One way to look at a stream, and where in the stream that is.

use std::collections::VecDeque;
use std::ops::Range;

use super::automaton::{Automaton, State};
use super::coding::{Coding, Decoded};

/// A byte of a view, and the bytes of the stream that say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) byte: u8,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Looks for words in what it is given.
#[derive(Debug)]
pub(super) struct Search {
    state: State,
    /// Where the bytes begin that could be the beginning of a word.
    starts: VecDeque<u64>,
}

impl Search {
    /// Returns a search at the beginning of a text.
    pub(super) fn new() -> Self {
        Self { state: State::START, starts: VecDeque::new() }
    }

    /// Takes a byte; returns where a word is that it ends.
    pub(super) fn take(&mut self, automaton: &Automaton, piece: Piece) -> Option<Range<u64>> {
        self.state = automaton.next(self.state, piece.byte);
        let depth = automaton.depth(self.state);
        if depth == 0 {
            self.starts.clear();
            return None;
        }
        self.starts.push_back(piece.start);
        while self.starts.len() > depth {
            self.starts.pop_front();
        }
        let word = automaton.word(self.state);
        (word > 0).then(|| self.starts[depth - word]..piece.end)
    }

    /// Returns where the beginning of a word is.
    pub(super) fn held(&self) -> Option<u64> {
        self.starts.front().copied()
    }

    /// Forgets what it has read.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Makes it go on where another one is.
    fn follow(&mut self, other: &Self) {
        self.state = other.state;
        self.starts.clone_from(&other.starts);
    }

    fn is_where(&self, other: &Self) -> bool {
        self.state == other.state && self.starts.front() == other.starts.front()
    }
}

/// A stream as it reads in a coding.
///
/// It sees the same as the stream itself until something special comes, and soon after that
/// again; meanwhile it is apart.
#[derive(Debug)]
pub(super) struct View {
    pub(super) coding: Coding,
    search: Search,
    /// What depends on the next byte.
    pending: Vec<Piece>,
    is_apart: bool,
}

impl View {
    /// Returns a view at the beginning of a stream.
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, search: Search::new(), pending: Vec::new(), is_apart: false }
    }

    /// Makes it look for itself, from where the stream is.
    pub(super) fn part(&mut self, stream: &Search) {
        if !self.is_apart {
            self.search.follow(stream);
            self.is_apart = true;
        }
    }

    /// Returns whether it looks for itself.
    pub(super) fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// Lets it see what the stream sees, if that is the same.
    pub(super) fn join(&mut self, stream: &Search) {
        if self.pending.is_empty() && self.search.is_where(stream) {
            self.is_apart = false;
        }
    }

    /// Returns where the bytes begin that could be the beginning of a word.
    pub(super) fn held(&self) -> Option<u64> {
        if !self.is_apart {
            return None;
        }
        self.search.held().or_else(|| self.pending.first().map(|piece| piece.start))
    }

    /// Forgets what it has read.
    pub(super) fn reset(&mut self) {
        self.search.reset();
        self.pending.clear();
    }

    /// Takes a byte; tells where words are that end with it.
    pub(super) fn take(&mut self, automaton: &Automaton, piece: Piece, found: &mut impl FnMut(Range<u64>)) {
        if self.pending.is_empty() && !self.coding.is_special(piece.byte) {
            self.search.take(automaton, piece).map(found);
            return;
        }
        self.pending.push(piece);
        while let Some(first) = self.pending.first().copied() {
            let bytes: Vec<u8> = self.pending.iter().map(|piece| piece.byte).collect();
            match self.coding.decode(&bytes) {
                Decoded::More => return,
                Decoded::Skip => {
                    self.pending.remove(0);
                }
                Decoded::Itself => {
                    self.pending.remove(0);
                    self.search.take(automaton, first).map(&mut *found);
                }
                Decoded::Bytes(bytes) => {
                    let (start, end) = (first.start, self.pending[self.pending.len() - 1].end);
                    self.pending.clear();
                    for byte in bytes {
                        self.search.take(automaton, Piece { byte, start, end }).map(&mut *found);
                    }
                }
            }
        }
    }
}
