//! The language of shells.
//!
//! What a word is depends on where it stands: the first of a command is called, others are given to it.
//! Quotes and substitutions stand in each other, so the reader keeps a list of what is open.

use super::lexer::{Class, Lexer, is_blank, is_word};

/// Words after which a command stands.
const BEFORE_COMMANDS: [&str; 10] = ["!", "do", "elif", "else", "if", "then", "time", "until", "while", "{"];

/// Other words of the language.
const KEYWORDS: [&str; 9] = ["[[", "case", "done", "fi", "for", "function", "in", "select", "}"];

/// Commands that are given variables.
const DECLARATIONS: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

/// Commands that are given a command.
const WITH_COMMANDS: [&str; 6] = ["builtin", "command", "exec", "nohup", "sudo", "env"];

/// How many bytes a variable in braces has at most in what another reader calls a text.
const LONGEST_PARAMETER: usize = 256;

/// What the names begin with that Tekton puts values for, in scripts as elsewhere.
const REFERENCES: [&str; 9] = [
    "context.",
    "credentials.",
    "finally.",
    "params.",
    "results.",
    "step.",
    "steps.",
    "tasks.",
    "workspaces.",
];

/// Colours the code of a shell.
pub(super) fn script(lexer: &mut Lexer<'_>) {
    Reader::new(Next::Command, false).read(lexer);
}

/// Colours one command, with the lines that belong to it: comments may stand between them.
pub(super) fn command(lexer: &mut Lexer<'_>) {
    Reader::new(Next::Command, true).read(lexer);
}

/// Colours what is given to a command, with the lines that belong to it.
pub(super) fn arguments(lexer: &mut Lexer<'_>) {
    Reader::new(Next::Argument, true).read(lexer);
}

/// Colours what another reader calls a text: variables and what is escaped have their colours in it.
pub(super) fn text_with_variables(lexer: &mut Lexer<'_>) {
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'\\' => lexer.take(Class::Text, 2),
            b'$' => match variable(lexer) {
                0 => lexer.take(Class::Text, 1),
                length => lexer.take(Class::Variable, length),
            },
            _ => lexer.take(Class::Text, lexer.count(|byte| !matches!(byte, b'\\' | b'$'))),
        }
    }
}

/// Returns the bytes of what Tekton puts a value for, such as `$(params.image)`, or zero.
pub(super) fn reference(lexer: &Lexer<'_>) -> usize {
    let Some(name) = lexer.rest().strip_prefix("$(") else { return 0 };
    if !REFERENCES.iter().any(|begin| name.starts_with(begin)) {
        return 0;
    }
    let length = name.bytes().take_while(|byte| is_word(*byte) || b".-[]*'\"".contains(byte)).count();
    if name[length..].starts_with(')') { length + 3 } else { 0 }
}

/// Returns the bytes of a variable that stands here, in braces or without; zero where there is none.
pub(super) fn variable(lexer: &Lexer<'_>) -> usize {
    let name = &lexer.rest().as_bytes()[1..];
    match name.first() {
        Some(b'{') => {
            let mut inner = name.iter().take(LONGEST_PARAMETER).take_while(|byte| **byte != b'\n');
            inner.position(|byte| *byte == b'}').map_or(0, |end| end + 2)
        }
        Some(b'0'..=b'9' | b'?' | b'#' | b'@' | b'*' | b'!' | b'$' | b'-') => 2,
        Some(byte) if is_word(*byte) => 1 + lexer.count_after(1, is_word),
        _ => 0,
    }
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `$(` and `<(`
    Commands,
    /// `(`, after which a command may follow: it may stand behind the name of a function.
    Parentheses,
    /// From `in` to `esac`.
    Case,
    /// `` ` ``
    Backquote,
    /// `"`
    Quote,
    /// `${`, in quotes or not.
    Parameter { quoted: bool },
    /// `((` and `$((`
    Arithmetic,
}

/// What the next word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Command,
    Argument,
    /// The name of a function.
    Function,
    /// The variable of a loop.
    Variable,
    /// Variables that are declared, perhaps with a value.
    Declared,
    /// What a part of `case` is for.
    Pattern,
    /// A part of what stands between `[[` and `]]`.
    Test,
}

