//! YAML as nodes with places in its source.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::json::is_null;
use super::node::{Data, Entry, Node};
use crate::diagnostic::{Finding, Place, Source};

/// Deepest nesting that is read: reading and dropping a deep tree recurse.
const DEEPEST: usize = 64;

/// How many nodes aliases may add: a few lines of them can stand for more than any machine holds.
const MOST_COPIED: usize = 100_000;

/// How many bytes are read again for lists whose brackets stand too far left.
const MOST_REREAD: usize = 64 << 20;

/// What a file of YAML holds.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// The documents, in the order of the file. Empty ones are left out.
    pub documents: Vec<Node>,
    /// Why reading ended before the end of the file.
    pub findings: Vec<Finding>,
    /// Values that have a tag of their own, `!vault`: it is no part of the value.
    pub tagged: Vec<Place>,
    /// The first name that stands for a value which is elsewhere.
    pub alias: Option<Place>,
}

/// Reads a piece of a page as one document. `text` has the length of the piece that begins at `start`.
///
/// Nothing but blanks and comments is a null node; a second document is passed over.
pub fn read(source: &Arc<Source>, start: usize, text: &str) -> Result<Node, Box<Finding>> {
    let mut reader = Reader::new(source, start, text);
    let document = reader.document()?;
    // A mistake after the first document is one as well.
    while reader.document()?.is_some() {}
    Ok(document.unwrap_or_else(|| reader.null_at(start)))
}

/// Reads all documents of a file.
///
/// Documents before a mistake are given; what follows it cannot be told apart.
pub fn read_documents(source: &Arc<Source>) -> Documents {
    let start = source.text().len() - source.text().trim_start_matches('\u{feff}').len();
    let mut text = Cow::Borrowed(&source.text()[start..]);
    let mut budget = MOST_REREAD;
    let mut first = None;
    loop {
        let read = documents(source, start, &text);
        let Some(outdented) = read.findings.first().and_then(|finding| outdented(finding, start)) else {
            // Where lines were joined up to the end, a bracket is missing: the first place is the nearest to it.
            let length = source.text().trim_end().len();
            let place = read.findings.first().and_then(|finding| finding.place.as_ref());
            let is_at_end = place.is_some_and(|place| place.span.end >= length);
            return if is_at_end { first.unwrap_or(read) } else { read };
        };
        first.get_or_insert_with(|| read.clone());
        match (budget.checked_sub(text.len()), join_lines(&text, outdented)) {
            (Some(rest), Some(joined)) => (budget, text) = (rest, Cow::Owned(joined)),
            _ => return read,
        }
    }
}

fn documents(source: &Arc<Source>, start: usize, text: &str) -> Documents {
    let mut reader = Reader::new(source, start, text);
    let mut read = Documents::default();
    loop {
        match reader.document() {
            Ok(Some(document)) if document.is_null() => {}
            Ok(Some(document)) => read.documents.push(document),
            Ok(None) => break,
            Err(finding) => {
                read.findings.push(*finding);
                break;
            }
        }
    }
    read.tagged = reader.tagged;
    read.alias = reader.alias;
    read
}

/// Returns the offset of what stands too far left inside of brackets.
///
/// YAML 1.2 forbids it, and Kubernetes' reader does not mind: a `]` below the key of its list is common.
fn outdented(finding: &Finding, start: usize) -> Option<usize> {
    let is_it = finding.message.ends_with("does not parse: invalid indentation")
        || finding.message.ends_with("does not parse: invalid indentation in flow construct");
    finding.place.as_ref().filter(|_| is_it).map(|place| place.span.start - start)
}

/// Returns a text of the same length in which the line of an offset is joined to the last one that has content.
///
/// What stands between, comments as well, becomes blanks: every place stays right.
fn join_lines(text: &str, offset: usize) -> Option<String> {
    let mut joined = text.as_bytes().to_vec();
    let mut end = text[..offset].rfind('\n')?;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &text[start..end];
        let content = content_length(line);
        joined[start + content..=end].fill(b' ');
        if content > 0 || start == 0 {
            return String::from_utf8(joined).ok();
        }
        end = start - 1;
    }
}

