//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

use crate::plan::PlanKey;
use crate::tutorial::StepName;

/// Why the store could not do what it was asked.
///
/// Causes name the path, so the texts here do not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder of the store cannot be made or written to.
    #[error("run records cannot be kept here")]
    Create(#[source] io::Error),
    /// A record was not written. The one before it and its outputs are whole.
    #[error("record of `{plan}` could not be written; the one before it is unchanged")]
    Write {
        /// Whose record.
        plan: PlanKey,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A record was written, but the disk did not confirm it.
    #[error("record of `{plan}` was written, but the disk did not confirm it")]
    Durable {
        /// Whose record.
        plan: PlanKey,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A record was written, but outputs of earlier runs could not be removed.
    #[error("outputs of earlier runs of `{plan}` could not be removed")]
    Sweep {
        /// Whose outputs.
        plan: PlanKey,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A record or the folder of records cannot be read.
    #[error("run record cannot be read")]
    Read(#[source] io::Error),
    /// An output that a record names cannot be read.
    #[error("kept output cannot be read")]
    ReadOutput(#[source] io::Error),
    /// A step printed more than could be written.
    #[error("output of step `{step}` of `{plan}` could not be kept whole: {trouble}")]
    Output {
        /// Whose step.
        plan: PlanKey,
        /// The step.
        step: StepName,
        /// What happened.
        trouble: String,
    },
    /// A file is not a record.
    #[error("run record `{}` is damaged; run the tutorial again to replace it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A record was written by a later stagebook.
    #[error("run record `{}` has version {version}, and this stagebook reads up to {}", path.display(), super::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// Another process holds the lock.
    #[error(
        "`{}` is in use by {}; wait until it ends, or stop it",
        root.display(), holder.map_or_else(|| "another stagebook".to_owned(), |pid| format!("another stagebook, process {pid}"))
    )]
    Locked {
        /// The store's folder.
        root: PathBuf,
        /// Who holds it, where that is known.
        holder: Option<u32>,
    },
    /// The lock itself cannot be used.
    #[error("lock on run records cannot be taken")]
    Lock(#[source] io::Error),
}
