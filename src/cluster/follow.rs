//! One plan on the cluster, from its creation to its last line.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watch_object, watcher};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::api::{Cluster, RUN};
use super::error::ClusterError;
use super::log::{LogMessage, LogReader};
use super::objects::{Ending, PIPELINE_RUN, PipelineRun, StepState, TaskRun, Terminated};
use super::options::{ClusterJob, ClusterOptions};
use super::verdict;
use crate::event::{EventKind, Outcome, OutputChunk, SkipReason, StepOutput, StepResult, TutorialResult};
use crate::expect::Stream;
use crate::plan::{Plan, PlannedStep, StepIndex};
use crate::run::{Capture, Redactor, Secrets, Stop, coverage, introduce, left_out, not_run};

/// How long the rest of the logs may take once all is over.
const LAST_LOGS: Duration = Duration::from_secs(20);

/// How many lines may wait to be heard: who hears slowly slows the reading of logs.
const MOST_UNHEARD: usize = 256;

/// What all plans of a run share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) cluster: Cluster,
    pub(super) options: Rc<ClusterOptions>,
    pub(super) secrets: Rc<Secrets>,
    pub(super) events: mpsc::UnboundedSender<EventKind>,
    pub(super) stop: watch::Receiver<Stop>,
}

/// A step as far as it is known.
struct Followed {
    /// The names of its task and of the step in it; a step that is no part of the pipeline has none.
    place: Option<(String, String)>,
    pod: Option<(String, String)>,
    state: StepState,
    started: bool,
    capture: Capture,
    redactor: Redactor,
    ended: watch::Sender<bool>,
    /// Whether nothing more of its log comes, and why something is missing.
    log: Option<Option<String>>,
    outcome: Option<Outcome>,
}

/// Follows one plan.
struct Follower {
    shared: Shared,
    job: Rc<ClusterJob>,
    name: String,
    steps: Vec<Followed>,
    lines: mpsc::Sender<LogMessage>,
    readers: JoinSet<()>,
    /// What was said of tasks that wait: it is repeated each time that they are looked at.
    noted: BTreeSet<String>,
    /// How each task ended.
    endings: BTreeMap<String, Ending>,
    asked: Stop,
}

/// Runs a plan on the cluster and says everything about it, whatever happens.
pub(super) async fn follow(shared: Shared, job: Rc<ClusterJob>, number: usize) {
    let began = Instant::now();
    let name = name(&job, &shared.options.run, number);
    let plan = &Rc::clone(&job).job.plan;
    let (lines, logs) = mpsc::channel(MOST_UNHEARD);
    let mut follower = Follower::new(shared, job, name, lines);
    follower.say(EventKind::TutorialStarted(Box::new(introduce(plan))));
    let followed = follower.run(logs).await;
    let results = verdict::results(&followed);
    let trouble = follower.close(followed);
    let outcomes = || follower.steps.iter().map(|step| step.outcome.as_ref());
    let coverage = coverage(plan, outcomes());
    let ended: Vec<&Outcome> = outcomes().flatten().collect();
    let is_stopped = follower.asked > Stop::No;
    let result = TutorialResult {
        outcome: verdict::of_tutorial(&ended, trouble.is_some(), is_stopped, coverage.executed()),
        coverage,
        duration: began.elapsed(),
        missing: Vec::new(),
        trouble,
        workspace: None,
        images: verdict::images(plan),
        results,
    };
    follower.say(EventKind::TutorialFinished { plan: plan.key.clone(), result: Box::new(result) });
}

/// Returns the PipelineRun of a job under a name, with a mark that tells whose it is.
pub(super) fn object(job: &ClusterJob, options: &ClusterOptions, name: &str) -> serde_json::Value {
    let mut object = job.pipeline_run.clone();
    object["metadata"]["name"] = name.into();
    object["metadata"]["annotations"][RUN] = options.run.as_str().into();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("generateName");
    }
    object
}

/// Returns a name that is new on the cluster, and tells people whose it is.
pub(super) fn name(job: &ClusterJob, run: &str, number: usize) -> String {
    let given = job.pipeline_run["metadata"]["name"]
        .as_str()
        .or(job.pipeline_run["metadata"]["generateName"].as_str());
    let stem: String = given.unwrap_or("stagebook").trim_end_matches('-').chars().take(40).collect();
    format!("{}-{run}-{number}", stem.trim_end_matches(['-', '.']))
}

