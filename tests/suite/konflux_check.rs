//! Real files of other projects are checked: what is sound is found sound, and what is broken in them is found.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use stagebook::diagnostic::{Finding, Severity, Source};
use stagebook::konflux::{Catalog, CheckSettings, Checker};

use crate::shared::shared_folder;

/// What is wrong with real files, each with why it stays: file, code, how often.
const KNOWN_ERRORS: &[(&str, &str, usize)] = &[];

/// Warnings of real files that are not counted: habits of examples, each true of a file that should last.
const HABITS: &[&str] = &[
    // Examples are written for one reading: tags, scripts with parameters, steps without names.
    "image-digest",
    "parameter-in-script",
    "unnamed-step",
    // Examples of features that are off by default.
    "feature-flag",
    // Examples of Secrets bring one.
    "plain-secret",
];

/// The other warnings, with how often each file has them.
const KNOWN_WARNINGS: &[(&str, &str, usize)] = &[
    // The image of a pull request without an expiry, in a version that is no longer current.
    ("centos-bootc-pull-request.v1beta1.yaml", "deprecated-version", 1),
    ("centos-bootc-pull-request.v1beta1.yaml", "no-expiry", 1),
    ("apply-tags-0.3.yaml", "deprecated-version", 1),
    // Konflux's template: its build replaces `version` by bundles.
    ("docker-build-oci-ta.yaml", "task-ref-version", 16),
];

fn checker(shared: &Path) -> Checker {
    let (catalog, findings) = Catalog::load(&shared.join("schemas")).expect("the schemas can be read");
    assert!(findings.is_empty(), "{findings:?}");
    let production = vec!["quay.io/fedora".to_owned()];
    Checker::new(catalog, CheckSettings { production, ..CheckSettings::default() })
}

/// Returns the YAML files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Arc<Source> {
    Source::new(
        path.file_name().expect("a file has a name"),
        fs::read_to_string(path).expect("it can be read"),
    )
}

fn real_files(shared: &Path) -> Vec<Arc<Source>> {
    let folders = ["tekton", "fedora-coreos", "konflux"];
    folders
        .iter()
        .flat_map(|folder| files(&shared.join("fixtures").join(folder)))
        .map(|path| read(&path))
        .collect()
}

fn line(finding: &Finding) -> usize {
    finding.place.as_ref().map_or(0, stagebook::diagnostic::Place::line)
}

/// Counts findings by file and code.
fn counts(findings: &[Finding]) -> BTreeMap<(String, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        let path = finding.place.as_ref().map(|place| place.source.path().to_string_lossy().into_owned());
        *counts.entry((path.unwrap_or_default(), finding.code)).or_insert(0) += 1;
    }
    counts
}

#[track_caller]
fn assert_known(found: &[Finding], known: &[(&str, &str, usize)]) {
    let known: BTreeMap<_, _> =
        known.iter().map(|(file, code, count)| (((*file).to_owned(), *code), *count)).collect();
    assert_eq!(counts(found), known);
}

#[test]
fn real_files_have_the_findings_that_are_known() {
    let Some(shared) = shared_folder("real_files_have_the_findings_that_are_known") else { return };
    let checker = checker(&shared);
    let sources = real_files(&shared);
    assert!(sources.len() > 80, "{}", sources.len());
    // Each by itself: what examples call their tasks is not meant for each other.
    let found: Vec<Finding> =
        sources.iter().flat_map(|source| checker.check(&[Arc::clone(source)])).collect();
    let of = |severity| -> Vec<Finding> {
        found.iter().filter(|finding| finding.severity == severity).cloned().collect()
    };
    assert_known(&of(Severity::Error), KNOWN_ERRORS);
    let mut warnings = of(Severity::Warning);
    warnings.retain(|finding| !HABITS.contains(&finding.code) && finding.code != "unused-parameter");
    assert_known(&warnings, KNOWN_WARNINGS);
}

