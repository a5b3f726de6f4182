//! A folder in the OCI image layout (image-spec 1.1, image-layout.md).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, DigestAlgorithm, ImageIndex, MediaType};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256, Sha512};

use super::error::ImageError;
use crate::diagnostic::hexadecimal;

/// Annotation with an image's name in its layout.
const NAME: &str = "org.opencontainers.image.ref.name";

/// The largest manifest, index or config that is read, in bytes: registries refuse manifests above 4 MiB.
const LARGEST_DOCUMENT: u64 = 16 * 1024 * 1024;

/// A layout that is there.
#[derive(Debug)]
pub(super) struct Layout {
    folder: PathBuf,
    index: ImageIndex,
}

impl Layout {
    /// Opens a layout.
    pub(super) fn open(folder: &Path) -> Result<Self, ImageError> {
        let path = folder.join("index.json");
        let bytes = match read_document(&path) {
            Err(ImageError::Read { source, .. }) if is_absent(&source) => {
                return Err(ImageError::NoLayout { path: folder.to_path_buf() });
            }
            bytes => bytes?,
        };
        Ok(Self { folder: folder.to_path_buf(), index: parse(&path, &bytes)? })
    }

    /// Returns the descriptor of the image of that name, or of the only one.
    pub(super) fn image(&self, name: Option<&str>) -> Result<&Descriptor, ImageError> {
        let images = self.index.manifests();
        let named = |image: &&Descriptor| name_of(image) == name;
        match (name, images.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(ImageError::Ambiguous { path: self.folder.clone(), names: self.names() }),
            (Some(name), images) => images.iter().find(named).ok_or_else(|| ImageError::NoSuchImage {
                path: self.folder.clone(),
                name: name.to_owned(),
                names: self.names(),
            }),
        }
    }

    fn names(&self) -> Vec<String> {
        self.index.manifests().iter().filter_map(name_of).map(str::to_owned).collect()
    }

    /// Reads a document whose bytes must be those that its descriptor names.
    pub(super) fn document<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, ImageError> {
        let path = self.blob(descriptor);
        let bytes = read_document(&path)?;
        let promised = descriptor.digest().to_string();
        let found = match descriptor.digest().algorithm() {
            DigestAlgorithm::Sha512 => format!("sha512:{}", hexadecimal(&Sha512::digest(&bytes))),
            _ => format!("sha256:{}", hexadecimal(&Sha256::digest(&bytes))),
        };
        if found == promised {
            parse(&path, &bytes)
        } else {
            Err(ImageError::Broken { path, found, promised })
        }
    }

    /// Looks whether a blob is there with all its bytes. They are not read: a layer may have gigabytes.
    pub(super) fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        let path = self.blob(descriptor);
        let found = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(source) => return Err(ImageError::Read { path, source }),
        };
        if found == descriptor.size() {
            return Ok(());
        }
        let bytes = |count| format!("{count} bytes");
        Err(ImageError::Broken { path, found: bytes(found), promised: bytes(descriptor.size()) })
    }

    fn blob(&self, descriptor: &Descriptor) -> PathBuf {
        let digest = descriptor.digest();
        self.folder.join("blobs").join(digest.algorithm().as_ref()).join(digest.digest())
    }
}

/// Returns whether a descriptor is that of an index: an image for several platforms.
pub(super) fn is_index(descriptor: &Descriptor) -> bool {
    let docker = "application/vnd.docker.distribution.manifest.list.v2+json";
    matches!(descriptor.media_type(), MediaType::ImageIndex) || descriptor.media_type().to_string() == docker
}

fn name_of(descriptor: &Descriptor) -> Option<&str> {
    descriptor.annotations().as_ref()?.get(NAME).map(String::as_str)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_document(path: &Path) -> Result<Vec<u8>, ImageError> {
    let failed = |source| ImageError::Read { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(failed)?;
    // A pipe in its place would be waited for.
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is no regular file")));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_DOCUMENT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_DOCUMENT {
        return Err(failed(io::Error::other("it is larger than 16 MiB")));
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ImageError::Malformed { path: path.to_path_buf(), source: error.into() })
}
