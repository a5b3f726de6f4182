//! Where a language's rules stand in code, and the HTML that they have made of it.

use crate::book::escape::push_escaped;

/// What a part of code is. Each has a colour; what is none of them has that of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Keyword,
    /// Text between quotes, and what is text without them.
    Text,
    /// What is called: commands, functions, macros.
    Function,
    Comment,
    /// Numbers, constants and the options of commands.
    Constant,
    Type,
    /// What has a value: keys, attributes, properties.
    Key,
    /// What stands for a value: variables and parameters in text.
    Variable,
    Inserted,
    Deleted,
    /// What a terminal writes before a command. Neither it nor what is printed is copied with the commands.
    Prompt,
    /// What a command wrote.
    Printed,
}

impl Class {
    /// Returns the tags before and after a part. Elements have short names: a page has many of them.
    fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Keyword => ("<a-k>", "</a-k>"),
            Self::Text => ("<a-s>", "</a-s>"),
            Self::Function => ("<a-f>", "</a-f>"),
            Self::Comment => ("<a-c>", "</a-c>"),
            Self::Constant => ("<a-n>", "</a-n>"),
            Self::Type => ("<a-t>", "</a-t>"),
            Self::Key => ("<a-p>", "</a-p>"),
            Self::Variable => ("<a-v>", "</a-v>"),
            Self::Inserted => ("<a-i>", "</a-i>"),
            Self::Deleted => ("<a-d>", "</a-d>"),
            Self::Prompt => ("<span class=\"prompt\">", "</span>"),
            Self::Printed => ("<span class=\"printed\">", "</span>"),
        }
    }
}

/// How deep code in other code is coloured: scripts in pages, and what they hold.
const DEEPEST: usize = 8;

