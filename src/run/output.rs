//! What a step prints: streamed, bounded in memory, kept on disk.
//!
//! Short output stays in memory and ends up in the record itself. Longer output is
//! spooled into a file of bounded size: its first half and, in a ring, its last half.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::event::StepOutput;

/// Output up to this many bytes stays in memory and in the record.
const INLINE: usize = 16 * 1024;

/// How much of longer output the record holds: the end of it.
const TAIL: usize = 4 * 1024;

/// Output above this is not compared with an expectation.
pub const COMPARABLE: u64 = 16 * 1024 * 1024;

/// Takes the output of one stream of one step.
#[derive(Debug)]
pub(super) struct Capture {
    bytes: u64,
    state: State,
    /// Where long output goes.
    path: PathBuf,
    /// Name of that file in the record.
    name: String,
    /// How many bytes are kept.
    limit: u64,
}

#[derive(Debug)]
enum State {
    Memory(Vec<u8>),
    Spool(Spool),
    /// The disk gave an error: what came before it is kept.
    Broken(io::Error),
}

/// A file that holds the beginning, and a ring that holds the end.
#[derive(Debug)]
struct Spool {
    head: File,
    head_length: u64,
    ring: Option<File>,
    ring_position: u64,
    ring_wrapped: bool,
    half: u64,
}

impl Capture {
    /// Takes where long output goes, its name in the record, and how many bytes are kept at most.
    pub(super) fn new(folder: &Path, record_folder: &str, name: &str, limit: u64) -> Self {
        Self {
            bytes: 0,
            state: State::Memory(Vec::new()),
            path: folder.join(name),
            name: format!("{record_folder}/{name}"),
            limit,
        }
    }

    /// Takes the next bytes. A full disk does not stop the step.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let result = match &mut self.state {
            State::Memory(memory) if memory.len() + bytes.len() <= INLINE => {
                memory.extend(bytes);
                Ok(())
            }
            State::Memory(memory) => {
                let memory = std::mem::take(memory);
                self.spill(&memory, bytes)
            }
            State::Spool(spool) => spool.push(bytes),
            State::Broken(_) => Ok(()),
        };
        if let Err(error) = result {
            self.state = State::Broken(error);
        }
    }

    fn spill(&mut self, memory: &[u8], bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut spool = Spool::create(&self.path, self.limit)?;
        spool.push(memory)?;
        spool.push(bytes)?;
        self.state = State::Spool(spool);
        Ok(())
    }

    /// Ends the capture: returns what goes into the record, and the text to compare, if it is not too long.
    pub(super) fn finish(self) -> io::Result<(StepOutput, Option<String>)> {
        let mut output = StepOutput { bytes: self.bytes, ..StepOutput::default() };
        match self.state {
            State::Memory(memory) => {
                output.kept = self.bytes;
                let text = String::from_utf8_lossy(&memory).into_owned();
                if text.as_bytes() != memory {
                    // Bytes that JSON cannot hold are kept in a file.
                    if let Some(folder) = self.path.parent() {
                        std::fs::create_dir_all(folder)?;
                    }
                    std::fs::write(&self.path, &memory)?;
                    output.file = Some(self.name);
                }
                output.text.clone_from(&text);
                Ok((output, Some(text)))
            }
            State::Spool(spool) => {
                let (mut file, kept) = spool.finish(self.bytes)?;
                output.kept = kept;
                output.file = Some(self.name);
                output.text = tail(&mut file)?;
                let whole = self.bytes <= COMPARABLE && kept == self.bytes;
                let text = if whole { Some(read_all(&mut file)?) } else { None };
                Ok((output, text))
            }
            State::Broken(error) => Err(error),
        }
    }
}

