//! A project: its settings, the tutorials that a command is about, and their plans.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use crate::book::is_site;
use crate::config::{Environment, Settings};
use crate::diagnostic::{Finding, Severity, chain};
use crate::konflux::import::is_imported;
use crate::parallel;
use crate::plan::{self, Disposition, Inputs, Plan, Selection, parse_parameters_file};
use crate::record::Store;
use crate::tutorial::{LoadError, ParseOptions, Tutorial, Value, load};

/// A project with some of its tutorials.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) settings: Settings,
    pub(super) environment: Environment,
    pub(super) tutorials: Vec<Loaded>,
    /// What is wrong with the settings and the command line.
    pub(super) findings: Vec<Finding>,
}

/// Which pages of a folder are meant; a file that is named always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    /// Those with steps.
    Tutorials,
    /// Those with steps, and where no path is named those that have a record.
    Recorded,
    /// Those with steps, and those that hold objects which were imported: their scripts may all be none that run here.
    Exported,
    /// All.
    All,
}

/// The plans of a page, or what is wrong with it.
pub(super) type Planned = Result<Vec<Plan>, Vec<Finding>>;

/// A tutorial that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Path relative to the project's root, with `/`.
    pub(super) id: String,
    /// Path of the file.
    pub(super) path: PathBuf,
    pub(super) tutorial: Arc<Tutorial>,
    /// What is wrong with it.
    pub(super) findings: Vec<Finding>,
    /// Whether the user named this very file.
    pub(super) named: bool,
}

/// A file that may be a tutorial.
#[derive(Debug)]
struct Candidate {
    path: PathBuf,
    shown_as: PathBuf,
    named: bool,
}

impl Project {
    /// Reads the settings of the project around the current folder, and the tutorials that are meant.
    pub(super) fn open(arguments: &TutorialArguments, pages: Pages) -> Result<Self, CliError> {
        let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
        let (settings, findings) = Settings::load(&current)?;
        let environment = Environment::read();
        let mut project = Self { settings, environment, tutorials: Vec::new(), findings };
        let mut candidates = project.candidates(&arguments.paths, &current)?;
        if pages == Pages::Recorded && arguments.paths.is_empty() {
            candidates.extend(project.recorded(&candidates, &current));
        }
        project.read(candidates, pages)?;
        // A mistake in the settings may be why there is none, and is said instead.
        if project.tutorials.is_empty() && !has_error(&project.findings) {
            let paths =
                if arguments.paths.is_empty() { &project.settings.tutorials } else { &arguments.paths };
            return Err(CliError::NoTutorials { paths: paths.clone() });
        }
        Ok(project)
    }

    /// Returns the pages that have a record and are not among some.
    fn recorded(&self, known: &[Candidate], current: &Path) -> Vec<Candidate> {
        let mut seen: BTreeSet<PathBuf> = known.iter().map(|candidate| real(&candidate.path)).collect();
        let records = Store::open(&self.settings.root).read_all().into_iter().flatten();
        let paths = records.map(|record| self.settings.root.join(record.plan.tutorial));
        let paths = paths.filter(|path| path.is_file() && seen.insert(real(path)));
        let candidate = |path: PathBuf| {
            let path = from_here(&path, current);
            Candidate { shown_as: path.clone(), path, named: true }
        };
        paths.map(candidate).collect()
    }

    fn candidates(&mut self, paths: &[PathBuf], current: &Path) -> Result<Vec<Candidate>, CliError> {
        let mut candidates = Vec::new();
        let mut seen = BTreeSet::new();
        let from_settings = paths.is_empty();
        let paths = if from_settings { self.settings.tutorials.clone() } else { paths.to_vec() };
        for path in paths {
            let shown_as =
                if from_settings { from_here(&self.settings.root.join(path), current) } else { path };
            let found = if shown_as.is_dir() {
                markdown_below(&shown_as, &mut self.findings)
            } else if from_settings && !shown_as.exists() {
                // A project without the default folder simply has none there.
                Vec::new()
            } else {
                vec![Candidate { path: shown_as.clone(), shown_as, named: true }]
            };
            candidates.extend(found.into_iter().filter(|candidate| seen.insert(real(&candidate.path))));
        }
        Ok(candidates)
    }

    fn read(&mut self, candidates: Vec<Candidate>, pages: Pages) -> Result<(), CliError> {
        let options = parse_options(&self.settings);
        let read = |Candidate { path, shown_as, .. }: &Candidate| {
            let loaded = load(path, shown_as, &self.settings.root, &options)?;
            Ok::<_, LoadError>((self.id(path), loaded))
        };
        let read = parallel::map(&candidates, read);
        for (Candidate { path, named, .. }, read) in candidates.into_iter().zip(read) {
            let (id, (tutorial, findings)) = match read {
                Ok(read) => read,
                Err(error) if named => return Err(error.into()),
                Err(error) => {
                    // One file of a folder that cannot be read hides none of the others.
                    self.findings.push(unreadable(&error));
                    continue;
                }
            };
            // A page whose only block is broken has no steps, and must not go unnoticed.
            let holds_objects = pages == Pages::Exported && is_imported(&tutorial.source);
            let is_tutorial = !tutorial.steps.is_empty() || has_error(&findings);
            let meant = named || pages == Pages::All || is_tutorial || holds_objects;
            if meant {
                self.tutorials.push(Loaded { id, path, tutorial: Arc::new(tutorial), findings, named });
            }
        }
        self.drop_included();
        Ok(())
    }