/// Lines that are given to a command.
struct HereDocument<'a> {
    end: &'a str,
    /// Whether tabs may stand before its end.
    tabs: bool,
    /// Whether variables are none in it.
    quoted: bool,
}

struct Reader<'a> {
    /// What is open, and what the next word is after it.
    open: Vec<(Open, Next)>,
    next: Next,
    /// Whether a word begins here.
    at_word: bool,
    /// Whether the next word is a file's name, or a text.
    redirected: bool,
    /// Whether `in` begins the parts of a `case`.
    has_case: bool,
    documents: Vec<HereDocument<'a>>,
    /// Whether only one command is read.
    one: bool,
}

impl<'a> Reader<'a> {
    fn new(next: Next, one: bool) -> Self {
        Self {
            open: Vec::new(),
            next,
            at_word: true,
            redirected: false,
            has_case: false,
            documents: Vec::new(),
            one,
        }
    }

    fn read(&mut self, lexer: &mut Lexer<'a>) {
        while !lexer.is_done() {
            if self.one && self.open.is_empty() && lexer.byte(0) == b'\n' {
                self.line_end(lexer);
                return;
            }
            match self.innermost() {
                Some(Open::Quote) => self.quoted(lexer),
                Some(Open::Parameter { quoted }) => self.parameter(lexer, quoted),
                Some(Open::Arithmetic) => self.arithmetic(lexer),
                Some(Open::Commands | Open::Parentheses | Open::Case | Open::Backquote) | None => {
                    self.code(lexer)
                }
            }
        }
    }

    fn innermost(&self) -> Option<Open> {
        self.open.last().map(|(open, _)| *open)
    }

    /// Takes what stands in double quotes.
    fn quoted(&mut self, lexer: &mut Lexer<'a>) {
        match lexer.byte(0) {
            b'"' => self.close(lexer, Some(Class::Text), 1),
            b'\\' => lexer.take(Class::Text, 2),
            b'$' | b'`' => self.expansion(lexer),
            _ => lexer.take(Class::Text, lexer.count(|byte| !matches!(byte, b'"' | b'\\' | b'$' | b'`'))),
        }
    }

    /// Takes what stands behind the name of a parameter in braces.
    fn parameter(&mut self, lexer: &mut Lexer<'a>, quoted: bool) {
        match lexer.byte(0) {
            b'}' => self.close(lexer, Some(Class::Variable), 1),
            b'"' => self.begin(lexer, Open::Quote, Some(Class::Text), 1),
            b'\'' if !quoted => lexer.take(Class::Text, lexer.through_after(1, "'")),
            b'\\' => lexer.take(Class::Text, 2),
            b'$' | b'`' => self.expansion(lexer),
            _ => {
                let length = lexer.count(|byte| !matches!(byte, b'}' | b'"' | b'\'' | b'\\' | b'$' | b'`'));
                lexer.take(Class::Text, length.max(1));
            }
        }
    }

    fn arithmetic(&mut self, lexer: &mut Lexer<'a>) {
        match lexer.byte(0) {
            b')' if lexer.byte(1) == b')' => self.close(lexer, None, 2),
            // What has no second parenthesis was a list of commands in one.
            b')' => self.close(lexer, None, 1),
            b'(' => {
                self.begin(lexer, Open::Parentheses, None, 1);
                self.next = Next::Argument;
            }
            b'"' => self.begin(lexer, Open::Quote, Some(Class::Text), 1),
            b'$' | b'`' => self.expansion(lexer),
            byte if byte.is_ascii_digit() => lexer.take(Class::Constant, lexer.count(is_word)),
            byte if is_word(byte) => lexer.skip(lexer.count(is_word)),
            _ => lexer.skip(1),
        }
    }

