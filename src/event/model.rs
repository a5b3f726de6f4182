//! The events, and the values in them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Location;
use crate::expect::{Captures, Mismatch, Stream};
use crate::image::compare::{LevelReport, Verdict};
use crate::image::{BuiltImage, ImageSummary};
use crate::plan::{Fingerprint, PlanKey, StepIndex, StepKind};
use crate::tutorial::{Dialect, StepName, Value};

/// A moment, as RFC 3339 in UTC in JSON.
pub type Timestamp = jiff::Timestamp;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunEvent {
    /// The wall clock, which may jump.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Since the run began, by a clock that does not jump.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub elapsed: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Returns the JSON schema of an event.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RunEvent).to_value()
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The first event.
    RunStarted {
        /// Version of stagebook.
        stagebook: String,
        /// The machine.
        host: Host,
        /// How many plans will be started.
        plans: usize,
        /// How many steps they have together.
        steps: usize,
        /// How many plans run at once.
        jobs: usize,
    },
    /// A plan begins.
    TutorialStarted(Box<TutorialStart>),
    /// Something that whoever waits for a plan should know, such as why a cluster does not begin with it.
    TutorialNoted {
        /// The plan.
        plan: PlanKey,
        /// What there is to know, in a line.
        note: String,
    },
    /// A step begins. Nothing of it has run yet.
    StepStarted {
        /// The plan.
        plan: PlanKey,
        /// The step.
        step: StepIndex,
        /// Which try this is, counted from 1.
        attempt: u32,
    },
    /// A step printed something. Sent only where a listener asked for it.
    StepPrinted {
        /// The plan.
        plan: PlanKey,
        /// The step.
        step: StepIndex,
        /// What it printed.
        chunk: OutputChunk,
    },
    /// A step takes long.
    StepSlow {
        /// The plan.
        plan: PlanKey,
        /// The step.
        step: StepIndex,
        /// How long it has run.
        #[serde(with = "seconds")]
        #[schemars(with = "f64")]
        running: Duration,
    },
    /// A try failed, and there will be another.
    StepRetried {
        /// The plan.
        plan: PlanKey,
        /// The step.
        step: StepIndex,
        /// What came of the try.
        result: Box<StepResult>,
        /// How long until the next.
        #[serde(with = "seconds")]
        #[schemars(with = "f64")]
        delay: Duration,
    },
    /// A step is over, or was not run. Each step of a plan has exactly one of these.
    StepFinished {
        /// The plan.
        plan: PlanKey,
        /// The step.
        step: StepIndex,
        /// What came of it.
        result: Box<StepResult>,
    },
    /// All that a service printed, once it has ended. Its step's result had what came until it was ready.
    ServicePrinted {
        /// The plan.
        plan: PlanKey,
        /// The step that started it.
        step: StepIndex,
        /// What it printed.
        output: Box<StepOutput>,
    },
    /// A service ended by itself before the end of the plan.
    ServiceEnded {
        /// The plan.
        plan: PlanKey,
        /// The step that started it.
        step: StepIndex,
        /// How it ended, where that is known.
        exit: Option<Exit>,
    },
    /// A plan is over.
    TutorialFinished {
        /// The plan.
        plan: PlanKey,
        /// What came of it.
        result: Box<TutorialResult>,
    },
    /// Someone asked the run to stop.
    Interrupted {
        /// The signal's name.
        signal: String,
    },
    /// The last event.
    RunFinished {
        /// What came of all.
        totals: Totals,
        /// Whether it was interrupted.
        interrupted: bool,
    },
    /// Time passed: progress displays draw themselves. Never recorded.
    Tick,
}

/// The machine that a run ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// `PRETTY_NAME` of os-release, or the system's name.
    pub distribution: String,
    /// `x86_64`.
    pub architecture: String,
    /// Release of the kernel.
    pub kernel: String,
}

/// A plan that begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TutorialStart {
    /// The plan.
    pub plan: PlanKey,
    /// Path of the page, as the user knows it.
    pub path: PathBuf,
    /// The tutorial's title.
    pub title: String,
    /// Whose conventions the page follows.
    pub dialect: Dialect,
    /// Values of its parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Those of them that are not what the page declares, as a caller or the matrix gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, Value>,
    /// The plan's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its steps in the order in which they run.
    pub steps: Vec<StepInfo>,
    /// Shell blocks of the page that can not be run, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_supported: Vec<(Location, String)>,
    /// Images that the page promises, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
}

/// A step, as a reporter needs to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepInfo {
    /// Its name.
    pub name: StepName,
    /// Titles of the headings above it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    /// What kind of step it is.
    pub kind: StepKind,
    /// The block's language.
    pub language: String,
    /// Where it stands.
    pub location: Location,
    /// What is run or written, as it is on the page.
    pub text: String,
    /// The step's fingerprint.
    pub fingerprint: Fingerprint,
    /// Runs at the end whatever happened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleanup: bool,
}

