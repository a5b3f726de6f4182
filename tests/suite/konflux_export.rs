//! Exported pipelines do what `stagebook run` does.

use crate::project::{Ended, Project, skipped};
use crate::shared::shared_folder;
use crate::tekton::{Played, objects, play};

const IMAGE: &str =
    "quay.io/me/stagebook@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn exported(project: &Project) -> String {
    let Ended { status, stdout, stderr } = project.run(["konflux", "export", "--image", IMAGE, "page.md"]);
    assert!(status.success(), "{stderr}");
    stdout
}

/// Runs a page here and as a pipeline; both must end alike.
#[track_caller]
fn both(page: &str, passes: bool) -> (Ended, Played) {
    let project = Project::with_page(page);
    let run = project.run(["run", "page.md"]);
    assert_eq!(run.status.success(), passes, "{}", run.stderr);
    let played = play(&project, &exported(&project), &[]);
    assert_eq!(played.passed(), passes, "{}", played.log);
    (run, played)
}

#[test]
fn state_of_the_shell_holds_from_container_to_container() {
    let page = r#"
```bash
x="a b"; y=(1 "2 3"); export Z='q"$'
greet() { echo "hello $1"; }
mkdir deep && cd deep
set -u; shopt -s extglob
alias ll='echo aliased'
umask 027
```

```bash
greet "$x"
echo "${y[1]} $Z $(basename "$PWD") $-" | sed 's/ [a-zA-Z]*u[a-zA-Z]*$/ u/'
umask
```

```output
hello a b
2 3 q"$ deep u
0027
```
"#;
    let (_, played) = both(page, true);
    assert_eq!(played.names(), ["main"]);
}

#[test]
fn expectation_that_does_not_hold_fails_the_task_with_its_diff() {
    let page = "```bash\necho one\n```\n\n```output\ntwo\n```\n\n```bash\necho never\n```\n\n```bash {cleanup}\necho cleaned\n```\n";
    let (run, played) = both(page, false);
    for line in ["− two", "+ one"] {
        assert!(run.stderr.contains(line), "{}", run.stderr);
    }
    assert!(played.log.contains("page.md:5:1"), "{}", played.log);
    assert!(played.log.contains("+ one"), "{}", played.log);
    assert!(played.log.contains("cleaned") && !played.log.contains("never"), "{}", played.log);
    assert_eq!(played.tasks, [("main".to_owned(), false), ("cleanup".to_owned(), true)]);
}

#[test]
fn failures_are_those_of_a_run() {
    both("```bash\nfalse | cat\n```\n", false);
    both("```bash {exit=3}\nexit 3\n```\n\n```bash\necho after\n```\n", true);
    both("```bash {exit=3}\nexit 2\n```\n", false);
    both("```bash {timeout=1s}\nsleep 20\n```\n", false);
    both("```bash {errexit=false}\nfalse\necho on\n```\n", true);
    both("```bash {retry=2 retry-delay=0s}\necho x >> tries; test \"$(wc -l < tries)\" = 3\n```\n", true);
    both("```console\n$ echo a\na\n$ echo b\nc\n```\n", false);
}

#[test]
fn captures_files_and_variables_reach_later_steps() {
    let page = r#"
```bash
echo "id 4711"
```

```output
id <id>
```

```conf {file=etc/app.conf}
key = $(not a command)
```

```bash {env="WHO=me"}
echo "$WHO 4711"; cat etc/app.conf
```

```output
me <id>
key = $(not a command)
```

```bash
echo "${WHO-unset} $HOME $PWD" | sed "s|$HOME|home|"
```

```output
unset home <workspace>
```
"#;
    both(page, true);
}

#[test]
fn sessions_are_tasks_that_share_the_workspace() {
    let page = r#"
```bash {session=one name=a}
v=1; echo one > a
```

```bash {session=two name=b needs=a}
echo "${v-unset}"; cat a
```

```output
unset
one
```

```sh {session=three name=c needs=a}
v=3
```

```bash {session=one name=d}
echo "$v"
```

```output
1
```
"#;
    let (_, played) = both(page, true);
    assert_eq!(played.names(), ["one", "two", "three", "one-2"]);
}

