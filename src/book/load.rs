//! Where a book is read: its settings, its table of contents, its pages and their records.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::FileType;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use foldhash::HashSet;
use fs_err as fs;

use super::error::BookError;
use super::evidence::{Evidence, Variant};
use super::navigation::{Chapter, Item, Navigation, output_path};
use super::output::is_site;
use super::settings::{BookSettings, parse_settings};
use super::summary::parse_summary;
use super::tree::{FoundPage, navigation_of};
use crate::config::{SETTINGS_FILE, Settings};
use crate::diagnostic::{Finding, Place, Severity, Source, normal_path};
use crate::parallel;
use crate::plan::{self, Inputs};
use crate::record::Store;
use crate::tutorial::{self, ParseOptions, Tutorial};

/// What a book is read with.
#[derive(Debug)]
pub struct LoadOptions<'a> {
    /// The project's settings, with its root.
    pub settings: &'a Settings,
    /// How pages are read.
    pub parse: &'a ParseOptions,
    /// The folder that the user is in: messages name files from there.
    pub here: &'a Path,
    /// The records.
    pub store: &'a Store,
    /// Values for parameters, by their variable.
    pub environment: BTreeMap<String, String>,
    /// mdBook's variables, which stand over `book.toml`: their names without `MDBOOK_`.
    pub variables: BTreeMap<String, String>,
}

/// What a book is read with, as whoever reads it owns it.
#[derive(Debug)]
pub struct Project {
    /// The project's settings, with its root.
    pub settings: Settings,
    /// How pages are read.
    pub parse: ParseOptions,
    /// The folder that the user is in.
    pub here: PathBuf,
    /// The records.
    pub store: Store,
    /// Values for parameters, by their variable.
    pub environment: BTreeMap<String, String>,
    /// mdBook's variables, which stand over `book.toml`: their names without `MDBOOK_`.
    pub variables: BTreeMap<String, String>,
}

impl Project {
    /// Returns what a book is read with.
    pub fn options(&self) -> LoadOptions<'_> {
        LoadOptions {
            settings: &self.settings,
            parse: &self.parse,
            here: &self.here,
            store: &self.store,
            environment: self.environment.clone(),
            variables: self.variables.clone(),
        }
    }
}

