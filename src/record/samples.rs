//! Hand-made records for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Location, Source, Span};
use crate::event::{
    CheckResult, Coverage, Exit, Host, Outcome, SkipReason, StepInfo, StepKind, StepOutput, StepResult,
    Timestamp, TutorialOutcome, TutorialResult,
};
use crate::expect::{DiffLine, Mismatch};
use crate::plan::{
    Disposition, Fingerprint, Interpreter, InterpreterKind, Needs, Plan, PlanKey, PlannedStep, Work,
};
use crate::tutorial::{
    Action, Attributes, Dialect, FrontMatter, Requirements, Step, StepName, Text, Tutorial, Value,
};

use super::model::{Record, StepRecord, VERSION};

/// Returns the record of a tutorial of two steps that passed.
pub(crate) fn record() -> Record {
    record_of("tutorials/a.md")
}

/// Returns the same for another path.
pub(crate) fn record_of(tutorial: &str) -> Record {
    let started = Timestamp::from_second(1_700_000_000).expect("a time of our century");
    let build = StepResult {
        exit: Some(Exit::Status(0)),
        checks: vec![check_result(tutorial, None)],
        ..result(Outcome::Verified, "done\n")
    };
    let clean = result(Outcome::Unverified, "");
    Record {
        version: VERSION,
        plan: PlanKey { tutorial: tutorial.into(), variant: None },
        path: tutorial.into(),
        title: "A".into(),
        dialect: Dialect::Stagebook,
        stagebook: "0.1.0".into(),
        host: Host { distribution: "Debian".into(), architecture: "x86_64".into(), kernel: "6.12".into() },
        started,
        ended: started + Duration::from_secs(3),
        parameters: [("tag".to_owned(), Value::String("v1".into()))].into(),
        given: BTreeMap::new(),
        fingerprint: Fingerprint("f".into()),
        not_supported: Vec::new(),
        images: BTreeMap::new(),
        interrupted: None,
        result: tutorial_result(
            TutorialOutcome::Passed,
            Coverage { blocks: 2, verified: 1, unverified: 1, ..Coverage::default() },
        ),
        steps: vec![
            step("build", tutorial, 12, "make\necho done\n", build),
            step("clean", tutorial, 20, "make clean\n", clean),
        ],
        services_ended: Vec::new(),
    }
}

/// Returns the record of a tutorial whose first step failed, after a retry, with a diff.
pub(crate) fn failed_record(tutorial: &str) -> Record {
    let mut record = record_of(tutorial);
    let mismatch = Mismatch {
        summary: "output differs from line 2".into(),
        diff: vec![
            DiffLine::Matched { pattern: "made [..]".into(), line: "made in 3s".into() },
            DiffLine::Missing("done".into()),
            DiffLine::Unexpected("gone".into()),
            DiffLine::Skipped(30),
            DiffLine::Same("end".into()),
        ],
    };
    let failed = StepResult {
        attempt: 2,
        exit: Some(Exit::Status(0)),
        checks: vec![check_result(tutorial, Some(mismatch))],
        left_behind: vec!["sleep 1000".into()],
        ..result(Outcome::Failed { reason: "output differs from line 2".into() }, "made in 3s\ngone\nend\n")
    };
    let first_try = result(Outcome::Failed { reason: "exit status 7, expected 0".into() }, "");
    let need = SkipReason::Need(StepName("build".into()));
    record.steps[0] = StepRecord { result: failed, retries: vec![first_try], ..record.steps[0].clone() };
    record.steps[1].result = not_run(Outcome::Skipped { reason: need });
    record.result = tutorial_result(
        TutorialOutcome::Failed,
        Coverage { blocks: 2, failed: 1, skipped: 1, ..Coverage::default() },
    );
    record
}

/// Returns the record of a tutorial whose requirements are not met.
pub(crate) fn skipped_record(tutorial: &str) -> Record {
    let missing = vec!["`skopeo` is not installed: apt-get install skopeo".to_owned()];
    let mut record = record_of(tutorial);
    for step in &mut record.steps {
        step.result = not_run(Outcome::Skipped { reason: SkipReason::Requirement(missing.clone()) });
    }
    let coverage = Coverage { blocks: 2, skipped: 2, ..Coverage::default() };
    record.result = TutorialResult { missing, ..tutorial_result(TutorialOutcome::Skipped, coverage) };
    record
}

