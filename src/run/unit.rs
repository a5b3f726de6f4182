//! What runs a text: a session or a program of its own, and how it is stopped.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;

use super::error::PlanTrouble;
use super::executor::PlanRun;
use super::output::{Capture, OutputName};
use super::paths::Paths;
use super::pipe::OutputPipe;
use super::process::{self, Born, Family, Patience, ProcessId};
use super::recording::{Audience, Limits, Printed, Recording, Watched};
use super::session::{Ending, Extras, Request, Session, Streams};
use super::spawn::{self, Spawned};
use crate::event::Exit;
use crate::expect::Stream;
use crate::plan::{Interpreter, InterpreterKind, PlannedStep, StepIndex};
use crate::tutorial::ExpectedOutput;

/// How long the exit status of a program that was killed may take.
const MOMENT: Duration = Duration::from_secs(1);

/// Why processes are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// They took too long.
    Timeout,
    /// Someone asked the run to stop.
    Interrupt,
    /// Nobody needs them any more.
    End,
}

/// How a unit came to its end, with what it printed.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) how: Watched<Exit>,
    pub(super) printed: Printed,
    pub(super) left_behind: Vec<String>,
}

/// What a shell or program is to do for a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) step: &'a PlannedStep,
    pub(super) index: StepIndex,
    pub(super) text: &'a str,
    pub(super) interpreter: &'a Interpreter,
    pub(super) errexit: bool,
    pub(super) expected: &'a [ExpectedOutput],
    /// Which try.
    pub(super) attempt: u32,
    /// Which command of a transcript, counted from 1.
    pub(super) command: Option<usize>,
}

impl PlanRun {
    /// Runs a text and waits for its end.
    pub(super) async fn unit(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        if task.interpreter.kind == InterpreterKind::Program {
            self.program(task, limits).await
        } else {
            self.session_unit(task, limits).await
        }
    }

    async fn session_unit(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        let born = Born::now();
        let apart = reads_one_stream(task.expected);
        let mut recording = self.recording(task, apart);
        let mut streams = self.begin(task, false, apart)?;
        let session = self.session(&task.step.session, task.interpreter)?;
        let watched = recording.watch(session.wait(), &streams, limits).await.map_err(talk)?;
        let (how, mut left_behind) = match watched {
            Watched::Ended(ending) => (Watched::Ended(exit_of(ending.map_err(talk)?)), Vec::new()),
            Watched::TimedOut => {
                (Watched::TimedOut, self.stop_session(&task.step.session, born, Why::Timeout).await)
            }
            Watched::Stopped => {
                (Watched::Stopped, self.stop_session(&task.step.session, born, Why::Interrupt).await)
            }
        };
        if recording.drain(&mut streams).await.map_err(talk)? {
            self.session(&task.step.session, task.interpreter)?.recycle(streams);
        } else {
            left_behind.extend(Self::forget(streams));
        }
        Ok(Unit { how, printed: recording.finish(), left_behind })
    }

    /// Hands a text to the shell of its session; returns the pipes of its output.
    pub(super) fn begin(
        &mut self,
        task: Task<'_>,
        service: bool,
        apart: bool,
    ) -> Result<Streams, PlanTrouble> {
        self.folder_of(task.step)?;
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        let start = |source| PlanTrouble::Start { program: task.interpreter.command[0].clone(), source };
        let extras = Extras::of(task.step.cwd.as_ref(), &task.step.env);
        let (text, errexit, extras) = (task.text, task.errexit, extras.as_ref());
        let session = self.session(&task.step.session, task.interpreter)?;
        let streams = session.streams(apart).map_err(talk)?;
        let saved = false;
        session.begin(&Request { text, errexit, service, apart, extras, saved }, &streams).map_err(start)?;
        Ok(streams)
    }

    /// Ends what a step started, its shell too, and leaves the place for a new one.
    ///
    /// Returns the command lines of what could not be ended.
    pub(super) async fn stop_session(&mut self, name: &str, born: Born, why: Why) -> Vec<String> {
        let shell = self.sessions.get(name).and_then(Session::process);
        let survivors = self.stop(shell.into_iter().collect(), born, why).await;
        if let Some(session) = self.sessions.get_mut(name) {
            session.bury().await;
        }
        survivors
    }

    /// Ends processes and their descendants, those alone that began since a moment.
    ///
    /// Returns the command lines of what could not be ended, as they may be recorded.
    pub(super) async fn stop(&self, roots: Vec<ProcessId>, since: Born, why: Why) -> Vec<String> {
        self.family(roots, since).stop(self.patience(why)).await
    }

    /// Returns how much time processes get that are stopped.
    fn patience(&self, why: Why) -> Patience {
        Patience {
            interrupt: why == Why::Interrupt,
            grace: self.shared.options.grace,
            stop: self.shared.stop.clone(),
        }
    }

    /// Returns the processes of this plan, services left out.
    fn family(&self, roots: Vec<ProcessId>, since: Born) -> Family {
        let spared = self.services.iter().filter_map(|service| service.process).collect();
        Family {
            mark: self.mark.clone(),
            roots,
            spared,
            since,
            alone: self.shared.active.get() <= 1,
            children: Rc::clone(&self.shared.children),
        }
    }

