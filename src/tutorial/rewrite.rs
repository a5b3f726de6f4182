//! New lines for expected output, written into the page.

use std::ops::Range;
use std::sync::Arc;

use super::fence::{Fence, Opening};
use super::front_matter;
use super::model::{Origin, Text, TranscriptCommand};
use super::page::{self, Item};
use super::transcript;
use crate::diagnostic::{Place, Source};

/// New text for the lines of an expected output.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The lines that are replaced: those of [`Origin::Lines`].
    pub lines: Text,
    /// The place of the expected output. It says where an empty block stands.
    pub place: Place,
    /// The new lines, each with its newline.
    pub with: String,
}

/// Returns the text of a page with other lines of expected output.
///
/// Only lines that differ change. New lines get the quote marks, indentation and line
/// endings of their block, and a fence grows where its new text would close it. Edits of
/// other pages, and of text that stands in no code block, are left out.
///
/// The new page is read again. `None` means that it would say something else than the old one
/// with these edits: what was printed may look like a command, and must not become one.
pub fn rewrite(source: &Arc<Source>, edits: &[Edit]) -> Option<String> {
    let blocks = blocks(source);
    let text = rewritten(source, &blocks, edits);
    let new = self::blocks(&Source::new(source.path(), text.clone()));
    let pairs = blocks.iter().zip(&new);
    let kept = blocks.len() == new.len()
        && pairs.into_iter().all(|((old, _), (new, _))| {
            let within: Vec<&Edit> = edits.iter().filter(|edit| is_within(edit, source, old)).collect();
            reads_back(old, new, &within)
        });
    kept.then_some(text)
}

fn rewritten(source: &Arc<Source>, blocks: &[(Fence, Opening)], edits: &[Edit]) -> String {
    let mut changes = Vec::new();
    for (block, opening) in blocks {
        let within = edits.iter().filter(|edit| is_within(edit, source, block));
        let changed: Vec<&Edit> = within.filter(|edit| edit.with != edit.lines.content).collect();
        changes.extend(changed.iter().filter_map(|edit| change(source.text(), opening, edit)));
        changes.extend(longer_fence(source.text(), block, opening, &changed));
    }
    apply(source.text(), changes)
}

/// Tells whether a block says what it said before, but for the edits in it.
fn reads_back(old: &Fence, new: &Fence, edits: &[&Edit]) -> bool {
    let info = |block: &Fence| block.text.source.text()[block.info.range()].to_owned();
    info(old) == info(new)
        && match edits {
            [] => old.text.content == new.text.content,
            [edit] if edit.lines.lines.len() == old.text.lines.len() => {
                same_lines(&edit.with, &new.text.content)
            }
            _ => same_commands(old, new, edits),
        }
}

/// Tells whether the commands of a transcript are the same, each with its output as edited.
fn same_commands(old: &Fence, new: &Fence, edits: &[&Edit]) -> bool {
    let commands = |block: &Fence| transcript::read(&block.text, &mut Vec::new());
    let (old, new) = (commands(old), commands(new));
    let output = |command: &TranscriptCommand| match command.expected.first().map(|output| &output.origin) {
        Some(Origin::Lines(text)) => text.content.clone(),
        Some(Origin::Comment) | None => String::new(),
    };
    let wanted = |command: &TranscriptCommand| {
        let place = command.expected.first().map(|expected| expected.place.span);
        let edit = edits.iter().find(|edit| Some(edit.place.span) == place);
        edit.map_or_else(|| output(command), |edit| edit.with.clone())
    };
    old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| {
            (&old.command, old.exit) == (&new.command, new.exit) && same_lines(&wanted(old), &output(new))
        })
}

/// Compares texts without the blanks and empty lines at the end, which never count.
fn same_lines(left: &str, right: &str) -> bool {
    let lines = |text: &str| {
        let trimmed = text.trim_end_matches([' ', '\t', '\r', '\n']).to_owned();
        trimmed.lines().map(|line| line.trim_end_matches([' ', '\t', '\r']).to_owned()).collect::<Vec<_>>()
    };
    lines(left) == lines(right)
}

