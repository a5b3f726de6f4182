//! What a step prints: streamed, bounded in memory, kept on disk.
//!
//! Short output stays in memory and ends up in the record itself. Longer output is
//! spooled into a file of bounded size: its first half and, in a ring, its last half. A disk
//! that takes no more costs evidence and no step: the beginning and the end are in memory too.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::event::StepOutput;
use crate::plan::StepIndex;

/// Output up to this many bytes stands in the record itself.
const INLINE: usize = 16 * 1024;

/// How much of longer output the record holds: the end of it.
const TAIL: usize = 4 * 1024;

/// How much of the beginning stays in memory: what is not longer is compared even if it cannot be written.
const BEGINNING: usize = 256 * 1024;

/// Output above this is not compared with an expectation.
const COMPARABLE: u64 = 16 * 1024 * 1024;

/// Takes the output of one stream of one step.
#[derive(Debug)]
pub(crate) struct Capture {
    bytes: u64,
    memory: Memory,
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
    /// No file is needed so far.
    Short,
    Spooled(Spool),
    /// The disk gave an error: what is in memory is all there is.
    Lost(io::Error),
}

/// The beginning and the end of an output of any length.
#[derive(Debug, Default)]
struct Memory {
    beginning: Vec<u8>,
    /// What comes after the beginning; of that, the end.
    end: Vec<u8>,
}

/// A file that holds the beginning, and a ring that holds the end.
#[derive(Debug)]
struct Spool {
    head: File,
    /// Where the ring is made.
    folder: PathBuf,
    head_length: u64,
    ring: Option<File>,
    ring_position: u64,
    ring_wrapped: bool,
    half: u64,
}

/// An output that is complete: what goes into the record, and the text to compare, if it is not too long.
pub(crate) type Captured = (StepOutput, Option<String>);

impl Capture {
    /// Takes where long output goes, its name in the record, and how many bytes are kept at most.
    pub(crate) fn new(folder: &Path, record_folder: &str, name: &str, limit: u64) -> Self {
        Self {
            bytes: 0,
            memory: Memory::default(),
            state: State::Short,
            path: folder.join(name),
            name: format!("{record_folder}/{name}"),
            limit,
        }
    }

    /// Takes the next bytes. A full disk does not stop the step.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let fits = self.bytes + bytes.len() as u64 <= INLINE as u64;
        let result = match &mut self.state {
            State::Short if fits => Ok(()),
            // So far all of it is in the memory's beginning.
            State::Short => self.spill(bytes),
            State::Spooled(spool) => spool.push(bytes),
            State::Lost(_) => Ok(()),
        };
        if let Err(error) = result {
            self.discard_file();
            self.state = State::Lost(error);
        }
        self.bytes += bytes.len() as u64;
        self.memory.push(bytes);
    }

    fn spill(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut spool = Spool::create(&self.path, self.limit)?;
        spool.push(&self.memory.beginning)?;
        spool.push(bytes)?;
        self.state = State::Spooled(spool);
        Ok(())
    }

    /// Removes the file: half of one would pass for the whole.
    fn discard_file(&self) {
        let _ = std::fs::remove_file(&self.path);
        // Other outputs may be in the folder; then it stays.
        let _ = self.path.parent().map(std::fs::remove_dir);
    }

    /// Ends the capture.
    pub(crate) fn finish(mut self) -> Captured {
        match std::mem::replace(&mut self.state, State::Short) {
            State::Short => self.finish_short(),
            State::Spooled(spool) => self.finish_spooled(spool).unwrap_or_else(|error| {
                self.discard_file();
                self.finish_lost(&error)
            }),
            State::Lost(error) => self.finish_lost(&error),
        }
    }

    fn finish_short(self) -> Captured {
        let bytes = &self.memory.beginning;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut output =
            StepOutput { bytes: self.bytes, kept: self.bytes, text: text.clone(), ..StepOutput::default() };
        if text.as_bytes() != bytes {
            // Bytes that JSON cannot hold are kept in a file.
            match make_folder(&self.path).and_then(|_| std::fs::write(&self.path, bytes)) {
                Ok(()) => output.file = Some(self.name),
                Err(error) => output.trouble = Some(error.to_string()),
            }
        }
        (output, Some(text))
    }

    fn finish_spooled(&self, spool: Spool) -> io::Result<Captured> {
        let (mut file, kept) = spool.finish(self.bytes)?;
        let is_whole = self.bytes <= COMPARABLE && kept == self.bytes;
        let text = if is_whole { Some(read_all(&mut file)?) } else { None };
        let output = StepOutput {
            bytes: self.bytes,
            kept,
            text: last_lines(self.memory.end(), self.bytes),
            file: Some(self.name.clone()),
            ..StepOutput::default()
        };
        Ok((output, text))
    }

    fn finish_lost(&self, error: &io::Error) -> Captured {
        let (text, kept) = self.memory.ends(self.bytes);
        let trouble = Some(error.to_string());
        let output = StepOutput { bytes: self.bytes, kept, text, trouble, ..StepOutput::default() };
        (output, self.memory.whole(self.bytes))
    }
}

