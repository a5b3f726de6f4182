//! One try of one step.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::sync::Semaphore;

use super::error::PlanTrouble;
use super::executor::PlanRun;
use super::message::Stop;
use super::output::Capture;
use super::pipe::OutputPipe;
use super::process::{self, Born, Family};
use super::service::{self, Service};
use super::session::{Ending, Extras, Request, Streams};
use super::unit::{Audience, Limits, MOST_UNHEARD, Printed, Recording, Watched};
use super::verify::{self, Judgement};
use super::workspace::{FileRequest, write_file};
use crate::event::{CommandResult, Exit, Outcome, StepResult};
use crate::expect::Stream;
use crate::plan::{Interpreter, InterpreterKind, PlannedCommand, PlannedStep, StepIndex, Work};
use crate::tutorial::{ExpectedOutput, Ready};

/// How a unit came to its end, with what it printed.
#[derive(Debug)]
struct Unit {
    how: Watched<Exit>,
    printed: Printed,
    left_behind: Vec<String>,
}

/// What a shell or program is to do for a step.
#[derive(Debug, Clone, Copy)]
struct Task<'a> {
    step: &'a PlannedStep,
    index: StepIndex,
    text: &'a str,
    interpreter: &'a Interpreter,
    errexit: bool,
    expected: &'a [ExpectedOutput],
    /// Tells apart the outputs of one step: the try, the command.
    output: usize,
}

impl PlanRun {
    /// Runs a step once.
    pub(super) async fn attempt(
        &mut self,
        index: StepIndex,
        step: &PlannedStep,
        attempt: u32,
    ) -> Result<StepResult, PlanTrouble> {
        let began = Instant::now();
        let mut result = match self.work(index, step, attempt).await {
            // A program that is not there is a failure at its place in the page; the rest is cleaned up.
            Err(trouble @ PlanTrouble::Start { .. }) => {
                ended(Outcome::Failed { reason: trouble.chain() }, Printed::default())
            }
            worked => worked?,
        };
        result.attempt = attempt;
        result.duration = began.elapsed();
        Ok(result)
    }

    async fn work(
        &mut self,
        index: StepIndex,
        step: &PlannedStep,
        attempt: u32,
    ) -> Result<StepResult, PlanTrouble> {
        let limits = self.limits(step);
        let output = attempt as usize;
        match &step.work {
            Work::File { path, content, append, mode } => {
                let request = FileRequest { path, content, append: *append, mode: *mode };
                Ok(written(write_file(self.workspace.work(), &request)))
            }
            Work::Command { text, interpreter } => {
                let expected = &step.expected;
                let task = Task { step, index, text, interpreter, errexit: step.errexit, expected, output };
                self.command(task, limits).await
            }
            Work::Transcript { commands, interpreter } => {
                self.transcript(index, step, commands, interpreter, limits).await
            }
            Work::Service { text, interpreter, ready } => {
                let expected = &step.expected;
                let task = Task { step, index, text, interpreter, errexit: step.errexit, expected, output };
                self.service(task, ready.as_ref(), limits).await
            }
        }
    }

    fn limits(&self, step: &PlannedStep) -> Limits {
        let now = Instant::now();
        Limits {
            deadline: now + step.timeout,
            slow: now + self.options.slow_after,
            stop: self.stop.clone(),
            stopped_by: if step.cleanup { Stop::Now } else { Stop::Gently },
        }
    }

    async fn command(&mut self, task: Task<'_>, mut limits: Limits) -> Result<StepResult, PlanTrouble> {
        let unit = self.unit(task, &mut limits).await?;
        let Unit { how, printed, left_behind } = unit;
        let exit = match how {
            Watched::Ended(exit) => exit,
            Watched::TimedOut => {
                return Ok(StepResult { left_behind, ..timed_out(task.step.timeout, printed) });
            }
            Watched::Stopped => return Ok(StepResult { left_behind, ..ended(Outcome::Cancelled, printed) }),
        };
        let Judgement { outcome, checks } =
            verify::judge(task.step.exit, &exit, task.expected, &printed, &mut self.captures);
        Ok(StepResult { exit: Some(exit), checks, left_behind, ..ended(outcome, printed) })
    }

