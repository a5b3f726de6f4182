//! Blocks whose text is shown as it is.

use std::fmt::Write as _;

use super::literal::{Standing, literal};

/// Returns a delimiter for a text: longer than any line of it that looks like one.
pub(super) fn delimiter(mark: char, text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let alike = lines.filter(|line| line.chars().all(|letter| letter == mark));
    let longest = alike.map(|line| line.chars().count()).max().unwrap_or_default();
    mark.to_string().repeat((longest + 1).max(4))
}

/// Returns code, or what a program printed.
pub(super) fn listing(language: &str, text: &str) -> String {
    let name = |letter: &char| letter.is_ascii_alphanumeric() || "_-+.".contains(*letter);
    let language: String = language.chars().filter(name).collect();
    let mut attributes = Vec::new();
    if !language.is_empty() {
        attributes.extend(["source".to_owned(), language]);
    }
    let text = without_controls(text);
    let body = match (needs_references(&text), has_callout(&text)) {
        (true, _) => {
            attributes.push("subs=\"specialchars,replacements\"".to_owned());
            literal(&text, Standing::Running)
        }
        (false, true) => {
            attributes.push("subs=specialchars".to_owned());
            verbatim(&text)
        }
        (false, false) => verbatim(&text),
    };
    let mut block = String::new();
    if !attributes.is_empty() {
        let _ = writeln!(block, "[{}]", attributes.join(","));
    }
    let fence = delimiter('-', &body);
    let _ = write!(block, "{fence}\n{}\n{fence}", body.trim_end_matches('\n'));
    block
}

/// Returns a block that reaches the page untouched.
pub(super) fn passthrough(html: &str) -> String {
    let html = verbatim(html.trim_end());
    let fence = delimiter('+', &html);
    format!("{fence}\n{html}\n{fence}")
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// Directives are followed even here, unless a backslash stands before them.
fn verbatim(text: &str) -> String {
    let lines =
        text.split('\n').map(|line| if is_directive(line) { format!("\\{line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_directive(line: &str) -> bool {
    ["include::", "ifdef::", "ifndef::", "ifeval::", "endif::"].iter().any(|name| line.starts_with(name))
        && line.trim_end().ends_with(']')
}

/// A directive that has a backslash already would lose it.
fn needs_references(text: &str) -> bool {
    text.lines().any(|line| line.strip_prefix('\\').is_some_and(is_directive))
}

/// Returns whether a line ends in what would be a number for a callout: `<1>`.
fn has_callout(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_end();
        let Some((_, mark)) = line.strip_suffix('>').and_then(|line| line.rsplit_once('<')) else {
            return false;
        };
        let mark = mark.trim_start_matches('!').trim_matches('-');
        mark == "." || (!mark.is_empty() && mark.chars().all(|letter| letter.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: &str, text: &str, expected: &str) {
        assert_eq!(listing(language, text), expected);
    }

    #[test]
    fn no_line_ends_a_listing() {
        check("bash", "ls\n", "[source,bash]\n----\nls\n----");
        check("", "a\n----\nb\n------  \n", "-------\na\n----\nb\n------  \n-------");
        check("b]a\"d", "x", "[source,bad]\n----\nx\n----");
    }

    #[test]
    fn no_line_is_a_directive_or_a_callout() {
        check("", "include::/etc/passwd[]\n", "----\n\\include::/etc/passwd[]\n----");
        check("c", "x; // <1>\n", "[source,c,subs=specialchars]\n----\nx; // <1>\n----");
        check(
            "",
            "\\endif::[]\n*\n",
            "[subs=\"specialchars,replacements\"]\n----\n&#92;endif&#58;&#58;&#91;&#93;\n&#42;\n----",
        );
    }
}
