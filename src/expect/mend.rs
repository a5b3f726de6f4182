//! Lines with wildcards that follow a new line around them.
//!
//! When `took [..] for 5 items` meets `took 3s for 6 items`, its author still does not care how
//! long it took. The pattern and the line are cut into words and laid side by side; a wildcard
//! stays where the words on both sides of it are the same, and all other text becomes the new one.

use super::lines::{Kind, cut};
use super::pieces::wildcard_length;

/// Returns a pattern line with the text of a printed line around its wildcards.
///
/// `None` where no wildcard can stay, and where what would be written could mean something else.
/// Whether it matches the line, with all captures, is for the caller to see.
pub(super) fn mended(pattern: &str, line: &str) -> Option<String> {
    let (body, kind, suffix) = cut(pattern);
    let old = tokens(body, kind)?;
    if !old.iter().any(|token| token.text.is_none()) {
        return None;
    }
    let words: Vec<String> = words(line);
    let new = joined(&old, &Table::filled(&old, &words)?.walk(&old, &words), kind);
    let says_something =
        new.iter().any(|token| token.text.as_ref().is_some_and(|text| !text.trim().is_empty()));
    let body: String = new.iter().map(|token| token.source.as_str()).collect();
    let written = format!("{body}{suffix}");
    let wildcards = |tokens: &[Token]| -> Vec<String> {
        tokens.iter().filter(|token| token.text.is_none()).map(|token| token.source.clone()).collect()
    };
    // Printed text may look like a wildcard or a suffix; then it is no mended pattern any more.
    let reads_back =
        cut(&written) == (body.as_str(), kind, suffix) && wildcards(&tokens(&body, kind)?) == wildcards(&new);
    (says_something && !wildcards(&new).is_empty() && reads_back).then_some(written)
}

/// A word of a pattern, or wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// How it is written.
    source: String,
    /// The text that it stands for; a wildcard stands for none in particular.
    text: Option<String>,
}

/// Cuts a pattern into words and wildcards; `None` for kinds without, and for what is not understood.
fn tokens(body: &str, kind: Kind) -> Option<Vec<Token>> {
    let next = match kind {
        Kind::Plain => plain,
        Kind::Regex => regex,
        Kind::Glob => glob,
        Kind::Equal | Kind::Escaped => return None,
    };
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (length, text) = next(rest)?;
        let token = Token { source: rest[..length].to_owned(), text: text.map(String::from) };
        rest = &rest[length..];
        match tokens.last_mut() {
            Some(last) if goes_on(last.text.as_deref(), token.text.as_deref()) => {
                last.source.push_str(&token.source);
                last.text = last.text.take().map(|text| text + token.text.as_deref().unwrap_or_default());
            }
            _ => tokens.push(token),
        }
    }
    Some(tokens)
}

/// Tells whether two neighbours are one token: wildcards, or parts of one word.
fn goes_on(left: Option<&str>, right: Option<&str>) -> bool {
    match (left.map(|text| text.chars().last()), right.map(|text| text.chars().next())) {
        (None, None) => true,
        (Some(Some(left)), Some(Some(right))) => {
            (left.is_alphabetic() && right.is_alphabetic()) || (left.is_numeric() && right.is_numeric())
        }
        _ => false,
    }
}

