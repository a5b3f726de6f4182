//! The pipeline system around this process, where there is one.

use std::path::Path;

use crate::config::{Ci, Environment};
use crate::report::Repository;

/// What a pipeline system knows and reads.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    /// Which one.
    pub(super) system: Option<Ci>,
    /// What it checked out; without one, the repository around the current folder.
    pub(super) repository: Repository,
}

impl Pipeline {
    /// Looks around. A current folder that is gone is reported by whoever needs it.
    pub(super) fn find(environment: &Environment) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let checkout = environment.ci_checkout().filter(|folder| here.starts_with(folder));
        let git = || here.ancestors().find(|folder| folder.join(".git").exists());
        let root = checkout.or_else(git).unwrap_or(&here).to_path_buf();
        Self { system: environment.detect_ci(), repository: Repository::new(root, Path::new(&here)) }
    }
}
