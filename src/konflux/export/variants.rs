//! The variants of a tutorial as a matrix.

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::tutorial::Matrix;

/// The matrix of a pipeline's tasks.
#[derive(Debug)]
pub(super) struct Variants {
    /// Parameters that it gives values.
    pub(super) names: Vec<String>,
    /// As Tekton writes it; `None` where there is one variant without a name.
    pub(super) matrix: Option<Value>,
}

impl Variants {
    /// Takes the plans of all variants.
    pub(super) fn of(plans: &[Plan]) -> Self {
        let Some(first) = plans.first().filter(|plan| plan.key.variant.is_some()) else {
            return Self { names: Vec::new(), matrix: None };
        };
        let matrix = &first.tutorial.front_matter.matrix;
        let names = names(matrix);
        let shown = if is_product(matrix, plans) { columns(matrix) } else { combinations(&names, plans) };
        Self { names, matrix: Some(shown) }
    }
}

fn names(matrix: &Matrix) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let included = matrix.include.iter().flat_map(|part| part.keys());
    for name in matrix.axes.iter().map(|(name, _)| name).chain(included) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Returns whether the variants are all combinations of the axes, and nothing else.
fn is_product(matrix: &Matrix, plans: &[Plan]) -> bool {
    let combinations: usize = matrix.axes.iter().map(|(_, values)| values.len()).product();
    matrix.include.is_empty() && matrix.exclude.is_empty() && combinations == plans.len()
}

fn columns(matrix: &Matrix) -> Value {
    let column = |(name, values): &(String, Vec<crate::tutorial::Value>)| {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        json!({"name": name, "value": values})
    };
    json!({"params": matrix.axes.iter().map(column).collect::<Vec<_>>()})
}

/// Returns each variant as a combination of its own.
fn combinations(names: &[String], plans: &[Plan]) -> Value {
    let combination = |(number, plan): (usize, &Plan)| {
        let value =
            |name: &String| Some(json!({"name": name, "value": plan.parameters.get(name)?.to_string()}));
        let params: Vec<Value> = names.iter().filter_map(value).collect();
        json!({"name": format!("variant-{}", number + 1), "params": params})
    };
    json!({"include": plans.iter().enumerate().map(combination).collect::<Vec<_>>()})
}
