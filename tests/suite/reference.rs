//! The pages of the reference that the program itself writes.

use std::fs;
use std::path::Path;

/// The line of a page below which everything comes from the program.
const MARK: &str =
    "<!-- What follows is written by the program: UPDATE_GOLDEN=1 cargo test reference -->\n\n";

#[test]
fn reference_of_the_commands_is_what_their_help_says() {
    is_written("book/reference/commands.md", &stagebook::cli::command_reference());
}

#[test]
fn reference_of_the_rules_is_what_the_program_looks_for() {
    is_written("book/reference/konflux-rules.md", &stagebook::konflux::rules_reference());
}

#[test]
fn reference_of_image_lint_is_what_the_program_looks_for() {
    is_written("book/reference/image-lint.md", &stagebook::image::lint::rules_reference());
}

/// Asserts that a page has what the program says below its mark; rewrites it where that is asked for.
#[track_caller]
fn is_written(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).expect("the page is there");
    let (written, generated) = text.split_once(MARK).expect("the page has the mark");
    let expected = format!("{}\n", expected.trim_end());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, format!("{written}{MARK}{expected}")).expect("the page can be written");
        return;
    }
    let difference = crate::text_diff::text_diff(&expected, generated);
    assert!(
        expected == generated,
        "{page} differs from the program; UPDATE_GOLDEN=1 rewrites it\n{difference}"
    );
}
