//! What every kind of session must do, with real shells.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Job, ParityOptions, RunOptions, run};
use crate::diagnostic::{Place, Source, Span};
use crate::event::{EventKind, Exit, Host, Outcome, SkipReason, StepResult, TutorialResult};
use crate::plan::{
    Disposition, Fingerprint, Interpreter, InterpreterKind, Needs, Plan, PlanKey, PlannedStep, Work,
};
use crate::tutorial::{
    Action, Attributes, Dialect, FrontMatter, Ready, Requirements, Step, StepName, Text, Tutorial,
};

const BASH: (&str, InterpreterKind) = ("bash", InterpreterKind::Bash);
const SH: (&str, InterpreterKind) = ("sh", InterpreterKind::Sh);
const ZSH: (&str, InterpreterKind) = ("zsh", InterpreterKind::Zsh);

static TURN: Mutex<()> = Mutex::new(());

/// A plan made by hand.
struct Page {
    steps: Vec<PlannedStep>,
    shell: (&'static str, InterpreterKind),
    secrets: BTreeMap<String, String>,
    keep_output: u64,
}

impl Page {
    fn new(shell: (&'static str, InterpreterKind)) -> Self {
        Self { steps: Vec::new(), shell, secrets: BTreeMap::new(), keep_output: 1 << 20 }
    }

    fn step(self, text: &str) -> Self {
        self.step_with(text, |_| {})
    }

    fn step_with(mut self, text: &str, change: impl FnOnce(&mut PlannedStep)) -> Self {
        let (program, kind) = self.shell;
        let interpreter =
            Interpreter { language: program.to_owned(), command: vec![program.to_owned()], kind };
        let number = self.steps.len();
        let mut step = PlannedStep {
            name: StepName(format!("step-{}", number + 1)),
            source: number,
            work: Work::Command { text: text.to_owned(), interpreter },
            disposition: Disposition::Run,
            needs: Needs::AllBefore,
            cleanup: false,
            session: "main".to_owned(),
            cwd: None,
            env: BTreeMap::new(),
            timeout: Duration::from_secs(30),
            tries: 1,
            retry_delay: Duration::from_millis(10),
            errexit: true,
            exit: None,
            expected: Vec::new(),
            cache: true,
            fingerprint: Fingerprint(String::new()),
        };
        change(&mut step);
        self.steps.push(step);
        self
    }

    fn service(self, text: &str, ready: Option<Ready>) -> Self {
        self.step_with(text, |step| {
            if let Work::Command { text, interpreter } = step.work.clone() {
                step.work = Work::Service { text, interpreter, ready };
            }
        })
    }

    fn run(self) -> Ran {
        // One run at a time, as in the program: a run that is alone ends every process that nobody claims.
        let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let outputs = tempfile::tempdir().unwrap();
        let options = RunOptions {
            jobs: 1,
            grace: Duration::from_millis(500),
            slow_after: Duration::from_secs(30),
            keep_output: self.keep_output,
            environment: BTreeMap::from([(
                "PATH".to_owned(),
                "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned(),
            )]),
            secrets: self.secrets.clone(),
            stream_output: false,
            tick: None,
            keep_workspaces: false,
            updating: false,
            ground: None,
            registries: None,
            keep_images: None,
            reading: None,
            parity: ParityOptions::default(),
            host: Host { distribution: String::new(), architecture: String::new(), kernel: String::new() },
        };
        let job = Job { plan: self.plan(), outputs: outputs.path().join("o"), outputs_name: "o".to_owned() };
        let mut ran = Ran { steps: Vec::new(), result: None, services: Vec::new(), _outputs: outputs };
        run(vec![job], options, &mut |event| match &event.kind {
            EventKind::StepFinished { result, .. } => ran.steps.push((**result).clone()),
            EventKind::ServicePrinted { output, .. } => ran.services.push(output.text.clone()),
            EventKind::TutorialFinished { result, .. } => ran.result = Some((**result).clone()),
            _ => {}
        })
        .unwrap();
        ran
    }

    fn plan(&self) -> Plan {
        let source = Source::new("page.md", "");
        let step = |step: &PlannedStep| Step {
            name: step.name.clone(),
            named: false,
            info: String::new(),
            headings: Vec::new(),
            anchor: None,
            description: String::new(),
            language: "bash".to_owned(),
            place: Place::new(&source, Span::new(0, 0)),
            text: Text { content: String::new(), source: Arc::clone(&source), lines: Vec::new() },
            action: Action::Command,
            attributes: Attributes::default(),
            expected: Vec::new(),
        };
        let tutorial = Tutorial {
            source: Arc::clone(&source),
            dialect: Dialect::Stagebook,
            front_matter: FrontMatter::default(),
            title: String::new(),
            steps: self.steps.iter().map(step).collect(),
            other_blocks: Vec::new(),
            body: Span::new(0, 0),
            comments: Vec::new(),
            headings: Vec::new(),
            links: Vec::new(),
            includes: Vec::new(),
            prerequisites: Vec::new(),
        };
        Plan {
            key: PlanKey { tutorial: "page.md".to_owned(), variant: None },
            tutorial: Arc::new(tutorial),
            parameters: BTreeMap::new(),
            environment: BTreeMap::new(),
            secrets: self.secrets.keys().cloned().collect(),
            requires: Requirements::default(),
            steps: self.steps.clone(),
            fingerprint: Fingerprint(String::new()),
        }
    }
}

/// What came of a plan made by hand.
struct Ran {
    steps: Vec<StepResult>,
    result: Option<TutorialResult>,
    /// What services printed in all.
    services: Vec<String>,
    _outputs: tempfile::TempDir,
}

impl Ran {
    #[track_caller]
    fn prints(self, expected: &[&str]) -> Self {
        let folder = regex::Regex::new("/[^ ]*stagebook-[^/]*/work").unwrap();
        let printed: Vec<_> =
            self.steps.iter().map(|step| folder.replace_all(&step.output.text, "<workspace>")).collect();
        assert_eq!(printed, expected, "{:?}", self.outcomes());
        self
    }

