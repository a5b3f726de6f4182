//! One plan from its first step to the last process that it left behind.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use super::account::{coverage, introduce, left_out};
use super::built::Seen;
use super::error::PlanTrouble;
use super::kept;
use super::message::{Message, Stop};
use super::options::{Job, RunOptions};
use super::package::Manager;
use super::process::{self, Born, Family, Patience};
use super::redact::Secrets;
use super::requirement;
use super::results::{self, RESULTS_VARIABLE};
use super::service::Service;
use super::session::{self, Session};
use super::spawn::Children;
use super::step::{not_run, stopped_by};
use super::unit::Why;
use super::workspace::{Workspace, Workspaces};
use crate::diagnostic::chain;
use crate::event::{
    Coverage, EventKind, Exit, NamedResult, Outcome, PromisedImage, SkipReason, StepResult, TutorialOutcome,
    TutorialResult,
};
use crate::expect::Captures;
use crate::plan::{Disposition, Interpreter, Needs, Plan, PlannedStep, StepIndex};
use crate::tutorial::StepName;

/// What all plans of a run share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) options: Rc<RunOptions>,
    pub(super) secrets: Rc<Secrets>,
    pub(super) messages: mpsc::UnboundedSender<Message>,
    pub(super) stop: watch::Receiver<Stop>,
    /// A permit for each plan whose steps may run now.
    pub(super) turns: Arc<Semaphore>,
    /// How many plans run now.
    pub(super) active: Rc<Cell<usize>>,
    pub(super) children: Rc<Children>,
    /// Tells this run's processes from those of another.
    pub(super) run_mark: String,
    pub(super) workspaces: Rc<Workspaces>,
}

impl Shared {
    /// Returns what tells a plan's processes from those of another: its number after the run's mark.
    fn mark(&self, number: usize) -> String {
        format!("{}-{number}", self.run_mark)
    }

    /// Returns how many plans are held at once: one is made ready and another tidied up while the steps of others run.
    ///
    /// A run of one job holds one: it ends every process that nobody claims, which none that runs beside it may be.
    pub(super) fn most_plans(&self) -> usize {
        let jobs = self.options.jobs.max(1);
        if jobs == 1 { 1 } else { jobs + 2 }
    }

    /// Waits until the steps of one more plan may run; nobody's may once the run is to stop.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop > Stop::No) => None,
            turn = Arc::clone(&self.turns).acquire_owned() => turn.ok(),
        }
    }
}

/// Counts a plan as long as it runs, however it ends.
struct Active(Rc<Cell<usize>>);

