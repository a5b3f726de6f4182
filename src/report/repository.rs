//! Names of files as a pipeline system knows them.

use std::path::{Path, PathBuf};

use crate::diagnostic::normal_path;

/// The repository around a run: GitHub and GitLab name files from its root, the user from where they stand.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    here: PathBuf,
}

impl Repository {
    /// Takes the root and the current folder, both absolute.
    pub fn new(root: impl Into<PathBuf>, here: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), here: here.into() }
    }

    /// Returns a file's path relative to the root, with `/`; one outside of it is named as it is.
    pub(super) fn name(&self, path: &Path) -> String {
        let whole = normal_path(&self.here.join(path));
        whole.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_root() {
        let repository = Repository::new("/r", "/r/sub");
        let check = |path: &str, expected: &str| assert_eq!(repository.name(Path::new(path)), expected);
        check("a.md", "sub/a.md");
        check("./x/../a.md", "sub/a.md");
        check("../a.md", "a.md");
        check("/r/t/a.md", "t/a.md");
        check("/elsewhere/a.md", "/elsewhere/a.md");
        check("../../a.md", "../../a.md");
    }
}
