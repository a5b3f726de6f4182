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
use super::process::{Born, ProcessId};
use super::recording::{Limits, Printed, Recording, whole_characters};
use super::session::{Ending, Reply, Streams};
use super::step::ended;
use super::unit::{Task, Why};
use super::verify::{self, Judgement};
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

/// How long what a service is expected to print may follow its readiness: a busy machine prints late.
const PROMPT: Duration = Duration::from_secs(2);

/// How long a service without a sign of readiness is watched: one that cannot even start ends at once.
const FIRST_MOMENT: Duration = Duration::from_millis(60);

/// A service that was started.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) step: StepIndex,
    /// The shell that waits for it.
    pub(super) process: Option<ProcessId>,
    /// When its step began.
    born: Born,
    end_file: PathBuf,
    heard: Rc<RefCell<String>>,
    /// Whether it printed the text that says that it is ready.
    announced: Rc<Cell<bool>>,
    follower: JoinHandle<io::Result<Printed>>,
}

impl Service {
    /// Takes a service that was started, and follows its output from now on.
    fn follow(
        started: Started,
        mut recording: Recording,
        mut streams: Streams,
        ready: Option<&Ready>,
    ) -> Self {
        let Started { step, process, born, end_file } = started;
        let heard = Rc::new(RefCell::new(String::new()));
        let announced = Rc::new(Cell::new(false));
        let mut announcement = Announcement::of(ready, Rc::clone(&announced));
        let ear = Rc::clone(&heard);
        let follower = tokio::task::spawn_local(async move {
            let mut cut = Vec::new();
            let hear = |printed: &[u8], shown: &[u8]| {
                // The end of what it printed may be held back until more comes, and it waits for us.
                announcement.listen(printed);
                let mut heard = ear.borrow_mut();
                if heard.len() < HEARD {
                    heard.push_str(&whole_characters(&mut cut, shown));
                }
            };
            recording.follow(&mut streams, hear).await?;
            Ok(recording.finish())
        });
        Self { step, process, born, end_file, heard, announced, follower }
    }

    /// Returns the beginning of what it printed so far.
    fn heard(&self) -> Printed {
        let text = self.heard.borrow().clone();
        let length = text.len() as u64;
        let output = StepOutput { bytes: length, kept: length, text: text.clone(), ..Default::default() };
        Printed { output, text: Some(text), error: None }
    }

    /// Waits until what a service that ended has printed was heard.
    async fn settle(&self) {
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
            None if self.process.is_some_and(ProcessId::is_alive) => None,
            None => Some(None),
        }
    }

    /// Returns whether it is ready; a question that is not answered is a no.
    async fn is_ready(&self, ready: &Ready) -> bool {
        match ready {
            Ready::Log(_) => self.announced.get(),
            Ready::Port(_) | Ready::Url(_) => answers_already(ready).await,
        }
    }

    /// Returns what it printed in all. Its processes must be gone.
    async fn printed(self) -> Printed {
        let heard = self.heard();
        match tokio::time::timeout(PATIENCE, self.follower).await {
            Ok(Ok(Ok(printed))) => printed,
            // Someone outside may have been handed its output: nobody waits for them.
            Ok(Ok(Err(_)) | Err(_)) | Err(_) => heard,
        }
    }
}

/// What is known of a service when its shell has answered.
#[derive(Debug)]
struct Started {
    step: StepIndex,
    process: Option<ProcessId>,
    born: Born,
    end_file: PathBuf,
}

/// What is left of a service that was ended.
#[derive(Debug)]
pub(super) struct Remains {
    /// Command lines of processes that could not be ended.
    pub(super) left_behind: Vec<String>,
    /// What it printed in all.
    pub(super) printed: Printed,
}

