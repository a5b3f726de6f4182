//! Images that tutorials promise: what a record says of them, and how they are held to those of production.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::layout::{Image, Member};
use crate::project::{Ended, Project, wait};

const RECORD: &str = ".stagebook/records/docs/page.md/default/record.json";

fn base() -> Image {
    Image::of(vec![
        vec![
            Member::folder("etc"),
            Member::file("etc/app.conf", "colour = red\n"),
            Member::folder("usr"),
            Member::folder("usr/lib"),
            Member::file("usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian <b>12</b>\"\n"),
        ],
        vec![Member::folder("var/lib/dpkg"), Member::file("var/lib/dpkg/status", STATUS)],
    ])
}

const STATUS: &str = "\
Package: alpha
Status: install ok installed
Architecture: all
Version: 1.0

Package: beta
Status: install ok installed
Architecture: amd64
Version: 2:1.1-3

";

/// Returns an image that has another content in one file.
fn other(content: &str) -> Image {
    let mut image = base();
    *image.member("etc/app.conf") = Member::file("etc/app.conf", content);
    image
}

/// Returns a project whose page leaves an image that it is handed, and names one of production.
fn project(staging: &Image, reference: &str) -> Project {
    let project = Project::new();
    project.write("docs/SUMMARY.md", "# Summary\n\n- [Page](page.md)\n");
    staging.write(&project.path("staging"));
    let build = format!("cp -r {} image", project.path("staging").display());
    let page = format!(
        "---\nimages:\n  base: oci:image\nreference:\n  base: {reference}\n---\n# Page\n\n```bash {{name=build}}\n{build}\n```\n\n```bash {{name=tidy cleanup}}\nrm -r image\n```\n"
    );
    project.write("docs/page.md", page);
    project
}

/// Returns a project with an image of production as well.
fn pair(staging: &Image, production: &Image) -> Project {
    let project = project(staging, "oci:PRODUCTION");
    let folder = project.outside().join("production");
    production.write(&folder);
    let page = project.read("docs/page.md").replace("PRODUCTION", &folder.display().to_string());
    project.write("docs/page.md", page);
    project
}

fn run(project: &Project) -> Ended {
    project.run(["run", "docs/page.md"])
}

fn record(project: &Project) -> Value {
    serde_json::from_str(&project.read(RECORD)).expect("a record is JSON")
}

fn image(project: &Project) -> Value {
    record(project)["result"]["images"][0].clone()
}