/// A real file, what is changed in it, the code of what must be found, and the words that its line must have.
type Mutation = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MUTATIONS: &[Mutation] = &[
    // A declaration is taken out.
    (
        "tekton/tasks/init-0.4.2.yaml",
        "  - name: enable-cache-proxy\n",
        "  - name: enable-cache\n",
        "undeclared-parameter",
        "$(params.enable-cache-proxy)",
    ),
    (
        "tekton/pipelines/docker-build-oci-ta.yaml",
        "    name: revision\n    type: string\n",
        "    name: revison\n    type: string\n",
        "undeclared-parameter",
        "$(params.revision)",
    ),
    // A key is misspelled.
    (
        "tekton/tasks/buildah-0.10.5.yaml",
        "    workingDir: $(workspaces.source.path)\n",
        "    workingdir: $(workspaces.source.path)\n",
        "unknown-field",
        "workingdir",
    ),
    (
        "tekton/pipelineruns/fedora-bootc-rawhide-standard-push.yaml",
        "  taskRunTemplate:",
        "  taskRunTemplat:",
        "unknown-field",
        "taskRunTemplat",
    ),
    (
        "tekton/pipelineruns/fedora-bootc-rawhide-standard-push.yaml",
        "    resolver: bundles",
        "    resolvers: bundles",
        "reference",
        "params:",
    ),
    // A type is changed.
    (
        "tekton/pipelines/docker-build-oci-ta.yaml",
        "  - default: []\n",
        "  - default: none\n",
        "parameter-declaration",
        "default: none",
    ),
    (
        "tekton/pipelineruns/fedora-bootc-rawhide-standard-push.yaml",
        "    pipeline: 6h",
        "    pipeline: 6",
        "wrong-type",
        "pipeline: 6",
    ),
    (
        "tekton/pipelineruns/fedora-bootc-rawhide-standard-push.yaml",
        "    pipeline: 6h",
        "    pipeline: 6 hours",
        "invalid-duration",
        "6 hours",
    ),
    // A digest is dropped.
    (
        "tekton/pipelineruns/fedora-bootc-rawhide-standard-push.yaml",
        "@sha256:0ad9e06a3c1f64057caaaa1a14f24904036822bb986d43b2d729451c25a399dc",
        ":latest",
        "bundle-digest",
        "value: quay.io/bootc-devel/tekton-catalog",
    ),
    // A quote is dropped, and an image goes to production.
    (
        "fedora-coreos/.tekton/testing-devel/on-push/fedora-coreos-testing-devel-on-push.yaml",
        "value: '{{source_url}}'",
        "value: {{source_url}}",
        "unquoted-placeholder",
        "value: {{source_url}}",
    ),
    (
        "fedora-coreos/.tekton/testing-devel/on-push/fedora-coreos-testing-devel-on-push.yaml",
        "quay.io/konflux-fedora/coreos-tenant/",
        "quay.io/fedora/",
        "production-image",
        "quay.io/fedora/",
    ),
    (
        "fedora-coreos/.tekton/testing-devel/on-pull-request/fedora-coreos-testing-devel-on-pull-request.yaml",
        "  - name: image-expires-after\n    value: 5d\n",
        "",
        "no-expiry",
        "output-image",
    ),
    // A task is renamed, an order turned around.
    (
        "tekton/pipelines/docker-build-oci-ta.yaml",
        "  - name: clone-repository\n",
        "  - name: clone-repo\n",
        "result-of-unknown-task",
        "$(tasks.clone-repository.results.",
    ),
    (
        "tekton/pipelines/docker-build-oci-ta.yaml",
        "  tasks:\n  - name: init\n",
        "  tasks:\n  - name: init\n    runAfter: [clone-repository]\n",
        "cycle",
        "init",
    ),
    (
        "konflux/integrationtestscenario-v1beta2.yaml",
        "    resolver: git",
        "    resolvr: git",
        "unknown-field",
        "resolvr",
    ),
    (
        "konflux/integrationtestscenario-v1beta2.yaml",
        "appstudio.redhat.com/v1beta2",
        "appstudio.redhat.com/v1beta3",
        "unknown-version",
        "v1beta3",
    ),
];