    /// Returns the folder that a step begins in; it must be there, or the step would run in another.
    pub(super) fn folder_of(&self, step: &PlannedStep) -> Result<PathBuf, PlanTrouble> {
        let Some(cwd) = &step.cwd else { return Ok(self.workspace.work().to_path_buf()) };
        let folder = self.workspace.work().join(cwd);
        if folder.is_dir() { Ok(folder) } else { Err(PlanTrouble::Folder { folder: cwd.clone() }) }
    }

    /// Runs a program that is started for this step alone.
    async fn program(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        let start = |source| PlanTrouble::Start { program: task.interpreter.command[0].clone(), source };
        let folder = self.folder_of(task.step)?;
        let apart = reads_one_stream(task.expected);
        let mut recording = self.recording(task, apart);
        let born = Born::now();
        let (mut child, mut streams) = self.start_program(task, apart, folder).map_err(start)?;
        let watched = recording.watch(child.wait(), &streams, limits).await;
        let mut left_behind = match &watched {
            Ok(Watched::Ended(Ok(_))) => Vec::new(),
            Ok(Watched::TimedOut) => self.stop_program(&mut child, born, Why::Timeout).await,
            Ok(Watched::Stopped) => self.stop_program(&mut child, born, Why::Interrupt).await,
            // Whatever went wrong with us, nothing of it goes on.
            Ok(Watched::Ended(Err(_))) | Err(_) => self.stop_program(&mut child, born, Why::End).await,
        };
        let drained = recording.drain(&mut streams).await;
        if !matches!(drained, Ok(true)) {
            left_behind.extend(Self::forget(streams));
        }
        drained.map_err(start)?;
        let how = match watched.map_err(start)? {
            Watched::Ended(status) => Watched::Ended(exit(status.map_err(start)?)),
            Watched::TimedOut => Watched::TimedOut,
            Watched::Stopped => Watched::Stopped,
        };
        Ok(Unit { how, printed: recording.finish(), left_behind })
    }

    fn start_program(
        &mut self,
        task: Task<'_>,
        apart: bool,
        folder: PathBuf,
    ) -> io::Result<(Spawned, Streams)> {
        self.programs += 1;
        let number = self.programs;
        let file = |name: &str| self.workspace.control().join(format!("{name}-{number}"));
        std::fs::write(file("program"), task.text)?;
        let output = OutputPipe::open(file("output"))?;
        let error = apart.then(|| OutputPipe::open(file("error"))).transpose()?;
        let streams = Streams::for_program(output, error);
        let mut command = spawn::program(&task.interpreter.command[0], &self.environment);
        command.args(&task.interpreter.command[1..]).arg(file("program"));
        command.env_clear().envs(&self.environment).envs(&task.step.env);
        command.current_dir(folder);
        let error_pipe = streams.error.as_ref().unwrap_or(&streams.output);
        command.stdout(streams.output.child_end()?).stderr(error_pipe.child_end()?);
        // The command holds writing ends of the pipes, and is dropped here.
        Ok((self.shared.children.spawn(&mut command)?, streams))
    }

    async fn stop_program(&self, child: &mut Spawned, born: Born, why: Why) -> Vec<String> {
        let survivors = self.stop(child.process().into_iter().collect(), born, why).await;
        // One that hangs in the kernel is not waited for.
        let _ = tokio::time::timeout(MOMENT, child.wait()).await;
        survivors
    }

    pub(super) fn recording(&self, task: Task<'_>, apart: bool) -> Recording {
        let capture = |error| {
            let (index, step) = (task.index, task.step.name.0.as_str());
            let name = OutputName { index, step, attempt: task.attempt, command: task.command, error };
            let (folder, folder_name) = (&self.job.outputs, &self.job.outputs_name);
            Capture::new(folder, folder_name, &name.file(), self.shared.options.keep_output)
        };
        let (plan, messages) = (self.job.plan.key.clone(), self.shared.messages.clone());
        let audience = Audience::new(plan, task.index, messages, self.shared.options.stream_output);
        // Names of folders that differ from run to run are replaced by what they are.
        let workspace = &self.workspace;
        let paths = Paths::new([(workspace.work(), "workspace"), (workspace.home(), "home")])
            .with_texts_below(workspace.control());
        let error = apart.then(|| capture(true));
        Recording::new(&self.shared.secrets, &Rc::new(paths), capture(false), error, audience)
    }

    /// Lets go of streams that someone still holds, and returns who does.
    ///
    /// They are read until nobody holds them, so that no process is stopped by a full pipe.
    pub(super) fn forget(streams: Streams) -> Vec<String> {
        let holders = process::holders(streams.output.path());
        for mut pipe in [Some(streams.output), streams.error].into_iter().flatten() {
            tokio::task::spawn_local(async move {
                let mut buffer = vec![0; 4096];
                pipe.release();
                while pipe.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
            });
        }
        holders
    }
}

fn reads_one_stream(expected: &[ExpectedOutput]) -> bool {
    expected.iter().any(|expected| expected.expectation.stream != Stream::Both)
}

fn exit_of(ending: Ending) -> Exit {
    match ending {
        Ending::Replied(reply) => Exit::Status(reply.status),
        Ending::Exited(status) => exit(status),
    }
}

fn exit(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(code),
        (None, signal) => Exit::Signal(signal_name(signal.unwrap_or_default())),
    }
}

fn signal_name(number: i32) -> String {
    let named = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
    ];
    let name = named.into_iter().find(|(signal, _)| signal.as_raw() == number);
    name.map_or_else(|| format!("signal {number}"), |(_, name)| name.to_owned())
}
