//! The terminal that progress is drawn on.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressDrawTarget, TermLike};

use super::reporter::Writer;

/// How often a second progress may be drawn.
const MOST_FRAMES: u8 = 20;

/// Columns that stay free at the end of a line: what a terminal writes when Ctrl-C is pressed, and the cursor.
const ECHO: u16 = 3;

/// Columns and lines of a terminal.
pub type Size = (u16, u16);

/// Returns what draws progress on a terminal; `size` is asked at every frame, since a window may change.
pub fn screen(writer: Writer, size: fn() -> Size) -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Screen { writer: Mutex::new(writer), size }), MOST_FRAMES)
}

/// A terminal whose last line is not filled up.
///
/// indicatif fills it to keep the cursor at the right edge. The `^C` that a terminal echoes there
/// goes to the next line, and the line above it is then never cleared.
struct Screen {
    writer: Mutex<Writer>,
    size: fn() -> Size,
}

impl Screen {
    fn write(&self, text: &str) -> io::Result<()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes())
    }

    /// Writes a control sequence that moves the cursor, unless it would not move.
    fn move_cursor(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.write(&format!("\u{1b}[{count}{direction}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        (self.size)().0.saturating_sub(ECHO).max(1)
    }

    fn height(&self) -> u16 {
        (self.size)().1
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(text)?;
        self.write("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_filler = !text.is_empty() && text.chars().all(|character| character == ' ');
        if is_filler { Ok(()) } else { self.write(text) }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Screen").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::SharedBuffer;

    #[test]
    fn cursor_stays_behind_the_words() {
        let buffer = SharedBuffer::default();
        let screen = Screen { writer: Mutex::new(buffer.writer()), size: || (20, 5) };
        assert_eq!((screen.width(), screen.height()), (17, 5));
        screen.write_str("words").expect("a buffer can be written to");
        screen.write_str("            ").expect("a buffer can be written to");
        screen.move_cursor_up(0).expect("a buffer can be written to");
        screen.clear_line().expect("a buffer can be written to");
        assert_eq!(buffer.text(), "words\r\u{1b}[2K");
    }
}