impl Memory {
    fn push(&mut self, bytes: &[u8]) {
        let room = BEGINNING - self.beginning.len();
        let (beginning, rest) = bytes.split_at(room.min(bytes.len()));
        self.beginning.extend(beginning);
        self.end.extend(rest);
        // Not at every push: what is moved is at least what came.
        if self.end.len() > 2 * INLINE {
            self.end.drain(..self.end.len() - INLINE);
        }
    }

    /// Returns the end of what was pushed, at least as much as a record holds.
    fn end(&self) -> Vec<u8> {
        let before = self.beginning.len().saturating_sub(INLINE);
        [&self.beginning[before..], &self.end].concat()
    }

    /// Returns all of an output of so many bytes, if it is here.
    fn whole(&self, bytes: u64) -> Option<String> {
        let is_whole = (self.beginning.len() + self.end.len()) as u64 == bytes;
        is_whole.then(|| String::from_utf8_lossy(&[&self.beginning[..], &self.end].concat()).into_owned())
    }

    /// Returns the beginning and the end of an output that is longer than a record holds, and how many bytes they are.
    fn ends(&self, bytes: u64) -> (String, u64) {
        let end = self.end();
        let (beginning, end) = (&self.beginning[..INLINE - TAIL], &end[end.len() - TAIL..]);
        let kept = (beginning.len() + end.len()) as u64;
        let text =
            [&String::from_utf8_lossy(beginning), &*cut_mark(bytes - kept), &String::from_utf8_lossy(end)];
        (text.concat(), kept)
    }
}

impl Spool {
    fn create(path: &Path, limit: u64) -> io::Result<Self> {
        let folder = make_folder(path)?.to_path_buf();
        let head = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let half = (limit / 2).max(INLINE as u64);
        Ok(Self { head, folder, head_length: 0, ring: None, ring_position: 0, ring_wrapped: false, half })
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
                empty => empty.insert(tempfile::tempfile_in(&self.folder)?),
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
            self.head.write_all(cut_mark(bytes - kept).as_bytes())?;
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

/// Which of a run's outputs is kept: each has a file of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutputName<'a> {
    /// The step's place in the plan: names may look alike as files.
    pub(super) index: StepIndex,
    /// The step's name.
    pub(super) step: &'a str,
    /// Which try.
    pub(super) attempt: u32,
    /// Which command of a transcript, counted from 1.
    pub(super) command: Option<usize>,
    /// Whether it is standard error, apart.
    pub(super) error: bool,
}

impl OutputName<'_> {
    /// Returns the name of the file: `03-build.try2.cmd1.stderr.txt`.
    pub(super) fn file(&self) -> String {
        let safe = |character: char| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => character,
            _ => '_',
        };
        let step: String = self.step.chars().map(safe).take(100).collect();
        let attempt = if self.attempt > 1 { format!(".try{}", self.attempt) } else { String::new() };
        let command = self.command.map(|number| format!(".cmd{number}")).unwrap_or_default();
        let stream = if self.error { ".stderr" } else { "" };
        format!("{:02}-{step}{attempt}{command}{stream}.txt", self.index.0 + 1)
    }
}

