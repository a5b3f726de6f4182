//! Lines for people where there is no terminal.

use crate::event::RunEvent;

use super::error::ReportError;
use super::narrator::{Narrator, TextSettings};
use super::reporter::{Reporter, Writer};

/// Writes lines, and never goes back over one.
pub struct Plain {
    narrator: Narrator,
    writer: Writer,
}

impl Plain {
    /// Makes the reporter.
    pub fn new(settings: TextSettings, writer: Writer) -> Self {
        Self { narrator: Narrator::new(settings), writer }
    }
}

impl Reporter for Plain {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        let text = self.narrator.event(event);
        if !text.is_empty() {
            self.writer.write_all(text.as_bytes())?;
            self.writer.flush()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        Ok(self.writer.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::event::{EventKind, Outcome, OutputChunk};
    use crate::expect::Stream;
    use crate::plan::StepIndex;
    use crate::record::{Record, replay, samples};
    use crate::report::testing::written;
    use crate::report::{Styles, Verbosity};

    fn settings(verbosity: Verbosity, coloured: bool) -> TextSettings {
        TextSettings {
            styles: Styles::new(coloured, true),
            verbosity,
            store: None,
            height: 24,
            gitlab_sections: false,
        }
    }

    #[track_caller]
    fn check(verbosity: Verbosity, events: impl IntoIterator<Item = RunEvent>, expected: Expect) {
        expected.assert_eq(&written(|writer| Plain::new(settings(verbosity, false), writer), events));
    }

    /// Two plans at once: their events take turns, and there is one run around them.
    fn at_once(left: &Record, right: &Record) -> Vec<RunEvent> {
        let inner = |record: &Record| {
            let events = replay(record).filter(|event| {
                !matches!(event.kind, EventKind::RunStarted { .. } | EventKind::RunFinished { .. })
            });
            events.collect::<Vec<_>>()
        };
        let (left, right) = (inner(left), inner(right));
        let longest = left.len().max(right.len());
        (0..longest)
            .flat_map(|index| left.get(index).cloned().into_iter().chain(right.get(index).cloned()))
            .collect()
    }

    #[test]
    fn passing_tutorial_is_one_line() {
        check(
            Verbosity::Normal,
            replay(&samples::record()),
            expect![[r#"
            ✓ tutorials/a.md  2 of 2 blocks run, 1 verified  3.0s
            ✓ 1 tutorial passed; 2 of 2 blocks run, 1 verified in 3.0s
        "#]],
        );
    }

    #[test]
    fn failure_shows_all_that_is_needed() {
        check(
            Verbosity::Normal,
            replay(&samples::failed_record("tutorials/b.md")),
            expect![[r#"
                ! tutorials/b.md  step `build` failed (exit status 7, expected 0), again in 0.00s
                ✗ step `build` of tutorials/b.md failed  1.5s
                  at tutorials/b.md:12:1  A > Build it
                    │ make
                    │ echo done
                  output differs from line 2 (tutorials/b.md:16:1)
                  − expected, + printed, ~ any
                    ~ made in 3s
                    − done
                    + gone
                    ~ ... (30 more)
                      end
                  output:
                    │ made in 3s
                    │ gone
                    │ end
                  left behind: sleep 1000
                  run again just that: stagebook run tutorials/b.md --step build
                ✗ tutorials/b.md  failed: 1 of 2 blocks run, 0 verified, 1 failed, 1 skipped  3.0s
                    clean: step `build` did not pass
                ✗ 1 tutorial failed; 1 of 2 blocks run, 0 verified in 3.0s
            "#]],
        );
    }

    #[test]
    fn quiet_says_failures_and_the_end() {
        check(
            Verbosity::Quiet,
            replay(&samples::record()),
            expect![[r#"
            ✓ 1 tutorial passed; 2 of 2 blocks run, 1 verified in 3.0s
        "#]],
        );
        check(
            Verbosity::Quiet,
            replay(&samples::skipped_record("c.md")),
            expect![[r#"
                ✗ nothing was executed: 1 tutorial skipped; 0 of 2 blocks run, 0 verified in 3.0s
            "#]],
        );
    }

    #[test]
    fn skipped_tutorial_says_what_is_missing() {
        check(
            Verbosity::Normal,
            replay(&samples::skipped_record("c.md")),
            expect![[r#"
                – c.md  skipped: 0 of 2 blocks run, 0 verified, 2 skipped  3.0s
                    `skopeo` is not installed: apt-get install skopeo
                ✗ nothing was executed: 1 tutorial skipped; 0 of 2 blocks run, 0 verified in 3.0s
            "#]],
        );
    }

    #[test]
    fn interrupted_run_says_so() {
        let record = Record { interrupted: Some("SIGINT".into()), ..samples::record() };
        check(
            Verbosity::Normal,
            replay(&record),
            expect![[r#"
            ! interrupted by SIGINT, cleaning up
            ✓ tutorials/a.md  2 of 2 blocks run, 1 verified  3.0s
            ! interrupted by SIGINT: 1 tutorial passed; 2 of 2 blocks run, 1 verified in 3.0s
        "#]],
        );
    }

    #[test]
    fn tutorial_without_an_executed_block_failed() {
        let mut record = samples::skipped_record("c.md");
        record.result.outcome = crate::event::TutorialOutcome::Failed;
        record.result.missing.clear();
        check(
            Verbosity::Quiet,
            replay(&record),
            expect![[r#"
                ✗ c.md  failed: 0 of 2 blocks run, 0 verified, 2 skipped  3.0s
                    nothing was executed
                ✗ nothing was executed: 1 tutorial failed; 0 of 2 blocks run, 0 verified in 3.0s
            "#]],
        );
    }

    #[test]
    fn long_output_shows_its_last_lines_and_where_the_rest_is() {
        let mut record = samples::failed_record("b.md");
        let output = &mut record.steps[0].result.output;
        output.text = (1..=50).map(|line| format!("line {line}\n")).collect();
        (output.bytes, output.kept) = (9_000, 8_000);
        output.file = Some("outputs-1/build.txt".into());
        let store = Some(crate::record::Store::open(std::path::Path::new("/project")));
        let settings = TextSettings { store, ..settings(Verbosity::Quiet, false) };
        let text = written(|writer| Plain::new(settings, writer), replay(&record));
        let shown: Vec<&str> = text.lines().filter(|line| line.contains("│ line")).collect();
        assert_eq!((shown.len(), shown[0].trim()), (20, "│ line 31"), "{text}");
        let whole = "  whole output: /project/.stagebook/records/b.md/default/outputs-1/build.txt \
                     (9000 bytes, the middle was cut)";
        assert!(text.lines().any(|line| line == whole), "{text}");
    }

    #[test]
    fn output_without_a_newline_does_not_pile_up() {
        let piece = "x".repeat(5_000);
        let mut plain = Plain::new(settings(Verbosity::Verbose, false), Box::new(std::io::sink()));
        for event in printed(&samples::record(), &[piece.as_str(); 4]).iter().take(5) {
            plain.event(event).expect("a sink takes everything");
        }
        assert_eq!(plain.narrator.pending(), 0);
    }

    #[test]
    fn timeout_names_the_limit() {
        let mut record = samples::record();
        let limit = std::time::Duration::from_secs(90);
        record.steps[1].result.outcome = Outcome::TimedOut { limit };
        check(
            Verbosity::Normal,
            replay(&record),
            expect![[r#"
            ✗ step `clean` of tutorials/a.md timed out  1.5s
                timed out after 1m 30s
              at tutorials/a.md:20:1  A > Build it
                │ make clean
              it printed nothing
              run again just that: stagebook run tutorials/a.md --step clean
            ✓ tutorials/a.md  2 of 2 blocks run, 1 verified  3.0s
            ✓ 1 tutorial passed; 2 of 2 blocks run, 1 verified in 3.0s
        "#]],
        );
    }

    #[test]
    fn verbose_tells_tutorials_at_once_apart() {
        let (left, right) = (samples::record(), samples::skipped_record("c.md"));
        check(
            Verbosity::Verbose,
            at_once(&left, &right),
            expect![[r#"
            tutorials/a.md │ ▸ build
            c.md │ – build  skipped: missing: `skopeo` is not installed: apt-get install skopeo
            tutorials/a.md │ ✓ build  verified  1.5s
            c.md │ – clean  skipped: missing: `skopeo` is not installed: apt-get install skopeo
            tutorials/a.md │ ▸ clean
            – c.md  skipped: 0 of 2 blocks run, 0 verified, 2 skipped  3.0s
                `skopeo` is not installed: apt-get install skopeo
            tutorials/a.md │ ✓ clean  ran  1.5s
            ✓ tutorials/a.md  2 of 2 blocks run, 1 verified  3.0s
        "#]],
        );
    }

    fn printed(record: &Record, texts: &[&str]) -> Vec<RunEvent> {
        let mut events: Vec<RunEvent> = replay(record).collect();
        let chunk = |text: &&str| EventKind::StepPrinted {
            plan: record.plan.clone(),
            step: StepIndex(0),
            chunk: OutputChunk { stream: Stream::Both, text: (*text).to_owned() },
        };
        let printed = texts.iter().map(|text| RunEvent { kind: chunk(text), ..events[2].clone() });
        let printed: Vec<RunEvent> = printed.collect();
        events.splice(3..3, printed);
        events
    }

    #[test]
    fn output_comes_in_whole_lines_without_control_sequences() {
        let texts = ["one\ntw", "o \u{1b}[31mred\u{1b}[0m\n", "\u{1b}[2J::error::fake", "\nno newline"];
        check(
            Verbosity::Verbose,
            printed(&samples::record(), &texts),
            expect![[r#"
            tutorials/a.md │ ▸ build
            tutorials/a.md │ one
            tutorials/a.md │ two red
            tutorials/a.md │ ::error::fake
            tutorials/a.md │ no newline
            tutorials/a.md │ ✓ build  verified  1.5s
            tutorials/a.md │ ▸ clean
            tutorials/a.md │ ✓ clean  ran  1.5s
            ✓ tutorials/a.md  2 of 2 blocks run, 1 verified  3.0s
            ✓ 1 tutorial passed; 2 of 2 blocks run, 1 verified in 3.0s
        "#]],
        );
    }

    #[test]
    fn output_of_a_service_is_told_apart_from_the_running_step() {
        let record = samples::record();
        let mut events: Vec<RunEvent> = replay(&record).collect();
        let of_step = |step, text: &str| EventKind::StepPrinted {
            plan: record.plan.clone(),
            step: StepIndex(step),
            chunk: OutputChunk { stream: Stream::Both, text: text.to_owned() },
        };
        let second = events.iter().rposition(|event| matches!(event.kind, EventKind::StepStarted { .. }));
        let second = second.expect("two steps start");
        let printed = [of_step(0, "half"), of_step(1, "own\n"), of_step(0, " a line\n")];
        let printed = printed.map(|kind| RunEvent { kind, ..events[second].clone() });
        events.splice(second + 1..=second, printed);
        let text = written(|writer| Plain::new(settings(Verbosity::Verbose, false), writer), events);
        assert!(text.contains("│ own\ntutorials/a.md │ build: half a line\n"), "{text}");
    }

    #[test]
    fn failed_transcript_names_the_command() {
        let mut record = samples::failed_record("b.md");
        let step = &mut record.steps[0];
        let location = crate::diagnostic::Location { line: 14, ..step.info.location.clone() };
        step.result.outcome = Outcome::Failed { reason: "exit status 1, expected 0".into() };
        let output = crate::event::StepOutput::default();
        let exit = crate::event::Exit::Status(1);
        step.result.commands =
            vec![crate::event::CommandResult { command: "false".into(), location, exit, output }];
        let text = written(|writer| Plain::new(settings(Verbosity::Normal, false), writer), replay(&record));
        assert!(text.contains("  at b.md:14:"), "{text}");
    }

    #[test]
    fn gitlab_gets_each_failure_as_a_section() {
        let settings = TextSettings { gitlab_sections: true, ..settings(Verbosity::Quiet, false) };
        let events = replay(&samples::failed_record("b.md"));
        let text = written(|writer| Plain::new(settings, writer), events);
        assert!(text.starts_with("\u{1b}[0Ksection_start:"), "{text:?}");
        assert_eq!(text.matches("section_end").count(), 1, "{text:?}");
    }

    #[test]
    fn line_that_nobody_can_read_is_cut() {
        let mut record = samples::failed_record("b.md");
        record.steps[0].result.output.text = format!("{}\n", "x".repeat(100_000));
        let text = written(|writer| Plain::new(settings(Verbosity::Normal, false), writer), replay(&record));
        assert!(text.contains("x ... (99500 more characters)"), "{text}");
        assert!(text.len() < 3_000, "{}", text.len());
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let events = || printed(&samples::failed_record("b.md"), &["\u{1b}[31mred\n"]);
        let show =
            |coloured| written(|writer| Plain::new(settings(Verbosity::Verbose, coloured), writer), events());
        assert!(!show(false).contains('\u{1b}'));
        assert!(show(true).contains("\u{1b}[31mred\u{1b}[0m\n"));
        assert_eq!(crate::report::clean(&show(true), false), show(false), "the words are the same");
    }

    #[test]
    fn failures_that_scrolled_away_are_listed_again() {
        let mut settings = settings(Verbosity::Quiet, false);
        settings.height = 5;
        let events = replay(&samples::failed_record("b.md"));
        let text = written(|writer| Plain::new(settings, writer), events);
        let last = text.lines().rev().take(3).collect::<Vec<_>>();
        expect![[r#"
            failed:
                b.md:12:1  output differs from line 2  (stagebook run b.md --step build)
            ✗ 1 tutorial failed; 1 of 2 blocks run, 0 verified in 3.0s"#]]
        .assert_eq(&last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
}
