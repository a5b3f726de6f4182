//! How a book looks and where its parts are: the keys of mdBook's `book.toml` that matter here.
//!
//! A book that builds with mdBook builds here without an edit, so nothing in the file is an
//! error but text that is not TOML: a key that nobody knows is a note, a key that this
//! program has no use for is accepted in silence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::diagnostic::{Finding, Place, Source, nearest};

/// What a book says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSettings {
    /// `book.title`.
    pub title: Option<String>,
    /// `book.authors`.
    pub authors: Vec<String>,
    /// `book.description`.
    pub description: Option<String>,
    /// `book.src`: the folder with the pages, relative to the book's folder.
    pub source: PathBuf,
    /// `book.language`, a BCP 47 tag.
    pub language: String,
    /// `book.text-direction`: whether lines run from right to left; none where it is not said.
    pub right_to_left: Option<bool>,
    /// `build.build-dir`: where the site goes, relative to the book's folder.
    pub output: Option<PathBuf>,
    /// `build.create-missing`: whether pages that the table of contents names may be missing.
    pub create_missing: bool,
    /// `output.html.fold`: how many levels of the table of contents are open; none where nothing is folded.
    pub fold_level: Option<usize>,
    /// `output.html.default-theme`: what readers see whose system is light, where it is said.
    pub default_theme: Option<Theme>,
    /// `output.html.preferred-dark-theme`: what readers see whose system is dark, where it is said.
    pub dark_theme: Option<Theme>,
    /// `output.html.smart-punctuation`.
    pub smart_punctuation: bool,
    /// `output.html.definition-lists`.
    pub definition_lists: bool,
    /// `output.html.admonitions`: GitHub's alerts.
    pub admonitions: bool,
    /// `output.html.no-section-label`: whether chapters are shown without their numbers.
    pub no_section_label: bool,
    /// `output.html.additional-css`, relative to the book's folder.
    pub additional_css: Vec<PathBuf>,
    /// `output.html.additional-js`, relative to the book's folder.
    pub additional_js: Vec<PathBuf>,
    /// `output.html.code.hidelines`: the prefix of hidden lines, by language.
    pub hide_lines: BTreeMap<String, String>,
    /// `output.html.playground.editable`: whether readers may change Rust examples that say so.
    pub playground_editable: bool,
    /// `output.html.playground.runnable`: whether Rust examples can be run, and so are whole programs.
    pub playground_runnable: bool,
    /// `output.html.playground.copyable`: whether code has a button that copies it.
    pub copyable: bool,
    /// `output.html.print.enable`: whether there is a page with the whole book.
    pub print: bool,
    /// `output.html.print.page-break`: whether each chapter begins a sheet of paper.
    pub page_break: bool,
    /// `output.html.search.enable`.
    pub search: bool,
    /// `output.html.search.limit-results`: how many results are shown at most, where that is said.
    pub search_limit: Option<usize>,
    /// `output.html.search.chapter`: whether pages are searched, by the beginning of their paths.
    pub searched: BTreeMap<PathBuf, bool>,
    /// `output.html.git-repository-url`.
    pub repository: Option<String>,
    /// `output.html.edit-url-template`, with `{path}`.
    pub edit_url: Option<String>,
    /// `output.html.site-url`: where the site will stand, for links that must be whole.
    pub site_url: Option<String>,
    /// `output.html.cname`.
    pub cname: Option<String>,
    /// Sheets and scripts of these two that are not a part of the site: they are not there.
    pub left_out: Vec<PathBuf>,
    /// `output.html.redirect`: new places by old ones.
    pub redirects: BTreeMap<String, String>,
    /// `output.html.input-404`.
    pub not_found: Option<String>,
    /// Programs that mdBook would run on the pages.
    pub preprocessors: Vec<String>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

impl BookSettings {
    /// Returns whether lines run from right to left: as it is said, else as its language is written.
    pub(super) fn is_right_to_left(&self) -> bool {
        let (language, _) = self.language.split_once(['-', '_']).unwrap_or((&self.language, ""));
        self.right_to_left.unwrap_or_else(|| RIGHT_TO_LEFT.contains(&language))
    }

    /// Returns the colours that all readers see who chose none; none where their systems decide.
    pub(super) fn theme(&self) -> Option<Theme> {
        let (light, dark) =
            (self.default_theme.unwrap_or(Theme::Light), self.dark_theme.unwrap_or(Theme::Dark));
        // Nobody means it where they are the other way round.
        if light == Theme::Light && dark == Theme::Dark { None } else { Some(light) }
    }

