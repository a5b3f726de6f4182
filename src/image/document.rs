//! Manifests, indexes and configs: small JSON documents with digests.

use std::path::PathBuf;

use oci_spec::image::{Descriptor, ImageManifest, MediaType};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::digest::sha256;
use super::error::ImageError;
use super::store::Store;

/// Returns the descriptor of a document.
pub(super) fn describe(media_type: MediaType, bytes: &[u8]) -> Descriptor {
    Descriptor::new(media_type, bytes.len() as u64, sha256(bytes))
}

/// Returns what a document says it is; a document need not say it.
pub(super) fn media_type_of(bytes: &[u8]) -> Option<MediaType> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    Some(MediaType::from(document.get("mediaType")?.as_str()?))
}

/// Returns whether a descriptor is that of an index: an image for several platforms.
pub(super) fn is_index(descriptor: &Descriptor) -> bool {
    let docker = "application/vnd.docker.distribution.manifest.list.v2+json";
    matches!(descriptor.media_type(), MediaType::ImageIndex) || descriptor.media_type().to_string() == docker
}

/// A document as it stands, and as what it means.
#[derive(Debug, Clone)]
pub(super) struct Document<T> {
    /// All that it says.
    pub(super) value: Value,
    /// What of it the specification knows.
    pub(super) meaning: T,
}

/// Reads a document of a store.
pub(super) fn document<T: DeserializeOwned>(
    store: &dyn Store,
    descriptor: &Descriptor,
) -> Result<Document<T>, ImageError> {
    let bytes = store.document(descriptor)?;
    parse(store.place(descriptor), &bytes)
}

fn parse<T: DeserializeOwned>(path: PathBuf, bytes: &[u8]) -> Result<Document<T>, ImageError> {
    let read = || -> serde_json::Result<(Value, T)> {
        let value: Value = serde_json::from_slice(bytes)?;
        Ok((value, serde_json::from_slice(bytes)?))
    };
    match read() {
        Ok((value, meaning)) => Ok(Document { value, meaning }),
        Err(error) => Err(ImageError::Malformed { path, source: error.into() }),
    }
}

/// Reads the manifest of one image.
///
/// # Errors
/// Also when it is the manifest of something else.
pub(super) fn manifest(
    store: &dyn Store,
    descriptor: &Descriptor,
) -> Result<Document<ImageManifest>, ImageError> {
    let bytes = store.document(descriptor)?;
    let path = store.place(descriptor);
    if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
        if value.get("schemaVersion").is_some_and(|version| version == 1) {
            return Err(ImageError::Schema1 { path });
        }
        let artifact = value.get("artifactType").and_then(Value::as_str);
        let config = value.pointer("/config/mediaType").and_then(Value::as_str);
        let is_image = config.is_some_and(|config| IMAGE_CONFIGS.contains(&config));
        if let (false, Some(what)) = (is_image, artifact.or(config)) {
            return Err(ImageError::NoImage { path, what: what.to_owned() });
        }
    }
    parse(path, &bytes)
}

/// Media types of configs of images.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
