//! Data of other projects, which is read where it lies and never copied into this one.

use std::path::{Path, PathBuf};

use crate::project::skipped;

/// Returns the folder `shared` beside the checkout; without it the test that asks is skipped, unless CI runs it.
pub(crate) fn shared_folder(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("STAGEBOOK_SHARED").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = named.unwrap_or_else(beside);
    if folder.is_dir() {
        return Some(folder);
    }
    let why = format!("{} is not there; name another folder in STAGEBOOK_SHARED", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{why}");
    skipped(test, &why);
    None
}
