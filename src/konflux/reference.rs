//! Tekton's variables in a text: `$(params.revision)`, `$(tasks.build.results.IMAGE_REF[*])`.

use std::ops::Range;

use super::fields;
use crate::diagnostic::Place;
use crate::yaml::Node;

/// A variable as it is written in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// The whole of it, `$(` and `)` included.
    pub(crate) written: &'a str,
    /// The names between the points; one in brackets and quotes may have points itself.
    pub(crate) names: Vec<&'a str>,
    /// What stands in the brackets at its end: `*` or a number.
    pub(crate) index: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Returns the first name: `params`, `tasks`.
    pub(crate) fn head(&self) -> &'a str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Returns the name that stands after the first.
    pub(crate) fn name(&self) -> &'a str {
        self.names.get(1).copied().unwrap_or_default()
    }

    /// Returns task and result of `$(tasks.T.results.R)`.
    pub(crate) fn task_result(&self) -> Option<(&'a str, &'a str)> {
        match self.names.as_slice() {
            ["tasks" | "finally", task, "results", result, ..] => Some((task, result)),
            _ => None,
        }
    }
}

/// Returns the variables of a text, in its order. What a shell would run, `$(cat x)`, is none.
pub(crate) fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("$(")?;
            let from = &rest[start..];
            let inner = &from[2..];
            rest = inner;
            let Some(end) = inner.find([')', '(', '\n']).filter(|end| inner.as_bytes()[*end] == b')') else {
                continue;
            };
            if let Some((names, index)) = parse(&inner[..end]) {
                rest = &inner[end..];
                return Some(Reference { written: &from[..end + 3], names, index });
            }
        }
    })
}

/// Returns the names of a variable and its index.
fn parse(inner: &str) -> Option<(Vec<&str>, Option<&str>)> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/');
    let mut names = Vec::new();
    let mut rest = inner;
    loop {
        let length = rest.bytes().take_while(|byte| is_name(*byte)).count();
        if length == 0 {
            return None;
        }
        names.push(&rest[..length]);
        rest = &rest[length..];
        while let Some(after) = rest.strip_prefix('[') {
            let (inside, behind) = after.split_once(']')?;
            rest = behind;
            match inside.as_bytes() {
                [quote @ (b'"' | b'\''), .., last] if quote == last && inside.len() > 2 => {
                    names.push(&inside[1..inside.len() - 1]);
                }
                _ if inside == "*" || (!inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit())) => {
                    return rest.is_empty().then_some((names, Some(inside)));
                }
                _ => return None,
            }
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some((names, None)),
        }
    }
}

/// Returns where a part of a scalar's text stands, or all of the scalar where it is written otherwise.
pub(crate) fn place_in(scalar: &Node, part: &str) -> Place {
    let written = scalar.place.text();
    match written.find(part) {
        Some(offset) => {
            let start = scalar.place.span.start + offset;
            Place::new(&scalar.place.source, start..start + part.len())
        }
        None => fields::first_line(&scalar.place),
    }
}

/// Returns where a stretch of a scalar's text stands, or all of the scalar where that cannot be told.
///
/// YAML folds lines and takes indentation out, but leaves all other letters as they are: they are counted.
pub(crate) fn place_at(scalar: &Node, at: &Range<usize>) -> Place {
    let text = scalar.text().unwrap_or_default();
    let written = scalar.place.text();
    let start = match written.as_bytes().first() {
        Some(b'|' | b'>') => written.find('\n').unwrap_or_default(),
        Some(b'"' | b'\'') => 1,
        _ => 0,
    };
    let base = scalar.place.span.start + start;
    // Most stand as they are read; counting takes its time where a text has thousands of names.
    if !text.contains('\n') && written[start..].starts_with(text) && text.is_char_boundary(at.end) {
        return Place::new(&scalar.place.source, base + at.start..base + at.end);
    }
    let letters = || text.char_indices().filter(|(_, letter)| !letter.is_whitespace());
    let source = || written[start..].char_indices().filter(|(_, letter)| !letter.is_whitespace());
    let is_same =
        letters().map(|(_, letter)| letter).eq(source().map(|(_, letter)| letter).take(letters().count()));
    let first = letters().take_while(|(offset, _)| *offset < at.start).count();
    let inside: Vec<(usize, char)> =
        source().skip(first).take(letters().filter(|(offset, _)| at.contains(offset)).count()).collect();
    match (is_same, inside.first(), inside.last()) {
        (true, Some((from, _)), Some((to, letter))) => {
            fields::first_line(&Place::new(&scalar.place.source, base + from..base + to + letter.len_utf8()))
        }
        _ => fields::first_line(&scalar.place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&[&str], Option<&str>)]) {
        let found: Vec<_> = references(text).collect();
        let found: Vec<_> =
            found.iter().map(|reference| (reference.names.as_slice(), reference.index)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn variables_are_told_from_commands() {
        check("$(params.a)-$(params.b[*])", &[(&["params", "a"], None), (&["params", "b"], Some("*"))]);
        check(
            "$(params[\"a.b\"]) $(params['c'][0])",
            &[(&["params", "a.b"], None), (&["params", "c"], Some("0"))],
        );
        check("$(tasks.t.results.r.key)", &[(&["tasks", "t", "results", "r", "key"], None)]);
        check(
            "$(cat $(workspaces.w.path)/x) $(date)",
            &[(&["workspaces", "w", "path"], None), (&["date"], None)],
        );
        check("$$(params.a)", &[(&["params", "a"], None)]);
        check("$( params.a ) ${params.b} $(params.", &[]);
        check("$(a b) $(params.x", &[]);
    }

    #[test]
    fn stretches_of_folded_texts_have_their_place() {
        for (written, word) in [
            ("a: b cc", "cc"),
            ("a: 'b cc'", "cc"),
            ("a: >-\n  b\n  cc\n", "cc"),
            ("a: |\n  b\n   cc d\n", "cc"),
            ("a: b\n  cc", "cc"),
            ("a: \"b\\ncc\"", "\"b\\ncc\""),
        ] {
            let source = crate::diagnostic::Source::new("a.yaml", written);
            let read = crate::yaml::read_documents(&source);
            let scalar = fields::field(&read.documents[0], "a").expect("it has a value");
            let start = scalar.text().and_then(|text| text.find("cc")).expect("it is there");
            assert_eq!(place_at(scalar, &(start..start + 2)).text(), word, "{written}");
        }
    }
}
