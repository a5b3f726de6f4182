//! What goes wrong with the repository.

use std::io;

/// Why files could not be compared or written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// What is in a file's place cannot be looked at.
    #[error("`{path}` cannot be compared")]
    Read {
        /// Path relative to the project's root.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("`{path}` cannot be written")]
    Write {
        /// Path relative to the project's root.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be removed.
    #[error("`{path}` cannot be removed")]
    Remove {
        /// Path relative to the project's root.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}
