//! One golden case: a folder that says what goes in and what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::project::{Project, has};
use crate::redact::redact;
use crate::text_diff::text_diff;

/// What `case.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Description {
    /// What a user learns from the case.
    #[serde(rename = "about")]
    _about: String,
    args: Vec<String>,
    /// What is run, `stagebook` unless given: a shell that runs it, say, in another folder.
    #[serde(default = "own_program")]
    program: String,
    status: i32,
    /// Programs the case needs, or `not-root`.
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    /// Shell text that prepares what a folder of files cannot hold.
    #[serde(default)]
    before: String,
    /// Files of the project that are compared after the command.
    #[serde(default)]
    files: Vec<String>,
    /// A site that is compared after the command.
    site: Option<Site>,
}

/// A site, and what of it is compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Site {
    /// Its folder in the project. The names of its own files are compared, in `site/FILES`.
    folder: String,
    /// Pages of which the text is compared, without what stands around it.
    #[serde(default)]
    pages: Vec<String>,
    /// Files that are compared whole.
    #[serde(default)]
    files: Vec<String>,
}

fn own_program() -> String {
    "stagebook".to_owned()
}

/// How a case went.
pub(crate) enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Runs the case in a folder. With `update`, what comes out becomes what is expected.
pub(crate) fn run(folder: &Path, update: bool) -> Verdict {
    let description = match describe(folder) {
        Ok(description) => description,
        Err(error) => return Verdict::Failed(format!("    case.toml: {error}\n")),
    };
    if let Some(missing) = description.needs.iter().find(|need| !is_met(need)) {
        return Verdict::Skipped(format!("needs {missing}"));
    }
    match play(folder, &description, update) {
        complaints if complaints.is_empty() => Verdict::Passed,
        complaints => Verdict::Failed(complaints),
    }
}

fn describe(folder: &Path) -> Result<Description, String> {
    let text = fs::read_to_string(folder.join("case.toml")).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| error.to_string())
}

fn is_met(need: &str) -> bool {
    match need {
        "not-root" => !rustix::process::geteuid().is_root(),
        program => has(program),
    }
}

/// Runs the command in a fresh copy of the input; returns what is wrong, or nothing.
fn play(folder: &Path, description: &Description, update: bool) -> String {
    let project = Project::new();
    copy(&folder.join("input"), &project.path(""));
    if !description.before.is_empty() {
        let mut shell = project.command("bash");
        shell.args(["-euc", &description.before]).envs(&description.env);
        let ended = project.finish(&mut shell, "");
        if !ended.status.success() {
            return format!("    `before` failed: {}\n{}{}", ended.status, ended.stdout, ended.stderr);
        }
    }
    let mut command = project.command(&description.program);
    command.args(&description.args);
    let ended = project.finish(command.envs(&description.env), &description.stdin);
    let mut actual = BTreeMap::from([
        (PathBuf::from("stdout"), Some(ended.stdout)),
        (PathBuf::from("stderr"), Some(ended.stderr)),
    ]);
    for name in &description.files {
        actual.insert(Path::new("output").join(name), text_of(&project, name));
    }
    actual.extend(description.site.iter().flat_map(|site| site_files(site, &project)));
    let mut complaints = wrong_status(description.status, ended.status);
    for (name, text) in &actual {
        let text = text.as_ref().map(|text| redact(text, project.outside()));
        complaints += &compare(folder, name, text.as_deref(), update);
    }
    complaints + &unused(folder, &actual.into_keys().collect(), update)
}

fn text_of(project: &Project, name: &str) -> Option<String> {
    let content = fs::read(project.path(name)).ok();
    content.map(|content| String::from_utf8_lossy(&content).into_owned())
}

/// Returns what is compared of a site, by where it is expected.
fn site_files(site: &Site, project: &Project) -> BTreeMap<PathBuf, Option<String>> {
    let file = |name: &String| text_of(project, &format!("{}/{name}", site.folder));
    let folder = project.path(&site.folder);
    let names = files_below(&folder).into_iter().filter_map(|path| {
        let name = path.strip_prefix(&folder).ok()?.to_string_lossy().into_owned();
        // What each book has: its names would change all cases at once.
        (!["search/", "assets/"].iter().any(|folder| name.starts_with(folder))).then_some(name + "\n")
    });
    let mut files = BTreeMap::from([("FILES".to_owned(), Some(names.collect::<String>()))]);
    files.extend(site.pages.iter().map(|name| (name.clone(), file(name).map(|html| page_text(&html)))));
    files.extend(site.files.iter().map(|name| (name.clone(), file(name))));
    files.into_iter().map(|(name, text)| (Path::new("site").join(name), text)).collect()
}

