//! Which task writes which result, and which others read it.

use std::collections::BTreeMap;

use super::tasks::TaskSteps;
use crate::diagnostic::Finding;
use crate::plan::Plan;
use crate::run::RESULTS_VARIABLE;
use crate::tutorial::NamedResult;

/// The task that writes each result, by the result's name.
#[derive(Debug)]
pub(super) struct Writers {
    writers: BTreeMap<String, usize>,
}

impl Writers {
    /// Looks for who writes the results of a plan: the page says it, there is only one task, or a step's text names
    /// the file.
    pub(super) fn find(plan: &Plan, tasks: &[TaskSteps], findings: &mut Vec<Finding>) -> Self {
        let mut writers = BTreeMap::new();
        for result in &plan.tutorial.front_matter.results {
            match writer(plan, tasks, result) {
                Some(task) => _ = writers.insert(result.name.clone(), task),
                None => findings.push(without_writer(result)),
            }
        }
        Self { writers }
    }

    /// Returns the results that a task writes, in the order of the page.
    pub(super) fn of<'a>(&self, plan: &'a Plan, task: usize) -> Vec<&'a NamedResult> {
        let results = plan.tutorial.front_matter.results.iter();
        results.filter(|result| self.writers.get(&result.name) == Some(&task)).collect()
    }

    /// Returns the task that writes a result.
    pub(super) fn task(&self, result: &str) -> Option<usize> {
        self.writers.get(result).copied()
    }

    /// Returns the results that a task reads and that a task before it writes.
    pub(super) fn read<'a>(&self, plan: &'a Plan, tasks: &[TaskSteps], task: usize) -> Vec<&'a NamedResult> {
        let is_read = |result: &&NamedResult| {
            let writer = self.task(&result.name).filter(|writer| *writer != task);
            writer.is_some_and(|writer| waits_for(tasks, task, writer))
                && names(plan, &tasks[task], &result.name)
        };
        plan.tutorial.front_matter.results.iter().filter(is_read).collect()
    }
}

fn writer(plan: &Plan, tasks: &[TaskSteps], result: &NamedResult) -> Option<usize> {
    if let Some(session) = &result.session {
        return tasks
            .iter()
            .rposition(|task| task.steps.iter().any(|step| plan.steps[*step].session == *session));
    }
    if tasks.len() == 1 {
        return Some(0);
    }
    tasks.iter().position(|task| names(plan, task, &result.name))
}

/// Returns whether the text of a task's steps has the file of a result in it.
fn names(plan: &Plan, task: &TaskSteps, result: &str) -> bool {
    let texts = task.steps.iter().map(|step| &plan.tutorial.steps[plan.steps[*step].source].text.content);
    texts.into_iter().any(|text| {
        text.match_indices(RESULTS_VARIABLE).any(|(at, _)| {
            let rest = text[at + RESULTS_VARIABLE.len()..].trim_start_matches(['}', '"', '\'']);
            let file = rest.strip_prefix('/').map(|rest| rest.trim_start_matches(['"', '\'']));
            file.and_then(|file| file.strip_prefix(result)).is_some_and(|after| {
                !after.starts_with(|next: char| next.is_ascii_alphanumeric() || "-_".contains(next))
            })
        })
    })
}

fn waits_for(tasks: &[TaskSteps], task: usize, other: usize) -> bool {
    tasks[task].after.iter().any(|after| *after == other || waits_for(tasks, *after, other))
}

fn without_writer(result: &NamedResult) -> Finding {
    let message = format!("no step is known to write the result `{}`", result.name);
    let help = format!(
        "a step names the file `${RESULTS_VARIABLE}/{}`, or the page says whose it is: `{}: {{session: main}}`",
        result.name, result.name
    );
    Finding::error("result-without-writer", message).at(result.place.clone()).help(help)
}