    fn code(&mut self, lexer: &mut Lexer<'a>) {
        match lexer.byte(0) {
            b'\n' => self.line_end(lexer),
            byte if is_blank(byte) => {
                lexer.skip_blanks();
                self.at_word = true;
            }
            b'#' if self.at_word => self.comment(lexer),
            b'\'' => self.part(lexer, Class::Text, lexer.through_after(1, "'")),
            b'"' => {
                self.word_begins();
                self.begin(lexer, Open::Quote, Some(Class::Text), 1);
            }
            b'$' | b'`' => {
                if lexer.byte(0) == b'`' && self.innermost() == Some(Open::Backquote) {
                    return self.close(lexer, None, 1);
                }
                self.word_begins();
                self.expansion(lexer);
            }
            b'\\' if lexer.byte(1) == b'\n' => {
                lexer.skip(2);
                self.at_word = true;
            }
            b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => self.operator(lexer),
            _ => self.word(lexer),
        }
    }

    fn line_end(&mut self, lexer: &mut Lexer<'a>) {
        lexer.skip(1);
        for document in std::mem::take(&mut self.documents) {
            document.take(lexer);
        }
        match self.next {
            Next::Pattern => self.at_word = true,
            _ => self.command_ends(),
        }
    }

    fn comment(&mut self, lexer: &mut Lexer<'a>) {
        let goes_on = self.one && lexer.begins_line();
        lexer.take(Class::Comment, lexer.line());
        if goes_on {
            lexer.skip(1);
        }
    }

    /// What ends a command does not end a test: `[[ a && b ]]`.
    fn command_ends(&mut self) {
        let next = if self.next == Next::Test { Next::Test } else { Next::Command };
        self.command_follows();
        self.next = next;
    }

    fn command_follows(&mut self) {
        (self.next, self.at_word, self.redirected) = (Next::Command, true, false);
    }

    /// Takes `$` and what it stands for, or the begin of it.
    fn expansion(&mut self, lexer: &mut Lexer<'a>) {
        let in_quotes = self.innermost() == Some(Open::Quote);
        let reference = reference(lexer);
        if reference > 0 {
            lexer.take(Class::Variable, reference);
        } else if lexer.starts_with("$((") {
            self.begin(lexer, Open::Arithmetic, None, 3);
        } else if lexer.starts_with("$(") {
            self.begin(lexer, Open::Commands, None, 2);
            self.command_follows();
        } else if lexer.byte(0) == b'`' {
            self.backquote(lexer);
        } else if lexer.starts_with("${") {
            let name = lexer.count_after(2, |byte| is_word(byte) || b"!#@*?-[]$".contains(&byte));
            self.begin(lexer, Open::Parameter { quoted: in_quotes }, Some(Class::Variable), 2 + name);
        } else if lexer.starts_with("$'") && !in_quotes {
            lexer.take(Class::Text, 1);
            lexer.take(Class::Text, lexer.quoted(true));
        } else {
            match variable(lexer) {
                0 if in_quotes => lexer.take(Class::Text, 1),
                0 => lexer.skip(1),
                length => lexer.take(Class::Variable, length),
            }
        }
    }

    /// Takes a backquote, which ends what one has begun even where it stands in something else.
    fn backquote(&mut self, lexer: &mut Lexer<'a>) {
        match self.open.iter().rposition(|(open, _)| *open == Open::Backquote) {
            Some(begin) => {
                self.open.truncate(begin + 1);
                self.close(lexer, None, 1);
            }
            None => {
                self.begin(lexer, Open::Backquote, None, 1);
                self.command_follows();
            }
        }
    }

    fn begin(&mut self, lexer: &mut Lexer<'a>, open: Open, class: Option<Class>, length: usize) {
        self.open.push((open, self.next));
        lexer.pass(class, length);
    }

    /// Takes what ends the innermost that is open: it was a part of a word.
    fn close(&mut self, lexer: &mut Lexer<'a>, class: Option<Class>, length: usize) {
        if let Some((_, next)) = self.open.pop() {
            (self.next, self.at_word) = (next, false);
        }
        lexer.pass(class, length);
    }

