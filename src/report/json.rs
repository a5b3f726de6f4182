//! Events as JSON, one in a line.

use crate::event::{EventKind, RunEvent};

use super::error::ReportError;
use super::reporter::{Reporter, Writer};

/// Writes each event as a line of JSON as soon as it happens, except for ticks.
pub struct JsonLines {
    writer: Writer,
}

impl JsonLines {
    /// Makes the reporter.
    pub fn new(writer: Writer) -> Self {
        Self { writer }
    }
}

impl Reporter for JsonLines {
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if event.kind == EventKind::Tick {
            return Ok(());
        }
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.writer.write_all(&line)?;
        Ok(self.writer.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ReportError> {
        Ok(self.writer.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{replay, samples};
    use crate::report::testing::written;

    #[test]
    fn lines_are_the_events() {
        let events: Vec<RunEvent> = replay(&samples::failed_record("b.md")).collect();
        let tick = RunEvent { kind: EventKind::Tick, ..events[0].clone() };
        let text = written(JsonLines::new, events.clone().into_iter().chain([tick]));
        let read = text.lines().map(|line| serde_json::from_str(line).expect("a line is an event"));
        assert_eq!(read.collect::<Vec<RunEvent>>(), events);
    }
}
