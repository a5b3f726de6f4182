//! Copies of images, which stay when the places that they were built in are gone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oci_spec::image::Descriptor;
use serde::{Deserialize, Serialize};

use super::digest::Hashing;
use super::error::ImageError;
use super::open::{Image, PlatformImage};
use super::reference::ImageReference;
use super::store::{Store, Stored};

/// A folder with copies of images. What several of them share lies there once.
#[derive(Debug, Clone)]
pub struct ImageKeep {
    folder: PathBuf,
}

/// What is noted of an image that was copied.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    root: Descriptor,
    /// The bytes of each layer, by the digest that the manifest has: a storage hands out others.
    layers: BTreeMap<String, Stored>,
}

impl ImageKeep {
    /// Takes a folder that is there, and that nobody else writes to.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// Copies an image.
    ///
    /// # Errors
    /// When a part of it cannot be read or is not what its digest promises, or the copy cannot be written.
    pub fn keep(&self, image: &PlatformImage) -> Result<(), ImageError> {
        let root = image.descriptor.clone();
        let note = self.note(root.digest().as_ref());
        if note.is_file() {
            return Ok(());
        }
        for document in [&root, image.manifest.meaning.config()] {
            let bytes = image.store.document(document)?;
            self.write(document.digest().as_ref(), |file| io::Write::write_all(file, &bytes))?;
        }
        let mut layers = BTreeMap::new();
        for layer in image.layers() {
            let stored = image.store.stored(layer)?;
            self.copy(image, layer, &stored)?;
            layers.insert(layer.digest().to_string(), stored);
        }
        let kept = serde_json::to_vec(&Kept { root, layers }).expect("a note is JSON");
        fs::write(&note, kept).map_err(|source| ImageError::Read { path: note, source })
    }

    fn copy(&self, image: &PlatformImage, layer: &Descriptor, stored: &Stored) -> Result<(), ImageError> {
        if self.blob(&stored.digest).is_file() {
            return Ok(());
        }
        let mut blob = Hashing::like(&stored.digest, image.store.blob(layer)?);
        self.write(&stored.digest, |file| io::copy(&mut blob, file).map(drop))?;
        let (found, length) = blob.finish();
        if found == stored.digest {
            return Ok(());
        }
        let _ = fs::remove_file(self.blob(&stored.digest));
        Err(stored.broken(image.store.place(layer), &found, length))
    }

    fn write(
        &self,
        digest: &str,
        content: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), ImageError> {
        let path = self.blob(digest);
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| {
            content(file.as_file_mut())?;
            file.persist(&path).map_err(|error| error.error)
        });
        written.map(drop).map_err(|source| ImageError::Read { path, source })
    }

    /// Opens the copy of the image with that manifest, under the name that it had.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(&self, manifest: &str, reference: ImageReference) -> Result<PlatformImage, ImageError> {
        let path = self.note(manifest);
        let failed = |source| ImageError::Read { path: path.clone(), source };
        let note = fs::read(&path).map_err(failed)?;
        let kept: Kept = serde_json::from_slice(&note).map_err(|error| failed(error.into()))?;
        let store = Arc::new(Copied { keep: self.clone(), kept });
        let image = Image { store, reference };
        Ok(image.images()?.swap_remove(0))
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join(digest.replace(':', "-"))
    }

    fn note(&self, manifest: &str) -> PathBuf {
        self.blob(manifest).with_extension("json")
    }
}

/// An image of a keep.
struct Copied {
    keep: ImageKeep,
    kept: Kept,
}

impl Copied {
    fn read_error(&self, descriptor: &Descriptor, source: io::Error) -> ImageError {
        ImageError::Read { path: self.place(descriptor), source }
    }
}

impl Store for Copied {
    fn root(&self) -> &Descriptor {
        &self.kept.root
    }

    /// Documents were held to their digests when they were copied.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        fs::read(self.place(descriptor)).map_err(|source| self.read_error(descriptor, source))
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let file =
            File::open(self.place(descriptor)).map_err(|source| self.read_error(descriptor, source))?;
        Ok(Box::new(file))
    }

    fn stored(&self, descriptor: &Descriptor) -> Result<Stored, ImageError> {
        let as_named = || Stored { digest: descriptor.digest().to_string(), size: descriptor.size() };
        let stored = self.kept.layers.get(&descriptor.digest().to_string());
        Ok(stored.cloned().unwrap_or_else(as_named))
    }

    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        let path = self.place(descriptor);
        fs::metadata(path).map(drop).map_err(|source| self.read_error(descriptor, source))
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        let digest = descriptor.digest().to_string();
        self.keep.blob(self.kept.layers.get(&digest).map_or(&digest, |stored| &stored.digest))
    }
}
