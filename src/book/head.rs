//! What stands above the text of a tutorial: what was verified, when and on what.

use std::fmt::Write as _;

use crate::diagnostic::{duration, plural, size};
use crate::event::{ImageFound, NamedResult, PromisedImage};
use crate::plan::arrows;
use crate::record::State;
use crate::tutorial::Tutorial;

use super::ansi::ansi_html;
use super::escape::escaped;
use super::evidence::{Evidence, Variant};
use super::graph::{Node, graph_svg};
use super::shape::Shown;
use super::step::step_id;

/// Most steps of which a picture is drawn: one of more says nothing.
const MOST_NODES: usize = 60;

/// Returns the strip, the tabs of the variants and the picture. `records` is where the records lie, as links.
pub(super) fn head(evidence: &Evidence, tutorial: &Tutorial, records: &[Option<String>]) -> String {
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
        html.push_str(&strip(variant, records.get(number).and_then(Option::as_deref)));
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

/// Returns the choice of a variant, which works without a script, and the rules that show one at a time.
fn tabs(evidence: &Evidence) -> String {
    let first = evidence.first();
    let mut html =
        format!("<fieldset class=\"variants\" data-compare-skip><legend>{}</legend>", counted(evidence));
    let mut rules = String::new();
    for (number, variant) in evidence.variants.iter().enumerate() {
        let name = variant.plan.key.variant.as_deref().unwrap_or("default");
        let checked = if number == first { " checked" } else { "" };
        let _ = write!(
            html,
            "<label><input type=\"radio\" name=\"variant\" id=\"variant-{number}\"{checked}>{}{}</label>",
            variant.shown().icon_with_name(),
            escaped(name)
        );
        let _ = write!(
            rules,
            "main:has(#variant-{number}:checked) [data-variant]:not([data-variant=\"{number}\"]){{display:none}}"
        );
    }
    format!("{html}</fieldset><style>{rules}</style>\n")
}

/// Returns how many variants there are of each state, worst first: what is shown may be better than another one.
fn counted(evidence: &Evidence) -> String {
    let mut states: Vec<Shown> = evidence.variants.iter().map(Variant::shown).collect();
    states.sort_unstable();
    let groups = states.chunk_by(|one, other| one == other);
    let words: Vec<String> = groups.map(|group| format!("{} {}", group.len(), group[0].word())).collect();
    format!("Variants: {}", words.join(", "))
}

fn strip(variant: &Variant, record: Option<&str>) -> String {
    let mut html = format!("<p class=\"strip\">{}{}", variant.shown().badge(), last_run(variant));
    let Some(run) = &variant.record else {
        html.push_str("</p>");
        return html;
    };
    if let Some(record) = record {
        let _ = write!(html, "<a href=\"{}\">Record</a>", escaped(record));
    }
    html.push_str("</p>");
    html.push_str(&built(&run.result.images));
    html.push_str(&reasons(&variant.state));
    html.push_str(&details(variant));
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
    format!("<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M UTC"))
}

/// Returns the images of a run as a list; nothing where its page promises none.
fn built(images: &[PromisedImage]) -> String {
    if images.is_empty() {
        return String::new();
    }
    let item = |image: &PromisedImage| {
        format!(
            "<li><code>{}</code> {}</li>",
            ansi_html(&image.reference),
            ansi_html(&found_text(&image.found))
        )
    };
    let items: String = images.iter().map(item).collect();
    format!("<ul class=\"images\">{items}</ul>")
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
    let facts = facts(variant);
    if facts.is_empty() {
        return String::new();
    }
    let rows: String =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", ansi_html(value))).collect();
    format!("<details><summary>About this run</summary><dl>{rows}</dl></details>")
}

/// Returns what is known about a run, by what it is; nothing where there was none.
pub(super) fn facts(variant: &Variant) -> Vec<(&'static str, String)> {
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
    let image = |image: &PromisedImage| format!("{}: {}", image.reference, found_text(&image.found));
    rows.extend(run.result.images.iter().map(|promised| ("Image", image(promised))));
    let result = |result: &NamedResult| format!("{}: {}", result.name, result.value.trim_end());
    rows.extend(run.result.results.iter().map(|named| ("Result", result(named))));
    rows
}

/// Returns what was found of an image, in words.
fn found_text(found: &ImageFound) -> String {
    match found {
        ImageFound::Image(found) => {
            format!("{}, {}, {}", size(found.size), found.platforms.join(" "), found.digest)
        }
        ImageFound::Nothing { reason } | ImageFound::Unread { reason } => reason.clone(),
    }
}

fn picture(variant: &Variant, tutorial: &Tutorial, number: usize) -> String {
    let is_shown = |source: usize| !tutorial.steps[source].attributes.hide;
    let nodes: Vec<Node> = variant
        .steps()
        .map(|step| Node {
            name: step.planned.name.0.clone(),
            note: step.took().unwrap_or_else(|| step.shown.word().to_owned()),
            state: step.shown,
            href: is_shown(step.planned.source).then(|| format!("#{}", step_id(&step.planned.name.0))),
            cleanup: step.planned.cleanup,
        })
        .collect();
    let waits = arrows(&variant.plan.steps);
    let edges: Vec<(usize, usize)> =
        waits.iter().enumerate().flat_map(|(to, from)| from.iter().map(move |from| (*from, to))).collect();
    graph_svg(&nodes, &edges, &format!("Pipeline of {}", plural(nodes.len(), "step")), number)
}
