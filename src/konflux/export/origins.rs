//! The way back from a line of an exported pipeline to the page.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Source, Span};
use crate::konflux::step::{STEP_VARIABLE, StepDefinition};
use crate::plan::Plan;
use crate::yaml::{Node, read_documents};

/// The parts of an exported pipeline, and where the page has what they were made of.
#[derive(Debug)]
pub struct Origins {
    parts: Vec<(Span, Place)>,
}

impl Origins {
    /// Takes the text of an exported pipeline, and a plan that it was made from.
    pub fn of(exported: &Arc<Source>, plan: &Plan) -> Self {
        let mut origins = Self { parts: Vec::new() };
        for document in &read_documents(exported).documents {
            origins.add(document, Some(page(plan)));
            if let Some(spec) = document.get("spec") {
                origins.spec(spec, plan);
            }
        }
        origins
    }

    /// Takes a pipeline or a run apart.
    fn spec(&mut self, spec: &Node, plan: &Plan) {
        let front = &plan.tutorial.front_matter;
        self.parameters(spec, plan);
        for result in items(spec, "results") {
            let declared = front.results.iter().find(|known| Some(known.name.as_str()) == name(result));
            self.add(result, declared.map(|known| known.place.clone()));
        }
        for task in items(spec, "tasks").into_iter().chain(items(spec, "finally")) {
            self.task(task, plan);
        }
    }

    fn task(&mut self, task: &Node, plan: &Plan) {
        let spec = task.get("taskSpec");
        let containers = spec.map(|spec| [items(spec, "steps"), items(spec, "sidecars")].concat());
        let containers = containers.unwrap_or_default();
        // A task begins where its first step does.
        self.add(task, containers.iter().find_map(|container| origin(container, plan)));
        for part in spec.into_iter().chain([task]) {
            self.parameters(part, plan);
        }
        let matrix = plan.tutorial.front_matter.places.get("matrix");
        if let Some(entry) = task.entries().into_iter().flatten().find(|entry| entry.key == "matrix") {
            let span = Span { start: entry.key_place.span.start, end: entry.value.place.span.end };
            self.parts.extend(matrix.map(|place| (span, place.clone())));
        }
        for container in containers {
            self.add(container, origin(container, plan));
        }
    }

    /// Takes the parameters that a part declares or is given.
    fn parameters(&mut self, part: &Node, plan: &Plan) {
        let declared = &plan.tutorial.front_matter.parameters;
        for parameter in items(part, "params") {
            let known = declared.iter().find(|known| Some(known.name.as_str()) == name(parameter));
            self.add(parameter, known.map(|known| known.place.clone()));
        }
    }

    fn add(&mut self, node: &Node, place: Option<Place>) {
        self.parts.extend(place.map(|place| (node.place.span, place)));
    }

    /// Puts findings in the pipeline at the page, where what they are about is written.
    ///
    /// What several tasks make of one line of the page is said once.
    pub fn on_page(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let mut told = BTreeSet::new();
        let mut traced: Vec<Finding> = findings.into_iter().map(|finding| self.traced(finding)).collect();
        traced.retain(|finding| {
            let place =
                finding.place.as_ref().map(|place| (place.source.path().to_path_buf(), place.span.start));
            told.insert((finding.code, finding.message.clone(), place))
        });
        traced
    }

    fn traced(&self, mut finding: Finding) -> Finding {
        let found = finding.place.as_ref().and_then(|place| self.origin(place));
        if let (Some(on_page), Some(exported)) = (found, finding.place.take()) {
            finding.related.insert(0, (exported, "the line in the exported pipeline".to_owned()));
            finding.place = Some(on_page);
        }
        finding
    }

    /// Returns where the page has the smallest part that holds a place in the pipeline.
    fn origin(&self, place: &Place) -> Option<Place> {
        let start = place.span.start;
        let holding = self.parts.iter().filter(|(span, _)| span.start <= start && start < span.end);
        holding.min_by_key(|(span, _)| span.end - span.start).map(|(_, place)| place.clone())
    }
}

/// Returns where to point for a page as a whole: at its title, else at its first line.
fn page(plan: &Plan) -> Place {
    let front = &plan.tutorial.front_matter;
    front.places.get("title").cloned().unwrap_or_else(|| {
        let source = &plan.tutorial.source;
        let start = plan.tutorial.body.start;
        let length = source.text()[start..].lines().next().unwrap_or_default().len();
        Place::new(source, start..start + length)
    })
}

fn name(node: &Node) -> Option<&str> {
    node.get("name").and_then(Node::text)
}

fn items<'a>(node: &'a Node, key: &str) -> Vec<&'a Node> {
    node.get(key).and_then(Node::items).unwrap_or_default()
}

/// Returns the line of the page that a container's definition names.
fn origin(container: &Node, plan: &Plan) -> Option<Place> {
    let is_definition = |variable: &&Node| name(variable) == Some(STEP_VARIABLE);
    let variable = items(container, "env").into_iter().find(is_definition)?;
    let definition = StepDefinition::read(variable.get("value")?.text()?)?;
    let step = plan.tutorial.steps.iter().find(|step| step.name.0 == definition.name)?;
    Some(step.place.clone())
}
