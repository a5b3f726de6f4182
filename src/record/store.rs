//! The folder `.stagebook/`: where records and outputs are kept.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use crate::event::StepOutput;
use crate::expect::Stream;
use crate::parallel;
use crate::plan::PlanKey;

use super::error::StoreError;
use super::lock::Lock;
use super::model::{Record, VERSION};
use super::path::{plan_folder, safe_name, tutorial_folder};

/// The largest output that is read as a whole, in bytes: what is longer was not compared when it was printed.
const LARGEST_OUTPUT: u64 = 16 * 1024 * 1024;

/// How many records are waited for at once.
const WAITERS: usize = 16;

/// The records of a project.
///
/// Reading needs nothing; whoever writes holds the [`Lock`].
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store of a project without touching the disk: a run makes the folder, reading does not.
    pub fn open(project: &Path) -> Self {
        Self { root: project.join(".stagebook") }
    }

    /// Returns the store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder if it is missing, and takes the lock that keeps other runs out until it is dropped.
    pub fn lock(&self) -> Result<Lock, StoreError> {
        self.make_folder().map_err(StoreError::Create)?;
        Lock::take(&self.root)
    }

    /// Makes the folder if it is missing; git is told to leave it alone.
    pub fn make_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let ignore = self.root.join(".gitignore");
        if ignore.exists() { Ok(()) } else { fs::write(ignore, "*\n") }
    }

    /// Returns the folder of a plan's record and outputs, to which [`Record::output_files`] are relative.
    pub fn folder(&self, plan: &PlanKey) -> PathBuf {
        self.root.join("records").join(plan_folder(plan))
    }

    /// Returns whether any plan of a tutorial has a folder here: without one, none has a record.
    pub fn has_folder_of(&self, tutorial: &str) -> bool {
        self.root.join("records").join(tutorial_folder(tutorial)).is_dir()
    }

    /// Returns the folder for a run's whole outputs, as a path and as its name in the record.
    ///
    /// It is not made here: a run that prints little needs none.
    pub fn output_folder(&self, plan: &PlanKey, run: &str) -> (PathBuf, String) {
        let name = output_folder_name(run);
        let folder = self.folder(plan).join(&name);
        (std::path::absolute(&folder).unwrap_or(folder), name)
    }

    /// Writes a record in one go, then removes outputs that it does not name.
    ///
    /// Whatever goes wrong before the new record is whole, a full disk too, leaves the old one and its outputs.
    pub fn save(&self, record: &Record) -> Result<(), StoreError> {
        let folder = self.folder(&record.plan);
        write_whole(&folder, record)
            .map_err(|source| StoreError::Write { plan: record.plan.clone(), source })?;
        self.sweep(&record.plan, output_folders(record))
    }

    /// Waits until the records of these plans would survive a loss of power; returns what went wrong.
    ///
    /// Each was sent on its way when it was written. Many are waited for at once: a disk that is asked
    /// to empty its cache by several does so once for all of them.
    pub(super) fn make_durable(&self, plans: &[PlanKey]) -> Vec<StoreError> {
        let wait = |plan: &PlanKey| {
            let waited = fs::File::open(record_file(&self.folder(plan))).and_then(|file| file.sync_all());
            waited.err().map(|source| StoreError::Durable { plan: plan.clone(), source })
        };
        parallel::map_at_once(WAITERS, plans, wait).into_iter().flatten().collect()
    }

    /// Removes outputs of runs that left no record, except for those of the last one.
    pub(super) fn sweep_unrecorded(&self, plan: &PlanKey, run: &str) -> Result<(), StoreError> {
        // A record that cannot be read may still name outputs: nothing is removed then.
        let Ok(record) = self.read(plan) else { return Ok(()) };
        let mut keep = record.as_ref().map(output_folders).unwrap_or_default();
        keep.insert(output_folder_name(run));
        self.sweep(plan, keep)
    }

    /// Removes the outputs of a run that has no record.
    pub(super) fn remove_outputs(&self, plan: &PlanKey, run: &str) -> Result<(), StoreError> {
        match fs::remove_dir_all(self.folder(plan).join(output_folder_name(run))) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::Sweep { plan: plan.clone(), source })
            }
            _ => Ok(()),
        }
    }

    fn sweep(&self, plan: &PlanKey, keep: BTreeSet<String>) -> Result<(), StoreError> {
        sweep_outputs(&self.folder(plan), &keep)
            .map_err(|source| StoreError::Sweep { plan: plan.clone(), source })
    }

    /// Reads the record of a plan; `None` if there is none.
    pub fn read(&self, plan: &PlanKey) -> Result<Option<Record>, StoreError> {
        let path = record_file(&self.folder(plan));
        match fs::read(&path) {
            Ok(json) => parse(&path, &json).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::Read(error)),
        }
    }

    /// Returns the whole text that a check of this stream saw.
    ///
    /// `None` where the stream was not kept apart, where not all of it was kept, or where it was too much
    /// to compare.
    pub fn output(
        &self,
        plan: &PlanKey,
        output: &StepOutput,
        stream: Stream,
    ) -> Result<Option<String>, StoreError> {
        let Some(output) = output.of(stream) else { return Ok(None) };
        if output.kept < output.bytes || output.kept > LARGEST_OUTPUT {
            return Ok(None);
        }
        let Some(name) = &output.file else { return Ok(Some(output.text.clone())) };
        let foreign =
            || io::Error::new(io::ErrorKind::InvalidData, format!("`{name}` is no file that a run kept"));
        let file = self.kept_file(plan, name).ok_or_else(foreign).map_err(StoreError::ReadOutput)?;
        let bytes = fs::read(file).map_err(StoreError::ReadOutput)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Returns the file of that name in a record's folder, if it is one that a run kept there.
    ///
    /// The name is what the record says, and may be anything.
    pub fn kept_file(&self, plan: &PlanKey, name: &str) -> Option<PathBuf> {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let is_kept = name.starts_with(OUTPUTS) && Path::new(name).components().all(is_plain);
        let folder = self.folder(plan);
        let path = is_kept.then(|| folder.join(name))?;
        let stays = path.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?);
        (stays && path.symlink_metadata().ok()?.is_file()).then_some(path)
    }

    /// Reads every record, in the order of their paths. One that cannot be read does not hide the others.
    pub fn read_all(&self) -> Vec<Result<Record, StoreError>> {
        let mut files = Vec::new();
        let mut found = Vec::new();
        if let Err(error) = find_records(&self.root.join("records"), &mut files) {
            found.push(Err(StoreError::Read(error)));
        }
        files.sort();
        found.extend(
            files
                .iter()
                .map(|path| fs::read(path).map_err(StoreError::Read).and_then(|json| parse(path, &json))),
        );
        found
    }
}

