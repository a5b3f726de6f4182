//! JUnit XML: a suite for each tutorial and variant, a case for each step.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::event::{Outcome, RunEvent, StepResult};
use crate::record::{Folder, Record, StepRecord};

use super::clean::clean;
use super::error::ReportError;
use super::failure::{annotated_place, diff_lines, reason, trouble};
use super::reporter::{Reporter, Writer};

/// Writes JUnit XML at the end of the run.
///
/// Control characters are left out, others that XML cannot hold are replaced.
pub struct Junit {
    folder: Folder,
    report: Report,
    writer: Writer,
}

impl Junit {
    /// Makes the reporter.
    pub fn new(writer: Writer) -> Self {
        Self { folder: Folder::default(), report: Report::new("stagebook"), writer }
    }
}

impl Reporter for Junit {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if let Some(record) = self.folder.event(event) {
            self.report.add_test_suite(suite(&record));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        self.report.serialize(&mut self.writer)?;
        Ok(self.writer.flush()?)
    }
}

fn suite(record: &Record) -> TestSuite {
    let mut suite = TestSuite::new(xml_text(&record.plan.to_string()));
    suite.set_time(record.result.duration);
    suite.add_property(Property::new("stagebook", &record.stagebook));
    suite.add_property(Property::new(
        "host",
        format!("{} {}", record.host.distribution, record.host.architecture),
    ));
    for (name, value) in &record.parameters {
        suite.add_property(Property::new(format!("parameter.{name}"), xml_text(&value.to_string())));
    }
    suite.add_test_cases(record.steps.iter().map(|step| case(record, step)));
    if let Some(trouble) = trouble(&record.result) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(xml_text(&trouble));
        suite.add_test_case(TestCase::new("(tutorial)", status));
    }
    suite
}

fn case(record: &Record, step: &StepRecord) -> TestCase {
    let mut case = TestCase::new(xml_text(&step.info.name.0), status(&step.result));
    // Consumers tell cases apart by class and name, so the variant is part of the class.
    case.set_classname(xml_text(&record.plan.to_string())).set_time(step.result.duration);
    let place = annotated_place(&step.info, &step.result);
    case.add_property(Property::new("file", xml_text(&place.path.to_string_lossy())));
    case.add_property(Property::new("line", place.line.to_string()));
    if !step.result.output.text.is_empty() {
        case.set_system_out(xml_text(&step.result.output.text));
    }
    if let Some(stderr) = &step.result.output.stderr {
        case.set_system_err(xml_text(&stderr.text));
    }
    case
}

fn status(result: &StepResult) -> TestCaseStatus {
    let mut status = match &result.outcome {
        Outcome::Verified | Outcome::Unverified => return TestCaseStatus::success(),
        Outcome::Failed { .. } | Outcome::TimedOut { .. } => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Outcome::Skipped { .. } | Outcome::Cancelled => TestCaseStatus::skipped(),
    };
    status.set_message(xml_text(&reason(&result.outcome)));
    if result.outcome.failed() {
        status.set_type(result.outcome.word()).set_description(description(result));
    }
    status
}

fn description(result: &StepResult) -> String {
    let mismatches = result.checks.iter().filter_map(|check| check.mismatch.as_ref().map(|it| (check, it)));
    let text = |(check, mismatch): (&crate::event::CheckResult, &crate::expect::Mismatch)| {
        let lines = diff_lines(&mismatch.diff, "-").join("\n");
        format!("{}: {}\n{lines}\n", check.location, mismatch.summary)
    };
    xml_text(&mismatches.map(text).collect::<String>())
}

/// Replaces what XML cannot hold: control characters are gone after cleaning, two non-characters are left.
fn xml_text(text: &str) -> String {
    clean(text, false).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;

    #[test]
    fn suites_are_tutorials_and_cases_are_steps() {
        let mut failed = samples::failed_record("b.md");
        failed.steps[0].result.output.text = "a\u{0}\u{8}<b>&\u{1b}[31m ]]> \u{fffe}\n".into();
        let events = replay(&failed).chain(replay(&samples::skipped_record("c.md")));
        let xml = written(Junit::new, events);
        let forbidden = |character: char| {
            character.is_control() && !"\n\t".contains(character) || character == '\u{fffe}'
        };
        assert!(!xml.contains(forbidden), "{xml}");
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="stagebook" tests="4" skipped="3" failures="1" errors="0">
                <testsuite name="b.md" tests="2" skipped="1" errors="0" failures="1" time="3.000">
                    <properties>
                        <property name="stagebook" value="0.1.0"/>
                        <property name="host" value="Debian x86_64"/>
                        <property name="parameter.tag" value="v1"/>
                    </properties>
                    <testcase name="build" classname="b.md" time="1.500">
                        <properties>
                            <property name="file" value="b.md"/>
                            <property name="line" value="16"/>
                        </properties>
                        <failure message="output differs from line 2" type="failed">b.md:16:1: output differs from line 2
            ~ made in 3s
            - done
            + gone
            ~ ... (30 more)
              end
            </failure>
                        <system-out>a&lt;b&gt;&amp; ]]&gt; �
            </system-out>
                    </testcase>
                    <testcase name="clean" classname="b.md" time="0.000">
                        <properties>
                            <property name="file" value="b.md"/>
                            <property name="line" value="20"/>
                        </properties>
                        <skipped message="step `build` did not pass"/>
                    </testcase>
                </testsuite>
                <testsuite name="c.md" tests="2" skipped="2" errors="0" failures="0" time="3.000">
                    <properties>
                        <property name="stagebook" value="0.1.0"/>
                        <property name="host" value="Debian x86_64"/>
                        <property name="parameter.tag" value="v1"/>
                    </properties>
                    <testcase name="build" classname="c.md" time="0.000">
                        <properties>
                            <property name="file" value="c.md"/>
                            <property name="line" value="12"/>
                        </properties>
                        <skipped message="missing: `skopeo` is not installed: apt-get install skopeo"/>
                    </testcase>
                    <testcase name="clean" classname="c.md" time="0.000">
                        <properties>
                            <property name="file" value="c.md"/>
                            <property name="line" value="20"/>
                        </properties>
                        <skipped message="missing: `skopeo` is not installed: apt-get install skopeo"/>
                    </testcase>
                </testsuite>
            </testsuites>
        "#]].assert_eq(&xml);
    }
}
