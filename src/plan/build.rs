//! A tutorial and values become plans.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fingerprint;
use super::inputs::Inputs;
use super::interpreters::{self, Assignment, attribute_place};
use super::matrix::{self, Variant};
use super::model::{
    Disposition, Fingerprint, Needs, Plan, PlanKey, PlannedFile, PlannedStep, StepIndex, Work,
};
use super::template::{Renderer, Templates};
use super::{order, selection, values, work};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, tidy};
use crate::tutorial::{Attributes, Requirements, Runs, Step, StepName, Tutorial, Value};

/// Builds the plans of a tutorial: one for each variant of its matrix.
///
/// Everything that is wrong is found in one pass; a plan is given only where nothing is.
pub fn build(
    tutorial: &Arc<Tutorial>,
    settings: &Settings,
    inputs: &Inputs,
) -> Result<Vec<Plan>, Vec<Finding>> {
    let mut findings = Vec::new();
    let page = Page::of(tutorial, settings, &mut findings);
    let variants = matrix::variants(&tutorial.front_matter, inputs, &mut findings);
    let plans = match tutorial.front_matter.matrix.runs {
        Runs::Each => {
            let plan = |variant: &Variant| page.plan(variant, &[], inputs, &mut findings);
            variants.iter().map(plan).collect()
        }
        Runs::Once => vec![page.plan(&Variant::new(), &variants, inputs, &mut findings)],
    };
    if findings.is_empty() { Ok(plans) } else { Err(tidy(findings)) }
}

/// What all variants of a tutorial share.
struct Page<'a> {
    tutorial: &'a Arc<Tutorial>,
    settings: &'a Settings,
    assignments: Vec<Assignment>,
    needs: Vec<Vec<usize>>,
    order: Vec<usize>,
    templates: Templates,
}

impl<'a> Page<'a> {
    fn of(tutorial: &'a Arc<Tutorial>, settings: &'a Settings, findings: &mut Vec<Finding>) -> Self {
        let needs = order::named_needs(&tutorial.steps, findings);
        let order = order::order(&tutorial.steps, &needs, findings);
        findings.extend(tutorial.steps.iter().filter_map(work::folder_outside));
        let assignments = interpreters::assign(&tutorial.steps, settings, findings);
        Self { tutorial, settings, assignments, needs, order, templates: Templates::default() }
    }

    /// Returns the plan of a variant; that of a page which runs once writes files for all of `files`.
    fn plan(
        &self,
        variant: &Variant,
        files: &[Variant],
        inputs: &Inputs,
        findings: &mut Vec<Finding>,
    ) -> Plan {
        let front = &self.tutorial.front_matter;
        let before = findings.len();
        let parameters = values::resolve(front, variant, inputs, findings);
        // Without a value for each parameter, templates and conditions would complain about its absence.
        let complete = findings.len() == before;
        let renderer = Renderer::new(&self.templates, &parameters);
        let files = self.files(files, inputs, findings);
        let steps = self.steps(&renderer, files, complete, findings);
        let requires = match complete {
            true => requirements(&front.requires, &renderer, findings),
            false => Requirements::default(),
        };
        let mut plan = Plan {
            key: PlanKey { tutorial: inputs.tutorial_id.clone(), variant: matrix::name(variant) },
            tutorial: Arc::clone(self.tutorial),
            environment: environment(&front.env, &parameters),
            secrets: front.secrets.clone(),
            requires,
            parameters,
            steps,
            fingerprint: Fingerprint(String::new()),
        };
        fingerprint::stamp(&mut plan);
        if findings.is_empty() {
            selection::apply(&inputs.selection, &mut plan.steps);
            leave_out(&mut plan.steps);
        }
        plan
    }

