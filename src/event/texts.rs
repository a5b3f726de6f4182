//! Every text of an event, in one place: whoever must see or change them all comes here.
//!
//! Fields are taken apart by name and without a rest, so that a new one cannot be forgotten.

use super::model::{
    CheckResult, CommandResult, EventKind, ImageFound, NamedResult, Outcome, Parity, ParityOutcome,
    PromisedImage, SkipReason, StepInfo, StepOutput, StepResult, TutorialResult, TutorialStart,
};
use crate::expect::{DiffLine, Mismatch};
use crate::image::{ContentSummary, PlatformSummary};
use crate::tutorial::Value;

/// Is given each text, to change it.
type Change<'a> = dyn FnMut(&mut String) + 'a;

impl EventKind {
    /// Gives each text of the event to `change`.
    ///
    /// Names are no texts: those of plans, steps, parameters and files are how things are found.
    /// Nor are pieces of output, which are parts of a text only.
    pub(crate) fn change_texts(&mut self, change: &mut Change<'_>) {
        match self {
            Self::TutorialStarted(start) => start.change_texts(change),
            Self::TutorialNoted { plan: _, note } => change(note),
            Self::StepRetried { plan: _, step: _, result, delay: _ }
            | Self::StepFinished { plan: _, step: _, result } => result.change_texts(change),
            Self::ServicePrinted { plan: _, step: _, output } => output.change_texts(change),
            Self::TutorialFinished { plan: _, result } => result.change_texts(change),
            Self::RunStarted { .. }
            | Self::StepStarted { .. }
            | Self::StepPrinted { .. }
            | Self::StepSlow { .. }
            | Self::ServiceEnded { .. }
            | Self::Interrupted { .. }
            | Self::RunFinished { .. }
            | Self::Tick => {}
        }
    }
}

impl TutorialStart {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self {
            plan: _,
            path: _,
            title,
            dialect: _,
            parameters,
            given,
            fingerprint: _,
            steps,
            not_supported,
            images,
        } = self;
        change(title);
        parameters.values_mut().chain(given.values_mut()).for_each(|value| change_value(value, change));
        steps.iter_mut().for_each(|step| step.change_texts(change));
        not_supported.iter_mut().for_each(|(_, reason)| change(reason));
        images.values_mut().for_each(change);
    }
}

/// Changes a value; one that reads otherwise afterwards is a string.
fn change_value(value: &mut Value, change: &mut Change<'_>) {
    let before = value.to_string();
    let mut text = before.clone();
    change(&mut text);
    if text != before {
        *value = Value::String(text);
    }
}

impl StepInfo {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { name: _, headings, kind: _, language, location: _, text, fingerprint: _, cleanup: _ } =
            self;
        headings.iter_mut().for_each(&mut *change);
        change(language);
        change(text);
    }
}

impl StepResult {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self {
            outcome,
            duration: _,
            attempt: _,
            exit: _,
            checks,
            output,
            commands,
            left_behind,
            images: _,
        } = self;
        outcome.change_texts(change);
        checks.iter_mut().for_each(|check| check.change_texts(change));
        output.change_texts(change);
        commands.iter_mut().for_each(|command| command.change_texts(change));
        left_behind.iter_mut().for_each(change);
    }
}

impl Outcome {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        match self {
            Self::Failed { reason } => change(reason),
            Self::Skipped { reason } => match reason {
                SkipReason::Page(text) | SkipReason::When(text) => change(text),
                SkipReason::Requirement(lines) => lines.iter_mut().for_each(change),
                SkipReason::Manual
                | SkipReason::NotSelected
                | SkipReason::Need(_)
                | SkipReason::NeedLeftOut(_) => {}
            },
            Self::Verified | Self::Unverified | Self::TimedOut { .. } | Self::Cancelled => {}
        }
    }
}

impl CheckResult {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { location: _, mismatch, captures, score: _ } = self;
        if let Some(Mismatch { summary, diff }) = mismatch {
            change(summary);
            diff.iter_mut().for_each(|line| change_line(line, change));
        }
        captures.values_mut().for_each(change);
    }
}

fn change_line(line: &mut DiffLine, change: &mut Change<'_>) {
    match line {
        DiffLine::Same(text) | DiffLine::Missing(text) | DiffLine::Unexpected(text) => change(text),
        DiffLine::Matched { pattern, line } => {
            change(pattern);
            change(line);
        }
        DiffLine::Skipped(_) => {}
    }
}

impl CommandResult {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { command, location: _, exit: _, output } = self;
        change(command);
        output.change_texts(change);
    }
}

impl StepOutput {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { bytes: _, kept: _, text, file: _, trouble, stderr } = self;
        change(text);
        trouble.iter_mut().for_each(&mut *change);
        if let Some(stderr) = stderr {
            stderr.change_texts(change);
        }
    }
}

impl TutorialResult {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { outcome: _, coverage: _, duration: _, missing, trouble, workspace: _, images, results } =
            self;
        missing.iter_mut().for_each(&mut *change);
        trouble.iter_mut().for_each(&mut *change);
        images.iter_mut().for_each(|image| image.change_texts(change));
        results.iter_mut().for_each(|NamedResult { name: _, value }| change(value));
    }
}

impl PromisedImage {
    fn change_texts(&mut self, change: &mut Change<'_>) {
        let Self { name: _, reference, found, parity } = self;
        change(reference);
        match found {
            ImageFound::Image(image) => image.images.iter_mut().for_each(|image| platform(image, change)),
            ImageFound::Nothing { reason } | ImageFound::Unread { reason } => change(reason),
        }
        if let Some(Parity { reference, outcome }) = parity {
            change(reference);
            match outcome {
                ParityOutcome::Compared(report) => report.trouble.iter_mut().for_each(change),
                ParityOutcome::NotCompared { reason } => change(reason),
            }
        }
    }
}

/// Changes what an image says in words; digests and numbers are no texts of the page's.
fn platform(image: &mut PlatformSummary, change: &mut Change<'_>) {
    let PlatformSummary { platform: _, digest: _, created: _, layers, boot, content, unread } = image;
    layers.iter_mut().filter_map(|layer| layer.command.as_mut()).for_each(&mut *change);
    boot.iter_mut().chain(unread).for_each(&mut *change);
    let Some(content) = content else { return };
    let ContentSummary { system, names: _, unpacked: _, kernels, init, packages, notes } = content;
    system.iter_mut().chain(init).chain(kernels).chain(notes).for_each(&mut *change);
    packages.iter_mut().flat_map(|manager| &mut manager.packages).for_each(&mut *change);
}
