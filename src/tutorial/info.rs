//! The words after an opening fence: a language, and perhaps attributes.

use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Severity, Source, Span};
use crate::yaml::{self, Data, Entry, Node};

/// What an info string says.
#[derive(Debug)]
pub(crate) struct Info {
    /// The first word, lower-cased.
    pub(crate) language: String,
    /// What stands between braces.
    pub(crate) attributes: Vec<Entry>,
    /// Words without braces, as tesh and documentation generators write them.
    pub(crate) bare: Vec<Entry>,
    /// Whether the attributes are JSON, as Runme writes them.
    pub(crate) json: bool,
}

/// Reads an info string.
pub(crate) fn read(source: &Arc<Source>, span: Span, findings: &mut Vec<Finding>) -> Info {
    let text = &source.text()[span.range()];
    let word =
        text.len() - text.trim_start_matches(|c: char| !c.is_whitespace() && c != '{' && c != ',').len();
    let (language, rest) = text.split_at(word);
    let mut info =
        Info { language: language.to_lowercase(), attributes: Vec::new(), bare: Vec::new(), json: false };
    let start = span.start + word;
    let (before, braced) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
    info.bare = words(source, start, before);
    if !braced.is_empty() {
        info.read_braces(source, start + before.len(), braced, findings);
    }
    info
}

impl Info {
    fn read_braces(&mut self, source: &Arc<Source>, start: usize, text: &str, findings: &mut Vec<Finding>) {
        let end = text.rfind('}').map(|end| end + 1);
        let text = &text[..end.unwrap_or(text.len())];
        let inside = text.strip_suffix('}').unwrap_or(text).get(1..).unwrap_or_default();
        if inside.trim_start().starts_with(['"', '\'']) || inside.contains(": ") {
            self.read_json(source, start, text, findings);
            return;
        }
        let mut words = words(source, start + 1, inside);
        if end.is_none() && super::attributes::any_of_ours(&words) {
            let finding = Finding::warning("unclosed-braces", "attributes are never closed");
            findings.push(finding.at(Place::new(source, start..start + 1)).help("close them with `}`"));
        }
        if super::attributes::any_of_ours(&words) {
            let finding = words.iter().find_map(|word| badly_written(source, word));
            // What such words are taken for says nothing more.
            finding.iter().for_each(|_| words.clear());
            findings.extend(finding);
        }
        if self.language.is_empty() {
            // `{r setup, cache=TRUE}` and `{note}` are other programs' ways to name a language.
            let Some(class) = words.first().and_then(|word| word.key.strip_prefix('.')) else { return };
            self.language = class.to_lowercase();
        }
        words.retain(|word| !word.key.starts_with(['.', '#']));
        self.attributes = words;
    }

    fn read_json(&mut self, source: &Arc<Source>, start: usize, text: &str, findings: &mut Vec<Finding>) {
        match yaml::read(source, start, text).map(|node| node.data) {
            Ok(Data::Map(entries)) => {
                self.json = text[1..].trim_start().starts_with('"');
                self.attributes = entries;
            }
            Ok(_) => {}
            Err(finding) => {
                let place = Place::new(source, start..start + text.len());
                let json = text[1..].trim_start().starts_with(['"', '\'']);
                let severity = if json { Severity::Error } else { Severity::Warning };
                let finding = Finding { code: "invalid-attributes", severity, ..*finding }.at(place);
                findings.push(finding.help("write them as `{name=build timeout=10m}` or as flat JSON"));
            }
        }
    }
}

/// Reads `name=build needs="a b" background`, divided by blanks or commas.
fn words(source: &Arc<Source>, start: usize, text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(lead) = rest.find(|c: char| !is_divider(c)) else { break };
        let word = &rest[lead..lead + word_length(&rest[lead..])];
        entries.push(entry(source, start + at + lead, word));
        at += lead + word.len();
    }
    entries
}

/// Returns the finding about a word whose quote stays open, or which stands apart from its `=`.
fn badly_written(source: &Arc<Source>, entry: &Entry) -> Option<Finding> {
    let span = Span::new(entry.key_place.span.start, entry.value.place.span.end);
    let word = Place::new(source, span);
    let finding = if is_open(word.text()) {
        Finding::error("unclosed-quote", "the quote is never closed").help("close it before the `}`")
    } else if word.text().starts_with('=') {
        Finding::error("blanks-around-equals", "a name and its value stand apart")
            .help("write them without blanks around `=`, as `{name=build}`")
    } else {
        return None;
    };
    Some(finding.at(word))
}

/// Returns whether a quote in a word is never closed.
fn is_open(word: &str) -> bool {
    let mut quote = None;
    for letter in word.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            _ => {}
        }
    }
    quote.is_some()
}

fn is_divider(letter: char) -> bool {
    letter.is_whitespace() || letter == ','
}

