//! Folders that differ from run to run are taken out of output as it streams by.
//!
//! A path counts only as whole components: `/tmp/run` is not found in `/tmp/run2`, but is in
//! `/tmp/run/file` and `/tmp/run:`. Everything else, bytes that are no text too, stays as it is.
//!
//! A `sh` runs a step's text from a file and names it in messages. There the file is taken out: a
//! dash says `sh: 1: FILE: x: not found`, a bash that is called sh says `FILE: line 1: x: not found`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::rc::Rc;

/// Folders, and what stands in their place.
#[derive(Debug, Default)]
pub(super) struct Paths {
    folders: Vec<(Vec<u8>, String)>,
    /// The folder below which the texts of steps lie.
    texts: Option<Vec<u8>>,
}

/// What the text at a position has to do with a folder.
enum Found {
    /// The folder, whole.
    Whole,
    /// All there is so far is its beginning, or it may go on.
    Beginning,
    /// Nothing.
    No,
}

impl Paths {
    /// Takes folders, none of which is inside another, and the name that each gets in angle brackets.
    pub(super) fn new<'a>(folders: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Self {
        let folders = folders.into_iter();
        Self {
            folders: folders
                .map(|(path, name)| (path.as_os_str().as_bytes().to_vec(), format!("<{name}>")))
                .collect(),
            texts: None,
        }
    }

    /// Takes out the names of texts below a folder too.
    pub(super) fn with_texts_below(self, folder: &Path) -> Self {
        Self { texts: Some(folder.as_os_str().as_bytes().to_vec()), ..self }
    }
}

/// Takes the folders out of one stream.
#[derive(Debug)]
pub(super) struct PathHider {
    paths: Rc<Paths>,
    /// The end of what came, which may be the beginning of a folder.
    held: Vec<u8>,
}

impl PathHider {
    /// Returns a hider at the beginning of a stream.
    pub(super) fn new(paths: &Rc<Paths>) -> Self {
        Self { paths: Rc::clone(paths), held: Vec::new() }
    }

    /// Takes the next bytes, returns what may be shown by now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend(bytes);
        self.hide(false)
    }

    /// Returns what was held back, at the end of the stream.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.hide(true)
    }

    fn hide(&mut self, at_end: bool) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.held);
        let mut shown = Vec::with_capacity(text.len());
        let mut position = 0;
        while let Some(slash) = text[position..].iter().position(|byte| *byte == b'/') {
            shown.extend(&text[position..position + slash]);
            position += slash;
            match self.find(&text[position..], at_end) {
                Some((length, name)) => {
                    shown.extend(name.as_bytes());
                    position += length;
                }
                None if !at_end && self.may_begin(&text[position..]) => {
                    self.held = text.split_off(position);
                    return shown;
                }
                None => {
                    shown.push(b'/');
                    position += 1;
                }
            }
        }
        shown.extend(&text[position..]);
        shown
    }

    fn find(&self, text: &[u8], at_end: bool) -> Option<(usize, &str)> {
        if let Some(Ok(found)) = self.paths.texts.as_ref().map(|folder| text_file(folder, text)) {
            return Some(found);
        }
        let found = self.paths.folders.iter().find(|(path, _)| match look(path, text) {
            Found::Whole => true,
            Found::Beginning => at_end && text.starts_with(path),
            Found::No => false,
        });
        found.map(|(path, name)| (path.len(), name.as_str()))
    }

    fn may_begin(&self, text: &[u8]) -> bool {
        let texts = self.paths.texts.as_ref();
        texts.is_some_and(|folder| matches!(text_file(folder, text), Err(Found::Beginning)))
            || self.paths.folders.iter().any(|(path, _)| matches!(look(path, text), Found::Beginning))
    }
}

