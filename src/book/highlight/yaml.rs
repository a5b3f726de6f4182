//! YAML, with what Tekton and others put into it: scripts, and `$(params.name)`.

use super::languages::PYTHON;
use super::lexer::{Class, Lexer, is_blank};
use super::shell;

/// Colours YAML.
pub(super) fn yaml(lexer: &mut Lexer<'_>) {
    let mut reader = Reader::default();
    while !lexer.is_done() {
        reader.token(lexer);
    }
}

/// Where a place stands in a document.
#[derive(Debug, Default)]
struct Reader {
    /// How many braces and brackets are open.
    flow: usize,
    /// Where the line begins.
    line: usize,
    /// The column of the key or the item that a value belongs to; none for that of the document.
    parent: Option<usize>,
}

impl Reader {
    fn token(&mut self, lexer: &mut Lexer<'_>) {
        if lexer.before() == b'\n' {
            self.line = lexer.place();
            if lexer.starts_with("---") || lexer.starts_with("...") {
                (self.flow, self.parent) = (0, None);
                return lexer.take(Class::Keyword, 3);
            }
        }
        let column = Some(lexer.place() - self.line);
        match lexer.byte(0) {
            b'\n' => lexer.skip(1),
            byte if is_blank(byte) => lexer.skip_blanks(),
            b'#' if lexer.before().is_ascii_whitespace() => lexer.take(Class::Comment, lexer.line()),
            b'%' if column == Some(0) => lexer.take(Class::Keyword, lexer.line()),
            b'-' | b'?' if ends_sign(lexer.byte(1)) => {
                self.parent = column;
                lexer.skip(1);
            }
            b'{' | b'[' => {
                self.flow += 1;
                lexer.skip(1);
            }
            b'}' | b']' if self.flow > 0 => {
                self.flow -= 1;
                lexer.skip(1);
            }
            b',' | b':' if self.flow > 0 || ends_sign(lexer.byte(1)) => lexer.skip(1),
            b'&' | b'*' | b'!' if !ends_sign(lexer.byte(1)) => {
                let in_flow = self.flow > 0;
                let length = lexer.count(|byte| !(byte.is_ascii_whitespace() || in_flow && is_flow(byte)));
                lexer.take(Class::Type, length);
            }
            b'|' | b'>' if self.flow == 0 && is_block(lexer) => block(lexer, self.parent),
            _ => {
                let is_key = match lexer.byte(0) {
                    b'"' | b'\'' => quoted(lexer),
                    _ => plain(lexer, self.flow > 0),
                };
                if is_key && self.flow == 0 {
                    self.parent = column;
                }
            }
        }
    }
}

/// Returns whether a sign before this byte stands for itself.
fn ends_sign(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0
}

fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// Returns whether the lines below belong to `|` or `>`, which may have an indent, what becomes of line ends, and a comment.
fn is_block(lexer: &Lexer<'_>) -> bool {
    let line = &lexer.rest()[1..lexer.line()];
    let after = line.trim_start_matches(['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).trim();
    after.is_empty() || after.starts_with('#')
}

/// Takes `|` or `>` and the lines that are deeper than what they belong to.
fn block(lexer: &mut Lexer<'_>, parent: Option<usize>) {
    lexer.take(Class::Keyword, lexer.line());
    lexer.skip(1);
    let mut length = 0;
    for line in lexer.rest().split_inclusive('\n') {
        let depth = line.len() - line.trim_start_matches(' ').len();
        if !line.trim().is_empty() && parent.is_some_and(|parent| depth <= parent) {
            break;
        }
        length += line.len();
    }
    let first = lexer.rest()[..length].trim_start().lines().next().unwrap_or_default();
    match interpreter(first) {
        Some("bash" | "dash" | "ksh" | "sh") => lexer.within(length, shell::script),
        Some(name) if name.starts_with("python") => lexer.within(length, |lexer| PYTHON.read(lexer)),
        _ => lexer.within(length, text),
    }
}

/// Returns what a script is run by, if its first line says so.
fn interpreter(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("#!")?.split_whitespace();
    let name = words.next()?.rsplit('/').next()?;
    if name == "env" { words.find(|word| !word.starts_with('-')) } else { Some(name) }
}

/// Takes a text, with what stands for something in it.
fn text(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'$' => match shell::reference(lexer) {
                0 => lexer.take(Class::Text, 1),
                length => lexer.take(Class::Variable, length),
            },
            _ => lexer.take(Class::Text, lexer.count(|byte| byte != b'$')),
        }
    }
}

/// Takes a text in quotes; returns whether it is a key.
fn quoted(lexer: &mut Lexer<'_>) -> bool {
    let length = if lexer.byte(0) == b'"' { lexer.quoted(true) } else { single_quoted(lexer.rest()) };
    take(lexer, length)
}

/// Returns the bytes of a text in single quotes, with them: two of them stand for one in it.
fn single_quoted(code: &str) -> usize {
    let bytes = code.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    code.len()
}

/// Takes so many bytes, which are a key where a colon follows; returns whether they are.
fn take(lexer: &mut Lexer<'_>, length: usize) -> bool {
    let rest = &lexer.rest().as_bytes()[length.min(lexer.rest().len())..];
    let after = rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len());
    let is_key = rest.get(after) == Some(&b':') && ends_sign(rest.get(after + 1).copied().unwrap_or(0));
    match is_key {
        true => lexer.take(Class::Key, length),
        false => lexer.within(length, text),
    }
    is_key
}

/// Takes a text without quotes up to where it ends on its line; returns whether it is a key.
fn plain(lexer: &mut Lexer<'_>, in_flow: bool) -> bool {
    let bytes = lexer.rest().as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut at = 1;
    while at < bytes.len() && byte(at) != b'\n' {
        let ends = match byte(at) {
            b':' => ends_sign(byte(at + 1)) || in_flow && is_flow(byte(at + 1)),
            b'#' => is_blank(byte(at - 1)),
            other => in_flow && is_flow(other),
        };
        if ends {
            break;
        }
        at += 1;
    }
    let mut end = at;
    while end > 1 && is_blank(byte(end - 1)) {
        end -= 1;
    }
    if is_constant(&lexer.rest()[..end]) && byte(at) != b':' {
        lexer.take(Class::Constant, end);
        return false;
    }
    take(lexer, end)
}

/// Returns whether a text is a number, a truth or nothing: see the core schema of YAML 1.2.
fn is_constant(word: &str) -> bool {
    let is_number = || {
        let digits = word.trim_start_matches(['+', '-']);
        digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
            && (digits.parse::<f64>().is_ok() || digits.starts_with("0x") || digits.starts_with("0o"))
    };
    matches!(word, "false" | "null" | "true" | "False" | "True" | "FALSE" | "TRUE" | "Null" | "NULL" | "~")
        || is_number()
}
