//! The way back from a rendered text to the lines of its template.
//!
//! Tera does not say which line of a template wrote which line of its output. So the template is
//! rendered a second time with a mark before each of its lines, where a mark can change nothing: outside
//! of tags, and not among blanks that a tag takes away. Where the marked text without its marks is not
//! the text that it should be, there is no way back, and nothing is claimed.

use std::collections::BTreeMap;

use super::template::{Renderer, Templates};
use crate::tutorial::{Delimiters, Template, Value};

/// The mark of the first line. The two private planes of Unicode have one for each of 131,072 lines.
const FIRST: u32 = 0xF_0000;

/// Returns for each line of a rendered text the line of its template that wrote it, counted from 0.
pub fn line_origins(
    content: &str,
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    rendered: &str,
) -> Option<Vec<usize>> {
    if content.contains(is_mark) || rendered.contains(is_mark) {
        return None;
    }
    let marked = marked(content, template.delimiters.as_ref())?;
    let templates = Templates::default();
    let shown = Renderer::new(&templates, parameters).text(&marked, template)?;
    let same = shown.chars().filter(|letter| !is_mark(*letter)).eq(rendered.chars());
    same.then(|| origins(&shown))
}

/// Reads the marks of a rendered text: a line comes from the mark right before its first letter, else from
/// the last mark above it.
fn origins(shown: &str) -> Vec<usize> {
    let mut last = 0;
    let mut origins = Vec::new();
    for line in shown.split_inclusive('\n') {
        let lead = line.chars().take_while(|letter| is_mark(*letter) || letter.is_whitespace());
        origins.push(lead.filter(|letter| is_mark(*letter)).last().map_or(last, line_of));
        last = line.chars().rfind(|letter| is_mark(*letter)).map_or(last, line_of);
    }
    origins
}

fn is_mark(letter: char) -> bool {
    (FIRST..=0x10_FFFD).contains(&u32::from(letter))
}

fn mark(line: usize) -> Option<char> {
    char::from_u32(FIRST + u32::try_from(line).ok()?).filter(|letter| is_mark(*letter))
}

fn line_of(mark: char) -> usize {
    (u32::from(mark) - FIRST) as usize
}

/// Returns a template with a mark before each line at which one changes nothing.
fn marked(content: &str, delimiters: Option<&Delimiters>) -> Option<String> {
    let mut marked = String::with_capacity(content.len() * 2);
    let mut line = 0;
    let mut trims = false;
    for piece in pieces(content, &tags(delimiters)) {
        let text = match &piece {
            Piece::Tag(tag) => {
                trims = tag.trims_right;
                marked.push_str(tag.text);
                tag.text
            }
            Piece::Text { text, next } => {
                push_marked(&mut marked, text, line, trims, *next)?;
                text
            }
        };
        line += text.matches('\n').count();
    }
    Some(marked)
}

/// Adds a text between two tags, with its marks; `trims` says that the tag before it takes blanks away.
fn push_marked(marked: &mut String, text: &str, line: usize, trims: bool, next: Next) -> Option<()> {
    let from = if trims { text.len() - text.trim_start().len() } else { 0 };
    let until = if next == Next::Trims { text.trim_end().len() } else { text.len() };
    let begins = |marked: &String| marked.is_empty() || marked.ends_with('\n');
    let mut line = line;
    for (at, letter) in text.char_indices() {
        // Where a tag takes the beginning of a line away, the line begins with what it leaves.
        if (from..until).contains(&at) && (begins(marked) || (trims && at == from)) {
            marked.push(mark(line)?);
        }
        marked.push(letter);
        line += usize::from(letter == '\n');
    }
    if next == Next::Keeps && begins(marked) {
        marked.push(mark(line)?);
    }
    Some(())
}

/// A part of a template.
enum Piece<'a> {
    Tag(Tag<'a>),
    Text { text: &'a str, next: Next },
}

/// What stands after a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A tag that takes away the blanks before it.
    Trims,
    /// Another tag.
    Keeps,
    /// The end.
    End,
}

struct Tag<'a> {
    text: &'a str,
    trims_left: bool,
    trims_right: bool,
}

