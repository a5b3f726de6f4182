//! Line patterns: expected output, compiled.

use std::borrow::Cow;

use regex::Regex;

use super::align::Repeat;
use super::canonical::canonical;
use super::escape::unescaped;
use super::glob::Glob;
use super::pieces::Pieces;
use super::{Captures, Normalise, PatternError, terminal};

/// Lines of expected output, compiled.
#[derive(Debug, Clone)]
pub struct LinePattern {
    pub(super) rules: Vec<Rule>,
}

/// One line of expected output.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// The line as it stands there, without trailing blanks.
    pub(super) text: String,
    /// How many lines of output it takes.
    pub(super) repeat: Repeat,
    /// How a line of output is compared.
    test: Test,
    /// Whether the line must be the last and end without a newline.
    no_newline: bool,
}

#[derive(Debug, Clone)]
enum Test {
    /// `...`
    Anything,
    /// The line itself.
    Equal(String),
    /// What an `(esc)` line stands for.
    Escaped(String),
    /// A line with `[..]` or `<name>`.
    Pieces { text: String, pieces: Pieces },
    /// `(re)`
    Regex(Regex),
    /// `(glob)`
    Glob(Glob),
}

impl LinePattern {
    /// Compiles lines of expected output.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let lines = terminal::lines(text);
        let rules = lines.iter().enumerate().map(|(line, text)| Rule::parse(text, line));
        Ok(LinePattern { rules: rules.collect::<Result<_, _>>()? })
    }

    /// Returns lines that compile to this.
    pub fn source(&self) -> String {
        self.rules.iter().map(|rule| format!("{}\n", rule.text)).collect()
    }

    /// Tells whether a line stands for itself and nothing else.
    pub(super) fn is_plain(line: &str) -> bool {
        let (body, suffix) = split_suffix(line);
        suffix.is_none()
            && !line.ends_with(NO_NEWLINE)
            && body.trim() != "..."
            && Pieces::parse(body).is_none()
    }
}

const NO_NEWLINE: &str = " (no-eol)";

/// What the suffix of a line says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The line stands for itself, but for `[..]` and `<name>`.
    Plain,
    /// `(equal)`
    Equal,
    /// `(esc)`
    Escaped,
    /// `(re)`
    Regex,
    /// `(glob)`
    Glob,
}

/// Cuts a line of an expectation into its body, the kind of the body, and the suffixes after it.
pub(super) fn cut(line: &str) -> (&str, Kind, &str) {
    let rest = line.strip_suffix(NO_NEWLINE).unwrap_or(line);
    let (body, suffix) = split_suffix(rest);
    (body, suffix.map_or(Kind::Plain, |(kind, _)| kind), &line[body.len()..])
}

/// Cuts ` (re*)` and the like from a line.
fn split_suffix(line: &str) -> (&str, Option<(Kind, Repeat)>) {
    let split = line.strip_suffix(')').and_then(|line| line.rsplit_once(" ("));
    let Some((body, suffix)) = split else { return (line, None) };
    let (kind, repeat) = match suffix.as_bytes().last() {
        Some(b'*') => (&suffix[..suffix.len() - 1], Repeat::Star),
        Some(b'+') => (&suffix[..suffix.len() - 1], Repeat::Plus),
        Some(b'?') => (&suffix[..suffix.len() - 1], Repeat::Optional),
        _ => (suffix, Repeat::Once),
    };
    let kind = match kind {
        "re" | "regex" => Kind::Regex,
        "glob" | "gl" => Kind::Glob,
        "equal" | "eq" => Kind::Equal,
        "esc" | "escaped" => Kind::Escaped,
        "" if repeat != Repeat::Once => Kind::Plain,
        _ => return (line, None),
    };
    (body, Some((kind, repeat)))
}

