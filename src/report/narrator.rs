//! Turns events into lines for people.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::diagnostic::duration;
use crate::event::{
    EventKind, Exit, ImageFound, NamedResult, Outcome, Parity, ParityOutcome, PromisedImage, RunEvent,
    SkipReason, StepInfo, StepKind, StepOutput, StepResult, Timestamp, Totals, TutorialOutcome,
    TutorialResult, TutorialStart,
};
use crate::image::compare::Verdict;
use crate::plan::{PlanKey, StepIndex};
use crate::record::Store;

use super::clean::clean;
use super::failure::{again, failing_place, failure, last_output, one_line, reason, trouble};
use super::gitlab::section;
use super::styles::{Styles, paint};
use super::summary::summary;

/// Output without a newline is shown in pieces of this size, so that it never piles up in memory.
const LONGEST_LINE: usize = 8 * 1024;

/// How many steps that were left out for one reason are named.
const MOST_NAMES: usize = 4;

/// How much of a result is shown.
const MOST_OF_RESULT: usize = 100;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and the last line.
    Quiet,
    /// A line for each tutorial too.
    Normal,
    /// A line for each step too, and what they print.
    Verbose,
}

/// What the reporters for people are made from.
#[derive(Debug, Clone)]
pub struct TextSettings {
    /// Colours and symbols.
    pub styles: Styles,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Where whole outputs are; `None` where none are kept.
    pub store: Option<Store>,
    /// Lines of the screen: failures that have scrolled away are listed again at the end.
    pub height: usize,
    /// Whether GitLab reads the lines: each failure is then a section of its log.
    pub gitlab_sections: bool,
}

/// Turns events into lines.
pub(super) struct Narrator {
    settings: TextSettings,
    running: HashMap<PlanKey, Running>,
    interrupted: Option<String>,
    /// A line for each failure, with how many lines had been said before it.
    failures: Vec<(usize, String)>,
    lines: usize,
}

struct Running {
    start: TutorialStart,
    /// Output that has no newline yet, by the step that printed it: a service prints beside other steps.
    pending: BTreeMap<StepIndex, String>,
    /// The step that runs now.
    current: Option<StepIndex>,
    /// Steps that were left out, by the reason.
    left_out: BTreeMap<String, Vec<String>>,
    /// What services have printed.
    services: HashMap<StepIndex, StepOutput>,
}

impl Narrator {
    pub(super) fn new(settings: TextSettings) -> Self {
        Self { settings, running: HashMap::new(), interrupted: None, failures: Vec::new(), lines: 0 }
    }

    /// Returns how many bytes of output wait for a newline.
    #[cfg(test)]
    pub(super) fn pending(&self) -> usize {
        self.running.values().flat_map(|running| running.pending.values()).map(String::len).sum()
    }

    /// Returns what there is to say about an event: whole lines, or nothing.
    pub(super) fn event(&mut self, event: &RunEvent) -> String {
        let text = self.say(event);
        self.lines += text.lines().count();
        text
    }

    fn say(&mut self, event: &RunEvent) -> String {
        match &event.kind {
            EventKind::TutorialStarted(start) => self.started(start),
            EventKind::TutorialNoted { plan, note } => self.notice(plan, &one_line(note)),
            EventKind::StepStarted { plan, step, attempt } => self.step_started(plan, *step, *attempt),
            EventKind::StepPrinted { plan, step, chunk } => self.printed(plan, *step, &chunk.text),
            EventKind::StepSlow { plan, step, running } => self.slow(plan, *step, *running),
            EventKind::StepRetried { plan, step, result, delay } => self.retried(plan, *step, result, *delay),
            EventKind::StepFinished { plan, step, result } => {
                self.step_finished(plan, *step, result, event.at)
            }
            EventKind::ServicePrinted { plan, step, output } => self.service_printed(plan, *step, output),
            EventKind::ServiceEnded { plan, step, exit } => self.service_ended(plan, *step, exit.as_ref()),
            EventKind::TutorialFinished { plan, result } => self.finished(plan, result),
            EventKind::Interrupted { signal } => self.interrupted(signal),
            EventKind::RunFinished { totals, interrupted } => {
                self.run_finished(totals, *interrupted, event.elapsed)
            }
            EventKind::RunStarted { .. } | EventKind::Tick => String::new(),
        }
    }

    fn started(&mut self, start: &TutorialStart) -> String {
        let running = Running {
            start: start.clone(),
            pending: BTreeMap::new(),
            current: None,
            left_out: left_out(start),
            services: HashMap::new(),
        };
        self.running.insert(start.plan.clone(), running);
        String::new()
    }

