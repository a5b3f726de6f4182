//! GitHub's annotations: what failed, shown at its line in a pull request.

use crate::diagnostic::{Finding, Place, Severity};
use crate::event::{RunEvent, TutorialOutcome};
use crate::record::{Folder, Record, StepRecord};

use super::clean::clean;
use super::error::ReportError;
use super::failure::{annotated_place, diff_lines, reason, trouble};
use super::reporter::{Reporter, Writer};
use super::repository::Repository;

/// Writes a workflow command for each failed step, and a warning for each skipped tutorial.
pub struct GithubAnnotations {
    folder: Folder,
    repository: Repository,
    writer: Writer,
}

impl GithubAnnotations {
    /// Makes the reporter. GitHub reads commands from both streams of a job.
    pub fn new(writer: Writer, repository: Repository) -> Self {
        Self { folder: Folder::default(), repository, writer }
    }
}

impl Reporter for GithubAnnotations {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if let Some(record) = self.folder.event(event) {
            self.writer.write_all(annotations(&record, &self.repository).as_bytes())?;
            self.writer.flush()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        Ok(self.writer.flush()?)
    }
}

fn annotations(record: &Record, repository: &Repository) -> String {
    let failed = record.steps.iter().filter(|step| step.result.outcome.failed());
    let mut text: String = failed.map(|step| error(record, step, repository)).collect();
    let file = property(&repository.name(&record.path));
    if let Some(trouble) = trouble(&record.result) {
        text.push_str(&format!("::error file={file},line=1::{}\n", data(&trouble)));
    }
    if record.result.outcome == TutorialOutcome::Skipped {
        let why = match record.result.missing.as_slice() {
            [] => "every step was left out".to_owned(),
            missing => missing.join("\n"),
        };
        text.push_str(&format!("::warning file={file},line=1,title=tutorial skipped::{}\n", data(&why)));
    }
    text
}

fn error(record: &Record, step: &StepRecord, repository: &Repository) -> String {
    let location = annotated_place(&step.info, &step.result);
    let title = format!("{}: step {} {}", record.plan, step.info.name, step.result.outcome.word());
    let mut message = reason(&step.result.outcome);
    for mismatch in step.result.checks.iter().filter_map(|check| check.mismatch.as_ref()) {
        for line in diff_lines(&mismatch.diff, "-") {
            message.push('\n');
            message.push_str(&line);
        }
    }
    format!(
        "::error file={},line={},col={},title={}::{}\n",
        property(&repository.name(&location.path)),
        location.line,
        location.column,
        property(&title),
        data(&message)
    )
}

/// Returns a finding as a workflow command, without a newline at its end.
pub fn github_finding(finding: &Finding, repository: &Repository) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = finding.place.as_ref().map(Place::location).map(|location| {
        let file = property(&repository.name(&location.path));
        format!("file={file},line={},col={},", location.line, location.column)
    });
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let message = data(&format!("{}{help}", finding.message));
    format!("::{command} {}title={}::{message}", place.unwrap_or_default(), property(finding.code))
}

/// Escapes the message of a command. Names of files and steps may hold control characters too.
fn data(text: &str) -> String {
    clean(text, false).replace('%', "%25").replace('\n', "%0A")
}

/// Escapes a property of a command, where `:` and `,` mean something too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;

    #[track_caller]
    fn check(record: &Record, expected: Expect) {
        let make = |writer| GithubAnnotations::new(writer, Repository::new("/r", "/r"));
        expected.assert_eq(&written(make, replay(record)));
    }

    #[test]
    fn failed_step_is_an_error_at_its_line() {
        check(
            &samples::failed_record("b.md"),
            expect![[r#"
                ::error file=b.md,line=16,col=1,title=b.md%3A step build failed::output differs from line 2%0A~ made in 3s%0A- done%0A+ gone%0A~ ... (30 more)%0A  end
            "#]],
        );
    }

    #[test]
    fn skipped_tutorial_is_a_warning() {
        check(
            &samples::skipped_record("100%,a:b.md"),
            expect![[r#"
            ::warning file=100%25%2Ca%3Ab.md,line=1,title=tutorial skipped::`skopeo` is not installed: apt-get install skopeo
        "#]],
        );
    }

    #[test]
    fn finding_is_shown_at_its_line() {
        let source = crate::diagnostic::Source::new("docs/a.md", "# A\n\n```bash {nme=x}\n");
        let place = Place::new(&source, 14..17);
        let finding =
            Finding::error("unknown-attribute", "unknown attribute `nme`").at(place).help("write `name`");
        let repository = Repository::new("/r", "/r");
        expect!["::error file=docs/a.md,line=3,col=10,title=unknown-attribute::unknown attribute `nme`%0Ahelp: write `name`"]
            .assert_eq(&github_finding(&finding, &repository));
        let bare = github_finding(&Finding::note("no-steps", "nothing, 100 %"), &repository);
        expect!["::notice title=no-steps::nothing, 100 %25"].assert_eq(&bare);
    }

    #[test]
    fn passing_tutorial_says_nothing() {
        check(&samples::record(), expect![""]);
    }
}
