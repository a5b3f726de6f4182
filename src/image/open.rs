//! An image that is there: its manifest and config were read, its layers are where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest};
use serde_json::Value;

use super::document::{Document, document, is_index, manifest};
use super::error::ImageError;
use super::layer::Limits;
use super::reference::ImageReference;
use super::registry::{Credentials, Patience, RegistryOptions};
use super::store::{Directory, Folder, Layout, Remote, Storage, Store, open_archive};
use super::system::BootLabels;
use crate::config::{AuthFile, Proxies};

/// With what images are read.
#[derive(Debug, Clone)]
pub struct Access {
    /// Relative paths are below this folder.
    pub folder: PathBuf,
    /// Where what does not fit into memory is put aside for as long as the image is looked at.
    pub temporary: PathBuf,
    /// Up to where an archive of an image is unpacked.
    pub limits: Limits,
    /// How registries are asked; where nothing is said, they are not.
    pub registries: Option<RegistryAccess>,
    /// All variables that skopeo sees, which name the storage among others; those of this process if `None`.
    pub environment: Option<BTreeMap<String, String>>,
}

/// How registries are asked.
#[derive(Debug, Clone)]
pub struct RegistryAccess {
    /// The way out.
    pub proxies: Proxies,
    /// Hosts that may speak plain `http`.
    pub insecure: Vec<String>,
    /// Files with logins.
    pub logins: Vec<AuthFile>,
}

/// How long the head of an answer of a registry may take, and the next bytes of a blob.
const TIMEOUT: Duration = Duration::from_secs(30);

impl RegistryAccess {
    fn options(&self) -> Result<RegistryOptions, ImageError> {
        let RegistryAccess { proxies, insecure, logins } = self;
        Ok(RegistryOptions {
            proxies: proxies.clone(),
            timeout: TIMEOUT,
            insecure: insecure.clone(),
            credentials: Credentials::parse(logins)?,
            patience: Patience::default(),
        })
    }
}

/// One image for one platform, or an index before a platform is chosen.
#[derive(Clone)]
pub struct Image {
    pub(super) store: Arc<dyn Store>,
    /// How it was named.
    pub reference: ImageReference,
}

/// What an image is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// Operating system, as Go writes it.
    pub os: String,
    /// Architecture, as Go writes it.
    pub architecture: String,
    /// Variant of the architecture.
    pub variant: Option<String>,
}

/// One image for one platform: what its layers are and how it is run.
#[derive(Clone)]
pub struct PlatformImage {
    pub(super) store: Arc<dyn Store>,
    /// How it was named.
    pub reference: ImageReference,
    /// What the reference names: the manifest, or the index that has it.
    pub root: Descriptor,
    /// Its manifest's descriptor.
    pub descriptor: Descriptor,
    pub(super) manifest: Document<ImageManifest>,
    pub(super) config: Document<ImageConfiguration>,
}

impl Image {
    /// Finds the image that a reference names. Nothing of it is read but what says what it is.
    ///
    /// # Errors
    /// When there is none, or what is there cannot be read.
    pub fn open(reference: &ImageReference, access: &Access) -> Result<Self, ImageError> {
        let at = |path: &Path| access.folder.join(path);
        let store: Arc<dyn Store> = match reference {
            ImageReference::Layout { folder, name } => {
                let folder = at(folder);
                Arc::new(Layout::open(Box::new(Folder(folder.clone())), &folder, name.as_deref())?)
            }
            ImageReference::Archive { file, name } => Arc::from(open_archive(
                &at(file),
                name.as_deref(),
                &access.temporary,
                access.limits.unpacked,
            )?),
            ImageReference::Directory { folder } => Arc::new(Directory::open(&at(folder))?),
            ImageReference::Storage { name } => {
                Arc::new(Storage::open(name, &access.temporary, access.environment.as_ref())?)
            }
            // Neither a path nor a registry: somebody mistyped one of them.
            ImageReference::Registry { name } if ImageReference::is_path(name) || !name.contains('/') => {
                return Err(ImageError::Nothing { path: name.into() });
            }
            ImageReference::Registry { name } => match &access.registries {
                Some(registries) => Arc::new(Remote::open(name, registries.options()?, &access.temporary)?),
                None => return Err(ImageError::NotRead { transport: "docker".to_owned() }),
            },
            ImageReference::Other { transport, .. } => {
                return Err(ImageError::NotRead { transport: transport.clone() });
            }
        };
        Ok(Self { store, reference: reference.clone() })
    }

    /// Returns the descriptor of what the reference names.
    pub fn root(&self) -> &Descriptor {
        self.store.root()
    }

