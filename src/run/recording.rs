//! One loop for everything that runs: a step, a command of a transcript, a program.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, watch};

use super::message::{Message, Stop};
use super::output::{Capture, Captured};
use super::paths::{PathHider, Paths};
use super::pipe::OutputPipe;
use super::redact::{Redactor, Secrets};
use super::session::Streams;
use crate::event::{EventKind, OutputChunk, StepOutput};
use crate::expect::Stream;
use crate::plan::{PlanKey, StepIndex};

/// How long a process that outlives its step may take to close the step's output.
///
/// `> >(tee log)` ends a moment after its step, a forgotten server does not.
const LINGER: Duration = Duration::from_millis(250);

/// How much is read at once from a step that prints much: what a pipe holds.
const BUFFER: usize = 64 * 1024;

/// How much is read at once from any other: a buffer that is filled and freed for each step costs.
const SMALL_BUFFER: usize = 4 * 1024;

/// How many pieces of a step's output may wait to be heard.
const MOST_UNHEARD: usize = 16;

/// How a unit ended.
#[derive(Debug)]
pub(super) enum Watched<E> {
    /// By itself.
    Ended(E),
    /// It took too long.
    TimedOut,
    /// The run is to stop.
    Stopped,
}

/// When a unit is not waited for any longer.
#[derive(Debug)]
pub(super) struct Limits {
    /// The moment of its timeout.
    pub(super) deadline: Instant,
    /// The moment from which it is slow.
    pub(super) slow: Instant,
    /// Tells that the run is to stop. Cleanup steps look at the second request only.
    pub(super) stop: watch::Receiver<Stop>,
    /// Which request it is stopped by.
    pub(super) stopped_by: Stop,
}

impl Limits {
    /// Waits a moment; returns whether the run is to stop.
    pub(super) async fn sleep_or_stop(&mut self, moment: Duration) -> bool {
        let stopped_by = self.stopped_by;
        tokio::time::timeout(moment, self.stop.wait_for(|stop| *stop >= stopped_by)).await.is_ok()
    }

    /// Waits until the run is to stop.
    pub(super) async fn wait_for_stop(&mut self) {
        let stopped_by = self.stopped_by;
        if self.stop.wait_for(|stop| *stop >= stopped_by).await.is_err() {
            // Nobody can ask any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Who hears what a step prints while it prints.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    plan: PlanKey,
    step: StepIndex,
    messages: mpsc::UnboundedSender<Message>,
    /// Whether anybody listens.
    live: bool,
    /// A permit for each piece that may wait to be heard.
    unheard: Arc<Semaphore>,
}

impl Audience {
    /// Takes whose output it is, and where to say it; `live` is whether anybody listens.
    pub(super) fn new(
        plan: PlanKey,
        step: StepIndex,
        messages: mpsc::UnboundedSender<Message>,
        live: bool,
    ) -> Self {
        Self { plan, step, messages, live, unheard: Arc::new(Semaphore::new(MOST_UNHEARD)) }
    }

    fn print(&self, stream: Stream, text: String) {
        if self.live && !text.is_empty() {
            let chunk = OutputChunk { stream, text };
            let event = EventKind::StepPrinted { plan: self.plan.clone(), step: self.step, chunk };
            // Who prints has caught up before; what two streams print at once may be one piece more.
            let permit = Arc::clone(&self.unheard).try_acquire_owned().ok();
            let _ = self.messages.send(Message::Printed(event, permit));
        }
    }

    /// Waits until another piece may be printed: who hears more slowly than a step prints slows it down.
    async fn catch_up(&self) {
        // The semaphore is never closed.
        let _ = self.unheard.acquire().await;
    }

    fn slow(&self, running: Duration) {
        self.send(EventKind::StepSlow { plan: self.plan.clone(), step: self.step, running });
    }

    fn send(&self, event: EventKind) {
        // The dispatcher listens as long as a plan runs.
        let _ = self.messages.send(Message::Event(event));
    }
}

/// What a unit printed, as text to compare.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// What goes into the record.
    pub(super) output: StepOutput,
    /// Standard output, with standard error in it unless that is apart; `None` if it is too long.
    pub(super) text: Option<String>,
    /// Standard error, where it is apart.
    pub(super) error: Option<String>,
}

/// Takes what a unit prints: without secrets and machine paths, onto the disk and to the audience.
#[derive(Debug)]
pub(super) struct Recording {
    output: Track,
    error: Option<Track>,
    audience: Audience,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Track {
    stream: Stream,
    /// The beginning of a character whose other bytes have not come yet.
    cut: Vec<u8>,
    redactor: Redactor,
    paths: PathHider,
    capture: Capture,
}

impl Recording {
    /// Takes what is hidden and where the streams are kept; `error` is there where the two are apart.
    pub(super) fn new(
        secrets: &Rc<Secrets>,
        paths: &Rc<Paths>,
        output: Capture,
        error: Option<Capture>,
        audience: Audience,
    ) -> Self {
        let stream = if error.is_some() { Stream::Stdout } else { Stream::Both };
        let track = |stream, capture| Track {
            stream,
            cut: Vec::new(),
            redactor: Redactor::new(secrets),
            paths: PathHider::new(paths),
            capture,
        };
        Self {
            output: track(stream, output),
            error: error.map(|capture| track(Stream::Stderr, capture)),
            audience,
            buffer: vec![0; SMALL_BUFFER],
        }
    }

