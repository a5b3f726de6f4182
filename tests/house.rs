//! The order of the house: a room uses only the rooms above it, and what touches the world has its rooms.

use std::fs;
use std::path::{Path, PathBuf};

/// What only some rooms may do, by the words that do it.
const REACHES: &[(&str, &[&str])] = &[
    ("std::env::var", &["cli", "config"]),
    ("std::env::current_dir", &["cli", "config"]),
    ("std::env::temp_dir", &["cli", "config"]),
    // It asks the environment where temporary files go.
    ("tempfile::tempfile()", &["cli", "config"]),
    // The preview of a book waits for readers and for saves at once, and its links for many hosts at once;
    // nothing else of `book` is async. `http` only answers to who waits, as `image` does for a registry.
    ("tokio::", &["run", "book", "http", "cluster", "image"]),
    ("hyper::", &["book", "http", "cluster", "image"]),
    ("kube::", &["cluster"]),
    // One client for all: proxies and authorities hold for everything that is asked.
    ("hyper_rustls::", &["http"]),
    ("rustls::", &["http"]),
    // Logins for registries are handed out by programs.
    ("duct::", &["cli", "run", "check", "image"]),
    ("std::process::Command", &["cli", "run", "check"]),
];

/// A line of code of a room.
struct Line {
    room: String,
    place: String,
    text: String,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the rooms in the order of `src/lib.rs`.
fn rooms() -> Vec<String> {
    let lib = fs::read_to_string(source().join("lib.rs")).expect("the library is there");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// Returns the code of all rooms; tests, and what helps them, may go anywhere.
fn code() -> Vec<Line> {
    let files = rooms().into_iter().flat_map(|room| {
        let files = code_files(&source().join(&room), &[]).into_iter();
        files.map(move |file| (room.clone(), file))
    });
    let lines = files.flat_map(|(room, file)| {
        let text = fs::read_to_string(&file).expect("source is text");
        let line =
            |(number, text)| Line { room: room.clone(), place: format!("{}:{number}", file.display()), text };
        code_lines(&text).into_iter().map(line).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Returns the files of a folder that are not for tests alone; `above` are modules for tests of the folder above.
fn code_files(folder: &Path, above: &[String]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a room is a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    let declared = paths.iter().filter(|path| path.is_file()).flat_map(|path| test_modules(path));
    let for_tests: Vec<String> = declared.chain(above.iter().cloned()).collect();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.retain(|path| !for_tests.contains(&stem(path)));
    let nested = paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { code_files(&path, &for_tests) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the modules that a file declares for tests alone.
fn test_modules(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let after = text.split("#[cfg(test)]\n").skip(1);
    let declarations = after.filter_map(|rest| rest.lines().next()?.trim().strip_suffix(';'));
    declarations.filter_map(|line| line.rsplit_once("mod ")).map(|(_, name)| name.to_owned()).collect()
}

/// Returns the lines of a file that are neither comments nor its tests, with their numbers.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    lines.map(|(number, line)| (number + 1, line.to_owned())).collect()
}

/// Returns the rooms that a line names.
fn used_rooms(line: &str) -> Vec<String> {
    let word = |rest: &str| {
        rest.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next().map(str::to_owned)
    };
    line.split("crate::").skip(1).filter_map(word).collect()
}

#[test]
fn rooms_use_only_the_rooms_above_them() {
    let rooms = rooms();
    let place = |room: &str| rooms.iter().position(|other| other == room);
    let code = code();
    let uses = code.iter().flat_map(|line| used_rooms(&line.text).into_iter().map(move |used| (line, used)));
    let uses: Vec<_> = uses.collect();
    assert!(uses.len() > 100, "only {} uses of rooms were found: is the source where it was?", uses.len());
    let wrong = uses.iter().filter(|(line, used)| place(used) > place(&line.room) && place(used).is_some());
    let wrong: Vec<String> = wrong
        .map(|(line, used)| format!("{}: `{}` uses `{used}`, which stands below it", line.place, line.room))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_some_rooms_reach_out() {
    let code = code();
    let mut wrong = Vec::new();
    for (words, allowed) in REACHES {
        let users: Vec<&Line> = code.iter().filter(|line| line.text.contains(words)).collect();
        let outside = users.iter().filter(|line| !allowed.contains(&line.room.as_str()));
        wrong.extend(outside.map(|line| format!("{}: `{words}` is for {}", line.place, allowed.join(", "))));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(code.iter().any(|line| line.text.contains("tokio::")), "is the source where it was?");
}

#[test]
fn uses_are_read_from_code_alone() {
    let text = "use crate::plan::Plan;\n// crate::cli\nfn f(x: crate::event::Exit) {}\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n";
    let lines = code_lines(text);
    let used: Vec<_> = lines.iter().map(|(number, line)| (*number, used_rooms(line))).collect();
    assert_eq!(used, [(1, vec!["plan".to_owned()]), (3, vec!["event".to_owned()])]);
}
