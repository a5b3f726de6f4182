//! Pages that were imported, when they are exported.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::project::{Loaded, Project};
use crate::diagnostic::Finding;
use crate::konflux::import::{export_page, is_imported};

/// The objects of a page.
#[derive(Debug)]
pub(super) struct ImportedPage {
    /// The page's path without its ending, below the folder that all have in common.
    pub(super) name: String,
    pub(super) objects: Vec<Value>,
}

/// Takes the pages out of a project that hold objects: they are no plans, and give what they hold.
pub(super) fn take_imported(project: &mut Project, findings: &mut Vec<Finding>) -> Vec<ImportedPage> {
    let tutorials = std::mem::take(&mut project.tutorials);
    let (imported, plans): (Vec<Loaded>, _) =
        tutorials.into_iter().partition(|loaded| is_imported(&loaded.tutorial.source));
    project.tutorials = plans;
    let folder = common_folder(&imported);
    let page = |loaded: &Loaded| {
        let exported = export_page(&loaded.tutorial.source);
        findings.extend(exported.findings);
        let path = Path::new(&loaded.id).with_extension("");
        let name = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
        ImportedPage { name, objects: exported.objects.into_iter().map(|object| object.value).collect() }
    };
    imported.iter().map(page).collect()
}

/// Returns the folder in which all pages are: tasks of two versions may have one name in two folders.
fn common_folder(pages: &[Loaded]) -> PathBuf {
    let folder = |page: &Loaded| Path::new(&page.id).parent().map(Path::to_path_buf).unwrap_or_default();
    let common = |left: PathBuf, right: PathBuf| {
        let same = left.components().zip(right.components()).take_while(|(one, other)| one == other);
        same.map(|(part, _)| part).collect()
    };
    pages.iter().map(folder).reduce(common).unwrap_or_default()
}