#[test]
fn record_says_what_is_in_an_image() {
    let project = project(&base(), "oci:nowhere");
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(", 2 layers, 2 dpkg packages\n"), "{}", ended.stderr);
    let image = image(&project);
    let one = &image["images"][0];
    assert_eq!((&one["platform"], &one["digest"]), (&json!("linux/amd64"), &image["digest"]));
    let commands: Vec<&Value> =
        one["layers"].as_array().unwrap().iter().map(|layer| &layer["command"]).collect();
    assert_eq!(commands, ["step 1", "step 2"]);
    let content = &one["content"];
    assert_eq!((&content["system"], &content["names"]), (&json!("Debian <b>12</b>"), &json!(9)));
    let packages = json!([
        {"manager": "dpkg", "count": 2, "packages": ["alpha:all=1.0", "beta:amd64=2:1.1-3"]}
    ]);
    assert_eq!(content["packages"], packages);
    let schema: Value = serde_json::from_str(&project.run(["schema"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let errors: Vec<String> =
        validator.iter_errors(&record(&project)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn record_from_before_images_were_looked_into_is_read() {
    let project = project(&base(), "oci:nowhere");
    assert_eq!(run(&project).status.code(), Some(0));
    let mut record = record(&project);
    let image = record["result"]["images"][0].as_object_mut().unwrap();
    image.remove("images");
    image.remove("parity");
    project.write(RECORD, record.to_string());
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert!(project.read("site/page.html").contains("<dt>Digest</dt>"));
    let status = project.run(["status", "docs/page.md"]);
    assert!(!status.stdout.contains("cannot be read"), "{}", status.stdout);
}

#[test]
fn difference_is_shown_and_fails_nothing() {
    let project = pair(&other("colour = <script>alert(1)</script>\n"), &base());
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(": different: 1 in content\n"), "{}", ended.stderr);
    let said = ended.stderr.lines().find_map(|line| line.trim().strip_prefix("whole report: "));
    let page = fs::read_to_string(said.expect("the report is named")).unwrap();
    assert!(page.contains("colour = &lt;script&gt;") && !page.contains("<script"), "{page}");
    let parity = &image(&project)["parity"];
    assert_eq!((&parity["outcome"], &parity["verdict"]), (&json!("compared"), &json!("different")));
    let different = parity["levels"].as_array().unwrap().iter().find(|level| level["level"] == "content");
    assert_eq!(different.unwrap()["different"], 1);
}

#[test]
fn explained_parity_is_in_the_book() {
    let project = pair(&other("colour = <b>blue</b>\n"), &base());
    let rule = "[[parity.explain]]\nid = \"colour\"\nwhat = [\"etc/app.conf\"]\nwhy = \"a choice\"\n";
    project.write("stagebook.toml", format!("[parity]\nrequire = \"config\"\n{rule}"));
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let built = project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let page = project.read("site/page.html");
    for words in [
        "Debian &lt;b&gt;12&lt;/b&gt;",
        "alpha:all=1.0",
        "Parity with",
        "none without a rule",
        "<a href=\"parity/page/1-base.html\">",
        "<dt>packages</dt><dd>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let report = project.read("site/parity/page/1-base.html");
    assert!(report.contains("etc/app.conf") && !report.contains("<b>blue"), "{report}");
    assert!(project.read("site/status.html").contains("<th>Parity</th>"));
    assert!(project.read("site/badges/page.parity.svg").contains("explained"));
}

#[test]
fn nothing_of_a_hostile_report_is_run() {
    let project = pair(&other("colour = blue\n"), &base());
    assert_eq!(run(&project).status.code(), Some(0));
    let parity = image(&project)["parity"].clone();
    let kept = |key: &str| {
        format!(".stagebook/records/docs/page.md/default/{}", parity[key].as_str().expect("it is a file"))
    };
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    project.write(&kept("html"), hostile);
    let mut report: Value = serde_json::from_str(&project.read(&kept("json"))).unwrap();
    report["differences"][0]["subject"] = hostile.into();
    report["staging"]["reference"] = hostile.into();
    report["notes"] = json!([hostile]);
    report["rules"] =
        json!([{"id": hostile, "why": hostile, "reference": "javascript:alert(1)", "explains": 1}]);
    project.write(&kept("json"), report.to_string());
    let mut record = record(&project);
    record["result"]["images"][0]["name"] = "../<script>alert(1)".into();
    record["result"]["images"][0]["parity"]["summary"] = hostile.into();
    record["result"]["images"][0]["images"][0]["layers"][0]["command"] = hostile.into();
    record["result"]["images"][0]["images"][0]["content"]["packages"][0]["manager"] = hostile.into();
    project.write(RECORD, record.to_string());
    let build = || project.run(["book", "build", "docs", "-d", "site"]);
    assert_eq!(build().status.code(), Some(0));
    for file in ["page.html", "parity/page/1-..__script_alert_1_.html", "status.html", "print.html"] {
        let page = project.read(&format!("site/{file}"));
        for markup in ["<script>alert", "<img src=x", "href=\"javascript:"] {
            assert!(!page.contains(markup), "{file}: {markup}");
        }
    }
    // A record names a file that is none of its own.
    record["result"]["images"][0]["parity"]["json"] = "outputs-x/../../../../../../docs/page.md".into();
    project.write(RECORD, record.to_string());
    assert_eq!(build().status.code(), Some(0));
    assert!(!project.read("site/page.html").contains("Whole report"));
}

#[test]
fn parity_that_is_required_and_not_met_fails() {
    let project = pair(&other("colour = blue\n"), &base());
    project.write("stagebook.toml", "[parity]\nrequire = \"content\"\n");
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let said = "docs/page.md:5:3: the image `base` is not like `oci:";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let said =
        "in content, and `require = \"content\"` of `[parity]` asks for that (different: 1 in content)";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    project.write("stagebook.toml", "[parity]\nrequire = \"packages\"\n");
    assert_eq!(run(&project).status.code(), Some(0));
}

#[test]
fn reference_that_is_not_there_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let project = project(&base(), &format!("docker://{address}/a:1"));
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("/a:1: not compared: "), "{}", ended.stderr);
    assert_eq!(project.run(["book", "build", "docs", "-d", "site"]).status.code(), Some(0));
    assert!(project.read("site/page.html").contains("not compared"));
    project.write("stagebook.toml", "[parity]\nrequire = \"packages\"\n");
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("docs/page.md:5:3: the image `base` was not compared with"),
        "{}",
        ended.stderr
    );
}

#[test]
fn reference_without_an_image_is_an_error() {
    let project = Project::with_page(
        "---\nimages:\n  base: oci:image\nreference:\n  bsae: quay.io/a/b\n---\n# T\n\n```bash\ntrue\n```\n",
    );
    for (command, status) in [("check", 1), ("run", 2)] {
        let ended = project.run([command, "page.md"]);
        assert_eq!(ended.status.code(), Some(status), "{}", ended.stderr);
        let said = ended.stderr + &ended.stdout;
        assert!(said.contains("page.md:5:3") && said.contains("did you mean `base`?"), "{said}");
    }
}

#[test]
fn rule_that_means_nothing_stops_a_run_that_needs_it() {
    let project = pair(&base(), &base());
    let rule = "[[parity.explain]]\nid = \"a\"\nwhat = [\"b\"]\nlevels = [\"contents\"]\nwhy = \"c\"\n";
    project.write("stagebook.toml", rule);
    let ended = run(&project);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("`contents` is no level"), "{}", ended.stderr);
}