    /// Reads the streams until the unit ends, takes too long, or the run is to stop.
    pub(super) async fn watch<E>(
        &mut self,
        ending: impl Future<Output = E>,
        streams: &Streams,
        limits: &mut Limits,
    ) -> io::Result<Watched<E>> {
        let began = Instant::now();
        let (deadline, slow) = (limits.deadline.into(), limits.slow.into());
        let mut told_slow = false;
        let mut error_buffer = if self.error.is_some() { vec![0; SMALL_BUFFER] } else { Vec::new() };
        tokio::pin!(ending);
        loop {
            self.audience.catch_up().await;
            tokio::select! {
                ended = &mut ending => return Ok(Watched::Ended(ended)),
                length = streams.output.read(&mut self.buffer) => {
                    let length = length?;
                    self.output.push(&self.buffer[..length], &self.audience);
                    grow(&mut self.buffer, length);
                }
                length = read_optional(streams.error.as_ref(), &mut error_buffer) => {
                    let length = length?;
                    if let Some(track) = &mut self.error {
                        track.push(&error_buffer[..length], &self.audience);
                    }
                    grow(&mut error_buffer, length);
                }
                () = tokio::time::sleep_until(deadline) => return Ok(Watched::TimedOut),
                () = tokio::time::sleep_until(slow), if !told_slow => {
                    told_slow = true;
                    self.audience.slow(began.elapsed());
                }
                () = limits.wait_for_stop() => return Ok(Watched::Stopped),
            }
        }
    }

    /// Reads what a unit that ended has written; returns whether its streams came to their end.
    ///
    /// What it left behind may print without end, so that gets a turn at a time like everybody
    /// else, and only for a moment.
    pub(super) async fn drain(&mut self, streams: &mut Streams) -> io::Result<bool> {
        let mut deadline = Instant::now() + LINGER;
        loop {
            let before = Instant::now();
            self.audience.catch_up().await;
            deadline += before.elapsed();
            let (buffer, audience) = (&mut self.buffer, &self.audience);
            let mut turn = self.output.turn(&mut streams.output, buffer, audience)?;
            if let (Some(track), Some(pipe)) = (&mut self.error, &mut streams.error) {
                turn = turn.max(track.turn(pipe, buffer, audience)?);
            }
            if turn == Turn::End || Instant::now() >= deadline {
                return Ok(turn == Turn::End);
            }
            streams.release();
            match turn {
                Turn::Nothing => tokio::time::sleep(Duration::from_millis(2)).await,
                Turn::Read | Turn::End => tokio::task::yield_now().await,
            }
        }
    }

