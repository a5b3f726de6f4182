//! A run on a cluster, which is a server of the tests that plays what a real one said.

use std::fs;
use std::path::{Path, PathBuf};

use crate::kubernetes::{Answer, Kubernetes, Request};
use crate::project::{Ended, Project, until, wait};
use crate::shared::shared_folder;

/// Two sessions, and so two tasks: the names are those of the conversation that was recorded.
const PAGE: &str = "# Two tasks\n\n```bash {name=one session=a}\necho one\n```\n\n```output\none\n```\n\n\
                    ```bash {name=two session=b}\necho two\nexit 4\n```\n";

fn recorded() -> Option<PathBuf> {
    Some(shared_folder()?.join("fixtures/kubernetes-api"))
}

/// A project with a page, and a kubeconfig that names a server.
fn project(server: &Kubernetes) -> Project {
    let project = Project::with_page(PAGE);
    let image = format!("localhost/stagebook@sha256:{}", "0".repeat(64));
    project.write("stagebook.toml", format!("[konflux]\nimage = \"{image}\"\n"));
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: team\nclusters:\n- name: c\n  cluster: {{server: '{}'}}\n\
         users:\n- name: u\n  user: {{token: t}}\ncontexts:\n- name: team\n  context: {{cluster: c, user: u, namespace: team}}\n",
        server.address
    );
    fs::create_dir_all(project.outside().join("home/.kube")).unwrap();
    fs::write(project.outside().join("home/.kube/config"), config).unwrap();
    project
}

fn run(project: &Project, more: &[&str]) -> Ended {
    project.run([&["run", "--engine", "tekton", "page.md"], more].concat())
}

/// What a server answers unless a test says otherwise.
struct Recorded {
    folder: PathBuf,
    watches: usize,
    over: bool,
}

impl Recorded {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), watches: 0, over: false }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let is_watch = request.path.contains("watch=true");
        match () {
            () if request.is("GET", "/version") => version(),
            () if request.is("POST", "/pipelineruns") => Answer::json(201, self.file("create-201.json")),
            () if request.is("DELETE", "/pipelineruns") => {
                Answer::json(200, r#"{"kind":"Status","status":"Success"}"#)
            }
            () if request.is("GET", "/pipelineruns") && !is_watch => {
                self.list("PipelineRunList", &self.file("create-201.json"))
            }
            () if request.is("GET", "/taskruns") && !is_watch && self.over => {
                Answer::json(200, self.file("list-taskruns.json"))
            }
            () if request.is("GET", "/taskruns") && !is_watch => self.list("TaskRunList", ""),
            () if is_watch => {
                self.watches += 1;
                let (name, wait) = match request.path.contains("/taskruns") {
                    true => ("watch-taskruns.jsonl", 0),
                    false => ("watch-pipelinerun.jsonl", 300),
                };
                self.over |= name == "watch-pipelinerun.jsonl";
                match self.watches {
                    1 | 2 => Answer::text("").then(wait, self.file(name)).then(20_000, ""),
                    _ => Answer::text("").then(20_000, ""),
                }
            }
            () if request.is("GET", "/fx-a-pod/log") => Answer::text("2026-11-23T01:43:44.1Z one\n"),
            () if request.is("GET", "/fx-b-pod/log") => Answer::text("2026-11-23T01:43:51.2Z two\n"),
            () => Answer::json(404, self.file("get-404.json")),
        }
    }

    fn list(&self, kind: &str, item: &str) -> Answer {
        let body = format!(
            r#"{{"kind":"{kind}","apiVersion":"tekton.dev/v1","metadata":{{"resourceVersion":"1"}},"items":[{item}]}}"#
        );
        Answer::json(200, body)
    }
}

fn version() -> Answer {
    Answer::json(
        200,
        r#"{"major":"1","minor":"36","gitVersion":"v1.36.2","gitCommit":"x","gitTreeState":"clean","buildDate":"x","goVersion":"go","compiler":"gc","platform":"linux/amd64"}"#,
    )
}

#[test]
fn what_tekton_did_becomes_the_events_of_a_run() {
    let Some(folder) = recorded() else { return };
    let mut recorded = Recorded::new(&folder);
    let server = Kubernetes::play(move |request| recorded.answer(request));
    let project = project(&server);
    let ended = run(&project, &["--report", "junit=report.xml"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    for part in ["one", "two", "exit status 4", "Kubernetes v1.36.2"] {
        assert!(
            ended.stderr.contains(part)
                || project.read(".stagebook/records/page.md/default/record.json").contains(part),
            "{part}: {}",
            ended.stderr
        );
    }
    let record: serde_json::Value =
        serde_json::from_str(&project.read(".stagebook/records/page.md/default/record.json")).unwrap();
    assert_eq!(record["host"]["distribution"], "Kubernetes v1.36.2");
    let outcomes: Vec<_> =
        record["steps"].as_array().unwrap().iter().map(|step| &step["result"]["outcome"]).collect();
    assert_eq!(outcomes, ["verified", "failed"]);
    assert_eq!(record["steps"][0]["result"]["output"]["text"], "one\n");
    assert!(project.read("report.xml").contains("failures=\"1\""));
    let requests = server.requests();
    let created = requests.iter().find(|request| request.method == "POST").unwrap();
    assert!(created.path.contains("fieldValidation=Strict"), "{}", created.path);
    assert!(created.body.contains("pipelineSpec"), "{}", created.body);
    assert!(requests.iter().any(|request| request.method == "DELETE"), "what is over is removed");
}
