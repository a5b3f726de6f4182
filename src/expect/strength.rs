//! How much an expectation would notice.

use super::mutate::{Mutation, mutations};
use super::{Captures, Expectation, Verdict};

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
/// `others` are the outputs of the tutorial's other steps, `bound` the captures of earlier ones.
pub fn measure(expectation: &Expectation, output: &str, others: &[&str], bound: &Captures) -> Strength {
    let tried = mutations(output, others);
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
    fn proposals_hold_and_are_stronger() {
        let weak = Expectation::similarity(OUTPUT, 0.3).expect("the threshold is fine");
        let text = propose(&weak, OUTPUT, OUTPUT).expect("there is a better one");
        check(Expectation::lines(&text), &[]);
    }
}
