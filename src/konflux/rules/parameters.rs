//! Parameters: declared, given and used.

use std::collections::{BTreeSet, HashMap};

use super::name::is_parameter_name;
use super::name::nearest;
use super::report::Report;
use super::view::{
    ActionView, Parameter, PipelineTask, PipelineView, RunView, Scope, Shape, Stand, Target, TaskView,
    declared, texts,
};
use crate::konflux::fields::{elements, entry, field, first_line, head, list, name, scalars, text};
use crate::konflux::placeholder::is_template;
use crate::konflux::reference::{Reference, place_in, references};
use crate::yaml::{Data, Node};

/// Fields whose text is for people: what looks like a variable there is none, or another scope's.
const PROSE: &[&str] = &["description", "displayName"];

pub(super) fn names_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    names(task.spec, report);
}

pub(super) fn names_in_action(action: &ActionView<'_>, report: &mut Report<'_>) {
    names(action.spec, report);
}

pub(super) fn names_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    names(pipeline.spec, report);
}

fn names(spec: &Node, report: &mut Report<'_>) {
    for parameter in declared(spec) {
        if !is_parameter_name(parameter.name, parameter.shape != Shape::Map) && !is_template(parameter.name) {
            let message = format!("`{}` cannot be the name of a parameter", parameter.name);
            let help = "begin with a letter or `_`; letters, digits, `_` and `-` may follow, and points unless it is an object";
            report.say(head(parameter.node), message, help);
        }
    }
}

pub(super) fn names_differ_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    twice(list(task.spec, "params"), "declared", report);
    task.steps().iter().for_each(|step| twice(list(step, "params"), "given", report));
}

pub(super) fn names_differ_in_action(action: &ActionView<'_>, report: &mut Report<'_>) {
    twice(list(action.spec, "params"), "declared", report);
}

pub(super) fn names_differ_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    twice(list(pipeline.spec, "params"), "declared", report);
    for task in &pipeline.tasks {
        twice(list(task.node, "params"), "given", report);
    }
}

pub(super) fn names_differ_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    twice(list(run.spec, "params"), "given", report);
}

/// Names that differ in the size of letters alone are the same to Tekton.
fn twice(parameters: &[Node], verb: &str, report: &mut Report<'_>) {
    let mut known: HashMap<String, &Node> = HashMap::new();
    for parameter in parameters.iter().filter(|parameter| !name(parameter).is_empty()) {
        if let Some(first) = known.get(&name(parameter).to_ascii_lowercase()) {
            let finding = report.finding(format!("parameter `{}` is {verb} twice", name(parameter)));
            let finding = finding.at(head(parameter)).related(head(first), "the first time");
            report.add(finding.help("take one of them out"));
        } else {
            known.insert(name(parameter).to_ascii_lowercase(), parameter);
        }
    }
}

pub(super) fn declarations_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    declarations(task.spec, report);
}

pub(super) fn declarations_in_action(action: &ActionView<'_>, report: &mut Report<'_>) {
    declarations(action.spec, report);
}

pub(super) fn declarations_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    declarations(pipeline.spec, report);
}