    /// Returns whether a page can be found by searching: as the longest beginning of its path says.
    pub(super) fn is_searched(&self, path: &Path) -> bool {
        let mut rules = self.searched.iter().filter(|(beginning, _)| path.starts_with(beginning));
        // Of beginnings of one path, the longest is the last in their order.
        self.search && rules.next_back().is_none_or(|(_, is_searched)| *is_searched)
    }

    /// Returns the file of the page for wrong addresses, relative to the source folder.
    pub(super) fn not_found_file(&self) -> PathBuf {
        self.not_found.as_deref().unwrap_or("404.md").into()
    }

    /// Returns the whole address of the site's root, with a slash at its end, where `site-url` is one.
    pub(super) fn site_address(&self) -> Option<String> {
        let url = self.site_url.as_deref().filter(|url| url.contains("://"))?;
        Some(format!("{}/", url.trim_end_matches('/')))
    }

    /// Returns the site's root as links name it from anywhere on its host: that of the host where nothing is said.
    pub(super) fn site_path(&self) -> String {
        let Some(url) = self.site_url.as_deref() else { return "/".to_owned() };
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
            None => url,
        };
        format!("/{}/", path.trim_matches('/')).replace("//", "/")
    }
}

impl Default for BookSettings {
    /// mdBook's defaults.
    fn default() -> Self {
        Self {
            title: None,
            authors: Vec::new(),
            description: None,
            source: PathBuf::from("src"),
            language: "en".to_owned(),
            right_to_left: None,
            output: None,
            create_missing: true,
            fold_level: None,
            default_theme: None,
            dark_theme: None,
            smart_punctuation: true,
            definition_lists: true,
            admonitions: true,
            no_section_label: false,
            additional_css: Vec::new(),
            additional_js: Vec::new(),
            left_out: Vec::new(),
            hide_lines: BTreeMap::new(),
            playground_editable: false,
            playground_runnable: true,
            copyable: true,
            print: true,
            page_break: true,
            search: true,
            search_limit: None,
            searched: BTreeMap::new(),
            repository: None,
            edit_url: None,
            site_url: None,
            cname: None,
            redirects: BTreeMap::new(),
            not_found: None,
            preprocessors: Vec::new(),
        }
    }
}

/// Languages that mdBook writes from right to left where nothing else is said.
const RIGHT_TO_LEFT: &[&str] = &[
    "ae", "ar", "ara", "arc", "ave", "egy", "fa", "fas", "he", "heb", "ku", "kur", "nqo", "pal", "per",
    "phn", "ps", "pus", "sam", "syc", "syr", "ur", "urd", "yi", "yid",
];

/// Keys of mdBook that nothing here depends on.
const NOT_NEEDED: &[&str] = &[
    "book.multilingual",
    "build.extra-watch-dirs",
    "build.use-default-preprocessors",
    "output.html.copy-fonts",
    "output.html.hash-files",
    "output.html.live-reload-endpoint",
    "output.html.playground.copy-js",
    "output.html.search.copy-js",
    "output.html.sidebar-header-nav",
];

/// Keys of mdBook that would change what readers see, and do not here.
const UNUSED: &[&str] = &[
    "output.html.git-repository-icon",
    "output.html.google-analytics",
    "output.html.mathjax-support",
    "output.html.playground.line-numbers",
    "output.html.search.boost-hierarchy",
    "output.html.search.boost-paragraph",
    "output.html.search.boost-title",
    "output.html.search.expand",
    "output.html.search.heading-split-level",
    "output.html.search.teaser-word-count",
    "output.html.search.use-boolean-and",
    "output.html.theme",
];

/// Tables whose keys are read one by one.
const TABLES: &[&str] = &[
    "book",
    "build",
    "output",
    "output.html",
    "output.html.code",
    "output.html.fold",
    "output.html.playground",
    "output.html.print",
    "output.html.search",
];

/// Preprocessors whose work is done here.
const OWN_PREPROCESSORS: &[&str] = &["links", "index", "stagebook"];

/// Keys that are read, for near misses.
const READ: &[&str] = &[
    "book.title",
    "book.author",
    "book.authors",
    "book.description",
    "book.src",
    "book.language",
    "book.text-direction",
    "build.build-dir",
    "build.create-missing",
    "output.html.fold.enable",
    "output.html.fold.level",
    "output.html.default-theme",
    "output.html.preferred-dark-theme",
    "output.html.smart-punctuation",
    "output.html.definition-lists",
    "output.html.admonitions",
    "output.html.no-section-label",
    "output.html.additional-css",
    "output.html.additional-js",
    "output.html.code.hidelines",
    "output.html.playground.copyable",
    "output.html.playground.editable",
    "output.html.playground.runnable",
    "output.html.print.enable",
    "output.html.print.page-break",
    "output.html.search.chapter",
    "output.html.search.enable",
    "output.html.search.limit-results",
    "output.html.git-repository-url",
    "output.html.edit-url-template",
    "output.html.site-url",
    "output.html.cname",
    "output.html.redirect",
    "output.html.input-404",
];

