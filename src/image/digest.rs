//! SHA-256 digests, as OCI writes them.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use oci_spec::image::{Digest, DigestAlgorithm};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::diagnostic::hexadecimal;

/// What a content is known by: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// Returns the digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the digest of what was put into a hasher.
    pub(super) fn finish(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// Returns its 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hexadecimal(&self.0)
    }
}

/// The text is no SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not `sha256:` and 64 hexadecimal digits")]
pub struct NoDigest;

impl FromStr for ContentDigest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(NoDigest)?.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(NoDigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, NoDigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NoDigest),
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Returns the SHA-256 of bytes, as a descriptor has it.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    ContentDigest::of(bytes).to_string().parse().expect("64 hexadecimal digits are a digest")
}

/// Hashes with the algorithm of a digest: those that the image specification registers.
#[derive(Debug)]
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// Makes the one that the text of a digest asks for.
    pub(super) fn like(digest: &str) -> Self {
        match digest.split_once(':') {
            Some(("sha384", _)) => Self::Sha384(Sha384::new()),
            Some(("sha512", _)) => Self::Sha512(Sha512::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }

    /// Makes the one for the algorithm of a digest; none for an algorithm that is not known here.
    pub(super) fn for_digest(digest: &Digest) -> Option<Self> {
        match digest.algorithm() {
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => {
                Some(Self::like(digest.as_ref()))
            }
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

    /// Returns the digest, as its text.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => format!("sha256:{}", hexadecimal(&hasher.finalize())),
            Self::Sha384(hasher) => format!("sha384:{}", hexadecimal(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hexadecimal(&hasher.finalize())),
        }
    }
}

/// Reads, and notes the digest and the number of what was read.
pub(super) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
    length: u64,
}

impl<R: Read> Hashing<R> {
    /// Hashes what is read from `inner` with the algorithm of a digest.
    pub(super) fn like(digest: &str, inner: R) -> Self {
        Self { inner, hasher: Hasher::like(digest), length: 0 }
    }

    /// Returns the digest and the number of the bytes that were read.
    pub(super) fn finish(self) -> (String, u64) {
        (self.hasher.finish(), self.length)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.length += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_is_its_own() {
        for (algorithm, digits) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
            let digest: Digest = format!("{algorithm}:{}", "0".repeat(digits)).parse().unwrap();
            let finished = Hasher::for_digest(&digest).unwrap().finish();
            assert_eq!((finished.split_once(':').unwrap().0, finished.len()), (algorithm, digits + 7));
            assert_eq!(Hasher::like(digest.as_ref()).finish(), finished);
        }
        let unknown: Digest = "blake3:00".parse().unwrap();
        assert!(Hasher::for_digest(&unknown).is_none());
    }

    #[test]
    fn digests_are_written_and_read() {
        let digest = ContentDigest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        for wrong in ["", "sha256:", "sha256:0", &text[..70], &text.to_uppercase(), "sha512:00"] {
            assert_eq!(wrong.parse::<ContentDigest>(), Err(NoDigest), "{wrong}");
        }
    }
}
