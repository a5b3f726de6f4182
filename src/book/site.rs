//! Pages become a site, a stage after the other.

mod around;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use around::{icon, record_path, report_path};

use super::beside::markdown_beside;
use super::checks::{CheckedPage, check_pages, unknown_directives};
use super::contents::{self, Contents};
use super::directives::{Expanded, Reach, expand};
use super::error::BookError;
use super::evidence::{Evidence, Variant};
use super::external::{ExternalLink, is_asked};
use super::head::{RunLinks, brief, head, variant_rules};
use super::links::{Links, Outputs, Target, encoded, from_root};
use super::load::{Book, Page, is_markdown, names_above};
use super::markdown::{Context, Rendered, Section, options, render};
use super::output::{Growing, SiteWriter};
use super::print;
use super::redirects::{Moved, moved};
use super::search::{SearchIndex, SearchPage, text_path, text_script};
use super::settings::Theme;
use super::shape::Shown;
use super::theme::{BookView, Filling, OutlineView, PageView, Templates, TurnView};
use crate::diagnostic::{Finding, Place, sort_by_place};
use crate::event::PromisedImage;
use crate::parallel;
use crate::record::Store;

/// What a site is made with.
#[derive(Debug)]
pub struct SiteOptions<'a> {
    /// The project's root, which includes must not leave.
    pub root: &'a Path,
    /// The records and outputs.
    pub store: &'a Store,
    /// When pages were last changed, by their files; none where that is not known.
    pub changed: &'a BTreeMap<PathBuf, String>,
}

/// A site that was written.
#[derive(Debug)]
pub struct Site {
    /// What is wrong with the pages.
    pub findings: Vec<Finding>,
    /// The files of the tutorials, as messages name them, with what each shows.
    pub tutorials: Vec<(PathBuf, Shown)>,
    /// The links to other sites. Nothing says yet whether they lead anywhere.
    pub external: Vec<ExternalLink>,
    /// The files that are filled in on each page.
    pub(super) files: Vec<Vec<PathBuf>>,
}

/// Builds a site. Pages are written as soon as they are made.
///
/// # Errors
/// When a template cannot be used, or a file cannot be written. What is wrong with pages is in the findings.
pub fn build_site(book: &Book, options: &SiteOptions<'_>, writer: &SiteWriter) -> Result<Site, BookError> {
    let press = Press::new(book, options)?;
    writer.announce(press.page_files())?;
    let mut whole = press.begin_whole(writer)?;
    let mut index = SearchIndex::default();
    let mut kept = Vec::with_capacity(book.pages.len());
    let numbers: Vec<usize> = (0..book.pages.len()).collect();
    parallel::each(
        &numbers,
        |number| press.page(*number, writer),
        |number, made| {
            if let Some(whole) = &mut whole {
                whole.file.add(&made.chapter)?;
            }
            if book.settings.search {
                let page = &book.pages[*number];
                match book.settings.is_searched(&page.path) {
                    true => index.add(&page.title, &made.sections),
                    false => index.pass(),
                }
            }
            kept.push(made.kept);
            Ok(())
        },
    )?;
    press.finish_whole(whole)?;
    let left_out = press.beside(writer, &kept)?;
    if book.settings.search {
        press.search(index, writer)?;
    }
    let files = kept.iter_mut().map(|kept| std::mem::take(&mut kept.files)).collect();
    let external = kept.iter_mut().flat_map(|kept| std::mem::take(&mut kept.external)).collect();
    let mut findings = press.findings(kept, writer);
    findings.extend(left_out);
    let tutorials =
        book.pages.iter().filter_map(|page| Some((page.shown_path(), page.evidence.as_ref()?.shown())));
    Ok(Site { findings, tutorials: tutorials.collect(), external, files })
}

/// Writes some pages of a site again, and nothing else. Returns what is wrong in them by themselves, and
/// the files that are filled in on each.
pub(super) fn rebuild_pages(
    book: &Book,
    numbers: &[usize],
    options: &SiteOptions<'_>,
    writer: &SiteWriter,
) -> Result<(Vec<Finding>, Vec<Vec<PathBuf>>), BookError> {
    let press = Press::new(book, options)?;
    let (mut findings, mut files) = (Vec::new(), Vec::new());
    for number in numbers {
        let made = press.page(*number, writer)?;
        findings.extend(made.kept.findings);
        files.push(made.kept.files);
    }
    Ok((findings, files))
}

