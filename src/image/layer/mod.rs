//! Layers: archives of what an image adds, changes and takes away (image-spec 1.1, layer.md).
//!
//! A layer is read once, as a stream, and becomes an index: its members with the digests of their
//! contents. No content is kept but that of the few files that are asked for by name.

mod decompress;
mod entry;
mod index;
mod pax;
mod read;
mod sparse;
mod tar;
#[cfg(test)]
mod tests;

pub(super) use decompress::{Compression, Unpacked};
pub use entry::{Content, Entry, EntryKind, Metadata, ModificationTime, Special, Xattr};
pub use index::{LayerIndex, LayerSummary};
pub use read::Limits;
pub(super) use read::{Keeper, ReadLayer, copy_within, pick, read_layer};
pub(super) use tar::{MemberKind, TarReader};
#[cfg(test)]
pub(super) use tests::read as read_in_test;
