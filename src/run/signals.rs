//! What wakes a run besides its work: signals that ask it to stop, and the clock.

use std::io;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Interval;

use super::aside::aside;
use super::error::RunError;

/// Signals that come sooner after one another than anybody presses keys are one request: `timeout` and others
/// signal a program and then its whole group.
const ONE_REQUEST: Duration = Duration::from_millis(50);

/// A signal that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C.
    Keyboard,
    /// Asked by another program.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Interrupt {
    /// Returns the signal's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keyboard => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }
}

/// The signals that are listened to.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    /// A file that grows over a limit is an error where it is written, like a full disk, and not our end.
    _file_limit: Signal,
    /// When the last request came.
    last: Option<Instant>,
}

impl Signals {
    /// Begins to listen; the signals do not end the program any more.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _file_limit: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
            last: None,
        })
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) -> Interrupt {
        loop {
            let interrupt = tokio::select! {
                _ = self.interrupt.recv() => Interrupt::Keyboard,
                _ = self.terminate.recv() => Interrupt::Terminate,
                _ = self.hang_up.recv() => Interrupt::HangUp,
            };
            if self.last.is_none_or(|before| before.elapsed() >= ONE_REQUEST) {
                self.last = Some(Instant::now());
                return interrupt;
            }
        }
    }
}

/// Does something that takes long, unless someone asks to stop: returns nothing then, and waits for it no more.
///
/// A run has taken over the signals, which would end the program otherwise.
///
/// # Errors
/// When signals cannot be listened to.
pub(crate) fn unless_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, RunError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(RunError::Signals)?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(RunError::Signals)?;
        tokio::select! {
            biased;
            _ = signals.next() => Ok(None),
            done = aside(work) => Ok(Some(done)),
        }
    })
}

/// Waits for the next tick; for ever where there are none.
pub(crate) async fn tick(ticker: &mut Option<Interval>) {
    match ticker {
        Some(ticker) => {
            ticker.tick().await;
        }
        None => std::future::pending().await,
    }
}
