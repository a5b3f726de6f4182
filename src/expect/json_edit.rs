//! Changing values inside JSON text without touching the rest of it.

use std::ops::Range;

use serde_json::Value;

use super::json::{self, JsonSubset, is_anything};
use super::{Captures, Normalise, Verdict};

/// Returns the expected JSON with the values that an output asks for; `None` when that is not JSON.
pub(super) fn updated_json(
    expected: &Value,
    expected_text: &str,
    output: &str,
    normalise: &Normalise,
    bound: &Captures,
) -> Option<String> {
    let actual = json::parse(output).ok()?;
    let subset = JsonSubset { normalise, bound };
    let mut edits = Edits { subset: &subset, text: expected_text, edits: Vec::new() };
    edits.value(&Reader { text: expected_text, at: 0 }.value()?, expected, &actual);
    let text = edits.applied();
    let new = json::read(&text).ok()?;
    if matches!(subset.verdict(&new, output), Verdict::Held { .. }) {
        return Some(text);
    }
    // Captures that contradict each other are nobody's fault alone: the whole value is taken.
    Some(pretty(&actual, "") + "\n")
}

/// Returns JSON as it is written in a page, below a given indentation.
pub(super) fn pretty(value: &Value, indentation: &str) -> String {
    json::write(value, true).replace('\n', &format!("\n{indentation}"))
}

/// Where a value stands in a text.
struct Node {
    span: Range<usize>,
    below: Below,
}

enum Below {
    Members(Vec<Member>),
    Elements(Vec<Node>),
    Nothing,
}

struct Member {
    start: usize,
    key: String,
    value: Node,
}

/// Reads the places of all values. The text is JSON already, so it does not complain.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Node> {
        let start = self.next_token();
        let below = match self.text.as_bytes().get(start)? {
            b'{' => Below::Members(self.list(b'}', Self::member)?),
            b'[' => Below::Elements(self.list(b']', Self::value)?),
            b'"' => {
                self.string()?;
                Below::Nothing
            }
            _ => {
                let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ']' | '}');
                self.at = self.text[start..].find(ends).map_or(self.text.len(), |length| start + length);
                Below::Nothing
            }
        };
        Some(Node { span: start..self.at, below })
    }

    fn list<T>(&mut self, end: u8, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            let at = self.next_token();
            match *self.text.as_bytes().get(at)? {
                byte if byte == end => break,
                b',' => self.at += 1,
                _ => items.push(item(self)?),
            }
        }
        self.at += 1;
        Some(items)
    }

    fn member(&mut self) -> Option<Member> {
        let start = self.next_token();
        let key = serde_json::from_str(&self.text[self.string()?]).ok()?;
        // The colon.
        self.at = self.next_token() + 1;
        Some(Member { start, key, value: self.value()? })
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while *bytes.get(self.at)? != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(start..self.at)
    }

    fn next_token(&mut self) -> usize {
        let blanks = self.text[self.at..].bytes().take_while(u8::is_ascii_whitespace).count();
        self.at += blanks;
        self.at
    }
}