/// Reads a `book.toml`, and over it the variables of mdBook, by their names without `MDBOOK_`.
///
/// Everything in the findings is a note, except for text that is not TOML.
pub fn parse_settings(
    source: &Arc<Source>,
    variables: &BTreeMap<String, String>,
) -> (BookSettings, Vec<Finding>) {
    let mut reader = Reader::new(source);
    let (table, errors) = DeTable::parse_recoverable(source.text());
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or_default();
        let finding = Finding::error("book-not-toml", format!("not TOML: {}", error.message().trim_end()));
        return (reader.settings, vec![finding.at(Place::new(source, span))]);
    }
    reader.table("", table.get_ref());
    let lines: Vec<Arc<Source>> =
        variables.iter().filter_map(|(name, value)| line_of_variable(name, value)).collect();
    for line in &lines {
        reader.source = line;
        let (table, _) = DeTable::parse_recoverable(line.text());
        reader.table("", table.get_ref());
    }
    reader.finish()
}

/// Returns a variable as the line of `book.toml` that it stands for: `BOOK__TITLE` is `book.title`. Its value is
/// JSON, or else a text.
fn line_of_variable(name: &str, value: &str) -> Option<Arc<Source>> {
    let key = name.to_lowercase().replace("__", ".").replace('_', "-");
    let is_bare = |part: &str| {
        !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    let is_known = ["book", "build", "output", "preprocessor"].contains(&key.split('.').next()?);
    if !is_known || !key.split('.').all(is_bare) {
        return None;
    }
    let json = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.to_owned()));
    let value = toml::Value::try_from(json).ok()?;
    Some(Source::new(format!("MDBOOK_{name}"), format!("{key} = {value}\n")))
}

type Value<'a> = Spanned<DeValue<'a>>;

