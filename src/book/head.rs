//! What stands above the text of a tutorial: what was verified, when and on what.

use std::fmt::Write as _;

use crate::diagnostic::{duration, plural};
use crate::event::{ImageFound, Parity};
use crate::plan::arrows;
use crate::record::State;
use crate::tutorial::Tutorial;

use super::ansi::ansi_html;
use super::escape::escaped;
use super::evidence::{Evidence, Variant};
use super::graph::{Node, graph_svg};
use super::images::images;
use super::shape::Shown;
use super::step::step_link;

/// Most steps of which a picture is drawn: one of more says nothing.
const MOST_NODES: usize = 60;

/// Where what a run left lies, as links.
#[derive(Debug, Default)]
pub(super) struct RunLinks {
    /// The record.
    pub(super) record: Option<String>,
    /// The whole report of the comparison of each image.
    pub(super) reports: Vec<Option<String>>,
}

/// Returns the strip, the tabs of the variants and the picture. There are links for each variant.
pub(super) fn head(evidence: &Evidence, tutorial: &Tutorial, links: &[RunLinks]) -> String {
    let mut html = String::new();
    if evidence.variants.len() > 1 {
        html.push_str(&tabs(evidence));
    }
    for (number, variant) in evidence.variants.iter().enumerate() {
        let mark =
            if evidence.variants.len() > 1 { format!(" data-variant=\"{number}\"") } else { String::new() };
        let of = variant.plan.key.variant.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
        let _ = write!(
            html,
            "<section class=\"evidence\" aria-label=\"Last run{}\" data-compare-skip{mark}>",
            escaped(&of)
        );
        html.push_str(&strip(variant, links.get(number).unwrap_or(&RunLinks::default())));
        html.push_str("</section>\n");
        if (2..=MOST_NODES).contains(&variant.plan.steps.len()) {
            let _ = writeln!(
                html,
                "<div class=\"graph\" tabindex=\"0\" role=\"group\" aria-label=\"Steps and what they wait for\" data-compare-skip{mark}>{}</div>",
                picture(variant, tutorial, number)
            );
        }
    }
    html
}

/// Returns what stands above a tutorial in the whole book, where nothing can be chosen: the state of every
/// variant, and which one is shown.
pub(super) fn brief(evidence: &Evidence) -> String {
    let first = evidence.first();
    let several = evidence.variants.len() > 1;
    let mut html = "<div class=\"evidence\" data-compare-skip>".to_owned();
    for (number, variant) in evidence.variants.iter().enumerate() {
        let _ = write!(html, "<p class=\"strip\">{}", variant.shown().badge());
        if several {
            let name = variant.plan.key.variant.as_deref().unwrap_or("default");
            let below = if number == first { ", shown below" } else { "" };
            let _ = write!(html, "<span>{}{below}</span>", escaped(name));
        }
        html.push_str(&last_run(variant));
        html.push_str("</p>");
    }
    html.push_str("</div>\n");
    html
}

/// Returns the choice of a variant; with [`variant_rules`] it works without a script.
fn tabs(evidence: &Evidence) -> String {
    let first = evidence.first();
    let mut html =
        format!("<fieldset class=\"variants\" data-compare-skip><legend>{}</legend>", counted(evidence));
    for (number, variant) in evidence.variants.iter().enumerate() {
        let name = variant.plan.key.variant.as_deref().unwrap_or("default");
        let checked = if number == first { " checked" } else { "" };
        let _ = write!(
            html,
            "<label><input type=\"radio\" name=\"variant\" id=\"variant-{number}\"{checked}>{}{}</label>",
            variant.shown().icon_with_name(),
            escaped(name)
        );
    }
    html + "</fieldset>\n"
}

/// Returns the rules of a sheet that show one variant at a time; none where there is only one.
pub(super) fn variant_rules(evidence: &Evidence) -> Option<String> {
    let rule = |number: usize| {
        format!(
            "main:has(#variant-{number}:checked) [data-variant]:not([data-variant=\"{number}\"]){{display:none}}"
        )
    };
    let variants = evidence.variants.len();
    (variants > 1).then(|| (0..variants).map(rule).collect())
}

/// Returns what follows the address of a page in a link to a variant; nothing where there is only one.
pub(super) fn variant_link(evidence: &Evidence, number: usize) -> String {
    if evidence.variants.len() > 1 { format!("#variant-{number}") } else { String::new() }
}

/// Returns how many variants there are of each state, worst first: what is shown may be better than another one.
fn counted(evidence: &Evidence) -> String {
    let mut states: Vec<Shown> = evidence.variants.iter().map(Variant::shown).collect();
    states.sort_unstable();
    let groups = states.chunk_by(|one, other| one == other);
    let words: Vec<String> = groups.map(|group| format!("{} {}", group.len(), group[0].word())).collect();
    format!("Variants: {}", words.join(", "))
}

