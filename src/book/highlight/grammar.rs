//! Grammars, and what their queries find in code.

use std::ops::Range;
use std::sync::LazyLock;

use arborium::tree_sitter::{
    Language, Node, Parser, Query, QueryCapture, QueryCursor, QueryMatch, StreamingIterator,
};
use arborium_theme::tag_for_capture;

use super::spans::Span;

/// A grammar with its query, which is costly to prepare: all threads share it.
pub(super) struct Grammar {
    language: Language,
    /// What is coloured, and after that what is code in another language.
    query: Query,
    /// How many of the patterns say what is coloured.
    colours: usize,
    /// What each capture of the query stands for.
    captures: Vec<Capture>,
}

/// What a capture of a query stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capture {
    /// A colour, by the ending of its element's name.
    Colour(&'static str),
    /// Code in another language.
    Code,
    /// The name of that language.
    Language,
    /// Nothing that is seen.
    Other,
}

macro_rules! grammars {
    ($($name:literal $(| $alias:literal)*: $module:ident, $injections:expr;)*) => {
        impl Grammar {
            /// Returns a grammar by the names that code has for languages in it; the first who asks waits.
            pub(super) fn named(name: &str) -> Option<&'static Self> {
                match name {
                    $($name $(| $alias)* => {
                        static GRAMMAR: LazyLock<Option<Grammar>> = LazyLock::new(|| {
                            let language = arborium::$module::language().into();
                            Grammar::new(language, &arborium::$module::HIGHLIGHTS_QUERY, $injections)
                        });
                        GRAMMAR.as_ref()
                    })*
                    _ => None,
                }
            }
        }
    };
}

grammars! {
    "bash" | "sh" | "shell": lang_bash, "";
    "c" | "h": lang_c, "";
    "css": lang_css, "";
    "diff" | "patch": lang_diff, "";
    "dockerfile" | "docker": lang_dockerfile, "";
    "go" | "golang": lang_go, "";
    "html" | "htm": lang_html, arborium::lang_html::INJECTIONS_QUERY;
    "ini" | "cfg" | "conf": lang_ini, "";
    "javascript" | "cjs" | "js" | "jsx" | "mjs": lang_javascript, arborium::lang_javascript::INJECTIONS_QUERY;
    "json" | "jsonc": lang_json, "";
    "python" | "py" | "py3" | "python3": lang_python, "";
    "rust" | "rs": lang_rust, RUST_IN_MACROS;
    "toml": lang_toml, "";
    "yaml" | "yml": lang_yaml, "";
}

/// What a macro takes is Rust in Rust, as arborium has it: calls and types in it have their colours.
///
/// Texts, numbers and names with commas between them have them already, as words of the macro. To read them
/// as statements, which they are not, takes longer than all around them.
const RUST_IN_MACROS: &str = r#"
((macro_invocation (token_tree) @injection.content)
 (#not-match? @injection.content
  "^[(\\[]\\s*((\"([^\"\\\\]|\\\\.)*\"|[a-z0-9_]+)\\s*,\\s*)*((\"([^\"\\\\]|\\\\.)*\"|[a-z0-9_]+)\\s*)?[)\\]]$")
 (#set! injection.language "rust"))
((macro_rule (token_tree) @injection.content)
 (#set! injection.language "rust"))
"#;

impl Grammar {
    /// Prepares a grammar; none where its query does not fit it.
    fn new(language: Language, highlights: &str, injections: &str) -> Option<Self> {
        let query = Query::new(&language, &format!("{highlights}\n{injections}")).ok()?;
        let is_colour = |pattern: &usize| query.start_byte_for_pattern(*pattern) < highlights.len();
        let colours = (0..query.pattern_count()).filter(is_colour).count();
        let captures = query.capture_names().iter().map(|name| Capture::named(name)).collect();
        Some(Self { language, query, colours, captures })
    }

    /// Adds what is coloured in code that stands at an offset. Returns what is code in another language.
    pub(super) fn read(
        &self,
        code: &str,
        offset: usize,
        parser: &mut Parser,
        cursor: &mut QueryCursor,
        spans: &mut Vec<Span>,
    ) -> Vec<(String, Range<usize>)> {
        let tree = match parser.set_language(&self.language) {
            Ok(()) => parser.parse(code, None),
            Err(_) => None,
        };
        let Some(tree) = tree else { return Vec::new() };
        let mut inner = Vec::new();
        let mut matches = cursor.matches(&self.query, tree.root_node(), code.as_bytes());
        while let Some(found) = matches.next() {
            if found.pattern_index < self.colours {
                spans.extend(found.captures.iter().filter_map(|capture| {
                    let Capture::Colour(tag) = self.captures[capture.index as usize] else { return None };
                    let Range { start, end } = capture.node.byte_range();
                    Some(Span { start: start + offset, end: end + offset, tag, pattern: found.pattern_index })
                }));
            } else {
                inner.extend(self.inner(found, code));
            }
        }
        inner
    }

    /// Returns the language and the place of code in other code.
    fn inner(&self, found: &QueryMatch<'_, '_>, code: &str) -> Option<(String, Range<usize>)> {
        let captured = |meaning: Capture| {
            let is_it = move |capture: &&QueryCapture<'_>| self.captures[capture.index as usize] == meaning;
            found.captures.iter().filter(is_it).map(|capture| capture.node)
        };
        let text = |node: Node<'_>| code.get(node.byte_range()).map(str::to_owned);
        let settings = self.query.property_settings(found.pattern_index).iter();
        let set = settings.filter(|setting| &*setting.key == "injection.language");
        let set = set.filter_map(|setting| setting.value.as_deref()).next_back().map(str::to_owned);
        let language = set.or_else(|| captured(Capture::Language).find_map(text))?;
        let range = captured(Capture::Code).next_back()?.byte_range();
        (!range.is_empty()).then_some((language, range))
    }
}

impl Capture {
    fn named(name: &str) -> Self {
        match name {
            "injection.content" => Self::Code,
            "injection.language" => Self::Language,
            _ if name.starts_with('_') || name.starts_with("injection.") => Self::Other,
            _ => tag_for_capture(name).map_or(Self::Other, Self::Colour),
        }
    }
}
