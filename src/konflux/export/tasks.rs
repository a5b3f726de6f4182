//! Which steps become one task, and which tasks wait for which.

use std::collections::BTreeSet;

use crate::plan::{Needs, PlannedStep, Work};

/// Steps that run in one task.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TaskSteps {
    /// The session that it is for.
    pub(super) session: String,
    /// Positions of the steps in their plan.
    pub(super) steps: Vec<usize>,
    /// Positions of the tasks that it waits for; what follows from others is left out.
    pub(super) after: BTreeSet<usize>,
}

/// Cuts a plan into tasks: one for each session, and another where a session goes on after steps of another
/// that wait for it.
///
/// A session's state is kept in the workspace, so it goes on in any task. What follows the start of a service
/// stays in its task, whatever session it is of: a sidecar ends with its task.
pub(super) fn cut(steps: &[PlannedStep], is_wanted: &[bool]) -> Vec<TaskSteps> {
    let mut cutting = Cutting { tasks: Vec::new(), task_of: vec![None; steps.len()], service: None };
    for (index, step) in steps.iter().enumerate() {
        if is_wanted[index] && !step.cleanup {
            cutting.add(index, step);
        }
    }
    cutting.reduce();
    cutting.tasks
}

struct Cutting {
    tasks: Vec<TaskSteps>,
    /// The task of each step that has one.
    task_of: Vec<Option<usize>>,
    /// The task with a service.
    service: Option<usize>,
}

impl Cutting {
    fn add(&mut self, index: usize, step: &PlannedStep) {
        let mut needed: BTreeSet<usize> = match &step.needs {
            Needs::AllBefore => (0..self.tasks.len()).collect(),
            Needs::Named(needs) => needs.iter().filter_map(|need| self.task_of[need.0]).collect(),
        };
        let before = self.before(step);
        needed.extend(before.filter(|_| !matches!(step.work, Work::File { .. })));
        let joined = self.service.or(before).filter(|task| self.can_join(*task, &needed));
        let task = joined.unwrap_or_else(|| {
            self.tasks.push(TaskSteps { session: step.session.clone(), ..TaskSteps::default() });
            self.tasks.len() - 1
        });
        needed.remove(&task);
        self.tasks[task].after.extend(needed);
        self.tasks[task].steps.push(index);
        self.task_of[index] = Some(task);
        if matches!(step.work, Work::Service { .. }) {
            self.service = Some(task);
        }
    }

    /// Returns the last task of a step's session; a file has no session, and goes where the steps before it are.
    fn before(&self, step: &PlannedStep) -> Option<usize> {
        if matches!(step.work, Work::File { .. }) {
            return self.tasks.len().checked_sub(1);
        }
        self.tasks.iter().rposition(|task| task.session == step.session)
    }

    /// Returns whether a task can wait for others: none of them waits for it.
    fn can_join(&self, task: usize, needed: &BTreeSet<usize>) -> bool {
        !needed.iter().any(|other| *other != task && self.reaches(*other, task))
    }

    /// Returns whether a task waits for another one, near or far.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut open = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(task) = open.pop() {
            if task == to {
                return true;
            }
            open.extend(self.tasks[task].after.iter().copied().filter(|after| seen.insert(*after)));
        }
        false
    }

    /// Leaves out what follows from others.
    fn reduce(&mut self) {
        for task in 0..self.tasks.len() {
            let after = self.tasks[task].after.clone();
            let follows = |one: &usize| after.iter().any(|other| other != one && self.reaches(*other, *one));
            let kept = after.iter().copied().filter(|one| !follows(one)).collect();
            self.tasks[task].after = kept;
        }
    }
}
