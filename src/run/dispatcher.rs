//! The actor that owns what the user sees.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::error::RunError;
use super::executor::{Shared, execute};
use super::guard::Guard;
use super::message::{Message, Stop};
use super::options::{Job, RunOptions};
use super::redact::Secrets;
use super::signals::{Interrupt, Signals};
use super::spawn::Children;
use crate::event::{EventKind, RunEvent, Timestamp, Totals, TutorialOutcome};

/// What the loop can be woken by.
#[derive(Debug)]
enum Input {
    Message(Message),
    Interrupt(Interrupt),
    PlanOver,
    Tick,
}

/// Starts plans, orders their events, and decides when to stop.
pub(super) struct Dispatcher<'a> {
    listener: &'a mut dyn FnMut(&RunEvent),
    shared: Shared,
    waiting: VecDeque<(usize, Job)>,
    running: JoinSet<()>,
    messages: mpsc::UnboundedReceiver<Message>,
    stop: watch::Sender<Stop>,
    ticker: Option<Interval>,
    signals: Signals,
    began: Instant,
    totals: Totals,
    /// Held until the end of the run.
    _guard: Option<Guard>,
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
        let children = Rc::<Children>::default();
        let guard = Guard::start(&run_mark);
        if let Some(guard) = &guard {
            children.add(guard.process());
        }
        let shared = Shared {
            secrets: Rc::new(Secrets::new(options.secrets.values().map(String::as_str))),
            options: Rc::new(options),
            messages: sender,
            stop: stopping,
            active: Rc::new(Cell::new(0)),
            children,
            run_mark,
        };
        Ok(Self {
            listener,
            shared,
            waiting: jobs.into_iter().enumerate().collect(),
            running: JoinSet::new(),
            messages,
            stop,
            ticker,
            signals: Signals::listen().map_err(RunError::Signals)?,
            began: Instant::now(),
            totals: Totals::default(),
            _guard: guard,
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
            Some(_) = self.running.join_next() => Input::PlanOver,
            () = tick(&mut self.ticker) => Input::Tick,
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Message(Message::Event(event)) => self.pass_on(event),
            Input::Message(Message::Printed(event, _unheard)) => self.pass_on(event),
            Input::Message(Message::StepReady { plan, step, attempt, go }) => {
                self.say(EventKind::StepStarted { plan, step, attempt });
                // An executor that is gone needs no answer.
                let _ = go.send(());
            }
            Input::Interrupt(interrupt) => self.interrupt(interrupt),
            Input::PlanOver => self.start_plans(),
            Input::Tick => self.say(EventKind::Tick),
        }
    }

    fn pass_on(&mut self, event: EventKind) {
        if let EventKind::TutorialFinished { result, .. } = &event {
            self.totals.coverage += result.coverage;
            let counter = match result.outcome {
                TutorialOutcome::Passed => &mut self.totals.passed,
                TutorialOutcome::Failed => &mut self.totals.failed,
                TutorialOutcome::Skipped => &mut self.totals.skipped,
                TutorialOutcome::Cancelled => &mut self.totals.cancelled,
            };
            *counter += 1;
        }
        self.say(event);
    }

    /// The first asks, the second insists; a third ends the program at once.
    fn interrupt(&mut self, interrupt: Interrupt) {
        let stop = match *self.stop.borrow() {
            Stop::No => Stop::Gently,
            Stop::Gently | Stop::Now => Stop::Now,
        };
        self.stop.send_replace(stop);
        self.totals.cancelled += self.waiting.drain(..).count();
        self.say(EventKind::Interrupted { signal: interrupt.name().to_owned() });
    }

    fn start_plans(&mut self) {
        while self.running.len() < self.shared.options.jobs.max(1)
            && let Some((number, job)) = self.waiting.pop_front()
        {
            self.running.spawn_local(execute(self.shared.clone(), job, number));
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

    fn say(&mut self, kind: EventKind) {
        (self.listener)(&RunEvent { at: Timestamp::now(), elapsed: self.began.elapsed(), kind });
    }
}

async fn tick(ticker: &mut Option<Interval>) {
    match ticker {
        Some(ticker) => {
            ticker.tick().await;
        }
        None => std::future::pending().await,
    }
}
