//! The OCI image layout (image-spec 1.1, image-layout.md), in a folder or in an archive.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, ImageIndex};

use super::Store;
use super::docker_archive::is_named;
use super::files::Files;
use crate::image::error::ImageError;

/// Annotation with an image's name in its layout.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Annotation with the name that containerd gives.
const FULL_NAME: &str = "io.containerd.image.name";

/// One image of a layout that is there.
pub(in crate::image) struct Layout {
    files: Box<dyn Files>,
    root: Descriptor,
}

impl Layout {
    /// Opens a layout at the image of that name, or at the only one.
    pub(in crate::image) fn open(
        files: Box<dyn Files>,
        path: &Path,
        name: Option<&str>,
    ) -> Result<Self, ImageError> {
        let bytes = match files.document("index.json") {
            Err(ImageError::Read { source, .. }) if is_absent(&source) => {
                return Err(ImageError::NoLayout { path: path.to_path_buf() });
            }
            bytes => bytes?,
        };
        let index: ImageIndex = serde_json::from_slice(&bytes).map_err(|error| ImageError::Malformed {
            path: files.place("index.json"),
            source: error.into(),
        })?;
        let root = choose(path, index.manifests(), name)?.clone();
        Ok(Self { files, root })
    }
}

impl Store for Layout {
    fn root(&self) -> &Descriptor {
        &self.root
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        self.files.held_document(&blob(descriptor), descriptor.digest().as_ref())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        Ok(self.files.get(&blob(descriptor))?.reader)
    }

    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        self.files.check_size(&blob(descriptor), descriptor.size())
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        self.files.place(&blob(descriptor))
    }
}

/// Returns the descriptor of the image of that name, or of the only one.
fn choose<'a>(
    path: &Path,
    images: &'a [Descriptor],
    name: Option<&str>,
) -> Result<&'a Descriptor, ImageError> {
    let path = || path.to_path_buf();
    let names = || images.iter().filter_map(name_of).map(str::to_owned).collect();
    let Some(name) = name else {
        // Signatures and attestations lie beside the image that they are about.
        let mut only = images.iter().filter(|image| images.len() == 1 || image.artifact_type().is_none());
        return match (only.next(), only.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(ImageError::Empty { path: path() }),
            _ => Err(ImageError::Ambiguous { path: path(), names: names() }),
        };
    };
    let named = images.iter().find(|image| annotation(image, NAME) == Some(name));
    let named = named.or_else(|| images.iter().find(|image| is_called(image, name)));
    named.ok_or_else(|| ImageError::NoSuchImage { path: path(), name: name.to_owned(), names: names() })
}

/// Returns whether an image has that name in full, as `docker save` keeps it, or that digest.
fn is_called(image: &Descriptor, name: &str) -> bool {
    annotation(image, FULL_NAME).is_some_and(|full| is_named(full, name))
        || image.digest().to_string() == name
}

/// Returns the name that tells an image from others. `docker save` gives a tag as the other one.
pub(in crate::image) fn name_of(descriptor: &Descriptor) -> Option<&str> {
    annotation(descriptor, FULL_NAME).or_else(|| annotation(descriptor, NAME))
}

fn annotation<'a>(descriptor: &'a Descriptor, key: &str) -> Option<&'a str> {
    descriptor.annotations().as_ref()?.get(key).map(String::as_str)
}

fn blob(descriptor: &Descriptor) -> String {
    let digest = descriptor.digest();
    format!("blobs/{}/{}", digest.algorithm().as_ref(), digest.digest())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