impl Follower {
    fn new(shared: Shared, job: Rc<ClusterJob>, name: String, lines: mpsc::Sender<LogMessage>) -> Self {
        let places: BTreeMap<StepIndex, &(String, String)> =
            job.steps.iter().map(|(place, step)| (*step, place)).collect();
        let followed = |(number, step): (usize, &PlannedStep)| Followed {
            place: places.get(&StepIndex(number)).map(|place| (*place).clone()),
            pod: None,
            state: StepState::Waiting,
            started: false,
            capture: Capture::new(
                &job.job.outputs,
                &job.job.outputs_name,
                &format!("{:03}-{}.txt", number + 1, step.name),
                shared.options.keep_output,
            ),
            redactor: Redactor::new(&shared.secrets),
            ended: watch::channel(false).0,
            log: None,
            outcome: None,
        };
        let steps = job.job.plan.steps.iter().enumerate().map(followed).collect();
        Self {
            shared,
            name,
            steps,
            lines,
            readers: JoinSet::new(),
            noted: BTreeSet::new(),
            endings: BTreeMap::new(),
            asked: Stop::No,
            job,
        }
    }

    fn plan(&self) -> &Plan {
        &self.job.job.plan
    }

    fn say(&self, event: EventKind) {
        // The runner listens as long as a plan runs.
        let _ = self.shared.events.send(event);
    }

    fn note(&self, note: String) {
        self.say(EventKind::TutorialNoted { plan: self.plan().key.clone(), note });
    }

    /// Creates the PipelineRun and follows it to its end.
    async fn run(&mut self, mut logs: mpsc::Receiver<LogMessage>) -> Result<PipelineRun, ClusterError> {
        self.leave_out();
        let object = object(&self.job, &self.shared.options, &self.name);
        let created = self.shared.cluster.create(&object, false).await?;
        created.warnings.iter().for_each(|warning| self.note(format!("the cluster warns: {warning}")));
        let run = self.watch(&mut logs).await;
        let settled = self.settle(&mut logs).await;
        self.readers.abort_all();
        if !self.shared.options.keep {
            // What is left over is named by whoever asks the cluster; it is no failure of the tutorial.
            let _ = self.shared.cluster.delete(&self.name).await;
        }
        let run = run?;
        settled.map(|()| run)
    }

    /// Says that steps are not run which the page leaves out.
    fn leave_out(&mut self) {
        for number in 0..self.steps.len() {
            if let Some(outcome) = left_out(&self.plan().steps[number].disposition) {
                self.finish_step(number, not_run(outcome));
            }
        }
    }

    /// Follows the PipelineRun until it is over.
    async fn watch(&mut self, logs: &mut mpsc::Receiver<LogMessage>) -> Result<PipelineRun, ClusterError> {
        let cluster = self.shared.cluster.clone();
        let mut stop = self.shared.stop.clone();
        let of_run = watcher::Config::default().labels(&format!("{PIPELINE_RUN}={}", self.name));
        let mut runs = pin!(watch_object(cluster.pipeline_runs(), &self.name).default_backoff());
        let mut tasks = pin!(watcher(cluster.task_runs(), of_run).default_backoff());
        loop {
            tokio::select! {
                Some(run) = runs.next() => match run {
                    Ok(Some(run)) => {
                        let run = PipelineRun::read(&run);
                        if run.ending.is_some() {
                            return Ok(run);
                        }
                    }
                    Ok(None) => return Err(self.vanished()),
                    Err(error) => self.endure(error)?,
                },
                Some(task) = tasks.next() => match task {
                    Ok(Event::Apply(task) | Event::InitApply(task)) => self.task_run(&task),
                    Ok(_) => {}
                    Err(error) => self.endure(error)?,
                },
                Some(line) = logs.recv() => self.log(line),
                Ok(()) = stop.changed() => {
                    let asked = *stop.borrow_and_update();
                    self.cancel(asked).await?;
                }
            }
            self.advance();
        }
    }

