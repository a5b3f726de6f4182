//! One try of one step.

use std::io;
use std::time::{Duration, Instant};

use super::error::PlanTrouble;
use super::executor::PlanRun;
use super::message::Stop;
use super::process::Born;
use super::recording::{Limits, Printed, Watched};
use super::unit::{Task, Unit, Why};
use super::verify::{self, Judgement};
use super::workspace::{FileRequest, write_file};
use crate::diagnostic::chain;
use crate::event::{CommandResult, Exit, Outcome, StepOutput, StepResult};
use crate::plan::{PlannedCommand, PlannedFile, PlannedStep, StepIndex, Work};

/// The longest time that is waited for: clocks do not reach much farther.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl PlanRun {
    /// Runs a step once.
    pub(super) async fn attempt(&mut self, index: StepIndex, step: &PlannedStep, attempt: u32) -> StepResult {
        let began = Instant::now();
        let born = Born::now();
        let mut result = match self.work(index, step, attempt).await {
            Ok(result) => result,
            // Trouble is a failure at its place in the page: what cleans up still runs.
            Err(trouble) => {
                let left_behind = match trouble {
                    PlanTrouble::Talk { .. } => self.stop_session(&step.session, born, Why::End).await,
                    _ => Vec::new(),
                };
                let outcome = Outcome::Failed { reason: chain(&trouble) };
                StepResult { left_behind, ..ended(outcome, Printed::default()) }
            }
        };
        result.attempt = attempt;
        result.duration = began.elapsed();
        result
    }

    async fn work(
        &mut self,
        index: StepIndex,
        step: &PlannedStep,
        attempt: u32,
    ) -> Result<StepResult, PlanTrouble> {
        let limits = self.limits(step);
        let task = |text, interpreter| {
            let expected = step.expected.as_slice();
            Task { step, index, text, interpreter, errexit: step.errexit, expected, attempt, command: None }
        };
        match &step.work {
            Work::File { path, content, append, mode } => {
                let request = FileRequest { path, content, append: *append, mode: *mode };
                Ok(written(write_file(self.workspace.work(), &request)))
            }
            Work::Files { files, mode } => {
                let request = |file: &'_ PlannedFile| {
                    let request =
                        FileRequest { path: &file.path, content: &file.content, append: false, mode: *mode };
                    write_file(self.workspace.work(), &request)
                };
                Ok(written(files.iter().try_for_each(request)))
            }
            Work::Command { text, interpreter } => self.command(task(text, interpreter), limits).await,
            Work::Transcript { commands, interpreter } => {
                let first = Task { errexit: false, ..task("", interpreter) };
                self.transcript(first, commands, limits).await
            }
            Work::Service { text, interpreter, ready } => {
                self.service(task(text, interpreter), ready.as_ref(), limits).await
            }
        }
    }

    fn limits(&self, step: &PlannedStep) -> Limits {
        let now = Instant::now();
        Limits {
            deadline: now + step.timeout.min(FOREVER),
            slow: now + self.shared.options.slow_after.min(FOREVER),
            stop: self.shared.stop.clone(),
            stopped_by: stopped_by(step),
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
    ///
    /// `step` is what all of them have in common.
    async fn transcript(
        &mut self,
        step: Task<'_>,
        commands: &[PlannedCommand],
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let mut result = ended(Outcome::Unverified, Printed::default());
        for (number, command) in commands.iter().enumerate() {
            let expected = command.expected.as_slice();
            let task = Task { text: &command.command, expected, command: Some(number + 1), ..step };
            let Unit { how, printed, left_behind } = self.unit(task, &mut limits).await?;
            result.left_behind.extend(left_behind);
            let goes_on = match how {
                Watched::Ended(exit) => {
                    // What the page says of the whole block is about its last command.
                    let of_block = step.step.exit.filter(|_| number + 1 == commands.len());
                    let promised = of_block.or((command.exit != 0).then_some(command.exit));
                    self.judge_command(&mut result, command, promised, exit, printed)
                }
                Watched::TimedOut => {
                    break_off(&mut result, Outcome::TimedOut { limit: step.step.timeout }, printed)
                }
                Watched::Stopped => break_off(&mut result, Outcome::Cancelled, printed),
            };
            if !goes_on {
                break;
            }
        }
        if result.outcome.passed() {
            result.output = StepOutput::default();
        }
        Ok(result)
    }

    /// Adds a command that ended to what came of its transcript; returns whether the next one runs.
    ///
    /// `promised` is the exit status that the page names, where it names one.
    fn judge_command(
        &mut self,
        result: &mut StepResult,
        command: &PlannedCommand,
        promised: Option<i32>,
        exit: Exit,
        printed: Printed,
    ) -> bool {
        let judgement =
            verify::judge(promised, &exit, command.expected.as_slice(), &printed, &mut self.captures);
        let as_promised = verify::wrong_exit(promised.unwrap_or(0), &exit).is_none();
        show(result, &printed.output, !as_promised);
        // A wrong exit says more than output that differed before it.
        result.outcome = if as_promised {
            joined(std::mem::replace(&mut result.outcome, Outcome::Unverified), judgement.outcome)
        } else {
            judgement.outcome
        };
        result.checks.extend(judgement.checks);
        result.exit = Some(exit.clone());
        let (location, output) = (command.place.location(), printed.output);
        result.commands.push(CommandResult { command: command.command.clone(), location, exit, output });
        as_promised
    }
}

/// Ends a transcript with a command that did not end by itself; nothing runs after it.
fn break_off(result: &mut StepResult, outcome: Outcome, printed: Printed) -> bool {
    show(result, &printed.output, false);
    result.outcome = outcome;
    false
}

/// Shows what a command printed, unless what an earlier wrong one printed is shown; `first` is shown before both.
fn show(result: &mut StepResult, output: &StepOutput, first: bool) {
    if first || !matches!(result.outcome, Outcome::Failed { .. }) {
        result.output = output.clone();
    }
}

/// Returns the request that stops a step: one that cleans up is stopped by the second alone.
pub(super) fn stopped_by(step: &PlannedStep) -> Stop {
    if step.cleanup { Stop::Now } else { Stop::Gently }
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

pub(super) fn ended(outcome: Outcome, printed: Printed) -> StepResult {
    StepResult {
        outcome,
        duration: Duration::ZERO,
        attempt: 0,
        exit: None,
        checks: Vec::new(),
        output: printed.output,
        commands: Vec::new(),
        left_behind: Vec::new(),
        images: Vec::new(),
    }
}

/// Returns a step that was not run.
pub(crate) fn not_run(outcome: Outcome) -> StepResult {
    ended(outcome, Printed::default())
}

/// Returns what two parts of a step make together: the first failure, else verified if one is.
fn joined(left: Outcome, right: Outcome) -> Outcome {
    match (left, right) {
        (left @ Outcome::Failed { .. }, _) => left,
        (_, right @ Outcome::Failed { .. }) => right,
        (Outcome::Verified, _) | (_, Outcome::Verified) => Outcome::Verified,
        (left, _) => left,
    }
}
