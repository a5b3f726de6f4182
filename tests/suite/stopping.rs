//! Signals: what ends early ends cleanly, and nothing is left alive.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, until, wait};

/// A page whose step says that it runs and then waits, with children that try to get away.
const WAITS: &str = "\
# Waits

```bash {name=waits}
setsid sleep 4711 &
(sleep 4712 &)
touch \"$TMPDIR/running\"
sleep 4713
```

```bash {name=after}
touch \"$TMPDIR/after\"
```

```bash {name=tidy cleanup}
touch \"$TMPDIR/tidied\"
```
";

#[test]
fn first_interrupt_stops_and_cleans_up() {
    let project = Project::with_page(WAITS);
    let mut child = start(&project);
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert!(project.outside().join("tmp/tidied").exists(), "cleanup steps run");
    assert!(!project.outside().join("tmp/after").exists(), "no other step runs");
    let said = fs::read_to_string(project.outside().join("stderr")).unwrap();
    assert!(said.contains("interrupted by SIGINT"), "{said}");
    assert_eq!(alive(&project), Vec::<String>::new());
}

#[test]
fn terminate_is_an_interrupt_too() {
    let project = Project::with_page(WAITS);
    let mut child = start(&project);
    signal(&child, Signal::TERM);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert_eq!(alive(&project), Vec::<String>::new());
}

#[test]
fn signals_at_once_are_one_request() {
    // As `timeout` sends them: to its child, and to the group that both are in.
    let project = Project::with_page(WAITS);
    let mut child = start(&project);
    signal(&child, Signal::TERM);
    signal(&child, Signal::TERM);
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert!(project.outside().join("tmp/tidied").exists(), "cleanup steps run");
}

#[test]
fn second_interrupt_stops_cleanup_as_well() {
    let page = WAITS.replace("touch \"$TMPDIR/tidied\"", "touch \"$TMPDIR/tidying\"; sleep 4714");
    let project = Project::with_page(&page);
    let mut child = start(&project);
    signal(&child, Signal::INT);
    until("cleanup runs", || project.outside().join("tmp/tidying").exists().then_some(()));
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert_eq!(alive(&project), Vec::<String>::new());
}

/// A page that passes at once, or waits where the project says so; its cleanup fails if it had to wait.
const WAITS_LATER: &str = "\
# Waits later

```bash {name=first}
if [ -e \"$TMPDIR/wait\" ]; then touch \"$TMPDIR/running\"; sleep 4719; fi
echo hi
```

```output
hi
```

```bash {name=tidy cleanup}
test ! -e \"$TMPDIR/wait\"
```
";

#[test]
fn interrupted_run_leaves_the_record_alone() {
    let project = Project::with_page(WAITS_LATER);
    assert_eq!(project.run(["run", "page.md"]).status.code(), Some(0));
    let record = ".stagebook/records/page.md/default/record.json";
    let verified = project.read(record);
    fs::write(project.outside().join("tmp/wait"), "").unwrap();
    let mut child = start(&project);
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert_eq!(project.read(record), verified, "although the cleanup step failed");
    let status = project.run(["status", "page.md"]);
    assert!(status.stdout.contains("verified"), "{}", status.stdout);
}

#[test]
fn interrupted_run_makes_no_record() {
    let project = Project::with_page(WAITS);
    let mut child = start(&project);
    signal(&child, Signal::INT);
    wait(&mut child);
    let status = project.run(["status", "page.md"]);
    assert!(status.stdout.contains("never run"), "{}", status.stdout);
}

#[test]
fn third_interrupt_leaves_nothing_alive_and_keeps_what_is_to_be_kept() {
    let page = WAITS.replace("sleep 4713", "trap '' INT TERM; while :; do sleep 4720; done");
    let project = Project::with_page(&page);
    let mut command = project.stagebook(["run", "page.md", "--keep"]);
    let mut child = started(&project, &mut command);
    // Two signals that arrive at once are one.
    for number in 1..=3 {
        signal(&child, Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(20 * number));
    }
    assert_eq!(wait(&mut child).code(), Some(130));
    assert_eq!(alive(&project), Vec::<String>::new());
    assert_eq!(workspaces(&project), 1);
}

