//! Builds again what changed: a page at once, everything else when it is quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::live::Live;
use super::watch::{Message, Watch};
use crate::book::error::BookError;
use crate::book::load::{Book, Page, Project, is_markdown, load_book, reread_page};
use crate::book::output::{LIST, SiteWriter};
use crate::book::site::{SiteOptions, build_site, rebuild_pages};
use crate::diagnostic::{Finding, Severity, chain, normal_path, render};

/// How long nothing happens until a burst of saves is over: an editor writes, renames and touches.
const BURST: Duration = Duration::from_millis(5);
/// How long a burst may last.
const LONGEST_BURST: Duration = Duration::from_millis(40);
/// How long nothing happens until the whole book is built again.
const QUIET: Duration = Duration::from_millis(250);
/// Folders of a store that hold outputs, which come before their record does.
const OUTPUTS: &str = "outputs-";

/// What a preview needs from whoever started it.
pub trait Workshop: Send + 'static {
    /// Reads the project again; an error is told in its words.
    fn project(&mut self) -> Result<(Project, Vec<Finding>), String>;
    /// Returns when pages were last changed.
    fn dates(&mut self, book: &Book, root: &Path) -> BTreeMap<PathBuf, String>;
    /// Hears what happens.
    fn notice(&mut self, notice: Notice<'_>);
}

/// What happens in a preview.
#[derive(Debug)]
pub enum Notice<'a> {
    /// It can be seen at this address.
    Serving(&'a str),
    /// These files of the site were written, and this is wrong with the book.
    Built {
        /// Whether it was the whole book, and not only pages that changed.
        whole: bool,
        /// Files that are new or differ from before.
        changed: &'a [PathBuf],
        /// How long it took.
        took: Duration,
        /// What is wrong with the pages that were built.
        findings: &'a [Finding],
    },
    /// Nothing was built, and why.
    Failed(&'a str),
    /// Something that does not keep the preview from working.
    Note(&'a str),
}

/// Keeps a site up to date.
pub(super) struct Rebuilder<W> {
    pub(super) folder: PathBuf,
    pub(super) output: PathBuf,
    pub(super) workshop: W,
    pub(super) live: Arc<Live>,
    pub(super) watch: Watch,
    pub(super) messages: Receiver<Message>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) state: State,
}

/// What is known from one build to the next.
#[derive(Default)]
pub(super) struct State {
    current: Option<Current>,
    dates: Option<BTreeMap<PathBuf, String>>,
    /// What is wrong with the book, in its pages and around them.
    errors: Vec<Finding>,
    /// Whether the book must be read again.
    stale: bool,
}

/// The book as it was read last.
struct Current {
    project: Project,
    book: Book,
    findings: Vec<Finding>,
    /// What is filled in on each page.
    files: Vec<BTreeSet<PathBuf>>,
}

/// The files that changed in the site, and what is wrong with what was built.
type Made = (Vec<PathBuf>, Vec<Finding>);

/// What a change asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    pages: BTreeSet<usize>,
    /// The whole site, of the book that is known.
    site: bool,
    /// The whole book, from the disk.
    book: bool,
}

/// Messages that came at once.
#[derive(Default)]
struct Burst {
    paths: BTreeSet<PathBuf>,
    lost: bool,
    end: bool,
}

impl Burst {
    fn add(&mut self, message: Message) {
        match message {
            Message::End => self.end = true,
            Message::Lost => self.lost = true,
            Message::Changed(path) => {
                self.paths.insert(path);
            }
        }
    }

    fn heard(self) -> Heard {
        match self {
            Self { end: true, .. } => Heard::End,
            Self { lost: true, .. } => Heard::Lost,
            Self { paths, .. } => Heard::Changed(paths),
        }
    }
}

enum Heard {
    Changed(BTreeSet<PathBuf>),
    Lost,
    Quiet,
    End,
}

