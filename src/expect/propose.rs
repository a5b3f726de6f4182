//! A better expectation for a weak one.

use serde_json::Value;

use super::align::Repeat;
use super::compare::Comparison;
use super::escape::as_exact_line;
use super::volatile::masked;
use super::{Captures, Expectation, Matcher, json, json_edit, terminal};

/// The most lines that a proposal shows of one run of output.
const LONGEST_RUN: usize = 24;

/// Returns the text of an expected block that notices more, or `None` when there is none.
///
/// What was printed is expected exactly, except for parts that are another every time: digests,
/// dates, durations, temporary paths become `[..]`. Lines that their author wrote stay; only what a
/// `...` took is spelled out, in long runs its beginning and end. JSON stays JSON.
pub fn propose(expectation: &Expectation, expected_text: &str, output: &str) -> Option<String> {
    let shown = terminal::shown(output, expectation.normalise.keep_ansi);
    let text = match &expectation.matcher {
        Matcher::Lines(pattern) => {
            let bound = Captures::new();
            let sides = Comparison::new(pattern, &shown, &expectation.normalise, &bound);
            spelled_out(&sides).unwrap_or_else(|| whole(&shown))
        }
        Matcher::Json(_) => json_edit::pretty(&masked_value(json::parse(&shown).ok()?), "") + "\n",
        _ => whole(&shown),
    };
    let is_block = matches!(expectation.matcher, Matcher::Lines(_) | Matcher::Json(_));
    let is_same = is_block && terminal::lines(&text) == terminal::lines(expected_text);
    (!is_same && !text.trim().is_empty()).then_some(text)
}

/// Returns the text of an expected block with all that was printed, whatever the author wrote.
///
/// Only volatile parts are `[..]`. What this does not notice, no text can: it tells a pattern that
/// stands for what changes from one that takes anything.
pub fn propose_whole(expectation: &Expectation, output: &str) -> Option<String> {
    let shown = terminal::shown(output, expectation.normalise.keep_ansi);
    let text = match &expectation.matcher {
        Matcher::Json(_) => json_edit::pretty(&masked_value(json::parse(&shown).ok()?), "") + "\n",
        _ => whole(&shown),
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Keeps the author's lines and writes out what each `...` took.
fn spelled_out(sides: &Comparison<'_>) -> Option<String> {
    let mut lines = Vec::new();
    for (rule, range) in sides.rules.iter().zip(sides.ranges()?) {
        if rule.repeat == Repeat::Anything {
            let taken: Vec<&str> = sides.lines[range].iter().map(|line| line.text).collect();
            push_run(&taken, &mut lines);
        } else {
            lines.push(rule.text.clone());
        }
    }
    Some(joined(&lines))
}

fn whole(shown: &str) -> String {
    let mut lines = Vec::new();
    push_run(&terminal::lines(shown), &mut lines);
    joined(&lines)
}

fn push_run(run: &[&str], lines: &mut Vec<String>) {
    let line = |line: &&str| masked_line(line);
    if run.len() <= LONGEST_RUN {
        lines.extend(run.iter().map(line));
        return;
    }
    lines.extend(run[..LONGEST_RUN / 2].iter().map(line));
    lines.push("...".to_owned());
    lines.extend(run[run.len() - LONGEST_RUN / 2..].iter().map(line));
}

fn masked_line(line: &str) -> String {
    // A suffix or an escape would read the mask as text, so such lines stay exact.
    let exact = as_exact_line(line);
    if exact == line { masked(line).unwrap_or(exact) } else { exact }
}

fn masked_value(value: Value) -> Value {
    match value {
        number if json::large(&number).is_some() => number,
        Value::String(text) => Value::String(masked(&text).unwrap_or(text)),
        Value::Array(values) => Value::Array(values.into_iter().map(masked_value).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (key, masked_value(value))).collect())
        }
        other => other,
    }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Verdict;

    #[track_caller]
    fn check(expectation: &Expectation, old: &str, output: &str, new: Option<&str>) {
        assert_eq!(propose(expectation, old, output).as_deref(), new, "{output:?}");
    }

    fn lines(text: &str) -> Expectation {
        Expectation::lines(text).expect("the lines compile")
    }

    #[test]
    fn volatile_parts_become_wildcards() {
        let contains = Expectation::contains(vec!["Built".to_owned()]);
        check(
            &contains,
            "Built",
            "Built 3f2a9bc1d in 1.2s\nDone (re)\n",
            Some("Built [..] in [..]\nDone (re) (equal)\n"),
        );
    }

    #[test]
    fn lines_of_the_author_stay() {
        check(
            &lines("id <id>\n...\nend"),
            "id <id>\n...\nend",
            "id 7\nx\ny\nend",
            Some("id <id>\nx\ny\nend\n"),
        );
        check(&lines("a\nb"), "a\nb", "a\nb", None);
        check(&lines("..."), "...", "", None);
    }

    #[test]
    fn json_stays_json() {
        let subset = Expectation::json("{}").expect("it is JSON");
        check(
            &subset,
            "{}",
            r#"{"id": "3f2a9bc1d", "n": [1]}"#,
            Some("{\n  \"id\": \"[..]\",\n  \"n\": [\n    1\n  ]\n}\n"),
        );
        check(&subset, "{}", "no JSON", None);
    }

    #[test]
    fn long_outputs_are_proposed_in_part() {
        let output: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let text = propose(&lines("..."), "...", &output).expect("there is a better one");
        assert_eq!(text.lines().count(), LONGEST_RUN + 1);
        assert!(matches!(lines(&text).check(&output, &Captures::new()), Verdict::Held { .. }));
    }
}
