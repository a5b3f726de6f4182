//! Images in the storage of podman and buildah, which skopeo hands out.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, MediaType};
use tempfile::TempDir;

use super::directory::Directory;
use super::{Store, Stored};
use crate::image::document::{describe, manifest, media_type_of};
use crate::image::error::ImageError;

/// A copy of an image, for as long as it is looked at.
pub(in crate::image) struct Storage {
    root: Descriptor,
    manifest: Vec<u8>,
    copy: Directory,
    /// The layers of the copy by the digests of those that the manifest names: the storage keeps them
    /// without their packing.
    layers: HashMap<String, Descriptor>,
    _folder: TempDir,
}

impl Storage {
    /// Has skopeo copy an image below `temporary`.
    ///
    /// # Errors
    /// When there is no skopeo, or what it says.
    pub(in crate::image) fn open(name: &str, temporary: &Path) -> Result<Self, ImageError> {
        let image = format!("containers-storage:{name}");
        let manifest = skopeo(&image, &["inspect", "--raw", &image])?;
        let failed = |source| ImageError::Read { path: temporary.to_path_buf(), source };
        let folder = tempfile::Builder::new().prefix("image-").tempdir_in(temporary).map_err(failed)?;
        let target = format!("dir:{}", folder.path().display());
        skopeo(&image, &["copy", "--quiet", &image, &target])?;
        let copy = Directory::open(folder.path())?;
        let media_type = media_type_of(&manifest).unwrap_or(MediaType::ImageManifest);
        let root = describe(media_type, &manifest);
        let mut storage = Self { root, manifest, copy, layers: HashMap::new(), _folder: folder };
        storage.layers = storage.pairs()?;
        Ok(storage)
    }

    fn pairs(&self) -> Result<HashMap<String, Descriptor>, ImageError> {
        let named = manifest(self, &self.root)?.meaning;
        let copied = manifest(&self.copy, self.copy.root())?.meaning;
        let pairs = named.layers().iter().zip(copied.layers());
        Ok(pairs.map(|(named, copied)| (named.digest().to_string(), copied.clone())).collect())
    }

    fn copied<'a>(&'a self, descriptor: &'a Descriptor) -> &'a Descriptor {
        self.layers.get(&descriptor.digest().to_string()).unwrap_or(descriptor)
    }
}

impl Store for Storage {
    fn root(&self) -> &Descriptor {
        &self.root
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.digest() == self.root.digest() {
            return Ok(self.manifest.clone());
        }
        self.copy.document(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        self.copy.blob(self.copied(descriptor))
    }

    fn stored(&self, descriptor: &Descriptor) -> Result<Stored, ImageError> {
        self.copy.stored(self.copied(descriptor))
    }

    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        self.copy.check_size(self.copied(descriptor))
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        self.copy.place(self.copied(descriptor))
    }
}

/// Runs skopeo without anything to read; what it prints is captured, and what it says on its standard
/// error is the error.
fn skopeo(image: &str, arguments: &[&str]) -> Result<Vec<u8>, ImageError> {
    let run = duct::cmd("skopeo", arguments).stdin_null().stdout_capture().stderr_capture().unchecked().run();
    let image = || image.to_owned();
    match run {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(ImageError::Skopeo { image: image(), said })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ImageError::NoSkopeo { image: image() }),
        Err(source) => Err(ImageError::Read { path: PathBuf::from("skopeo"), source }),
    }
}