fn declarations(spec: &Node, report: &mut Report<'_>) {
    for parameter in declared(spec) {
        if let Some(kind) = field(parameter.node, "type") {
            let word = kind.text().unwrap_or_default();
            if !matches!(word, "string" | "array" | "object") {
                let help = nearest(word, ["string", "array", "object"])
                    .map_or("write `string`, `array` or `object`".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                report.say(first_line(&kind.place), format!("`{word}` is no type of a parameter"), help);
                continue;
            }
        }
        default_fits(&parameter, report);
        if parameter.shape == Shape::Map && field(parameter.node, "properties").is_none() {
            let message = format!("object parameter `{}` has no properties", parameter.name);
            report.say(
                head(parameter.node),
                message,
                "list its keys in `properties`, each with `{type: string}`",
            );
        }
        for property in field(parameter.node, "properties").and_then(Node::entries).unwrap_or_default() {
            if text(&property.value, "type").is_some_and(|kind| kind != "string") {
                let message =
                    format!("key `{}` of parameter `{}` is not a string", property.key, parameter.name);
                report.say(property.key_place.clone(), message, "keys of objects can only be strings");
            }
        }
    }
}

fn default_fits(parameter: &Parameter<'_>, report: &mut Report<'_>) {
    let Some(default) = parameter.default else { return };
    if Shape::of(default) != parameter.shape {
        let (is, wanted) = (Shape::of(default).word(), parameter.shape.word());
        let message =
            format!("the default of parameter `{}` is of type {is}, its type is {wanted}", parameter.name);
        report.say(
            first_line(&default.place),
            message,
            format!("write a default of type {wanted}, or change `type`"),
        );
    }
}

pub(super) fn choices_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    choices(task.spec, report);
}

pub(super) fn choices_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    choices(pipeline.spec, report);
}

fn choices(spec: &Node, report: &mut Report<'_>) {
    for parameter in declared(spec) {
        choices_are_sound(&parameter, report);
        let choices: Vec<&str> = list(parameter.node, "enum").iter().filter_map(Node::text).collect();
        let Some(default) = parameter.default.and_then(Node::text).filter(|_| !choices.is_empty()) else {
            continue;
        };
        if !default.is_empty() && !choices.contains(&default) {
            let place =
                parameter.default.map_or_else(|| head(parameter.node), |node| first_line(&node.place));
            let message =
                format!("default `{default}` of parameter `{}` is not among its values", parameter.name);
            report.say(place, message, format!("write one of `{}`", choices.join("`, `")));
        }
    }
}

/// Only strings have choices, and none of them stands there twice.
fn choices_are_sound(parameter: &Parameter<'_>, report: &mut Report<'_>) {
    let Some(choices) = entry(parameter.node, "enum") else { return };
    if parameter.shape != Shape::Text {
        let message = format!("parameter `{}` is no string, and has choices", parameter.name);
        report.say(choices.key_place.clone(), message, "only a string can have `enum`");
    }
    let mut known = BTreeSet::new();
    for choice in elements(&choices.value).iter().filter(|choice| !known.insert(choice.text())) {
        let written = choice.text().unwrap_or_default();
        let message = format!("parameter `{}` has the choice `{written}` twice", parameter.name);
        report.say(first_line(&choice.place), message, "take one of them out");
    }
}

pub(super) fn used_in_task_are_declared(task: &TaskView<'_>, report: &mut Report<'_>) {
    let mut told = BTreeSet::new();
    each_use_in_task(task.spec, &mut |scalar, reference| {
        if told.insert((scalar.place.span.start, reference.name().to_owned())) {
            is_declared(&task.scope, scalar, &reference, "task", report);
        }
    });
}

pub(super) fn used_in_action_are_declared(action: &ActionView<'_>, report: &mut Report<'_>) {
    each_use_in_task(action.spec, &mut |scalar, reference| {
        is_declared(&action.scope, scalar, &reference, "step action", report);
    });
}

pub(super) fn used_in_pipeline_are_declared(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_use_in_pipeline_task(task, &mut |scalar, reference| {
            is_declared(&pipeline.scope, scalar, &reference, "pipeline", report);
        });
    }
}

/// Says where a variable names a parameter that does not exist.
fn is_declared(
    scope: &Scope<'_>,
    scalar: &Node,
    reference: &Reference<'_>,
    owner: &str,
    report: &mut Report<'_>,
) {
    let wanted = reference.name();
    if wanted.is_empty() || scope.parameter(wanted).is_some() {
        return;
    }
    let dotted = reference.names[1..].join(".");
    let known = scope.parameter_names();
    let help = if scope.parameter(&dotted).is_some() {
        format!("a name with points is written as `$(params[\"{dotted}\"])`")
    } else if let Some(near) = nearest(wanted, known) {
        format!("did you mean `{near}`?")
    } else {
        format!("declare it in `params` of the {owner}")
    };
    let message = format!("parameter `{wanted}` is used and not declared");
    report.say(place_in(scalar, reference.written), message, help);
}