/// A book with all its pages.
#[derive(Debug)]
pub struct Book {
    /// The book's folder.
    pub folder: PathBuf,
    /// The folder that paths of pages are relative to.
    pub source: PathBuf,
    /// The text of `book.toml`; empty where there is none.
    pub settings_text: Arc<Source>,
    /// What it says about itself.
    pub settings: BookSettings,
    /// Its table of contents.
    pub navigation: Navigation,
    /// Its pages, in the order of the table of contents.
    pub pages: Vec<Page>,
    /// Its own page for wrong addresses: mdBook's `input-404`, or `404.md`.
    pub not_found: Option<Page>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl Book {
    /// Returns where a key of its settings stands.
    pub(super) fn setting_place(&self, key: &str) -> Place {
        let quoted = setting_place(&self.settings_text, &format!("\"{key}\""));
        if quoted.text().is_empty() { setting_place(&self.settings_text, key) } else { quoted }
    }
}

/// A page of a book.
#[derive(Debug)]
pub struct Page {
    /// The file, relative to the book's source folder.
    pub path: PathBuf,
    /// The file itself.
    pub file: PathBuf,
    /// Where it is written, relative to the site.
    pub output: PathBuf,
    /// Its title in the table of contents.
    pub title: String,
    /// The page as it was read.
    pub tutorial: Arc<Tutorial>,
    /// What is known about its steps, where it is a tutorial.
    pub evidence: Option<Evidence>,
}

impl Page {
    /// Returns the path that messages have for it.
    pub(super) fn shown_path(&self) -> PathBuf {
        self.tutorial.source.path().to_path_buf()
    }
}

/// Reads a book.
///
/// # Errors
/// When the folder is no book at all. What is wrong with single pages is in the findings.
pub fn load_book(folder: &Path, options: &LoadOptions<'_>) -> Result<Book, BookError> {
    let mut findings = Vec::new();
    let (settings, settings_text) = read_settings(folder, options, &mut findings)?;
    let source = source_folder(folder, &settings);
    let summary = source.join("SUMMARY.md");
    let mut navigation = match summary.is_file() {
        true => read_summary(&summary, options.here, &mut findings)?,
        false => Navigation::default(),
    };
    let is_found = navigation.items.is_empty();
    if is_found {
        navigation = navigation_of(found_pages(&source, &settings));
    }
    let pages = read_pages(&navigation, &source, &settings, options, &mut findings);
    if is_found {
        // Only now that they are read do pages have titles.
        let titled = |page: &Page| FoundPage { path: page.path.clone(), title: page.title.clone() };
        navigation = navigation_of(pages.iter().map(titled).collect());
    }
    if pages.is_empty() {
        if !folder.is_dir() {
            return Err(BookError::Missing { path: normal_path(folder) });
        }
        return Err(BookError::Empty { path: normal_path(folder) });
    }
    forget_missing(&mut navigation, &pages);
    if summary.is_file() {
        let found = found_pages(&source, &settings);
        findings.extend(orphans(&source, options.here, &pages, &found));
    }
    let not_found = read_not_found(&source, &settings, options, &mut findings);
    let folder = folder.to_path_buf();
    Ok(Book { folder, source, settings_text, settings, navigation, pages, not_found, findings })
}

/// Returns the book's own page for wrong addresses, where it has one.
fn read_not_found(
    source: &Path,
    settings: &BookSettings,
    options: &LoadOptions<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Page> {
    let path = settings.not_found_file();
    if settings.not_found.is_none() && !source.join(&path).is_file() {
        return None;
    }
    let chapter = Chapter { path: Some(path), ..Chapter::default() };
    let (page, found) = read_own_page(&chapter, source, settings, options);
    findings.extend(found);
    page
}

fn read_settings(
    folder: &Path,
    options: &LoadOptions<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(BookSettings, Arc<Source>), BookError> {
    let path = folder.join("book.toml");
    let text = match path.is_file() {
        true => fs::read_to_string(&path).map_err(|source| BookError::Read { path: path.clone(), source })?,
        false => String::new(),
    };
    let source = Source::new(path.strip_prefix(options.here).unwrap_or(&path), text);
    let (mut settings, found) = parse_settings(&source, &options.variables);
    findings.extend(found);
    leave_out_unusable(&mut settings, folder, &source, findings);
    findings.extend(not_run(&settings.preprocessors));
    findings.extend(handlebars(&folder.join("theme")));
    Ok((settings, source))
}

/// Returns the note about templates that only mdBook can fill in.
fn handlebars(theme: &Path) -> Option<Finding> {
    let files = fs::read_dir(theme).ok()?.filter_map(Result::ok).map(|entry| entry.file_name());
    let mut names: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".hbs"));
    names.sort();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let message = format!("`{}` of the folder theme {verb} not used", names.join("`, `"));
    let finding =
        Finding::note("handlebars", message).help("the template here is theme/page.html, in Tera's language");
    (!names.is_empty()).then_some(finding)
}

/// Returns the note about programs that mdBook would run on the pages.
fn not_run(preprocessors: &[String]) -> Option<Finding> {
    let message = match preprocessors {
        [] => return None,
        [one] => format!("the preprocessor `{one}` of book.toml was not run"),
        _ => format!("the preprocessors `{}` of book.toml were not run", preprocessors.join("`, `")),
    };
    Some(Finding::note("preprocessors", message).help("what they would change in the pages is missing here"))
}

/// Takes sheets and scripts out of the settings that cannot be a part of the site.
fn leave_out_unusable(
    settings: &mut BookSettings,
    folder: &Path,
    source: &Arc<Source>,
    findings: &mut Vec<Finding>,
) {
    for files in [&mut settings.additional_css, &mut settings.additional_js] {
        for file in std::mem::take(files) {
            match unusable(folder, &file) {
                None => files.push(normal_path(&file)),
                Some(wrong) => {
                    findings.push(missing_file(source, &file, wrong));
                    settings.left_out.push(normal_path(&file));
                }
            }
        }
    }
}

/// Returns why a sheet or a script of the book's own cannot be a part of the site, if it cannot.
///
/// Its name is also its place in the site: one that leads out of the folder would be written beside the site.
fn unusable(folder: &Path, file: &Path) -> Option<&'static str> {
    let stays = file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match stays {
        false => Some("it lies outside of the book"),
        true => (!folder.join(file).is_file()).then_some("there is no such file"),
    }
}

