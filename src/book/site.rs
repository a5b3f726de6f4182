//! Pages become a site, a stage after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::badge::{badge_json, badge_svg};
use super::checks::{CheckedPage, check_pages};
use super::contents::contents;
use super::directives::{Expanded, Reach, expand};
use super::error::BookError;
use super::evidence::Variant;
use super::feeds::{self, Change, Entry};
use super::head::head;
use super::highlight::Painter;
use super::links::{Links, TargetKind, encoded, from_root};
use super::load::{Book, Page, files_below, names_above};
use super::markdown::{Context, Rendered, render};
use super::navigation::Item;
use super::parallel;
use super::print::{PrintedPage, print_page};
use super::redirects::{Moved, moved};
use super::search::{SearchPage, SearchSection, search_index, search_script};
use super::settings::Theme;
use super::shape::Shown;
use super::status::status_page;
use super::theme::{self, BookView, Filling, OutlineView, PageView, Templates, TurnView};
use crate::diagnostic::{Finding, sort_by_place};
use crate::record::Store;

/// What a site is made with.
#[derive(Debug)]
pub struct SiteOptions<'a> {
    /// The project's root, which includes must not leave.
    pub root: &'a Path,
    /// The records and outputs.
    pub store: &'a Store,
    /// When pages were last changed, by their files; none where that is not known.
    pub changed: BTreeMap<PathBuf, String>,
}

/// A site, ready to be written.
#[derive(Debug)]
pub struct Site {
    /// Its files, by their paths.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What is wrong with the pages.
    pub findings: Vec<Finding>,
    /// The tutorials, with what each shows.
    pub tutorials: Vec<(PathBuf, Shown)>,
}

/// A page on its way.
struct Made {
    expanded: Expanded,
    rendered: Rendered,
}

/// Builds a site.
///
/// # Errors
/// When a template cannot be used. What is wrong with pages is in the findings.
pub fn build_site(book: &Book, options: &SiteOptions<'_>) -> Result<Site, BookError> {
    let templates = Templates::load(&book.folder.join("theme"))?;
    let pages: Arc<BTreeMap<PathBuf, PathBuf>> =
        Arc::new(book.pages.iter().map(|page| (page.path.clone(), page.output.clone())).collect());
    let made =
        parallel::map(&book.pages, Painter::new, |painter, page| make(book, page, &pages, options, painter));
    let states: BTreeMap<PathBuf, Shown> = book
        .pages
        .iter()
        .filter_map(|page| Some((page.path.clone(), page.evidence.as_ref()?.shown())))
        .collect();
    let view = book_view(book, !states.is_empty());
    let moved = moved(&book.settings.redirects);
    let assembly =
        Assembly { book, options, made: &made, states: &states, view: &view, templates: &templates, moved };
    let mut files = assembly.pages()?;
    files.extend(assembly.beside()?);
    Ok(Site { files, findings: assembly.findings(), tutorials: states.into_iter().collect() })
}

fn make(
    book: &Book,
    page: &Page,
    pages: &Arc<BTreeMap<PathBuf, PathBuf>>,
    options: &SiteOptions<'_>,
    painter: &mut Painter,
) -> Made {
    let source = &page.tutorial.source;
    let reach = Reach { page: &page.file, root: options.root };
    let expanded = expand(source, page.tutorial.body.start, reach);
    let links = Links::new(&page.path, Arc::clone(pages), names_above(&book.source));
    let context = Context {
        settings: &book.settings,
        links: &links,
        store: options.store,
        source,
        expanded: &expanded,
        tutorial: &page.tutorial,
        evidence: page.evidence.as_ref(),
    };
    let rendered = render(&context, painter);
    Made { expanded, rendered }
}

fn book_view(book: &Book, has_evidence: bool) -> BookView {
    let settings = &book.settings;
    let name = || book.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let url = |path: &PathBuf| encoded(path);
    BookView {
        title: settings.title.clone().unwrap_or_else(name),
        language: settings.language.clone(),
        right_to_left: settings.right_to_left,
        theme: settings.default_theme.map(|theme| match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }),
        search: settings.search,
        repository: settings.repository.clone(),
        sheets: settings.additional_css.iter().map(url).collect(),
        scripts: settings.additional_js.iter().map(url).collect(),
        feed: (has_evidence && settings.site_url.is_some()).then(|| "feed.xml".to_owned()),
        status: has_evidence.then(|| "status.html".to_owned()),
        print: settings.print.then(|| "print.html".to_owned()),
    }
}

