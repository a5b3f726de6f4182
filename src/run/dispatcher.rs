//! The actor that owns what the user sees.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::account::coverage;
use super::error::RunError;
use super::executor::{Shared, execute, sweep};
use super::guard::Guard;
use super::message::{Message, Stop};
use super::options::{Job, RunOptions};
use super::redact::Secrets;
use super::signals::{Interrupt, Signals, tick};
use super::spawn::Children;
use super::workspace::Workspaces;
use crate::event::{EventKind, Outcome, RunEvent, Timestamp, Totals, TutorialOutcome, TutorialResult};
use crate::plan::{PlanKey, StepIndex};

/// What the loop can be woken by.
#[derive(Debug)]
enum Input {
    Message(Message),
    Interrupt(Interrupt),
    PlanOver(Result<(Id, ()), JoinError>),
    Tick,
}

/// A plan whose task runs, and what it has said so far.
struct Started {
    job: Rc<Job>,
    number: usize,
    began: Instant,
    outcomes: Vec<Option<Outcome>>,
}

/// Starts plans, orders their events, and decides when to stop.
pub(super) struct Dispatcher<'a> {
    listener: &'a mut dyn FnMut(&RunEvent),
    shared: Shared,
    waiting: VecDeque<(usize, Job)>,
    running: JoinSet<()>,
    /// The plans of the running tasks.
    plans: HashMap<Id, Started>,
    messages: mpsc::UnboundedReceiver<Message>,
    stop: watch::Sender<Stop>,
    ticker: Option<Interval>,
    signals: Signals,
    began: Instant,
    totals: Totals,
    /// Held until the end of the run.
    guard: Option<Guard>,
}

