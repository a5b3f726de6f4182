//! Plays Tekton: runs the scripts of an exported pipeline on this machine, in the order and with the variables
//! that a cluster would give them.
//!
//! What it knows: `runAfter`, references to results, `when`, matrix, `finally`, sidecars, step templates, secrets,
//! parameters, and how Tekton and Kubernetes put values into texts. What it does not: images, volumes of a pod.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use stagebook::diagnostic::Source;
use stagebook::yaml::read_documents;

use crate::project::{Project, wait};

/// What came of a pipeline.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// The tasks that ran, in their order, with whether they passed; a variant of a matrix is a task of its own.
    pub(crate) tasks: Vec<(String, bool)>,
    /// What all steps printed.
    pub(crate) log: String,
    /// The results of the pipeline.
    pub(crate) results: BTreeMap<String, String>,
}

impl Played {
    /// Returns whether every task passed.
    pub(crate) fn passed(&self) -> bool {
        self.tasks.iter().all(|(_, passed)| *passed)
    }

    /// Returns the names of the tasks that ran.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.tasks.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// Returns the objects of a YAML text.
pub(crate) fn objects(yaml: &str) -> Vec<Value> {
    let read = read_documents(&Source::new("exported.yaml", yaml));
    assert!(read.findings.is_empty(), "{:?}\n{yaml}", read.findings);
    read.documents.iter().map(stagebook::yaml::Node::to_json).collect()
}

/// Plays the Pipeline and the PipelineRun of a text.
pub(crate) fn play(project: &Project, yaml: &str, secrets: &[(&str, &str)]) -> Played {
    let [pipeline, run] = <[Value; 2]>::try_from(objects(yaml)).expect("a pipeline and its run");
    let workspace = project.outside().join("claim");
    fs::create_dir_all(&workspace).expect("the temporary folder can be written");
    let secrets = secrets.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut player =
        Player { project, workspace, secrets, values: values(&pipeline, &run), ..Player::new(project) };
    player.pipeline(&pipeline["spec"]);
    player.played
}

struct Player<'a> {
    project: &'a Project,
    workspace: PathBuf,
    secrets: BTreeMap<String, String>,
    /// What references stand for, without `$(` and `)`.
    values: BTreeMap<String, String>,
    runs: usize,
    played: Played,
}

/// Returns the parameters of a run: the pipeline's defaults, and the run's own.
fn values(pipeline: &Value, run: &Value) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for param in items(&pipeline["spec"]["params"]) {
        if let Some(default) = param["default"].as_str() {
            values.insert(format!("params.{}", text(&param["name"])), default.to_owned());
        }
    }
    for param in items(&run["spec"]["params"]) {
        values.insert(format!("params.{}", text(&param["name"])), text(&param["value"]));
    }
    values
}

impl<'a> Player<'a> {
    fn new(project: &'a Project) -> Self {
        Self {
            project,
            workspace: PathBuf::new(),
            secrets: BTreeMap::new(),
            values: BTreeMap::new(),
            runs: 0,
            played: Played::default(),
        }
    }

    fn pipeline(&mut self, spec: &Value) {
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut waiting: Vec<&Value> = items(&spec["tasks"]).collect();
        let mut failed = false;
        while !failed && !waiting.is_empty() {
            let is_free = |task: &&Value| needed(task).iter().all(|name| done.contains(name));
            let next = waiting.iter().position(is_free).expect("a task waits for none that is left");
            let task = waiting.remove(next);
            failed = !self.pipeline_task(task);
            done.insert(text(&task["name"]));
        }
        for task in items(&spec["finally"]) {
            self.pipeline_task(task);
        }
        for result in items(&spec["results"]) {
            let value = self.substituted(&text(&result["value"]));
            if !value.contains("$(") {
                self.played.results.insert(text(&result["name"]), value);
            }
        }
    }