fn strip(variant: &Variant, links: &RunLinks) -> String {
    let mut html = format!("<p class=\"strip\">{}{}", variant.shown().badge(), last_run(variant));
    let Some(run) = &variant.record else {
        html.push_str("</p>");
        return html;
    };
    if let Some(record) = &links.record {
        let _ = write!(html, "<a href=\"{}\">Record</a>", escaped(record));
    }
    html.push_str("</p>");
    html.push_str(&reasons(&variant.state));
    html.push_str(&images(&run.result.images, &links.reports));
    let mut facts = about(variant);
    facts.extend(results(variant));
    html.push_str(&folded(&facts));
    html
}

/// Returns what was run, when and on what.
fn last_run(variant: &Variant) -> String {
    let Some(run) = &variant.record else {
        return "<span>No run of this page is on record.</span>".to_owned();
    };
    let host = format!("{}, {}", run.host.distribution, run.host.architecture);
    format!(
        "<span>{}</span><span>{}</span><span>{}</span>",
        escaped(&run.result.coverage.summary()),
        moment(run.ended),
        ansi_html(&host)
    )
}

/// Returns a moment as readers see it; its day and its hour stay on one line.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    // HTML has no more than three digits of a second.
    format!("<time datetime=\"{at:.3}\">{}</time>", at.strftime("%Y-%m-%d %H:%M UTC"))
}

/// Returns why a state is what it is, as a list.
pub(super) fn reasons(state: &State) -> String {
    let reasons = state.reasons();
    if reasons.is_empty() {
        return String::new();
    }
    let items: String = reasons.iter().map(|reason| format!("<li>{}</li>", ansi_html(reason))).collect();
    format!("<ul>{items}</ul>")
}

/// Returns what is known about a run, folded away.
pub(super) fn details(variant: &Variant) -> String {
    folded(&facts(variant))
}

fn folded(facts: &[(&str, String)]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let rows: String =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", ansi_html(value))).collect();
    format!("<details><summary>About this run</summary><dl>{rows}</dl></details>")
}

/// Returns what is known about a run, by what it is; nothing where there was none.
pub(super) fn facts(variant: &Variant) -> Vec<(&'static str, String)> {
    let mut rows = about(variant);
    let images = variant.record.iter().flat_map(|run| &run.result.images);
    for image in images {
        rows.push(("Image", format!("{}: {}", image.reference, found_text(&image.found))));
        rows.extend(image.parity.as_ref().map(|parity| ("Parity", parity_text(parity))));
    }
    rows.extend(results(variant));
    rows
}

/// Returns the results that a run left.
fn results(variant: &Variant) -> impl Iterator<Item = (&'static str, String)> {
    let results = variant.record.iter().flat_map(|run| &run.result.results);
    results.map(|named| ("Result", format!("{}: {}", named.name, named.value.trim_end())))
}

/// Returns what is known about a run beside what it left.
fn about(variant: &Variant) -> Vec<(&'static str, String)> {
    let Some(run) = &variant.record else { return Vec::new() };
    let mut rows = vec![
        ("Took", duration(run.result.duration)),
        ("Stagebook", run.stagebook.clone()),
        ("Machine", format!("{}, {}", run.host.distribution, run.host.architecture)),
    ];
    if let Some(name) = &variant.plan.key.variant {
        rows.push(("Variant", name.clone()));
    }
    let parameters: Vec<String> =
        run.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if !parameters.is_empty() {
        rows.push(("Parameters", parameters.join(", ")));
    }
    rows
}

/// Returns what was found of an image, in words.
fn found_text(found: &ImageFound) -> String {
    match found {
        ImageFound::Image(found) => {
            let platforms = found.platforms.join(" ");
            [found.in_words(), vec![platforms, found.digest.clone()]].concat().join(", ")
        }
        ImageFound::Nothing { reason } | ImageFound::Unread { reason } => reason.clone(),
    }
}

/// Returns how an image compares with that of production, in words.
fn parity_text(parity: &Parity) -> String {
    format!("with {}: {}", parity.reference, parity.outcome)
}

fn picture(variant: &Variant, tutorial: &Tutorial, number: usize) -> String {
    let is_shown = |source: usize| !tutorial.steps[source].attributes.hide;
    let nodes: Vec<Node> = variant
        .steps()
        .map(|step| Node {
            name: step.planned.name.0.clone(),
            note: step.took().unwrap_or_else(|| step.shown.word().to_owned()),
            state: step.shown,
            href: is_shown(step.planned.source).then(|| step_link(&step.planned.name.0)),
            cleanup: step.planned.cleanup,
        })
        .collect();
    let waits = arrows(&variant.plan.steps);
    let edges: Vec<(usize, usize)> =
        waits.iter().enumerate().flat_map(|(to, from)| from.iter().map(move |from| (*from, to))).collect();
    graph_svg(&nodes, &edges, &format!("Pipeline of {}", plural(nodes.len(), "step")), number)
}