struct Assembly<'a> {
    book: &'a Book,
    options: &'a SiteOptions<'a>,
    made: &'a [Made],
    states: &'a BTreeMap<PathBuf, Shown>,
    view: &'a BookView,
    templates: &'a Templates,
    /// What has another place than it had.
    moved: BTreeMap<PathBuf, Moved>,
}

impl Assembly<'_> {
    /// Returns every page, the first one as the site's index too.
    fn pages(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, BookError> {
        let numbers: Vec<usize> = (0..self.book.pages.len()).collect();
        let pages =
            parallel::map(&numbers, || (), |(), number| self.page(*number, &self.book.pages[*number].output));
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::with_capacity(pages.len());
        for (page, html) in self.book.pages.iter().zip(pages) {
            files.push((page.output.clone(), html?.into_bytes()));
        }
        let index = PathBuf::from("index.html");
        if self.book.pages.iter().all(|page| page.output != index) {
            files.push((index.clone(), self.page(0, &index)?.into_bytes()));
        }
        Ok(files)
    }

    /// Returns a page as it stands at a path.
    fn page(&self, number: usize, output: &Path) -> Result<String, BookError> {
        let (page, made) = (&self.book.pages[number], &self.made[number]);
        let root = way_up(output);
        let mut content = String::new();
        let (title, text) = split_title(&made.rendered.html);
        content.push_str(title);
        if let Some(evidence) = &page.evidence {
            let records: Vec<Option<String>> = evidence
                .variants
                .iter()
                .map(|variant| {
                    variant.record.as_ref().map(|_| format!("{root}{}", encoded(&record_path(page, variant))))
                })
                .collect();
            content.push_str(&head(evidence, &records));
        }
        content.push_str(text);
        content.extend(self.moved.get(output).map(Moved::script));
        if output != page.output {
            content = from_root(&content, &page.output);
        }
        let view = self.page_view(number);
        self.filled(&view, &content, &outline(&made.rendered), Some(&page.path), &root)
    }

    fn page_view(&self, number: usize) -> PageView {
        let (page, made) = (&self.book.pages[number], &self.made[number]);
        let pages = &self.book.pages;
        let turn = |page: &Page| TurnView { url: encoded(&page.output), title: page.title.clone() };
        let settings = &self.book.settings;
        let site = settings.site_url.as_deref().filter(|url| url.contains("://"));
        PageView {
            title: made.expanded.title.clone().unwrap_or_else(|| page.title.clone()),
            description: page
                .tutorial
                .front_matter
                .description
                .clone()
                .unwrap_or_else(|| made.rendered.description.clone()),
            part: self.part_of(&page.path),
            canonical: site.map(|site| format!("{}/{}", site.trim_end_matches('/'), encoded(&page.output))),
            markdown: Some(encoded(&page.output.with_extension("md"))),
            edit: settings
                .edit_url
                .as_ref()
                .map(|template| template.replace("{path}", &self.repository_path(page))),
            updated: self.options.changed.get(&page.file).cloned(),
            previous: number.checked_sub(1).map(|before| turn(&pages[before])),
            next: pages.get(number + 1).map(turn),
        }
    }

    /// Returns a page's path in the repository, as `{path}` of mdBook's `edit-url-template` has it.
    fn repository_path(&self, page: &Page) -> String {
        let path =
            page.file.strip_prefix(&self.book.folder).or_else(|_| page.file.strip_prefix(self.options.root));
        path.unwrap_or(&page.path).to_string_lossy().into_owned()
    }

    fn part_of(&self, path: &Path) -> Option<String> {
        let mut part = None;
        for item in &self.book.navigation.items {
            match item {
                Item::Part(title) => part = Some(title.clone()),
                Item::Chapter(chapter) if holds(chapter, path) => return part,
                Item::Chapter(_) | Item::Separator => {}
            }
        }
        None
    }

    fn filled(
        &self,
        page: &PageView,
        content: &str,
        outline: &[OutlineView],
        current: Option<&Path>,
        root: &str,
    ) -> Result<String, BookError> {
        let numbered = !self.book.settings.no_section_label;
        let contents = contents(&self.book.navigation, self.states, current, root, numbered);
        self.templates.page(&Filling { book: self.view, page, root, contents: &contents, content, outline })
    }

    /// Returns everything that is no page of the table of contents.
    fn beside(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, BookError> {
        let mut files = assets();
        files.extend(self.sources());
        files.extend(self.records());
        files.extend(self.badges());
        files.extend(self.for_machines());
        files.extend(self.own_pages()?);
        files.extend(self.redirects());
        files.extend(self.copied());
        if self.book.settings.search {
            files.push(("assets/search.js".into(), search_script().into_bytes()));
            files.extend(self.search().into_iter().map(|(path, text)| (path, text.into_bytes())));
        }
        Ok(files)
    }

    /// Returns the Markdown of each page.
    fn sources(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let pages = self.book.pages.iter();
        pages
            .map(|page| (page.output.with_extension("md"), page.tutorial.source.text().as_bytes().to_vec()))
            .collect()
    }

    /// Returns the records as JSON.
    fn records(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for page in &self.book.pages {
            for variant in page.evidence.iter().flat_map(|evidence| &evidence.variants) {
                if let Some(record) = &variant.record {
                    let json = serde_json::to_vec_pretty(record).expect("a record is JSON");
                    files.push((record_path(page, variant), json));
                }
            }
        }
        files
    }

    fn badges(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut whole: Option<(Shown, Option<jiff::Timestamp>)> = None;
        for page in &self.book.pages {
            let Some(evidence) = &page.evidence else { continue };
            let shown = evidence.shown();
            let at = evidence
                .variants
                .iter()
                .filter_map(|variant| variant.record.as_ref())
                .map(|run| run.ended)
                .max();
            files.extend(badge_files(&Path::new("badges").join(&page.output), &page.title, shown, at));
            whole = Some(whole.map_or((shown, at), |(worst, last)| (worst.min(shown), last.max(at))));
        }
        if let Some((shown, at)) = whole {
            files.extend(badge_files(Path::new("badges/book.html"), &self.view.title, shown, at));
        }
        files
    }

    fn for_machines(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries: Vec<Entry<'_>> = self
            .book
            .pages
            .iter()
            .zip(self.made)
            .map(|(page, made)| Entry {
                url: encoded(&page.output),
                title: &page.title,
                description: &made.rendered.description,
                markdown: encoded(&page.output.with_extension("md")),
                changed: self.options.changed.get(&page.file).map(String::as_str),
            })
            .collect();
        let llms = feeds::llms(&self.view.title, self.book.settings.description.as_deref(), &entries);
        let mut files = vec![("llms.txt".into(), llms.into_bytes())];
        if let Some(site) = self.book.settings.site_url.as_deref().filter(|url| url.contains("://")) {
            let site = format!("{}/", site.trim_end_matches('/'));
            files.push(("sitemap.xml".into(), feeds::sitemap(&site, &entries).into_bytes()));
            if !self.states.is_empty() {
                let feed = feeds::feed(&site, &self.view.title, self.changes());
                files.push(("feed.xml".into(), feed.into_bytes()));
            }
        }
        files.extend(self.book.settings.cname.iter().map(|name| ("CNAME".into(), name.clone().into_bytes())));
        files
    }

    fn changes(&self) -> Vec<Change> {
        let tutorials = self.book.pages.iter().filter_map(|page| Some((page, page.evidence.as_ref()?)));
        let runs = tutorials
            .flat_map(|(page, evidence)| evidence.variants.iter().map(move |variant| (page, variant)));
        let change = |(page, variant): (&Page, &Variant)| {
            let record = variant.record.as_ref()?;
            Some(Change {
                url: encoded(&page.output),
                title: variant
                    .plan
                    .key
                    .variant
                    .as_ref()
                    .map_or_else(|| page.title.clone(), |name| format!("{} [{name}]", page.title)),
                state: variant.shown(),
                at: record.ended,
            })
        };
        runs.filter_map(change).collect()
    }

    /// Returns the pages that the program adds: what is verified, the whole book, and the one for wrong addresses.
    fn own_pages(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, BookError> {
        let mut files = Vec::new();
        let mut add = |path: &str, title: &str, content: &str| -> Result<(), BookError> {
            let view = PageView { title: title.to_owned(), ..PageView::default() };
            files.push((path.into(), self.filled(&view, content, &[], None, "")?.into_bytes()));
            Ok(())
        };
        if !self.states.is_empty() {
            add("status.html", "What is verified", &status_page(&self.book.pages))?;
        }
        if self.book.settings.print {
            let pages = self.book.pages.iter().zip(self.made);
            let pages =
                pages.map(|(page, made)| PrintedPage { output: &page.output, html: &made.rendered.html });
            add("print.html", &self.view.title, &print_page(&pages.collect::<Vec<_>>()))?;
        }
        let missing =
            "<h1>This page does not exist</h1>\n<p>Look for it in the table of contents, or search.</p>\n";
        add("404.html", "Not found", missing)?;
        Ok(files)
    }

    fn redirects(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let is_page = |path: &PathBuf| self.book.pages.iter().any(|page| page.output == *path);
        let moved = self.moved.iter().filter(|(path, _)| !is_page(path));
        moved.filter_map(|(path, moved)| Some((path.clone(), moved.stub()?.into_bytes()))).collect()
    }

    /// Returns the files of the source folder that are no pages: pictures, archives, what pages link to.
    fn copied(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (book, settings) = (self.book, &self.book.settings);
        let is_source = |path: &PathBuf| {
            let is_setting = path.starts_with("theme") || path == Path::new("book.toml");
            path.extension().is_some_and(|extension| extension == "md")
                || (is_setting && book.source == book.folder)
        };
        let files = files_below(&book.source).into_iter().chain(self.linked());
        let files = files.filter(|path| !is_source(path)).map(|path| (book.source.join(&path), path));
        let more = settings.additional_css.iter().chain(&settings.additional_js);
        let more = more.map(|path| (book.folder.join(path), path.clone()));
        let copies: BTreeMap<PathBuf, PathBuf> = files.chain(more).map(|(from, to)| (to, from)).collect();
        // One that cannot be read is missed by the pages that name it.
        copies.into_iter().filter_map(|(to, from)| Some((to, std::fs::read(from).ok()?))).collect()
    }

    /// Returns the files of the source folder that pages link to: git may ignore what was generated.
    fn linked(&self) -> impl Iterator<Item = PathBuf> {
        let targets = self.made.iter().flat_map(|made| &made.rendered.targets);
        let files = targets.filter_map(|(target, _)| match &target.kind {
            TargetKind::File { path, .. } => Some(path.clone()),
            _ => None,
        });
        files.filter(|path| {
            let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            stays && self.book.source.join(path).is_file()
        })
    }

    fn search(&self) -> Vec<(PathBuf, String)> {
        let pages: Vec<SearchPage<'_>> = self
            .book
            .pages
            .iter()
            .zip(self.made)
            .map(|(page, made)| SearchPage {
                url: encoded(&page.output),
                title: &page.title,
                part: "",
                state: self.states.get(&page.path).copied(),
                languages: languages(page),
                sections: made
                    .rendered
                    .sections
                    .iter()
                    .map(|section| SearchSection {
                        id: &section.id,
                        title: &section.title,
                        text: &section.text,
                    })
                    .collect(),
            })
            .collect();
        search_index(&pages)
    }

    fn findings(&self) -> Vec<Finding> {
        let checked: Vec<CheckedPage<'_>> = self
            .book
            .pages
            .iter()
            .zip(self.made)
            .map(|(page, made)| CheckedPage {
                path: &page.path,
                ids: &made.rendered.ids,
                targets: &made.rendered.targets,
            })
            .collect();
        let mut findings = check_pages(&checked, &self.book.source);
        findings.extend(self.made.iter().flat_map(|made| made.expanded.findings.iter().cloned()));
        sort_by_place(&mut findings);
        findings
    }
}

fn assets() -> Vec<(PathBuf, Vec<u8>)> {
    let assets = [
        ("assets/book.css", theme::SHEET),
        ("assets/book.js", theme::SCRIPT),
        ("assets/icon.svg", theme::ICON),
    ];
    assets.map(|(path, text)| (path.into(), text.into())).to_vec()
}

fn badge_files(
    page: &Path,
    title: &str,
    shown: Shown,
    at: Option<jiff::Timestamp>,
) -> Vec<(PathBuf, Vec<u8>)> {
    let message = match at {
        Some(at) => format!("{} {}", shown.word(), at.strftime("%Y-%m-%d")),
        None => shown.word().to_owned(),
    };
    let json = serde_json::to_vec(&badge_json(title, shown, &message)).expect("a badge is JSON");
    vec![
        (page.with_extension("svg"), badge_svg(title, shown, &message).into_bytes()),
        (page.with_extension("json"), json),
    ]
}

/// Returns where a variant's record is written.
fn record_path(page: &Page, variant: &Variant) -> PathBuf {
    let stem = page.output.with_extension("");
    let name = match &variant.plan.key.variant {
        Some(variant) => format!("{}.{}.json", stem.display(), safe_name(variant)),
        None => format!("{}.json", stem.display()),
    };
    Path::new("records").join(name)
}

/// Returns a text as part of a file's name.
fn safe_name(text: &str) -> String {
    let safe = |letter: char| if letter.is_alphanumeric() || "-_.=,".contains(letter) { letter } else { '_' };
    text.chars().map(safe).collect()
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

fn holds(chapter: &super::navigation::Chapter, path: &Path) -> bool {
    chapter.path.as_deref() == Some(path) || chapter.children.iter().any(|child| holds(child, path))
}

/// Returns the way from a page to the site's root.
fn way_up(output: &Path) -> String {
    "../".repeat(output.components().count().saturating_sub(1))
}
