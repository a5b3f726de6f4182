//! The preview of a book: what a browser gets, and hears, while someone writes.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, until, wait};

/// A preview that is ended with its test.
struct Preview {
    project: Project,
    child: Child,
    address: String,
}

impl Preview {
    fn of(project: Project) -> Self {
        let said = project.outside().join("stderr");
        let mut command = project.stagebook(["book", "serve", "docs", "-d", "site", "--port", "0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).unwrap());
        let child = command.spawn().unwrap();
        let address = until("the book is served", || {
            let said = fs::read_to_string(&said).unwrap();
            let (_, rest) = said.split_once("http://")?;
            Some(rest.split_once('/')?.0.to_owned())
        });
        Self { project, child, address }
    }

    /// Sends a request as it stands, and returns the connection.
    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str, host: &str) -> String {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let mut answer = Vec::new();
        self.send(&request).read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.ask("GET", path, &self.address)
    }

    /// Listens as a page does that was loaded now.
    fn listen(&self, page: &str) -> Events {
        let html = self.get(&format!("/{page}"));
        let (_, call) = html.rsplit_once("})(").unwrap_or_else(|| panic!("{html}"));
        let (generation, _) = call.split_once(',').unwrap();
        let request =
            format!("GET /.stagebook/events?{generation}&{page} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        Events { lines: BufReader::new(self.send(&request)) }
    }

    fn end(&mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        wait(&mut self.child).code()
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stream of events.
struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    /// Waits for an event whose data the question likes.
    fn until(&mut self, name: &str, is_it: impl Fn(&str) -> bool) -> String {
        let (mut line, mut event) = (String::new(), String::new());
        loop {
            line.clear();
            let count = self.lines.read_line(&mut line).expect("an event comes in time");
            assert!(count > 0, "the stream ended before `{name}`");
            if let Some(other) = line.strip_prefix("event: ") {
                event = other.trim().to_owned();
            }
            if let Some(data) = line.strip_prefix("data: ").filter(|data| event == name && is_it(data)) {
                return data.trim().to_owned();
            }
        }
    }
}

fn book() -> Project {
    let project = Project::new();
    project.write("docs/SUMMARY.md", "- [One](one.md)\n- [Two](deep/two.md)\n");
    project.write("docs/one.md", "# One\n\nfirst\n\n{{#include part.txt}}\n");
    project
        .write("docs/deep/two.md", "# Two\n\n```bash {name=say}\necho said\n```\n\n```output\nsaid\n```\n");
    project.write("docs/part.txt", "a part");
    project
}

#[test]
fn page_that_is_saved_is_shown_and_told() {
    let preview = Preview::of(book());
    let page = preview.get("/one.html");
    assert!(page.contains("200 OK") && page.contains("first") && page.contains("EventSource"), "{page}");
    assert!(!preview.project.read("site/one.html").contains("EventSource"), "only what is served listens");
    let other = fs::metadata(preview.project.path("site/deep/two.html")).unwrap().modified().unwrap();
    let mut events = preview.listen("one.html");

    // As editors save: a new file takes the place of the old one.
    preview.project.write("docs/one.md.new", "# One\n\nsecond\n\n{{#include part.txt}}\n");
    fs::rename(preview.project.path("docs/one.md.new"), preview.project.path("docs/one.md")).unwrap();
    events.until("changed", |data| data.contains("\"one.html\""));
    assert!(preview.get("/one.html").contains("second"));

    preview.project.write("docs/part.txt", "another part");
    events.until("changed", |data| data.contains("\"one.html\""));
    assert!(preview.get("/one.html").contains("another part"));
    let after = fs::metadata(preview.project.path("site/deep/two.html")).unwrap().modified().unwrap();
    assert_eq!(after, other, "what did not change is not written");
}

#[test]
fn pages_that_come_and_go_are_followed() {
    let preview = Preview::of(book());
    let mut events = preview.listen("one.html");
    let mut events_of_old = preview.listen("deep/two.html");
    preview.project.write("docs/new/three.md", "# Three\n");
    preview.project.write("docs/SUMMARY.md", "- [One](one.md)\n- [Three](new/three.md)\n");
    fs::remove_file(preview.project.path("docs/deep/two.md")).unwrap();
    events.until("changed", |data| data.contains("\"one.html\"") || data.contains('*'));
    until("the new page is there", || preview.get("/new/three.html").contains("200 OK").then_some(()));
    events_of_old.until("changed", |data| data.contains("\"deep/two.html\"") || data.contains('*'));
    until("the old page is gone", || preview.get("/deep/two.html").contains("404 Not Found").then_some(()));
    // The new folder is watched as well.
    let mut events = preview.listen("new/three.html");
    preview.project.write("docs/new/three.md", "# Three\n\nmore\n");
    events.until("changed", |data| data.contains("three.html") || data.contains('*'));
}

#[test]
fn what_is_broken_is_shown_until_it_is_mended() {
    let mut preview = Preview::of(book());
    let mut events = preview.listen("one.html");
    preview.project.write("docs/theme/page.html", "<html>\n{{ page.title | no_such_filter }}\n</html>");
    let problem = events.until("problem", |data| data.contains("no_such_filter"));
    assert!(problem.contains("page.html"), "{problem}");
    assert!(preview.get("/one.html").contains("first"), "the last good page is still there");
    // Who comes now is told too.
    preview.listen("one.html").until("problem", |data| data.contains("no_such_filter"));
    fs::remove_dir_all(preview.project.path("docs/theme")).unwrap();
    events.until("problem", |data| data.trim() == "\"\"");

    preview.project.write("docs/one.md", "# One\n\n{{#include gone.txt}}\n");
    let problem = events.until("problem", |data| data.contains("gone.txt"));
    assert!(problem.contains("docs/one.md:3:1"), "{problem}");
    preview.project.write("docs/one.md", "# One\n\nmended\n");
    events.until("problem", |data| data.trim() == "\"\"");
    assert!(preview.get("/one.html").contains("mended"));
    assert_eq!(preview.end(Signal::INT), Some(0));
}

#[test]
fn page_that_cannot_be_run_is_told_by_every_build() {
    let preview = Preview::of(book());
    let mut events = preview.listen("deep/two.html");
    preview.project.write("docs/deep/two.md", "---\ntitel: Two\n---\n# Two\n\nanew\n");
    events.until("problem", |data| data.contains("titel"));
    // The whole book is built when it is quiet, and that does not read the page again.
    until("the whole book is built", || {
        preview.project.read("site/print.html").contains("anew").then_some(())
    });
    preview.project.write("docs/one.md", "# One\n\nsecond\n");
    events.until("changed", |data| data.contains("\"one.html\"") || data.contains('*'));
    preview.listen("one.html").until("problem", |data| data.contains("titel"));
    preview.project.write("docs/deep/two.md", "# Two\n");
    events.until("problem", |data| data.trim() == "\"\"");
}

#[test]
fn run_in_another_terminal_is_shown() {
    let preview = Preview::of(book());
    assert!(preview.get("/deep/two.html").contains("No run of this page is on record."));
    let mut events = preview.listen("deep/two.html");
    assert_eq!(preview.project.run(["run", "docs/deep/two.md"]).status.code(), Some(0));
    events.until("changed", |data| data.contains("two.html") || data.contains('*'));
    until("the run is shown", || preview.get("/deep/two.html").contains("as the page says").then_some(()));
}

#[test]
fn page_that_a_stopped_build_wrote_is_told() {
    let project = Project::new();
    for number in 0..300 {
        project.write(&format!("docs/p{number:03}.md"), "# Page\n\n```rust\nfn main() {}\n```\n");
    }
    let preview = Preview::of(project);
    for round in 0..8_u64 {
        let mut events = preview.listen("p000.html");
        let title = format!("[book]\ntitle = \"Round {round}\"\n");
        preview.project.write("docs/book.toml", &title);
        // Somewhere in the build of the whole book; where exactly, no round needs to meet.
        std::thread::sleep(Duration::from_millis(30 * round));
        preview.project.write("docs/picture.txt", &title);
        events.until("changed", |data| data.contains("\"p000.html\"") || data.contains('*'));
    }
}

#[test]
fn only_this_book_is_served_and_only_to_this_machine() {
    let preview = Preview::of(book());
    preview.project.write("secret", "precious");
    std::os::unix::fs::symlink(preview.project.path("secret"), preview.project.path("site/link.txt"))
        .unwrap();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/deep/..%2f..%2fsecret",
        "/link.txt",
        "/.stagebook-site",
        "//etc/passwd",
    ] {
        let answer = preview.get(path);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("precious") && !answer.contains("root:"), "{path}: {answer}");
    }
    let foreign = preview.ask("GET", "/one.html", "evil.example:3000");
    assert!(foreign.starts_with("HTTP/1.1 403") && !foreign.contains("first"), "{foreign}");
    assert!(preview.ask("POST", "/one.html", &preview.address).starts_with("HTTP/1.1 405"));
    let head = preview.ask("HEAD", "/one.html", "localhost");
    assert!(head.contains("200 OK") && head.ends_with("\r\n\r\n"), "{head}");
    let sheet = preview.get("/assets/book.css");
    assert!(sheet.contains("content-type: text/css") && sheet.contains("nosniff"), "{sheet}");
    assert!(preview.get("/deep").contains("location: /deep/"));
    let missing = preview.get("/no/such/page");
    assert!(missing.contains("404 Not Found") && missing.contains("href=\"/assets/book.css\""), "{missing}");
    assert!(preview.get("/").contains("first"), "the first page is the index");
}

#[test]
fn port_that_is_taken_is_named_and_the_end_is_clean() {
    let mut preview = Preview::of(book());
    let (_, port) = preview.address.rsplit_once(':').unwrap();
    let second = preview.project.run(["book", "serve", "docs", "-d", "other", "--port", port]);
    assert_eq!(second.status.code(), Some(4), "{}", second.stderr);
    assert!(second.stderr.contains(port) && second.stderr.contains("--port"), "{}", second.stderr);
    assert!(!preview.project.path("other").exists());
    let _open = preview.listen("one.html");
    assert_eq!(preview.end(Signal::TERM), Some(0));
    let unfinished = ignore::WalkBuilder::new(preview.project.path("site")).standard_filters(false).build();
    let unfinished = unfinished
        .filter_map(Result::ok)
        .filter(|entry| entry.path().to_string_lossy().ends_with(".unfinished"));
    assert_eq!(unfinished.count(), 0);
}

#[test]
fn folder_that_is_no_book_yet_becomes_one() {
    let project = Project::new();
    fs::create_dir(project.path("docs")).unwrap();
    let preview = Preview::of(project);
    let page = preview.get("/");
    assert!(page.contains("404") && page.contains("EventSource"), "{page}");
    preview.project.write("docs/a.md", "# Hello there\n");
    until("there is a page", || preview.get("/a.html").contains("Hello there").then_some(()));
}

#[test]
fn what_comes_back_is_a_book_again() {
    let preview = Preview::of(book());
    let project = &preview.project;
    project.write("docs/book.toml", "[book]\nsrc = \".\"\n[output.html]\nadditional-css = [\"own.css\"]\n");
    project.write("docs/own.css", "main { hyphens: auto }");
    until("the sheet is there", || preview.get("/one.html").contains("href=\"own.css\"").then_some(()));

    fs::rename(project.path("docs"), project.path("away")).unwrap();
    let mut events = preview.listen("one.html");
    events.until("problem", |data| data.contains("is no book"));
    fs::rename(project.path("away"), project.path("docs")).unwrap();
    events.until("problem", |data| data.trim() == "\"\"");
    project.write("docs/one.md", "# One\n\nback again\n");
    until("the page is followed", || preview.get("/one.html").contains("back again").then_some(()));
}