fn book_view(book: &Book, own: &OwnPages, icon: &Path, has_evidence: bool) -> BookView {
    let settings = &book.settings;
    let name = || book.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let url = |path: &PathBuf| encoded(path);
    BookView {
        title: settings.title.clone().unwrap_or_else(name),
        language: settings.language.clone(),
        right_to_left: settings.is_right_to_left(),
        theme: settings.theme().map(|theme| match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }),
        search: settings.search,
        search_limit: settings.search_limit,
        repository: settings.repository.clone(),
        sheets: settings.additional_css.iter().map(url).collect(),
        scripts: settings.additional_js.iter().map(url).collect(),
        icon: encoded(icon),
        feed: settings.site_address().filter(|_| has_evidence).map(|_| "feed.xml".to_owned()),
        status: has_evidence.then(|| own.status.clone()),
        print: settings.print.then(|| own.print.clone()),
    }
}

/// Names of the pages that the program adds.
struct OwnPages {
    status: String,
    print: String,
    contents: String,
    findings: Vec<Finding>,
}

impl OwnPages {
    /// Takes names that no page of the book has.
    fn beside(book: &Book) -> Self {
        let mut findings = Vec::new();
        let mut free = |name: &str, what: &str| {
            let Some(page) = book.pages.iter().find(|page| page.output == Path::new(name)) else {
                return name.to_owned();
            };
            let is_taken = |name: &String| book.pages.iter().any(|page| page.output == Path::new(name));
            let others = std::iter::once(format!("stagebook-{name}"))
                .chain((2..).map(|number| format!("stagebook-{number}-{name}")));
            let other = others.into_iter().find(|name| !is_taken(name)).expect("numbers do not end");
            let message = format!("this page is `{name}`, so {what} is `{other}`");
            findings.push(Finding::note("page-moved", message).at(Place::new(&page.tutorial.source, 0..0)));
            other
        };
        let status = free("status.html", "the page of what is verified");
        let print = free("print.html", "the page with the whole book");
        let contents = free(contents::ALL, "the page of all pages");
        Self { status, print, contents, findings }
    }
}

/// A page that was written, on its way to what all pages are in.
struct Made {
    /// It as a chapter of the whole book; empty where there is no such page.
    chapter: String,
    sections: Vec<Section>,
    kept: Kept,
}

/// What is kept of a page until all are made.
struct Kept {
    ids: Vec<(String, Place)>,
    targets: Vec<(Target, Place)>,
    external: Vec<ExternalLink>,
    description: String,
    /// The files that are filled in on it.
    files: Vec<PathBuf>,
    /// Directives that nobody here knows.
    unknown: Vec<(String, Place)>,
    findings: Vec<Finding>,
}

/// The page with the whole book, on its way.
struct Whole<'a> {
    file: Growing<'a>,
    /// What stands below the chapters.
    end: String,
}

/// All that pages are made with.
struct Press<'a> {
    book: &'a Book,
    options: &'a SiteOptions<'a>,
    templates: Templates,
    outputs: Arc<Outputs>,
    /// Names of the folders above the source folder.
    above: Arc<[String]>,
    numbers: print::Numbers,
    states: BTreeMap<PathBuf, Shown>,
    contents: Contents,
    view: BookView,
    /// The picture that browsers show, and where it is written.
    icon: (PathBuf, Vec<u8>),
    own: OwnPages,
    /// What has another place than it had.
    moved: BTreeMap<PathBuf, Moved>,
}

impl<'a> Press<'a> {
    /// Prepares what all pages share.
    fn new(book: &'a Book, options: &'a SiteOptions<'a>) -> Result<Self, BookError> {
        let pages = book.pages.iter();
        let outputs = pages.clone().map(|page| (page.path.clone(), page.output.clone())).collect();
        let numbers = pages.clone().enumerate().map(|(at, page)| (page.output.clone(), at)).collect();
        let states: BTreeMap<PathBuf, Shown> =
            pages.filter_map(|page| Some((page.path.clone(), page.evidence.as_ref()?.shown()))).collect();
        let own = OwnPages::beside(book);
        let contents = Contents::new(&book.navigation, &states, &book.settings, &own.contents);
        let icon = icon(book, options.root);
        let view = book_view(book, &own, &icon.0, !states.is_empty());
        let templates = Templates::load(&book.folder.join("theme"), &view)?;
        let outputs = Arc::new(outputs);
        let moved = moved(&book.settings.redirects);
        let above = names_above(&book.source);
        Ok(Self {
            book,
            options,
            templates,
            outputs,
            above,
            numbers,
            states,
            contents,
            view,
            icon,
            own,
            moved,
        })
    }