/// Bytes that are replaced.
struct Change {
    range: Range<usize>,
    with: String,
}

fn blocks(source: &Arc<Source>) -> Vec<(Fence, Opening)> {
    let top = front_matter::read(source, &mut Vec::new());
    let items = page::read(source, top.body, &mut Vec::new()).items;
    let closed = items.into_iter().filter_map(|item| match item {
        Item::Code(fence) if fence.fenced && fence.closed => Some(fence),
        _ => None,
    });
    closed
        .filter_map(|fence| {
            let opening = Opening::read(source.text(), fence.place.span.range())?;
            Some((fence, opening))
        })
        .collect()
}

fn is_within(edit: &Edit, source: &Source, block: &Fence) -> bool {
    let place = &edit.place;
    let block = block.place.span;
    place.source.path() == source.path() && block.start <= place.span.start && place.span.end <= block.end
}

/// Returns what changes for an edit; the lines that stay at its start and end are left alone.
fn change(text: &str, opening: &Opening, edit: &Edit) -> Option<Change> {
    let old: Vec<&str> = edit.lines.lines.iter().map(|span| &text[span.range()]).collect();
    let new: Vec<&str> = edit.with.lines().collect();
    let same = |(left, right): &(&&str, &&str)| left == right;
    let before = old.iter().zip(&new).take_while(same).count();
    let after = old[before..].iter().rev().zip(new[before..].iter().rev()).take_while(same).count();
    let (gone, come) = (&edit.lines.lines[before..old.len() - after], &new[before..new.len() - after]);
    if gone.is_empty() && come.is_empty() {
        return None;
    }
    let range = match (gone.first(), gone.last()) {
        (Some(first), Some(last)) => line_start(text, first.start)..after_line(text, last.end),
        _ => {
            let at = match (before.checked_sub(1), edit.lines.lines.first()) {
                (Some(above), _) => after_line(text, edit.lines.lines[above].end),
                // In a transcript, the fence is not what stands above the first line.
                (None, Some(first)) => line_start(text, first.start),
                (None, None) => after_line(text, opening.info.end),
            };
            at..at
        }
    };
    Some(Change { range, with: with_prefix(come, &prefix(text, opening), ending(text, opening)) })
}

fn with_prefix(lines: &[&str], prefix: &str, ending: &str) -> String {
    let prefixed = lines.iter().map(|line| {
        let blank = if prefix.ends_with('>') && line.starts_with([' ', '\t']) { " " } else { "" };
        let prefix = if line.is_empty() { prefix.trim_end() } else { prefix };
        format!("{prefix}{blank}{line}{ending}")
    });
    prefixed.collect()
}

/// Returns what stands before a line of the block: what stands before the fence, with blanks in
/// place of a list's mark. A line that is there already may be indented less than its fence.
fn prefix(text: &str, opening: &Opening) -> String {
    let before = &text[line_start(text, opening.start)..opening.start];
    let keep = |mark: char| if matches!(mark, '>' | '\t') { mark } else { ' ' };
    before.trim_start_matches('\u{feff}').chars().map(keep).collect()
}

fn ending(text: &str, opening: &Opening) -> &'static str {
    let line = &text[opening.start..after_line(text, opening.start)];
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Returns the two changes that make the fences longer than any fence in the new text.
fn longer_fence(text: &str, block: &Fence, opening: &Opening, edits: &[&Edit]) -> Vec<Change> {
    let run = |line: &str| {
        let line = line.trim_start_matches(' ');
        line.len() - line.trim_start_matches(opening.mark).len()
    };
    let longest = edits.iter().flat_map(|edit| edit.with.lines()).map(run).max().unwrap_or_default();
    if longest < opening.length {
        return Vec::new();
    }
    let more = opening.mark.to_string().repeat(longest + 1 - opening.length);
    let block = block.place.span;
    let end = block.start + text[block.range()].trim_end().len();
    let at = |at: usize| Change { range: at..at, with: more.clone() };
    vec![at(opening.start), at(end)]
}