    /// Runs the commands of a transcript until one ends otherwise than the page says.
    async fn transcript(
        &mut self,
        index: StepIndex,
        step: &PlannedStep,
        commands: &[PlannedCommand],
        interpreter: &Interpreter,
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let mut result = ended(Outcome::Unverified, Printed::default());
        for (number, command) in commands.iter().enumerate() {
            let expected = command.expected.as_slice();
            let (text, output) = (command.command.as_str(), number + 1);
            let task = Task { step, index, text, interpreter, errexit: false, expected, output };
            let unit = self.unit(task, &mut limits).await?;
            result.left_behind.extend(unit.left_behind);
            // What is shown of a step that failed is what its first wrong command printed.
            if !matches!(result.outcome, Outcome::Failed { .. }) {
                result.output = unit.printed.output.clone();
            }
            let exit = match unit.how {
                Watched::Ended(exit) => exit,
                Watched::TimedOut => {
                    result.outcome = Outcome::TimedOut { limit: step.timeout };
                    break;
                }
                Watched::Stopped => {
                    result.outcome = Outcome::Cancelled;
                    break;
                }
            };
            let promised = (command.exit != 0).then_some(command.exit);
            let judgement = verify::judge(promised, &exit, expected, &unit.printed, &mut self.captures);
            result.checks.extend(judgement.checks);
            let unexpected_exit = verify::wrong_exit(command.exit, &exit).is_some();
            // A wrong exit says more than output that differed before it.
            if unexpected_exit {
                result.outcome = judgement.outcome;
                result.output = unit.printed.output.clone();
            } else {
                result.outcome = worse(result.outcome, judgement.outcome);
            }
            result.exit = Some(exit.clone());
            let (location, output) = (command.place.location(), unit.printed.output);
            result.commands.push(CommandResult { command: command.command.clone(), location, exit, output });
            if unexpected_exit {
                break;
            }
        }
        if matches!(result.outcome, Outcome::Verified | Outcome::Unverified) {
            result.output = crate::event::StepOutput::default();
        }
        Ok(result)
    }

    /// Runs a text and waits for its end.
    async fn unit(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        if task.interpreter.kind == InterpreterKind::Program {
            self.program(task, limits).await
        } else {
            self.session_unit(task, limits).await
        }
    }

    async fn session_unit(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        let apart = reads_one_stream(task.expected);
        let mut recording = self.recording(task, apart);
        let extras = Extras::of(task.step.cwd.as_ref(), &task.step.env);
        let session = self.session(&task.step.session, task.interpreter)?;
        let mut streams = session.streams(apart).map_err(talk)?;
        let born = Born::now();
        let request = Request {
            text: task.text,
            errexit: task.errexit,
            service: false,
            apart,
            extras: extras.as_ref(),
        };
        let begin = session.begin(&request, &streams);
        begin
            .map_err(|source| PlanTrouble::Start { program: task.interpreter.command[0].clone(), source })?;
        let watched = recording.watch(session.wait(), &streams, limits).await.map_err(talk)?;
        let how = match watched {
            Watched::Ended(ending) => Watched::Ended(exit_of(ending.map_err(talk)?)),
            Watched::TimedOut => {
                self.stop_session(&task.step.session, born, Signal::TERM).await;
                Watched::TimedOut
            }
            Watched::Stopped => {
                self.stop_session(&task.step.session, born, Signal::INT).await;
                Watched::Stopped
            }
        };
        let complete = recording.drain(&mut streams).await.map_err(talk)?;
        let left_behind = if complete {
            self.session(&task.step.session, task.interpreter)?.recycle(streams);
            Vec::new()
        } else {
            self.forget(streams)
        };
        Ok(Unit { how, printed: self.printed(task, recording)?, left_behind })
    }

    /// Ends what a step started, its shell too, and leaves the place for a new one.
    async fn stop_session(&mut self, name: &str, born: Born, first: Signal) {
        let Some(session) = self.sessions.get(name) else { return };
        let roots: Vec<i32> = session.process().into_iter().collect();
        self.family(roots, born).stop(first, self.options.grace).await;
        if let Some(session) = self.sessions.get_mut(name) {
            // The shell is dead: this takes its exit status.
            let _ = session.wait().await;
            session.forget_shell();
        }
    }

    /// Returns the processes of this plan, services left out.
    pub(super) fn family(&self, roots: Vec<i32>, since: Born) -> Family {
        let spared = self.services.iter().map(|service| service.process).collect();
        Family { mark: self.mark.clone(), roots, spared, since, alone: self.active.get() <= 1 }
    }

