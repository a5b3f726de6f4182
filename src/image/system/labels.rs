//! Labels that say how an image is meant to boot, and what made it.

use std::collections::HashMap;

use serde::Serialize;

/// What the labels of an image say about how it boots and what made it; each as it stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BootLabels {
    /// `containers.bootc`: `1` where `bootc` can install the image.
    #[serde(rename = "containers.bootc", skip_serializing_if = "Option::is_none")]
    pub bootc: Option<String>,
    /// `ostree.bootable`: that of images before `bootc`.
    #[serde(rename = "ostree.bootable", skip_serializing_if = "Option::is_none")]
    pub ostree_bootable: Option<String>,
    /// `ostree.commit`: the commit whose files the image has; wrong as soon as something is built on it.
    #[serde(rename = "ostree.commit", skip_serializing_if = "Option::is_none")]
    pub ostree_commit: Option<String>,
    /// `ostree.final-diffid`: the last layer of that commit.
    #[serde(rename = "ostree.final-diffid", skip_serializing_if = "Option::is_none")]
    pub ostree_final_diff_id: Option<String>,
    /// `ostree.linux`: the version of the kernel.
    #[serde(rename = "ostree.linux", skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// `rpmostree.inputhash`: what the commit was composed of.
    #[serde(rename = "rpmostree.inputhash", skip_serializing_if = "Option::is_none")]
    pub rpm_ostree_input: Option<String>,
    /// `io.buildah.version`: the builder.
    #[serde(rename = "io.buildah.version", skip_serializing_if = "Option::is_none")]
    pub buildah: Option<String>,
}

impl BootLabels {
    /// Picks the labels out of those of an image's config.
    pub fn among(labels: &HashMap<String, String>) -> Self {
        let label = |name: &str| labels.get(name).cloned();
        Self {
            bootc: label("containers.bootc"),
            ostree_bootable: label("ostree.bootable"),
            ostree_commit: label("ostree.commit"),
            ostree_final_diff_id: label("ostree.final-diffid"),
            kernel: label("ostree.linux"),
            rpm_ostree_input: label("rpmostree.inputhash"),
            buildah: label("io.buildah.version"),
        }
    }

    /// Returns whether the image says that a machine can boot it.
    pub fn is_bootable(&self) -> bool {
        let is_set = |label: &Option<String>| matches!(label.as_deref(), Some("1" | "true"));
        is_set(&self.bootc) || is_set(&self.ostree_bootable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_written_by_their_names() {
        let labels = [("containers.bootc", "1"), ("ostree.linux", "6.12.0"), ("version", "42")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let labels = BootLabels::among(&labels);
        assert!(labels.is_bootable());
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(json, r#"{"containers.bootc":"1","ostree.linux":"6.12.0"}"#);
        assert!(!BootLabels::default().is_bootable());
    }
}
