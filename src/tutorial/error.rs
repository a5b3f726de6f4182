//! Why a tutorial's file cannot be read.

use std::path::PathBuf;

/// Trouble with the file itself. What is wrong inside of it is a finding.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refuses it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The path as the user knows it.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// It is a directory, a device or a pipe.
    #[error("`{}` is {what}, not a file", path.display())]
    NotAFile {
        /// The path as the user knows it.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It is larger than any page.
    #[error("`{}` has {size} bytes, more than the {limit} that a page may have", path.display())]
    TooLarge {
        /// The path as the user knows it.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
}
