//! Plans as pictures, for Graphviz and Mermaid.

use super::arrows::arrows;
use super::model::{Plan, PlannedStep, StepKind};

/// Returns a plan as a DOT graph.
///
/// An arrow goes from a step to one that waits for it; arrows that follow from others are left out.
pub fn dot(plan: &Plan) -> String {
    let mut graph =
        format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(&plan.key.to_string()));
    for (index, step) in plan.steps.iter().enumerate() {
        let style = match shape(step) {
            Shape::Step => "",
            Shape::Service => ", shape=ellipse",
            Shape::Cleanup => ", shape=box, style=dashed",
        };
        graph.push_str(&format!("  s{index} [label={}{style}];\n", quoted(&step.name.0)));
    }
    for (from, to) in edges(plan) {
        graph.push_str(&format!("  s{from} -> s{to};\n"));
    }
    graph.push_str("}\n");
    graph
}

/// Returns a plan as a Mermaid flowchart, with the same arrows.
pub fn mermaid(plan: &Plan) -> String {
    let mut chart = "flowchart LR\n".to_owned();
    for (index, step) in plan.steps.iter().enumerate() {
        let name = entities(&step.name.0);
        let node = match shape(step) {
            Shape::Step => format!("[\"{name}\"]"),
            Shape::Service => format!("([\"{name}\"])"),
            Shape::Cleanup => format!("{{{{\"{name}\"}}}}"),
        };
        chart.push_str(&format!("  s{index}{node}\n"));
    }
    for (from, to) in edges(plan) {
        chart.push_str(&format!("  s{from} --> s{to}\n"));
    }
    chart
}

enum Shape {
    Step,
    Service,
    Cleanup,
}

fn shape(step: &PlannedStep) -> Shape {
    match step.work.kind() {
        _ if step.cleanup => Shape::Cleanup,
        StepKind::Service => Shape::Service,
        _ => Shape::Step,
    }
}

fn edges(plan: &Plan) -> impl Iterator<Item = (usize, usize)> {
    let arrows = arrows(&plan.steps).into_iter().enumerate();
    arrows.flat_map(|(to, needs)| needs.into_iter().map(move |from| (from, to)))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

/// Escapes a name for Mermaid, which has no backslash and reads `#` as the start of an entity.
fn entities(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '#' => "#35;".to_owned(),
        '"' => "#quot;".to_owned(),
        '<' => "#lt;".to_owned(),
        '>' => "#gt;".to_owned(),
        '&' => "#amp;".to_owned(),
        '\n' => " ".to_owned(),
        other => other.to_string(),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::plan::testing::{page, planned, step};

    #[track_caller]
    fn check(graph: fn(&Plan) -> String, expected: Expect) {
        let steps = vec![
            step("fetch"),
            step("say \"hi\" #1"),
            step("serve").change(|attributes| attributes.background = true),
            step("test").needs(&["fetch", "serve"]),
            step("clean").change(|attributes| attributes.cleanup = true),
        ];
        expected.assert_eq(&graph(&planned(page(steps))));
    }

    #[test]
    fn dot_draws_only_arrows_that_follow_from_no_other() {
        check(
            dot,
            expect![[r#"
            digraph "a.md" {
              rankdir=LR;
              node [shape=box];
              s0 [label="fetch"];
              s1 [label="say \"hi\" #1"];
              s2 [label="serve", shape=ellipse];
              s3 [label="test"];
              s4 [label="clean", shape=box, style=dashed];
              s0 -> s1;
              s1 -> s2;
              s2 -> s3;
            }
        "#]],
        );
    }

    #[test]
    fn mermaid_draws_the_same_arrows() {
        check(
            mermaid,
            expect![[r#"
            flowchart LR
              s0["fetch"]
              s1["say #quot;hi#quot; #35;1"]
              s2(["serve"])
              s3["test"]
              s4{{"clean"}}
              s0 --> s1
              s1 --> s2
              s2 --> s3
        "#]],
        );
    }
}
