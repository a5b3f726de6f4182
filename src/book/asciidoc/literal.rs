//! Text becomes AsciiDoc that reads as the text.
//!
//! A backslash before a character only helps where AsciiDoc would have seen markup, and else is
//! shown. A character reference is right everywhere, so each character that may mean something
//! where it stands becomes one, and no other does: the pages are for people too.

use std::fmt::Write as _;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::book) enum Standing {
    /// In a paragraph, a title or a cell.
    Running,
    /// Inside of the brackets of a link, where `=` divides names from values.
    Bracketed,
}

/// Returns a text of one line, or of several that stand in one paragraph, as AsciiDoc.
pub(in crate::book) fn literal(text: &str, standing: Standing) -> String {
    let letters: Vec<char> =
        text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
    let mut written = String::with_capacity(text.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = &letters[at + 1..];
        // The end of a character reference and a semicolon are the mark of a definition.
        let ends_reference = *letter == ';' && written.ends_with(';');
        if ends_reference || means_something(*letter, before, after, standing) {
            push_reference(&mut written, *letter);
        } else {
            written.push(*letter);
        }
    }
    written
}

fn means_something(letter: char, before: Option<char>, after: &[char], standing: Standing) -> bool {
    let next = after.first().copied();
    let is_double = before == Some(letter) || next == Some(letter);
    match letter {
        '*' | '`' | '#' | '^' | '~' | '+' | '{' | '[' | ']' | '|' | '\\' | '@' => true,
        // Inside of a word it is no emphasis, unless there are two.
        '_' => is_double || !before.is_some_and(char::is_alphanumeric),
        '=' => standing == Standing::Bracketed || is_double,
        '-' | ';' | '$' | '.' => is_double,
        // Beside the marks of code it would be a quotation.
        '"' => standing == Standing::Bracketed || before.is_none() || next.is_none(),
        ':' => is_double || after.starts_with(&['/', '/']),
        '(' => {
            is_double
                || ["C)", "R)", "TM)"]
                    .iter()
                    .any(|mark| after.iter().take(mark.len()).copied().eq(mark.chars()))
        }
        '<' => matches!(next, Some('<' | '-' | '=')) || before == Some('<'),
        '>' => matches!(before, Some('>' | '-' | '=')) || next == Some('>'),
        '&' => next.is_some_and(|next| next == '#' || next.is_alphanumeric()),
        '\'' => match (before, next) {
            (Some(before), Some(next)) => before.is_alphanumeric() && next.is_alphabetic(),
            _ => true,
        },
        _ => false,
    }
}

/// Adds a character as what it is in every place.
pub(super) fn push_reference(written: &mut String, letter: char) {
    let _ = write!(written, "&#{};", u32::from(letter));
}

/// Returns the target of a link or an image.
pub(super) fn target(url: &str) -> String {
    let mut written = String::with_capacity(url.len());
    for (at, letter) in url.char_indices() {
        match letter {
            letter if letter.is_control() => {}
            ' ' => written.push_str("%20"),
            '[' => written.push_str("%5B"),
            ']' => written.push_str("%5D"),
            // Two between letters would be a dash. An anchor must stay what it is: no reference.
            '-' if is_dash(&url[..at], &url[at..]) => written.push_str("\\-"),
            // A scheme, a path and a fragment are what they are; the rest could be markup.
            '_' if !url[at + 1..].starts_with('_') && url[..at].ends_with(char::is_alphanumeric) => {
                written.push('_');
            }
            '-' | '/' | ':' | '?' | '=' | '%' | ',' | '!' | '#' => written.push(letter),
            '.' if !url[at + 1..].starts_with('.') && !url[..at].ends_with('.') => written.push('.'),
            letter if letter.is_alphanumeric() => written.push(letter),
            letter => push_reference(&mut written, letter),
        }
    }
    written
}

