//! Plans as text, for people: `stagebook plan`.

use super::model::{Disposition, Needs, Plan, PlannedStep, Work};
use super::view::checks;
use crate::diagnostic::{duration, plural};
use crate::tutorial::{Dialect, Value};

/// Returns a plan as lines of text.
pub fn text(plan: &Plan) -> String {
    let mut lines = vec![format!("{} ({})", plan.tutorial.title, plan.key)];
    lines.extend(dialect(plan.tutorial.dialect).map(|name| format!("  dialect: {name}")));
    lines.extend(
        plan.parameters.iter().map(|(name, value)| format!("  {name} = {}", shown(plan, name, value))),
    );
    let width = plan.steps.len().to_string().len();
    for (index, step) in plan.steps.iter().enumerate() {
        let location = plan.tutorial.steps[step.source].place.location();
        let place = format!("{}:{}", location.path.display(), location.line);
        lines.push(format!("{:>width$}. {}  {}  {place}", index + 1, step.name, step.work.kind().word()));
        let details = details(plan, step);
        if !details.is_empty() {
            lines.push(format!("{:width$}  {}", "", details.join(", ")));
        }
    }
    lines.join("\n") + "\n"
}

fn shown(plan: &Plan, name: &str, value: &Value) -> String {
    if plan.secrets.iter().any(|secret| secret == name) { "(secret)".to_owned() } else { value.to_string() }
}

/// Returns the name of a dialect that is not our own.
fn dialect(dialect: Dialect) -> Option<&'static str> {
    Some(match dialect {
        Dialect::Stagebook => return None,
        Dialect::Runme => "Runme",
        Dialect::InnovationEngine => "Innovation Engine",
        Dialect::Scrut => "Scrut",
        Dialect::Mdx => "mdx",
        Dialect::Tesh => "tesh",
        Dialect::MechanicalMarkdown => "mechanical-markdown",
    })
}

/// Returns what is not as in most steps.
fn details(plan: &Plan, step: &PlannedStep) -> Vec<String> {
    let source = &plan.tutorial.steps[step.source].attributes;
    let mut details = Vec::new();
    details.extend(match &step.disposition {
        Disposition::Run => None,
        Disposition::Skip(reason) => Some(format!("skipped: {reason}")),
        Disposition::When(expression) => Some(format!("skipped: `{expression}` is false")),
        Disposition::NotSelected => Some("not selected".to_owned()),
        Disposition::Manual => Some("manual".to_owned()),
        Disposition::NeedsLeftOut(need) => Some(format!("skipped: step `{need}` is left out")),
    });
    if let Work::Files { files, .. } = &step.work {
        details.push(plural(files.len(), "file"));
    }
    details.extend(step.cleanup.then(|| "cleanup".to_owned()));
    details.extend((step.session != super::interpreters::MAIN).then(|| format!("session {}", step.session)));
    if let Needs::Named(needs) = &step.needs
        && !source.needs.is_empty()
    {
        let names: Vec<&str> = needs.iter().map(|need| plan.steps[need.0].name.0.as_str()).collect();
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(" ") };
        details.push(format!("needs {names}"));
    }
    details.extend(source.timeout.map(|timeout| format!("timeout {}", duration(timeout))));
    let checks = checks(step);
    details.extend((checks > 0).then(|| plural(checks, "check")));
    details
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::*;
    use crate::plan::testing::{page, planned, step};

    #[test]
    fn details_are_shown_where_a_step_differs() {
        let mut page = page(vec![
            step("fetch"),
            step("build").needs(&["fetch"]).change(|attributes| attributes.exit = Some(1)),
            step("look").change(|attributes| {
                attributes.manual = true;
                attributes.timeout = Some(Duration::from_secs(60));
            }),
            step("clean").change(|attributes| attributes.cleanup = true),
        ]);
        page.dialect = Dialect::Runme;
        expect![[r#"
            A page (a.md)
              dialect: Runme
            1. fetch  command  a.md:1
            2. build  command  a.md:1
               needs fetch, 1 check
            3. look  command  a.md:1
               manual, timeout 1m 00s
            4. clean  command  a.md:1
               cleanup
        "#]]
        .assert_eq(&text(&planned(page)));
    }
}
