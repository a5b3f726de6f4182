//! One file, and the way back to the page that writes it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Finding, Place, Source};
use crate::plan::{Plan, PlannedStep, line_origins};
use crate::tutorial::{Step, Value};

/// A file that a step writes into the repository.
#[derive(Debug)]
pub struct GeneratedFile<'a> {
    /// Path relative to the project's root, with `/`.
    pub path: String,
    /// Its text.
    pub content: &'a str,
    /// Permissions, where the page says which.
    pub mode: Option<u32>,
    /// The variant that it is written for.
    pub variant: Option<&'a str>,
    /// The plan that writes it.
    pub plan: &'a Plan,
    /// The step that writes it.
    pub step: &'a PlannedStep,
    pub(super) parameters: &'a BTreeMap<String, Value>,
    pub(super) source: OnceLock<Arc<Source>>,
    pub(super) origins: OnceLock<Option<Vec<usize>>>,
}

impl GeneratedFile<'_> {
    /// Returns the block that writes it.
    pub fn block(&self) -> &Step {
        &self.plan.tutorial.steps[self.step.source]
    }

    /// Returns where the page says its path.
    pub fn path_place(&self) -> Place {
        let block = self.block();
        block.attributes.places.get("file").unwrap_or(&block.place).clone()
    }

    /// Returns the text as a source, for findings about it.
    pub fn source(&self) -> &Arc<Source> {
        self.source.get_or_init(|| Source::new(self.path.as_str(), self.content))
    }

    /// Returns who writes it, in words.
    pub fn writer(&self) -> String {
        let step = format!("step `{}` of {}", self.step.name, self.plan.key.tutorial);
        self.variant.map_or(step.clone(), |variant| format!("{step} [{variant}]"))
    }

    /// Returns the place in the page of a line of the text, counted from 1; that of the block where it cannot be told.
    pub fn place_of_line(&self, line: usize) -> Place {
        let block = self.block();
        let origin = match &block.attributes.template {
            None => line.checked_sub(1),
            Some(template) => {
                let find = || line_origins(&block.text.content, template, self.parameters, self.content);
                let origins = self.origins.get_or_init(find).as_ref();
                origins.and_then(|origins| origins.get(line.checked_sub(1)?).or(origins.last()).copied())
            }
        };
        match origin.and_then(|origin| block.text.lines.get(origin)) {
            Some(span) => Place::new(&block.text.source, *span),
            None => block.place.clone(),
        }
    }

    /// Returns the place in the page of a part of the text: the same words, where the line of the page has them.
    fn place_of(&self, part: &Place) -> Place {
        let line = self.place_of_line(part.line());
        let words = part.text();
        match line.text().match_indices(words).collect::<Vec<_>>().as_slice() {
            [(at, _)] if !words.is_empty() && !words.contains('\n') => {
                let start = line.span.start + at;
                Place::new(&line.source, start..start + words.len())
            }
            _ => line,
        }
    }

    /// Moves a finding about the text to the line of the page that wrote it; the text is shown below.
    pub fn on_page(&self, finding: Finding) -> Finding {
        let Some(place) = finding.place.clone() else { return finding.at(self.block().place.clone()) };
        if !Arc::ptr_eq(&place.source, self.source()) {
            return finding;
        }
        let of = self.variant.map(|variant| format!(" for {variant}")).unwrap_or_default();
        let finding = finding.at(self.place_of(&place));
        finding.related(place, format!("the line in the generated file{of}"))
    }
}