/// Code that is read from its begin to its end, and never twice.
///
/// It is read as bytes: all that has a meaning in any of the languages is ASCII, and a byte of another character
/// is never one of those. What is taken always ends between two characters.
pub(super) struct Lexer<'a> {
    code: &'a str,
    at: usize,
    /// Where the code ends that is read now: inner code has an end of its own.
    end: usize,
    /// How deep the code that is read now stands in other code.
    depth: usize,
    html: String,
    /// Where the part begins that is not in the HTML yet, and what it is.
    begin: usize,
    class: Option<Class>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(code: &'a str) -> Self {
        let html = String::with_capacity(code.len() * 2);
        Self { code, at: 0, end: code.len(), depth: 0, html, begin: 0, class: None }
    }

    /// Returns the code as HTML. No element goes over the end of a line.
    pub(super) fn finish(mut self) -> String {
        self.at = self.end;
        self.flush();
        self.html
    }

    /// Returns the code that is ahead.
    pub(super) fn rest(&self) -> &'a str {
        &self.code[self.at..self.end]
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// Returns where in the whole code this place is, in bytes.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Returns the byte that is so far ahead; behind the end there are zeros.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        let at = self.at + ahead;
        if at < self.end { self.code.as_bytes()[at] } else { 0 }
    }

    /// Returns the byte before this place; a line end before the first.
    pub(super) fn before(&self) -> u8 {
        self.at.checked_sub(1).map_or(b'\n', |before| self.code.as_bytes()[before])
    }

    /// Returns whether only blanks stand before this place on its line.
    pub(super) fn begins_line(&self) -> bool {
        let before = self.code.as_bytes()[..self.at].iter().rev();
        before.copied().find(|byte| !is_blank(*byte)).is_none_or(|byte| byte == b'\n')
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// Returns how many bytes ahead fulfil a condition.
    pub(super) fn count(&self, is_meant: impl Fn(u8) -> bool) -> usize {
        self.count_after(0, is_meant)
    }

    /// Returns how many bytes fulfil a condition that follow so many others.
    pub(super) fn count_after(&self, from: usize, is_meant: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest().as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|byte| !is_meant(*byte)).unwrap_or(rest.len())
    }

    /// Returns how many bytes are ahead up to a text and with it; all where it does not come.
    pub(super) fn through(&self, text: &str) -> usize {
        self.through_after(0, text)
    }

    /// Returns how many bytes are ahead up to a text that follows so many of them, and with it; all where it does not come.
    pub(super) fn through_after(&self, from: usize, text: &str) -> usize {
        let found = self.rest().get(from..).and_then(|rest| rest.find(text));
        found.map_or(self.rest().len(), |at| from + at + text.len())
    }

    /// Returns how many bytes are ahead up to a text and with it; all of this line where it does not come on it.
    pub(super) fn through_on_line(&self, text: &str) -> usize {
        let line = &self.rest()[..self.line()];
        line.find(text).map_or(line.len(), |at| at + text.len())
    }

    /// Returns how many bytes are ahead on this line, without its end.
    pub(super) fn line(&self) -> usize {
        self.count(|byte| byte != b'\n')
    }

    /// Returns the word ahead; empty where there is none.
    pub(super) fn word(&self) -> &'a str {
        &self.rest()[..self.count(is_word)]
    }

    /// Returns the first byte ahead that is no blank, after so many bytes; zero at the end of a line.
    pub(super) fn next_sign(&self, ahead: usize) -> u8 {
        let rest = self.rest().as_bytes().get(ahead..).unwrap_or_default();
        rest.iter().copied().find(|byte| !is_blank(*byte)).filter(|byte| *byte != b'\n').unwrap_or(0)
    }

    /// Takes so many bytes as a part of a class, and the character whole that the last of them belongs to.
    pub(super) fn take(&mut self, class: Class, length: usize) {
        self.pass(Some(class), length);
    }

    /// Takes so many bytes as plain text.
    pub(super) fn skip(&mut self, length: usize) {
        self.pass(None, length);
    }

    /// Takes blanks; with line ends.
    pub(super) fn skip_space(&mut self) {
        self.skip(self.count(|byte| byte.is_ascii_whitespace()));
    }

    /// Takes blanks of this line.
    pub(super) fn skip_blanks(&mut self) {
        self.skip(self.count(is_blank));
    }

    /// Takes a text between quotes of one byte that stands here, up to the end of the line where it does not end before.
    pub(super) fn take_quoted(&mut self, class: Class) {
        self.take(class, self.quoted(false));
    }

    /// Returns the bytes of a text that stands here between quotes of one byte, with them. It may end with its line,
    /// or go over `lines`.
    ///
    /// A backslash takes the meaning from what follows it, even from a line end.
    pub(super) fn quoted(&self, lines: bool) -> usize {
        let rest = self.rest().as_bytes();
        let mut at = 1;
        while let Some(&byte) = rest.get(at) {
            match byte {
                _ if byte == rest[0] => return at + 1,
                b'\\' => at += 2,
                b'\n' if !lines => return at,
                _ => at += 1,
            }
        }
        rest.len()
    }

    /// Has so many bytes taken by the rules of another language, or as text where it stands too deep.
    pub(super) fn within(&mut self, length: usize, rules: impl FnOnce(&mut Self)) {
        let end = self.boundary(self.at + length);
        let outer = std::mem::replace(&mut self.end, end);
        self.deeper(rules);
        self.skip(self.end - self.at);
        self.end = outer;
    }

    /// Has code in code taken by rules, unless it stands too deep.
    pub(super) fn deeper(&mut self, rules: impl FnOnce(&mut Self)) {
        self.depth += 1;
        if self.depth <= DEEPEST {
            rules(self);
        }
        self.depth -= 1;
    }

    /// Takes so many bytes as a part of a class, or as plain text.
    pub(super) fn pass(&mut self, class: Option<Class>, length: usize) {
        if length == 0 {
            return;
        }
        if class != self.class {
            self.flush();
            self.class = class;
        }
        self.at = self.boundary(self.at + length);
    }

    /// Returns where the character ends that a place is in.
    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.end);
        while !self.code.is_char_boundary(at) {
            at += 1;
        }
        at
    }

    fn flush(&mut self) {
        let text = &self.code[self.begin..self.at];
        self.begin = self.at;
        let Some((open, close)) = self.class.map(Class::tags) else {
            return push_escaped(&mut self.html, text);
        };
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.html.push('\n');
            }
            if !line.is_empty() {
                self.html.push_str(open);
                push_escaped(&mut self.html, line);
                self.html.push_str(close);
            }
        }
    }
}

/// Returns whether a byte may be part of a word: letters of all scripts, digits and the underscore.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}
