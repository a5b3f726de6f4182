//! `stagebook run`

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::arguments::{SelectionArguments, TutorialArguments};
use super::asked::Asked;
use super::cluster::{Engine, EngineArguments, ask, cluster_jobs, cluster_options};
use super::error::CliError;
use super::exit::ExitStatus;
use super::image::open_cache;
use super::install::install;
use super::pipeline::Pipeline;
use super::printer::Printer;
use super::project::{Pages, Project};
use super::update::Updates;
use crate::cluster::{self, ClusterJob, ClusterOptions};
use crate::config::{AuthFile, Ci, Environment, FIXED_ENVIRONMENT};
use crate::diagnostic::{Severity, chain};
use crate::event::{EventKind, RunEvent, Timestamp, Totals};
use crate::image::compare::rules_of;
use crate::image::{Limits, Reading, RegistryAccess};
use crate::plan::Plan;
use crate::record::{Lock, Recorder, Store, StoreError};
use crate::report::{
    GithubAnnotations, GitlabCodeQuality, JsonLines, Junit, Plain, Reporters, Size, Terminal, TextSettings,
    Verbosity, Writer, screen,
};
use crate::run::{self, Job, ParityOptions, RunOptions};

/// How often progress is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Run tutorials and keep the evidence
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    engine: EngineArguments,
    /// How many tutorials run at once [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Leave the workspaces behind, to look at them
    #[arg(long)]
    keep: bool,
    /// Write what was printed into the tutorials, where it differs from what they promise
    #[arg(long)]
    update: bool,
    /// Make a missing requirement a failure (exit status 3)
    #[arg(long)]
    strict: bool,
    /// Install what is missing first, after asking
    #[arg(long)]
    install: bool,
    /// Do not ask before installing
    #[arg(short, long, requires = "install")]
    yes: bool,
    /// Write a report too: junit=FILE, json=FILE for events as JSON lines, or codequality=FILE for
    /// GitLab; `-` is standard output
    #[arg(long, value_name = "KIND=FILE", value_parser = parse_report)]
    report: Vec<Report>,
}

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    kind: ReportKind,
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReportKind {
    Junit,
    Json,
    CodeQuality,
}

fn parse_report(text: &str) -> Result<Report, String> {
    let (kind, path) = text.split_once('=').unwrap_or((text, ""));
    let kind = match kind {
        "junit" => ReportKind::Junit,
        "json" => ReportKind::Json,
        "codequality" => ReportKind::CodeQuality,
        _ => {
            return Err(format!(
                "`{kind}` is no kind of report: expected junit=FILE, json=FILE or codequality=FILE"
            ));
        }
    };
    if path.is_empty() {
        return Err(format!("where to? {text}=FILE"));
    }
    Ok(Report { kind, path: path.into() })
}

/// Runs the tutorials.
pub(super) fn run(arguments: RunArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    arguments.engine.check()?;
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    let plans = printer.sound(project.plans(&arguments.tutorials, &arguments.selection)?)?;
    let parity = parity(&mut project, &plans);
    let is_wrong = project.findings.iter().any(|finding| finding.severity == Severity::Error);
    printer.findings(&mut project.findings);
    if is_wrong {
        return Err(CliError::Findings);
    }
    let options = RunOptions { parity, ..options(&arguments, &project, &plans, printer) };
    if arguments.install {
        let search_path = options.environment.get("PATH").map(String::as_str).unwrap_or_default();
        install(&plans, search_path, arguments.yes, printer)?;
    }
    let store = Store::open(&project.settings.root);
    let run_id = format!("{}", Timestamp::now().as_millisecond());
    let jobs: Vec<Job> = plans.into_iter().map(|plan| job(plan, &store, &run_id)).collect();
    let work = match arguments.engine.engine {
        Engine::Local => EngineWork::Local(jobs, Box::new(options)),
        Engine::Tekton => {
            let jobs = cluster_jobs(jobs, &project, printer)?;
            let options = cluster_options(&arguments.engine, options, &run_id);
            if arguments.engine.dry_run.is_some() {
                return ask(&jobs, &options, printer);
            }
            EngineWork::Tekton(jobs, options)
        }
    };
    let lock = lock(&store, printer)?;
    let mut listeners = Listeners {
        reporters: reporters(&arguments, &store, printer)?,
        recorder: lock.is_some().then(|| Recorder::new(store.clone(), &run_id)),
        updates: arguments.update.then(Updates::default),
        asked: Asked::new(&arguments.selection.step),
        missing: false,
    };
    let (totals, interrupted) = work.run(&mut |event| listeners.event(event))?;
    listeners.finish(&project, &store, totals, interrupted, arguments.strict, printer)
}

/// What there is to do, and for whom.
enum EngineWork {
    Local(Vec<Job>, Box<RunOptions>),
    Tekton(Vec<ClusterJob>, ClusterOptions),
}

