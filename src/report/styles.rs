//! Colours and symbols. Neither carries meaning alone: a word stands beside them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// How text for people looks.
#[derive(Debug, Clone, Copy)]
pub struct Styles {
    /// Whether there are colours at all.
    pub coloured: bool,
    /// What went well.
    pub pass: Style,
    /// What went wrong.
    pub fail: Style,
    /// What needs attention.
    pub warn: Style,
    /// Names and headings.
    pub strong: Style,
    /// What is read last.
    pub quiet: Style,
    /// The signs before lines.
    pub(super) symbols: Symbols,
}

/// The signs before lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbols {
    pub(super) pass: &'static str,
    pub(super) fail: &'static str,
    pub(super) warn: &'static str,
    pub(super) skip: &'static str,
    pub(super) missing: &'static str,
    pub(super) bar: &'static str,
    pub(super) step: &'static str,
    pub(super) spinner: &'static [&'static str],
}

const UNICODE: Symbols = Symbols {
    pass: "✓",
    fail: "✗",
    warn: "!",
    skip: "–",
    missing: "−",
    bar: "│",
    step: "▸",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
};

const ASCII: Symbols = Symbols {
    pass: "+",
    fail: "x",
    warn: "!",
    skip: "-",
    missing: "-",
    bar: "|",
    step: ">",
    spinner: &["|", "/", "-", "\\"],
};

impl Styles {
    /// Chooses colours, and symbols beyond ASCII.
    pub fn new(coloured: bool, unicode: bool) -> Self {
        let symbols = if unicode { UNICODE } else { ASCII };
        let colour = |colour: AnsiColor| if coloured { colour.on_default() } else { Style::new() };
        Self {
            coloured,
            pass: colour(AnsiColor::Green),
            fail: colour(AnsiColor::Red),
            warn: colour(AnsiColor::Yellow),
            strong: if coloured { Style::new().bold() } else { Style::new() },
            quiet: if coloured { Style::new().dimmed() } else { Style::new() },
            symbols,
        }
    }
}

/// Returns the last line of a command: a sign whether all is well, and what came of it.
pub fn closing_line(styles: &Styles, good: bool, text: &str) -> String {
    let (style, symbol) =
        if good { (styles.pass, styles.symbols.pass) } else { (styles.fail, styles.symbols.fail) };
    paint(style, format!("{symbol} {text}"))
}

/// Returns a text in a style.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    let text = text.to_string();
    if text.is_empty() { text } else { format!("{style}{text}{style:#}") }
}
