//! What a terminal would show of an output.

use std::borrow::Cow;

/// Returns the output as it reads: no CR before a line end, overwritten progress gone, and,
/// unless kept, no escape sequences.
///
/// Line breaks stay as many as they were, so that lines can be counted.
pub(super) fn shown(output: &str, keep_escapes: bool) -> Cow<'_, str> {
    let is_special = |byte: u8| byte == b'\r' || (byte == b'\x1b' && !keep_escapes);
    if !output.bytes().any(is_special) {
        return Cow::Borrowed(output);
    }
    let mut text = String::with_capacity(output.len());
    for line in output.split_inclusive('\n') {
        if line.bytes().any(is_special) {
            text.push_str(&Screen::default().shown(line, keep_escapes));
        } else {
            text.push_str(line);
        }
    }
    Cow::Owned(text)
}

/// Returns the lines of a text without what never counts: trailing blanks, CR, final empty lines.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.split('\n').map(trim_line).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// Returns a line without trailing blanks and CR.
pub(super) fn trim_line(line: &str) -> &str {
    line.trim_end_matches([' ', '\t', '\r'])
}

/// One line of a terminal, with its cursor.
#[derive(Default)]
struct Screen {
    cells: Vec<char>,
    cursor: usize,
}

impl Screen {
    /// Shows a line and returns what can be read at its end.
    fn shown(mut self, line: &str, keep_escapes: bool) -> String {
        let (line, line_end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            match c {
                '\x1b' if !keep_escapes => {
                    length = escape_length(rest);
                    self.escape(&rest[..length]);
                }
                '\r' => self.cursor = 0,
                _ => self.put(c),
            }
            rest = &rest[length..];
        }
        self.cells.into_iter().collect::<String>() + line_end
    }

    fn put(&mut self, c: char) {
        match self.cells.get_mut(self.cursor) {
            Some(cell) => *cell = c,
            None => self.cells.push(c),
        }
        self.cursor += 1;
    }

    /// Obeys the one kind of escape sequence that changes a line's text: erase in line.
    fn escape(&mut self, sequence: &str) {
        match sequence {
            "\x1b[K" | "\x1b[0K" => self.cells.truncate(self.cursor),
            "\x1b[2K" => {
                self.cells.truncate(self.cursor);
                self.cells.fill(' ');
            }
            _ => {}
        }
    }
}

/// Returns the length of the escape sequence that a text starts with.
///
/// The text is one line: an unfinished sequence cannot swallow the rest of an output.
fn escape_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let parameters = bytes[2..].iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
            let ends = bytes.get(2 + parameters).is_some_and(|byte| (0x40..0x7f).contains(byte));
            2 + parameters + usize::from(ends)
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string_length(text),
        Some(0x20..0x30) => 2 + usize::from(bytes.get(2).is_some_and(|byte| (0x30..0x7f).contains(byte))),
        Some(0x30..0x7f) => 2,
        _ => 1,
    }
}

/// How far the end of a sequence is looked for, in bytes. Terminals give up as well.
const LONGEST_SEQUENCE: usize = 4096;

/// Returns the length of a sequence that ends with BEL or `ESC \`, as window titles and links do.
fn string_length(text: &str) -> usize {
    let near = &text.as_bytes()[..text.len().min(LONGEST_SEQUENCE)];
    let bell = near.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
    let terminator = near.windows(2).position(|bytes| bytes == b"\x1b\\").map(|at| at + 2);
    bell.into_iter().chain(terminator).min().unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, expected: &str) {
        assert_eq!(shown(output, false), expected, "{output:?}");
    }

    #[test]
    fn escape_sequences_go_and_text_stays() {
        check("plain\n", "plain\n");
        check("\x1b[1;31mred\x1b[0m!\n\x1b(Bnext", "red!\nnext");
        check("\x1b]0;title\x07text", "text");
        check("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link");
        check("\x1b7saved\x1b8\x1b", "saved");
        check("\x1b]unfinished\nnext", "unfinished\nnext");
        check("\x1b[31\nnext", "\nnext");
        check("é\x1b[31mé\x1bé", "ééé");
    }

    #[test]
    fn progress_is_overwritten() {
        check("10%\r100%\nok\r\n", "100%\nok\n");
        check("abcdef\rXY", "XYcdef");
        check("Downloading\r\x1b[KDone\n", "Done\n");
        check("12%\r34%\r", "34%");
    }

    #[test]
    fn escapes_are_kept_when_asked() {
        assert_eq!(shown("\x1b[1mbold\x1b[0m\r\n", true), "\x1b[1mbold\x1b[0m\n");
    }

    #[test]
    fn blanks_and_final_newlines_do_not_count() {
        assert_eq!(lines("a \t\r\n\n b\r\n\r\n \n"), ["a", "", " b"]);
        assert!(lines("\n\n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_output_keeps_its_line_breaks(output in "(\\PC|[\\r\\n\\x1b\\x07\\[\\]m;0K\\\\])*") {
            let text = shown(&output, false);
            proptest::prop_assert!(!text.contains(['\r', '\x1b']));
            proptest::prop_assert_eq!(text.matches('\n').count(), output.matches('\n').count());
        }
    }
}
