//! What a record says of an image.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;
use serde::{Deserialize, Serialize};

use super::error::ImageError;
use super::inspect::{ContentInspection, LayerInspection, PackageInspection, documents, look_into};
use super::open::{Image, PlatformImage};
use super::reading::Reading;
use super::system::BootLabels;
use crate::diagnostic::{chain, plural, size};

/// How many packages of an image are listed: a system of Fedora's has some two thousand.
const MOST_PACKAGES: usize = 10_000;

/// How many characters of a layer's command are kept: one may have a whole file in it.
const LONGEST_COMMAND: usize = 1_000;

/// How many notes are kept.
const MOST_NOTES: usize = 20;

/// What identifies an image, how large it is, and what is in it.
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
    /// Its image for each platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<PlatformSummary>,
}

/// An image for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlatformSummary {
    /// What it is for.
    pub platform: String,
    /// Digest of its manifest.
    pub digest: String,
    /// When it was made, as its config says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its layers, the lowest first; of an image for several platforms none are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerBrief>,
    /// Labels that say how a machine boots it, as `containers.bootc=1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boot: Vec<String>,
    /// What is in its layers, where they were opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentSummary>,
    /// Why its layers could not be read, where that was tried in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// A layer, as the documents of its image have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LayerBrief {
    /// Its digest.
    pub digest: String,
    /// Its length in bytes, as it is stored.
    pub size: u64,
    /// The command that made it, as the history says; of a long one its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What is in the layers of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContentSummary {
    /// The name of the system, as its `os-release` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Names in its tree.
    pub names: usize,
    /// Bytes of its layers without their packing.
    pub unpacked: u64,
    /// Its kernels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<String>,
    /// What it starts first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// What is installed, by its managers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageSummary>,
    /// What was unusual in it, or could not be looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a package manager has installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PackageSummary {
    /// The manager: `rpm`, `dpkg`, `apk`.
    pub manager: String,
    /// How many packages there are.
    pub count: usize,
    /// Each as its manager writes it, with version and architecture; fewer than `count` where the list was cut.
    pub packages: Vec<String>,
}

impl ImageSummary {
    /// Returns the image, if it is one for one platform.
    pub fn only(&self) -> Option<&PlatformSummary> {
        match self.images.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Returns in a few words what is known of it: its size, and of one for one platform its layers and packages;
    /// and why nobody looked into it, where that was tried.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = vec![size(self.size)];
        if let Some(only) = self.only() {
            words.push(plural(only.layers.len(), "layer"));
            let managers = only.content.iter().flat_map(|content| &content.packages);
            words.extend(managers.map(PackageSummary::in_words));
        }
        let mut unread = self.images.iter().filter_map(|image| image.unread.as_ref());
        words.extend(unread.next().map(|reason| format!("not looked into: {reason}")));
        words
    }
}

impl PackageSummary {
    /// Returns how many packages there are: `86 dpkg packages`.
    pub fn in_words(&self) -> String {
        plural(self.count, &format!("{} package", self.manager))
    }
}

/// Looks at an image; into its layers only with `reading`.
///
/// Manifests and configs are held to their digests, layers to their sizes. That layers cannot be read is a
/// note of the summary, not an error.
///
/// # Errors
/// When it is not there, or a part of it is missing or broken.
pub fn summarize(image: &Image, reading: Option<&Reading>) -> Result<ImageSummary, ImageError> {
    let root = image.root();
    let mut blobs = Blobs::default();
    blobs.count(root);
    if let Some(index) = image.index()? {
        index.meaning.manifests().iter().for_each(|manifest| blobs.count(manifest));
    }
    let images = image.images()?;
    for one in &images {
        blobs.count(&one.descriptor);
        blobs.count(one.manifest.meaning.config());
        for layer in one.layers() {
            image.store.check_size(layer)?;
            blobs.count(layer);
        }
    }
    Ok(ImageSummary {
        digest: root.digest().to_string(),
        media_type: root.media_type().to_string(),
        size: blobs.0.values().sum(),
        platforms: images.iter().map(|one| one.platform().to_string()).collect(),
        images: images.iter().map(|one| platform(one, images.len() == 1, reading)).collect(),
    })
}