impl Rule {
    /// Compiles a line; `line` is its number, for messages.
    pub(super) fn parse(text: &str, line: usize) -> Result<Self, PatternError> {
        let (rest, no_newline) = match text.strip_suffix(NO_NEWLINE) {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (body, suffix) = split_suffix(rest);
        let (kind, repeat) = suffix.unwrap_or((Kind::Plain, Repeat::Once));
        let test = match kind {
            Kind::Plain if body.trim() == "..." => Test::Anything,
            Kind::Plain => plain(body),
            Kind::Equal => Test::Equal(body.to_owned()),
            Kind::Escaped => Test::Escaped(unescaped(body)),
            Kind::Regex => Test::Regex(anchored(body, line)?),
            Kind::Glob => Test::Glob(Glob::new(body)),
        };
        let repeat = if matches!(test, Test::Anything) { Repeat::Anything } else { repeat };
        Ok(Rule { text: text.to_owned(), repeat, test, no_newline })
    }

    /// Returns the rule in canonical form, as the output's lines will be.
    pub(super) fn normalised(&self, normalise: &Normalise) -> Rule {
        let test = match &self.test {
            Test::Equal(text) => Test::Equal(canonical(text, normalise).into_owned()),
            // A colour written with `\x1b` means nothing once the output has lost its own.
            Test::Escaped(text) => {
                let shown = terminal::shown(text, normalise.keep_ansi);
                Test::Equal(canonical(terminal::trim_line(&shown), normalise).into_owned())
            }
            Test::Pieces { text, .. } => plain(&canonical(text, normalise)),
            other => other.clone(),
        };
        Rule { test, ..self.clone() }
    }

    /// Returns the names that the line captures.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.test {
            Test::Pieces { pieces, .. } => Some(pieces),
            _ => None,
        };
        pieces.into_iter().flat_map(Pieces::names)
    }

    /// Tells whether the rule says more than its own text.
    pub(super) fn is_pattern(&self) -> bool {
        !matches!(self.test, Test::Equal(_)) || self.repeat != Repeat::Once
    }

    /// Matches a line and returns what was newly captured.
    ///
    /// A line that was printed exactly as the rule is written always matches, and captures
    /// nothing: `<none>` and `[..]` are also things that programs print.
    pub(super) fn matches(&self, line: &OutputLine<'_>, bound: &[&Captures]) -> Option<Captures> {
        if self.text == line.text {
            return Some(Captures::new());
        }
        if self.no_newline && line.has_newline {
            return None;
        }
        let canonical = line.canonical.as_deref().unwrap_or(line.text);
        match &self.test {
            Test::Anything => Some(Captures::new()),
            Test::Equal(text) | Test::Escaped(text) => (text == canonical).then(Captures::new),
            Test::Pieces { text, .. } if text == canonical => Some(Captures::new()),
            Test::Pieces { pieces, .. } => pieces.matches(canonical, bound),
            Test::Regex(regex) => line.any(|text| regex.is_match(text)),
            Test::Glob(glob) => line.any(|text| glob.matches(text)),
        }
    }
}

fn plain(text: &str) -> Test {
    match Pieces::parse(text) {
        Some(pieces) => Test::Pieces { text: text.to_owned(), pieces },
        None => Test::Equal(text.to_owned()),
    }
}

fn anchored(pattern: &str, line: usize) -> Result<Regex, PatternError> {
    let compile = |pattern: &str| Regex::new(&format!("^(?:{pattern})$"));
    // Braces that count nothing are themselves to most programs, as in `{"a": 1}`.
    compile(pattern).or_else(|source| compile(&with_plain_braces(pattern)).map_err(|_| source)).map_err(
        |source| PatternError::Regex {
            pattern: pattern.to_owned(),
            line: Some(line),
            source: Box::new(source),
        },
    )
}

/// Escapes the braces of an expression that are no count as `{2}` or `{1,3}`.
fn with_plain_braces(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len() + 2);
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let count = rest.find('}').filter(|end| {
            rest[1..*end].starts_with(|first: char| first.is_ascii_digit())
                && rest[1..*end].bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
        });
        let taken = match count {
            _ if rest.starts_with('\\') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(end) => end + 1,
            None => {
                plain.push('\\');
                1
            }
        };
        plain.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    plain + rest
}