impl Active {
    fn count(active: &Rc<Cell<usize>>) -> Self {
        active.set(active.get() + 1);
        Self(Rc::clone(active))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A plan while it runs.
#[derive(Debug)]
pub(super) struct PlanRun {
    pub(super) shared: Shared,
    pub(super) job: Rc<Job>,
    /// Tells this plan's processes from those of another.
    pub(super) mark: String,
    pub(super) workspace: Workspace,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) services: Vec<Service>,
    pub(super) captures: Captures,
    pub(super) programs: usize,
    results: Vec<Option<StepResult>>,
    /// The images that steps left behind so far, where the run looks for them.
    pub(super) seen: Seen,
    /// The images that the page promises, once they were looked at.
    pub(super) images: Option<Vec<PromisedImage>>,
    /// Whether the run was stopped while they were looked at.
    pub(super) is_cut: bool,
    /// The results that the page names, once they were read.
    pub(super) named_results: Option<Vec<NamedResult>>,
    /// Where steps write them.
    pub(super) results_folder: PathBuf,
    /// The first step that did not pass: those that need all before them do not run.
    broken: Option<StepName>,
    /// What went wrong outside of any step.
    pub(super) trouble: Option<String>,
}

/// Returns whether no step ran but those that clean up, and nobody asked for those alone.
fn only_cleaned_up(plan: &Plan, ending: &PlanEnding) -> bool {
    let others = || plan.steps.iter().zip(&ending.results).filter(|(step, _)| !step.cleanup);
    let ran = |result: &Option<StepResult>| result.as_ref().is_some_and(|result| result.attempt > 0);
    let was_meant = others().any(|(step, _)| step.disposition != Disposition::NotSelected);
    was_meant && !others().any(|(_, result)| ran(result))
}

/// Runs a plan and says everything about it, whatever happens.
pub(super) async fn execute(shared: Shared, job: Rc<Job>, number: usize) {
    let plan = &job.plan;
    let say = |event| {
        // The dispatcher listens as long as a plan runs.
        let _ = shared.messages.send(Message::Event(event));
    };
    let missing = missing(plan, &shared.options).await;
    let run = if missing.is_empty() { Some(PlanRun::ready(&shared, &job, number)) } else { None };
    let Some(turn) = shared.turn().await else {
        if let Some(Ok(run)) = run {
            run.give_up().await;
        }
        let _ = shared.messages.send(Message::NotBegun);
        return;
    };
    let began = Instant::now();
    say(EventKind::TutorialStarted(Box::new(introduce(plan))));
    let active = Active::count(&shared.active);
    let steps = plan.steps.len();
    let mut ending = match run {
        Some(Ok(run)) => run.finish(turn).await,
        Some(Err(trouble)) => {
            PlanEnding { results: vec![None; steps], trouble: Some(chain(&trouble)), ..PlanEnding::default() }
        }
        None => {
            let skipped = not_run(Outcome::Skipped { reason: SkipReason::Requirement(missing.clone()) });
            PlanEnding { results: vec![Some(skipped); steps], ..PlanEnding::default() }
        }
    };
    drop(active);
    for (index, result) in ending.unsaid() {
        say(EventKind::StepFinished { plan: plan.key.clone(), step: index, result: Box::new(result) });
    }
    let outcomes = ending.results.iter().map(|result| result.as_ref().map(|result| &result.outcome));
    let coverage = coverage(plan, outcomes);
    let result = TutorialResult {
        outcome: outcome(plan, &ending, coverage),
        coverage,
        duration: began.elapsed(),
        missing,
        trouble: ending.trouble,
        workspace: ending.workspace,
        images: ending.images,
        results: ending.named_results,
    };
    say(EventKind::TutorialFinished { plan: plan.key.clone(), result: Box::new(result) });
}

/// Ends what a plan has left behind whose task broke off.
pub(super) async fn sweep(shared: Shared, number: usize) {
    let family = Family {
        mark: shared.mark(number),
        roots: Vec::new(),
        spared: Vec::new(),
        since: Born::EVER,
        alone: shared.active.get() == 0,
        children: Rc::clone(&shared.children),
    };
    let patience = Patience { interrupt: false, grace: shared.options.grace, stop: shared.stop.clone() };
    // Nobody is left who could name what cannot be ended.
    family.stop(patience).await;
    process::reap_orphans(&shared.children);
}

/// What is left of a plan when it is over.
#[derive(Debug, Default)]
struct PlanEnding {
    /// One for each step.
    results: Vec<Option<StepResult>>,
    /// Steps that already said how they ended.
    said: usize,
    trouble: Option<String>,
    workspace: Option<PathBuf>,
    images: Vec<PromisedImage>,
    /// Whether the run was stopped before all was known.
    is_cut: bool,
    named_results: Vec<NamedResult>,
}

impl PlanEnding {
    /// Gives every step that has no result one, and returns those that nobody heard of.
    fn unsaid(&mut self) -> Vec<(StepIndex, StepResult)> {
        let said = self.said;
        let results = self.results.iter_mut().enumerate().skip(said);
        results
            .map(|(index, result)| {
                (StepIndex(index), result.get_or_insert_with(|| not_run(Outcome::Cancelled)).clone())
            })
            .collect()
    }
}

impl PlanRun {
    fn new(shared: &Shared, job: Rc<Job>, number: usize) -> Result<Self, PlanTrouble> {
        let workspaces = &shared.workspaces;
        let trouble =
            |source| PlanTrouble::Workspace { folder: workspaces.temporary().to_path_buf(), source };
        let workspace = workspaces.take().map_err(trouble)?;
        let mark = shared.mark(number);
        let mut environment = shared.options.environment.clone();
        environment.extend(job.plan.environment.clone());
        let ground = shared.options.ground.as_ref();
        if ground.is_none() {
            let secrets =
                job.plan.secrets.iter().filter_map(|name| shared.options.secrets.get_key_value(name));
            environment.extend(secrets.map(|(name, value)| (name.clone(), value.clone())));
        }
        let results = results::folder(&workspace, ground);
        if results::are_named(&job.plan, ground) {
            std::fs::create_dir_all(&results).map_err(trouble)?;
            environment.insert(RESULTS_VARIABLE.to_owned(), results.to_string_lossy().into_owned());
        }
        let captures = ground.map(kept::captures).transpose().map_err(trouble)?.unwrap_or_default();
        environment.insert("HOME".to_owned(), workspace.home().to_string_lossy().into_owned());
        environment.insert(process::MARK.to_owned(), mark.clone());
        Ok(Self {
            shared: shared.clone(),
            results: vec![None; job.plan.steps.len()],
            job,
            mark,
            workspace,
            environment,
            sessions: BTreeMap::new(),
            services: Vec::new(),
            seen: Seen::default(),
            images: None,
            is_cut: false,
            named_results: None,
            results_folder: results,
            captures,
            programs: 0,
            broken: None,
            trouble: None,
        })
    }

