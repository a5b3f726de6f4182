//! Objects of Tekton and Konflux that commands check: those in files, and those that pages generate.

use std::path::Path;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::config::Settings;
use crate::diagnostic::{Finding, Source};
use crate::generate::{GeneratedFile, examine};
use crate::konflux::{Catalog, CheckSettings, Checker};

/// A checker, and what is wrong with the files that its schemas come from.
pub(in crate::cli) struct Prepared {
    pub(in crate::cli) checker: Checker,
    pub(in crate::cli) findings: Vec<Finding>,
    /// Whether there are schemas.
    pub(in crate::cli) has_schemas: bool,
}

/// Returns a checker with what the settings say. A folder of schemas and codes to leave out may be given besides.
pub(in crate::cli) fn checker(
    settings: &Settings,
    schemas: Option<&Path>,
    allow: &[String],
) -> Result<Prepared, CliError> {
    let of_project = settings.konflux.schemas.as_ref().map(|folder| settings.root.join(folder));
    let folder = schemas.map(Path::to_path_buf).or(of_project);
    let (catalog, findings) = folder.as_deref().map(Catalog::load).transpose()?.unwrap_or_default();
    Ok(Prepared { findings, ..checker_with(catalog, settings, allow) })
}

/// Returns a checker with the kinds that are known from somewhere.
pub(in crate::cli) fn checker_with(catalog: Catalog, settings: &Settings, allow: &[String]) -> Prepared {
    let has_schemas = !catalog.is_empty();
    let allow = settings.konflux.allow.iter().chain(allow).cloned().collect();
    let checker = Checker::new(
        catalog,
        CheckSettings {
            allow,
            intermediate: settings.staging.intermediate.clone(),
            devel: settings.staging.devel.clone(),
            production: settings.production.namespaces.clone(),
        },
    );
    Prepared { checker, findings: Vec::new(), has_schemas }
}

/// Returns what is wrong with the objects of files and of generated files, which belong together.
///
/// What is wrong with a generated file is said at the line of the page that wrote it.
pub(in crate::cli) fn check_objects(
    checker: &Checker,
    sources: &[Arc<Source>],
    generated: &[GeneratedFile<'_>],
) -> Vec<Finding> {
    examine(generated, |made| {
        let all: Vec<Arc<Source>> = sources.iter().chain(made).cloned().collect();
        checker.check(&all)
    })
}
