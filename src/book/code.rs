//! Code that is shown and not run: labels, hidden lines, lines that are lit.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::escape::escaped;
use super::highlight::painted;
use super::settings::BookSettings;

/// A code block of a page.
pub(super) struct CodeBlock<'a> {
    /// What stands after the opening fence.
    pub(super) info: &'a str,
    pub(super) text: &'a str,
    /// Whether it says what a step is expected to print.
    pub(super) expected: bool,
    pub(super) settings: &'a BookSettings,
}

/// Returns a code block as HTML.
pub(super) fn code_block(block: &CodeBlock<'_>) -> String {
    let info = Info::of(block.info);
    let text = match info.is_completed(block.settings) {
        true => Cow::Owned(whole_program(block.text)),
        false => Cow::Borrowed(block.text),
    };
    let lines = if info.may_mark(block.settings) { lines(&text, &info, block.settings) } else { Vec::new() };
    let body = if lines.iter().any(|line| line.hidden || line.lit) {
        lines_html(&lines, info.language)
    } else if lines.iter().any(|line| matches!(line.text, Cow::Owned(_))) {
        painted(info.language, &lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>())
    } else {
        painted(info.language, &text)
    };
    let (label, name) = match (block.expected, info.language) {
        (true, _) => ("Expected output", "Expected output"),
        (false, language) => (language, "Code"),
    };
    let class = match info.language {
        "" => String::new(),
        language => format!(" class=\"{}\"", escaped(&classes(language, &info))),
    };
    [
        "<div class=\"codeblock\"><div class=\"label\" data-compare-skip><span>",
        &escaped(label),
        "</span>",
        if block.settings.copyable { COPY } else { "" },
        "</div><pre tabindex=\"0\" role=\"group\" aria-label=\"",
        name,
        "\"><code",
        &class,
        ">",
        &body,
        "</code></pre></div>\n",
    ]
    .concat()
}

/// The button that copies code.
pub(super) const COPY: &str = "<button type=\"button\" class=\"copy needs-script\">Copy</button>";

/// Returns the language of a code block and its text without what a reader is not meant to see.
pub(super) fn visible<'a>(info: &'a str, text: &str, settings: &BookSettings) -> (&'a str, String) {
    let info = Info::of(info);
    let lines = lines(text, &info, settings);
    let shown = lines.iter().filter(|line| !line.hidden);
    (info.language, shown.map(|line| format!("{}\n", line.text)).collect())
}

/// What an info string says: a language, and words after it.
struct Info<'a> {
    language: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Info<'a> {
    /// Reads an info string as mdBook does: words divided by commas and blanks.
    fn of(info: &'a str) -> Self {
        let mut words = info.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let language = words.next().unwrap_or_default();
        let is_attribute = language.starts_with(['{', '=']);
        Self { language: if is_attribute { "" } else { language }, words: words.collect() }
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// Returns what lines begin with that are hidden; Rust has a way of its own.
    fn hides(&self, settings: &'a BookSettings) -> Option<&'a str> {
        let own = self.words.iter().find_map(|word| word.strip_prefix("hidelines="));
        own.or_else(|| settings.hide_lines.get(self.language).map(String::as_str))
    }

    /// Returns whether some of its lines may be hidden or lit.
    fn may_mark(&self, settings: &'a BookSettings) -> bool {
        self.language == "rust" || !self.words.is_empty() || self.hides(settings).is_some()
    }

    /// Returns whether it is shown as a whole program: mdBook completes what readers can run and not edit.
    fn is_completed(&self, settings: &BookSettings) -> bool {
        let not_run = ["ignore", "noplayground", "noplaypen"].iter().any(|word| self.has(word));
        let runs = (settings.playground_runnable && !not_run) || self.has("mdbook-runnable");
        let edited = settings.playground_editable && self.has("editable");
        self.language == "rust" && runs && !edited
    }
}

/// Returns the classes of a block, for sheets and scripts of the book: the language and the words after it.
fn classes(language: &str, info: &Info<'_>) -> String {
    let is_class =
        |word: &&&str| word.chars().all(|letter| letter.is_alphanumeric() || "-_".contains(letter));
    let words = info.words.iter().take_while(|word| !word.starts_with('{'));
    let words = words.filter(is_class).copied();
    std::iter::once(format!("language-{language}"))
        .chain(words.map(str::to_owned))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns Rust code as a program, whose added lines are hidden.
fn whole_program(text: &str) -> String {
    if text.contains("fn main") || text.contains("quick_main!") {
        return text.to_owned();
    }
    let is_attribute =
        |line: &&str| line.trim().is_empty() || line.trim_start_matches([' ', '\t']).starts_with("#![");
    let lines = text.split_inclusive('\n').take_while(is_attribute);
    // Blank lines alone are no attributes.
    let split = match lines.clone().any(|line| !line.trim().is_empty()) {
        true => lines.map(str::len).sum(),
        false => 0,
    };
    let (attributes, code) = text.split_at(split);
    format!("# #![allow(unused)]\n{attributes}# fn main() {{\n{code}# }}\n")
}

/// A line of code, and how it is shown.
struct Line<'a> {
    text: Cow<'a, str>,
    hidden: bool,
    lit: bool,
}

fn lines<'a>(text: &'a str, info: &Info<'_>, settings: &BookSettings) -> Vec<Line<'a>> {
    let prefix = info.hides(settings);
    let lit = lit(info);
    let line = |(number, text): (usize, &'a str)| {
        let (hidden, text) = if info.language == "rust" { rust_line(text) } else { prefixed(text, prefix) };
        Line { text, hidden, lit: lit.iter().any(|range| range.contains(&(number + 1))) }
    };
    text.lines().enumerate().map(line).collect()
}

/// Rust hides lines that begin with `# `; `##` is a `#` that is shown. See rustdoc's "Hiding portions of the example".
fn rust_line(line: &str) -> (bool, Cow<'_, str>) {
    let indent = line.len() - line.trim_start().len();
    let (blanks, rest) = line.split_at(indent);
    match rest.strip_prefix('#') {
        Some("") => (true, Cow::Borrowed(blanks)),
        Some(code) if code.starts_with(' ') => (true, Cow::Owned(format!("{blanks}{}", &code[1..]))),
        Some(code) if code.starts_with('#') => (false, Cow::Owned(format!("{blanks}{code}"))),
        _ => (false, Cow::Borrowed(line)),
    }
}

fn prefixed<'a>(line: &'a str, prefix: Option<&str>) -> (bool, Cow<'a, str>) {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return (false, line.into()) };
    let indent = line.len() - line.trim_start().len();
    match line[indent..].strip_prefix(prefix) {
        Some(rest) => (true, format!("{}{rest}", &line[..indent]).into()),
        None => (false, line.into()),
    }
}