fn missing_file(settings: &Arc<Source>, file: &Path, wrong: &str) -> Finding {
    let name = file.to_string_lossy();
    Finding::warning("missing-file", format!("`{name}` is left out: {wrong}"))
        .at(setting_place(settings, &name))
        .help("write it into the book's folder, or take its name out")
}

/// Returns where a text first stands in settings.
fn setting_place(settings: &Arc<Source>, text: &str) -> Place {
    let found = settings.text().find(text).map(|at| at..at + text.len());
    Place::new(settings, found.unwrap_or(0..0))
}

/// Returns the folder with the pages: mdBook's `src`, or the book's folder itself where there is none.
fn source_folder(folder: &Path, settings: &BookSettings) -> PathBuf {
    let source = folder.join(&settings.source);
    if source.is_dir() { normal_path(&source) } else { folder.to_path_buf() }
}

fn read_summary(path: &Path, here: &Path, findings: &mut Vec<Finding>) -> Result<Navigation, BookError> {
    let text =
        fs::read_to_string(path).map_err(|source| BookError::Read { path: path.to_path_buf(), source })?;
    let shown = path.strip_prefix(here).unwrap_or(path);
    let (mut navigation, found) = parse_summary(&Source::new(shown, text));
    findings.extend(found);
    for item in &mut navigation.items {
        if let Item::Chapter(chapter) = item {
            tidy_paths(chapter);
        }
    }
    Ok(navigation)
}

fn tidy_paths(chapter: &mut Chapter) {
    chapter.path = chapter.path.as_deref().map(normal_path);
    chapter.children.iter_mut().for_each(tidy_paths);
}

/// Returns whether a file is a page by its name.
pub(super) fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Finds the pages below a folder; their titles come from themselves.
fn found_pages(source: &Path, settings: &BookSettings) -> Vec<FoundPage> {
    let not_found = settings.not_found_file();
    let is_page = |path: &PathBuf| is_markdown(path) && !path.ends_with("SUMMARY.md") && *path != not_found;
    let pages = files_below(source).into_iter().filter(is_page);
    pages.map(|path| FoundPage { path, title: String::new() }).collect()
}

/// Returns the files below a folder, relative to it.
///
/// What is hidden, what git ignores and sites that were written there are passed over.
pub(super) fn files_below(source: &Path) -> Vec<PathBuf> {
    let is =
        |entry: &ignore::DirEntry, kind: fn(&FileType) -> bool| entry.file_type().is_some_and(|it| kind(&it));
    let no_site = move |entry: &ignore::DirEntry| !is(entry, FileType::is_dir) || !is_site(entry.path());
    let walk = ignore::WalkBuilder::new(source).filter_entry(no_site).build();
    // The walk knows what is a file; where a link leads is asked.
    let is_file = |entry: &ignore::DirEntry| {
        is(entry, FileType::is_file) || (is(entry, FileType::is_symlink) && entry.path().is_file())
    };
    let files = walk.filter_map(Result::ok).filter(is_file);
    files.filter_map(|entry| Some(entry.path().strip_prefix(source).ok()?.to_path_buf())).collect()
}

