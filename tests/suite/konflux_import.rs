//! Real objects of other projects become pages, and the pages the same objects.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use stagebook::diagnostic::Source;
use stagebook::konflux::import::{export_page, import};
use stagebook::yaml::{Node, read_documents};

use crate::project::Project;
use crate::shared::shared_folder;

/// Folders with objects of Tekton.
const FOLDERS: [&str; 4] = ["tekton/examples", "tekton/tasks", "tekton/pipelines", "tekton/pipelineruns"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = FOLDERS
        .iter()
        .flat_map(|name| fs::read_dir(folder.join("fixtures").join(name)).expect("the fixtures are there"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    files
}

/// Returns the objects of a file, without what is said to be left out.
fn objects(source: &std::sync::Arc<Source>) -> Vec<Value> {
    let read = read_documents(source);
    assert!(read.findings.is_empty(), "{}: {:?}", source.path().display(), read.findings);
    read.documents.iter().map(Node::to_json).map(without_versions).collect()
}

fn without_versions(mut object: Value) -> Value {
    for key in ["/spec/tasks", "/spec/finally"] {
        for task in object.pointer_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(reference) = task.get_mut("taskRef").and_then(Value::as_object_mut) {
                reference.shift_remove("version");
            }
        }
    }
    object
}

#[test]
fn imported_objects_are_exported_as_they_were() {
    let Some(folder) = shared_folder("importing real objects") else { return };
    let mut count = 0;
    let begun = Instant::now();
    for path in files(&folder) {
        let source = Source::new(&path, fs::read_to_string(&path).expect("fixtures are text"));
        let page = import(&source);
        let unsaid = |finding: &&stagebook::diagnostic::Finding| {
            finding.severity > stagebook::diagnostic::Severity::Warning || finding.code == "import-whole"
        };
        assert_eq!(
            page.findings.iter().find(unsaid).map(|finding| &finding.message),
            None,
            "{}",
            path.display()
        );
        let exported = export_page(&Source::new("page.md", page.text.as_str()));
        assert!(exported.findings.is_empty(), "{}: {:?}", path.display(), exported.findings);
        let exported: Vec<Value> = exported.objects.into_iter().map(|object| object.value).collect();
        assert_eq!(exported, objects(&source), "{}", path.display());
        count += 1;
    }
    assert!(count >= 81, "only {count} files");
    // Two seconds are promised for importing alone, on a machine that does nothing else.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn imported_pages_are_tutorials_without_mistakes() {
    let Some(folder) = shared_folder("importing real objects") else { return };
    let project = Project::new();
    let folders = FOLDERS.map(|name| folder.join("fixtures").join(name).display().to_string());
    let arguments = ["konflux", "import"].into_iter().chain(folders.iter().map(String::as_str));
    let mut import = project.stagebook(arguments.chain(["-o", "pages"]));
    let imported = project.finish(&mut import, "");
    assert!(imported.status.success(), "{}", imported.stderr);
    let mut check = project.stagebook(["check", "pages"]);
    let checked = project.finish(&mut check, "");
    assert!(checked.status.success(), "{}", checked.stdout);
    assert!(!checked.stdout.contains("warning["), "{}", checked.stdout);
}

/// Imports a folder into one page, and has the page write the files again.
#[track_caller]
fn is_generated_again(project: &Project, count: usize) -> String {
    let mut import = project.stagebook(["konflux", "import", ".tekton", "-o", "page.md"]);
    let imported = project.finish(&mut import, "");
    assert!(imported.status.success(), "{}", imported.stderr);
    let mut check = project.stagebook(["generate", "--check", "page.md"]);
    let checked = project.finish(&mut check, "");
    assert!(checked.status.success(), "{}{}", checked.stdout, checked.stderr);
    let all = format!("{count} files: {count} up to date");
    assert!(checked.stderr.contains(&all), "{}", checked.stderr);
    project.read("page.md")
}

#[test]
fn page_of_real_pipeline_files_writes_them_byte_for_byte() {
    let Some(folder) = shared_folder("importing the files of Fedora CoreOS") else { return };
    let folder = folder.join("fixtures/fedora-coreos/.tekton");
    let project = Project::new();
    for name in [
        "branched/on-push/fedora-coreos-branched-on-push.yaml",
        "testing-devel/on-push/fedora-coreos-testing-devel-on-push.yaml",
        "testing-devel/on-pull-request/fedora-coreos-testing-devel-on-pull-request.yaml",
    ] {
        project
            .write(&format!(".tekton/{name}"), fs::read(folder.join(name)).expect("the fixtures are there"));
    }
    let page = is_generated_again(&project, 3);
    assert!(page.contains("<!-- values: stream -->") && page.contains("<!-- values: event -->"), "{page}");
}

/// Returns a run as a project keeps dozens of them.
fn run(release: &str, kind: &str, event: &str) -> String {
    let pull = event == "pull-request";
    let only = |text: &'static str, when: bool| if when { text } else { "" };
    let extra =
        if kind == "minimal" { String::new() } else { format!("    \"{kind}/***\".pathChanged() ||\n") };
    format!(
        "# Kept by hand\nkind: PipelineRun\nmetadata:\n  name: os-{release}-{kind}-on-{event}\n{}  labels:\n    \
         a/application: os-{release}\n    a/component: os-{release}-{kind}\n  cel: |\n    (event == \"x\") && (\n\
         {extra}    \"minimal/***\".pathChanged()\n    )\nspec:\n  params:\n  - name: output\n    value: \
         quay.io/os-{release}-{kind}:{}{{{{revision}}}}\n{}  - name: digest\n    value: sha256:{}\n\n",
        only("  number: '{{pull_request_number}}'\n", pull),
        only("on-pr-", pull),
        only("  - name: expires\n    value: 5d\n", pull),
        release.len() * 1111,
    )
}

#[test]
fn page_of_many_files_writes_them_byte_for_byte() {
    let project = Project::new();
    let mut count = 0;
    for release in ["43", "44", "eln", "rawhide"] {
        for kind in ["minimal", "minimal-plus", "standard"] {
            for event in ["push", "pull-request"].iter().filter(|_| (release, kind) != ("eln", "minimal")) {
                project
                    .write(&format!(".tekton/os-{release}-{kind}-{event}.yaml"), run(release, kind, event));
                count += 1;
            }
        }
    }
    let page = is_generated_again(&project, count);
    for dimension in ["version", "component", "event"] {
        assert!(page.contains(&format!("<!-- values: {dimension} -->")), "{page}");
    }
    let conditions: Vec<&str> = page.lines().filter(|line| line.starts_with("<%- if")).collect();
    assert_eq!(conditions.len(), 3, "{page}");
    assert!(conditions.iter().all(|line| !line.contains(" and ")), "none needs two dimensions: {page}");
    let mut check = project.stagebook(["check", "page.md"]);
    let checked = project.finish(&mut check, "");
    assert_eq!(checked.stdout, "nothing found\n", "{}", checked.stderr);
}

/// Returns a project with nine files that are nearly equal.
fn project_of_nine() -> Project {
    let project = Project::new();
    for release in ["43", "44", "rawhide"] {
        for kind in ["iot", "minimal", "standard"] {
            project.write(&format!(".tekton/os-{release}-{kind}-push.yaml"), run(release, kind, "push"));
        }
    }
    project
}

#[test]
fn other_files_of_a_folder_are_no_obstacle_to_the_page_of_most() {
    let project = project_of_nine();
    project.write(
        ".tekton/os-44-iot-test-push.yaml",
        "kind: Task\nspec:\n  steps:\n  - name: a\n    image: b\n",
    );
    project.write(".tekton/empty.yaml", "# nothing\n");
    let mut import = project.stagebook(["konflux", "import", ".tekton", "-o", "pages"]);
    let imported = project.finish(&mut import, "");
    assert!(imported.status.success(), "{}", imported.stderr);
    assert!(
        imported.stdout.contains("9 files in one page") || imported.stderr.contains("9 files in one page")
    );
    assert!(project.path("pages/os-44-iot-test-push.md").exists());
    let mut check = project.stagebook(["generate", "--check", "pages/pipelines.md"]);
    let checked = project.finish(&mut check, "");
    assert!(checked.status.success(), "the task is no file that is no longer produced: {}", checked.stderr);
}

#[test]
fn file_that_could_not_be_read_is_not_pruned() {
    let project = project_of_nine();
    project.write(".tekton/os-44-iot-renovate-push.yaml", "kind: [\n");
    let mut import = project.stagebook(["konflux", "import", ".tekton", "-o", "page.md"]);
    let imported = project.finish(&mut import, "");
    assert!(imported.stderr.contains("import-owned"), "{}", imported.stderr);
    let mut prune = project.stagebook(["generate", "--prune", "page.md"]);
    let pruned = project.finish(&mut prune, "");
    assert!(pruned.status.success(), "{}", pruned.stderr);
    assert!(project.path(".tekton/os-44-iot-renovate-push.yaml").exists(), "{}", pruned.stdout);
}

#[test]
fn pages_of_a_folder_give_all_objects_again() {
    let project = Project::new();
    // No block of these pages is a script: they are no tutorials, and hold objects.
    for version in ["0.1", "0.2"] {
        let task = format!("kind: Task\nmetadata:\n  name: a\nspec:\n  version: '{version}'\n");
        project.write(&format!("in/{version}/task.yaml"), task);
    }
    let mut import = project.stagebook(["konflux", "import", "in", "--each", "-o", "pages"]);
    assert!(project.finish(&mut import, "").status.success());
    let mut export = project.stagebook(["konflux", "export", "pages", "-o", "back"]);
    let exported = project.finish(&mut export, "");
    assert!(exported.status.success(), "{}", exported.stderr);
    for version in ["0.1", "0.2"] {
        assert!(project.read(&format!("back/{version}/task.yaml")).contains(version));
    }
}

#[test]
fn tutorials_that_would_be_one_pipeline_are_not_exported() {
    let project = Project::new();
    for folder in ["a", "b"] {
        project.write(&format!("tutorials/{folder}/x.md"), format!("# X\n\n```bash\necho {folder}\n```\n"));
    }
    let image = format!("example.com/x@sha256:{}", "0".repeat(64));
    let mut export = project.stagebook(["konflux", "export", "--image", &image, "tutorials", "-o", "out"]);
    let exported = project.finish(&mut export, "");
    assert!(!exported.status.success(), "{}", exported.stdout);
    let both = "`tutorials/a/x.md` and `tutorials/b/x.md` would both be the pipeline `x`";
    assert!(exported.stderr.contains(both), "{}", exported.stderr);
    assert!(!project.path("out").exists());
}

#[test]
fn time_for_a_page_grows_with_the_number_of_files_alone() {
    let project = Project::new();
    for number in 0..600 {
        let text = run(&format!("r{number:03}"), "standard", "push").replace("value: 5d", "value: 6d");
        // One in a hundred says something of its own.
        let own = if number % 100 == 7 { "    own: 1\n" } else { "" };
        project.write(
            &format!(".tekton/os-r{number:03}-push.yaml"),
            text.replace("  cel: |\n", &format!("{own}  cel: |\n")),
        );
    }
    let begun = Instant::now();
    let page = is_generated_again(&project, 600);
    // Two seconds, here for both commands; when each file was laid beside all others, more than a minute.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let longest = page.lines().filter(|line| line.contains("<%")).map(str::len).max().unwrap_or_default();
    assert!(longest < 200, "a condition of {longest} bytes: {page}");
}