fn apply(text: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|change| (change.range.start, change.range.end));
    let mut rewritten = String::with_capacity(text.len());
    let mut at = 0;
    for change in changes {
        // Two edits of the same lines cannot both be made; the first wins.
        if change.range.start < at {
            continue;
        }
        rewritten.push_str(&text[at..change.range.start]);
        rewritten.push_str(&change.with);
        at = change.range.end;
    }
    rewritten.push_str(&text[at..]);
    rewritten
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::tutorial::{Action, ExpectedOutput, Includes, Origin, ParseOptions, parse};

    struct Nothing;

    impl Includes for Nothing {
        fn read(&self, _from: &Path, _target: &str) -> Result<Arc<Source>, String> {
            Err("nothing is included".to_owned())
        }
    }

    /// Returns an edit for each expected text of a page.
    fn edits(source: &Arc<Source>, with: impl Fn(&Text) -> String) -> Vec<Edit> {
        let (tutorial, _) = parse(source, &ParseOptions::default(), &Nothing);
        let mut edits = Vec::new();
        let mut take = |expected: &ExpectedOutput| {
            if let Origin::Lines(lines) = &expected.origin {
                edits.push(Edit { lines: lines.clone(), place: expected.place.clone(), with: with(lines) });
            }
        };
        for step in &tutorial.steps {
            step.expected.iter().for_each(&mut take);
            if let Action::Transcript(commands) = &step.action {
                commands.iter().flat_map(|command| &command.expected).for_each(&mut take);
            }
        }
        edits
    }

    #[track_caller]
    fn check(page: &str, with: &str, expected: Expect) {
        let source = Source::new("a.md", page);
        let text = rewrite(&source, &edits(&source, |_| with.to_owned()));
        expected.assert_debug_eq(&text.expect("the page says what is written"));
    }

    #[test]
    fn lines_are_replaced_within_their_container() {
        check(
            "```sh\nx\n```\n\n```output\na\n```\nend",
            "b\n\nc\n",
            expect![[r#"
            "```sh\nx\n```\n\n```output\nb\n\nc\n```\nend"
        "#]],
        );
        check(
            "> ```sh\n> x\n> ```\n>\n> ```output\n> a\n> b\n> ```\n",
            "a\n\nb\n",
            expect![[r#"
            "> ```sh\n> x\n> ```\n>\n> ```output\n> a\n>\n> b\n> ```\n"
        "#]],
        );
        check(
            "- x\n\n  ```sh\n  x\n  ```\n\n  ```output\n  ```\n",
            "a\n  b\n",
            expect![[r#"
            "- x\n\n  ```sh\n  x\n  ```\n\n  ```output\n  a\n    b\n  ```\n"
        "#]],
        );
        check(
            "```console\n$ x\na\n$ y\nb\n```\n",
            "c\n",
            expect![[r#"
            "```console\n$ x\nc\n$ y\nc\n```\n"
        "#]],
        );
        check(
            "- ```sh\n  x\n  ```\n- ```output\n  ```\n",
            "a\n",
            expect![[r#"
            "- ```sh\n  x\n  ```\n- ```output\n  a\n  ```\n"
        "#]],
        );
    }

    #[test]
    fn line_endings_and_fences_are_kept() {
        check(
            "```sh\r\nx\r\n```\r\n~~~output\r\na\r\n~~~\r\n",
            "a\nb\n",
            expect![[r#"
            "```sh\r\nx\r\n```\r\n~~~output\r\na\r\nb\r\n~~~\r\n"
        "#]],
        );
        check(
            "```sh\nx\n```\n```output\na\n```\n",
            "```\n",
            expect![[r#"
            "```sh\nx\n```\n````output\n```\n````\n"
        "#]],
        );
        check(
            "```sh\nx\n```\n```output\na\n```",
            "",
            expect![[r#"
            "```sh\nx\n```\n```output\n```"
        "#]],
        );
    }

    #[test]
    fn lines_before_the_first_stand_below_their_command() {
        check(
            "```console\n$ echo one\none\n\n$ x\nlast\n```\n",
            "new\nlast\n",
            expect![[r#"
            "```console\n$ echo one\nnew\nlast\n\n$ x\nnew\nlast\n```\n"
        "#]],
        );
    }

    #[test]
    fn blanks_at_the_start_of_a_line_are_kept() {
        check(
            ">```sh\n>x\n>```\n\n>```output\n>a\n>```\n",
            "  two\nb\n",
            expect![[r#"
            ">```sh\n>x\n>```\n\n>```output\n>   two\n>b\n>```\n"
        "#]],
        );
        check(
            "```sh\nx\n```\n\n  ```output\n a\n  ```\n",
            "  two\n",
            expect![[r#"
            "```sh\nx\n```\n\n  ```output\n    two\n  ```\n"
        "#]],
        );
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_written() {
        let rewritten = |page: &str, with: &str| {
            let source = Source::new("a.md", page);
            rewrite(&source, &edits(&source, |_| with.to_owned()))
        };
        let page = "```console\n$ x\nok\n```\n";
        for with in ["ok\n$ rm x\n", "> y\n", "ok\n[1]\n"] {
            assert_eq!(rewritten(page, with), None, "{with:?}");
        }
        assert_eq!(rewritten("```console\n$ echo '<<EOF'\na\n```\n", "EOF\n"), None);
        assert!(rewritten("```sh\nx\n```\n\n```output\nok\n```\n", "$ rm x\n").is_some());
    }

    proptest! {
        #[test]
        fn rewriting_with_nothing_to_change_changes_nothing(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)
        ) {
            let source = Source::new("a.md", pieces.concat());
            let edits = edits(&source, |lines| lines.content.clone());
            prop_assert_eq!(rewrite(&source, &edits), Some(source.text().to_owned()));
        }
    }

    /// Returns the expected texts of a page.
    fn expected_texts(source: &Arc<Source>) -> Vec<String> {
        edits(source, |lines| lines.content.clone()).into_iter().map(|edit| edit.with).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            container in prop::sample::select(&["", "> ", ">", "- ", "  - > ", "- >", "1. ", "  "][..]),
            thin: bool,
            old in "([a-z~`]{0,4}\n){0,4}",
            new in "([ a-z~`]{0,5}[a-z]\n){0,4}",
        ) {
            let inner: String = container.chars().map(|mark| if mark == '>' { '>' } else { ' ' }).collect();
            let inner = if container == "1. " { "   ".to_owned() } else { inner };
            // In a fence that is indented itself, lines may be indented less.
            let thinner = if thin && container == "  " { " " } else { inner.as_str() };
            let old: String = old.lines().map(|line| format!("{thinner}{line}\n")).collect();
            let page = format!("```sh\nx\n```\n\n{container}`````output\n{old}{inner}`````\n");
            let source = Source::new("a.md", page);
            let edits = edits(&source, |_| new.clone());
            prop_assume!(edits.len() == 1);
            let text = rewrite(&source, &edits).expect("it is read as it was meant");
            let rewritten = Source::new("a.md", text);
            prop_assert_eq!(expected_texts(&rewritten), [new]);
        }
    }

    const PIECES: &[&str] = &[
        "```sh\nx\n```\n",
        "```output\n",
        "```\n",
        "a\n",
        "> ",
        "- ",
        "  ",
        "\r\n",
        "\n",
        "~~~output\n",
        "~~~",
        "````\n",
        "```console\n$ x\n",
        "$ y\n",
        "\u{feff}",
        "ä",
        "\t",
        "<!-- expect -->\n",
        "> ```sh\n> x\n> ```\n",
    ];
}