    /// Runs a task, once for each combination of its matrix; returns whether it passed.
    fn pipeline_task(&mut self, task: &Value) -> bool {
        if !items(&task["when"]).all(|when| self.holds(when)) {
            return true;
        }
        let given = items(&task["params"])
            .map(|param| (text(&param["name"]), self.substituted(&text(&param["value"]))));
        let given: BTreeMap<String, String> = given.collect();
        let combinations = combinations(&task["matrix"]);
        let several = combinations.len() > 1;
        let mut passed = true;
        for combination in combinations {
            let mut params = given.clone();
            let shown: Vec<&str> = combination.values().map(String::as_str).collect();
            let name = text(&task["name"]);
            let shown = if several { format!("{name} [{}]", shown.join(",")) } else { name.clone() };
            params.extend(combination);
            let ok = self.task(&name, &task["taskSpec"], &params);
            self.played.tasks.push((shown, ok));
            passed &= ok;
        }
        passed
    }

    fn holds(&self, when: &Value) -> bool {
        let input = self.substituted(&text(&when["input"]));
        let is_among = items(&when["values"]).any(|value| text(value) == input);
        is_among == (when["operator"] == "in")
    }

    fn task(&mut self, name: &str, spec: &Value, params: &BTreeMap<String, String>) -> bool {
        self.runs += 1;
        let folder = self.project.outside().join(format!("pod-{}", self.runs));
        fs::create_dir_all(folder.join("results")).expect("the temporary folder can be written");
        let declared: BTreeSet<String> = items(&spec["params"]).map(|param| text(&param["name"])).collect();
        assert!(params.keys().all(|name| declared.contains(name)), "{params:?} are declared: {declared:?}");
        let mut values: BTreeMap<String, String> =
            params.iter().map(|(name, value)| (format!("params.{name}"), value.clone())).collect();
        for workspace in items(&spec["workspaces"]) {
            let path = self.workspace.to_string_lossy().into_owned();
            values.insert(format!("workspaces.{}.path", text(&workspace["name"])), path);
        }
        let pod = Pod { folder: &folder, values: &values, spec, player: self };
        let mut sidecars: Vec<Child> =
            items(&spec["sidecars"]).enumerate().map(|(number, one)| pod.sidecar(number, one)).collect();
        let mut log = String::new();
        let mut passed = true;
        for (number, step) in items(&spec["steps"]).enumerate() {
            let (status, printed) = pod.step(number, step);
            log.push_str(&format!("[{name} : {}]\n{printed}", text(&step["name"])));
            passed = status;
            if !passed {
                break;
            }
        }
        for sidecar in &mut sidecars {
            end(sidecar);
        }
        self.played.log.push_str(&log);
        passed & self.take_results(name, spec, &folder, passed)
    }

    /// Takes the results that the steps wrote; a declared one that is not there is no failure, as on Tekton.
    fn take_results(&mut self, name: &str, spec: &Value, folder: &Path, passed: bool) -> bool {
        let mut message = 0;
        for result in items(&spec["results"]).map(|result| text(&result["name"])).filter(|_| passed) {
            if let Ok(value) = fs::read_to_string(folder.join("results").join(&result)) {
                message += value.len();
                self.values.insert(format!("tasks.{name}.results.{result}"), value.clone());
                let all = self.values.entry(format!("tasks.{name}.results.{result}[*]")).or_default();
                all.push_str(&value);
                all.push(' ');
            }
        }
        message <= 4096
    }

    fn substituted(&self, text: &str) -> String {
        substituted(text, &self.values)
    }
}

/// A running task.
struct Pod<'a> {
    folder: &'a Path,
    values: &'a BTreeMap<String, String>,
    spec: &'a Value,
    player: &'a Player<'a>,
}

