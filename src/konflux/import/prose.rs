//! Texts of an object as text of a page.

/// Returns a description as Markdown, if reading it back gives the same.
///
/// Descriptions are Markdown to most who write them. What would make another page of it, such as a heading or a
/// code block, is shown as code instead.
pub(super) fn write(text: &str) -> Option<String> {
    let text = text.trim_end_matches('\n');
    let fits = !text.is_empty()
        && text.trim() == text
        && !text.contains(|letter: char| letter.is_control() && letter != '\n')
        && !text.contains("\\<")
        && !text.contains("<!--")
        && text.lines().all(is_prose);
    fits.then(|| escaped(text)).filter(|written| read(written) == text)
}

/// Reads what [`write()`] wrote.
pub(super) fn read(written: &str) -> String {
    written.replace("\r\n", "\n").replace("\\<", "<").trim_matches('\n').to_owned()
}

/// Returns whether a line leaves the page as it is.
fn is_prose(line: &str) -> bool {
    let begins = line.trim_start();
    let is_rule = !begins.is_empty()
        && ["-", "=", "*", "_"].iter().any(|mark| begins.trim_end().replace(mark, "").trim().is_empty());
    let indented = line.starts_with('\t') || line.starts_with("    ");
    !is_rule
        && !indented
        && !begins.starts_with(['#', '|'])
        && !["```", "~~~"].iter().any(|fence| begins.starts_with(fence))
}

/// Keeps what looks like a tag from being one: `<name>` is a word to who wrote it.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let rest = &text[at + letter.len_utf8()..];
        let is_tag = letter == '<'
            && rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next))
            && !rest.starts_with("http");
        if is_tag {
            written.push('\\');
        }
        written.push(letter);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_text_is_read_back() {
        for text in ["One.", "One\ntwo <name> and <https://a.b>.\n\n- a\n- b", "A `code` *b* _c_"] {
            assert_eq!(write(text).map(|written| read(&written)).as_deref(), Some(text));
        }
        for text in ["", "# A", "a\n---\nb", "a\n\n```\nb\n```", "<!-- x", " a", "a\r\nb", "a\n\n    b"] {
            assert_eq!(write(text), None, "{text}");
        }
    }
}