#[test]
fn reports_of_earlier_runs_go_and_secrets_are_in_none() {
    let project = pair(&other("token = tops3cret\n"), &base());
    let page = project.read("docs/page.md").replace("---\nimages", "---\nsecrets: [TOKEN]\nimages");
    project.write("docs/page.md", page);
    for _ in 0..2 {
        let mut command = project.stagebook(["run", "docs/page.md"]);
        let ended = project.finish(command.env("TOKEN", "tops3cret"), "");
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    }
    let folder = project.path(".stagebook/records/docs/page.md/default");
    let outputs: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    let [outputs] = outputs.as_slice() else { panic!("{outputs:?}") };
    let files: Vec<_> = fs::read_dir(outputs).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("token = ") && !text.contains("tops3cret"), "{text}");
    }
}

#[test]
fn image_of_another_platform_is_compared_with_that_of_its_own() {
    let mut arm = base();
    arm.architecture = "arm64";
    arm.leave_out("etc/app.conf");
    let folder = tempfile::tempdir().unwrap();
    crate::layout::write_platforms(&folder.path().join("production"), &[&arm, &base()]);
    let project = project(&base(), &format!("oci:{}/production", folder.path().display()));
    let ended = run(&project);
    assert!(ended.stderr.contains(": identical: one digest\n"), "{}", ended.stderr);
}

#[test]
fn interrupt_does_not_wait_for_a_registry() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let project = project(&base(), &format!("docker://{address}/a:1"));
    let errors = fs::File::create(project.outside().join("stderr")).unwrap();
    let mut command = project.stagebook(["run", "docs/page.md"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap();
    let (connection, _) = silent.accept().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child).code(), Some(130));
    assert!(!project.path(RECORD).exists(), "a run that was stopped proves nothing");
    drop(connection);
}

/// Answers as a registry that has one image, until the test is over.
fn serve(layout: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let layout = layout.clone();
            thread::spawn(move || answer(connection.unwrap(), &layout));
        }
    });
    address
}

/// Answers one request.
fn answer(mut connection: TcpStream, layout: &Path) {
    let mut request = BufReader::new(connection.try_clone().unwrap());
    let mut lines = request.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let Some(first) = lines.next() else { return };
    lines.for_each(drop);
    let path = first.split(' ').nth(1).unwrap_or_default();
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let manifest = &index["manifests"][0];
    let digest = match path.rsplit('/').next() {
        Some("1") => manifest["digest"].as_str().unwrap(),
        digest => digest.unwrap_or_default(),
    };
    let body = fs::read(layout.join("blobs").join(digest.replace(':', "/"))).unwrap_or_default();
    let kind = manifest["mediaType"].as_str().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = connection.write_all(head.as_bytes());
    if !first.starts_with("HEAD ") {
        let _ = connection.write_all(&body);
    }
}

#[test]
fn layers_of_a_registry_are_fetched_for_a_comparison_alone() {
    let project = Project::new();
    base().write(&project.path("image"));
    let name = format!("docker://{}/app:1", serve(project.path("image")));
    let steps = "# T\n\n```bash\ntrue\n```\n";
    project.write("docs/page.md", format!("---\nimages:\n  base: {name}\n---\n{steps}"));
    assert_eq!(run(&project).status.code(), Some(0));
    let alone = image(&project);
    assert_eq!(alone["images"][0]["layers"].as_array().unwrap().len(), 2, "{alone:#}");
    assert_eq!(alone["images"][0]["content"], Value::Null);
    project.write(
        "docs/page.md",
        format!("---\nimages:\n  base: {name}\nreference:\n  base: {name}\n---\n{steps}"),
    );
    let ended = run(&project);
    let said = format!("      parity with {name}: identical: one digest\n");
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    let compared = image(&project);
    assert_eq!(compared["digest"], alone["digest"]);
    assert_eq!(compared["images"][0]["content"]["packages"][0]["count"], 2, "{compared:#}");
}
