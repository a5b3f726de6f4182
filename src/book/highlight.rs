//! Code becomes coloured HTML when the book is built; light and dark share the markup.
//!
//! Grammars and what they colour are arborium's. Its own highlighter makes the same of them, with a walk
//! more for each block and a string for each word: a book has thousands of blocks.

mod grammar;
mod spans;

use std::collections::HashMap;
use std::fmt::Write as _;

use arborium::tree_sitter::{Parser, QueryCursor};

use self::grammar::Grammar;
use self::spans::{Span, html};
use super::escape::escaped;

/// Above this many bytes code is not worth its colours.
const LONGEST: usize = 256 * 1024;

/// How many bytes of code and HTML a painter remembers.
const REMEMBERED: usize = 4 * 1024 * 1024;

/// How deep code in other code is coloured: scripts in pages, and what they hold.
const DEEPEST: usize = 4;

/// Colours code, and remembers what it did: books repeat their blocks.
pub(super) struct Painter {
    parser: Parser,
    cursor: QueryCursor,
    /// What each grammar made of code.
    known: HashMap<&'static str, HashMap<String, String>>,
    /// Bytes that are remembered.
    remembered: usize,
}

impl Painter {
    /// Returns a painter; each thread has its own.
    pub(super) fn new() -> Self {
        Self { parser: Parser::new(), cursor: QueryCursor::new(), known: HashMap::new(), remembered: 0 }
    }

    /// Returns code as HTML, coloured where its language is known. Its text is the code, to the letter.
    pub(super) fn paint(&mut self, language: &str, code: &str) -> String {
        let Some(name) = grammar(language).filter(|_| code.len() <= LONGEST) else { return escaped(code) };
        if let Some(html) = self.known.get(name).and_then(|known| known.get(code)) {
            return html.clone();
        }
        let html = self.coloured(name, code);
        self.remembered += code.len() + html.len();
        if self.remembered <= REMEMBERED {
            self.known.entry(name).or_default().insert(code.to_owned(), html.clone());
        }
        html
    }

    /// Returns lines as HTML, coloured as what they are together: a line by itself may be half of something.
    pub(super) fn paint_lines(&mut self, language: &str, lines: &[&str]) -> Vec<String> {
        let mut open = "";
        let html = self.paint(language, &lines.join("\n"));
        html.split('\n').map(|line| whole_line(line, &mut open)).collect()
    }

    fn coloured(&mut self, name: &'static str, code: &str) -> String {
        let mut spans = Vec::new();
        self.spans(name, code, 0, DEEPEST, &mut spans);
        html(code, spans)
    }

    /// Adds what is coloured in code that stands at an offset, and in the code in other languages in it.
    fn spans(&mut self, name: &str, code: &str, offset: usize, depth: usize, spans: &mut Vec<Span>) {
        let Some(grammar) = Grammar::named(name).filter(|_| depth > 0) else { return };
        let inner = grammar.read(code, offset, &mut self.parser, &mut self.cursor, spans);
        for (language, range) in inner {
            self.spans(&language, &code[range.clone()], offset + range.start, depth - 1, spans);
        }
    }
}

/// Returns a line of painted code with elements of its own; `open` is the one that goes on from line to line.
fn whole_line<'a>(line: &'a str, open: &mut &'a str) -> String {
    let before = *open;
    if let Some((_, tag)) = line.rsplit_once('<') {
        let name = tag.split_once('>').map_or("", |(name, _)| name);
        *open = if name.starts_with('/') { "" } else { name };
    }
    let mut whole = String::new();
    if !before.is_empty() {
        let _ = write!(whole, "<{before}>");
    }
    whole.push_str(line);
    if !open.is_empty() {
        let _ = write!(whole, "</{open}>");
    }
    // What begins at the end of a line, or ends where one begins, has nothing on it.
    [before, *open].iter().fold(whole, |whole, name| whole.replace(&format!("<{name}></{name}>"), ""))
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

    /// Returns what arborium's own highlighter makes of code, with the line ends that it drops.
    fn by_arborium(language: &str, code: &str) -> String {
        let html = arborium::Highlighter::new().highlight(language, code).unwrap();
        let text = code.trim_end_matches('\n');
        html.trim_end_matches('\n').to_owned() + &code[text.len()..]
    }

    #[test]
    fn colours_are_those_of_arborium() {
        let mut painter = Painter::new();
        let codes = [
            ("bash", "set -e; for i in $(seq 1 9); do echo \"$i\" >a; done # all\ncat <<E\n$x\nE\n"),
            ("dockerfile", "FROM a:1\nRUN dnf -y install b && dnf clean all\nLABEL a=\"b\"\n"),
            ("html", "<style>a { color: red }</style><script>let a = css`b {}`; // c\n</script>\n"),
            ("json", "{\"a\": [1, null, \"\\n\"]}"),
            ("python", "def f(a: int) -> str:\n    return f\"{a}\"\n"),
            ("yaml", "a:\n  - &b 'c'\n  - d: 1\n"),
            ("rust", "/// D\nfn a<T: B>(x: &'static str) -> Vec<T> { x.b::<C>(1)?; vec![D(1), e::f()] }\n"),
            ("rust", "println!(\"{}\\n\", x); assert_eq!(a(b), c.d, \"e\"); panic!(); m![self, 1]\n"),
            ("rust", "macro_rules! m { ($a:expr) => { $a.b(C) } } f!(a b); g!{\"x\"} h!(Ab, 'c')\n"),
            ("rust", "fn half(x: &str"),
        ];
        for (language, code) in codes {
            assert_eq!(painter.paint(language, code), by_arborium(language, code), "{code}");
        }
    }

    #[test]
    fn lines_are_parts_of_what_they_are_together() {
        let painted = Painter::new().paint_lines("rust", &["let a = \"b", "", "c\"; /*", "d */"]);
        assert_eq!(
            painted,
            [
                "<a-k>let</a-k> a = <a-s>&quot;b</a-s>",
                "",
                "<a-s>c&quot;</a-s><a-p>;</a-p> <a-c>/*</a-c>",
                "<a-c>d */</a-c>"
            ]
        );
        assert_eq!(Painter::new().paint_lines("text", &["<", ""]), ["&lt;", ""]);
    }
}
