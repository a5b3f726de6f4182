//! Cases as data. Each folder of `tests/golden` and `tests/golden-book` is one:
//!
//! ```text
//! case.toml   what it shows, the arguments, the exit status (`Description` lists the keys)
//! input/      the project before the command
//! stdout      what must be printed, with `[DURATION]` and the like for what differs from run to run;
//! stderr      no file where nothing is printed
//! output/     files of the project after the command, those that `files` of case.toml names
//! site/       what `site` of case.toml names of a book's site, and the names of all its files
//! ```
//!
//! `UPDATE_GOLDEN=1 cargo test --test suite golden` writes what is expected;
//! `GOLDEN=diff cargo test --test suite golden` runs cases with `diff` in their name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::case::{self, Verdict};
use crate::project::skipped;

#[test]
fn golden() {
    let cases = cases();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let failed = Mutex::new(Vec::new());
    in_parallel(&cases, |folder| {
        let name = folder.file_name().expect("a case has a name").to_string_lossy().into_owned();
        match case::run(folder, update) {
            Verdict::Passed => println!("golden {name} ... ok"),
            Verdict::Skipped(why) => skipped(&format!("golden {name}"), &why),
            Verdict::Failed(complaints) => {
                println!("golden {name} ... FAILED\n    {}\n{complaints}", folder.display());
                failed.lock().expect("no case panics").push(name);
            }
        }
    });
    let failed = failed.into_inner().expect("no case panics");
    assert!(failed.is_empty(), "{} of {} cases failed: {}", failed.len(), cases.len(), failed.join(" "));
}

fn cases() -> Vec<PathBuf> {
    let only = std::env::var("GOLDEN").unwrap_or_default();
    let folders = ["tests/golden", "tests/golden-book"];
    let entries = folders.into_iter().flat_map(|folder| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        fs::read_dir(folder).expect("there are golden cases")
    });
    let paths = entries.map(|entry| entry.expect("the cases can be listed").path());
    let wanted = |path: &PathBuf| path.is_dir() && path.to_string_lossy().contains(&only);
    let mut cases: Vec<PathBuf> = paths.filter(wanted).collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case has `{only}` in its name");
    cases
}

/// Does something with each item, a few at once.
fn in_parallel<T: Sync>(items: &[T], act: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get() * 2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(item);
                }
            });
        }
    });
}
