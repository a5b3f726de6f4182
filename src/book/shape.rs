//! States as a word and a shape: neither is ever told by colour alone.

/// What is known about a step or a tutorial, as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// It failed.
    Failed,
    /// It changed since it was run.
    Stale,
    /// It was never run.
    NeverRun,
    /// It was left out.
    Skipped,
    /// It ran, and nothing was expected of it.
    Ran,
    /// It ran, and an expectation held.
    Verified,
}

impl Shown {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::NeverRun => "never run",
            Self::Skipped => "skipped",
            Self::Ran => "ran without check",
            Self::Verified => "verified",
        }
    }

    /// Returns its class in the sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Failed => "is-failed",
            Self::Stale => "is-stale",
            Self::NeverRun => "is-never",
            Self::Skipped => "is-skipped",
            Self::Ran => "is-ran",
            Self::Verified => "is-verified",
        }
    }

    /// Returns its shape, 16 by 16, without a size of its own.
    pub(super) fn drawing(self) -> &'static str {
        match self {
            Self::Verified => {
                "<circle cx=\"8\" cy=\"8\" r=\"7\" fill=\"currentColor\" opacity=\".18\"/><path d=\"M4.5 8.3l2.3 2.3 4.7-5\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
            }
            Self::Ran => {
                "<circle cx=\"8\" cy=\"8\" r=\"6.2\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/><path d=\"M6.5 5l4.5 3-4.5 3z\" fill=\"currentColor\"/>"
            }
            Self::Failed => {
                "<path d=\"M8 1l7 7-7 7-7-7z\" fill=\"currentColor\" opacity=\".18\"/><path d=\"M5.5 5.5l5 5m0-5l-5 5\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\"/>"
            }
            Self::Stale => {
                "<path d=\"M8 1.5L15 14H1z\" fill=\"currentColor\" opacity=\".18\"/><path d=\"M8 6v4m0 1.6v.4\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\"/>"
            }
            Self::Skipped | Self::NeverRun => {
                "<circle cx=\"8\" cy=\"8\" r=\"6.2\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"2.5 2.2\"/><path d=\"M5 8h6\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\"/>"
            }
        }
    }

    /// Returns a sign of one character for it, where nothing can be drawn; its word stands beside it.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Failed => '✗',
            Self::Stale => '△',
            Self::NeverRun => '○',
            Self::Skipped => '–',
            Self::Ran => '▸',
            Self::Verified => '✓',
        }
    }

    /// Returns the shape beside words that say the same.
    pub(super) fn icon(self) -> String {
        format!(
            "<svg class=\"shape {}\" width=\"16\" height=\"16\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">{}</svg>",
            self.class(),
            self.drawing()
        )
    }

    /// Returns the shape alone, with its word for who cannot see it.
    pub(super) fn icon_with_name(self) -> String {
        format!("{}<span class=\"hidden-text\">({})</span>", self.icon(), self.word())
    }

    /// Returns shape and word as a badge.
    pub(super) fn badge(self) -> String {
        format!("<span class=\"state {}\">{}{}</span>", self.class(), self.icon(), self.word())
    }
}
