//! Whether a name says by a digest which image it means.

/// How a name of an image or of a bundle says which one it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin<'a> {
    /// By no digest: it may be another one tomorrow.
    None,
    /// By this digest, as `sha256:…`.
    Digest(&'a str),
    /// By what stands where a digest would, and is none.
    Broken(&'a str),
}

/// Algorithms that registries know, with how many digits their digests have.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

impl<'a> Pin<'a> {
    /// Reads what stands behind the `@` of a name.
    pub fn of(name: &'a str) -> Self {
        match name.rsplit_once('@') {
            None => Self::None,
            Some((_, digest)) if is_digest(digest) => Self::Digest(digest),
            Some((_, digest)) => Self::Broken(digest),
        }
    }

    /// Returns what is wrong with a name that pins nothing, as it follows the name: `has no digest`.
    pub fn problem(self) -> Option<String> {
        match self {
            Self::Digest(_) => None,
            Self::None => Some("has no digest".to_owned()),
            Self::Broken(digest) => Some(format!("ends with `{digest}`, which is no digest")),
        }
    }
}

/// Returns whether a text is a digest: an algorithm and as many small hexadecimal digits as it gives.
pub fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        ALGORITHMS.contains(&(algorithm, digits.len()))
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_all_their_digits() {
        for (algorithm, digits) in ALGORITHMS {
            let digest = format!("{algorithm}:{}", "0a".repeat(digits / 2));
            assert_eq!(Pin::of(&format!("quay.io/a/b:1@{digest}")), Pin::Digest(&digest));
            assert_eq!(Pin::of(&format!("a@{digest}0")).problem().map(|_| ()), Some(()));
        }
        let upper = format!("sha256:{}", "0A".repeat(32));
        for broken in ["sha256:0", "sha256:", "sha256", "", "md5:00", upper.as_str()] {
            assert_eq!(Pin::of(&format!("a@{broken}")), Pin::Broken(broken));
        }
        assert_eq!(Pin::of("quay.io/a/b:1"), Pin::None);
    }
}
