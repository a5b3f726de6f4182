//! An API server that plays what a test tells it to, on loopback, until the test ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the program asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Request {
    /// Returns whether it asks so for a path that has this part.
    pub(crate) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part)
    }
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// Each piece with the wait before it.
    pieces: Vec<(Duration, String)>,
    /// Whether the connection breaks after the last piece.
    is_cut: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, pieces: vec![(Duration::ZERO, body.into())], is_cut: false }
    }

    pub(crate) fn text(body: impl Into<String>) -> Self {
        let pieces = vec![(Duration::ZERO, body.into())];
        Self {
            status: 200,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            pieces,
            is_cut: false,
        }
    }

    /// Adds a piece that comes after a while.
    pub(crate) fn then(mut self, wait: u64, piece: impl Into<String>) -> Self {
        self.pieces.push((Duration::from_millis(wait), piece.into()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Breaks the connection at the end.
    pub(crate) fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }
}

type Play = Box<dyn FnMut(&Request) -> Answer + Send>;

/// The server.
pub(crate) struct Kubernetes {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Kubernetes {
    /// Begins to play.
    pub(crate) fn play(play: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let play: Arc<Mutex<Play>> = Arc::new(Mutex::new(Box::new(play)));
        let heard = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (play, heard) = (Arc::clone(&play), Arc::clone(&heard));
                thread::spawn(move || serve(&stream.unwrap(), &play, &heard));
            }
        });
        Self { address, requests }
    }

    /// Returns what was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers one request; the client makes a new connection for the next.
fn serve(mut stream: &TcpStream, play: &Mutex<Play>, heard: &Mutex<Vec<Request>>) {
    let Some(request) = read(stream) else { return };
    heard.lock().unwrap().push(request.clone());
    let answer = (play.lock().unwrap())(&request);
    let mut head =
        format!("HTTP/1.1 {} x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    // A client that has heard enough is gone.
    let mut send = |text: &str| stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).is_ok();
    if !send(&head) {
        return;
    }
    for (wait, piece) in &answer.pieces {
        thread::sleep(*wait);
        if !piece.is_empty() && !send(&format!("{:x}\r\n{piece}\r\n", piece.len())) {
            return;
        }
    }
    if !answer.is_cut {
        send("0\r\n\r\n");
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let path = rest.split(' ').next()?.to_owned();
    let (method, mut length) = (method.to_owned(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body: String::from_utf8(body).ok()? })
}
