//! `stagebook image rebuild`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

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
use crate::image::compare::{self, Comparing, Requirement, Rule, Shown, Verdict, rules_of};
use crate::image::rebuild::{Build, Rebuild, RebuiltImage, rebuild as hold};
use crate::image::{ImageKeep, Reading, visible};
use crate::plan::{Plan, PlanKey};
use crate::run::{self, Job, RunOptions, Secrets, unless_interrupted, without_secrets};

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
    let (mut reports, mut is_compared) = (Vec::new(), false);
    for plan in plans {
        let (steps, rebuild) = rebuilder.rebuild(&plan)?;
        let report = Report { plan: plan.key.clone(), steps, rebuild };
        match &report.rebuild {
            Ok(rebuild) => {
                is_compared = true;
                if !rebuilder.is_met(&plan.key, rebuild) {
                    status = ExitStatus::Failed;
                }
            }
            Err(unbuilt) => {
                rebuilder.say_why(&plan.key, *unbuilt);
                if *unbuilt == Unbuilt::Interrupted {
                    // What was found out before is worth showing.
                    rebuilder.show(&reports)?;
                    return Ok(ExitStatus::Interrupted);
                }
                if *unbuilt != Unbuilt::Skipped {
                    status = ExitStatus::Failed;
                }
            }
        }
        reports.push(report);
    }
    rebuilder.show(&reports)?;
    Ok(if is_compared { status } else { ExitStatus::Failed })
}

/// What two builds of a plan say.
struct Report {
    plan: PlanKey,
    steps: Vec<StepInfo>,
    rebuild: Result<Rebuild, Unbuilt>,
}

/// What one build left.
struct Built {
    steps: Vec<StepInfo>,
    images: Build,
}

/// Why there is nothing to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Unbuilt {
    Interrupted,
    FirstFailed,
    /// The first build passed, and the second did not.
    SecondFailed,
    /// The machine lacks something.
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
    /// Runs a plan twice and compares; returns its steps too.
    fn rebuild(&self, plan: &Plan) -> Result<(Vec<StepInfo>, Result<Rebuild, Unbuilt>), CliError> {
        let temporary = self.reading.cache.temporary();
        let failed = |source| CliError::Write { path: temporary.clone(), source };
        let folder = tempfile::Builder::new().prefix("rebuild-").tempdir_in(&temporary).map_err(failed)?;
        let options = RunOptions {
            keep_images: Some(folder.path().to_path_buf()),
            ..base_options(self.project, std::slice::from_ref(plan), self.printer)
        };
        let secrets = Rc::new(Secrets::new(options.secrets.values().map(String::as_str)));
        let began = Instant::now();
        self.printer.say(&format!("{}: the first build", plan.key));
        let (first, outcome) = self.build(plan, options.clone())?;
        if let Some(unbuilt) = why_not(outcome, Unbuilt::FirstFailed) {
            return Ok((first.steps, Err(unbuilt)));
        }
        let wait = LATER.saturating_sub(began.elapsed());
        if unless_interrupted(move || thread::sleep(wait))?.is_none() {
            return Ok((first.steps, Err(Unbuilt::Interrupted)));
        }
        self.printer.say(&format!("{}: the second build", plan.key));
        let (second, outcome) = self.build(plan, options)?;
        if let Some(unbuilt) = why_not(outcome, Unbuilt::SecondFailed) {
            return Ok((first.steps, Err(unbuilt)));
        }
        self.printer.say(&format!("{}: comparing what they left", plan.key));
        let steps = first.steps;
        let images = (first.images, second.images);
        let (keep, reading, rules) =
            (ImageKeep::new(folder.path()), self.reading.clone(), self.rules.to_vec());
        let compared = unless_interrupted(move || {
            let with = Comparing { reading: &reading, rules: &rules };
            hold(&images.0, &images.1, &keep, &with)
        })?;
        Ok((
            steps,
            match compared {
                None => Err(Unbuilt::Interrupted),
                Some(rebuild) => Ok(shown_to_all(rebuild?, &secrets)),
            },
        ))
    }

    /// Runs a plan; returns what it left and how it ended, or nothing of that if it was stopped.
    fn build(&self, plan: &Plan, options: RunOptions) -> Result<(Built, Option<TutorialOutcome>), CliError> {
        let outputs = options.keep_images.as_deref().unwrap_or(Path::new(".")).join("outputs");
        let job = Job { plan: plan.clone(), outputs, outputs_name: "outputs".to_owned() };
        let mut built = Built { steps: Vec::new(), images: vec![Vec::new(); plan.steps.len()] };
        let mut reporters = text_reporters(None, self.printer);
        let mut outcome = Some(TutorialOutcome::Failed);
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
        Ok((built, outcome.filter(|_| !interrupted)))
    }

    fn say_why(&self, plan: &PlanKey, unbuilt: Unbuilt) {
        let Self { printer, .. } = self;
        match unbuilt {
            Unbuilt::Interrupted => {}
            Unbuilt::Skipped => printer.warning(&format!("{plan} was skipped: there is nothing to compare")),
            Unbuilt::FirstFailed => {
                printer.failure(&format!("{plan} was not built: there is nothing to compare"));
            }
            Unbuilt::SecondFailed => {
                printer.failure(&format!("{plan} was built once and failed the second time"))
            }
        }
    }

    /// Returns whether a rebuild is as it is asked to be, and says why if it is not.
    fn is_met(&self, plan: &PlanKey, rebuild: &Rebuild) -> bool {
        if rebuild.images.is_empty() {
            self.printer.failure(&format!(
                "{plan} leaves no image: neither one that it promises under `images`, nor one in a layout or \
                 storage of its workspace"
            ));
            return false;
        }
        let unmet = rebuild.unmet(Requirement::from(self.arguments.require));
        if !unmet.is_empty() {
            let levels: Vec<&str> = unmet.iter().map(|level| level.name()).collect();
            self.printer.failure(&format!("{plan}: the two builds differ in {}", levels.join(", ")));
        }
        unmet.is_empty()
    }

    fn show(&self, reports: &[Report]) -> Result<(), CliError> {
        let how_much = if self.arguments.all { Shown::All } else { Shown::Top };
        self.printer.data(&match self.arguments.format {
            Format::Text => {
                reports.iter().filter_map(|report| report.text(how_much)).collect::<Vec<_>>().join("\n")
            }
            Format::Json => json(reports),
        })
    }
}

