//! Secrets are taken out of output as it streams by.
//!
//! A secret is found as it is, percent-encoded and base64-encoded (at each of the three
//! alignments, with line breaks in it or not), also when it arrives in pieces.

use std::rc::Rc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands in a secret's place.
const REPLACEMENT: &str = "***";

/// Encoded forms of a shorter secret would match by accident.
const SHORTEST_ENCODED: usize = 4;

/// The forms in which the secrets of a run could be printed.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    patterns: Vec<Pattern>,
    /// Which bytes a pattern can begin with: most text is passed over by one look at this.
    begins: [bool; 256],
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    bytes: Vec<u8>,
    form: Form,
}

/// How the bytes of a pattern may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Each as it is, as `%XX`, or a blank as `+`: every encoder leaves other characters alone (RFC 3986, URL Standard).
    Percent,
    /// As they are, with a line break between any two: encoders of base64 wrap long lines.
    Wrapped,
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
        let mut begins = [false; 256];
        for pattern in &patterns {
            pattern.begin(&mut begins);
        }
        Self { patterns, begins }
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
    fn begin(&self, begins: &mut [bool; 256]) {
        let first = self.bytes[0];
        begins[usize::from(first)] = true;
        if self.form == Form::Percent {
            begins[usize::from(b'%')] = true;
            begins[usize::from(b'+')] |= first == b' ';
        }
    }

    fn find(&self, text: &[u8]) -> Found {
        let mut position = 0;
        for (index, byte) in self.bytes.iter().enumerate() {
            let rest = &text[position..];
            let found = match self.form {
                Form::Percent => written(*byte, rest),
                Form::Wrapped if index == 0 => plain(*byte, rest),
                Form::Wrapped => wrapped(*byte, rest),
            };
            match found {
                Found::Whole(length) => position += length,
                other => return other,
            }
        }
        Found::Whole(position)
    }
}

/// Looks for a byte as it is.
fn plain(byte: u8, text: &[u8]) -> Found {
    match text.first() {
        None => Found::Beginning,
        Some(found) if *found == byte => Found::Whole(1),
        Some(_) => Found::No,
    }
}

/// Looks for a byte as it is or percent-encoded.
fn written(byte: u8, text: &[u8]) -> Found {
    match (plain(byte, text), text) {
        (Found::No, [b'+', ..]) if byte == b' ' => Found::Whole(1),
        (Found::No, [b'%', digits @ ..]) => {
            let escape = format!("{byte:02x}");
            let same = |count: usize| digits[..count].eq_ignore_ascii_case(&escape.as_bytes()[..count]);
            match digits.len() {
                0 => Found::Beginning,
                1 if same(1) => Found::Beginning,
                2.. if same(2) => Found::Whole(3),
                _ => Found::No,
            }
        }
        (found, _) => found,
    }
}

/// Looks for a byte, on the next line if there is a line break before it.
fn wrapped(byte: u8, text: &[u8]) -> Found {
    let line_break = match text {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        [b'\r'] => return Found::Beginning,
        _ => 0,
    };
    match plain(byte, &text[line_break..]) {
        Found::Whole(length) => Found::Whole(line_break + length),
        other => other,
    }
}

/// Returns the ways in which a value could be printed.
fn forms(value: &str) -> Vec<Pattern> {
    let mut forms = vec![Pattern { bytes: value.as_bytes().to_vec(), form: Form::Percent }];
    if value.len() < SHORTEST_ENCODED {
        return forms;
    }
    for offset in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let [inside, at_end] = aligned_base64(&engine, value.as_bytes(), offset);
            forms.extend([inside, at_end].map(|bytes| Pattern { bytes, form: Form::Wrapped }));
        }
    }
    forms.retain(|pattern| !pattern.bytes.is_empty());
    forms
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
            let clean =
                self.held[position..].iter().take_while(|byte| !self.secrets.begins[usize::from(**byte)]);
            let clean = clean.count();
            shown.extend(&self.held[position..position + clean]);
            position += clean;
            match self.secrets.find(&self.held[position..]) {
                _ if position == self.held.len() => break,
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
        check("ab/cd+ef==", "ab/cd%2Bef%3D%3D", "***");
        check("it's!(x)", "it's!(x) it%27s%21%28x%29 it%27s!(x)", "*** *** ***");
        check("hunter2", "50% of hunter%3", "50% of hunter%3");
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
