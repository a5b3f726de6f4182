//! Named pipes between us and what runs.
//!
//! A session opens its output anew for each step, by name. So a step has a pipe of its
//! own: when the step is over and nobody holds the other end, its output is complete; a
//! process that the step left behind goes on writing into *its* pipe and never into the
//! output of a later step.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use tokio::net::unix::pipe::{OpenOptions as PipeOptions, Receiver};

/// The reading end of one stream of a step.
#[derive(Debug)]
pub(super) struct OutputPipe {
    path: PathBuf,
    receiver: Receiver,
    /// Our own writing end: until it is dropped, nothing reads as the end of the stream.
    writer: Option<File>,
    /// Whether the runtime may have been told that the stream ended, which it never forgets.
    ended: bool,
}

impl OutputPipe {
    /// Makes the pipe if it is not there, and opens it.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        make_fifo(&path)?;
        let receiver = PipeOptions::new().open_receiver(&path)?;
        let writer = open_writer(&path)?;
        Ok(Self { path, receiver, writer: Some(writer), ended: false })
    }

    /// Returns a writing end for a child that inherits its output. It blocks as a pipe does.
    pub(super) fn child_end(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(&self.path)
    }

    /// Waits for bytes; 0 at the end of the stream.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.receiver.readable().await?;
            match self.receiver.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// Reads what is there; `None` if there is nothing, 0 at the end of the stream.
    ///
    /// A pipe at its end is ready for the next step, unless it was released before: the runtime does not hear
    /// of an end that passes while it does not poll.
    pub(super) fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.writer = None;
        // Past the runtime, which learns of new bytes only when it polls.
        let read = match rustix::io::read(&self.receiver, buffer) {
            Err(rustix::io::Errno::AGAIN) => None,
            result => Some(result?),
        };
        if read == Some(0) && !self.ended {
            self.writer = Some(open_writer(&self.path)?);
        }
        Ok(read)
    }

    /// Drops our own writing end, so that the stream ends when everybody else's is closed; the runtime hears of it.
    pub(super) fn release(&mut self) {
        self.writer = None;
        self.ended = true;
    }

    /// Makes a pipe whose stream came to its end ready for the next step.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.ended) {
            self.receiver = PipeOptions::new().open_receiver(&self.path)?;
            self.writer = Some(open_writer(&self.path)?);
        }
        Ok(())
    }

    /// Returns the pipe's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a named pipe that only its owner may use; one that is there already will do.
pub(super) fn make_fifo(path: &Path) -> io::Result<()> {
    match rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0) {
        Err(rustix::io::Errno::EXIST) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens a named pipe for requests: never waits for a reader, and stays open while there is none.
pub(super) fn open_requests(path: &Path) -> io::Result<File> {
    make_fifo(path)?;
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)
}

/// Opens a named pipe for replies: no end of the stream while nobody writes.
pub(super) fn open_replies(path: &Path) -> io::Result<Receiver> {
    make_fifo(path)?;
    PipeOptions::new().read_write(true).open_receiver(path)
}

fn open_writer(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}
