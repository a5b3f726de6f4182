//! What is checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::plan::Plan;
use crate::tutorial::{ParseOptions, Tutorial};

/// A tutorial to check, with what was found while it was read and planned.
#[derive(Debug)]
pub struct Subject {
    /// The file, to find what its links name.
    pub path: PathBuf,
    /// Whether it was named by itself, and not found in a folder.
    pub named: bool,
    /// What was read.
    pub tutorial: Arc<Tutorial>,
    /// What was wrong while it was read.
    pub parsing: Vec<Finding>,
    /// Its plans, or why there are none.
    pub plans: Result<Vec<Plan>, Vec<Finding>>,
}

/// What a tutorial cannot know by itself.
#[derive(Debug)]
pub struct CheckOptions<'a> {
    /// The project's root, which links should not leave.
    pub root: &'a Path,
    /// How pages are read that links lead to.
    pub parse: &'a ParseOptions,
}

impl Subject {
    /// Returns the plans, as far as there are any.
    pub(super) fn plans(&self) -> &[Plan] {
        self.plans.as_deref().unwrap_or_default()
    }

    /// Returns the file that a source of the tutorial was read from: the page, or one that it includes.
    pub(super) fn file_of(&self, source: &Source) -> Option<PathBuf> {
        let page = self.tutorial.source.path();
        if source.path() == page {
            return Some(self.path.clone());
        }
        // What is shown for an include begins where the page's own path does.
        let before = self.path.components().count().checked_sub(page.components().count())?;
        let start: PathBuf = self.path.components().take(before).collect();
        self.path.ends_with(page).then(|| start.join(source.path()))
    }
}