    /// Returns the files that are written with each page.
    fn page_files(&self) -> impl Iterator<Item = PathBuf> {
        self.book.pages.iter().enumerate().flat_map(|(number, page)| {
            let text = self.book.settings.is_searched(&page.path).then(|| text_path(number));
            [page.output.clone(), markdown_path(page)].into_iter().chain(text)
        })
    }

    /// Makes a page and writes it, with all that is its own.
    fn page(&self, number: usize, writer: &SiteWriter) -> Result<Made, BookError> {
        let page = &self.book.pages[number];
        let (expanded, rendered) = self.rendered(page);
        let html = self.html(number, &expanded, &rendered, &page.output)?;
        writer.put(&page.output, &html)?;
        writer.put(&markdown_path(page), self.markdown(page, &expanded, &rendered).as_bytes())?;
        let index = Path::new("index.html");
        if number == 0 && !self.numbers.contains_key(index) {
            let html = self.html(number, &expanded, &rendered, index)?;
            writer.put(index, &html)?;
        }
        let settings = &self.book.settings;
        if settings.is_searched(&page.path) {
            writer.put(&text_path(number), text_script(number, &rendered.sections).as_bytes())?;
        }
        let chapter = match settings.print {
            true => {
                let shown = page.evidence.as_ref().map(Evidence::first);
                print::chapter(&in_whole(page, &rendered.html), &page.output, &self.numbers, shown)
            }
            false => String::new(),
        };
        let Rendered { ids, targets, sections, description, .. } = rendered;
        let external = targets.iter().filter(|(target, _)| is_asked(&target.written));
        let external = external
            .map(|(target, place)| ExternalLink { written: target.written.clone(), place: place.clone() })
            .collect();
        let targets = targets.into_iter().filter(|(target, _)| target.is_checked()).collect();
        let Expanded { files, unknown, findings, .. } = expanded;
        let kept = Kept { ids, targets, external, description, files, unknown, findings };
        Ok(Made { chapter, sections, kept })
    }

    /// Returns a page's text and all that was found in it.
    fn rendered(&self, page: &Page) -> (Expanded, Rendered) {
        let source = &page.tutorial.source;
        let reach = Reach { page: &page.file, root: self.options.root };
        let expanded = expand(source, page.tutorial.body.start, reach);
        let links = Links::new(&page.path, Arc::clone(&self.outputs), Arc::clone(&self.above));
        let context = Context {
            settings: &self.book.settings,
            links: &links,
            store: self.options.store,
            source,
            expanded: &expanded,
            tutorial: &page.tutorial,
            evidence: page.evidence.as_ref(),
        };
        let rendered = render(&context);
        (expanded, rendered)
    }

    /// Returns a page as the Markdown that lies beside it.
    fn markdown(&self, page: &Page, expanded: &Expanded, rendered: &Rendered) -> String {
        let (source, body) = (&page.tutorial.source, page.tutorial.body.start);
        let targets = rendered.targets.iter().map(|(target, _)| target);
        markdown_beside(source, body, expanded, targets, options(&self.book.settings))
    }

    /// Returns a page as it stands at a path.
    fn html(
        &self,
        number: usize,
        expanded: &Expanded,
        rendered: &Rendered,
        output: &Path,
    ) -> Result<Vec<u8>, BookError> {
        let page = &self.book.pages[number];
        let root = way_up(output);
        let mut content = self.content(page, &rendered.html, output, &root);
        if output != page.output {
            content = Cow::Owned(from_root(&content, &page.output, ""));
        }
        let view = self.page_view(number, expanded, rendered);
        self.filled(&view, &content, &outline(rendered), Some(&page.path), &root)
    }

