//! `stagebook image rebuild`

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use super::Format;
use super::access::ReadingArguments;
use super::compare::Required;
use crate::cli::arguments::{SelectionArguments, TutorialArguments};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::{Pages, Project};
use crate::cli::run::{base_options, text_reporters};
use crate::diagnostic::{chain, plural};
use crate::event::{EventKind, StepInfo, TutorialOutcome};
use crate::image::compare::{self, Comparing, Level, Requirement, Rule, Shown, Verdict, rules_of};
use crate::image::rebuild::{Build, Rebuild, RebuiltImage, rebuild as hold};
use crate::image::{ImageKeep, Reading, visible};
use crate::plan::{Plan, PlanKey};
use crate::run::{self, Job, RunOptions};

/// The second build begins so much later than the first: what carries a time in seconds carries another one.
const LATER: Duration = Duration::from_secs(2);

/// Run tutorials twice, and say which step left another image the second time
///
/// Both times they run in fresh workspaces, and nothing is recorded. After each step the images that it left are
/// looked at: those that the page promises under `images`, and those in OCI layouts and storages of its workspace.
#[derive(Debug, Args)]
pub(super) struct RebuildArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    /// End with this step
    #[arg(long, value_name = "NAME")]
    until: Option<String>,
    /// What must be alike in the images that the last steps leave, or the exit status is 1
    #[arg(long, value_name = "WHAT", default_value = "config")]
    require: Required,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show every difference, also those that are explained
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reading: ReadingArguments,
}

/// Runs tutorials twice and compares what they left.
pub(super) fn rebuild(arguments: &RebuildArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    let selection = SelectionArguments { until: arguments.until.clone(), ..SelectionArguments::default() };
    let plans = printer.sound(project.plans(&arguments.tutorials, &selection)?)?;
    let rules = rules_of(&project.settings.parity, &mut project.findings);
    printer.findings(&mut project.findings);
    let reading = arguments.reading.open(&project.environment)?;
    let rebuilder = Rebuilder { arguments, project: &project, reading: &reading, rules: &rules, printer };
    let mut status = ExitStatus::Passed;
    let mut reports = Vec::new();
    for plan in plans {
        match rebuilder.report(&plan)? {
            ControlFlow::Continue(report) => {
                if rebuilder.judge(&report) != ExitStatus::Passed {
                    status = ExitStatus::Failed;
                }
                reports.push(report);
            }
            // It was said why.
            ControlFlow::Break(Unbuilt::Interrupted) => return Ok(ExitStatus::Interrupted),
            ControlFlow::Break(Unbuilt::Failed) => status = ExitStatus::Failed,
            ControlFlow::Break(Unbuilt::Skipped) => {}
        }
    }
    if reports.is_empty() {
        return Ok(ExitStatus::Failed);
    }
    rebuilder.show(&reports)?;
    Ok(status)
}

/// What two builds of a plan say.
struct Report {
    plan: PlanKey,
    steps: Vec<StepInfo>,
    rebuild: Rebuild,
}

/// What one build left.
struct Built {
    steps: Vec<StepInfo>,
    images: Build,
}

/// Why there is nothing to compare.
enum Unbuilt {
    Interrupted,
    Failed,
    /// The machine lacks something, or the plan is for another one.
    Skipped,
}

/// Rebuilds plans, one after the other.
struct Rebuilder<'a> {
    arguments: &'a RebuildArguments,
    project: &'a Project,
    reading: &'a Reading,
    rules: &'a [Rule],
    printer: &'a Printer,
}

