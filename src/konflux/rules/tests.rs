//! For each rule an object that breaks it, and one that keeps it.

use std::collections::BTreeSet;

use super::{RULES, Rule};
use crate::diagnostic::{Finding, Source};
use crate::konflux::{Catalog, CheckSettings, Checker};

/// Returns what a checker without schemas finds in a file.
fn check(text: &str) -> Vec<Finding> {
    check_at("a.yaml", text)
}

fn check_at(path: &str, text: &str) -> Vec<Finding> {
    let settings = CheckSettings {
        allow: Vec::new(),
        intermediate: ["q", "quay.io/fedora", "quay.io/fedora-testing"].map(str::to_owned).to_vec(),
        devel: vec!["quay.io/coreos-devel".to_owned()],
        production: vec!["quay.io/fedora".to_owned()],
    };
    Checker::new(Catalog::default(), settings).check(&[Source::new(path, text)])
}

/// Returns a Task whose `spec` is `spec`, with steps unless it has them.
fn task(spec: &str) -> String {
    let steps = if spec.contains("steps:") {
        ""
    } else {
        "  steps:\n  - {name: a, image: 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000', script: 'true'}\n"
    };
    format!(
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {{name: t}}\nspec:\n{}{steps}",
        indented(spec, 2)
    )
}

/// Returns a Task with one step that has more fields.
fn step(fields: &str) -> String {
    task(&format!("steps:\n- name: a\n{}", indented(fields, 2)))
}

fn pipeline(spec: &str) -> String {
    format!("apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {{name: p}}\nspec:\n{}", indented(spec, 2))
}

/// Returns a PipelineRun of the pipeline `p`.
fn run(spec: &str) -> String {
    let target = if spec.contains("pipelineSpec:") || spec.contains("pipelineRef:") {
        ""
    } else {
        "  pipelineRef: {name: p}\n"
    };
    format!(
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {{name: r}}\nspec:\n{target}{}",
        indented(spec, 2)
    )
}

/// Returns a StepAction with an image and more fields.
fn action(spec: &str) -> String {
    let fields = indented(&format!("image: i\n{spec}"), 2);
    format!("apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {{name: s}}\nspec:\n{fields}")
}

/// Returns a Task with labels or annotations.
fn with_metadata(metadata: &str) -> String {
    task("").replace("{name: t}", &format!("{{name: t, {metadata}}}"))
}

/// Returns a PipelineRun with an annotation of Pipelines-as-Code.
fn triggered(annotation: &str) -> String {
    let metadata =
        format!("metadata:\n  name: r\n  annotations:\n    pipelinesascode.tekton.dev/{annotation}\n");
    run("").replace("metadata: {name: r}\n", &metadata)
}