/// Cuts a printed line into words.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in line.chars() {
        let mut buffer = [0; 4];
        match words.last_mut() {
            Some(last) if goes_on(Some(last), Some(c.encode_utf8(&mut buffer))) => last.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

fn plain(rest: &str) -> Option<(usize, Option<char>)> {
    match wildcard_length(rest) {
        Some(length) => Some((length, None)),
        None => rest.chars().next().map(|c| (c.len_utf8(), Some(c))),
    }
}

fn glob(rest: &str) -> Option<(usize, Option<char>)> {
    let mut chars = rest.chars();
    let first = chars.next()?;
    Some(match (first, chars.next()) {
        ('*' | '?', _) => (1, None),
        ('\\', Some(c @ ('*' | '?' | '\\'))) => (2, Some(c)),
        _ => (first.len_utf8(), Some(first)),
    })
}

/// Reads one part of an expression, with the quantifier after it. Alternatives are not understood.
fn regex(rest: &str) -> Option<(usize, Option<char>)> {
    let first = rest.chars().next()?;
    let (length, text) = match first {
        '|' | ')' => return None,
        '\\' => {
            let c = rest[1..].chars().next()?;
            let is_class = c.is_alphanumeric();
            (1 + c.len_utf8(), (!is_class).then_some(c))
        }
        '[' => (class_length(rest)?, None),
        '(' => (group_length(rest)?, None),
        '.' | '^' | '$' => (1, None),
        _ => (first.len_utf8(), Some(first)),
    };
    let quantifier = quantifier_length(&rest[length..])?;
    Some((length + quantifier, text.filter(|_| quantifier == 0)))
}

/// Returns the length of `[...]`; classes within classes are not understood.
fn class_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("[^").or(text.strip_prefix('[')).filter(|text| !text.starts_with(']'))?;
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = !escaped && matches!(c, ']' | '[');
        escaped = !escaped && c == '\\';
        ends
    })?;
    inside[end..].starts_with(']').then(|| text.len() - inside.len() + end + 1)
}

/// Returns the length of `(...)`; groups within groups are not understood.
fn group_length(text: &str) -> Option<usize> {
    let end = text.find(')')?;
    let inside = &text[1..end];
    (!inside.contains(['(', '\\', '['])).then_some(end + 1)
}

fn quantifier_length(text: &str) -> Option<usize> {
    let length = match text.chars().next() {
        Some('*' | '+' | '?') => 1,
        Some('{') => text.find('}')? + 1,
        _ => return Some(0),
    };
    Some(length + usize::from(text[length..].starts_with('?')))
}

/// What becomes of a word or wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The word is the same.
    Same(usize),
    /// The word of the line is written.
    Text(String),
    /// The word of the pattern is gone.
    Gone,
    /// The wildcard covers this text.
    Wildcard(usize, String),
}

/// Lays words side by side, with the fewest changes.
struct Table {
    choices: Vec<Choice>,
    width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Same,
    Replace,
    Cover,
    Pass,
    Lose,
    Add,
}

/// The most words that are laid side by side, pairs counted.
const LARGEST_TABLE: usize = 250_000;

/// What the choices cost. A word gives way to another of its sort rather than to a wildcard.
const REPLACED: u32 = 10;
const OTHER_SORT: u32 = 4;
const GONE: u32 = 12;
const NEW: u32 = 10;
const COVERED: u32 = 1;

impl Table {
    fn filled(old: &[Token], words: &[String]) -> Option<Self> {
        let width = words.len() + 1;
        if (old.len() + 1) * width > LARGEST_TABLE {
            return None;
        }
        let mut table = Table { choices: vec![Choice::Add; (old.len() + 1) * width], width };
        let mut below: Vec<u32> = (0..width as u32).rev().map(|left| left * NEW).collect();
        for (row, token) in old.iter().enumerate().rev() {
            let mut here = vec![0; width];
            for column in (0..width).rev() {
                let word = words.get(column);
                let further = |costs: &[u32], cost| word.map(|_| costs[column + 1] + cost);
                let (with_word, alone) = match &token.text {
                    None => ((further(&here, COVERED), Choice::Cover), (below[column], Choice::Pass)),
                    Some(text) if Some(text) == word => {
                        ((further(&below, 0), Choice::Same), (below[column] + GONE, Choice::Lose))
                    }
                    Some(text) => {
                        let sort = if is_of_sort(text, word) { 0 } else { OTHER_SORT };
                        let cost = further(&below, REPLACED + sort);
                        ((cost, Choice::Replace), (below[column] + GONE, Choice::Lose))
                    }
                };
                let with_word = with_word.0.map(|cost| (cost, with_word.1));
                let add = further(&here, NEW).map(|cost| (cost, Choice::Add));
                let all = [with_word, Some(alone), add].into_iter().flatten();
                let (cost, choice) = all.min_by_key(|choice| choice.0).unwrap_or(alone);
                here[column] = cost;
                table.choices[row * width + column] = choice;
            }
            below = here;
        }
        Some(table)
    }

