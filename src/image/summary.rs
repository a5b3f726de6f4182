//! What a record says of an image.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;
use serde::{Deserialize, Serialize};

use super::error::ImageError;
use super::open::{Access, Image};
use super::reference::ImageReference;

/// What identifies an image, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ImageSummary {
    /// Digest of its manifest or index, as `sha256:…`.
    pub digest: String,
    /// Media type of its manifest or index.
    pub media_type: String,
    /// What a registry stores of it, in bytes: manifests, configs and layers, each blob once.
    pub size: u64,
    /// Its platforms, as `linux/amd64`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
}

/// Looks at an image.
///
/// Manifests and configs are held to their digests, layers to their sizes.
///
/// # Errors
/// When it is not there, or a part of it is missing or broken.
pub fn summarize(reference: &ImageReference, access: &Access) -> Result<ImageSummary, ImageError> {
    let image = Image::open(reference, access)?;
    let root = image.root();
    let mut blobs = Blobs::default();
    blobs.count(root);
    if let Some(index) = image.index()? {
        index.meaning.manifests().iter().for_each(|manifest| blobs.count(manifest));
    }
    let mut platforms = Vec::new();
    for one in image.images()? {
        blobs.count(&one.descriptor);
        blobs.count(one.manifest.meaning.config());
        for layer in one.layers() {
            image.store.check_size(layer)?;
            blobs.count(layer);
        }
        platforms.push(one.platform().to_string());
    }
    Ok(ImageSummary {
        digest: root.digest().to_string(),
        media_type: root.media_type().to_string(),
        size: blobs.0.values().sum(),
        platforms,
    })
}

/// Digests and sizes of the parts of an image, each once.
#[derive(Default)]
struct Blobs(BTreeMap<String, u64>);

impl Blobs {
    fn count(&mut self, blob: &Descriptor) {
        self.0.insert(blob.digest().to_string(), blob.size());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::layer::Limits;
    use super::*;

    /// A layout that a test writes.
    struct Written {
        folder: tempfile::TempDir,
        index: Vec<serde_json::Value>,
    }

    impl Written {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("image/blobs/sha256")).unwrap();
            Self { folder, index: Vec::new() }
        }

        fn blob(&self, media_type: &str, content: &[u8]) -> serde_json::Value {
            use sha2::Digest as _;
            let digest: String =
                sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
            fs::write(self.folder.path().join("image/blobs/sha256").join(&digest), content).unwrap();
            let digest = format!("sha256:{digest}");
            serde_json::json!({"mediaType": media_type, "digest": digest, "size": content.len()})
        }

        /// Writes an image of one layer, and returns the descriptor of its manifest.
        fn image(&self, architecture: &str, layer: &[u8]) -> serde_json::Value {
            let rootfs = serde_json::json!({"type": "layers", "diff_ids": []});
            let config = serde_json::json!({"os": "linux", "architecture": architecture, "rootfs": rootfs});
            let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
            let layer = self.blob("application/vnd.oci.image.layer.v1.tar", layer);
            let manifest =
                serde_json::json!({"schemaVersion": 2, "config": config, "layers": [layer, layer]});
            self.blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes())
        }

        fn add(&mut self, mut image: serde_json::Value, name: &str) {
            image["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": name});
            self.index.push(image);
            let index = serde_json::json!({"schemaVersion": 2, "manifests": self.index});
            fs::write(self.folder.path().join("image/index.json"), index.to_string()).unwrap();
        }

        fn look(&self, reference: &str) -> Result<ImageSummary, ImageError> {
            let folder = self.folder.path().to_path_buf();
            let temporary = folder.clone();
            let access =
                Access { temporary, folder, limits: Limits::default(), registries: None, environment: None };
            summarize(&ImageReference::parse(reference), &access)
        }
    }

    #[test]
    fn image_is_found_by_its_name_or_as_the_only_one() {
        let mut written = Written::new();
        let image = written.image("amd64", b"layer");
        written.add(image.clone(), "1");
        let found = written.look("oci:image:1").unwrap();
        assert_eq!(found.digest, image["digest"]);
        assert_eq!(found.platforms, ["linux/amd64"]);
        assert_eq!(found, written.look("oci:image").unwrap());
        written.add(written.image("arm64", b"other"), "2");
        assert!(matches!(written.look("oci:image"), Err(ImageError::Ambiguous { .. })));
        let error = written.look("oci:image:3").unwrap_err().to_string();
        assert!(error.ends_with("has no image `3`, but `1`, `2`"), "{error}");
    }

    #[test]
    fn blobs_are_counted_once() {
        let mut written = Written::new();
        let (one, other) = (written.image("amd64", b"the same"), written.image("arm64", b"the same"));
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [one, other]}).to_string();
        written.add(written.blob("application/vnd.oci.image.index.v1+json", index.as_bytes()), "all");
        let found = written.look("oci:image:all").unwrap();
        assert_eq!(found.platforms, ["linux/amd64", "linux/arm64"]);
        let on_disk: u64 = fs::read_dir(written.folder.path().join("image/blobs/sha256"))
            .unwrap()
            .map(|blob| blob.unwrap().metadata().unwrap().len())
            .sum();
        assert_eq!(found.size, on_disk);
    }

    #[test]
    fn blob_that_is_cut_or_changed_is_noticed() {
        let mut written = Written::new();
        let image = written.image("amd64", b"layer");
        written.add(image.clone(), "1");
        let blobs = written.folder.path().join("image/blobs/sha256");
        for blob in fs::read_dir(&blobs).unwrap() {
            let path = blob.unwrap().path();
            let whole = fs::read(&path).unwrap();
            fs::write(&path, &whole[1..]).unwrap();
            assert!(matches!(written.look("oci:image:1"), Err(ImageError::Broken { .. })), "{path:?}");
            fs::write(&path, &whole).unwrap();
        }
        assert!(written.look("oci:image:1").is_ok());
    }

    #[test]
    fn what_is_no_layout_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        let access = Access {
            temporary: path.clone(),
            folder: path,
            limits: Limits::default(),
            registries: None,
            environment: None,
        };
        let look = |reference| summarize(&ImageReference::parse(reference), &access);
        assert!(matches!(look("oci:image"), Err(ImageError::NoLayout { .. })));
        fs::write(folder.path().join("file"), "x").unwrap();
        assert!(matches!(look("oci:file:1"), Err(ImageError::NoLayout { .. })));
        fs::create_dir(folder.path().join("image")).unwrap();
        fs::write(folder.path().join("image/index.json"), "{}").unwrap();
        assert!(matches!(look("oci:image"), Err(ImageError::Malformed { .. })));
        assert!(look("docker-daemon:x").unwrap_err().is_not_read());
    }
}