    fn outcomes(&self) -> Vec<&Outcome> {
        self.steps.iter().map(|step| &step.outcome).collect()
    }

    #[track_caller]
    fn all_pass(self) -> Self {
        assert!(
            self.steps.iter().all(|step| matches!(step.outcome, Outcome::Verified | Outcome::Unverified)),
            "{:?} {:?}",
            self.outcomes(),
            self.result
        );
        self
    }
}

/// Makes a step run in a bash that is called as many systems call it: `sh`.
fn bash_as_sh(step: &mut PlannedStep) {
    if let Work::Command { interpreter, .. } = &mut step.work {
        interpreter.command = ["bash", "--posix"].map(str::to_owned).to_vec();
    }
}

fn exits_with(status: i32) -> impl FnOnce(&mut PlannedStep) {
    move |step| step.exit = Some(status)
}

/// Runs a check in every shell that the machine has.
fn in_every_shell(check: impl Fn(Page)) {
    for shell in [BASH, SH, ZSH] {
        if super::find_program(shell.0, "/usr/bin:/bin").is_none() {
            let note = format!("skipped with {}: it is not installed", shell.0);
            // Past the test harness, which hides what a passing test prints.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{note}\n"));
            continue;
        }
        check(Page::new(shell));
    }
}

/// Returns a number of seconds that no other process of this machine sleeps for.
fn unique(seconds: &str) -> String {
    format!("{seconds}{:07}", std::process::id())
}

fn with_unique_sleeps(text: &str) -> String {
    let seconds = regex::Regex::new(r"sleep (\d+\.\d)").unwrap();
    seconds
        .replace_all(text, |found: &regex::Captures<'_>| format!("sleep {}", unique(&found[1])))
        .into_owned()
}

fn lives(mark: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).any(|line| line.contains(mark))
}

#[test]
fn state_holds_from_step_to_step() {
    in_every_shell(|page| {
        let page = page
            .step("x=1; f() { echo f $x; }; mkdir d; cd d; export E=2\n")
            .step("f; pwd; sh -c 'echo $E'\n");
        page.run().all_pass().prints(&["", "f 1\n<workspace>/d\n2\n"]);
    });
}

#[test]
fn exit_ends_the_step_and_not_the_state() {
    in_every_shell(|page| {
        let page = page
            .step("x='a b'; cd /\n")
            .step_with("x=\"$x c\"\nexit 3\n", exits_with(3))
            .step("echo \"$x\"; pwd\n");
        page.run().all_pass().prints(&["", "", "a b c\n/\n"]);
    });
}

#[test]
fn functions_arrays_and_options_survive_the_end_of_the_shell() {
    let page = Page::new(BASH)
        .step("declare -A map=([k]='v w'); list=(1 '2 3'); f() { echo \"${map[k]}\" \"${list[1]}\"; }; set -u; shopt -s nullglob; umask 027\n")
        .step_with("false\n", exits_with(1))
        .step("f; echo *.none; umask; case $- in *u*) echo nounset;; esac\n")
        .step_with("echo $undefined\n", exits_with(1));
    let ran = page.run().all_pass();
    assert_eq!(ran.steps[2].output.text, "v w 2 3\n\n0027\nnounset\n");
    assert!(ran.steps[3].output.text.contains("undefined: unbound variable"));
}

#[test]
fn any_failing_command_fails_the_step() {
    in_every_shell(|page| {
        let ran = page.step("echo before; false; echo after\n").step("echo never\n").run();
        assert_eq!(ran.steps[0].output.text, "before\n");
        assert_eq!(*ran.outcomes()[0], Outcome::Failed { reason: "exit status 1, expected 0".to_owned() });
        let reason = SkipReason::Need(StepName("step-1".to_owned()));
        assert_eq!(*ran.outcomes()[1], Outcome::Skipped { reason });
    });
}

#[test]
fn failing_pipe_fails_the_step_in_shells_that_know_pipefail() {
    let ran = Page::new(BASH).step("false | true\n").run();
    assert!(matches!(ran.outcomes()[0], Outcome::Failed { .. }));
}

#[test]
fn errexit_can_be_turned_off_for_a_step() {
    in_every_shell(|page| {
        let page = page
            .step_with("false; echo after\n", |step| step.errexit = false)
            .step_with("false\n", exits_with(1));
        page.run().all_pass().prints(&["after\n", ""]);
    });
}

#[test]
fn xtrace_shows_the_commands_of_the_steps_alone() {
    in_every_shell(|page| {
        let ran = page.step("set -x\necho one\n").step("echo two\n").run().all_pass();
        let text = ran.steps[1].output.text.clone();
        assert!(text.ends_with("two\n") && text.lines().count() == 2, "{text}");
    });
}

#[test]
fn unusual_texts_run_as_they_are() {
    in_every_shell(|page| {
        let page = page
            .step("cat <<'EOF'\n1 0 0\n$x `y`\nEOF\n")
            .step("printf 'no newline'")
            .step("# only a comment\n")
            .step("exec 3>&- 4>&- 5>&-\nexec 3>file; echo hi >&3; exec 3>&-; cat file\n")
            .step("echo error >&2; echo out\n");
        page.run().all_pass().prints(&["1 0 0\n$x `y`\n", "no newline", "", "hi\n", "error\nout\n"]);
    });
}

#[test]
fn exec_replaces_the_shell_and_state_before_it_is_kept() {
    in_every_shell(|page| {
        let page = page.step("x=kept\n").step("exec echo replaced\n").step("echo $x\n");
        page.run().all_pass().prints(&["", "replaced\n", "kept\n"]);
    });
}

#[test]
fn syntax_error_fails_the_step() {
    in_every_shell(|page| {
        let ran = page.step("if true; then echo yes\n").run();
        assert!(matches!(ran.outcomes()[0], Outcome::Failed { .. }), "{:?}", ran.outcomes());
    });
}

#[test]
fn exit_trap_runs_when_its_shell_ends() {
    in_every_shell(|page| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trapped");
        page.step(&format!("trap 'echo trapped >{}' EXIT\n", file.display()))
            .step("echo still here\n")
            .run()
            .all_pass();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "trapped\n");
    });
}

