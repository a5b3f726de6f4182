//! A folder as `dir:` of containers-transports(5) has it: `manifest.json`, and blobs by their digits.

use std::io::Read;
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, MediaType};

use super::Store;
use super::files::{Files, Folder};
use crate::image::document::{describe, media_type_of};
use crate::image::error::ImageError;

/// An image in such a folder.
pub(in crate::image) struct Directory {
    files: Box<dyn Files>,
    root: Descriptor,
    manifest: Vec<u8>,
}

impl Directory {
    /// Opens the image of a folder.
    pub(in crate::image) fn open(folder: &Path) -> Result<Self, ImageError> {
        let files: Box<dyn Files> = Box::new(Folder(folder.to_path_buf()));
        let manifest = files.document("manifest.json")?;
        let media_type = media_type_of(&manifest).unwrap_or(MediaType::ImageManifest);
        Ok(Self { files, root: describe(media_type, &manifest), manifest })
    }
}

impl Store for Directory {
    fn root(&self) -> &Descriptor {
        &self.root
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.digest() == self.root.digest() {
            return Ok(self.manifest.clone());
        }
        // The manifests of an index have names of their own.
        let digest = descriptor.digest();
        let manifest = format!("{}.manifest.json", digest.digest());
        let name = if self.files.open(&manifest).is_ok() { manifest } else { digest.digest().to_owned() };
        self.files.held_document(&name, digest.as_ref())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        Ok(self.files.get(descriptor.digest().digest())?.reader)
    }

    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        self.files.check_size(descriptor.digest().digest(), descriptor.size())
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        self.files.place(descriptor.digest().digest())
    }
}
