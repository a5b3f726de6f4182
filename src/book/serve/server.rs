//! The server: files of the site, and the stream of events.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::host::is_ours;
use super::live::{Event, Live};
use super::rebuild::{Rebuilder, State, Workshop};
use super::watch::{Ear, Message, Watch};
use crate::book::error::BookError;
use crate::book::output::SiteWriter;
use crate::book::script::script_value;

/// Where pages listen.
const EVENTS: &str = "/.stagebook/events";
/// What makes a page listen.
const SCRIPT: &str = include_str!("../theme/live.js");

/// What is served, and where.
#[derive(Debug)]
pub struct ServeOptions {
    /// The book's folder.
    pub folder: PathBuf,
    /// Where the site is written.
    pub output: PathBuf,
    /// The name or address to listen on.
    pub host: String,
    /// The port; with 0 the system chooses one.
    pub port: u16,
}

/// Serves a book and keeps it up to date, until someone interrupts it.
///
/// # Errors
/// When the address cannot be had. What is wrong with the book is shown, and the server goes on.
pub fn serve(options: ServeOptions, workshop: impl Workshop) -> Result<(), BookError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BookError::Serve)?;
    runtime.block_on(serve_until_told(options, workshop))
}

async fn serve_until_told(options: ServeOptions, mut workshop: impl Workshop) -> Result<(), BookError> {
    // A folder that is not ours is neither written into nor shown.
    SiteWriter::check(&options.output)?;
    let address = format!("{}:{}", options.host, options.port);
    let bound = TcpListener::bind((options.host.as_str(), options.port)).await;
    let listener = bound.map_err(|source| BookError::Listen { address, source })?;
    let address = url(&options.host, listener.local_addr().map_err(BookError::Serve)?);
    let mut end = End::listen().map_err(BookError::Serve)?;

    let (sender, messages) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let ear = Ear { messages: sender.clone(), stop: Arc::clone(&stop), output: options.output.clone() };
    let (watch, note) =
        Watch::begin(ear).map_err(|error| BookError::Serve(std::io::Error::other(error.to_string())))?;
    if let Some(note) = note {
        workshop.notice(super::Notice::Note(&note));
    }
    let live = Arc::new(Live::from(milliseconds()));
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let shelf =
        Shelf { folder: options.output.clone(), host: options.host, machine, live: Arc::clone(&live) };
    let shelf = Arc::new(shelf);
    let state = State::default();
    let (folder, output) = (options.folder, options.output);
    let rebuilder =
        Rebuilder { folder, output, workshop, live, watch, messages, stop: Arc::clone(&stop), state };
    let (at_work, gone) = oneshot::channel::<()>();
    let builds = std::thread::spawn(move || {
        let _at_work = at_work;
        rebuilder.run(&address);
    });

    tokio::select! {
        () = accept(&listener, &shelf) => {}
        () = end.told() => {}
        // It ends by itself only if it panicked, which is told below.
        _ = gone => {}
    }
    let _ = sender.send(Message::End);
    stop.store(true, Ordering::SeqCst);
    builds.join().map_err(|_| BookError::Serve(std::io::Error::other("the thread that builds panicked")))
}

fn milliseconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}

/// Returns the address as a browser takes it.
fn url(host: &str, address: SocketAddr) -> String {
    match host.parse::<std::net::IpAddr>() {
        Ok(host) if host.is_unspecified() => format!("http://localhost:{}/", address.port()),
        Ok(host) if host.is_ipv6() => format!("http://[{host}]:{}/", address.port()),
        _ => format!("http://{host}:{}/", address.port()),
    }
}

/// The signals that end the server.
struct End {
    signals: [tokio::signal::unix::Signal; 3],
}

impl End {
    fn listen() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [first, second, third] = kinds.map(signal);
        Ok(Self { signals: [first?, second?, third?] })
    }

    async fn told(&mut self) {
        let [first, second, third] = &mut self.signals;
        tokio::select! {
            _ = first.recv() => {}
            _ = second.recv() => {}
            _ = third.recv() => {}
        }
    }
}