    /// Returns the files of all variants, by the step that writes them.
    fn files(
        &self,
        variants: &[Variant],
        inputs: &Inputs,
        findings: &mut Vec<Finding>,
    ) -> BTreeMap<usize, Vec<PlannedFile>> {
        if self.tutorial.front_matter.matrix.runs == Runs::Each {
            return BTreeMap::new();
        }
        let steps = self.tutorial.steps.iter().enumerate();
        let steps: Vec<(usize, &Step)> = steps.filter(|(_, step)| work::writes_all_variants(step)).collect();
        let mut files: BTreeMap<usize, Vec<PlannedFile>> =
            steps.iter().map(|(source, _)| (*source, Vec::new())).collect();
        for variant in variants {
            let before = findings.len();
            let parameters = values::resolve(&self.tutorial.front_matter, variant, inputs, findings);
            if findings.len() > before {
                continue;
            }
            let renderer = Renderer::new(&self.templates, &parameters);
            for (source, step) in &steps {
                let file = collect(findings, work::of_variant(step, variant, &renderer)).flatten();
                files.entry(*source).or_default().extend(file);
            }
        }
        files
    }

    /// Returns the steps; without all values only those that ask for none, to find what is wrong with them.
    fn steps(
        &self,
        renderer: &Renderer<'_>,
        mut files: BTreeMap<usize, Vec<PlannedFile>>,
        complete: bool,
        findings: &mut Vec<Finding>,
    ) -> Vec<PlannedStep> {
        let mut position = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(index, &source)| position[source] = index);
        let mut steps: Vec<PlannedStep> = Vec::with_capacity(self.order.len());
        let asks = |source: usize| {
            let attributes = &self.tutorial.steps[source].attributes;
            attributes.template.is_some() || attributes.when.is_some()
        };
        for &source in self.order.iter().filter(|&&source| complete || !asks(source)) {
            steps.extend(collect(findings, self.step(source, &position, renderer, files.remove(&source))));
        }
        steps
    }

    /// Returns the needs of a step, given where each step of the page stands in the plan.
    fn needs(&self, source: usize, position: &[usize]) -> Needs {
        let attributes = &self.tutorial.steps[source].attributes;
        // A cleanup step runs whatever happened.
        if attributes.needs.is_empty() && !attributes.cleanup {
            return Needs::AllBefore;
        }
        Needs::Named(self.needs[source].iter().map(|&need| StepIndex(position[need])).collect())
    }

    fn step(
        &self,
        source: usize,
        position: &[usize],
        renderer: &Renderer<'_>,
        files: Option<Vec<PlannedFile>>,
    ) -> Result<PlannedStep, Box<Finding>> {
        let step = &self.tutorial.steps[source];
        let (attributes, assignment) = (&step.attributes, &self.assignments[source]);
        let page_timeout = self.tutorial.front_matter.timeout;
        Ok(PlannedStep {
            name: step.name.clone(),
            source,
            disposition: match &files {
                Some(files) => of_files(step, files),
                None => disposition(step, renderer)?,
            },
            work: match files {
                Some(files) => Work::Files { files, mode: attributes.mode },
                None => work::resolve(step, assignment.interpreter.as_ref(), renderer)?,
            },
            needs: self.needs(source, position),
            cleanup: attributes.cleanup,
            session: assignment.session.clone(),
            cwd: attributes.cwd.clone(),
            env: attributes.env.clone(),
            timeout: attributes.timeout.or(page_timeout).unwrap_or(self.settings.run.timeout),
            tries: attributes.retry.saturating_add(1),
            retry_delay: attributes.retry_delay,
            errexit: attributes.errexit,
            exit: attributes.exit,
            expected: step.expected.clone(),
            cache: attributes.cache,
            fingerprint: Fingerprint(String::new()),
        })
    }
}

/// Leaves out the steps that need one by name which the page leaves out.
fn leave_out(steps: &mut [PlannedStep]) {
    for index in 0..steps.len() {
        if let Some(need) = left_out(&steps[index], &steps[..index]) {
            steps[index].disposition = Disposition::NeedsLeftOut(need);
        }
    }
}

/// Returns the step that the page leaves out and that a step which would run needs by name.
fn left_out(step: &PlannedStep, before: &[PlannedStep]) -> Option<StepName> {
    let Needs::Named(needs) = &step.needs else { return None };
    if step.cleanup || step.disposition != Disposition::Run {
        return None;
    }
    needs.iter().filter_map(|need| before.get(need.0)).find_map(|need| match &need.disposition {
        Disposition::NeedsLeftOut(first) => Some(first.clone()),
        Disposition::Skip(_) | Disposition::When(_) | Disposition::Manual => Some(need.name.clone()),
        Disposition::Run | Disposition::NotSelected => None,
    })
}

