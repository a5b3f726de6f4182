//! OCI layouts that tests write themselves: images as lists of members, so that a test can change one.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// When every member of an image was changed, unless a test says otherwise.
const TIME: u64 = 1_700_000_000;

/// A member of a layer.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) time: u64,
    pub(crate) xattrs: Vec<(String, Vec<u8>)>,
}

/// What a member is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    File(Vec<u8>),
    Folder,
    Symlink(String),
    HardLink(String),
    Device(u32, u32),
}

impl Member {
    fn new(path: &str, mode: u32, kind: Kind) -> Self {
        Self { path: path.to_owned(), kind, mode, owner: (0, 0), time: TIME, xattrs: Vec::new() }
    }

    pub(crate) fn file(path: &str, content: impl AsRef<[u8]>) -> Self {
        Self::new(path, 0o644, Kind::File(content.as_ref().to_vec()))
    }

    pub(crate) fn folder(path: &str) -> Self {
        Self::new(path, 0o755, Kind::Folder)
    }

    pub(crate) fn symlink(path: &str, target: &str) -> Self {
        Self::new(path, 0o777, Kind::Symlink(target.to_owned()))
    }

    pub(crate) fn hard_link(path: &str, target: &str) -> Self {
        Self::new(path, 0o644, Kind::HardLink(target.to_owned()))
    }

    pub(crate) fn device(path: &str, major: u32, minor: u32) -> Self {
        Self::new(path, 0o600, Kind::Device(major, minor))
    }

    /// Takes away what the layers below have at a path.
    pub(crate) fn whiteout(path: &str) -> Self {
        let (folder, name) = path.rsplit_once('/').expect("the path has a folder");
        Self::file(&format!("{folder}/.wh.{name}"), "")
    }

    /// Takes away what the layers below have in a folder.
    pub(crate) fn opaque(folder: &str) -> Self {
        Self::file(&format!("{folder}/.wh..wh..opq"), "")
    }

    fn append(&self, archive: &mut tar::Builder<Vec<u8>>) {
        let xattrs = self.xattrs.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        archive.append_pax_extensions(xattrs).expect("memory can be written");
        let mut header = tar::Header::new_ustar();
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.time);
        header.set_size(0);
        let mut content: &[u8] = &[];
        match &self.kind {
            Kind::File(bytes) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(bytes.len() as u64);
                content = bytes;
            }
            Kind::Folder => header.set_entry_type(tar::EntryType::Directory),
            Kind::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name(target).expect("the target is short");
            }
            Kind::HardLink(target) => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_link_name(target).expect("the target is short");
            }
            Kind::Device(major, minor) => {
                header.set_entry_type(tar::EntryType::Char);
                header.set_device_major(*major).expect("the header has devices");
                header.set_device_minor(*minor).expect("the header has devices");
            }
        }
        archive.append_data(&mut header, &self.path, content).expect("memory can be written");
    }
}

/// What layers are compressed with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

/// An image: its layers, the lowest first, and what its documents say.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) layers: Vec<Vec<Member>>,
    pub(crate) packing: Packing,
    pub(crate) architecture: &'static str,
    /// The part of the config that says how a container is run.
    pub(crate) config: Value,
    pub(crate) annotations: Value,
    /// What the config says that its layers are without their packing, if it is not what they are.
    pub(crate) diff_ids: Option<Vec<String>>,
}

impl Image {
    pub(crate) fn of(layers: Vec<Vec<Member>>) -> Self {
        let (config, annotations) = (json!({}), json!({}));
        Self { layers, packing: Packing::Gzip, architecture: "amd64", config, annotations, diff_ids: None }
    }

    /// Returns the member of a path, to be changed.
    pub(crate) fn member(&mut self, path: &str) -> &mut Member {
        let found = self.layers.iter_mut().flatten().find(|member| member.path == path);
        found.unwrap_or_else(|| panic!("no layer has `{path}`"))
    }

    /// Adds a member to the last layer.
    pub(crate) fn add(&mut self, member: Member) {
        self.layers.last_mut().expect("the image has a layer").push(member);
    }

    /// Leaves out the members at or below a path.
    pub(crate) fn leave_out(&mut self, path: &str) {
        let below = format!("{path}/");
        for layer in &mut self.layers {
            layer.retain(|member| member.path != path && !member.path.starts_with(&below));
        }
    }

    /// Writes the image as an OCI layout of its own.
    pub(crate) fn write(&self, folder: &Path) {
        let descriptor = self.write_parts(folder);
        write_index(folder, &[descriptor]);
    }

    /// Writes layers, config and manifest; returns the descriptor of the manifest.
    fn write_parts(&self, folder: &Path) -> Value {
        let mut diff_ids = Vec::new();
        let layers: Vec<Value> =
            self.layers.iter().map(|members| self.write_layer(folder, members, &mut diff_ids)).collect();
        let history: Vec<Value> =
            (1..=layers.len()).map(|number| json!({"created_by": format!("step {number}")})).collect();
        let config = json!({
            "architecture": self.architecture,
            "os": "linux",
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids.as_ref().unwrap_or(&diff_ids)},
            "history": history,
        });
        let config = write_document(folder, "application/vnd.oci.image.config.v1+json", &config);
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config,
            "layers": layers,
            "annotations": self.annotations,
        });
        let mut descriptor = write_document(folder, media_type, &manifest);
        descriptor["platform"] = json!({"os": "linux", "architecture": self.architecture});
        descriptor
    }

    fn write_layer(&self, folder: &Path, members: &[Member], diff_ids: &mut Vec<String>) -> Value {
        let mut archive = tar::Builder::new(Vec::new());
        members.iter().for_each(|member| member.append(&mut archive));
        let archive = archive.into_inner().expect("memory can be written");
        diff_ids.push(digest(&archive));
        let (packed, suffix) = match self.packing {
            Packing::None => (archive, ""),
            Packing::Gzip => (gzip(&archive, 0), "+gzip"),
            Packing::Zstd => (zstd::encode_all(&archive[..], 1).expect("memory can be written"), "+zstd"),
        };
        write_blob(folder, &format!("application/vnd.oci.image.layer.v1.tar{suffix}"), &packed)
    }
}

/// Writes images for several platforms as one OCI layout.
pub(crate) fn write_platforms(folder: &Path, images: &[&Image]) {
    let manifests: Vec<Value> = images.iter().map(|image| image.write_parts(folder)).collect();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
    let descriptor = write_document(folder, media_type, &index);
    write_index(folder, &[descriptor]);
}

/// Compresses bytes, with a time in the header.
pub(crate) fn gzip(bytes: &[u8], time: u32) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().mtime(time);
    let mut encoder = builder.write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn write_index(folder: &Path, manifests: &[Value]) {
    let index = json!({"schemaVersion": 2, "manifests": manifests});
    fs::write(folder.join("index.json"), index.to_string()).expect("the layout can be written");
    let version = json!({"imageLayoutVersion": "1.0.0"}).to_string();
    fs::write(folder.join("oci-layout"), version).expect("the layout can be written");
}

fn write_document(folder: &Path, media_type: &str, document: &Value) -> Value {
    write_blob(folder, media_type, document.to_string().as_bytes())
}

fn write_blob(folder: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = digest(bytes);
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("the layout can be written");
    fs::write(blobs.join(&digest["sha256:".len()..]), bytes).expect("the layout can be written");
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}

fn digest(bytes: &[u8]) -> String {
    let hexadecimal: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hexadecimal}")
}