fn record_file(folder: &Path) -> PathBuf {
    folder.join("record.json")
}

/// How the name of every folder with outputs begins.
const OUTPUTS: &str = "outputs-";

fn output_folder_name(run: &str) -> String {
    format!("{OUTPUTS}{}", safe_name(run))
}

fn output_folders(record: &Record) -> BTreeSet<String> {
    record.output_files().filter_map(|file| file.split('/').next()).map(str::to_owned).collect()
}

fn write_whole(folder: &Path, record: &Record) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".record-").tempfile_in(folder)?;
    let mut json = serde_json::to_vec_pretty(record)?;
    json.push(b'\n');
    file.write_all(&json)?;
    // On its way to the disk from here on. Where a file system has no such advice, the wait at the end does the work.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    let path = record_file(folder);
    file.persist(&path).map_err(|error| {
        io::Error::new(error.error.kind(), format!("failed to replace `{}`: {}", path.display(), error.error))
    })?;
    Ok(())
}

fn sweep_outputs(folder: &Path, keep: &BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(OUTPUTS) && !keep.contains(&name) && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Reads the version before the rest, which a later version may have changed.
fn parse(path: &Path, json: &[u8]) -> Result<Record, StoreError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |source| StoreError::Damaged { path: path.to_path_buf(), source };
    let Versioned { version } = serde_json::from_slice(json).map_err(damaged)?;
    if version > VERSION {
        return Err(StoreError::Newer { path: path.to_path_buf(), version });
    }
    serde_json::from_slice(json).map_err(damaged)
}

