//! A folder of Markdown and the records of its runs become a site.
//!
//! What comes in: a table of contents (mdBook's `SUMMARY.md`, or the folder itself), pages,
//! and for pages that are tutorials their plans and records. What goes out: a static site
//! that needs no server and names no other host.
//!
//! ```text
//! load: settings, navigation, pages, evidence
//!   -> directives: a text with everything filled in
//!   -> markdown: events, with code, step, links for what is ours -> HTML
//!   -> site: templates, and everything beside the pages
//!   -> output: the folder, file by file
//! ```
//!
//! On request, `external` asks whether the links to other sites lead anywhere.
//!
//! Two ways lead out beside the site: `guest` adds the evidence to a book that mdBook builds, and
//! `antora` writes the pages in AsciiDoc (`asciidoc`) as a component.
//!
//! What a page shows as verified was run, and the page says when, on what and with what
//! result. Without a record it says so. Authors are trusted as their code is; everything that
//! came out of a process is not, and reaches the page as escaped text alone.

mod ansi;
mod antora;
mod asciidoc;
mod badge;
mod beside;
mod callouts;
mod checks;
mod code;
mod contents;
mod directives;
mod error;
mod escape;
mod evidence;
mod external;
mod feeds;
mod footnotes;
mod graph;
mod guest;
mod head;
mod highlight;
mod images;
mod links;
mod load;
mod markdown;
mod navigation;
mod output;
mod print;
mod raw;
mod redirects;
mod report;
mod script;
mod search;
mod serve;
mod settings;
mod shape;
mod site;
mod status;
mod step;
mod summary;
mod tags;
mod theme;
mod tree;

pub use antora::{Component, ComponentOptions, antora_component};
pub use error::BookError;
pub use evidence::{Evidence, Variant};
pub use external::{ExternalLink, LinkOptions, LinkReport, ask_links};
pub use guest::{Answer, Request, RequestError, parse_request, supports_renderer};
pub use load::{Book, LoadOptions, Page, Project, load_book};
pub use navigation::{Chapter, Item, Navigation, output_path};
pub use output::{SiteWriter, Written, is_site};
pub use serve::{Notice, ServeOptions, Workshop, serve};
pub use settings::{BookSettings, Theme, parse_settings};
pub use shape::Shown;
pub use site::{Site, SiteOptions, build_site};
pub use summary::parse_summary;
pub use tree::{FoundPage, navigation_of};
