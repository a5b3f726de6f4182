//! `stagebook konflux step`

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::run::registries;
use crate::config::{Environment, FIXED_ENVIRONMENT, Settings};
use crate::diagnostic::chain;
use crate::event::{EventKind, RunEvent, Totals};
use crate::konflux::step::{self, Role, Start, StepDefinition, TaskStep};
use crate::plan::{Disposition, Plan};
use crate::report::{Plain, Reporters, TextSettings, Verbosity, diff_text};
use crate::run::{self, Job, MOST_RESULT_BYTES, ParityOptions, RunOptions};

/// How many lines of a failure's output are shown.
const LINES: usize = 24;

/// Run a step of an exported pipeline, inside of its container
///
/// The first line of a step's script calls this command. What the step is, and where its workspace is, stands in
/// variables that `stagebook konflux export` wrote.
#[derive(Debug, Args)]
pub(super) struct StepArguments {
    /// The script, whose text below its first line is the step
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
}

/// Runs a step as `stagebook run` does, where the steps before it in the same pipeline left off.
pub(super) fn step(arguments: &StepArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let script = std::fs::read_to_string(&arguments.script)
        .map_err(|source| CliError::Script { path: arguments.script.clone(), source })?;
    let environment = Environment::read();
    let step = TaskStep::read(&environment, &script)?;
    prepare(&step).map_err(|source| CliError::Write { path: step.ground.state.clone(), source })?;
    let plan = step.plan()?.map_err(|mut findings| {
        printer.findings(&mut findings);
        CliError::Findings
    })?;
    let task = Task { step, environment, printer };
    match task.step.step.role {
        Role::Step if task.promises_nothing() && task.is_left_out(&plan) => Ok(ExitStatus::Passed),
        Role::Step => task.run(plan, &mut |_| {}),
        Role::Start => task.start(&plan),
        Role::Service => task.serve(plan),
    }
}

/// Makes the folders, and puts the results of other tasks where steps look for them.
fn prepare(step: &TaskStep) -> io::Result<()> {
    std::fs::create_dir_all(&step.ground.state)?;
    std::fs::create_dir_all(&step.ground.results)?;
    for (name, value) in &step.handed_over {
        let path = step.ground.results.join(name);
        if !path.exists() {
            std::fs::write(path, value)?;
        }
    }
    Ok(())
}

/// A step in its container.
struct Task<'a> {
    step: TaskStep,
    environment: Environment,
    printer: &'a Printer,
}

