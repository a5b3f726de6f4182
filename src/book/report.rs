//! The whole report of a comparison, as a page of a site.
//!
//! What is read was kept by a run, perhaps by another machine: nothing of it is taken for markup.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::image::compare::{Comparison, html};

use super::escape::escaped;

/// The largest report that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads a report; says why it cannot be read.
pub(super) fn read(file: &Path) -> Result<Comparison, String> {
    let mut text = String::new();
    let open = File::open(file).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    open.map_err(|error| error.to_string())?;
    let mut comparison: Comparison = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    for rule in &mut comparison.rules {
        let is_page =
            |address: &String| ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
        rule.reference = rule.reference.take().filter(is_page);
    }
    Ok(comparison)
}

/// Returns the page of a report.
pub(super) fn page(comparison: &Comparison) -> String {
    html(comparison).expect("the report's template fits its values")
}

/// Returns the page that stands where a report cannot be read.
pub(super) fn unreadable(why: &str) -> String {
    let why = escaped(why);
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>No report</title><meta name=\"color-scheme\" content=\"light dark\"><p>The report of this comparison cannot be read: {why}\n"
    )
}