impl EngineWork {
    fn run(self, listener: &mut dyn FnMut(&RunEvent)) -> Result<(Totals, bool), CliError> {
        match self {
            Self::Local(jobs, options) => Ok(run::run(jobs, *options, listener)?),
            Self::Tekton(jobs, options) => Ok(cluster::run(jobs, options, listener)?),
        }
    }
}

/// Takes the lock of the store; `None` where there can be no store: a checkout that cannot be written runs too.
fn lock(store: &Store, printer: &Printer) -> Result<Option<Lock>, CliError> {
    match store.lock() {
        Ok(lock) => Ok(Some(lock)),
        Err(error @ (StoreError::Create(_) | StoreError::Lock(_))) => {
            printer.warning(&format!("nothing will be recorded: {}", chain(&error)));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Everybody who hears of a run.
struct Listeners {
    reporters: Reporters,
    /// Nobody where nothing can be recorded.
    recorder: Option<Recorder>,
    updates: Option<Updates>,
    asked: Asked,
    missing: bool,
}

impl Listeners {
    fn event(&mut self, event: &RunEvent) {
        if let Some(recorder) = &mut self.recorder {
            recorder.event(event);
        }
        if let EventKind::TutorialFinished { result, .. } = &event.kind {
            self.missing |= !result.missing.is_empty();
        }
        self.asked.event(&event.kind);
        if let Some(updates) = &mut self.updates {
            updates.event(&event.kind);
        }
        self.reporters.event(event);
    }

    fn finish(
        self,
        project: &Project,
        store: &Store,
        totals: Totals,
        interrupted: bool,
        strict: bool,
        printer: &Printer,
    ) -> Result<ExitStatus, CliError> {
        let mut is_told_everywhere = self.recorder.is_some();
        for (name, error) in self.reporters.finish() {
            printer.warning(&format!("{name}: {}", chain(&error)));
            is_told_everywhere = false;
        }
        let recorded = self.recorder.map(Recorder::finish).unwrap_or_default();
        for error in recorded.into_iter().filter_map(Result::err) {
            printer.warning(&chain(&error));
            // Outputs that could not be removed are too many, not too few.
            is_told_everywhere &= matches!(error, StoreError::Sweep { .. });
        }
        let mended = match self.updates {
            Some(updates) => updates.write(project, store, printer)?,
            None => 0,
        };
        let mut left_out = false;
        for (step, why) in self.asked.left_out().filter(|_| !interrupted) {
            printer.failure(&format!("step `{step}` was asked for and did not run: {why}"));
            left_out = true;
        }
        Ok(match totals {
            _ if interrupted => ExitStatus::Interrupted,
            Totals { failed, .. } if failed > mended => ExitStatus::Failed,
            _ if strict && self.missing => {
                printer.failure("a requirement is missing, and `--strict` makes that a failure");
                ExitStatus::Missing
            }
            _ if totals.nothing_ran() || left_out => ExitStatus::Failed,
            // Whoever asked for evidence and gets 0 takes it to be there.
            _ if !is_told_everywhere => ExitStatus::Trouble,
            _ => ExitStatus::Passed,
        })
    }
}

fn job(plan: Plan, store: &Store, run_id: &str) -> Job {
    let (outputs, outputs_name) = store.output_folder(&plan.key, run_id);
    Job { plan, outputs, outputs_name }
}

fn options(arguments: &RunArguments, project: &Project, plans: &[Plan], printer: &Printer) -> RunOptions {
    let options = base_options(project, plans, printer);
    let is_json = |report: &Report| report.kind == ReportKind::Json;
    RunOptions {
        jobs: arguments.jobs.map_or(options.jobs, std::num::NonZero::get),
        stream_output: options.stream_output || arguments.report.iter().any(is_json),
        keep_workspaces: arguments.keep,
        updating: arguments.update,
        reading: reading(plans, &project.environment, printer),
        ..options
    }
}

/// Returns how plans of a project are run where nobody says anything else.
pub(super) fn base_options(project: &Project, plans: &[Plan], printer: &Printer) -> RunOptions {
    let settings = &project.settings.run;
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut environment = project.environment.base_environment(&project.settings);
    environment
        .extend(FIXED_ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    if let Some(path) = std::env::current_exe().ok().and_then(|program| with_program(&environment, &program))
    {
        environment.insert("PATH".to_owned(), path);
    }
    let names = plans.iter().flat_map(|plan| &plan.secrets);
    let secrets = names.filter_map(|name| Some((name.clone(), project.environment.secret(name)?)));
    let secrets: BTreeMap<String, String> = secrets.collect();
    RunOptions {
        jobs: settings.jobs.unwrap_or_else(processors),
        grace: settings.grace,
        slow_after: settings.slow_after,
        keep_output: settings.keep_output,
        environment,
        secrets,
        stream_output: printer.verbosity() == Verbosity::Verbose,
        tick: (printer.is_terminal() && printer.verbosity() > Verbosity::Quiet).then_some(FRAME),
        keep_workspaces: false,
        updating: false,
        ground: None,
        registries: registries(&project.environment, printer),
        reading: None,
        parity: ParityOptions::default(),
        keep_images: None,
        host: run::host(),
    }
}

/// Returns how the layers of images are read, where a page promises any. Without it what is in them is not known.
fn reading(plans: &[Plan], environment: &Environment, printer: &Printer) -> Option<Reading> {
    plans.iter().find(|plan| !plan.tutorial.front_matter.images.is_empty())?;
    let cache = open_cache(false, environment);
    let cache =
        cache.map_err(|error| printer.warning(&format!("images are not looked into: {}", chain(&error))));
    Some(Reading { limits: Limits::default(), cache: cache.ok()? })
}

/// Returns how images are compared with those of production, if a page names any.
fn parity(project: &mut Project, plans: &[Plan]) -> ParityOptions {
    let parity = &project.settings.parity;
    if plans.iter().all(|plan| plan.tutorial.front_matter.reference.is_empty()) {
        return ParityOptions::default();
    }
    let rules = rules_of(parity, &mut project.findings);
    ParityOptions { rules, require: parity.require.map(Into::into) }
}

/// Returns a search path that ends with this program's folder, if no program of its name is on it: a page may
/// call the program that runs it.
fn with_program(environment: &BTreeMap<String, String>, program: &Path) -> Option<String> {
    let path = environment.get("PATH")?;
    let (name, folder) = (program.file_name()?, program.parent()?);
    let is_there = std::env::split_paths(path).any(|folder| folder.join(name).is_file());
    let folders = std::env::split_paths(path).chain([folder.to_path_buf()]);
    if is_there { None } else { std::env::join_paths(folders).ok()?.into_string().ok() }
}

/// Returns how registries are asked for what pages promise. That logins cannot be read ends no run that needs none.
pub(super) fn registries(environment: &Environment, printer: &Printer) -> Option<RegistryAccess> {
    match AuthFile::read_all(environment) {
        Ok(logins) => Some(RegistryAccess { proxies: environment.proxies(), insecure: Vec::new(), logins }),
        Err(error) => {
            printer.warning(&format!("registries are not asked for images: {}", chain(&error)));
            None
        }
    }
}

fn reporters(arguments: &RunArguments, store: &Store, printer: &Printer) -> Result<Reporters, CliError> {
    let Pipeline { system, repository } = printer.pipeline();
    let mut reporters = text_reporters(Some(store), printer);
    if *system == Some(Ci::GitHub) {
        let annotations = GithubAnnotations::new(Box::new(io::stderr()), repository.clone());
        reporters.add("annotations", annotations);
    }
    for report in &arguments.report {
        let writer = create(&report.path)?;
        let name = report.path.display().to_string();
        match report.kind {
            ReportKind::Junit => reporters.add(name, Junit::new(writer)),
            ReportKind::Json => reporters.add(name, JsonLines::new(writer)),
            ReportKind::CodeQuality => {
                reporters.add(name, GitlabCodeQuality::new(writer, repository.clone()));
            }
        }
    }
    Ok(reporters)
}

/// Returns the reporter for whoever reads what is printed; `store` is where records are, if they are kept.
pub(super) fn text_reporters(store: Option<&Store>, printer: &Printer) -> Reporters {
    let settings = TextSettings {
        styles: printer.styles(),
        verbosity: printer.verbosity(),
        store: store.cloned(),
        height: usize::from(size().1),
        gitlab_sections: printer.pipeline().system == Some(Ci::GitLab),
    };
    let mut reporters = Reporters::default();
    let error: Writer = Box::new(io::stderr());
    if printer.is_terminal() && printer.verbosity() > Verbosity::Quiet {
        reporters.add("terminal", Terminal::new(settings, error, screen(Box::new(io::stderr()), size)));
    } else {
        reporters.add("terminal", Plain::new(settings, error));
    }
    reporters
}

fn create(path: &Path) -> Result<Writer, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdout()));
    }
    let file = File::create(path).map_err(|source| CliError::Report { path: path.to_path_buf(), source })?;
    Ok(Box::new(file))
}

/// Returns columns and lines of the terminal, or what most have.
pub(super) fn size() -> Size {
    let known = rustix::termios::tcgetwinsize(io::stderr()).ok();
    known.filter(|size| size.ws_col > 0).map_or((80, 24), |size| (size.ws_col, size.ws_row.max(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_a_kind_and_a_file() {
        let junit = Report { kind: ReportKind::Junit, path: "a=b.xml".into() };
        assert_eq!(parse_report("junit=a=b.xml"), Ok(junit));
        assert!(parse_report("junit").is_err());
        assert_eq!(parse_report("codequality=q").map(|report| report.kind), Ok(ReportKind::CodeQuality));
        assert!(parse_report("html=x").unwrap_err().contains("no kind of report"));
    }
}
