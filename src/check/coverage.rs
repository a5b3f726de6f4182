//! Blocks that look as if they ran, and pages on which nothing does.

use super::Subject;
use crate::diagnostic::{Finding, Place};
use crate::tutorial::{CodeBlock, NotRun};

/// Finds shell blocks that cannot run and that nothing in `known` is about, and pages without steps.
pub(super) fn check(subject: &Subject, known: &[Finding]) -> Vec<Finding> {
    let tutorial = &subject.tutorial;
    let is_known = |block: &CodeBlock| {
        known.iter().filter_map(|finding| finding.place.as_ref()).any(|place| lies_in(place, &block.place))
    };
    let blocks = tutorial.other_blocks.iter().filter(|block| !is_known(block));
    let mut findings: Vec<Finding> = blocks.filter_map(not_supported).collect();
    if subject.named && tutorial.steps.is_empty() {
        let finding = Finding::warning("no-steps", "the page has no steps, so a run of it fails");
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
