//! How every child starts: no terminal, no input, its own process group.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

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
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.stdin(Stdio::null());
        if self.terminal {
            leave_terminal(command);
        } else {
            // Without code of ours between fork and exec the system starts it without copying this process.
            command.process_group(0);
        }
        let child = command.spawn()?;
        if let Some(process) = child.id() {
            self.add(process.cast_signed());
        }
        Ok(child)
    }

    /// Says that a process was started by us.
    pub(super) fn add(&self, pid: i32) {
        self.own.borrow_mut().insert(pid);
    }

    /// Says that a child's exit status was taken.
    pub(super) fn forget(&self, pid: i32) {
        self.own.borrow_mut().remove(&pid);
    }

    /// Returns whether a process was started here.
    pub(super) fn started(&self, pid: i32) -> bool {
        self.own.borrow().contains(&pid)
    }
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