/// Returns a ReleasePlan of one component.
fn release_plan(repository: &str) -> String {
    format!(
        "apiVersion: appstudio.redhat.com/v1alpha1\nkind: ReleasePlan\nmetadata: {{name: r}}\nspec:\n  application: a\n\
         \x20 data:\n    mapping:\n      components: [{{name: a, repository: {repository}}}]\n"
    )
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

/// A task of a pipeline that gives the result `r`, with other fields.
fn giver(name: &str, fields: &str) -> String {
    format!(
        "- name: {name}\n{}  taskSpec:\n    results: [{{name: r}}]\n    steps: [{{name: a, image: 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000', script: 'true'}}]\n",
        indented(fields, 2)
    )
}

/// Returns the rule's name, an object that breaks it, the line of the finding, and an object that keeps it.
fn cases() -> Vec<(&'static str, String, usize, String)> {
    let case = |id, bad: String, line, good: String| (id, bad, line, good);
    let plain =
        "image: 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000'\nscript: 'true'";
    let with = |fields: &str| step(&format!("{plain}\n{fields}"));
    let tasks = |fields: &str| pipeline(&format!("tasks:\n{}", giver("a", fields)));
    let two = |a: &str, b: &str| pipeline(&format!("tasks:\n{}{}", giver("a", a), giver("b", b)));
    vec![
        case(
            "unquoted-placeholder",
            run("params:\n- name: a\n  value: {{revision}}"),
            8,
            run("params:\n- name: a\n  value: '{{revision}}'"),
        ),
        case("deprecated-version", task("").replace("/v1\n", "/v1beta1\n"), 1, task("")),
        case("object-name", task("").replace("name: t", "name: T_"), 3, task("")),
        case(
            "object-name",
            task("").replace("name: t", "a: b"),
            2,
            task("").replace("name: t", "generateName: t-"),
        ),
        case(
            "metadata-text",
            task("").replace("{name: t}", "{name: t, annotations: {keep: 3}}"),
            3,
            task("").replace("{name: t}", "{name: t, annotations: {keep: '3'}, labels: {a: b}}"),
        ),
        case("metadata-key", with_metadata("labels: {a b: c}"), 3, with_metadata("labels: {app.kubernetes.io/name: c}")),
        case("metadata-key", with_metadata("annotations: {'A_/b': c}"), 3, with_metadata("annotations: {a: any text}")),
        case("metadata-key", with_metadata("annotations: {'a/': c}"), 3, with_metadata("annotations: {'{{x}}/y': c}")),
        case("metadata-key", with_metadata("labels: {a: b c}"), 3, with_metadata("labels: {a: '{{revision}}', b: ''}")),
        case(
            "metadata-key",
            with_metadata("labels: {a: '{{b}}/c'}"),
            3,
            with_metadata(&format!("labels: {{a: x{}}}", "{{source_branch}}-".repeat(9) + "z")),
        ),
        case("metadata-key", with_metadata(&format!("labels: {{a: {}}}", "b".repeat(64))), 3, task("")),
        case(
            "metadata-key",
            pipeline("tasks:\n- name: a\n  taskSpec:\n    metadata: {labels: {'-a': b}}\n    steps: [{name: a, image: i}]"),
            8,
            task(""),
        ),
        case("misspelt-kind", run("").replace("PipelineRun", "Pipelinerun"), 2, run("")),
        case("misspelt-kind", task("").replace("kind: Task", "kind: Tasks"), 2, task("")),
        case("misspelt-kind", run("").replace("tekton.dev/v1", "v1"), 1, run("")),
        case(
            "misspelt-kind",
            run("").replace("tekton.dev", "tekon.dev"),
            1,
            run("").replace("tekton.dev", "example.org").replace("PipelineRun", "Pipeline"),
        ),
        case(
            "misspelt-placeholder",
            run("params:\n- name: a\n  value: '{{ souce_url }}'"),
            8,
            run("params:\n- name: a\n  value: '{{ my_own }} {{.Digest}} {{ body.x }} {{ event_name }}'"),
        ),
        case("no-trigger", run(""), 3, triggered("on-cel-expression: event == 'push'")),
        case("no-trigger", triggered("on-event: '[push]'"), 6, triggered("on-event: push\n    pipelinesascode.tekton.dev/on-target-branch: main")),
        case("no-trigger", triggered("on-target-branch: '[main]'"), 6, triggered("on-comment: ^/build")),
        case("no-trigger", triggered("on-cel-expresion: event == 'push'"), 4, task("")),
        case("trigger-form", triggered("on-cel-expression: event = 'push'"), 6, triggered("on-cel-expression: event == 'push'")),
        case(
            "trigger-form",
            triggered("on-cel-expression: >-\n      event == 'push' &&\n      (target_branch == 'main'"),
            8,
            triggered("on-cel-expression: event == '{{event}}' &&"),
        ),
        case("trigger-form", triggered("on-comment: '('"), 6, triggered("on-comment: '^/x'")),
        case("trigger-form", triggered("on-event: push, pull_request"), 6, triggered("on-event: '[push, pull_request]'")),
        case("trigger-name", triggered("on-event: '[pullrequest]'"), 6, triggered("on-event: incoming")),
        case(
            "trigger-name",
            triggered("on-cel-expression: >-\n      event == 'push' &&\n      targt_branch == 'main'"),
            8,
            triggered("on-cel-expression: event == 'push' && 'a'.pathChanged() && files.all.exists(f, f.matches('b'))"),
        ),
        case("trigger-name", triggered("on-cel-expression: event == 'pull-request'"), 6, triggered("on-cel-expression: body.event == 'x'")),
        case("trigger-name", triggered("on-cel-expression: '\"a\".pathChange()'"), 6, task("")),
        case(
            "unknown-resolver",
            run("pipelineRef:\n  resolver: bundels"),
            6,
            run("pipelineRef:\n  resolver: git"),
        ),
        case("unknown-resolver", step("ref:\n  resolver: mine"), 8, step("ref:\n  resolver: hub")),
        case(
            "resolver-parameter",
            run("pipelineRef:\n  resolver: bundles\n  params:\n  - {name: bundel, value: 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n  - {name: name, value: b}"),
            8,
            run("pipelineRef:\n  resolver: git\n  params:\n  - {name: pathInRepo, value: a.yaml}"),
        ),
        case("resolver-parameter", step("ref:\n  resolver: hub"), 8, step("ref:\n  resolver: mine")),
        case("no-steps", task("steps: []"), 5, task("")),
        case("step-name", step(plain).replace("name: a", "name: A"), 6, step(plain)),
        case(
            "duplicate-step",
            task("steps:\n- {name: a, image: b, script: c}\n- {name: a, image: b, script: c}"),
            7,
            step(plain),
        ),
        case("unnamed-step", task("steps:\n- image: a"), 6, step(plain)),
        case("step-image", step("script: a"), 6, step(plain)),
        case(
            "step-image",
            task("sidecars: [{name: s}]"),
            5,
            task("sidecars: [{name: s, image: i}]\nstepTemplate: {image: i}\nsteps: [{name: a}]"),
        ),
        case("script-and-command", with("command: [a]"), 8, with("args: [a]")),
        case(
            "script-and-command",
            task("stepTemplate: {command: [a]}\nsteps:\n- name: a\n  script: b"),
            8,
            step(plain),
        ),
        case("no-command", step("image: a"), 6, step("image: a\ncommand: [b]")),
        case("step-ref", step("ref: {name: b}\nimage: a"), 8, step("ref: {name: b}\nparams: []")),
        case("step-ref", with("params: []"), 9, step("ref: {name: b}\nparams: []")),
        case("step-on-error", with("onError: ignore"), 9, with("onError: continue")),
        case(
            "tekton-mount",
            with("volumeMounts:\n- {name: v, mountPath: /tekton/x}"),
            10,
            with("volumeMounts:\n- {name: v, mountPath: /tekton/home}"),
        ),
        case(
            "step-result-place",
            step("image: a\nscript: echo $(steps.b.results.c)"),
            8,
            step("image: a\nargs: ['$(steps.b.results.c)']"),
        ),
        case(
            "duplicate-volume",
            task("volumes:\n- name: a\n- name: a"),
            7,
            task("volumes:\n- name: a\n- name: b"),
        ),
        case(
            "undeclared-volume",
            with("volumeMounts:\n- name: v\n  mountPath: /x"),
            10,
            task(
                "volumes: [{name: v}]\nsteps:\n- {name: a, image: i, volumeMounts: [{name: v, mountPath: /x}, {name: $(workspaces.w.volume), mountPath: /y}]}",
            ),
        ),
        case(
            "duplicate-variable",
            with("env:\n- name: A\n- name: A"),
            11,
            with("env:\n- name: A\n- name: B"),
        ),
        case(
            "duplicate-run",
            format!("{}---\n{}", run(""), run("")),
            9,
            format!("{}---\n{}", run(""), run("").replace("name: r", "name: s")),
        ),
        case(
            "reserved-sidecar",
            task("sidecars:\n- {name: tekton-log-results, image: a}"),
            6,
            task("sidecars:\n- {name: b, image: a}"),
        ),
        case(
            "script-size",
            step(&format!("image: a\nscript: {}", "x".repeat(91_000))),
            5,
            step(&format!("image: a\nscript: {}", "x".repeat(80_000))),
        ),
        case(
            "privileged-step",
            with("securityContext:\n  privileged: true"),
            10,
            with("securityContext:\n  privileged: false"),
        ),
        case(
            "privileged-step",
            with("securityContext:\n  capabilities:\n    add: [SYS_ADMIN]"),
            11,
            with("securityContext:\n  capabilities:\n    add: [SETFCAP]"),
        ),
        case(
            "context-variable",
            with("args: ['$(context.taskRun.x)']"),
            9,
            with("args: ['$(context.taskRun.name)']"),
        ),
        case(
            "context-variable",
            tasks("params:\n- name: x\n  value: $(context.pipelineRun.x)"),
            9,
            tasks("params:\n- name: x\n  value: $(context.pipelineRun.name)"),
        ),
        case("invalid-duration", with("timeout: 5 minutes"), 9, with("timeout: 1h5m")),
        case("invalid-duration", run("timeouts:\n  pipeline: 5d"), 7, run("timeouts:\n  pipeline: 6h")),
        case("parameter-name", task("params:\n- name: 1a"), 6, task("params:\n- name: a.b")),
        case(
            "duplicate-parameter",
            task("params:\n- name: a\n- name: A"),
            7,
            task("params:\n- name: a\n- name: b"),
        ),
        case(
            "duplicate-parameter",
            run("params:\n- {name: a, value: b}\n- {name: a, value: b}"),
            8,
            run("params: []"),
        ),
        case(
            "parameter-declaration",
            task("params:\n- name: a\n  type: strng"),
            7,
            task("params:\n- name: a\n  type: string"),
        ),
        case(
            "parameter-declaration",
            task("params:\n- name: a\n  type: array\n  default: b"),
            8,
            task("params:\n- name: a\n  default: [b]"),
        ),
        case(
            "parameter-declaration",
            task("params:\n- name: a\n  type: object"),
            6,
            task("params:\n- name: a\n  properties: {b: {}}"),
        ),
        case(
            "parameter-choice",
            task("params:\n- name: a\n  enum: [b]\n  default: c"),
            8,
            task("params:\n- name: a\n  enum: [b]\n  default: b"),
        ),
        case(
            "undeclared-parameter",
            with("env:\n- name: A\n  value: $(params.x)"),
            11,
            task("params: [{name: x}]\nsteps:\n- name: a\n  image: $(params.x)"),
        ),
        case(
            "undeclared-parameter",
            tasks("params:\n- name: x\n  value: $(params.x)"),
            9,
            pipeline(&format!(
                "params: [{{name: x}}]\ntasks:\n{}",
                giver("a", "params:\n- name: y\n  value: $(params.x)")
            )),
        ),
        case(
            "unused-parameter",
            task("params:\n- name: a"),
            6,
            task("params:\n- name: a\nsteps:\n- {name: a, image: $(params.a)}"),
        ),
        case(
            "unused-parameter",
            pipeline(&format!("params:\n- name: a\ntasks:\n{}", giver("a", ""))),
            6,
            pipeline(&format!(
                "params:\n- name: a\ntasks:\n{}",
                giver("a", "params: [{name: b, value: $(params.a)}]")
            )),
        ),
        case(
            "list-in-text",
            task(
                "params: [{name: x, type: array}]\nsteps:\n- name: a\n  image: i\n  script: echo $(params.x[*])",
            ),
            9,
            task(
                "params: [{name: x, type: array}]\nsteps:\n- name: a\n  image: i\n  args: ['$(params.x[*])']\n  script: echo $(params.x[0])",
            ),
        ),
        case(
            "list-in-text",
            task(
                "params: [{name: x, type: array}]\nsteps:\n- name: a\n  image: i\n  args: ['a $(params.x[*])']",
            ),
            9,
            task(""),
        ),
        case(
            "object-key",
            task("params: [{name: x, properties: {k: {}}}]\nsteps:\n- name: a\n  image: $(params.x.j)"),
            8,
            task("params: [{name: x, properties: {k: {}}}]\nsteps:\n- name: a\n  image: $(params.x.k)"),
        ),
        case(
            "parameter-in-script",
            task("params: [{name: x}]\nsteps:\n- name: a\n  image: i\n  script: echo $(params.x)"),
            9,
            task(
                "params: [{name: x}]\nsteps:\n- name: a\n  image: i\n  env: [{name: X, value: $(params.x)}]\n  script: echo \"$X\"",
            ),
        ),
        case(
            "missing-parameter",
            pipeline(
                "tasks:\n- name: a\n  taskSpec:\n    params: [{name: x}]\n    steps: [{name: a, image: $(params.x)}]",
            ),
            6,
            pipeline(
                "tasks:\n- name: a\n  params: [{name: x, value: y}]\n  taskSpec:\n    params: [{name: x}]\n    steps: [{name: a, image: $(params.x)}]",
            ),
        ),
        case(
            "missing-parameter",
            format!("{}---\n{}", run(""), pipeline("params: [{name: x}]\ntasks: []")),
            3,
            format!(
                "{}---\n{}",
                run("params: [{name: x, value: y}]"),
                pipeline("params: [{name: x}]\ntasks: []")
            ),
        ),
        case(
            "unknown-parameter",
            format!(
                "{}---\n{}",
                run("params:\n- {name: xx, value: y}"),
                pipeline("params: [{name: xy, default: z}]\ntasks: []")
            ),
            7,
            format!(
                "{}---\n{}",
                run("params: [{name: x, value: y}]"),
                pipeline("params: [{name: x}]\ntasks: []")
            ),
        ),
        case(
            "parameter-type",
            format!(
                "{}---\n{}",
                run("params:\n- name: x\n  value: [a, b]"),
                pipeline("params: [{name: x}]\ntasks: []")
            ),
            8,
            format!(
                "{}---\n{}",
                run("params:\n- name: x\n  value: '[a, b]'"),
                pipeline("params: [{name: x}]\ntasks: []")
            ),
        ),
        case(
            "unquoted-list",
            run("params:\n- name: x\n  value: [a, b]"),
            8,
            run("params:\n- name: x\n  value:\n  - a"),
        ),
        case(
            "misread-value",
            run("params:\n- name: x\n  value: yes"),
            8,
            run("params:\n- name: x\n  value: true"),
        ),
        case(
            "misread-value",
            task("params:\n- name: x\n  default: 1.10"),
            7,
            task("params:\n- name: x\n  default: '1.10'"),
        ),
        case("result-name", task("results:\n- name: -a"), 6, task("results:\n- name: a_b.c")),
        case(
            "result-type",
            task("results:\n- name: a\n  type: number"),
            7,
            task("results:\n- name: a\n  type: array"),
        ),
        case(
            "result-value",
            task("results:\n- name: a\n  value: $(steps.b.results.c)"),
            7,
            task("results:\n- name: r\n  value: $(steps.a.results.c)\nsteps:\n- {name: a, image: i, results: [{name: c}]}"),
        ),
        case(
            "undeclared-result",
            step("image: i\nscript: date > $(results.r.path)"),
            8,
            task("results: [{name: r}]\nsteps:\n- name: a\n  image: i\n  script: date > $(results.r.path)"),
        ),
        case(
            "undeclared-result",
            step("image: i\nargs: ['$(step.results.r.path)']"),
            8,
            step("image: i\nresults: [{name: r}]\nargs: ['$(step.results.r.path)']"),
        ),
        case(
            "unknown-result",
            task("steps:\n- {name: a, image: i}\n- name: b\n  image: i\n  args: ['$(steps.a.results.r)']"),
            9,
            task(
                "steps:\n- {name: a, image: i, results: [{name: r}]}\n- {name: c, ref: {name: x}}\n- name: b\n  image: i\n  args: ['$(steps.a.results.r)', '$(steps.c.results.any)']",
            ),
        ),
        case(
            "unknown-result",
            task("steps:\n- name: b\n  image: i\n  args: ['$(steps.a.results.r)']\n- {name: a, image: i, results: [{name: r}]}"),
            8,
            task(""),
        ),
        case(
            "result-value",
            task("results:\n- name: r\n  value: $(steps.a.results.c)\nsteps:\n- {name: a, image: i}"),
            7,
            task("results:\n- name: r\n  value: $(steps.a.results.c)\nsteps:\n- {name: a, ref: {name: x}}"),
        ),
        case("result-name", action("results: [{name: a}, {name: a}]"), 6, action("results: [{name: a}]")),
        case("result-type", action("results:\n- name: a\n  type: x"), 8, action("")),
        case("step-image", action("").replace("image: i", "args: [a]"), 5, action("")),
        case("script-and-command", action("command: [a]\nscript: b"), 7, action("script: b")),
        case("parameter-name", action("params: [{name: 1a}]"), 6, action("params: [{name: a}]")),
        case("duplicate-parameter", action("params:\n- name: a\n- name: A"), 8, action("params: [{name: a}]")),
        case("duplicate-parameter", step("ref: {name: x}\nparams:\n- {name: a, value: b}\n- {name: a, value: c}"), 10, action("")),
        case("parameter-declaration", action("params: [{name: a, type: x}]"), 6, action("params: [{name: a}]")),
        case("parameter-choice", task("params:\n- name: a\n  enum: [b, b]"), 7, task("params:\n- name: a\n  enum: [b]")),
        case("parameter-choice", task("params:\n- name: a\n  type: array\n  enum: [b]"), 8, task("")),
        case("duplicate-step", task("sidecars:\n- {name: a, image: i}\n- {name: a, image: i}"), 7, task("")),
        case("reference", run("pipelineRef:\n  name: a b"), 6, run("pipelineRef:\n  name: A_b.c")),
        case("run-timeouts", run("timeouts:\n  tasks: 2h"), 7, run("timeouts:\n  pipeline: '0'\n  tasks: 2h")),
        case("run-timeouts", run("timeouts:\n  pipeline: 2h\n  tasks: '0'"), 8, run("timeouts:\n  tasks: 50m")),
        case(
            "task-run-spec",
            "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n  taskRef: {name: t}\n  stepSpecs: [{name: a, computeResources: {}}]\n  computeResources: {}\n".to_owned(),
            7,
            "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n  taskRef: {name: t}\n  computeResources: {}\n".to_owned(),
        ),
        case(
            "result-of-unknown-task",
            tasks("params:\n- name: x\n  value: $(tasks.b.results.r)"),
            9,
            two("", "params:\n- name: x\n  value: $(tasks.a.results.r)"),
        ),
        case(
            "unknown-result",
            two("", "params:\n- name: x\n  value: $(tasks.a.results.s)"),
            13,
            two("", "params:\n- name: x\n  value: $(tasks.a.results.r)"),
        ),
        case(
            "pipeline-result",
            pipeline(&format!("results:\n- name: x\n  value: y\ntasks:\n{}", giver("a", ""))),
            7,
            pipeline(&format!(
                "results:\n- name: x\n  value: $(tasks.a.results.r)\ntasks:\n{}",
                giver("a", "")
            )),
        ),
        case(
            "result-of-pipeline",
            pipeline(&format!(
                "tasks:\n- name: c\n  pipelineRef: {{name: q}}\n{}",
                giver("a", "params:\n- name: x\n  value: $(tasks.c.results.r)")
            )),
            11,
            two("", "params:\n- name: x\n  value: $(tasks.a.results.r)"),
        ),
        case("result-in-run", run("params:\n- name: x\n  value: $(tasks.a.results.r)"), 8, run("params: []")),
        case(
            "duplicate-workspace",
            task("workspaces:\n- name: a\n- name: a"),
            7,
            task("workspaces:\n- name: a\n- name: b"),
        ),
        case(
            "mount-path",
            task("workspaces:\n- name: a\n  mountPath: /x\n- name: b\n  mountPath: /x/"),
            8,
            task("workspaces:\n- name: a\n- name: b"),
        ),
        case(
            "undeclared-workspace",
            with("workingDir: $(workspaces.w.path)"),
            9,
            task(
                "workspaces: [{name: w}]\nsteps:\n- name: a\n  image: i\n  workingDir: $(workspaces.w.path)",
            ),
        ),
        case(
            "undeclared-workspace",
            tasks("workspaces:\n- name: w"),
            8,
            pipeline(&format!(
                "workspaces: [{{name: w}}]\ntasks:\n{}",
                giver("a", "workspaces: [{name: w}]")
            )),
        ),
        case(
            "unbound-workspace",
            format!("{}---\n{}", run(""), pipeline("workspaces: [{name: w}]\ntasks: []")),
            3,
            format!(
                "{}---\n{}",
                run("workspaces: [{name: w, emptyDir: {}}]"),
                pipeline("workspaces: [{name: w}]\ntasks: []")
            ),
        ),
        case(
            "workspace-source",
            run("workspaces:\n- name: a"),
            7,
            run("workspaces:\n- name: a\n  emptyDir: {}"),
        ),
        case(
            "workspace-source",
            run("workspaces:\n- name: a\n  secret: {}"),
            8,
            run("workspaces:\n- name: a\n  secret: {secretName: b}"),
        ),
        case("no-tasks", pipeline("tasks: []"), 5, tasks("")),
        case("task-name", pipeline(&format!("tasks:\n{}", giver("A", ""))), 6, tasks("")),
        case(
            "duplicate-task",
            pipeline(&format!("tasks:\n{}{}", giver("a", ""), giver("a", ""))),
            10,
            two("", ""),
        ),
        case("task-target", pipeline("tasks:\n- name: a"), 6, tasks("")),
        case("task-target", tasks("taskRef: {name: b}"), 6, tasks("")),
        case(
            "reference",
            pipeline("tasks:\n- name: a\n  taskRef:\n    params: []"),
            8,
            pipeline("tasks:\n- name: a\n  taskRef:\n    resolver: git\n    params: []"),
        ),
        case("reference", run("pipelineRef:\n  resolver: bundles\n  name: a"), 7, run("")),
        case(
            "custom-task",
            pipeline("tasks:\n- name: a\n  taskRef: {kind: Wait, name: b}"),
            7,
            pipeline("tasks:\n- name: a\n  taskRef: {apiVersion: a/v1, kind: Wait, name: b}"),
        ),
        case(
            "task-ref-version",
            pipeline("tasks:\n- name: a\n  taskRef:\n    name: b\n    version: '1'"),
            9,
            pipeline("tasks:\n- name: a\n  taskRef:\n    name: b"),
        ),
        case("task-on-error", tasks("onError: continue\nretries: 2"), 7, tasks("onError: continue")),
        case("negative-retries", tasks("retries: -1"), 7, tasks("retries: 1")),
        case("run-after", tasks("runAfter:\n- b"), 8, two("", "runAfter:\n- a")),
        case("cycle", two("runAfter: [b]", "runAfter: [a]"), 12, two("", "runAfter: [a]")),
        case(
            "final-task",
            pipeline(&format!("tasks:\n{}finally:\n{}", giver("a", ""), giver("b", "runAfter: [a]"))),
            12,
            pipeline(&format!("tasks:\n{}finally:\n{}", giver("a", ""), giver("b", ""))),
        ),
        case(
            "status-place",
            two("", "params:\n- name: x\n  value: $(tasks.a.status)"),
            13,
            pipeline(&format!(
                "tasks:\n{}finally:\n{}",
                giver("a", ""),
                giver("b", "params:\n- name: x\n  value: $(tasks.a.status)")
            )),
        ),
        case(
            "condition",
            tasks("when:\n- {input: a, operator: is, values: [b]}"),
            8,
            tasks("when:\n- {input: a, operator: in, values: [b]}"),
        ),
        case("condition", tasks("when:\n- {input: a, operator: in}"), 8, tasks("when: []")),
        case(
            "unknown-variable",
            tasks("params:\n- name: x\n  value: $(foo)"),
            9,
            tasks("params:\n- name: x\n  value: ${foo}"),
        ),
        case(
            "matrix-size",
            tasks(&format!("matrix:\n  params:\n  - name: x\n    value: [{}]", "a, ".repeat(257))),
            7,
            tasks("matrix:\n  params:\n  - name: x\n    value: [a]"),
        ),
        case(
            "matrix-parameter",
            tasks("params:\n- name: x\n  value: a\nmatrix:\n  params:\n  - name: x\n    value: [a]"),
            8,
            tasks("matrix: {}"),
        ),
        case(
            "matrix-value",
            tasks("matrix:\n  params:\n  - name: x\n    value: a"),
            10,
            tasks("matrix:\n  params:\n  - name: x\n    value: $(tasks.a.results.r[*])"),
        ),
        case(
            "matrix-result",
            two(
                "matrix:\n  params:\n  - name: x\n    value: [a]",
                "params:\n- name: x\n  value: $(tasks.a.results.r)",
            ),
            17,
            two(
                "matrix:\n  params:\n  - name: x\n    value: [a]",
                "params:\n- name: x\n  value: $(tasks.a.results.r[*])",
            ),
        ),
        case("feature-flag", pipeline("tasks:\n- name: a\n  pipelineRef: {name: q}"), 7, tasks("")),
        case("run-target", run("").replace("pipelineRef: {name: p}", "params: []"), 4, run("")),
        case("run-target", run("pipelineRef: {name: p}\npipelineSpec: {tasks: []}"), 6, run("")),
        case("run-status", run("status: Canceled"), 6, run("status: Cancelled")),
        case(
            "run-timeouts",
            run("timeouts:\n  pipeline: 1h\n  tasks: 50m\n  finally: 20m"),
            8,
            run("timeouts:\n  pipeline: 1h\n  tasks: 50m\n  finally: 10m"),
        ),
        case(
            "task-run-spec",
            run("taskRunSpecs:\n- computeResources: {}\n  stepSpecs: [{name: a, computeResources: {}}]"),
            7,
            run("taskRunSpecs: []"),
        ),
        case(
            "unknown-task-run",
            run(
                "pipelineSpec:\n  tasks: [{name: a, taskRef: {name: b}}]\ntaskRunSpecs:\n- pipelineTaskName: c",
            ),
            8,
            run(
                "pipelineSpec:\n  tasks: [{name: a, taskRef: {name: b}}]\ntaskRunSpecs:\n- pipelineTaskName: a",
            ),
        ),
        case("image-digest", step("image: a:1\nscript: b"), 7, step(plain)),
        case("image-digest", step("image: a@sha256:0\nscript: b"), 7, step("image: a@$(params.d)\nscript: b")),
        case(
            "bundle-digest",
            run("pipelineRef:\n  resolver: bundles\n  params:\n  - name: bundle\n    value: q/b:1"),
            9,
            run(
                "pipelineRef:\n  resolver: bundles\n  params:\n  - name: bundle\n    value: q/b@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
        ),
        case(
            "no-expiry",
            pull_request("- name: output-image\n  value: q/a"),
            10,
            pull_request("- name: output-image\n  value: q/a\n- name: image-expires-after\n  value: 5d"),
        ),
        case(
            "no-expiry",
            pull_request("- name: output-image\n  value: q/a\n- name: image-expires-after\n  value: soon"),
            13,
            pull_request("- name: output-image\n  value: q/a\n- name: image-expires-after\n  value: $(params.a)"),
        ),
        case("no-expiry", run("params:\n- name: image-expires-after\n  value: 5"), 8, run("params:\n- name: image-expires-after\n  value: ''")),
        case("hermetic-without-prefetch", run("params:\n- name: hermetic\n  value: yes"), 7, run("params:\n- name: hermetic\n  value: no")),
        case("trigger-name", triggered("on-event: '[pushed, ]'"), 6, triggered("on-event: '[push, ]'")),
        case(
            "hermetic-without-prefetch",
            run("params:\n- name: hermetic\n  value: true"),
            7,
            run("params:\n- name: hermetic\n  value: true\n- name: prefetch-input\n  value: '{\"type\": \"rpm\"}'"),
        ),
        case("hermetic-without-prefetch", run("params:\n- name: hermetic\n  value: 'true'\n- name: prefetch-input\n  value: ''"), 7, run("params:\n- name: hermetic\n  value: false")),
        case(
            "production-image",
            run("params:\n- name: output-image\n  value: quay.io/fedora/fedora-bootc:{{revision}}"),
            8,
            run("params:\n- name: output-image\n  value: quay.io/fedora-testing/x:{{revision}}"),
        ),
        case(
            "staging-image",
            run("params:\n- name: output-image\n  value: registry.example/x:{{revision}}"),
            8,
            run("params:\n- name: output-image\n  value: $(params.image)"),
        ),
        case("staging-release", release_plan("quay.io/mine/a"), 8, release_plan("quay.io/coreos-devel/a")),
        case(
            "plain-secret",
            with("env:\n- name: DB_PASSWORD\n  value: hunter2"),
            11,
            with("env:\n- name: DB_PASSWORD\n  valueFrom: {secretKeyRef: {name: a, key: b}}"),
        ),
        case(
            "plain-secret",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n".to_owned(),
            4,
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n".to_owned(),
        ),
        case(
            "leaked-token",
            with(&format!("env:\n- name: A\n  value: ghp_{}", "a".repeat(36))),
            11,
            with("env:\n- name: A\n  value: ghp_x"),
        ),
        case("not-an-object", "a: b\n".to_owned(), 1, task("")),
        case("invalid-yaml", "a: b: c\n".to_owned(), 1, task("")),
    ]
}

fn pull_request(params: &str) -> String {
    let annotation = "metadata:\n  name: r\n  annotations:\n    pipelinesascode.tekton.dev/on-cel-expression: event == \"pull_request\"\n";
    run(&format!("params:\n{params}")).replace("metadata: {name: r}\n", annotation)
}

/// Returns where the file of a case stands.
fn place_of(id: &str) -> &'static str {
    if id == "no-trigger" { ".tekton/a.yaml" } else { "a.yaml" }
}

#[test]
fn each_rule_finds_what_breaks_it_at_its_line() {
    let mut wrong = Vec::new();
    for (id, bad, line, _) in cases() {
        let found = check_at(place_of(id), &bad);
        let lines: Vec<usize> = found
            .iter()
            .filter(|finding| finding.code == id)
            .map(|finding| finding.place.as_ref().expect("it has a place").line())
            .collect();
        if !lines.contains(&line) {
            let others: Vec<String> =
                found.iter().map(|finding| format!("{} {:?}", finding.code, finding.place)).collect();
            wrong.push(format!("{id}: line {line} expected, {lines:?} found; {others:?}\n{bad}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_lets_pass_what_keeps_it() {
    let mut wrong = Vec::new();
    for (id, _, _, good) in cases() {
        for finding in check_at(place_of(id), &good).iter().filter(|finding| finding.code == id) {
            wrong.push(format!("{id}: {} at {:?}\n{good}", finding.message, finding.place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_has_a_case_here_or_among_the_schemas() {
    let tested: BTreeSet<&str> = cases().iter().map(|(id, ..)| *id).collect();
    let by_schema =
        ["unknown-version", "unknown-field", "missing-field", "wrong-type", "invalid-value", "no-schema"];
    let untested: Vec<&str> = RULES
        .iter()
        .map(|rule: &Rule| rule.id)
        .filter(|id| !tested.contains(id) && !by_schema.contains(id))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
}

#[test]
fn every_finding_says_what_to_do() {
    for (_, bad, ..) in cases() {
        for finding in check(&bad).iter().filter(|finding| finding.code != "invalid-yaml") {
            assert!(finding.help.is_some() && finding.place.is_some(), "{finding:?}");
            assert!(!finding.message.ends_with('.'), "{}", finding.message);
        }
    }
}

#[test]
fn cycles_are_told_by_their_way() {
    let of = |name: &str, after: &str| giver(name, &format!("runAfter: [{after}]"));
    let text = pipeline(&format!(
        "tasks:\n{}{}{}",
        of("a", "c"),
        of("b", "a"),
        giver("c", "params:\n- name: x\n  value: $(tasks.b.results.r)")
    ));
    let cycle = check(&text).into_iter().find(|finding| finding.code == "cycle").expect("there is one");
    assert_eq!(cycle.message, "tasks wait for each other: `a` waits for `c` waits for `b` waits for `a`");
}

#[test]
fn what_stands_inside_of_a_run_sees_what_the_run_gives() {
    let text = run(
        "params: [{name: x, value: z}]\nworkspaces: [{name: w, emptyDir: {}}]\npipelineSpec:\n  tasks:\n  - name: a\n    taskSpec:\n      steps:\n      - {name: s, image: 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000', env: [{name: X, value: $(params.x)}], workingDir: $(workspaces.w.path), command: [a]}",
    );
    assert!(check(&text).is_empty(), "{:?}", check(&text));
    let alone = text.replace("params: [{name: x, value: z}]", "params: []");
    assert_eq!(check(&alone)[0].code, "undeclared-parameter");
}

#[test]
fn bad_input_is_answered() {
    for text in [
        "",
        "---\n---\n# nothing\n",
        "a: &a [*a]\n",
        "a: 1\na: 2\n",
        "\tkind: Task\n",
        "- apiVersion: tekton.dev/v1\n  kind: Task\n",
        "apiVersion: tekton.dev/v1\nkind: Task\nspec: 5\n",
        "apiVersion: tekton.dev/v1\nkind: Pipeline\nspec: {tasks: {a: b}, params: x}\n",
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {pipelineSpec: [], params: [1, {}]}\n",
        "apiVersion: {}\nkind: []\n",
        "apiVersion: v1\nkind: List\nitems: [1, {kind: List, apiVersion: v1, items: []}]\n",
        "kind: Task\r\napiVersion: tekton.dev/v1\r\nmetadata: {name: 'C:\\\\x'}\r\nspec: {steps: [{name: a, image: b, workingDir: 'C:\\\\x'}]}\r\n",
    ] {
        for finding in check(text) {
            let _ = crate::diagnostic::render(&finding, false);
        }
    }
    let crlf = task("steps:\n- image: a").replace('\n', "\r\n");
    let found = check(&crlf);
    let unnamed = found.iter().find(|finding| finding.code == "unnamed-step").expect("it is found");
    assert_eq!(unnamed.place.as_ref().expect("it has a place").text(), "image: a");
}

#[test]
fn long_expressions_take_no_time_and_few_findings() {
    let expression = (0..4_000).map(|n| format!("bad{n} == 1")).collect::<Vec<_>>().join(" && ");
    for text in [
        format!("on-cel-expression: '{expression}'"),
        format!("on-cel-expression: >-\n      {}", expression.replace(" && ", " &&\n      ")),
    ] {
        let found = check(&triggered(&text));
        assert_eq!(found.iter().filter(|finding| finding.code == "trigger-name").count(), 20);
    }
}

#[test]
fn long_rows_of_tasks_take_no_time_and_no_stack() {
    let tasks: String = (0..20_000).map(|n| format!("- {{name: t{n}, runAfter: [t{}], taskRef: {{name: x}}, params: [{{name: a, value: $(params.p{n})}}]}}\n", n + 1)).collect();
    let text =
        pipeline(&format!("tasks:\n{tasks}- {{name: t20000, taskSpec: {{steps: [{{name: a, image: i}}]}}}}"));
    let found = check(&text);
    assert_eq!(found.iter().filter(|finding| finding.code == "undeclared-parameter").count(), 20_000);
    assert!(!found.iter().any(|finding| finding.code == "cycle"));
}