/// Returns the disposition of a step whose condition was asked for each of its files.
fn of_files(step: &Step, files: &[PlannedFile]) -> Disposition {
    let Attributes { skip, when, manual, .. } = &step.attributes;
    match (skip, when) {
        (Some(reason), _) => Disposition::Skip(reason.clone()),
        (None, Some(when)) if files.is_empty() => Disposition::When(when.clone()),
        _ if *manual => Disposition::Manual,
        _ => Disposition::Run,
    }
}

fn disposition(step: &Step, renderer: &Renderer<'_>) -> Result<Disposition, Box<Finding>> {
    // The condition is judged even where it does not matter, so that a mistake in it is found.
    let when = step.attributes.when.as_deref();
    let holds = match when {
        Some(when) => renderer.holds(when, &attribute_place(step, "when"))?,
        None => true,
    };
    Ok(match (&step.attributes.skip, when) {
        (Some(reason), _) => Disposition::Skip(reason.clone()),
        (None, Some(when)) if !holds => Disposition::When(when.to_owned()),
        _ if step.attributes.manual => Disposition::Manual,
        _ => Disposition::Run,
    })
}

/// Returns the variables of every step: the page's own, and over them the parameters.
fn environment(
    env: &BTreeMap<String, String>,
    parameters: &BTreeMap<String, Value>,
) -> BTreeMap<String, String> {
    let parameters = parameters.iter().map(|(name, value)| (name.clone(), value.to_string()));
    env.clone().into_iter().chain(parameters).collect()
}

/// Returns the requirements whose `when` is true.
fn requirements(
    requires: &Requirements,
    renderer: &Renderer<'_>,
    findings: &mut Vec<Finding>,
) -> Requirements {
    let mut counts = |when: &Option<String>, place: &Place| match when {
        Some(when) => collect(findings, renderer.holds(when, place)).unwrap_or(false),
        None => true,
    };
    let mut kept = requires.clone();
    kept.tools.retain(|tool| counts(&tool.when, &tool.place));
    kept.network.retain(|host| counts(&host.when, &host.place));
    kept
}

