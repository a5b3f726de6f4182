//! JSON that must be contained in other JSON.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::align::{Repeat, align};
use super::canonical::canonical;
use super::pieces::Pieces;
use super::quote::quote;
use super::{Captures, Mismatch, Normalise, Verdict};

/// The element of an expected array that stands for any elements.
const ANYTHING: &str = "...";

/// Begins the text that stands for a whole number which no machine number holds: it would be rounded,
/// and equal to others. The character is none, so no text begins with it.
const LARGE: char = '\u{fdd0}';

/// Reads JSON; whole numbers keep all their digits.
pub(super) fn read(text: &str) -> serde_json::Result<Value> {
    let value = serde_json::from_str(text)?;
    match with_large_numbers_marked(text) {
        Cow::Borrowed(_) => Ok(value),
        Cow::Owned(marked) => serde_json::from_str(&marked),
    }
}

/// Writes a value in one line, or over several.
pub(super) fn write(value: &Value, wide: bool) -> String {
    let text = if wide { format!("{value:#}") } else { value.to_string() };
    let mut written = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let quoted = format!("\"{LARGE}");
    while let Some((before, after)) = rest.split_once(&quoted) {
        let (digits, after) = after.split_once('"').unwrap_or((after, ""));
        written.push_str(before);
        written.push_str(digits);
        rest = after;
    }
    written + rest
}

/// Returns the digits of a whole number that no machine number holds.
pub(super) fn large(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(LARGE)
}

/// Writes large whole numbers as texts. The text is JSON already, so it does not complain.
fn with_large_numbers_marked(text: &str) -> Cow<'_, str> {
    let mut marked = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(next) = text[at..].find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let start = at + next;
        at = if text[start..].starts_with('"') { string_end(text, start) } else { number_end(text, start) };
        let token = &text[start..at];
        let is_whole = token.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        if is_whole && token.parse::<i64>().is_err() && token.parse::<u64>().is_err() {
            marked.push_str(&format!("{}\"{LARGE}{token}\"", &text[copied..start]));
            copied = at;
        }
    }
    if copied == 0 { Cow::Borrowed(text) } else { Cow::Owned(marked + &text[copied..]) }
}

fn string_end(text: &str, start: usize) -> usize {
    let mut escaped = false;
    let end = text[start + 1..].find(|c| {
        let ends = !escaped && c == '"';
        escaped = !escaped && c == '\\';
        ends
    });
    end.map_or(text.len(), |end| start + 1 + end + 1)
}

fn number_end(text: &str, start: usize) -> usize {
    let goes_on = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    text[start..].find(|c| !goes_on(c)).map_or(text.len(), |length| start + length)
}

/// How JSON values are compared.
pub(super) struct JsonSubset<'a> {
    pub(super) normalise: &'a Normalise,
    pub(super) bound: &'a Captures,
}

/// The first place where a value is not as expected.
struct Difference {
    /// The path below the value, `.layers[0]`.
    path: String,
    what: String,
}

