//! The order of the house: a room uses only the rooms above it.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the rooms in the order of `src/lib.rs`.
fn rooms(source: &Path) -> Vec<String> {
    let lib = fs::read_to_string(source.join("lib.rs")).expect("the library is there");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a room is a folder")
        .map(|entry| entry.expect("it can be listed").path());
    let nested = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the rooms that the code of a file names, with the number of the line. Its tests may go anywhere.
fn used_rooms(text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let uses =
        lines.flat_map(|(number, line)| line.split("crate::").skip(1).map(move |rest| (number + 1, rest)));
    let word = |rest: &str| {
        rest.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next().map(str::to_owned)
    };
    uses.filter_map(|(number, rest)| Some((number, word(rest)?))).collect()
}

#[test]
fn rooms_use_only_the_rooms_above_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = rooms(&source);
    let place = |room: &str| rooms.iter().position(|other| other == room);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (own, room) in rooms.iter().enumerate() {
        for file in rust_files(&source.join(room)) {
            // Helpers of tests live beside the code that they help to test.
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if ["tests", "testing", "samples", "round_trip"].contains(&name.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&file).expect("source is text");
            for (line, used) in used_rooms(&text) {
                seen += 1;
                if place(&used).is_some_and(|used| used > own) {
                    wrong.push(format!(
                        "{}:{line}: `{room}` uses `{used}`, which stands below it",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} uses of rooms were found: is the source where it was?");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn uses_are_read_from_code_alone() {
    let text = "use crate::plan::Plan;\n// crate::cli\nfn f(x: crate::event::Exit) {}\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n";
    assert_eq!(used_rooms(text), [(1, "plan".to_owned()), (3, "event".to_owned())]);
}
