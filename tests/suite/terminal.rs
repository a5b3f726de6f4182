//! Progress on a terminal, read through `script`, which gives the program one.

use crate::project::{Project, has, skipped};

const PAGE: &str = "# A page with a rather long title that no narrow terminal can show in one line\n\n\
```bash {name=a-step-with-a-name-that-is-long-too}\nsleep 0.6\necho done\n```\n";

/// Runs the page in a terminal of some columns; returns all that was drawn.
fn drawn(columns: u16, more: &str) -> Option<String> {
    if !has("script") {
        skipped("progress on a terminal", "needs `script`");
        return None;
    }
    let project = Project::with_page(PAGE);
    let mut command = project.command("script");
    let run = format!("stty cols {columns} rows 10; stagebook run page.md {more}");
    command.env("TERM", "xterm-256color").env("SHELL", "/bin/bash").args(["-qefc", &run, "typescript"]);
    let ended = project.finish(&mut command, "");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stdout);
    Some(project.read("typescript"))
}

#[test]
fn progress_is_drawn_and_cleared() {
    for columns in [20, 40, 120] {
        let Some(drawn) = drawn(columns, "") else { return };
        assert!(drawn.contains("page.md  0/"), "the step is shown while it runs: {drawn:?}");
        let screen = visible(&drawn);
        let lines: Vec<&str> =
            screen.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        let left = lines.iter().filter(|line| line.contains("page.md  0/")).count();
        assert_eq!(left, 0, "nothing of the progress is left at {columns} columns: {lines:#?}");
        let text = lines.join(" ");
        assert!(text.contains("1 tutorial passed"), "{lines:#?}");
        assert!(!text.contains('\u{1b}'), "{lines:#?}");
    }
}

#[test]
fn quiet_terminal_shows_no_progress() {
    let Some(drawn) = drawn(80, "--quiet") else { return };
    assert!(!drawn.contains("page.md  0/"), "{drawn:?}");
}

/// Returns the lines that are left on a screen that knows the sequences progress bars use.
fn visible(drawn: &str) -> Vec<String> {
    let mut screen = vec![String::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = drawn.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => {
                let mut number = String::new();
                let end = loop {
                    match rest.next() {
                        Some(digit) if digit.is_ascii_digit() || ";?".contains(digit) => number.push(digit),
                        end => break end.unwrap_or('m'),
                    }
                };
                let count: usize = number.parse().unwrap_or(1);
                match end {
                    'A' => row = row.saturating_sub(count),
                    'B' => row += count,
                    'K' if number == "2" => screen[row].clear(),
                    'K' => screen[row] = screen[row].chars().take(column).collect(),
                    'J' => screen.truncate(row + 1),
                    _ => {}
                }
            }
            _ => {
                let line: Vec<char> = screen[row].chars().collect();
                let before: String = (0..column).map(|at| line.get(at).copied().unwrap_or(' ')).collect();
                let after: String = line.iter().skip(column + 1).collect();
                screen[row] = format!("{before}{character}{after}");
                column += 1;
            }
        }
        while screen.len() <= row {
            screen.push(String::new());
        }
    }
    screen
}
