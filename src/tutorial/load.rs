//! Where files are read.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LoadError;
use super::include::Includes;
use super::model::Tutorial;
use super::parse::{ParseOptions, parse};
use crate::config::find_root;
use crate::diagnostic::{Finding, Place, Source, normal_path, sort_by_place};

/// The largest page that is read, in bytes.
const LIMIT: u64 = 32 * 1024 * 1024;

/// Reads a tutorial and what it includes. Messages call it `shown_as`.
///
/// Includes stay below `root`, the project's folder; a page outside of it has a project of its own.
///
/// # Errors
/// When the file cannot be read at all. What is wrong inside of it is in the findings.
pub fn load(
    path: &Path,
    shown_as: &Path,
    root: &Path,
    options: &ParseOptions,
) -> Result<(Tutorial, Vec<Finding>), LoadError> {
    let page = read(path, shown_as)?;
    let includes = FileIncludes::new(path, shown_as, root);
    let (tutorial, mut findings) = parse(&page.source, options, &includes);
    findings.extend(page.finding);
    findings.extend(includes.findings.into_inner());
    sort_by_place(&mut findings);
    Ok((tutorial, findings))
}

/// A page, and what is wrong with its bytes.
struct LoadedPage {
    source: Arc<Source>,
    finding: Option<Finding>,
}

fn read(path: &Path, shown_as: &Path) -> Result<LoadedPage, LoadError> {
    let failed = |source| LoadError::Read { path: shown_as.to_path_buf(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(LoadError::NotAFile { path: shown_as.to_path_buf(), what });
    }
    let too_large = |size| LoadError::TooLarge { path: shown_as.to_path_buf(), size, limit: LIMIT };
    if metadata.len() > LIMIT {
        return Err(too_large(metadata.len()));
    }
    // A file may grow between the question and the answer, and some report no size.
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(decoded(bytes, shown_as))
}

fn decoded(bytes: Vec<u8>, shown_as: &Path) -> LoadedPage {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return LoadedPage { source: Source::new(shown_as, text), finding: None },
        Err(error) => error,
    };
    // The bytes before the first bad one are the same in the lossy text.
    let at = error.utf8_error().valid_up_to();
    let source = Source::new(shown_as, String::from_utf8_lossy(error.as_bytes()));
    let replacement = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    let finding = Finding::error("invalid-utf8", "page is not UTF-8 from here on")
        .at(Place::new(&source, replacement))
        .help("save the file as UTF-8");
    LoadedPage { source, finding: Some(finding) }
}

/// Includes from files of the project.
struct FileIncludes<'a> {
    path: &'a Path,
    shown_as: &'a Path,
    root: &'a Path,
    /// What the first include asks for: most pages include none, and links are slow to follow.
    reached: OnceCell<Reached>,
    findings: RefCell<Vec<Finding>>,
}

/// Where a page really lies, and what it reaches from there.
struct Reached {
    /// The folder that includes must not leave, as it is without symbolic links.
    root: PathBuf,
    /// The real path of each page by the path that is shown for it.
    real: RefCell<BTreeMap<PathBuf, PathBuf>>,
}

impl Reached {
    fn from(path: &Path, shown_as: &Path, root: &Path) -> Self {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let folder = real.parent().unwrap_or(Path::new("/"));
        let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let root = if folder.starts_with(&root) { root } else { find_root(folder) };
        Self { root, real: RefCell::new(BTreeMap::from([(normal_path(shown_as), real)])) }
    }

    fn real_path(&self, from: &Path, target: &str) -> Result<PathBuf, String> {
        let from = self.real.borrow().get(&normal_path(from)).cloned().unwrap_or_else(|| from.to_path_buf());
        let wanted = normal_path(&from.parent().unwrap_or(Path::new("/")).join(target));
        if !wanted.starts_with(&self.root) {
            return Err("it lies outside of the project".to_owned());
        }
        let real = std::fs::canonicalize(&wanted).map_err(|error| reason(&error))?;
        if real.starts_with(&self.root) { Ok(real) } else { Err("it leads out of the project".to_owned()) }
    }
}

impl<'a> FileIncludes<'a> {
    fn new(path: &'a Path, shown_as: &'a Path, root: &'a Path) -> Self {
        Self { path, shown_as, root, reached: OnceCell::new(), findings: RefCell::default() }
    }
}