impl PlanRun {
    /// Starts a service and waits until it is ready.
    pub(super) async fn service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        if let Some(ready) = ready
            && answers_already(ready).await
        {
            return Ok(ended(taken(ready), Printed::default()));
        }
        let born = Born::now();
        let recording = self.recording(task, false);
        let streams = self.begin(task, true, false)?;
        match self.answer(task, &mut limits).await? {
            Ok(reply) => {
                let session = self.session(&task.step.session, task.interpreter)?;
                let started = Started {
                    step: task.index,
                    process: reply.service.and_then(ProcessId::of),
                    born,
                    end_file: session.end_file(&streams),
                };
                self.services.push(Service::follow(started, recording, streams, ready));
                self.await_service(task, ready, limits).await
            }
            Err(outcome) => self.not_started(task, said(outcome, ready), born, recording, streams).await,
        }
    }

    /// Waits until the shell says that it has started a service; its output is left in the pipe meanwhile.
    ///
    /// Returns the outcome of the step where the shell does not say so.
    async fn answer(
        &mut self,
        task: Task<'_>,
        limits: &mut Limits,
    ) -> Result<Result<Reply, Outcome>, PlanTrouble> {
        let deadline = limits.deadline.into();
        let session = self.session(&task.step.session, task.interpreter)?;
        Ok(tokio::select! {
            biased;
            ending = session.wait() => match ending {
                Ok(Ending::Replied(reply)) => Ok(reply),
                Ok(Ending::Exited(_)) | Err(_) => {
                    Err(Outcome::Failed { reason: "its shell did not start it".to_owned() })
                }
            },
            () = tokio::time::sleep_until(deadline) => Err(Outcome::TimedOut { limit: task.step.timeout }),
            () = limits.wait_for_stop() => Err(Outcome::Cancelled),
        })
    }

    /// Ends the shell that was to start a service: it may do so yet, and still owes an answer.
    async fn not_started(
        &mut self,
        task: Task<'_>,
        outcome: Outcome,
        born: Born,
        mut recording: Recording,
        mut streams: Streams,
    ) -> Result<StepResult, PlanTrouble> {
        let talk = |source| PlanTrouble::Talk { program: task.interpreter.language.clone(), source };
        let mut left_behind = self.stop_session(&task.step.session, born, Why::End).await;
        if !recording.drain(&mut streams).await.map_err(talk)? {
            left_behind.extend(Self::forget(streams));
        }
        Ok(StepResult { left_behind, ..ended(outcome, recording.finish()) })
    }

    /// Waits until the service that was started last is ready, and judges it.
    async fn await_service(
        &mut self,
        task: Task<'_>,
        ready: Option<&Ready>,
        mut limits: Limits,
    ) -> Result<StepResult, PlanTrouble> {
        let service = self.services.last().expect("the service was just started");
        let outcome = until_ready(service, ready, task.step.timeout, &mut limits).await;
        let mut result = if outcome.passed() {
            let promised = (outcome == Outcome::Verified).then_some(0);
            let patience = limits.deadline.min(Instant::now() + PROMPT);
            loop {
                let heard = service.heard();
                let Judgement { outcome, checks } =
                    verify::judge(promised, &Exit::Status(0), task.expected, &heard, &mut self.captures);
                let may_follow = outcome.failed() && Instant::now() < patience && service.ended().is_none();
                if !may_follow || limits.sleep_or_stop(ASK_EVERY).await {
                    break StepResult { checks, ..ended(outcome, heard) };
                }
            }
        } else {
            ended(said(outcome, ready), service.heard())
        };
        // Another try must not meet what is left of this one; a page that is updated goes on with it.
        let goes_on = self.shared.options.updating && result.only_output_differs();
        if !result.outcome.passed() && !goes_on {
            let service = self.services.pop().expect("it is still there");
            let remains = self.end_service(service).await;
            result.output = remains.printed.output;
            result.left_behind = remains.left_behind;
        }
        Ok(result)
    }

    /// Ends a service, and what was started since and belongs to no other.
    pub(super) async fn end_service(&self, service: Service) -> Remains {
        let left_behind = self.stop(service.process.into_iter().collect(), service.born, Why::End).await;
        Remains { left_behind, printed: service.printed().await }
    }
}