/// Returns whether two hyphens between letters begin a text.
fn is_dash(before: &str, text: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let after = text.strip_prefix("--");
    before.ends_with(is_word) && after.is_some_and(|after| after.starts_with(is_word))
}

/// Returns a text as a quoted value between the brackets of a macro.
pub(super) fn attribute(text: &str) -> String {
    format!("\"{}\"", literal(&one_line(text), Standing::Bracketed))
}

/// Returns a text without line ends.
pub(in crate::book) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns lines of a paragraph of which none begins a block of its own.
pub(super) fn guarded(lines: &str) -> String {
    let guarded = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let guard = if begins_a_block(line) { "{empty}" } else { "" };
        format!("{guard}{line}")
    });
    guarded.collect::<Vec<_>>().join("\n")
}

fn begins_a_block(line: &str) -> bool {
    const LABELS: &[&str] = &["NOTE:", "TIP:", "IMPORTANT:", "WARNING:", "CAUTION:"];
    let Some(first) = line.chars().next() else { return false };
    if LABELS.iter().any(|label| line.starts_with(label)) {
        return true;
    }
    if is_marker(line) {
        return true;
    }
    match first {
        '&' | '`' | '(' | '"' | '_' => false,
        '*' => line.trim_start_matches('*').starts_with([' ', '\t']),
        '•' => true,
        first => first.is_ascii_punctuation(),
    }
}

/// Returns whether a line begins as an item of an ordered list: `1. x`, `a. x`, `iv) x`.
fn is_marker(line: &str) -> bool {
    let Some((marker, _)) = line.split_once([' ', '\t']) else { return false };
    let is_all = |text: &str, fits: fn(char) -> bool| !text.is_empty() && text.chars().all(fits);
    match (marker.strip_suffix('.'), marker.strip_suffix(')')) {
        (Some(word), _) => {
            is_all(word, |letter| letter.is_ascii_digit())
                || (word.len() == 1 && is_all(word, |letter| letter.is_ascii_alphabetic()))
        }
        (_, Some(word)) => is_all(word, |letter| "ivxlcdmIVXLCDM".contains(letter)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(literal(text, Standing::Running), expected);
    }

    #[test]
    fn only_what_means_something_becomes_a_reference() {
        check("a plain sentence, with a_name and 2 < 3.", "a plain sentence, with a_name and 2 < 3.");
        check("*a* _b_ `c`", "&#42;a&#42; &#95;b_ &#96;c&#96;");
        check("__init__", "&#95;&#95;init&#95;&#95;");
        check("{version} <<x>>", "&#123;version} &#60;&#60;x&#62;&#62;");
        check("a -- b... c->d (C)", "a &#45;&#45; b&#46;&#46;&#46; c-&#62;d &#40;C)");
        check("it's https://x", "it&#39;s https&#58;//x");
        check("a:: b", "a&#58;&#58; b");
        check("*; b", "&#42;&#59; b");
        check("AT&T; &amp;", "AT&#38;T; &#38;amp;");
        check("\u{1b}[1m", "&#91;1m");
    }

    #[test]
    fn lines_that_would_begin_a_block_are_guarded() {
        let check = |line: &str, is_guarded: bool| assert_eq!(guarded(line) != line, is_guarded, "{line}");
        for line in [
            "= a", "- a", "1. a", "a. x", "iv) x", ".title", "NOTE: x", ": a", "// c", "• x", "'''", "> q",
            "<1> x",
        ] {
            check(line, true);
        }
        for line in [
            "text",
            "**bold** x",
            "a. b".trim_end_matches(". b"),
            "`code` x",
            "1.5 times",
            "e.g. this",
            "2 files",
        ] {
            check(line, false);
        }
    }

    #[test]
    fn targets_are_one_word() {
        assert_eq!(target("https://x.org/a_b?c=d#e"), "https://x.org/a_b?c=d#e");
        assert_eq!(target("a b[c]__d--e---f"), "a%20b%5Bc%5D&#95;&#95;d\\--e---f");
    }
}
