//! The log of a step, line by line, whatever happens to the connection.

use std::pin::pin;
use std::time::Duration;

use futures_util::io::{AsyncBufRead, AsyncBufReadExt as _};
use k8s_openapi::jiff::Timestamp;
use kube::api::LogParams;
use tokio::sync::{mpsc, watch};

use super::api::Cluster;
use super::error::ClusterError;
use crate::plan::StepIndex;

/// The wait before a log is asked for again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often the rest of a log is asked for once its container has ended.
const LAST_TRIES: u32 = 5;

/// What a log's reader tells.
#[derive(Debug)]
pub(super) enum LogMessage {
    /// A line, or the end of one; with its newline where it has one.
    Text(StepIndex, Vec<u8>),
    /// Nothing more comes; the text says why where something is missing.
    End(StepIndex, Option<String>),
}

/// Which log, and where its lines go.
pub(super) struct LogReader {
    pub(super) cluster: Cluster,
    pub(super) step: StepIndex,
    pub(super) pod: String,
    pub(super) container: String,
    /// Becomes true when the container has ended.
    pub(super) ended: watch::Receiver<bool>,
    pub(super) lines: mpsc::Sender<LogMessage>,
}

/// How far a log was read: lines of the same moment are told apart by their number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Position {
    at: Option<Timestamp>,
    /// How many lines of that moment were read.
    count: usize,
}

impl Position {
    /// Returns whether a line is new, and goes on to it; `seen` counts the lines of the last moment in this answer.
    fn pass(&mut self, at: Timestamp, seen: &mut usize) -> bool {
        match self.at {
            Some(last) if at < last => false,
            Some(last) if at == last => {
                *seen += 1;
                let is_new = *seen > self.count;
                self.count = self.count.max(*seen);
                is_new
            }
            _ => {
                *self = Self { at: Some(at), count: 1 };
                *seen = 1;
                true
            }
        }
    }
}

impl LogReader {
    /// Reads the log to its end.
    pub(super) async fn read(mut self) {
        let lost = self.follow().await.err().map(|error| error.to_string());
        // Who listens may have gone.
        let _ = self.lines.send(LogMessage::End(self.step, lost)).await;
    }

    async fn follow(&mut self) -> Result<(), ClusterError> {
        let mut position = Position::default();
        let mut wait = FIRST_WAIT;
        loop {
            if *self.ended.borrow() {
                return self.rest(&mut position).await;
            }
            let before = position.clone();
            // Its pod may not have begun, or the connection is lost: both pass.
            let _ = self.answer(&mut position, true).await;
            wait = if position == before { (wait * 2).min(LONGEST_WAIT) } else { FIRST_WAIT };
            // A log that ends and a line that is cut look the same: only the container's end tells them apart.
            let _ = tokio::time::timeout(wait, self.ended.wait_for(|ended| *ended)).await;
        }
    }

    /// Reads what is left of a log whose container has ended.
    async fn rest(&self, position: &mut Position) -> Result<(), ClusterError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..LAST_TRIES {
            match self.answer(position, false).await {
                Err(error) if error.is_passing() => tokio::time::sleep(wait).await,
                answer => return answer,
            }
            wait *= 2;
        }
        self.answer(position, false).await
    }

    /// Takes one answer of the server, up to its end or to where it breaks off.
    async fn answer(&self, position: &mut Position, follow: bool) -> Result<(), ClusterError> {
        let parameters = LogParams {
            container: Some(self.container.clone()),
            follow,
            timestamps: true,
            since_time: position.at,
            ..LogParams::default()
        };
        let asked = self.cluster.pods().log_stream(&self.pod, &parameters).await;
        let stream = asked.map_err(|error| self.cluster.error("read a step's log", error))?;
        let mut stream = pin!(stream);
        let mut seen = 0;
        while let Some((line, is_whole)) = self.next_line(&mut stream).await? {
            // The last line of a log has no newline, and neither has one that was cut: only the end tells.
            if !is_whole && follow {
                return Ok(());
            }
            let Some((at, text)) = split(&line) else { continue };
            if position.pass(at, &mut seen)
                && self.lines.send(LogMessage::Text(self.step, text.to_vec())).await.is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn next_line(
        &self,
        stream: &mut (impl AsyncBufRead + Unpin),
    ) -> Result<Option<(Vec<u8>, bool)>, ClusterError> {
        let mut line = Vec::new();
        let read = stream.read_until(b'\n', &mut line).await;
        let read = read.map_err(|error| ClusterError::Unreachable {
            doing: "read a step's log".to_owned(),
            server: self.cluster.server().to_owned(),
            reason: error.to_string(),
        })?;
        let is_whole = line.ends_with(b"\n");
        Ok((read > 0).then_some((line, is_whole)))
    }
}

/// Divides a line into its moment and its text.
fn split(line: &[u8]) -> Option<(Timestamp, &[u8])> {
    let blank = line.iter().position(|byte| *byte == b' ')?;
    let at = std::str::from_utf8(&line[..blank]).ok()?.parse().ok()?;
    Some((at, &line[blank + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_again_are_passed_over() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut position = Position::default();
        let mut seen = 0;
        let first: Vec<bool> = [1, 1, 2, 2].map(|second| position.pass(at(second), &mut seen)).to_vec();
        assert_eq!(first, [true; 4]);
        let mut seen = 0;
        let again: Vec<bool> = [1, 2, 2, 2, 3].map(|second| position.pass(at(second), &mut seen)).to_vec();
        assert_eq!(again, [false, false, false, true, true]);
    }

    #[test]
    fn lines_are_divided_at_the_first_blank() {
        let (at, text) = split(b"2026-11-23T01:43:51.123456789Z two  words\n").unwrap();
        assert_eq!(
            (at.to_string().as_str(), text),
            ("2026-11-23T01:43:51.123456789Z", b"two  words\n".as_slice())
        );
        assert!(split(b"no moment\n").is_none());
        assert!(split(b"nothing").is_none());
    }
}
