//! What makes Pipelines-as-Code start a PipelineRun.

use regex::Regex;

use super::name::nearest;
use super::report::Report;
use crate::konflux::cel::{Name, Role, names};
use crate::konflux::fields::{at, first_line};
use crate::konflux::object::Object;
use crate::konflux::placeholder::is_template;
use crate::konflux::reference::place_at;
use crate::yaml::Node;

/// What annotations of Pipelines-as-Code begin with.
const PREFIX: &str = "pipelinesascode.tekton.dev/";

/// Variables of an expression, besides the parameters that a Repository has of its own.
const VARIABLES: [&str; 10] = [
    "event",
    "event_type",
    "event_title",
    "target_branch",
    "source_branch",
    "target_url",
    "source_url",
    "body",
    "headers",
    "files",
];

/// Functions of an expression: CEL's own, and that of Pipelines-as-Code.
const FUNCTIONS: [&str; 41] = [
    "pathChanged",
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "map",
    "filter",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "string",
    "timestamp",
    "type",
    "uint",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "optional",
    "of",
    "none",
    "ofNonZeroValue",
    "orValue",
    "hasValue",
    "value",
    "or",
];

/// What `event` can be.
const EVENTS: [&str; 3] = ["push", "pull_request", "incoming"];

/// How many unknown names of one expression are told: with more, it is no expression of Pipelines-as-Code.
const MOST_UNKNOWN: usize = 20;

/// Returns an annotation of Pipelines-as-Code, which only a PipelineRun has.
fn annotation<'a>(object: &Object<'a>, name: &str) -> Option<&'a Node> {
    object.annotation(&format!("{PREFIX}{name}")).filter(|_| object.is_tekton("PipelineRun"))
}

pub(super) fn something_starts_it(object: &Object<'_>, report: &mut Report<'_>) {
    let place = object.head();
    let is_started_by_events = place.source.path().iter().any(|part| part == ".tekton");
    if !object.is_tekton("PipelineRun") || !is_started_by_events {
        return;
    }
    let [expression, event, branch, comment] =
        ["on-cel-expression", "on-event", "on-target-branch", "on-comment"]
            .map(|name| annotation(object, name));
    if expression.is_some() || comment.is_some() || (event.is_some() && branch.is_some()) {
        return;
    }
    let (message, place, help) = match (event, branch) {
        (Some(event), _) => (
            "`on-event` starts nothing without `on-target-branch`",
            first_line(&event.place),
            format!("add `{PREFIX}on-target-branch: \"[main]\"`"),
        ),
        (None, Some(branch)) => (
            "`on-target-branch` starts nothing without `on-event`",
            first_line(&branch.place),
            format!("add `{PREFIX}on-event: \"[push]\"`"),
        ),
        (None, None) => (
            "no event starts the PipelineRun",
            place,
            misspelt(object).unwrap_or_else(|| {
                format!("Pipelines-as-Code starts it by the annotation `{PREFIX}on-cel-expression`, or by `on-event` and `on-target-branch`")
            }),
        ),
    };
    report.say(place, message, help);
}

/// Returns what an annotation that is nearly one that starts runs should be.
fn misspelt(object: &Object<'_>) -> Option<String> {
    const STARTING: [&str; 4] = ["on-cel-expression", "on-event", "on-target-branch", "on-comment"];
    let known: Vec<String> = STARTING.iter().map(|name| format!("{PREFIX}{name}")).collect();
    let entries = at(object.node, &["metadata", "annotations"])?.entries()?;
    let near = |key: &str| nearest(key, known.iter().map(String::as_str)).map(str::to_owned);
    entries.iter().find_map(|entry| {
        near(&entry.key).map(|near| format!("it has `{}`: did you mean `{near}`?", entry.key))
    })
}

pub(super) fn annotations_can_be_read(object: &Object<'_>, report: &mut Report<'_>) {
    if let Some(node) = annotation(object, "on-cel-expression")
        && let Some(text) = node.text().filter(|text| !is_template(text))
        && let Err(problem) = names(text)
    {
        let message = format!("the expression cannot be read: {}", problem.message);
        report.say(place_at(node, &problem.at), message, problem.help);
    }
    if let Some(node) = annotation(object, "on-comment")
        && let Some(text) = node.text().filter(|text| !is_template(text))
        && Regex::new(text).is_err()
    {
        let message = format!("`{text}` is no regular expression");
        report.say(first_line(&node.place), message, "write it as Go reads it, as `^/build( |$)`");
    }
    for name in ["on-event", "on-target-branch", "on-path-change", "on-path-change-ignore", "on-label"] {
        if let Some(node) = annotation(object, name)
            && let Some(text) = node.text().filter(|text| items(text).is_none())
        {
            let message = format!("`{text}` is no list of `{name}`");
            report.say(
                first_line(&node.place),
                message,
                "write one word, or several in brackets: `\"[a, b]\"`",
            );
        }
    }
}

/// Returns the items of a list as Pipelines-as-Code reads it: one word, or several in brackets.
fn items(text: &str) -> Option<Vec<&str>> {
    let text = text.trim();
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => {
            let items: Vec<&str> = inside.split(',').map(str::trim).collect();
            (!items[0].is_empty()).then_some(items)
        }
        None => (!text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '[' | ']')))
            .then(|| vec![text]),
    }
}

pub(super) fn names_are_known(object: &Object<'_>, report: &mut Report<'_>) {
    if let Some(node) = annotation(object, "on-event") {
        let text = node.text().filter(|text| !is_template(text)).unwrap_or_default();
        let is_unknown = |event: &&str| !event.is_empty() && !EVENTS.contains(event);
        for event in items(text).unwrap_or_default().into_iter().filter(is_unknown) {
            report.say(first_line(&node.place), no_event(event), near(event, &EVENTS));
        }
    }
    let Some(node) = annotation(object, "on-cel-expression") else { return };
    let text = node.text().filter(|text| !is_template(text)).unwrap_or_default();
    let names = names(text).unwrap_or_default();
    let unknown = names.iter().filter_map(|name| Some((&name.at, unknown(name)?)));
    for (at, (message, help)) in unknown.take(MOST_UNKNOWN) {
        report.say(place_at(node, at), message, help);
    }
}

/// Returns what is said of a name that Pipelines-as-Code does not know.
fn unknown(name: &Name<'_>) -> Option<(String, String)> {
    let (known, message): (&[&str], String) = match name.role {
        Role::Variable => (&VARIABLES, format!("the expression has no variable `{}`", name.text)),
        Role::Function => (&FUNCTIONS, format!("there is no function `{}`", name.text)),
        Role::EventName => (&EVENTS, no_event(name.text)),
    };
    if known.contains(&name.text) {
        return None;
    }
    let help = match nearest(name.text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if name.role == Role::Variable => format!(
            "known are `{}`, and the parameters of the Repository; a text stands in quotes",
            VARIABLES.join("`, `")
        ),
        None if name.role == Role::Function => {
            "`\"GLOB\".pathChanged()`, `matches` and the like are known".to_owned()
        }
        None => near(name.text, known),
    };
    Some((message, help))
}

fn no_event(name: &str) -> String {
    format!("there is no event `{name}`")
}

fn near(name: &str, known: &[&str]) -> String {
    nearest(name, known.iter().copied()).map_or_else(
        || format!("known are `{}`", known.join("`, `")),
        |near| format!("did you mean `{near}`?"),
    )
}
