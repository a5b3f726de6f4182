//! Wildcards and captures inside one line.

use super::Captures;

/// Part of a line pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Stands for itself.
    Literal(String),
    /// `[..]`: any run of characters, also none.
    Any,
    /// `<name>`: a run of at least one character that gets a name.
    Capture(String),
}

/// A text with `[..]` wildcards or `<name>` captures, cut into its parts.
///
/// Each wildcard takes the shortest run with which the rest still matches. That makes the
/// value of a capture a fact of the line alone, and one wildcard to go back to is enough:
/// what a later one cannot take, an earlier one cannot help. Only when a name stands twice
/// in one line are all choices kept, with a bound on how often they are taken back.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    repeats: bool,
}

/// How often a line with a repeated name may take back a choice.
const MOST_RETRIES: usize = 100_000;

impl Pieces {
    /// Cuts a text; `None` when it has neither wildcard nor capture.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let (mut rest, mut literal) = (text, String::new());
        while let Some(start) = rest.find(['[', '<']) {
            literal.push_str(&rest[..start]);
            rest = &rest[start..];
            match wildcard(rest) {
                Some((piece, length)) => {
                    push_literal(&mut pieces, &mut literal);
                    if piece != Piece::Any || pieces.last() != Some(&Piece::Any) {
                        pieces.push(piece);
                    }
                    rest = &rest[length..];
                }
                None => {
                    literal.push_str(&rest[..1]);
                    rest = &rest[1..];
                }
            }
        }
        literal.push_str(rest);
        push_literal(&mut pieces, &mut literal);
        let is_pattern = pieces.iter().any(|piece| !matches!(piece, Piece::Literal(_)));
        is_pattern.then(|| Pieces { repeats: has_repeats(&pieces), pieces })
    }

    /// Returns the names of the captures, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Capture(name) => Some(name.as_str()),
            Piece::Literal(_) | Piece::Any => None,
        })
    }

    /// Matches a whole text and returns what was newly captured.
    ///
    /// Names in `bound` stand for their values. A placeholder that was printed as it is
    /// (`<none>`) matches and captures nothing.
    pub(super) fn matches(&self, text: &str, bound: &[&Captures]) -> Option<Captures> {
        Walk { pieces: &self.pieces, repeats: self.repeats, text, bound, taken: Vec::new() }.run()
    }
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Returns the length of the wildcard or capture that a text starts with.
pub(super) fn wildcard_length(text: &str) -> Option<usize> {
    wildcard(text).map(|(_, length)| length)
}

/// Reads the wildcard that a text starts with, and its length.
fn wildcard(text: &str) -> Option<(Piece, usize)> {
    if text.starts_with("[..]") {
        return Some((Piece::Any, 4));
    }
    let name = text.strip_prefix('<')?.split_once('>')?.0;
    let in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(in_name);
    is_name.then(|| (Piece::Capture(name.to_owned()), name.len() + 2))
}

fn has_repeats(pieces: &[Piece]) -> bool {
    let mut seen = std::collections::HashSet::new();
    pieces.iter().any(|piece| matches!(piece, Piece::Capture(name) if !seen.insert(name)))
}

/// One attempt to match a text.
struct Walk<'a> {
    pieces: &'a [Piece],
    repeats: bool,
    text: &'a str,
    bound: &'a [&'a Captures],
    taken: Vec<Taken>,
}

/// What a wildcard holds at the moment.
#[derive(Clone, Copy)]
struct Taken {
    piece: usize,
    start: usize,
    end: usize,
}