/// Makes the folder of a file and returns it.
fn make_folder(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    Ok(folder)
}

/// Returns the line that stands where bytes were left out.
fn cut_mark(bytes: u64) -> String {
    format!("\n[stagebook: {bytes} bytes cut]\n")
}

/// Returns the last lines of an output of so many bytes as text, or where its last line is longer
/// than a record holds, the end of that.
fn last_lines(end: Vec<u8>, bytes: u64) -> String {
    let mut end = &end[end.len().saturating_sub(TAIL)..];
    // All that begins no character belongs to one that was cut.
    let whole = end.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    end = &end[whole..];
    match end.iter().position(|byte| *byte == b'\n') {
        Some(newline) if newline + 1 < end.len() => String::from_utf8_lossy(&end[newline + 1..]).into_owned(),
        _ => {
            let mark = cut_mark(bytes - end.len() as u64);
            format!("{}{}", mark.trim_start(), String::from_utf8_lossy(end))
        }
    }
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
        let (output, text) = capture.finish();
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

    #[test]
    fn end_of_a_long_line_is_shown_where_no_line_is_short_enough() {
        let (output, _, _folder) = capture(1 << 20, ["é".repeat(15_000).into_bytes(), b"{}\n".to_vec()]);
        let (mark, line) = output.text.split_once('\n').unwrap();
        assert_eq!(mark, "[stagebook: 25908 bytes cut]");
        assert!(line.starts_with("éé") && line.ends_with("é{}\n"), "{line}");
        assert_eq!(line.len(), 30_003 - 25_908);
    }

    /// Pushes into a capture whose folder cannot be made.
    fn capture_without_a_disk(bytes: usize) -> Captured {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut capture = Capture::new(&file, "outputs", "step.txt", 1 << 20);
        let lines: String = (0..bytes / 10).map(|number| format!("{number:09}\n")).collect();
        lines.as_bytes().chunks(7_000).for_each(|bytes| capture.push(bytes));
        capture.finish()
    }

    #[test]
    fn output_that_cannot_be_written_is_known_as_far_as_memory_reaches() {
        let (output, text) = capture_without_a_disk(100_000);
        assert_eq!(text.unwrap().len(), 100_000);
        assert_eq!((output.bytes, output.kept, output.file), (100_000, 16_384, None));
        assert!(output.text.starts_with("000000000\n000000001\n"), "{}", output.text);
        assert!(output.text.contains("\n[stagebook: 83616 bytes cut]\n"), "{}", output.text);
        assert!(output.text.ends_with("000009998\n000009999\n"), "{}", output.text);
        assert!(output.trouble.is_some());
        let (output, text) = capture_without_a_disk(1_000_000);
        assert_eq!((output.bytes, output.kept, text), (1_000_000, 16_384, None));
        assert!(output.text.ends_with("000099999\n"), "{}", output.text);
        let (output, text) = capture_without_a_disk(1_000);
        assert_eq!((output.trouble, text.unwrap().len()), (None, 1_000));
    }

    #[test]
    fn every_output_has_a_file_of_its_own() {
        let name = |index, step, attempt, command, error| {
            OutputName { index: StepIndex(index), step, attempt, command, error }.file()
        };
        assert_eq!(name(2, "build", 2, Some(1), true), "03-build.try2.cmd1.stderr.txt");
        assert_eq!(name(0, "a b", 1, None, false), "01-a_b.txt");
        assert_eq!(name(1, "a/b", 1, None, false), "02-a_b.txt");
        assert_eq!(name(9, &"é".repeat(300), 1, None, false).len(), 3 + 100 + 4);
    }
}
