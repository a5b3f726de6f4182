//! A book becomes a component for Antora: pages and navigation in AsciiDoc.
//!
//! ```text
//! antora.yml
//! modules/ROOT/nav.adoc
//! modules/ROOT/pages/…          a page each
//! modules/ROOT/images/…         pictures that pages show
//! modules/ROOT/attachments/…    records, and files that pages lead to
//! ```
//!
//! See "Component version descriptor" and "Standard file and directory set" in Antora's
//! documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Component as Part, Path, PathBuf};
use std::sync::Arc;

use super::asciidoc::{Context, Standing, Written, asciidoc, literal, one_line};
use super::directives::{Expanded, Reach, expand};
use super::links::{Links, Outputs};
use super::load::{Book, Page, names_above};
use super::navigation::{Chapter, Item};
use crate::diagnostic::{Finding, sort_by_place};
use crate::parallel;
use crate::record::Store;
use crate::tutorial::Anchors;

/// What a component is made with.
#[derive(Debug)]
pub struct ComponentOptions<'a> {
    /// The project's root, which includes must not leave.
    pub root: &'a Path,
    /// The records and outputs.
    pub store: &'a Store,
    /// What other components call it; else a name made from its title.
    pub name: Option<String>,
    /// Its version; without one it has none.
    pub version: Option<String>,
}

/// A component, ready to be written.
#[derive(Debug)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its files, by their paths.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What is wrong with the pages.
    pub findings: Vec<Finding>,
}

const MODULE: &str = "modules/ROOT";

/// Makes a component of a book.
pub fn antora_component(book: &Book, options: &ComponentOptions<'_>) -> Component {
    let names = page_names(&book.pages);
    let outputs = Arc::new(book.pages.iter().map(|page| (page.path.clone(), page.output.clone())).collect());
    let records = |page: &Page| record_names(page, &names[&page.path]);
    let written =
        parallel::map(&book.pages, |page| write_page(book, page, &names, &outputs, &records(page), options));
    let title = title(book);
    let name = options.name.clone().unwrap_or_else(|| Anchors::default().add(&title, None));
    let first = book.pages.first().map(|page| names[&page.path].as_str());
    let mut files = vec![
        ("antora.yml".into(), descriptor(&name, &title, options.version.as_deref(), first).into_bytes()),
        (Path::new(MODULE).join("nav.adoc"), navigation(book, &names).into_bytes()),
    ];
    let (mut images, mut attachments, mut findings) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (page, (page_written, expanded)) in book.pages.iter().zip(written) {
        let path = Path::new(MODULE).join("pages").join(&names[&page.path]);
        files.push((path, page_written.text.into_bytes()));
        files.extend(record_files(page, &records(page)));
        images.extend(page_written.images);
        attachments.extend(page_written.attachments);
        findings.extend(expanded.findings);
    }
    for (family, paths) in [("images", images), ("attachments", attachments)] {
        files.extend(paths.iter().filter_map(|path| copied(book, family, path)));
    }
    sort_by_place(&mut findings);
    Component { name, files, findings }
}

fn write_page(
    book: &Book,
    page: &Page,
    names: &BTreeMap<PathBuf, String>,
    outputs: &Arc<Outputs>,
    records: &[Option<String>],
    options: &ComponentOptions<'_>,
) -> (Written, Expanded) {
    let source = &page.tutorial.source;
    let reach = Reach { page: &page.file, root: options.root };
    let expanded = expand(source, page.tutorial.body.start, reach);
    let links = Links::new(&page.path, Arc::clone(outputs), names_above(&book.source));
    let file = |path: &Path| is_inside(path).then(|| book.source.join(path)).filter(|file| file.is_file());
    let written = asciidoc(&Context {
        settings: &book.settings,
        links: &links,
        store: options.store,
        page,
        expanded: &expanded,
        pages: names,
        file: &|path| file(path).map(|_| safe_path(path)),
        records,
    });
    (written, expanded)
}

fn title(book: &Book) -> String {
    let folder = || book.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    book.settings.title.clone().unwrap_or_else(folder)
}

fn descriptor(name: &str, title: &str, version: Option<&str>, first: Option<&str>) -> String {
    // A JSON string is a YAML string.
    let quoted = |text: &str| serde_json::to_string(text).expect("text is JSON");
    let version = version.map_or("~".to_owned(), quoted);
    let mut yaml = format!("name: {}\ntitle: {}\nversion: {version}\n", quoted(name), quoted(title));
    if let Some(first) = first.filter(|first| *first != "index.adoc") {
        let _ = writeln!(yaml, "start_page: {}", quoted(&format!("ROOT:{first}")));
    }
    yaml + "nav:\n- modules/ROOT/nav.adoc\n"
}