    /// Makes a plan ready: its workspace, and the shell of its first step.
    fn ready(shared: &Shared, job: &Rc<Job>, number: usize) -> Result<Self, PlanTrouble> {
        let mut run = Self::new(shared, Rc::clone(job), number)?;
        let first = job.plan.steps.iter().find(|step| step.disposition == Disposition::Run);
        if let Some((session, interpreter)) = first.and_then(|step| Some((&step.session, step.work.shell()?)))
        {
            // What goes wrong is said by the step.
            let _ = run.session(session, interpreter).map(Session::warm);
        }
        Ok(run)
    }

    /// Ends a plan that never began.
    async fn give_up(mut self) {
        self.end_sessions().await;
        self.shared.workspaces.give_back(self.workspace, false);
    }

    /// Runs the steps, and then ends what they left; `turn` goes to the next plan in between.
    async fn finish(mut self, turn: OwnedSemaphorePermit) -> PlanEnding {
        self.all_steps().await;
        let kept = (self.shared.most_plans() == 1).then_some(turn);
        let ending = self.close().await;
        drop(kept);
        ending
    }

    async fn all_steps(&mut self) {
        let job = Rc::clone(&self.job);
        for (position, step) in job.plan.steps.iter().enumerate() {
            let index = StepIndex(position);
            if step.cleanup {
                self.look_for_broken_services();
                self.look_at_images().await;
                self.read_results();
            }
            let result = match self.reason_not_to_run(step) {
                Some(outcome) => not_run(outcome),
                None => self.tries(index, step).await,
            };
            let result = self.with_new_images(result).await;
            self.say(EventKind::StepFinished {
                plan: job.plan.key.clone(),
                step: index,
                result: Box::new(result.clone()),
            });
            self.results[position] = Some(result);
            if self.broken.is_none() && step.disposition == Disposition::Run {
                self.broken = self.blocks(index);
            }
        }
    }

    /// Notes services that failed before anything could have been cleaned up.
    fn look_for_broken_services(&mut self) {
        let ended = self.services.iter().filter_map(|service| Some((service.step, service.ended()??)));
        // From 128 on it was ended by a signal, perhaps by a step that had no more use for it.
        let broken = ended.filter(|(_, exit)| matches!(exit, Exit::Status(1..128)));
        let name = |step: StepIndex| &self.job.plan.steps[step.0].name;
        let trouble = broken.map(|(step, exit)| format!("service `{}` ended with {exit}", name(step))).next();
        self.trouble = self.trouble.take().or(trouble);
    }