    /// A file that another one includes is a part of it, unless the user named it.
    fn drop_included(&mut self) {
        let includes = self.tutorials.iter().flat_map(|loaded| &loaded.tutorial.includes);
        let included: BTreeSet<PathBuf> = includes.map(|include| real(include.source.path())).collect();
        self.tutorials.retain(|loaded| loaded.named || !included.contains(&real(&loaded.path)));
    }

    fn id(&self, path: &Path) -> String {
        let (path, root) = (real(path), real(&self.settings.root));
        let relative = path.strip_prefix(&root).unwrap_or(&path);
        let names = relative.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        names.collect::<Vec<_>>().join("/")
    }

    /// Makes the plans of all tutorials, unless something is wrong with any of them.
    pub(super) fn plans(
        &mut self,
        arguments: &TutorialArguments,
        selection: &SelectionArguments,
    ) -> Result<Planned, CliError> {
        let planned = self.plans_by_page(arguments, selection)?;
        let mut plans = Vec::new();
        let mut findings = std::mem::take(&mut self.findings);
        for (loaded, built) in self.tutorials.iter().zip(planned) {
            findings.extend(loaded.findings.iter().cloned());
            match built {
                Ok(built) => plans.extend(built),
                Err(wrong) => findings.extend(wrong),
            }
        }
        if has_error(&findings) {
            return Ok(Err(findings));
        }
        self.findings = findings;
        if !selection.is_empty() {
            plans.retain(|plan| has_selected_step(plan, selection));
        }
        Ok(Ok(plans))
    }

    /// Makes the plans of each page; adds what is wrong with the command line to the findings.
    pub(super) fn plans_by_page(
        &mut self,
        arguments: &TutorialArguments,
        selection: &SelectionArguments,
    ) -> Result<Vec<Planned>, CliError> {
        let tutorials: Vec<_> = self.tutorials.iter().map(|loaded| Arc::clone(&loaded.tutorial)).collect();
        let SelectionArguments { step: steps, from, until } = selection.clone();
        let selection = Selection { steps, from, until };
        let file = self.parameters_file(arguments)?;
        let names = arguments.parameters.iter().map(|(name, _)| name).chain(file.keys());
        self.findings.extend(plan::unknown_parameters(&tutorials, names.map(String::as_str)));
        self.findings.extend(plan::unknown_steps(&tutorials, &selection));
        let environment = self.environment.parameters();
        let plan = |loaded: &Loaded| {
            let inputs = Inputs {
                tutorial_id: loaded.id.clone(),
                flags: arguments.parameters.clone(),
                file: file.clone(),
                environment: environment.clone(),
                selection: selection.clone(),
            };
            plan::build(&loaded.tutorial, &self.settings, &inputs)
        };
        Ok(parallel::map(&self.tutorials, plan))
    }

    fn parameters_file(
        &mut self,
        arguments: &TutorialArguments,
    ) -> Result<BTreeMap<String, Value>, CliError> {
        let Some(path) = &arguments.params_file else { return Ok(BTreeMap::new()) };
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| CliError::ParametersFile { path: path.clone(), source })?;
        Ok(parse_parameters_file(&text, path).unwrap_or_else(|finding| {
            self.findings.push(*finding);
            BTreeMap::new()
        }))
    }
}

/// Returns how pages are read in a project with these settings.
pub(super) fn parse_options(settings: &Settings) -> ParseOptions {
    ParseOptions { interpreters: settings.interpreters.keys().cloned().collect() }
}

pub(super) fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// Returns whether the command line chose a step of this plan. Cleanup steps are in every
/// selection, so they count only where they are named.
fn has_selected_step(plan: &Plan, selection: &SelectionArguments) -> bool {
    let mut names = selection.step.iter().chain(&selection.from).chain(&selection.until);
    plan.steps.iter().any(|step| match step.cleanup {
        true => names.any(|name| *name == step.name.0),
        false => step.disposition != Disposition::NotSelected,
    })
}

fn unreadable(error: &dyn std::error::Error) -> Finding {
    let help = "make it readable, or name it in `.gitignore` or `.ignore` to leave it out";
    Finding::error("unreadable-page", chain(error)).help(help)
}

/// Returns the pages below a folder; what cannot be read becomes a finding. Sites that were built there have copies of
/// pages, which are nobody's tutorials.
fn markdown_below(folder: &Path, findings: &mut Vec<Finding>) -> Vec<Candidate> {
    let is_folder = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_dir());
    let is_kept =
        move |entry: &ignore::DirEntry| entry.depth() == 0 || !is_folder(entry) || !is_site(entry.path());
    let walk = ignore::WalkBuilder::new(folder).sort_by_file_path(Ord::cmp).filter_entry(is_kept).build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                findings.push(unreadable(&error));
                continue;
            }
        };
        let markdown =
            entry.path().extension().is_some_and(|extension| extension == "md" || extension == "markdown");
        if markdown && entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = entry.into_path();
            found.push(Candidate { shown_as: path.clone(), path, named: false });
        }
    }
    found
}

/// Returns a path as it is typed from a folder.
fn from_here(path: &Path, current: &Path) -> PathBuf {
    match path.components().collect::<PathBuf>().strip_prefix(current) {
        // The folder itself has no name there.
        Ok(here) if here.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_path_buf(),
        Err(_) => path.to_path_buf(),
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