#[test]
fn exit_trap_of_a_page_does_not_cost_the_state() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trapped");
    let trap = format!("x=1; trap 'echo trapped $x >>{}' EXIT\n", file.display());
    let page =
        Page::new(BASH).step(&trap).step("y=2\n").step_with("false\n", exits_with(1)).step("echo $x $y\n");
    page.run().all_pass().prints(&["", "", "", "1 2\n"]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "trapped 1\n");
}

#[test]
fn shell_killed_from_outside_is_a_failure_and_cleanup_gets_a_new_one() {
    in_every_shell(|page| {
        let page =
            page.step("x=1\n").step("kill -9 $$\n").step_with("echo clean\n", |step| step.cleanup = true);
        let ran = page.run();
        assert_eq!(ran.steps[1].exit, Some(Exit::Signal("SIGKILL".to_owned())), "{:?}", ran.outcomes());
        assert_eq!(ran.steps[2].output.text, "clean\n");
    });
}

#[test]
fn child_that_holds_the_output_does_not_hold_up_the_step() {
    in_every_shell(|page| {
        let began = Instant::now();
        let sleep = unique("31.4");
        let text = format!("(sleep {sleep}; echo late) & echo started\n");
        let ran = page.step(&text).step("echo next\n").run().all_pass();
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(ran.steps[0].output.text, "started\n");
        assert!(
            ran.steps[0].left_behind.iter().any(|line| line.contains("sleep 31.4") || line.contains("sh"))
        );
        assert!(!lives(&format!("sleep\u{0}{sleep}")));
    });
}

#[test]
fn pipe_into_a_function_that_ends_late_is_waited_for() {
    // It is waited for a quarter of a second, which a busy machine may need to start two programs.
    let run = || Page::new(BASH).step("echo hi > >(sleep 0.03; sed 's/h/H/')\n").run().all_pass();
    assert!((0..20).any(|_| run().steps[0].output.text == "Hi\n"));
}

/// Makes the shell of a step start after half a second.
fn slow_shell(step: &mut PlannedStep) {
    if let Work::Command { interpreter, .. } | Work::Service { interpreter, .. } = &mut step.work {
        let slow = format!("sleep 0.5; exec {} \"$@\"", interpreter.command[0]);
        interpreter.command = ["/bin/sh", "-c", &slow, "slow"].map(str::to_owned).to_vec();
    }
}