impl Spool {
    fn create(path: &Path, limit: u64) -> io::Result<Self> {
        let head = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let half = (limit / 2).max(INLINE as u64);
        Ok(Self { head, head_length: 0, ring: None, ring_position: 0, ring_wrapped: false, half })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.half - self.head_length).unwrap_or(usize::MAX);
        let (head, mut rest) = bytes.split_at(room.min(bytes.len()));
        self.head.write_all(head)?;
        self.head_length += head.len() as u64;
        while !rest.is_empty() {
            let half = self.half;
            let ring = match &mut self.ring {
                Some(ring) => ring,
                empty => empty.insert(tempfile::tempfile()?),
            };
            let room = usize::try_from(half - self.ring_position).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(room.min(rest.len()));
            ring.write_all(now)?;
            self.ring_position += now.len() as u64;
            if self.ring_position == half {
                ring.seek(SeekFrom::Start(0))?;
                self.ring_position = 0;
                self.ring_wrapped = true;
            }
            rest = later;
        }
        Ok(())
    }

    /// Puts the end behind the beginning, with a line that says what was cut.
    fn finish(mut self, bytes: u64) -> io::Result<(File, u64)> {
        let Some(mut ring) = self.ring.take() else { return Ok((self.head, self.head_length)) };
        let ring_length = if self.ring_wrapped { self.half } else { self.ring_position };
        let kept = self.head_length + ring_length;
        if kept < bytes {
            writeln!(self.head, "\n[stagebook: {} bytes cut]", bytes - kept)?;
        }
        if self.ring_wrapped {
            ring.seek(SeekFrom::Start(self.ring_position))?;
            io::copy(&mut ring, &mut self.head)?;
        }
        ring.seek(SeekFrom::Start(0))?;
        io::copy(&mut ring.take(self.ring_position), &mut self.head)?;
        Ok((self.head, kept))
    }
}

/// Returns the name of the file that keeps a step's long output.
pub(super) fn file_name(name: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => character,
        _ => '_',
    };
    let name: String = name.chars().map(safe).take(120).collect();
    format!("{name}.txt")
}

/// Returns the last lines of a file as text.
fn tail(file: &mut File) -> io::Result<String> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL as u64)))?;
    let mut bytes = Vec::with_capacity(TAIL);
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole_lines = text.split_once('\n').map_or(text.as_ref(), |(_, lines)| lines);
    Ok(whole_lines.to_owned())
}

fn read_all(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(
        limit: u64,
        writes: impl IntoIterator<Item = Vec<u8>>,
    ) -> (StepOutput, Option<String>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut capture = Capture::new(folder.path(), "outputs", "step.txt", limit);
        for bytes in writes {
            capture.push(&bytes);
        }
        let (output, text) = capture.finish().unwrap();
        (output, text, folder)
    }

    #[test]
    fn short_output_makes_no_file() {
        let (output, text, folder) = capture(1 << 20, [b"hi\n".to_vec(), b"there\n".to_vec()]);
        assert_eq!(
            (output.text.as_str(), output.file, text.as_deref()),
            ("hi\nthere\n", None, Some("hi\nthere\n"))
        );
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn bytes_that_are_not_text_are_kept_in_a_file() {
        let (output, text, folder) = capture(1 << 20, [vec![b'a', 0xff, b'\n']]);
        assert_eq!(output.file.as_deref(), Some("outputs/step.txt"));
        assert_eq!(text.as_deref(), Some("a\u{fffd}\n"));
        assert_eq!(std::fs::read(folder.path().join("step.txt")).unwrap(), [b'a', 0xff, b'\n']);
    }

    #[test]
    fn long_output_is_whole_below_the_limit() {
        let line = b"0123456789abcdef\n".repeat(100);
        let (output, text, folder) = capture(1 << 20, std::iter::repeat_n(line.clone(), 50));
        assert_eq!((output.bytes, output.kept), (85_000, 85_000));
        assert_eq!(text.unwrap().len(), 85_000);
        assert_eq!(std::fs::read(folder.path().join("step.txt")).unwrap(), line.repeat(50));
    }

    #[test]
    fn middle_of_very_long_output_is_cut_and_the_cut_is_marked() {
        let lines: Vec<Vec<u8>> = (0..20_000).map(|number| format!("{number:07}\n").into_bytes()).collect();
        let (output, text, folder) = capture(64 * 1024, lines);
        assert_eq!((output.bytes, output.kept, text), (160_000, 65_536, None));
        let kept = std::fs::read_to_string(folder.path().join("step.txt")).unwrap();
        assert!(kept.starts_with("0000000\n0000001\n"));
        assert!(kept.ends_with("0019998\n0019999\n"));
        assert!(kept.contains("\n[stagebook: 94464 bytes cut]\n"));
        assert_eq!(kept.lines().filter(|line| line.len() == 7).count(), 65_536 / 8);
        assert!(output.text.ends_with("0019999\n"));
    }
}
