//! Settings, each with its origin.
//!
//! `stagebook.toml` at the project's root is read in one place. What was typed there
//! becomes [`Settings`]: values that mean something, with the defaults filled in.

mod settings;

pub use settings::{CheckSettings, RunSettings, Settings};
