//! An image in a registry: documents are asked for, blobs are fetched when they are read.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use oci_spec::image::Descriptor;
use tempfile::TempDir;

use super::Store;
use crate::image::error::ImageError;
use crate::image::registry::{Registry, RegistryOptions, RegistryReference};

/// An image that a registry has. Its blobs lie in a folder of their own for as long as it is looked at.
pub(in crate::image) struct Remote {
    registry: Registry,
    root: Descriptor,
    document: Vec<u8>,
    folder: TempDir,
    /// One blob is fetched at a time: two would share the way.
    fetching: Mutex<()>,
}

impl Remote {
    /// Asks a registry what a name stands for.
    ///
    /// # Errors
    /// When the name is none, or the registry does not answer it.
    pub(in crate::image) fn open(
        name: &str,
        options: RegistryOptions,
        temporary: &Path,
    ) -> Result<Self, ImageError> {
        let reference = RegistryReference::parse(name)
            .map_err(|source| ImageError::Name { name: name.to_owned(), source })?;
        let registry = Registry::connect(reference, options).map_err(asked)?;
        let (root, document) = registry.resolve().map_err(asked)?;
        let failed = |source| ImageError::Read { path: temporary.to_path_buf(), source };
        let folder = tempfile::Builder::new().prefix("blobs-").tempdir_in(temporary).map_err(failed)?;
        Ok(Self { registry, root, document, folder, fetching: Mutex::new(()) })
    }
}

fn asked(error: crate::image::registry::RegistryError) -> ImageError {
    ImageError::Registry(Box::new(error))
}

impl Store for Remote {
    fn root(&self) -> &Descriptor {
        &self.root
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.digest() == self.root.digest() {
            return Ok(self.document.clone());
        }
        self.registry.document(descriptor).map_err(asked)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let path = self.folder.path().join(descriptor.digest().digest());
        let failed = |source| ImageError::Read { path: path.clone(), source };
        {
            let _one = self.fetching.lock().expect("no thread panics with the lock");
            if !fs::exists(&path).map_err(failed)? {
                self.registry.fetch(descriptor, &path).map_err(asked)?;
            }
        }
        Ok(Box::new(File::open(&path).map_err(failed)?))
    }

    fn referrers(&self, descriptor: &Descriptor) -> Result<Vec<Descriptor>, ImageError> {
        self.registry.referrers(descriptor.digest()).map_err(asked)
    }

    /// A registry takes no manifest whose blobs it does not have.
    fn check_size(&self, _: &Descriptor) -> Result<(), ImageError> {
        Ok(())
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        PathBuf::from(format!("{}@{}", self.registry.reference().name(), descriptor.digest()))
    }
}
