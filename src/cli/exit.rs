//! Exit statuses.

use std::process::ExitCode;

/// What `--help` says about exit statuses.
pub(super) const EXIT_HELP: &str = "\
Exit status:
  0    all passed
  1    something failed, or nothing was executed
  2    the command line, a tutorial or stagebook.toml is wrong
  3    a requirement is missing, under --strict
  4    the command could not be carried out: a file cannot be written, another run is under way
  130  interrupted";

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExitStatus {
    /// Everything passed.
    Passed,
    /// Something failed, or nothing was executed.
    Failed,
    /// The command line, a tutorial or the settings are wrong.
    Invalid,
    /// A requirement is missing under `--strict`.
    Missing,
    /// The world did not let it: a file cannot be written, another run holds the lock.
    Trouble,
    /// Someone stopped it.
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Passed => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Invalid => 2,
            ExitStatus::Missing => 3,
            ExitStatus::Trouble => 4,
            ExitStatus::Interrupted => 130,
        })
    }
}