impl Rebuilder<'_> {
    /// Runs a plan twice and compares; breaks off where one of the runs does not come to its end.
    fn report(&self, plan: &Plan) -> Result<ControlFlow<Unbuilt, Report>, CliError> {
        let temporary = self.reading.cache.temporary();
        let failed = |source| CliError::Write { path: temporary.clone(), source };
        let folder = tempfile::Builder::new().prefix("rebuild-").tempdir_in(&temporary).map_err(failed)?;
        let began = Instant::now();
        let mut builds = Vec::new();
        for which in ["first", "second"] {
            thread::sleep(if builds.is_empty() {
                Duration::ZERO
            } else {
                LATER.saturating_sub(began.elapsed())
            });
            self.printer.say(&format!("{}: the {which} build", plan.key));
            match self.build(plan, folder.path())? {
                ControlFlow::Continue(built) => builds.push(built),
                ControlFlow::Break(unbuilt) => return Ok(ControlFlow::Break(unbuilt)),
            }
        }
        let [first, second] = &builds[..] else { unreachable!("two builds came to their end") };
        self.printer.say(&format!("{}: comparing what they left", plan.key));
        let with = Comparing { reading: self.reading, rules: self.rules };
        let rebuild = hold(&first.images, &second.images, &ImageKeep::new(folder.path()), &with)?;
        Ok(ControlFlow::Continue(Report { plan: plan.key.clone(), steps: first.steps.clone(), rebuild }))
    }

    fn build(&self, plan: &Plan, folder: &Path) -> Result<ControlFlow<Unbuilt, Built>, CliError> {
        let options = RunOptions {
            keep_images: Some(folder.to_path_buf()),
            ..base_options(self.project, std::slice::from_ref(plan), self.printer)
        };
        let outputs = folder.join("outputs");
        let job = Job { plan: plan.clone(), outputs, outputs_name: "outputs".to_owned() };
        let mut built = Built { steps: Vec::new(), images: vec![Vec::new(); plan.steps.len()] };
        let mut reporters = text_reporters(None, self.printer);
        let mut outcome = None;
        let (_, interrupted) = run::run(vec![job], options, &mut |event| {
            match &event.kind {
                EventKind::TutorialStarted(start) => built.steps.clone_from(&start.steps),
                EventKind::StepFinished { step, result, .. } => {
                    built.images[step.0].clone_from(&result.images)
                }
                EventKind::TutorialFinished { result, .. } => outcome = Some(result.outcome),
                _ => {}
            }
            reporters.event(event);
        })?;
        for (name, error) in reporters.finish() {
            self.printer.warning(&format!("{name}: {}", chain(&error)));
        }
        Ok(match outcome {
            _ if interrupted => ControlFlow::Break(Unbuilt::Interrupted),
            Some(TutorialOutcome::Passed) => ControlFlow::Continue(built),
            Some(TutorialOutcome::Skipped) => {
                self.printer.warning(&format!("{} was skipped: there is nothing to compare", plan.key));
                ControlFlow::Break(Unbuilt::Skipped)
            }
            _ => {
                self.printer.failure(&format!("{} was not built: there is nothing to compare", plan.key));
                ControlFlow::Break(Unbuilt::Failed)
            }
        })
    }

    /// Returns the exit status that a rebuild asks for, and says why where it is not 0.
    fn judge(&self, report: &Report) -> ExitStatus {
        let Report { plan, rebuild, .. } = report;
        if rebuild.images.is_empty() {
            self.printer.failure(&format!(
                "{} leaves no image: neither one that it promises under `images`, nor one in a layout or storage \
                 of its workspace",
                plan
            ));
            return ExitStatus::Failed;
        }
        let unmet = rebuild.unmet(Requirement::from(self.arguments.require));
        if unmet.is_empty() {
            return ExitStatus::Passed;
        }
        let levels: Vec<&str> = unmet.into_iter().map(Level::name).collect();
        self.printer.failure(&format!("{}: the two builds differ in {}", plan, levels.join(", ")));
        ExitStatus::Failed
    }

    fn show(&self, reports: &[Report]) -> Result<(), CliError> {
        let how_much = if self.arguments.all { Shown::All } else { Shown::Top };
        self.printer.data(&match self.arguments.format {
            Format::Text => reports.iter().map(|report| report.text(how_much)).collect::<Vec<_>>().join("\n"),
            Format::Json => json(reports),
        })
    }
}

fn json(reports: &[Report]) -> String {
    let report = |Report { plan, steps, rebuild }: &Report| {
        let steps: Vec<_> = steps.iter().map(|step| step.name.0.as_str()).collect();
        serde_json::json!({"plan": plan.to_string(), "steps": steps, "rebuild": rebuild})
    };
    let reports: Vec<_> = reports.iter().map(report).collect();
    format!("{}\n", serde_json::to_string_pretty(&reports).expect("a rebuild is JSON"))
}

impl Report {
    /// Says what came of two builds: each image, and the first that differs in full.
    fn text(&self, how_much: Shown) -> String {
        let Self { plan, rebuild, .. } = self;
        let mut out = format!("{plan}: {}\n\n", summary(rebuild));
        let mut step = None;
        for image in &rebuild.images {
            if step.replace(image.step) != Some(image.step) {
                let _ = writeln!(out, "  {}", self.place(image));
            }
            let _ = writeln!(out, "    {:<11}{}", image.verdict.to_string(), visible(&image.name));
        }
        if let Some(image) = rebuild.first_difference() {
            out.push('\n');
            out.push_str(&self.difference(image, how_much));
        }
        out
    }

    fn place(&self, image: &RebuiltImage) -> String {
        let StepInfo { name, location, .. } = &self.steps[image.step];
        format!("{name} ({location})")
    }

    fn difference(&self, image: &RebuiltImage, how_much: Shown) -> String {
        let place = self.place(image);
        let said = match (&image.comparison, &image.first) {
            (Some(comparison), _) => format!(
                "The staging image below is that of the second build, the reference that of the first.\n\n{}",
                compare::text(comparison, how_much)
            ),
            (None, Some(_)) => "It is there after the first build alone.\n".to_owned(),
            (None, None) => "It is there after the second build alone.\n".to_owned(),
        };
        format!("{place} is the first step that leaves another image, {}:\n\n{said}", visible(&image.name))
    }
}

fn summary(rebuild: &Rebuild) -> String {
    let images = plural(rebuild.images.len(), "image");
    match rebuild.verdict {
        Verdict::Identical => format!("{images} built twice, each with one digest"),
        Verdict::Explained => format!("{images} built twice, and rules explain all in which they differ"),
        Verdict::Different => {
            let different = rebuild.images.iter().filter(|image| image.verdict == Verdict::Different).count();
            format!("{images} built twice, {different} of them differ")
        }
    }
}
