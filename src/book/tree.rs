//! A table of contents from a folder, for a book that has none of its own.

use std::path::{Path, PathBuf};

use super::navigation::{Chapter, Item, Navigation};

/// A page that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// Path relative to the book's source folder.
    pub path: PathBuf,
    /// Its title.
    pub title: String,
}

/// Returns the table of contents: pages of the folder first, then each folder below it as a part.
///
/// A folder's `README.md` comes first and gives the part its title. Deeper folders are chapters
/// with chapters below them.
pub fn navigation_of(mut pages: Vec<FoundPage>) -> Navigation {
    pages.sort_by_key(|page| order(&page.path));
    let mut items = Vec::new();
    let mut part: Option<PathBuf> = None;
    for page in &pages {
        let mut folders = page.path.components();
        let first = folders.next().map(|first| PathBuf::from(first.as_os_str()));
        let own_part = folders.next().and(first);
        if own_part != part {
            part.clone_from(&own_part);
            items.extend(own_part.map(|folder| Item::Part(title_of(&folder, &pages))));
        }
        items.push(Item::Chapter(Chapter {
            title: page.title.clone(),
            path: Some(page.path.clone()),
            number: None,
            children: Vec::new(),
            place: None,
        }));
    }
    Navigation { items }
}

/// Files of a folder stand before its folders, and its index before both.
fn order(path: &Path) -> (bool, Vec<(u8, String)>) {
    let parts: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let last = parts.len() - 1;
    let rank = |(at, part): (usize, &String)| {
        let stem = Path::new(part).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        match (at == last, stem.as_str()) {
            (true, "readme" | "index") => (0, String::new()),
            (true, _) => (1, part.clone()),
            (false, _) => (2, part.clone()),
        }
    };
    (last > 0, parts.iter().enumerate().map(rank).collect())
}

fn title_of(folder: &Path, pages: &[FoundPage]) -> String {
    let is_index = |page: &&FoundPage| {
        let stem = page.path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        page.path.parent() == Some(folder) && matches!(stem.as_str(), "readme" | "index")
    };
    let named = pages.iter().find(is_index).map(|page| page.title.clone());
    named.unwrap_or_else(|| {
        let name = folder.to_string_lossy().replace(['-', '_'], " ");
        let mut letters = name.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_parts() {
        let page = |path: &str| FoundPage { path: path.into(), title: path.to_uppercase() };
        let pages =
            ["z.md", "how-to/b.md", "README.md", "how-to/deep/x.md", "a.md", "how-to/a.md", "api/README.md"];
        let navigation = navigation_of(pages.map(page).to_vec());
        let shown: Vec<String> = navigation
            .items
            .iter()
            .map(|item| match item {
                Item::Part(title) => format!("[{title}]"),
                Item::Chapter(chapter) => chapter.title.clone(),
                Item::Separator => "---".to_owned(),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "README.MD",
                "A.MD",
                "Z.MD",
                "[API/README.MD]",
                "API/README.MD",
                "[How to]",
                "HOW-TO/A.MD",
                "HOW-TO/B.MD",
                "HOW-TO/DEEP/X.MD"
            ]
        );
    }
}