impl Pod<'_> {
    fn step(&self, number: usize, step: &Value) -> (bool, String) {
        let mut command = self.container(&format!("step-{number}"), step, true);
        let log = self.folder.join(format!("step-{number}.log"));
        let file = fs::File::create(&log).expect("the temporary folder can be written");
        command.stdout(file.try_clone().expect("a file can be shared")).stderr(file);
        let status = wait(&mut start(&mut command));
        (status.success(), String::from_utf8_lossy(&fs::read(log).expect("it was written")).into_owned())
    }

    fn sidecar(&self, number: usize, sidecar: &Value) -> Child {
        let mut command = self.container(&format!("sidecar-{number}"), sidecar, false);
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        start(&mut command)
    }

    /// Returns the command of a container: its script, with nothing but its own variables.
    fn container(&self, name: &str, container: &Value, templated: bool) -> Command {
        let script = substituted(&text(&container["script"]), self.values);
        let path = self.folder.join(name);
        fs::write(&path, script).expect("the temporary folder can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut command = self.player.project.command(path.to_str().expect("it is text"));
        let (program, home) =
            (command.get_envs().find(|(name, _)| *name == "PATH"), self.folder.join("home"));
        let path = program.and_then(|(_, value)| value).expect("there is a PATH").to_owned();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", home)
            .env("TMPDIR", self.player.project.outside().join("tmp"));
        command.current_dir(&self.player.workspace).stdin(Stdio::null());
        let template = if templated { &self.spec["stepTemplate"]["env"] } else { &Value::Null };
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for variable in items(template).chain(items(&container["env"])) {
            let name = text(&variable["name"]);
            let value = self.variable(variable, &known);
            command.env(&name, &value);
            known.insert(name, value);
        }
        command
    }

    fn variable(&self, variable: &Value, known: &BTreeMap<String, String>) -> String {
        if let Some(key) = variable["valueFrom"]["secretKeyRef"]["key"].as_str() {
            return self.player.secrets[key].clone();
        }
        let value = substituted(&text(&variable["value"]), self.values);
        let value = value.replace("/tekton/results", &self.folder.join("results").to_string_lossy());
        expanded(&value, known)
    }
}

/// Starts a script that was written a moment ago: a child that another test started meanwhile may still hold
/// it open for writing, until that child is the program it is to be.
fn start(command: &mut Command) -> Child {
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(1));
            }
            started => return started.expect("the script is there"),
        }
    }
}

/// Puts values in place of references as Tekton does: textually, and nothing for one that it does not know.
fn substituted(text: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
}

/// Expands `$(NAME)` as Kubernetes does in the value of a variable; `$$` is a `$`.
fn expanded(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix("$(").and_then(|inside| inside.split_once(')'))
        {
            match known.get(name) {
                Some(value) => expanded.push_str(value),
                None => expanded.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded + rest
}

/// Ends a sidecar with all that it started.
fn end(sidecar: &mut Child) {
    let group = rustix::process::Pid::from_child(sidecar);
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    wait(sidecar);
}

/// Returns the names of the tasks that a task waits for: it says so, or takes their results.
fn needed(task: &Value) -> Vec<String> {
    let mut needed: Vec<String> = items(&task["runAfter"]).map(text).collect();
    for param in items(&task["params"]) {
        let value = text(&param["value"]);
        needed.extend(
            value.strip_prefix("$(tasks.").and_then(|rest| rest.split('.').next()).map(str::to_owned),
        );
    }
    needed
}

/// Returns the combinations of a matrix; without one there is one, which is empty.
fn combinations(matrix: &Value) -> Vec<BTreeMap<String, String>> {
    let mut all = vec![BTreeMap::new()];
    for param in items(&matrix["params"]) {
        let name = text(&param["name"]);
        let with = |one: &BTreeMap<String, String>, value: &Value| {
            let mut one = one.clone();
            one.insert(name.clone(), text(value));
            one
        };
        all = all
            .iter()
            .flat_map(|one| items(&param["value"]).map(|value| with(one, value)).collect::<Vec<_>>())
            .collect();
    }
    let included: Vec<BTreeMap<String, String>> = items(&matrix["include"])
        .map(|one| items(&one["params"]).map(|param| (text(&param["name"]), text(&param["value"]))).collect())
        .collect();
    if included.is_empty() { all } else { included }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a text: {value}")).to_owned()
}
