//! Files of the repository that a page writes.
//!
//! A file step with the attribute `generate` says that its file belongs into the repository. Plans become
//! [`Generated`]: the files with their text, each with its way back to the line of the page that wrote a
//! line of it, and the patterns of paths that tell which files of the repository a page owns. Nothing of
//! that touches the disk.
//!
//! ```text
//! plans -> Generated -> examined: findings at lines of the page
//!                    -> compared with the repository -> diffs, or written
//! ```
//!
//! What is written stays below the root of the project: not through `..`, not through a link, not into
//! `.git`. Each file is replaced in one piece, and only when it differs.

mod compare;
mod error;
mod examine;
mod file;
mod files;
mod json;
mod pattern;
mod write;

pub use compare::{Comparison, Difference, Stale, State, compare};

pub use error::GenerateError;
pub use examine::examine;
pub use file::GeneratedFile;
pub use files::{Generated, generated};
pub use json::json;
pub use pattern::Pattern;
pub use write::{prune, write};
