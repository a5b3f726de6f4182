//! Values as scripts have them.

use serde::Serialize;

use super::escape::each_special;

/// Returns a value as JSON that is safe in any script, also in one that stands within a page.
pub(super) fn script_value(value: &impl Serialize) -> String {
    let mut json = serde_json::to_string(value).expect("strings and numbers are JSON");
    // All of these can stand only within strings.
    for (character, code) in [('<', "\\u003c"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
        if json.contains(character) {
            json = json.replace(character, code);
        }
    }
    json
}

/// Adds a text to a script as [`script_value`] has it.
///
/// All text of a book comes by here: it is read once, and most of it is taken as it is.
pub(super) fn push_script_text(script: &mut String, text: &str) {
    // The first byte of U+2028 and U+2029 among others.
    const LINE_ENDS: u8 = 0xE2;
    let is_special =
        |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\') | (byte == b'<') | (byte == LINE_ENDS);
    script.push('"');
    let mut kept = 0;
    each_special(text, is_special, |at, byte| {
        let Some((code, length)) = escape(byte, &text.as_bytes()[at..]) else { return };
        script.push_str(&text[kept..at]);
        script.push_str(code);
        kept = at + length;
        if code == CONTROL {
            script.push(if byte < 16 { '0' } else { '1' });
            script.push(char::from_digit(u32::from(byte % 16), 16).expect("it is less than 16"));
        }
    });
    script.push_str(&text[kept..]);
    script.push('"');
}

/// How a control character is written that has no letter; two digits follow.
const CONTROL: &str = "\\u00";

/// Returns how a special character is written and how many bytes it has, by its first byte and the text from there.
fn escape(byte: u8, text: &[u8]) -> Option<(&'static str, usize)> {
    Some(match byte {
        b'\n' => ("\\n", 1),
        b'"' => ("\\\"", 1),
        b'\\' => ("\\\\", 1),
        b'<' => ("\\u003c", 1),
        b'\t' => ("\\t", 1),
        b'\r' => ("\\r", 1),
        8 => ("\\b", 1),
        12 => ("\\f", 1),
        0..32 => (CONTROL, 1),
        _ if text.starts_with("\u{2028}".as_bytes()) => ("\\u2028", 3),
        _ if text.starts_with("\u{2029}".as_bytes()) => ("\\u2029", 3),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_values_are() {
        let controls: String = (0..=0x9F_u8).map(char::from).collect();
        let texts = [controls.as_str(), "", "a</script><!-- \u{2028}x\u{2029}\"\\\u{0} é\u{2027}“”…"];
        for (text, blanks) in texts.iter().flat_map(|text| (0..40).map(move |blanks| (text, blanks))) {
            let text = format!("{}{text}", " ".repeat(blanks));
            let mut script = String::new();
            push_script_text(&mut script, &text);
            assert_eq!(script, script_value(&text));
        }
    }
}