/// A piece of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutputChunk {
    /// Which stream; `both` where they are not told apart.
    pub stream: Stream,
    /// The text. Bytes that are not UTF-8 are replaced; the kept output has them.
    pub text: String,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// With a status.
    Status(i32),
    /// By a signal, by name (`SIGKILL`).
    Signal(String),
}

/// What came of a step: every ending is a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It passed, and an expectation held.
    Verified,
    /// It ran, and nothing was expected of it.
    Unverified,
    /// It did not do what the text says.
    Failed {
        /// One line: `exit status 2, expected 0`, `output differs from line 3`.
        reason: String,
    },
    /// It took longer than it may.
    TimedOut {
        /// How long it was allowed.
        #[serde(with = "seconds")]
        #[schemars(with = "f64")]
        limit: Duration,
    },
    /// It was not run.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// The run was stopped before or while it ran.
    Cancelled,
}

/// Why a step was not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "why", content = "detail", rename_all = "kebab-case")]
pub enum SkipReason {
    /// The page says so, with this reason.
    Page(String),
    /// Only a person can do it.
    Manual,
    /// Its `when` is false.
    When(String),
    /// The command line left it out.
    NotSelected,
    /// A step that it needs did not pass.
    Need(StepName),
    /// A step that it needs by name is one that the page leaves out.
    NeedLeftOut(StepName),
    /// The machine lacks something; each line names a thing.
    Requirement(Vec<String>),
}

/// What came of a step, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepResult {
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// Which try this is, counted from 1; 0 where it was not run.
    pub attempt: u32,
    /// How its process ended, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Its checks, in page order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
    /// What it printed.
    #[serde(default, skip_serializing_if = "StepOutput::is_empty")]
    pub output: StepOutput,
    /// For a transcript, each command that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandResult>,
    /// Processes that it left behind and that still held its output, by command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<String>,
    /// The images that were there after it and not before it, where a run looks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<BuiltImage>,
}

impl StepResult {
    /// Returns each stream of each command, and then of the step as a whole.
    pub fn outputs(&self) -> impl Iterator<Item = &StepOutput> {
        let commands = self.commands.iter().map(|command| &command.output);
        commands.chain([&self.output]).flat_map(StepOutput::streams)
    }

    /// Returns whether the step failed for nothing but output that differs from what its page shows.
    pub fn only_output_differs(&self) -> bool {
        let Outcome::Failed { reason } = &self.outcome else { return false };
        let mut mismatches = self.checks.iter().filter_map(|check| check.mismatch.as_ref());
        mismatches.any(|mismatch| mismatch.summary == *reason)
    }
}

/// A promise of the page, and whether it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// Where the promise stands.
    pub location: Location,
    /// How it was broken; `None` if it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// What captures took.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captures: Captures,
    /// For similarity, the measured value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// A command of a transcript that ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CommandResult {
    /// The command.
    pub command: String,
    /// Where it stands.
    pub location: Location,
    /// How it ended.
    pub exit: Exit,
    /// What it printed.
    #[serde(default, skip_serializing_if = "StepOutput::is_empty")]
    pub output: StepOutput,
}

/// What a step printed.
///
/// Output that is short and UTF-8 stands in the event itself; other output is in a file
/// beside the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepOutput {
    /// How many bytes it printed.
    pub bytes: u64,
    /// How many of them are kept; fewer than `bytes` where the middle was cut.
    pub kept: u64,
    /// The output, or where it is in a file the last lines of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Name of the file with all that is kept, relative to the record's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why no file could be written, where one was needed: `No space left on device`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Standard error, where it was kept apart because a check asked for one stream alone. It has none itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Box<StepOutput>>,
}

impl PromisedImage {
    /// Returns the names of the files with the whole report of its comparison, relative to the record's folder.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let outcome = self.parity.as_ref().map(|parity| &parity.outcome);
        let files = match outcome {
            Some(ParityOutcome::Compared(report)) => [report.json.as_deref(), report.html.as_deref()],
            _ => [None, None],
        };
        files.into_iter().flatten()
    }
}