    fn reason_not_to_run(&self, step: &PlannedStep) -> Option<Outcome> {
        if let Some(outcome) = left_out(&step.disposition) {
            return Some(outcome);
        }
        let stop = *self.shared.stop.borrow();
        if stop == Stop::Now || (stop == Stop::Gently && !step.cleanup) {
            return Some(Outcome::Cancelled);
        }
        if step.cleanup {
            return None;
        }
        let need = match &step.needs {
            Needs::AllBefore => self.broken.clone(),
            Needs::Named(needs) => needs.iter().find_map(|need| self.blocks(*need)),
        };
        need.map(|name| Outcome::Skipped { reason: SkipReason::Need(name) })
    }

    /// Returns the step that did not pass if one that needs this one cannot run.
    fn blocks(&self, need: StepIndex) -> Option<StepName> {
        let result = self.results.get(need.0)?.as_ref()?;
        let name = || Some(self.job.plan.steps[need.0].name.clone());
        match &result.outcome {
            Outcome::Skipped { reason: SkipReason::Need(name) } => Some(name.clone()),
            Outcome::Failed { .. } if self.shared.options.updating && result.only_output_differs() => None,
            Outcome::Verified | Outcome::Unverified => None,
            // A step that the page leaves out blocks those alone that name it.
            Outcome::Failed { .. }
            | Outcome::TimedOut { .. }
            | Outcome::Cancelled
            | Outcome::Skipped { .. } => name(),
        }
    }

    /// Runs a step until it passes or no try is left.
    async fn tries(&mut self, index: StepIndex, step: &PlannedStep) -> StepResult {
        let mut attempt = 1;
        loop {
            self.announce(index, attempt).await;
            let result = self.attempt(index, step, attempt).await;
            let failed = matches!(result.outcome, Outcome::Failed { .. } | Outcome::TimedOut { .. });
            if !failed || attempt >= step.tries {
                return result;
            }
            let stopped_by = stopped_by(step);
            if *self.shared.stop.borrow() >= stopped_by {
                // It failed, and could have passed yet.
                return StepResult { outcome: Outcome::Cancelled, ..result };
            }
            let (plan, delay) = (self.job.plan.key.clone(), step.retry_delay);
            self.say(EventKind::StepRetried { plan, step: index, result: Box::new(result.clone()), delay });
            let stop = self.shared.stop.wait_for(|stop| *stop >= stopped_by);
            if tokio::time::timeout(delay, stop).await.is_ok() {
                return StepResult { outcome: Outcome::Cancelled, ..result };
            }
            attempt += 1;
        }
    }

    /// Waits until the dispatcher has said that the step begins.
    async fn announce(&self, step: StepIndex, attempt: u32) {
        let (go, gone) = oneshot::channel();
        let ready = Message::StepReady { plan: self.job.plan.key.clone(), step, attempt, go };
        if self.shared.messages.send(ready).is_ok() {
            let _ = gone.await;
        }
    }

    /// Returns the session of that name, made if it is the first time.
    pub(super) fn session(
        &mut self,
        name: &str,
        interpreter: &Interpreter,
    ) -> Result<&mut Session, PlanTrouble> {
        if !self.sessions.contains_key(name) {
            let folder = session::folder(self.workspace.control(), self.sessions.len());
            let kept = self.shared.options.ground.as_ref().map(|ground| kept::session_folder(ground, name));
            let session = Session::new(
                interpreter.clone(),
                folder,
                self.workspace.work(),
                self.environment.clone(),
                Rc::clone(&self.shared.children),
            );
            let talk = |source| PlanTrouble::Talk { program: interpreter.language.clone(), source };
            let session = session.map_err(talk)?;
            kept.map(|kept| session.load(&kept)).transpose().map_err(talk)?;
            self.sessions.insert(name.to_owned(), session);
        }
        Ok(self.sessions.get_mut(name).expect("it was just inserted"))
    }

    /// Returns what came of each step so far.
    pub(super) fn results(&self) -> impl Iterator<Item = Option<&StepResult>> {
        self.results.iter().map(Option::as_ref)
    }

