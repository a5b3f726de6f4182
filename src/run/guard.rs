//! Someone who cleans up when this process cannot.
//!
//! A program that is killed (`kill -9`, out of memory) ends nothing that it started. So a
//! small shell waits on a pipe that only this process holds open: the pipe's end without a
//! farewell means that this process is gone, and the shell kills every process that carries
//! the run's mark. It also removes the control pipes, whose folders may hold the values of variables,
//! and the workspaces that are noted there, unless something is mounted in one.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::MARK;
use super::workspace::{MEMORY, control_prefix};

/// How long the guard may take to do its work while this process waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

const SCRIPT: &str = r#"
read -r farewell && exit
# Again as long as some are found, for one may have been forked while the table was read; not for ever,
# for one may hang in the kernel.
for round in 1 2 3 4 5 6 7 8 9; do
    found=
    for environment in $(grep -ls "$1" /proc/[0-9]*/environ); do
        process=${environment#/proc/}
        kill -9 "${process%/environ}" && found=1
    done
    case $found in '') break;; esac
done
for note in "$2"*/workspace; do
    read -r folder <"$note" || continue
    name=${folder##*/}
    case $name in stagebook-??????) ;; *) continue;; esac
    grep -q "/$name/" /proc/self/mountinfo && continue
    # What was killed a moment ago may still write.
    rm -rf -- "$folder" || { sleep 0.2; rm -rf -- "$folder"; }
done
rm -rf -- "$2"*
"#;

/// The waiting shell; it goes when this is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts the guard of a run. A machine without a shell for it goes without.
    pub(super) fn start(run_mark: &str) -> Option<Self> {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new("/bin/sh");
        let folders = Path::new(MEMORY).join(control_prefix(run_mark));
        command.args(["-c", SCRIPT, "stagebook-guard", &format!("{MARK}={run_mark}-")]).arg(folders);
        // Ctrl-C at the terminal is for us, not for the guard.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command.spawn().ok()?;
        Some(Self { pipe: shell.stdin.take(), shell })
    }

    /// Returns the guard's process.
    pub(super) fn process(&self) -> i32 {
        self.shell.id().cast_signed()
    }

    /// Lets the guard do its work although this process lives, and waits until it is done.
    pub(super) fn act(&mut self) {
        self.pipe = None;
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.shell.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            let _ = pipe.write_all(b"farewell\n");
        }
        let _ = self.shell.wait();
    }
}