    /// Ends the recording.
    pub(super) fn finish(mut self) -> Printed {
        let error = self.error.take().map(|track| track.finish(&self.audience));
        let (mut output, text) = self.output.finish(&self.audience);
        let (kept, error) = error.unzip();
        output.stderr = kept.map(Box::new);
        Printed { output, text, error: error.flatten() }
    }

    /// Reads the output until nobody holds it any more; tells each piece as it came, and what may be shown by now.
    pub(super) async fn follow(
        &mut self,
        streams: &mut Streams,
        mut heard: impl FnMut(&[u8], &[u8]),
    ) -> io::Result<()> {
        streams.release();
        loop {
            self.audience.catch_up().await;
            let length = streams.output.read(&mut self.buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let shown = self.output.push(&self.buffer[..length], &self.audience);
            heard(&self.buffer[..length], &shown);
        }
    }
}

impl Track {
    /// Takes bytes; returns what may be shown of them.
    fn push(&mut self, bytes: &[u8], audience: &Audience) -> Vec<u8> {
        let shown = self.paths.push(&self.redactor.push(bytes));
        self.capture.push(&shown);
        if audience.live {
            audience.print(self.stream, whole_characters(&mut self.cut, &shown));
        }
        shown
    }

    /// Reads at most twice what a pipe holds: the second time most often finds the end.
    fn turn(&mut self, pipe: &mut OutputPipe, buffer: &mut [u8], audience: &Audience) -> io::Result<Turn> {
        let mut turn = Turn::Nothing;
        for _ in 0..2 {
            match pipe.read_ready(buffer)? {
                None => break,
                Some(0) => return Ok(Turn::End),
                Some(length) => {
                    self.push(&buffer[..length], audience);
                    turn = Turn::Read;
                }
            }
        }
        Ok(turn)
    }

    fn finish(mut self, audience: &Audience) -> Captured {
        let mut held = self.paths.push(&self.redactor.finish());
        held.extend(self.paths.finish());
        self.capture.push(&held);
        self.cut.extend(&held);
        audience.print(self.stream, String::from_utf8_lossy(&self.cut).into_owned());
        self.capture.finish()
    }
}

/// What one look into a pipe gave; of two pipes, the greater says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// The end of the stream.
    End,
    /// Nothing for now.
    Nothing,
    /// Something.
    Read,
}

/// Returns bytes as text, and leaves the beginning of a character at their end in `cut`.
pub(super) fn whole_characters(cut: &mut Vec<u8>, bytes: &[u8]) -> String {
    cut.extend(bytes);
    let end = cut.len() - unfinished(cut);
    let rest = cut.split_off(end);
    let text = String::from_utf8_lossy(cut).into_owned();
    *cut = rest;
    text
}

/// Returns how many bytes at the end begin a UTF-8 character that is longer (Unicode 16, table 3-6).
fn unfinished(bytes: &[u8]) -> usize {
    let back = bytes.iter().rev().take(3).position(|byte| byte & 0xc0 != 0x80);
    let Some(back) = back else { return 0 };
    let length = match bytes[bytes.len() - 1 - back] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if length > back + 1 { back + 1 } else { 0 }
}

/// Makes a buffer larger that was filled whole.
fn grow(buffer: &mut Vec<u8>, filled: usize) {
    if filled == buffer.len() {
        buffer.resize(BUFFER, 0);
    }
}

async fn read_optional(pipe: Option<&OutputPipe>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut_between_reads() {
        let text = "aé€😀z";
        for size in 1..5 {
            let mut cut = Vec::new();
            let pieces = text.as_bytes().chunks(size).map(|piece| whole_characters(&mut cut, piece));
            assert_eq!(pieces.collect::<String>(), text, "in pieces of {size}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_not_held_back() {
        let mut cut = Vec::new();
        assert_eq!(whole_characters(&mut cut, b"a\xff"), "a\u{fffd}");
        assert_eq!(whole_characters(&mut cut, b"\x80b"), "\u{fffd}b");
    }
}
