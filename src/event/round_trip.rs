//! Any event that is written as JSON and read back is equal.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Location;
use crate::expect::{DiffLine, Mismatch, Stream};
use crate::image::compare::{Level, LevelReport, Verdict};
use crate::image::{BuiltImage, ContentSummary, ImageSummary, LayerBrief, PackageSummary, PlatformSummary};
use crate::plan::{Fingerprint, PlanKey, StepIndex};
use crate::tutorial::{Dialect, StepName, Value};

fn text() -> BoxedStrategy<String> {
    any::<String>().boxed()
}

fn duration() -> BoxedStrategy<Duration> {
    (0..100_000_000_000_000_u64).prop_map(Duration::from_micros).boxed()
}

/// Numbers of few digits: those survive JSON exactly with the fast parser.
fn number() -> BoxedStrategy<f64> {
    any::<i32>().prop_map(|value| f64::from(value) / 1000.0).boxed()
}

fn plan() -> BoxedStrategy<PlanKey> {
    (text(), proptest::option::of(text()))
        .prop_map(|(tutorial, variant)| PlanKey { tutorial, variant })
        .boxed()
}

fn step() -> BoxedStrategy<StepIndex> {
    any::<usize>().prop_map(StepIndex).boxed()
}

fn location() -> BoxedStrategy<Location> {
    (text(), any::<usize>(), any::<usize>())
        .prop_map(|(path, line, column)| Location { path: path.into(), line, column })
        .boxed()
}

fn exit() -> BoxedStrategy<Exit> {
    prop_oneof![any::<i32>().prop_map(Exit::Status), text().prop_map(Exit::Signal)].boxed()
}

fn stream_output() -> BoxedStrategy<StepOutput> {
    let texts = (text(), proptest::option::of(text()), proptest::option::of(text()));
    (1..u64::MAX, any::<u64>(), texts)
        .prop_map(|(bytes, kept, (text, file, trouble))| StepOutput {
            bytes,
            kept,
            text,
            file,
            trouble,
            stderr: None,
        })
        .boxed()
}

fn output() -> BoxedStrategy<StepOutput> {
    (stream_output(), proptest::option::of(stream_output()))
        .prop_map(|(output, stderr)| StepOutput { stderr: stderr.map(Box::new), ..output })
        .boxed()
}

fn skip_reason() -> BoxedStrategy<SkipReason> {
    prop_oneof![
        text().prop_map(SkipReason::Page),
        Just(SkipReason::Manual),
        text().prop_map(SkipReason::When),
        Just(SkipReason::NotSelected),
        text().prop_map(|name| SkipReason::Need(StepName(name))),
        text().prop_map(|name| SkipReason::NeedLeftOut(StepName(name))),
        proptest::collection::vec(text(), 0..3).prop_map(SkipReason::Requirement),
    ]
    .boxed()
}

fn outcome() -> BoxedStrategy<Outcome> {
    prop_oneof![
        Just(Outcome::Verified),
        Just(Outcome::Unverified),
        text().prop_map(|reason| Outcome::Failed { reason }),
        duration().prop_map(|limit| Outcome::TimedOut { limit }),
        skip_reason().prop_map(|reason| Outcome::Skipped { reason }),
        Just(Outcome::Cancelled),
    ]
    .boxed()
}

fn diff_line() -> BoxedStrategy<DiffLine> {
    prop_oneof![
        text().prop_map(DiffLine::Same),
        (text(), text()).prop_map(|(pattern, line)| DiffLine::Matched { pattern, line }),
        any::<usize>().prop_map(DiffLine::Skipped),
        text().prop_map(DiffLine::Missing),
        text().prop_map(DiffLine::Unexpected),
    ]
    .boxed()
}

fn check_result() -> BoxedStrategy<CheckResult> {
    let mismatch = (text(), proptest::collection::vec(diff_line(), 0..3))
        .prop_map(|(summary, diff)| Mismatch { summary, diff });
    let captures = proptest::collection::btree_map(text(), text(), 0..3);
    (location(), proptest::option::of(mismatch), captures, proptest::option::of(number()))
        .prop_map(|(location, mismatch, captures, score)| CheckResult { location, mismatch, captures, score })
        .boxed()
}

