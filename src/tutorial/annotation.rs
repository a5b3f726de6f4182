//! What comments say to us.

use super::comment::Comment;
use super::dialect;
use super::values::is_variable_name;
use crate::diagnostic::{Finding, Place, nearest};
use crate::yaml::{self, Data, Entry, Node};

/// A comment that means something.
#[derive(Debug)]
pub(crate) enum Annotation {
    /// Attributes of the next block.
    Step(Vec<Entry>),
    /// A promise about the output of the step before it.
    Expect(ExpectComment),
    /// The dimension of the matrix whose values the next table has.
    Values(String),
    /// Attributes of all blocks up to the end of the section.
    Section(Vec<Entry>),
    /// The end of a section.
    EndSection,
    /// Variables that every step sees.
    Variables(Vec<(String, String)>),
}

/// An `expect` comment.
#[derive(Debug)]
pub(crate) struct ExpectComment {
    /// What it says.
    pub(crate) entries: Vec<Entry>,
    /// Whether the next block belongs to it although it says everything.
    pub(crate) takes_block: bool,
}

/// What the next block may be.
const FORMATS: [&str; 5] = ["regex", "glob", "json", "contains", "lines"];

/// Shorthands for a single attribute.
const FLAGS: [&str; 5] = ["cleanup", "skip", "manual", "hide", "background"];

/// Words that begin our comments.
const KEYWORDS: [&str; 9] =
    ["step", "expect", "include", "cleanup", "skip", "manual", "hide", "background", "values"];

/// Reads a comment; most comments say nothing to us. One right above a code block, or alone on its
/// line, may be meant for us and be misspelled.
pub(crate) fn read(comment: &Comment, above_block: bool, findings: &mut Vec<Finding>) -> Option<Annotation> {
    if let Some(foreign) = dialect::annotation(comment, findings) {
        return Some(foreign);
    }
    let (text, start) = comment.trimmed();
    let (keyword, rest) =
        text.split_once(':').map_or((text, None), |(word, rest)| (word.trim_end(), Some(rest)));
    let at = start + text.len() - rest.map_or(0, str::len);
    match (keyword, rest) {
        ("step", Some(rest)) => {
            map(comment, at, rest, "`{name: build, timeout: 5m}`", findings).map(Annotation::Step)
        }
        ("expect", None) => Some(expect(Vec::new())),
        ("expect", Some(rest)) => expect_entries(comment, at, rest, findings).map(expect),
        // Other comments may begin with the word; ours has a name after it and nothing else.
        ("values", Some(rest)) if is_variable_name(rest.trim()) => {
            Some(Annotation::Values(rest.trim().to_owned()))
        }
        (flag, rest) if FLAGS.contains(&flag) => {
            let value = rest.map(str::trim).filter(|rest| !rest.is_empty()).unwrap_or("true");
            Some(Annotation::Step(vec![flag_entry(flag, value, &comment.place)]))
        }
        (word, rest) => {
            let finding = without_colon(comment, above_block);
            findings.extend(finding.or_else(|| mistyped(word, rest.map(str::trim), comment, above_block)));
            None
        }
    }
}

fn expect(entries: Vec<Entry>) -> Annotation {
    Annotation::Expect(ExpectComment { entries, takes_block: false })
}

fn flag_entry(flag: &str, value: &str, place: &Place) -> Entry {
    // `<!-- manual: needs a browser -->` gives a reason, and the attribute is a yes or no.
    let value = if flag == "skip" || matches!(value, "true" | "false") { value } else { "true" };
    Entry::text(flag, place, value)
}

/// Finds a comment of ours that lacks its colon, as `expect {contains: "done"}`.
fn without_colon(comment: &Comment, above_block: bool) -> Option<Finding> {
    let (text, _) = comment.trimmed();
    let (word, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    let map = rest.starts_with('{') && KEYWORDS.contains(&word);
    let meant = match word {
        "include" => stands_alone(comment) && !rest.contains(char::is_whitespace) && rest.contains('.'),
        "expect" => above_block && FORMATS.contains(&rest),
        "skip" => above_block,
        _ => false,
    };
    let message = format!("`{word}` without a colon is not read");
    let finding = match map {
        true => Finding::error("unknown-annotation", message),
        false => Finding::warning("unknown-annotation", message),
    };
    let help = if rest.contains('\n') {
        format!("write `{word}:` before the rest")
    } else {
        format!("write it as `<!-- {word}: {rest} -->`")
    };
    (map || meant).then(|| finding.at(comment.place.clone()).help(help))
}

fn mistyped(word: &str, rest: Option<&str>, comment: &Comment, above_block: bool) -> Option<Finding> {
    let near = nearest(word, KEYWORDS)?;
    let meant = match rest {
        Some(rest) if rest.starts_with('{') => true,
        Some(path) if near == "include" => stands_alone(comment) && !path.contains(char::is_whitespace),
        None if matches!(near, "include" | "step") => false,
        _ => above_block,
    };
    let finding = Finding::warning("unknown-annotation", format!("unknown annotation `{word}`"));
    meant.then(|| finding.at(comment.place.clone()).help(format!("did you mean `{near}`?")))
}

/// Returns whether a line holds nothing but the comment.
fn stands_alone(comment: &Comment) -> bool {
    let place = &comment.place;
    let line = place.source.line_span(place.line()).map(|span| &place.source.text()[span.range()]);
    line.is_some_and(|line| line.trim() == place.text())
}

/// Reads the YAML of a comment as a map. Without one there are findings, which show such a map.
pub(crate) fn map(
    comment: &Comment,
    at: usize,
    text: &str,
    example: &str,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Entry>> {
    let node = node(comment, at, text, findings)?;
    match node.data {
        Data::Map(entries) => Some(entries),
        Data::Null => Some(Vec::new()),
        _ => {
            let finding = Finding::error("invalid-annotation", "comment does not hold a map");
            findings.push(finding.at(node.place).help(format!("write it as {example}")));
            None
        }
    }
}

/// Reads what follows `expect:`: a map, or a single word as `regex`, which is about the next block.
fn expect_entries(
    comment: &Comment,
    at: usize,
    text: &str,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Entry>> {
    match text.trim() {
        word if FORMATS.contains(&word) => Some(vec![Entry::text("format", &comment.place, word)]),
        _ => {
            map(comment, at, text, "`{contains: \"done\"}`, or as a word: `regex`, `glob`, `json`", findings)
        }
    }
}

fn node(comment: &Comment, at: usize, text: &str, findings: &mut Vec<Finding>) -> Option<Node> {
    yaml::read(&comment.place.source, at, text)
        .map_err(|finding| {
            findings.push(finding.help("an annotation is YAML: `<!-- step: {name: build} -->`"));
        })
        .ok()
}
