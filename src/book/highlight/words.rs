//! Languages that are made of words: what their words mean is in a table, and the rules are the same for all.

use super::lexer::{Class, Lexer, is_word};

/// A language that is made of words. Lists of words have blanks between them.
#[derive(Debug)]
pub(super) struct Language {
    /// Words of the language.
    pub(super) keywords: &'static str,
    /// Words for values.
    pub(super) constants: &'static str,
    /// Types that have no capital.
    pub(super) types: &'static str,
    /// What begins a comment to the end of its line.
    pub(super) comments: &'static [&'static str],
    /// What a comment over lines stands between.
    pub(super) long_comment: Option<(&'static str, &'static str)>,
    /// What texts stand between; longer signs before those that they begin with.
    pub(super) quotes: &'static [Quote],
    /// Characters that may stand in words, beside letters, digits and `_`.
    pub(super) letters: &'static str,
    /// Characters that make a variable of the word after them.
    pub(super) sigils: &'static str,
    /// Whether words mean the same in capitals and without.
    pub(super) any_case: bool,
    /// Whether a word with a capital is a type, and one that has no others a constant.
    pub(super) capitals: bool,
    /// Words after which stands the name of a function.
    pub(super) definers: &'static str,
    /// What no table says. Returns whether it took something.
    pub(super) own: fn(&mut Lexer<'_>, Last<'_>) -> bool,
}

/// What a text stands between.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// Whether a backslash takes the meaning from what follows it.
    pub(super) escapes: bool,
    /// Whether it may go over lines.
    pub(super) lines: bool,
}

impl Quote {
    /// A text on one line, in which a backslash escapes.
    pub(super) const fn short(sign: &'static str) -> Self {
        Self { open: sign, close: sign, escapes: true, lines: false }
    }

    /// A text over lines, in which a backslash escapes.
    pub(super) const fn long(sign: &'static str) -> Self {
        Self { open: sign, close: sign, escapes: true, lines: true }
    }

    /// A text over lines, in which nothing has a meaning.
    pub(super) const fn raw(open: &'static str, close: &'static str) -> Self {
        Self { open, close, escapes: false, lines: true }
    }

    /// Returns the bytes of a text that stands at the begin, with its quotes.
    fn length(&self, code: &str) -> usize {
        let bytes = code.as_bytes();
        let mut at = self.open.len();
        while at < bytes.len() {
            if bytes[at..].starts_with(self.close.as_bytes()) {
                return at + self.close.len();
            }
            match bytes[at] {
                b'\\' if self.escapes => at += 2,
                b'\n' if !self.lines => break,
                _ => at += 1,
            }
        }
        at.min(bytes.len())
    }
}

/// What most languages have: the rest is said in each.
pub(super) const PLAIN: Language = Language {
    keywords: "",
    constants: "false null true",
    types: "",
    comments: &["//"],
    long_comment: Some(("/*", "*/")),
    quotes: &[Quote::short("\""), Quote::short("'")],
    letters: "",
    sigils: "",
    any_case: false,
    capitals: true,
    definers: "",
    own: |_, _| false,
};

/// What was read before a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last<'a> {
    /// The last byte that was no blank; a line end before the first.
    pub(super) byte: u8,
    /// The last word, where nothing but blanks stands after it.
    pub(super) word: &'a str,
}

impl Language {
    /// Colours code.
    pub(super) fn read(&self, lexer: &mut Lexer<'_>) {
        self.read_until(lexer, None);
    }

    /// Colours code up to a closing brace that none has opened, if that ends it.
    pub(super) fn read_until(&self, lexer: &mut Lexer<'_>, end: Option<u8>) {
        let mut last = Last { byte: b'\n', word: "" };
        let mut open = 0_usize;
        while !lexer.is_done() {
            let byte = lexer.byte(0);
            if byte.is_ascii_whitespace() {
                lexer.skip_space();
                continue;
            }
            if Some(byte) == end && open == 0 {
                return;
            }
            let word = self.word(lexer);
            if !(self.takes_comment(lexer) || (self.own)(lexer, last) || self.takes_text(lexer)) {
                match byte {
                    b'{' => open += 1,
                    b'}' => open = open.saturating_sub(1),
                    _ => {}
                }
                self.take_word_or_sign(lexer, word, last);
            }
            last = Last { byte: lexer.before(), word };
        }
    }

