//! Why a run could not be carried out.

use std::io;
use std::path::PathBuf;

/// Trouble: nothing that a page could be blamed for.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The runtime could not start.
    #[error("failed to start the runtime")]
    Runtime(#[source] io::Error),
    /// Signals could not be listened to.
    #[error("failed to listen for signals")]
    Signals(#[source] io::Error),
}

/// Trouble with one plan: it ends, the others go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanTrouble {
    #[error("failed to make the workspace in `{}`", folder.display())]
    Workspace { folder: PathBuf, source: io::Error },
    #[error("failed to start `{program}`")]
    Start { program: String, source: io::Error },
    #[error("`{program}` could not run the step")]
    Talk { program: String, source: io::Error },
    #[error("its folder `{folder}` is not in the workspace")]
    Folder { folder: String },
}