/// Calls a function with each use of a parameter in a task.
fn each_use_in_task<'a>(spec: &'a Node, take: &mut impl FnMut(&'a Node, Reference<'a>)) {
    let outside = |key: &str| PROSE.contains(&key) || key == "params";
    let entries = spec.entries().unwrap_or_default().iter();
    for entry in entries.filter(|entry| !outside(&entry.key)) {
        each_use(&entry.value, PROSE, take);
    }
}

/// Calls a function with each use of a parameter of the pipeline in one of its tasks.
fn each_use_in_pipeline_task<'a>(task: &PipelineTask<'a>, take: &mut impl FnMut(&'a Node, Reference<'a>)) {
    each_use(task.node, &["description", "displayName", "name", "taskSpec", "pipelineSpec"], take);
}

fn each_use<'a>(node: &'a Node, except: &[&str], take: &mut impl FnMut(&'a Node, Reference<'a>)) {
    scalars(node, except, &mut |scalar| {
        let text = scalar.text().unwrap_or_default();
        references(text)
            .filter(|reference| reference.head() == "params")
            .for_each(|reference| take(scalar, reference));
    });
}

pub(super) fn declared_in_task_are_used(task: &TaskView<'_>, report: &mut Report<'_>) {
    let mut used = BTreeSet::new();
    each_use_in_task(task.spec, &mut |_, reference| {
        used.insert(reference.name());
    });
    unused(task.spec, &used, "task", report);
}

pub(super) fn declared_in_action_are_used(action: &ActionView<'_>, report: &mut Report<'_>) {
    let mut used = BTreeSet::new();
    each_use_in_task(action.spec, &mut |_, reference| {
        used.insert(reference.name());
    });
    unused(action.spec, &used, "step action", report);
}

pub(super) fn declared_in_pipeline_are_used(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    let mut used = BTreeSet::new();
    for task in &pipeline.tasks {
        each_use_in_pipeline_task(task, &mut |_, reference| {
            used.insert(reference.name());
        });
        // What stands inside sees the pipeline's parameters, except those that it declares itself.
        let inner = [field(task.node, "taskSpec"), field(task.node, "pipelineSpec")];
        for spec in inner.into_iter().flatten() {
            let own: Vec<&str> = list(spec, "params").iter().map(name).collect();
            each_use(spec, PROSE, &mut |_, reference| {
                if !own.contains(&reference.name()) {
                    used.insert(reference.name());
                }
            });
        }
    }
    each_use_in_results(pipeline.spec, &mut used);
    unused(pipeline.spec, &used, "pipeline", report);
}

fn each_use_in_results<'a>(spec: &'a Node, used: &mut BTreeSet<&'a str>) {
    for result in list(spec, "results") {
        each_use(result, PROSE, &mut |_, reference| {
            used.insert(reference.name());
        });
    }
}

fn unused(spec: &Node, used: &BTreeSet<&str>, owner: &str, report: &mut Report<'_>) {
    for parameter in list(spec, "params").iter().filter(|node| !used.contains(name(node))) {
        // Its first name is what Tekton reads where the points have no brackets around them.
        let first = name(parameter).split('.').next().unwrap_or_default();
        let is_read_as_other = first != name(parameter) && used.contains(first);
        if !name(parameter).is_empty() && !is_read_as_other {
            let message = format!("parameter `{}` is declared and not used", name(parameter));
            report.say(
                head(parameter),
                message,
                format!("use it as `$(params.{})`, or take it out of the {owner}", name(parameter)),
            );
        }
    }
}