/// Returns the text of a page, with a line for each larger part, so that differences can be read.
fn page_text(html: &str) -> String {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?s)<svg class=\"(shape[^\"]*)\".*?</svg>").expect("the pattern compiles")
    });
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        let parts = "<(figcaption|pre|details|div|button|svg|dl|dd|g|label|span data-variant|a href=\"#step)|</figure>";
        Regex::new(&format!("\n?({parts})")).expect("the pattern compiles")
    });
    let start =
        html.find("<main").map_or(0, |start| start + html[start..].find('>').map_or(0, |end| end + 1));
    let ends = ["<nav class=\"turn\"", "<footer class=\"foot\"", "</main>"];
    let end = ends.iter().filter_map(|end| html.find(end)).min().unwrap_or(html.len());
    let text = SHAPE.replace_all(html.get(start..end).unwrap_or(html).trim(), "[$1]");
    PART.replace_all(&text, "\n$1").into_owned() + "\n"
}

fn wrong_status(expected: i32, status: ExitStatus) -> String {
    match status.code() {
        Some(code) if code == expected => String::new(),
        _ => format!("    exit status: expected {expected}, got {status}\n"),
    }
}

/// Compares a text with the expected file; a text that is empty needs none.
fn compare(folder: &Path, name: &Path, actual: Option<&str>, update: bool) -> String {
    let (path, shown) = (folder.join(name), name.display());
    let Some(actual) = actual else { return format!("    {shown}: the command did not leave this file\n") };
    let is_stream = name.components().count() == 1;
    if update && !(actual.is_empty() && is_stream) {
        fs::create_dir_all(path.parent().expect("a case has a folder")).expect("cases can be written");
        fs::write(&path, actual).expect("cases can be written");
    }
    match fs::read(&path).map(|expected| String::from_utf8_lossy(&expected).into_owned()) {
        Ok(expected) if expected == actual && !(actual.is_empty() && is_stream) => String::new(),
        Ok(_) if actual.is_empty() && is_stream => {
            if update && fs::remove_file(&path).is_ok() {
                return String::new();
            }
            format!("    {shown}: nothing was printed; UPDATE_GOLDEN=1 removes the file\n")
        }
        Ok(expected) => format!("    {shown}:\n{}", text_diff(&expected, actual)),
        Err(_) if actual.is_empty() && is_stream => String::new(),
        Err(_) => {
            format!("    {shown}: no such file; UPDATE_GOLDEN=1 writes it:\n{}", text_diff("", actual))
        }
    }
}

/// Complains about expected files that nothing is compared with.
fn unused(folder: &Path, used: &BTreeSet<PathBuf>, update: bool) -> String {
    let mut complaints = String::new();
    for path in files_below(folder) {
        let name = path.strip_prefix(folder).expect("it was found below the folder");
        let known = name == Path::new("case.toml") || name.starts_with("input") || used.contains(name);
        if known || (update && fs::remove_file(&path).is_ok()) {
            continue;
        }
        complaints += &format!("    {}: nothing is compared with this file\n", name.display());
    }
    complaints
}

/// Returns all files below a folder, in order.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).sort_by_file_path(Ord::cmp).build();
    let files = walk.map(|entry| entry.expect("cases can be read"));
    files.filter(|entry| !entry.path().is_dir()).map(ignore::DirEntry::into_path).collect()
}

fn copy(from: &Path, to: &Path) {
    for path in if from.is_dir() { files_below(from) } else { Vec::new() } {
        let target = to.join(path.strip_prefix(from).expect("it was found below the folder"));
        fs::create_dir_all(target.parent().expect("a file has a folder")).expect("the copy can be written");
        fs::copy(&path, &target).expect("the copy can be written");
    }
}