#[test]
fn what_is_broken_in_real_files_is_found_at_its_line() {
    let Some(shared) = shared_folder("what_is_broken_in_real_files_is_found_at_its_line") else { return };
    let checker = checker(&shared);
    let mut wrong = Vec::new();
    for (file, from, to, code, at) in MUTATIONS {
        let text = fs::read_to_string(shared.join("fixtures").join(file)).expect("the file is there");
        assert!(text.contains(from), "{file} has no {from:?}");
        let text = text.replacen(from, to, 1);
        let found = checker.check(&[Source::new(*file, text.as_str())]);
        let is_it = |finding: &&Finding| {
            finding.code == *code && text.lines().nth(line(finding) - 1).is_some_and(|line| line.contains(at))
        };
        if !found.iter().any(|finding| is_it(&finding)) {
            let others: Vec<_> = found.iter().map(|finding| (finding.code, line(finding))).collect();
            wrong.push(format!("{file}: {from:?} -> {to:?}: no {code}; {others:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Objects that a real cluster refuses, or takes and fails with, and the code of what is found.
const MALFORMED: &[(&str, &str)] = &[
    ("parameter-declaration", "params: [{name: a, type: strin}]\n  tasks: [{name: a, taskRef: {name: b}}]"),
    ("run-after", "tasks: [{name: b, runAfter: [zz], taskRef: {name: b}}]"),
    (
        "cycle",
        "tasks: [{name: a, runAfter: [b], taskRef: {name: b}}, {name: b, runAfter: [a], taskRef: {name: b}}]",
    ),
    (
        "script-and-command",
        "tasks: [{name: a, taskSpec: {steps: [{name: s, image: i, script: x, command: [y]}]}}]",
    ),
    (
        "undeclared-parameter",
        "tasks: [{name: a, params: [{name: x, value: $(params.y)}], taskRef: {name: b}}]",
    ),
    (
        "result-of-unknown-task",
        "tasks: [{name: a, params: [{name: x, value: $(tasks.y.results.z)}], taskRef: {name: b}}]",
    ),
    ("undeclared-workspace", "tasks: [{name: a, workspaces: [{name: w}], taskRef: {name: b}}]"),
    ("task-name", "tasks: [{name: A_b, taskRef: {name: b}}]"),
    ("task-on-error", "tasks: [{name: a, onError: continue, retries: 2, taskRef: {name: b}}]"),
    (
        "final-task",
        "tasks: [{name: a, taskRef: {name: b}}]\n  finally: [{name: f, runAfter: [a], taskRef: {name: b}}]",
    ),
    (
        "matrix-size",
        "tasks: [{name: a, matrix: {params: [{name: x, value: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}, {name: y, value: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}]}, taskRef: {name: b}}]",
    ),
    ("unknown-field", "bogus: 1\n  tasks: [{name: a, taskRef: {name: b}}]"),
    ("unknown-field", "tasks: [{name: a, taskSpec: {steps: [{name: s, image: i, scrpt: x}]}}]"),
];

#[test]
fn what_a_cluster_refuses_is_found_without_one() {
    let Some(shared) = shared_folder("what_a_cluster_refuses_is_found_without_one") else { return };
    let checker = checker(&shared);
    for (code, spec) in MALFORMED {
        let alone =
            format!("apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {{name: p}}\nspec:\n  {spec}\n");
        let inside = format!(
            "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {{name: p}}\nspec:\n pipelineSpec:\n  {spec}\n"
        );
        for text in [alone, inside] {
            let found = checker.check(&[Source::new("a.yaml", text.as_str())]);
            assert!(found.iter().any(|finding| finding.code == *code), "{code}:\n{text}{found:?}");
        }
    }
}

#[test]
fn large_and_malicious_files_are_answered() {
    let Some(shared) = shared_folder("large_and_malicious_files_are_answered") else { return };
    let checker = checker(&shared);
    let mut laughs = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..20 {
        laughs += &format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(10));
    }
    let anchors = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec:\n  stepTemplate: &common {image: 'i@sha256:0', scrpt: x}\n  steps:\n  - {<<: *common, name: a, command: [b]}\n";
    let large = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{}",
        (0..400_000).map(|n| format!("  k{n}: some value here\n")).collect::<String>()
    );
    assert!(large.len() > 10_000_000);
    for (text, code) in [
        (laughs.as_str(), "invalid-yaml"),
        ("a: 1\na: 2\n", "invalid-yaml"),
        ("a:\n\t- b\n", "invalid-yaml"),
        (anchors, "unknown-field"),
        (large.as_str(), "no-schema"),
        (
            "apiVersion: tekton.dev/v1beta1\nkind: Task\nmetadata: {name: a}\nspec:\n  steps:\n  - {name: a, image: 'i@sha256:0', script: x, resources: {}}\n",
            "deprecated-version",
        ),
        (
            "apiVersion: tekton.dev/v1\r\nkind: Task\r\nmetadata: {name: a}\r\nspec:\r\n  steps:\r\n  - {name: a, image: 'i@sha256:0', script: x, resources: {}}\r\n",
            "unknown-field",
        ),
        (
            "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec:\n  steps:\n  - {name: a, image: 'i@sha256:0', workingDir: 'C:\\a', command: [b], imagePullPolice: x}\n",
            "unknown-field",
        ),
    ] {
        let found = checker.check(&[Source::new("a.yaml", text)]);
        let start: String = text.chars().take(80).collect();
        assert!(found.iter().any(|finding| finding.code == code), "{code}: {start}: {found:?}");
    }
}
