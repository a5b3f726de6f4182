//! What an image is, without or with a look into its layers.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;
use serde::Serialize;
use serde_json::Value;

use super::error::ImageError;
use super::installed::is_database;
use super::lint::is_read;
use super::open::{Image, PlatformImage};
use super::package::Package;
use super::path::TreePath;
use super::reading::{Reading, Unfolded};
use super::system::{BootLabels, Init, Kernels, OsRelease, System};
use super::tree::{NodeKind, Tree};

/// What an image is: all that its documents say, and what was found in its layers if they were opened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Version of this report's form.
    pub version: u32,
    /// How it was named.
    pub reference: String,
    /// Digest of what the reference names.
    pub digest: String,
    /// Media type of that.
    pub media_type: String,
    /// Other things about it that its registry has: signatures, attestations, lists of parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub referrers: Vec<Referrer>,
    /// The images that it has, each for a platform.
    pub images: Vec<PlatformInspection>,
}

/// Something that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Referrer {
    /// Its digest.
    pub digest: String,
    /// What it is, as a media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

/// An image for one platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlatformInspection {
    /// What it is for.
    pub platform: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Bytes of its config and its layers as they are stored.
    pub size: u64,
    /// When it was made, as its config says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerInspection>,
    /// Annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
    /// Labels of its config.
    pub labels: BTreeMap<String, String>,
    /// The rest of how it is run, as it stands in its config.
    pub config: Value,
    /// What its labels say about how it boots.
    pub boot: BootLabels,
    /// What is in its layers, if they were opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentInspection>,
}

/// A layer as its manifest has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerInspection {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its length in bytes, as it is stored.
    pub size: u64,
    /// Digest of its archive, as the config says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<String>,
    /// The command that made it, as the history says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// What is in the layers of an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContentInspection {
    /// Names in its tree.
    pub names: usize,
    /// Bytes of its layers without their packing.
    pub unpacked: u64,
    /// What system it is.
    pub system: System,
    /// What is installed.
    pub packages: Vec<PackageInspection>,
    /// What was unusual in it, or could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageInspection {
    /// How its manager writes it, with its version and architecture.
    pub package: String,
    /// The manager.
    pub manager: &'static str,
    /// Its name.
    pub name: String,
    /// Its version, with all that counts.
    pub version: String,
    /// Its architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// What tells its build from others of the same version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What its files take, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its licence, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl From<&Package> for PackageInspection {
    fn from(package: &Package) -> Self {
        Self {
            package: package.to_string(),
            manager: package.manager.name(),
            name: package.name.clone(),
            version: package.full_version(),
            architecture: package.architecture.clone(),
            identity: package.identity.clone(),
            size: package.size,
            licence: package.licence.clone(),
        }
    }
}

/// Looks at an image: at those of its images that are given. Layers are opened only with `reading`.
///
/// # Errors
/// When a part of it cannot be read.
pub fn inspect(
    image: &Image,
    images: &[PlatformImage],
    reading: Option<&Reading>,
) -> Result<Inspection, ImageError> {
    let contents = match reading {
        Some(reading) => look_into(images, reading)?.into_iter().map(Some).collect(),
        None => vec![None; images.len()],
    };
    let referrers = image.store.referrers(image.root())?;
    Ok(Inspection {
        version: 1,
        reference: image.reference.to_string(),
        digest: image.root().digest().to_string(),
        media_type: image.root().media_type().to_string(),
        referrers: referrers.iter().map(referrer).collect(),
        images: images
            .iter()
            .zip(contents)
            .map(|(image, content)| PlatformInspection { content, ..documents(image) })
            .collect(),
    })
}

fn referrer(descriptor: &Descriptor) -> Referrer {
    Referrer {
        digest: descriptor.digest().to_string(),
        artifact_type: descriptor.artifact_type().as_ref().map(ToString::to_string),
    }
}

