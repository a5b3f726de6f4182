//! os-release(5): assignments that a shell could read, and that no shell is needed for.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a system says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OsRelease {
    fields: BTreeMap<String, String>,
}

impl OsRelease {
    /// Reads the file. Lines that are no assignments are passed over, as the manual says; of two
    /// with one name the later counts.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        Self { fields: text.lines().filter_map(assignment).collect() }
    }

    /// Returns the value of a field, such as `VERSION_ID`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Returns all fields, sorted by their names.
    pub fn fields(&self) -> &BTreeMap<String, String> {
        &self.fields
    }

    /// Returns the name of the system as it is shown to people.
    pub fn pretty_name(&self) -> &str {
        // `Linux` is what the manual has for systems that do not say.
        self.get("PRETTY_NAME").or_else(|| self.get("NAME")).unwrap_or("Linux")
    }
}

fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim().split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| Some((name.to_owned(), unquoted(value)?))).flatten()
}

/// Takes the quotes off a value; none is returned where one is not closed, or where more follows.
fn unquoted(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = value.chars();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            (Some('\''), letter) => text.push(letter),
            (_, '\\') => text.push_str(&escaped(letters.next()?, quote.is_some())),
            // A comment, or a word that a shell would run.
            (None, letter) if letter.is_whitespace() => {
                return letters.as_str().trim_start().starts_with('#').then_some(text);
            }
            (_, letter) => text.push(letter),
        }
    }
    quote.is_none().then_some(text)
}

/// Within quotes a backslash is one, unless it stands before a letter that a shell reads otherwise.
fn escaped(letter: char, is_quoted: bool) -> String {
    if is_quoted && !matches!(letter, '"' | '\\' | '$' | '`') {
        format!("\\{letter}")
    } else {
        letter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_off() {
        let release = OsRelease::parse(
            b"NAME=\"Fedora Linux\"\nVERSION_ID=42\n# NAME=no\n\nID='fedora'\nA=\"a \\\"b\\\" \\$c \\\\ \\n\"\nB='\\n'\nC=a\\ b\n",
        );
        assert_eq!(release.get("NAME"), Some("Fedora Linux"));
        assert_eq!(release.get("VERSION_ID"), Some("42"));
        assert_eq!(release.get("ID"), Some("fedora"));
        assert_eq!(release.get("A"), Some("a \"b\" $c \\ \\n"));
        assert_eq!((release.get("B"), release.get("C")), (Some("\\n"), Some("a b")));
        assert_eq!(release.pretty_name(), "Fedora Linux");
        assert_eq!(release.fields().len(), 6);
    }

    #[test]
    fn what_is_no_assignment_is_passed_over() {
        let release =
            OsRelease::parse(b"A=\"open\nB=a b\n9=a\n=b\nno\nC= # empty\nD=1\r\nD=2\nE=\"x\"y\n\xff=1\n");
        let fields: Vec<_> = release.fields().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(fields, ["C=", "D=2", "E=xy"]);
        assert_eq!(OsRelease::default().pretty_name(), "Linux");
    }
}
