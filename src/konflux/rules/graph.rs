//! In which order the tasks of a pipeline run.

use std::collections::HashMap;

use super::name::nearest;
use super::report::Report;
use super::results;
use super::view::{PipelineTask, PipelineView};
use crate::diagnostic::Place;
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

/// Follows what tasks wait for, and says where that comes back to a task on the way.
///
/// The way is kept in a list: a row of tasks may be longer than the stack is deep.
pub(super) fn no_cycles(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    let edges = edges(pipeline);
    let mut states: HashMap<&str, State> = HashMap::new();
    for task in &pipeline.tasks {
        // Each task on the way, with the number of its edges that were followed.
        let mut way: Vec<(&str, usize)> = Vec::new();
        enter(task.name, &mut states, &mut way);
        while let Some((task, followed)) = way.last_mut() {
            let Some(edge) = edges.get(*task).and_then(|edges| edges.get(*followed)) else {
                states.insert(*task, State::Done);
                way.pop();
                continue;
            };
            *followed += 1;
            if states.get(edge.after) == Some(&State::Open) {
                cycle(edge, &way, report);
            } else {
                enter(edge.after, &mut states, &mut way);
            }
        }
    }
}

/// How far the search has come with a task.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Done,
}

/// Adds a task to the way, unless it was followed before.
fn enter<'a>(task: &'a str, states: &mut HashMap<&'a str, State>, way: &mut Vec<(&'a str, usize)>) {
    if !states.contains_key(task) {
        states.insert(task, State::Open);
        way.push((task, 0));
    }
}

fn cycle(edge: &Edge<'_>, path: &[(&str, usize)], report: &mut Report<'_>) {
    let start = path.iter().position(|(task, _)| *task == edge.after).unwrap_or_default();
    let way: Vec<String> = path[start..]
        .iter()
        .map(|(task, _)| *task)
        .chain([edge.after])
        .map(|task| format!("`{task}`"))
        .collect();
    let message = format!("tasks wait for each other: {}", way.join(" waits for "));
    report.say(edge.place.clone(), message, "break the circle: take this one out, or another");
}

pub(super) fn run_after_exists(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    let is_known = |name: &str| pipeline.task(name).is_some_and(|task| !task.is_final);
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
