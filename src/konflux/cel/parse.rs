//! What an expression says, as far as it can be known without values.

use std::ops::Range;

use super::token::{Kind, Problem, Token, tokens};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::konflux) enum Role {
    Variable,
    Function,
    /// A string that is compared with the variable `event`, without its quotes.
    EventName,
}

/// A name that an expression uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::konflux) struct Name<'a> {
    pub(in crate::konflux) role: Role,
    pub(in crate::konflux) text: &'a str,
    pub(in crate::konflux) at: Range<usize>,
}

/// How deep brackets may stand in each other, as cel-go limits it.
const DEEPEST: usize = 250;

/// Functions whose first argument binds a name for the others.
const MACROS: [&str; 6] = ["all", "exists", "exists_one", "existsOne", "map", "filter"];

/// What stands between two operands.
const BINARY: [&str; 14] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "in"];

/// Words of other languages, with what to write.
const WORDS: [(&str, &str); 4] = [("and", "&&"), ("or", "||"), ("not", "!"), ("is", "==")];

/// Returns the names that an expression uses, those that its own macros bind excepted.
pub(in crate::konflux) fn names(text: &str) -> Result<Vec<Name<'_>>, Problem> {
    let tokens = tokens(text)?;
    let end = text.trim_end().len();
    let mut parser = Parser { tokens: &tokens, next: 0, end, depth: 0, bound: Vec::new(), names: Vec::new() };
    parser.expression()?;
    if let Some(token) = parser.peek() {
        return Err(unexpected(token));
    }
    let mut names = parser.names;
    names
        .extend(tokens.windows(3).enumerate().filter_map(|(index, three)| event_name(&tokens, index, three)));
    Ok(names)
}

/// Returns the text that stands beside `event ==`.
fn event_name<'a>(tokens: &[Token<'a>], index: usize, three: &[Token<'a>]) -> Option<Name<'a>> {
    let is_event = |token: &Token<'_>| token.kind == Kind::Identifier && token.text == "event";
    let is_own = |at: usize| !(at > 0 && tokens[at - 1].text == ".");
    let ends = |at: usize| tokens.get(at).is_none_or(|next| !matches!(next.text, "." | "[" | "("));
    let [left, sign, right] = three else { return None };
    if !matches!(sign.text, "==" | "!=") {
        return None;
    }
    let name = if is_event(left) && is_own(index) && ends(index + 3) {
        right
    } else if is_event(right) && ends(index + 3) {
        left
    } else {
        return None;
    };
    let inner = name.text.get(1..name.text.len().saturating_sub(1))?;
    (name.kind == Kind::Text && name.text.starts_with(['"', '\''])).then(|| Name {
        role: Role::EventName,
        text: inner,
        at: name.at.clone(),
    })
}

fn unexpected(token: &Token<'_>) -> Problem {
    let message = format!("`{}` is not expected there", token.text);
    let word = WORDS.iter().find(|(word, _)| token.text.eq_ignore_ascii_case(word));
    let help = word.map_or_else(
        || "put an operator before it (`&&`, `||`, `==`), or take it out".to_owned(),
        |(_, meant)| format!("write `{meant}`"),
    );
    Problem::new(token.at.clone(), message, help)
}

struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    next: usize,
    /// Where the text ends.
    end: usize,
    depth: usize,
    /// Names that macros around the place have bound.
    bound: Vec<&'a str>,
    names: Vec<Name<'a>>,
}