    fn takes_comment(&self, lexer: &mut Lexer<'_>) -> bool {
        let length = match self.long_comment {
            Some((open, close)) if lexer.starts_with(open) => lexer.through_after(open.len(), close),
            _ if self.comments.iter().any(|begin| lexer.starts_with(begin)) => lexer.line(),
            _ => return false,
        };
        lexer.take(Class::Comment, length);
        true
    }

    fn takes_text(&self, lexer: &mut Lexer<'_>) -> bool {
        let Some(quote) = self.quotes.iter().find(|quote| lexer.starts_with(quote.open)) else {
            return false;
        };
        lexer.take(Class::Text, quote.length(lexer.rest()));
        true
    }

    /// Returns the word that stands here; empty where none begins.
    fn word<'a>(&self, lexer: &Lexer<'a>) -> &'a str {
        let length = lexer.count(|byte| is_word(byte) || self.letters.as_bytes().contains(&byte));
        &lexer.rest()[..length]
    }

    fn take_word_or_sign(&self, lexer: &mut Lexer<'_>, word: &str, last: Last<'_>) {
        let byte = lexer.byte(0);
        if byte.is_ascii_digit() {
            return lexer.take(Class::Constant, number(lexer));
        }
        if self.sigils.as_bytes().contains(&byte) && is_word(lexer.byte(1)) {
            let name = lexer.count_after(1, is_word);
            return lexer.take(Class::Variable, 1 + name);
        }
        match self.class(word, last, lexer.next_sign(word.len())) {
            Some(class) => lexer.take(class, word.len()),
            None => lexer.skip(word.len().max(1)),
        }
    }

    /// Returns what a word is, by what stands before and after it.
    fn class(&self, word: &str, last: Last<'_>, next: u8) -> Option<Class> {
        if word.is_empty() {
            return None;
        }
        let has = |words: &str| match self.any_case {
            true => words.split(' ').any(|known| known.eq_ignore_ascii_case(word)),
            false => words.split(' ').any(|known| known == word),
        };
        // What belongs to something else is no word of the language: `node.type`.
        let stands_alone = last.byte != b'.';
        if stands_alone && has(self.keywords) {
            return Some(Class::Keyword);
        }
        if stands_alone && has(self.constants) {
            return Some(Class::Constant);
        }
        if has(self.types) {
            return Some(Class::Type);
        }
        if next == b'(' || !last.word.is_empty() && self.definers.split(' ').any(|known| known == last.word) {
            return Some(Class::Function);
        }
        let capital = self.capitals && word.starts_with(|letter: char| letter.is_ascii_uppercase());
        let shouts = word.len() > 1 && !word.contains(|letter: char| letter.is_lowercase());
        match (capital, shouts) {
            (true, true) => Some(Class::Constant),
            (true, false) => Some(Class::Type),
            (false, _) => None,
        }
    }
}

/// Returns the bytes of a number, with its unit or type, and without the dots of a range or a call.
pub(super) fn number(lexer: &Lexer<'_>) -> usize {
    let bytes = lexer.rest().as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let is_hex = byte(0) == b'0' && matches!(byte(1), b'x' | b'X');
    let mut at = 0;
    while at < bytes.len() {
        let is_exponent = matches!(byte(at), b'+' | b'-') && at > 0 && matches!(byte(at - 1), b'e' | b'E');
        let is_point = byte(at) == b'.' && byte(at + 1).is_ascii_digit();
        if !(is_word(byte(at)) || is_point || is_exponent && !is_hex && byte(at + 1).is_ascii_digit()) {
            break;
        }
        at += 1;
    }
    at
}

/// How many bytes are looked through for a bracket that closes another.
const BRACKETED: usize = 4 * 1024;

/// Returns the bytes up to where a bracket closes that opens after so many, or to the end of the line.
pub(super) fn bracketed(lexer: &Lexer<'_>, begin: usize, open: u8, close: u8) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in lexer.rest().bytes().enumerate().take(BRACKETED).skip(begin) {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    lexer.line()
}
