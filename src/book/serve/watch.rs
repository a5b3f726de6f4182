//! Word of what changes on the disk.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// How often is looked where the system tells nothing.
const POLL: Duration = Duration::from_millis(500);

/// What the loop that builds is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Something changed at this path.
    Changed(PathBuf),
    /// The system lost count of what changed.
    Lost,
    /// The preview ends.
    End,
}

/// Watches folders, each by itself: what git ignores below a book can be far more than the book.
pub(super) struct Watch {
    watcher: Box<dyn Watcher + Send>,
    watched: BTreeSet<PathBuf>,
}

/// What is to be told, and to whom.
#[derive(Clone)]
pub(super) struct Ear {
    /// Where messages go.
    pub(super) messages: Sender<Message>,
    /// Set with each message, for whoever is at work and should look up.
    pub(super) stop: Arc<AtomicBool>,
    /// The folder that is written into: what happens there is our own doing.
    pub(super) output: PathBuf,
}

impl Watch {
    /// Begins to watch; by looking again and again where the system has no way to tell. The text says so.
    pub(super) fn begin(ear: Ear) -> Result<(Self, Option<String>), notify::Error> {
        let config = Config::default().with_poll_interval(POLL).with_follow_symlinks(false);
        let own = ear.clone();
        let told = match RecommendedWatcher::new(move |event| own.hear(event), config) {
            Ok(watcher) => return Ok((Self::of(Box::new(watcher)), None)),
            Err(error) => error,
        };
        let watcher = PollWatcher::new(move |event| ear.hear(event), config)?;
        let note = format!("the system does not tell what changes ({told}): looking twice a second");
        Ok((Self::of(Box::new(watcher)), Some(note)))
    }

    fn of(watcher: Box<dyn Watcher + Send>) -> Self {
        Self { watcher, watched: BTreeSet::new() }
    }

    /// Watches these folders from now on, and no others. Returns those that cannot be watched.
    pub(super) fn set(&mut self, folders: BTreeSet<PathBuf>) -> Vec<String> {
        for gone in self.watched.difference(&folders) {
            // Its folder may be gone, and the watch with it.
            let _ = self.watcher.unwatch(gone);
        }
        let mut failed = Vec::new();
        for folder in folders.difference(&self.watched) {
            if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                failed.push(format!("`{}`: {error}", folder.display()));
            }
        }
        self.watched = folders;
        failed
    }

    /// Returns whether all of these folders are watched.
    pub(super) fn has(&self, folders: &BTreeSet<PathBuf>) -> bool {
        folders.is_subset(&self.watched)
    }

    /// Forgets a folder, so that it is watched anew if it is still there.
    pub(super) fn forget(&mut self, folder: &Path) {
        if self.watched.remove(folder) {
            let _ = self.watcher.unwatch(folder);
        }
    }
}

impl Ear {
    fn hear(&self, event: notify::Result<notify::Event>) {
        let Ok(event) = event else { return self.tell(Message::Lost) };
        if event.need_rescan() {
            return self.tell(Message::Lost);
        }
        let is_change = match event.kind {
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            _ => true,
        };
        for path in event.paths {
            if is_change && !path.starts_with(&self.output) && !is_passing(&path) {
                self.tell(Message::Changed(path));
            }
        }
    }

    fn tell(&self, message: Message) {
        // At the end, nobody listens.
        let _ = self.messages.send(message);
        // After the message: whoever takes back the wish to stop has then heard why there was one.
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Returns whether a file is one that an editor has beside the one that is edited.
fn is_passing(path: &Path) -> bool {
    let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
    // Vim tries with this number whether it may write.
    let is_hidden = name.starts_with('.') && name != ".stagebook";
    is_hidden || name == "4913" || name.ends_with('~') || name.starts_with('#') || name.ends_with(".swp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_editors_are_passed_over() {
        for (name, expected) in [
            ("a.md", false),
            (".a.md.swp", true),
            ("a.md~", true),
            ("4913", true),
            ("#a#", true),
            (".stagebook", false),
        ] {
            assert_eq!(is_passing(Path::new(name)), expected, "{name}");
        }
    }
}