/// Looks for the name of a step's text at the beginning of a message; returns its length and what stands there then.
fn text_file(folder: &[u8], text: &[u8]) -> Result<(usize, &'static str), Found> {
    let rest = skip(text, folder)?;
    let rest = skip_digits(skip(rest, b"/session-")?)?;
    let rest = skip_digits(skip(rest, b"/text")?)?;
    let rest = if rest.starts_with(b".") { skip(rest, b".x")? } else { rest };
    let after = skip(rest, b": ")?;
    match skip(after, b"line ") {
        Ok(_) => Ok((text.len() - after.len(), "sh: ")),
        Err(Found::Beginning) => Err(Found::Beginning),
        Err(_) => Ok((text.len() - after.len(), "")),
    }
}

fn skip<'a>(text: &'a [u8], expected: &[u8]) -> Result<&'a [u8], Found> {
    let beginning = if expected.starts_with(text) { Found::Beginning } else { Found::No };
    text.strip_prefix(expected).ok_or(beginning)
}

fn skip_digits(text: &[u8]) -> Result<&[u8], Found> {
    match text.iter().position(|byte| !byte.is_ascii_digit()) {
        None => Err(Found::Beginning),
        Some(0) => Err(Found::No),
        Some(end) => Ok(&text[end..]),
    }
}

/// Looks for a folder at the beginning of a text.
fn look(path: &[u8], text: &[u8]) -> Found {
    let Some(rest) = text.strip_prefix(path) else {
        return if path.starts_with(text) { Found::Beginning } else { Found::No };
    };
    let next = &rest[..rest.len().min(4)];
    let next = match std::str::from_utf8(next) {
        Ok(text) => text,
        // A character that is not there yet to its end.
        Err(error) if error.valid_up_to() == 0 && error.error_len().is_none() => return Found::Beginning,
        Err(error) => std::str::from_utf8(&next[..error.valid_up_to()]).unwrap_or_default(),
    };
    match next.chars().next() {
        None if rest.is_empty() => Found::Beginning,
        Some(character) if character.is_alphanumeric() || "_-".contains(character) => Found::No,
        _ => Found::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &[u8], expected: &[u8]) {
        let folders = [(Path::new("/tmp/run/work"), "workspace"), (Path::new("/tmp/run/home"), "home")];
        let paths = Rc::new(Paths::new(folders));
        for size in [1, 2, 5, text.len().max(1)] {
            let mut hider = PathHider::new(&paths);
            let mut shown: Vec<u8> = text.chunks(size).flat_map(|piece| hider.push(piece)).collect();
            shown.extend(hider.finish());
            assert_eq!(shown, expected, "in pieces of {size}: {}", String::from_utf8_lossy(&shown));
        }
    }

    #[test]
    fn whole_folders_are_hidden() {
        check(b"in /tmp/run/work/a: ok\n", b"in <workspace>/a: ok\n");
        check(b"/tmp/run/work", b"<workspace>");
        check(b"//tmp/run/home:/tmp/run/work", b"/<home>:<workspace>");
        check("‘/tmp/run/work’".as_bytes(), "‘<workspace>’".as_bytes());
    }

    #[test]
    fn everything_else_stays() {
        for text in ["/tmp/run/work2", "/tmp/run/work-x /tmp/run/wor", "/tmp/run/worké", "/", ""] {
            check(text.as_bytes(), text.as_bytes());
        }
        check(b"\xff/tmp/run/work\xff/\xc3", b"\xff<workspace>\xff/\xc3");
    }

    #[test]
    fn texts_of_steps_are_taken_out_of_messages() {
        let messages = "sh: 1: /c/session-0/text4: x: not found\n/c/session-1/text5.x: line 2: y\n/c/other: z /c/session-0/in\n";
        let expected = "sh: 1: x: not found\nsh: line 2: y\n/c/other: z /c/session-0/in\n";
        let paths = Rc::new(Paths::new([]).with_texts_below(Path::new("/c")));
        for size in [1, 7, 1000] {
            let mut hider = PathHider::new(&paths);
            let mut shown: Vec<u8> =
                messages.as_bytes().chunks(size).flat_map(|bytes| hider.push(bytes)).collect();
            shown.extend(hider.finish());
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{size}");
        }
    }
}
