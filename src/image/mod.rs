//! OCI images: what a reference names, and what is there.
//!
//! Nothing is run and nothing is fetched: an image is read where it lies.

mod error;
mod layout;
mod pin;
mod reference;
mod summary;

pub use error::ImageError;
pub use pin::{Pin, is_digest};
pub use reference::ImageReference;
pub use summary::{ImageSummary, summarize};
