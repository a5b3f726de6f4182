//! One run at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::error::StoreError;

/// Keeps other runs out of a store while it lives.
///
/// The system drops the lock with the process, however that ends, so there is no stale lock to clean up.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock in a folder, or says who has it. Does not wait.
    pub(super) fn take(root: &Path) -> Result<Self, StoreError> {
        let mut options = fs_err::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let mut file = file.open(root.join("lock")).map_err(StoreError::Lock)?.into_file();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { root: root.to_path_buf(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::Lock(error)),
        }
        file.set_len(0).map_err(StoreError::Lock)?;
        // The lock holds without it, so a full disk keeps nobody from running.
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}

/// Returns the process that wrote itself into the lock; it may not have done so yet.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::record::Store;

    #[test]
    fn second_run_is_told_who_holds_the_lock() {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        let first = store.lock().expect("nobody holds the lock");
        let message = store.lock().expect_err("the lock is held").to_string();
        let expected = format!(
            "`{}` is in use by another stagebook, process {}; wait until it ends, or stop it",
            store.root().display(),
            std::process::id()
        );
        assert_eq!(message, expected);
        drop(first);
        assert!(store.lock().is_ok(), "a lock ends with its holder");
    }
}