    /// Goes on after trouble with a watch, unless it will not go away.
    fn endure(&self, error: watcher::Error) -> Result<(), ClusterError> {
        let error = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => self.shared.cluster.error("watch the PipelineRun", error),
            _ => return Ok(()),
        };
        let is_final = matches!(error, ClusterError::Refused { code: 401 | 403, .. });
        if is_final { Err(error) } else { Ok(()) }
    }

    fn vanished(&self) -> ClusterError {
        ClusterError::Refused {
            doing: "follow the PipelineRun".to_owned(),
            reason: format!("`{}` is not there any more: someone deleted it", self.name),
            code: 404,
            help: None,
        }
    }

    async fn cancel(&mut self, asked: Stop) -> Result<(), ClusterError> {
        if asked <= self.asked {
            return Ok(());
        }
        self.asked = asked;
        match self.shared.cluster.cancel(&self.name, asked == Stop::Gently).await {
            // It may have ended by itself just now.
            Err(error)
                if !error.is_passing()
                    && !error.is_missing()
                    && !matches!(error, ClusterError::Refused { code: 400, .. }) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Takes what the TaskRuns are at the end, and what is left of the logs.
    async fn settle(&mut self, logs: &mut mpsc::Receiver<LogMessage>) -> Result<(), ClusterError> {
        for task in self.shared.cluster.task_runs_of(&self.name).await? {
            self.task_run(&task);
        }
        self.advance();
        let end = tokio::time::Instant::now() + LAST_LOGS;
        while self.steps.iter().any(|step| step.started && step.outcome.is_none() && step.log.is_none()) {
            match tokio::time::timeout_at(end, logs.recv()).await {
                Ok(Some(line)) => self.log(line),
                _ => break,
            }
            self.advance();
        }
        Ok(())
    }

    /// Notes how the steps of a TaskRun stand.
    fn task_run(&mut self, object: &DynamicObject) {
        let Some(task) = TaskRun::read(object) else { return };
        for status in &task.steps {
            let place = (task.task.clone(), status.name.clone());
            let Some(StepIndex(number)) = self.job.steps.get(&place) else { continue };
            let step = &mut self.steps[*number];
            step.state = status.state();
            step.pod = task.pod.clone().map(|pod| (pod, status.container.clone()));
            if !matches!(step.state, StepState::Waiting | StepState::Running) {
                step.ended.send_replace(true);
            }
        }
        if let Some(why) = task.waiting {
            let note = format!("task `{}` waits: {why}", task.task);
            if self.noted.insert(note.clone()) {
                self.note(note);
            }
        }
        if let Some(ending) = task.ending {
            self.endings.insert(task.task, ending);
        }
    }

    /// Takes a piece of a log.
    fn log(&mut self, message: LogMessage) {
        match message {
            LogMessage::Text(StepIndex(number), bytes) => {
                let shown = self.steps[number].redactor.push(&bytes);
                self.print(number, &shown);
            }
            LogMessage::End(StepIndex(number), lost) => self.steps[number].log = Some(lost),
        }
    }

    fn print(&mut self, number: usize, bytes: &[u8]) {
        self.steps[number].capture.push(bytes);
        if self.shared.options.stream_output && !bytes.is_empty() {
            let chunk =
                OutputChunk { stream: Stream::Both, text: String::from_utf8_lossy(bytes).into_owned() };
            self.say(EventKind::StepPrinted {
                plan: self.plan().key.clone(),
                step: StepIndex(number),
                chunk,
            });
        }
    }

    /// Says what can be said now: in each task, one step after the other.
    fn advance(&mut self) {
        for number in 0..self.steps.len() {
            let Some((task, _)) = self.steps[number].place.clone() else { continue };
            let is_turn = self.steps[..number]
                .iter()
                .filter(|step| step.place.as_ref().is_some_and(|place| place.0 == task))
                .all(|step| step.outcome.is_some());
            if is_turn && self.steps[number].outcome.is_none() {
                self.advance_step(number, &task);
            }
        }
    }

    fn advance_step(&mut self, number: usize, task: &str) {
        match self.steps[number].state.clone() {
            StepState::Waiting => {}
            StepState::Running => self.start_step(number),
            StepState::Skipped => {
                let need = self.failed_in(task).map(SkipReason::Need);
                let outcome = need.map_or(Outcome::Cancelled, |reason| Outcome::Skipped { reason });
                self.finish_step(number, not_run(outcome));
            }
            StepState::Ended(how) => {
                self.start_step(number);
                let ending = self.endings.get(task).map(|ending| ending.reason.clone());
                self.end_step(number, &how, ending.as_deref());
            }
            StepState::TimedOut(how) => {
                self.start_step(number);
                self.end_step(number, &how, Some("TaskRunTimeout"));
            }
        }
    }

    /// Returns the step of a task that did not pass.
    fn failed_in(&self, task: &str) -> Option<crate::tutorial::StepName> {
        let of_task = |step: &Followed| step.place.as_ref().is_some_and(|place| place.0 == task);
        let failed = |step: &Followed| step.outcome.as_ref().is_some_and(|outcome| !outcome.passed());
        let number = self.steps.iter().position(|step| of_task(step) && failed(step))?;
        Some(self.plan().steps[number].name.clone())
    }

    fn start_step(&mut self, number: usize) {
        let step = &mut self.steps[number];
        if step.started {
            return;
        }
        step.started = true;
        let reader = step.pod.clone().map(|(pod, container)| LogReader {
            cluster: self.shared.cluster.clone(),
            step: StepIndex(number),
            pod,
            container,
            ended: step.ended.subscribe(),
            lines: self.lines.clone(),
        });
        match reader {
            Some(reader) => {
                self.readers.spawn_local(reader.read());
            }
            None => step.log = Some(Some("its pod has no name".to_owned())),
        }
        let plan = self.plan().key.clone();
        self.say(EventKind::StepStarted { plan, step: StepIndex(number), attempt: 1 });
    }

    /// Ends a step whose container has ended, once its log is complete.
    fn end_step(&mut self, number: usize, how: &Terminated, task_ended: Option<&str>) {
        let Some(lost) = self.steps[number].log.clone() else { return };
        let mut output = self.output(number);
        output.trouble = output.trouble.or(lost);
        let result = verdict::of_step(&self.plan().steps[number], how, task_ended, output);
        self.finish_step(number, result);
    }

    fn output(&mut self, number: usize) -> StepOutput {
        let rest = self.steps[number].redactor.finish();
        self.print(number, &rest);
        let step = &mut self.steps[number];
        let empty = Capture::new(&self.job.job.outputs, &self.job.job.outputs_name, "", 0);
        std::mem::replace(&mut step.capture, empty).finish().0
    }

    fn finish_step(&mut self, number: usize, result: StepResult) {
        self.steps[number].outcome = Some(result.outcome.clone());
        let plan = self.plan().key.clone();
        self.say(EventKind::StepFinished { plan, step: StepIndex(number), result: Box::new(result) });
    }

    /// Says of every step how it ended; returns trouble that no step is to blame for.
    fn close(&mut self, followed: Result<PipelineRun, ClusterError>) -> Option<String> {
        let trouble = match &followed {
            Err(error) => Some(verdict::trouble(error)),
            Ok(PipelineRun { ending: Some(ending), .. }) if !ending.succeeded => {
                Some(format!("{}: {}", ending.reason, self.blame().unwrap_or(&ending.message)))
            }
            Ok(_) => None,
        };
        let broken =
            self.steps.iter().position(|step| step.outcome.as_ref().is_some_and(verdict::is_failure));
        for number in 0..self.steps.len() {
            if self.steps[number].outcome.is_some() {
                continue;
            }
            let need = broken.map(|broken| SkipReason::Need(self.plan().steps[broken].name.clone()));
            let outcome = match need {
                Some(reason) if !self.steps[number].started => Outcome::Skipped { reason },
                _ => Outcome::Cancelled,
            };
            let output = self.output(number);
            let attempt = u32::from(self.steps[number].started);
            self.finish_step(number, StepResult { output, attempt, ..not_run(outcome) });
        }
        // A step that failed says more than the pipeline that ended for it.
        trouble.filter(|_| broken.is_none() && (self.asked == Stop::No || followed.is_err()))
    }

    /// Returns what a task said that ended before any of its steps ran, for want of an image or of room.
    fn blame(&self) -> Option<&String> {
        self.endings.values().find(|ending| !ending.succeeded).map(|ending| &ending.message)
    }
}
