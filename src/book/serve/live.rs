//! What the server tells the pages that are open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::book::script::script_value;

/// What changed in the site, and what is wrong with the book.
#[derive(Debug)]
pub(super) struct Live {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Grows with every change.
    generation: u64,
    /// The generation of each file that changed since the server began.
    changed: BTreeMap<PathBuf, u64>,
    /// The last change of what every page has.
    all: u64,
    problem: String,
    /// Those who listen. Messages are few and small, so nobody has to wait for a slow one.
    listeners: Vec<UnboundedSender<Event>>,
}

impl State {
    fn send(&mut self, event: &Event) {
        self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
    }
}

/// A message to pages, as it stands in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event(String);

impl Event {
    fn new(name: &str, data: &impl serde::Serialize) -> Self {
        Self(format!("event: {name}\ndata: {}\n\n", script_value(data)))
    }

    /// Returns the message that makes any page load again.
    pub(super) fn reload() -> Self {
        Self::new("changed", &["*"])
    }

    /// Returns its bytes.
    pub(super) fn text(self) -> String {
        self.0
    }
}

impl Live {
    /// Begins to count from a number, which is higher than any of a server before this one: pages of that load again.
    pub(super) fn from(generation: u64) -> Self {
        Self { state: Mutex::new(State { generation, all: generation, ..State::default() }) }
    }

    /// Tells of files that changed.
    pub(super) fn changed(&self, files: &[PathBuf]) {
        let all = files.iter().any(|file| is_of_all_pages(file));
        let pages: Vec<&PathBuf> = files.iter().filter(|file| is_page(file)).collect();
        if !all && pages.is_empty() {
            return;
        }
        let mut state = self.state();
        state.generation += 1;
        let generation = state.generation;
        if all {
            state.all = generation;
        }
        state.changed.extend(pages.iter().map(|page| ((*page).clone(), generation)));
        state.send(&if all { Event::reload() } else { Event::new("changed", &pages) });
    }

    /// Tells what is wrong with the book; nothing where all is well.
    pub(super) fn problem(&self, problem: String) {
        let mut state = self.state();
        if state.problem != problem {
            state.send(&Event::new("problem", &problem));
            state.problem = problem;
        }
    }

    /// Returns the number of the last change.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Returns what a page that was loaded at a generation missed, and all that comes.
    pub(super) fn listen(&self, page: &Path, generation: u64) -> UnboundedReceiver<Event> {
        let mut state = self.state();
        let changed = state.changed.get(page).copied().unwrap_or_default().max(state.all);
        let missed = changed > generation;
        let (sender, receiver) = unbounded_channel();
        state.listeners.push(sender);
        let now = [Some(Event::new("problem", &state.problem)), missed.then(Event::reload)];
        for event in now.into_iter().flatten() {
            // The receiver is right here.
            let _ = state.listeners.last().expect("one was just added").send(event);
        }
        receiver
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "html")
}

/// Returns whether a file may be part of any page: a sheet, a script, a picture.
fn is_of_all_pages(file: &Path) -> bool {
    let for_machines = ["md", "json", "xml", "txt"];
    let is_for_machines =
        file.extension().is_some_and(|extension| for_machines.iter().any(|known| extension == *known));
    !is_page(file)
        && !is_for_machines
        && !file.starts_with("search")
        && !file.starts_with("badges")
        && !file.ends_with("assets/nav.js")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn heard(events: &mut UnboundedReceiver<Event>) -> Vec<String> {
        std::iter::from_fn(|| events.try_recv().ok()).map(Event::text).collect()
    }

    #[test]
    fn pages_hear_what_they_missed() {
        let live = Live::from(0);
        let mut events = live.listen(Path::new("a.html"), 0);
        assert_eq!(heard(&mut events), ["event: problem\ndata: \"\"\n\n"]);
        live.changed(&paths(&["a.html", "a.md", "search/0.js"]));
        live.changed(&paths(&["search/0.js", "llms.txt"]));
        assert_eq!(heard(&mut events), ["event: changed\ndata: [\"a.html\"]\n\n"]);
        assert_eq!(live.generation(), 1);
        let count = |page: &str, generation| heard(&mut live.listen(Path::new(page), generation)).len();
        let counts = [count("a.html", 0), count("a.html", 1), count("b.html", 0)];
        assert_eq!(counts, [2, 1, 1]);
        assert_eq!(heard(&mut Live::from(7).listen(Path::new("a.html"), 6)).len(), 2);
        live.changed(&paths(&["assets/book.css"]));
        assert_eq!(count("b.html", 1), 2);
    }

    #[test]
    fn problem_is_told_once() {
        let live = Live::from(0);
        let mut events = live.listen(Path::new("a.html"), 0);
        heard(&mut events);
        live.problem("line\n</script>".to_owned());
        live.problem("line\n</script>".to_owned());
        assert_eq!(heard(&mut events), ["event: problem\ndata: \"line\\n\\u003c/script>\"\n\n"]);
    }
}