    fn walk(&self, old: &[Token], words: &[String]) -> Vec<Step> {
        let (mut row, mut column) = (0, 0);
        let mut steps = Vec::new();
        let mut covered = String::new();
        while row < old.len() || column < words.len() {
            let choice = self.choices[row * self.width + column];
            match choice {
                Choice::Same => steps.push(Step::Same(row)),
                Choice::Replace | Choice::Add => steps.push(Step::Text(words[column].clone())),
                Choice::Cover => covered.push_str(&words[column]),
                Choice::Pass => steps.push(Step::Wildcard(row, std::mem::take(&mut covered))),
                Choice::Lose => steps.push(Step::Gone),
            }
            row += usize::from(!matches!(choice, Choice::Cover | Choice::Add));
            column += usize::from(!matches!(choice, Choice::Pass | Choice::Lose));
        }
        steps
    }
}

fn is_of_sort(text: &str, word: Option<&String>) -> bool {
    let sort = |text: &str| text.chars().next().map(|c| (c.is_alphabetic(), c.is_numeric()));
    word.is_some_and(|word| sort(word) == sort(text))
}

/// Writes the steps as a pattern; a wildcard whose surroundings changed becomes what it covers.
fn joined(old: &[Token], steps: &[Step], kind: Kind) -> Vec<Token> {
    let text = |text: &str| Token { source: quoted(text, kind), text: Some(text.to_owned()) };
    let stays = |at: usize| steps.get(at).is_none_or(|step| matches!(step, Step::Same(_)));
    let written = steps.iter().enumerate().filter_map(|(at, step)| match step {
        Step::Same(row) => Some(old[*row].clone()),
        Step::Text(new) => Some(text(new)),
        Step::Gone => None,
        Step::Wildcard(row, _) if stays(at.wrapping_sub(1)) && stays(at + 1) => Some(old[*row].clone()),
        Step::Wildcard(_, covered) => Some(text(covered)),
    });
    written.collect()
}

/// Writes text so that it means itself.
fn quoted(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Regex => regex::escape(text),
        Kind::Glob => text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, line: &str, expected: Option<&str>) {
        assert_eq!(mended(pattern, line).as_deref(), expected, "{pattern:?} for {line:?}");
    }

    #[test]
    fn wildcards_stay_where_their_surroundings_do() {
        check(
            "took [..] for 5 items, digest sha256:<digest>",
            "took 3s for 6 items, digest sha256:8742ab",
            Some("took [..] for 6 items, digest sha256:<digest>"),
        );
        check("[..] failed", "3 passed", Some("[..] passed"));
        check("Status: [..]", "Result: done", Some("Result: [..]"));
        check("a [..] b [..] c", "a 1 x 2 c", Some("a [..] x [..] c"));
    }

    #[test]
    fn expressions_and_globs_stay_what_they_are() {
        check("v[0-9]+ alpha (re)", "v7 beta", Some("v[0-9]+ beta (re)"));
        check(r"v\d+\.\d+ alpha (re)", "v7.1 b+", Some(r"v\d+\.\d+ b\+ (re)"));
        check("*.gz done (glob)", "a.gz failed", Some("*.gz failed (glob)"));
        check("took [..] 5 (no-eol)", "took 1 6", Some("took [..] 6 (no-eol)"));
        check("a|b (re)", "c", None);
    }

    #[test]
    fn wildcards_without_their_surroundings_go() {
        check("Status: [..]", "done", None);
        check("[..] ok", "", None);
        check("plain", "other", None);
        check("... (equal)", "other", None);
    }

    #[test]
    fn printed_wildcards_are_not_written() {
        check("took [..] for a", "took 1 for <none>", None);
        check("took [..] a", "took 1 (re)", None);
    }
}
