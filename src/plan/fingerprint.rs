//! Keys of steps and plans: SHA-256 over what their result depends on.
//!
//! Every field is written with a name and a length before it, so that no two different
//! steps have the same bytes. Prose, headings and places are left out: moving a block or
//! rewording the page around it changes nothing. Values of secrets are left out too.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sha2::{Digest, Sha256};

use super::model::{Disposition, Fingerprint, Needs, Plan, PlannedStep, Work};
use crate::diagnostic::hexadecimal;
use crate::expect::Matcher;
use crate::tutorial::{ExpectedOutput, Origin, Requirements, Step};

/// Stands before all else; another encoding must have another.
const STEP_TAG: &str = "stagebook-step-2";
const ALL_TAG: &str = "stagebook-all-1";
const PLAN_TAG: &str = "stagebook-plan-1";

/// Gives each step of a plan and the plan its fingerprint.
pub(super) fn stamp(plan: &mut Plan) {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut known: Vec<Fingerprint> = Vec::with_capacity(plan.steps.len());
    let mut all_before = Fingerprint(String::new());
    for (index, step) in plan.steps.iter().enumerate() {
        let mut seen: Vec<&Fingerprint> = match &step.needs {
            Needs::AllBefore => vec![&all_before],
            // A circle has no order; it is a finding, and no plan comes of it.
            Needs::Named(needs) => needs.iter().filter_map(|need| known.get(need.0)).collect(),
        };
        // The one before it in the session has seen all others of it.
        seen.extend(last.insert(&step.session, index).map(|before| &known[before]));
        let fingerprint = of_step(plan, step, &seen);
        if step.disposition == Disposition::Run {
            all_before = of_all(&all_before, &fingerprint);
        }
        known.push(fingerprint);
    }
    for (step, fingerprint) in plan.steps.iter_mut().zip(known) {
        step.fingerprint = fingerprint;
    }
    plan.fingerprint = of_plan(plan);
}

/// Returns the fingerprint of some steps and one more after them.
fn of_all(before: &Fingerprint, next: &Fingerprint) -> Fingerprint {
    let mut encoder = Encoder::new(ALL_TAG);
    encoder.text("before", &before.0);
    encoder.text("next", &next.0);
    encoder.finish()
}

/// Returns the fingerprint of a step, given those of what it can see: its needs, and all of its session.
fn of_step(plan: &Plan, step: &PlannedStep, seen: &[&Fingerprint]) -> Fingerprint {
    let source = &plan.tutorial.steps[step.source];
    let mut encoder = Encoder::new(STEP_TAG);
    encoder.text("name", &step.name.0);
    encoder.text("language", &source.language);
    encoder.text("text", &source.text.content);
    encode_work(&mut encoder, &step.work);
    encode_attributes(&mut encoder, plan, step, source);
    encoder.variables("environment", &plan.environment, &plan.secrets);
    encoder.variables("env", &step.env, &plan.secrets);
    encoder.texts("secrets", &plan.secrets);
    step.expected.iter().for_each(|expected| encode_expected(&mut encoder, expected));
    seen.iter().for_each(|fingerprint| encoder.text("seen", &fingerprint.0));
    encoder.finish()
}

fn of_plan(plan: &Plan) -> Fingerprint {
    let front = &plan.tutorial.front_matter;
    let mut encoder = Encoder::new(PLAN_TAG);
    encoder.text("variant", plan.key.variant.as_deref().unwrap_or_default());
    let parameters = plan.parameters.iter().map(|(name, value)| (name.clone(), value.to_string()));
    encoder.variables("parameters", &parameters.collect(), &plan.secrets);
    encoder.variables("environment", &plan.environment, &plan.secrets);
    encoder.texts("secrets", &plan.secrets);
    encode_requirements(&mut encoder, &plan.requires);
    encoder.variables("images", &front.images, &[]);
    encoder.variables("reference", &front.reference, &[]);
    front.results.iter().for_each(|result| encoder.text("result", &result.name));
    plan.steps.iter().for_each(|step| encoder.text("step", &step.fingerprint.0));
    for include in &plan.tutorial.includes {
        encoder.text("include", &include.path.to_string_lossy());
        encoder.text("included", include.source.text());
    }
    encoder.finish()
}

