//! Folders of tutorials, and what one broken page or setting does to the others.

use crate::project::{Ended, Project};

const SOUND: &str = "# Sound\n\n```bash\necho one\n```\n\n```output\none\n```\n";
const BROKEN: &str = "# Broken\n\n```bash {tiemout=5m}\necho two\n```\n";

#[track_caller]
fn check(ended: &Ended, status: i32) {
    assert_eq!(ended.status.code(), Some(status), "{}\n{}", ended.stdout, ended.stderr);
}

/// Returns what a command does in a folder of a project.
fn inside(project: &Project, folder: &str, arguments: &[&str]) -> Ended {
    let mut command = project.stagebook(arguments.iter().copied());
    let output = command.current_dir(project.path(folder)).output().expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[test]
fn current_folder_may_hold_the_tutorials() {
    let project = Project::new();
    project.write("t/a.md", SOUND);
    for (setting, folder) in [("t", "t"), ("t", ""), (".", ""), ("./", ""), (".", "t"), ("./t/", "t")] {
        project.write("stagebook.toml", format!("tutorials = [\"{setting}\"]\n"));
        check(&inside(&project, folder, &["plan"]), 0);
    }
    check(&project.run(["run"]), 0);
    check(&project.run(["check"]), 0);
    check(&project.run(["status"]), 0);
}

#[test]
fn mistakes_in_the_settings_are_said_where_they_leave_no_tutorial() {
    let project = Project::with_page(SOUND);
    for (settings, code) in
        [("tutorial = [\".\"]\n", "unknown-setting"), ("tutorials = \"docs\"\n", "invalid-setting")]
    {
        project.write("stagebook.toml", settings);
        for (command, status) in [("run", 2), ("status", 2), ("check", 1)] {
            let ended = project.run([command]);
            check(&ended, status);
            assert!(format!("{}{}", ended.stdout, ended.stderr).contains(code), "{command}: {ended:?}");
        }
    }
}

#[test]
fn status_lists_a_broken_page_beside_the_others() {
    let project = Project::new();
    project.write("stagebook.toml", "");
    project.write("tutorials/a.md", SOUND);
    check(&project.run(["run"]), 0);
    project.write("tutorials/b.md", BROKEN);
    let ended = project.run(["status", "--format", "json"]);
    check(&ended, 2);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    let rows = json["tutorials"].as_array().expect("a list");
    let shown: Vec<_> = rows.iter().map(|row| (row["tutorial"].as_str(), row["state"].as_str())).collect();
    assert_eq!(
        shown,
        [(Some("tutorials/a.md"), Some("verified")), (Some("tutorials/b.md"), Some("broken")),]
    );
    let reason = rows[1]["reasons"][0].as_str().expect("a reason");
    assert_eq!(reason, "tutorials/b.md:3:10: unknown attribute `tiemout`");
}

#[test]
fn status_lists_pages_that_were_run_outside_of_the_default_folders() {
    let project = Project::new();
    project.write("stagebook.toml", "");
    project.write("other/a.md", SOUND);
    check(&project.run(["run", "other/a.md"]), 0);
    let ended = project.run(["status"]);
    check(&ended, 0);
    assert!(ended.stdout.contains("verified  other/a.md"), "{}", ended.stdout);
}

#[test]
fn pages_that_cannot_be_read_hide_no_others() {
    let project = Project::new();
    project.write("a.md", SOUND.replace("output", "output\n[dead](gone.md)"));
    let large = std::fs::File::create(project.path("large.md")).expect("the project can be written");
    large.set_len(100 << 20).expect("files can grow");
    project.write("b.md", BROKEN);
    let ended = project.run(["check", ".", "--format", "json"]);
    check(&ended, 1);
    for code in ["unreadable-page", "unknown-attribute"] {
        assert!(ended.stdout.contains(code), "{}", ended.stdout);
    }
    check(&project.run(["run", "."]), 2);
}

#[test]
fn cleanup_steps_that_are_named_run_alone() {
    let page = "# A\n\n```bash {name=a}\necho a\n```\n\n```bash {name=cl cleanup}\necho b\n```\n";
    let project = Project::with_page(page);
    for choice in ["--step", "--from", "--until"] {
        let plan = project.run(["plan", "page.md", choice, "cl"]);
        check(&plan, 0);
        assert!(plan.stdout.contains("cl  command"), "{choice}: {}", plan.stdout);
    }
    let ended = project.run(["run", "page.md", "--step", "cl"]);
    check(&ended, 0);
    assert!(ended.stderr.contains("1 of 2 blocks run"), "{}", ended.stderr);
}

#[test]
fn what_is_left_out_takes_only_those_along_that_name_it() {
    let page = "---\nparams:\n  min: false\n---\n\n```bash {name=a when=min}\ntrue\n```\n\n```bash {name=b needs=a}\ntrue\n```\n\n```bash {name=c}\nfalse\n```\n";
    let project = Project::with_page(page);
    let plan = project.run(["plan", "page.md"]);
    assert!(plan.stdout.contains("skipped: step `a` is left out"), "{}", plan.stdout);
    let ended = project.run(["run", "page.md", "-v"]);
    check(&ended, 1);
    assert!(ended.stderr.contains("it needs `a`, which was left out"), "{}", ended.stderr);
}

#[test]
fn plans_do_not_repaint_the_terminal() {
    let page = "---\ntitle: \"a\\e[2Jb\"\n---\n\n```bash {name=x skip=\"no\u{1b}[2J\"}\nls\n```\n";
    let project = Project::with_page(page);
    for format in ["text", "dot", "mermaid"] {
        let ended = project.run(["plan", "page.md", "--format", format]);
        check(&ended, 0);
        assert!(!ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
    }
    project.write("page.md", "```bash {name=\"a\u{1b}[2Jb\"}\nls\n```\n");
    let ended = project.run(["plan", "page.md"]);
    check(&ended, 2);
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}