/// Waits until a service is ready, ends, takes too long or is to stop.
async fn until_ready(
    service: &Service,
    ready: Option<&Ready>,
    limit: Duration,
    limits: &mut Limits,
) -> Outcome {
    let began = Instant::now();
    loop {
        if let Some(exit) = service.ended() {
            service.settle().await;
            let reason = format!("the service ended with {}", in_words(exit.as_ref()));
            return Outcome::Failed { reason };
        }
        match ready {
            None if began.elapsed() >= FIRST_MOMENT => return Outcome::Unverified,
            None => {}
            Some(ready) if service.is_ready(ready).await => return Outcome::Verified,
            Some(_) if Instant::now() >= limits.deadline => return Outcome::TimedOut { limit },
            Some(_) => {}
        }
        if limits.sleep_or_stop(ASK_EVERY).await {
            return Outcome::Cancelled;
        }
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

/// Returns whether something answers at a port or URL, whoever it is.
async fn answers_already(ready: &Ready) -> bool {
    match ready {
        Ready::Log(_) => false,
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

/// Returns whether a service answers, whoever it is; one that says so in its output is not asked.
pub fn answers(ready: &Ready) -> bool {
    match ready {
        Ready::Log(_) => false,
        Ready::Port(port) => {
            TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), PATIENCE).is_ok()
        }
        Ready::Url(url) => http_answers(url),
    }
}

/// Returns the outcome of a service whose place is taken: another program's answers would be taken for its own.
fn taken(ready: &Ready) -> Outcome {
    let what = match ready {
        Ready::Port(port) => format!("listens on 127.0.0.1:{port}"),
        Ready::Url(url) => format!("answers at {url}"),
        Ready::Log(text) => format!("prints `{text}`"),
    };
    Outcome::Failed { reason: format!("another program already {what}") }
}

/// Asks with plain HTTP/1.0 (RFC 1945) whether a URL answers with a status below 400.
///
/// A name may stand for several addresses, of which a server often listens on one.
fn http_answers(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut addresses = host_and_port(authority).to_socket_addrs().into_iter().flatten();
    addresses.any(|address| answers_at(&address, authority, path).unwrap_or(false))
}

/// Returns an authority (RFC 3986, 3.2) with its port. An address of version 6 stands in brackets.
fn host_and_port(authority: &str) -> String {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    if has_port { authority.to_owned() } else { format!("{authority}:80") }
}

fn answers_at(address: &SocketAddr, host: &str, path: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let status = std::str::from_utf8(&answer[9..]).ok().and_then(|status| status.parse::<u16>().ok());
    Ok(answer.starts_with(b"HTTP/1.") && status.is_some_and(|status| status < 400))
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
    fn every_address_of_a_name_is_asked() {
        // The name stands for `::1` and 127.0.0.1 on most machines; the server listens on one.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 512]).unwrap();
            stream.write_all(b"HTTP/1.0 204 No Content\r\n\r\n").unwrap();
        });
        assert!(http_answers(&url));
        server.join().unwrap();
    }

    #[test]
    fn port_of_a_url_is_80_if_it_names_none() {
        let named = ["localhost:8080", "[::1]:8080", "127.0.0.1", "[::1]"].map(host_and_port);
        assert_eq!(named, ["localhost:8080", "[::1]:8080", "127.0.0.1:80", "[::1]:80"]);
    }

    #[test]
    fn url_is_ready_when_it_answers_without_an_error() {
        check("HTTP/1.1 200 OK\r\n\r\n", true);
        check("HTTP/1.1 301 Moved\r\n\r\n", true);
        check("HTTP/1.0 503 Service Unavailable\r\n\r\n", false);
        check("SSH-2.0-nothing we know\r\n", false);
    }
}