#[test]
fn step_that_timed_out_before_its_shell_was_there_never_runs() {
    in_every_shell(|page| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ran");
        let page = page.step_with(&format!("echo late; echo late >{}\n", file.display()), |step| {
            slow_shell(step);
            step.timeout = Duration::from_millis(50);
        });
        let page = page.step_with("echo clean\n", |step| {
            slow_shell(step);
            step.cleanup = true;
        });
        let ran = page.run();
        assert!(matches!(ran.outcomes()[0], Outcome::TimedOut { .. }), "{:?}", ran.outcomes());
        ran.prints(&["", "clean\n"]);
        assert!(!file.exists());
    });
}

#[test]
fn service_whose_shell_is_not_there_in_time_never_runs() {
    in_every_shell(|page| {
        let text = with_unique_sleeps("exec sleep 34.4\n");
        let mut page = page.service(&text, None);
        slow_shell(&mut page.steps[0]);
        page.steps[0].timeout = Duration::from_millis(50);
        let ran = page.step_with("echo clean\n", |step| step.cleanup = true).run();
        assert!(matches!(ran.outcomes()[0], Outcome::TimedOut { .. }), "{:?}", ran.outcomes());
        ran.prints(&["", "clean\n"]);
    });
}

#[test]
fn service_that_is_given_up_is_gone_with_all_its_processes() {
    in_every_shell(|page| {
        let mut page = page
            .service("sh -c 'echo $$ >pid; exec sleep 34.5'; true\n", Some(Ready::Log("never".to_owned())));
        page.steps[0].timeout = Duration::from_millis(700);
        // Who has ended and waits for someone to take notice has no command line.
        let look = "p=$(cat pid); if [ -n \"$(tr -d '\\0' </proc/$p/cmdline)\" ]; then echo lives; fi 2>/dev/null; true\n";
        page.step_with(look, |step| {
            step.cleanup = true;
            step.errexit = false;
        })
        .run()
        .prints(&["", ""]);
    });
}

#[test]
fn what_a_service_prints_after_it_was_ready_is_recorded() {
    in_every_shell(|page| {
        let text = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo FATAL; touch went; exit 3\n";
        let page = page.service(text, Some(Ready::Log("ready".to_owned())));
        let ran = page.step("touch go; while [ ! -e went ]; do sleep 0.01; done; sleep 0.1\n").run();
        assert_eq!(ran.services, ["ready\nFATAL\n"]);
        let trouble = ran.result.and_then(|result| result.trouble);
        assert_eq!(trouble.as_deref(), Some("service `step-1` ended with exit status 3"));
    });
}

#[test]
fn functions_and_aliases_of_a_page_do_not_reach_the_driver() {
    in_every_shell(|page| {
        // The special commands of a POSIX shell cannot be functions there.
        let special = "set eval exec trap export unset typeset declare setopt functions";
        let special = if page.shell == SH { "" } else { special };
        let names = format!("{special} printf print cat sed read echo pwd umask mv alias cd test");
        let define: String =
            names.split_whitespace().map(|name| format!("{name}() {{ false; }}; ")).collect();
        let aliases: String = names.split_whitespace().map(|name| format!("alias {name}=no; ")).collect();
        let page = page
            .step("mkdir d; cd d; x=kept\n")
            .step(&format!("{aliases}{define}\n"))
            .step_with("x=still\nexit 3\n", exits_with(3))
            .step_with("command pwd; command printf '%s\\n' \"$x\"\n", |step| step.errexit = false)
            .step_with("command false\n", exits_with(1));
        page.run().all_pass().prints(&["", "", "", "<workspace>/d\nstill\n", ""]);
    });
}

#[test]
fn folder_of_a_step_that_ends_its_shell_holds_for_it_alone() {
    in_every_shell(|page| {
        let page = page.step("mkdir sub; A=old\n").step_with("exit 3\n", |step| {
            step.exit = Some(3);
            step.cwd = Some("sub".to_owned());
            step.env = BTreeMap::from([("A".to_owned(), "new".to_owned())]);
        });
        page.step("pwd; echo $A\n").run().all_pass().prints(&["", "", "<workspace>\nold\n"]);
    });
}

#[test]
fn shell_that_ended_between_two_steps_is_replaced() {
    in_every_shell(|page| {
        let page = page
            .step("trap 'exit 0' TERM; (sleep 0.1; kill -TERM $$) >/dev/null 2>&1 &\n")
            .step_with("sleep 0.6\n", |step| step.session = "other".to_owned())
            .step_with("echo ran; exit 5\n", exits_with(5));
        page.run().all_pass().prints(&["", "", "ran\n"]);
    });
    let page = Page::new(("python3", InterpreterKind::Python))
        .step("import os, threading\nthreading.Timer(0.1, lambda: os._exit(0)).start()\n")
        .step_with("import time\ntime.sleep(0.6)\n", |step| step.session = "other".to_owned())
        .step_with("print('ran')\nraise SystemExit(5)\n", exits_with(5));
    page.run().all_pass().prints(&["", "", "ran\n"]);
}

#[test]
fn shell_that_cannot_take_requests_any_more_passes_nothing() {
    in_every_shell(|page| {
        let ran = page.step("readonly IFS\n").step_with("echo ran; exit 5\n", exits_with(5)).run();
        assert_eq!(ran.steps[1].output.text, "ran\n", "{:?}", ran.outcomes());
    });
}