impl<W: Workshop> Rebuilder<W> {
    /// Builds the book, and again whenever it changes, until the end is told.
    pub(super) fn run(mut self, address: &str) {
        self.state.stale = true;
        self.whole();
        self.workshop.notice(Notice::Serving(address));
        let mut unfinished = false;
        loop {
            let asked = match self.listen(unfinished) {
                Heard::End => return,
                Heard::Quiet => Asked { site: true, ..Asked::default() },
                Heard::Lost => Asked { book: true, ..Asked::default() },
                Heard::Changed(paths) => self.asked(&paths),
            };
            self.state.stale |= asked.book;
            if !asked.pages.is_empty() && !self.state.stale {
                self.pages(&asked.pages);
                unfinished = true;
            }
            if asked.site || self.state.stale {
                unfinished = !self.whole();
            }
        }
    }

    /// Waits for something to happen; if a build is `unfinished`, not for long.
    fn listen(&self, unfinished: bool) -> Heard {
        let first = match unfinished {
            true => match self.messages.recv_timeout(QUIET) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return Heard::Quiet,
                Err(RecvTimeoutError::Disconnected) => return Heard::End,
            },
            false => match self.messages.recv() {
                Ok(message) => message,
                Err(_) => return Heard::End,
            },
        };
        let end = Instant::now() + LONGEST_BURST;
        let mut burst = Burst::default();
        let mut next = Some(first);
        while let Some(message) = next {
            burst.add(message);
            next = self.messages.recv_timeout(BURST.min(end.saturating_duration_since(Instant::now()))).ok();
        }
        // What is told after this stops what is done next; what was told before is heard here.
        self.stop.store(false, Ordering::SeqCst);
        self.messages.try_iter().for_each(|message| burst.add(message));
        burst.heard()
    }

    /// Returns what changed files ask for.
    fn asked(&mut self, paths: &BTreeSet<PathBuf>) -> Asked {
        let mut asked = Asked::default();
        for path in paths {
            match &self.state.current {
                None => asked.book = true,
                Some(current) => current.asked(&self.folder, path, &mut asked),
            }
            if !path.is_dir() {
                // A folder of that name that comes later is another one.
                self.watch.forget(path);
            }
        }
        asked
    }

    /// Builds pages that are known, and tells their readers.
    fn pages(&mut self, numbers: &BTreeSet<usize>) {
        let began = Instant::now();
        match self.rebuilt(numbers) {
            Ok(Some((changed, findings))) => {
                self.live.changed(&changed);
                self.state.errors.extend(errors(&findings));
                self.tell_errors();
                if !changed.is_empty() {
                    let took = began.elapsed();
                    self.workshop.notice(Notice::Built {
                        whole: false,
                        changed: &changed,
                        took,
                        findings: &findings,
                    });
                }
            }
            // It is gone or cannot be read any more: that is for the whole book.
            Ok(None) => self.state.stale = true,
            Err(error) => self.failed(&format!("error: {}", chain(&error))),
        }
    }

    /// Returns what came of it; nothing where one of the pages cannot be read.
    fn rebuilt(&mut self, numbers: &BTreeSet<usize>) -> Result<Option<Made>, BookError> {
        let State { current: Some(current), dates, errors, stale } = &mut self.state else {
            return Ok(None);
        };
        let mut findings = Vec::new();
        for number in numbers {
            let before = &current.book.pages[*number];
            let (page, found) = reread_page(&current.book, before, &current.project.options());
            let Some(page) = page else { return Ok(None) };
            // Its title stands on other pages too.
            *stale |= page.title != before.title;
            errors.retain(|error| !is_in(error, &page));
            // Builds of the whole site tell them again: they do not read the page.
            current.findings.retain(|finding| !is_in(finding, &page));
            current.findings.extend(found.iter().cloned());
            findings.extend(found);
            current.book.pages[*number] = page;
        }
        let no_dates = BTreeMap::new();
        let options = SiteOptions {
            root: &current.project.settings.root,
            store: &current.project.store,
            changed: dates.as_ref().unwrap_or(&no_dates),
        };
        let numbers: Vec<usize> = numbers.iter().copied().collect();
        let writer = SiteWriter::open(&self.output)?;
        let (found, files) = rebuild_pages(&current.book, &numbers, &options, &writer)?;
        findings.extend(found);
        for (number, files) in numbers.iter().zip(files) {
            current.files[*number] = current.project.files_of(&current.book.pages[*number], files);
        }
        Ok(Some((writer.changed(), findings)))
    }

    /// Builds the whole site; returns whether that was finished.
    fn whole(&mut self) -> bool {
        let began = Instant::now();
        let is_first = self.state.current.is_none();
        let mut grew = false;
        if self.state.stale {
            match self.load() {
                Ok(current) => self.state.current = Some(current),
                Err(problem) => {
                    self.failed(&problem);
                    return true;
                }
            }
            self.state.stale = false;
            grew = self.look_around();
        }
        match self.site() {
            Ok((changed, findings)) => {
                // The files that are filled in are known only now.
                grew |= self.look_around();
                // What came into a new folder before it was watched, nobody told.
                self.state.stale |= grew && !is_first;
                self.state.errors = errors(&findings).collect();
                self.tell_errors();
                let took = began.elapsed();
                self.workshop.notice(Notice::Built {
                    whole: true,
                    changed: &changed,
                    took,
                    findings: &findings,
                });
                !self.state.stale
            }
            Err(BookError::Stopped) => {
                self.state.stale |= grew && !is_first;
                false
            }
            Err(error) => {
                self.failed(&format!("error: {}", chain(&error)));
                true
            }
        }
    }

    fn load(&mut self) -> Result<Current, String> {
        let (project, mut findings) = self.workshop.project()?;
        let mut book = load_book(&self.folder, &project.options())
            .map_err(|error| format!("error: {}", chain(&error)))?;
        findings.append(&mut book.findings);
        if self.state.dates.is_none() {
            self.state.dates = Some(self.workshop.dates(&book, &project.settings.root));
        }
        let files = vec![BTreeSet::new(); book.pages.len()];
        Ok(Current { project, book, findings, files })
    }

    fn site(&mut self) -> Result<Made, BookError> {
        let State { current: Some(current), dates, .. } = &mut self.state else {
            return Err(BookError::Stopped);
        };
        let no_dates = BTreeMap::new();
        let options = SiteOptions {
            root: &current.project.settings.root,
            store: &current.project.store,
            changed: dates.as_ref().unwrap_or(&no_dates),
        };
        let writer = SiteWriter::open_until(&self.output, &self.stop)?;
        let site = build_site(&current.book, &options, &writer);
        let changed = writer.changed();
        // Also of a build that was stopped: the one after it finds these files as they are to be.
        self.live.changed(&changed);
        let (site, gone) = (site?, writer.gone());
        writer.finish()?;
        // Whoever has one of them open sees that it is not there any more.
        self.live.changed(&gone);
        let pages = current.book.pages.iter().zip(site.files);
        current.files = pages.map(|(page, files)| current.project.files_of(page, files)).collect();
        let findings = current.findings.iter().cloned().chain(site.findings).collect();
        Ok((changed, findings))
    }

    /// Watches every folder that the book is made from; returns whether one of them was not watched before.
    fn look_around(&mut self) -> bool {
        let Some(current) = &self.state.current else { return false };
        let folders = current.folders(&self.folder, &self.output);
        let grew = !self.watch.has(&folders);
        for failed in self.watch.set(folders) {
            self.workshop.notice(Notice::Note(&format!("changes are not seen in {failed}")));
        }
        grew
    }

    fn tell_errors(&self) {
        let errors: Vec<String> = self.state.errors.iter().map(|error| render(error, false)).collect();
        self.live.problem(errors.join("\n\n"));
    }

    fn failed(&mut self, problem: &str) {
        self.live.problem(problem.to_owned());
        self.workshop.notice(Notice::Failed(problem));
        let mut folders = self.folder.ancestors().filter(|folder| folder.is_dir());
        // The book's folder is all that is known; where that is gone, it comes back into the one around it.
        let nearest = folders.next().map(Path::to_path_buf);
        if self.state.current.is_none() || nearest.as_ref() != Some(&self.folder) {
            self.watch.set(nearest.into_iter().collect());
        }
    }
}

