//! Steps that live until the end.

use std::cell::{Cell, RefCell};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::error::PlanTrouble;
use super::executor::PlanRun;
use super::process;
use super::process::Born;
use super::recording::{Limits, Printed, Recording};
use super::session::{Ending, Extras, Request, Streams};
use super::step::ended;
use super::unit::{Task, Why};
use super::verify;
use crate::diagnostic::duration;
use crate::event::{Exit, Outcome, StepOutput, StepResult};
use crate::plan::StepIndex;
use crate::tutorial::Ready;

/// How often a service is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How long one question may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much of its output is compared with expectations.
const HEARD: usize = 64 * 1024;

/// How long a service without a sign of readiness is watched: one that cannot even start ends at once.
const FIRST_MOMENT: Duration = Duration::from_millis(60);

/// A service that was started.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) step: StepIndex,
    /// The shell that waits for it.
    pub(super) process: i32,
    end_file: PathBuf,
    heard: Rc<RefCell<String>>,
    /// Whether it printed the text that says that it is ready.
    announced: Rc<Cell<bool>>,
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
        ready: Option<&Ready>,
    ) -> Self {
        let heard = Rc::new(RefCell::new(String::new()));
        let announced = Rc::new(Cell::new(false));
        let mut announcement = Announcement::of(ready, Rc::clone(&announced));
        let ear = Rc::clone(&heard);
        let follower = tokio::task::spawn_local(async move {
            let hear = |printed: &[u8], shown: &[u8]| {
                // The end of what it printed may be held back until more comes, and it waits for us.
                announcement.listen(printed);
                let mut heard = ear.borrow_mut();
                if heard.len() < HEARD {
                    heard.push_str(&String::from_utf8_lossy(shown));
                }
            };
            recording.follow(&mut streams, hear).await?;
            Ok(recording.finish())
        });
        Self { step, process, end_file, heard, announced, follower }
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
            Ready::Log(_) => self.announced.get(),
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

impl PlanRun {
    /// Starts a service and waits until it is ready.
    pub(super) async fn service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        self.folder_of(task.step)?;
        let mut recording = self.recording(task, false);
        let extras = Extras::of(task.step.cwd.as_ref(), &task.step.env);
        let session = self.session(&task.step.session, task.interpreter)?;
        let mut streams = session.streams(false).map_err(talk)?;
        let request = Request {
            text: task.text,
            errexit: task.errexit,
            service: true,
            apart: false,
            extras: extras.as_ref(),
        };
        let begin = session.begin(&request, &streams);
        begin
            .map_err(|source| PlanTrouble::Start { program: task.interpreter.command[0].clone(), source })?;
        // Its output is left in the pipe meanwhile: all of it is for the follower.
        let watched = tokio::time::timeout_at(limits.deadline.into(), session.wait()).await;
        let Ok(Ok(Ending::Replied(reply))) = watched else {
            recording.drain(&mut streams).await.map_err(talk)?;
            let outcome = Outcome::Failed { reason: "its shell did not start it".to_owned() };
            return Ok(ended(outcome, recording.finish()));
        };
        let process = reply.service.unwrap_or_default();
        let end_file = session.end_file(&streams);
        self.services.push(Service::follow(task.index, process, end_file, recording, streams, ready));
        self.await_service(task, ready, limits).await
    }

    async fn await_service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let service = self.services.last().expect("the service was just started");
        let began = Instant::now();
        let outcome = loop {
            if let Some(exit) = service.ended() {
                service.settle().await;
                break Outcome::Failed {
                    reason: format!("the service ended with {}", in_words(exit.as_ref())),
                };
            }
            match ready {
                None if began.elapsed() >= FIRST_MOMENT => break Outcome::Unverified,
                None => {}
                Some(ready) if service.is_ready(ready).await => break Outcome::Verified,
                Some(_) if Instant::now() >= limits.deadline => {
                    break Outcome::TimedOut { limit: task.step.timeout };
                }
                Some(_) => {}
            }
            if limits.sleep_or_stop(ASK_EVERY).await {
                break Outcome::Cancelled;
            }
        };
        let text = service.heard();
        let output = StepOutput {
            bytes: text.len() as u64,
            kept: text.len() as u64,
            text: text.clone(),
            ..Default::default()
        };
        let printed = Printed { output, text: Some(text), error: None };
        if !outcome.passed() {
            // Another try must not meet what is left of this one.
            let service = self.services.pop().expect("it is still there");
            self.family(vec![service.process], Born::now()).stop(self.patience(Why::End)).await;
            let _ = service.printed().await;
            return Ok(ended(said(outcome, ready), printed));
        }
        let promised = (outcome == Outcome::Verified).then_some(0);
        let judgement =
            verify::judge(promised, &Exit::Status(0), task.expected, &printed, &mut self.captures);
        Ok(StepResult { checks: judgement.checks, ..ended(judgement.outcome, printed) })
    }
}

/// Waits for a text in a stream of any length.
#[derive(Debug)]
struct Announcement {
    text: Vec<u8>,
    /// What was heard last, one byte shorter than the text.
    tail: Vec<u8>,
    heard: Rc<Cell<bool>>,
}

impl Announcement {
    fn of(ready: Option<&Ready>, heard: Rc<Cell<bool>>) -> Self {
        let text = match ready {
            Some(Ready::Log(text)) => text.as_bytes().to_vec(),
            _ => Vec::new(),
        };
        Self { text, tail: Vec::new(), heard }
    }

    fn listen(&mut self, bytes: &[u8]) {
        if self.text.is_empty() || self.heard.get() {
            return;
        }
        self.tail.extend(bytes);
        self.heard.set(self.tail.windows(self.text.len()).any(|window| window == self.text));
        let old = self.tail.len().saturating_sub(self.text.len() - 1);
        self.tail.drain(..old);
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

/// Returns an outcome that says which sign of readiness did not come.
fn said(outcome: Outcome, ready: Option<&Ready>) -> Outcome {
    let (Outcome::TimedOut { limit }, Some(ready)) = (&outcome, ready) else { return outcome };
    let what = match ready {
        Ready::Port(port) => format!("nothing accepted connections on 127.0.0.1:{port}"),
        Ready::Url(url) => format!("{url} did not answer"),
        Ready::Log(text) => format!("it did not print `{text}`"),
    };
    Outcome::Failed { reason: format!("the service was not ready: {what} within {}", duration(*limit)) }
}

fn in_words(exit: Option<&Exit>) -> String {
    match exit {
        Some(Exit::Status(status)) => format!("exit status {status}"),
        Some(Exit::Signal(signal)) => signal.clone(),
        None => "an unknown status".to_owned(),
    }
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