#[test]
fn trace_shows_nothing_of_the_driver_when_a_shell_ends() {
    in_every_shell(|page| {
        if page.shell == ZSH {
            // Nothing silences its trace of the function that saves the state.
            return;
        }
        let ran = page.step("set -x; echo hi; exit 0\n").step("echo two\n").run().all_pass();
        let traced = |step: usize| ran.steps[step].output.text.contains("__sb");
        assert!(!traced(0) && !traced(1), "{} {}", ran.steps[0].output.text, ran.steps[1].output.text);
    });
}

#[test]
fn timeout_costs_the_cleanup_steps_no_state() {
    in_every_shell(|page| {
        let page = page.step("mkdir d; cd d; x=1\n").step_with("x=2; sleep 36.1; true\n", |step| {
            step.timeout = Duration::from_millis(300);
        });
        let ran = page.step_with("echo $x; pwd\n", |step| step.cleanup = true).run();
        assert!(matches!(ran.outcomes()[1], Outcome::TimedOut { .. }), "{:?}", ran.outcomes());
        assert_eq!(ran.steps[2].output.text, "2\n<workspace>/d\n");
    });
}

#[test]
fn traps_survive_the_end_of_the_shell() {
    in_every_shell(|page| {
        let page = page.step("trap 'echo usr' USR1\n").step_with("exit 3\n", exits_with(3));
        page.step("kill -USR1 $$; true\n").run().all_pass().prints(&["", "", "usr\n"]);
    });
    let page = Page::new(BASH).step("trap 'echo err' ERR; unset HOME\n").step_with("exit 3\n", exits_with(3));
    page.step_with("echo ${HOME-unset}; false\n", exits_with(1)).run().all_pass().prints(&[
        "",
        "",
        "unset\nerr\n",
    ]);
}

#[test]
fn local_variables_are_not_saved_as_global_ones() {
    let page = Page::new(BASH)
        .step("name=outer; declare -A map=([a]=1); declare -n other=name; readonly fixed=5\n")
        .step("f() { local name=f IFS=: only=1; local -A map; g; }; g() { local name=g; exit 3; }\n")
        .step_with("f\n", exits_with(3))
        .step("echo \"$name ${map[a]} ${only-none} $other $fixed\"; printf '%q\\n' \"$IFS\"\n");
    page.run().all_pass().prints(&["", "", "", "outer 1 none outer 5\n$' \\t\\n'\n"]);
}

#[test]
fn function_that_needs_an_option_to_be_read_costs_no_state() {
    let page = Page::new(BASH)
        .step("shopt -s extglob expand_aliases\n")
        .step(
            "h() { case $1 in @(a|b)*) echo AB;; esac; }; z() { echo z; }; export -f z; alias k='echo kk'\n",
        )
        .step_with("x=1; exit 3\n", exits_with(3))
        .step("h a\nk\nbash -c z; echo $x; shopt -q extglob\n");
    page.run().all_pass().prints(&["", "", "", "AB\nkk\nz\n1\n"]);
}

#[test]
fn step_whose_variable_cannot_be_set_fails_and_does_not_run() {
    in_every_shell(|page| {
        let with_variable = |step: &mut PlannedStep| {
            step.env = BTreeMap::from([("A", "1"), ("RO", "2")].map(|(a, b)| (a.to_owned(), b.to_owned())));
            step.exit = Some(1);
        };
        let page = page.step("readonly RO=1\n").step_with("echo ran; false\n", with_variable);
        let ran = page.step_with("echo $RO${A-unset}\n", |step| step.cleanup = true).run();
        let Outcome::Failed { reason } = ran.outcomes()[1] else { panic!("{:?}", ran.outcomes()) };
        assert!(reason.contains("its variable `RO` cannot be set"), "{reason}");
        ran.prints(&["", "", "1unset\n"]);
    });
}

#[test]
fn messages_of_a_shell_do_not_name_our_files() {
    let text = "cd /nowhere 2>&1 || true\ncat </nowhere 2>&1 || true\n";
    for change in [|_: &mut PlannedStep| {}, bash_as_sh] {
        let ran = Page::new(SH).step_with(text, change).step("set -x\n").step_with(text, change).run();
        for step in [0, 2] {
            let printed = &ran.steps[step].output.text;
            assert!(printed.contains("/nowhere") && printed.contains("sh: "), "{printed}");
            assert!(!printed.contains("stagebook") && !printed.contains("control"), "{printed}");
        }
    }
}

#[test]
fn bash_that_is_called_sh_keeps_its_state_when_it_ends() {
    let page = Page::new(SH)
        .step_with("x=1; readonly r=2\n", bash_as_sh)
        .step_with("y=3; exit 3\n", |step| {
            bash_as_sh(step);
            step.exit = Some(3);
        })
        .step_with("echo $x $r $y\n", bash_as_sh);
    page.run().all_pass().prints(&["", "", "1 2 3\n"]);
}

