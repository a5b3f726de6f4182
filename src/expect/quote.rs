//! Texts of any size, quoted inside a one-line message.

/// The most characters of a text that a message shows.
const LONGEST: usize = 80;

/// Returns the first line of a text in double quotes, cut where it is long.
pub(super) fn quote(text: &str) -> String {
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    let visible = first.replace('\t', "\\t");
    let shown: String = visible.chars().take(LONGEST).filter(|c| !c.is_control()).collect();
    let is_cut = lines.next().is_some() || first.chars().nth(LONGEST).is_some();
    if is_cut { format!("\"{shown}…\"") } else { format!("\"{shown}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(quote("a \"b\"\0"), "\"a \"b\"\"");
        assert_eq!(quote("a\tb"), "\"a\\tb\"");
        assert_eq!(quote("one\ntwo"), "\"one…\"");
        assert_eq!(quote(&"é".repeat(99)), format!("\"{}…\"", "é".repeat(80)));
    }
}
