//! Processes: who descends from whom, and how they are stopped.
//!
//! The program makes itself a *subreaper*: what a step leaves behind (`setsid`,
//! a double fork, a daemon) becomes a child of this process instead of init's, so it can
//! be found and ended. Which tutorial an orphan belongs to is told by a variable in its
//! environment; one that cleared its environment is ended with the last tutorial.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal};
use tokio::sync::watch;

use super::message::Stop;
use super::session::is_driver;
use super::spawn::Children;

/// Variable that marks every process of a tutorial's run.
pub(super) const MARK: &str = "STAGEBOOK_RUN";

/// How soon processes that were asked to end are looked at. Most are gone by then.
const FIRST_LOOK: Duration = Duration::from_millis(5);

/// How long it takes at most between two looks: each reads the whole process table.
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

/// How many times in a row newly forked orphans are killed before the process table is read again.
const HUNTS: usize = 200;

/// How many times orphans that ended are taken away before they are left to the next look.
const REAPS: usize = 100;

/// How long after SIGKILL a process may take to be gone.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// Makes orphaned descendants children of this process.
pub(super) fn adopt_orphans() {
    // Where a sandbox refuses they are init's: what a step left behind on purpose then outlives the run.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// A process, and not another that was given its number when it was gone.
///
/// On a busy machine numbers come round within seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProcessId {
    pid: i32,
    /// Clock ticks since boot.
    started: u64,
}

impl ProcessId {
    /// Returns the process that has a number now.
    pub(super) fn of(pid: i32) -> Option<Self> {
        read_stat(pid).map(|process| process.id)
    }

    /// Returns whether it lives.
    pub(super) fn is_alive(self) -> bool {
        read_stat(self.pid).is_some_and(|process| process.id == self && !process.zombie)
    }

    /// Sends it a signal; one that is gone already is what was wanted.
    fn signal(self, signal: Signal) {
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        // While it is held open, its number is nobody else's.
        let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        if Self::of(self.pid) == Some(self) {
            let _ = pidfd_send_signal(&held, signal);
        }
    }
}

/// A process as the kernel describes it.
#[derive(Debug, Clone, Copy)]
struct Process {
    id: ProcessId,
    parent: i32,
    group: i32,
    zombie: bool,
}

/// The moment at which a step began, on the clock that processes are stamped with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Born(u64);

impl Born {
    /// Returns a moment before every process.
    pub(super) const EVER: Self = Self(0);

    /// Returns this moment.
    pub(super) fn now() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let ticks = rustix::param::clock_ticks_per_second();
        Self(now.tv_sec.unsigned_abs() * ticks + now.tv_nsec.unsigned_abs() * ticks / 1_000_000_000)
    }
}

/// Whose processes are meant.
#[derive(Debug, Clone)]
pub(super) struct Family {
    /// Value of [`MARK`] in the environment of the tutorial's processes.
    pub(super) mark: String,
    /// Processes whose descendants belong to it: its shells.
    pub(super) roots: Vec<ProcessId>,
    /// Processes that are spared, with their descendants: services that live on.
    pub(super) spared: Vec<ProcessId>,
    /// Only processes that began at or after this moment, besides the roots themselves.
    pub(super) since: Born,
    /// Whether an orphan without any mark belongs to it: true while nothing else runs.
    pub(super) alone: bool,
    /// What was started by us and is no orphan: shells of other tutorials, the guard.
    pub(super) children: Rc<Children>,
}

impl Family {
    /// Returns the living members, roots included.
    fn members(&self, table: &BTreeMap<i32, Process>) -> BTreeSet<ProcessId> {
        let spared = descendants(table, &self.spared);
        let mut roots = self.roots.clone();
        roots.extend(self.orphans(table));
        let members = descendants(table, &roots).into_iter().filter(|id| !spared.contains(id));
        let living = |id: &ProcessId| {
            let lives = table.get(&id.pid).is_some_and(|process| !process.zombie);
            lives && (id.started >= self.since.0 || self.roots.contains(id))
        };
        members.filter(living).collect()
    }

    /// Returns adopted processes of the family.
    fn orphans(&self, table: &BTreeMap<i32, Process>) -> Vec<ProcessId> {
        let own = std::process::id().cast_signed();
        let adopted = table.values().filter(|process| process.parent == own && !process.zombie);
        adopted.map(|process| process.id).filter(|id| self.has_adopted(*id)).collect()
    }

