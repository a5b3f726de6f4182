//! A small registry on this machine that does what a test tells it to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path and the query, or what else was asked for.
    pub(super) path: String,
    pub(super) body: String,
    /// By their names in small letters.
    headers: BTreeMap<String, String>,
}

impl Request {
    /// Returns a header, empty where there is none.
    pub(super) fn header(&self, name: &str) -> String {
        self.headers.get(name).cloned().unwrap_or_default()
    }
}

/// What is answered, after which the connection ends.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    head: String,
    body: Vec<u8>,
    sent: usize,
    stalls: bool,
    chunked: bool,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let (head, body) = (format!("HTTP/1.1 {status} Words\r\nConnection: close\r\n"), body.into());
        Self { head, sent: body.len(), body, stalls: false, chunked: false }
    }

    /// Bytes that are sent as they are.
    pub(super) fn raw(text: &str) -> Self {
        Self { head: String::new(), body: text.into(), sent: text.len(), stalls: false, chunked: false }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends so many bytes of the body, and hangs up.
    pub(super) fn cut(mut self, sent: usize) -> Self {
        self.sent = sent.min(self.body.len());
        self
    }

    /// Sends so many bytes of the body, and then nothing for a while.
    pub(super) fn stall(self, sent: usize) -> Self {
        Self { stalls: true, ..self.cut(sent) }
    }

    /// Does not say how long the body is.
    pub(super) fn chunked(self) -> Self {
        Self { chunked: true, ..self }.header("Transfer-Encoding", "chunked")
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        let length = self.body.len();
        match self.head.as_str() {
            "" => {}
            head if self.chunked => bytes.extend(format!("{head}\r\n{length:x}\r\n").bytes()),
            head => bytes.extend(format!("{head}Content-Length: {length}\r\n\r\n").bytes()),
        }
        bytes.extend(&self.body[..self.sent]);
        if self.chunked {
            bytes.extend(b"\r\n0\r\n\r\n");
        }
        stream.write_all(&bytes)?;
        if self.stalls {
            std::thread::sleep(Duration::from_secs(3));
        }
        stream.shutdown(Shutdown::Write)?;
        // What is not read when a connection is closed makes it break off at the other end.
        std::io::copy(stream, &mut std::io::sink()).map(drop)
    }
}

type Answers = dyn Fn(&Request, usize, &str) -> Reply + Send + Sync;

/// A server that is there as long as the test.
pub(super) struct Server {
    host: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_count(move |request, _, _| answer(request))
    }

    /// The function is told how many requests there were before, and the server's own host.
    pub(super) fn with_count(
        answer: impl Fn(&Request, usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (seen, answer): (Arc<Mutex<Vec<Request>>>, Arc<Answers>) = (Arc::default(), Arc::new(answer));
        std::thread::spawn({
            let (host, seen) = (host.clone(), Arc::clone(&seen));
            move || {
                for stream in listener.incoming().flatten() {
                    let (host, seen, answer) = (host.clone(), Arc::clone(&seen), Arc::clone(&answer));
                    // Who hangs up early is no failure of the server.
                    std::thread::spawn(move || drop(serve(stream, &host, &seen, &*answer)));
                }
            }
        });
        Self { host, seen }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    host: &str,
    seen: &Mutex<Vec<Request>>,
    answer: &Answers,
) -> std::io::Result<()> {
    let mut first = [0];
    // TLS begins with this byte; who speaks plain http answers so.
    if stream.peek(&mut first)? == 1 && first[0] == 0x16 {
        return Reply::raw("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").send(&mut stream);
    }
    let request = read(&stream)?;
    let count = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    if request.method == "CONNECT" {
        // Whatever is said in the tunnel, the host behind it speaks plain http.
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        stream.peek(&mut first)?;
        return Reply::raw("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").send(&mut stream);
    }
    answer(&request, count, host).send(&mut stream)
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, path, ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    reader.take(length).read_to_string(&mut request.body)?;
    Ok(request)
}