/// Returns the length of a line without the comment and the blanks at its end.
fn content_length(line: &str) -> usize {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') if before.is_whitespace() => return line[..at].trim_end().len(),
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(character),
            (Some(open), _) if character == open && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    line.trim_end().len()
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    start: usize,
    text: &'a str,
    /// Byte offset of each character, `None` where all are ASCII and so the same.
    offsets: Option<Vec<usize>>,
    parser: Parser<'a, StrInput<'a>>,
    /// Nodes that have a name, with the number of nodes in each.
    anchors: HashMap<usize, (Node, usize)>,
    /// How many nodes were made, copies included.
    made: usize,
    copied: usize,
    /// Where lists and maps in brackets begin that are not closed yet.
    brackets: Vec<usize>,
    tagged: Vec<Place>,
    alias: Option<Place>,
}

type Read<T> = Result<T, Box<Finding>>;

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>, start: usize, text: &'a str) -> Self {
        let offsets =
            (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset).collect::<Vec<_>>());
        // Tags with a handle that the first document declares are used in later ones by tools.
        let parser = Parser::new_from_str(text).keep_tags(true);
        Self {
            source,
            start,
            text,
            offsets,
            parser,
            anchors: HashMap::new(),
            made: 0,
            copied: 0,
            brackets: Vec::new(),
            tagged: Vec::new(),
            alias: None,
        }
    }

    /// Returns the next document.
    fn document(&mut self) -> Read<Option<Node>> {
        loop {
            match self.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _)) => {}
                Some((event, span)) => {
                    let node = self.node(event, &span, 0)?;
                    // A name is known in its document alone.
                    self.anchors.clear();
                    return Ok(Some(node));
                }
            }
        }
    }

    fn next(&mut self) -> Read<Option<(Event<'a>, Span)>> {
        self.parser.next_event().transpose().map_err(|error| self.unparsable(&error))
    }

    fn unparsable(&self, error: &ScanError) -> Box<Finding> {
        let at = self.offset(error.marker());
        let end = self.start + self.text.trim_end().len();
        if at < end {
            return self
                .finding(Place::new(self.source, at..at), &format!("does not parse: {}", error.info()));
        }
        if let Some(open) = self.brackets.last() {
            let place = Place::new(self.source, *open..*open + 1);
            return self
                .finding(place.clone(), &format!("does not parse: `{}` is never closed", place.text()));
        }
        // Behind the last word there is nothing to see.
        let last = self.source.text()[self.start..end].chars().next_back().map_or(0, char::len_utf8);
        let place = Place::new(self.source, end - last..end);
        self.finding(place, &format!("does not parse: {}", error.info()))
    }

    fn finding(&self, place: Place, what: &str) -> Box<Finding> {
        Box::new(Finding::error("invalid-yaml", format!("YAML {what}")).at(place))
    }

    /// Returns the node that an event begins.
    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Read<Node> {
        if depth > DEEPEST {
            return Err(self.finding(self.place(span, span), "is nested too deeply"));
        }
        self.made += 1;
        let before = self.made;
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.copy(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                self.note_tag(tag.as_deref(), span);
                (self.scalar(&text, style, tag.as_deref(), span), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.note_tag(tag.as_deref(), span);
                (self.in_brackets(span, |reader| reader.list(span, depth))?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.note_tag(tag.as_deref(), span);
                (self.in_brackets(span, |reader| reader.map(span, depth))?, anchor)
            }
            _ => (self.null_at(self.offset(&span.start)), 0),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.made - before + 1));
        }
        Ok(node)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Node {
        let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
        let quoted = match core {
            Some("str") => true,
            Some("int" | "float" | "bool" | "null") => false,
            _ => style != ScalarStyle::Plain,
        };
        let data = match !quoted && is_null(text) {
            true => Data::Null,
            false => {
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let text = if is_block && self.is_cut(span) {
                    text.strip_suffix('\n').unwrap_or(text)
                } else {
                    text
                };
                Data::Scalar { text: text.to_owned(), quoted }
            }
        };
        Node { place: self.place(span, span), data }
    }

    /// Returns whether a block of text ends with a file that has no newline there: the parser adds one, other readers
    /// of YAML do not.
    fn is_cut(&self, span: &Span) -> bool {
        !self.text.ends_with('\n') && self.offset(&span.end) == self.start + self.text.len()
    }

    /// Reads what may stand in brackets, and keeps in mind where they were opened.
    fn in_brackets(&mut self, span: &Span, read: impl FnOnce(&mut Self) -> Read<Node>) -> Read<Node> {
        let start = self.offset(&span.start);
        let is_open = self.source.text()[start..].starts_with(['[', '{']);
        if is_open {
            self.brackets.push(start);
        }
        let node = read(self)?;
        if is_open {
            self.brackets.pop();
        }
        Ok(node)
    }

    /// Notes a tag that none of YAML's own types has.
    fn note_tag(&mut self, tag: Option<&Tag>, span: &Span) {
        let is_own = |tag: &Tag| match tag.is_yaml_core_schema() {
            true => !CORE_TYPES.contains(&tag.suffix.as_str()),
            // A lone `!` says that a value is a text.
            false => !(tag.handle.is_empty() && tag.suffix == "!"),
        };
        if !tag.is_some_and(is_own) {
            return;
        }
        let place = self.tag_at(self.offset(&span.start)).unwrap_or_else(|| self.place(span, span));
        self.tagged.push(place);
    }

    /// Returns the tag of the value that begins at an offset: there, behind its name, or on the line before it.
    fn tag_at(&self, start: usize) -> Option<Place> {
        let text = self.source.text();
        let is_end = |letter: char| letter.is_whitespace() || ",[]{}".contains(letter);
        let word = |at: usize| at + text[at..].find(is_end).unwrap_or(text.len() - at);
        let next = word(start);
        let behind = next + (text[next..].len() - text[next..].trim_start().len());
        let line = text[self.start..start].trim_end();
        let before = line.rfind('!').map(|mark| self.start + mark);
        let at = [Some(start), Some(behind), before]
            .into_iter()
            .flatten()
            .find(|at| text[*at..].starts_with('!'))?;
        Some(Place::new(self.source, at..word(at)))
    }

    fn list(&mut self, start: &Span, depth: usize) -> Read<Node> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Some((Event::SequenceEnd, end)) => {
                    return Ok(Node { place: self.place(start, &end), data: Data::List(items) });
                }
                Some((event, span)) => items.push(self.node(event, &span, depth + 1)?),
                None => return Ok(Node { place: self.place(start, start), data: Data::List(items) }),
            }
        }
    }

    fn map(&mut self, start: &Span, depth: usize) -> Read<Node> {
        let mut map = MapBuilder::default();
        loop {
            match self.next()? {
                Some((Event::MappingEnd, end)) => {
                    let entries = map.finish();
                    return Ok(Node { place: self.place(start, &end), data: Data::Map(entries) });
                }
                Some((event, span)) => {
                    let is_merge =
                        matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
                    let key = self.node(event, &span, depth + 1)?;
                    let Some((event, span)) = self.next()? else { continue };
                    let value = self.node(event, &span, depth + 1)?;
                    if is_merge {
                        map.merge(&value).map_err(|place| self.finding(place, MERGES))?;
                    } else {
                        map.add(key, value).map_err(|twice| self.twice(&twice))?;
                    }
                }
                None => return Ok(Node { place: self.place(start, start), data: Data::Map(map.finish()) }),
            }
        }
    }

    fn twice(&self, (entry, first): &(Entry, Place)) -> Box<Finding> {
        let what = format!("does not parse: key `{}` stands twice in its mapping", entry.key);
        let finding = self.finding(entry.key_place.clone(), &what);
        Box::new(finding.related(first.clone(), "it stands here first"))
    }

    /// Returns what an alias stands for.
    fn copy(&mut self, anchor: usize, span: &Span) -> Read<Node> {
        let place = self.place(span, span);
        self.alias.get_or_insert_with(|| place.clone());
        let Some((node, size)) = self.anchors.get(&anchor) else {
            // The parser refuses an unknown name: this one stands within what it names.
            return Err(self.finding(place, "does not parse: an alias stands within what it stands for"));
        };
        self.copied += size;
        if self.copied > MOST_COPIED {
            let what = format!("has aliases that stand for more than {MOST_COPIED} values");
            return Err(self.finding(place, &what));
        }
        self.made += size;
        Ok(Node { place, data: node.data.clone() })
    }

    fn null_at(&self, at: usize) -> Node {
        Node { place: Place::new(self.source, at..at), data: Data::Null }
    }

    fn place(&self, first: &Span, last: &Span) -> Place {
        let start = self.offset(&first.start);
        let end = self.offset(&last.end).max(start);
        let end = start + self.source.text()[start..end].trim_end().len();
        Place::new(self.source, start..end)
    }

    fn offset(&self, marker: &Marker) -> usize {
        let index = match &self.offsets {
            None => marker.index(),
            Some(offsets) => offsets.get(marker.index()).copied().unwrap_or(self.text.len()),
        };
        self.start + index.min(self.text.len())
    }
}