/// Reads the pages that a table of contents names; one that is named twice is one page.
fn read_pages(
    navigation: &Navigation,
    source: &Path,
    settings: &BookSettings,
    options: &LoadOptions<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Page> {
    let mut seen = HashSet::default();
    let chapters = navigation.chapters().into_iter();
    let wanted: Vec<&Chapter> =
        chapters.filter(|chapter| chapter.path.as_deref().is_some_and(|path| seen.insert(path))).collect();
    let read = parallel::map(&wanted, |chapter| read_own_page(chapter, source, settings, options));
    let mut pages = Vec::new();
    for (page, found) in read {
        findings.extend(found);
        pages.extend(page);
    }
    pages
}

/// Makes drafts of chapters whose pages could not be read: nothing leads to what is not there.
fn forget_missing(navigation: &mut Navigation, pages: &[Page]) {
    fn forget(chapter: &mut Chapter, there: &HashSet<&Path>) {
        chapter.path = chapter.path.take().filter(|path| there.contains(path.as_path()));
        chapter.children.iter_mut().for_each(|child| forget(child, there));
    }
    let there = pages.iter().map(|page| page.path.as_path()).collect();
    for item in &mut navigation.items {
        if let Item::Chapter(chapter) = item {
            forget(chapter, &there);
        }
    }
}

/// Reads a page of a book again; an error says what is wrong where it cannot be read.
pub(super) fn reread_page(
    book: &Book,
    page: &Page,
    options: &LoadOptions<'_>,
) -> (Option<Page>, Vec<Finding>) {
    let chapters = book.navigation.chapters().into_iter();
    let mut chapters = chapters.filter(|chapter| chapter.path.as_ref() == Some(&page.path));
    match chapters.next() {
        Some(chapter) => read_own_page(chapter, &book.source, &book.settings, options),
        None => (None, Vec::new()),
    }
}

/// Reads the page of a chapter, unless it is a file of somebody else.
fn read_own_page(
    chapter: &Chapter,
    source: &Path,
    settings: &BookSettings,
    options: &LoadOptions<'_>,
) -> (Option<Page>, Vec<Finding>) {
    let file = normal_path(&source.join(chapter.path.as_deref().unwrap_or(Path::new(""))));
    let root = &options.settings.root;
    if !is_outside(&file, root, source) {
        return read_page(chapter, source, settings, options);
    }
    let shown = file.strip_prefix(options.here).unwrap_or(&file);
    let finding = outside(shown, root, "a book has pages of its own project alone");
    let finding = match &chapter.place {
        Some(place) => finding.at(place.clone()),
        None => finding,
    };
    (None, vec![finding])
}

/// Returns whether a file that is there lies outside of the project, by itself or by where a link leads.
///
/// Where nothing marks the project's root, the folder with the pages is a part of it too.
pub(super) fn is_outside(file: &Path, root: &Path, source: &Path) -> bool {
    // Most files are what they look like, and that is asked with less.
    if is_plainly_below(file, root) {
        return false;
    }
    let Ok(real) = file.canonicalize() else { return false };
    let is_below = |folder: &Path| folder.canonicalize().is_ok_and(|folder| real.starts_with(folder));
    let is_marked = || [SETTINGS_FILE, ".git"].iter().any(|mark| root.join(mark).exists());
    !is_below(root) && (is_marked() || !is_below(source))
}

/// Returns whether a file lies below a folder by its name, and nothing between them is a symbolic link.
fn is_plainly_below(file: &Path, folder: &Path) -> bool {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    let is_named = |rest: &Path| rest.components().all(|part| matches!(part, Component::Normal(_)));
    file.strip_prefix(folder).is_ok_and(is_named)
        && !file.ancestors().take_while(|path| *path != folder).any(is_link)
}

/// Returns the error about a file that is not published: who wrote a link to it need not be who may read it.
pub(super) fn outside(file: &Path, root: &Path, help: &'static str) -> Finding {
    let message = format!("`{}` is left out: it lies outside of `{}`", file.display(), root.display());
    Finding::error("outside-file", message).help(help)
}

/// Reads the page of a chapter, with what is wrong with it.
pub(super) fn read_page(
    chapter: &Chapter,
    source: &Path,
    settings: &BookSettings,
    options: &LoadOptions<'_>,
) -> (Option<Page>, Vec<Finding>) {
    let path = chapter.path.clone().unwrap_or_default();
    let file = normal_path(&source.join(&path));
    let root = &options.settings.root;
    let shown = file.strip_prefix(options.here).unwrap_or(&file).to_path_buf();
    let (tutorial, found) = match tutorial::load(&file, &shown, root, options.parse) {
        Ok(loaded) => loaded,
        Err(error) => return (None, vec![unreadable(chapter, &shown, &error, settings)]),
    };
    // A page of a book need not be a tutorial: what only matters when it is run is left to `check`.
    let mut found: Vec<Finding> =
        found.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    let id = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
    let tutorial = Arc::new(tutorial);
    if !is_meant(&tutorial, &id, options) && !options.store.has_folder_of(&id) {
        found.iter_mut().for_each(soften);
    }
    let evidence = evidence(&tutorial, &id, options, &mut found);
    let title = if chapter.title.is_empty() { tutorial.title.clone() } else { chapter.title.clone() };
    (Some(Page { output: output_path(&path), path, file, title, tutorial, evidence }), found)
}

fn unreadable(
    chapter: &Chapter,
    shown: &Path,
    error: &tutorial::LoadError,
    settings: &BookSettings,
) -> Finding {
    let message = crate::diagnostic::chain(error);
    let finding = match settings.create_missing && !shown.exists() {
        // mdBook would make an empty page.
        true => Finding::warning("missing-page", message),
        false => Finding::error("missing-page", message),
    };
    let finding = finding.help("write the page, or leave its target empty: `[Title]()`");
    match &chapter.place {
        Some(place) => finding.at(place.clone()),
        None => finding,
    }
}

/// Returns what is known about a page that is a tutorial.
///
/// Any shell block could be run. A page is a tutorial of the book where it was run once, where the
/// project says so, or where its author wrote something that only matters to a run.
/// One that cannot be planned cannot have been verified as it is, and says what is wrong with it.
fn evidence(
    tutorial: &Arc<Tutorial>,
    id: &str,
    options: &LoadOptions<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Evidence> {
    if tutorial.steps.is_empty() {
        return None;
    }
    let is_meant = is_meant(tutorial, id, options);
    if !is_meant && !options.store.has_folder_of(id) {
        return None;
    }
    let inputs =
        Inputs { tutorial_id: id.to_owned(), environment: options.environment.clone(), ..Inputs::default() };
    let plans = match plan::build(tutorial, options.settings, &inputs) {
        Ok(plans) => plans,
        Err(mistakes) => {
            findings.extend(mistakes.into_iter().filter(|_| is_meant));
            return None;
        }
    };
    let variants = plans.into_iter().map(|plan| {
        let record = options.store.read(&plan.key).unwrap_or_else(|error| {
            // Without a word a page that was run would show as one that never was.
            let finding = Finding::warning("damaged-record", crate::diagnostic::chain(&error));
            findings.push(finding.at(Place::new(&tutorial.source, 0..0)));
            None
        });
        Variant::new(plan, record)
    });
    let variants: Vec<Variant> = variants.collect();
    let was_run = variants.iter().any(|variant| variant.record.is_some());
    (was_run || is_meant).then_some(Evidence { variants })
}

/// Returns whether a page is meant to be a tutorial: the project says so, or its author wrote something that only
/// matters to a run.
fn is_meant(tutorial: &Tutorial, id: &str, options: &LoadOptions<'_>) -> bool {
    let is_below = |folder: &PathBuf| Path::new(id).starts_with(normal_path(folder));
    options.settings.tutorials.iter().any(is_below)
        || tutorial.steps.iter().any(|step| !step.attributes.places.is_empty())
}

/// Makes a warning of a mistake in a fence. Where nothing is run the page is sound Markdown, and shown as it is; a step
/// would swallow the rest of its page, so that a block with attributes keeps its error.
fn soften(finding: &mut Finding) {
    let has_attributes = finding.place.as_ref().is_some_and(|place| place.text().contains('{'));
    if ["unclosed-fence", "fence-in-shell"].contains(&finding.code) && !has_attributes {
        finding.severity = Severity::Warning;
    }
}

/// Returns pages of the source folder that nothing leads to.
fn orphans(source: &Path, here: &Path, pages: &[Page], found: &[FoundPage]) -> Vec<Finding> {
    let files: HashSet<&Path> = pages.iter().map(|page| page.path.as_path()).collect();
    let included: BTreeSet<&Path> =
        pages.iter().flat_map(|page| &page.tutorial.includes).map(|include| include.source.path()).collect();
    let lost = found.iter().map(|page| &page.path);
    let lost = lost.filter(|path| !files.contains(path.as_path()));
    lost.filter(|path| !included.iter().any(|included| included.ends_with(path)))
        .map(|path| {
            let file = source.join(path);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let shown = file.strip_prefix(here).unwrap_or(&file);
            let place = Place::new(&Source::new(shown, text), 0..0);
            Finding::warning("orphan-page", "no entry of the table of contents leads to this page")
                .at(place)
                .help("name it in `SUMMARY.md`")
        })
        .collect()
}

/// Returns the folders above the source folder, innermost last, for links that go up and come back.
pub(super) fn names_above(source: &Path) -> Arc<[String]> {
    let parts = source.components().filter(|part| matches!(part, Component::Normal(_)));
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}
