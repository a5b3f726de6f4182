//! The way in.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Interval, interval};

use super::api::{Cluster, connect};
use super::error::ClusterError;
use super::follow::{Shared, follow, name, object};
use super::options::{ClusterJob, ClusterOptions, Target};
use crate::event::{EventKind, Host, RunEvent, Timestamp, Totals};
use crate::run::{Interrupt, Secrets, Signals, Stop, tick};

/// Runs plans on a cluster; returns what came of them and whether someone stopped the run.
///
/// Every event is given to `listener` in the order in which things were heard of. A cluster that cannot be reached,
/// or that does not let anything be asked, is an error before the first event.
pub fn run(
    jobs: Vec<ClusterJob>,
    options: ClusterOptions,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<(Totals, bool), ClusterError> {
    let local = LocalSet::new();
    runtime()?.block_on(local.run_until(async {
        let cluster = connect(&options.target).await?;
        let host = host(&cluster).await?;
        Runner::new(cluster, host, jobs, options, listener)?.run().await
    }))
}

/// Asks a cluster whether it would take these plans, and keeps nothing there. Returns what it said about each.
pub fn dry_run(
    jobs: &[ClusterJob],
    options: &ClusterOptions,
) -> Result<Vec<Result<Vec<String>, ClusterError>>, ClusterError> {
    runtime()?.block_on(async {
        let cluster = connect(&options.target).await?;
        let mut answers = Vec::new();
        for (number, job) in jobs.iter().enumerate() {
            let created = cluster.create(&object(job, options, &name(job, &options.run, number)), true).await;
            answers.push(created.map(|created| created.warnings));
        }
        Ok(answers)
    })
}

/// Returns the definitions (CustomResourceDefinition) of the kinds that a cluster has, as its API gives them.
pub fn definitions(target: &Target) -> Result<Vec<serde_json::Value>, ClusterError> {
    runtime()?.block_on(async { connect(target).await?.definitions().await })
}

fn runtime() -> Result<Runtime, ClusterError> {
    Builder::new_current_thread().enable_all().build().map_err(ClusterError::Runtime)
}

/// Describes the cluster as events name a machine.
async fn host(cluster: &Cluster) -> Result<Host, ClusterError> {
    let (version, platform) = cluster.version().await?;
    let (kernel, architecture) = platform.split_once('/').unwrap_or(("", &platform));
    Ok(Host {
        distribution: format!("Kubernetes {version}"),
        architecture: architecture.to_owned(),
        kernel: kernel.to_owned(),
    })
}

/// Starts plans, orders their events, and decides when to stop.
struct Runner<'a> {
    listener: &'a mut dyn FnMut(&RunEvent),
    shared: Shared,
    host: Host,
    waiting: VecDeque<(usize, ClusterJob)>,
    running: JoinSet<()>,
    events: mpsc::UnboundedReceiver<EventKind>,
    stop: watch::Sender<Stop>,
    ticker: Option<Interval>,
    signals: Signals,
    began: Instant,
    totals: Totals,
}

enum Input {
    Event(EventKind),
    Interrupt(Interrupt),
    PlanOver,
    Tick,
}

impl<'a> Runner<'a> {
    fn new(
        cluster: Cluster,
        host: Host,
        jobs: Vec<ClusterJob>,
        options: ClusterOptions,
        listener: &'a mut dyn FnMut(&RunEvent),
    ) -> Result<Self, ClusterError> {
        let (sender, events) = mpsc::unbounded_channel();
        let (stop, stopping) = watch::channel(Stop::No);
        let ticker = options.tick.map(interval);
        let secrets = Rc::new(Secrets::new(options.secrets.iter().map(String::as_str)));
        let options = Rc::new(options);
        Ok(Self {
            listener,
            shared: Shared { cluster, options, secrets, events: sender, stop: stopping },
            host,
            waiting: jobs.into_iter().enumerate().collect(),
            running: JoinSet::new(),
            events,
            stop,
            ticker,
            signals: Signals::listen().map_err(ClusterError::Signals)?,
            began: Instant::now(),
            totals: Totals::default(),
        })
    }

    async fn run(mut self) -> Result<(Totals, bool), ClusterError> {
        self.say(self.greeting());
        self.start_plans();
        while !(self.running.is_empty() && self.events.is_empty()) {
            match self.next().await {
                Input::Event(event) => self.pass_on(event),
                Input::Interrupt(interrupt) => self.interrupt(interrupt),
                Input::PlanOver => self.start_plans(),
                Input::Tick => self.say(EventKind::Tick),
            }
        }
        let interrupted = *self.stop.borrow() > Stop::No;
        self.say(EventKind::RunFinished { totals: self.totals, interrupted });
        Ok((self.totals, interrupted))
    }

    async fn next(&mut self) -> Input {
        tokio::select! {
            biased;
            interrupt = self.signals.next() => Input::Interrupt(interrupt),
            Some(event) = self.events.recv() => Input::Event(event),
            Some(_) = self.running.join_next() => Input::PlanOver,
            () = tick(&mut self.ticker) => Input::Tick,
        }
    }

    fn start_plans(&mut self) {
        while self.running.len() < self.shared.options.jobs.max(1)
            && let Some((number, job)) = self.waiting.pop_front()
        {
            self.running.spawn_local(follow(self.shared.clone(), Rc::new(job), number));
        }
    }

    fn pass_on(&mut self, event: EventKind) {
        if let EventKind::TutorialFinished { result, .. } = &event {
            self.totals.count(result);
        }
        self.say(event);
    }

    /// The first asks, the second insists; a third leaves everything to the cluster.
    fn interrupt(&mut self, interrupt: Interrupt) {
        let stop = *self.stop.borrow();
        if stop == Stop::Now {
            self.running.abort_all();
        }
        self.stop.send_replace(stop.further());
        self.totals.cancelled += self.waiting.drain(..).count();
        self.say(EventKind::Interrupted { signal: interrupt.name().to_owned() });
    }

    fn greeting(&self) -> EventKind {
        EventKind::RunStarted {
            stagebook: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host.clone(),
            plans: self.waiting.len(),
            steps: self.waiting.iter().map(|(_, job)| job.job.plan.steps.len()).sum(),
            jobs: self.shared.options.jobs,
        }
    }

    /// Tells everybody, and no secret.
    fn say(&mut self, mut kind: EventKind) {
        if !self.shared.secrets.is_empty() {
            kind.change_texts(&mut |text| self.shared.secrets.redact(text));
        }
        (self.listener)(&RunEvent { at: Timestamp::now(), elapsed: self.began.elapsed(), kind });
    }
}
