//! What can go wrong with a report.

use std::io;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The writer failed.
    #[error("report could not be written")]
    Write(#[from] io::Error),
    /// Something is not JSON: a path that is not UTF-8.
    #[error("report could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The XML could not be made.
    #[error("report could not be written as JUnit XML")]
    Junit(#[from] quick_junit::SerializeError),
}