fn command_result() -> BoxedStrategy<CommandResult> {
    (text(), location(), exit(), output())
        .prop_map(|(command, location, exit, output)| CommandResult { command, location, exit, output })
        .boxed()
}

fn built_image() -> BoxedStrategy<BuiltImage> {
    (text(), proptest::option::of(text())).prop_map(|(name, digest)| BuiltImage { name, digest }).boxed()
}

fn step_result() -> BoxedStrategy<StepResult> {
    let evidence = (
        proptest::option::of(exit()),
        proptest::collection::vec(check_result(), 0..3),
        output(),
        proptest::collection::vec(command_result(), 0..3),
        proptest::collection::vec(text(), 0..3),
        proptest::collection::vec(built_image(), 0..2),
    );
    (outcome(), duration(), any::<u32>(), evidence)
        .prop_map(|(outcome, duration, attempt, (exit, checks, output, commands, left_behind, images))| {
            StepResult { outcome, duration, attempt, exit, checks, output, commands, left_behind, images }
        })
        .boxed()
}

fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        number().prop_map(Value::Number),
        text().prop_map(Value::String)
    ]
    .boxed()
}

fn step_info() -> BoxedStrategy<StepInfo> {
    let kind = prop_oneof![Just(StepKind::Command), Just(StepKind::Transcript), Just(StepKind::File)];
    let headings = proptest::collection::vec(text(), 0..3);
    (text(), headings, kind, text(), location(), text(), any::<bool>())
        .prop_map(|(name, headings, kind, language, location, text, cleanup)| StepInfo {
            name: StepName(name),
            headings,
            kind,
            language,
            location,
            fingerprint: Fingerprint(text.clone()),
            text,
            cleanup,
        })
        .boxed()
}

fn tutorial_start() -> BoxedStrategy<TutorialStart> {
    let lists = (
        proptest::collection::vec(step_info(), 0..3),
        proptest::collection::vec((location(), text()), 0..2),
        proptest::collection::btree_map(text(), value(), 0..3),
    );
    (plan(), text(), lists)
        .prop_map(|(plan, title, (steps, not_supported, parameters))| TutorialStart {
            plan,
            path: title.clone().into(),
            fingerprint: Fingerprint(title.clone()),
            title,
            dialect: Dialect::InnovationEngine,
            given: parameters.clone(),
            parameters,
            steps,
            not_supported,
            images: BTreeMap::new(),
        })
        .boxed()
}

fn tutorial_result() -> BoxedStrategy<TutorialResult> {
    let texts = (proptest::collection::vec(text(), 0..3), proptest::option::of(text()));
    (any::<usize>(), duration(), texts)
        .prop_map(|(blocks, duration, (missing, trouble))| TutorialResult {
            outcome: TutorialOutcome::Skipped,
            coverage: Coverage { blocks, ..Coverage::default() },
            duration,
            missing,
            workspace: trouble.clone().map(Into::into),
            images: trouble.iter().map(|text| promised_image(text)).collect(),
            results: trouble.iter().map(|text| named_result(text)).collect(),
            trouble,
        })
        .boxed()
}

fn named_result(text: &str) -> NamedResult {
    NamedResult { name: text.to_owned(), value: text.to_owned() }
}

fn promised_image(text: &str) -> PromisedImage {
    let reason = text.to_owned();
    let found = match text.len() % 3 {
        0 => ImageFound::Nothing { reason },
        1 => ImageFound::Unread { reason },
        _ => ImageFound::Image(ImageSummary {
            digest: format!("sha256:{reason}"),
            media_type: reason.clone(),
            size: 1,
            platforms: vec![reason.clone()],
            images: vec![platform_summary(&reason)],
        }),
    };
    let outcome = match text.len() % 2 {
        0 => ParityOutcome::NotCompared { reason: text.to_owned() },
        _ => ParityOutcome::Compared(parity_report(text)),
    };
    let parity = (text.len() > 3).then(|| Parity { reference: text.to_owned(), outcome });
    PromisedImage { name: text.to_owned(), reference: text.to_owned(), found, parity }
}

