//! What a book consists of, in the order in which it is read.

use std::path::{Path, PathBuf};

use crate::diagnostic::Place;

/// The table of contents.
#[derive(Debug, Clone, Default)]
pub struct Navigation {
    /// What stands in it, from top to bottom.
    pub items: Vec<Item>,
}

/// An entry of the table of contents.
#[derive(Debug, Clone)]
pub enum Item {
    /// A page, or the place of one that is not written yet.
    Chapter(Chapter),
    /// The title above the chapters that follow.
    Part(String),
    /// A line between chapters.
    Separator,
}

/// A page in the table of contents.
#[derive(Debug, Clone, Default)]
pub struct Chapter {
    /// Its title, as plain text.
    pub title: String,
    /// The file, relative to the book's source folder; `None` for a draft.
    pub path: Option<PathBuf>,
    /// Its number, outermost first; `None` for what stands before and after the numbered chapters.
    pub number: Option<Vec<usize>>,
    /// Chapters below it.
    pub children: Vec<Chapter>,
    /// Where the table of contents names it, where there is a file with one.
    pub place: Option<Place>,
}

impl Navigation {
    /// Returns every chapter, parents before their children.
    pub fn chapters(&self) -> Vec<&Chapter> {
        let mut found = Vec::new();
        for item in &self.items {
            if let Item::Chapter(chapter) = item {
                chapter.collect(&mut found);
            }
        }
        found
    }

    /// Numbers the chapters that ask for it, through all parts: 1, 1.1, 1.2, 2.
    pub(super) fn renumber(&mut self) {
        let mut next = 1;
        for item in &mut self.items {
            if let Item::Chapter(chapter) = item
                && chapter.number.is_some()
            {
                chapter.renumber(&[], next);
                next += 1;
            }
        }
    }
}

impl Chapter {
    /// Returns the number as it is shown: `1.2.`
    pub fn shown_number(&self) -> Option<String> {
        let number = self.number.as_ref()?;
        Some(number.iter().map(|part| format!("{part}.")).collect())
    }

    /// Returns the page's path in the site, relative to its root: `guide/first.html`.
    ///
    /// A `README.md` is the index of its folder, as in mdBook.
    pub fn output(&self) -> Option<PathBuf> {
        self.path.as_deref().map(output_path)
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Self>) {
        found.push(self);
        for child in &self.children {
            child.collect(found);
        }
    }

    fn renumber(&mut self, above: &[usize], own: usize) {
        let number = [above, &[own]].concat();
        for (index, child) in self.children.iter_mut().enumerate() {
            child.renumber(&number, index + 1);
        }
        self.number = Some(number);
    }
}

/// Returns where the page of a Markdown file is written, relative to the site's root.
///
/// A file above the source folder (`../tutorials/a.md`) keeps its place without the way up.
pub fn output_path(source: &Path) -> PathBuf {
    let inside: PathBuf =
        source.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    let stem = inside.file_stem().unwrap_or_default();
    let mut name = if stem.eq_ignore_ascii_case("readme") { "index".into() } else { stem.to_owned() };
    // A name may have dots of its own: `v1.2.md` is no `v1.html`.
    name.push(".html");
    inside.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lie_where_their_files_lie() {
        let check =
            |source: &str, expected: &str| assert_eq!(output_path(Path::new(source)), Path::new(expected));
        check("a.md", "a.html");
        check("guide/README.md", "guide/index.html");
        check("readme.md", "index.html");
        check("v1.2.md", "v1.2.html");
        check("../tutorials/a.md", "tutorials/a.html");
        check("./a.md", "a.html");
    }
}