    /// Returns whether a child of ours that we did not start carries the mark, or none while this family is alone.
    fn has_adopted(&self, id: ProcessId) -> bool {
        !self.roots.contains(&id)
            && !self.children.started(id.pid)
            && match mark(id.pid) {
                Some(mark) => mark == self.mark,
                None => self.alone && is_orphan(id.pid),
            }
    }

    /// Returns the members that were adopted, as of this very moment.
    ///
    /// A process that forks and ends all the time is gone before the whole table is read.
    fn runners(&self) -> Vec<Process> {
        let adopted = living_orphans(&self.children).unwrap_or_default().into_iter();
        adopted
            .filter(|process| process.id.started >= self.since.0 && !self.spared.contains(&process.id))
            .filter(|process| self.has_adopted(process.id))
            .collect()
    }

    /// Kills adopted members and whom they fork meanwhile, until no new one comes.
    fn hunt(&self, table: &BTreeMap<i32, Process>, members: &BTreeSet<ProcessId>) {
        let strangers = table.values().filter(|process| !members.contains(&process.id));
        let strange: BTreeSet<i32> = strangers.map(|process| process.group).collect();
        let mut hunted = BTreeSet::new();
        for _ in 0..HUNTS {
            let mut runners = self.runners();
            runners.retain(|process| hunted.insert(process.id));
            if runners.is_empty() {
                return;
            }
            for process in runners {
                process.id.signal(Signal::KILL);
                // A group is killed in one moment, in which none of it can fork.
                if !strange.contains(&process.group) {
                    signal_group(process.group, Signal::KILL);
                }
            }
        }
    }

    /// Asks every member to end, waits, and kills what is left. Members that are born meanwhile are ended too.
    ///
    /// Returns the command lines of those that cannot be ended: they belong to another user, or
    /// hang in the kernel.
    pub(super) async fn stop(&self, mut patience: Patience) -> Vec<String> {
        let began = Instant::now();
        let mut asked = BTreeSet::new();
        let mut pause = FIRST_LOOK;
        loop {
            let table = table();
            let mut members = self.members(&table);
            let urgent = patience.urgent();
            let due = patience.due(began.elapsed(), urgent);
            if due == Signal::KILL {
                self.hunt(&table, &members);
            }
            members.extend(self.runners().iter().map(|process| process.id));
            let grace = if urgent { Duration::ZERO } else { patience.grace };
            if members.is_empty() || began.elapsed() > grace.saturating_add(LAST_PATIENCE) {
                return members.into_iter().map(|id| command_line(id.pid)).collect();
            }
            for id in members {
                if due == Signal::KILL || asked.insert((id, due.as_raw())) {
                    id.signal(due);
                    // A stopped process takes no other signal before it continues.
                    id.signal(Signal::CONT);
                }
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

/// How processes are asked to end, and how long they may take.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// Whether they are asked as Ctrl-C asks before they are asked with SIGTERM.
    pub(super) interrupt: bool,
    /// How long after the first signal what is left is killed.
    pub(super) grace: Duration,
    /// Tells when there is no time left at all.
    pub(super) stop: watch::Receiver<Stop>,
}

impl Patience {
    fn urgent(&mut self) -> bool {
        *self.stop.borrow_and_update() == Stop::Now
    }

    /// Returns the signal that is due after some time.
    fn due(&self, elapsed: Duration, urgent: bool) -> Signal {
        // Background processes of a shell ignore SIGINT, so SIGTERM follows soon.
        let terminate_after = if self.interrupt { self.grace / 5 } else { Duration::ZERO };
        if urgent || elapsed >= self.grace {
            Signal::KILL
        } else if elapsed >= terminate_after {
            Signal::TERM
        } else {
            Signal::INT
        }
    }
}

/// Sends a signal to a process group.
fn signal_group(group: i32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group) {
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Returns the children of this process that it did not start.
///
/// Costs a read however many processes the machine has, so it can be asked at the end of every
/// tutorial: the kernel gives orphans to the first thread of a process as long as that lives, and it
/// lives as long as the process does. `None` where the kernel does not list children.
fn adopted(children: &Children) -> Option<Vec<i32>> {
    let pids = std::fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id())).ok()?;
    let pids = pids.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok());
    Some(pids.filter(|pid| !children.started(*pid) && is_orphan(*pid)).collect())
}

/// Takes the exit statuses of orphans that ended; returns whether any are alive.
pub(super) fn reap_orphans(children: &Children) -> bool {
    living_orphans(children).is_none_or(|living| !living.is_empty())
}

/// Returns the orphans that live, and takes the exit statuses of the others.
///
/// Who has ended may have left children, which are ours from that moment: it is looked again then.
/// `None` where the kernel does not list children.
fn living_orphans(children: &Children) -> Option<Vec<Process>> {
    let mut living = Vec::new();
    for _ in 0..REAPS {
        let adopted = adopted(children)?;
        let count = adopted.len();
        living = adopted.into_iter().filter(|pid| !reap(*pid)).filter_map(read_stat).collect();
        if living.len() == count {
            break;
        }
    }
    Some(living)
}

/// Takes the exit status of a child if it has ended; returns whether it had.
fn reap(pid: i32) -> bool {
    let status = Pid::from_raw(pid).map(|pid| rustix::process::waitpid(Some(pid), WaitOptions::NOHANG));
    matches!(status, Some(Ok(Some(_))))
}

/// Returns the command lines of living processes that hold a file open.
pub(super) fn holders(path: &Path) -> Vec<String> {
    let holds = |pid: &i32| {
        let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == path))
    };
    let own = std::process::id().cast_signed();
    let pids = table().into_keys().filter(|pid| *pid != own);
    pids.filter(holds).map(command_line).collect()
}

