//! Outputs that are wrong in ways that happen.

use std::sync::LazyLock;

use regex::{Captures as Found, Regex};
use serde::{Deserialize, Serialize};

use super::terminal;

/// A wrong output made from a right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// What is wrong with it.
    pub kind: MutationKind,
    /// The wrong output.
    pub text: String,
}

/// The ways in which outputs go wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MutationKind {
    /// Nothing was printed.
    Empty,
    /// An error message stands in place of the output.
    ErrorText,
    /// A word of success became one of failure.
    FailedWord,
    /// It is the output of another step.
    OtherStep,
    /// A number or digest is another one.
    NumberChanged,
    /// A line is missing.
    LineLost,
}

impl MutationKind {
    /// Returns whether it is a detail, which authors leave open on purpose, and no failure.
    pub fn is_detail(self) -> bool {
        matches!(self, MutationKind::NumberChanged | MutationKind::LineLost)
    }

    /// Returns the kind as it reads in "would still pass with ...".
    pub fn describe(self) -> &'static str {
        match self {
            MutationKind::Empty => "no output at all",
            MutationKind::ErrorText => "an error message instead",
            MutationKind::FailedWord => "failure where it says success",
            MutationKind::OtherStep => "the output of another step",
            MutationKind::NumberChanged => "another number",
            MutationKind::LineLost => "a line lost",
        }
    }
}

/// The most mutations of one kind.
const MOST: usize = 8;

/// Returns wrong outputs made from a right one; `others` are the outputs of other steps.
///
/// Each differs from the right output, and none is made twice.
pub fn mutations(output: &str, others: &[&str]) -> Vec<Mutation> {
    let error = "Error: something went wrong\n".to_owned();
    let made = [(MutationKind::Empty, String::new()), (MutationKind::ErrorText, error)]
        .into_iter()
        .chain(failed_word(output).map(|text| (MutationKind::FailedWord, text)))
        .chain(others.iter().take(MOST).map(|other| (MutationKind::OtherStep, (*other).to_owned())))
        .chain(changed_numbers(output).into_iter().map(|text| (MutationKind::NumberChanged, text)))
        .chain(lost_lines(output).into_iter().map(|text| (MutationKind::LineLost, text)));
    let mut seen = std::collections::HashSet::from([terminal::lines(output).join("\n")]);
    made.filter(|(_, text)| seen.insert(terminal::lines(text).join("\n")))
        .map(|(kind, text)| Mutation { kind, text })
        .collect()
}

/// Says failure wherever the output says success; `None` when it does not.
fn failed_word(output: &str) -> Option<String> {
    // A word may stand behind a colour, whose `m` would be taken for a letter of it.
    static SUCCESS: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r"(?i)(\b|\x1b\[[0-9;]*m)(succeeded|successfully|successful|success|passed|ok|true)\b")
    });
    let failed = |found: &Found<'_>| {
        let word = &found[2];
        let failure = match word.to_lowercase().as_str() {
            "succeeded" | "passed" => "failed",
            "successfully" => "unsuccessfully",
            "successful" => "unsuccessful",
            "success" => "failure",
            "ok" => "not ok",
            _ => "false",
        };
        found[1].to_owned() + &in_case_of(word, failure)
    };
    SUCCESS.is_match(output).then(|| SUCCESS.replace_all(output, failed).into_owned())
}

fn in_case_of(word: &str, other: &str) -> String {
    let mut chars = word.chars();
    let first_is_upper = chars.next().is_some_and(char::is_uppercase);
    match (first_is_upper, chars.all(char::is_uppercase)) {
        (true, true) => other.to_uppercase(),
        (true, false) => other[..1].to_uppercase() + &other[1..],
        _ => other.to_owned(),
    }
}

/// Changes one number in each copy.
fn changed_numbers(output: &str) -> Vec<String> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| compiled(r"\b[0-9a-f]*[0-9]+[0-9a-f]*\b|[0-9]+"));
    let numbers: Vec<_> = NUMBER.find_iter(output).collect();
    let chosen = spread(numbers.len());
    chosen
        .map(|index| replaced(output, numbers[index].range(), &other_number(numbers[index].as_str())))
        .collect()
}

/// Changes the last digit, so that the number keeps its length.
fn other_number(number: &str) -> String {
    let last = number.rfind(|c: char| c.is_ascii_digit()).expect("a number has a digit");
    let digit = if &number[last..=last] == "7" { "3" } else { "7" };
    replaced(number, last..last + 1, digit)
}

/// Leaves out one line in each copy.
fn lost_lines(output: &str) -> Vec<String> {
    let lines: Vec<&str> = output.split_inclusive('\n').collect();
    let filled: Vec<usize> = (0..lines.len()).filter(|index| !lines[*index].trim().is_empty()).collect();
    let without = |lost: usize| lines[..lost].iter().chain(&lines[lost + 1..]).copied().collect();
    spread(filled.len()).map(|index| without(filled[index])).collect()
}

/// Chooses places that are spread evenly, from first to last.
fn spread(count: usize) -> impl Iterator<Item = usize> {
    let chosen = count.min(MOST);
    (0..chosen).map(move |index| if chosen < 2 { 0 } else { index * (count - 1) / (chosen - 1) })
}

fn replaced(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..range.start], &text[range.end..])
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, kind: MutationKind, expected: &[&str]) {
        let made = mutations(output, &["other\n", output]);
        let texts: Vec<&str> =
            made.iter().filter(|made| made.kind == kind).map(|made| made.text.as_str()).collect();
        assert_eq!(texts, expected, "{output:?}");
    }

    #[test]
    fn words_of_success_become_failure() {
        let kind = MutationKind::FailedWord;
        check("Succeeded", kind, &["Failed"]);
        check("SUCCESS: all ok, Passed, true", kind, &["FAILURE: all not ok, Failed, false"]);
        check("token broken", kind, &[]);
        check("\x1b[1;32mok\x1b[0m \x1b[mPASSED", kind, &["\x1b[1;32mnot ok\x1b[0m \x1b[mFAILED"]);
    }

    #[test]
    fn numbers_change_one_at_a_time() {
        let kind = MutationKind::NumberChanged;
        check("3 of v17\n", kind, &["7 of v17\n", "3 of v13\n"]);
        check("sha256:0ab1f", kind, &["sha257:0ab1f", "sha256:0ab7f"]);
        check("none", kind, &[]);
        check("\u{661}]", kind, &[]);
        assert_eq!(mutations(&"1 ".repeat(100), &[]).len(), 2 + MOST);
    }

    #[test]
    fn lines_are_lost_one_at_a_time() {
        let kind = MutationKind::LineLost;
        check("a\n\nb", kind, &["\nb", "a\n\n"]);
        check("one", kind, &[]);
        let many: String = (0..100).map(|_| "line\n").collect();
        check(&many, kind, &[&many[5..]]);
    }

    #[test]
    fn nothing_wrong_is_made_twice() {
        check("a", MutationKind::OtherStep, &["other\n"]);
        check("", MutationKind::Empty, &[]);
    }
}