    fn step_started(&mut self, plan: &PlanKey, step: StepIndex, attempt: u32) -> String {
        if let Some(running) = self.running.get_mut(plan) {
            running.current = Some(step);
        }
        let name = self.step_name(plan, step);
        let again = if attempt > 1 { format!(", try {attempt}") } else { String::new() };
        let line = format!("{} {name}{again}", self.settings.styles.symbols.step);
        self.verbose(plan, &paint(self.settings.styles.strong, line))
    }

    fn printed(&mut self, plan: &PlanKey, step: StepIndex, text: &str) -> String {
        if self.settings.verbosity < Verbosity::Verbose {
            return String::new();
        }
        let Some(running) = self.running.get_mut(plan) else { return String::new() };
        let pending = running.pending.entry(step).or_default();
        pending.push_str(text);
        let end = match pending.rfind('\n') {
            Some(newline) => newline + 1,
            None if pending.len() > LONGEST_LINE => pending.len(),
            None => 0,
        };
        let whole: String = pending.drain(..end).collect();
        self.output(plan, step, &whole)
    }

    /// Says what is left of a step's output when it ends without a newline.
    fn flush(&mut self, plan: &PlanKey, step: StepIndex) -> String {
        let pending = self.running.get_mut(plan).and_then(|running| running.pending.remove(&step));
        self.output(plan, step, &pending.unwrap_or_default())
    }

    /// Returns lines of output; those of a service say whose they are, since they come beside another step's.
    fn output(&self, plan: &PlanKey, step: StepIndex, text: &str) -> String {
        let current = self.running.get(plan).and_then(|running| running.current);
        let whose =
            if current == Some(step) { String::new() } else { format!("{}: ", self.step_name(plan, step)) };
        let text = clean(text, self.settings.styles.coloured);
        text.lines().map(|line| self.prefixed(plan, &format!("{whose}{line}"))).collect()
    }

    fn slow(&self, plan: &PlanKey, step: StepIndex, running: Duration) -> String {
        let name = self.step_name(plan, step);
        self.notice(plan, &format!("step `{name}` has run for {}", duration(running)))
    }

    fn retried(&mut self, plan: &PlanKey, step: StepIndex, result: &StepResult, delay: Duration) -> String {
        let name = self.step_name(plan, step);
        let what =
            format!("step `{name}` failed ({}), again in {}", reason(&result.outcome), duration(delay));
        let rest = self.flush(plan, step);
        rest + &self.notice(plan, &what)
    }

    fn step_finished(
        &mut self,
        plan: &PlanKey,
        step: StepIndex,
        result: &StepResult,
        at: Timestamp,
    ) -> String {
        let rest = self.flush(plan, step);
        // A record has all that a service printed in its step's result.
        if self.is_service(plan, step) {
            self.service_printed(plan, step, &result.output);
        }
        let line = self.verbose(plan, &self.step_line(plan, step, result));
        self.note_left_out(plan, step, result);
        let block = self.step_failed(plan, step, result, at).unwrap_or_default();
        rest + &line + &block
    }

    fn is_service(&self, plan: &PlanKey, step: StepIndex) -> bool {
        let info = self.running.get(plan).and_then(|running| running.start.steps.get(step.0));
        info.is_some_and(|info| info.kind == StepKind::Service)
    }

    fn step_line(&self, plan: &PlanKey, step: StepIndex, result: &StepResult) -> String {
        let styles = &self.settings.styles;
        let (style, symbol) = match &result.outcome {
            outcome if outcome.passed() => (styles.pass, styles.symbols.pass),
            outcome if outcome.failed() => (styles.fail, styles.symbols.fail),
            _ => (styles.quiet, styles.symbols.skip),
        };
        let what = match &result.outcome {
            Outcome::Skipped { reason } => format!("skipped: {}", one_line(&reason.to_string())),
            outcome => format!("{}  {}", outcome.word(), duration(result.duration)),
        };
        format!("{} {}  {what}", paint(style, symbol), self.step_name(plan, step))
    }

    fn step_failed(
        &mut self,
        plan: &PlanKey,
        step: StepIndex,
        result: &StepResult,
        at: Timestamp,
    ) -> Option<String> {
        if !result.outcome.failed() {
            return None;
        }
        let start = &self.running.get(plan)?.start;
        let info = start.steps.get(step.0)?;
        let block = failure(&self.settings, start, info, result);
        let line = failure_line(info, start, result);
        self.failures.push((self.lines, line));
        if !self.settings.gitlab_sections {
            return Some(block);
        }
        let header = format!("{plan}: step {} {}", info.name, result.outcome.word());
        Some(section(at, self.failures.len(), &header, &block))
    }