impl StepOutput {
    /// Returns whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0 && self.stderr.is_none()
    }

    /// Returns what a check of this stream looks at; `None` for standard error that is not apart.
    pub fn of(&self, stream: Stream) -> Option<&Self> {
        match stream {
            Stream::Both | Stream::Stdout => Some(self),
            Stream::Stderr => self.stderr.as_deref(),
        }
    }

    /// Returns each stream that was kept by itself.
    pub fn streams(&self) -> impl Iterator<Item = &Self> {
        [Some(self), self.stderr.as_deref()].into_iter().flatten()
    }
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TutorialResult {
    /// What came of it.
    pub outcome: TutorialOutcome,
    /// Every shell block of the page accounted for.
    pub coverage: Coverage,
    /// How long it took.
    #[serde(with = "seconds")]
    #[schemars(with = "f64")]
    pub duration: Duration,
    /// What is missing on the machine, one thing an entry, where it was skipped for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Trouble that is nobody's finding: the workspace could not be made, a shell could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The workspace, where it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<PathBuf>,
    /// The images that the page promises, as they were when its steps were over and nothing was cleaned up yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<PromisedImage>,
    /// The results that the page names, as its steps left them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<NamedResult>,
}

/// A value that steps left behind under a name of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamedResult {
    /// The name.
    pub name: String,
    /// What the steps wrote.
    pub value: String,
}

/// An image that a page promises, and what was found of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PromisedImage {
    /// Its name on the page.
    pub name: String,
    /// Where the page says that it is: `oci:image:1`.
    pub reference: String,
    /// What was found there.
    #[serde(flatten)]
    pub found: ImageFound,
    /// How it compares with the production image of its name, where the page names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Parity>,
}

/// What was found of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum ImageFound {
    /// The image.
    Image(ImageSummary),
    /// Nothing, or something broken.
    Nothing {
        /// What is there instead.
        reason: String,
    },
    /// It was not looked for.
    Unread {
        /// Why.
        reason: String,
    },
}

/// How an image compares with the production image that it is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Parity {
    /// The production image, as the page names it.
    pub reference: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: ParityOutcome,
}

/// What came of a comparison with a production image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum ParityOutcome {
    /// They were compared.
    Compared(ParityReport),
    /// They were not.
    NotCompared {
        /// Why.
        reason: String,
    },
}

/// What a comparison with a production image says, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ParityReport {
    /// The platform whose images were compared.
    pub platform: String,
    /// Digest of the production image's manifest for it.
    pub reference_digest: String,
    /// What came of all levels together.
    pub verdict: Verdict,
    /// The verdict in one line.
    pub summary: String,
    /// What came of each level.
    pub levels: Vec<LevelReport>,
    /// Name of the file with the whole report as JSON, relative to the record's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// Name of the file with the whole report as a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Why the files could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What came of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TutorialOutcome {
    /// Every step that ran passed, and at least one ran.
    Passed,
    /// A step failed, or nothing was executed.
    Failed,
    /// The machine lacks something, or every step was left out.
    Skipped,
    /// The run was stopped.
    Cancelled,
}

/// Every block that does something, accounted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coverage {
    /// All of them.
    pub blocks: usize,
    /// Ran and passed with an expectation that held.
    pub verified: usize,
    /// Ran and passed without an expectation.
    pub unverified: usize,
    /// Ran and failed or timed out.
    pub failed: usize,
    /// Left out, for a reason.
    pub skipped: usize,
    /// Left to a person.
    pub manual: usize,
    /// Could not be run by any means.
    pub not_supported: usize,
    /// Stopped before they ran or ended.
    pub cancelled: usize,
}

impl Coverage {
    /// Returns how many blocks ran.
    pub fn executed(&self) -> usize {
        self.verified + self.unverified + self.failed
    }
}

impl std::ops::AddAssign for Coverage {
    fn add_assign(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.verified += other.verified;
        self.unverified += other.unverified;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.manual += other.manual;
        self.not_supported += other.not_supported;
        self.cancelled += other.cancelled;
    }
}

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Totals {
    /// Plans that passed.
    pub passed: usize,
    /// Plans that failed.
    pub failed: usize,
    /// Plans that were skipped.
    pub skipped: usize,
    /// Plans that were stopped.
    pub cancelled: usize,
    /// The blocks of all plans.
    pub coverage: Coverage,
}

impl Totals {
    /// Adds what came of a plan.
    pub fn count(&mut self, result: &TutorialResult) {
        self.coverage += result.coverage;
        let counter = match result.outcome {
            TutorialOutcome::Passed => &mut self.passed,
            TutorialOutcome::Failed => &mut self.failed,
            TutorialOutcome::Skipped => &mut self.skipped,
            TutorialOutcome::Cancelled => &mut self.cancelled,
        };
        *counter += 1;
    }
}

/// Durations as seconds with a fraction, rounded to microseconds, so that reading gives what was written.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    const MICROS_PER_SECOND: f64 = 1e6;

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = (duration.as_secs_f64() * MICROS_PER_SECOND).round();
        serializer.serialize_f64(micros / MICROS_PER_SECOND)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds =
            Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)?;
        let micros = (seconds.as_nanos() + 500) / 1_000;
        u64::try_from(micros).map(Duration::from_micros).map_err(D::Error::custom)
    }
}
