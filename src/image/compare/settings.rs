//! The rules of a project: what its settings say becomes rules, before those that come with the program.

use super::model::{Change, Level, Requirement};
use super::rules::{Rule, builtin_rules};
use crate::config::{ExplanationSettings, ParityRequirement, ParitySettings};
use crate::diagnostic::{Finding, nearest};

impl From<ParityRequirement> for Requirement {
    fn from(required: ParityRequirement) -> Self {
        match required {
            ParityRequirement::Digest => Self::Digest,
            ParityRequirement::Config => Self::Config,
            ParityRequirement::Content => Self::Content,
            ParityRequirement::Packages => Self::Packages,
        }
    }
}

/// Returns the rules of a project and those of the program that it did not disable; a rule that means nothing
/// is a finding.
pub fn rules_of(parity: &ParitySettings, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let builtin = builtin_rules();
    for id in &parity.disable {
        let ids = || builtin.iter().map(|rule| rule.id.as_str());
        if !ids().any(|known| known == id) {
            let near = nearest(id, ids()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| "the page about parity lists the rules".to_owned());
            let message = format!("`disable` of `[parity]` names `{id}`, which is no rule");
            findings.push(Finding::warning("unknown-rule", message).help(help));
        }
    }
    let mut rules: Vec<Rule> =
        parity.explain.iter().filter_map(|explanation| rule(explanation, &builtin, findings)).collect();
    rules.extend(builtin.into_iter().filter(|rule| !parity.disable.contains(&rule.id)));
    rules
}

/// Returns the rule that a setting stands for, if nothing is wrong with it.
fn rule(explanation: &ExplanationSettings, builtin: &[Rule], findings: &mut Vec<Finding>) -> Option<Rule> {
    let before = findings.len();
    let mut wrong = |message: String, help: String| {
        let finding = Finding::error("invalid-setting", message).at(explanation.place.clone());
        findings.push(finding.help(help));
    };
    if builtin.iter().any(|rule| rule.id == explanation.id) {
        let message = format!("`{}` is the id of a rule of the program", explanation.id);
        wrong(message, "give yours another; `disable` turns the other one off".to_owned());
    }
    let levels = words(&explanation.levels, Level::of, &Level::ALL.map(Level::name), "level", &mut wrong);
    let changes =
        words(&explanation.changes, Change::of, &Change::ALL.map(Change::name), "change", &mut wrong);
    let ExplanationSettings { id, why, reference, what, .. } = explanation;
    let rule = Rule::new(id, why, reference.as_deref(), levels, changes, what)
        .map_err(|error| wrong(error.to_string(), "write `*` for a name and `**` for any depth".to_owned()));
    rule.ok().filter(|_| findings.len() == before)
}

/// Returns what words stand for; those that stand for nothing are wrong.
fn words<T>(
    words: &[String],
    of: impl Fn(&str) -> Option<T>,
    known: &[&str],
    what: &str,
    wrong: &mut impl FnMut(String, String),
) -> Vec<T> {
    let mut found = Vec::new();
    for word in words {
        match of(word) {
            Some(value) => found.push(value),
            None => {
                let near = nearest(word, known.iter().copied());
                let help = near.map_or_else(
                    || format!("known are `{}`", known.join("`, `")),
                    |near| format!("did you mean `{near}`?"),
                );
                wrong(format!("`{word}` is no {what}"), help);
            }
        }
    }
    found
}
