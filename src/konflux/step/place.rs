//! A step with the folders that its pipeline gives it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::definition::{Role, StepDefinition};
use super::shared::TutorialDefinition;
use super::{RESULT_PREFIX, STEP_VARIABLE, TUTORIAL_VARIABLE, WORKSPACE_VARIABLE};
use crate::config::{Environment, Settings, parameter_variable};
use crate::diagnostic::{Finding, Source, hexadecimal};
use crate::expect::PatternError;
use crate::plan::{self, Inputs, Plan};
use crate::run::{Ground, RESULTS_VARIABLE};
use crate::yaml;

/// Why a container's variables are no step.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A variable is missing.
    #[error(
        "the variable `{0}` is not set: this command runs inside of a task that `stagebook konflux export` made"
    )]
    Missing(&'static str),
    /// A variable is not YAML.
    #[error("the variable `{name}` is not YAML: {reason}")]
    NotYaml {
        /// The variable.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// A variable does not hold what it should.
    #[error("the variable `{name}` cannot be read")]
    Broken {
        /// The variable.
        name: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An expectation has a pattern that does not compile.
    #[error("an expectation of the step cannot be used")]
    Pattern(#[source] PatternError),
}

/// A step in its task.
#[derive(Debug, Clone)]
pub struct TaskStep {
    /// What all steps have in common.
    pub tutorial: TutorialDefinition,
    /// What it is.
    pub step: StepDefinition,
    /// Its text.
    pub text: String,
    /// Its folders.
    pub ground: Ground,
    /// Results of tasks before, by name.
    pub handed_over: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

impl TaskStep {
    /// Reads a step from the variables of its container and from its script.
    pub fn read(environment: &Environment, script: &str) -> Result<Self, ReadError> {
        let tutorial: TutorialDefinition = read(environment, TUTORIAL_VARIABLE)?;
        let step: StepDefinition = read(environment, STEP_VARIABLE)?;
        let workspace = environment.get(WORKSPACE_VARIABLE).ok_or(ReadError::Missing(WORKSPACE_VARIABLE))?;
        let results = environment.get(RESULTS_VARIABLE).ok_or(ReadError::Missing(RESULTS_VARIABLE))?;
        let values = environment.parameters();
        let root = PathBuf::from(workspace).join(variant_folder(&tutorial.matrix, &values));
        let secrets =
            tutorial.secrets.iter().filter_map(|name| Some((name.clone(), environment.secret(name)?)));
        Ok(Self {
            text: body(script).to_owned(),
            ground: Ground {
                work: root.join("work"),
                home: root.join("home"),
                state: root.join(".stagebook"),
                results: PathBuf::from(results),
                is_kept: step.role != Role::Service,
            },
            handed_over: environment.with_prefix(RESULT_PREFIX),
            secrets: secrets.collect(),
            values,
            tutorial,
            step,
        })
    }

    /// Returns the plan that runs it; findings are about values that do not fit.
    pub fn plan(&self) -> Result<Result<Plan, Vec<Finding>>, ReadError> {
        let mut tutorial = self.tutorial.with(&self.step, &self.text).map_err(ReadError::Pattern)?;
        for step in &mut tutorial.steps {
            // Variables of a step alone are taken back before its session is kept: no secret gets there.
            step.attributes.env.extend(self.secrets.clone());
        }
        let mut settings = Settings::defaults("/");
        if !self.step.interpreter.is_empty() {
            settings.interpreters.insert(self.step.language.clone(), self.step.interpreter.clone());
        }
        let inputs = Inputs {
            tutorial_id: self.step.page.clone(),
            environment: self.values.clone(),
            ..Inputs::default()
        };
        let plans = plan::build(&std::sync::Arc::new(tutorial), &settings, &inputs);
        Ok(plans.map(|mut plans| plans.remove(0)))
    }

    /// Returns the values of secret variables, by name.
    pub fn secrets(&self) -> &BTreeMap<String, String> {
        &self.secrets
    }

    /// Returns the folder of a service that a step starts.
    pub fn service_folder(&self) -> PathBuf {
        let name = hexadecimal(self.step.name.as_bytes());
        Path::new(&self.ground.state).join(format!("service-{name}"))
    }
}

fn read<T: serde::de::DeserializeOwned>(
    environment: &Environment,
    name: &'static str,
) -> Result<T, ReadError> {
    let text = environment.get(name).ok_or(ReadError::Missing(name))?;
    let source = Source::new(name, text);
    let node = yaml::read(&source, 0, text).map_err(|finding| ReadError::NotYaml {
        name,
        reason: format!("{} ({:?})", finding.message, finding.place),
    })?;
    serde_json::from_value(node.to_json()).map_err(|source| ReadError::Broken { name, source })
}

/// Returns a script without the line that calls us.
fn body(script: &str) -> &str {
    match script.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => rest,
        _ => script,
    }
}

/// Returns the folder that tells a variant's files from those of another; an empty path where there is one variant.
fn variant_folder(names: &[String], values: &BTreeMap<String, String>) -> PathBuf {
    if names.is_empty() {
        return PathBuf::new();
    }
    let mut text = String::new();
    for name in names {
        let value = values.get(&parameter_variable(name)).map_or("", String::as_str);
        let _ = write!(text, "{name}={value},");
    }
    let readable = text.trim_end_matches(',').chars().take(60);
    let readable = readable.map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let digest = hexadecimal(&Sha256::digest(text.as_bytes()));
    PathBuf::from(format!("{}-{}", readable.collect::<String>(), &digest[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_that_calls_us_is_no_text_of_the_step() {
        assert_eq!(body("#!/usr/bin/env -S stagebook konflux step\n#!/bin/bash\nls\n"), "#!/bin/bash\nls\n");
        assert_eq!(body("ls\n"), "ls\n");
    }

    #[test]
    fn variants_have_folders_of_their_own() {
        let folder = |base: &str| {
            let values = [("STAGEBOOK_PARAM_BASE".to_owned(), base.to_owned())];
            variant_folder(&["base".to_owned()], &values.into())
        };
        assert_ne!(folder("a/b"), folder("a-b"));
        assert!(folder("../..").components().count() == 1);
        assert_eq!(variant_folder(&[], &BTreeMap::new()), PathBuf::new());
    }
}
