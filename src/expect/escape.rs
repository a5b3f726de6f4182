//! Lines that cannot be written as they are.

use super::lines::LinePattern;

/// Returns the characters that an `(esc)` line stands for.
pub(super) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (value, length) = escape(&rest[at + 1..]).unwrap_or((b'\\', 0));
        bytes.push(value);
        rest = &rest[at + 1 + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    // Output is read in the same forgiving way, so bytes that are no text meet again.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads what follows a backslash: the byte it means and how long it is.
fn escape(after: &str) -> Option<(u8, usize)> {
    let value = match after.as_bytes().first()? {
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'0' => 0,
        b'a' => 7,
        b'e' => 0x1b,
        b'\\' => b'\\',
        b'x' => return Some((u8::from_str_radix(after.get(1..3)?, 16).ok()?, 3)),
        _ => return None,
    };
    Some((value, 1))
}

/// Returns a printed line as a line of an expectation that means exactly it.
///
/// Lines that would be read as a pattern get ` (equal)`, control characters become `(esc)`.
pub(super) fn as_exact_line(line: &str) -> String {
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return format!("{} (esc)", escaped(line));
    }
    if LinePattern::is_plain(line) { line.to_owned() } else { format!("{line} (equal)") }
}

/// Returns a printed line as one that means exactly it, and is not read as something else.
///
/// `misread` tells whether a line would be. Where ` (equal)` at its end does not help, its first
/// character becomes an escape.
pub(super) fn as_unmistakable_line(line: &str, misread: impl Fn(&str) -> bool) -> String {
    let marked = |line: &str| format!("{line} (equal)");
    let is_text = !line.contains(|c: char| c.is_control() && c != '\t');
    let forms = [as_exact_line(line)].into_iter().chain(is_text.then(|| marked(line)));
    forms.into_iter().find(|line| !misread(line)).unwrap_or_else(|| {
        let first = line.chars().next().map_or(0, char::len_utf8);
        let bytes: String = line[..first].bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("{bytes}{} (esc)", escaped(&line[first..]))
    })
}

fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            _ if c.is_control() => {
                let mut buffer = [0; 4];
                let bytes = c.encode_utf8(&mut buffer).bytes();
                bytes.for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let written = as_exact_line(line);
        assert_eq!(written, expected);
        if let Some(escaped) = written.strip_suffix(" (esc)") {
            assert_eq!(unescaped(escaped), line);
        }
    }

    #[test]
    fn patterns_are_written_as_equal() {
        check("plain", "plain");
        check("tab\there", "tab\there");
        check("...", "... (equal)");
        check("foo (re)", "foo (re) (equal)");
        check("foo( (re*)", "foo( (re*) (equal)");
        check("foo (no-eol)", "foo (no-eol) (equal)");
        check("<name>", "<name> (equal)");
        check("bell\x07 \\ \u{85}", "bell\\x07 \\\\ \\xc2\\x85 (esc)");
    }

    #[test]
    fn misread_lines_are_written_in_another_way() {
        let begins = |mark: char| move |line: &str| line.starts_with(mark);
        assert_eq!(as_unmistakable_line("a", begins('$')), "a");
        assert_eq!(as_unmistakable_line("[1]", |line| line.ends_with(']')), "[1] (equal)");
        assert_eq!(as_unmistakable_line("$ a\\b", begins('$')), "\\x24 a\\\\b (esc)");
        assert_eq!(as_unmistakable_line("$\x07", begins('$')), "\\x24\\x07 (esc)");
        assert_eq!(as_unmistakable_line("é", begins('é')), "\\xc3\\xa9 (esc)");
    }

    #[test]
    fn unknown_escapes_stay() {
        assert_eq!(unescaped(r"\q \x1b \xzz \x é\"), "\\q \x1b \\xzz \\x é\\");
    }
}
