//! What a record holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Location;
use crate::event::{
    Exit, Host, PromisedImage, StepInfo, StepResult, Timestamp, TutorialResult, TutorialStart,
};
use crate::plan::{Fingerprint, PlanKey, StepIndex};
use crate::tutorial::{Dialect, Value};

/// The version of the format that is written.
pub const VERSION: u32 = 1;

/// The evidence of one run of one plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// Version of the format.
    pub version: u32,
    /// Which tutorial, which variant.
    pub plan: PlanKey,
    /// Path of the page, as the user knew it.
    pub path: PathBuf,
    /// The tutorial's title.
    pub title: String,
    /// Whose conventions the page follows.
    pub dialect: Dialect,
    /// Version of the stagebook that ran it.
    pub stagebook: String,
    /// The machine that it ran on.
    pub host: Host,
    /// When it began, by the wall clock.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When it ended, by the wall clock, which may have jumped: the duration stands in the result.
    #[schemars(with = "String")]
    pub ended: Timestamp,
    /// Values of its parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Those of them that are not what the page declares, as a caller or the matrix gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, Value>,
    /// The plan's fingerprint.
    pub fingerprint: Fingerprint,
    /// Shell blocks of the page that can not be run, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_supported: Vec<(Location, String)>,
    /// Images that the page promises, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// The signal that stopped the run, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<String>,
    /// What came of it.
    pub result: TutorialResult,
    /// The steps in the order in which they run.
    pub steps: Vec<StepRecord>,
    /// Services that ended by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services_ended: Vec<ServiceEnd>,
}

/// A step, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepRecord {
    /// The step.
    pub info: StepInfo,
    /// What came of its last try.
    pub result: StepResult,
    /// What came of the tries before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<StepResult>,
}

/// A service that ended before the end of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ServiceEnd {
    /// The step that started it.
    pub step: StepIndex,
    /// How it ended, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
}

impl Record {
    /// Returns the record of a step.
    pub fn step(&self, name: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.info.name.0 == name)
    }

    /// Returns how the plan began.
    pub fn start(&self) -> TutorialStart {
        TutorialStart {
            plan: self.plan.clone(),
            path: self.path.clone(),
            title: self.title.clone(),
            dialect: self.dialect,
            parameters: self.parameters.clone(),
            given: self.given.clone(),
            fingerprint: self.fingerprint.clone(),
            steps: self.steps.iter().map(|step| step.info.clone()).collect(),
            not_supported: self.not_supported.clone(),
            images: self.images.clone(),
        }
    }

    /// Returns the names of all files that hold whole outputs and reports, relative to the record's folder.
    pub fn output_files(&self) -> impl Iterator<Item = &str> {
        let results = self.steps.iter().flat_map(|step| step.retries.iter().chain([&step.result]));
        let outputs = results.flat_map(StepResult::outputs).filter_map(|output| output.file.as_deref());
        outputs.chain(self.result.images.iter().flat_map(PromisedImage::files))
    }
}

/// Returns the JSON schema of a record.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Record).to_value()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::record::samples;

    #[test]
    fn schema_accepts_what_is_written() {
        let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
        let json = serde_json::to_value(samples::record()).expect("a record is JSON");
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert!(!validator.is_valid(&serde_json::json!({"version": 1})));
    }

    #[test]
    fn record_is_written_with_these_keys() {
        let json = serde_json::to_value(samples::record()).expect("a record is JSON");
        let keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        expect![
            "version plan path title dialect stagebook host started ended parameters fingerprint result steps"
        ]
        .assert_eq(&keys.join(" "));
    }
}
