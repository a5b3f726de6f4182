//! What GitLab can show of a run.
//!
//! GitLab has no annotations in its logs. It folds sections of a log, and it shows a Code
//! Quality report, uploaded as an artifact (`artifacts: reports: codequality`), at the lines of a merge request.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::event::{EventKind, RunEvent, TutorialStart};
use crate::plan::PlanKey;
use crate::record::{Folder, Record, StepRecord};

use super::error::ReportError;
use super::failure::{failure, one_line, reason};
use super::narrator::TextSettings;
use super::reporter::{Reporter, Writer};

/// Writes each failure into the job's log as a section that starts folded.
pub struct GitlabSections {
    settings: TextSettings,
    running: HashMap<PlanKey, TutorialStart>,
    sections: usize,
    writer: Writer,
}

impl GitlabSections {
    /// Makes the reporter.
    pub fn new(settings: TextSettings, writer: Writer) -> Self {
        Self { settings, running: HashMap::new(), sections: 0, writer }
    }

    fn section(&mut self, event: &RunEvent) -> Option<String> {
        let EventKind::StepFinished { plan, step, result } = &event.kind else { return None };
        let start = self.running.get(plan).filter(|_| result.outcome.failed())?;
        let info = start.steps.get(step.0)?;
        self.sections += 1;
        let (time, name) = (event.at.as_second(), format!("stagebook_failure_{}", self.sections));
        let header = one_line(&format!("{plan}: step {} {}", info.name, result.outcome.word()));
        let block = failure(&self.settings, start, info, result);
        Some(format!(
            "\u{1b}[0Ksection_start:{time}:{name}[collapsed=true]\r\u{1b}[0K{header}\n{block}\
             \u{1b}[0Ksection_end:{time}:{name}\r\u{1b}[0K\n"
        ))
    }
}

impl Reporter for GitlabSections {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        match &event.kind {
            EventKind::TutorialStarted(start) => {
                self.running.insert(start.plan.clone(), TutorialStart::clone(start));
            }
            EventKind::TutorialFinished { plan, .. } => {
                self.running.remove(plan);
            }
            _ => {}
        }
        if let Some(section) = self.section(event) {
            self.writer.write_all(section.as_bytes())?;
            self.writer.flush()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        Ok(self.writer.flush()?)
    }
}

/// Writes a Code Quality report with an issue for each failed step.
pub struct GitlabCodeQuality {
    folder: Folder,
    issues: Vec<Issue>,
    writer: Writer,
}

/// An issue, with the keys that GitLab demands.
#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Lines,
}

#[derive(Serialize)]
struct Lines {
    path: String,
    lines: Begin,
}

#[derive(Serialize)]
struct Begin {
    begin: usize,
}

impl GitlabCodeQuality {
    /// Makes the reporter.
    pub fn new(writer: Writer) -> Self {
        Self { folder: Folder::default(), issues: Vec::new(), writer }
    }
}

impl Reporter for GitlabCodeQuality {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if let Some(record) = self.folder.event(event) {
            let failed = record.steps.iter().filter(|step| step.result.outcome.failed());
            self.issues.extend(failed.map(|step| issue(&record, step)));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        serde_json::to_writer_pretty(&mut self.writer, &self.issues)?;
        self.writer.write_all(b"\n")?;
        Ok(self.writer.flush()?)
    }
}

fn issue(record: &Record, step: &StepRecord) -> Issue {
    let StepRecord { info, result, .. } = step;
    Issue {
        description: format!("step {} {}: {}", info.name, result.outcome.word(), reason(&result.outcome)),
        check_name: "stagebook",
        fingerprint: fingerprint(&record.plan, &info.name.0),
        severity: "major",
        location: Lines {
            path: info.location.path.to_string_lossy().into_owned(),
            lines: Begin { begin: info.location.line },
        },
    }
}

/// Names an issue, so that GitLab knows it again in the next run even if its line moved.
fn fingerprint(plan: &PlanKey, step: &str) -> String {
    let digest = Sha256::digest(format!("{plan}\n{step}"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;
    use crate::report::{Styles, Verbosity};

    #[test]
    fn failure_is_a_folded_section() {
        let settings = TextSettings {
            styles: Styles::new(false, false),
            verbosity: Verbosity::Normal,
            store: None,
            height: 24,
        };
        let events = replay(&samples::failed_record("b.md"));
        let text = written(|writer| GitlabSections::new(settings, writer), events);
        let (first, last) = (text.lines().next(), text.lines().last());
        expect![[r#"
            Some("\u{1b}[0Ksection_start:1700000003:stagebook_failure_1[collapsed=true]\r\u{1b}[0Kb.md: step build failed")
            Some("\u{1b}[0Ksection_end:1700000003:stagebook_failure_1\r\u{1b}[0K")"#]].assert_eq(&format!("{first:?}\n{last:?}"));
    }

    #[test]
    fn issues_name_path_and_line() {
        let events = replay(&samples::failed_record("b.md")).chain(replay(&samples::record()));
        expect![[r#"
            [
              {
                "description": "step build failed: output differs from line 2",
                "check_name": "stagebook",
                "fingerprint": "d0cacbd0b252f65aef1df34be6139623",
                "severity": "major",
                "location": {
                  "path": "b.md",
                  "lines": {
                    "begin": 12
                  }
                }
              }
            ]
        "#]]
        .assert_eq(&written(GitlabCodeQuality::new, events));
    }
}
