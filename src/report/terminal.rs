//! Lines for people at a terminal, above the progress of what still runs.

use indicatif::ProgressDrawTarget;

use crate::event::RunEvent;

use super::error::ReportError;
use super::narrator::{Narrator, TextSettings};
use super::progress::Progress;
use super::reporter::{Reporter, Writer};

/// Writes the same lines as [`Plain`](super::Plain), and draws progress below them.
pub struct Terminal {
    narrator: Narrator,
    progress: Progress,
    writer: Writer,
}

impl Terminal {
    /// Makes the reporter. `writer` and `target` are the same terminal.
    pub fn new(settings: TextSettings, writer: Writer, target: ProgressDrawTarget) -> Self {
        let progress = Progress::new(target, settings.styles.symbols.spinner);
        Self { narrator: Narrator::new(settings), progress, writer }
    }
}

impl Reporter for Terminal {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        // A line must be gone before the words that replace it are written.
        self.progress.event(event);
        let text = self.narrator.event(event);
        if text.is_empty() {
            return Ok(());
        }
        let writer = &mut self.writer;
        Ok(self.progress.aside(|| writer.write_all(text.as_bytes()).and_then(|()| writer.flush()))?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        self.progress.clear();
        Ok(self.writer.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;
    use crate::report::{Plain, Styles, Verbosity};

    #[test]
    fn words_are_those_of_plain_lines() {
        let settings = TextSettings {
            styles: Styles::new(true, true),
            verbosity: Verbosity::Verbose,
            store: None,
            height: 24,
            gitlab_sections: false,
        };
        let record = samples::failed_record("tutorials/b.md");
        let plain = written(|writer| Plain::new(settings.clone(), writer), replay(&record));
        let hidden = ProgressDrawTarget::hidden;
        let terminal = written(|writer| Terminal::new(settings.clone(), writer, hidden()), replay(&record));
        assert!(!plain.is_empty());
        assert_eq!(terminal, plain);
    }
}