pub(super) fn lists_stand_alone_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    each_use_in_task(task.spec, &mut |scalar, reference| {
        let is_list = |parameter: &&Parameter<'_>| parameter.shape == Shape::List;
        if task.scope.parameter(reference.name()).filter(is_list).is_none() || is_index(&reference) {
            return;
        }
        let is_argument =
            task.steps().iter().chain(task.sidecars()).chain(field(task.spec, "stepTemplate")).any(|step| {
                let holds = |key| list(step, key).iter().any(|item| std::ptr::eq(item, scalar));
                holds("args")
                    || holds("command")
                    || list(step, "params").iter().any(|given| holds_node(given, scalar))
                    || list(step, "when").iter().any(|when| holds_node(when, scalar))
            });
        if !is_argument {
            let message = format!("`{}` is a list, and stands in a text", reference.written);
            report.say(
                place_in(scalar, reference.written),
                message,
                "hand it over in `args`, as an item of its own: `- $(params.x[*])`",
            );
        } else {
            alone(scalar, &reference, report);
        }
    });
}

fn holds_node(node: &Node, wanted: &Node) -> bool {
    let mut found = false;
    scalars(node, &[], &mut |scalar| found |= std::ptr::eq(scalar, wanted));
    found
}

pub(super) fn lists_stand_alone_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_use_in_pipeline_task(task, &mut |scalar, reference| {
            let is_whole =
                |parameter: &&Parameter<'_>| parameter.shape == Shape::List && !is_index(&reference);
            if pipeline.scope.parameter(reference.name()).filter(is_whole).is_some() {
                alone(scalar, &reference, report);
            }
        });
    }
}

fn alone(scalar: &Node, reference: &Reference<'_>, report: &mut Report<'_>) {
    if scalar.text() != Some(reference.written) {
        let message = format!("`{}` is a list, and has other text beside it", reference.written);
        report.say(
            place_in(scalar, reference.written),
            message,
            "let it stand alone, or name one of its items: `$(params.x[0])`",
        );
    }
}

fn is_index(reference: &Reference<'_>) -> bool {
    reference.index.is_some_and(|index| index != "*")
}

pub(super) fn keys_exist_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    each_use_in_task(task.spec, &mut |scalar, reference| key_exists(&task.scope, scalar, &reference, report));
}

pub(super) fn keys_exist_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_use_in_pipeline_task(task, &mut |scalar, reference| {
            key_exists(&pipeline.scope, scalar, &reference, report)
        });
    }
}

