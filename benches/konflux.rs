//! The numbers of Konflux's pipelines: files generated from one page, and checked.
//!
//! Run by hand, on a machine that does nothing else: `cargo bench --bench konflux`. Words after `--`
//! choose what is measured: `generate`, `check`. Schemas are taken from the folder that STAGEBOOK_SHARED names, or
//! from `../shared`; without them rules are measured alone.

#![expect(clippy::print_stdout, reason = "a bench is read by who runs it")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STAGEBOOK: &str = env!("CARGO_BIN_EXE_stagebook");

/// Measures in a folder of its own, and prints what it found.
type Measure = fn(&Path);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let measures: [(&str, Measure); 2] = [("generate", generate), ("check", check)];
    for (name, measure) in measures {
        if chosen.is_empty() || chosen.iter().any(|word| word == name) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            measure(folder.path());
        }
    }
}

/// PipelineRuns from one page: what a file costs must not depend on how many there are.
fn generate(folder: &Path) {
    let schemas = schemas();
    let option: Vec<&str> = schemas.iter().flat_map(|folder| ["--schemas", folder.as_str()]).collect();
    println!("PipelineRuns of 2 kB from one page, checked while they are made (median of 3)");
    let mut first: Option<[f64; 3]> = None;
    for count in [1_000, 2_000, 4_000] {
        let folder = folder.join(count.to_string());
        fs::create_dir(&folder).expect("the folder is writable");
        fs::write(folder.join("page.md"), page(count)).expect("the folder is writable");
        let median = |arguments: &[&str], before: &dyn Fn()| {
            let arguments = [arguments, option.as_slice()].concat();
            let mut times: Vec<Duration> = (0..3).map(|_| time(&folder, &arguments, before)).collect();
            times.sort();
            times[1].as_secs_f64() * 1e3
        };
        let remove = || {
            if folder.join(".tekton").exists() {
                fs::remove_dir_all(folder.join(".tekton")).expect("the folder is writable");
            }
        };
        let times = [
            median(&["--quiet", "generate", "page.md"], &remove),
            median(&["--quiet", "generate", "page.md"], &|| ()),
            median(&["--quiet", "generate", "--check", "page.md"], &|| ()),
        ];
        let base = *first.get_or_insert(times);
        let shown = ["written", "unchanged", "checked"].iter().zip(times.iter().zip(base));
        let shown: String = shown.fold(String::new(), |mut text, (name, (time, base))| {
            let _ = write!(text, "  {name} {time:>7.0} ms ({:.2} times)", time / base);
            text
        });
        println!("  {count:>5} files:{shown}");
    }
    println!();
}

/// PipelineRuns against schemas and rules; one of them is the cost of starting and of reading the schemas.
fn check(folder: &Path) {
    let schemas = schemas();
    let option = schemas.as_deref().map(|folder| ["--schemas", folder]);
    let with_schemas = option.as_ref().map(|option| ("schemas and rules", option.as_slice()));
    let ways: Vec<(&str, &[&str])> = [("rules", [].as_slice())].into_iter().chain(with_schemas).collect();
    println!("PipelineRuns of 2 kB checked (median of 3)");
    for count in [4, 1_000, 2_000, 4_000] {
        let folder = folder.join(count.to_string());
        fs::create_dir(&folder).expect("the folder is writable");
        fs::write(folder.join("page.md"), page(count)).expect("the folder is writable");
        time(&folder, &["--quiet", "generate", "page.md"], &|| ());
        for (name, options) in &ways {
            let arguments = [&["konflux", "check", ".tekton"], *options].concat();
            let mut times: Vec<Duration> = (0..3).map(|_| time(&folder, &arguments, &|| ())).collect();
            times.sort();
            println!("  {count:>5} files, {name:<18} {:>7.0} ms", times[1].as_secs_f64() * 1e3);
        }
    }
    println!();
}

/// Returns the folder of schemas, where it is there.
fn schemas() -> Option<String> {
    let shared = std::env::var_os("STAGEBOOK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), std::path::PathBuf::from);
    let folder = shared.join("schemas");
    folder.is_dir().then(|| folder.to_string_lossy().into_owned())
}

fn time(folder: &Path, arguments: &[&str], before: &dyn Fn()) -> Duration {
    before();
    let mut command = Command::new(STAGEBOOK);
    command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().expect("the program starts");
    let took = began.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    took
}

/// Returns a page that generates as many files: streams by four events.
fn page(count: usize) -> String {
    let mut page = "---\nmatrix: {stream: table, event: table, run: once}\n---\n# Many\n\n".to_owned();
    page.push_str("<!-- values: stream -->\n| stream | hermetic | platforms |\n| --- | --- | --- |\n");
    for stream in 0..count / 4 {
        let _ = writeln!(page, "| stream-{stream:04} | {} | `amd64 arm64 s390x ppc64le` |", stream % 2 == 0);
    }
    page.push_str("\n<!-- values: event -->\n| event | expires | trigger |\n| --- | --- | --- |\n");
    for event in ["on-push", "on-pull-request", "on-tag", "on-comment"] {
        let expires = if event == "on-push" { "" } else { "5d" };
        let _ = writeln!(
            page,
            "| {event} | {expires} | `event == \"{event}\" && !(\"docs/***\".pathChanged())` |"
        );
    }
    page.push_str(BLOCK);
    page
}

const BLOCK: &str = r#"
<!-- step: {file: ".tekton/<< stream >>/<< event >>.yaml", generate: true, template: true, delimiters: "<% %> << >> <# #>"} -->
```yaml
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: image-<< stream >>-<< event >>
  namespace: tenant
  labels:
    appstudio.openshift.io/application: image-<< stream >>
    appstudio.openshift.io/component: image-<< stream >>
    pipelines.appstudio.openshift.io/type: build
  annotations:
    build.appstudio.openshift.io/repo: https://example.org/images?rev={{revision}}
    build.appstudio.redhat.com/commit_sha: '{{revision}}'
    build.appstudio.redhat.com/target_branch: '{{target_branch}}'
    pipelinesascode.tekton.dev/max-keep-runs: "3"
    pipelinesascode.tekton.dev/on-cel-expression: << trigger >> && target_branch == "<< stream >>"
spec:
  params:
  - name: git-url
    value: '{{source_url}}'
  - name: revision
    value: '{{revision}}'
  - name: output-image
    value: registry.example.org/tenant/image-{{target_branch}}:{{revision}}
  - name: dockerfile
    value: Containerfile
  - name: build-platforms
    value:
<%- for platform in platforms | split(pat=" ") %>
    - linux/<< platform >>
<%- endfor %>
  - name: hermetic
    value: << hermetic >>
  - name: prefetch-input
    value: '[{"type": "rpm", "path": "."}]'
<%- if expires %>
  - name: image-expires-after
    value: << expires >>
<%- endif %>
  pipelineRef:
    params:
    - name: bundle
      value: registry.example.org/catalog/pipeline-build@sha256:7314b1d594139b440a9840530d58de588664384167c95ac35a0b9a2ee97753ef
    - name: name
      value: build
    - name: kind
      value: pipeline
    resolver: bundles
  taskRunTemplate:
    serviceAccountName: build-pipeline-image-<< stream >>
```
"#;