#[test]
fn run_that_is_killed_leaves_no_process_and_no_folder() {
    for keep in [None, Some("--keep")] {
        let project = Project::with_page(WAITS);
        let mut child = started(&project, project.stagebook(["run", "page.md"]).args(keep));
        signal(&child, Signal::KILL);
        wait(&mut child);
        until("its processes are gone", || alive(&project).is_empty().then_some(()));
        let kept = if keep.is_some() { 1 } else { 0 };
        until("its folder is gone", || (workspaces(&project) == kept).then_some(()));
    }
}

#[test]
fn limit_on_the_size_of_files_is_an_error_and_no_signal() {
    let project = Project::with_page("# Long\n\n```bash\nhead -c 3000000 /dev/zero | tr '\\0' x\n```\n");
    let program = project.stagebook(["run", "page.md"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 1000; exec \"$@\"", "sh"]).arg(program.get_program());
    limited.args(program.get_args()).current_dir(program.get_current_dir().unwrap()).env_clear();
    limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = limited.stdin(Stdio::null()).output().unwrap();
    assert!(ended.status.code().is_some(), "{:?} {}", ended.status, String::from_utf8_lossy(&ended.stderr));
    assert_eq!(workspaces(&project), 0);
}

#[test]
fn shell_that_is_killed_from_outside_fails_its_step() {
    let project = Project::with_page(
        "# Dies\n\n```bash {name=dies}\nkill -KILL $$\n```\n\n```bash {cleanup}\necho clean > \"$TMPDIR/tidied\"\n```\n",
    );
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("ended by SIGKILL"), "{}", ended.stderr);
    assert!(project.outside().join("tmp/tidied").exists(), "{}", ended.stderr);
}

#[test]
fn forgotten_children_hold_nobody_up_and_do_not_outlive_the_run() {
    let project = Project::with_page(
        "# Forgets\n\n```bash\nsleep 4715 & setsid sleep 4716 &\n(setsid sh -c 'sleep 4717 & exec sleep 4718' &)\necho done\n```\n\n```output\ndone\n```\n",
    );
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(alive(&project), Vec::<String>::new());
}

#[test]
fn second_run_in_a_checkout_says_who_holds_it() {
    let project = Project::with_page(WAITS);
    project.write("other.md", "# Other\n\n```bash\ntrue\n```\n");
    let mut child = start(&project);
    let process = child.id().to_string();
    let mut second = project.stagebook(["run", "other.md"]);
    let second = second.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    signal(&child, Signal::INT);
    wait(&mut child);
    assert_eq!(second.status.code(), Some(4), "{said}");
    assert!(said.contains(&process), "{said}");
    assert_eq!(project.run(["run", "other.md"]).status.code(), Some(0), "the lock is gone with its holder");
}

/// Starts a run of the page and waits until its step runs.
fn start(project: &Project) -> Child {
    started(project, &mut project.stagebook(["run", "page.md"]))
}

fn started(project: &Project, command: &mut Command) -> Child {
    let stderr = fs::File::create(project.outside().join("stderr")).unwrap();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    until("the step runs", || project.outside().join("tmp/running").exists().then_some(()));
    child
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Returns how many workspaces there are.
fn workspaces(project: &Project) -> usize {
    let names = fs::read_dir(project.outside().join("tmp")).unwrap();
    names
        .filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with("stagebook-"))
        .count()
}

/// Returns the commands of processes that have the project's folder in their environment.
fn alive(project: &Project) -> Vec<String> {
    let mark = project.outside().to_string_lossy().into_owned();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let folders = processes.filter_map(|entry| Some(entry.ok()?.path()));
    let ours = folders.filter(|folder| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&mark)
    });
    ours.map(|folder| fs::read_to_string(folder.join("cmdline")).unwrap_or_default()).collect()
}
