//! Languages that mark up text: HTML and XML, Markdown, and the sheets that say what they look like.

use super::data::toml;
use super::languages::JAVASCRIPT;
use super::lexer::{Class, Lexer, is_word};
use super::words::number;
use super::yaml::yaml;

/// Colours HTML and XML.
pub(super) fn html(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'<' if lexer.starts_with("<!--") => lexer.take(Class::Comment, lexer.through("-->")),
            b'<' if matches!(lexer.byte(1), b'!' | b'?') => lexer.take(Class::Keyword, lexer.through(">")),
            b'<' if is_word(lexer.byte(1)) || lexer.byte(1) == b'/' => tag(lexer),
            b'&' => {
                let name = lexer.count_after(1, |byte| is_word(byte) || byte == b'#');
                let is_whole = name > 0 && lexer.byte(1 + name) == b';';
                if is_whole { lexer.take(Class::Constant, name + 2) } else { lexer.skip(1) }
            }
            _ => lexer.skip(lexer.count(|byte| !matches!(byte, b'<' | b'&')).max(1)),
        }
    }
}

/// Takes a tag with its attributes, and the code of a script or a sheet after it.
fn tag(lexer: &mut Lexer<'_>) {
    lexer.skip(if lexer.byte(1) == b'/' { 2 } else { 1 });
    let name = lexer.count(|byte| is_word(byte) || matches!(byte, b'-' | b':' | b'.'));
    let element = &lexer.rest()[..name];
    let opens = lexer.before() == b'<';
    lexer.take(Class::Keyword, name);
    attributes(lexer);
    if !opens || lexer.before() != b'>' {
        return;
    }
    let inner = |lexer: &Lexer<'_>, end: &str| lexer.rest().find(end).unwrap_or_else(|| lexer.rest().len());
    match element {
        "script" => lexer.within(inner(lexer, "</script"), |lexer| JAVASCRIPT.read(lexer)),
        "style" => lexer.within(inner(lexer, "</style"), css),
        _ => {}
    }
}

fn attributes(lexer: &mut Lexer<'_>) {
    let mut is_value = false;
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'>' => return lexer.skip(1),
            b'<' => return,
            b'"' | b'\'' => {
                lexer.take(Class::Text, lexer.through_after(1, &lexer.rest()[..1]));
                is_value = false;
            }
            b'=' => {
                lexer.skip(1);
                is_value = true;
            }
            byte if byte.is_ascii_whitespace() || byte == b'/' && !is_value => lexer.skip(1),
            _ => {
                let length = lexer
                    .count(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'<' | b'"'));
                lexer.take(if is_value { Class::Text } else { Class::Key }, length.max(1));
                is_value = false;
            }
        }
    }
}

/// Colours CSS, and what SCSS and Less add to it.
pub(super) fn css(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'/' if lexer.byte(1) == b'*' => lexer.take(Class::Comment, lexer.through("*/")),
            b'/' if lexer.byte(1) == b'/' && lexer.before().is_ascii_whitespace() => {
                lexer.take(Class::Comment, lexer.line());
            }
            b'"' | b'\'' => lexer.take_quoted(Class::Text),
            b'@' => lexer.take(Class::Keyword, 1 + name(lexer, 1)),
            b'!' => lexer.take(Class::Keyword, 1 + name(lexer, 1)),
            b'$' => lexer.take(Class::Variable, 1 + name(lexer, 1)),
            b'.' if is_word(lexer.byte(1)) && !lexer.byte(1).is_ascii_digit() => {
                lexer.take(Class::Type, 1 + name(lexer, 1))
            }
            b'#' => hash(lexer),
            b'-' if lexer.byte(1) == b'-' => css_word(lexer, Class::Variable),
            b'-' | b'.' if lexer.byte(1).is_ascii_digit() || lexer.byte(1) == b'.' => {
                lexer.take(Class::Constant, 1)
            }
            byte if byte.is_ascii_digit() => {
                let length = number(lexer);
                lexer.take(Class::Constant, length + usize::from(lexer.byte(length) == b'%'));
            }
            byte if is_word(byte) || byte == b'-' => css_word(lexer, Class::Keyword),
            _ => lexer.skip(1),
        }
    }
}

/// Returns the bytes of a name after so many.
fn name(lexer: &Lexer<'_>, from: usize) -> usize {
    lexer.count_after(from, |byte| is_word(byte) || byte == b'-')
}

/// A colour, or what is meant by its id.
fn hash(lexer: &mut Lexer<'_>) {
    let length = name(lexer, 1);
    let is_colour = matches!(length, 3 | 4 | 6 | 8)
        && lexer.rest()[1..=length].bytes().all(|byte| byte.is_ascii_hexdigit());
    lexer.take(if is_colour { Class::Constant } else { Class::Type }, 1 + length);
}

