//! The lines at the bottom of a terminal: one for each tutorial that runs.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::diagnostic::duration;
use crate::event::{EventKind, RunEvent, TutorialStart};
use crate::plan::PlanKey;

use super::failure::one_line;

/// What is over sooner is not worth a line that flickers.
const PATIENCE: Duration = Duration::from_millis(250);

/// Draws a line for each running tutorial. Moves only when a tick says that time passed.
pub(super) struct Progress {
    drawn: MultiProgress,
    running: BTreeMap<PlanKey, Running>,
    spinner: &'static [&'static str],
    ticks: usize,
}

struct Running {
    began: Duration,
    steps: Vec<String>,
    done: usize,
    current: Option<usize>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(target: ProgressDrawTarget, spinner: &'static [&'static str]) -> Self {
        let drawn = MultiProgress::with_draw_target(target);
        Self { drawn, running: BTreeMap::new(), spinner, ticks: 0 }
    }

    /// Takes the lines away while something is written above them.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.drawn.suspend(write)
    }

    pub(super) fn event(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::TutorialStarted(start) => {
                self.running.insert(start.plan.clone(), Running::new(start, event.elapsed));
            }
            EventKind::StepStarted { plan, step, .. } => {
                self.change(plan, |running| running.current = Some(step.0));
            }
            EventKind::StepFinished { plan, .. } => self.change(plan, |running| running.done += 1),
            EventKind::TutorialFinished { plan, .. } => self.end(plan),
            EventKind::RunFinished { .. } => self.clear(),
            EventKind::Tick => self.draw(event.elapsed),
            _ => {}
        }
    }

    /// Removes every line.
    pub(super) fn clear(&mut self) {
        while let Some((_, running)) = self.running.pop_first() {
            self.remove(running);
        }
    }

    fn change(&mut self, plan: &PlanKey, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.running.get_mut(plan) {
            change(running);
        }
    }

    fn end(&mut self, plan: &PlanKey) {
        if let Some(running) = self.running.remove(plan) {
            self.remove(running);
        }
    }

    fn remove(&self, running: Running) {
        if let Some(bar) = running.bar {
            bar.finish_and_clear();
            self.drawn.remove(&bar);
        }
    }

    fn draw(&mut self, now: Duration) {
        self.ticks += 1;
        let spinner = self.spinner[self.ticks % self.spinner.len()];
        for (plan, running) in &mut self.running {
            let took = now.saturating_sub(running.began);
            if took >= PATIENCE {
                let line = format!("{spinner} {}", running.line(plan, took));
                let bar = running.bar.get_or_insert_with(|| self.drawn.add(line_bar()));
                bar.set_message(line);
            }
        }
    }
}

impl Running {
    fn new(start: &TutorialStart, began: Duration) -> Self {
        let steps = start.steps.iter().map(|step| one_line(&step.name.0)).collect();
        Self { began, steps, done: 0, current: None, bar: None }
    }

    fn line(&self, plan: &PlanKey, took: Duration) -> String {
        let name = self.current.and_then(|step| self.steps.get(step)).map_or("", String::as_str);
        let took = if took.as_secs() < 60 { format!("{}s", took.as_secs()) } else { duration(took) };
        let plan = one_line(&plan.to_string());
        // The time comes first: a narrow terminal cuts the end.
        format!("{took:>3} {plan}  {}/{} {name}", self.done, self.steps.len()).trim_end().to_owned()
    }
}

/// Makes a bar that is a line of text, cut to the terminal's width.
pub(super) fn line_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}").expect("the template is a constant that parses");
    ProgressBar::new_spinner().with_style(style)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;
    use crate::event::Timestamp;
    use crate::record::{replay, samples};

    /// A terminal that remembers what was written to it.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn add(&self, text: &str) -> io::Result<()> {
            self.0.lock().expect("no test thread panicked").push_str(text);
            Ok(())
        }

        fn text(&self) -> String {
            std::mem::take(&mut self.0.lock().expect("no test thread panicked"))
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            30
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.add(text)?;
            self.add("\n")
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.add(text)
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn line_appears_after_a_quarter_second_and_is_cut() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
        let mut progress = Progress::new(target, &["*"]);
        for event in replay(&samples::record_of("tutorials/first-image.md")).take(3) {
            progress.event(&RunEvent { elapsed: Duration::ZERO, ..event });
        }
        let tick = |millis| RunEvent {
            at: Timestamp::UNIX_EPOCH,
            elapsed: Duration::from_millis(millis),
            kind: EventKind::Tick,
        };
        progress.event(&tick(200));
        assert_eq!(screen.text(), "");
        progress.event(&tick(12_300));
        assert_eq!(screen.text().trim_end(), "* 12s tutorials/first-image.md");
        progress.clear();
        let (plan, running) =
            (samples::record().plan, Running::new(&samples::record().start(), Duration::ZERO));
        assert_eq!(running.line(&plan, Duration::from_millis(12_900)), "12s tutorials/a.md  0/2");
    }
}