    /// Runs a program that is started for this step alone.
    async fn program(&mut self, task: Task<'_>, limits: &mut Limits) -> Result<Unit, PlanTrouble> {
        let program = task.interpreter.command[0].clone();
        let start = |source| PlanTrouble::Start { program: program.clone(), source };
        let apart = reads_one_stream(task.expected);
        let mut recording = self.recording(task, apart);
        self.programs += 1;
        let number = self.programs;
        let file = |name: &str| self.workspace.control().join(format!("{name}-{number}"));
        std::fs::write(file("program"), task.text).map_err(start)?;
        let mut streams = Streams::for_program(
            OutputPipe::open(file("output")).map_err(start)?,
            apart.then(|| OutputPipe::open(file("error"))).transpose().map_err(start)?,
        );
        let mut command = tokio::process::Command::new(&program);
        command.args(&task.interpreter.command[1..]).arg(file("program"));
        command.env_clear().envs(&self.environment).envs(&task.step.env);
        command.current_dir(self.workspace.work().join(task.step.cwd.as_deref().unwrap_or_default()));
        let error_pipe = streams.error.as_ref().unwrap_or(&streams.output);
        command.stdout(streams.output.child_end().map_err(start)?);
        command.stderr(error_pipe.child_end().map_err(start)?);
        let born = Born::now();
        let mut child = self.children.spawn(&mut command).map_err(start)?;
        let process = child.id().map(u32::cast_signed).unwrap_or_default();
        // The command holds writing ends of the pipes.
        drop(command);
        let watched = recording.watch(child.wait(), &streams, limits).await.map_err(start)?;
        let how = match watched {
            Watched::Ended(status) => Watched::Ended(exit(status.map_err(start)?)),
            Watched::TimedOut => {
                self.stop_program(&mut child, born, Signal::TERM).await;
                Watched::TimedOut
            }
            Watched::Stopped => {
                self.stop_program(&mut child, born, Signal::INT).await;
                Watched::Stopped
            }
        };
        self.children.forget(process);
        let complete = recording.drain(&mut streams).await.map_err(start)?;
        let left_behind = if complete { Vec::new() } else { self.forget(streams) };
        Ok(Unit { how, printed: self.printed(task, recording)?, left_behind })
    }

    async fn stop_program(&self, child: &mut tokio::process::Child, born: Born, first: Signal) {
        let roots = child.id().map(u32::cast_signed).into_iter().collect();
        self.family(roots, born).stop(first, self.options.grace).await;
        let _ = child.wait().await;
    }

    /// Starts a service and waits until it is ready.
    async fn service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        let mut recording = self.recording(task, false);
        let extras = Extras::of(task.step.cwd.as_ref(), &task.step.env);
        let session = self.session(&task.step.session, task.interpreter)?;
        let mut streams = session.streams(false).map_err(talk)?;
        let request = Request {
            text: task.text,
            errexit: task.errexit,
            service: true,
            apart: false,
            extras: extras.as_ref(),
        };
        let begin = session.begin(&request, &streams);
        begin
            .map_err(|source| PlanTrouble::Start { program: task.interpreter.command[0].clone(), source })?;
        // Its output is left in the pipe meanwhile: all of it is for the follower.
        let watched = tokio::time::timeout_at(limits.deadline.into(), session.wait()).await;
        let Ok(Ok(Ending::Replied(reply))) = watched else {
            recording.drain(&mut streams).await.map_err(talk)?;
            let outcome = Outcome::Failed { reason: "its shell did not start it".to_owned() };
            return Ok(ended(outcome, self.printed(task, recording)?));
        };
        let process = reply.service.unwrap_or_default();
        let end_file = session.end_file(&streams);
        self.services.push(Service::follow(task.index, process, end_file, recording, streams));
        self.await_service(task, ready, limits).await
    }

    async fn await_service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let service = self.services.last().expect("the service was just started");
        let outcome = loop {
            if let Some(exit) = service.ended() {
                service.settle().await;
                break Outcome::Failed {
                    reason: format!("the service ended with {}", in_words(exit.as_ref())),
                };
            }
            match ready {
                None => break Outcome::Unverified,
                Some(ready) if service.is_ready(ready).await => break Outcome::Verified,
                Some(_) if Instant::now() >= limits.deadline => {
                    break Outcome::TimedOut { limit: task.step.timeout };
                }
                Some(_) => {}
            }
            if limits.sleep_or_stop(service::ASK_EVERY).await {
                break Outcome::Cancelled;
            }
        };
        let text = service.heard();
        let output = crate::event::StepOutput {
            bytes: text.len() as u64,
            kept: text.len() as u64,
            text: text.clone(),
            ..Default::default()
        };
        let printed = Printed { output, text: Some(text), error: None };
        if !matches!(outcome, Outcome::Verified | Outcome::Unverified) {
            return Ok(ended(outcome, printed));
        }
        let promised = (outcome == Outcome::Verified).then_some(0);
        let judgement =
            verify::judge(promised, &Exit::Status(0), task.expected, &printed, &mut self.captures);
        Ok(StepResult { checks: judgement.checks, ..ended(judgement.outcome, printed) })
    }

    fn recording(&self, task: Task<'_>, apart: bool) -> Recording {
        let capture = |suffix: &str| {
            let name = self.output_name(task, suffix);
            Capture::new(&self.job.outputs, &self.job.outputs_name, &name, self.options.keep_output)
        };
        let audience = Audience {
            plan: self.job.plan.key.clone(),
            step: task.index,
            messages: self.messages.clone(),
            live: self.options.stream_output,
            unheard: Arc::new(Semaphore::new(MOST_UNHEARD)),
        };
        Recording::new(&self.secrets, capture(""), apart.then(|| capture(".stderr")), audience)
    }

    /// Ends a recording; names of folders that differ from run to run are replaced by what they are.
    fn printed(&self, task: Task<'_>, recording: Recording) -> Result<Printed, PlanTrouble> {
        let trouble = |source| PlanTrouble::Output { step: task.step.name.to_string(), source };
        let mut printed = recording.finish().map_err(trouble)?;
        let output = &mut printed.output;
        let shown = [Some(&mut output.text), output.stderr.as_mut(), printed.error.as_mut()];
        for text in shown.into_iter().flatten() {
            *text = self.hide_paths(text);
        }
        if let Some(text) = &mut printed.text {
            let hidden = self.hide_paths(text);
            if hidden != *text && output.file.is_some() {
                let file = self.job.outputs.join(self.output_name(task, ""));
                std::fs::write(file, &hidden).map_err(trouble)?;
            }
            *text = hidden;
        }
        Ok(printed)
    }

    /// Returns the name of the file for a unit's long output.
    fn output_name(&self, task: Task<'_>, suffix: &str) -> String {
        let name = match task.output {
            1 => format!("{}{suffix}", task.step.name),
            number => format!("{}{suffix}.{number}", task.step.name),
        };
        service::output_file(&name)
    }

    /// Lets go of streams that someone still holds, and returns who does.
    ///
    /// They are read until nobody holds them, so that no process is stopped by a full pipe.
    fn forget(&self, mut streams: Streams) -> Vec<String> {
        let holders = process::holders(streams.output.path());
        tokio::task::spawn_local(async move {
            let mut buffer = vec![0; 4096];
            streams.output.release();
            while streams.output.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
        });
        holders.iter().map(|line| self.secrets.redact(line)).collect()
    }

    fn hide_paths(&self, text: &str) -> String {
        let folder = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let (work, home) = (folder(self.workspace.work()), folder(self.workspace.home()));
        crate::expect::hide_paths(text, &[(work.as_str(), "workspace"), (home.as_str(), "home")])
    }
}

