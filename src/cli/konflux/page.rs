//! Pages that were imported, when they are exported.

use std::path::Path;

use serde_json::Value;

use crate::cli::project::Project;
use crate::diagnostic::Finding;
use crate::konflux::import::{export_page, is_imported};

/// The objects of a page.
#[derive(Debug)]
pub(super) struct ImportedPage {
    /// The page's name without its ending.
    pub(super) name: String,
    pub(super) objects: Vec<Value>,
}

/// Takes the pages out of a project that hold objects: they are no plans, and give what they hold.
pub(super) fn take_imported(project: &mut Project, findings: &mut Vec<Finding>) -> Vec<ImportedPage> {
    let tutorials = std::mem::take(&mut project.tutorials);
    let (imported, plans) = tutorials.into_iter().partition(|loaded| is_imported(&loaded.tutorial.source));
    project.tutorials = plans;
    let page = |loaded: crate::cli::project::Loaded| {
        let exported = export_page(&loaded.tutorial.source);
        findings.extend(exported.findings);
        let name = Path::new(&loaded.id)
            .file_stem()
            .map_or_else(|| loaded.id.clone(), |stem| stem.to_string_lossy().into_owned());
        ImportedPage { name, objects: exported.objects.into_iter().map(|object| object.value).collect() }
    };
    let imported: Vec<crate::cli::project::Loaded> = imported;
    imported.into_iter().map(page).collect()
}