    fn operator(&mut self, lexer: &mut Lexer<'a>) {
        if lexer.starts_with("<<") && !lexer.starts_with("<<<") {
            return self.here_document(lexer);
        }
        match (lexer.byte(0), lexer.byte(1)) {
            (b'<' | b'>', b'(') => {
                self.word_begins();
                self.begin(lexer, Open::Commands, None, 2);
                self.command_follows();
            }
            (b'<' | b'>', _) | (b'&', b'>') => {
                lexer.skip(lexer.count(|byte| matches!(byte, b'<' | b'>' | b'&' | b'|')));
                (self.redirected, self.at_word) = (true, true);
            }
            (b'|' | b'(', _) if self.next == Next::Pattern => {
                lexer.skip(1);
                self.at_word = true;
            }
            (b'(', b'(') if self.next == Next::Command => self.begin(lexer, Open::Arithmetic, None, 2),
            (b'(', _) if self.next == Next::Test => {
                lexer.skip(1);
                self.at_word = true;
            }
            (b'(', _) => {
                self.next = Next::Command;
                self.begin(lexer, Open::Parentheses, None, 1);
                self.at_word = true;
            }
            // A pattern of `case` has one that none has opened.
            (b')', _) if self.innermost() == Some(Open::Commands) => self.close(lexer, None, 1),
            (b')', _) if self.innermost() == Some(Open::Parentheses) => {
                self.close(lexer, None, 1);
                self.at_word = true;
            }
            (b';', b';' | b'&') if self.innermost() == Some(Open::Case) => {
                lexer.skip(lexer.count(|byte| matches!(byte, b';' | b'&')));
                self.command_follows();
                self.next = Next::Pattern;
            }
            _ => {
                lexer.skip(1);
                self.command_ends();
            }
        }
    }

    fn here_document(&mut self, lexer: &mut Lexer<'a>) {
        let tabs = lexer.starts_with("<<-");
        lexer.skip(if tabs { 3 } else { 2 });
        lexer.skip_blanks();
        let length = lexer.count(|byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
        });
        let word = &lexer.rest()[..length];
        let end = word.trim_matches(['\'', '"']).trim_start_matches('\\');
        let quoted = end.len() != word.len();
        if !end.is_empty() {
            self.documents.push(HereDocument { end, tabs, quoted });
        }
        lexer.take(Class::Keyword, length);
        self.at_word = false;
    }

    /// Takes a part of a word that has a class of its own.
    fn part(&mut self, lexer: &mut Lexer<'a>, class: Class, length: usize) {
        self.word_begins();
        lexer.take(class, length);
    }

    /// What is quoted or stands for something is a word as others are.
    fn word_begins(&mut self) {
        if self.at_word && !std::mem::take(&mut self.redirected) && self.next == Next::Command {
            self.next = Next::Argument;
        }
        self.at_word = false;
    }

    fn word(&mut self, lexer: &mut Lexer<'a>) {
        let mut length = 0;
        while length < lexer.rest().len() {
            length += match lexer.byte(length) {
                b'\\' if lexer.byte(length + 1) == b'\n' => break,
                b'\\' => 2,
                byte if ends_word(byte) => break,
                _ => 1,
            };
        }
        let word = lexer.rest().get(..length).unwrap_or_else(|| lexer.rest());
        if !std::mem::take(&mut self.at_word) {
            return lexer.skip(word.len().max(1));
        }
        if std::mem::take(&mut self.redirected) {
            return lexer.skip(word.len().max(1));
        }
        let after = lexer.byte(word.len());
        if matches!(after, b'<' | b'>') && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return lexer.skip(word.len());
        }
        match self.next {
            Next::Command => self.first_word(lexer, word),
            Next::Argument => self.argument(lexer, word),
            Next::Function => {
                lexer.take(Class::Function, word.len());
                self.next = Next::Command;
            }
            Next::Variable => {
                lexer.take(Class::Variable, word.len());
                self.next = Next::Argument;
            }
            Next::Declared if word.starts_with('-') => argument(lexer, word),
            Next::Declared => {
                let name = assigned(word).unwrap_or(word.len());
                lexer.take(Class::Variable, name);
                self.value(lexer, word.len() - name);
            }
            Next::Test if word == "]]" => {
                lexer.take(Class::Keyword, 2);
                self.next = Next::Argument;
            }
            Next::Test => argument(lexer, word),
            Next::Pattern if word == "esac" => self.esac(lexer),
            Next::Pattern => lexer.skip(word.len().max(1)),
        }
    }

    /// Takes the first word of a command, or what may stand before it.
    fn first_word(&mut self, lexer: &mut Lexer<'a>, word: &str) {
        if let Some(name) = assigned(word) {
            lexer.take(Class::Variable, name);
            return self.value(lexer, word.len() - name);
        }
        if lexer.next_sign(word.len()) == b'(' {
            return lexer.take(Class::Function, word.len());
        }
        match word {
            "esac" => return self.esac(lexer),
            _ if BEFORE_COMMANDS.contains(&word) => return lexer.take(Class::Keyword, word.len()),
            _ if KEYWORDS.contains(&word) => lexer.take(Class::Keyword, word.len()),
            _ if word.starts_with('-') => argument(lexer, word),
            _ => lexer.take(Class::Function, word.len()),
        }
        self.has_case = word == "case";
        self.next = match word {
            "for" | "select" => Next::Variable,
            "function" => Next::Function,
            "[[" => Next::Test,
            _ if DECLARATIONS.contains(&word) => Next::Declared,
            _ if WITH_COMMANDS.contains(&word) => Next::Command,
            _ => Next::Argument,
        };
    }

    /// Takes the rest of a word that gives a variable its value, up to what is quoted in it or a list.
    fn value(&mut self, lexer: &mut Lexer<'a>, length: usize) {
        lexer.skip(length);
        if lexer.byte(0) == b'(' {
            self.begin(lexer, Open::Parentheses, None, 1);
            (self.next, self.at_word) = (Next::Argument, true);
        }
    }

    fn argument(&mut self, lexer: &mut Lexer<'a>, word: &str) {
        argument(lexer, word);
        if word == "in" && std::mem::take(&mut self.has_case) {
            self.open.push((Open::Case, Next::Argument));
            self.next = Next::Pattern;
        }
    }

    fn esac(&mut self, lexer: &mut Lexer<'a>) {
        lexer.take(Class::Keyword, "esac".len());
        if self.innermost() == Some(Open::Case) {
            self.open.pop();
        }
        self.next = Next::Argument;
    }
}

