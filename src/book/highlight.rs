//! Code becomes coloured HTML when the book is built; light and dark share the markup.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use arborium::{GrammarStore, Highlighter};

use super::escape::escaped;

/// Above this many bytes code is not worth its colours.
const LONGEST: usize = 256 * 1024;

/// Grammars are costly to prepare, and all threads share them.
static GRAMMARS: LazyLock<Arc<GrammarStore>> = LazyLock::new(|| Arc::new(GrammarStore::new()));

/// Whether each grammar was prepared: two threads that want one at once would both do it.
static PREPARED: Mutex<BTreeMap<&'static str, Arc<OnceLock<()>>>> = Mutex::new(BTreeMap::new());

/// Prepares a grammar, or waits for the thread that does.
fn prepare(grammar: &'static str) {
    let mut prepared = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
    let once = Arc::clone(prepared.entry(grammar).or_default());
    drop(prepared);
    once.get_or_init(|| {
        GRAMMARS.get(grammar);
    });
}

/// Colours code, and remembers what it did: books repeat their blocks.
pub(super) struct Painter {
    highlighter: Highlighter,
    known: HashMap<(String, String), String>,
}

impl Painter {
    /// Returns a painter; each thread has its own.
    pub(super) fn new() -> Self {
        Self { highlighter: Highlighter::with_store(Arc::clone(&GRAMMARS)), known: HashMap::new() }
    }

    /// Returns code as HTML, coloured where its language is known. Its text is the code, to the letter.
    pub(super) fn paint(&mut self, language: &str, code: &str) -> String {
        let Some(grammar) = grammar(language).filter(|_| code.len() <= LONGEST) else { return escaped(code) };
        let key = (grammar.to_owned(), code.to_owned());
        if let Some(html) = self.known.get(&key) {
            return html.clone();
        }
        prepare(grammar);
        let html = self.coloured(grammar, code);
        self.known.insert(key, html.clone());
        html
    }

    fn coloured(&mut self, grammar: &str, code: &str) -> String {
        let Ok(mut html) = self.highlighter.highlight(grammar, code) else { return escaped(code) };
        // The highlighter drops line ends at the end; a block keeps what it has.
        let end = code.len() - code.trim_end_matches('\n').len();
        html.truncate(html.trim_end_matches('\n').len());
        html.extend(std::iter::repeat_n('\n', end));
        html
    }
}

/// Returns the name of the grammar for the first word of an info string.
fn grammar(language: &str) -> Option<&'static str> {
    Some(match language {
        "bash" | "sh" | "shell" | "zsh" | "ksh" | "console" | "shell-session" => "bash",
        "c" | "h" => "c",
        "css" => "css",
        "diff" | "patch" => "diff",
        "dockerfile" | "containerfile" | "docker" => "dockerfile",
        "go" | "golang" => "go",
        "html" | "xml" | "svg" => "html",
        "ini" | "conf" | "systemd" => "ini",
        "javascript" | "js" | "mjs" => "javascript",
        "json" | "jsonc" => "json",
        "python" | "py" | "python3" => "python",
        "rust" | "rs" => "rust",
        "toml" => "toml",
        "yaml" | "yml" => "yaml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text of HTML that has no attributes.
    fn text(html: &str) -> String {
        let tags = regex::Regex::new("<[^>]*>").unwrap();
        let text = tags.replace_all(html, "");
        ["&lt;<", "&gt;>", "&quot;\"", "&#39;'", "&amp;&"].iter().fold(text.into_owned(), |text, pair| {
            let (entity, character) = pair.split_at(pair.len() - 1);
            text.replace(entity, character)
        })
    }

    #[test]
    fn code_is_kept_to_the_letter() {
        let mut painter = Painter::new();
        let codes = [
            ("bash", "echo \"$HOME\" | grep -c '<&>' # done\n\n"),
            ("rust", "fn main() {\n    println!(\"{}\", 1 < 2);\n}\n"),
            ("json", "{\"a\": [1, null, \"<b>\"]}\n"),
            ("dockerfile", "FROM scratch\nCOPY a /b\n"),
            ("yaml", "a:\n  - b: 'c'\n\n\n"),
            ("text", "<plain> & 'simple'\n"),
            ("javascript", "x /*\n"),
        ];
        for (language, code) in codes {
            assert_eq!(text(&painter.paint(language, code)), code, "{language}");
        }
        assert!(painter.paint("bash", "echo hi\n").contains("<a-"), "bash has colours");
    }
}
