//! How every child starts: no terminal, no input, its own process group.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;

use tokio::process::{Child, Command};

use super::process::ProcessId;
use super::requirement::find_program;

/// The children that were started here and whose end was not seen yet.
///
/// Every other child of this process is an orphan that it adopted, or a helper program.
#[derive(Debug)]
pub(super) struct Children {
    own: RefCell<BTreeSet<i32>>,
    /// Whether there is a terminal that a child could open and wait at.
    terminal: bool,
}

impl Children {
    /// Looks whether this process has a controlling terminal.
    pub(super) fn new() -> Self {
        Self { own: RefCell::default(), terminal: File::open("/dev/tty").is_ok() }
    }

    /// Starts a child in a process group of its own, and without a controlling terminal.
    ///
    /// A pager, an editor, `sudo` or `ssh` that opens `/dev/tty` fails at once instead of waiting for
    /// someone. Standard input is empty; standard output and error go where the command says.
    pub(super) fn spawn(self: &Rc<Self>, command: &mut Command) -> io::Result<Spawned> {
        command.stdin(Stdio::null());
        if self.terminal {
            leave_terminal(command);
        } else {
            // Without code of ours between fork and exec the system starts it without copying this process.
            command.process_group(0);
        }
        let child = command.spawn()?;
        let process = child.id().map(u32::cast_signed);
        process.into_iter().for_each(|process| self.add(process));
        Ok(Spawned { child, process, children: Rc::clone(self) })
    }

    /// Says that a process was started by us.
    pub(super) fn add(&self, pid: i32) {
        self.own.borrow_mut().insert(pid);
    }

    /// Says that a child's exit status was taken, or that nobody waits for it any more.
    fn forget(&self, pid: i32) {
        self.own.borrow_mut().remove(&pid);
    }

    /// Returns whether a process was started here.
    pub(super) fn started(&self, pid: i32) -> bool {
        self.own.borrow().contains(&pid)
    }
}

/// A child that was started here.
///
/// Dropped before its exit status was taken it is an orphan like any other, so that whoever ends
/// orphans finds it.
#[derive(Debug)]
pub(super) struct Spawned {
    child: Child,
    /// Its process, until its exit status was taken.
    process: Option<i32>,
    children: Rc<Children>,
}

impl Spawned {
    /// Returns its process, until its exit status was taken: so long its number is nobody else's.
    pub(super) fn process(&self) -> Option<ProcessId> {
        self.process.and_then(ProcessId::of)
    }

    /// Waits for its end. May be called again after it was given up.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.forget();
        Ok(status)
    }

    /// Returns whether it has ended, without waiting.
    pub(super) fn has_ended(&mut self) -> bool {
        let ended = !matches!(self.child.try_wait(), Ok(None));
        if ended {
            self.forget();
        }
        ended
    }

    /// Kills it; returns whether it was there to be killed. Its end must still be waited for.
    pub(super) fn kill(&mut self) -> bool {
        self.child.start_kill().is_ok()
    }

    fn forget(&mut self) {
        self.process.take().into_iter().for_each(|process| self.children.forget(process));
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Returns a command for a program, looked up where its own variables say, under the name it was called by.
///
/// A command that has to look for its program with other variables than ours is started by copying
/// this whole process first.
pub(super) fn program(name: &str, environment: &BTreeMap<String, String>) -> Command {
    let search_path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    // One that is not there is tried by its name, for the error that says so.
    let found = find_program(name, search_path).filter(|path| path.is_absolute());
    let mut command = Command::new(found.as_deref().unwrap_or(Path::new(name)));
    command.arg0(name);
    command
}

/// Makes a command the leader of a new session, which has no terminal.
fn leave_terminal(command: &mut Command) {
    let prepare = || {
        rustix::process::setsid()?;
        Ok(())
    };
    #[expect(unsafe_code, reason = "the call is async-signal-safe and allocates nothing")]
    // SAFETY: between fork and exec only `setsid` is called.
    unsafe {
        command.pre_exec(prepare);
    }
}