fn platform(image: &PlatformImage, is_only: bool, reading: Option<&Reading>) -> PlatformSummary {
    let said = documents(image);
    let content = reading.map(|reading| look_into(std::slice::from_ref(image), reading));
    let (content, unread) = match content {
        Some(Ok(found)) => (found.first().map(content_summary), None),
        Some(Err(error)) => (None, Some(chain(&error))),
        None => (None, None),
    };
    PlatformSummary {
        platform: said.platform,
        digest: said.digest,
        created: said.created,
        layers: if is_only { said.layers.into_iter().map(layer).collect() } else { Vec::new() },
        boot: boot(&said.boot),
        content,
        unread,
    }
}

fn layer(layer: LayerInspection) -> LayerBrief {
    LayerBrief { digest: layer.digest, size: layer.size, command: layer.created_by.map(shortened) }
}

fn shortened(command: String) -> String {
    match command.char_indices().nth(LONGEST_COMMAND) {
        Some((end, _)) => format!("{}…", &command[..end]),
        None => command,
    }
}

fn boot(labels: &BootLabels) -> Vec<String> {
    let known = [("containers.bootc", &labels.bootc), ("ostree.bootable", &labels.ostree_bootable)];
    let set = known.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    set.collect()
}

fn content_summary(content: &ContentInspection) -> ContentSummary {
    let system = &content.system;
    let modules = system.kernels.modules.iter().map(|kernel| kernel.version.clone());
    let init = |init: &super::system::Init| {
        let version = init.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        format!("{}{version}", init.name)
    };
    ContentSummary {
        system: system.os_release.as_ref().map(|release| release.pretty_name().to_owned()),
        names: content.names,
        unpacked: content.unpacked,
        kernels: modules.chain(system.kernels.unified.iter().cloned()).collect(),
        init: system.init.as_ref().map(init),
        packages: packages(&content.packages),
        notes: content.notes.iter().take(MOST_NOTES).cloned().collect(),
    }
}

fn packages(installed: &[PackageInspection]) -> Vec<PackageSummary> {
    let mut managers: BTreeMap<&str, PackageSummary> = BTreeMap::new();
    for package in installed {
        let of_manager = managers.entry(package.manager).or_insert_with(|| PackageSummary {
            manager: package.manager.to_owned(),
            count: 0,
            packages: Vec::new(),
        });
        of_manager.count += 1;
        if of_manager.packages.len() < MOST_PACKAGES {
            of_manager.packages.push(package.package.clone());
        }
    }
    managers.into_values().collect()
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
    use super::super::open::Access;
    use super::super::reference::ImageReference;
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
            summarize(&Image::open(&ImageReference::parse(reference), &access)?, None)
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
    fn lists_and_commands_are_cut_where_they_are_long() {
        let package = |number: usize| PackageInspection {
            package: format!("p-{number}"),
            manager: "apk",
            name: "p".to_owned(),
            version: number.to_string(),
            architecture: None,
            identity: None,
            size: None,
            licence: None,
        };
        let installed: Vec<PackageInspection> = (0..MOST_PACKAGES + 5).map(package).collect();
        let [apk] = packages(&installed).try_into().unwrap();
        assert_eq!((apk.count, apk.packages.len()), (MOST_PACKAGES + 5, MOST_PACKAGES));
        assert_eq!(apk.in_words(), "10005 apk packages");
        assert_eq!(shortened("ä".repeat(LONGEST_COMMAND)), "ä".repeat(LONGEST_COMMAND));
        assert_eq!(shortened("ä".repeat(LONGEST_COMMAND + 1)).chars().count(), LONGEST_COMMAND + 1);
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
        let look = |reference| Image::open(&ImageReference::parse(reference), &access);
        assert!(matches!(look("oci:image"), Err(ImageError::NoLayout { .. })));
        fs::write(folder.path().join("file"), "x").unwrap();
        assert!(matches!(look("oci:file:1"), Err(ImageError::NoLayout { .. })));
        fs::create_dir(folder.path().join("image")).unwrap();
        fs::write(folder.path().join("image/index.json"), "{}").unwrap();
        assert!(matches!(look("oci:image"), Err(ImageError::Malformed { .. })));
        assert!(look("docker-daemon:x").is_err_and(|error| error.is_not_read()));
    }
}
