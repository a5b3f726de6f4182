//! The tutorial that generates Fedora CoreOS's PipelineRuns, beside real ones.

use std::fs;
use std::path::Path;

use serde_json::Value;
use stagebook::diagnostic::Source;
use stagebook::yaml::read_documents;

use crate::project::Project;
use crate::shared::shared_folder;

const PAGE: &str = "tutorials/fedora-coreos-streams.md";

/// Returns a project in which the tutorial's files were generated.
fn generated() -> Project {
    let project = Project::new();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    project.write(PAGE, fs::read(page).expect("the tutorial is there"));
    let ended = project.run(["generate", PAGE]);
    assert!(ended.status.success(), "{}", ended.stderr);
    project
}

fn path(stream: &str, event: &str) -> String {
    format!(".tekton/{stream}/{event}/fedora-coreos-{stream}-{event}.yaml")
}

fn value(name: &str, text: &str) -> Value {
    let documents = read_documents(&Source::new(name, text));
    assert!(documents.findings.is_empty(), "{:?}", documents.findings);
    documents.documents.first().expect("a file has a document").to_json()
}

#[test]
fn streams_are_those_of_fedora_coreos() {
    let Some(shared) = shared_folder("streams_are_those_of_fedora_coreos") else { return };
    let project = generated();
    for (stream, event) in
        [("testing-devel", "on-push"), ("branched", "on-push"), ("testing-devel", "on-pull-request")]
    {
        let path = path(stream, event);
        let ours = project.read(&format!("tutorials/fedora-coreos-streams/{path}"));
        let theirs = fs::read_to_string(shared.join("fixtures/fedora-coreos").join(&path));
        let mut theirs = theirs.expect("the real file is there");
        // The real file of the pull request is of another commit, which tried a bundle of somebody's own.
        if event == "on-pull-request" {
            theirs = theirs.replace(
                "quay.io/jcapitao/tekton-catalog/pipeline-buildah-build-bootc-multi-platform-oci-ta@sha256:bf6b0b028d38e1c90ad7ae0a9e327a9dd21b57659ff45eee9d520b7bd6845973",
                "quay.io/bootc-devel/tekton-catalog/pipeline-buildah-build-bootc-multi-platform-oci-ta@sha256:7314b1d594139b440a9840530d58de588664384167c95ac35a0b9a2ee97753ef",
            );
        }
        assert_eq!(value(&path, &ours), value(&path, &theirs), "{path}");
        assert_eq!(ours, theirs, "{path}");
    }
}

#[test]
fn each_stream_has_its_events() {
    let project = generated();
    let folder = project.path("tutorials/fedora-coreos-streams");
    let all = ["stable", "testing", "next", "testing-devel", "next-devel", "rawhide", "branched"];
    let mut count = 0;
    for stream in all {
        for event in ["on-push", "on-pull-request", "on-pull-request-overrides"] {
            let wanted = event != "on-pull-request-overrides" || all[3..].contains(&stream);
            let file = folder.join(path(stream, event));
            assert_eq!(file.is_file(), wanted, "{}", file.display());
            count += usize::from(wanted);
        }
    }
    assert_eq!(count, 18);
}

#[test]
fn generating_twice_changes_nothing() {
    let project = generated();
    let file = project.path("tutorials/fedora-coreos-streams").join(path("next", "on-push"));
    let before = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("it has a time");
    let ended = project.run(["generate", PAGE]);
    assert!(ended.stderr.contains("18 files: 18 unchanged"), "{}", ended.stderr);
    let after = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("it has a time");
    assert_eq!(before, after);
    assert!(project.run(["generate", "--check", PAGE]).status.success());
}
