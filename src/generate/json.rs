//! What was compared or written, for programs.

use serde::Serialize;
use serde_json::Value;

use super::compare::{Comparison, Difference, Stale, State};
use crate::diagnostic::unified;

/// Changes when a field changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct View<'a> {
    version: u32,
    up_to_date: bool,
    files: Vec<FileView<'a>>,
}

#[derive(Serialize)]
struct FileView<'a> {
    path: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tutorial: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Returns each file with its state before anything was written, and what differs.
pub fn json(comparison: &Comparison<'_>) -> Value {
    let stale = comparison.stale.iter().map(of_stale);
    let mut files: Vec<FileView<'_>> = comparison.files.iter().map(of_file).chain(stale).collect();
    files.sort_by_key(|file| file.path);
    let view = View { version: VERSION, up_to_date: comparison.is_up_to_date(), files };
    serde_json::to_value(view).expect("a view is JSON")
}

fn of_file<'a>(difference: &'a Difference<'_>) -> FileView<'a> {
    let Difference { file, state } = difference;
    let diff = |before| Some(unified(&file.path, before, Some(file.content)));
    let (state, diff) = match state {
        State::UpToDate => ("up-to-date", None),
        State::OutOfDate { text, .. } => ("out-of-date", diff(Some(text.as_str()))),
        State::Missing => ("missing", diff(None)),
    };
    FileView {
        path: &file.path,
        state,
        tutorial: Some(&file.plan.key.tutorial),
        variant: file.variant,
        step: Some(&file.step.name.0),
        line: file.block().place.line(),
        diff,
    }
}

fn of_stale(stale: &Stale) -> FileView<'_> {
    FileView {
        path: &stale.path,
        state: "no-longer-produced",
        tutorial: stale.owner.source.path().to_str(),
        variant: None,
        step: None,
        line: stale.owner.line(),
        diff: Some(unified(&stale.path, Some(&stale.text), None)),
    }
}