fn collect<T>(findings: &mut Vec<Finding>, result: Result<T, Box<Finding>>) -> Option<T> {
    result.map_err(|finding| findings.push(*finding)).ok()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::plan::Work;
    use crate::plan::arrows::arrows;
    use crate::plan::testing::{flags, lines, page, parameter, part, plans, step, text};
    use crate::tutorial::{Action, ParameterKind, Template};

    fn templated(mut step: Step, content: &str) -> Step {
        step.text.content = content.to_owned();
        step.change(|attributes| attributes.template = Some(Template { delimiters: None }))
    }

    #[test]
    fn templates_are_rendered_for_each_variant_and_other_text_is_left_alone() {
        let mut file = templated(step("file"), "from: {{ base }}\n");
        file.action = Action::File("out/{{ base }}.yaml".to_owned());
        let mut plain = step("plain");
        plain.text.content = "podman images --format '{{.Digest}}'\n".to_owned();
        let mut page = page(vec![file, plain]);
        page.front_matter.matrix.include = vec![part(&[("base", "a")]), part(&[("base", "b")])];
        let plans = plans(page, &flags(&[])).unwrap();
        let shown = plans.iter().flat_map(|plan| &plan.steps).map(|step| match &step.work {
            Work::File { path, content, .. } => format!("{path}: {content}"),
            Work::Command { text, .. } => text.clone(),
            other => format!("{other:?}"),
        });
        expect![[r#"
            out/a.yaml: from: a
            podman images --format '{{.Digest}}'
            out/b.yaml: from: b
            podman images --format '{{.Digest}}'
        "#]]
        .assert_eq(&shown.collect::<String>());
    }

    #[test]
    fn steps_that_do_not_run_hold_up_nobody() {
        let condition = "base == \"fedora\"".to_owned();
        let mut page = page(vec![
            step("when").change(|attributes| attributes.when = Some(condition)),
            step("skip").change(|attributes| attributes.skip = Some("later".to_owned())),
            step("manual").change(|attributes| attributes.manual = true),
            step("last"),
        ]);
        page.front_matter.matrix.axes = vec![("base".to_owned(), vec![text("debian"), text("fedora")])];
        let plans = plans(page, &flags(&[])).unwrap();
        let arrows = plans.iter().flat_map(|plan| arrows(&plan.steps));
        let shown = plans.iter().flat_map(|plan| &plan.steps).zip(arrows);
        let shown = shown.map(|(step, needs)| format!("{} {:?} {needs:?}\n", step.name, step.disposition));
        expect![[r#"
            when When("base == \"fedora\"") []
            skip Skip("later") []
            manual Manual []
            last Run []
            when Run []
            skip Skip("later") [0]
            manual Manual [0]
            last Run [0]
        "#]]
        .assert_eq(&shown.collect::<String>());
    }

    #[test]
    fn steps_that_need_what_is_left_out_are_left_out_alone() {
        let steps = vec![
            step("a").change(|attributes| attributes.skip = Some("later".to_owned())),
            step("b").needs(&["a"]),
            step("c").needs(&["b"]),
            step("d"),
            step("e").needs(&["a"]).change(|attributes| attributes.cleanup = true),
        ];
        let plan = plans(page(steps), &flags(&[])).unwrap().remove(0);
        let shown = plan.steps.iter().map(|step| format!("{} {:?}\n", step.name, step.disposition));
        expect![[r#"
            a Skip("later")
            b NeedsLeftOut(StepName("a"))
            c NeedsLeftOut(StepName("a"))
            d Run
            e Run
        "#]]
        .assert_eq(&shown.collect::<String>());
    }

    #[test]
    fn folders_outside_of_the_workspace_are_refused() {
        let check = |folder: &str, outside: bool| {
            let step = step("a").change(|attributes| attributes.cwd = Some(folder.to_owned()));
            assert_eq!(plans(page(vec![step]), &flags(&[])).is_err(), outside, "{folder}");
        };
        ["src", "./a/../b", "a/..", "~a"].into_iter().for_each(|folder| check(folder, false));
        ["..", "a/../..", "../../etc", "/etc", "~", "~/a"].into_iter().for_each(|folder| check(folder, true));
    }

    #[test]
    fn all_mistakes_are_found_in_one_pass_and_shown_once() {
        let mut outside = step("outside");
        outside.action = Action::File("../../etc/passwd".to_owned());
        let mut page = page(vec![
            outside,
            templated(step("template"), "{{ bse }}\n"),
            step("when").change(|attributes| attributes.when = Some("bas".to_owned())),
            step("needs").needs(&["wen"]),
        ]);
        page.front_matter.matrix.axes = vec![("base".to_owned(), vec![text("a"), text("b")])];
        expect![[r#"
            invalid-condition: `when` cannot be evaluated: there is no parameter `bas`; did you mean `base`?
            unknown-need: step `needs` needs `wen`, which is no step of this page; did you mean `when`?
            file-outside-workspace: file `../../etc/passwd` is outside the workspace: it goes up by `..`; write a path relative to the workspace, such as `conf/app.toml`
            invalid-template: template cannot be rendered: Variable `bse` is not defined. Available variables: base; -
        "#]].assert_eq(&lines(&plans(page, &flags(&[])).unwrap_err()));
    }

    #[test]
    fn missing_values_hide_no_other_mistake() {
        let mut outside = step("outside");
        outside.action = Action::File("/etc/passwd".to_owned());
        let mut page = page(vec![templated(step("template"), "{{ base }}"), outside]);
        page.front_matter.parameters = vec![parameter("base", ParameterKind::String, None)];
        let findings = plans(page, &flags(&[])).unwrap_err();
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["missing-parameter", "file-outside-workspace"]);
    }

    #[test]
    fn page_variables_yield_to_parameters() {
        let mut page = page(Vec::new());
        page.front_matter.env =
            [("A".to_owned(), "page".to_owned()), ("B".to_owned(), "page".to_owned())].into();
        page.front_matter.matrix.include = vec![part(&[("A", "variant")])];
        let plan = plans(page, &flags(&[])).unwrap().remove(0);
        assert_eq!(plan.environment.into_values().collect::<Vec<_>>(), ["variant", "page"]);
    }
}
