//! What a layer says about one path.

use serde::{Deserialize, Serialize};

use crate::image::digest::ContentDigest;
use crate::image::path::{TreePath, octets};

/// One member of a layer: a thing at a path, or the word that a path is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is.
    #[serde(rename = "p")]
    pub path: TreePath,
    /// What it is.
    #[serde(rename = "k")]
    pub kind: EntryKind,
    /// Who owns it, who may do what with it, when it was changed.
    #[serde(rename = "m")]
    pub metadata: Metadata,
}

/// What a member of a layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A regular file with its content.
    #[serde(rename = "f")]
    File(Content),
    /// Another name of a file of this layer or of one below.
    #[serde(rename = "h")]
    HardLink(TreePath),
    /// A symbolic link, with its target as it stands there.
    #[serde(rename = "l")]
    Symlink(#[serde(with = "octets")] Vec<u8>),
    /// A folder.
    #[serde(rename = "d")]
    Directory,
    /// A device or a named pipe.
    #[serde(rename = "s")]
    Special(Special),
    /// The path is gone from the layers below: `.wh.NAME` (image-spec 1.1, layer.md).
    #[serde(rename = "w")]
    Whiteout,
    /// What the layers below have in the folder is gone: `.wh..wh..opq`.
    #[serde(rename = "o")]
    Opaque,
}

/// What a regular file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its length in bytes, holes included.
    #[serde(rename = "n")]
    pub size: u64,
    /// Its digest.
    #[serde(rename = "c")]
    pub digest: ContentDigest,
}

/// What is neither file, folder nor link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Special {
    /// A character device, by its major and minor number.
    Character(u32, u32),
    /// A block device, by its major and minor number.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
}

/// What the file system knows about a path beside its content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The twelve bits of permissions, setuid, setgid and sticky among them.
    #[serde(rename = "m")]
    pub mode: u32,
    /// Number of the user who owns it.
    #[serde(rename = "u")]
    pub uid: u64,
    /// Number of the group that owns it.
    #[serde(rename = "g")]
    pub gid: u64,
    /// When its content was changed.
    #[serde(rename = "t")]
    pub mtime: ModificationTime,
    /// Extended attributes by name, `security.capability` and `security.selinux` among them.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub xattrs: Vec<Xattr>,
}

/// A moment, as PAX archives have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModificationTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "s")]
    pub seconds: i64,
    /// Nanoseconds on top.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub nanoseconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Xattr {
    /// Its name with its namespace.
    #[serde(rename = "n")]
    pub name: String,
    /// Its value.
    #[serde(rename = "v", with = "octets")]
    pub value: Vec<u8>,
}