async fn accept(listener: &TcpListener, shelf: &Arc<Shelf>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many are open: some will close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shelf = Arc::clone(shelf);
        tokio::spawn(async move {
            let answer = hyper::service::service_fn(|request| {
                let response = shelf.answer(&request);
                async { Ok::<_, Infallible>(response) }
            });
            // A browser that goes away is no mistake.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The files that are served.
struct Shelf {
    folder: PathBuf,
    host: String,
    /// What this machine calls itself.
    machine: String,
    live: Arc<Live>,
}

impl Shelf {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().host()).unwrap_or_default();
        if !is_ours(host, &self.host, &self.machine) {
            return plain(
                StatusCode::FORBIDDEN,
                "this server does not answer to that name; `--host` gives it one\n",
            );
        }
        if is_foreign(request) {
            return plain(StatusCode::FORBIDDEN, "this book is for its own pages\n");
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "this server only shows pages\n");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        if request.uri().path() == EVENTS {
            return self.events(request.uri().query().unwrap_or_default());
        }
        self.file(request.uri().path())
    }

    /// Returns the stream of events for a page, which says which one it is and when it was loaded.
    fn events(&self, query: &str) -> Answer {
        let (generation, page) = query.split_once('&').unwrap_or((query, ""));
        let page = percent_encoding::percent_decode_str(page).decode_utf8_lossy();
        let events = self.live.listen(Path::new(page.as_ref()), generation.parse().unwrap_or_default());
        let mut answer = Response::new(Stream { events }.boxed_unsync());
        give(&mut answer, "text/event-stream");
        answer
    }

    fn file(&self, path: &str) -> Answer {
        let Some(inside) = inside(path) else {
            return plain(StatusCode::BAD_REQUEST, "that is no path of this site\n");
        };
        let file = self.folder.join(&inside);
        if file.is_dir() && !path.ends_with('/') {
            let mut answer = plain(StatusCode::MOVED_PERMANENTLY, "");
            // Only what was asked for, on this host: two slashes would name another one.
            let target = format!("/{}/", path.trim_matches('/'));
            if let Ok(target) = HeaderValue::from_str(&target) {
                answer.headers_mut().insert(header::LOCATION, target);
            }
            return answer;
        }
        let inside = if path.ends_with('/') { inside.join("index.html") } else { inside };
        match self.read(&inside) {
            Some(content) => self.found(&inside, content),
            None => self.missing(),
        }
    }

    /// Reads a file of the site; none that a link leads to outside of it.
    fn read(&self, inside: &Path) -> Option<Vec<u8>> {
        let file = self.folder.join(inside).canonicalize().ok()?;
        if !file.starts_with(self.folder.canonicalize().ok()?) || !file.is_file() {
            return None;
        }
        std::fs::read(file).ok()
    }

    fn found(&self, inside: &Path, content: Vec<u8>) -> Answer {
        let kind = content_type(inside);
        let content = if kind.starts_with("text/html") { self.listening(content, inside) } else { content };
        let mut answer = Response::new(Full::new(Bytes::from(content)).boxed_unsync());
        give(&mut answer, kind);
        answer
    }

    /// Answers to a wrong address with the book's page for that, or with what is wrong with the book.
    fn missing(&self) -> Answer {
        let name = Path::new("404.html");
        let page = self.read(name).map(|content| from_here(&String::from_utf8_lossy(&content)).into_bytes());
        let empty = || b"<!doctype html><title>Stagebook</title><p>There is no such page yet.</p>".to_vec();
        let mut answer = self.found(name, page.unwrap_or_else(empty));
        *answer.status_mut() = StatusCode::NOT_FOUND;
        answer
    }

    /// Makes a page listen. The file itself stays as it is.
    fn listening(&self, mut page: Vec<u8>, inside: &Path) -> Vec<u8> {
        let call = format!(
            "<script>{}({},{})</script>",
            SCRIPT.trim(),
            self.live.generation(),
            script_value(&inside.to_string_lossy())
        );
        let end = page.windows(7).rposition(|tag| tag == b"</body>").unwrap_or(page.len());
        page.splice(end..end, call.into_bytes());
        page
    }
}

/// Returns the page for wrong addresses, which is written for the root of the published site, for the one here.
fn from_here(page: &str) -> String {
    let root =
        page.split_once("data-root=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(root, _)| root);
    match root {
        Some(root) if root.starts_with('/') => page.replace(&format!("=\"{root}"), "=\"/"),
        // This address may be deeper than the root.
        _ => page.replacen("<head>", "<head><base href=\"/\">", 1),
    }
}

/// Returns whether a page of another site asks for something to use in itself; its links may lead here.
fn is_foreign(request: &Request<Incoming>) -> bool {
    let says = |name: &str, value: &str| request.headers().get(name).is_some_and(|said| said == value);
    says("sec-fetch-site", "cross-site") && !says("sec-fetch-mode", "navigate")
}

/// Returns the file that a path of a request means, or nothing where it leads elsewhere.
fn inside(path: &str) -> Option<PathBuf> {
    let decoded = percent_encoding::percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let is_plain = |part| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
    let path = Path::new(decoded.as_ref());
    let stays = !decoded.contains(['\0', '\\']) && path.components().all(is_plain);
    stays.then(|| path.to_path_buf())
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())).boxed_unsync());
    *answer.status_mut() = status;
    give(&mut answer, "text/plain; charset=utf-8");
    answer
}

/// Says what an answer is. Nothing is kept by a browser: the next answer may differ.
fn give(answer: &mut Answer, kind: &'static str) {
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "cast" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "wasm" => "application/wasm",
        "xml" => "application/xml",
        "md" => "text/markdown; charset=utf-8",
        "txt" | "toml" | "yaml" | "yml" | "rs" | "sh" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Events as they come.
struct Stream {
    events: UnboundedReceiver<Event>,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = std::task::ready!(self.events.poll_recv(context));
        Poll::Ready(event.map(|event| Ok(Frame::data(Bytes::from(event.text())))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for path in [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/a/%2e%2e%2fx",
            "/a%00",
            "//etc/passwd",
            "/a\\..\\x",
            "/.stagebook-site",
            "x",
        ] {
            assert_eq!(inside(path), None, "{path}");
        }
        assert_eq!(inside("/a%20b/c.html"), Some(PathBuf::from("a b/c.html")));
        assert_eq!(inside("/"), Some(PathBuf::new()));
    }
}
