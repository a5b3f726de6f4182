//! One line at the bottom of a terminal that counts.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::progress::line_bar;

/// What is over sooner is not worth a line that flickers.
const PATIENCE: Duration = Duration::from_millis(250);

/// Shows how far something has come, and leaves nothing behind.
#[derive(Debug)]
pub struct Counter {
    bar: ProgressBar,
    began: Instant,
}

impl Counter {
    /// Makes a line that is not shown yet.
    pub fn new(target: ProgressDrawTarget) -> Self {
        let bar = line_bar();
        bar.set_draw_target(target);
        Self { bar, began: Instant::now() }
    }

    /// Shows a line, cut to the terminal's width.
    pub fn show(&self, line: String) {
        if self.began.elapsed() >= PATIENCE {
            self.bar.set_message(line);
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