#[test]
fn lines_of_a_value_are_not_taken_for_variables() {
    let page = Page::new(SH).step("m='a\nPPID=7\nb'\n").step_with("exit 3\n", exits_with(3));
    page.step("echo \"$m\"\n").run().all_pass().prints(&["", "", "a\nPPID=7\nb\n"]);
}

#[test]
fn page_that_redefines_what_the_driver_is_called_with_fails_its_steps() {
    for text in ["builtin() { :; }\n", "command() { :; }\n", "builtin() { :; }; command() { :; }\n"] {
        let ran = Page::new(BASH)
            .step_with(text, |step| step.timeout = Duration::from_secs(1))
            .step_with("echo ran; exit 5\n", |step| {
                step.exit = Some(5);
                step.timeout = Duration::from_secs(1);
                step.cleanup = true;
            })
            .run();
        // The first may have lost its shell by that, and the page's function with it.
        let second = &ran.steps[1];
        assert!(!second.outcome.passed() || second.output.text == "ran\n", "{text} {:?}", ran.outcomes());
    }
}

#[test]
fn exit_trap_that_a_function_sets_costs_no_state() {
    let page = Page::new(BASH)
        .step("later() { \\trap 'echo bye' EXIT; }; x=1\n")
        .step("later; set -o noclobber\n")
        .step_with("y=2; exit 3\n", exits_with(3))
        .step("echo $x $y\n");
    page.run().all_pass().prints(&["", "", "bye\n", "1 2\n"]);
}

#[test]
fn workspace_that_a_step_removes_is_there_for_cleanup() {
    in_every_shell(|page| {
        let page = page.step_with("rm -rf \"$PWD\"; exit 3\n", exits_with(3));
        page.step_with("pwd\n", |step| step.cleanup = true).run().all_pass().prints(&["", "<workspace>\n"]);
    });
}

#[test]
fn time_limit_of_a_page_for_reading_does_not_end_its_shell() {
    Page::new(BASH)
        .step("x=1; TMOUT=1\n")
        .step_with("sleep 1.3\n", |step| step.session = "other".to_owned())
        .step("echo $x\n")
        .run()
        .all_pass()
        .prints(&["", "", "1\n"]);
}

#[test]
fn port_of_another_program_is_no_sign_of_readiness() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for ready in [Ready::Port(port), Ready::Log("up".to_owned())] {
        let is_port = matches!(ready, Ready::Port(_));
        let text = with_unique_sleeps("echo up; exec sleep 34.6\n");
        let ran = Page::new(BASH).service(&text, Some(ready)).run();
        let reason = format!("another program already listens on 127.0.0.1:{port}");
        let expected = if is_port { Outcome::Failed { reason } } else { Outcome::Verified };
        assert_eq!(*ran.outcomes()[0], expected);
    }
}

#[test]
fn longest_time_limit_is_no_trouble() {
    in_every_shell(|page| {
        page.step_with("echo hi\n", |step| step.timeout = Duration::MAX).run().all_pass().prints(&["hi\n"]);
    });
}

#[test]
fn plan_whose_task_breaks_off_leaves_nothing_alive() {
    let text = with_unique_sleeps("sleep 35.1 & setsid -f sleep 35.2; echo done\n");
    let ran = Page::new(BASH)
        .step(&text)
        .step_with("echo never\n", |step| {
            // Plans are made with a program for each language.
            if let Work::Command { interpreter, .. } = &mut step.work {
                interpreter.command.clear();
            }
            step.session = "other".to_owned();
        })
        .run();
    let result = ran.result.unwrap();
    assert!(result.trouble.unwrap().starts_with("stagebook itself failed"));
    assert_eq!((result.coverage.unverified, result.coverage.cancelled), (1, 1));
    for sleep in ["35.1", "35.2"] {
        assert!(!lives(&format!("sleep\u{0}{}", unique(sleep))), "sleep {sleep} lives");
    }
}

#[test]
fn timeout_ends_the_whole_tree() {
    in_every_shell(|page| {
        let text = with_unique_sleeps(
            "setsid sleep 32.1 & (setsid sh -c 'sleep 32.2 & exec sleep 32.3' &)\nenv -i /usr/bin/setsid /usr/bin/sleep 32.4 &\ntrap '' TERM\nsleep 32.5\n",
        );
        let began = Instant::now();
        let page = page.step_with(&text, |step| step.timeout = Duration::from_millis(300));
        let ran = page.step_with("echo clean\n", |step| step.cleanup = true).run();
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(*ran.outcomes()[0], Outcome::TimedOut { limit: Duration::from_millis(300) });
        assert_eq!(ran.steps[1].output.text, "clean\n");
        for sleep in ["32.1", "32.2", "32.3", "32.4", "32.5"] {
            assert!(!lives(&format!("sleep\u{0}{}", unique(sleep))), "sleep {sleep} lives");
        }
    });
}