fn find_records(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            find_records(&entry.path(), files)?;
        } else if kind.is_file() && entry.file_name() == "record.json" {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples;

    fn store() -> (tempfile::TempDir, Store) {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        (project, store)
    }

    /// Returns a record with an output file that exists.
    fn with_output(store: &Store, run: &str) -> Record {
        let mut record = samples::record();
        let (folder, name) = store.output_folder(&record.plan, run);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("build.txt"), run).unwrap();
        record.steps[0].result.output.file = Some(format!("{name}/build.txt"));
        record
    }

    fn outputs(store: &Store, record: &Record) -> Vec<String> {
        let entries = fs::read_dir(store.folder(&record.plan)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn record_is_read_as_it_was_written() {
        let (_project, store) = store();
        let record = samples::record();
        assert_eq!(store.read(&record.plan).unwrap(), None);
        store.save(&record).unwrap();
        assert_eq!(store.read(&record.plan).unwrap(), Some(record));
    }

    #[test]
    fn outputs_of_older_runs_are_removed() {
        let (_project, store) = store();
        store.save(&with_output(&store, "1")).unwrap();
        let record = with_output(&store, "2");
        assert_eq!(outputs(&store, &record), ["outputs-1", "outputs-2", "record.json"]);
        store.save(&record).unwrap();
        assert_eq!(outputs(&store, &record), ["outputs-2", "record.json"]);
    }

    #[test]
    fn failed_write_leaves_the_old_record_and_its_outputs() {
        let (_project, store) = store();
        let old = with_output(&store, "1");
        store.save(&old).unwrap();
        let file = record_file(&store.folder(&old.plan));
        // A folder cannot be replaced by a file, whoever tries.
        fs::rename(&file, file.with_extension("kept")).unwrap();
        fs::create_dir(&file).unwrap();
        fs::write(file.join("x"), "").unwrap();
        let error = store.save(&with_output(&store, "2")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record of `tutorials/a.md` could not be written; the one before it is unchanged"
        );
        assert_eq!(outputs(&store, &old), ["outputs-1", "outputs-2", "record.json", "record.kept"]);
    }

    #[test]
    fn damaged_and_newer_records_do_not_hide_the_others() {
        let (_project, store) = store();
        for tutorial in ["a.md", "b.md", "c.md"] {
            store.save(&samples::record_of(tutorial)).unwrap();
        }
        let write = |tutorial, text| {
            let plan = samples::record_of(tutorial).plan;
            fs::write(record_file(&store.folder(&plan)), text).unwrap();
        };
        write("a.md", "{\"version\": 1, ");
        write("b.md", "{\"version\": 99, \"what\": []}");
        let found = store.read_all();
        assert!(matches!(found[0], Err(StoreError::Damaged { .. })), "{found:?}");
        assert!(matches!(found[1], Err(StoreError::Newer { version: 99, .. })), "{found:?}");
        assert_eq!(found[2].as_ref().unwrap(), &samples::record_of("c.md"));
    }

    #[test]
    fn git_never_sees_the_store() {
        let (_project, store) = store();
        assert!(store.read_all().is_empty());
        assert!(!store.root().exists(), "reading makes nothing");
        let _lock = store.lock().unwrap();
        assert_eq!(fs::read_to_string(store.root().join(".gitignore")).unwrap(), "*\n");
    }
}
