//! The README says what is true.

use std::path::Path;
use std::process::Command;

fn stagebook(arguments: &[&str]) -> std::process::Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_stagebook")).args(arguments).current_dir(root).output().unwrap()
}

#[test]
fn readme_and_tutorials_can_be_planned() {
    for page in ["README.md", "tutorials"] {
        let ended = stagebook(&["plan", page]);
        assert!(ended.status.success(), "{page}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn exit_statuses_of_the_readme_are_those_of_the_help() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let help = stagebook(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout);
    for line in help.lines().skip_while(|line| !line.starts_with("Exit status")).skip(1) {
        let (status, meaning) = line.trim().split_once("  ").expect("a status and what it means");
        assert!(readme.contains(&format!("| {status} |")), "the README lacks {status}: {}", meaning.trim());
    }
}