#[test]
fn daemons_do_not_outlive_the_run() {
    let text = with_unique_sleeps(
        "setsid -f sleep 33.1; (setsid nohup sleep 33.2 >/dev/null 2>&1 &) ; env -i /usr/bin/setsid -f /usr/bin/sleep 33.3\n",
    );
    Page::new(BASH).step(&text).run().all_pass();
    for sleep in ["33.1", "33.2", "33.3"] {
        assert!(!lives(&format!("sleep\u{0}{}", unique(sleep))), "sleep {sleep} lives");
    }
}

#[test]
fn process_that_forks_and_ends_all_the_time_does_not_outlive_the_run() {
    for leave in ["", "setsid"] {
        let folder = tempfile::tempdir().unwrap();
        let (file, script) = (folder.path().join("hops"), folder.path().join("hop"));
        // Stops by itself some day, so that a failing test does not go on for ever.
        let hop = format!("echo >>{}\n[ $1 = 3000 ] || {leave} sh $0 $(($1 + 1)) &\n", file.display());
        std::fs::write(&script, hop).unwrap();
        let text = format!("sh {} 0 >/dev/null 2>&1 &\nsleep 0.2\n", script.display());
        Page::new(BASH).step(&text).run().all_pass();
        let hops = || file.metadata().unwrap().len();
        let before = hops();
        std::thread::sleep(Duration::from_millis(200));
        assert!((1..3000).contains(&before) && before == hops(), "{leave} {before} {}", hops());
    }
}

#[test]
fn child_that_a_python_step_forks_does_not_take_its_session() {
    let page = Page::new(("python3", InterpreterKind::Python));
    let text = "import os\nx = 'parent' if os.fork() else 'child'\nif x == 'parent': os.wait()\n";
    let page = (0..8).fold(page.step(text), |page, _| page.step("print(x)\n"));
    let ran = page.run().all_pass();
    assert!(ran.steps[1..].iter().all(|step| step.output.text == "parent\n"));
}

#[test]
fn python_session_bears_closed_streams_and_replaced_functions() {
    let page = Page::new(("python3", InterpreterKind::Python))
        .step("import builtins, os, pickle, sys\nclass C: pass\npickle.loads(pickle.dumps(C()))\nprint(sys.argv)\n")
        .step("builtins.open = None\nos.closerange(0, 100)\n")
        .step("os.system('echo child')\nsys.stdout.close()\n")
        .step("sys.stderr.write('still')\n");
    page.run().all_pass().prints(&["['']\n", "", "child\n", "still"]);
}

#[test]
fn part_of_a_shell_that_is_left_behind_is_named_shortly() {
    in_every_shell(|page| {
        let text = with_unique_sleeps("(sleep 37.1; true) & true\n");
        let ran = page.step(&text).run().all_pass();
        let named = &ran.steps[0].left_behind;
        assert!(named.iter().any(|line| line.ends_with("(a part of the session)")), "{named:?}");
        assert!(named.iter().all(|line| line.len() < 60), "{named:?}");
    });
}

#[test]
fn service_is_ready_before_the_next_step_and_ended_after_the_last() {
    in_every_shell(|page| {
        let service = with_unique_sleeps("word=ready; echo i am $word; exec sleep 34.1\n");
        let page = page.service(&service, Some(Ready::Log("i am ready".to_owned()))).step("echo next\n");
        let ran = page.run().all_pass();
        assert_eq!(ran.steps[0].output.text, "i am ready\n");
        assert_eq!(*ran.outcomes()[0], Outcome::Verified);
        assert!(!lives(&format!("sleep\u{0}{}", unique("34.1"))));
    });
}

#[test]
fn service_that_ends_before_it_is_ready_fails() {
    in_every_shell(|page| {
        let ran = page.service("echo oops; exit 4\n", Some(Ready::Port(1))).run();
        let reason = "the service ended with exit status 4".to_owned();
        assert_eq!(*ran.outcomes()[0], Outcome::Failed { reason });
        assert_eq!(ran.steps[0].output.text, "oops\n");
    });
}

#[test]
fn folder_and_variables_of_a_step_hold_for_it_alone() {
    in_every_shell(|page| {
        let page = page
            .step("mkdir sub; A=old\n")
            .step_with("pwd; echo $A$B\n", |step| {
                step.cwd = Some("sub".to_owned());
                step.env =
                    BTreeMap::from([("A".to_owned(), "it's".to_owned()), ("B".to_owned(), "!".to_owned())]);
            })
            .step("pwd; echo $A${B-unset}\n");
        page.run().all_pass().prints(&["", "<workspace>/sub\nit's!\n", "<workspace>\noldunset\n"]);
    });
}

#[test]
fn failed_step_is_tried_again() {
    let text = "echo x >>tries; test $(wc -l <tries) -ge 3\n";
    let ran = Page::new(BASH).step_with(text, |step| step.tries = 3).run().all_pass();
    assert_eq!(ran.steps[0].attempt, 3);
}

