//! The list of rules as a page of the book.

use std::fmt::Write as _;

use super::model::{Applies, Origin, Rule};
use super::table::RULES;

/// Returns the rules as Markdown: a table for each origin, and then why and what to do.
pub fn rules_reference() -> String {
    let mut out = String::new();
    let parts = [
        (Origin::Bootc, "Rules of `bootc container lint`"),
        (Origin::Labels, "Labels"),
        (Origin::Reproducibility, "What a build leaves behind"),
    ];
    for (origin, title) in parts {
        let _ =
            write!(out, "## {title}\n\n| rule | severity | images | demands |\n| --- | --- | --- | --- |\n");
        let rules = || RULES.iter().filter(|rule| rule.origin == origin);
        for Rule { id, severity, applies, demands, .. } in rules() {
            let images = match applies {
                Applies::ToAll => "all",
                Applies::ToBootable => "that boot",
            };
            let _ = writeln!(out, "| [`{id}`](#{id}) | {severity} | {images} | {demands} |");
        }
        out.push('\n');
        for Rule { id, why, help, reference, .. } in rules() {
            let _ = write!(out, "### `{id}`\n\n");
            let _ = write!(out, "{}. ([reference]({reference}))\n\nTo mend it: {help}.\n\n", capital(why));
        }
    }
    out
}

/// Returns a sentence with a capital at its beginning, unless code stands there.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
