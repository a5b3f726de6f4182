//! Names inside of an image: bytes, as the kernel has them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path in an image: relative to its root, cleaned, and not necessarily UTF-8. The root itself is empty.
///
/// Paths are ordered by their bytes, and shown with `\xNN` for what is no text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreePath(Box<[u8]>);

/// What was unusual about a name in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// It began with a slash.
    Absolute,
    /// It had `..` in it, and stayed inside of the image.
    Parent,
}

/// The name leads out of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escapes;

impl TreePath {
    /// Cleans a name as it stands in an archive: `./a//b/` is `a/b`.
    ///
    /// # Errors
    /// When `..` leads out of the image.
    pub(super) fn clean(name: &[u8]) -> Result<(Self, Option<Oddity>), Escapes> {
        let mut oddity = name.starts_with(b"/").then_some(Oddity::Absolute);
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in name.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    oddity = Some(Oddity::Parent);
                    parts.pop().ok_or(Escapes)?;
                }
                part => parts.push(part),
            }
        }
        Ok((Self(parts.join(&b'/').into()), oddity))
    }

    /// Takes a path that is known to be clean.
    pub fn new(path: &str) -> Self {
        Self(path.as_bytes().into())
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns it as text, if it is text.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the folder that it is in; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0[..end].into()))
    }

    /// Returns its last part.
    pub fn file_name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        &self.0[start..]
    }

    /// Returns the path of what lies in it under that name.
    pub fn join(&self, name: &[u8]) -> Self {
        if self.is_root() {
            Self(name.into())
        } else {
            Self([&self.0, b"/".as_slice(), name].concat().into())
        }
    }

    /// Returns whether it lies below a folder, at any depth.
    pub fn is_below(&self, folder: &Self) -> bool {
        if folder.is_root() {
            return !self.is_root();
        }
        self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.starts_with(b"/"))
    }
}

/// Shows bytes as text; whatever is no text, or would not be seen, as `\xNN`.
pub(super) fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                character if is_unseen(character) => text.extend(character.escape_default()),
                character => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Returns whether nobody sees a character, or it has others be seen in another order.
fn is_unseen(character: char) -> bool {
    let is_mark = matches!(
        character,
        '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    character.is_control() || is_mark
}

/// Shows a text that comes out of an image: nothing of it moves the cursor, colours the terminal or turns the
/// direction of what stands behind it.
pub fn visible(text: &str) -> String {
    let is_quiet = |character: char| character == '\t' || !is_unseen(character);
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_quiet(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    shown
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&shown(&self.0))
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        octets::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        octets::deserialize(deserializer).map(|bytes| Self(bytes.into()))
    }
}

/// Bytes in JSON: text as it is where it is text, else a list of numbers.
pub(super) mod octets {
    use std::fmt;

    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(in crate::image) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(bytes),
        }
    }

    pub(in crate::image) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_any(Octets)
    }

    struct Octets;

    impl<'de> Visitor<'de> for Octets {
        type Value = Vec<u8>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a text or a list of bytes")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            Ok(text.as_bytes().to_vec())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = numbers.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<(&str, Option<Oddity>), Escapes>) {
        let expected = expected.map(|(path, oddity)| (TreePath::new(path), oddity));
        assert_eq!(TreePath::clean(name.as_bytes()), expected);
    }

    #[test]
    fn names_are_cleaned() {
        check("./usr/bin/", Ok(("usr/bin", None)));
        check("a//b/./c", Ok(("a/b/c", None)));
        check("./", Ok(("", None)));
        check("/etc/passwd", Ok(("etc/passwd", Some(Oddity::Absolute))));
        check("a/../b", Ok(("b", Some(Oddity::Parent))));
        check("../a", Err(Escapes));
        check("a/../../b", Err(Escapes));
    }

    #[test]
    fn parts_of_a_path() {
        let path = TreePath::new("usr/bin/sh");
        assert_eq!(path.parent(), Some(TreePath::new("usr/bin")));
        assert_eq!(path.file_name(), b"sh");
        assert_eq!(TreePath::new("usr").parent(), Some(TreePath::default()));
        assert_eq!(TreePath::default().parent(), None);
        assert!(path.is_below(&TreePath::new("usr")) && path.is_below(&TreePath::default()));
        assert!(!TreePath::new("usrx/a").is_below(&TreePath::new("usr")));
        assert_eq!(TreePath::default().join(b"usr").join(b"bin"), TreePath::new("usr/bin"));
    }

    #[test]
    fn what_turns_the_direction_of_a_text_is_shown() {
        assert_eq!(shown("a\u{202e}b\u{2066}é".as_bytes()), r"a\u{202e}b\u{2066}é");
        assert_eq!(visible("a\u{202e}\tb\u{200f}"), "a\\u{202e}\tb\\u{200f}");
    }

    #[test]
    fn what_is_no_text_is_shown_and_kept() {
        let (path, _) = TreePath::clean(b"a\xff\nb\\").unwrap();
        assert_eq!(path.to_string(), r"a\xff\nb\\");
        let json = serde_json::to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<TreePath>(&json).unwrap(), path);
    }
}
