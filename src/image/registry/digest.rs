//! Bytes and the digests that they are held to.

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::diagnostic::hexadecimal;

/// Takes bytes, and knows their digest at the end.
#[derive(Debug)]
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// Returns one for the algorithm of a digest; `None` for one that is not known here.
    pub(super) fn for_digest(digest: &Digest) -> Option<Self> {
        match digest.algorithm() {
            DigestAlgorithm::Sha256 => Some(Self::Sha256(Sha256::new())),
            DigestAlgorithm::Sha384 => Some(Self::Sha384(Sha384::new())),
            DigestAlgorithm::Sha512 => Some(Self::Sha512(Sha512::new())),
            _ => None,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Returns the digest as it is written.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => format!("sha256:{}", hexadecimal(&hasher.finalize())),
            Self::Sha384(hasher) => format!("sha384:{}", hexadecimal(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hexadecimal(&hasher.finalize())),
        }
    }
}

/// Returns the SHA-256 of bytes.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let written = format!("sha256:{}", hexadecimal(&Sha256::digest(bytes)));
    Digest::try_from(written).expect("64 hexadecimal digits are a digest")
}
