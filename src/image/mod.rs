//! OCI images: what a reference names, and what is there.
//!
//! What comes in: a reference, and with what images are read. What goes out: an [`Image`] whose
//! manifest and config are held to their digests, and of whose layers nothing was opened; an index of
//! a layer where that is asked for. An image is read where it lies, as a stream: of a layer of
//! gigabytes a few hundred kilobytes are in memory.

mod cache;
pub mod compare;
mod digest;
mod document;
mod error;
mod found;
pub mod inspect;
mod installed;
mod keep;
mod layer;
pub mod lint;
mod open;
pub mod package;
mod path;
mod pin;
mod reading;
pub mod rebuild;
mod reference;
pub mod registry;
pub mod sqlite;
mod store;
mod summary;
pub mod system;
mod tree;

pub use cache::LayerCache;
pub use digest::ContentDigest;
pub use error::ImageError;
pub use found::{FoundImage, find_images};
pub use installed::Installed;
pub use keep::ImageKeep;
pub use layer::{
    Content, Entry, EntryKind, LayerIndex, LayerSummary, Limits, Metadata, ModificationTime, Special, Xattr,
};
pub use open::{Access, Image, Platform, PlatformImage, RegistryAccess};
pub use path::{TreePath, visible};
pub use pin::{Pin, is_digest};
pub use reading::{Reading, Unfolded};
pub use rebuild::BuiltImage;
pub use reference::ImageReference;
pub use summary::{ContentSummary, ImageSummary, LayerBrief, PackageSummary, PlatformSummary, summarize};
pub use tree::{Inode, NodeKind, Tree};