/// Says what the documents of an image say: none of its layers is opened.
pub(super) fn documents(image: &PlatformImage) -> PlatformInspection {
    let labels: BTreeMap<String, String> =
        image.labels().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut config = image.config.value.get("config").cloned().unwrap_or(Value::Null);
    if let Some(config) = config.as_object_mut() {
        config.remove("Labels");
    }
    let annotations = image.manifest.value.get("annotations").and_then(Value::as_object);
    let annotations = annotations.into_iter().flatten();
    let manifest = &image.manifest.meaning;
    PlatformInspection {
        platform: image.platform().to_string(),
        digest: image.descriptor.digest().to_string(),
        size: manifest.config().size() + image.layers().iter().map(Descriptor::size).sum::<u64>(),
        created: image.config.value.get("created").and_then(Value::as_str).map(str::to_owned),
        layers: layers(image),
        annotations: annotations
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        labels,
        config,
        boot: image.boot_labels(),
        content: None,
    }
}

fn layers(image: &PlatformImage) -> Vec<LayerInspection> {
    let config = &image.config.value;
    let diff_ids: Vec<&str> = config
        .pointer("/rootfs/diff_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let history = config.get("history").and_then(Value::as_array).into_iter().flatten();
    let made_one = history.filter(|entry| entry.get("empty_layer").and_then(Value::as_bool) != Some(true));
    let mut commands = made_one.map(|entry| entry.get("created_by").and_then(Value::as_str));
    let numbered = image.layers().iter().enumerate();
    numbered
        .map(|(number, layer)| LayerInspection {
            digest: layer.digest().to_string(),
            media_type: layer.media_type().to_string(),
            size: layer.size(),
            diff_id: diff_ids.get(number).map(|id| (*id).to_owned()),
            created_by: commands.next().flatten().map(str::to_owned),
        })
        .collect()
}

/// Opens the layers of images, and says what is in each.
///
/// # Errors
/// When a layer cannot be read.
pub(super) fn look_into(
    images: &[PlatformImage],
    reading: &Reading,
) -> Result<Vec<ContentInspection>, ImageError> {
    // What a comparison asks for as well is kept, so that it need not open the layers a second time.
    let keep = |path: &TreePath| {
        is_database(path) || is_read(path) || OS_RELEASE.iter().any(|name| *path == TreePath::new(name))
    };
    let unfolded = reading.unfold(&images.iter().collect::<Vec<_>>(), &keep)?;
    unfolded.iter().map(|image| content(image, reading)).collect()
}

/// Where `os-release` may be; the second is a link to the first on most systems.
const OS_RELEASE: [&str; 2] = ["usr/lib/os-release", "etc/os-release"];

fn content(image: &Unfolded, reading: &Reading) -> Result<ContentInspection, ImageError> {
    let installed = reading.installed(image)?;
    let mut notes = installed.notes.clone();
    notes.extend(image.tree.oddities.iter().cloned());
    notes.extend(image.misnamed_layers().map(|said| format!("the config has {said}")));
    Ok(ContentInspection {
        names: image.tree.len(),
        unpacked: image.layers.iter().map(|layer| layer.summary.unpacked).sum(),
        system: System {
            os_release: os_release(image, reading)?,
            kernels: Kernels::among(image.tree.iter().map(|(path, _)| path.as_bytes())),
            init: init(&image.tree, &installed.packages),
            labels: image.image.boot_labels(),
        },
        packages: installed.packages.iter().map(PackageInspection::from).collect(),
        notes,
    })
}

fn os_release(image: &Unfolded, reading: &Reading) -> Result<Option<OsRelease>, ImageError> {
    let paths = OS_RELEASE.map(TreePath::new);
    let files = reading.contents(image, &paths.iter().collect::<Vec<_>>())?;
    let Some(file) = paths.iter().find_map(|path| files.get(path)) else { return Ok(None) };
    let read = std::fs::read(file).map_err(|source| ImageError::Read { path: file.clone(), source })?;
    Ok(Some(OsRelease::parse(&read)))
}

/// Finds what `sbin/init` is, over the links of a merged `/usr`.
fn init(tree: &Tree, packages: &[Package]) -> Option<Init> {
    let folder = tree.resolve(&TreePath::new("sbin"))?;
    match &tree.get(&folder.join(b"init"))?.kind {
        NodeKind::Symlink(target) => Some(Init::of(Some(target), packages)),
        NodeKind::File(_) => Some(Init::of(None, packages)),
        _ => None,
    }
}
