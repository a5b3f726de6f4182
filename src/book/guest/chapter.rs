//! Where the steps of a tutorial stand in a chapter, and what changes there.
//!
//! The content is what mdBook read from the file, or what other preprocessors made of that. Where
//! it is the file, or the file with includes filled in as here, each block is found by its place;
//! else in the order of the page by what it says.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::Form;
use super::{card, plain};
use crate::book::directives::{Expanded, Reach, expand};
use crate::book::load::{LoadOptions, Page};
use crate::diagnostic::Finding;
use crate::tutorial::{Step, markdown_options};

/// A code block of the content.
#[derive(Debug)]
struct Block {
    range: Range<usize>,
    language: String,
    text: String,
}

/// A text that takes the place of a part of the content.
type Edit = (Range<usize>, String);

/// Returns a chapter with the evidence of its page. What there can be no evidence for becomes a finding.
pub(super) fn with_evidence(
    content: &str,
    page: &Page,
    form: Form,
    style: bool,
    options: &LoadOptions<'_>,
    findings: &mut Vec<Finding>,
) -> String {
    let Some(evidence) = &page.evidence else { return content.to_owned() };
    if form == Form::Nothing {
        return content.to_owned();
    }
    let content = without_front_matter(content, page);
    let (blocks, below_title) = (blocks(content), below_title(content));
    let head = match form {
        Form::Html => card::head(evidence, &page.tutorial, style),
        Form::Markdown | Form::Nothing => plain::head(evidence),
    };
    let title = title_above(content, page).unwrap_or_default();
    let mut edits = vec![(below_title..below_title, format!("{title}\n{head}\n\n"))];
    for (block, number) in steps_of(&blocks, content, page, options) {
        let step = &page.tutorial.steps[number];
        if step.attributes.hide {
            edits.push((block.range.clone(), String::new()));
            continue;
        }
        if is_filled_in(step, block) {
            findings.push(filled_in(step));
            edits.push(below(content, block, NOT_RUN, form));
            continue;
        }
        let said = match form {
            Form::Html => card::step(step, number, evidence, options.store),
            Form::Markdown | Form::Nothing => plain::step(step, number, evidence, options.store),
        };
        edits.push(below(content, block, &said, form));
    }
    edited(content, edits)
}

/// What stands below a block that shows something else than what was run.
const NOT_RUN: &str =
    "*This is not what was run: a step runs as it is written, and its directives were filled in here.*";

/// Returns whether a block shows what a directive in a step stands for. Steps run as they are written.
fn is_filled_in(step: &Step, block: &Block) -> bool {
    step.text.content.contains("{{#") && !says_it(step, block)
}

fn filled_in(step: &Step) -> Finding {
    let message = format!("step `{}` runs as it is written, and this book shows something else", step.name);
    Finding::warning("directive-in-step", message)
        .at(step.place.clone())
        .help("write the code itself, or have the step read the file: `cat`, `source`")
}

fn says_it(step: &Step, block: &Block) -> bool {
    step.language == block.language && step.text.content.trim_end() == block.text.trim_end()
}

/// mdBook knows no front matter, and would show it.
fn without_front_matter<'a>(content: &'a str, page: &Page) -> &'a str {
    let source = page.tutorial.source.text();
    // mdBook takes the mark of the encoding away.
    let front_matter = source[..page.tutorial.body.start].trim_start_matches('\u{feff}');
    content.strip_prefix(front_matter).unwrap_or(content)
}

/// Returns the title that stood in the front matter, where the text has none.
fn title_above(content: &str, page: &Page) -> Option<String> {
    let title = page.tutorial.front_matter.title.as_ref()?;
    let has_one = Parser::new_ext(content, markdown_options()).any(|event| is_title(&event));
    (!has_one).then(|| format!("# {}\n", plain::literal(title)))
}

fn is_title(event: &Event<'_>) -> bool {
    match event {
        Event::Start(Tag::Heading { level, .. }) => *level == HeadingLevel::H1,
        Event::Html(text) | Event::InlineHtml(text) => text.contains("<h1"),
        _ => false,
    }
}

/// Returns the fenced blocks.
fn blocks(content: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(content, markdown_options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let language = info.split([' ', '\t', ',']).next().unwrap_or_default().to_lowercase();
                open = Some(Block { range, language, text: String::new() });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// Returns where the line below the title begins; the top where the page does not begin with one.
fn below_title(content: &str) -> usize {
    let mut is_open = false;
    for (event, range) in Parser::new_ext(content, markdown_options()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => is_open = true,
            Event::End(TagEnd::Heading(_)) => return line_end(content, range.end),
            // A comment above it is no text.
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) | Event::Html(_) => {}
            _ if is_open => {}
            _ => return 0,
        }
    }
    0
}

/// Returns where the line after an offset begins, which may be just behind a newline already.
fn line_end(content: &str, offset: usize) -> usize {
    if content[..offset].ends_with('\n') {
        return offset;
    }
    content[offset..].find('\n').map_or(content.len(), |newline| offset + newline + 1)
}

