//! Languages for data: JSON, TOML, INI and their like.

use super::lexer::{Class, Lexer, is_blank, is_word};
use super::words::number;

/// Colours JSON, with the comments that some programs read in it.
pub(super) fn json(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'"' => json_text(lexer),
            b'/' if lexer.byte(1) == b'/' => lexer.take(Class::Comment, lexer.line()),
            b'/' if lexer.byte(1) == b'*' => lexer.take(Class::Comment, lexer.through("*/")),
            byte if byte.is_ascii_digit() || byte == b'-' => {
                lexer.take(Class::Constant, number(lexer).max(1))
            }
            byte if is_word(byte) => {
                let word = lexer.word();
                match word {
                    "false" | "null" | "true" => lexer.take(Class::Constant, word.len()),
                    _ => lexer.skip(word.len()),
                }
            }
            _ => lexer.skip(1),
        }
    }
}

/// Takes a text, which is a key where a colon follows.
fn json_text(lexer: &mut Lexer<'_>) {
    let length = lexer.quoted(false);
    let is_key = lexer.rest()[length..].trim_start().starts_with(':');
    lexer.take(if is_key { Class::Key } else { Class::Text }, length);
}

/// Colours TOML.
pub(super) fn toml(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        lexer.skip_space();
        match lexer.byte(0) {
            b'#' => lexer.take(Class::Comment, lexer.line()),
            b'[' => {
                let length = lexer.through_on_line("]");
                lexer.take(Class::Type, length + usize::from(lexer.byte(length) == b']'));
            }
            _ => {
                toml_key(lexer);
                toml_value(lexer);
            }
        }
    }
}

fn toml_key(lexer: &mut Lexer<'_>) {
    while !matches!(lexer.byte(0), b'=' | b'\n' | b'#' | 0) {
        match lexer.byte(0) {
            b'"' | b'\'' => lexer.take_quoted(Class::Key),
            byte if is_blank(byte) => lexer.skip_blanks(),
            _ => lexer.take(Class::Key, 1),
        }
    }
    if lexer.byte(0) == b'=' || lexer.byte(0) == 0 {
        lexer.skip(1);
    }
}

/// Takes a value, with all lines of a list and the keys of a table in it.
fn toml_value(lexer: &mut Lexer<'_>) {
    let mut open = 0_usize;
    while !lexer.is_done() && (open > 0 || lexer.byte(0) != b'\n') {
        match lexer.byte(0) {
            b'#' => lexer.take(Class::Comment, lexer.line()),
            b'"' | b'\'' => toml_text(lexer),
            b'[' | b'{' => {
                open += 1;
                lexer.skip(1);
            }
            b']' | b'}' => {
                open = open.saturating_sub(1);
                lexer.skip(1);
            }
            byte if byte.is_ascii_digit() || matches!(byte, b'-' | b'+') => {
                let length = lexer.count(|byte| is_word(byte) || matches!(byte, b'-' | b'+' | b'.' | b':'));
                lexer.take(Class::Constant, length);
            }
            byte if is_word(byte) => toml_word(lexer),
            _ => lexer.skip(1),
        }
    }
}

fn toml_text(lexer: &mut Lexer<'_>) {
    let long = ["\"\"\"", "'''"].into_iter().find(|quote| lexer.starts_with(quote));
    let length = match long {
        Some(quote) => lexer.through_after(quote.len(), quote),
        None => lexer.quoted(false),
    };
    lexer.take(Class::Text, length);
}

fn toml_word(lexer: &mut Lexer<'_>) {
    let length = lexer.count(|byte| is_word(byte) || matches!(byte, b'-' | b'.'));
    match &lexer.rest()[..length] {
        "false" | "inf" | "nan" | "true" => lexer.take(Class::Constant, length),
        _ if lexer.next_sign(length) == b'=' => lexer.take(Class::Key, length),
        _ => lexer.skip(length),
    }
}

/// Colours INI, units of systemd and files of properties.
pub(super) fn ini(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        lexer.skip_space();
        let length = lexer.line();
        let line = &lexer.rest()[..length];
        match lexer.byte(0) {
            b'#' | b';' | b'!' => lexer.take(Class::Comment, length),
            b'[' => lexer.take(Class::Type, length),
            _ => {
                if let Some(sign) = line.find(['=', ':']) {
                    lexer.take(Class::Key, line[..sign].trim_end().len());
                    lexer.skip_blanks();
                    lexer.skip(1);
                }
                ini_value(lexer);
            }
        }
    }
}

/// Takes a value, with the lines that it goes on to.
fn ini_value(lexer: &mut Lexer<'_>) {
    lexer.skip_blanks();
    loop {
        let length = lexer.line();
        let goes_on = lexer.rest()[..length].ends_with('\\');
        lexer.take(Class::Text, length);
        if !goes_on || lexer.is_done() {
            return;
        }
        lexer.skip(1);
    }
}

/// Colours the differences of files.
pub(super) fn diff(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        let length = lexer.line();
        let line = &lexer.rest()[..length];
        let class = match line.as_bytes().first() {
            _ if ["+++ ", "--- ", "@@", "diff ", "index "].iter().any(|begin| line.starts_with(begin)) => {
                Some(Class::Keyword)
            }
            Some(b'+' | b'>') => Some(Class::Inserted),
            Some(b'-' | b'<') => Some(Class::Deleted),
            _ => None,
        };
        match class {
            Some(class) => lexer.take(class, length),
            None => lexer.skip(length),
        }
        lexer.skip(1);
    }
}
