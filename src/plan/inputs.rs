//! What a caller says about plans: values, and which steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::parameter_variable;
use crate::diagnostic::{Finding, nearest};
use crate::tutorial::{Tutorial, Value};

/// What a caller says about the plans of a tutorial.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Path of the tutorial relative to the project's root, with `/`.
    pub tutorial_id: String,
    /// Values from the command line; the last of a name wins, and a name that the tutorial lacks is passed over.
    pub flags: Vec<(String, String)>,
    /// Values from a parameters file.
    pub file: BTreeMap<String, Value>,
    /// Values from the environment, by parameter or by the whole name of the variable.
    pub environment: BTreeMap<String, String>,
    /// Which steps run.
    pub selection: Selection,
}

impl Inputs {
    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        let mut given = self.flags.iter().rev();
        given.find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(&parameter_variable(name)).or_else(|| self.environment.get(name));
        value.map(String::as_str)
    }
}

/// Which steps of a tutorial run. Cleanup steps always do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these and what they need; empty is all.
    pub steps: Vec<String>,
    /// The first.
    pub from: Option<String>,
    /// The last.
    pub until: Option<String>,
}

impl Selection {
    /// Returns every name that it mentions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().chain(&self.from).chain(&self.until).map(String::as_str)
    }
}

/// Returns a finding for each name, of a flag or in a parameters file, that no tutorial of a run knows.
pub fn unknown_parameters<'a>(
    tutorials: &[Arc<Tutorial>],
    names: impl Iterator<Item = &'a str>,
) -> Vec<Finding> {
    let fronts = || tutorials.iter().map(|tutorial| &tutorial.front_matter);
    let parameters = fronts().flat_map(|front| front.parameters.iter().map(|parameter| &parameter.name));
    let axes = fronts().flat_map(|front| front.matrix.axes.iter().map(|(name, _)| name));
    let included = fronts().flat_map(|front| front.matrix.include.iter().flat_map(BTreeMap::keys));
    let known: Vec<&str> = parameters.chain(axes).chain(included).map(String::as_str).collect();
    unknown_names("unknown-parameter", "parameter", names, &known)
}

/// Returns a finding for each selected step that no tutorial of a run has.
pub fn unknown_steps(tutorials: &[Arc<Tutorial>], selection: &Selection) -> Vec<Finding> {
    let steps = tutorials.iter().flat_map(|tutorial| &tutorial.steps);
    let known: Vec<&str> = steps.map(|step| step.name.0.as_str()).collect();
    let mut findings = unknown_names("unknown-step", "step", selection.names(), &known);
    findings.extend(backwards(tutorials, selection));
    findings
}

/// Returns a finding when the range ends before it begins in all tutorials that have both ends.
fn backwards(tutorials: &[Arc<Tutorial>], selection: &Selection) -> Option<Finding> {
    let (from, until) = (selection.from.as_ref()?, selection.until.as_ref()?);
    let ends = tutorials.iter().filter_map(|tutorial| {
        let position = |name: &String| tutorial.steps.iter().position(|step| step.name.0 == *name);
        Some((position(from)?, position(until)?))
    });
    let ends: Vec<(usize, usize)> = ends.collect();
    let all_backwards = !ends.is_empty() && ends.iter().all(|(from, until)| until < from);
    let message = format!("step `{until}` stands before step `{from}`: there is nothing between them");
    let help = format!("turn them round: `--from {until} --until {from}`");
    all_backwards.then(|| Finding::error("backwards-range", message).help(help))
}

fn unknown_names<'a>(
    code: &'static str,
    noun: &str,
    names: impl Iterator<Item = &'a str>,
    known: &[&str],
) -> Vec<Finding> {
    let unknown = names.filter(|name| !known.contains(name));
    let finding = |name: &str| {
        let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        Finding::error(code, format!("no tutorial of this run has a {noun} `{name}`")).maybe_help(near)
    };
    unknown.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{lines, page, parameter, step};
    use crate::tutorial::ParameterKind;

    #[test]
    fn names_that_no_tutorial_has_are_findings() {
        let mut first = page(vec![step("build")]);
        first.front_matter.parameters = vec![parameter("base", ParameterKind::String, None)];
        let mut second = page(Vec::new());
        second.front_matter.matrix.axes = vec![("arch".to_owned(), Vec::new())];
        let tutorials = [Arc::new(first), Arc::new(second)];
        let selection =
            Selection { steps: vec!["biuld".to_owned()], from: Some("build".to_owned()), until: None };
        let mut findings = unknown_parameters(&tutorials, ["base", "arch", "bsae"].into_iter());
        findings.extend(unknown_steps(&tutorials, &selection));
        expect_test::expect![[r#"
            unknown-parameter: no tutorial of this run has a parameter `bsae`; did you mean `base`?
            unknown-step: no tutorial of this run has a step `biuld`; did you mean `build`?
        "#]]
        .assert_eq(&lines(&findings));
    }
}
