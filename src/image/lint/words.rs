//! Lines of sysusers.d and tmpfiles.d: words, with quotes and escapes.

/// Returns the lines that say something.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Splits the first words off a line, up to `most`; none where a quote is not closed or an escape is none.
pub(super) fn words(line: &str, most: usize) -> Option<Vec<Vec<u8>>> {
    let mut bytes = line.bytes().peekable();
    let mut words = Vec::new();
    while words.len() < most {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        let quote = bytes.next_if(|byte| matches!(byte, b'"' | b'\''));
        if bytes.peek().is_none() && quote.is_none() {
            break;
        }
        words.push(word(&mut bytes, quote)?);
    }
    Some(words)
}

fn word(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>, quote: Option<u8>) -> Option<Vec<u8>> {
    let mut word = Vec::new();
    loop {
        match (bytes.next(), quote) {
            (None, None) => return Some(word),
            (None, Some(_)) => return None,
            (Some(byte), Some(quote)) if byte == quote => return Some(word),
            (Some(byte), None) if byte.is_ascii_whitespace() => return Some(word),
            (Some(b'\\'), _) => word.push(escaped(bytes)?),
            (Some(byte), _) => word.push(byte),
        }
    }
}

fn escaped(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Option<u8> {
    match bytes.next()? {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'x' => {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&[&str]>) {
        let found = words(line, 3).map(|words| {
            words
                .into_iter()
                .map(|word| String::from_utf8(word).expect("the words are text"))
                .collect::<Vec<_>>()
        });
        assert_eq!(
            found.as_deref(),
            expected.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).as_deref()
        );
    }

    #[test]
    fn lines_are_words() {
        check("d  /var/lib/a 0755 root root", Some(&["d", "/var/lib/a", "0755"]));
        check("u \"a b\" -", Some(&["u", "a b", "-"]));
        check("L /var/a\\x20b\\\\c", Some(&["L", "/var/a b\\c"]));
        check("d \"\"", Some(&["d", ""]));
        check("d \"open", None);
        check("d /a\\xz", None);
        check("", Some(&[]));
    }

    #[test]
    fn comments_say_nothing() {
        assert_eq!(lines("# a\n\n  \n b\n").collect::<Vec<_>>(), ["b"]);
    }
}