/// Returns the table of contents: a list for each part.
fn navigation(book: &Book, names: &BTreeMap<PathBuf, String>) -> String {
    let mut text = String::new();
    for item in &book.navigation.items {
        match item {
            Item::Part(title) => {
                let _ = write!(text, "\n.{}\n", literal(&one_line(title), Standing::Bracketed));
            }
            Item::Chapter(chapter) => push_chapter(&mut text, chapter, 1, names),
            Item::Separator => {}
        }
    }
    text.trim_start().to_owned()
}

fn push_chapter(text: &mut String, chapter: &Chapter, depth: usize, names: &BTreeMap<PathBuf, String>) {
    let title = literal(&one_line(&chapter.title), Standing::Bracketed);
    let marks = "*".repeat(depth);
    let _ = match chapter.path.as_ref().and_then(|path| names.get(path)) {
        Some(page) => writeln!(text, "{marks} xref:{page}[{title}]"),
        None => writeln!(text, "{marks} {title}"),
    };
    for child in &chapter.children {
        push_chapter(text, child, depth + 1, names);
    }
}

/// Returns what each page is called, relative to the pages of the module.
fn page_names(pages: &[Page]) -> BTreeMap<PathBuf, String> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for page in pages {
        let stem = safe_path(&page.output.with_extension(""));
        let candidates = (1..).map(|number| match number {
            1 => format!("{stem}.adoc"),
            _ => format!("{stem}-{number}.adoc"),
        });
        let free = candidates.into_iter().find(|name| taken.insert(name.clone()));
        names.insert(page.path.clone(), free.expect("there are numbers enough"));
    }
    names
}

/// Returns a path that means the same to Antora and to AsciiDoc: no blanks, nothing that is markup, nothing hidden.
fn safe_path(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Part::Normal(name) => Some(safe_name(&name.to_string_lossy())),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn safe_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_alphanumeric() || "._".contains(letter) { letter } else { '-' };
        // Two of them are a dash or emphasis.
        if letter.is_alphanumeric() || !safe.ends_with(letter) {
            safe.push(letter);
        }
    }
    let safe = safe.trim_start_matches(['.', '_', '-']);
    if safe.is_empty() { "page".to_owned() } else { safe.to_owned() }
}

fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Part::Normal(_)))
}

fn copied(book: &Book, family: &str, path: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let content = std::fs::read(book.source.join(path)).ok()?;
    Some((Path::new(MODULE).join(family).join(safe_path(path)), content))
}

/// Returns what the record of each variant is called, as an attachment.
fn record_names(page: &Page, name: &str) -> Vec<Option<String>> {
    let stem = name.strip_suffix(".adoc").unwrap_or(name);
    let variants = page.evidence.iter().flat_map(|evidence| &evidence.variants);
    let name = |(number, variant): (usize, &super::evidence::Variant)| {
        variant.record.as_ref()?;
        Some(match &variant.plan.key.variant {
            Some(variant) => format!("records/{stem}.{number}-{}.json", safe_name(variant)),
            None => format!("records/{stem}.json"),
        })
    };
    variants.enumerate().map(name).collect()
}

fn record_files(page: &Page, names: &[Option<String>]) -> Vec<(PathBuf, Vec<u8>)> {
    let variants = page.evidence.iter().flat_map(|evidence| &evidence.variants);
    let files = variants.zip(names).filter_map(|(variant, name)| {
        let json = serde_json::to_vec_pretty(variant.record.as_ref()?).expect("a record is JSON");
        Some((Path::new(MODULE).join("attachments").join(name.as_ref()?), json))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_for_antora() {
        let check = |path: &str, expected: &str| assert_eq!(safe_path(Path::new(path)), expected);
        check("guide/first-image", "guide/first-image");
        check("_a/.b c--d__e/ü(1)", "a/b-c-d_e/ü-1-");
        check("../x", "x");
        check("__", "page");
    }

    #[test]
    fn descriptor_is_yaml() {
        assert_eq!(
            descriptor("b", "A \"b\": c", None, Some("x.adoc")),
            "name: \"b\"\ntitle: \"A \\\"b\\\": c\"\nversion: ~\nstart_page: \"ROOT:x.adoc\"\nnav:\n- modules/ROOT/nav.adoc\n"
        );
    }
}