/// Takes what is given to a command.
fn argument(lexer: &mut Lexer<'_>, word: &str) {
    match word {
        "in" => lexer.take(Class::Keyword, word.len()),
        _ if word.starts_with('-') && word.len() > 1 => {
            let name = word.find('=').unwrap_or(word.len());
            lexer.take(Class::Constant, name);
            lexer.skip(word.len() - name);
        }
        _ => lexer.skip(word.len().max(1)),
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\r'
            | b'\n'
            | b';'
            | b'&'
            | b'|'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
    )
}

/// Returns the bytes of the name that a word gives a value: `name=`, `name+=`, `name[1]=`.
fn assigned(word: &str) -> Option<usize> {
    let name = word.bytes().take_while(|byte| is_word(*byte)).count();
    let mut after = &word[name..];
    if let Some((_, rest)) = after.strip_prefix('[').and_then(|index| index.split_once(']')) {
        after = rest;
    }
    let is_assigned = after.starts_with('=') || after.starts_with("+=");
    (name > 0 && !word.as_bytes()[0].is_ascii_digit() && is_assigned).then_some(name)
}

impl HereDocument<'_> {
    /// Takes the lines up to the end, and the end.
    fn take(&self, lexer: &mut Lexer<'_>) {
        let mut length = 0;
        for line in lexer.rest().split_inclusive('\n') {
            let text = line.trim_end_matches('\n');
            if (if self.tabs { text.trim_start_matches('\t') } else { text }) == self.end {
                self.take_lines(lexer, length);
                return lexer.take(Class::Keyword, line.len());
            }
            length += line.len();
        }
        self.take_lines(lexer, length);
    }

    fn take_lines(&self, lexer: &mut Lexer<'_>, length: usize) {
        match self.quoted {
            true => lexer.take(Class::Text, length),
            false => lexer.within(length, text_with_variables),
        }
    }
}
