//! What GitLab can show of a run.
//!
//! GitLab has no annotations in its logs. It folds sections of a log, and it shows a Code
//! Quality report, uploaded as an artifact (`artifacts: reports: codequality`), at the lines of a merge request.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::diagnostic::hexadecimal;
use crate::event::{RunEvent, Timestamp};
use crate::plan::PlanKey;
use crate::record::{Folder, Record, StepRecord};

use super::error::ReportError;
use super::failure::{annotated_place, one_line, reason};
use super::reporter::{Reporter, Writer};
use super::repository::Repository;

/// Puts a block into a section of GitLab's job log, under a header that can fold it.
///
/// `number` tells the sections of a log apart. See "Custom collapsible sections" in GitLab's
/// documentation of job logs.
pub(super) fn section(at: Timestamp, number: usize, header: &str, block: &str) -> String {
    let (time, name) = (at.as_second(), format!("stagebook_failure_{number}"));
    let header = one_line(header);
    format!(
        "\u{1b}[0Ksection_start:{time}:{name}\r\u{1b}[0K{header}\n{block}\
         \u{1b}[0Ksection_end:{time}:{name}\r\u{1b}[0K\n"
    )
}

/// Writes a Code Quality report with an issue for each failed step.
pub struct GitlabCodeQuality {
    folder: Folder,
    issues: Vec<Issue>,
    repository: Repository,
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
    pub fn new(writer: Writer, repository: Repository) -> Self {
        Self { folder: Folder::default(), issues: Vec::new(), repository, writer }
    }
}

impl Reporter for GitlabCodeQuality {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if let Some(record) = self.folder.event(event) {
            let failed = record.steps.iter().filter(|step| step.result.outcome.failed());
            let repository = &self.repository;
            self.issues.extend(failed.map(|step| issue(&record, step, repository)));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        serde_json::to_writer_pretty(&mut self.writer, &self.issues)?;
        self.writer.write_all(b"\n")?;
        Ok(self.writer.flush()?)
    }
}

fn issue(record: &Record, step: &StepRecord, repository: &Repository) -> Issue {
    let StepRecord { info, result, .. } = step;
    let place = annotated_place(info, result);
    Issue {
        description: one_line(&format!(
            "step {} {}: {}",
            info.name,
            result.outcome.word(),
            reason(&result.outcome)
        )),
        check_name: "stagebook",
        fingerprint: fingerprint(&record.plan, &info.name.0),
        severity: "major",
        location: Lines { path: repository.name(&place.path), lines: Begin { begin: place.line } },
    }
}

/// Names an issue, so that GitLab knows it again in the next run even if its line moved.
fn fingerprint(plan: &PlanKey, step: &str) -> String {
    let digest = Sha256::digest(format!("{plan}\n{step}"));
    hexadecimal(&digest[..16])
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;

    #[test]
    fn section_has_a_header_and_an_end() {
        let at = Timestamp::from_second(1_700_000_003).expect("a moment of this era");
        expect![[r#""\u{1b}[0Ksection_start:1700000003:stagebook_failure_2\r\u{1b}[0Ka b\n  why\n\u{1b}[0Ksection_end:1700000003:stagebook_failure_2\r\u{1b}[0K\n""#]]
            .assert_eq(&format!("{:?}", section(at, 2, "a\nb", "  why\n")));
    }

    #[test]
    fn issues_name_path_and_line() {
        let events = replay(&samples::failed_record("b.md")).chain(replay(&samples::record()));
        let repository = Repository::new("/r", "/r/docs");
        expect![[r#"
            [
              {
                "description": "step build failed: output differs from line 2",
                "check_name": "stagebook",
                "fingerprint": "d0cacbd0b252f65aef1df34be6139623",
                "severity": "major",
                "location": {
                  "path": "docs/b.md",
                  "lines": {
                    "begin": 16
                  }
                }
              }
            ]
        "#]]
        .assert_eq(&written(|writer| GitlabCodeQuality::new(writer, repository), events));
    }
}
