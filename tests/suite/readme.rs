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
fn exit_statuses_are_the_same_in_the_help_and_the_documents() {
    let help = stagebook(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout);
    let statuses: Vec<(&str, &str)> = help
        .lines()
        .skip_while(|line| !line.starts_with("Exit status"))
        .skip(1)
        .map(|line| line.trim().split_once("  ").expect("a status and what it means"))
        .collect();
    assert_eq!(statuses.len(), 6, "{help}");
    for page in ["README.md", "book/reference/exit-status.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let text = text.replace('`', "");
        for (status, meaning) in &statuses {
            let row = format!("| {status} | {} |", meaning.trim());
            assert!(text.contains(&row), "{page} lacks {row}");
        }
    }
}