/// Returns how long a word is. Quotes hold blanks and commas together, brackets hold commas, and so
/// does a value with a number after the comma: no name begins with a digit.
fn word_length(text: &str) -> usize {
    let mut quote = None;
    let mut brackets = 0_usize;
    for (offset, letter) in text.char_indices() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(letter),
            ('[', None) => brackets += 1,
            (']', None) => brackets = brackets.saturating_sub(1),
            (',', None) if text[..offset].contains('=') && is_digit_at(text, offset + 1) => {}
            (_, None) if is_divider(letter) && brackets == 0 => return offset,
            _ => {}
        }
    }
    text.len()
}

fn is_digit_at(text: &str, offset: usize) -> bool {
    text.as_bytes().get(offset).is_some_and(u8::is_ascii_digit)
}

fn entry(source: &Arc<Source>, start: usize, word: &str) -> Entry {
    let place = |from: usize, to: usize| Place::new(source, start + from..start + to);
    let Some(equals) = word.find('=') else {
        return Entry::flag(word, &place(0, word.len()));
    };
    let (key, written) = (&word[..equals], &word[equals + 1..]);
    let unquoted = ['"', '\''].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
    let text = unquoted.unwrap_or(written).to_owned();
    let place_of_value = place(equals + 1, word.len());
    let data = match written.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => Data::List(items(list, &place_of_value)),
        None => Data::Scalar { text, quoted: unquoted.is_some() },
    };
    let value = Node { place: place_of_value, data };
    Entry { key: key.to_owned(), key_place: place(0, equals), value }
}

/// Reads what stands between brackets as in `needs=[fetch, build]`, divided by commas or blanks.
fn items(list: &str, place: &Place) -> Vec<Node> {
    let mut items = Vec::new();
    let mut rest = list.trim_start_matches(is_divider);
    while !rest.is_empty() {
        let (item, tail) = rest.split_at(word_length(rest));
        items.push(Entry::text("", place, item.trim_matches(['"', '\''])).value);
        rest = tail.trim_start_matches(is_divider);
    }
    items
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::new("a.md", text);
        let mut findings = Vec::new();
        let info = read(&source, Span::new(0, text.len()), &mut findings);
        let show = |entry: &Entry| {
            let value = entry.value.text().unwrap_or("?");
            format!("{}={value} at {}", entry.key, entry.key_place.span.start)
        };
        let list = |entries: &[Entry]| entries.iter().map(show).collect::<Vec<_>>().join(", ");
        let wrong: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        let shown = format!(
            "{} [{}] ({}) {}",
            info.language,
            list(&info.attributes),
            list(&info.bare),
            wrong.join(" ")
        );
        expected.assert_eq(&shown);
    }

    #[test]
    fn attributes_have_three_forms() {
        check(
            "bash {\"name\":\"build\",\"timeout\":\"10m\"}",
            expect!["bash [name=build at 6, timeout=10m at 21] () "],
        );
        check(
            "Bash {name=build timeout=10m needs=\"a b\" background}",
            expect!["bash [name=build at 6, timeout=10m at 17, needs=a b at 29, background=true at 41] () "],
        );
        check("{.bash #id name=x}", expect!["bash [name=x at 11] () "]);
        check("bash{name=x}", expect!["bash [name=x at 5] () "]);
        check("bash {name: x, timeout: 5m}", expect!["bash [name=x at 6, timeout=5m at 15] () "]);
    }

    #[test]
    fn other_forms_are_left_alone() {
        check("bash,ignore", expect!["bash [] (ignore=true at 5) "]);
        check("sh title=\"a b\"", expect!["sh [] (title=a b at 3) "]);
        check("bash {exit=1,2,name=x}", expect!["bash [exit=1,2 at 6, name=x at 15] () "]);
        check("bash {needs=[b, \"c\"] name=x}", expect!["bash [needs=? at 6, name=x at 21] () "]);
        check("bash {name=x", expect!["bash [name=x at 6] () unclosed-braces"]);
        check("bash {name=\"a b}", expect!["bash [] () unclosed-quote"]);
        check("bash {env=A='x}", expect!["bash [] () unclosed-quote"]);
        check("bash {name = a}", expect!["bash [] () blanks-around-equals"]);
        check("bash {title = a}", expect!["bash [title=true at 6, = at 12, a=true at 14] () "]);
        check("bash {'name':'a'}", expect!["bash [name=a at 6] () "]);
        check("bash {name:a}", expect!["bash [name:a=true at 6] () "]);
        check("js {", expect!["js [] () "]);
        check("bash {1,3-5}", expect!["bash [1=true at 6, 3-5=true at 8] () "]);
        check("bash {hl_lines=[1, 2]}", expect!["bash [hl_lines=? at 6] () "]);
        check("{note} A title", expect![" [] () "]);
        check("{r setup, cache=TRUE}", expect![" [] () "]);
        check("bash {name=x} title=y", expect!["bash [name=x at 6] () "]);
        check("", expect![" [] () "]);
        check("{", expect![" [] () "]);
        check("bash {\"name\":", expect!["bash [] () invalid-attributes"]);
    }
}