impl Walk<'_> {
    fn run(mut self) -> Option<Captures> {
        let (mut piece, mut at, mut retries) = (0, 0, 0);
        while piece < self.pieces.len() || at < self.text.len() {
            (piece, at) = match self.step(piece, at) {
                Some(end) => (piece + 1, end),
                None if self.is_lost(piece, retries) => return None,
                None => {
                    retries += 1;
                    self.retry()?
                }
            };
        }
        Some(self.captures())
    }

    /// Tells whether no other choice can help a piece that did not match.
    fn is_lost(&self, piece: usize, retries: usize) -> bool {
        if self.repeats {
            return retries > MOST_RETRIES;
        }
        // A wildcard that found no end from here on finds none from further right either.
        match self.pieces.get(piece) {
            Some(Piece::Any) => true,
            Some(Piece::Capture(name)) => self.value(name).is_none(),
            Some(Piece::Literal(_)) | None => false,
        }
    }

    /// Matches one piece at a place and returns where it ends.
    fn step(&mut self, piece: usize, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        match self.pieces.get(piece)? {
            Piece::Literal(literal) => rest.starts_with(literal).then(|| at + literal.len()),
            Piece::Any => self.take(piece, at, at),
            Piece::Capture(name) => {
                let placeholder = format!("<{name}>");
                if let Some(value) = self.value(name) {
                    let found = [value, &placeholder].into_iter().find(|text| rest.starts_with(*text))?;
                    return Some(at + found.len());
                }
                let least =
                    if rest.starts_with(&placeholder) { placeholder.len() } else { first_char(rest)? };
                self.take(piece, at, at + least)
            }
        }
    }

    fn take(&mut self, piece: usize, start: usize, least: usize) -> Option<usize> {
        let end = self.end_from(piece, least)?;
        self.taken.push(Taken { piece, start, end });
        Some(end)
    }

    /// Finds the first end for a wildcard, from a place on, where the next piece can start.
    fn end_from(&self, piece: usize, from: usize) -> Option<usize> {
        match self.pieces.get(piece + 1) {
            None => Some(self.text.len()),
            Some(Piece::Literal(literal)) => Some(from + self.text[from..].find(literal)?),
            Some(_) => Some(from),
        }
    }

    /// Lets the last wildcard take more, and returns where to go on.
    fn retry(&mut self) -> Option<(usize, usize)> {
        loop {
            let last = *self.taken.last()?;
            let longer = first_char(&self.text[last.end..])
                .and_then(|more| self.end_from(last.piece, last.end + more));
            if let Some(end) = longer {
                self.taken.last_mut()?.end = end;
                return Some((last.piece + 1, end));
            }
            if !self.repeats {
                return None;
            }
            self.taken.pop();
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let here = self.taken.iter().find(|taken| self.name(taken) == Some(name));
        here.map(|taken| &self.text[taken.start..taken.end])
            .or_else(|| self.bound.iter().find_map(|bound| bound.get(name)).map(String::as_str))
    }

    fn name(&self, taken: &Taken) -> Option<&str> {
        match &self.pieces[taken.piece] {
            Piece::Capture(name) => Some(name),
            Piece::Literal(_) | Piece::Any => None,
        }
    }

    fn captures(&self) -> Captures {
        let named = self.taken.iter().filter_map(|taken| Some((self.name(taken)?, taken)));
        named
            .map(|(name, taken)| (name.to_owned(), self.text[taken.start..taken.end].to_owned()))
            .filter(|(name, value)| *value != format!("<{name}>"))
            .collect()
    }
}

fn first_char(text: &str) -> Option<usize> {
    text.chars().next().map(char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected.map(|pairs| {
            pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Captures>()
        });
        let pieces = Pieces::parse(pattern).expect("the pattern has a wildcard");
        let bound = Captures::from([("bound".to_owned(), "abc".to_owned())]);
        assert_eq!(pieces.matches(text, &[&bound]), expected, "{pattern:?} on {text:?}");
    }

    #[test]
    fn texts_without_wildcards_are_no_pattern() {
        for text in ["", "plain", "[.]", "<A>", "</b>", "a < b > c", "<>", "[...]"] {
            assert!(Pieces::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn wildcards_take_the_shortest_run() {
        check("[..]", "", Some(&[]));
        check("a[..]b", "ab", Some(&[]));
        check("a[..]b", "axxbxb", Some(&[]));
        check("a[..]b", "axxbx", None);
        check("[..][..]a[..]", "bca", Some(&[]));
        check("<a>-<b>", "x-y-z", Some(&[("a", "x"), ("b", "y-z")]));
        check("<a>", "", None);
        check("<a><b>", "é€", Some(&[("a", "é"), ("b", "€")]));
        check("id=<a>;", "id=;", None);
    }

    #[test]
    fn known_names_stand_for_their_value() {
        check("x <bound> y", "x abc y", Some(&[]));
        check("x <bound> y", "x abd y", None);
        check("x <bound> y", "x <bound> y", Some(&[]));
    }

    #[test]
    fn name_twice_in_a_line_is_one_value() {
        check("<a> = <a>", "x = x", Some(&[("a", "x")]));
        check("<a> = <a>", "x = y = x = y", Some(&[("a", "x = y")]));
        check("<a>[..]<a>", "xy..xy", Some(&[("a", "xy")]));
        check("<a> = <a>", "x = y", None);
    }

    #[test]
    fn printed_placeholder_captures_nothing() {
        check("<none> [..]", "<none> 3", Some(&[]));
        check("<b>[..]</b>", "<b>bold</b>", Some(&[]));
    }

    #[test]
    fn long_texts_stay_linear() {
        let text = "a".repeat(1 << 20);
        check("[..]a[..]a[..]b", &text, None);
        check(&"[..]a".repeat(20_000), &text, Some(&[]));
        check("<a>a<b>a<a>", &text[..3000], Some(&[("a", "a"), ("b", &text[..2996])]));
    }
}
