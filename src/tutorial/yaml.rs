//! YAML as nodes with places in the page.

use std::sync::Arc;

use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};

use super::node::{Data, Entry, Node};
use crate::diagnostic::{Finding, Place, Source};

/// Deepest nesting that is read: dropping a deep tree recurses.
const DEEPEST: usize = 64;

/// Reads a piece of a page as YAML. `text` has the length of the piece that begins at `start`.
///
/// Nothing but blanks and comments is a null node.
pub(crate) fn read(source: &Arc<Source>, start: usize, text: &str) -> Result<Node, Box<Finding>> {
    let reader = Reader { source, start, text, offsets: character_offsets(text) };
    if is_too_deep(text) {
        let finding = Finding::error("invalid-yaml", "YAML is nested too deeply");
        return Err(Box::new(finding.at(Place::new(source, start..start + text.len()))));
    }
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let at = reader.offset(error.marker());
        let finding = Finding::error("invalid-yaml", format!("YAML does not parse: {}", error.info()));
        Box::new(finding.at(Place::new(source, at..at)))
    })?;
    Ok(documents.first().map_or_else(|| reader.empty(), |document| reader.node(document)))
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    start: usize,
    text: &'a str,
    /// Byte offset of each character, `None` where all are ASCII and so the same.
    offsets: Option<Vec<usize>>,
}

impl Reader<'_> {
    fn empty(&self) -> Node {
        Node { place: Place::new(self.source, self.start..self.start), data: Data::Null }
    }

    fn node(&self, yaml: &MarkedYaml<'_>) -> Node {
        let place = self.place(yaml);
        let data = match &yaml.data {
            YamlData::Value(scalar) => self.scalar(scalar, &place),
            YamlData::Sequence(items) => Data::List(items.iter().map(|item| self.node(item)).collect()),
            YamlData::Mapping(map) => {
                Data::Map(map.iter().map(|(key, value)| self.entry(key, value)).collect())
            }
            YamlData::Tagged(_, inner) => return self.node(inner),
            YamlData::Representation(text, ..) => Data::Scalar { text: text.to_string(), quoted: true },
            YamlData::Alias(_) | YamlData::BadValue => Data::Null,
        };
        Node { place, data }
    }

    fn entry(&self, key: &MarkedYaml<'_>, value: &MarkedYaml<'_>) -> Entry {
        let key_node = self.node(key);
        let key = key_node.text().map_or_else(|| key_node.place.text().to_owned(), str::to_owned);
        Entry { key, key_place: key_node.place, value: self.node(value) }
    }

    fn scalar(&self, scalar: &Scalar<'_>, place: &Place) -> Data {
        let written = place.text();
        let quoted = written.starts_with(['"', '\'', '|', '>']);
        match scalar {
            Scalar::Null => Data::Null,
            Scalar::String(text) => Data::Scalar { text: text.to_string(), quoted },
            // An alias or a tag stands where the value itself does not.
            Scalar::Boolean(value) if written.is_empty() => Data::Scalar { text: value.to_string(), quoted },
            Scalar::Integer(value) if written.is_empty() => Data::Scalar { text: value.to_string(), quoted },
            _ => Data::Scalar { text: written.to_owned(), quoted },
        }
    }

    fn place(&self, yaml: &MarkedYaml<'_>) -> Place {
        let start = self.offset(&yaml.span.start);
        let end = self.offset(&yaml.span.end).max(start);
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

fn character_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset).collect())
}

/// Returns whether brackets or one line's leading marks nest deeper than anyone would write.
fn is_too_deep(text: &str) -> bool {
    let mut open = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > DEEPEST {
            return true;
        }
    }
    let lead = |line: &str| line.len() - line.trim_start_matches([' ', '-', '?', ':', '\t']).len();
    text.lines().any(|line| lead(line) > 4 * DEEPEST)
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
        check("a: 1\na: 2\n", expect!["a.md:2:1 YAML does not parse: duplicated key in mapping"]);
        check(&"[".repeat(10_000), expect!["a.md:1:1 YAML is nested too deeply"]);
        check(&"- ".repeat(10_000), expect!["a.md:1:1 YAML is nested too deeply"]);
    }
}
