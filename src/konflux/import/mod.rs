//! Tekton's objects become a page, and the page becomes the objects again.
//!
//! A page holds each object once. What readers want stands where they read it: descriptions as text,
//! parameters, results and environments as tables, scripts as code blocks. All else is a block of YAML at
//! the end, folded: the object itself, with a reference where the page has a piece of it.
//!
//! ````text
//! <!-- tekton: table clone.env -->            <details>
//!                                             <summary>...</summary>
//! | name | value |
//! | --- | --- |                               <!-- tekton: object -->
//! | `URL` | `$(params.url)` |                 ```yaml
//!                                             kind: Task
//! ```bash {name=clone skip="..."}             spec:
//! git clone "$URL"                              steps:
//! ```                                           - name: clone
//!                                                 env:
//!                                                   $table: clone.env
//!                                                 script:
//!                                                   $block: clone
//!                                             ```
//!                                             </details>
//! ````
//!
//! So nothing can be lost that nobody thought of, lists keep their order, and a page that was edited gives
//! the object that it shows. A piece moves out of the YAML only if reading it back gives the same value; one
//! that does not, such as a script with carriage returns, stays there.
//!
//! Nearly equal files become one page that generates them. Their lines are laid beside each other, and what
//! differs is said by what the files' names are made of: a column of a table, or a condition. The page is planned
//! and rendered before it is given away.
//!
//! ```text
//! files -> compare: dimensions -> lines beside each other -> template and tables -> page -> rendered: the files
//! ```
//!
//! What YAML says besides values has no place on a page: comments become text where they stand above a step or a
//! task, and what is left out is a finding.

mod back;
mod cell;
mod comments;
mod condition;
mod document;
mod family;
mod folder;
mod language;
mod lines;
mod object;
mod page;
mod piece;
mod proof;
mod prose;
mod table;
mod template;

pub use back::{Exported, ExportedPage, export_page, is_imported};
pub use document::{Imported, import};
pub use family::nearly_equal;
pub use folder::{ImportedFolder, Member, import_folder};

#[cfg(test)]
mod tests;
