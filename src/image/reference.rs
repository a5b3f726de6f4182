//! Where an image is, as container tools write it.

use std::fmt;
use std::path::PathBuf;

/// Where an image is: `TRANSPORT:DETAILS`, as containers-transports(5) has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageReference {
    /// `oci:FOLDER[:NAME]`: an OCI layout in a folder.
    Layout {
        /// The folder.
        folder: PathBuf,
        /// The annotation `org.opencontainers.image.ref.name`; none where the layout has one image only.
        name: Option<String>,
    },
    /// Any other: `docker://`, `containers-storage:`, an archive, or no transport at all.
    Other {
        /// The word before the first colon; `docker` where there is none, as for `podman pull`.
        transport: String,
        /// What stands behind it.
        details: String,
    },
}

impl ImageReference {
    /// Reads a reference. Any text is one.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("oci", details)) => {
                // Like containers/image: the first colon ends the folder.
                let (folder, name) = match details.split_once(':') {
                    Some((folder, name)) => (folder, Some(name.to_owned())),
                    None => (details, None),
                };
                Self::Layout { folder: folder.into(), name }
            }
            Some((transport, details)) if TRANSPORTS.contains(&transport) => {
                Self::Other { transport: transport.to_owned(), details: details.to_owned() }
            }
            _ => Self::Other { transport: "docker".to_owned(), details: format!("//{text}") },
        }
    }
}

/// Transports of containers-transports(5) other than `oci`.
const TRANSPORTS: [&str; 6] =
    ["containers-storage", "dir", "docker", "docker-archive", "docker-daemon", "oci-archive"];

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout { folder, name: None } => write!(formatter, "oci:{}", folder.display()),
            Self::Layout { folder, name: Some(name) } => {
                write!(formatter, "oci:{}:{name}", folder.display())
            }
            Self::Other { transport, details } => write!(formatter, "{transport}:{details}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &ImageReference) {
        assert_eq!(&ImageReference::parse(text), expected);
    }

    fn other(transport: &str, details: &str) -> ImageReference {
        ImageReference::Other { transport: transport.to_owned(), details: details.to_owned() }
    }

    fn layout(folder: &str, name: Option<&str>) -> ImageReference {
        ImageReference::Layout { folder: folder.into(), name: name.map(str::to_owned) }
    }

    #[test]
    fn layouts_have_a_folder_and_perhaps_a_name() {
        check("oci:image", &layout("image", None));
        check("oci:image:1", &layout("image", Some("1")));
        check("oci:/a/b:localhost/x:1", &layout("/a/b", Some("localhost/x:1")));
    }

    #[test]
    fn other_transports_are_known_by_their_word() {
        check("docker://quay.io/a/b:1", &other("docker", "//quay.io/a/b:1"));
        check("containers-storage:localhost/a:1", &other("containers-storage", "localhost/a:1"));
        check("oci-archive:a.tar:x", &other("oci-archive", "a.tar:x"));
    }

    #[test]
    fn name_without_a_transport_is_one_of_a_registry() {
        check("localhost:5000/a/b:1", &other("docker", "//localhost:5000/a/b:1"));
        check("quay.io/a/b", &other("docker", "//quay.io/a/b"));
    }
}
