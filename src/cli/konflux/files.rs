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

/// The YAML files of what was named.
#[derive(Debug, Default)]
pub(super) struct YamlFiles {
    /// Those that are text.
    pub(super) files: Vec<YamlFile>,
    /// Those that could not be read or are no text, each by its path and by its path below the folder that was
    /// named.
    pub(super) unread: Vec<(PathBuf, PathBuf)>,
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
pub(super) fn read_yaml_files(paths: &[PathBuf], findings: &mut Vec<Finding>) -> Result<YamlFiles, CliError> {
    let mut found = YamlFiles::default();
    for path in paths {
        if path.is_dir() {
            found.add_below(path, findings);
        } else {
            let inside = path.file_name().map_or_else(|| path.clone(), PathBuf::from);
            let text =
                std::fs::read(path).map_err(|source| CliError::ReadYaml { path: path.clone(), source })?;
            found.add(path.clone(), inside, source(path, text, findings));
        }
    }
    let mut seen = BTreeSet::new();
    found.files.retain(|file| seen.insert(normal_path(file.source.path())));
    Ok(found)
}

impl YamlFiles {
    fn add(&mut self, path: PathBuf, inside: PathBuf, source: Option<Arc<Source>>) {
        match source {
            Some(source) => self.files.push(YamlFile { source, inside }),
            None => self.unread.push((path, inside)),
        }
    }

    fn add_below(&mut self, folder: &Path, findings: &mut Vec<Finding>) {
        for path in yaml_files_below(folder, findings) {
            let inside = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
            let source = match std::fs::read(&path) {
                Ok(text) => source(&path, text, findings),
                Err(error) => {
                    findings.push(unreadable(&format!("`{}` cannot be read: {error}", path.display())));
                    None
                }
            };
            self.add(path, inside, source);
        }
    }
}

fn yaml_files_below(folder: &Path, findings: &mut Vec<Finding>) -> Vec<PathBuf> {
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
        if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
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
