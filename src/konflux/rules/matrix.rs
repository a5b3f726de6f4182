//! Tasks that run once for each combination of values.

use super::report::Report;
use super::results;
use super::view::{PipelineView, Target};
use crate::konflux::fields::{elements, entry, field, first_line, head, list, name, text};
use crate::konflux::reference::place_in;
use crate::yaml::{Data, Node};

/// How many combinations Tekton runs at most, unless a cluster says otherwise.
const MOST: usize = 256;

pub(super) fn combinations_are_few(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for matrix in pipeline.tasks.iter().filter_map(|task| entry(task.node, "matrix")) {
        let count = combinations(&matrix.value);
        if count > MOST {
            let message = format!("the matrix has {count} combinations");
            report.say(
                matrix.key_place.clone(),
                message,
                format!("Tekton runs at most {MOST}: make several tasks of it"),
            );
        }
    }
}

/// Returns how many combinations a matrix has. Lists that are only known when it runs count as one.
fn combinations(matrix: &Node) -> usize {
    let lengths = list(matrix, "params")
        .iter()
        .map(|parameter| field(parameter, "value").map_or(1, |value| elements(value).len().max(1)));
    let combined = lengths.fold(1_usize, usize::saturating_mul);
    let included = list(matrix, "include").len();
    if list(matrix, "params").is_empty() { included } else { combined.saturating_add(new_ones(matrix)) }
}

/// Returns how many combinations `include` adds: those with a value that the matrix does not have.
fn new_ones(matrix: &Node) -> usize {
    let is_new = |given: &Node| {
        let known = list(matrix, "params").iter().find(|parameter| name(parameter) == name(given));
        let values = known.map(|parameter| list(parameter, "value"));
        values.is_some_and(|values| !values.iter().any(|value| value.text() == text(given, "value")))
    };
    list(matrix, "include").iter().filter(|include| list(include, "params").iter().any(is_new)).count()
}

pub(super) fn parameters_are_given_once(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        for given in list(task.node, "params") {
            if let Some(other) = task.matrix_parameters().find(|other| name(other) == name(given)) {
                let finding = report
                    .finding(format!("parameter `{}` is given in `params` and in `matrix`", name(given)));
                report.add(
                    finding
                        .at(head(given))
                        .related(head(other), "the matrix gives it here")
                        .help("keep one of them"),
                );
            }
        }
        let Some(matrix) = field(task.node, "matrix") else { continue };
        let groups = list(matrix, "include").iter().map(|include| list(include, "params"));
        for group in groups.chain([list(matrix, "params")]) {
            super::steps::twice(group, "parameter", report);
        }
    }
}

pub(super) fn values_are_lists(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for matrix in pipeline.tasks.iter().filter_map(|task| field(task.node, "matrix")) {
        for value in list(matrix, "params").iter().filter_map(|parameter| field(parameter, "value")) {
            let is_whole_list = |text: &str| text.starts_with("$(") && text.ends_with("[*])");
            let fits = matches!(value.data, Data::List(_)) || value.text().is_some_and(is_whole_list);
            if !fits {
                report.say(
                    first_line(&value.place),
                    "a matrix combines lists, and this is none",
                    "write a list, or `$(params.x[*])`",
                );
            }
        }
        for given in list(matrix, "include").iter().flat_map(|include| list(include, "params")) {
            if let Some(value) = field(given, "value").filter(|value| value.text().is_none()) {
                report.say(
                    first_line(&value.place),
                    "a parameter of `include` is one string",
                    "write one value",
                );
            }
        }
    }
}

pub(super) fn results_are_taken_whole(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    results::each_use(pipeline, &mut |_, scalar, reference, task, result| {
        let Some(producer) = pipeline.task(task).filter(|task| task.is_matrixed()) else { return };
        if reference.index != Some("*") {
            let message = format!("`{}` is one result of a task that runs several times", reference.written);
            report.say(
                place_in(scalar, reference.written),
                message,
                format!("take all of them: `$(tasks.{task}.results.{result}[*])`"),
            );
        }
        if let Target::Embedded(spec) = producer.target
            && let Some(kind) = list(spec, "results")
                .iter()
                .find(|known| name(known) == result)
                .and_then(|known| field(known, "type"))
            && kind.text() != Some("string")
        {
            report.say(
                first_line(&kind.place),
                format!("result `{result}` of a task with a matrix is not a string"),
                "write `type: string`",
            );
        }
    });
}