struct Reader<'a> {
    source: &'a Arc<Source>,
    settings: BookSettings,
    findings: Vec<Finding>,
    /// Keys that change nothing here, with their places.
    unused: Vec<(String, Place)>,
    /// `fold.enable` and `fold.level`.
    fold: (bool, usize),
}

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        let settings = BookSettings::default();
        Self { source, settings, findings: Vec::new(), unused: Vec::new(), fold: (false, 0) }
    }

    /// Returns what was read, with a note about all the keys that change nothing.
    fn finish(mut self) -> (BookSettings, Vec<Finding>) {
        let (is_folded, level) = self.fold;
        self.settings.fold_level = is_folded.then_some(level);
        if let [(_, first), ..] = self.unused.as_slice() {
            let verb = if self.unused.len() == 1 { "changes" } else { "change" };
            let names: Vec<&str> = self.unused.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("`{}` {verb} nothing here", names.join("`, `"));
            self.findings.push(Finding::note("unused-book-keys", message).at(first.clone()));
        }
        (self.settings, self.findings)
    }

    fn table(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = joined(above, key.get_ref());
            match value.get_ref().as_table() {
                Some(below) => self.inner_table(&path, key, below),
                None => self.value(&path, key, value),
            }
        }
    }

    fn inner_table(&mut self, path: &str, key: &Spanned<DeString<'_>>, table: &DeTable<'_>) {
        match path {
            "output.html.redirect" => self.settings.redirects = texts(table),
            "output.html.code.hidelines" => self.settings.hide_lines = texts(table),
            "preprocessor" => self.settings.preprocessors = preprocessors(table),
            // Backends of other tools, and their keys, are theirs.
            _ if path.starts_with("output.")
                && path != "output.html"
                && !path.starts_with("output.html.") => {}
            "output.html.search.chapter" => self.settings.searched = searched(table),
            "rust" => {}
            "output.html.playpen" => self.table("output.html.playground", table),
            _ if TABLES.contains(&path) => self.table(path, table),
            _ => self.unknown(path, key),
        }
    }

    fn value(&mut self, path: &str, key: &Spanned<DeString<'_>>, value: &Value<'_>) {
        let settings = &mut self.settings;
        let text = || value.get_ref().as_str().map(str::to_owned);
        let flag = |kept: bool| value.get_ref().as_bool().unwrap_or(kept);
        match path {
            "book.title" => settings.title = text(),
            "book.author" => settings.authors = text().into_iter().collect(),
            "book.authors" => settings.authors = list(value),
            "book.description" => settings.description = text(),
            "book.src" => settings.source = text().map_or_else(|| settings.source.clone(), PathBuf::from),
            "book.language" => settings.language = text().unwrap_or_else(|| settings.language.clone()),
            "book.text-direction" => settings.right_to_left = Some(text().as_deref() == Some("rtl")),
            "build.build-dir" => settings.output = text().map(PathBuf::from),
            "build.create-missing" => settings.create_missing = flag(settings.create_missing),
            "output.html.default-theme" => settings.default_theme = text().as_deref().and_then(theme),
            "output.html.preferred-dark-theme" => {
                settings.dark_theme = text().as_deref().and_then(theme);
            }
            "output.html.smart-punctuation" | "output.html.curly-quotes" => {
                settings.smart_punctuation = flag(settings.smart_punctuation)
            }
            "output.html.definition-lists" => settings.definition_lists = flag(settings.definition_lists),
            "output.html.admonitions" => settings.admonitions = flag(settings.admonitions),
            "output.html.no-section-label" => settings.no_section_label = flag(settings.no_section_label),
            "output.html.additional-css" => settings.additional_css = paths(value),
            "output.html.additional-js" => settings.additional_js = paths(value),
            "output.html.fold.enable" => self.fold.0 = flag(false),
            "output.html.fold.level" => self.fold.1 = number(value).unwrap_or_default(),
            "output.html.playground.copyable" => settings.copyable = flag(true),
            "output.html.playground.editable" => settings.playground_editable = flag(false),
            "output.html.playground.runnable" => settings.playground_runnable = flag(true),
            "output.html.print.enable" => settings.print = flag(settings.print),
            "output.html.print.page-break" => settings.page_break = flag(true),
            "output.html.search.enable" => settings.search = flag(true),
            "output.html.search.limit-results" => settings.search_limit = number(value),
            "output.html.git-repository-url" => settings.repository = text(),
            "output.html.edit-url-template" => settings.edit_url = text(),
            "output.html.site-url" => settings.site_url = text(),
            "output.html.cname" => settings.cname = text(),
            "output.html.input-404" => settings.not_found = text().filter(|path| !path.is_empty()),
            _ if NOT_NEEDED.contains(&path) => {}
            // What is switched off is off.
            _ if UNUSED.contains(&path) && value.get_ref().as_bool() == Some(false) => {}
            _ if UNUSED.contains(&path) => {
                self.unused.push((path.to_owned(), Place::new(self.source, key.span())));
            }
            _ => self.unknown(path, key),
        }
    }

    fn unknown(&mut self, path: &str, key: &Spanned<DeString<'_>>) {
        let finding = Finding::note("unknown-book-key", format!("`{path}` is not known and changes nothing"));
        let finding = finding.at(Place::new(self.source, key.span()));
        let near = nearest(path, READ.iter().copied());
        self.findings.push(match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding,
        });
    }
}

fn joined(above: &str, key: &str) -> String {
    if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") }
}

