//! What `docker save` writes: `manifest.json` names configs and layers (Docker image specification 1.2).

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Deserialize;
use serde_json::json;

use super::Store;
use super::files::{Files, Opened};
use crate::image::document::describe;
use crate::image::error::ImageError;
use crate::image::layer::{Unpacked, copy_within};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// containers/image gives layers this type even where they have no packing.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Config {
    rootfs: RootFilesystem,
}

#[derive(Debug, Deserialize)]
struct RootFilesystem {
    diff_ids: Vec<String>,
}

/// One image of such an archive. Its manifest is made here, as containers/image makes it, with the same digest.
pub(super) struct DockerArchive {
    files: Box<dyn Files>,
    root: Descriptor,
    manifest: Vec<u8>,
    /// The files of blobs, by their digests.
    names: HashMap<String, String>,
}

impl DockerArchive {
    /// Opens an archive at the image of that name, or at the only one.
    ///
    /// A layer that is packed is unpacked to see how long it is, up to `limit`.
    pub(super) fn open(
        files: Box<dyn Files>,
        path: &Path,
        name: Option<&str>,
        limit: u64,
    ) -> Result<Self, ImageError> {
        let malformed = |place: &str, error: serde_json::Error| ImageError::Malformed {
            path: files.place(place),
            source: error.into(),
        };
        let bytes = files.document("manifest.json")?;
        let items: Vec<Item> =
            serde_json::from_slice(&bytes).map_err(|error| malformed("manifest.json", error))?;
        let item = choose(path, &items, name)?;
        let config_bytes = files.document(&item.config)?;
        let config: Config =
            serde_json::from_slice(&config_bytes).map_err(|error| malformed(&item.config, error))?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != item.layers.len() {
            let said = format!("{} layers and {} diff ids", item.layers.len(), diff_ids.len());
            let promised = "a diff id for each layer".to_owned();
            return Err(ImageError::Broken { path: files.place("manifest.json"), found: said, promised });
        }
        let config = describe(MediaType::from(CONFIG), &config_bytes);
        let mut names = HashMap::from([(config.digest().to_string(), item.config.clone())]);
        let mut layers = Vec::new();
        for (file, digest) in item.layers.iter().zip(diff_ids) {
            let size = unpacked_length(&*files, file, limit)?;
            layers.push(json!({"mediaType": LAYER, "size": size, "digest": digest}));
            names.insert(digest.clone(), file.clone());
        }
        let config =
            json!({"mediaType": CONFIG, "size": config.size(), "digest": config.digest().to_string()});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let manifest = manifest.to_string().into_bytes();
        Ok(Self { root: describe(MediaType::from(MANIFEST), &manifest), files, manifest, names })
    }

    fn name(&self, digest: &Digest) -> String {
        let digest = digest.to_string();
        self.names.get(&digest).cloned().unwrap_or(digest)
    }
}

impl Store for DockerArchive {
    fn root(&self) -> &Descriptor {
        &self.root
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.digest() == self.root.digest() {
            return Ok(self.manifest.clone());
        }
        self.files.held_document(&self.name(descriptor.digest()), descriptor.digest().as_ref())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let name = self.name(descriptor.digest());
        let unpacked = Unpacked::open(self.files.get(&name)?.reader);
        Ok(Box::new(unpacked.map_err(|source| ImageError::Read { path: self.files.place(&name), source })?))
    }

    /// Sizes were taken from the files themselves.
    fn check_size(&self, descriptor: &Descriptor) -> Result<(), ImageError> {
        self.files.get(&self.name(descriptor.digest())).map(drop)
    }

    fn place(&self, descriptor: &Descriptor) -> PathBuf {
        self.files.place(&self.name(descriptor.digest()))
    }
}

/// Returns how many bytes a layer has without its packing: its digest is that of these bytes, and what
/// `docker save` writes has none, but other programs write archives too.
fn unpacked_length(files: &dyn Files, name: &str, limit: u64) -> Result<u64, ImageError> {
    let Opened { reader, length } = files.get(name)?;
    let measure = || -> io::Result<u64> {
        match Unpacked::open(reader)? {
            Unpacked::Plain(_) => Ok(length),
            unpacked => copy_within(unpacked, &mut io::sink(), limit),
        }
    };
    measure().map_err(|source| ImageError::Read { path: files.place(name), source })
}

fn choose<'a>(path: &Path, items: &'a [Item], name: Option<&str>) -> Result<&'a Item, ImageError> {
    let tags = |item: &Item| item.repo_tags.clone().unwrap_or_default();
    let names = || items.iter().flat_map(tags).collect();
    match (name, items) {
        (None, [only]) => Ok(only),
        (None, []) => Err(ImageError::Empty { path: path.to_path_buf() }),
        (None, _) => Err(ImageError::Ambiguous { path: path.to_path_buf(), names: names() }),
        (Some(name), items) => {
            let found = items.iter().find(|item| tags(item).iter().any(|tag| is_named(tag, name)));
            let (path, name) = (path.to_path_buf(), name.to_owned());
            found.ok_or_else(|| ImageError::NoSuchImage { path, name, names: names() })
        }
    }
}

/// `busybox`, `busybox:latest` and `docker.io/library/busybox:latest` are one name.
pub(super) fn is_named(tag: &str, name: &str) -> bool {
    let whole = |name: &str| {
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name);
        let last = name.rsplit('/').next().unwrap_or(name);
        if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
    };
    whole(tag) == whole(name)
}