/// Returns the marks around statements, expressions and comments.
pub(super) fn tags(delimiters: Option<&Delimiters>) -> [(String, String); 3] {
    match delimiters.cloned() {
        Some(Delimiters { block, expression, comment }) => [block, expression, comment],
        None => [("{%", "%}"), ("{{", "}}"), ("{#", "#}")].map(|(open, close)| (open.into(), close.into())),
    }
}

/// Divides a template into tags and the text between them. An unclosed tag is text: nothing can be rendered then.
fn pieces<'a>(content: &'a str, tags: &[(String, String); 3]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = content;
    while let Some((start, tag)) = next_tag(rest, tags) {
        let next = if tag.trims_left { Next::Trims } else { Next::Keeps };
        pieces.push(Piece::Text { text: &rest[..start], next });
        rest = &rest[start + tag.text.len()..];
        pieces.push(Piece::Tag(tag));
    }
    pieces.push(Piece::Text { text: rest, next: Next::End });
    pieces
}

fn next_tag<'a>(text: &'a str, tags: &[(String, String); 3]) -> Option<(usize, Tag<'a>)> {
    let opens = tags.iter().filter_map(|(open, close)| Some((text.find(open.as_str())?, open, close)));
    let (start, open, close) = opens.min_by_key(|(start, ..)| *start)?;
    let inside = start + open.len();
    let end = inside + text[inside..].find(close.as_str())?;
    let tag = Tag {
        text: &text[start..end + close.len()],
        trims_left: text[inside..end].starts_with('-'),
        trims_right: text[inside..end].ends_with('-'),
    };
    Some((start, tag))
}

/// Returns a template with a word in the place of each tag.
pub fn without_tags(content: &str, template: &Template, word: &str) -> String {
    let pieces = pieces(content, &tags(template.delimiters.as_ref()));
    let text = |piece: &Piece<'_>| match piece {
        Piece::Tag(_) => word.to_owned(),
        Piece::Text { text, .. } => (*text).to_owned(),
    };
    pieces.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &str) {
        let parameters = BTreeMap::from([
            ("yes".to_owned(), Value::Boolean(true)),
            ("list".to_owned(), Value::String("a b".to_owned())),
            ("lines".to_owned(), Value::String("1\n2".to_owned())),
        ]);
        let template = Template { delimiters: None };
        let templates = Templates::default();
        let rendered = Renderer::new(&templates, &parameters).text(content, &template).expect("it renders");
        let shown = match line_origins(content, &template, &parameters, &rendered) {
            None => "none".to_owned(),
            Some(origins) => {
                let lines = rendered.split_inclusive('\n').zip(origins);
                lines.map(|(line, origin)| format!("{}{}", origin + 1, line)).collect()
            }
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_are_those_of_the_template() {
        check("a\nb: {{ list }}\nc\n", "1a\n2b: a b\n3c\n");
        check("{% if yes %}\na\n{% endif %}\nb\n", "1\n2a\n3\n4b\n");
        check("{{ lines }}\nx\n", "11\n12\n2x\n");
        check("a\n{{ list }}: x\n{{ lines }}\n", "1a\n2a b: x\n31\n32\n");
    }

    #[test]
    fn tags_that_take_blanks_away_still_do() {
        check("a\n{%- if yes %}\n  b\n{%- endif %}\nc\n", "1a\n3  b\n5c\n");
        check("a\n{% if yes -%}\n  b\n{% endif -%}\nc\n", "1a\n3b\n5c\n");
        check(
            "{%- for x in list | split(pat=\" \") %}\n- {{ x }}\n{%- endfor %}\nz\n",
            "1\n2- a\n2- b\n4z\n",
        );
    }

    #[test]
    fn where_a_mark_would_change_something_there_is_no_way_back() {
        check("{% set x %}\nab\n{% endset %}{{ x | length }}\n", "none");
    }

    #[test]
    fn tags_of_a_path_become_words() {
        let template = Template { delimiters: None };
        assert_eq!(without_tags("a/{{ b }}/c-{{ d }}.yaml", &template, "*"), "a/*/c-*.yaml");
    }
}
