//! Where the parts of an image lie, and how they are read from there.

mod archive;
mod detect;
mod directory;
mod docker_archive;
mod files;
mod layout;
mod remote;
mod storage;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::PathBuf;

use oci_spec::image::Descriptor;
use serde::{Deserialize, Serialize};

pub(super) use archive::open_archive;
pub(super) use detect::{Found, look};
pub(super) use directory::Directory;
pub(super) use files::{Folder, read_document};
pub(super) use layout::{Layout, name_of};
pub(super) use remote::Remote;
pub(super) use storage::Storage;

use super::error::ImageError;

/// The parts of one image: documents, which are small, and blobs, which need not be.
pub(super) trait Store: Send + Sync {
    /// Returns what the reference names: a manifest, or an index of several.
    fn root(&self) -> &Descriptor;

    /// Reads a document: its bytes are those that its descriptor promises, and at most 16 MiB.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError>;

    /// Opens a blob as it is stored. Who reads it to its end holds it to [`Store::stored`].
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError>;

    /// Returns what the stored bytes of a blob are to be: those of its descriptor, unless the store keeps
    /// layers without their packing.
    fn stored(&self, descriptor: &Descriptor) -> Result<Stored, ImageError> {
        Ok(Stored { digest: descriptor.digest().to_string(), size: descriptor.size() })
    }

    /// Returns what refers to an image, where a store knows that.
    fn referrers(&self, _: &Descriptor) -> Result<Vec<Descriptor>, ImageError> {
        Ok(Vec::new())
    }

    /// Looks whether a blob is there with all its bytes, without reading them.
    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError>;

    /// Returns where a document or blob is, for people.
    fn place(&self, descriptor: &Descriptor) -> PathBuf;
}

/// What identifies the bytes of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) digest: String,
    /// In bytes.
    pub(super) size: u64,
}

impl Stored {
    /// Returns the error of a blob whose bytes are others.
    pub(super) fn broken(&self, place: PathBuf, found: &str, length: u64) -> ImageError {
        ImageError::Broken {
            path: place,
            found: format!("{found} ({length} bytes)"),
            promised: format!("{} ({} bytes)", self.digest, self.size),
        }
    }
}
