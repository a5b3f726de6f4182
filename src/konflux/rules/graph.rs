//! In which order the tasks of a pipeline run.

use std::collections::HashMap;

use super::report::Report;
use super::results;
use super::view::{PipelineTask, PipelineView};
use crate::diagnostic::{Place, nearest};
use crate::konflux::fields::{first_line, list};
use crate::konflux::reference::place_in;

/// A task that waits, the task that it waits for, and where it says so.
struct Edge<'a> {
    after: &'a str,
    place: Place,
}

/// Returns what each task waits for: by `runAfter`, and since it uses a result.
fn edges<'a>(pipeline: &PipelineView<'a>) -> HashMap<&'a str, Vec<Edge<'a>>> {
    let mut edges: HashMap<&str, Vec<Edge<'_>>> = HashMap::new();
    for task in pipeline.tasks.iter().filter(|task| !task.is_final) {
        for after in list(task.node, "runAfter") {
            let edge = Edge { after: after.text().unwrap_or_default(), place: first_line(&after.place) };
            edges.entry(task.name).or_default().push(edge);
        }
    }
    results::each_use(pipeline, &mut |user, scalar, reference, task, _| {
        if !user.is_final {
            let edge = Edge { after: task, place: place_in(scalar, reference.written) };
            edges.entry(user.name).or_default().push(edge);
        }
    });
    edges
}

pub(super) fn no_cycles(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    let edges = edges(pipeline);
    let mut states = HashMap::new();
    for task in &pipeline.tasks {
        let mut path = Vec::new();
        visit(task.name, &edges, &mut states, &mut path, report);
    }
}

/// How far the search has come with a task.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Done,
}

/// Follows what a task waits for, and says where that comes back to a task on the way.
///
/// Pipelines are small; the way is as deep as the longest row of tasks.
fn visit<'a>(
    task: &'a str,
    edges: &HashMap<&'a str, Vec<Edge<'a>>>,
    states: &mut HashMap<&'a str, State>,
    path: &mut Vec<&'a str>,
    report: &mut Report<'_>,
) {
    if states.contains_key(task) {
        return;
    }
    states.insert(task, State::Open);
    path.push(task);
    for edge in edges.get(task).into_iter().flatten() {
        if states.get(edge.after) == Some(&State::Open) {
            cycle(edge, path, report);
        } else {
            visit(edge.after, edges, states, path, report);
        }
    }
    path.pop();
    states.insert(task, State::Done);
}

fn cycle(edge: &Edge<'_>, path: &[&str], report: &mut Report<'_>) {
    let start = path.iter().position(|task| *task == edge.after).unwrap_or_default();
    let way: Vec<String> =
        path[start..].iter().chain([&edge.after]).map(|task| format!("`{task}`")).collect();
    let message = format!("tasks wait for each other: {}", way.join(" waits for "));
    report.say(edge.place.clone(), message, "break the circle: take this one out, or another");
}

pub(super) fn run_after_exists(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    let is_known = |name: &str| pipeline.tasks.iter().any(|task| !task.is_final && task.name == name);
    for task in &pipeline.tasks {
        for after in
            list(task.node, "runAfter").iter().filter(|after| !is_known(after.text().unwrap_or_default()))
        {
            let wanted = after.text().unwrap_or_default();
            let message =
                format!("task `{}` runs after `{wanted}`, which the pipeline does not have", task.name);
            let others = pipeline
                .tasks
                .iter()
                .filter(|other: &&PipelineTask<'_>| !other.is_final && other.name != task.name);
            let near = nearest(wanted, others.map(|other| other.name));
            let help =
                near.map_or("name a task of `tasks`".to_owned(), |near| format!("did you mean `{near}`?"));
            report.say(first_line(&after.place), message, help);
        }
    }
}
