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
use crate::event::{CommandResult, Outcome, StepOutput, StepResult};
use crate::plan::{Interpreter, PlannedCommand, PlannedStep, StepIndex, Work};

impl PlanRun {
    /// Runs a step once.
    pub(super) async fn attempt(&mut self, index: StepIndex, step: &PlannedStep, attempt: u32) -> StepResult {
        let began = Instant::now();
        let born = Born::now();
        let mut result = match self.work(index, step, attempt).await {
            Ok(result) => result,
            // Trouble is a failure at its place in the page: what cleans up still runs.
            Err(trouble) => {
                if matches!(trouble, PlanTrouble::Talk { .. }) {
                    self.stop_session(&step.session, born, Why::End).await;
                }
                ended(Outcome::Failed { reason: trouble.chain() }, Printed::default())
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
        let output = attempt as usize;
        let task = |text, interpreter| {
            let expected = step.expected.as_slice();
            Task { step, index, text, interpreter, errexit: step.errexit, expected, output }
        };
        match &step.work {
            Work::File { path, content, append, mode } => {
                let request = FileRequest { path, content, append: *append, mode: *mode };
                Ok(written(write_file(self.workspace.work(), &request)))
            }
            Work::Command { text, interpreter } => self.command(task(text, interpreter), limits).await,
            Work::Transcript { commands, interpreter } => {
                self.transcript(index, step, commands, interpreter, limits).await
            }
            Work::Service { text, interpreter, ready } => {
                self.service(task(text, interpreter), ready.as_ref(), limits).await
            }
        }
    }

    fn limits(&self, step: &PlannedStep) -> Limits {
        let now = Instant::now();
        Limits {
            deadline: now + step.timeout,
            slow: now + self.shared.options.slow_after,
            stop: self.shared.stop.clone(),
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
            // What the page says of the whole block is about its last command.
            let of_block = step.exit.filter(|_| number + 1 == commands.len());
            let promised = of_block.or((command.exit != 0).then_some(command.exit));
            let judgement = verify::judge(promised, &exit, expected, &unit.printed, &mut self.captures);
            result.checks.extend(judgement.checks);
            let unexpected_exit = verify::wrong_exit(promised.unwrap_or(0), &exit).is_some();
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
            result.output = StepOutput::default();
        }
        Ok(result)
    }
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
