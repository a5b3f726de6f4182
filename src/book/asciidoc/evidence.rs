//! What is known of a tutorial and its steps, around their blocks.

use std::fmt::Write as _;

use super::block::Block;
use super::listing::{delimiter, listing};
use super::literal::{Standing, guarded, literal, one_line};
use crate::book::ansi::ansi_text;
use crate::book::evidence::{Evidence, StepEvidence, Variant};
use crate::book::head::facts;
use crate::book::shape::Shown;
use crate::book::step::{Left, difference_line, left, step_id};
use crate::record::Store;
use crate::tutorial::{Action, Step};

/// Returns what stands below the title. `records` is where the records lie, as attachments.
pub(super) fn head(evidence: &Evidence, records: &[Option<String>]) -> String {
    let mut text = String::new();
    for (number, variant) in evidence.variants.iter().enumerate() {
        let name = variant.plan.key.variant.as_ref().filter(|_| evidence.variants.len() > 1);
        let name = name.map(|name| format!(": {}", said(name))).unwrap_or_default();
        let _ = writeln!(text, ".Last run{name}\n[.stagebook-run,cols=\"1,4\",caption=\"\"]\n|===");
        let record = records.get(number).and_then(Option::as_deref);
        for (name, value) in rows(variant, record) {
            let _ = writeln!(text, "|{name}\n|{value}\n");
        }
        text.truncate(text.trim_end().len());
        text.push_str("\n|===\n\n");
    }
    text
}

fn rows(variant: &Variant, record: Option<&str>) -> Vec<(&'static str, String)> {
    let mut rows = vec![("State", state(variant.shown()))];
    match &variant.record {
        None => rows.push(("Run", "No run of this page is on record.".to_owned())),
        Some(run) => {
            rows.push(("Blocks", said(&run.result.coverage.summary())));
            rows.push(("Run", run.ended.strftime("%Y-%m-%d %H:%M UTC").to_string()));
        }
    }
    let reasons: Vec<String> = variant.state.reasons().iter().map(|reason| said(reason)).collect();
    if !reasons.is_empty() {
        rows.push(("Why", reasons.join(" +\n")));
    }
    rows.extend(facts(variant).into_iter().map(|(name, value)| (name, said(&value))));
    if let Some(record) = record {
        rows.push(("Record", format!("xref:attachment${record}[JSON]")));
    }
    rows
}

/// Returns a step with what is known about it; `number` is its position among the steps of the page.
pub(super) fn step(step: &Step, number: usize, evidence: &Evidence, store: &Store) -> Vec<Block> {
    let known: Vec<(&Variant, Option<StepEvidence<'_>>)> =
        evidence.variants.iter().map(|variant| (variant, variant.step(number))).collect();
    let mut title = said(&step.name.0);
    if let Action::File(path) = &step.action {
        let _ = write!(title, ", writes {}", said(path));
    }
    if let [(_, only)] = known.as_slice() {
        let _ = write!(title, " · {}", about(only.as_ref()));
    }
    let id = super::block::anchor(&step_id(&step.name.0));
    let code = listing(&step.language, &step.text.content);
    let mut blocks = vec![Block::other(format!("{id}.{}\n{code}", guarded(&title)))];
    for (variant, step_evidence) in &known {
        if known.len() > 1 {
            let name = variant.plan.key.variant.as_deref().unwrap_or("default");
            let line = format!("{}: {}", said(name), about(step_evidence.as_ref()));
            blocks.push(Block::other(guarded(&line)));
        }
        if let Some(why) = step_evidence.as_ref().and_then(|step| step.why.as_ref()) {
            blocks.push(Block::other(guarded(&said(why))));
        }
        let left = step_evidence.iter().flat_map(|evidence| left(step, evidence, variant, store));
        blocks.extend(left.map(|left| Block::other(output(&left))));
    }
    blocks
}

fn output(left: &Left<'_>) -> String {
    match left {
        Left::Difference { summary, lines } => {
            let lines: String = lines.iter().map(|line| format!("{}\n", difference_line(line).1)).collect();
            let summary = said(summary);
            match lines.is_empty() {
                true => format!("Not as the page says: {summary}"),
                false => format!(".Not as the page says: {summary}\n{}", listing("diff", &ansi_text(&lines))),
            }
        }
        Left::Printed(printed) => {
            let mut text = listing("", &ansi_text(&printed.text));
            if let Some(note) = printed.cut_note() {
                let _ = write!(text, "\n\n{note}");
            }
            let title = format!(".{} · {}", printed.title, printed.note());
            if printed.open && printed.cut.is_none() {
                return format!("{title}\n{text}");
            }
            let fence = delimiter('=', &text);
            format!("{title}\n[%collapsible]\n{fence}\n{text}\n{fence}")
        }
    }
}

fn about(step: Option<&StepEvidence<'_>>) -> String {
    let Some(step) = step else { return state(Shown::Skipped) };
    let took = step.took().map(|took| format!(" · {took}")).unwrap_or_default();
    format!("{}{took}", state(step.shown))
}

fn state(shown: Shown) -> String {
    format!("{} {}", shown.sign(), shown.word())
}

/// Returns a text of a record, of which nothing is markup.
fn said(text: &str) -> String {
    literal(&one_line(&ansi_text(text)), Standing::Running)
}