#[test]
fn parameters_are_values_and_no_code() {
    let page = r#"---
params:
  NAME: plain
  fast: true
  COUNT: 3
---
```bash
printf '%s\n' "$NAME" $COUNT
```

```bash {template when=fast}
echo '{{ COUNT + 1 }}'
```

```output
4
```

```bash {when="not fast"}
false
```
"#;
    let project = Project::with_page(page);
    let value = "NAME=`id`; $(touch /tmp/never) \"'";
    let ended = project.run(["konflux", "export", "--image", IMAGE, "page.md", "--param", value]);
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(!objects(&ended.stdout)[0].to_string().contains("id`"), "values are the run's alone");
    let played = play(&project, &ended.stdout, &[]);
    assert!(played.passed(), "{}", played.log);
    assert!(played.log.contains("`id`; $(touch /tmp/never) \"'"), "{}", played.log);
}

#[test]
fn variants_have_workspaces_of_their_own() {
    let page = r#"---
matrix:
  base: [debian, fedora]
  arch: [x86_64, arm]
  exclude:
  - {base: fedora, arch: arm}
---
```bash
echo "$base $arch" >> list
wc -l < list
```

```output
1
```

```bash {when="base == 'fedora'"}
echo "only $base"
```
"#;
    let (_, played) = both(page, true);
    assert_eq!(played.names(), ["main [x86_64,debian]", "main [arm,debian]", "main [x86_64,fedora]"]);
    assert_eq!(played.log.matches("only fedora").count(), 1 + played.log.matches("echo \"only").count());
}

#[test]
fn results_go_from_task_to_task_and_out() {
    let page = r#"---
results:
  digest: of the image
---
```bash {session=build}
printf %s sha256:0123 > "$STAGEBOOK_RESULTS/digest"
```

```bash {session=use}
cat "$STAGEBOOK_RESULTS/digest"
```

```output
sha256:0123
```
"#;
    let (run, played) = both(page, true);
    assert!(run.stderr.contains("result digest: sha256:0123"), "{}", run.stderr);
    assert_eq!(played.results["digest"], "sha256:0123");
}

#[test]
fn result_that_is_missing_or_too_long_fails() {
    let page = |text: &str| format!("---\nresults: {{digest: of it}}\n---\n```bash\n{text}\n```\n");
    let (run, _) = both(&page("true"), false);
    assert!(run.stderr.contains("page.md:2:11"), "{}", run.stderr);
    both(&page("printf %5000s x > $STAGEBOOK_RESULTS/digest"), false);
}

#[test]
fn services_are_sidecars_and_start_where_the_page_starts_them() {
    let page = r#"
```bash
mkdir site; echo hello > site/a; port=8765
```

```bash {background ready="log:Serving HTTP" name=serve}
cd site && exec python3 -u -m http.server --bind 127.0.0.1 "$port"
```

```bash
exec 3<>/dev/tcp/127.0.0.1/8765; printf 'GET /a HTTP/1.0\r\n\r\n' >&3; tail -1 <&3
```

```output
hello
```
"#;
    let (_, played) = both(page, true);
    assert!(played.log.contains("service `serve` is ready"), "{}", played.log);
}

#[test]
fn service_that_ends_fails_where_it_is_started() {
    let (_, played) = both("```bash {background ready=1}\necho broken; exit 3\n```\n", false);
    assert!(played.log.contains("broken"), "{}", played.log);
}

#[test]
fn secrets_are_references_and_stay_out_of_the_workspace() {
    let page = "---\nsecrets: [TOKEN]\n---\n```bash\necho \"token: $TOKEN\"\nx=1\n```\n\n```bash\ntest ${#TOKEN} = 12\n```\n";
    let project = Project::with_page(page);
    let yaml = exported(&project);
    let played = play(&project, &yaml, &[("TOKEN", "s3cret-value")]);
    assert!(played.passed(), "{}", played.log);
    assert!(!played.log.contains("s3cret-value"), "{}", played.log);
    let found = std::process::Command::new("grep")
        .args(["-rl", "s3cret-value"])
        .arg(project.outside().join("claim"))
        .output();
    assert_eq!(String::from_utf8_lossy(&found.expect("grep runs").stdout), "");
}

