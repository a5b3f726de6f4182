//! What a terminal shows of bytes: the text without control characters and sequences.

use super::view::Piece;

/// Reads a stream and passes on what is shown.
#[derive(Debug, Default)]
pub(super) struct Controls {
    at: At,
    /// The beginning of a character that may be a control character.
    lead: Vec<Piece>,
}

/// Where in a control sequence a stream is (ECMA-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and a blank or punctuation.
    Intermediate,
    /// In a control sequence.
    Sequence,
    /// In a string, a window title for example; it ends with its line at the latest.
    String,
    /// After ESC in a string.
    StringEscape,
    /// After the first byte of a control character in a string.
    StringLead,
}

impl Controls {
    /// Returns whether what comes next is shown as it is.
    pub(super) fn in_text(&self) -> bool {
        self.at == At::Text && self.lead.is_empty()
    }

    /// Returns where the bytes begin that it holds back.
    pub(super) fn held(&self) -> Option<u64> {
        self.lead.first().map(|piece| piece.start)
    }

    /// Returns whether a byte of text may be part of something that is not shown.
    pub(super) fn is_special(byte: u8) -> bool {
        matches!(byte, 0x00..=0x08 | 0x0b..=0x1f | 0x7f | 0xc2 | 0xe2)
    }

    /// Takes a byte, gives what is shown by now.
    pub(super) fn take(&mut self, piece: Piece, shown: &mut Vec<Piece>) {
        let byte = piece.byte;
        let next = match (self.at, byte) {
            (At::Text, _) => return self.text(piece, shown),
            (At::Escape, b'[') => At::Sequence,
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::String,
            (At::Escape | At::Intermediate, 0x20..0x30) => At::Intermediate,
            (At::Escape | At::Intermediate, 0x30..0x7f) => At::Text,
            (At::Sequence, 0x20..0x40) => At::Sequence,
            (At::Sequence, 0x40..0x7f) => At::Text,
            (At::String, 0x07) | (At::StringEscape, b'\\') | (At::StringLead, 0x9c) => At::Text,
            (At::String | At::StringLead, 0x1b) => At::StringEscape,
            (At::String | At::StringLead, 0xc2) => At::StringLead,
            (At::StringLead, 0x07) => At::Text,
            (At::String | At::StringLead, _) if byte != b'\n' => At::String,
            // Not a sequence after all, or a string that nobody ended.
            _ => {
                self.at = At::Text;
                return self.text(piece, shown);
            }
        };
        self.at = next;
    }

    fn text(&mut self, piece: Piece, shown: &mut Vec<Piece>) {
        self.lead.push(piece);
        let lead: Vec<u8> = self.lead.iter().map(|piece| piece.byte).collect();
        match lead.as_slice() {
            [0x1b] => self.control(At::Escape),
            [0xc2] | [0xe2] | [0xe2, 0x80 | 0x81] => {}
            [0xc2, 0x9b] => self.control(At::Sequence),
            [0xc2, 0x90 | 0x98 | 0x9d..=0x9f] => self.control(At::String),
            // Characters that show a line in another order than it has.
            [0xc2, 0x80..=0x9f] | [0xe2, 0x80, 0xaa..=0xae] | [0xe2, 0x81, 0xa6..=0xa9] => {
                self.control(At::Text)
            }
            [b'\t' | b'\n'] => shown.append(&mut self.lead),
            [0x00..=0x1f | 0x7f] => self.control(At::Text),
            [_] => shown.append(&mut self.lead),
            // No control character: its bytes are text, the last one may begin another.
            _ => {
                self.lead.pop();
                shown.append(&mut self.lead);
                self.text(piece, shown);
            }
        }
    }

    fn control(&mut self, next: At) {
        self.lead.clear();
        self.at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (mut controls, mut shown) = (Controls::default(), Vec::new());
        for (byte, start) in text.bytes().zip(0..) {
            controls.take(Piece { byte, start, end: start + 1 }, &mut shown);
        }
        let shown: Vec<u8> = shown.iter().map(|piece| piece.byte).collect();
        assert_eq!(String::from_utf8_lossy(&shown), expected, "{text:?}");
    }

    #[test]
    fn what_is_shown_is_the_text_without_controls() {
        check("a\u{1b}[01;31m\u{1b}[Kb\u{1b}[m\u{1b}[Kc", "abc");
        check("a\u{0}\u{7}\u{8}\u{7f}b\u{85}c\r\n\td", "abc\n\td");
        check("a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c\u{9d}x\u{9c}d", "abcd");
        check("a\u{1b}(Bb\u{1b}7c\u{9b}1md", "abcd");
        check("a\u{1b}]never ended\nb", "a\nb");
        check("a\u{202e}b\u{2066}c", "abc");
        check("ä ✓ “漢字” Â£\u{2028}", "ä ✓ “漢字” Â£\u{2028}");
    }
}