/// The types that values have without a tag as well.
const CORE_TYPES: [&str; 7] = ["str", "int", "float", "bool", "null", "seq", "map"];

const MERGES: &str = "does not parse: `<<` takes a mapping, or a list of mappings";

/// The entries of a map, and those that merge keys bring.
#[derive(Default)]
struct MapBuilder {
    entries: Vec<Entry>,
    known: HashMap<String, usize>,
    merged: Vec<Entry>,
}

impl MapBuilder {
    /// Adds an entry; one whose key is there comes back, with the place of the first.
    fn add(&mut self, key: Node, value: Node) -> Result<(), Box<(Entry, Place)>> {
        let text = key.text().map_or_else(|| key.place.text().to_owned(), str::to_owned);
        let entry = Entry { key: text, key_place: key.place, value };
        if let Some(first) = self.known.insert(entry.key.clone(), self.entries.len()) {
            return Err(Box::new((entry, self.entries[first].key_place.clone())));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Takes over entries of another map, or of each of a list of maps; of two, the first counts.
    fn merge(&mut self, value: &Node) -> Result<(), Place> {
        let maps: Vec<&Node> = match &value.data {
            Data::List(items) => items.iter().collect(),
            _ => vec![value],
        };
        for map in maps {
            let entries = map.entries().ok_or_else(|| value.place.clone())?;
            self.merged.extend(entries.iter().cloned());
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Entry> {
        for entry in self.merged {
            // What the map says itself goes before, wherever it stands.
            if let std::collections::hash_map::Entry::Vacant(vacant) = self.known.entry(entry.key.clone()) {
                vacant.insert(self.entries.len());
                self.entries.push(entry);
            }
        }
        self.entries
    }
}
#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use std::fmt::Write;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::new("a.md", text);
        let shown = match read(&source, 0, text) {
            Ok(node) => show(&node),
            Err(finding) => format!("{:?} {}", finding.place.expect("an error has a place"), finding.message),
        };
        expected.assert_eq(&shown);
    }

    fn show(node: &Node) -> String {
        let mut shown = format!("{:?} ", node.place);
        match &node.data {
            Data::Null => shown.push_str("null"),
            Data::Scalar { text, quoted } => {
                write!(shown, "{text:?}{}", if *quoted { " quoted" } else { "" })
                    .expect("a String takes all");
            }
            Data::List(items) => shown.push_str(&items.iter().map(show).collect::<Vec<_>>().join("; ")),
            Data::Map(entries) => {
                for entry in entries {
                    write!(shown, "\n  {} = {}", entry.key, show(&entry.value)).expect("a String takes all");
                }
            }
        }
        shown
    }

    #[test]
    fn values_keep_their_text_and_place() {
        check(
            "ä: 1.10\r\nb: [x, 'y']\nc: \"5m\"\nd:\n",
            expect![[r#"
            a.md:1:1 
              ä = a.md:1:4 "1.10"
              b = a.md:2:4 a.md:2:5 "x"; a.md:2:8 "y" quoted
              c = a.md:3:4 "5m" quoted
              d = a.md:4:2 null"#]],
        );
        check(
            "{\"a\":\"b\"}",
            expect![[r#"
            a.md:1:1 
              a = a.md:1:6 "b" quoted"#]],
        );
        check("# nothing\n", expect!["a.md:1:1 null"]);
    }

    #[test]
    fn broken_yaml_points_at_its_place() {
        check("a: [1\nb: 2\n", expect!["a.md:2:2 YAML does not parse: illegal placement of ':' indicator"]);
        check("a: 1\na: 2\n", expect!["a.md:2:1 YAML does not parse: key `a` stands twice in its mapping"]);
        check(
            "a:\n\t- b\n",
            expect!["a.md:2:2 YAML does not parse: tabs disallowed within this context (block indentation)"],
        );
        check("a: [\n", expect!["a.md:1:4 YAML does not parse: `[` is never closed"]);
        check("a: {b: [1],\n\n# c\n", expect!["a.md:1:4 YAML does not parse: `{` is never closed"]);
        check(
            "a: [b]\nc: \"d\n\n",
            expect![
                "a.md:2:4 YAML does not parse: while scanning a quoted scalar, found unexpected end of stream"
            ],
        );
        check(&"[".repeat(10_000), expect!["a.md:1:256 YAML does not parse: recursion limit exceeded"]);
        check(&"- ".repeat(10_000), expect!["a.md:1:131 YAML is nested too deeply"]);
    }

    #[test]
    fn blocks_of_text_end_as_the_file_does() {
        for (text, value) in [
            ("a: |\n  b", "b"),
            ("a: |\n  b\n", "b\n"),
            ("a: |+\n  b", "b"),
            ("a: >\n  b\n  ä", "b ä"),
            ("a: |-\n  b", "b"),
            ("a: |\n  b\n# c", "b\n"),
            ("a: |\n  b\n  ", "b\n"),
            ("a: |\n  b\n\n  ", "b\n"),
            ("a: >+\n  b\n\n", "b\n\n"),
            ("a: |\n  b\n\n  c", "b\n\nc"),
        ] {
            let node = read(&Source::new("a.yaml", text), 0, text).expect("it is YAML");
            assert_eq!(node.get("a").and_then(Node::text), Some(value), "{text:?}");
        }
    }

    #[test]
    fn tags_of_their_own_are_noted() {
        let text = "a: !own\n  b: !!str 1\nc: !x &n [!!binary 'b', ! d]\ne: *n\n";
        let read = read_documents(&Source::new("a.yaml", text));
        let tags: Vec<String> =
            read.tagged.iter().map(|tag| format!("{}:{}", tag.location(), tag.text())).collect();
        assert_eq!(tags, ["a.yaml:1:4:!own", "a.yaml:3:4:!x", "a.yaml:3:11:!!binary"]);
    }

    #[test]
    fn aliases_and_merge_keys_are_resolved() {
        check(
            "base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3\nlist: [*base]\ntwo:\n  <<: [{c: 4}, *base]\n",
            expect![[r#"
                a.md:1:1 
                  base = a.md:1:7 
                  a = a.md:1:17 "1"
                  b = a.md:1:23 "2"
                  own = a.md:3:3 
                  b = a.md:4:6 "3"
                  a = a.md:1:17 "1"
                  list = a.md:5:7 a.md:5:8 
                  a = a.md:1:17 "1"
                  b = a.md:1:23 "2"
                  two = a.md:7:3 
                  c = a.md:7:12 "4"
                  a = a.md:1:17 "1"
                  b = a.md:1:23 "2""#]],
        );
        check(
            "a: &a [*a]\n",
            expect!["a.md:1:8 YAML does not parse: an alias stands within what it stands for"],
        );
        check("a: *b\n", expect!["a.md:1:4 YAML does not parse: while parsing node, found unknown anchor"]);
        check(
            "a:\n  <<: text\n",
            expect!["a.md:2:7 YAML does not parse: `<<` takes a mapping, or a list of mappings"],
        );
    }

    #[test]
    fn aliases_that_stand_for_too_much_are_refused() {
        let mut text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..20 {
            let below = format!("*a{},", level - 1).repeat(10);
            writeln!(text, "a{level}: &a{level} [{below}]").expect("a String takes all");
        }
        check(&text, expect!["a.md:5:38 YAML has aliases that stand for more than 100000 values"]);
    }

    #[test]
    fn brackets_may_stand_further_left_than_their_key() {
        let text =
            "a:\n  b: [ # x: 'y'\n    \"c d\", # ]\n\n  # e\n  ]\n  f: {\n g: ä,\n}\n  h: |\n    [\n  i: j\n";
        let read = read_documents(&Source::new("a.yaml", text));
        assert!(read.findings.is_empty(), "{:?}", read.findings);
        expect![[r#"
            a.yaml:1:1 
              a = a.yaml:2:3 
              b = a.yaml:2:6 a.yaml:3:5 "c d" quoted
              f = a.yaml:7:6 
              g = a.yaml:8:5 "ä"
              h = a.yaml:11:5 "[\n" quoted
              i = a.yaml:12:6 "j""#]]
        .assert_eq(&read.documents.iter().map(show).collect::<String>());
        let unclosed = read_documents(&Source::new("a.yaml", "a:\n  b: [1,\n  c: 2\n"));
        assert_eq!(unclosed.findings[0].place.as_ref().expect("it has a place").line(), 2);
    }

    #[test]
    fn documents_of_a_file_are_told_apart() {
        let text = "\u{feff}# first\r\n---\r\na: 1\r\n# between\r\n---\r\n---\r\nb: ä\r\n...\r\n# end\r\n---\r\nc: [\r\n";
        let read = read_documents(&Source::new("a.yaml", text));
        let shown: Vec<String> = read.documents.iter().map(show).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        expect![[r#"
            a.yaml:3:1 
              a = a.yaml:3:4 "1"
            a.yaml:7:1 
              b = a.yaml:7:4 "ä""#]]
        .assert_eq(&shown.join("\n"));
        let findings: Vec<String> = read.findings.iter().map(|finding| finding.message.clone()).collect();
        expect!["YAML does not parse: `[` is never closed"].assert_eq(&findings.join("\n"));
    }
}
