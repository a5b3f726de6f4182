//! The ways in which tools write a text that has characters they cannot take.

/// A way to write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Plain,
    /// `%2F` (RFC 3986).
    Percent,
    /// The same with `+` for a blank (URL Standard).
    Form,
    /// `\"`, `\n`, `\u00e9`: JSON, C and Python.
    Escapes,
    /// `'\''`, `'"'"'`, `\ `: shells.
    Shell,
    /// `&amp;`, `&#39;`: HTML and XML.
    Html,
}

/// What bytes say in a coding.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// That depends on the next byte.
    More,
    /// These bytes.
    Bytes(Vec<u8>),
    /// The first byte says nothing.
    Skip,
    /// The first byte stands for itself.
    Itself,
}

use Decoded::{Bytes, Itself, More, Skip};

impl Coding {
    /// All codings of a text as it is shown.
    pub(super) const ALL: [Self; 6] =
        [Self::Plain, Self::Percent, Self::Form, Self::Escapes, Self::Shell, Self::Html];

    /// Returns whether a byte need not stand for itself.
    pub(super) fn is_special(self, byte: u8) -> bool {
        match self {
            Self::Plain => false,
            Self::Percent => byte == b'%',
            Self::Form => matches!(byte, b'%' | b'+'),
            Self::Escapes => byte == b'\\',
            Self::Shell => matches!(byte, b'\\' | b'\''),
            Self::Html => byte == b'&',
        }
    }

    /// Reads bytes.
    pub(super) fn decode(self, text: &[u8]) -> Decoded {
        match self {
            Self::Plain => Itself,
            Self::Form if text == b"+" => Bytes(vec![b' ']),
            Self::Percent | Self::Form => percent(text),
            Self::Escapes => escape(text),
            Self::Shell => shell(text),
            Self::Html => html(text),
        }
    }
}

fn percent(text: &[u8]) -> Decoded {
    match text {
        [b'%', digits @ ..] => hexadecimal(digits, 2, |code| u8::try_from(code).ok().map(|byte| vec![byte])),
        _ => Itself,
    }
}

/// Reads so many hexadecimal digits.
fn hexadecimal(digits: &[u8], count: usize, bytes: impl Fn(u32) -> Option<Vec<u8>>) -> Decoded {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Itself;
    }
    if digits.len() < count {
        return More;
    }
    let code = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.and_then(bytes).map_or(Itself, Bytes)
}

fn escape(text: &[u8]) -> Decoded {
    match text {
        [b'\\'] | [b'\\', b'x'] | [b'\\', b'u'] => More,
        [b'\\', byte @ (b'"' | b'\\' | b'/' | b'\'')] => Bytes(vec![*byte]),
        [b'\\', b'n'] => Bytes(vec![b'\n']),
        [b'\\', b't'] => Bytes(vec![b'\t']),
        [b'\\', b'r'] => Bytes(vec![b'\r']),
        [b'\\', b'b'] => Bytes(vec![0x08]),
        [b'\\', b'f'] => Bytes(vec![0x0c]),
        [b'\\', b'x', digits @ ..] => {
            hexadecimal(digits, 2, |code| u8::try_from(code).ok().map(|byte| vec![byte]))
        }
        [b'\\', b'u', digits @ ..] if digits.len() <= 4 => match hexadecimal(digits, 4, utf8) {
            // The first half of a character beyond the first 65,536.
            Itself if digits.len() == 4 && is_high_surrogate(digits) => More,
            decoded => decoded,
        },
        [b'\\', b'u', high @ ..] => surrogates(&high[..4], &high[4..]),
        _ => Itself,
    }
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    char::from_u32(code).map(|character| character.to_string().into_bytes())
}

fn code_unit(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn is_high_surrogate(digits: &[u8]) -> bool {
    code_unit(digits).is_some_and(|unit| (0xd800..0xdc00).contains(&unit))
}

fn surrogates(high: &[u8], low: &[u8]) -> Decoded {
    match low {
        [b'\\'] | [b'\\', b'u'] => More,
        [b'\\', b'u', digits @ ..] => hexadecimal(digits, 4, |low| {
            let high = code_unit(high)? - 0xd800;
            utf8(0x1_0000 + (high << 10) + low.checked_sub(0xdc00)?)
        }),
        _ => Itself,
    }
}

fn shell(text: &[u8]) -> Decoded {
    const QUOTED_QUOTE: &[u8] = br#"'"'"'"#;
    match text {
        [b'\\'] => More,
        [b'\\', byte] if byte.is_ascii_punctuation() || matches!(byte, b' ' | b'\t') => Bytes(vec![*byte]),
        [b'\'', ..] if text == QUOTED_QUOTE => Bytes(vec![b'\'']),
        [b'\'', ..] if QUOTED_QUOTE.starts_with(text) => More,
        [b'\'', ..] => Skip,
        _ => Itself,
    }
}

/// No reference that stands for one of a secret's characters is longer.
const LONGEST_REFERENCE: usize = 10;

fn html(text: &[u8]) -> Decoded {
    let [b'&', name @ ..] = text else { return Itself };
    match name {
        [name @ .., b';'] => reference(name).map_or(Itself, Bytes),
        _ if name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
            && text.len() < LONGEST_REFERENCE =>
        {
            More
        }
        _ => Itself,
    }
}

fn reference(name: &[u8]) -> Option<Vec<u8>> {
    let number = |digits: &[u8], radix| u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    match name {
        b"amp" => Some(vec![b'&']),
        b"lt" => Some(vec![b'<']),
        b"gt" => Some(vec![b'>']),
        b"quot" => Some(vec![b'"']),
        b"apos" => Some(vec![b'\'']),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16).and_then(utf8),
        [b'#', digits @ ..] => number(digits, 10).and_then(utf8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coding: Coding, text: &str, expected: &str) {
        for end in 1..text.len() {
            assert_eq!(coding.decode(&text.as_bytes()[..end]), More, "{}", &text[..end]);
        }
        assert_eq!(coding.decode(text.as_bytes()), Bytes(expected.as_bytes().to_vec()), "{text}");
    }

    #[test]
    fn what_stands_for_a_character_is_read() {
        check(Coding::Percent, "%2F", "/");
        check(Coding::Form, "+", " ");
        check(Coding::Escapes, r#"\""#, "\"");
        check(Coding::Escapes, r"\x41", "A");
        check(Coding::Escapes, r"\u00e9", "é");
        check(Coding::Escapes, r"\ud83d\ude00", "😀");
        check(Coding::Shell, r"\$", "$");
        check(Coding::Shell, r#"'"'"'"#, "'");
        check(Coding::Html, "&#39;", "'");
        check(Coding::Html, "&#x27;", "'");
        check(Coding::Html, "&amp;", "&");
    }

    #[test]
    fn what_stands_for_nothing_is_itself() {
        for (coding, text) in [
            (Coding::Percent, "%4x"),
            (Coding::Escapes, r"\d"),
            (Coding::Escapes, r"\u12x"),
            (Coding::Escapes, r"\ud83dx"),
            (Coding::Escapes, r"\ud83d\u0041"),
            (Coding::Html, "&nope;"),
            (Coding::Html, "& "),
            (Coding::Html, "&toolongaword"),
        ] {
            assert_eq!(coding.decode(text.as_bytes()), Itself, "{text}");
        }
        assert_eq!(Coding::Shell.decode(b"'a"), Skip);
    }
}