impl<'a> Parser<'_, 'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next)
    }

    fn is(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| token.kind != Kind::Text && token.text == text)
    }

    /// Passes over a word, if it is the next one.
    fn take(&mut self, text: &str) -> bool {
        let is_next = self.is(text);
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, text: &str, opened: &Range<usize>) -> Result<(), Problem> {
        if self.take(text) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => unexpected(token),
            None => {
                Problem::new(opened.clone(), "a bracket is not closed", format!("close it with `{text}`"))
            }
        })
    }

    /// An operand, or several with operators between them: which binds more is nothing that a reader of names needs.
    fn expression(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let at = self.peek().map_or(self.end..self.end, |token| token.at.clone());
            return Err(Problem::new(at, "brackets stand too deep in each other", "take some of them out"));
        }
        self.operand()?;
        while BINARY.iter().any(|sign| self.is(sign)) {
            self.next += 1;
            self.operand()?;
        }
        if self.take("?") {
            self.expression()?;
            let at = self.tokens[self.next - 1].at.clone();
            if !self.take(":") {
                let help = "write it as `CONDITION ? ONE : OTHER`";
                return Err(Problem::new(at, "a condition has no `:`", help));
            }
            self.expression()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), Problem> {
        while self.is("!") || self.is("-") {
            self.next += 1;
        }
        self.primary()?;
        loop {
            let Some(opened) = self.peek().map(|token| token.at.clone()) else { return Ok(()) };
            if self.take(".") {
                self.member()?;
            } else if self.take("[") {
                self.take("?");
                self.expression()?;
                self.expect("]", &opened)?;
            } else if self.is("{") && self.tokens[self.next - 1].kind == Kind::Identifier {
                self.braces(true)?;
            } else {
                return Ok(());
            }
        }
    }

    fn primary(&mut self) -> Result<(), Problem> {
        let Some(token) = self.peek().cloned() else {
            let help = "write what stands behind the last operator, or take that out";
            let before = self.tokens.last().map_or(0..0, |token| token.at.clone());
            return Err(Problem::new(before, "the expression ends too early", help));
        };
        match (token.kind, token.text) {
            (Kind::Number | Kind::Text, _) => self.next += 1,
            (Kind::Identifier, _) => self.identifier(&token)?,
            (_, "(") => {
                self.next += 1;
                self.expression()?;
                self.expect(")", &token.at)?;
            }
            (_, "[") => {
                self.next += 1;
                self.list("]", &token.at)?;
            }
            (_, "{") => self.braces(false)?,
            (_, ".") => {
                self.next += 1;
                return self.primary();
            }
            _ => return Err(unexpected(&token)),
        }
        Ok(())
    }

    /// A variable, a literal word, or the call of a function.
    fn identifier(&mut self, token: &Token<'a>) -> Result<(), Problem> {
        self.next += 1;
        if self.is("(") {
            return self.call(token);
        }
        if token.text == "in" || WORDS[..3].iter().any(|(word, _)| token.text.eq_ignore_ascii_case(word)) {
            return Err(unexpected(token));
        }
        let is_known = matches!(token.text, "true" | "false" | "null") || self.bound.contains(&token.text);
        if !is_known {
            self.names.push(Name { role: Role::Variable, text: token.text, at: token.at.clone() });
        }
        Ok(())
    }

    /// What stands behind a point.
    fn member(&mut self) -> Result<(), Problem> {
        self.take("?");
        match self.peek().cloned() {
            Some(token) if token.kind == Kind::Identifier => {
                self.next += 1;
                if self.is("(") { self.call(&token) } else { Ok(()) }
            }
            Some(token) => Err(unexpected(&token)),
            None => {
                let at = self.tokens[self.next - 1].at.clone();
                Err(Problem::new(at, "the expression ends too early", "write a name behind the point"))
            }
        }
    }

    fn call(&mut self, function: &Token<'a>) -> Result<(), Problem> {
        self.names.push(Name { role: Role::Function, text: function.text, at: function.at.clone() });
        let opened = self.tokens[self.next].at.clone();
        self.next += 1;
        let binds = MACROS.contains(&function.text);
        let bound =
            self.peek().filter(|token| binds && token.kind == Kind::Identifier).map(|token| token.text);
        let is_alone = self.tokens.get(self.next + 1).is_some_and(|token| token.text == ",");
        match bound.filter(|_| is_alone) {
            Some(name) => {
                self.next += 2;
                self.bound.push(name);
                let inner = self.list(")", &opened);
                self.bound.pop();
                inner
            }
            None => self.list(")", &opened),
        }
    }

    /// Expressions with commas between them, to the bracket that closes them.
    fn list(&mut self, close: &str, opened: &Range<usize>) -> Result<(), Problem> {
        while !self.is(close) {
            self.take("?");
            self.expression()?;
            if !self.take(",") {
                break;
            }
        }
        self.expect(close, opened)
    }

    /// The entries of a map, or the fields of a message.
    fn braces(&mut self, is_message: bool) -> Result<(), Problem> {
        let opened = self.tokens[self.next].at.clone();
        self.next += 1;
        while !self.is("}") {
            self.take("?");
            if is_message {
                self.next += 1
            } else {
                self.expression()?
            }
            self.expect(":", &opened)?;
            self.expression()?;
            if !self.take(",") {
                break;
            }
        }
        self.expect("}", &opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match names(text) {
            Ok(names) => names.iter().map(|name| name.text).collect::<Vec<_>>().join(" "),
            Err(problem) => format!("{}: {}; {}", &text[problem.at], problem.message, problem.help),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_those_that_the_text_does_not_bind() {
        check(r#"event == "push" && target_branch == 'main'"#, "event target_branch push");
        check(
            r#"event == "pull_request" && !(files.all.all(f, f.matches("ci/") || f.matches(".tekton/x/"))) && !("a*".pathChanged())"#,
            "event files all matches matches pathChanged pull_request",
        );
        check("body.labels.exists(l, l.name == x)", "body exists x");
        check("headers['x-github-event'] == \"a\" ? true : f(1, 2.5e-3, -.5)", "headers f");
        check("has(body.a) && size([1, 2,]) > 1u && {'a': b}.c in d", "has body size b d");
        check("a in {'b': c}", "a c");
        check("body.event == \"x\" || \"push\" == event", "body event push");
        check(r#"r"\" + "\"" + """a " b""" == event_title // end"#, "event_title");
        check(&format!("{}a{}", "(".repeat(240), ")".repeat(240)), "a");
    }

    #[test]
    fn what_is_no_expression_is_told_where_it_ends_to_be_one() {
        check("event = \"push\"", "=: `=` means nothing there; write `==`");
        check("a & b", "&: `&` means nothing there; write `&&`");
        check("a and b", "and: `and` is not expected there; write `&&`");
        check("not a", "not: `not` is not expected there; write `!`");
        check("a == \"push", "\": a string has no end; close it with `\"`");
        check("(a == b", "(: a bracket is not closed; close it with `)`");
        check(
            "a == b)",
            "): `)` is not expected there; put an operator before it (`&&`, `||`, `==`), or take it out",
        );
        check(
            "a &&",
            "&&: the expression ends too early; write what stands behind the last operator, or take that out",
        );
        check("a.", ".: the expression ends too early; write a name behind the point");
        check("a ? b", "b: a condition has no `:`; write it as `CONDITION ? ONE : OTHER`");
        check(
            "",
            ": the expression ends too early; write what stands behind the last operator, or take that out",
        );
        check(
            "a == == b",
            "==: `==` is not expected there; put an operator before it (`&&`, `||`, `==`), or take it out",
        );
        for text in ["{", "{a", "a{", "a{b", "a[", "f(", "f(a,", "[,", "é", "a ? b :", ".", "'''", "in", "!"]
        {
            assert!(names(text).is_err(), "{text}");
        }
        assert!(names(&"(".repeat(100_000)).is_err());
        assert!(names(&"!".repeat(100_000)).is_err());
    }
}
