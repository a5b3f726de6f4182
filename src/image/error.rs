//! What can go wrong with an image.

use std::io;
use std::path::PathBuf;

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is no image layout at the place.
    #[error("there is no OCI layout at `{}`", path.display())]
    NoLayout {
        /// The place.
        path: PathBuf,
    },
    /// A layout has no image of that name.
    #[error("the OCI layout at `{}` has no image `{name}`, but {}", path.display(), list(names))]
    NoSuchImage {
        /// The layout.
        path: PathBuf,
        /// The name that was looked for.
        name: String,
        /// The names that are there.
        names: Vec<String>,
    },
    /// A layout has several images, and the reference does not say which.
    #[error("the OCI layout at `{}` has {}: say which, as `oci:FOLDER:NAME`", path.display(), list(names))]
    Ambiguous {
        /// The layout.
        path: PathBuf,
        /// The names that are there.
        names: Vec<String>,
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
    /// Images of this kind are not read.
    #[error(
        "images of the kind `{transport}:` are not read yet; write it into an OCI layout to have it recorded"
    )]
    NotRead {
        /// The word before the first colon.
        transport: String,
    },
}

impl ImageError {
    /// Returns whether nothing is wrong with the image but that it cannot be looked at here.
    pub fn is_not_read(&self) -> bool {
        matches!(self, Self::NotRead { .. })
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "no named one".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
