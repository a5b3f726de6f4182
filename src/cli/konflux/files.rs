//! The YAML files that a command is about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::diagnostic::{Finding, Place, Source, normal_path};
use crate::yaml::{Node, read_documents};

/// A YAML file.
#[derive(Debug)]
pub(super) struct YamlFile {
    /// Its text, with the path that the user knows it by.
    pub(super) source: Arc<Source>,
    /// Its path below the folder that was named; of a file that was named, its name.
    pub(super) inside: PathBuf,
}

/// A YAML file that could be read to its end.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) file: YamlFile,
    pub(super) documents: Vec<Node>,
    /// Tags of its values.
    pub(super) tagged: Vec<Place>,
}

impl YamlFile {
    /// Reads the documents. A file that cannot be read to its end is left out: what it lacks says nothing about the
    /// others.
    pub(super) fn read(self, findings: &mut Vec<Finding>) -> Option<ReadFile> {
        let read = read_documents(&self.source);
        let is_whole = read.findings.is_empty();
        findings.extend(read.findings);
        is_whole.then_some(ReadFile { file: self, documents: read.documents, tagged: read.tagged })
    }
}

/// Writes a file, in folders that need not be there.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    let wrong = |source| CliError::Write { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    std::fs::write(path, text).map_err(wrong)
}

/// Reads files, and all YAML files below folders; those whose names begin with a dot are meant as well, as
/// Pipelines-as-Code's files lie in `.tekton`. A file that is named twice is read once.
pub(super) fn read_yaml_files(
    paths: &[PathBuf],
    findings: &mut Vec<Finding>,
) -> Result<Vec<YamlFile>, CliError> {
    let mut files: Vec<YamlFile> = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(below(path, findings));
        } else {
            let inside = path.file_name().map_or_else(|| path.clone(), PathBuf::from);
            let text =
                std::fs::read(path).map_err(|source| CliError::ReadYaml { path: path.clone(), source })?;
            files.extend(source(path, text, findings).map(|source| YamlFile { source, inside }));
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(normal_path(file.source.path())));
    Ok(files)
}

fn below(folder: &Path, findings: &mut Vec<Finding>) -> Vec<YamlFile> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.hidden(false).filter_entry(|entry| entry.file_name() != ".git").sort_by_file_path(Ord::cmp);
    let mut files = Vec::new();
    for entry in walk.build() {
        let path = match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => entry.into_path(),
            Ok(_) => continue,
            Err(error) => {
                findings.push(unreadable(&error.to_string()));
                continue;
            }
        };
        if !path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            continue;
        }
        let inside = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
        match std::fs::read(&path) {
            Ok(text) => files.extend(source(&path, text, findings).map(|source| YamlFile { source, inside })),
            Err(error) => findings.push(unreadable(&format!("`{}` cannot be read: {error}", path.display()))),
        }
    }
    files
}

fn source(path: &Path, text: Vec<u8>, findings: &mut Vec<Finding>) -> Option<Arc<Source>> {
    match String::from_utf8(text) {
        Ok(text) => Some(Source::new(path, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let message = format!("`{}` is not UTF-8: byte {at} is no text", path.display());
            findings.push(Finding::error("not-utf8", message).help("convert it, as with `iconv`"));
            None
        }
    }
}

fn unreadable(message: &str) -> Finding {
    Finding::error("unreadable-file", message).help("make it readable, or name the other files one by one")
}
