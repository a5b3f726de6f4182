//! Steps that live until the end.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::process;
use super::session::Streams;
use super::unit::{Printed, Recording};
use crate::event::Exit;
use crate::plan::StepIndex;
use crate::tutorial::Ready;

/// How often a service is asked whether it is ready.
pub(super) const ASK_EVERY: Duration = Duration::from_millis(20);

/// How long one question may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much of its output is looked at for a line and compared with expectations.
const HEARD: usize = 64 * 1024;

/// A service that was started.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) step: StepIndex,
    /// The shell that waits for it.
    pub(super) process: i32,
    end_file: PathBuf,
    heard: Rc<RefCell<String>>,
    follower: JoinHandle<io::Result<Printed>>,
}

impl Service {
    /// Takes a service's process and its streams, and follows its output from now on.
    pub(super) fn follow(
        step: StepIndex,
        process: i32,
        end_file: PathBuf,
        mut recording: Recording,
        mut streams: Streams,
    ) -> Self {
        let heard = Rc::new(RefCell::new(String::new()));
        let ear = Rc::clone(&heard);
        let follower = tokio::task::spawn_local(async move {
            let hear = |bytes: &[u8]| {
                let mut heard = ear.borrow_mut();
                if heard.len() < HEARD {
                    heard.push_str(&String::from_utf8_lossy(bytes));
                }
            };
            recording.follow(&mut streams, hear).await?;
            recording.finish()
        });
        Self { step, process, end_file, heard, follower }
    }

    /// Returns the beginning of what it printed so far.
    pub(super) fn heard(&self) -> String {
        self.heard.borrow().clone()
    }

    /// Waits until what a service that ended has printed was heard.
    pub(super) async fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.follower.is_finished() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Returns how it ended, if it did.
    pub(super) fn ended(&self) -> Option<Option<Exit>> {
        let status = std::fs::read_to_string(&self.end_file).ok().and_then(|status| status.parse().ok());
        match status {
            Some(status) => Some(Some(Exit::Status(status))),
            None if process::alive(self.process) => None,
            None => Some(None),
        }
    }

    /// Returns whether it is ready; a question that is not answered is a no.
    pub(super) async fn is_ready(&self, ready: &Ready) -> bool {
        match ready {
            Ready::Log(text) => self.heard.borrow().contains(text.as_str()),
            Ready::Port(port) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                let connect = tokio::net::TcpStream::connect(address);
                matches!(tokio::time::timeout(PATIENCE, connect).await, Ok(Ok(_)))
            }
            Ready::Url(url) => {
                let url = url.clone();
                tokio::task::spawn_blocking(move || http_answers(&url)).await.unwrap_or(false)
            }
        }
    }

    /// Returns what it printed in all. Its processes must be gone.
    pub(super) async fn printed(self) -> io::Result<Printed> {
        // Someone outside may have been handed its output; nobody waits for them.
        match tokio::time::timeout(PATIENCE, self.follower).await {
            Ok(Ok(printed)) => printed,
            Ok(Err(_)) | Err(_) => Ok(Printed::default()),
        }
    }
}

/// Asks with plain HTTP/1.0 (RFC 1945) whether a URL answers with a status below 400.
fn http_answers(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let Some(address) = host.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()) else {
        return false;
    };
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return false };
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    if stream.write_all(request.as_bytes()).is_err() || stream.read_exact(&mut answer).is_err() {
        return false;
    }
    let status = std::str::from_utf8(&answer[9..]).ok().and_then(|status| status.parse::<u16>().ok());
    answer.starts_with(b"HTTP/1.") && status.is_some_and(|status| status < 400)
}

/// Returns the name of the file that keeps a step's long output.
pub(super) fn output_file(name: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => character,
        _ => '_',
    };
    let name: String = name.chars().map(safe).take(120).collect();
    format!("{}.txt", Path::new(&name).display())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[track_caller]
    fn check(answer: &'static str, expected: bool) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v2/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        assert_eq!(http_answers(&url), expected);
        assert!(server.join().unwrap().starts_with("GET /v2/ HTTP/1.0\r\n"));
    }

    #[test]
    fn url_is_ready_when_it_answers_without_an_error() {
        check("HTTP/1.1 200 OK\r\n\r\n", true);
        check("HTTP/1.1 301 Moved\r\n\r\n", true);
        check("HTTP/1.0 503 Service Unavailable\r\n\r\n", false);
        check("SSH-2.0-nothing we know\r\n", false);
    }
}
