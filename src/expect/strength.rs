//! How much an expectation would notice.

use super::mutate::{Mutation, mutations};
use super::{Captures, Expectation, Verdict, terminal};

/// What an expectation made of wrong outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strength {
    /// Every wrong output that was tried.
    pub tried: Vec<Mutation>,
    /// Those for which the expectation still holds.
    pub survived: Vec<Mutation>,
}

impl Strength {
    /// Returns the share of wrong outputs that were noticed, 0 to 1; 1 when none could be made.
    pub fn score(&self) -> f64 {
        if self.tried.is_empty() {
            return 1.0;
        }
        1.0 - self.survived.len() as f64 / self.tried.len() as f64
    }
}

/// Measures an expectation with wrong outputs made from the right one.
///
/// Wrong is what a terminal would show: colours that do not count are gone before it is spoilt.
/// `others` are the outputs of the tutorial's other steps, `bound` the captures of earlier ones.
pub fn measure(expectation: &Expectation, output: &str, others: &[&str], bound: &Captures) -> Strength {
    let tried = mutations(&terminal::shown(output, expectation.normalise.keep_ansi), others);
    let holds = |made: &&Mutation| matches!(expectation.check(&made.text, bound), Verdict::Held { .. });
    let survived = tried.iter().filter(holds).cloned().collect();
    Strength { tried, survived }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::{MutationKind, PatternError, propose};
    use MutationKind::{Empty, ErrorText, FailedWord, LineLost, NumberChanged, OtherStep};

    const OUTPUT: &str = "{\n  \"provisioningState\": \"Succeeded\",\n  \"count\": 12\n}\n";

    #[track_caller]
    fn check(expectation: Result<Expectation, PatternError>, survived: &[MutationKind]) {
        let expectation = expectation.expect("the pattern compiles");
        let strength = measure(&expectation, OUTPUT, &["other"], &Captures::new());
        let mut kinds: Vec<MutationKind> = strength.survived.iter().map(|made| made.kind).collect();
        kinds.dedup();
        assert_eq!(kinds, survived, "{expectation:?}");
        assert_eq!(strength.score() == 1.0, survived.is_empty());
    }

    #[test]
    fn exact_lines_notice_everything() {
        check(Expectation::lines(OUTPUT), &[]);
    }

    #[test]
    fn an_ellipsis_notices_nothing() {
        check(Expectation::lines("..."), &[Empty, ErrorText, FailedWord, OtherStep, NumberChanged, LineLost]);
    }

    #[test]
    fn low_similarity_misses_failure() {
        check(
            Expectation::similarity(OUTPUT, 0.3),
            &[ErrorText, FailedWord, OtherStep, NumberChanged, LineLost],
        );
    }

    #[test]
    fn subset_misses_what_it_leaves_out() {
        check(Expectation::json(r#"{"provisioningState": "Succeeded"}"#), &[NumberChanged]);
    }

    #[test]
    fn coloured_words_of_success_become_failure() {
        let regex = Expectation::regex("Phase: .* done").expect("it compiles");
        let output = "Phase: \x1b[32mSucceeded\x1b[0m done\n";
        for keep_ansi in [false, true] {
            let normalise = crate::expect::Normalise { keep_ansi, ..Default::default() };
            let strength = measure(&regex.clone().normalise(normalise), output, &[], &Captures::new());
            assert!(strength.survived.iter().any(|made| made.kind == FailedWord));
        }
    }

    #[test]
    fn proposals_hold_and_are_stronger() {
        let weak = Expectation::similarity(OUTPUT, 0.3).expect("the threshold is fine");
        let text = propose(&weak, OUTPUT, OUTPUT).expect("there is a better one");
        check(Expectation::lines(&text), &[]);
    }
}
