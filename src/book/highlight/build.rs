//! What builds software: make, and RPM's spec files.

use super::lexer::{Class, Lexer, is_word};
use super::shell;

/// Words that begin a line of a makefile and are no target.
const DIRECTIVES: [&str; 13] = [
    "-include", "define", "else", "endef", "endif", "export", "ifdef", "ifeq", "ifndef", "ifneq", "include",
    "override", "unexport",
];

/// Colours a makefile.
pub(super) fn makefile(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        if lexer.byte(0) == b'\t' {
            // Signs that say whether make shows the command, and what its failure means.
            lexer.skip(lexer.count(|byte| matches!(byte, b'\t' | b' ' | b'@' | b'-' | b'+')));
            shell::command(lexer);
            continue;
        }
        lexer.skip_blanks();
        let line = &lexer.rest()[..lexer.line()];
        let word = line.split([' ', '\t', '(']).next().unwrap_or_default();
        if DIRECTIVES.contains(&word) {
            lexer.take(Class::Keyword, word.len());
        } else if let Some(sign) = line.find('=').filter(|_| !line.starts_with('#')) {
            let name = line[..sign].trim_end_matches([':', '+', '?', '!']).trim_end().len();
            lexer.take(Class::Key, name);
        } else if let Some(end) = line.find(':').filter(|_| !line.starts_with('#')) {
            lexer.take(Class::Function, end);
        }
        expanded(lexer);
    }
}

/// Takes the rest of a line, and those that it goes on to, with the variables in it.
fn expanded(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'\n' => return lexer.skip(1),
            b'\\' => lexer.skip(2),
            b'#' => lexer.take(Class::Comment, lexer.line()),
            b'$' if matches!(lexer.byte(1), b'(' | b'{') => {
                let close = if lexer.byte(1) == b'(' { ")" } else { "}" };
                lexer.take(Class::Variable, lexer.through_on_line(close));
            }
            b'$' => lexer.take(Class::Variable, 2),
            _ => lexer.skip(1),
        }
    }
}

/// Colours a spec file of RPM.
pub(super) fn spec(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        let line = &lexer.rest()[..lexer.line()];
        let tag = lexer.count(|byte| is_word(byte) || matches!(byte, b'(' | b')' | b'-'));
        match lexer.byte(0) {
            b'#' => lexer.take(Class::Comment, line.len()),
            b'%' if is_word(lexer.byte(1)) => lexer.take(Class::Keyword, 1 + lexer.count_after(1, is_word)),
            _ if tag > 0 && line[tag..].starts_with(':') => lexer.take(Class::Key, tag),
            _ => {}
        }
        macros(lexer);
    }
}

/// Takes the rest of a line with the macros in it.
fn macros(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'\n' => return lexer.skip(1),
            b'%' if lexer.byte(1) == b'%' => lexer.skip(2),
            b'%' if lexer.byte(1) == b'{' => lexer.take(Class::Variable, lexer.through_on_line("}")),
            b'%' => lexer.take(Class::Variable, 1 + lexer.count_after(1, is_word)),
            b'"' => lexer.take_quoted(Class::Text),
            _ => lexer.skip(1),
        }
    }
}
