//! Text becomes HTML.

/// Adds a text to HTML, with every character that means something there escaped, in content and in attributes.
pub(super) fn push_escaped(html: &mut String, text: &str) {
    let mut kept = 0;
    // All of these are one byte, and a byte like one is no part of another character.
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        html.push_str(&text[kept..at]);
        html.push_str(entity);
        kept = at + 1;
    }
    html.push_str(&text[kept..]);
}

/// Returns a text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    push_escaped(&mut html, text);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("a<b> & \"c\" 'd' ä"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; ä");
    }
}
