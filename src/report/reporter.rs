//! Who listens to a run.

use std::io::Write;

use crate::event::RunEvent;

use super::error::ReportError;

/// Where a reporter writes.
pub type Writer = Box<dyn Write + Send>;

/// Listens to a run.
pub trait Reporter: Send {
    /// Takes one event.
    fn event(&mut self, event: &RunEvent) -> Result<(), ReportError>;

    /// Writes what can only be written at the end.
    fn finish(self: Box<Self>) -> Result<(), ReportError>;
}

/// Several reporters, each with a name for messages about it.
#[derive(Default)]
pub struct Reporters {
    listening: Vec<(String, Box<dyn Reporter>)>,
    failed: Vec<(String, ReportError)>,
}

impl Reporters {
    /// Adds a reporter.
    pub fn add(&mut self, name: impl Into<String>, reporter: impl Reporter + 'static) {
        self.listening.push((name.into(), Box::new(reporter)));
    }

    /// Hands an event to everyone who still listens.
    pub fn event(&mut self, event: &RunEvent) {
        let failed = &mut self.failed;
        self.listening.retain_mut(|(name, reporter)| match reporter.event(event) {
            Ok(()) => true,
            Err(error) => {
                failed.push((std::mem::take(name), error));
                false
            }
        });
    }

    /// Lets everyone finish; returns who failed, and how.
    pub fn finish(mut self) -> Vec<(String, ReportError)> {
        for (name, reporter) in self.listening {
            if let Err(error) = reporter.finish() {
                self.failed.push((name, error));
            }
        }
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::record::{replay, samples};
    use crate::report::JsonLines;
    use crate::report::testing::SharedBuffer;

    /// A disk that is full after some bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn one_that_fails_is_dropped_and_remembered() {
        let buffer = SharedBuffer::default();
        let mut reporters = Reporters::default();
        reporters.add("full", JsonLines::new(Box::new(Full(300))));
        reporters.add("whole", JsonLines::new(buffer.writer()));
        let events: Vec<RunEvent> = replay(&samples::record()).collect();
        events.iter().for_each(|event| reporters.event(event));
        let failed: Vec<String> = reporters.finish().into_iter().map(|(name, _)| name).collect();
        assert_eq!(failed, ["full"]);
        assert_eq!(buffer.text().lines().count(), events.len());
    }
}