/// Tutorials of this project, played with the programs of this machine.
#[test]
fn tutorials_of_this_project_pass_as_pipelines() {
    for page in ["first-image.md", "reproducible.md"] {
        let text = std::fs::read_to_string(format!("{}/tutorials/{page}", env!("CARGO_MANIFEST_DIR")));
        let project = Project::with_page(&text.expect("the tutorial is there"));
        let run = project.run(["run", "page.md"]);
        if run.stderr.contains("skipped: 0 of") {
            skipped(&format!("{page} as a pipeline"), &run.stderr);
            continue;
        }
        let played = play(&project, &exported(&project), &[]);
        assert_eq!(played.passed(), run.status.success(), "{page}: {}\n{}", run.stderr, played.log);
    }
}

#[test]
fn more_script_than_tekton_runs_is_refused_at_the_longest_block() {
    let long = |bytes: usize| format!("```bash\n: {}\n```\n\n", "x".repeat(bytes));
    let project = Project::with_page(&format!("{}{}", long(40_000), long(60_000)));
    let ended = project.run(["konflux", "export", "--image", IMAGE, "page.md"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        ended.stderr.contains("scripts-too-long") && ended.stderr.contains("page.md:5:1"),
        "{}",
        ended.stderr
    );
    let project = Project::with_page(&format!("{}{}", long(40_000), long(40_000)));
    assert!(project.run(["konflux", "export", "--image", IMAGE, "page.md"]).status.success());
}

/// The definitions of kinds know every field that is written.
#[test]
fn exported_objects_are_valid_by_the_definitions_of_their_kinds() {
    let Some(shared) = shared_folder("exported objects are valid") else { return };
    let schemas = shared.join("schemas");
    let schemas = schemas.to_str().expect("a path of text");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
    let cases = ["konflux-export-everything", "konflux-export-matrix", "konflux-export-requirements"];
    for case in cases.map(|case| format!("{folder}{case}/input/page.md")) {
        let project = Project::with_page(&std::fs::read_to_string(&case).expect("the case is there"));
        let ended = project.run(["konflux", "export", "--image", IMAGE, "--schemas", schemas, "page.md"]);
        assert!(ended.status.success() && !ended.stderr.contains("error"), "{case}: {}", ended.stderr);
    }
    let project = Project::new();
    let settings = std::fs::read_to_string(format!("{folder}konflux-tenant/input/stagebook.toml"));
    project.write("stagebook.toml", settings.expect("the case is there"));
    let ended = project.run(["konflux", "tenant", "--schemas", schemas]);
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", ended.stderr);
}

#[test]
fn other_shells_go_on_too() {
    let page = r#"
```sh {session=posix}
a='it is "a"'; f() { echo "f $1"; }; cd /; cd - >/dev/null; mkdir d; cd d
```

```sh {session=posix}
f "$a"; basename "$PWD"; exit 0
```

```output
f it is "a"
d
```

```sh {session=posix}
echo "$a"
```

```output
it is "a"
```

```bash
kept=1
exit 0
```

```bash
echo "$kept"
```

```output
1
```
"#;
    let (_, played) = both(page, true);
    assert_eq!(played.names(), ["posix", "main"]);
}

#[test]
fn what_follows_a_service_is_in_its_task() {
    let page = r#"
```bash {session=server background ready="log:up"}
echo up; exec sleep 100
```

```bash {session=client}
mine=1
```

```bash {session=server}
yours=1
```

```bash {session=client}
echo "${mine-} ${yours-}"
```

```output
1
```

```bash {cleanup}
echo over
```
"#;
    let (_, played) = both(page, true);
    assert_eq!(played.names(), ["server", "cleanup"]);
}

#[test]
fn requirement_that_is_missing_fails_the_pipeline_with_its_name() {
    let page = "---\nrequires: [no-such-program-here]\n---\n```bash\ntrue\n```\n";
    let project = Project::with_page(page);
    let played = play(&project, &exported(&project), &[]);
    assert!(!played.passed() && played.log.contains("no-such-program-here"), "{}", played.log);
}
