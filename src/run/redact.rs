//! Secrets are taken out of output as it streams by.
//!
//! A secret is found as it is, percent-encoded and base64-encoded (at each of the three
//! alignments, with line breaks in it or not), also when it arrives in pieces.

use std::rc::Rc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What stands in a secret's place.
const REPLACEMENT: &str = "***";

/// Encoded forms of a shorter secret would match by accident.
const SHORTEST_ENCODED: usize = 4;

/// What RFC 3986 leaves unescaped.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The forms in which the secrets of a run could be printed.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    bytes: Vec<u8>,
    /// Line breaks inside do not count: encoders wrap long lines.
    wrapped: bool,
}

/// What the text at a position has to do with a pattern.
enum Found {
    /// The pattern, up to here.
    Whole(usize),
    /// All there is so far is its beginning.
    Beginning,
    /// Nothing.
    No,
}

impl Secrets {
    /// Takes the values of the secrets. Empty ones are no secrets.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns = Vec::new();
        for value in values {
            // A secret of several lines is often printed line by line.
            let lines =
                value.lines().filter(|line| value.lines().count() == 1 || line.len() >= SHORTEST_ENCODED);
            for value in lines.chain([value]).filter(|value| !value.is_empty()) {
                patterns.extend(forms(value));
            }
        }
        patterns.sort_by(|left, right| {
            right.bytes.len().cmp(&left.bytes.len()).then(left.bytes.cmp(&right.bytes))
        });
        patterns.dedup();
        Self { patterns }
    }

    /// Returns a text without the secrets in it.
    pub(super) fn redact(self: &Rc<Self>, text: &str) -> String {
        let mut redactor = Redactor::new(self);
        let mut bytes = redactor.push(text.as_bytes());
        bytes.extend(redactor.finish());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn find(&self, text: &[u8]) -> Found {
        let mut beginning = false;
        for pattern in &self.patterns {
            match pattern.find(text) {
                // The longest pattern comes first, so nothing better follows.
                Found::Whole(end) if !beginning => return Found::Whole(end),
                Found::Whole(_) | Found::Beginning => beginning = true,
                Found::No => {}
            }
        }
        if beginning { Found::Beginning } else { Found::No }
    }

    fn find_at_end(&self, text: &[u8]) -> Option<usize> {
        self.patterns.iter().find_map(|pattern| match pattern.find(text) {
            Found::Whole(end) => Some(end),
            Found::Beginning | Found::No => None,
        })
    }
}

impl Pattern {
    fn find(&self, text: &[u8]) -> Found {
        let mut wanted = self.bytes.iter();
        let Some(first) = wanted.next() else { return Found::No };
        if text.first() != Some(first) {
            return Found::No;
        }
        let mut position = 1;
        for byte in wanted {
            while self.wrapped && matches!(text.get(position), Some(b'\n' | b'\r')) {
                position += 1;
            }
            match text.get(position) {
                None => return Found::Beginning,
                Some(found) if found == byte => position += 1,
                Some(_) => return Found::No,
            }
        }
        Found::Whole(position)
    }
}

/// Returns the ways in which a value could be printed.
fn forms(value: &str) -> Vec<Pattern> {
    let plain = |bytes: Vec<u8>| Pattern { bytes, wrapped: false };
    let mut forms = vec![plain(value.as_bytes().to_vec())];
    if value.len() < SHORTEST_ENCODED {
        return forms;
    }
    let percent = percent_encode(value.as_bytes(), UNRESERVED).to_string();
    forms.push(plain(percent.replace("%20", "+").into_bytes()));
    forms.push(plain(lower_case_escapes(&percent).into_bytes()));
    forms.push(plain(percent.into_bytes()));
    for offset in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let [inside, at_end] = aligned_base64(&engine, value.as_bytes(), offset);
            forms.extend([inside, at_end].map(|bytes| Pattern { bytes, wrapped: true }));
        }
    }
    forms
}

/// Returns `%2F` as `%2f`: RFC 3986 allows both.
fn lower_case_escapes(percent: &str) -> String {
    let mut escape = 0;
    let lower = |character: char| {
        escape = if character == '%' { 2 } else { i32::max(escape - 1, -1) };
        if escape >= 0 { character.to_ascii_lowercase() } else { character }
    };
    percent.chars().map(lower).collect()
}