impl Task<'_> {
    /// Runs the step; `hear` hears what happens.
    fn run(&self, plan: Plan, hear: &mut dyn FnMut(&RunEvent)) -> Result<ExitStatus, CliError> {
        let outputs = self.step.ground.state.join("outputs");
        let job = Job { plan, outputs, outputs_name: "outputs".to_owned() };
        let mut reporters = Reporters::default();
        reporters.add("terminal", Plain::new(self.text_settings(), Box::new(io::stderr())));
        let mut lacks = false;
        let (totals, interrupted) = run::run(vec![job], self.options(), &mut |event| {
            if let EventKind::TutorialFinished { result, .. } = &event.kind {
                lacks |= !result.missing.is_empty();
            }
            hear(event);
            reporters.event(event);
        })?;
        for (name, error) in reporters.finish() {
            self.printer.warning(&format!("{name}: {}", chain(&error)));
        }
        Ok(match totals {
            _ if interrupted => ExitStatus::Interrupted,
            Totals { failed: 1.., .. } => ExitStatus::Failed,
            // A pipeline has no word for a task that could not do what it is for.
            _ if lacks || self.has_too_much_to_say() => ExitStatus::Failed,
            _ => ExitStatus::Passed,
        })
    }

    /// Returns whether nothing has to be there once the step is over.
    fn promises_nothing(&self) -> bool {
        self.step.step.results.is_empty() && self.step.step.images.is_empty()
    }

    /// Returns whether the step's condition is false, and says so.
    fn is_left_out(&self, plan: &Plan) -> bool {
        let Some(Disposition::When(condition)) = plan.steps.first().map(|step| &step.disposition) else {
            return false;
        };
        let StepDefinition { name, page, line, .. } = &self.step.step;
        self.printer.insist(&format!("step `{name}` is left out: `{condition}` is false ({page}:{line})"));
        true
    }

    /// Tells whether the task's results are too long together: they share what a container can say at its end.
    fn has_too_much_to_say(&self) -> bool {
        let length = |name: &String| {
            let value = std::fs::read_to_string(self.step.ground.results.join(name)).unwrap_or_default();
            serde_json::json!({"key": name, "value": value, "type": 1}).to_string().len() as u64 + 1
        };
        let sum: u64 = self.step.step.results.iter().map(length).sum();
        let is_too_much = sum > MOST_RESULT_BYTES;
        if is_too_much {
            self.printer.failure(&format!(
                "the results of the task take {sum} bytes together; Tekton has room for {MOST_RESULT_BYTES}"
            ));
        }
        is_too_much
    }

    /// Starts the service that is a sidecar of the task, and waits until it is ready.
    fn start(&self, plan: &Plan) -> Result<ExitStatus, CliError> {
        let name = &self.step.step.name;
        let place = format!("{}:{}", self.step.step.page, self.step.step.line);
        if let Some(Disposition::When(condition)) = plan.steps.first().map(|step| &step.disposition) {
            self.printer
                .insist(&format!("service `{name}` is not started: `{condition}` is false ({place})"));
            return Ok(ExitStatus::Passed);
        }
        let trouble = |source| CliError::Write { path: self.step.service_folder(), source };
        let captures = run::kept_captures(&self.step.ground).map_err(trouble)?;
        match step::start(&self.step, &captures).map_err(trouble)? {
            Start::Ready { printed } => {
                self.printer.insist(printed.trim_end());
                self.printer.insist(&format!("service `{name}` is ready ({place})"));
                Ok(ExitStatus::Passed)
            }
            Start::Failed { reason, mismatch, printed } => {
                self.printer.insist(printed.trim_end());
                let mismatch = mismatch.map(|mismatch| diff_text(&mismatch.diff)).unwrap_or_default();
                self.printer.failure(&format!("service `{name}` failed: {reason} ({place})\n{mismatch}"));
                Ok(ExitStatus::Failed)
            }
        }
    }

    /// Runs a service as soon as it is asked for, until its container ends.
    fn serve(&self, plan: Plan) -> Result<ExitStatus, CliError> {
        let folder = self.step.service_folder();
        let trouble = |source| CliError::Write { path: folder.clone(), source };
        step::await_start(&folder).map_err(trouble)?;
        let mut heard = Ok(());
        let status = self.run(plan, &mut |event| {
            if let EventKind::StepPrinted { chunk, .. } = &event.kind {
                heard = std::mem::replace(&mut heard, Ok(())).and(step::announce(&folder, &chunk.text, None));
            }
        })?;
        heard.map_err(trouble)?;
        let how = if status == ExitStatus::Passed { "without a failure" } else { "with a failure" };
        step::announce(&folder, "", Some(how)).map_err(trouble)?;
        Ok(status)
    }

    fn text_settings(&self) -> TextSettings {
        TextSettings {
            styles: self.printer.styles(),
            verbosity: Verbosity::Verbose,
            store: None,
            height: LINES,
            gitlab_sections: false,
        }
    }

    fn options(&self) -> RunOptions {
        let settings = Settings::defaults(Path::new("/"));
        let mut environment = self.environment.base_environment(&settings);
        environment
            .extend(FIXED_ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let is_service = self.step.step.role == Role::Service;
        RunOptions {
            jobs: 1,
            grace: settings.run.grace,
            slow_after: if is_service { Duration::MAX } else { settings.run.slow_after },
            keep_output: settings.run.keep_output,
            environment,
            secrets: self.step.secrets().clone(),
            stream_output: true,
            tick: None,
            keep_workspaces: false,
            updating: false,
            ground: Some(self.step.ground.clone()),
            registries: registries(&self.environment, self.printer),
            keep_images: None,
            // Nobody keeps what is in them: the record is made where the run is followed.
            reading: None,
            parity: ParityOptions::default(),
            host: run::host(),
        }
    }
}
