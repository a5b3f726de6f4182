//! A run on a cluster, which is a server of the tests that plays what a real one said.

use std::fs;
use std::path::{Path, PathBuf};

use crate::kubernetes::{Answer, Kubernetes, Request};
use crate::project::{Ended, Project, until, wait};
use crate::shared::shared_folder;
use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;

/// Two sessions, and so two tasks: the names are those of the conversation that was recorded.
const PAGE: &str = "# Two tasks\n\n```bash {name=one session=a}\necho one\n```\n\n```output\none\n```\n\n\
                    ```bash {name=two session=b}\necho two\nexit 4\n```\n";

fn recorded(test: &str) -> Option<PathBuf> {
    Some(shared_folder(test)?.join("fixtures/kubernetes-api"))
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
    let Some(folder) = recorded("what_tekton_did_becomes_the_events_of_a_run") else { return };
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

#[test]
fn watch_that_is_too_old_begins_anew() {
    let Some(folder) = recorded("watch_that_is_too_old_begins_anew") else { return };
    let mut recorded = Recorded::new(&folder);
    let mut broken = 0;
    let server = Kubernetes::play(move |request| {
        let is_watch = request.path.contains("watch=true");
        if is_watch && broken < 4 {
            broken += 1;
            // Two that are too old, two that end at once.
            return match broken {
                1 | 2 => Answer::text(
                    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\
                     \"message\":\"too old resource version: 1 (9)\",\"reason\":\"Expired\",\"code\":410}}\n",
                ),
                _ => Answer::text("{\"type\":\"ADD").cut(),
            };
        }
        recorded.answer(request)
    });
    let project = project(&server);
    let ended = run(&project, &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("exit status 4"), "{}", ended.stderr);
    let lists = server.requests();
    let lists = lists
        .iter()
        .filter(|request| request.is("GET", "/pipelineruns") && !request.path.contains("watch=true"));
    assert!(lists.count() >= 2, "what may have been missed is listed");
}

#[test]
fn server_that_is_busy_is_asked_again() {
    let Some(folder) = recorded("server_that_is_busy_is_asked_again") else { return };
    let mut recorded = Recorded::new(&folder);
    let mut busy = 0;
    let server = Kubernetes::play(move |request| {
        if request.method == "POST" && busy < 2 {
            busy += 1;
            let body = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too many requests","reason":"TooManyRequests","code":429}"#;
            return Answer::json(429, body).header("retry-after", "1");
        }
        recorded.answer(request)
    });
    let project = project(&server);
    let ended = run(&project, &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let created: Vec<Request> =
        server.requests().into_iter().filter(|request| request.method == "POST").collect();
    assert_eq!(created.len(), 3);
    assert_eq!(created[0].body, created[2].body, "it is the same object each time");
}

#[test]
fn log_that_breaks_off_goes_on_after_its_last_line() {
    let Some(folder) = recorded("log_that_breaks_off_goes_on_after_its_last_line") else { return };
    let mut recorded = Recorded::new(&folder);
    let mut asked = 0;
    let line = |nano: u32, text: &str| format!("2026-11-23T01:43:51.{nano:09}Z {text}");
    let server = Kubernetes::play(move |request| {
        if !request.is("GET", "/fx-b-pod/log") {
            return recorded.answer(request);
        }
        asked += 1;
        let whole =
            [line(1, "first\n"), line(1, "twin\n"), line(2, "second\n"), line(3, "no newline")].concat();
        match asked {
            // In the middle of the third line, and of a character.
            1 => Answer::text([line(1, "first\n"), line(1, "twin\n"), line(2, "sec")].concat()).cut(),
            2 => Answer::json(500, "{}"),
            _ => Answer::text(whole),
        }
    });
    let project = project(&server);
    let ended = run(&project, &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let record: serde_json::Value =
        serde_json::from_str(&project.read(".stagebook/records/page.md/default/record.json")).unwrap();
    assert_eq!(record["steps"][1]["result"]["output"]["text"], "first\ntwin\nsecond\nno newline");
    let asked = server.requests();
    let again = asked.iter().filter(|request| request.path.contains("/fx-b-pod/log")).nth(1).unwrap();
    assert!(again.path.contains("sinceTime=2026-11-23T01%3A43%3A51"), "{}", again.path);
}

#[test]
fn what_the_cluster_refuses_is_said_in_words() {
    let Some(folder) = recorded("what_the_cluster_refuses_is_said_in_words") else { return };
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for (code, answer, said, help) in [
        (401, read("unauthorized-401.json"), "Unauthorized", "sign in again"),
        (403, read("forbidden-403.json"), "cannot list resource", "auth can-i create pipelineruns"),
        (404, read("get-404.json"), "not found", ""),
        (400, read("create-400-strict.json"), "unknown field", "does not know this field"),
        (400, read("create-400-webhook.json"), "task b depends on zz but zz wasn't present", ""),
    ] {
        let mut recorded = Recorded::new(&folder);
        let mut answer = Some(Answer::json(code, answer));
        let server = Kubernetes::play(move |request| match request.method.as_str() {
            "POST" => answer.take().unwrap_or_default(),
            _ => recorded.answer(request),
        });
        let project = project(&server);
        let ended = run(&project, &[]);
        assert_eq!(ended.status.code(), Some(1), "{code}: {}", ended.stderr);
        assert!(ended.stderr.contains(said) && ended.stderr.contains(help), "{code}: {}", ended.stderr);
        assert!(!ended.stderr.contains("admission webhook"), "{}", ended.stderr);
    }
}

#[test]
fn cluster_that_cannot_be_reached_is_named() {
    let server = Kubernetes::play(|_| Answer::default());
    let project = project(&server);
    let config = project.outside().join("home/.kube/config");
    let closed = fs::read_to_string(&config).unwrap().replace(&server.address, "http://127.0.0.1:1");
    fs::write(&config, closed).unwrap();
    let ended = run(&project, &[]);
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("http://127.0.0.1:1 does not answer"), "{}", ended.stderr);
    let ended = run(&project, &["--context", "other"]);
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("the kubeconfig has no context `other`"), "{}", ended.stderr);
    fs::write(&config, "clusters: [\n").unwrap();
    let ended = run(&project, &[]);
    assert_eq!(ended.stderr.matches("unclosed").count(), 1, "{}", ended.stderr);
    fs::remove_file(&config).unwrap();
    let ended = run(&project, &[]);
    assert_eq!(ended.stderr.matches(".kube/config").count(), 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains("in-cluster"), "{}", ended.stderr);
}

#[test]
fn flags_of_a_cluster_without_one_are_refused_in_words() {
    let project = Project::with_page(PAGE);
    for flags in [["--context", "team"], ["--namespace", "team"], ["--dry-run", "server"]] {
        let ended = project.run([&["run"], flags.as_slice(), &["page.md"]].concat());
        assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(flags[0]) && ended.stderr.contains("--engine tekton"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("Usage:"), "{}", ended.stderr);
    }
    let ended = project.run(["run", "--engine", "tekton", "page.md"]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("`image` below `[konflux]`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("--image"), "a run has no such flag: {}", ended.stderr);
}

#[test]
fn what_a_pod_waits_for_and_what_the_cluster_warns_of_is_said() {
    let Some(folder) = recorded("what_a_pod_waits_for_and_what_the_cluster_warns_of_is_said") else { return };
    let mut recorded = Recorded::new(&folder);
    let mut told = 0;
    let server = Kubernetes::play(move |request| {
        let is_watch = request.path.contains("watch=true");
        if request.method == "POST" {
            let created = recorded.file("create-201.json");
            return Answer::json(201, created)
                .header("warning", "299 - \"unknown field \\\"spec.bogus\\\"\"");
        }
        if is_watch && request.path.contains("/taskruns") && told == 0 {
            told += 1;
            // The same state comes twice, as it does each time that Tekton looks at the pod again.
            let events = recorded.file("watch-taskruns.jsonl");
            let first = events.lines().next().expect("the conversation has lines");
            let mut stuck: serde_json::Value = serde_json::from_str(first).expect("each line is JSON");
            stuck["object"]["status"]["conditions"] = serde_json::json!([{
                "type": "Succeeded", "status": "Unknown", "reason": "PullImageFailed",
                "message": "the step \"one\" is pending with reason \"Back-off pulling image x\"",
            }]);
            return Answer::text(format!("{stuck}\n{stuck}\n{events}")).then(20_000, "");
        }
        recorded.answer(request)
    });
    let project = project(&server);
    let ended = run(&project, &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("the cluster warns: unknown field \"spec.bogus\""), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("Back-off pulling image").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("waits: "), "{}", ended.stderr);
}

#[test]
fn dry_run_asks_the_server_and_keeps_nothing() {
    let Some(folder) = recorded("dry_run_asks_the_server_and_keeps_nothing") else { return };
    let warned = fs::read_to_string(folder.join("create-201-warn.json")).unwrap();
    let server = Kubernetes::play(move |request| match request.method.as_str() {
        "POST" => {
            Answer::json(201, warned.clone()).header("warning", "299 - \"unknown field \\\"spec.bogus\\\"\"")
        }
        _ => version(),
    });
    let project = project(&server);
    let ended = run(&project, &["--dry-run", "server"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("unknown field \"spec.bogus\""), "{}", ended.stderr);
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.method != "POST" || request.path.contains("dryRun=All")));
    assert!(!project.path(".stagebook/records").exists());
}

#[test]
fn interrupt_cancels_on_the_cluster() {
    let Some(folder) = recorded("interrupt_cancels_on_the_cluster") else { return };
    let mut recorded = Recorded::new(&folder);
    let cancelled = fs::read_to_string(folder.join("get-final-cancelled.json")).unwrap();
    let server = Kubernetes::play(move |request| {
        let is_watch = request.path.contains("watch=true");
        match request.method.as_str() {
            "GET" if is_watch && request.path.contains("/pipelineruns") => {
                // It is over a while after it was asked to stop.
                let line = cancelled.replace('\n', " ");
                Answer::text("").then(1_500, format!("{{\"type\":\"MODIFIED\",\"object\":{line}}}\n"))
            }
            "GET" if is_watch => Answer::text("").then(20_000, ""),
            "PATCH" => Answer::json(200, cancelled.clone()),
            _ => recorded.answer(request),
        }
    });
    let project = project(&server);
    let mut command = project.stagebook(["run", "--engine", "tekton", "page.md"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the run is watched", || {
        server.requests().iter().any(|request| request.path.contains("watch=true")).then_some(())
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child).code(), Some(130));
    let requests = server.requests();
    let patch = requests.iter().find(|request| request.method == "PATCH").expect("it is asked to stop");
    assert!(patch.body.contains("CancelledRunFinally"), "{}", patch.body);
    assert!(requests.iter().any(|request| request.method == "DELETE"), "what was stopped is removed");
}

#[test]
fn definitions_of_kinds_come_from_the_cluster() {
    let string = serde_json::json!({"type": "string"});
    let step = serde_json::json!({"type": "object", "properties": {"name": string, "image": string, "script": string}});
    let spec =
        serde_json::json!({"type": "object", "properties": {"steps": {"type": "array", "items": step}}});
    let schema = serde_json::json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    let definition = serde_json::json!({
        "metadata": {"name": "tasks.tekton.dev"},
        "spec": {
            "group": "tekton.dev",
            "names": {"kind": "Task", "plural": "tasks"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    });
    let list = serde_json::json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinitionList",
        "metadata": {"resourceVersion": "1"},
        "items": [definition],
    });
    let server = Kubernetes::play(move |request| {
        assert!(
            request.is("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
            "{}",
            request.path
        );
        Answer::json(200, list.to_string())
    });
    let project = project(&server);
    let task = |field: &str| {
        format!(
            "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: t\nspec:\n  steps:\n  - name: a\n    image: a@sha256:{}\n    {field}: 'true'\n",
            "0".repeat(64)
        )
    };
    project.write("good.yaml", task("script"));
    project.write("bad.yaml", task("scirpt"));
    let ended = project.run(["konflux", "check", "--cluster", "good.yaml"]);
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stderr.contains("fields were not checked"), "{}", ended.stderr);
    let ended = project.run(["konflux", "check", "--cluster", "bad.yaml"]);
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("bad.yaml:9:5") && ended.stdout.contains("scirpt"), "{}", ended.stdout);
    let ended = project.run(["konflux", "check", "--cluster", "--context", "other", "bad.yaml"]);
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
}
