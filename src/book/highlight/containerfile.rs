//! Containerfiles: see containerfile(5).

use super::data::json;
use super::lexer::{Class, Lexer, is_blank, is_word};
use super::shell;

/// Colours a Containerfile.
pub(super) fn containerfile(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        lexer.skip_space();
        if lexer.byte(0) == b'#' {
            lexer.take(Class::Comment, lexer.line());
            continue;
        }
        instruction(lexer);
    }
}

fn instruction(lexer: &mut Lexer<'_>) {
    let word = lexer.word().to_ascii_uppercase();
    lexer.take(Class::Keyword, word.len());
    lexer.skip_blanks();
    match word.as_str() {
        // What is built for others is an instruction after it.
        "ONBUILD" => instruction(lexer),
        "CMD" | "ENTRYPOINT" | "RUN" | "SHELL" => command(lexer),
        "HEALTHCHECK" => {
            flags(lexer);
            instruction(lexer);
        }
        "FROM" => arguments(lexer, Value::Image),
        "ARG" | "ENV" | "LABEL" => arguments(lexer, Value::Pairs),
        "EXPOSE" => arguments(lexer, Value::Number),
        _ => arguments(lexer, Value::Other),
    }
}

fn flags(lexer: &mut Lexer<'_>) {
    while lexer.starts_with("--") {
        let length = lexer.count(|byte| !byte.is_ascii_whitespace());
        let name = lexer.rest()[..length].find('=').unwrap_or(length);
        lexer.take(Class::Constant, name);
        value(lexer, length - name);
        blanks_and_continuations(lexer);
    }
}

/// Takes blanks, and line ends that a backslash stands before.
fn blanks_and_continuations(lexer: &mut Lexer<'_>) {
    loop {
        lexer.skip_blanks();
        if !lexer.starts_with("\\\n") {
            return;
        }
        lexer.skip(2);
        lexer.skip_blanks();
        while lexer.byte(0) == b'#' {
            lexer.take(Class::Comment, lexer.line());
            lexer.skip_space();
        }
    }
}

/// Takes a command: a list of words, a line for a shell, or lines that are a script.
fn command(lexer: &mut Lexer<'_>) {
    flags(lexer);
    if lexer.byte(0) == b'[' {
        return lexer.within(lexer.line(), json);
    }
    if let Some(script) = script(lexer.rest()) {
        lexer.take(Class::Keyword, script.begin);
        lexer.within(script.length, shell::script);
        return lexer.take(Class::Keyword, script.end);
    }
    shell::command(lexer);
}

/// The parts of a here-document that a shell runs, in bytes.
struct Script {
    begin: usize,
    length: usize,
    end: usize,
}

fn script(code: &str) -> Option<Script> {
    let word = code.strip_prefix("<<")?;
    let (first, body) = word.split_once('\n')?;
    let name = first.trim_start_matches('-').trim().trim_matches(['\'', '"']);
    if name.is_empty() || !name.bytes().all(is_word) {
        return None;
    }
    let mut length = 0;
    for line in body.split_inclusive('\n') {
        if line.trim() == name {
            return Some(Script {
                begin: code.len() - body.len(),
                length,
                end: line.trim_end_matches('\n').len(),
            });
        }
        length += line.len();
    }
    None
}

/// What the words of an instruction are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Image,
    Pairs,
    Number,
    Other,
}

fn arguments(lexer: &mut Lexer<'_>, kind: Value) {
    flags(lexer);
    while !lexer.is_done() && lexer.byte(0) != b'\n' {
        match lexer.byte(0) {
            b'\\' if lexer.byte(1) == b'\n' => blanks_and_continuations(lexer),
            byte if is_blank(byte) => lexer.skip_blanks(),
            b'[' if kind == Value::Other => lexer.within(lexer.line(), json),
            b'<' if lexer.starts_with("<<") => return shell::arguments(lexer),
            _ => argument(lexer, kind),
        }
    }
}

fn argument(lexer: &mut Lexer<'_>, kind: Value) {
    let length = word(lexer);
    let text = &lexer.rest()[..length];
    let name = text.find('=').filter(|_| kind == Value::Pairs);
    match (kind, name) {
        (Value::Pairs, Some(name)) => {
            lexer.take(Class::Key, name);
            lexer.skip(1);
            value(lexer, length - name - 1);
        }
        (Value::Image, _) if text.eq_ignore_ascii_case("as") => lexer.take(Class::Keyword, length),
        (Value::Image, _) => lexer.within(length, shell::text_with_variables),
        (Value::Number, _) => lexer.take(Class::Constant, length),
        _ => value(lexer, length),
    }
}

/// Returns the bytes of a word, with the blanks in its quotes.
fn word(lexer: &Lexer<'_>) -> usize {
    let bytes = lexer.rest().as_bytes();
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'\n' {
        match (bytes[at], quote) {
            (b'\\', _) if bytes.get(at + 1) == Some(&b'\n') && quote.is_none() => break,
            (b'\\', _) => at += 1,
            (byte @ (b'"' | b'\''), None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (b' ' | b'\t', None) => break,
            _ => {}
        }
        at += 1;
    }
    at.min(bytes.len())
}

/// Takes so many bytes in which variables stand, and texts in quotes.
fn value(lexer: &mut Lexer<'_>, length: usize) {
    lexer.within(length, |lexer| {
        while !lexer.is_done() {
            match lexer.byte(0) {
                b'"' | b'\'' => {
                    let end = lexer.through_after(1, &lexer.rest()[..1]);
                    lexer.within(end, shell::text_with_variables);
                }
                b'$' => match shell::variable(lexer) {
                    0 => lexer.skip(1),
                    length => lexer.take(Class::Variable, length),
                },
                _ => lexer.skip(1),
            }
        }
    });
}