impl<'a> Dispatcher<'a> {
    /// Takes the plans and who listens to them.
    pub(super) fn new(
        jobs: Vec<Job>,
        options: RunOptions,
        listener: &'a mut dyn FnMut(&RunEvent),
    ) -> Result<Self, RunError> {
        // Few and small: output, which is neither, comes with permits of which each step has a few.
        let (sender, messages) = mpsc::unbounded_channel();
        let (stop, stopping) = watch::channel(Stop::No);
        let ticker = options.tick.map(|period| {
            let mut ticker = interval(period);
            ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticker
        });
        let run_mark = format!("{}-{}", std::process::id(), Timestamp::now().as_millisecond());
        let children = Rc::new(Children::new());
        let guard = Guard::start(&run_mark);
        if let Some(guard) = &guard {
            children.add(guard.process());
        }
        let temporary = options.environment.get("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from);
        let workspaces = Workspaces::new(temporary, run_mark.clone(), options.keep_workspaces);
        let workspaces = Rc::new(workspaces.on(options.ground.clone()));
        let turns = Arc::new(Semaphore::new(options.jobs.max(1)));
        let shared = Shared {
            turns,
            secrets: Rc::new(Secrets::new(options.secrets.values().map(String::as_str))),
            options: Rc::new(options),
            messages: sender,
            stop: stopping,
            active: Rc::new(Cell::new(0)),
            children,
            run_mark,
            workspaces,
        };
        Ok(Self {
            listener,
            shared,
            waiting: jobs.into_iter().enumerate().collect(),
            running: JoinSet::new(),
            plans: HashMap::new(),
            messages,
            stop,
            ticker,
            signals: Signals::listen().map_err(RunError::Signals)?,
            began: Instant::now(),
            totals: Totals::default(),
            guard,
        })
    }

    /// Runs everything; returns what came of it and whether someone stopped it.
    pub(super) async fn run(mut self) -> (Totals, bool) {
        self.say(self.greeting());
        self.start_plans();
        while !(self.running.is_empty() && self.messages.is_empty()) {
            let input = self.next().await;
            self.handle(input);
        }
        let interrupted = *self.stop.borrow() > Stop::No;
        self.say(EventKind::RunFinished { totals: self.totals, interrupted });
        (self.totals, interrupted)
    }

    async fn next(&mut self) -> Input {
        tokio::select! {
            biased;
            interrupt = self.signals.next() => Input::Interrupt(interrupt),
            Some(message) = self.messages.recv() => Input::Message(message),
            Some(ended) = self.running.join_next_with_id() => Input::PlanOver(ended),
            () = tick(&mut self.ticker) => Input::Tick,
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Message(Message::Event(event)) => self.pass_on(event),
            Input::Message(Message::Printed(event, _unheard)) => self.pass_on(event),
            Input::Message(Message::NotBegun) => self.totals.cancelled += 1,
            Input::Message(Message::StepReady { plan, step, attempt, go }) => {
                self.say(EventKind::StepStarted { plan, step, attempt });
                // An executor that is gone needs no answer.
                let _ = go.send(());
            }
            Input::Interrupt(interrupt) => self.interrupt(interrupt),
            Input::PlanOver(ended) => {
                self.plan_over(ended);
                self.start_plans();
            }
            Input::Tick => self.say(EventKind::Tick),
        }
    }

    fn pass_on(&mut self, event: EventKind) {
        match &event {
            EventKind::StepFinished { plan, step, result } => self.note(plan, *step, &result.outcome),
            EventKind::TutorialFinished { result, .. } => self.totals.count(result),
            _ => {}
        }
        self.say(event);
    }

    fn note(&mut self, plan: &PlanKey, step: StepIndex, outcome: &Outcome) {
        let started = self.plans.values_mut().find(|started| started.job.plan.key == *plan);
        if let Some(slot) = started.and_then(|started| started.outcomes.get_mut(step.0)) {
            *slot = Some(outcome.clone());
        }
    }

    /// Says how a plan ended that could not say it: a mistake of ours never makes a run green.
    fn plan_over(&mut self, ended: Result<(Id, ()), JoinError>) {
        let (id, error) = match ended {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), Some(error)),
        };
        // Events that it sent before are still on their way, and come first.
        while let Ok(message) = self.messages.try_recv() {
            self.handle(Input::Message(message));
        }
        let Some(Started { job, number, began, outcomes }) = self.plans.remove(&id) else { return };
        let Some(error) = error else { return };
        if error.is_panic() {
            self.running.spawn_local(sweep(self.shared.clone(), number));
        }
        let outcome = if error.is_cancelled() { TutorialOutcome::Cancelled } else { TutorialOutcome::Failed };
        let trouble = error.is_panic().then(|| format!("stagebook itself failed: {error}"));
        let result = TutorialResult {
            outcome,
            coverage: coverage(&job.plan, outcomes.iter().map(Option::as_ref)),
            duration: began.elapsed(),
            missing: Vec::new(),
            trouble,
            workspace: None,
            images: Vec::new(),
            results: Vec::new(),
        };
        self.pass_on(EventKind::TutorialFinished { plan: job.plan.key.clone(), result: Box::new(result) });
    }

    /// The first asks, the second insists; a third gives everything up and leaves the rest to the guard.
    fn interrupt(&mut self, interrupt: Interrupt) {
        let stop = *self.stop.borrow();
        if stop == Stop::Now {
            // Before the workspaces go, which nothing may use then.
            if let Some(guard) = &mut self.guard {
                guard.act();
            }
            self.running.abort_all();
        }
        self.stop.send_replace(stop.further());
        self.totals.cancelled += self.waiting.drain(..).count();
        self.say(EventKind::Interrupted { signal: interrupt.name().to_owned() });
    }

    fn start_plans(&mut self) {
        while self.running.len() < self.shared.most_plans()
            && let Some((number, job)) = self.waiting.pop_front()
        {
            let job = Rc::new(job);
            let task = self.running.spawn_local(execute(self.shared.clone(), Rc::clone(&job), number));
            let outcomes = vec![None; job.plan.steps.len()];
            self.plans.insert(task.id(), Started { job, number, began: Instant::now(), outcomes });
        }
    }

    fn greeting(&self) -> EventKind {
        EventKind::RunStarted {
            stagebook: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.shared.options.host.clone(),
            plans: self.waiting.len(),
            steps: self.waiting.iter().map(|(_, job)| job.plan.steps.len()).sum(),
            jobs: self.shared.options.jobs,
        }
    }

    /// Tells everybody. Nothing gets out of a run but through here, and no secret gets through.
    fn say(&mut self, mut kind: EventKind) {
        if !self.shared.secrets.is_empty() {
            kind.change_texts(&mut |text| self.shared.secrets.redact(text));
        }
        (self.listener)(&RunEvent { at: Timestamp::now(), elapsed: self.began.elapsed(), kind });
    }
}
