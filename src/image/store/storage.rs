//! Images in the storage of podman and buildah, which skopeo hands out.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use oci_spec::image::{Descriptor, MediaType};
use tempfile::TempDir;

use super::directory::Directory;
use super::{Store, Stored};
use crate::image::digest::ContentDigest;
use crate::image::document::{describe, manifest, media_type_of};
use crate::image::error::ImageError;

/// An image in the storage. Its documents are asked for; it is copied when a layer is read.
pub(in crate::image) struct Storage {
    skopeo: Skopeo,
    root: Descriptor,
    manifest: Vec<u8>,
    temporary: PathBuf,
    /// Made once.
    copy: Mutex<Option<Arc<Copy>>>,
}

/// A copy of an image, for as long as it is looked at.
struct Copy {
    directory: Directory,
    /// The layers of the copy by the digests of those that the manifest names: the storage keeps them
    /// without their packing.
    layers: HashMap<String, Descriptor>,
    _folder: TempDir,
}

impl Storage {
    /// Asks skopeo for the image of that name; a copy will lie below `temporary`.
    ///
    /// # Errors
    /// When there is no skopeo, or what it says.
    pub(in crate::image) fn open(
        name: &str,
        temporary: &Path,
        environment: Option<&BTreeMap<String, String>>,
    ) -> Result<Self, ImageError> {
        let image = format!("containers-storage:{name}");
        let skopeo = Skopeo { image, environment: environment.cloned() };
        let manifest = skopeo.run(&["inspect", "--raw", &skopeo.image])?;
        let media_type = media_type_of(&manifest).unwrap_or(MediaType::ImageManifest);
        let root = describe(media_type, &manifest);
        Ok(Self { skopeo, root, manifest, temporary: temporary.to_path_buf(), copy: Mutex::new(None) })
    }

    fn copy(&self) -> Result<Arc<Copy>, ImageError> {
        let mut copy = self.copy.lock().expect("no thread panics with the lock");
        if let Some(copy) = &*copy {
            return Ok(Arc::clone(copy));
        }
        let failed = |source| ImageError::Read { path: self.temporary.clone(), source };
        let folder = tempfile::Builder::new().prefix("image-").tempdir_in(&self.temporary).map_err(failed)?;
        let target = format!("dir:{}", folder.path().display());
        self.skopeo.run(&["copy", "--quiet", &self.skopeo.image, &target])?;
        let directory = Directory::open(folder.path())?;
        let named = manifest(self, &self.root)?.meaning;
        let copied = manifest(&directory, directory.root())?.meaning;
        let pairs = named.layers().iter().zip(copied.layers());
        let layers = pairs.map(|(named, copied)| (named.digest().to_string(), copied.clone())).collect();
        Ok(Arc::clone(copy.insert(Arc::new(Copy { directory, layers, _folder: folder }))))
    }
}

impl Copy {
    fn layer<'a>(&'a self, descriptor: &'a Descriptor) -> &'a Descriptor {
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
        let config = self.skopeo.run(&["inspect", "--config", "--raw", &self.skopeo.image])?;
        if ContentDigest::of(&config).to_string() == descriptor.digest().to_string() {
            return Ok(config);
        }
        self.copy()?.directory.document(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let copy = self.copy()?;
        copy.directory.blob(copy.layer(descriptor))
    }

    fn stored(&self, descriptor: &Descriptor) -> Result<Stored, ImageError> {
        let copy = self.copy()?;
        copy.directory.stored(copy.layer(descriptor))
    }

    /// The storage has the files of a layer, and no blob that could be cut.
    fn check_size(&self, _: &Descriptor) -> Result<(), ImageError> {
        Ok(())
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        PathBuf::from(format!("{}@{}", self.skopeo.image, descriptor.digest()))
    }
}

/// Runs skopeo for one image.
struct Skopeo {
    image: String,
    /// All variables that it sees; those of this process if `None`.
    environment: Option<BTreeMap<String, String>>,
}

impl Skopeo {
    /// Runs it without anything to read; what it prints is captured, and what it says on its standard error is
    /// the error.
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, ImageError> {
        let command =
            duct::cmd("skopeo", arguments).stdin_null().stdout_capture().stderr_capture().unchecked();
        let command = match &self.environment {
            Some(environment) => command.full_env(environment),
            None => command,
        };
        let image = || self.image.clone();
        match command.run() {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(ImageError::Skopeo { image: image(), said })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ImageError::NoSkopeo { image: image() })
            }
            Err(source) => Err(ImageError::Read { path: PathBuf::from("skopeo"), source }),
        }
    }
}
