//! What lies at a path that was given without a word for it.

use std::path::Path;

/// A form in which an image lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::image) enum Found {
    /// A folder with an OCI layout.
    Layout,
    /// A folder as `dir:` has it.
    Directory,
    /// A file, which may be an archive.
    File,
}

/// Looks what lies at a path; none if nothing is there that could be an image.
pub(in crate::image) fn look(path: &Path) -> Option<Found> {
    if path.is_file() {
        Some(Found::File)
    } else if path.join("index.json").is_file() || path.join("oci-layout").is_file() {
        Some(Found::Layout)
    } else if path.join("manifest.json").is_file() {
        Some(Found::Directory)
    } else {
        None
    }
}