fn json(reports: &[Report]) -> String {
    let report = |Report { plan, steps, rebuild }: &Report| {
        let steps: Vec<_> = steps.iter().map(|step| step.name.0.as_str()).collect();
        match rebuild {
            Ok(rebuild) => serde_json::json!({"plan": plan.to_string(), "steps": steps, "rebuild": rebuild}),
            Err(unbuilt) => serde_json::json!({"plan": plan.to_string(), "steps": steps, "unbuilt": unbuilt}),
        }
    };
    let reports: Vec<_> = reports.iter().map(report).collect();
    format!("{}\n", serde_json::to_string_pretty(&reports).expect("a rebuild is JSON"))
}

impl Report {
    /// Says what came of two builds: each image, and the first that differs in full.
    fn text(&self, how_much: Shown) -> Option<String> {
        let Self { plan, rebuild, .. } = self;
        let rebuild = rebuild.as_ref().ok().filter(|rebuild| !rebuild.images.is_empty())?;
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
            if rebuild.last().all(|image| image.verdict == Verdict::Identical) {
                out.push_str("\nLater steps mend it: each image that the last steps leave has one digest.\n");
            }
        }
        Some(out)
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
    let images = plural(rebuild.last().count(), "image");
    match rebuild.verdict {
        Some(Verdict::Different) => {
            let different = |image: &&RebuiltImage| image.verdict == Verdict::Different;
            let steps: BTreeSet<usize> =
                rebuild.images.iter().filter(different).map(|image| image.step).collect();
            format!("{images} built twice; {} left another one", plural(steps.len(), "step"))
        }
        Some(Verdict::Explained) => {
            format!("{images} built twice, and rules explain all in which they differ")
        }
        Some(Verdict::Identical) | None => format!("{images} built twice, each with one digest"),
    }
}

/// Returns why a build that ended so leaves nothing to compare.
fn why_not(outcome: Option<TutorialOutcome>, failed: Unbuilt) -> Option<Unbuilt> {
    match outcome {
        None => Some(Unbuilt::Interrupted),
        Some(TutorialOutcome::Passed) => None,
        Some(TutorialOutcome::Skipped) => Some(Unbuilt::Skipped),
        Some(TutorialOutcome::Failed | TutorialOutcome::Cancelled) => Some(failed),
    }
}

/// Returns a rebuild without secrets: what differs in files is shown in it.
fn shown_to_all(mut rebuild: Rebuild, secrets: &Rc<Secrets>) -> Rebuild {
    for image in &mut rebuild.images {
        secrets.redact(&mut image.name);
        image.comparison =
            image.comparison.take().map(|comparison| Box::new(without_secrets(*comparison, secrets)));
    }
    rebuild
}
