//! How every child starts: no terminal, no input, its own process group.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::process::Stdio;

use rustix::process::Signal;
use tokio::process::{Child, Command};

/// The children that were started here and whose end was not seen yet.
///
/// Every other child of this process is an orphan that it adopted, or a helper program.
#[derive(Debug, Default)]
pub(super) struct Children {
    own: RefCell<BTreeSet<i32>>,
}

impl Children {
    /// Starts a child in a session of its own, without a controlling terminal.
    ///
    /// A pager, an editor, `sudo` or `ssh` that opens `/dev/tty` fails at once instead of waiting for
    /// someone. Standard input is empty; standard output and error go where the command says. The
    /// child dies with us, whatever happens to us.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.stdin(Stdio::null());
        let prepare = || {
            rustix::process::setsid()?;
            #[cfg(target_os = "linux")]
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        };
        #[expect(unsafe_code, reason = "both calls are async-signal-safe and allocate nothing")]
        // SAFETY: between fork and exec only `setsid` and `prctl` are called.
        unsafe {
            command.pre_exec(prepare);
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