fn encode_work(encoder: &mut Encoder, work: &Work) {
    match work {
        Work::Command { text, interpreter } => {
            encoder.text("command", text);
            encoder.texts("interpreter", &interpreter.command);
        }
        Work::Transcript { commands, interpreter } => {
            encoder.texts("interpreter", &interpreter.command);
            for command in commands {
                encoder.text("transcript", &command.command);
                encoder.value("exit", &command.exit);
                command.expected.iter().for_each(|expected| encode_expected(encoder, expected));
            }
        }
        Work::Service { text, interpreter, ready } => {
            encoder.text("service", text);
            encoder.texts("interpreter", &interpreter.command);
            encoder.value("ready", ready);
        }
        Work::File { path, content, append, mode } => {
            encoder.text("file", path);
            encoder.text("content", content);
            encoder.value("append", append);
            encoder.value("mode", mode);
        }
        Work::Files { files, mode } => {
            for file in files {
                encoder.text("file", &file.path);
                encoder.text("content", &file.content);
            }
            encoder.value("mode", mode);
        }
    }
}

fn encode_attributes(encoder: &mut Encoder, plan: &Plan, step: &PlannedStep, source: &Step) {
    encoder.value("disposition", &step.disposition);
    encoder.value("cleanup", &step.cleanup);
    encoder.text("session", &step.session);
    encoder.value("cwd", &step.cwd);
    // The project's default is no property of the page: raising it must not make every record stale.
    encoder.value("timeout", &source.attributes.timeout.or(plan.tutorial.front_matter.timeout));
    encoder.value("tries", &step.tries);
    encoder.value("retry-delay", &step.retry_delay.as_nanos());
    encoder.value("errexit", &step.errexit);
    encoder.value("exit", &step.exit);
    encoder.value("cache", &step.cache);
    encoder.value("explicit-needs", &!source.attributes.needs.is_empty());
}

fn encode_expected(encoder: &mut Encoder, expected: &ExpectedOutput) {
    let text = match &expected.origin {
        Origin::Lines(text) => &text.content,
        Origin::Comment => expected.place.text(),
    };
    encoder.text("expected", text);
    encoder.value("stream", &expected.expectation.stream);
    encoder.value("normalise", &expected.expectation.normalise);
    match &expected.expectation.matcher {
        Matcher::Lines(_) => encoder.text("matcher", "lines"),
        Matcher::Glob(_) => encoder.text("matcher", "glob"),
        Matcher::Contains(texts) => encoder.texts("contains", texts),
        Matcher::Regex(regex) => encoder.text("regex", regex.as_str()),
        Matcher::Json(value) => encoder.text("json", &value.to_string()),
        Matcher::Similarity { text, threshold } => {
            encoder.text("similarity", text);
            encoder.value("threshold", &threshold.to_bits());
        }
    }
}

fn encode_requirements(encoder: &mut Encoder, requires: &Requirements) {
    for tool in &requires.tools {
        encoder.text("tool", &tool.program);
        encoder.value("minimum", &tool.minimum);
    }
    for network in &requires.network {
        encoder.text("host", &network.host);
        encoder.value("port", &network.port);
    }
    encoder.value("root", &requires.root);
    encoder.value("kvm", &requires.kvm);
}

/// Writes named fields with their lengths into a digest.
struct Encoder(Sha256);

impl Encoder {
    fn new(tag: &str) -> Self {
        let mut encoder = Self(Sha256::new());
        encoder.bytes(tag);
        encoder
    }

    fn text(&mut self, name: &str, text: &str) {
        self.bytes(name);
        self.bytes(text);
    }

    /// Writes a small value of plain data. Its debug form is stable: numbers, booleans, options and our own enums.
    fn value(&mut self, name: &str, value: &impl Debug) {
        self.text(name, &format!("{value:?}"));
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        self.value(name, &texts.len());
        texts.iter().for_each(|text| self.bytes(text));
    }

