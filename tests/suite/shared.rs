//! Real files of other projects, which lie beside the checkout and are never part of it.

use std::path::{Path, PathBuf};

/// Returns the folder of real files, or says that a test is left out for want of it.
///
/// It is `STAGEBOOK_SHARED`, or `shared` beside the checkout. Where `CI` is set it must be there.
pub(crate) fn shared_folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("STAGEBOOK_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let absent =
        format!("there are no real files in `{}`: set STAGEBOOK_SHARED to their folder", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{absent}");
    eprintln!("skipped: {absent}");
    None
}
