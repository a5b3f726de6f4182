//! A service, which is a sidecar of its task.
//!
//! Sidecars begin before the first step of their task does, and a page starts its service later. So the sidecar
//! waits until the step that stands in its place asks it to begin, and that step waits until it is ready.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::place::TaskStep;
use crate::diagnostic::duration;
use crate::expect::{Captures, Mismatch, Verdict};
use crate::run::service_answers;
use crate::tutorial::Ready;

/// How often each looks what the other has done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a service without a sign of readiness is watched.
const FIRST_MOMENT: Duration = Duration::from_millis(500);

/// How long what a service is expected to print may follow its readiness.
const PROMPT: Duration = Duration::from_secs(2);

const ASKED: &str = "asked";
const LOG: &str = "log";
const ENDED: &str = "ended";

/// How the start of a service came out.
#[derive(Debug)]
pub enum Start {
    /// It is ready.
    Ready {
        /// What it has printed.
        printed: String,
    },
    /// It is not.
    Failed {
        /// Why.
        reason: String,
        /// How the output differs, where that is why.
        mismatch: Option<Mismatch>,
        /// What it has printed.
        printed: String,
    },
}

/// Waits until the service of a sidecar is asked to begin.
pub fn await_start(folder: &Path) -> io::Result<()> {
    while !folder.join(ASKED).exists() {
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// Tells what a service has printed, or how it ended.
pub fn announce(folder: &Path, printed: &str, ended: Option<&str>) -> io::Result<()> {
    let mut log = OpenOptions::new().append(true).create(true).open(folder.join(LOG))?;
    log.write_all(printed.as_bytes())?;
    ended.map_or(Ok(()), |how| std::fs::write(folder.join(ENDED), how))
}

/// Asks a service to begin, and waits until it is ready and has printed what the page promises.
pub fn start(step: &TaskStep, captures: &Captures) -> io::Result<Start> {
    let folder = step.service_folder();
    // A task that is tried again must not take the old answer for a new one.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(ASKED), "")?;
    let (began, ready) = (Instant::now(), step.step.readiness());
    let limit = Duration::try_from_secs_f64(step.step.timeout).unwrap_or(Duration::MAX);
    loop {
        let printed = printed(&folder);
        if let Ok(how) = std::fs::read_to_string(folder.join(ENDED)) {
            return Ok(Start::Failed {
                reason: format!("the service ended: {how}"),
                mismatch: None,
                printed,
            });
        }
        if is_ready(ready.as_ref(), &printed, began.elapsed()) {
            return Ok(judged(step, &folder, captures));
        }
        if began.elapsed() >= limit {
            let reason = format!("the service was not ready within {}", duration(limit));
            return Ok(Start::Failed { reason, mismatch: None, printed });
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn printed(folder: &Path) -> String {
    std::fs::read(folder.join(LOG)).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
}

fn is_ready(ready: Option<&Ready>, printed: &str, waited: Duration) -> bool {
    match ready {
        None => waited >= FIRST_MOMENT,
        Some(Ready::Log(text)) => printed.contains(text.as_str()),
        Some(ready) => service_answers(ready),
    }
}

/// Compares what a service has printed with what its page promises; a busy machine prints late.
fn judged(step: &TaskStep, folder: &Path, captures: &Captures) -> Start {
    let patience = Instant::now() + PROMPT;
    loop {
        let printed = printed(folder);
        let Some(mismatch) = mismatch(step, &printed, captures) else { return Start::Ready { printed } };
        if Instant::now() >= patience {
            return Start::Failed { reason: mismatch.summary.clone(), mismatch: Some(mismatch), printed };
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn mismatch(step: &TaskStep, printed: &str, captures: &Captures) -> Option<Mismatch> {
    let expected = step.step.step(&step.text).map(|step| step.expected).unwrap_or_default();
    expected.iter().find_map(|expected| match expected.expectation.check(printed, captures) {
        Verdict::Held { .. } => None,
        Verdict::Broken(mismatch) => Some(mismatch),
    })
}