    /// Writes variables, of secret ones only the names.
    fn variables(&mut self, name: &str, variables: &BTreeMap<String, String>, secrets: &[String]) {
        self.value(name, &variables.len());
        for (variable, value) in variables {
            self.bytes(variable);
            self.bytes(if secrets.contains(variable) { "" } else { value });
        }
    }

    fn bytes(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(hexadecimal(&self.0.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::plan::testing::{flags, page, parameter, planned, plans, step};
    use crate::tutorial::{ParameterKind, Tutorial};

    fn tutorial() -> Tutorial {
        let side = step("side").needs(&["one"]).session("other");
        page(vec![step("one"), step("two"), side, step("last").needs(&["one"])])
    }

    /// Returns which of the steps, and whether the plan, get another fingerprint by a change.
    fn changed(change: impl FnOnce(&mut Tutorial)) -> (Vec<String>, bool) {
        let mut other = tutorial();
        change(&mut other);
        let (before, after) = (planned(tutorial()), planned(other));
        let pairs = before.steps.iter().zip(&after.steps);
        let differing = pairs.filter(|(before, after)| before.fingerprint != after.fingerprint);
        let names = differing.map(|(step, _)| step.name.0.clone()).collect();
        (names, before.fingerprint != after.fingerprint)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Tutorial), expected: &[&str]) {
        let (names, plan) = changed(change);
        assert_eq!(names, expected);
        assert_eq!(plan, !expected.is_empty());
    }

    #[test]
    fn changes_reach_what_can_see_them() {
        check(|page| page.steps[0].text.content.push('x'), &["one", "two", "side", "last"]);
        check(|page| page.steps[1].text.content.push('x'), &["two", "last"]);
        check(|page| page.steps[2].text.content.push('x'), &["side"]);
    }

    #[test]
    fn attributes_that_change_what_happens_count() {
        check(|page| page.steps[3].attributes.errexit = false, &["last"]);
        check(|page| page.steps[3].attributes.exit = Some(0), &["last"]);
        check(|page| page.steps[3].attributes.cwd = Some(String::new()), &["last"]);
        check(|page| page.steps[3].attributes.skip = Some("later".to_owned()), &["last"]);
        check(|page| page.steps[3].attributes.env = [("A".to_owned(), "1".to_owned())].into(), &["last"]);
        check(
            |page| page.front_matter.env = [("A".to_owned(), "1".to_owned())].into(),
            &["one", "two", "side", "last"],
        );
    }

    #[test]
    fn language_counts() {
        check(|page| page.steps[3].language = "sh".to_owned(), &["last"]);
    }

    #[test]
    fn prose_does_not_count() {
        check(
            |page| {
                page.title.push('x');
                page.front_matter.description = Some("x".to_owned());
                page.steps[0].description.push('x');
                page.steps[0].headings.push("x".to_owned());
                page.steps[0].attributes.hide = true;
            },
            &[],
        );
    }

    #[test]
    fn secrets_count_by_name_alone() {
        let with = |value: &str| {
            let mut page = tutorial();
            page.front_matter.secrets = vec!["token".to_owned()];
            page.front_matter.parameters = vec![parameter("token", ParameterKind::String, None)];
            plans(page, &flags(&[("token", value)])).unwrap().remove(0).fingerprint
        };
        assert_eq!(with("a"), with("b"));
        assert_ne!(with("a"), planned(tutorial()).fingerprint);
    }

    #[test]
    fn selection_does_not_count() {
        let mut inputs = flags(&[]);
        inputs.selection.steps = vec!["two".to_owned()];
        let selected = plans(tutorial(), &inputs).unwrap().remove(0);
        assert_eq!(selected.fingerprint, planned(tutorial()).fingerprint);
    }

    proptest! {
        #[test]
        fn one_character_changes_the_plan(step in 0..4usize, at in 0..9usize, letter in any::<char>()) {
            let (_, plan) = changed(|page| page.steps[step].text.content.insert(at, letter));
            prop_assert!(plan);
        }
    }
}
