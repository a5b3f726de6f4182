//! Plans as pictures, for Graphviz and Mermaid.

use super::arrows::arrows;
use super::model::{Disposition, Plan, PlannedStep, StepKind};

/// Returns plans as one DOT graph, each in a box of its own where there are several.
///
/// An arrow goes from a step to one that waits for it; arrows that follow from others are left
/// out. Steps that do not run are dotted.
pub fn dot(plans: &[Plan]) -> String {
    let name = match plans {
        [plan] => plan.key.to_string(),
        _ => "plans".to_owned(),
    };
    let mut graph = format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(&name));
    for (number, plan) in plans.iter().enumerate() {
        let ids = Ids::of(number, plans);
        if plans.len() > 1 {
            let label = quoted(&plan.key.to_string());
            graph.push_str(&format!("  subgraph cluster{number} {{\n  label={label};\n"));
        }
        graph.extend(plan.steps.iter().enumerate().map(|(index, step)| dot_node(&ids.of_step(index), step)));
        let edge = |(from, to)| format!("  {} -> {};\n", ids.of_step(from), ids.of_step(to));
        graph.extend(edges(plan).map(edge));
        graph.push_str(if plans.len() > 1 { "  }\n" } else { "" });
    }
    graph.push_str("}\n");
    graph
}

fn dot_node(id: &str, step: &PlannedStep) -> String {
    let shape = match shape(step) {
        Shape::Step => "",
        Shape::Service => ", shape=ellipse",
        Shape::Cleanup => ", shape=box, style=dashed",
    };
    let style = if step.disposition == Disposition::Run { shape } else { ", style=dotted" };
    format!("  {id} [label={}{style}];\n", quoted(&step.name.0))
}

/// Returns plans as one Mermaid flowchart, with the same boxes and arrows. Steps that do not run are dashed.
pub fn mermaid(plans: &[Plan]) -> String {
    let mut chart = "flowchart LR\n".to_owned();
    let mut left_out = Vec::new();
    for (number, plan) in plans.iter().enumerate() {
        let ids = Ids::of(number, plans);
        if plans.len() > 1 {
            chart.push_str(&format!("  subgraph p{number}[\"{}\"]\n", entities(&plan.key.to_string())));
        }
        for (index, step) in plan.steps.iter().enumerate() {
            let id = ids.of_step(index);
            chart.push_str(&mermaid_node(&id, step));
            left_out.extend((step.disposition != Disposition::Run).then_some(id));
        }
        let edge = |(from, to)| format!("  {} --> {}\n", ids.of_step(from), ids.of_step(to));
        chart.extend(edges(plan).map(edge));
        chart.push_str(if plans.len() > 1 { "  end\n" } else { "" });
    }
    if !left_out.is_empty() {
        chart.push_str("  classDef leftOut stroke-dasharray: 4\n");
        chart.push_str(&format!("  class {} leftOut\n", left_out.join(",")));
    }
    chart
}

fn mermaid_node(id: &str, step: &PlannedStep) -> String {
    let name = entities(&step.name.0);
    let node = match shape(step) {
        Shape::Step => format!("[\"{name}\"]"),
        Shape::Service => format!("([\"{name}\"])"),
        Shape::Cleanup => format!("{{{{\"{name}\"}}}}"),
    };
    format!("  {id}{node}\n")
}

/// Names of nodes, different in each plan of a picture.
struct Ids(String);

impl Ids {
    fn of(number: usize, plans: &[Plan]) -> Self {
        Self(if plans.len() > 1 { format!("p{number}s") } else { "s".to_owned() })
    }

    fn of_step(&self, index: usize) -> String {
        format!("{}{index}", self.0)
    }
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
    use crate::plan::testing::{flags, page, planned, plans, step};
    use crate::tutorial::Value;

    #[track_caller]
    fn check(graph: fn(&[Plan]) -> String, expected: Expect) {
        let steps = vec![
            step("fetch"),
            step("say \"hi\" #1"),
            step("serve").change(|attributes| attributes.background = true),
            step("test").needs(&["fetch", "serve"]),
            step("clean").change(|attributes| attributes.cleanup = true),
        ];
        expected.assert_eq(&graph(&[planned(page(steps))]));
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

    #[track_caller]
    fn check_variants(graph: fn(&[Plan]) -> String, expected: Expect) {
        let mut page =
            page(vec![step("a"), step("b").change(|attributes| attributes.when = Some("n == 1".into()))]);
        page.front_matter.matrix.axes = vec![("n".to_owned(), vec![Value::Number(1.0), Value::Number(2.0)])];
        expected.assert_eq(&graph(&plans(page, &flags(&[])).unwrap()));
    }

    #[test]
    fn variants_share_a_picture_and_what_does_not_run_is_marked() {
        check_variants(
            dot,
            expect![[r#"
            digraph "plans" {
              rankdir=LR;
              node [shape=box];
              subgraph cluster0 {
              label="a.md [n=1]";
              p0s0 [label="a"];
              p0s1 [label="b"];
              p0s0 -> p0s1;
              }
              subgraph cluster1 {
              label="a.md [n=2]";
              p1s0 [label="a"];
              p1s1 [label="b", style=dotted];
              p1s0 -> p1s1;
              }
            }
        "#]],
        );
        check_variants(
            mermaid,
            expect![[r#"
            flowchart LR
              subgraph p0["a.md [n=1]"]
              p0s0["a"]
              p0s1["b"]
              p0s0 --> p0s1
              end
              subgraph p1["a.md [n=2]"]
              p1s0["a"]
              p1s1["b"]
              p1s0 --> p1s1
              end
              classDef leftOut stroke-dasharray: 4
              class p1s1 leftOut
        "#]],
        );
    }
}
