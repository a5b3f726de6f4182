//! What one process of a plan leaves for the next: sessions and captures.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::executor::PlanRun;
use super::options::Ground;
use super::session::{Request, Session};
use crate::diagnostic::chain;
use crate::expect::Captures;

/// The file with the values of captures.
const CAPTURES: &str = "captures.json";

/// How long a shell may take to save its state.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns what captures took in the processes before.
pub fn captures(ground: &Ground) -> io::Result<Captures> {
    match std::fs::read(ground.state.join(CAPTURES)) {
        Ok(json) => serde_json::from_slice(&json).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Captures::new()),
        Err(error) => Err(error),
    }
}

/// Returns the folder that keeps the state of a session.
pub(super) fn session_folder(ground: &Ground, name: &str) -> PathBuf {
    // A name may hold what no path can.
    let name = crate::diagnostic::hexadecimal(name.as_bytes());
    ground.state.join(format!("session-{name}"))
}

impl PlanRun {
    /// Leaves what the next process needs, where there will be one.
    pub(super) async fn keep_state(&mut self) {
        let Some(ground) = self.shared.options.ground.clone().filter(|ground| ground.is_kept) else { return };
        let mut kept = write_captures(&ground, &self.captures);
        for (name, session) in &mut self.sessions {
            kept = kept.and(keep(session, &session_folder(&ground, name)).await);
        }
        let trouble = |error| format!("what the next step needs could not be kept: {}", chain(&error));
        self.trouble = self.trouble.take().or(kept.err().map(trouble));
    }
}

/// Writes captures; what another task took meanwhile stays.
fn write_captures(ground: &Ground, taken: &Captures) -> io::Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let mut all = captures(ground)?;
    all.extend(taken.clone());
    let mut file = tempfile::NamedTempFile::new_in(&ground.state)?;
    serde_json::to_writer(&mut file, &all)?;
    file.persist(ground.state.join(CAPTURES)).map(|_| ()).map_err(|error| error.error)
}

/// Leaves the state of a session in a folder; an idle shell saves it before a text that does nothing.
async fn keep(session: &mut Session, folder: &Path) -> io::Result<()> {
    if session.process().is_some() {
        let streams = session.streams(false)?;
        let nothing =
            Request { text: ":", errexit: false, service: false, apart: false, extras: None, saved: true };
        session.begin(&nothing, &streams)?;
        let late = |_| io::Error::other("its shell does not answer");
        tokio::time::timeout(PATIENCE, session.wait()).await.map_err(late)??;
        session.recycle(streams);
    }
    session.leave(folder)
}
