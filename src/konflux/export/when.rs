//! Conditions of steps.

use serde_json::{Value, json};

use crate::plan::{Needs, Plan};

/// Returns what must hold for each step of a plan: its own condition, and those of the steps that it names as needs.
pub(super) fn conditions(plan: &Plan) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let mut own: Vec<String> = plan.tutorial.steps[step.source].attributes.when.iter().cloned().collect();
        if let Needs::Named(needs) = &step.needs
            && !step.cleanup
        {
            for condition in
                needs.iter().filter_map(|need| all.get(need.0)).flatten().cloned().collect::<Vec<_>>()
            {
                if !own.contains(&condition) {
                    own.push(condition);
                }
            }
        }
        all.push(own);
    }
    all
}

/// Returns several conditions as one.
pub(super) fn joined(conditions: &[String]) -> Option<String> {
    match conditions {
        [] => None,
        [only] => Some(only.clone()),
        several => {
            Some(several.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" and "))
        }
    }
}

/// Returns a condition as Tekton judges it before it makes a pod; `None` where it knows no such condition.
///
/// The task judges it in any case, so what is not known here costs a pod and nothing else.
pub(super) fn expression(condition: &str, parameters: &[&str]) -> Option<Value> {
    let (name, operator, value) = comparison(condition)?;
    let is_known = parameters.contains(&name);
    is_known.then(|| json!({"input": format!("$(params.{name})"), "operator": operator, "values": [value]}))
}

/// Reads `NAME == "text"`, `NAME != "text"`, `NAME` and `not NAME`.
fn comparison(condition: &str) -> Option<(&str, &'static str, &str)> {
    let condition = condition.trim();
    for (sign, operator) in [("==", "in"), ("!=", "notin")] {
        if let Some((name, value)) = condition.split_once(sign) {
            return Some((name.trim(), operator, literal(value.trim())?));
        }
    }
    let (name, operator) =
        condition.strip_prefix("not ").map_or((condition, "in"), |name| (name.trim(), "notin"));
    Some((name, operator, "true"))
}

/// Returns the text in quotes that hold no other.
fn literal(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|quote| "\"'".contains(*quote))?;
    let inside = value.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_plain = !inside.contains(['"', '\'', '\\', '$']);
    is_plain.then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: &str, expected: Option<(&str, &str)>) {
        let written = expression(condition, &["base", "fast"]);
        let expected = expected.map(|(operator, value)| (operator.to_owned(), value.to_owned()));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(written.map(|when| (text(&when["operator"]), text(&when["values"][0]))), expected);
    }

    #[test]
    fn simple_conditions_are_tektons() {
        check("base == \"fedora\"", Some(("in", "fedora")));
        check("base != 'fedora'", Some(("notin", "fedora")));
        check("fast", Some(("in", "true")));
        check("not fast", Some(("notin", "true")));
    }

    #[test]
    fn other_conditions_are_left_to_the_task() {
        check("base == \"a\" and fast", None);
        check("base == other", None);
        check("unknown", None);
        check("base | length > 3", None);
    }
}
