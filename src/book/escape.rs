//! Text becomes HTML.

/// Bytes of a text that are looked at together.
const BLOCK: usize = 16;

/// Calls back with each byte of a text that is special, and its place.
///
/// Few are. A block without any is passed over as a whole, which needs no step for each of its bytes.
pub(super) fn each_special(text: &str, is_special: impl Fn(u8) -> bool, mut visit: impl FnMut(usize, u8)) {
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
    let mut bytes = |start: usize, bytes: &[u8]| {
        let special = bytes.iter().enumerate().filter(|(_, byte)| is_special(**byte));
        special.for_each(|(at, byte)| visit(start + at, *byte));
    };
    for (number, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |found, byte| found | is_special(*byte)) {
            bytes(number * BLOCK, block);
        }
    }
    bytes(blocks.len() * BLOCK, rest);
}

/// Gives the pieces of a text as HTML to a function, with every character that means something there escaped,
/// in content and in attributes.
pub(super) fn each_escaped<'t>(text: &'t str, mut push: impl FnMut(&'t str)) {
    let mut kept = 0;
    // All of these are one byte, and a byte like one is no part of another character. They are compared one by
    // one, without a branch: so blocks are compared as a whole.
    let is_markup =
        |byte: u8| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == b'\'');
    each_special(text, is_markup, |at, byte| {
        push(&text[kept..at]);
        push(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        kept = at + 1;
    });
    push(&text[kept..]);
}

/// Adds a text to HTML, escaped.
pub(super) fn push_escaped(html: &mut String, text: &str) {
    each_escaped(text, |piece| html.push_str(piece));
}

/// Returns a text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    push_escaped(&mut html, text);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("a<b> & \"c\" 'd' ä"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; ä");
        for blanks in 0..70 {
            let blanks = " ".repeat(blanks);
            assert_eq!(escaped(&format!("{blanks}ä<{blanks}>")), format!("{blanks}ä&lt;{blanks}&gt;"));
        }
    }
}
