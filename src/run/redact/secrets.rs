//! The forms in which secrets are looked for.

use std::rc::Rc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::automaton::Automaton;
use super::coding::Coding;
use super::controls::Controls;
use super::redactor::Redactor;

/// Base64 of a shorter secret would match by accident.
const SHORTEST_ENCODED: usize = 4;

/// The secrets of a run.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// As they are, whole and line by line.
    pub(super) plain: Automaton,
    /// As base64, at each of the three alignments.
    pub(super) base64: Automaton,
    longest: usize,
    /// Which bytes one can begin with in any form: most text is passed over by one look at this.
    begins: [bool; 256],
    /// Which bytes some view does not see as they are.
    specials: [bool; 256],
}

impl Secrets {
    /// Takes the values of the secrets. Empty ones are no secrets.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let values: Vec<&str> = values.into_iter().flat_map(parts).collect();
        let encoded: Vec<Vec<u8>> = values.iter().flat_map(|value| base64_forms(value)).collect();
        let plain = Automaton::new(values.iter().map(|value| value.as_bytes()));
        let base64 = Automaton::new(encoded.iter().map(Vec::as_slice));
        let (mut begins, mut specials) = ([false; 256], [false; 256]);
        for byte in 0..=u8::MAX {
            let is_coded = Coding::ALL.iter().any(|coding| coding.is_special(byte));
            begins[usize::from(byte)] = is_coded || plain.begins(byte) || base64.begins(byte);
            specials[usize::from(byte)] = is_coded || Controls::is_special(byte);
        }
        let longest = encoded.iter().map(Vec::len).chain(values.iter().map(|value| value.len())).max();
        Self { plain, base64, longest: longest.unwrap_or_default(), begins, specials }
    }

    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// Takes the secrets out of a text.
    pub(crate) fn redact(self: &Rc<Self>, text: &mut String) {
        let mut redactor = Redactor::new(self);
        let mut bytes = redactor.push(text.as_bytes());
        bytes.extend(redactor.finish());
        if bytes != text.as_bytes() {
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
    }

    /// Returns whether a secret can begin with a byte.
    pub(super) fn may_begin(&self, byte: u8) -> bool {
        self.begins[usize::from(byte)]
    }

    /// Returns whether some view does not see a byte as it is.
    pub(super) fn is_special(&self, byte: u8) -> bool {
        self.specials[usize::from(byte)]
    }

    /// Returns how long the longest form is.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }
}

/// Returns a value and, as one of several lines is often printed line by line, its lines.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let is_one = value.lines().count() == 1;
    let lines = value.lines().filter(move |line| is_one || line.len() >= SHORTEST_ENCODED);
    lines.chain([value]).filter(|value| !value.is_empty())
}

/// Returns what base64 makes of a value, wherever it stands in the encoded text.
fn base64_forms(value: &str) -> Vec<Vec<u8>> {
    if value.len() < SHORTEST_ENCODED {
        return Vec::new();
    }
    let forms = (0..3).flat_map(|offset| {
        let engines = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];
        engines.into_iter().flat_map(move |engine| aligned_base64(&engine, value.as_bytes(), offset))
    });
    forms.collect()
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;

    fn redacted(secrets: &Rc<Secrets>, text: &str) -> String {
        let mut text = text.to_owned();
        secrets.redact(&mut text);
        text
    }

    #[track_caller]
    fn check(secret: &str, text: &str, expected: &str) {
        let secrets = Rc::new(Secrets::new([secret]));
        assert_eq!(redacted(&secrets, text), expected);
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
    fn secrets_in_other_codings_are_replaced() {
        let secret = "a\"b\\c\td/é😀";
        check(secret, r#"{"x": "a\"b\\c\td\/\u00e9\ud83d\ude00"}"#, r#"{"x": "***"}"#);
        check(secret, r#"{"x": "a\"b\\c\td/é😀"}"#, r#"{"x": "***"}"#);
        check("<it's> & so", "&lt;it&#39;s&gt; &amp; so", "***");
        check("<it's> & so", "<it&#x27;s&gt; &amp so &amp;", "<it&#x27;s&gt; &amp so &amp;");
        check("it's $x", r"+ echo 'it'\''s $x'", "+ echo ***'".replace("***", "'***").as_str());
        check("it's $x", r"it\'s\ \$x", "***");
        check("it's $x", r#"'it'"'"'s $x'"#, "'***'");
        check("\n1st\n", r"-\n1st\n-", r"-***-");
    }

    #[test]
    fn secrets_with_controls_between_are_replaced() {
        check("myTok3nvalue", "token=my\u{1b}[01;31m\u{1b}[KTok3n\u{1b}[m\u{1b}[Kvalue", "token=***");
        check("myTok3n", "m\u{0}y\u{7}T\u{1b}]0;x\u{7}ok\u{202e}3n.", "***.");
        check("myTok3n", "my%54o\u{1b}[mk3n", "***");
        check("a\u{1b}[mb", "a\u{1b}[mb ab", "*** ab");
        check("key", "k\u{1b}]ey\nkey", "k\u{1b}]ey\n***");
        check("“é”", "“é” “e”", "*** “e”");
    }

    #[test]
    fn base64_that_is_indented_is_replaced() {
        check("hunter2hunter2", "key: |\n   aHVudGVy\n   Mmh1bnRl\n   cjI=\n", "key: |\n   ***=\n");
    }

    #[test]
    fn what_never_ends_is_not_held() {
        let secrets = Rc::new(Secrets::new(["hunter2"]));
        let mut redactor = Redactor::new(&secrets);
        let (mut shown, nothing) = (redactor.push(b"hu\x1b]"), [0; 4096]);
        for _ in 0..100 {
            shown.extend(redactor.push(&nothing));
        }
        assert!(shown.len() > 300_000, "{}", shown.len());
    }

    #[test]
    fn secrets_of_several_lines_are_replaced_line_by_line() {
        check("first line\nsecond line", "a first line\nb second line\n", "a ***\nb ***\n");
    }

    #[test]
    fn longer_secret_wins_over_its_beginning() {
        let secrets = Rc::new(Secrets::new(["abcd", "abcdefgh"]));
        assert_eq!(redacted(&secrets, "abcdefgh abcdex abcd"), "*** ***ex ***");
    }

    proptest! {
        #[test]
        fn base64_of_a_text_around_a_secret_does_not_hold_it(before in "[ -~]{0,80}", after in "[ -~]{0,80}") {
            let secret = "correct horse battery";
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}{after}"));
            let wrapped: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let shown = redacted(&Rc::new(Secrets::new([secret])), &wrapped.join("\n   "));
            prop_assert!(shown.contains("***"), "{}", shown);
        }
    }
}
