//! Takes the secrets out of one stream.

use std::ops::Range;
use std::rc::Rc;

use super::coding::Coding;
use super::controls::Controls;
use super::secrets::Secrets;
use super::view::{Piece, Search, View};

/// What stands in a secret's place.
const REPLACEMENT: &str = "***";

/// How much is held back at most besides the longest secret, each of its characters escaped: nobody
/// takes a secret with more control characters between its own for one.
const MOST_HELD: u64 = 64 * 1024;

/// How many bytes a character of a secret has at most in any coding.
const WIDEST: u64 = 12;

/// Takes the secrets out of one stream.
#[derive(Debug)]
pub(crate) struct Redactor {
    secrets: Rc<Secrets>,
    /// The end of what came, which may be the beginning of a secret.
    held: Vec<u8>,
    /// How many bytes came before that.
    shown: u64,
    /// How many bytes came in all.
    position: u64,
    stream: Search,
    controls: Controls,
    views: [View; Coding::ALL.len()],
    /// Whether some view does not see the stream as it is.
    is_apart: bool,
    base64: Search,
    /// Whether a line of base64 ended and the next has not begun.
    is_between_lines: bool,
    /// What `controls` gives, kept for its memory.
    pieces: Vec<Piece>,
    found: Findings,
}

/// Where secrets are, in order and apart.
#[derive(Debug, Default)]
struct Findings {
    ranges: Vec<Range<u64>>,
}

impl Redactor {
    /// Returns a redactor at the beginning of a stream.
    pub(crate) fn new(secrets: &Rc<Secrets>) -> Self {
        Self {
            secrets: Rc::clone(secrets),
            held: Vec::new(),
            shown: 0,
            position: 0,
            stream: Search::new(),
            controls: Controls::default(),
            views: Coding::ALL.map(View::new),
            is_apart: false,
            base64: Search::new(),
            is_between_lines: false,
            pieces: Vec::new(),
            found: Findings::default(),
        }
    }

    /// Takes the next bytes, returns what may be shown by now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend(bytes);
        let mut rest = bytes;
        while let [byte, later @ ..] = rest {
            self.take(*byte);
            rest = later;
            if self.is_idle() {
                let clean = rest.iter().take_while(|byte| !self.secrets.may_begin(**byte)).count();
                self.position += clean as u64;
                rest = &rest[clean..];
            }
        }
        self.give_up();
        let safe = self.held_from().unwrap_or(self.position);
        self.show(safe)
    }

    /// Returns what was held back, at the end of the stream.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.show(self.position)
    }

    fn take(&mut self, byte: u8) {
        let piece = Piece { byte, start: self.position, end: self.position + 1 };
        self.position += 1;
        if self.is_apart || self.secrets.is_special(byte) {
            self.take_apart(piece);
        } else {
            self.found.extend(self.stream.take(&self.secrets.plain, piece));
            self.take_base64(piece);
        }
    }

    /// Takes a byte that not every view sees as it is, or one after it.
    fn take_apart(&mut self, piece: Piece) {
        let is_control = !self.controls.in_text() || Controls::is_special(piece.byte);
        for view in &mut self.views {
            if is_control || view.coding.is_special(piece.byte) {
                view.part(&self.stream);
            }
        }
        self.found.extend(self.stream.take(&self.secrets.plain, piece));
        let mut pieces = std::mem::take(&mut self.pieces);
        self.controls.take(piece, &mut pieces);
        for piece in pieces.drain(..) {
            self.take_base64(piece);
            for view in self.views.iter_mut().filter(|view| view.is_apart()) {
                view.take(&self.secrets.plain, piece, &mut |range| self.found.add(range));
            }
        }
        self.pieces = pieces;
        if self.controls.in_text() {
            self.views.iter_mut().filter(|view| view.is_apart()).for_each(|view| view.join(&self.stream));
        }
        self.is_apart = !self.controls.in_text() || self.views.iter().any(View::is_apart);
    }

    /// Reads base64 over line ends and what indents the next line.
    fn take_base64(&mut self, piece: Piece) {
        match piece.byte {
            b'\n' => self.is_between_lines = true,
            b' ' | b'\t' if self.is_between_lines => {}
            _ => {
                self.is_between_lines = false;
                self.found.extend(self.base64.take(&self.secrets.base64, piece));
            }
        }
    }

    /// Returns whether nothing that came matters for what comes.
    fn is_idle(&self) -> bool {
        !self.is_apart && self.stream.held().is_none() && self.base64.held().is_none()
    }

    /// Returns where the bytes begin that could be the beginning of a secret.
    fn held_from(&self) -> Option<u64> {
        let views = self.views.iter().map(View::held);
        views.chain([self.stream.held(), self.base64.held(), self.controls.held()]).flatten().min()
    }

    /// Lets go of what is far too long to become a secret.
    fn give_up(&mut self) {
        let most = MOST_HELD + WIDEST * self.secrets.longest() as u64;
        let is_too_long = |held: Option<u64>| held.is_some_and(|held| self.position - held > most);
        if is_too_long(self.base64.held()) {
            self.base64.reset();
        }
        self.views.iter_mut().filter(|view| is_too_long(view.held())).for_each(View::reset);
    }

    /// Returns what is held up to a place, without the secrets.
    fn show(&mut self, end: u64) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let (mut at, mut end) = (self.shown, end);
        for range in self.found.take_before(&mut end) {
            shown.extend(&self.held[self.index(at)..self.index(range.start)]);
            shown.extend(REPLACEMENT.as_bytes());
            at = range.end;
        }
        shown.extend(&self.held[self.index(at)..self.index(end)]);
        let index = self.index(end);
        self.held.drain(..index);
        self.shown = end;
        shown
    }

    fn index(&self, place: u64) -> usize {
        usize::try_from(place - self.shown).expect("what is held is in memory")
    }
}

impl Findings {
    /// Adds what was found, if anything was.
    fn extend(&mut self, found: Option<Range<u64>>) {
        found.into_iter().for_each(|range| self.add(range));
    }

    /// Adds a secret. Secrets that overlap are one.
    fn add(&mut self, range: Range<u64>) {
        let mut range = range;
        let mut later = Vec::new();
        while let Some(last) = self.ranges.pop_if(|last| last.end > range.start) {
            if last.start < range.end {
                range = range.start.min(last.start)..range.end.max(last.end);
            } else {
                later.push(last);
            }
        }
        self.ranges.push(range);
        self.ranges.extend(later.into_iter().rev());
    }

    /// Returns the secrets that end before a place; the place moves to the beginning of one that it is inside.
    fn take_before(&mut self, end: &mut u64) -> Vec<Range<u64>> {
        let count = self.ranges.iter().take_while(|range| range.end <= *end).count();
        if let Some(next) = self.ranges.get(count) {
            *end = next.start.min(*end);
        }
        self.ranges.drain(..count).collect()
    }
}
