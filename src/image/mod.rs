//! OCI images: what a reference names, and what is there.
//!
//! Nothing is run and nothing is fetched: an image is read where it lies.

mod error;
mod layout;
pub mod package;
mod reference;
pub mod sqlite;
mod summary;
pub mod system;

pub use error::ImageError;
pub use reference::ImageReference;
pub use summary::{ImageSummary, summarize};