fn key_exists(scope: &Scope<'_>, scalar: &Node, reference: &Reference<'_>, report: &mut Report<'_>) {
    let Some(parameter) = scope.parameter(reference.name()).filter(|parameter| parameter.shape == Shape::Map)
    else {
        return;
    };
    // Tekton puts what is given inside over what is given around it.
    let same = scope.parameters(parameter.name);
    let keys: Vec<&str> = same.flat_map(Parameter::keys).collect();
    let place = place_in(scalar, reference.written);
    match reference.names.get(2) {
        Some(key) if !keys.contains(key) => {
            let message = format!("object parameter `{}` has no key `{key}`", parameter.name);
            let help = nearest(key, keys.iter().copied()).map_or_else(
                || format!("it has `{}`", keys.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            report.say(place, message, help);
        }
        None if scalar.text() != Some(reference.written) => {
            let message = format!("`{}` is an object, and stands in a text", reference.written);
            report.say(place, message, format!("name one of its keys: `{}`", keys.join("`, `")));
        }
        _ => {}
    }
}

pub(super) fn scripts_have_no_parameters(task: &TaskView<'_>, report: &mut Report<'_>) {
    let scripts = task.steps().iter().chain(task.sidecars()).filter_map(|step| field(step, "script"));
    scripts.for_each(|script| script_has_none(script, report));
}

pub(super) fn script_of_action_has_no_parameters(action: &ActionView<'_>, report: &mut Report<'_>) {
    if let Some(script) = field(action.spec, "script") {
        script_has_none(script, report);
    }
}

fn script_has_none(script: &Node, report: &mut Report<'_>) {
    let mut told = BTreeSet::new();
    for reference in references(script.text().unwrap_or_default()) {
        if reference.head() == "params" && told.insert(reference.written) {
            let message = format!("`{}` is put into the script as it is, without quotes", reference.written);
            let help = format!(
                "what a value says would be run: give it to the step in `env`, and write `\"${}\"`",
                reference.name().to_uppercase().replace(['-', '.'], "_")
            );
            report.say(place_in(script, reference.written), message, help);
        }
    }
}

pub(super) fn tasks_get_their_parameters(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let Some(spec) = task.target.spec() else { continue };
        let given: Vec<&str> = task.given().map(name).collect();
        let is_embedded =
            matches!(task.target, Target::Embedded(_)) || field(task.node, "pipelineSpec").is_some();
        let sees = |wanted: &str| is_embedded && pipeline.scope.parameter(wanted).is_some();
        for missing in declared(spec).iter().filter(|parameter| parameter.default.is_none()) {
            if !given.contains(&missing.name) && !sees(missing.name) {
                let finding =
                    report.finding(format!("task `{}` does not get parameter `{}`", task.name, missing.name));
                let finding = finding
                    .at(head(task.node))
                    .related(head(missing.node), "it is declared here, without a default");
                report.add(finding.help(format!("add `{}` to its `params`", missing.name)));
            }
        }
    }
}

pub(super) fn run_gives_parameters(run: &RunView<'_>, report: &mut Report<'_>) {
    let Some(target) = run.target else { return };
    let given = list(run.spec, "params");
    for missing in declared(target).iter().filter(|parameter| parameter.default.is_none()) {
        if !given.iter().any(|given| name(given) == missing.name) {
            let word = run.word();
            let finding = report.finding(format!("parameter `{}` of the {word} gets no value", missing.name));
            let place =
                entry(run.spec, "params").map_or_else(|| run.object.head(), |entry| entry.key_place.clone());
            let finding =
                finding.at(place).related(head(missing.node), "it is declared here, without a default");
            report.add(finding.help(format!("add `{}` to `params`", missing.name)));
        }
    }
}

pub(super) fn given_to_tasks_are_declared(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        // What stands inside sees what it is given even where it declares nothing.
        if let Target::Known(spec) | Target::Pipeline(Some(spec)) = task.target
            && field(task.node, "pipelineSpec").is_none()
        {
            for given in task.given() {
                unknown(given, spec, &format!("task `{}`", task.name), report);
            }
        }
    }
}

pub(super) fn given_by_run_are_declared(run: &RunView<'_>, report: &mut Report<'_>) {
    if let Some(target) = run.target.filter(|_| run.stand == Stand::Alone) {
        for given in list(run.spec, "params") {
            unknown(given, target, &format!("the {}", run.word()), report);
        }
    }
}

fn unknown(given: &Node, target: &Node, owner: &str, report: &mut Report<'_>) {
    let known = || list(target, "params").iter().map(name);
    if name(given).is_empty() || known().any(|known| known == name(given)) {
        return;
    }
    let help = nearest(name(given), known())
        .map_or("it has no effect: take it out".to_owned(), |near| format!("did you mean `{near}`?"));
    report.say(head(given), format!("{owner} has no parameter `{}`", name(given)), help);
}

pub(super) fn values_fit_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let known = task.target.spec().map(declared).unwrap_or_default();
        for given in list(task.node, "params") {
            value_fits(given, &known, Some(&pipeline.scope), report);
        }
    }
}

pub(super) fn values_fit_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    let known = run.target.map(declared).unwrap_or_default();
    for given in list(run.spec, "params") {
        value_fits(given, &known, None, report);
    }
}

