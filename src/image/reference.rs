//! Where an image is, as container tools write it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::store::{Found, look};

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
    /// `oci-archive:FILE[:NAME]` or `docker-archive:FILE[:NAME]`: what is in the file tells which it is.
    Archive {
        /// The file.
        file: PathBuf,
        /// Name or tag of the image; none where the archive has one image only.
        name: Option<String>,
    },
    /// `dir:FOLDER`: a manifest and its blobs in a folder.
    Directory {
        /// The folder.
        folder: PathBuf,
    },
    /// `docker://NAME`, or a name without a transport: an image of a registry.
    Registry {
        /// The name: `HOST/REPOSITORY`, with a tag or a digest.
        name: String,
    },
    /// `containers-storage:NAME`: where podman and buildah keep images.
    Storage {
        /// The name, perhaps with the storage in brackets before it.
        name: String,
    },
    /// Any other.
    Other {
        /// The word before the first colon.
        transport: String,
        /// What stands behind it.
        details: String,
    },
}

impl ImageReference {
    /// Reads a reference. Any text is one.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((transport, details)) if TRANSPORTS.contains(&transport) => Self::of(transport, details),
            _ => Self::Registry { name: text.to_owned() },
        }
    }

    /// Reads what someone typed: a reference, or the path of an image that lies there; relative ones are
    /// below `folder`.
    pub fn typed(text: &str, folder: &Path) -> Self {
        let parsed = Self::parse(text);
        if !matches!(parsed, Self::Registry { .. }) {
            return parsed;
        }
        // The path of a layout that has several images may be followed by the name of one.
        let named = text.split_once(':').map(|(path, name)| (path, Some(name.to_owned())));
        let candidates = [Some((text, None)), named];
        let mut found = candidates.into_iter().flatten().filter_map(|(path, name)| {
            Some(match look(&folder.join(path))? {
                Found::Layout => Self::Layout { folder: path.into(), name },
                Found::File => Self::Archive { file: path.into(), name },
                Found::Directory => Self::Directory { folder: path.into() },
            })
        });
        found.next().unwrap_or(parsed)
    }

    /// Returns whether the text was meant as a path: nobody names a repository like that.
    pub fn is_path(text: &str) -> bool {
        ["/", "./", "../"].iter().any(|start| text.starts_with(start)) || text == "." || text == ".."
    }

    fn of(transport: &str, details: &str) -> Self {
        // Like containers/image: the first colon ends the path.
        let (path, name) = match details.split_once(':') {
            Some((path, name)) => (PathBuf::from(path), Some(name.to_owned())),
            None => (PathBuf::from(details), None),
        };
        match transport {
            "oci" => Self::Layout { folder: path, name },
            "oci-archive" | "docker-archive" => Self::Archive { file: path, name },
            "dir" => Self::Directory { folder: details.into() },
            "docker" => Self::Registry { name: details.trim_start_matches('/').to_owned() },
            "containers-storage" => Self::Storage { name: details.to_owned() },
            other => Self::Other { transport: other.to_owned(), details: details.to_owned() },
        }
    }
}

/// Transports of containers-transports(5).
const TRANSPORTS: [&str; 7] =
    ["oci", "containers-storage", "dir", "docker", "docker-archive", "docker-daemon", "oci-archive"];

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = |transport: &str, path: &Path, name: &Option<String>| {
            write!(formatter, "{transport}{}", path.display())?;
            name.as_ref().map_or(Ok(()), |name| write!(formatter, ":{name}"))
        };
        match self {
            Self::Layout { folder, name } => place("oci:", folder, name),
            Self::Archive { file, name } => place("", file, name),
            Self::Directory { folder } => place("dir:", folder, &None),
            Self::Registry { name } => write!(formatter, "docker://{name}"),
            Self::Storage { name } => write!(formatter, "containers-storage:{name}"),
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

    fn layout(folder: &str, name: Option<&str>) -> ImageReference {
        ImageReference::Layout { folder: folder.into(), name: name.map(str::to_owned) }
    }

    fn archive(file: &str, name: Option<&str>) -> ImageReference {
        ImageReference::Archive { file: file.into(), name: name.map(str::to_owned) }
    }

    #[test]
    fn paths_end_at_the_first_colon() {
        check("oci:image", &layout("image", None));
        check("oci:image:1", &layout("image", Some("1")));
        check("oci:/a/b:localhost/x:1", &layout("/a/b", Some("localhost/x:1")));
        check("oci-archive:a.tar:x", &archive("a.tar", Some("x")));
        check("docker-archive:a.tar", &archive("a.tar", None));
    }

    #[test]
    fn other_transports_are_known_by_their_word() {
        let name = |name: &str| name.to_owned();
        check("docker://quay.io/a/b:1", &ImageReference::Registry { name: name("quay.io/a/b:1") });
        check("containers-storage:localhost/a:1", &ImageReference::Storage { name: name("localhost/a:1") });
        check(
            "docker-daemon:a:1",
            &ImageReference::Other { transport: name("docker-daemon"), details: name("a:1") },
        );
    }

    #[test]
    fn name_without_a_transport_is_one_of_a_registry() {
        for text in ["localhost:5000/a/b:1", "quay.io/a/b"] {
            check(text, &ImageReference::Registry { name: text.to_owned() });
        }
    }

    #[test]
    fn what_lies_at_a_typed_path_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("lay")).unwrap();
        std::fs::write(at("lay/index.json"), "{}").unwrap();
        std::fs::create_dir(at("dir")).unwrap();
        std::fs::write(at("dir/manifest.json"), "{}").unwrap();
        std::fs::write(at("a.tar"), "").unwrap();
        let typed = |text| ImageReference::typed(text, folder.path());
        assert_eq!(typed("lay"), layout("lay", None));
        assert_eq!(typed("./lay:1"), layout("./lay", Some("1")));
        assert_eq!(typed("a.tar"), archive("a.tar", None));
        assert_eq!(typed("dir"), ImageReference::Directory { folder: "dir".into() });
        assert_eq!(typed("oci:lay"), layout("lay", None));
        assert_eq!(typed("quay.io/a:1"), ImageReference::Registry { name: "quay.io/a:1".to_owned() });
        assert!(ImageReference::is_path("./lay") && !ImageReference::is_path("quay.io/a"));
    }
}