    /// Remembers why a step was left out, unless that is said otherwise: what is missing has lines of its own,
    /// and who selects steps knows what they left out.
    fn note_left_out(&mut self, plan: &PlanKey, step: StepIndex, result: &StepResult) {
        let Outcome::Skipped { reason } = &result.outcome else { return };
        if matches!(reason, SkipReason::Requirement(_) | SkipReason::NotSelected) {
            return;
        }
        let (name, reason) = (self.step_name(plan, step), one_line(&reason.to_string()));
        if let Some(running) = self.running.get_mut(plan) {
            running.left_out.entry(reason).or_default().push(name);
        }
    }

    /// Notes what a service has printed, which is said if it ends in the middle.
    fn service_printed(&mut self, plan: &PlanKey, step: StepIndex, output: &StepOutput) -> String {
        if let Some(running) = self.running.get_mut(plan) {
            running.services.insert(step, output.clone());
        }
        String::new()
    }

    fn service_ended(&self, plan: &PlanKey, step: StepIndex, exit: Option<&Exit>) -> String {
        let name = self.step_name(plan, step);
        let how = exit.map(|exit| format!(": {exit}")).unwrap_or_default();
        let notice =
            self.notice(plan, &format!("service `{name}` ended before the tutorial{}", one_line(&how)));
        let running = self.running.get(plan);
        match running.and_then(|running| Some((&running.start, running.services.get(&step)?))) {
            Some((start, output)) if exit != Some(&Exit::Status(0)) => {
                notice + &last_output(&self.settings, start, output)
            }
            _ => notice,
        }
    }

    fn finished(&mut self, plan: &PlanKey, result: &TutorialResult) -> String {
        let unfinished =
            self.running.get(plan).map(|running| running.pending.keys().copied().collect::<Vec<_>>());
        let rest: String =
            unfinished.unwrap_or_default().into_iter().map(|step| self.flush(plan, step)).collect();
        let left_out = self.running.remove(plan).map(|running| running.left_out).unwrap_or_default();
        if let Some(trouble) = trouble(result) {
            self.failures.push((self.lines, format!("{}  {trouble}", one_line(&plan.to_string()))));
        }
        if self.settings.verbosity == Verbosity::Quiet && result.outcome != TutorialOutcome::Failed {
            return rest;
        }
        let store = self.settings.store.as_ref();
        rest + &tutorial_lines(&self.settings.styles, plan, result, &left_out, store)
    }

    fn interrupted(&mut self, signal: &str) -> String {
        let again = self.interrupted.replace(one_line(signal)).is_some();
        let styles = &self.settings.styles;
        let line = if again {
            format!("{} interrupted again, stopping at once", styles.symbols.warn)
        } else {
            format!("{} interrupted by {}, cleaning up", styles.symbols.warn, one_line(signal))
        };
        format!("{}\n", paint(styles.warn, line))
    }

    fn run_finished(&self, totals: &Totals, interrupted: bool, took: Duration) -> String {
        let mut text = String::new();
        let scrolled_away = |(before, _): &(usize, String)| self.lines - before > self.settings.height;
        if self.failures.first().is_some_and(scrolled_away) {
            text.push_str("failed:\n");
            text.extend(self.failures.iter().map(|(_, line)| format!("    {line}\n")));
        }
        let signal = self.interrupted.as_deref().unwrap_or("a signal");
        text + &summary(&self.settings.styles, totals, interrupted.then_some(signal), took)
    }

    fn step_name(&self, plan: &PlanKey, step: StepIndex) -> String {
        let info = self.running.get(plan).and_then(|running| running.start.steps.get(step.0));
        info.map_or_else(|| format!("#{}", step.0 + 1), |info| one_line(&info.name.0))
    }

    /// Something odd that is not a failure.
    fn notice(&self, plan: &PlanKey, what: &str) -> String {
        if self.settings.verbosity == Verbosity::Quiet {
            return String::new();
        }
        let styles = &self.settings.styles;
        format!("{} {}  {what}\n", paint(styles.warn, styles.symbols.warn), one_line(&plan.to_string()))
    }

    fn verbose(&self, plan: &PlanKey, line: &str) -> String {
        if self.settings.verbosity < Verbosity::Verbose {
            return String::new();
        }
        self.prefixed(plan, line)
    }

    fn prefixed(&self, plan: &PlanKey, line: &str) -> String {
        let styles = &self.settings.styles;
        let prefix = format!("{} {}", one_line(&plan.to_string()), styles.symbols.bar);
        format!("{} {line}", paint(styles.quiet, prefix)).trim_end().to_owned() + "\n"
    }
}

