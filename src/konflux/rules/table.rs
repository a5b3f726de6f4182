//! The rules, in the order of the guide.

use super::corpus::Corpus;
use super::report::Report;
use super::view::{ActionView, PipelineView, RunView, TaskView, Views};
use super::{
    graph, images, kinds, matrix, metadata, objects, parameters, pipelines, results, runs, secrets, steps,
    triggers, workspaces,
};
use crate::diagnostic::{Finding, Severity};
use crate::konflux::checker::CheckSettings;
use crate::konflux::object::Object;

/// One thing that is looked for.
#[derive(Debug)]
pub struct Rule {
    /// Its name, the code of its findings.
    pub id: &'static str,
    /// How much a finding matters.
    pub severity: Severity,
    /// Where one can read why.
    pub reference: Reference,
    /// What it demands, as a sentence.
    pub demands: &'static str,
    checks: &'static [Check],
}

/// Where one can read why a rule is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The file of Tekton's admission webhook that has it.
    Webhook(&'static str),
    /// The page of Tekton's documentation.
    Tekton(&'static str),
    /// Another page.
    Page(&'static str),
    /// The reason stands in the guide.
    Guide,
}

/// The part of an object that a function looks at.
#[derive(Debug)]
enum Check {
    Object(fn(&Object<'_>, &mut Report<'_>)),
    Task(fn(&TaskView<'_>, &mut Report<'_>)),
    Action(fn(&ActionView<'_>, &mut Report<'_>)),
    Pipeline(fn(&PipelineView<'_>, &mut Report<'_>)),
    Run(fn(&RunView<'_>, &mut Report<'_>)),
}

/// Adds what the rules find in an object.
pub(in crate::konflux) fn judge<'a>(
    object: Object<'a>,
    corpus: &Corpus<'a>,
    settings: &CheckSettings,
    findings: &mut Vec<Finding>,
) {
    let views = Views::of(object, corpus);
    for rule in RULES.iter().filter(|rule| !settings.allows(rule.id)) {
        let mut report = Report { rule, settings, findings };
        for check in rule.checks {
            match check {
                Check::Object(check) => check(&object, &mut report),
                Check::Task(check) => views.tasks.iter().for_each(|view| check(view, &mut report)),
                Check::Action(check) => views.actions.iter().for_each(|view| check(view, &mut report)),
                Check::Pipeline(check) => views.pipelines.iter().for_each(|view| check(view, &mut report)),
                Check::Run(check) => views.runs.iter().for_each(|view| check(view, &mut report)),
            }
        }
    }
}

use Check::{Action, Pipeline, Run, Task};
use Reference::{Guide, Page, Tekton, Webhook};
use Severity::{Error, Note, Warning};

const FILES: Reference =
    Page("https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/");
const PLACEHOLDERS: Reference = Page(
    "https://github.com/tektoncd/pipelines-as-code/blob/main/docs/content/docs/guides/creating-pipelines/_index.md",
);

const MATCHING: Reference =
    Page("https://github.com/tektoncd/pipelines-as-code/blob/main/pkg/matcher/annotation_matcher.go");

const fn rule(
    id: &'static str,
    severity: Severity,
    reference: Reference,
    demands: &'static str,
    checks: &'static [Check],
) -> Rule {
    Rule { id, severity, reference, demands, checks }
}

/// All rules. Those without functions are found while a file is read, or by its schema.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    rule("invalid-yaml", Error, Guide, "A file is YAML.", &[]),
    rule("unquoted-placeholder", Error, PLACEHOLDERS, "A value that begins with a placeholder (`{{revision}}`) stands in quotes.", &[]),
    rule("unknown-version", Error, FILES, "The kind has the version.", &[]),
    rule("unknown-field", Error, FILES, "Fields are those of the schema.", &[]),
    rule("missing-field", Error, FILES, "Fields that the schema requires are there.", &[]),
    rule("wrong-type", Error, FILES, "Values have the type of the schema.", &[]),
    rule("invalid-value", Error, FILES, "Values keep to the schema's patterns, choices and limits.", &[]),
    rule("no-schema", Note, Guide, "A schema was there to check the kind with.", &[]),
    rule("not-an-object", Note, Guide, "A document that was named is a Kubernetes object.", &[]),
    rule("deprecated-version", Warning, Tekton("deprecations"), "Objects have a version that is not deprecated.", &[Check::Object(objects::version_is_current)]),
    rule("duplicate-run", Warning, PLACEHOLDERS, "PipelineRuns have different names: of two that share one, Pipelines-as-Code starts none.", &[]),
    rule("object-name", Error, Page("https://github.com/tektoncd/pipeline/blob/main/pkg/apis/validate/metadata.go"), "Objects of Tekton have a name, of at most 63 small letters, digits, dashes and points.", &[Check::Object(objects::object_name)]),
    rule("metadata-text", Error, Page("https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"), "Labels and annotations are texts.", &[Check::Object(metadata::metadata_is_text)]),
    rule("metadata-key", Error, Page("https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"), "Keys of labels and annotations, and values of labels, have the form that Kubernetes takes.", &[Check::Object(metadata::keys_of_object), Pipeline(metadata::keys_of_tasks)]),
    rule("misspelt-kind", Error, Guide, "Kinds and groups of Tekton and Konflux are spelt as they are.", &[Check::Object(kinds::kind_is_spelt_right)]),
    rule("misspelt-placeholder", Warning, PLACEHOLDERS, "Placeholders are those of Pipelines-as-Code: what is nearly one is none.", &[Check::Object(kinds::placeholders_are_spelt_right)]),
    rule("no-trigger", Warning, MATCHING, "A PipelineRun in `.tekton` has an annotation that starts it.", &[Check::Object(triggers::something_starts_it)]),
    rule("trigger-form", Error, MATCHING, "Annotations that start a run can be read: CEL, a regular expression, a list in brackets.", &[Check::Object(triggers::annotations_can_be_read)]),
    rule("trigger-name", Warning, MATCHING, "They name events, variables and functions that Pipelines-as-Code knows.", &[Check::Object(triggers::names_are_known)]),

    rule("no-steps", Error, Webhook("task_validation.go"), "A task has steps.", &[Task(steps::task_has_steps)]),
    rule("step-name", Error, Webhook("container_validation.go"), "The name of a step is a DNS label.", &[Task(steps::step_name_is_label)]),
    rule("duplicate-step", Error, Webhook("task_validation.go"), "Steps of a task have different names, and so have sidecars.", &[Task(steps::step_names_differ)]),
    rule("unnamed-step", Warning, Guide, "Steps have names.", &[Task(steps::step_has_name)]),
    rule("step-image", Error, Webhook("container_validation.go"), "A step has an image, of its own or from the template, or a reference.", &[Task(steps::step_has_image), Action(steps::action_has_image)]),
    rule("script-and-command", Error, Webhook("container_validation.go"), "A step has a script or a command, not both.", &[Task(steps::script_or_command), Action(steps::action_has_script_or_command)]),
    rule("no-command", Note, Tekton("container-contract"), "A step says what it runs, so that no registry is asked for it.", &[Task(steps::step_says_what_it_runs)]),
    rule("step-ref", Error, Webhook("container_validation.go"), "A step that refers to a StepAction has none of the fields which that has.", &[Task(steps::step_action_stands_alone)]),
    rule("step-on-error", Error, Webhook("container_validation.go"), "`onError` of a step is `continue` or `stopAndFail`.", &[Task(steps::step_on_error)]),
    rule("tekton-mount", Error, Webhook("container_validation.go"), "Nothing is mounted below `/tekton/`.", &[Task(steps::mounts_leave_tekton_alone)]),
    rule("step-result-place", Error, Webhook("container_validation.go"), "Results of other steps stand in `env`, `command` and `args` alone.", &[Task(steps::step_results_in_arguments)]),
    rule("duplicate-volume", Error, Webhook("task_validation.go"), "Volumes have different names.", &[Task(steps::volume_names_differ)]),
    rule("undeclared-volume", Error, Tekton("tasks"), "Volumes that are mounted are declared.", &[Task(steps::volumes_are_declared)]),
    rule("duplicate-variable", Warning, Guide, "Variables of a step have different names.", &[Task(steps::variables_differ)]),
    rule("reserved-sidecar", Error, Webhook("container_validation.go"), "No sidecar has the name of Tekton's own.", &[Task(steps::sidecar_name_is_free)]),
    rule("script-size", Warning, Page("https://github.com/tektoncd/pipeline/issues/7513"), "The scripts of a task fit into one argument.", &[Task(steps::scripts_fit)]),
    rule("privileged-step", Warning, Guide, "Steps are not privileged.", &[Task(steps::steps_are_not_privileged)]),
    rule("context-variable", Error, Webhook("task_validation.go"), "Variables of the context (`$(context.…)`) are those that exist.", &[Task(steps::context_variables_exist), Pipeline(pipelines::context_variables)]),
    rule("invalid-duration", Error, Tekton("pipelineruns"), "Timeouts are durations.", &[Task(steps::step_timeouts_are_durations), Pipeline(pipelines::timeouts_are_durations), Run(runs::timeouts_are_durations)]),

    rule("parameter-name", Error, Webhook("task_validation.go"), "Names of parameters have the form that Tekton reads.", &[Task(parameters::names_in_task), Action(parameters::names_in_action), Pipeline(parameters::names_in_pipeline)]),
    rule("duplicate-parameter", Error, Webhook("param_types.go"), "A parameter is declared once, and given once; large and small letters are the same.", &[Task(parameters::names_differ_in_task), Action(parameters::names_differ_in_action), Pipeline(parameters::names_differ_in_pipeline), Run(parameters::names_differ_in_run)]),
    rule("parameter-declaration", Error, Webhook("task_validation.go"), "Type, default and properties of a parameter fit together.", &[Task(parameters::declarations_in_task), Action(parameters::declarations_in_action), Pipeline(parameters::declarations_in_pipeline)]),
    rule("parameter-choice", Error, Webhook("param_types.go"), "Choices of a parameter are different strings, and its default is one of them.", &[Task(parameters::choices_in_task), Pipeline(parameters::choices_in_pipeline)]),
    rule("undeclared-parameter", Error, Webhook("task_validation.go"), "Parameters that are used are declared.", &[Task(parameters::used_in_task_are_declared), Action(parameters::used_in_action_are_declared), Pipeline(parameters::used_in_pipeline_are_declared)]),
    rule("unused-parameter", Warning, Guide, "Parameters that are declared are used.", &[Task(parameters::declared_in_task_are_used), Action(parameters::declared_in_action_are_used), Pipeline(parameters::declared_in_pipeline_are_used)]),
    rule("list-in-text", Error, Webhook("task_validation.go"), "A list stands in no text.", &[Task(parameters::lists_stand_alone_in_task), Pipeline(parameters::lists_stand_alone_in_pipeline)]),
    rule("object-key", Error, Webhook("param_types.go"), "Of an object, keys are used that it has.", &[Task(parameters::keys_exist_in_task), Pipeline(parameters::keys_exist_in_pipeline)]),
    rule("parameter-in-script", Warning, Tekton("tasks"), "Parameters reach scripts by `env`, never as text.", &[Task(parameters::scripts_have_no_parameters), Action(parameters::script_of_action_has_no_parameters)]),
    rule("missing-parameter", Error, Tekton("pipelines"), "Parameters without a default get a value.", &[Pipeline(parameters::tasks_get_their_parameters), Run(parameters::run_gives_parameters)]),
    rule("unknown-parameter", Warning, Tekton("pipelines"), "Parameters that are given are declared.", &[Pipeline(parameters::given_to_tasks_are_declared), Run(parameters::given_by_run_are_declared)]),
    rule("parameter-type", Error, Tekton("pipelineruns"), "Values have the type of their parameter.", &[Pipeline(parameters::values_fit_in_pipeline), Run(parameters::values_fit_in_run)]),
    rule("unquoted-list", Warning, Guide, "A value in brackets is a list, and meant to be one.", &[Run(parameters::lists_in_brackets_in_run), Pipeline(parameters::lists_in_brackets_in_pipeline)]),
    rule("misread-value", Warning, Page("https://yaml.org/type/bool.html"), "Values that YAML 1.1 reads as something else (`yes`, `1.10`, `0755`) stand in quotes.", &[Run(parameters::values_are_read_as_written_in_run), Task(parameters::values_are_read_as_written_in_task), Pipeline(parameters::values_are_read_as_written_in_pipeline)]),

    rule("result-name", Error, Webhook("result_validation.go"), "Names of results have the form that Tekton reads, and differ.", &[Task(results::names), Action(results::names_of_action)]),
    rule("result-type", Error, Webhook("result_validation.go"), "A result is a string, an array, or an object with properties.", &[Task(results::types), Action(results::types_of_action)]),
    rule("result-value", Error, Webhook("result_validation.go"), "The value of a task's result is a result of one of its steps.", &[Task(results::values_come_from_steps)]),
    rule("undeclared-result", Error, Webhook("task_validation.go"), "Results that a script writes are declared.", &[Task(results::written_are_declared), Action(results::written_by_action_are_declared)]),
    rule("result-of-unknown-task", Error, Webhook("pipeline_validation.go"), "Results that are used come from a task of the pipeline.", &[Pipeline(results::used_come_from_a_task)]),
    rule("unknown-result", Error, Tekton("pipelines"), "Results that are used are results of their task, or of a step before.", &[Pipeline(results::used_are_declared), Task(results::of_steps_are_declared)]),
    rule("pipeline-result", Error, Webhook("pipeline_validation.go"), "Results of a pipeline are results of its tasks.", &[Pipeline(results::pipeline_results_come_from_tasks)]),
    rule("result-of-pipeline", Error, Webhook("pipeline_validation.go"), "No result of an inner pipeline is used.", &[Pipeline(results::none_of_child_pipelines)]),
    rule("result-in-run", Error, Webhook("pipelinerun_validation.go"), "Parameters of a run name no results.", &[Run(results::none_in_run)]),

    rule("duplicate-workspace", Error, Webhook("task_validation.go"), "Workspaces have different names.", &[Task(workspaces::names_differ_in_task), Pipeline(workspaces::names_differ_in_pipeline), Run(workspaces::names_differ_in_run)]),
    rule("mount-path", Error, Webhook("task_validation.go"), "Workspaces and volumes are mounted at different paths.", &[Task(workspaces::mount_paths_differ)]),
    rule("undeclared-workspace", Error, Webhook("pipeline_validation.go"), "Workspaces that are used are declared.", &[Task(workspaces::used_in_task_exist), Pipeline(workspaces::used_in_pipeline_exist)]),
    rule("unbound-workspace", Error, Tekton("workspaces"), "Workspaces that are not optional are bound.", &[Pipeline(workspaces::tasks_get_theirs), Run(workspaces::run_binds_all)]),
    rule("workspace-source", Error, Webhook("workspace_validation.go"), "A workspace is bound to one source, and that is complete.", &[Run(workspaces::bindings_have_one_source)]),

    rule("no-tasks", Error, Webhook("pipeline_validation.go"), "A pipeline has tasks.", &[Pipeline(pipelines::pipeline_has_tasks)]),
    rule("task-name", Error, Webhook("pipeline_validation.go"), "The name of a pipeline's task is a DNS label.", &[Pipeline(pipelines::task_names)]),
    rule("duplicate-task", Error, Webhook("pipeline_validation.go"), "Tasks of a pipeline have different names.", &[Pipeline(pipelines::task_names_differ)]),
    rule("task-target", Error, Webhook("pipeline_validation.go"), "A task says what it runs, once.", &[Pipeline(pipelines::task_says_what_it_runs)]),
    rule("reference", Error, Webhook("container_validation.go"), "A reference has a name, or a resolver with its parameters.", &[Pipeline(pipelines::references_are_complete), Task(pipelines::step_references_are_complete), Run(runs::reference)]),
    rule("unknown-resolver", Warning, Tekton("resolution"), "Resolvers are those that Tekton brings.", &[Pipeline(kinds::resolvers_of_tasks), Task(kinds::resolvers_of_steps), Run(kinds::resolver_of_run)]),
    rule("resolver-parameter", Error, Tekton("resolution"), "Resolvers get what they need, by the names that they know.", &[Pipeline(kinds::resolvers_of_tasks_get_theirs), Task(kinds::resolvers_of_steps_get_theirs), Run(kinds::resolver_of_run_gets_its_own)]),
    rule("custom-task", Error, Webhook("pipeline_validation.go"), "A custom task has `apiVersion` and `kind`.", &[Pipeline(pipelines::custom_tasks_are_complete)]),
    rule("task-ref-version", Warning, Page("https://github.com/konflux-ci/build-definitions"), "Tasks are referred to as Tekton knows it, without `version`.", &[Pipeline(pipelines::template_versions)]),
    rule("task-on-error", Error, Webhook("pipeline_validation.go"), "`onError` of a task is known, and stands beside no retries.", &[Pipeline(pipelines::on_error)]),
    rule("negative-retries", Error, Webhook("pipeline_validation.go"), "Retries are counted from 0.", &[Pipeline(pipelines::retries_are_counts)]),
    rule("run-after", Error, Webhook("pipeline_validation.go"), "`runAfter` names tasks of the pipeline.", &[Pipeline(graph::run_after_exists)]),
    rule("cycle", Error, Webhook("pipeline_validation.go"), "Tasks do not wait for each other.", &[Pipeline(graph::no_cycles)]),
    rule("final-task", Error, Webhook("pipeline_validation.go"), "Tasks in `finally` run after all others, and beside each other.", &[Pipeline(pipelines::final_tasks)]),
    rule("status-place", Error, Webhook("pipeline_validation.go"), "How a task ended is asked in `finally` alone.", &[Pipeline(pipelines::statuses)]),
    rule("condition", Error, Webhook("when_validation.go"), "Conditions have an operator and values.", &[Pipeline(pipelines::conditions), Task(pipelines::step_conditions)]),
    rule("unknown-variable", Error, Webhook("pipeline_validation.go"), "Variables of a pipeline begin with a name that it knows.", &[Pipeline(pipelines::variables_have_a_head)]),
    rule("matrix-size", Error, Webhook("matrix_types.go"), "A matrix has at most 256 combinations.", &[Pipeline(matrix::combinations_are_few)]),
    rule("matrix-parameter", Error, Webhook("matrix_types.go"), "A parameter is given by the matrix or beside it.", &[Pipeline(matrix::parameters_are_given_once)]),
    rule("matrix-value", Error, Webhook("matrix_types.go"), "A matrix combines lists.", &[Pipeline(matrix::values_are_lists)]),
    rule("matrix-result", Error, Webhook("pipeline_validation.go"), "Results of a task with a matrix are strings, and taken all together.", &[Pipeline(matrix::results_are_taken_whole)]),
    rule("feature-flag", Warning, Tekton("additional-configs"), "Only features are used that a cluster has by default.", &[Pipeline(pipelines::needs_features), Task(pipelines::task_needs_features)]),

    rule("run-target", Error, Webhook("pipelinerun_validation.go"), "A run says what it runs, once.", &[Run(runs::says_what_it_runs)]),
    rule("run-status", Error, Webhook("pipelinerun_validation.go"), "The status of a run is one that can be asked for.", &[Run(runs::status)]),
    rule("run-timeouts", Error, Webhook("pipelinerun_validation.go"), "Tasks and `finally` take no longer than the pipeline may.", &[Run(runs::timeouts)]),
    rule("task-run-spec", Error, Webhook("pipelinerun_validation.go"), "Settings of single tasks are given once.", &[Run(runs::task_run_specs)]),
    rule("unknown-task-run", Warning, Tekton("pipelineruns"), "Settings of single tasks are for tasks that exist.", &[Run(runs::task_run_specs_name_tasks)]),

    rule("image-digest", Warning, Page("https://github.com/conforma/policy/tree/main/policy/task/step_images"), "Images of steps are pinned by digest.", &[Task(images::steps_are_pinned), Action(images::action_is_pinned)]),
    rule("bundle-digest", Warning, Page("https://github.com/conforma/policy/tree/main/policy/pipeline/task_bundle"), "Bundles are pinned by digest.", &[Pipeline(images::bundles_of_tasks_are_pinned), Run(images::bundle_of_run_is_pinned)]),
    rule("no-expiry", Warning, Page("https://github.com/conforma/policy/tree/main/policy/release/quay_expiration"), "Images of pull requests expire, at a time that their registry reads.", &[Run(images::pull_requests_expire)]),
    rule("hermetic-without-prefetch", Warning, Page("https://konflux-ci.dev/docs/building/hermetic-builds/"), "What a build without network needs is fetched before it.", &[Run(images::hermetic_builds_fetch_before)]),
    rule("production-image", Error, Guide, "No image is pushed to where production images are.", &[Run(images::run_stays_out_of_production), Pipeline(images::pipeline_stays_out_of_production), Check::Object(images::component_stays_out_of_production)]),
    rule("staging-image", Error, Guide, "Builds push to a namespace of `[staging] intermediate`, where one is named.", &[Run(images::run_builds_staging), Pipeline(images::pipeline_builds_staging), Check::Object(images::component_builds_staging)]),
    rule("staging-release", Error, Guide, "Releases go to a namespace of `[staging] devel`, where one is named.", &[Check::Object(images::release_goes_to_devel)]),
    rule("plain-secret", Warning, Guide, "Secrets are referred to, not written down.", &[Check::Object(secrets::no_passwords)]),
    rule("leaked-token", Error, Guide, "No token and no private key stands in a file.", &[Check::Object(secrets::no_tokens)]),
];