impl Includes for FileIncludes<'_> {
    fn read(&self, from: &Path, target: &str) -> Result<Arc<Source>, String> {
        if Path::new(target).is_absolute() {
            return Err("an include is relative to its page".to_owned());
        }
        let reached = self.reached.get_or_init(|| Reached::from(self.path, self.shown_as, self.root));
        let real = reached.real_path(from, target)?;
        let shown = normal_path(&from.parent().unwrap_or(Path::new("")).join(target));
        let page = read(&real, &shown).map_err(|error| match error {
            LoadError::Read { source, .. } => reason(&source),
            other => other.to_string(),
        })?;
        reached.real.borrow_mut().insert(shown, real);
        self.findings.borrow_mut().extend(page.finding);
        Ok(page.source)
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads `docs/a.md` of a project with these files.
    fn loaded(files: &[(&str, &[u8])]) -> Result<Vec<String>, LoadError> {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir_all(project.path().join("project/docs")).expect("folders can be made");
        for (path, bytes) in files {
            std::fs::write(project.path().join(path), bytes).expect("files can be written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../out.md", project.path().join("project/docs/link.md"))
            .expect("links work");
        let path = project.path().join("project/docs/a.md");
        let root = find_root(path.parent().expect("a file lies in a folder"));
        let (tutorial, findings) = load(&path, Path::new("docs/a.md"), &root, &ParseOptions::default())?;
        let mut shown: Vec<String> = tutorial.steps.iter().map(|step| format!("{:?}", step.place)).collect();
        shown.extend(findings.iter().map(|finding| {
            let place = finding.place.as_ref().expect("each finding has a place");
            format!("{place:?} {} {}", finding.code, finding.message)
        }));
        Ok(shown)
    }

    const ROOT: (&str, &[u8]) = ("project/stagebook.toml", b"");

    #[test]
    fn included_steps_keep_their_own_place() {
        let part: (&str, &[u8]) = ("project/part.md", b"\n```sh\nls\n```\n");
        let page: (&str, &[u8]) = ("project/docs/a.md", b"<!-- include: ../part.md -->\n");
        assert_eq!(loaded(&[ROOT, page, part]).expect("it loads"), ["part.md:2:1"]);
    }

    #[test]
    fn pages_of_a_nested_repository_may_include_what_the_project_has() {
        let part: (&str, &[u8]) = ("project/part.md", b"\n```sh\nls\n```\n");
        let page: (&str, &[u8]) = ("project/docs/a.md", b"<!-- include: ../part.md -->\n");
        let nested: (&str, &[u8]) = ("project/docs/.git", b"gitdir: elsewhere\n");
        assert_eq!(loaded(&[ROOT, nested, page, part]).expect("it loads"), ["part.md:2:1"]);
    }

    #[test]
    fn includes_stay_in_the_project() {
        let out: (&str, &[u8]) = ("out.md", b"# Out\n");
        let page =
            b"<!-- include: ../../out.md -->\n<!-- include: link.md -->\n<!-- include: /etc/passwd -->\n";
        assert_eq!(
            loaded(&[ROOT, out, ("project/docs/a.md", page)]).expect("it loads"),
            [
                "docs/a.md:1:1 bad-include cannot include `../../out.md`: it lies outside of the project",
                "docs/a.md:2:1 bad-include cannot include `link.md`: it leads out of the project",
                "docs/a.md:3:1 bad-include cannot include `/etc/passwd`: an include is relative to its page",
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_found() {
        let page: (&str, &[u8]) = ("project/docs/a.md", b"# A\n\n\xc3\xa4\xff\0\n\n```sh\nls\n```\n");
        assert_eq!(
            loaded(&[page]).expect("it loads"),
            [
                "docs/a.md:5:1",
                "docs/a.md:3:2 invalid-utf8 page is not UTF-8 from here on",
                "docs/a.md:3:3 nul-byte page contains a NUL byte",
            ]
        );
    }

    #[test]
    fn files_that_are_no_pages_are_refused() {
        let error = |path: &Path| {
            let error = load(path, Path::new("a.md"), Path::new("/"), &ParseOptions::default())
                .expect_err("it is no page");
            error.to_string()
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        assert_eq!(error(folder.path()), "`a.md` is a directory, not a file");
        assert_eq!(error(&folder.path().join("gone")), "cannot read `a.md`");
        let large = folder.path().join("large");
        let file = std::fs::File::create(&large).expect("files can be made");
        file.set_len(100 << 20).expect("files can grow");
        assert_eq!(error(&large), "`a.md` has 104857600 bytes, more than the 33554432 that a page may have");
    }
}
