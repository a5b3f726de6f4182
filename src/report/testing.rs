//! What the tests of this room share.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::RunEvent;

use super::reporter::{Reporter, Writer};

/// A writer whose text can be read afterwards.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    pub(super) fn writer(&self) -> Writer {
        Box::new(self.clone())
    }

    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("reporters write UTF-8")
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Feeds events to a reporter and returns what it wrote.
pub(super) fn written<R: Reporter>(
    make: impl FnOnce(Writer) -> R,
    events: impl IntoIterator<Item = RunEvent>,
) -> String {
    let buffer = SharedBuffer::default();
    let mut reporter = Box::new(make(buffer.writer()));
    for event in events {
        reporter.event(&event).expect("a buffer can be written to");
    }
    reporter.finish().expect("a buffer can be written to");
    buffer.text()
}