fn failure_line(info: &StepInfo, start: &TutorialStart, result: &StepResult) -> String {
    let location = one_line(&failing_place(info, result).to_string());
    format!("{location}  {}  ({})", reason(&result.outcome), again(start, info))
}

/// Returns the blocks that nothing here can run, by the reason.
fn left_out(start: &TutorialStart) -> BTreeMap<String, Vec<String>> {
    let mut left_out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (location, reason) in &start.not_supported {
        let place = one_line(&format!("{}:{}", location.path.display(), location.line));
        left_out.entry(one_line(reason)).or_default().push(place);
    }
    left_out
}

/// Returns names as a list of at most a line.
fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Returns the lines about an image that was built: what it is, and how it compares with that of production.
fn image_lines(plan: &PlanKey, image: &PromisedImage, store: Option<&Store>) -> String {
    let what = match &image.found {
        ImageFound::Image(found) => {
            let words = [vec![short_digest(&found.digest)], found.in_words()].concat();
            Some(words.join(", "))
        }
        ImageFound::Unread { reason } => Some(reason.clone()),
        // That is the tutorial's trouble, or its steps have said why.
        ImageFound::Nothing { .. } => None,
    };
    let Some(what) = what else { return String::new() };
    let mut text = format!("    image {}: {}\n", one_line(&image.reference), one_line(&what));
    // Why it was not looked at is why it was not compared.
    if let (Some(parity), ImageFound::Image(_)) = (&image.parity, &image.found) {
        text.push_str(&format!("      {}\n", one_line(&parity.to_string())));
        text.extend(whole_report(plan, parity, store));
    }
    text
}

/// Returns the line that says where the whole report of a comparison is, if there is something to look up in it.
fn whole_report(plan: &PlanKey, parity: &Parity, store: Option<&Store>) -> Option<String> {
    let ParityOutcome::Compared(report) = &parity.outcome else { return None };
    if let Some(trouble) = &report.trouble {
        return Some(format!("      its report could not be kept: {}\n", one_line(trouble)));
    }
    let file = report.html.as_ref().filter(|_| report.verdict == Verdict::Different)?;
    Some(format!("      whole report: {}\n", store?.folder(plan).join(file).display()))
}

/// Returns the line about a result; of a long one its beginning.
fn result_line(result: &NamedResult) -> String {
    let first = result.value.lines().next().unwrap_or_default();
    let shown: String = first.chars().take(MOST_OF_RESULT).collect();
    let more = if shown.len() < result.value.trim_end().len() { " ..." } else { "" };
    format!("    result {}: {}{more}\n", one_line(&result.name), one_line(&shown))
}

/// Returns a digest as container tools shorten it.
fn short_digest(digest: &str) -> String {
    let end = digest.find(':').map_or(0, |colon| colon + 1) + 12;
    digest.get(..end).unwrap_or(digest).to_owned()
}

/// Returns the line about a tutorial that is over, and one for each thing that it lacked.
fn tutorial_lines(
    styles: &Styles,
    plan: &PlanKey,
    result: &TutorialResult,
    left_out: &BTreeMap<String, Vec<String>>,
    store: Option<&Store>,
) -> String {
    let (style, symbol, word) = match result.outcome {
        TutorialOutcome::Passed => (styles.pass, styles.symbols.pass, ""),
        TutorialOutcome::Failed => (styles.fail, styles.symbols.fail, "failed: "),
        TutorialOutcome::Skipped => (styles.warn, styles.symbols.skip, "skipped: "),
        TutorialOutcome::Cancelled => (styles.warn, styles.symbols.warn, "cancelled: "),
    };
    let (name, took) = (one_line(&plan.to_string()), duration(result.duration));
    let what = format!("{}{}", paint(style, word), result.coverage.summary());
    let mut text = format!("{} {}  {what}  {took}\n", paint(style, symbol), paint(styles.strong, name));
    text.extend(trouble(result).map(|trouble| format!("    {trouble}\n")));
    text.extend(left_out.iter().map(|(reason, names)| format!("    {}: {reason}\n", some_of(names))));
    text.extend(result.missing.iter().map(|missing| format!("    {}\n", one_line(missing))));
    text.extend(result.images.iter().map(|image| image_lines(plan, image, store)));
    text.extend(result.results.iter().map(result_line));
    if let Some(workspace) = &result.workspace {
        text.push_str(&format!("    workspace kept: {}\n", workspace.display()));
    }
    text
}