impl JsonSubset<'_> {
    /// Compares an output with the value that it must contain.
    pub(super) fn verdict(&self, expected: &Value, output: &str) -> Verdict {
        let broken = |summary| Verdict::Broken(Mismatch { summary, diff: Vec::new() });
        let actual = match parse(output) {
            Ok(actual) => actual,
            Err(summary) => return broken(summary),
        };
        match self.compare(expected, &actual, &Captures::new()) {
            Ok(captures) => Verdict::Held { captures, score: None },
            Err(Difference { path, what }) => broken(format!("${path}{what}")),
        }
    }

    /// Tells whether a value contains another, whatever was captured elsewhere.
    pub(super) fn contains(&self, expected: &Value, actual: &Value) -> bool {
        self.compare(expected, actual, &Captures::new()).is_ok()
    }

    /// Compares two values and returns what was newly captured.
    fn compare(&self, expected: &Value, actual: &Value, before: &Captures) -> Result<Captures, Difference> {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => self.objects(expected, actual, before),
            (Value::Array(expected), Value::Array(actual)) if expected.iter().any(is_anything) => {
                self.open_arrays(expected, actual, before)
            }
            (Value::Array(expected), Value::Array(actual)) => self.arrays(expected, actual, before),
            _ => self.scalars(expected, actual, before).ok_or_else(|| {
                let expected = shown_with(expected, &[before, self.bound]);
                Difference::here(format!(": expected {expected}, got {}", shown(actual)))
            }),
        }
    }

    fn objects(
        &self,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
        before: &Captures,
    ) -> Result<Captures, Difference> {
        let mut captured = Captures::new();
        for (key, expected) in expected {
            let below = |difference: Difference| difference.below(&path_of(key));
            let Some(actual) = actual.get(key) else {
                let what = format!(" is missing, expected {}", shown(expected));
                return Err(below(Difference::here(what)));
            };
            captured.extend(self.compare(expected, actual, &joined(before, &captured)).map_err(below)?);
        }
        Ok(captured)
    }

    fn arrays(
        &self,
        expected: &[Value],
        actual: &[Value],
        before: &Captures,
    ) -> Result<Captures, Difference> {
        let mut captured = Captures::new();
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            let below = |difference: Difference| difference.below(&format!("[{index}]"));
            captured.extend(self.compare(expected, actual, &joined(before, &captured)).map_err(below)?);
        }
        if expected.len() != actual.len() {
            let what = format!(": expected {} elements, got {}", expected.len(), actual.len());
            return Err(Difference::here(what));
        }
        Ok(captured)
    }

    /// Compares with an array in which `"..."` stands for any elements.
    fn open_arrays(
        &self,
        expected: &[Value],
        actual: &[Value],
        before: &Captures,
    ) -> Result<Captures, Difference> {
        let repeat = |value| if is_anything(value) { Repeat::Anything } else { Repeat::Once };
        let rules: Vec<Repeat> = expected.iter().map(repeat).collect();
        let matches = |rule: usize, item: usize, captured: &Captures| {
            self.compare(&expected[rule], &actual[item], &joined(before, captured)).ok()
        };
        let Some(ranges) = align(&rules, actual.len(), matches) else {
            return Err(Difference::here(self.without_partner(expected, actual, before)));
        };
        let mut captured = Captures::new();
        for (rule, range) in ranges.into_iter().enumerate().filter(|(rule, _)| rules[*rule] == Repeat::Once) {
            captured.extend(matches(rule, range.start, &captured).unwrap_or_default());
        }
        Ok(captured)
    }

    fn without_partner(&self, expected: &[Value], actual: &[Value], before: &Captures) -> String {
        let has_partner = |value: &&Value| {
            is_anything(value) || actual.iter().any(|actual| self.compare(value, actual, before).is_ok())
        };
        match expected.iter().find(|value| !has_partner(value)) {
            Some(value) => format!(" has no element {}", shown(value)),
            None => " has its elements in another order".to_owned(),
        }
    }

    fn scalars(&self, expected: &Value, actual: &Value, before: &Captures) -> Option<Captures> {
        match (large(expected), large(actual)) {
            (None, None) => {}
            (Some(expected), Some(actual)) => return (expected == actual).then(Captures::new),
            (Some(whole), None) => return is_rounded(whole, actual).then(Captures::new),
            (None, Some(whole)) => {
                let captured = || Pieces::parse(expected.as_str()?)?.matches(whole, &[before, self.bound]);
                return if is_rounded(whole, expected) { Some(Captures::new()) } else { captured() };
            }
        }
        match (expected, actual) {
            (Value::String(expected), Value::String(actual)) => self.strings(expected, actual, before),
            // A number can be captured, though the pattern for it must be written as a string.
            (Value::String(pattern), Value::Number(_) | Value::Bool(_)) => {
                Pieces::parse(pattern)?.matches(&actual.to_string(), &[before, self.bound])
            }
            (Value::Number(expected), Value::Number(actual)) => {
                let equal = expected == actual || expected.as_f64() == actual.as_f64();
                let both_whole = !expected.is_f64() && !actual.is_f64();
                (expected == actual || (equal && !both_whole)).then(Captures::new)
            }
            _ => (expected == actual).then(Captures::new),
        }
    }

    fn strings(&self, expected: &str, actual: &str, before: &Captures) -> Option<Captures> {
        let (expected_text, actual_text) =
            (canonical(expected, self.normalise), canonical(actual, self.normalise));
        if expected == actual || expected_text == actual_text {
            return Some(Captures::new());
        }
        Pieces::parse(&expected_text)?.matches(&actual_text, &[before, self.bound])
    }
}

/// Tells whether a value is a large number as a program with machine numbers writes it.
fn is_rounded(whole: &str, value: &Value) -> bool {
    value.is_f64() && whole.parse().ok() == value.as_f64()
}