/// Returns what a base64 text holds of a value that begins `offset` bytes into a group of three:
/// the characters that the value alone decides, and those up to the end where nothing follows it.
fn aligned_base64(engine: &impl base64::Engine, value: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let mut padded = vec![0; offset];
    padded.extend(value);
    let encoded = engine.encode(&padded).into_bytes();
    // A character holds 6 bits; those that hold bits of a neighbour are left out.
    let start = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    [encoded[start..end].to_vec(), encoded[start..].to_vec()]
}

/// Takes the secrets out of one stream.
#[derive(Debug)]
pub(super) struct Redactor {
    secrets: Rc<Secrets>,
    /// The end of what came, which may be the beginning of a secret.
    held: Vec<u8>,
}

impl Redactor {
    /// Returns a redactor at the beginning of a stream.
    pub(super) fn new(secrets: &Rc<Secrets>) -> Self {
        Self { secrets: Rc::clone(secrets), held: Vec::new() }
    }

    /// Takes the next bytes, returns what may be shown by now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.patterns.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend(bytes);
        let mut shown = Vec::with_capacity(self.held.len());
        let mut position = 0;
        while position < self.held.len() {
            match self.secrets.find(&self.held[position..]) {
                Found::Whole(length) => {
                    shown.extend(REPLACEMENT.as_bytes());
                    position += length;
                }
                Found::Beginning => break,
                Found::No => {
                    shown.push(self.held[position]);
                    position += 1;
                }
            }
        }
        self.held.drain(..position);
        shown
    }

    /// Returns what was held back, at the end of the stream.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut shown = Vec::with_capacity(held.len());
        let mut position = 0;
        while position < held.len() {
            match self.secrets.find_at_end(&held[position..]) {
                Some(length) => {
                    shown.extend(REPLACEMENT.as_bytes());
                    position += length;
                }
                None => {
                    shown.push(held[position]);
                    position += 1;
                }
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(secret: &str, text: &str, expected: &str) {
        let secrets = Rc::new(Secrets::new([secret]));
        assert_eq!(secrets.redact(text), expected);
        let mut redactor = Redactor::new(&secrets);
        let mut shown: Vec<u8> = text.bytes().flat_map(|byte| redactor.push(&[byte])).collect();
        shown.extend(redactor.finish());
        assert_eq!(String::from_utf8_lossy(&shown), expected, "byte by byte");
    }

    #[test]
    fn plain_secrets_are_replaced() {
        check("hunter2", "password: hunter2\n", "password: ***\n");
        check("hunter2", "hunter hunter2hunter2 hunte", "hunter ****** hunte");
        check("aab", "aaab", "a***");
        check("", "text", "text");
    }

    #[test]
    fn encoded_secrets_are_replaced() {
        check("p@ss word/1", "url=p%40ss%20word%2F1&x", "url=***&x");
        check("p@ss word/1", "url=p%40ss%20word%2f1&x", "url=***&x");
        check("p@ss word/1", "url=p%40ss+word%2F1&x", "url=***&x");
        check("hunter2", "aHVudGVyMg==\n", "***==\n");
    }

    #[test]
    fn secrets_of_several_lines_are_replaced_line_by_line() {
        check("first line\nsecond line", "a first line\nb second line\n", "a ***\nb ***\n");
    }

    #[test]
    fn longer_secret_wins_over_its_beginning() {
        let secrets = Rc::new(Secrets::new(["abcd", "abcdefgh"]));
        assert_eq!(secrets.redact("abcdefgh abcdex abcd"), "*** ***ex ***");
    }

    proptest! {
        #[test]
        fn base64_of_a_text_around_a_secret_does_not_hold_it(before in "[ -~]{0,80}", after in "[ -~]{0,80}") {
            let secret = "correct horse battery";
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}{after}"));
            let wrapped: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let shown = Rc::new(Secrets::new([secret])).redact(&wrapped.join("\n"));
            prop_assert!(shown.contains(REPLACEMENT), "{}", shown);
        }
    }
}