    /// Returns a page's text with what stands around it at a path: what is known of its runs, and where parts of
    /// it went.
    fn content<'h>(&self, page: &Page, html: &'h str, output: &Path, root: &str) -> Cow<'h, str> {
        let moved = self.moved.get(output).map(Moved::script);
        if page.evidence.is_none() && moved.is_none() {
            return Cow::Borrowed(html);
        }
        let (title, text) = split_title(html);
        let head = page.evidence.as_ref().map(|evidence| {
            let variants = evidence.variants.iter();
            let links: Vec<RunLinks> = variants.map(|variant| self.run_links(page, variant, root)).collect();
            head(evidence, &page.tutorial, &links)
        });
        Cow::Owned([title, &head.unwrap_or_default(), text, &moved.unwrap_or_default()].concat())
    }

    /// Returns where what a run left lies, as links from a page that is so far below the site's root.
    fn run_links(&self, page: &Page, variant: &Variant, root: &str) -> RunLinks {
        let Some(record) = &variant.record else { return RunLinks::default() };
        let link = |path: PathBuf| format!("{root}{}", encoded(&path));
        let images = record.result.images.iter().enumerate();
        let report = |(number, image): (usize, &PromisedImage)| {
            self.kept_report(variant, image).map(|_| link(report_path(page, variant, number, image)))
        };
        RunLinks { record: Some(link(record_path(page, variant))), reports: images.map(report).collect() }
    }

    fn page_view(&self, number: usize, expanded: &Expanded, rendered: &Rendered) -> PageView {
        let pages = &self.book.pages;
        let page = &pages[number];
        let turn = |page: &Page| TurnView { url: encoded(&page.output), title: page.title.clone() };
        let settings = &self.book.settings;
        PageView {
            title: expanded.title.clone().unwrap_or_else(|| page.title.clone()),
            is_titled: expanded.title.is_some(),
            description: rendered.description.clone(),
            part: self.contents.part_of(&page.path).map(str::to_owned),
            canonical: settings.site_address().map(|site| site + &encoded(&page.output)),
            markdown: Some(encoded(&markdown_path(page))),
            edit: settings
                .edit_url
                .as_ref()
                .map(|template| template.replace("{path}", &encoded(self.repository_path(page)))),
            updated: self.options.changed.get(&page.file).cloned(),
            style: page.evidence.as_ref().and_then(variant_rules),
            previous: number.checked_sub(1).map(|before| turn(&pages[before])),
            next: pages.get(number + 1).map(turn),
        }
    }

    /// Returns a page's path in the repository, as `{path}` of mdBook's `edit-url-template` has it.
    fn repository_path<'p>(&self, page: &'p Page) -> &'p Path {
        let path =
            page.file.strip_prefix(&self.book.folder).or_else(|_| page.file.strip_prefix(self.options.root));
        path.unwrap_or(&page.path)
    }

    fn filled(
        &self,
        page: &PageView,
        content: &str,
        outline: &[OutlineView],
        current: Option<&Path>,
        root: &str,
    ) -> Result<Vec<u8>, BookError> {
        let contents = self.contents.page(current, root);
        self.templates.page(&Filling { page, root, contents: &contents, content, outline })
    }

    /// Returns a page that the program adds at the site's root.
    fn own_page(&self, title: &str, content: &str) -> Result<Vec<u8>, BookError> {
        let view = PageView { title: title.to_owned(), ..PageView::default() };
        self.filled(&view, content, &[], None, "")
    }

    /// Begins the page with the whole book, unless the book has none.
    fn begin_whole<'w>(&self, writer: &'w SiteWriter) -> Result<Option<Whole<'w>>, BookError> {
        const CHAPTERS: &str = "<!--chapters-->";
        if !self.book.settings.print {
            return Ok(None);
        }
        let content = match self.book.settings.page_break {
            true => CHAPTERS.to_owned(),
            false => format!("<div class=\"run-on\">{CHAPTERS}</div>\n"),
        };
        let frame = self.own_page(&self.view.title, &content)?;
        let frame = String::from_utf8_lossy(&frame);
        let (start, end) = frame.split_once(CHAPTERS).unwrap_or((&frame, ""));
        let Some(mut file) = writer.begin(Path::new(&self.own.print))? else { return Ok(None) };
        file.add(start)?;
        Ok(Some(Whole { file, end: end.to_owned() }))
    }

    fn finish_whole(&self, whole: Option<Whole<'_>>) -> Result<(), BookError> {
        let Some(mut whole) = whole else { return Ok(()) };
        whole.file.add(&whole.end)?;
        whole.file.finish()
    }

    fn search(&self, index: SearchIndex, writer: &SiteWriter) -> Result<(), BookError> {
        let page = |page: &'a Page| {
            let is_searched = self.book.settings.is_searched(&page.path);
            SearchPage {
                url: encoded(&page.output),
                title: &page.title,
                part: self.contents.part_of(&page.path).unwrap_or_default(),
                state: self.states.get(&page.path).copied().filter(|_| is_searched),
                languages: if is_searched { languages(page) } else { Vec::new() },
            }
        };
        let pages: Vec<SearchPage<'_>> = self.book.pages.iter().map(page).collect();
        index.write(&pages, |path, script| writer.put(&path, script.as_bytes()))
    }

    fn findings(&self, kept: Vec<Kept>, writer: &SiteWriter) -> Vec<Finding> {
        let pages = self.book.pages.iter().zip(&kept);
        let checked: Vec<CheckedPage<'_>> = pages
            .map(|(page, kept)| CheckedPage { path: &page.path, ids: &kept.ids, targets: &kept.targets })
            .collect();
        let mut findings = check_pages(&checked, &self.book.source, |path| writer.has(path));
        findings.extend(self.redirect_findings(writer));
        findings.extend(self.own.findings.iter().cloned());
        if !self.book.settings.preprocessors.is_empty() {
            findings.extend(unknown_directives(kept.iter().flat_map(|kept| &kept.unknown)));
        }
        // A page's Markdown meets another's where the pages do.
        let taken = writer.taken();
        findings.extend(taken.iter().filter(|path| !is_markdown(path)).map(|path| self.taken(path)));
        findings.extend(kept.into_iter().flat_map(|kept| kept.findings));
        sort_by_place(&mut findings);
        findings
    }

    /// Returns what is wrong with a file that has the name of another.
    fn taken(&self, path: &Path) -> Finding {
        let message = format!("the site has two files for `{}`, and one was left out", path.display());
        let mut pages = self.book.pages.iter().filter(|page| page.output == path);
        let help = "give the page or the file another name";
        match (pages.next(), pages.next()) {
            (Some(first), Some(second)) => {
                let place = |page: &Page| Place::new(&page.tutorial.source, 0..0);
                Finding::error("same-output", message)
                    .at(place(second))
                    .related(place(first), "the other page")
                    .help(help)
            }
            _ => Finding::warning("same-output", message).help(help),
        }
    }
}

