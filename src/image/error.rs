//! What can go wrong with an image.

use std::io;
use std::path::PathBuf;

use super::registry::{CredentialsError, ReferenceError, RegistryError};

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is no image layout at the place.
    #[error("there is no OCI layout at `{}`", path.display())]
    NoLayout {
        /// The place.
        path: PathBuf,
    },
    /// A file is no archive of an image.
    #[error("`{}` is no archive of an image: it has neither `index.json` nor `manifest.json`", path.display())]
    NoArchive {
        /// The file.
        path: PathBuf,
    },
    /// A layout or archive has no image at all.
    #[error("`{}` has no image in it", path.display())]
    Empty {
        /// The layout or archive.
        path: PathBuf,
    },
    /// A layout has no image of that name.
    #[error("`{}` has no image `{name}`, {}", path.display(), others(names))]
    NoSuchImage {
        /// The layout or archive.
        path: PathBuf,
        /// The name that was looked for.
        name: String,
        /// The names that are there.
        names: Vec<String>,
    },
    /// A layout has several images, and the reference does not say which.
    #[error("`{}` has {}: say which, behind a colon", path.display(), list(names))]
    Ambiguous {
        /// The layout or archive.
        path: PathBuf,
        /// The names that are there.
        names: Vec<String>,
    },
    /// An image is for platforms, and not for the one that is meant.
    #[error("`{image}` is not for {wanted}, but for {}", list(platforms))]
    NoPlatform {
        /// The image.
        image: String,
        /// The platform that is meant.
        wanted: String,
        /// Those that are there.
        platforms: Vec<String>,
    },
    /// A file of the image is not there or cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A file is not what the specification says.
    #[error("`{}` is not what the OCI image specification says", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: oci_spec::OciSpecError,
    },
    /// A manifest is of the kind from before 2016.
    #[error("`{}` is a manifest of Docker's schema 1, which has no digests of configs; push the image again with a newer tool", path.display())]
    Schema1 {
        /// The manifest.
        path: PathBuf,
    },
    /// A manifest is not of an image.
    #[error("`{}` is the manifest of something else than an image: `{what}`", path.display())]
    NoImage {
        /// The manifest.
        path: PathBuf,
        /// The type of the artifact.
        what: String,
    },
    /// A blob is not the one that its name promises.
    #[error("`{}` has {found}, and its image says {promised}", path.display())]
    Broken {
        /// The blob.
        path: PathBuf,
        /// What the blob is.
        found: String,
        /// What its descriptor says.
        promised: String,
    },
    /// A layer is not there, and the image says where it is: a foreign layer, whose owner lets nobody hand it on.
    #[error("layer {number} is not part of the image, but lies at `{url}`")]
    Foreign {
        /// Which one, counted from 1.
        number: usize,
        /// Where it is.
        url: String,
    },
    /// A layer is the blob that it promises to be, and cannot be read as a layer.
    #[error("layer {number} cannot be read (`{}`)", path.display())]
    Layer {
        /// Which one, counted from 1.
        number: usize,
        /// Its blob.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// An image does not hold together.
    #[error("`{image}` does not hold together: {said}")]
    Incoherent {
        /// The image.
        image: String,
        /// What does not fit.
        said: String,
    },
    /// The name of an image in a registry is none.
    #[error("`{name}` is no name of an image")]
    Name {
        /// What was given.
        name: String,
        /// What is wrong with it.
        #[source]
        source: ReferenceError,
    },
    /// A file with logins is not what it should be.
    #[error(transparent)]
    Logins(#[from] CredentialsError),
    /// A registry did not give what it was asked for.
    #[error(transparent)]
    Registry(#[from] Box<RegistryError>),
    /// skopeo is not there.
    #[error("`{image}` is read through skopeo, which is not on PATH: install skopeo")]
    NoSkopeo {
        /// The image.
        image: String,
    },
    /// skopeo could not hand out an image.
    #[error("skopeo cannot read `{image}`: {said}")]
    Skopeo {
        /// The image.
        image: String,
        /// What skopeo said.
        said: String,
    },
    /// A path that was given without a transport is no image.
    #[error("there is no image at `{}`: neither an OCI layout nor an archive", path.display())]
    Nothing {
        /// The path.
        path: PathBuf,
    },
    /// Images of this kind are not read.
    #[error("images of the kind `{transport}:` are not read")]
    NotRead {
        /// The word before the first colon.
        transport: String,
    },
}

/// What skopeo says when the storage has no such image.
const MISSING: [&str; 3] = ["does not resolve to an image ID", "image not known", "no such image"];

impl ImageError {
    /// Returns whether nothing is wrong with the image but that it cannot be looked at here.
    pub fn is_not_read(&self) -> bool {
        match self {
            Self::NotRead { .. } | Self::NoSkopeo { .. } | Self::Logins(_) => true,
            Self::Registry(error) => !error.is_missing(),
            Self::Skopeo { said, .. } => !MISSING.iter().any(|missing| said.contains(missing)),
            _ => false,
        }
    }
}

impl ImageError {
    /// Returns what to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Nothing { .. } => Some(
                "name a folder or an archive that is there, an image of a registry with its host \
                 (`docker.io/library/debian:12`), or `containers-storage:NAME`"
                    .to_owned(),
            ),
            Self::Logins(error) => Some(error.help()),
            Self::Name { source, .. } => Some(source.help().to_owned()),
            Self::NoSkopeo { .. } => Some(
                "install skopeo, or copy the image into an OCI layout: `podman save --format oci-dir`"
                    .to_owned(),
            ),
            Self::Layer { source, .. } | Self::Read { source, .. }
                if source.kind() == io::ErrorKind::FileTooLarge =>
            {
                Some("an image that you trust may be larger: `--max-unpacked 200GiB`".to_owned())
            }
            Self::Broken { .. } => {
                Some("fetch or build the image again: it was cut or changed on its way".to_owned())
            }
            _ => None,
        }
    }
}

/// Says which images there are instead of the one that was looked for.
fn others(names: &[String]) -> String {
    match names {
        [] => "and what it has is without a name".to_owned(),
        names => format!("but {}", list(names)),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "no named one".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_names_are_no_names() {
        let error = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            ImageError::NoSuchImage { path: "a".into(), name: "b".to_owned(), names }.to_string()
        };
        assert_eq!(error(&["c", "d"]), "`a` has no image `b`, but `c`, `d`");
        assert_eq!(error(&[]), "`a` has no image `b`, and what it has is without a name");
    }
}
