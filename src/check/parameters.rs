//! Parameters and secrets that are declared and never used.

use regex::Regex;

use crate::diagnostic::Finding;
use crate::tutorial::{Action, ExpectedOutput, FrontMatter, Origin, Parameter, Step, Tutorial};

/// Languages in which a variable is a name after a `$`.
const SHELLS: [&str; 8] =
    ["bash", "sh", "shell", "zsh", "console", "shell-session", "sh-session", "shellsession"];

/// Finds what is declared and never used.
pub(super) fn check(tutorial: &Tutorial) -> Vec<Finding> {
    let front = &tutorial.front_matter;
    let unused = front.parameters.iter().filter(|parameter| !is_used(tutorial, &parameter.name));
    let mut findings: Vec<Finding> = unused.map(unused_parameter).collect();
    let secrets = front.secrets.iter().filter(|secret| !is_used(tutorial, secret));
    findings.extend(secrets.map(|secret| unused_secret(front, secret)));
    findings
}

fn unused_parameter(parameter: &Parameter) -> Finding {
    let name = &parameter.name;
    let finding = Finding::warning("unused-parameter", format!("no step uses parameter `{name}`"));
    let variable = name.replace('-', "_");
    finding.at(parameter.place.clone()).help(format!("remove it, or use it as `${variable}` in a step"))
}

fn unused_secret(front: &FrontMatter, name: &str) -> Finding {
    // A program may read the variable without being told to, so this may be as it should.
    let mut finding = Finding::note("unused-secret", format!("no step mentions secret `{name}`"));
    finding.place = front.places.get("secrets").cloned();
    finding
}

/// Returns whether a page does anything with a value.
fn is_used(tutorial: &Tutorial, name: &str) -> bool {
    let uses = Uses::of(name);
    uses.in_front_matter(&tutorial.front_matter) || tutorial.steps.iter().any(|step| uses.in_step(step))
}

/// The ways to use a value.
struct Uses<'a> {
    name: &'a str,
    /// The name as a word.
    word: Regex,
    /// The name where a shell looks a variable up.
    variable: Regex,
}

impl<'a> Uses<'a> {
    fn of(name: &'a str) -> Self {
        let (plain, underscored) = (regex::escape(name), regex::escape(&name.replace('-', "_")));
        let word = format!(r"\b(?:{plain}|{underscored})\b");
        // Also inside of arithmetic, and as an argument of what works on variables.
        let variable = format!(
            r"(?m)\$\{{?[#!]?{underscored}\b|\(\(.*\b{underscored}\b|\b(?:printenv|export|declare|local|unset|read|env)\b.*\b{underscored}\b|\benvsubst\b|\B-v\s+{underscored}\b"
        );
        Self { name, word: compiled(&word), variable: compiled(&variable) }
    }

    fn in_front_matter(&self, front: &FrontMatter) -> bool {
        let tools = front.requires.tools.iter().filter_map(|tool| tool.when.as_ref());
        let hosts = front.requires.network.iter().filter_map(|host| host.when.as_ref());
        let images = front.images.values().chain(front.reference.values());
        front.matrix.axes.iter().any(|(axis, _)| axis == self.name)
            || tools.chain(hosts).chain(front.env.values()).chain(images).any(|text| self.word.is_match(text))
    }

    fn in_step(&self, step: &Step) -> bool {
        self.in_text(step) || self.in_attributes(step) || self.in_expectations(step)
    }

    fn in_text(&self, step: &Step) -> bool {
        let is_shell = SHELLS.contains(&step.language.as_str());
        let is_run = !matches!(step.action, Action::File(_)) && step.attributes.template.is_none();
        let pattern = if is_shell && is_run { &self.variable } else { &self.word };
        pattern.is_match(&step.text.content)
    }

    fn in_attributes(&self, step: &Step) -> bool {
        let attributes = &step.attributes;
        let file = match &step.action {
            Action::File(path) => Some(path),
            _ => None,
        };
        let mut texts =
            attributes.when.iter().chain(&attributes.cwd).chain(file).chain(attributes.env.values());
        texts.any(|text| self.word.is_match(text))
    }

    fn in_expectations(&self, step: &Step) -> bool {
        let holds = |expected: &ExpectedOutput| match &expected.origin {
            Origin::Lines(text) => self.variable.is_match(&text.content),
            Origin::Comment => self.variable.is_match(expected.place.text()),
        };
        step.expected.iter().any(holds)
    }
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("names are escaped")
}