/// Returns the lines that `{2,5-7}` after the language lights, counted from 1.
fn lit(info: &Info<'_>) -> Vec<std::ops::RangeInclusive<usize>> {
    let words = info.words.join(",");
    let Some(list) = words.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(list, _)| list)
    else {
        return Vec::new();
    };
    let range = |part: &str| {
        let (start, end) = part.split_once('-').unwrap_or((part, part));
        Some(start.trim().parse().ok()?..=end.trim().parse().ok()?)
    };
    let ranges: Option<Vec<_>> = list.split(',').map(range).collect();
    ranges.unwrap_or_default()
}

/// Returns code as HTML of which some lines stand in elements of their own.
fn lines_html(lines: &[Line<'_>], language: &str) -> String {
    // A line by itself may be half of something: they are painted as what they are together.
    let texts: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
    let code = painted(language, &texts.join("\n"));
    let mut html = String::new();
    for (line, painted) in lines.iter().zip(code.split('\n')) {
        let class = match (line.hidden, line.lit) {
            (true, _) => "boring",
            (false, true) => "line lit",
            (false, false) => {
                html.push_str(painted);
                html.push('\n');
                continue;
            }
        };
        let _ = write!(html, "<span class=\"{class}\">{painted}\n</span>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(info: &str, text: &str, expected: &str) {
        let settings = BookSettings::default();
        let block = CodeBlock { info, text, expected: false, settings: &settings };
        let html = code_block(&block);
        let tags = regex::Regex::new("<a-[a-z]+>|</a-[a-z]+>").unwrap();
        let (_, code) = html.split_once("<code").unwrap();
        let (code, _) = code.split_once("</code>").unwrap();
        assert_eq!(tags.replace_all(code, ""), expected);
    }

    #[test]
    fn hidden_lines_are_marked() {
        check(
            "rust",
            "# use x;\nfn main() {}\n",
            " class=\"language-rust\"><span class=\"boring\">use x;\n</span>fn main() {}\n",
        );
        check(
            "python,hidelines=!",
            "!import x\nx()\n",
            " class=\"language-python\"><span class=\"boring\">import x\n</span>x()\n",
        );
        check("rust,ignore", "let a;\n", " class=\"language-rust ignore\">let a;\n");
        check(
            "rust,ignore",
            "## a\n  # b\n #\n#[c]\n",
            " class=\"language-rust ignore\"># a\n<span class=\"boring\">  b\n</span><span class=\"boring\"> \n</span>#[c]\n",
        );
        check("text {hide timeout=3s}", "a\n", " class=\"language-text\">a\n");
    }

    #[test]
    fn rust_becomes_a_program() {
        check(
            "rust",
            "let a = 1;\n",
            " class=\"language-rust\"><span class=\"boring\">#![allow(unused)]\n</span><span class=\"boring\">fn main() {\n</span>let a = 1;\n<span class=\"boring\">}\n</span>",
        );
        assert_eq!(
            whole_program("\n#![a]\n\nb\n"),
            "# #![allow(unused)]\n\n#![a]\n\n# fn main() {\nb\n# }\n"
        );
        assert_eq!(whole_program("\nb\n"), "# #![allow(unused)]\n# fn main() {\n\nb\n# }\n");
        let editable = BookSettings { playground_editable: true, ..BookSettings::default() };
        let not_runnable = BookSettings { playground_runnable: false, ..BookSettings::default() };
        assert!(Info::of("rust,editable").is_completed(&BookSettings::default()));
        assert!(!Info::of("rust,editable").is_completed(&editable));
        assert!(!Info::of("rust").is_completed(&not_runnable));
        assert!(Info::of("rust,mdbook-runnable").is_completed(&not_runnable));
    }

    #[test]
    fn lines_are_lit() {
        check("text {2}", "a\nb\nc\n", " class=\"language-text\">a\n<span class=\"line lit\">b\n</span>c\n");
        check("", "<b>\n", ">&lt;b&gt;\n");
    }
}
