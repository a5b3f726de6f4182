//! Hand-made pages for the tests of this room.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Inputs, Plan, build};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, Source, Span};
use crate::tutorial::{
    Action, Attributes, Dialect, FrontMatter, Parameter, ParameterKind, Step, StepName, Text, Tutorial, Value,
};

/// Returns a bash step with this name that echoes it.
pub(super) fn step(name: &str) -> Step {
    let content = format!("echo {name}\n");
    let source = Source::new("a.md", format!("```bash\n{content}```\n"));
    Step {
        name: StepName(name.to_owned()),
        named: true,
        info: String::new(),
        headings: Vec::new(),
        anchor: None,
        description: String::new(),
        language: "bash".to_owned(),
        place: Place::new(&source, 0..source.text().len()),
        text: Text { lines: vec![Span::new(8, 7 + content.len())], source, content },
        action: Action::Command,
        attributes: Attributes::default(),
        expected: Vec::new(),
    }
}

impl Step {
    pub(super) fn change(mut self, change: impl FnOnce(&mut Attributes)) -> Self {
        change(&mut self.attributes);
        self
    }

    pub(super) fn needs(self, names: &[&str]) -> Self {
        self.change(|attributes| {
            attributes.needs = names.iter().map(|&name| StepName(name.to_owned())).collect();
        })
    }

    pub(super) fn language(mut self, language: &str) -> Self {
        self.language = language.to_owned();
        self
    }

    pub(super) fn session(self, name: &str) -> Self {
        self.change(|attributes| attributes.session = Some(name.to_owned()))
    }
}

/// Returns a page with these steps.
pub(super) fn page(steps: Vec<Step>) -> Tutorial {
    Tutorial {
        source: Source::new("a.md", ""),
        dialect: Dialect::Stagebook,
        front_matter: FrontMatter::default(),
        title: "A page".to_owned(),
        steps,
        other_blocks: Vec::new(),
        body: Span::new(0, 0),
        comments: Vec::new(),
        headings: Vec::new(),
        links: Vec::new(),
        includes: Vec::new(),
        prerequisites: Vec::new(),
    }
}

pub(super) fn parameter(name: &str, kind: ParameterKind, default: Option<Value>) -> Parameter {
    let place = Place::new(&Source::new("a.md", name), 0..name.len());
    Parameter { name: name.to_owned(), kind, default, description: None, place }
}

pub(super) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub(super) fn part(pairs: &[(&str, &str)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
}

pub(super) fn flags(pairs: &[(&str, &str)]) -> Inputs {
    let flags = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Inputs { tutorial_id: "a.md".to_owned(), flags, ..Inputs::default() }
}

pub(super) fn plans(page: Tutorial, inputs: &Inputs) -> Result<Vec<Plan>, Vec<Finding>> {
    build(&Arc::new(page), &Settings::defaults("/project"), inputs)
}

/// Returns the only plan of a page that has nothing wrong.
pub(super) fn planned(page: Tutorial) -> Plan {
    plans(page, &flags(&[])).expect("the page is valid").remove(0)
}

/// Returns findings as lines: code, message and help.
pub(super) fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        format!("{}: {}; {}\n", finding.code, finding.message, finding.help.as_deref().unwrap_or("-"))
    };
    findings.iter().map(line).collect()
}