fn list(value: &Value<'_>) -> Vec<String> {
    let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
    items.filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

/// Returns a number that counts something.
fn number(value: &Value<'_>) -> Option<usize> {
    let integer = value.get_ref().as_integer()?;
    usize::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Returns whether pages are searched, by the beginning of their paths.
fn searched(table: &DeTable<'_>) -> BTreeMap<PathBuf, bool> {
    let rules = table.iter().filter_map(|(beginning, rule)| {
        let is_enabled = rule.get_ref().as_table()?.get("enable")?.get_ref().as_bool()?;
        Some((PathBuf::from(&**beginning.get_ref()), is_enabled))
    });
    rules.collect()
}

/// Returns the preprocessors that mdBook would run for its pages in HTML, and that change something there.
fn preprocessors(table: &DeTable<'_>) -> Vec<String> {
    let is_for_html = |settings: &Value<'_>| {
        let renderers = settings.get_ref().as_table().and_then(|table| table.get("renderers"));
        renderers.is_none_or(|renderers| list(renderers).iter().any(|renderer| renderer == "html"))
    };
    let names = table.iter().filter(|(_, settings)| is_for_html(settings)).map(|(name, _)| name.get_ref());
    names.filter(|name| !OWN_PREPROCESSORS.contains(&&***name)).map(ToString::to_string).collect()
}

fn paths(value: &Value<'_>) -> Vec<PathBuf> {
    list(value).into_iter().map(PathBuf::from).collect()
}

fn texts(table: &DeTable<'_>) -> BTreeMap<String, String> {
    let texts = table
        .iter()
        .filter_map(|(key, value)| Some((key.get_ref().to_string(), value.get_ref().as_str()?.to_owned())));
    texts.collect()
}

/// mdBook's themes by what they look like.
fn theme(name: &str) -> Option<Theme> {
    match name.to_lowercase().as_str() {
        "light" | "rust" => Some(Theme::Light),
        "navy" | "coal" | "ayu" => Some(Theme::Dark),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (BookSettings, Vec<String>) {
        let (settings, findings) = parse_settings(&Source::new("book.toml", text), &BTreeMap::new());
        (settings, findings.iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect())
    }

    #[test]
    fn keys_of_mdbook_are_read() {
        let (settings, findings) = parse(
            r#"
[book]
title = "T"
authors = ["A"]
src = "pages"
multilingual = false
[build]
build-dir = "out"
[output.html]
default-theme = "navy"
smart-punctuation = false
edit-url-template = "https://example.org/{path}"
[output.html.code.hidelines]
python = "~"
[output.html.redirect]
"/old.html" = "new.html"
[output.html.search]
enable = false
limit-results = 20
[output.linkcheck]
anything = true
[preprocessor.mermaid]
command = "mdbook-mermaid"
"#,
        );
        assert_eq!(findings, Vec::<String>::new());
        let expected = BookSettings {
            title: Some("T".into()),
            authors: vec!["A".into()],
            source: "pages".into(),
            output: Some("out".into()),
            default_theme: Some(Theme::Dark),
            smart_punctuation: false,
            edit_url: Some("https://example.org/{path}".into()),
            hide_lines: BTreeMap::from([("python".into(), "~".into())]),
            redirects: BTreeMap::from([("/old.html".into(), "new.html".into())]),
            search: false,
            search_limit: Some(20),
            preprocessors: vec!["mermaid".into()],
            ..BookSettings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn themes_are_those_of_readers_who_chose_none() {
        let of = |text: &str| parse(&format!("[output.html]\n{text}")).0.theme();
        assert_eq!(
            [of(""), of("default-theme = \"light\""), of("preferred-dark-theme = \"navy\"")],
            [None; 3]
        );
        assert_eq!(of("default-theme = \"Rust\"\npreferred-dark-theme = \"light\""), Some(Theme::Light));
        assert_eq!(of("default-theme = \"coal\""), Some(Theme::Dark));
    }

    #[test]
    fn direction_follows_the_language_unless_it_is_said() {
        let is_rtl = |text: &str| parse(&format!("[book]\n{text}")).0.is_right_to_left();
        assert!(is_rtl("language = \"ar\"") && is_rtl("language = \"he-IL\"") && !is_rtl(""));
        assert!(is_rtl("text-direction = \"rtl\""));
        assert!(!is_rtl("text-direction = \"ltr\"\nlanguage = \"ar\""));
    }

    #[test]
    fn variables_of_mdbook_stand_over_the_file() {
        let variables = [
            ("BOOK__TITLE", "from outside"),
            ("OUTPUT__HTML__NO_SECTION_LABEL", "true"),
            ("OUTPUT__HTML__FOLD", "{\"enable\": true, \"level\": 2}"),
            ("BOOK__SHINY", "1"),
            ("VERSION", "0.5"),
            ("BOOK__NOTHING", "null"),
        ];
        let variables =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let source = Source::new("book.toml", "book.title = \"T\"\noutput.html.fold.level = 1\n");
        let (settings, findings) = parse_settings(&source, &variables);
        assert_eq!(settings.title.as_deref(), Some("from outside"));
        assert_eq!((settings.no_section_label, settings.fold_level), (true, Some(2)));
        let places: Vec<String> = findings
            .iter()
            .filter_map(|finding| Some(finding.place.as_ref()?.location().to_string()))
            .collect();
        assert_eq!(places, ["MDBOOK_BOOK__SHINY:1:6"]);
    }

    #[test]
    fn unknown_keys_are_notes() {
        let (settings, findings) = parse("[book]\ntitel = \"T\"\n[shiny]\nx = 1\n");
        assert_eq!(settings, BookSettings::default());
        assert_eq!(
            findings,
            [
                "unknown-book-key: `book.titel` is not known and changes nothing",
                "unknown-book-key: `shiny` is not known and changes nothing"
            ]
        );
    }

    #[test]
    fn text_that_is_not_toml_is_an_error() {
        let (_, findings) = parse("[book\n");
        assert!(findings[0].starts_with("book-not-toml: not TOML"), "{findings:?}");
    }
}
