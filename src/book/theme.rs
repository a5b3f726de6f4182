//! The files that make a page of its content: templates, a sheet, scripts. All are part of the program.

use std::path::Path;

use serde::Serialize;
use tera::{Context, Tera};

use super::error::BookError;
use super::escape::each_escaped;

/// The sheet.
pub(super) const SHEET: &str = include_str!("theme/book.css");
/// What works on every page.
pub(super) const SCRIPT: &str = include_str!("theme/book.js");
/// What runs before a page is drawn: the theme, so that nothing flashes.
pub(super) const EARLY: &str = include_str!("theme/early.js");
/// The picture in a browser's tab.
pub(super) const ICON: &str = include_str!("theme/icon.svg");

/// Templates by name; a file of that name in the book's `theme` folder takes its place.
const TEMPLATES: &[(&str, &str)] = &[("page.html", include_str!("theme/page.html"))];

/// What the book says on every page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BookView {
    pub(super) title: String,
    pub(super) language: String,
    pub(super) right_to_left: bool,
    pub(super) theme: Option<&'static str>,
    pub(super) search: bool,
    pub(super) search_limit: Option<usize>,
    pub(super) repository: Option<String>,
    pub(super) sheets: Vec<String>,
    pub(super) scripts: Vec<String>,
    pub(super) icon: String,
    pub(super) feed: Option<String>,
    pub(super) status: Option<String>,
    pub(super) print: Option<String>,
}

/// What a page says about itself.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct PageView {
    pub(super) title: String,
    /// Whether it says with `{{#title}}` what browsers call it: then the book's title does not follow.
    pub(super) is_titled: bool,
    pub(super) description: String,
    pub(super) part: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) edit: Option<String>,
    pub(super) updated: Option<String>,
    /// Rules of its own, as CSS.
    pub(super) style: Option<String>,
    pub(super) previous: Option<TurnView>,
    pub(super) next: Option<TurnView>,
}

/// A page before or after another.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TurnView {
    pub(super) url: String,
    pub(super) title: String,
}

/// An entry of the outline.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OutlineView {
    pub(super) level: u8,
    pub(super) id: String,
    pub(super) title: String,
}

/// About how many bytes a page has besides its content and the table of contents.
const AROUND: usize = 8 * 1024;

/// The templates, ready to be filled in.
#[derive(Debug)]
pub(super) struct Templates {
    tera: Tera,
}

/// What a template is filled in with.
pub(super) struct Filling<'a> {
    pub(super) page: &'a PageView,
    /// The way from the page to the site's root: `../`.
    pub(super) root: &'a str,
    pub(super) contents: &'a str,
    pub(super) content: &'a str,
    pub(super) outline: &'a [OutlineView],
}

impl Templates {
    /// Takes the templates, and what every page says; those of `folder` take the place of ours of the same name.
    ///
    /// # Errors
    /// When one cannot be read as a template; the cause shows its line.
    pub(super) fn load(folder: &Path, book: &BookView) -> Result<Self, BookError> {
        let mut tera = Tera::default();
        tera.set_escape_fn(|text, out| {
            let mut outcome = Ok(());
            each_escaped(text, |piece| {
                if outcome.is_ok() {
                    outcome = out.write_all(piece.as_bytes());
                }
            });
            outcome
        });
        tera.global_context().insert("book", book);
        tera.global_context().insert("early", EARLY.trim());
        for (name, text) in TEMPLATES {
            let path = folder.join(name);
            let own = path.exists().then(|| fs_err::read_to_string(&path)).transpose();
            let own = own.map_err(|source| BookError::Read { path, source })?;
            let text = own.as_deref().unwrap_or(text);
            let wrong = |source| BookError::Template { name: (*name).to_owned(), source: Box::new(source) };
            tera.add_raw_template(name, text).map_err(wrong)?;
        }
        Ok(Self { tera })
    }

    /// Returns a page, in UTF-8.
    pub(super) fn page(&self, filling: &Filling<'_>) -> Result<Vec<u8>, BookError> {
        let mut context = Context::new();
        context.insert("page", filling.page);
        context.insert("root", filling.root);
        context.insert("contents", filling.contents);
        context.insert("content", filling.content);
        context.insert("outline", filling.outline);
        let wrong = |source| BookError::Template { name: "page.html".to_owned(), source: Box::new(source) };
        let mut page = Vec::with_capacity(filling.content.len() + filling.contents.len() + AROUND);
        self.tera.render_to("page.html", &context, &mut page).map_err(wrong)?;
        Ok(page)
    }
}
