//! Places in a source, findings about them, and how both are shown.
//!
//! A *finding* is something a person should change in a page or a settings file. It is
//! plain data: rooms collect findings and go on, nobody stops at the first one. What
//! goes wrong with the world (a file cannot be read, a process cannot start) is an
//! error of the room where it happened and has no place here.

mod chain;
mod finding;
mod path;
mod render;
mod source;
mod suggestion;
mod unified;
mod wording;

pub use chain::{causes, chain};
pub use finding::{Finding, Severity, sort_by_place, tidy};
pub use path::normal_path;
pub use render::render;
pub use source::{Location, Place, Source, Span};
pub use suggestion::nearest;
pub use unified::unified;
pub use wording::{duration, hexadecimal, plural, size};