#[test]
fn secrets_are_not_shown() {
    let mut page = Page::new(BASH)
        .step("echo \"t=$TOKEN\"; printf %s \"$TOKEN\" | base64; printf hunt; sleep 0.05; echo er2\n");
    page.secrets = BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
    page.run().all_pass().prints(&["t=***\n***==\n***\n"]);
}

#[test]
fn input_is_empty_and_there_is_no_terminal() {
    in_every_shell(|page| {
        let page = page.step("cat; wc -c </dev/stdin | tr -d ' '; if (: </dev/tty) 2>/dev/null; then echo tty; else echo none; fi\n");
        page.run().all_pass().prints(&["0\nnone\n"]);
    });
}

#[test]
fn much_output_is_bounded() {
    let mut page = Page::new(BASH).step("head -c 3000000 /dev/zero | tr '\\0' x\n");
    page.keep_output = 64 * 1024;
    let ran = page.run().all_pass();
    assert_eq!((ran.steps[0].output.bytes, ran.steps[0].output.kept), (3_000_000, 64 * 1024));
}

#[test]
fn python_session_keeps_its_names() {
    let page = Page::new(("python3", InterpreterKind::Python))
        .step("x = 41\nimport sys\n")
        .step("print(x + 1)\nprint('error', file=sys.stderr)\n")
        .step_with("raise SystemExit(3)\n", exits_with(3))
        .step_with("undefined\n", exits_with(1));
    let ran = page.run().all_pass();
    assert_eq!(ran.steps[1].output.text, "42\nerror\n");
    assert!(ran.steps[3].output.text.ends_with("NameError: name 'undefined' is not defined\n"));
}

#[test]
fn program_gets_the_text_in_a_file() {
    let page = Page::new(("python3", InterpreterKind::Program)).step("import os\nprint(os.getcwd())\n");
    page.run().all_pass().prints(&["<workspace>\n"]);
}

#[test]
fn nothing_of_a_run_is_left_on_disk() {
    let ran = Page::new(BASH).step("dirname $PWD\n").run().all_pass();
    let folder = ran.steps[0].output.text.trim_end();
    assert!(folder.contains("stagebook-") && !Path::new(folder).exists(), "{folder}");
}

#[test]
fn errexit_can_be_turned_off_for_a_service() {
    in_every_shell(|page| {
        let text = with_unique_sleeps("false; echo after; exec sleep 34.2\n");
        let mut page = page.service(&text, Some(Ready::Log("after".to_owned())));
        page.steps[0].errexit = false;
        page.run().all_pass();
    });
}

#[test]
fn wait_does_not_wait_for_a_service() {
    in_every_shell(|page| {
        let text = with_unique_sleeps("exec sleep 34.3\n");
        page.service(&text, None).step("wait; echo waited\n").run().all_pass().prints(&["", "waited\n"]);
    });
}

#[test]
fn farewell_does_not_run_functions_and_aliases_of_a_page() {
    in_every_shell(|page| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trapped");
        // The special commands of a POSIX shell cannot be functions there.
        let function = if page.shell == SH { "" } else { "exit() { echo no; }; " };
        let text = format!("{function}alias exit=no; trap 'echo trapped >{}' EXIT\n", file.display());
        page.step(&text).run().all_pass();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "trapped\n");
    });
}

#[test]
fn python_session_ends_with_its_exit_handlers_and_starts_no_service() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ended");
    let text = format!("import atexit\natexit.register(lambda: open({file:?}, 'w').write('ended'))\n");
    Page::new(("python3", InterpreterKind::Python)).step(&text).run().all_pass();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "ended");
    let ran = Page::new(("python3", InterpreterKind::Python)).service("print('never')\n", None).run();
    assert!(matches!(ran.outcomes()[0], Outcome::Failed { .. }), "{:?}", ran.outcomes());
}

#[test]
fn folder_and_variables_of_a_python_step_hold_for_it_alone() {
    let page = Page::new(("python3", InterpreterKind::Python))
        .step("import os\nos.mkdir('sub')\nos.environ['A'] = 'old'\n")
        .step_with("print(os.getcwd(), os.environ['A'], os.environ['B'])\n", |step| {
            step.cwd = Some("sub".to_owned());
            step.env =
                BTreeMap::from([("A".to_owned(), "it's".to_owned()), ("B".to_owned(), "!".to_owned())]);
        })
        .step("print(os.getcwd(), os.environ['A'], os.environ.get('B'))\n");
    page.run().all_pass().prints(&["", "<workspace>/sub it's !\n", "<workspace> old None\n"]);
}

#[test]
fn break_outside_of_a_loop_fails_the_step_and_not_the_session() {
    for word in ["break", "break 2", "continue", "continue 5"] {
        let page = Page::new(BASH).step("x=kept\n").step_with(&format!("{word}; true\n"), exits_with(1));
        let ran = page.step("echo $x\n").run().all_pass();
        assert_eq!(ran.steps[2].output.text, "kept\n");
    }
}
