//! What a site has beside its pages: records, badges, feeds, pages of the program's own, copied files.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use foldhash::HashSet;

use super::{Kept, Press, markdown_path};
use crate::book::badge::{badge_json, badge_svg};
use crate::book::error::BookError;
use crate::book::evidence::{Evidence, Variant};
use crate::book::feeds::{self, Change, Entry};
use crate::book::head::variant_link;
use crate::book::images::ParityShown;
use crate::book::links::{TargetKind, encoded, from_root};
use crate::book::load::{Book, Page, files_below, is_markdown, is_outside, outside};
use crate::book::output::SiteWriter;
use crate::book::redirects::{leads_to_nothing, old_place};
use crate::book::report;
use crate::book::search::search_script;
use crate::book::shape::Shown;
use crate::book::status::status_page;
use crate::book::theme::{self, PageView};
use crate::diagnostic::Finding;
use crate::event::{ParityOutcome, PromisedImage};
use crate::record::Record;

/// What the page for wrong addresses says where a book has none of its own.
const NOT_FOUND: &str =
    "<h1>This page does not exist</h1>\n<p>Look for it in the table of contents, or search.</p>\n";

impl Press<'_> {
    /// Writes everything that is no page of the table of contents; returns errors about files that are left out.
    pub(super) fn beside(&self, writer: &SiteWriter, kept: &[Kept]) -> Result<Vec<Finding>, BookError> {
        let mut files = assets();
        files.push(self.icon.clone());
        if self.book.settings.search {
            files.push(("assets/search.js".into(), search_script().into_bytes()));
        }
        if self.contents.is_big() {
            files.push(("assets/nav.js".into(), self.contents.script().into_bytes()));
        }
        // GitHub Pages would take pages in Markdown for its own.
        files.push((".nojekyll".into(), Vec::new()));
        files.extend(self.badges());
        files.extend(self.for_machines(kept, writer));
        files.extend(self.own_pages()?);
        files.extend(self.redirects());
        for (path, content) in files {
            writer.put(&path, &content)?;
        }
        self.records(writer)?;
        self.copy(writer, kept)
    }

    /// Writes the records as JSON, and the reports of comparisons as pages of their own.
    fn records(&self, writer: &SiteWriter) -> Result<(), BookError> {
        for page in &self.book.pages {
            for variant in page.evidence.iter().flat_map(|evidence| &evidence.variants) {
                if let Some(record) = &variant.record {
                    let json = serde_json::to_vec_pretty(record).expect("a record is JSON");
                    writer.put(&record_path(page, variant), &json)?;
                    self.reports(page, variant, record, writer)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the reports of a run's comparisons. They are made from what was found out: a page that lies in a
    /// record could be anybody's.
    fn reports(
        &self,
        page: &Page,
        variant: &Variant,
        record: &Record,
        writer: &SiteWriter,
    ) -> Result<(), BookError> {
        for (number, image) in record.result.images.iter().enumerate() {
            let Some(file) = self.kept_report(variant, image) else { continue };
            let path = report_path(page, variant, number, image);
            match report::read(&file) {
                Ok(comparison) => {
                    writer.put(&path, report::page(&comparison).as_bytes())?;
                    let json = serde_json::to_vec_pretty(&comparison).expect("a comparison is JSON");
                    writer.put(&path.with_extension("json"), &json)?;
                }
                Err(why) => writer.put(&path, report::unreadable(&why).as_bytes())?,
            }
        }
        Ok(())
    }

    /// Returns the file with the whole report of an image's comparison, where a run kept one.
    pub(super) fn kept_report(&self, variant: &Variant, image: &PromisedImage) -> Option<PathBuf> {
        let ParityOutcome::Compared(report) = &image.parity.as_ref()?.outcome else { return None };
        self.options.store.kept_file(&variant.plan.key, report.json.as_deref()?)
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
            let path = Path::new("badges").join(&page.output);
            if let Some(parity) = ParityShown::of_page(evidence) {
                let path = path.with_extension("parity.html");
                files.extend(badge_files(&path, "parity", parity.state(), parity.word(), at));
            }
            files.extend(badge_files(&path, &page.title, shown, shown.word(), at));
            whole = Some(whole.map_or((shown, at), |(worst, last)| (worst.min(shown), last.max(at))));
        }
        if let Some((shown, at)) = whole {
            let path = Path::new("badges/book.html");
            files.extend(badge_files(path, &self.view.title, shown, shown.word(), at));
        }
        files
    }

    fn for_machines(&self, kept: &[Kept], writer: &SiteWriter) -> Vec<(PathBuf, Vec<u8>)> {
        let entries: Vec<Entry<'_>> = self
            .book
            .pages
            .iter()
            .zip(kept)
            .map(|(page, kept)| Entry {
                url: encoded(&page.output),
                title: &page.title,
                description: &kept.description,
                markdown: encoded(&markdown_path(page)),
                changed: self.options.changed.get(&page.file).map(String::as_str),
            })
            .collect();
        let llms = feeds::llms(&self.view.title, self.book.settings.description.as_deref(), &entries);
        let mut files = vec![("llms.txt".into(), llms.into_bytes())];
        if let Some(site) = self.book.settings.site_address() {
            files.push(("sitemap.xml".into(), feeds::sitemap(&site, &entries).into_bytes()));
            if !self.states.is_empty() {
                let before = writer.text_before(Path::new("feed.xml")).unwrap_or_default();
                let feed = feeds::feed(&site, &self.view.title, self.changes(), &before);
                files.push(("feed.xml".into(), feed.into_bytes()));
            }
        }
        files.extend(self.book.settings.cname.iter().map(|name| ("CNAME".into(), name.clone().into_bytes())));
        files
    }

    /// Returns what is known about each variant that was run.
    fn changes(&self) -> Vec<Change> {
        let tutorials = self.book.pages.iter().filter_map(|page| Some((page, page.evidence.as_ref()?)));
        let variants = tutorials.flat_map(|(page, evidence)| {
            let variants = evidence.variants.iter().enumerate();
            variants.filter_map(move |(number, variant)| self.change(page, evidence, number, variant))
        });
        variants.collect()
    }

    fn change(&self, page: &Page, evidence: &Evidence, number: usize, variant: &Variant) -> Option<Change> {
        let record = variant.record.as_ref()?;
        let changed = self.options.changed.get(&page.file);
        let changed = changed.and_then(|day| format!("{day}T00:00:00Z").parse::<jiff::Timestamp>().ok());
        let state = variant.shown();
        // What is stale became so when the page was changed.
        let changed = changed.filter(|changed| state == Shown::Stale && *changed > record.ended);
        let why = variant
            .steps()
            .filter(|step| step.shown == Shown::Failed)
            .filter_map(|step| Some(format!("step {}: {}", step.planned.name.0, step.why?)));
        let about = std::iter::once(record.result.coverage.summary())
            .chain(why)
            .chain(variant.state.reasons().iter().cloned());
        Some(Change {
            url: encoded(&page.output) + &variant_link(evidence, number),
            title: page.title.clone() + &variant.suffix(),
            state,
            about: about.collect::<Vec<_>>().join("; "),
            fingerprint: variant.plan.fingerprint.0.clone(),
            at: changed.unwrap_or(record.ended),
        })
    }

    /// Returns the pages that the program adds: what is verified, all pages, and the one for wrong addresses.
    fn own_pages(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, BookError> {
        let mut files = Vec::new();
        let mut add = |path: &str, title: &str, content: &str| -> Result<(), BookError> {
            files.push((path.into(), self.own_page(title, content)?));
            Ok(())
        };
        if !self.states.is_empty() {
            add(&self.own.status, "What is verified", &status_page(&self.book.pages))?;
        }
        if self.contents.is_big() {
            let content =
                format!("<h1>All pages</h1>\n<div class=\"all-pages\">\n{}</div>\n", self.contents.whole());
            add(&self.own.contents, "All pages", &content)?;
        }
        // A book that has a page for wrong addresses needs no other.
        let name = Path::new("404.html");
        if !self.numbers.contains_key(name) {
            files.push((name.into(), self.not_found()?));
        }
        Ok(files)
    }

    /// Returns the page for wrong addresses. It is shown at any of them, so its links begin at the site's root.
    fn not_found(&self) -> Result<Vec<u8>, BookError> {
        let root = self.book.settings.site_path();
        let (title, content) = match &self.book.not_found {
            Some(page) => {
                let (_, rendered) = self.rendered(page);
                (page.title.clone(), from_root(&rendered.html, &page.output, &root))
            }
            None => ("Not found".to_owned(), NOT_FOUND.to_owned()),
        };
        let view = PageView { title, ..PageView::default() };
        self.filled(&view, &content, &[], None, &root)
    }

    fn redirects(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folders = self.folders();
        let moved = self.moved.iter().filter(|(path, _)| self.stands_at(path, &folders).is_none());
        moved.filter_map(|(path, moved)| Some((path.clone(), moved.stub()?.into_bytes()))).collect()
    }

    /// Returns the folders of the site that pages lie in.
    fn folders(&self) -> HashSet<&Path> {
        self.book.pages.iter().flat_map(|page| page.output.ancestors().skip(1)).collect()
    }

    /// Returns what of the book stands at a path of the site, in whose place no redirect can be.
    fn stands_at(&self, path: &Path, folders: &HashSet<&Path>) -> Option<&'static str> {
        let file = self.book.source.join(path);
        if self.numbers.contains_key(path) {
            Some("page")
        } else if folders.contains(path) || file.is_dir() {
            Some("folder")
        } else {
            (file.is_file() && !is_markdown(path)).then_some("file")
        }
    }

    /// Returns what is wrong with redirects: what stands in their places, and targets that are not there.
    pub(super) fn redirect_findings(&self, writer: &SiteWriter) -> Vec<Finding> {
        let folders = self.folders();
        let mut findings = Vec::new();
        for (from, to) in &self.book.settings.redirects {
            let Some((path, fragment)) = old_place(from) else { continue };
            let found = self.stands_at(&path, &folders);
            let finding = match found {
                Some(what) if fragment.is_empty() => {
                    let message = format!("`{from}` leads nowhere else: the book has a {what} of this name");
                    let finding = Finding::warning("redirect-taken", message);
                    finding.help("take the redirect out, or give the book's another name")
                }
                _ if leads_to_nothing(to, &path, |path| writer.has(path)) => {
                    let message = format!("`{from}` leads to `{to}`, which the site does not have");
                    let finding = Finding::warning("dead-link", message);
                    finding.help("targets are relative to the old address")
                }
                _ => continue,
            };
            findings.push(finding.at(self.book.setting_place(from)));
        }
        findings
    }

    /// Copies the files of the source folder that are no pages: pictures, archives, what pages link to.
    ///
    /// Returns errors about those that lie outside of the project.
    fn copy(&self, writer: &SiteWriter, kept: &[Kept]) -> Result<Vec<Finding>, BookError> {
        let (book, settings) = (self.book, &self.book.settings);
        let is_source = |path: &PathBuf| {
            let is_setting = path.starts_with("theme") || path == Path::new("book.toml");
            is_markdown(path) || (is_setting && book.source == book.folder)
        };
        let files = files_below(&book.source).into_iter().chain(self.linked(kept));
        let files = files.filter(|path| !is_source(path)).map(|path| (book.source.join(&path), path));
        let more = settings.additional_css.iter().chain(&settings.additional_js);
        let more = more.map(|path| (book.folder.join(path), path.clone()));
        let copies: BTreeMap<PathBuf, PathBuf> = files.chain(more).map(|(from, to)| (to, from)).collect();
        let mut left_out = Vec::new();
        for (to, from) in copies {
            if is_outside(&from, self.options.root, &book.source) {
                let help = "copy the file into the book: links that leave the project are not followed";
                left_out.push(outside(&to, self.options.root, help));
                continue;
            }
            // One that cannot be read is missed by the pages that name it.
            if let Ok(content) = std::fs::read(from) {
                writer.put(&to, &content)?;
            }
        }
        Ok(left_out)
    }

    /// Returns the files of the source folder that pages link to: git may ignore what was generated.
    fn linked(&self, kept: &[Kept]) -> impl Iterator<Item = PathBuf> {
        let targets = kept.iter().flat_map(|kept| &kept.targets);
        let files = targets.filter_map(|(target, _)| match &target.kind {
            TargetKind::File { path, .. } => Some(path.clone()),
            _ => None,
        });
        files.filter(|path| {
            let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
            stays && self.book.source.join(path).is_file()
        })
    }
}

fn assets() -> Vec<(PathBuf, Vec<u8>)> {
    let assets = [("assets/book.css", theme::SHEET), ("assets/book.js", theme::SCRIPT)];
    assets.map(|(path, text)| (path.into(), text.into())).to_vec()
}

/// Returns the picture of the book that browsers show: its own, as mdBook has it, or the program's.
pub(super) fn icon(book: &Book, root: &Path) -> (PathBuf, Vec<u8>) {
    let own = ["svg", "png"].iter().find_map(|ending| {
        let file = book.folder.join("theme/favicon").with_extension(ending);
        let content = fs_err::read(&file).ok().filter(|_| !is_outside(&file, root, &book.source))?;
        Some((Path::new("assets/icon").with_extension(ending), content))
    });
    own.unwrap_or_else(|| ("assets/icon.svg".into(), theme::ICON.into()))
}

fn badge_files(
    page: &Path,
    title: &str,
    shown: Shown,
    word: &str,
    at: Option<jiff::Timestamp>,
) -> Vec<(PathBuf, Vec<u8>)> {
    let message = match at {
        Some(at) => format!("{word} {}", at.strftime("%Y-%m-%d")),
        None => word.to_owned(),
    };
    let json = serde_json::to_vec(&badge_json(title, shown, &message)).expect("a badge is JSON");
    vec![
        (page.with_extension("svg"), badge_svg(title, shown, &message).into_bytes()),
        (page.with_extension("json"), json),
    ]
}

/// Returns where a variant's record is written.
pub(super) fn record_path(page: &Page, variant: &Variant) -> PathBuf {
    let stem = page.output.with_extension("");
    let name = match &variant.plan.key.variant {
        Some(variant) => format!("{}.{}.json", stem.display(), safe_name(variant)),
        None => format!("{}.json", stem.display()),
    };
    Path::new("records").join(name)
}

/// Returns where the whole report of an image's comparison is written; names may look alike as files.
pub(super) fn report_path(page: &Page, variant: &Variant, number: usize, image: &PromisedImage) -> PathBuf {
    let name = format!("{}-{}.html", number + 1, safe_name(&image.name));
    let record = record_path(page, variant);
    let folder = record.strip_prefix("records").unwrap_or(&record).with_extension("");
    Path::new("parity").join(folder).join(name)
}

/// Returns a text as part of a file's name.
fn safe_name(text: &str) -> String {
    let safe = |letter: char| if letter.is_alphanumeric() || "-_.=,".contains(letter) { letter } else { '_' };
    text.chars().map(safe).collect()
}