/// Takes a word: a property where a value follows, something called, or the name of an element.
fn css_word(lexer: &mut Lexer<'_>, class: Class) {
    let length = name(lexer, 0).max(1);
    match lexer.next_sign(length) {
        b':' if lexer.byte(length + 1) != b':' && is_property(lexer, length) => {
            lexer.take(Class::Key, length)
        }
        b'(' => lexer.take(Class::Function, length),
        b'{' | b',' | b'>' | b'+' | b'~' | b'.' | b':' if class == Class::Keyword => {
            lexer.take(class, length)
        }
        _ if class == Class::Variable => lexer.take(class, length),
        _ => lexer.skip(length),
    }
}

/// How many bytes are looked through for what ends a value.
const LONGEST_VALUE: usize = 256;

/// Returns whether what follows a word and a colon ends as a value does: a selector has a brace behind it.
fn is_property(lexer: &Lexer<'_>, from: usize) -> bool {
    let after = lexer.rest()[from..]
        .bytes()
        .take(LONGEST_VALUE)
        .find(|byte| matches!(byte, b';' | b'{' | b'}' | b'\n'));
    after != Some(b'{')
}

/// Colours Markdown, and the code in it.
pub(super) fn markdown(lexer: &mut Lexer<'_>) {
    front_matter(lexer);
    while !lexer.is_done() {
        let line = &lexer.rest()[..lexer.line()];
        let blanks = line.len() - line.trim_start().len();
        let text = &line[blanks..];
        lexer.skip(blanks);
        match text.as_bytes().first() {
            Some(b'`' | b'~') if text.starts_with("```") || text.starts_with("~~~") => fence(lexer, text),
            Some(b'#') if text.trim_start_matches('#').starts_with(' ') => {
                lexer.take(Class::Keyword, text.len())
            }
            Some(b'<') if text.starts_with("<!--") => lexer.take(Class::Comment, lexer.through("-->")),
            Some(b'>') => lexer.take(Class::Comment, 1),
            Some(b'-' | b'*' | b'+') if text[1..].starts_with(' ') => lexer.take(Class::Keyword, 1),
            _ => {}
        }
        inline(lexer);
        lexer.skip(1);
    }
}

/// Takes what stands between lines of `---` or `+++` at the begin.
fn front_matter(lexer: &mut Lexer<'_>) {
    for (fence, rules) in [("---\n", yaml as fn(&mut Lexer<'_>)), ("+++\n", toml)] {
        let Some(body) = lexer.rest().strip_prefix(fence) else { continue };
        let end = format!("\n{}", fence.trim_end());
        let Some(length) = body.find(&end) else { continue };
        lexer.take(Class::Keyword, 3);
        lexer.skip(1);
        lexer.within(length + 1, rules);
        lexer.take(Class::Keyword, 3);
    }
}

/// Takes a block of code, with the lines around it.
fn fence(lexer: &mut Lexer<'_>, opening: &str) {
    let sign = opening.as_bytes()[0];
    let length = opening.bytes().take_while(|byte| *byte == sign).count();
    let info = opening[length..].trim();
    lexer.take(Class::Keyword, opening.len());
    lexer.skip(1);
    let mut code = 0;
    for line in lexer.rest().split_inclusive('\n') {
        let text = line.trim();
        if text.len() >= length && text.bytes().all(|byte| byte == sign) {
            break;
        }
        code += line.len();
    }
    let language = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    match super::rules(language) {
        Some(rules) => lexer.within(code, rules),
        None => lexer.skip(code),
    }
    lexer.take(Class::Keyword, lexer.line());
}

/// How long a line of Markdown is at most whose parts are coloured.
const LONGEST_LINE: usize = 4 * 1024;

/// Takes the rest of a line: code, links and what is in braces.
fn inline(lexer: &mut Lexer<'_>) {
    let end = lexer.line();
    if end > LONGEST_LINE {
        return lexer.skip(end);
    }
    lexer.within(end, |lexer| {
        while !lexer.is_done() {
            match lexer.byte(0) {
                b'\\' => lexer.skip(2),
                b'`' => code_span(lexer),
                b'<' if lexer.starts_with("<!--") => lexer.take(Class::Comment, lexer.through("-->")),
                b'[' => link_text(lexer),
                b'(' if lexer.before() == b']' => lexer.take(Class::Text, lexer.through(")")),
                b'{' if lexer.byte(1) == b'{' => lexer.take(Class::Key, lexer.through("}}")),
                b'{' if matches!(lexer.byte(1), b'.' | b'#') => lexer.take(Class::Key, lexer.through("}")),
                _ => lexer.skip(1),
            }
        }
    });
}

fn code_span(lexer: &mut Lexer<'_>) {
    let signs = lexer.count(|byte| byte == b'`');
    let close = &lexer.rest()[..signs];
    let length = lexer.rest()[signs..].find(close).map_or(signs, |at| at + 2 * signs);
    lexer.take(Class::Text, length);
}

fn link_text(lexer: &mut Lexer<'_>) {
    let length = lexer.through("]");
    match lexer.byte(length) {
        b'(' | b'[' | b':' => lexer.take(Class::Function, length),
        _ => lexer.skip(1),
    }
}
