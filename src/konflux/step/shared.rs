//! What all steps of a tutorial have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::definition::StepDefinition;
use crate::diagnostic::{Place, Span};
use crate::expect::PatternError;
use crate::plan::Plan;
use crate::tutorial::{
    Dialect, FrontMatter, NamedResult, Parameter, ParameterKind, Requirements, ToolRequirement, Tutorial,
    Value,
};

/// A tutorial, as far as each of its steps has to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TutorialDefinition {
    /// Path of the page from the project's root.
    pub page: String,
    /// Its title.
    pub title: String,
    /// Its parameters; those of the matrix too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParameterDefinition>,
    /// Parameters whose values tell one variant from another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matrix: Vec<String>,
    /// Variables of every step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Names of secret variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Programs that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<ToolDefinition>,
    /// Whether it has results.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub results: bool,
}

/// A parameter; its value comes from the environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ParameterDefinition {
    pub(in crate::konflux) name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
}

/// A program that must be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ToolDefinition {
    program: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    packages: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
}

impl TutorialDefinition {
    /// Describes the tutorial of some plans, one for each variant.
    pub(in crate::konflux) fn of(plan: &Plan, matrix: &[String]) -> Self {
        let front = &plan.tutorial.front_matter;
        Self {
            page: plan.key.tutorial.clone(),
            title: plan.tutorial.title.clone(),
            params: plan.parameters.iter().map(|(name, value)| parameter(front, name, value)).collect(),
            matrix: matrix.to_vec(),
            env: front.env.clone(),
            secrets: front.secrets.clone(),
            requires: front.requires.tools.iter().map(ToolDefinition::of).collect(),
            results: !front.results.is_empty(),
        }
    }

    /// Returns a tutorial that has this one step.
    ///
    /// # Errors
    /// When a pattern of an expectation does not compile.
    pub fn with(&self, definition: &StepDefinition, text: &str) -> Result<Tutorial, PatternError> {
        let step = definition.step(text)?;
        let source = Arc::clone(&step.place.source);
        let start = Place::new(&source, 0..0);
        let result = |name: &String| NamedResult {
            name: name.clone(),
            description: None,
            session: None,
            place: step.place.clone(),
        };
        let front_matter = FrontMatter {
            parameters: self.params.iter().map(|parameter| parameter.declared(&start)).collect(),
            requires: Requirements {
                tools: self.requires.iter().map(|tool| tool.required(&start)).collect(),
                ..Requirements::default()
            },
            env: self.env.clone(),
            secrets: self.secrets.clone(),
            images: definition.images.clone(),
            results: definition.results.iter().map(result).collect(),
            ..FrontMatter::default()
        };
        Ok(Tutorial {
            body: Span::new(0, source.text().len()),
            source,
            dialect: Dialect::Stagebook,
            front_matter,
            title: self.title.clone(),
            steps: vec![step],
            other_blocks: Vec::new(),
            comments: Vec::new(),
            headings: Vec::new(),
            links: Vec::new(),
            includes: Vec::new(),
            prerequisites: Vec::new(),
        })
    }
}

/// Describes a parameter that the page declares, or that its matrix alone has.
fn parameter(front: &FrontMatter, name: &str, value: &Value) -> ParameterDefinition {
    let declared = front.parameters.iter().find(|parameter| parameter.name == name);
    let kind = declared.map_or_else(|| kind_of(value), |parameter| parameter.kind.clone());
    let (kind, choices) = match kind {
        ParameterKind::String => ("string", Vec::new()),
        ParameterKind::Number => ("number", Vec::new()),
        ParameterKind::Boolean => ("boolean", Vec::new()),
        ParameterKind::Choice(choices) => ("choice", choices),
    };
    ParameterDefinition { name: name.to_owned(), kind: kind.to_owned(), choices }
}

fn kind_of(value: &Value) -> ParameterKind {
    match value {
        Value::Boolean(_) => ParameterKind::Boolean,
        Value::Number(_) => ParameterKind::Number,
        Value::String(_) => ParameterKind::String,
    }
}

impl ParameterDefinition {
    fn declared(&self, place: &Place) -> Parameter {
        let kind = match self.kind.as_str() {
            "number" => ParameterKind::Number,
            "boolean" => ParameterKind::Boolean,
            "choice" => ParameterKind::Choice(self.choices.clone()),
            _ => ParameterKind::String,
        };
        Parameter { name: self.name.clone(), kind, default: None, description: None, place: place.clone() }
    }
}

impl ToolDefinition {
    fn of(tool: &ToolRequirement) -> Self {
        Self {
            program: tool.program.clone(),
            version: tool.minimum.clone(),
            packages: tool.packages.clone(),
            when: tool.when.clone(),
        }
    }

    fn required(&self, place: &Place) -> ToolRequirement {
        ToolRequirement {
            program: self.program.clone(),
            minimum: self.version.clone(),
            packages: self.packages.clone(),
            when: self.when.clone(),
            place: place.clone(),
        }
    }
}