fn platform_summary(text: &str) -> PlatformSummary {
    let some = || Some(text.to_owned());
    let packages = PackageSummary { manager: "rpm".into(), count: 2, packages: vec![text.to_owned()] };
    PlatformSummary {
        platform: text.to_owned(),
        digest: text.to_owned(),
        created: some(),
        layers: vec![LayerBrief { digest: text.to_owned(), size: u64::MAX, command: some() }],
        boot: vec![text.to_owned()],
        content: Some(ContentSummary {
            system: some(),
            names: 1,
            unpacked: 2,
            kernels: vec![text.to_owned()],
            init: some(),
            packages: vec![packages],
            notes: vec![text.to_owned()],
        }),
        unread: some(),
    }
}

fn parity_report(text: &str) -> ParityReport {
    let report = |level| LevelReport {
        level,
        verdict: Verdict::Explained,
        explained: 1,
        different: 0,
        note: Some(text.to_owned()),
    };
    ParityReport {
        platform: text.to_owned(),
        reference_digest: text.to_owned(),
        verdict: Verdict::Different,
        summary: text.to_owned(),
        levels: Level::ALL.into_iter().map(report).collect(),
        json: Some(text.to_owned()),
        html: None,
        trouble: Some(text.to_owned()),
    }
}

fn kind() -> BoxedStrategy<EventKind> {
    let host = Host { distribution: "Debian".into(), architecture: "x86_64".into(), kernel: "6".into() };
    prop_oneof![
        (text(), any::<usize>()).prop_map(move |(stagebook, steps)| EventKind::RunStarted {
            stagebook,
            host: host.clone(),
            plans: 2,
            steps,
            jobs: 1
        }),
        tutorial_start().prop_map(|start| EventKind::TutorialStarted(Box::new(start))),
        (plan(), text()).prop_map(|(plan, note)| EventKind::TutorialNoted { plan, note }),
        (plan(), step(), any::<u32>()).prop_map(|(plan, step, attempt)| EventKind::StepStarted {
            plan,
            step,
            attempt
        }),
        (plan(), step(), text()).prop_map(|(plan, step, text)| EventKind::StepPrinted {
            plan,
            step,
            chunk: OutputChunk { stream: Stream::Both, text }
        }),
        (plan(), step(), duration()).prop_map(|(plan, step, running)| EventKind::StepSlow {
            plan,
            step,
            running
        }),
        (plan(), step(), step_result(), duration()).prop_map(|(plan, step, result, delay)| {
            EventKind::StepRetried { plan, step, result: Box::new(result), delay }
        }),
        (plan(), step(), step_result()).prop_map(|(plan, step, result)| EventKind::StepFinished {
            plan,
            step,
            result: Box::new(result)
        }),
        (plan(), step(), output()).prop_map(|(plan, step, output)| EventKind::ServicePrinted {
            plan,
            step,
            output: Box::new(output)
        }),
        (plan(), step(), proptest::option::of(exit()))
            .prop_map(|(plan, step, exit)| { EventKind::ServiceEnded { plan, step, exit } }),
        (plan(), tutorial_result())
            .prop_map(|(plan, result)| EventKind::TutorialFinished { plan, result: Box::new(result) }),
        text().prop_map(|signal| EventKind::Interrupted { signal }),
        any::<bool>()
            .prop_map(|interrupted| EventKind::RunFinished { totals: Totals::default(), interrupted }),
        Just(EventKind::Tick),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_event_survives_json(seconds in -1_000_000_000_i64..4_000_000_000, elapsed in duration(), kind in kind()) {
        let at = Timestamp::from_second(seconds).expect("the range lies within the calendar");
        let event = RunEvent { at, elapsed, kind };
        let json = serde_json::to_string(&event).expect("an event is JSON");
        prop_assert_eq!(serde_json::from_str::<RunEvent>(&json).expect("what was written can be read"), event);
    }

    #[test]
    fn durations_are_rounded_to_microseconds(nanos in 0..1_000_000_000_000_u64) {
        let at = Timestamp::UNIX_EPOCH;
        let event = RunEvent { at, elapsed: Duration::from_nanos(nanos), kind: EventKind::Tick };
        let json = serde_json::to_string(&event).expect("an event is JSON");
        let read: RunEvent = serde_json::from_str(&json).expect("what was written can be read");
        prop_assert!(read.elapsed.abs_diff(event.elapsed) <= Duration::from_nanos(501));
        prop_assert_eq!(serde_json::to_string(&read).expect("an event is JSON"), json);
    }
}
