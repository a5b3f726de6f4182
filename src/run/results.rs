//! The results that a page names.

use std::path::{Path, PathBuf};

use super::executor::PlanRun;
use super::options::Ground;
use super::workspace::Workspace;
use crate::event::NamedResult;
use crate::plan::Plan;

/// The variable that names the folder into which steps write results.
pub const RESULTS_VARIABLE: &str = "STAGEBOOK_RESULTS";

/// How long a result may be: as long as what a container of Tekton says at its end.
pub const MOST_BYTES: u64 = 4096;

/// Returns the folder into which steps write results: a fresh one outside of the workspace.
pub(super) fn folder(workspace: &Workspace, ground: Option<&Ground>) -> PathBuf {
    ground.map_or_else(|| workspace.control().join("results"), |ground| ground.results.clone())
}

/// Returns whether steps have a folder for results.
pub(super) fn are_named(plan: &Plan, ground: Option<&Ground>) -> bool {
    ground.is_some() || !plan.tutorial.front_matter.results.is_empty()
}

impl PlanRun {
    /// Reads the results that the page names, once: before anything is cleaned up.
    ///
    /// One that is not there is trouble if every step that could have written it did what it should.
    pub(super) fn read_results(&mut self) {
        if self.named_results.is_some() {
            return;
        }
        let declared = &self.job.plan.tutorial.front_matter.results;
        let (mut results, mut troubles) = (Vec::new(), Vec::new());
        for result in declared {
            match read(&self.results_folder, &result.name) {
                Ok(value) => results.push(NamedResult { name: result.name.clone(), value }),
                Err(trouble) => troubles.push(format!("{}: {trouble}", result.place.location())),
            }
        }
        if self.trouble.is_none() && self.all_was_done() {
            self.trouble = troubles.into_iter().next();
        }
        self.named_results = Some(results);
    }
}

/// Reads a result; says what is wrong with one that is none.
fn read(folder: &Path, name: &str) -> Result<String, String> {
    let file = folder.join(name);
    let metadata = std::fs::metadata(&file);
    let length = metadata.as_ref().map_or(0, std::fs::Metadata::len);
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        let how = format!("no step wrote `${RESULTS_VARIABLE}/{name}`");
        return Err(format!("the result `{name}` that the page names is not there: {how}"));
    }
    if length > MOST_BYTES {
        return Err(format!("the result `{name}` has {length} bytes; it may have {MOST_BYTES}"));
    }
    match std::fs::read(&file).map(String::from_utf8) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(format!("the result `{name}` is no text: it is not UTF-8")),
        Err(error) => Err(format!("the result `{name}` cannot be read: {error}")),
    }
}
