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
