//! What a system in an image is: its name, its kernels, what it starts, how it is meant to boot.
//!
//! Takes small pieces that were found in a flattened tree and in an image's config: the bytes of
//! `os-release`, paths, a link's target, labels. Gives [`System`], which is written as it is into JSON.
//! Pure: nothing is opened here.

mod init;
mod kernels;
mod labels;
mod os_release;

use serde::Serialize;

pub use init::Init;
pub use kernels::{Kernel, Kernels};
pub use labels::BootLabels;
pub use os_release::OsRelease;

/// What a system in an image is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct System {
    /// What it says of itself in `usr/lib/os-release` or `etc/os-release`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_release: Option<OsRelease>,
    /// Its kernels.
    pub kernels: Kernels,
    /// What it starts first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// What its labels say about how it boots.
    pub labels: BootLabels,
}
