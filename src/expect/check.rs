//! Comparing an output with an expectation.

use super::canonical::canonical_text;
use super::compare::Comparison;
use super::json::JsonSubset;
use super::quote::quote;
use super::similarity::similarity;
use super::{Captures, Expectation, Matcher, Mismatch, Verdict, terminal};

impl Expectation {
    /// Tells whether an output is what was promised.
    ///
    /// `bound` are the captures of earlier steps: their names stand for their values.
    pub fn check(&self, output: &str, bound: &Captures) -> Verdict {
        let shown = terminal::shown(output, self.normalise.keep_ansi);
        match &self.matcher {
            Matcher::Lines(pattern) => Comparison::new(pattern, &shown, &self.normalise, bound).verdict(),
            Matcher::Json(expected) => {
                JsonSubset { normalise: &self.normalise, bound }.verdict(expected, &shown)
            }
            _ => self.check_text(&trimmed(&shown)),
        }
    }

    /// Checks the kinds that look at the text as a whole.
    fn check_text(&self, output: &str) -> Verdict {
        let canonical = canonical_text(output, &self.normalise);
        let either = |matches: &dyn Fn(&str) -> bool| matches(output) || matches(&canonical);
        let trouble = match &self.matcher {
            Matcher::Contains(texts) => texts.iter().map(|text| trimmed(text)).find_map(|text| {
                let wanted = canonical_text(&text, &self.normalise);
                let found = output.contains(&text) || canonical.contains(&wanted);
                (!found).then(|| format!("{} does not occur in the output", quote(&text)))
            }),
            Matcher::Regex(regex) => (!either(&|text| regex.is_match(text)))
                .then(|| format!("`{regex}` does not match anything in the output")),
            Matcher::Glob(glob) => (!either(&|text| glob.matches(text)))
                .then(|| "the glob does not match the whole output".to_owned()),
            Matcher::Similarity { text, threshold } => {
                let expected = canonical_text(&trimmed(text), &self.normalise);
                return graded(similarity(&expected, &canonical), *threshold);
            }
            Matcher::Lines(_) | Matcher::Json(_) => unreachable!("these are compared by their own rules"),
        };
        match trouble {
            None => Verdict::Held { captures: Captures::new(), score: None },
            Some(_) if output.is_empty() => broken("nothing was printed".to_owned()),
            Some(summary) => broken(summary),
        }
    }
}

fn graded(score: f64, threshold: f64) -> Verdict {
    if score >= threshold {
        return Verdict::Held { captures: Captures::new(), score: Some(score) };
    }
    broken(format!("output is {score:.2} similar, at least {threshold:.2} was expected"))
}

fn broken(summary: String) -> Verdict {
    Verdict::Broken(Mismatch { summary, diff: Vec::new() })
}

/// Returns a text without what never counts.
pub(super) fn trimmed(text: &str) -> String {
    terminal::lines(text).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::{Normalise, PatternError};

    #[track_caller]
    fn check(expectation: Result<Expectation, PatternError>, output: &str, expected: &str) {
        let verdict = expectation.expect("the pattern compiles").check(output, &Captures::new());
        let verdict = match verdict {
            Verdict::Held { score: Some(score), .. } => format!("held {score:.2}"),
            Verdict::Held { .. } => "held".to_owned(),
            Verdict::Broken(mismatch) => mismatch.summary,
        };
        assert_eq!(verdict, expected);
    }

    #[test]
    fn each_text_must_occur() {
        let contains =
            |texts: &[&str]| Ok(Expectation::contains(texts.iter().map(|t| t.to_string()).collect()));
        check(contains(&["b", "a"]), "ab", "held");
        check(contains(&[]), "", "held");
        check(contains(&["two\nlines"]), "in two  \r\nlines\n", "held");
        check(contains(&["green"]), "\x1b[32mgr\x1b[0meen", "held");
        check(contains(&["a", "done"]), "a", "\"done\" does not occur in the output");
        check(contains(&["a"]), "\n", "nothing was printed");
    }

    #[test]
    fn regex_matches_somewhere() {
        check(Expectation::regex("^b+$"), "a\nbbb\r\nc\n", "held");
        check(Expectation::regex("x"), "a", "`x` does not match anything in the output");
        check(
            Expectation::regex("(a*)*b"),
            &"a".repeat(1 << 20),
            "`(a*)*b` does not match anything in the output",
        );
        assert!(matches!(Expectation::regex("("), Err(PatternError::Regex { line: None, .. })));
    }

    #[test]
    fn glob_matches_everything() {
        check(Ok(Expectation::glob("a*z")), "a\nz\n", "held");
        check(Ok(Expectation::glob("a")), "a b", "the glob does not match the whole output");
    }

    #[test]
    fn similarity_is_graded() {
        check(Expectation::similarity("Succeeded\n", 0.3), "Succeeded", "held 1.00");
        check(
            Expectation::similarity("Succeeded", 0.9),
            "Failed",
            "output is 0.52 similar, at least 0.90 was expected",
        );
        assert!(matches!(Expectation::similarity("", 1.5), Err(PatternError::Similarity(_))));
        assert!(matches!(Expectation::similarity("", f64::NAN), Err(PatternError::Similarity(_))));
    }

    #[test]
    fn durations_and_dates_count_unless_asked() {
        let normalise = Normalise { durations: true, dates: true, ..Normalise::default() };
        for (expected, output) in [
            ("took 3s", "took 1m05s"),
            ("took <duration>", "took 1.2s"),
            ("[..] in 3s", "built in 4s"),
            ("on 2026-01-02", "on 2027-03-04"),
            (r"took \d+s (re)", "took 4s"),
        ] {
            check(Expectation::lines(expected).map(|e| e.normalise(normalise.clone())), output, "held");
        }
        check(
            Expectation::lines("took 3s"),
            "took 4s",
            "output differs from line 1: expected \"took 3s\", got \"took 4s\"",
        );
        let contains = Expectation::contains(vec!["took 3s".to_owned()]).normalise(normalise);
        check(Ok(contains), "it took 12ms", "held");
    }
}