/// Returns where a page's Markdown is written.
fn markdown_path(page: &Page) -> PathBuf {
    page.output.with_extension("md")
}

/// Returns a page's text for the whole book: with the state of a tutorial below its title.
fn in_whole<'a>(page: &Page, html: &'a str) -> Cow<'a, str> {
    let Some(evidence) = &page.evidence else { return Cow::Borrowed(html) };
    let (title, text) = split_title(html);
    Cow::Owned(format!("{title}{}{text}", brief(evidence)))
}

/// Returns the heading that a page begins with, and the rest.
fn split_title(html: &str) -> (&str, &str) {
    match html.find("</h1>\n") {
        Some(end) if html.trim_start().starts_with("<h1") => html.split_at(end + "</h1>\n".len()),
        _ => ("", html),
    }
}

fn outline(rendered: &Rendered) -> Vec<OutlineView> {
    let wanted = rendered.headings.iter().filter(|heading| (2..=3).contains(&heading.level));
    wanted
        .map(|heading| OutlineView {
            level: heading.level,
            id: heading.id.clone(),
            title: heading.title.clone(),
        })
        .collect()
}

fn languages(page: &Page) -> Vec<&str> {
    let steps = page.tutorial.steps.iter().map(|step| step.language.as_str());
    let blocks = page.tutorial.other_blocks.iter().map(|block| block.language.as_str());
    let languages: BTreeSet<&str> = steps.chain(blocks).filter(|language| !language.is_empty()).collect();
    languages.into_iter().collect()
}

/// Returns the way from a page to the site's root.
fn way_up(output: &Path) -> String {
    "../".repeat(output.components().count().saturating_sub(1))
}