/// Changes to a text, in the order of their places.
struct Edits<'a> {
    subset: &'a JsonSubset<'a>,
    text: &'a str,
    edits: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    fn value(&mut self, node: &Node, expected: &Value, actual: &Value) {
        if self.subset.contains(expected, actual) {
            return;
        }
        match (&node.below, expected, actual) {
            (Below::Members(members), Value::Object(expected), Value::Object(actual)) => {
                self.members(members, expected, actual);
            }
            (Below::Elements(nodes), Value::Array(expected), Value::Array(actual))
                if expected.len() == actual.len() && !expected.iter().any(is_anything) =>
            {
                for (node, (expected, actual)) in nodes.iter().zip(expected.iter().zip(actual)) {
                    self.value(node, expected, actual);
                }
            }
            _ => self.edits.push((node.span.clone(), self.written(node, actual))),
        }
    }

    fn members(
        &mut self,
        members: &[Member],
        expected: &serde_json::Map<String, Value>,
        actual: &serde_json::Map<String, Value>,
    ) {
        let mut kept_one = false;
        for (index, member) in members.iter().enumerate() {
            if let (Some(expected), Some(actual)) = (expected.get(&member.key), actual.get(&member.key)) {
                self.value(&member.value, expected, actual);
                kept_one = true;
                continue;
            }
            // A member goes with the comma before it, or after it while it is the first.
            let gone = match (kept_one, members.get(index + 1)) {
                (true, _) => members[index - 1].value.span.end..member.value.span.end,
                (false, Some(next)) => member.start..next.start,
                (false, None) => member.start..member.value.span.end,
            };
            self.edits.push((gone, String::new()));
        }
    }

    /// Writes a value in the place of another, on one line where that one was.
    fn written(&self, node: &Node, actual: &Value) -> String {
        let old = &self.text[node.span.clone()];
        if !old.contains('\n') && !matches!(node.below, Below::Nothing) {
            return json::write(actual, false);
        }
        let line = self.text[..node.span.start].rsplit('\n').next().unwrap_or_default();
        let indentation = &line[..line.len() - line.trim_start().len()];
        pretty(actual, indentation)
    }

    fn applied(self) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for (range, new) in self.edits {
            text.push_str(&self.text[at..range.start]);
            text.push_str(&new);
            at = range.end;
        }
        text + &self.text[at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::{Expectation, updated};

    #[track_caller]
    fn check(expected: &str, output: &str, new: Option<&str>) {
        let expectation = Expectation::json(expected).expect("the expected text is JSON");
        let none = Captures::new();
        let text = updated(&expectation, expected, output, &none, &|_, _, _| false);
        assert_eq!(text.as_deref(), new);
        if let Some(text) = text {
            let expectation = Expectation::json(&text).expect("what is written is JSON");
            assert!(matches!(expectation.check(output, &none), Verdict::Held { .. }), "{text}");
        }
    }

    #[test]
    fn only_changed_values_change() {
        check("{\"a\": 1}\n", "{\"a\": 1, \"b\": 2}", None);
        check(
            "{ \"b\":2,\n  \"a\" : \"<d>\" }\n",
            r#"{"a": "x", "b": 3}"#,
            Some("{ \"b\":3,\n  \"a\" : \"<d>\" }\n"),
        );
        check("{\"n\": 1}", "{\"n\": 12345678901234567890123}", Some("{\"n\": 12345678901234567890123}"));
        check("[1]", "[12345678901234567890123, 2]", Some("[12345678901234567890123,2]"));
        check("[1,  2, [3]]", "[1, 5, [4]]", Some("[1,  5, [4]]"));
        check(r#"["...", 9]"#, "[1,2]", Some("[1,2]"));
        check("{\n  \"a\": 1\n}\n", r#"{"a": [1]}"#, Some("{\n  \"a\": [\n    1\n  ]\n}\n"));
    }

    #[test]
    fn missing_keys_go_with_their_comma() {
        check(r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"b": 2}"#, Some(r#"{"b": 2}"#));
        check(r#"{"a": 1, "b": 2}"#, r#"{"a": 2}"#, Some(r#"{"a": 2}"#));
        check(r#"{"a": 1, "b": 2}"#, "{}", Some("{}"));
        check(r#"{"a\"}": {"x": "]\\"}}"#, r#"{"a\"}": {"x": 1}}"#, Some(r#"{"a\"}": {"x": 1}}"#));
    }

    #[test]
    fn contradicting_captures_become_values() {
        check(r#"["<d>", "<d>"]"#, r#"["x", "y"]"#, Some("[\n  \"x\",\n  \"y\"\n]\n"));
    }

    #[test]
    fn output_that_is_not_json_changes_nothing() {
        check("{}", "error", None);
    }

    fn value() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(Value::Null),
            (0..3).prop_map(Value::from),
            "(\\.\\.\\.|\\[\\.\\.\\]|<n>|a|\"|\\\\){0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn updated_json_holds(expected in value(), actual in value(), wide: bool) {
            let expected = if wide { pretty(&expected, "") } else { expected.to_string() };
            let (output, none) = (actual.to_string(), Captures::new());
            let expectation = Expectation::json(&expected).expect("it was written by the library");
            if let Some(text) = updated(&expectation, &expected, &output, &none, &|_, _, _| false) {
                let new = Expectation::json(&text).expect("what is written is JSON");
                let holds = matches!(new.check(&output, &none), Verdict::Held { .. });
                proptest::prop_assert!(holds, "{}", text);
            } else {
                let holds = matches!(expectation.check(&output, &none), Verdict::Held { .. });
                proptest::prop_assert!(holds);
            }
        }
    }
}