fn errors(findings: &[Finding]) -> impl Iterator<Item = Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).cloned()
}

fn is_in(finding: &Finding, page: &Page) -> bool {
    finding.place.as_ref().is_some_and(|place| place.source.path() == page.tutorial.source.path())
}

impl Project {
    /// Returns all files that a page is made from, but for its own: those that were filled in, and those it includes.
    fn files_of(&self, page: &Page, filled_in: Vec<PathBuf>) -> BTreeSet<PathBuf> {
        let included = page.tutorial.includes.iter().map(|include| self.here.join(include.source.path()));
        included.chain(filled_in).map(|path| normal_path(&path)).collect()
    }
}

impl Current {
    /// Adds what a changed file asks for.
    fn asked(&self, folder: &Path, path: &Path, asked: &mut Asked) {
        let store = self.project.store.root();
        if path.starts_with(store) {
            return self.asked_by_record(path, asked);
        }
        let pages = self.book.pages.iter().zip(&self.files).enumerate();
        let made_of = pages.filter(|(_, (page, files))| page.file == path || files.contains(path));
        let numbers: Vec<usize> = made_of.map(|(number, _)| number).collect();
        if !numbers.is_empty() {
            asked.pages.extend(numbers);
            return;
        }
        let source = &self.book.source;
        let is_named = [
            source.join("SUMMARY.md"),
            folder.join("book.toml"),
            self.project.settings.root.join("stagebook.toml"),
        ]
        .iter()
        .any(|named| named == path);
        let is_theme = path.starts_with(folder.join("theme"));
        let is_missed = self.book.settings.left_out.iter().any(|file| folder.join(file) == path);
        // Of the book's folder itself: it was moved away, or is back.
        if is_named || is_theme || is_missed || folder.starts_with(path) {
            asked.book = true;
        } else if path.starts_with(source) || self.is_copied(folder, path) {
            asked.book |= is_markdown(path) || !path.is_file();
            asked.site = true;
        }
    }