    /// Returns the index, if the reference names one.
    pub(super) fn index(&self) -> Result<Option<Document<ImageIndex>>, ImageError> {
        is_index(self.root()).then(|| document(&*self.store, self.root())).transpose()
    }

    /// Returns the images that it has, each for a platform. What an index has beside them (attestations,
    /// signatures) is left out.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn images(&self) -> Result<Vec<PlatformImage>, ImageError> {
        let mut images = Vec::new();
        self.gather(self.root(), 0, &mut images)?;
        Ok(images)
    }

    fn gather(
        &self,
        descriptor: &Descriptor,
        depth: usize,
        images: &mut Vec<PlatformImage>,
    ) -> Result<(), ImageError> {
        if !is_index(descriptor) {
            images.push(self.one(descriptor)?);
            return Ok(());
        }
        // Documents are held to their digests, so an index cannot lead back to itself; it can be deep.
        if depth > DEEPEST {
            let said = format!("indexes lie in each other more than {DEEPEST} deep");
            return Err(ImageError::Incoherent { image: self.reference.to_string(), said });
        }
        let index: Document<ImageIndex> = document(&*self.store, descriptor)?;
        let is_image = |descriptor: &&Descriptor| !is_beside(descriptor);
        index
            .meaning
            .manifests()
            .iter()
            .filter(is_image)
            .try_for_each(|descriptor| self.gather(descriptor, depth + 1, images))
    }

    /// Returns the image for a platform: the one that is asked for, else the only one, else that for `host`.
    ///
    /// # Errors
    /// When there is none.
    pub fn for_platform(
        &self,
        wanted: Option<&Platform>,
        host: &Platform,
    ) -> Result<PlatformImage, ImageError> {
        let mut images = self.images()?;
        let is_only = wanted.is_none() && images.len() == 1;
        let platform = wanted.unwrap_or(host);
        let fits = |image: &PlatformImage| is_only || platform.accepts(&image.platform());
        match images.iter().position(fits) {
            Some(place) => Ok(images.swap_remove(place)),
            None => Err(ImageError::NoPlatform {
                image: self.reference.to_string(),
                wanted: platform.to_string(),
                platforms: images.iter().map(|image| image.platform().to_string()).collect(),
            }),
        }
    }

    fn one(&self, descriptor: &Descriptor) -> Result<PlatformImage, ImageError> {
        let manifest = manifest(&*self.store, descriptor)?;
        let config: Document<ImageConfiguration> = document(&*self.store, manifest.meaning.config())?;
        Ok(PlatformImage {
            store: Arc::clone(&self.store),
            reference: self.reference.clone(),
            root: self.root().clone(),
            descriptor: descriptor.clone(),
            manifest,
            config,
        })
    }
}

/// How deep indexes may lie in each other; nobody writes more than two.
const DEEPEST: usize = 4;

/// Returns whether an index has something that is no image: BuildKit gives attestations an unknown platform.
fn is_beside(descriptor: &Descriptor) -> bool {
    let platform = descriptor.platform().as_ref();
    platform.is_some_and(|platform| platform.os().to_string() == "unknown")
        || descriptor.artifact_type().is_some()
}

impl PlatformImage {
    /// Returns what it is for.
    pub fn platform(&self) -> Platform {
        let config = &self.config.meaning;
        Platform {
            os: config.os().to_string(),
            architecture: config.architecture().to_string(),
            variant: config.variant().clone(),
        }
    }

    /// Returns the descriptors of its layers, the lowest first.
    pub fn layers(&self) -> &[Descriptor] {
        self.manifest.meaning.layers()
    }

    /// Returns what its labels say about how it boots.
    pub fn boot_labels(&self) -> BootLabels {
        let labels = self.labels().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        BootLabels::among(&labels.collect())
    }

    /// Returns its labels, by their names.
    pub fn labels(&self) -> Vec<(&str, &str)> {
        let labels = self.config.value.pointer("/config/Labels").and_then(Value::as_object);
        let mut labels: Vec<_> = labels
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        labels.sort_unstable();
        labels
    }
}

impl Platform {
    /// Reads `linux/arm64` or `linux/arm/v7`.
    ///
    /// # Errors
    /// With what should stand there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [os, architecture] if !os.is_empty() && !architecture.is_empty() => {
                Ok(Self { os: (*os).to_owned(), architecture: (*architecture).to_owned(), variant: None })
            }
            [os, architecture, variant] if parts.iter().all(|part| !part.is_empty()) => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: Some((*variant).to_owned()),
            }),
            _ => Err(format!("`{text}` is no platform; write one as `linux/amd64` or `linux/arm/v7`")),
        }
    }

    /// Returns the platform of this machine.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64le",
            "x86" => "386",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    fn accepts(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(formatter, "/{variant}"))
    }
}
