//! The words of an expression.

use std::ops::Range;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::konflux) struct Problem {
    /// Where in the text; empty at its end.
    pub(in crate::konflux) at: Range<usize>,
    pub(in crate::konflux) message: String,
    pub(in crate::konflux) help: String,
}

impl Problem {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: help.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Number,
    /// A string, with its quotes and prefix.
    Text,
    /// An operator, a bracket, a comma, a point.
    Sign,
}

/// A word, as it is written.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) at: Range<usize>,
}

/// Longer ones go before those that they begin with.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")", "[", "]",
    "{", "}", ",", ".",
];

/// What other languages have and CEL has not, with what to write.
const FOREIGN: [(&str, &str); 3] = [("=", "=="), ("&", "&&"), ("|", "||")];

/// Returns the words of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(letter) = text[start..].chars().next() {
        let rest = &text[start..];
        if letter.is_whitespace() {
            start += letter.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            start += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = one(rest, start)?;
        tokens.push(Token { kind, text: &rest[..length], at: start..start + length });
        start += length;
    }
    Ok(tokens)
}

/// Returns the kind and the length of the word with which a text begins.
fn one(rest: &str, start: usize) -> Result<(Kind, usize), Problem> {
    if let Some((quote, prefix)) = opening(rest) {
        return string(rest, prefix, quote, start).map(|length| (Kind::Text, length));
    }
    let first = rest.as_bytes()[0];
    if first.is_ascii_digit() || (first == b'.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()))
    {
        return Ok((Kind::Number, number(rest)));
    }
    if first.is_ascii_alphabetic() || first == b'_' {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        return Ok((Kind::Identifier, rest.find(|letter| !is_inner(letter)).unwrap_or(rest.len())));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Kind::Sign, sign.len()));
    }
    let letter = rest.chars().next().unwrap_or_default();
    let at = start..start + letter.len_utf8();
    let message = format!("`{letter}` means nothing there");
    let foreign = FOREIGN.iter().find(|(foreign, _)| rest.starts_with(foreign));
    let help = foreign.map_or("take it out".to_owned(), |(_, meant)| format!("write `{meant}`"));
    Err(Problem::new(at, message, help))
}

/// Returns the quote with which a string begins, and the length of the letters before it.
fn opening(rest: &str) -> Option<(&'static str, usize)> {
    let prefix = rest.len() - rest.trim_start_matches(['r', 'R', 'b', 'B']).len();
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest[prefix..].starts_with(quote))?;
    (prefix <= 2).then_some((quote, prefix))
}

/// Returns the length of a string, its prefix and its quotes included.
fn string(rest: &str, prefix: usize, quote: &str, start: usize) -> Result<usize, Problem> {
    let is_raw = rest[..prefix].contains(['r', 'R']);
    let is_long = quote.len() == 3;
    let mut at = prefix + quote.len();
    while let Some(letter) = rest[at..].chars().next() {
        if rest[at..].starts_with(quote) {
            return Ok(at + quote.len());
        }
        if letter == '\n' && !is_long {
            break;
        }
        at += letter.len_utf8();
        if letter == '\\' && !is_raw {
            at += rest[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    let help = format!("close it with `{quote}`");
    Err(Problem::new(start..start + prefix + quote.len(), "a string has no end", help))
}

/// Returns the length of a number; a point belongs to it where a digit follows.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let next = bytes.get(at + 1);
        let belongs = match bytes[at] {
            b'.' => next.is_some_and(u8::is_ascii_digit),
            b'+' | b'-' => at > 0 && matches!(bytes[at - 1], b'e' | b'E') && !rest.starts_with("0x"),
            byte => byte.is_ascii_alphanumeric(),
        };
        if !belongs {
            break;
        }
        at += 1;
    }
    at
}