impl Difference {
    fn here(what: String) -> Self {
        Difference { path: String::new(), what }
    }

    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// Reads an output as JSON; the error is the summary of a mismatch.
pub(super) fn parse(output: &str) -> Result<Value, String> {
    let text = output.trim();
    if text.is_empty() {
        return Err("nothing was printed".to_owned());
    }
    read(text).map_err(|error| {
        let first = quote(text.lines().next().unwrap_or_default());
        if text.starts_with(['{', '[']) {
            return format!("output is not JSON: {error}");
        }
        format!("output is not JSON, it starts with {first}")
    })
}

pub(super) fn is_anything(value: &Value) -> bool {
    value.as_str() == Some(ANYTHING)
}

fn joined(before: &Captures, more: &Captures) -> Captures {
    let pairs = before.iter().chain(more);
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn path_of(key: &str) -> String {
    let is_word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if is_word { format!(".{key}") } else { format!("[{}]", quote(key)) }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if large(value).is_none() => quote(text),
        other => {
            let text = write(other, false);
            if text.chars().count() > 80 {
                format!("{}…", text.chars().take(80).collect::<String>())
            } else {
                text
            }
        }
    }
}

/// Shows an expected value with what its names are bound to.
fn shown_with(value: &Value, bound: &[&Captures]) -> String {
    let pieces = value.as_str().and_then(Pieces::parse);
    let names = pieces.iter().flat_map(Pieces::names);
    let value_of = |name: &str| bound.iter().find_map(|bound| bound.get(name));
    let values: Vec<String> =
        names.filter_map(|name| Some(format!("<{name}> is {}", quote(value_of(name)?)))).collect();
    if values.is_empty() { shown(value) } else { format!("{} where {}", shown(value), values.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, output: &str, result: &str) {
        let expected = read(expected).expect("the expected text is JSON");
        let bound = Captures::from([("bound".to_owned(), "abc".to_owned())]);
        let subset = JsonSubset { normalise: &Normalise::default(), bound: &bound };
        let verdict = match subset.verdict(&expected, output) {
            Verdict::Held { captures, .. } => format!("held {captures:?}"),
            Verdict::Broken(mismatch) => mismatch.summary,
        };
        assert_eq!(verdict, result);
    }

    #[test]
    fn objects_may_have_more_keys() {
        check(r#"{"a": 1}"#, r#"{"b": 2, "a": 1.0}"#, "held {}");
        check(r#"{"a": {"b": []}}"#, r#"{"a": {"b": [], "c": 0}}"#, "held {}");
        check(r#"{"a": 1}"#, r#"{"b": 2}"#, "$.a is missing, expected 1");
        check(r#"{"a": {"x y": 1}}"#, r#"{"a": {"x y": true}}"#, "$.a[\"x y\"]: expected 1, got true");
        check(
            r#"{"n": 12345678901234567890123}"#,
            r#"{"n": 12345678901234567890124}"#,
            "$.n: expected 12345678901234567890123, got 12345678901234567890124",
        );
        check("[-99999999999999999999, \"1\"]", "[-99999999999999999999, \"1\"]", "held {}");
        check("1.2345678901234568e22", "12345678901234567890123", "held {}");
        check("\"<n>\"", "12345678901234567890123", r#"held {"n": "12345678901234567890123"}"#);
        check("9007199254740993", "9007199254740992", "$: expected 9007199254740993, got 9007199254740992");
    }

    #[test]
    fn arrays_match_in_order() {
        check("[1, 2]", "[1, 2]", "held {}");
        check("[1, 2]", "[1, 2, 3]", "$: expected 2 elements, got 3");
        check(r#"{"l": [{"d": "x"}]}"#, r#"{"l": [{"d": "y"}]}"#, r#"$.l[0].d: expected "x", got "y""#);
        check(r#"["...", 2, "..."]"#, "[1, 2, 3]", "held {}");
        check(r#"["...", 2]"#, "[2, 1, 2]", "held {}");
        check(r#"["..."]"#, "[]", "held {}");
        check(r#"{"l": ["...", 4]}"#, r#"{"l": [1, 2]}"#, "$.l has no element 4");
        check(r#"["...", 2, 1]"#, "[1, 2]", "$ has its elements in another order");
    }

    #[test]
    fn strings_may_have_wildcards() {
        check(r#"{"d": "sha256:<d>"}"#, r#"{"d": "sha256:12"}"#, r#"held {"d": "12"}"#);
        check(r#"["<d>", "<d>"]"#, r#"["x", "x"]"#, r#"held {"d": "x"}"#);
        check(r#"["<d>", "<d>"]"#, r#"["x", "y"]"#, r#"$[1]: expected "<d>" where <d> is "x", got "y""#);
        check(r#"["...", "<d>", "<d>"]"#, r#"["x", "y", "y"]"#, r#"held {"d": "y"}"#);
        check(r#""<bound>""#, r#""abd""#, r#"$: expected "<bound>" where <bound> is "abc", got "abd""#);
        check(r#"{"size": "[..]", "id": "<id>"}"#, r#"{"size": 12, "id": 7}"#, r#"held {"id": "7"}"#);
    }

    #[test]
    fn output_that_is_not_json_is_said_to_be() {
        check("{}", "", "nothing was printed");
        check("{}", "WARN: x\n{}\n", r#"output is not JSON, it starts with "WARN: x""#);
        check("{}", "{\"a\": ", "output is not JSON: EOF while parsing a value at line 1 column 5");
        check("{}", "{} {}", "output is not JSON: trailing characters at line 1 column 4");
        check(
            "{}",
            &"[".repeat(100_000),
            "output is not JSON: recursion limit exceeded at line 1 column 128",
        );
    }
}