/// Returns a result of a step that ran.
pub(crate) fn result(outcome: Outcome, output: &str) -> StepResult {
    let bytes = output.len() as u64;
    StepResult {
        outcome,
        duration: Duration::from_millis(1_500),
        attempt: 1,
        exit: None,
        checks: Vec::new(),
        output: StepOutput { bytes, kept: bytes, text: output.into(), ..StepOutput::default() },
        commands: Vec::new(),
        left_behind: Vec::new(),
        images: Vec::new(),
    }
}

/// Returns a result of a step that did not run.
pub(crate) fn not_run(outcome: Outcome) -> StepResult {
    StepResult { duration: Duration::ZERO, attempt: 0, ..result(outcome, "") }
}

fn check_result(tutorial: &str, mismatch: Option<Mismatch>) -> CheckResult {
    CheckResult { location: location(tutorial, 16), mismatch, captures: BTreeMap::new(), score: None }
}

fn tutorial_result(outcome: TutorialOutcome, coverage: Coverage) -> TutorialResult {
    TutorialResult {
        outcome,
        coverage,
        duration: Duration::from_secs(3),
        missing: Vec::new(),
        trouble: None,
        workspace: None,
        images: Vec::new(),
        results: Vec::new(),
    }
}

fn location(tutorial: &str, line: usize) -> Location {
    Location { path: tutorial.into(), line, column: 1 }
}

fn step(name: &str, tutorial: &str, line: usize, text: &str, result: StepResult) -> StepRecord {
    let info = StepInfo {
        name: StepName(name.into()),
        headings: vec!["A".into(), "Build it".into()],
        kind: StepKind::Command,
        language: "bash".into(),
        location: location(tutorial, line),
        text: text.into(),
        fingerprint: Fingerprint(format!("f-{name}")),
        cleanup: false,
    };
    StepRecord { info, result, retries: Vec::new() }
}

/// Returns a plan that a record could have come from.
pub(crate) fn plan_of(record: &Record) -> Plan {
    let source = Source::new(&record.plan.tutorial, "");
    let steps = record.steps.iter();
    Plan {
        key: record.plan.clone(),
        tutorial: Arc::new(Tutorial {
            dialect: record.dialect,
            front_matter: FrontMatter::default(),
            title: record.title.clone(),
            steps: steps.clone().map(|step| page_step(&source, &step.info)).collect(),
            other_blocks: Vec::new(),
            body: Span::new(0, 0),
            comments: Vec::new(),
            headings: Vec::new(),
            links: Vec::new(),
            includes: Vec::new(),
            prerequisites: Vec::new(),
            source: Arc::clone(&source),
        }),
        parameters: record.parameters.clone(),
        environment: BTreeMap::new(),
        secrets: Vec::new(),
        requires: Requirements::default(),
        steps: steps.enumerate().map(|(index, step)| planned_step(index, &step.info)).collect(),
        fingerprint: record.fingerprint.clone(),
    }
}

fn page_step(source: &Arc<Source>, info: &StepInfo) -> Step {
    Step {
        name: info.name.clone(),
        named: true,
        info: String::new(),
        headings: info.headings.clone(),
        anchor: None,
        description: String::new(),
        language: info.language.clone(),
        place: crate::diagnostic::Place::new(source, 0..0),
        text: Text { content: info.text.clone(), source: Arc::clone(source), lines: Vec::new() },
        action: Action::Command,
        attributes: Attributes::default(),
        expected: Vec::new(),
    }
}

fn planned_step(source: usize, info: &StepInfo) -> PlannedStep {
    let interpreter =
        Interpreter { language: "bash".into(), command: vec!["bash".into()], kind: InterpreterKind::Bash };
    PlannedStep {
        name: info.name.clone(),
        source,
        work: Work::Command { text: info.text.clone(), interpreter },
        disposition: Disposition::Run,
        needs: Needs::AllBefore,
        cleanup: false,
        session: "default".into(),
        cwd: None,
        env: BTreeMap::new(),
        timeout: Duration::from_secs(60),
        tries: 1,
        retry_delay: Duration::from_secs(1),
        errexit: true,
        exit: None,
        expected: Vec::new(),
        cache: true,
        fingerprint: info.fingerprint.clone(),
    }
}
