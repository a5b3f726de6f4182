//! Blocks that look as if they ran, and pages on which nothing does.

use super::Subject;
use crate::diagnostic::{Finding, Place, Severity};
use crate::tutorial::{CodeBlock, NotRun, Step};

/// Finds shell blocks that cannot run and that nothing in `known` is about, and pages without steps.
pub(super) fn check(subject: &Subject, known: &[Finding]) -> Vec<Finding> {
    let tutorial = &subject.tutorial;
    let known = known.iter().filter(|finding| finding.severity >= Severity::Warning);
    let places: Vec<&Place> = known.filter_map(|finding| finding.place.as_ref()).collect();
    let is_known = |block: &CodeBlock| places.iter().any(|place| lies_in(place, &block.place));
    let blocks = tutorial.other_blocks.iter().filter(|block| !is_known(block));
    let mut findings: Vec<Finding> = blocks.filter_map(not_supported).collect();
    findings.extend(tutorial.steps.iter().filter_map(directive));
    if subject.named && tutorial.steps.is_empty() {
        let finding = Finding::note("no-steps", "the page has no steps, so a run of it fails");
        let finding = finding.at(Place::new(&tutorial.source, 0..0));
        findings.push(finding.help("steps are blocks that begin with ```bash, ```sh, ```zsh or ```console"));
    }
    findings
}

fn not_supported(block: &CodeBlock) -> Option<Finding> {
    let NotRun::NotSupported(reason) = &block.reason else { return None };
    let finding = Finding::warning("not-supported", format!("block is never run: {reason}"));
    let help = "if it is not meant to run, change its language, such as to `text`";
    Some(finding.at(first_line(&block.place)).help(help))
}

/// mdBook fills in directives before anyone sees the page; steps run as they are written.
fn directive(step: &Step) -> Option<Finding> {
    const DIRECTIVES: [&str; 3] = ["{{#include ", "{{#rustdoc_include ", "{{#playground "];
    let text = &step.text.content;
    let is_written =
        |directive: &&str| text.match_indices(directive).any(|(at, _)| !text[..at].ends_with('\\'));
    let directive = DIRECTIVES.iter().find(|directive| is_written(directive))?;
    let message =
        format!("`{}}}}}` in a step is not filled in: the step runs as it is written", directive.trim_end());
    let help =
        "have the step read the file, with `cat` or `source`, or write `\\{{#` where mdBook shows the page";
    Some(Finding::warning("directive-in-step", message).at(first_line(&step.place)).help(help))
}

fn lies_in(place: &Place, block: &Place) -> bool {
    place.source.path() == block.source.path()
        && block.span.start <= place.span.start
        && place.span.end <= block.span.end
}

/// Returns the opening fence of a block.
fn first_line(block: &Place) -> Place {
    let length = block.text().lines().next().unwrap_or_default().len();
    Place::new(&block.source, block.span.start..block.span.start + length)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::check::testing::{found, lines, project};

    #[track_caller]
    fn check(page: &str, expected: Expect) {
        let project = project(&[("a.md", page)]);
        expected.assert_eq(&lines(&found(project.path(), &["a.md"])));
    }

    #[test]
    fn directives_in_steps_are_warnings() {
        check(
            "```bash\n# {{#include a.sh}}\necho '\\{{#include b}}'\n```\n\n```bash\necho '\\{{#include b}}'\n```\n",
            expect![[r#"
                a.md:1:1 warning[directive-in-step] `{{#include}}` in a step is not filled in: the step runs as it is written (have the step read the file, with `cat` or `source`, or write `\{{#` where mdBook shows the page) ````bash`
            "#]],
        );
    }

    #[test]
    fn blocks_that_never_run_are_warnings() {
        check(
            "```bash\nls\n```\n\n- a\n\n  ```fish\n  ls\n  ```\n\n```console\nls\n```\n",
            expect![[r#"
            a.md:7:3 warning[not-supported] block is never run: nothing here runs `fish` (if it is not meant to run, change its language, such as to `text`) ````fish`
            a.md:11:1 warning[not-supported] block is never run: no `$ ` prompt (if it is not meant to run, change its language, such as to `text`) ````console`
        "#]],
        );
    }

    #[test]
    fn blocks_are_reported_once() {
        check(
            "```bash\nls\n```\n\n```rust {name=x}\n```\n\n```bash\nls\n",
            expect![[r#"
            a.md:5:4 warning[cannot-run] block cannot run: nothing here runs `rust` (name a program for the language in `stagebook.toml`, or give the block a `file`) `rust {name=x}`
            a.md:8:1 error[unclosed-fence] code block is never closed (close it with a fence of its own length on a line of its own) ````bash`
        "#]],
        );
    }

    #[test]
    fn pages_without_steps_are_warnings() {
        check(
            "# A\n\n```json\n{}\n```\n",
            expect![[r#"
                a.md:1:1 note[no-steps] the page has no steps, so a run of it fails (steps are blocks that begin with ```bash, ```sh, ```zsh or ```console) ``
            "#]],
        );
        check(
            "",
            expect![[r#"
                a.md:1:1 note[no-steps] the page has no steps, so a run of it fails (steps are blocks that begin with ```bash, ```sh, ```zsh or ```console) ``
            "#]],
        );
    }
}