/// Returns a process's command line; of a part of a session's shell only which shell it is.
fn command_line(pid: i32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
    match words.first() {
        None => format!("process {pid}"),
        Some(shell) if words.iter().any(|word| is_driver(word)) => format!("{shell} (a part of the session)"),
        Some(_) => words.join(" "),
    }
}

/// Returns processes of the table with all that descend from them.
fn descendants(table: &BTreeMap<i32, Process>, roots: &[ProcessId]) -> BTreeSet<ProcessId> {
    let mut children: BTreeMap<i32, Vec<ProcessId>> = BTreeMap::new();
    for process in table.values() {
        children.entry(process.parent).or_default().push(process.id);
    }
    let is_there = |id: &ProcessId| table.get(&id.pid).is_some_and(|process| process.id == *id);
    let mut found = BTreeSet::new();
    let mut open: Vec<ProcessId> = roots.iter().copied().filter(is_there).collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(children.get(&id.pid).into_iter().flatten());
        }
    }
    found
}

/// Returns whether a child of ours leads its own session or group, or was forked by someone who is gone.
///
/// Helper programs that we start ourselves share our process group; what a step started never does.
fn is_orphan(pid: i32) -> bool {
    let own = rustix::process::getpgrp();
    Pid::from_raw(pid)
        .and_then(|pid| rustix::process::getpgid(Some(pid)).ok())
        .is_some_and(|group| group != own)
}

/// Returns the mark that a process was started with.
fn mark(pid: i32) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn table() -> BTreeMap<i32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(read_stat).map(|process| (process.id.pid, process)).collect()
}

/// Reads `/proc/PID/stat` (proc_pid_stat(5)): the name in parentheses may hold anything.
fn read_stat(pid: i32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
    Some(Process {
        id: ProcessId { pid, started: fields.get(19)?.parse().ok()? },
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        zombie: matches!(*fields.first()?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_a_process_is_not_the_process() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let pid = child.id().cast_signed();
        let id = ProcessId::of(pid).expect("it lives");
        let earlier = ProcessId { started: id.started - 1, ..id };
        assert!(id.is_alive() && !earlier.is_alive());
        // One that had this number before has no descendants, and hears nothing.
        let table = table();
        assert!(descendants(&table, &[earlier]).is_empty());
        earlier.signal(Signal::KILL);
        assert!(child.try_wait().expect("it can be asked").is_none());
        id.signal(Signal::KILL);
        assert!(!child.wait().expect("it was killed").success());
        assert!(!id.is_alive());
    }
}
