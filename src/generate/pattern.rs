//! Which files of the repository a step owns.
//!
//! A step owns what its path could name: each tag of the template stands for a part of one name. Files
//! of that shape which no variant writes are left-overs. A path that is all tags could name anything, and
//! owns nothing.

use std::path::Path;

use crate::plan::without_tags;
use crate::tutorial::{Action, Step};

/// A pattern of paths: `*` stands for a part of a name, `**` for any folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    /// Returns the pattern of a step that generates files, if it owns any.
    pub(super) fn of_step(step: &Step) -> Option<Self> {
        let generate = step.attributes.generate.as_ref()?;
        if let Some(glob) = &generate.owns {
            return Self::parse(glob).filter(|pattern| pattern.parts.iter().any(|part| has_word(part)));
        }
        let Action::File(path) = &step.action else { return None };
        let path = match &step.attributes.template {
            Some(template) => without_tags(path, template, "*"),
            None => path.clone(),
        };
        Self::parse(&single_stars(&path)).filter(Self::says_something)
    }

    /// Reads a pattern. What leads out of the project, or into what git and the program keep there, is none.
    pub fn parse(glob: &str) -> Option<Self> {
        let parts: Vec<String> =
            glob.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
        let foreign = parts.iter().any(|part| matches!(part.as_str(), ".." | ".git" | ".stagebook"));
        (!parts.is_empty() && !foreign).then_some(Self { parts })
    }

    /// Returns whether a name in it is more than an ending: `*.yaml` is too little to own files by.
    fn says_something(&self) -> bool {
        let Some((last, folders)) = self.parts.split_last() else { return false };
        let stem = last.rsplit_once('.').map_or(last.as_str(), |(stem, _)| stem);
        folders.iter().any(|part| has_word(part)) || has_word(stem)
    }

    /// Returns whether a path fits.
    pub fn fits(&self, path: &str) -> bool {
        all_fit(&self.parts, &path.split('/').collect::<Vec<_>>())
    }

    /// Returns the files below a folder that fit, as paths relative to it. Links are not followed.
    pub fn files_below(&self, root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        find(root, "", &self.parts, &mut found);
        found
    }
}

fn all_fit(parts: &[String], names: &[&str]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, _) => names.is_empty(),
        (Some((first, rest)), _) if first == "**" => {
            all_fit(rest, names) || names.split_first().is_some_and(|(_, names)| all_fit(parts, names))
        }
        (Some((first, rest)), Some((name, names))) => fits(first, name) && all_fit(rest, names),
        (Some(_), None) => false,
    }
}

fn has_word(part: &str) -> bool {
    part.contains(|letter: char| letter.is_alphanumeric())
}

fn single_stars(path: &str) -> String {
    let mut text = path.to_owned();
    while text.contains("**") {
        text = text.replace("**", "*");
    }
    text
}

fn find(folder: &Path, path: &str, parts: &[String], found: &mut Vec<String>) {
    let Some((first, rest)) = parts.split_first() else { return };
    if first == "**" {
        find(folder, path, rest, found);
    }
    let kind_of =
        |name: &str| std::fs::symlink_metadata(folder.join(name)).map(|metadata| metadata.file_type());
    for name in names(folder, first) {
        let Ok(kind) = kind_of(&name) else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        match (first.as_str(), rest.is_empty()) {
            ("**", _) if kind.is_dir() => find(&folder.join(&name), &path, parts, found),
            ("**", false) => {}
            (_, true) if kind.is_file() => found.push(path),
            (_, false) if kind.is_dir() => find(&folder.join(&name), &path, rest, found),
            _ => {}
        }
    }
}

/// Returns the names in a folder that fit a part of a pattern.
fn names(folder: &Path, part: &str) -> Vec<String> {
    if !part.contains(['*', '?']) {
        return vec![part.to_owned()];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| fits(part, name)).collect();
    names.sort();
    names
}

/// Returns whether a name fits a part of a pattern. What begins with a dot is meant only where the pattern says it.
fn fits(part: &str, name: &str) -> bool {
    if name.starts_with('.') && !part.starts_with('.') {
        return false;
    }
    fits_from(part.as_bytes(), name.as_bytes())
}

fn fits_from(part: &[u8], name: &[u8]) -> bool {
    // The last star met, and what of the name it has taken: only that one ever has to take more.
    let (mut at, mut taken) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while taken < name.len() {
        match part.get(at) {
            Some(b'*') => {
                star = Some((at, taken));
                at += 1;
            }
            Some(&letter) if letter == b'?' || letter == name[taken] => {
                at += 1;
                taken += 1;
            }
            _ => {
                let Some((position, end)) = star else { return false };
                star = Some((position, end + 1));
                (at, taken) = (position + 1, end + 1);
            }
        }
    }
    part[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_parts_of_a_name() {
        for (part, name) in
            [("*", "a"), ("a-*-b.yaml", "a-x-y-b.yaml"), ("*-*", "a-b"), ("?", "a"), (".*", ".a")]
        {
            assert!(fits(part, name), "{part} {name}");
        }
        for (part, name) in [("*", ".a"), ("a-*", "b-a"), ("?", "ab"), ("*-b", "b")] {
            assert!(!fits(part, name), "{part} {name}");
        }
    }

    #[test]
    fn what_is_all_tags_owns_nothing() {
        let owns = |path: &str| Pattern::parse(path).is_some_and(|pattern| pattern.says_something());
        for path in [".tekton/*.yaml", "*-push.yaml", "*/on-push/*", "a"] {
            assert!(owns(path), "{path}");
        }
        for path in ["*", "*.yaml", "*/*.yaml", "*/*-*", "../a/*", ".git/a*", ""] {
            assert!(!owns(path), "{path}");
        }
    }

    #[test]
    fn paths_fit_without_being_there() {
        let fits = |glob: &str, path: &str| Pattern::parse(glob).unwrap().fits(path);
        for (glob, path) in
            [("a/*-b.yaml", "a/x-b.yaml"), ("a/**/b", "a/b"), ("a/**/b", "a/c/d/b"), ("a", "a")]
        {
            assert!(fits(glob, path), "{glob} {path}");
        }
        for (glob, path) in [("a/*", "a"), ("a/*", "a/b/c"), ("a/*", "b/c"), ("a/**/b", "a/c"), ("*", ".a")] {
            assert!(!fits(glob, path), "{glob} {path}");
        }
    }

    #[test]
    fn files_are_found_in_folders_and_not_behind_links() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["t/a/on-push/x-a.yaml", "t/b/on-push/x-b.yaml", "t/b/on-push/y.yaml", "t/x-c.yaml"] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), "").unwrap();
        }
        std::os::unix::fs::symlink(root.join("t/a"), root.join("t/link")).unwrap();
        let files = |glob: &str| Pattern::parse(glob).unwrap().files_below(root);
        assert_eq!(files("t/*/on-push/x-*.yaml"), ["t/a/on-push/x-a.yaml", "t/b/on-push/x-b.yaml"]);
        assert_eq!(files("t/**/x-*.yaml"), ["t/x-c.yaml", "t/a/on-push/x-a.yaml", "t/b/on-push/x-b.yaml"]);
        assert_eq!(files("t/x-c.yaml"), ["t/x-c.yaml"]);
        assert!(files("nowhere/*/a").is_empty());
    }
}