impl Limits {
    /// Waits a moment; returns whether the run is to stop.
    pub(super) async fn sleep_or_stop(&mut self, moment: Duration) -> bool {
        let stopped_by = self.stopped_by;
        tokio::time::timeout(moment, self.stop.wait_for(|stop| *stop >= stopped_by)).await.is_ok()
    }
}

fn reads_one_stream(expected: &[ExpectedOutput]) -> bool {
    expected.iter().any(|expected| expected.expectation.stream != Stream::Both)
}

fn written(result: io::Result<()>) -> StepResult {
    let outcome = match result {
        Ok(()) => Outcome::Unverified,
        Err(error) => Outcome::Failed { reason: format!("the file could not be written: {error}") },
    };
    ended(outcome, Printed::default())
}

fn timed_out(limit: Duration, printed: Printed) -> StepResult {
    ended(Outcome::TimedOut { limit }, printed)
}

fn ended(outcome: Outcome, printed: Printed) -> StepResult {
    StepResult {
        outcome,
        duration: Duration::ZERO,
        attempt: 0,
        exit: None,
        checks: Vec::new(),
        output: printed.output,
        commands: Vec::new(),
        left_behind: Vec::new(),
    }
}

/// Returns a step that was not run.
pub(super) fn not_run(outcome: Outcome) -> StepResult {
    ended(outcome, Printed::default())
}

/// Returns what two parts of a step make together: the first failure, else verified if one is.
fn worse(left: Outcome, right: Outcome) -> Outcome {
    match (left, right) {
        (left @ Outcome::Failed { .. }, _) => left,
        (_, right @ Outcome::Failed { .. }) => right,
        (Outcome::Verified, _) | (_, Outcome::Verified) => Outcome::Verified,
        (left, _) => left,
    }
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

fn in_words(exit: Option<&Exit>) -> String {
    match exit {
        Some(Exit::Status(status)) => format!("exit status {status}"),
        Some(Exit::Signal(signal)) => signal.clone(),
        None => "an unknown status".to_owned(),
    }
}