/// A line of output, ready to be compared.
#[derive(Debug)]
pub(super) struct OutputLine<'a> {
    /// The line as it was shown, without trailing blanks.
    pub(super) text: &'a str,
    /// Its canonical form, where that is another one.
    canonical: Option<Box<str>>,
    has_newline: bool,
}

impl<'a> OutputLine<'a> {
    /// Cuts what a terminal showed into lines.
    pub(super) fn split(shown: &'a str, normalise: &Normalise) -> Vec<Self> {
        let lines = terminal::lines(shown);
        let (count, ends_open) = (lines.len(), !shown.ends_with('\n'));
        let line = |(number, text): (usize, &'a str)| {
            let canonical = match canonical(text, normalise) {
                Cow::Owned(canonical) => Some(canonical.into_boxed_str()),
                Cow::Borrowed(_) => None,
            };
            OutputLine { text, canonical, has_newline: number + 1 < count || !ends_open }
        };
        lines.into_iter().enumerate().map(line).collect()
    }

    /// Expressions of an author may mean the line as it was or as it is compared.
    fn any(&self, matches: impl Fn(&str) -> bool) -> Option<Captures> {
        let found = matches(self.text) || self.canonical.as_deref().is_some_and(matches);
        found.then(Captures::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, matching: &[&str], other: &[&str]) {
        let pattern = LinePattern::parse(rule).expect("the rule compiles");
        let normalise = Normalise::default();
        let rule = pattern.rules[0].normalised(&normalise);
        let matches = |text: &str| {
            OutputLine::split(text, &normalise).iter().all(|line| rule.matches(line, &[]).is_some())
        };
        for text in matching {
            assert!(matches(text), "{rule:?} matches {text:?}");
        }
        for text in other {
            assert!(!matches(text), "{rule:?} does not match {text:?}");
        }
    }

    #[test]
    fn lines_match_themselves() {
        for text in
            ["plain", "is <none>", "[[..]]", "a (re)", "x (glob)", "tail (no-eol)", "y (equal)", "z (+)"]
        {
            check(text, &[text, &format!("{text} \t\r\n")], &["other\nlines"]);
        }
    }

    #[test]
    fn suffixes_say_how_a_line_is_read() {
        check("a.c (re)", &["abc"], &["a.cd", "xabc"]);
        check("a|b (regex)", &["a", "b"], &["ab"]);
        check("a*c? (glob)", &["abbcd"], &["ac"]);
        check("a*c? (gl)", &["abbcd"], &["ac"]);
        check("[..] (equal)", &["[..]"], &["x"]);
        check("[5] (equal)", &["[5]"], &["[6]"]);
        check(r#"{"a": "b{2}\{"} (re)"#, &[r#"{"a": "bb{"}"#], &["x"]);
        check("a{2} (re)", &["aa"], &["a{2}"]);
        check(r"a\tb\x41 (esc)", &["a\tbA"], &["atbA"]);
        check(r"\x1b[31mred (esc)", &["red"], &["blue"]);
        check("end (no-eol)", &["end"], &["end\n"]);
        check("word (other)", &["word (other)"], &["word"]);
        check("bash: line 4: x", &["bash: x", "bash: line 9: x"], &["bash: y"]);
    }

    #[test]
    fn broken_regex_is_named_with_its_line() {
        let error = LinePattern::parse("fine\nbad( (re)\n").expect_err("the second line does not compile");
        assert!(matches!(error, PatternError::Regex { pattern, line: Some(1), .. } if pattern == "bad("));
    }

    #[test]
    fn quantifiers_are_read() {
        let repeat = |text: &str| Rule::parse(text, 0).expect("it compiles").repeat;
        let repeats = ["a", "a (*)", "a (re+)", "a (glob?)", "  ...", "a (x*)"].map(repeat);
        use Repeat::{Anything, Once, Optional, Plus, Star};
        assert_eq!(repeats, [Once, Star, Plus, Optional, Anything, Once]);
    }
}
