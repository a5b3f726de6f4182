//! The way back from a line of an exported pipeline to the page.

use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Source, Span};
use crate::konflux::step::{STEP_VARIABLE, StepDefinition};
use crate::plan::Plan;
use crate::yaml::{Node, read_documents};

/// The containers of an exported pipeline, and where their steps stand on the page.
#[derive(Debug)]
pub struct Origins {
    containers: Vec<(Span, Place)>,
}

impl Origins {
    /// Takes the text of an exported pipeline, and a plan that it was made from.
    pub fn of(exported: &Arc<Source>, plan: &Plan) -> Self {
        let documents = read_documents(exported).documents;
        let specs = documents.iter().filter_map(|document| document.get("spec"));
        let tasks = specs.flat_map(|spec| items(spec, "tasks").into_iter().chain(items(spec, "finally")));
        let containers = tasks
            .filter_map(|task| task.get("taskSpec"))
            .flat_map(|task| items(task, "steps").into_iter().chain(items(task, "sidecars")));
        Self { containers: containers.filter_map(|container| origin(container, plan)).collect() }
    }

    /// Says of each finding in the pipeline where the page has what it is about.
    pub fn trace(&self, findings: &mut [Finding]) {
        for finding in findings {
            if let Some(place) = finding.place.as_ref().and_then(|place| self.origin(place)) {
                finding.related.push((place, "the page writes it here".to_owned()));
            }
        }
    }

    /// Returns where the page has the step of which a place in the pipeline is a part.
    fn origin(&self, place: &Place) -> Option<Place> {
        let start = place.span.start;
        let holds = |span: &Span| span.start <= start && start < span.end;
        self.containers.iter().find(|(span, _)| holds(span)).map(|(_, place)| place.clone())
    }
}

fn items<'a>(node: &'a Node, key: &str) -> Vec<&'a Node> {
    node.get(key).and_then(Node::items).unwrap_or_default()
}

/// Returns the bytes of a container, and the line of the page that its definition names.
fn origin(container: &Node, plan: &Plan) -> Option<(Span, Place)> {
    let is_definition = |variable: &&Node| variable.get("name").and_then(Node::text) == Some(STEP_VARIABLE);
    let variable = items(container, "env").into_iter().find(is_definition)?;
    let text = variable.get("value")?.text()?;
    let definition = StepDefinition::read(text)?;
    let mut steps = plan.tutorial.steps.iter();
    let step = steps.find(|step| step.name.0 == definition.name)?;
    Some((container.place.span, step.place.clone()))
}