/// Returns the blocks that are steps of the page, with the numbers of those.
fn steps_of<'b>(
    blocks: &'b [Block],
    content: &str,
    page: &Page,
    options: &LoadOptions<'_>,
) -> Vec<(&'b Block, usize)> {
    let source = &page.tutorial.source;
    let start = page.tutorial.body.start;
    let own = || {
        let steps = page.tutorial.steps.iter().enumerate();
        steps.filter(|(_, step)| Arc::ptr_eq(&step.place.source, source))
    };
    let places: BTreeMap<usize, usize> =
        own().map(|(number, step)| (step.place.span.start, number)).collect();
    let by_place = |place: &dyn Fn(usize) -> Option<usize>| {
        let found = |block: &'b Block| Some((block, *places.get(&place(block.range.start)?)?));
        blocks.iter().filter_map(found).collect()
    };
    if content == &source.text()[start..] {
        return by_place(&|offset| Some(start + offset));
    }
    let expanded: Expanded = expand(source, start, Reach { page: &page.file, root: &options.settings.root });
    if content == expanded.text {
        return by_place(&|offset| expanded.original(offset));
    }
    by_text(blocks, own())
}

/// Finds steps by what they say; the order of the page holds.
fn by_text<'b, 's>(
    blocks: &'b [Block],
    steps: impl Iterator<Item = (usize, &'s Step)>,
) -> Vec<(&'b Block, usize)> {
    let steps: Vec<(usize, &Step)> = steps.collect();
    let mut next = 0;
    let mut found = Vec::new();
    for block in blocks {
        if let Some(at) = steps[next..].iter().position(|(_, step)| says_it(step, block)) {
            found.push((block, steps[next + at].0));
            next += at + 1;
        }
    }
    found
}

/// Returns the edit that says something below a block, inside of the lists and quotes that it stands in.
fn below(content: &str, block: &Block, said: &str, form: Form) -> Edit {
    let begin = content[..block.range.start].rfind('\n').map_or(0, |newline| newline + 1);
    let keep = |letter: char| if matches!(letter, '>' | '\t') { letter } else { ' ' };
    let prefix: String = content[begin..block.range.start].chars().map(keep).collect();
    let line = |line: &str| format!("{}\n", format!("{prefix}{line}").trim_end());
    let said: String = said.lines().map(line).collect();
    let blank = format!("{}\n", prefix.trim_end());
    if !is_closed(&content[block.range.clone()]) {
        // Below it would be inside of it.
        let before = said.strip_prefix(prefix.as_str()).unwrap_or(&said);
        return (block.range.start..block.range.start, format!("{before}{blank}{prefix}"));
    }
    let end = line_end(content, block.range.end);
    let newline = if content[..end].ends_with('\n') { "" } else { "\n" };
    // HTML of one line ends with it, and needs no blank line, which would make a tight list a loose one.
    let (before, after) = match form {
        Form::Html => ("", ""),
        Form::Markdown | Form::Nothing => (blank.as_str(), blank.as_str()),
    };
    (end..end, format!("{newline}{before}{said}{after}"))
}

/// Returns whether a fenced block ends with its fence.
fn is_closed(block: &str) -> bool {
    let fence = |line: &str| {
        let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        Some((mark, line.chars().take_while(|letter| *letter == mark).count()))
    };
    let mut lines = block.trim_end().lines();
    let (Some((mark, length)), Some(last)) = (lines.next().and_then(fence), lines.next_back()) else {
        return false;
    };
    let last = last.trim_start_matches([' ', '\t', '>']);
    last.chars().all(|letter| letter == mark) && last.chars().count() >= length
}

fn edited(content: &str, mut edits: Vec<Edit>) -> String {
    // Stable: what was asked for first stands first.
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = String::with_capacity(content.len() + 1024);
    let mut done = 0;
    for (range, new) in edits {
        text.push_str(&content[done..range.start]);
        text.push_str(&new);
        done = range.end;
    }
    text.push_str(&content[done..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says `X` below each block.
    #[track_caller]
    fn check(content: &str, expected: &str) {
        let edits = blocks(content).iter().map(|block| below(content, block, "X", Form::Html)).collect();
        assert_eq!(edited(content, edits), expected);
    }

    #[test]
    fn evidence_stays_in_lists_and_quotes() {
        check("```sh\na\n```\ntext\n", "```sh\na\n```\nX\ntext\n");
        check("```sh\na\n```", "```sh\na\n```\nX\n");
        check(
            "1. do\n\n   ```sh\n   a\n   ```\n2. next\n",
            "1. do\n\n   ```sh\n   a\n   ```\n   X\n2. next\n",
        );
        check("- ~~~sh\n  a\n  ~~~\n", "- ~~~sh\n  a\n  ~~~\n  X\n");
        check("> - ```sh\n>   a\n>   ```\n", "> - ```sh\n>   a\n>   ```\n>   X\n");
    }

    #[test]
    fn block_without_an_end_has_it_above() {
        check("- ```sh\n  a\n\ntext\n", "- X\n\n  ```sh\n  a\n\ntext\n");
        check("```sh\na\n", "X\n\n```sh\na\n");
        check("````sh\n```\n", "X\n\n````sh\n```\n");
    }

    #[test]
    fn head_stands_below_the_title() {
        let below = below_title;
        assert_eq!(below("# T\ntext\n"), 4);
        assert_eq!(below("<!-- c -->\n\n# `T` x\n\ntext\n"), 20);
        assert_eq!(below("T\n=\ntext\n"), 4);
        assert_eq!(below("text\n\n# T\n"), 0);
        assert_eq!(below("## T\n"), 0);
    }
}