/// Says where a value has another type than its parameter. A variable that stands alone has the type of what it names.
fn value_fits(given: &Node, known: &[Parameter<'_>], scope: Option<&Scope<'_>>, report: &mut Report<'_>) {
    let Some(value) = field(given, "value") else { return };
    let Some(parameter) = known.iter().find(|parameter| parameter.name == name(given)) else { return };
    let Some(is) = shape_of_value(value, scope) else { return };
    if is != parameter.shape {
        let message = format!(
            "parameter `{}` is of type {}, the value is of type {}",
            parameter.name,
            parameter.shape.word(),
            is.word()
        );
        let help = match (parameter.shape, is) {
            (Shape::Text, Shape::List) if value.place.text().starts_with('[') => {
                format!("write the value in quotes: `'{}'`", first_line(&value.place).text())
            }
            (Shape::List, Shape::Text) => "write a list, each item with `- ` before it".to_owned(),
            (wanted, _) => format!("write a value of type {}", wanted.word()),
        };
        let finding = report.finding(message).at(first_line(&value.place));
        report.add(finding.related(head(parameter.node), "the parameter is declared here").help(help));
    }
}

/// Returns the type of a value; nothing for what is only known when the pipeline runs.
fn shape_of_value(value: &Node, scope: Option<&Scope<'_>>) -> Option<Shape> {
    let Some(text) = value.text() else { return Some(Shape::of(value)) };
    let mut found = references(text);
    let Some(reference) = found.next() else { return Some(Shape::Text) };
    if reference.written != text || is_index(&reference) {
        return Some(Shape::Text);
    }
    if reference.head() != "params" || reference.names.len() != 2 {
        return None;
    }
    scope?.parameter(reference.name()).map(|parameter| parameter.shape)
}

pub(super) fn lists_in_brackets_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    let known = run.target.map(declared).unwrap_or_default();
    for given in list(run.spec, "params") {
        in_brackets(given, &known, report);
    }
}

pub(super) fn lists_in_brackets_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let known = task.target.spec().map(declared).unwrap_or_default();
        for given in list(task.node, "params") {
            in_brackets(given, &known, report);
        }
    }
}

/// Says where `[x, y]` may have been meant as a text, and nobody knows the type of the parameter.
fn in_brackets(given: &Node, known: &[Parameter<'_>], report: &mut Report<'_>) {
    let Some(value) = field(given, "value").filter(|_| !known.iter().any(|known| known.name == name(given)))
    else {
        return;
    };
    let is_bare = |item: &Node| matches!(item.data, Data::Scalar { quoted: false, .. });
    let is_list = value.place.text().starts_with('[') && elements(value).iter().any(is_bare);
    if is_list {
        let written = first_line(&value.place);
        let help = format!(
            "if the parameter is a string, write `'{}'`; if it is a list, write one item a line",
            written.text()
        );
        report.say(
            written,
            format!("the value of `{}` is a list, since it has no quotes", name(given)),
            help,
        );
    }
}

pub(super) fn values_are_read_as_written_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    list(run.spec, "params").iter().for_each(|given| as_written(given, "value", report));
}

pub(super) fn values_are_read_as_written_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    list(task.spec, "params").iter().for_each(|declared| as_written(declared, "default", report));
}

pub(super) fn values_are_read_as_written_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    list(pipeline.spec, "params").iter().for_each(|declared| as_written(declared, "default", report));
    for task in &pipeline.tasks {
        task.given().for_each(|given| as_written(given, "value", report));
        for when in list(task.node, "when") {
            as_written(when, "input", report);
            as_written(when, "values", report);
        }
    }
}

fn as_written(node: &Node, key: &str, report: &mut Report<'_>) {
    for value in field(node, key).map(texts).unwrap_or_default() {
        if let Some(read) = crate::konflux::scalar::misread(value) {
            let written = value.text().unwrap_or_default();
            let message = format!("`{written}` is read as `{read}`");
            report.say(
                first_line(&value.place),
                message,
                format!("write `\"{written}\"` if it should stay as it is"),
            );
        }
    }
}
