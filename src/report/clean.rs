//! Makes text from outside safe to show.

use std::iter::Peekable;
use std::str::Chars;

/// What begins every control sequence.
pub(super) const ESCAPE: char = '\u{1b}';
/// Ends all colours.
pub(super) const RESET: &str = "\u{1b}[0m";

/// Returns a text without control characters and control sequences.
///
/// Newlines and tabs stay; a carriage return, with which programs repaint a line, becomes
/// a newline. With `colour`, sequences that choose colours stay too, and each line that has one ends
/// with a reset, so that a colour never leaks into what follows.
pub fn clean(text: &str, colour: bool) -> String {
    let mut cleaner = Cleaner { kept: String::with_capacity(text.len()), coloured: false };
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ESCAPE => cleaner.escape(&mut rest, colour),
            '\u{9b}' => cleaner.sequence(&mut rest, colour),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' => cleaner.end_line(),
            '\t' => cleaner.kept.push('\t'),
            _ if character.is_control() || is_reordering(character) => {}
            _ => cleaner.kept.push(character),
        }
    }
    cleaner.reset();
    cleaner.kept
}

struct Cleaner {
    kept: String,
    coloured: bool,
}

impl Cleaner {
    fn escape(&mut self, rest: &mut Peekable<Chars<'_>>, colour: bool) {
        match rest.peek() {
            Some('[') => {
                rest.next();
                self.sequence(rest, colour);
            }
            Some(']' | 'P' | 'X' | '^' | '_') => skip_string(rest),
            Some(' '..='/') => {
                while rest.next_if(|character| (' '..='/').contains(character)).is_some() {}
                rest.next_if(|character| ('0'..='~').contains(character));
            }
            _ => {
                rest.next_if(|character| ('0'..='~').contains(character));
            }
        }
    }

    /// Takes a control sequence after its introducer; keeps it if it chooses a colour.
    fn sequence(&mut self, rest: &mut Peekable<Chars<'_>>, colour: bool) {
        let mut parameters = String::new();
        while let Some(character) = rest.next_if(|character| (' '..='?').contains(character)) {
            parameters.push(character);
        }
        let end = rest.next_if(|character| ('@'..='~').contains(character));
        let plain = parameters.chars().all(|character| matches!(character, '0'..=';'));
        if colour && plain && end == Some('m') {
            self.kept.push_str(&format!("{ESCAPE}[{parameters}m"));
            self.coloured = true;
        }
    }

    fn end_line(&mut self) {
        self.reset();
        self.kept.push('\n');
    }

    fn reset(&mut self) {
        if std::mem::take(&mut self.coloured) {
            self.kept.push_str(RESET);
        }
    }
}

/// Skips an operating system command or the like, up to BEL or the string terminator, at most to the end of its line.
fn skip_string(rest: &mut Peekable<Chars<'_>>) {
    while let Some(character) = rest.next_if(|character| *character != '\n') {
        match character {
            '\u{7}' | '\u{9c}' => return,
            ESCAPE => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

/// Characters that show a line in another order than it has.
fn is_reordering(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, plain: &str, coloured: &str) {
        assert_eq!([clean(text, false), clean(text, true)], [plain, coloured]);
    }

    #[test]
    fn colours_stay_only_where_they_are_wanted() {
        check("\u{1b}[31mred\u{1b}[0m", "red", "\u{1b}[31mred\u{1b}[0m\u{1b}[0m");
        check("\u{1b}[1;31mred\nnext", "red\nnext", "\u{1b}[1;31mred\u{1b}[0m\nnext");
        check("\u{9b}32mgreen", "green", "\u{1b}[32mgreen\u{1b}[0m");
    }

    #[test]
    fn everything_else_goes() {
        let same = |text, expected| check(text, expected, expected);
        same("a\u{1b}[2J\u{1b}[Hb", "ab");
        same("a\u{1b}[?25lb\u{1b}[>4;2mc", "abc");
        same("a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c", "abc");
        same("a\u{1b}(Bb\u{1b}7c\u{1b}", "abc");
        same("a\u{1b}Pq#0\u{1b}\\b", "ab");
        same("a\u{0}\u{8}\u{7f}\u{85}b\tc", "ab\tc");
        same("10%\r20%\r\ndone\n", "10%\n20%\ndone\n");
        same("\u{202e}evil", "evil");
        same("a\u{1b}]never closed\nb", "a\nb");
        same("ä ✓ 漢字", "ä ✓ 漢字");
    }

    proptest! {
        #[test]
        fn nothing_but_newlines_and_tabs_is_left(text in "[\u{0}-\u{ff}]{0,40}") {
            let left = clean(&text, false);
            prop_assert!(!left.chars().any(|character| character.is_control() && !"\n\t".contains(character)));
            prop_assert_eq!(clean(&left, false), left);
        }
    }
}
