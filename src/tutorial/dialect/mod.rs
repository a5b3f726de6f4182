//! Conventions of other programs whose documents run here.
//!
//! Each file knows one dialect and turns its marks into our own annotations and
//! attributes, so that nothing after this needs to know who wrote a page.

mod innovation_engine;
mod mdx;
pub(crate) mod mechanical_markdown;
pub(crate) mod runme;
pub(crate) mod tesh;

use super::annotation::Annotation;
use super::comment::Comment;
use super::info::Info;
use super::model::Dialect;
use crate::diagnostic::Finding;

pub(crate) use innovation_engine::prerequisites;

/// Reads a comment that another program would read.
pub(crate) fn annotation(comment: &Comment, findings: &mut Vec<Finding>) -> Option<Annotation> {
    innovation_engine::annotation(comment)
        .or_else(|| mechanical_markdown::annotation(comment, findings))
        .or_else(|| mdx::annotation(comment))
}

/// Returns whose comment it is.
pub(crate) fn of_comment(comment: &Comment) -> Option<Dialect> {
    let (text, _) = comment.trimmed();
    if innovation_engine::is_mark(text) {
        Some(Dialect::InnovationEngine)
    } else if mechanical_markdown::is_mark(text) {
        Some(Dialect::MechanicalMarkdown)
    } else if mdx::is_mark(text) {
        Some(Dialect::Mdx)
    } else {
        None
    }
}

/// Returns whose info string it is.
pub(crate) fn of_info(info: &Info) -> Option<Dialect> {
    if info.language == "scrut" {
        Some(Dialect::Scrut)
    } else if info.bare.iter().any(|entry| entry.key.starts_with("tesh-")) {
        Some(Dialect::Tesh)
    } else if info.attributes.iter().any(|entry| runme::marks(&entry.key, info.json)) {
        Some(Dialect::Runme)
    } else {
        None
    }
}