    fn asked_by_record(&self, path: &Path, asked: &mut Asked) {
        if path.file_name().is_some_and(|name| name == "record.json") {
            let of = |page: &Page| {
                let variants = page.evidence.iter().flat_map(|evidence| &evidence.variants);
                variants
                    .map(|variant| self.project.store.folder(&variant.plan.key))
                    .any(|folder| path.starts_with(folder))
            };
            let pages = self.book.pages.iter().enumerate().filter(|(_, page)| of(page));
            asked.pages.extend(pages.map(|(number, _)| number));
            asked.book |= asked.pages.is_empty();
        } else {
            // A folder for a first record; it may be there already.
            asked.book |= path.is_dir() && is_of_records(path);
        }
    }

    /// Returns whether the settings name a file that is copied.
    fn is_copied(&self, folder: &Path, path: &Path) -> bool {
        let settings = &self.book.settings;
        settings.additional_css.iter().chain(&settings.additional_js).any(|file| folder.join(file) == path)
    }

    /// Returns every folder in which something can change that the book is made from.
    fn folders(&self, folder: &Path, output: &Path) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::from([folder.to_path_buf(), self.project.settings.root.clone()]);
        folders.extend(folders_below(&self.book.source, output));
        folders.extend(folders_below(&folder.join("theme"), output));
        folders.extend(folders_below(self.project.store.root(), output));
        let settings = &self.book.settings;
        let own = settings.additional_css.iter().chain(&settings.additional_js).chain(&settings.left_out);
        let copied = own.map(|file| folder.join(file));
        let files = self.book.pages.iter().map(|page| page.file.clone());
        let files = files.chain(self.files.iter().flatten().cloned()).chain(copied);
        folders.extend(files.filter_map(|file| Some(file.parent()?.to_path_buf())));
        folders.retain(|folder| folder.is_dir());
        folders
    }
}

/// Returns a folder and those below it that git does not ignore; of a store, those with records.
fn folders_below(top: &Path, output: &Path) -> Vec<PathBuf> {
    let output = output.to_path_buf();
    let wanted = move |entry: &ignore::DirEntry| {
        entry.path() != output && !entry.path().join(LIST).exists() && is_of_records(entry.path())
    };
    // The folder itself may be hidden or ignored, as a store is.
    let is_store = top.file_name().is_some_and(|name| name == ".stagebook");
    let walk = ignore::WalkBuilder::new(top).standard_filters(!is_store).filter_entry(wanted).build();
    let folders =
        walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir()));
    folders.map(ignore::DirEntry::into_path).collect()
}

fn is_of_records(path: &Path) -> bool {
    !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(OUTPUTS))
}
