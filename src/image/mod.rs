//! OCI images: what a reference names, and what is there.
//!
//! An image is read where it lies; what lies in a registry is asked for in [`registry`].

mod error;
mod layout;
mod reference;
pub mod registry;
mod summary;

pub use error::ImageError;
pub use reference::ImageReference;
pub use summary::{ImageSummary, summarize};