    fn say(&self, event: EventKind) {
        let _ = self.shared.messages.send(Message::Event(event));
    }

    /// Ends services, shells and what they left behind, then removes the workspace.
    async fn close(mut self) -> PlanEnding {
        self.look_for_broken_services();
        self.look_at_images().await;
        self.read_results();
        self.keep_state().await;
        self.end_services().await;
        self.end_sessions().await;
        let mut is_alone = self.results().flatten().all(|result| result.left_behind.is_empty());
        if process::reap_orphans(&self.shared.children) {
            self.stop(Vec::new(), Born::EVER, Why::End).await;
            process::reap_orphans(&self.shared.children);
            // They may be those of another plan, or of this one and not ended yet.
            is_alone = false;
        }
        let said = self.results.iter().take_while(|result| result.is_some()).count();
        PlanEnding {
            results: self.results,
            said,
            trouble: self.trouble,
            workspace: self.shared.workspaces.give_back(self.workspace, is_alone),
            images: self.images.unwrap_or_default(),
            is_cut: self.is_cut,
            named_results: self.named_results.unwrap_or_default(),
        }
    }

    /// Ends services, the last one first: each may need those before it.
    async fn end_services(&mut self) {
        while let Some(service) = self.services.pop() {
            let (step, by_itself) = (service.step, service.ended());
            let plan = self.job.plan.key.clone();
            let output = Box::new(self.end_service(service).await.printed.output);
            self.say(EventKind::ServicePrinted { plan: plan.clone(), step, output });
            let was_ready = self.results[step.0].as_ref().is_some_and(|result| result.outcome.passed());
            if let Some(exit) = by_itself.filter(|_| was_ready) {
                self.say(EventKind::ServiceEnded { plan, step, exit });
            }
        }
    }

    async fn end_sessions(&mut self) {
        for mut session in std::mem::take(&mut self.sessions).into_values() {
            // What the page's traps do at the end of a session is not for the end of one of its steps.
            let is_kept = self.shared.options.ground.is_some() && session.kill();
            if is_kept || session.end_at_once() {
                session.bury().await;
                continue;
            }
            let Some(shell) = session.process() else { continue };
            if session.ask_to_end().is_ok() {
                let _ = tokio::time::timeout(self.shared.options.grace, session.wait()).await;
            }
            if session.process().is_some() {
                self.stop(vec![shell], Born::EVER, Why::End).await;
                session.bury().await;
            }
        }
    }
}

async fn missing(plan: &Plan, options: &RunOptions) -> Vec<String> {
    let absent = plan.secrets.iter().filter(|name| !options.secrets.contains_key(*name));
    let mut missing: Vec<String> =
        absent.map(|name| format!("secret variable `{name}` is not set")).collect();
    let requires = plan.requires.clone();
    let search_path = options.environment.get("PATH").cloned().unwrap_or_default();
    let nothing = requires.tools.is_empty() && requires.network.is_empty() && !requires.root && !requires.kvm;
    if !nothing {
        let look = move || {
            let manager = Manager::detect(&search_path);
            let missing = requirement::missing(&requires, &search_path, manager);
            missing.iter().map(|missing| missing.with_remedy(manager)).collect::<Vec<_>>()
        };
        missing.extend(tokio::task::spawn_blocking(look).await.unwrap_or_default());
    }
    missing
}

fn outcome(plan: &Plan, ending: &PlanEnding, coverage: Coverage) -> TutorialOutcome {
    if coverage.failed > 0 || ending.trouble.is_some() {
        TutorialOutcome::Failed
    } else if coverage.cancelled > 0 || ending.is_cut {
        TutorialOutcome::Cancelled
    } else if coverage.blocks == 0 {
        // A page that was named and has nothing to run proves nothing.
        TutorialOutcome::Failed
    } else if coverage.executed() == 0 || only_cleaned_up(plan, ending) {
        TutorialOutcome::Skipped
    } else {
        TutorialOutcome::Passed
    }
}
