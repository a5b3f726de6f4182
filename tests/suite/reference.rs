//! The pages of the reference that the program itself writes.

use std::fs;
use std::path::Path;

/// The line of a page below which everything comes from the program.
const MARK: &str =
    "<!-- What follows is written by the program: UPDATE_GOLDEN=1 cargo test reference -->\n\n";

#[test]
fn reference_of_the_commands_is_what_their_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/reference/commands.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (written, generated) = page.split_once(MARK).expect("the page has the mark");
    let expected = stagebook::cli::command_reference();
    let expected = format!("{}\n", expected.trim_end());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, format!("{written}{MARK}{expected}")).expect("the page can be written");
        return;
    }
    let difference = crate::text_diff::text_diff(&expected, generated);
    assert!(
        expected == generated,
        "book/reference/commands.md differs from the help; UPDATE_GOLDEN=1 rewrites it\n{difference}"
    );
}
