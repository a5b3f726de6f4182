//! What can go wrong with settings before there is a text to point at.

use std::path::PathBuf;

/// Why settings could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The folder to start from has no absolute path.
    #[error("find the project's root from `{}`", start.display())]
    Start {
        /// The folder.
        start: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The settings file is there and cannot be read.
    #[error("read settings from `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file with logins for registries cannot be read.
    #[error("read logins for registries from `{}`", path.display())]
    ReadLogins {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a duration.
    #[error("`{0}` is not a duration")]
    Duration(String),
    /// Not a size.
    #[error("`{0}` is not a size")]
    Size(String),
    /// A duration that no step or wait has.
    #[error("`{0}` is longer than a year")]
    TooLong(String),
    /// More bytes than fit.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

impl QuantityError {
    /// Returns what to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Duration(_) => "write a duration as `500ms`, `30s`, `5m` or `1h30m`",
            Self::Size(_) => "write a size as `10MB`, `64MiB` or a number of bytes",
            Self::TooLong(_) => "write at most `365d`",
            Self::TooLarge(_) => "write a smaller one",
        }
    }
}
