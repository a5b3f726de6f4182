//! Links to other sites, asked through a server of the test's own that is the proxy for every host.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::project::{Ended, Project, has, skipped, until, wait};

/// A server that answers for every host, by the path that it is asked for.
struct Web {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Requests as `HEAD http://host/path`, in their order.
    requests: Vec<String>,
    /// What was sent besides, of each request.
    headers: Vec<String>,
    under_way: BTreeMap<String, usize>,
    most_to_one_host: usize,
    most: usize,
    /// What speaks TLS behind a tunnel.
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Web {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let web = Self { port, seen: Arc::clone(&seen) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        web
    }

    /// Returns how often something was asked.
    fn count(&self, request: &str) -> usize {
        self.seen.lock().unwrap().requests.iter().filter(|seen| *seen == request).count()
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().requests.len()
    }

    /// Returns the program, whose way out is this server.
    fn build(&self, project: &Project, more: &[&str]) -> Command {
        let arguments = ["book", "build", "docs", "-d", "site", "--external-links"];
        let mut command = project.stagebook(arguments.iter().chain(more).copied());
        let proxy = format!("http://127.0.0.1:{}", self.port);
        command.env("http_proxy", &proxy).env("https_proxy", &proxy);
        command
    }

    fn built(&self, project: &Project) -> Ended {
        project.finish(&mut self.build(project, &["-v"]), "")
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some((request, headers)) = read_head(&mut reader) {
        if request.starts_with("CONNECT ") {
            writer.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let tls = seen.lock().unwrap().tls.clone();
            return tls.map_or((), |config| serve_tls(writer, config));
        }
        let host = request.split('/').nth(2).unwrap_or_default().to_owned();
        let times = {
            let mut seen = seen.lock().unwrap();
            let times = seen.requests.iter().filter(|earlier| **earlier == request).count();
            seen.requests.push(request.clone());
            seen.headers.push(headers);
            *seen.under_way.entry(host.clone()).or_default() += 1;
            seen.most_to_one_host = seen.most_to_one_host.max(seen.under_way[&host]);
            seen.most = seen.most.max(seen.under_way.values().sum());
            times
        };
        let answer = answer_to(&request, times);
        std::thread::sleep(Duration::from_millis(20));
        *seen.lock().unwrap().under_way.get_mut(&host).unwrap() -= 1;
        match answer {
            Some(answer) => writer.write_all(answer.as_bytes()).unwrap(),
            None => return,
        }
    }
}

fn read_head(reader: &mut impl std::io::BufRead) -> Option<(String, String)> {
    let mut lines = reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let request = first.rsplit_once(' ')?.0.to_owned();
    Some((request, lines.collect::<Vec<_>>().join("\n")))
}

/// Returns what is answered to a request that was made some times before; `None` closes the connection.
fn answer_to(request: &str, times: usize) -> Option<String> {
    let path = request.splitn(4, '/').nth(3).unwrap_or_default();
    let is_head = request.starts_with("HEAD");
    let (status, more) = match path {
        "get-only" if is_head => ("405 Method Not Allowed", ""),
        "no-head" if is_head => return None,
        "closes" => return None,
        "gone" => ("404 Not Found", ""),
        "long-gone" => ("410 Gone", ""),
        "forbidden" => ("403 Forbidden", ""),
        "broken" => ("500 Internal Server Error", ""),
        "moved" => ("301 Moved Permanently", "Location: /ok\r\n"),
        "found" => ("302 Found", "Location: /ok\r\n"),
        "to-gone" => ("302 Found", "Location: gone\r\n"),
        "inward" => ("302 Found", "Location: http://127.0.0.1:1/\r\n"),
        "loop" => ("302 Found", "Location: /loop\r\n"),
        "later" if is_head && times == 0 => ("429 Too Many Requests", "Retry-After: 1\r\n"),
        "much-later" => ("503 Service Unavailable", "Retry-After: 86400\r\n"),
        "slow" => {
            std::thread::sleep(Duration::from_secs(3));
            ("200 OK", "")
        }
        _ => ("200 OK", ""),
    };
    let body = if is_head { "" } else { "words" };
    Some(format!("HTTP/1.1 {status}\r\n{more}Content-Length: 5\r\n\r\n{body}"))
}

fn serve_tls(stream: TcpStream, config: Arc<rustls::ServerConfig>) {
    let connection = rustls::ServerConnection::new(config).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    let mut head = [0; 4096];
    // Who does not trust us says nothing.
    if stream.read(&mut head).is_ok_and(|read| read > 0) {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

fn project(page: &str) -> Project {
    let project = Project::new();
    project.write("docs/a.md", format!("# A\n\n{page}\n"));
    project
}

#[track_caller]
fn assert_says(ended: &Ended, words: &[&str]) {
    for words in words {
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
    }
}

#[test]
fn links_that_lead_nowhere_have_a_place() {
    let web = Web::new();
    let project = project(
        "[ok](http://one.test/ok) [a](http://one.test/gone#part) ![p](http://one.test/long-gone)\n\n\
         <a href=\"http://one.test/to-gone\">raw</a>\n\n\
         [f](http://two.test/forbidden) [b](http://two.test/broken) [c](http://two.test/closes)\n\n\
         [l](http://two.test/loop) [z](http://two.test/inward) [m](http://one.test/moved) [n](http://one.test/found)\n\n\
         [h](http://one.test/get-only) [i](http://one.test/no-head) [x](http://a:b/) [y](http://localhost:3000/x)",
    );
    let built = web.built(&project);
    assert_eq!(built.status.code(), Some(1), "{}", built.stderr);
    assert_says(
        &built,
        &[
            "error[dead-external-link]: `http://one.test/gone#part` leads nowhere: the server says 404 Not Found\n --> docs/a.md:3:26",
            "`http://one.test/long-gone` leads nowhere: the server says 410 Gone\n --> docs/a.md:3:57",
            "`http://one.test/to-gone` leads nowhere: it leads on to `http://one.test/gone`, and the server says 404",
            "docs/a.md:5:1",
            "warning[unsure-external-link]: whether `http://two.test/forbidden` is there cannot be told: the server says 403",
            "`http://two.test/broken` is there cannot be told: the server says 500",
            "`http://two.test/closes` is there cannot be told: the connection broke off",
            "`http://two.test/loop` is there cannot be told: it leads on more than 10 times",
            "`http://two.test/inward` is there cannot be told: it leads on to `http://127.0.0.1:1/`, on the machine",
            "note[moved-external-link]: `http://one.test/moved` has moved for good",
            "link to `http://one.test/ok`",
            "`http://a:b/` leads nowhere: it is no address",
            "note[local-link]: `http://localhost:3000/x` is on the reader's own machine",
        ],
    );
    for fine in ["get-only", "no-head", "found", "one.test/ok`\n"] {
        assert!(!built.stderr.contains(&format!("`http://one.test/{fine}` ")), "{fine}: {}", built.stderr);
    }
    assert_eq!(built.stderr.matches("error[dead-external-link]").count(), 4, "{}", built.stderr);
    assert_eq!(web.count("GET http://one.test/ok"), 0, "its head was enough");
    assert!(project.path("site/a.html").exists());
    let seen = web.seen.lock().unwrap();
    let agent = concat!("user-agent: stagebook/", env!("CARGO_PKG_VERSION"));
    assert!(seen.headers.iter().all(|headers| headers.to_lowercase().contains(agent)), "{:?}", seen.headers);
    let names: std::collections::BTreeSet<String> = seen
        .headers
        .iter()
        .flat_map(|headers| headers.lines())
        .filter_map(|line| Some(line.split_once(':')?.0.to_lowercase()))
        .collect();
    assert_eq!(names, ["accept", "host", "user-agent"].map(str::to_owned).into(), "nothing else is sent");
}

#[test]
fn network_is_left_alone_unless_asked() {
    let web = Web::new();
    let project = project("[a](http://one.test/gone)");
    let mut command = project.stagebook(["book", "build", "docs", "-d", "site"]);
    command.env("http_proxy", format!("http://127.0.0.1:{}", web.port));
    assert_eq!(project.finish(&mut command, "").status.code(), Some(0));
    assert_eq!(web.requests(), 0);
    assert!(!project.path(".stagebook/links.json").exists());
}

#[test]
fn address_is_asked_once_and_remembered_while_it_is_good() {
    let web = Web::new();
    let project = project("[a](http://one.test/ok#x) [b](http://one.test/ok) [c](http://one.test/gone)");
    project.write("docs/b.md", "# B\n\n[a](http://one.test/ok) [m](http://one.test/moved)\n");
    let first = web.built(&project);
    assert_eq!(first.status.code(), Some(1), "{}", first.stderr);
    assert_eq!(web.count("HEAD http://one.test/ok"), 2, "by itself, and where `moved` leads");
    assert_says(&first, &["3 external links: 3 asked, 0 known from the last day"]);
    let before = web.requests();
    let second = web.built(&project);
    assert_says(
        &second,
        &["3 external links: 1 asked, 2 known", "moved-external-link", "one.test/gone` leads nowhere"],
    );
    assert_eq!(web.requests(), before + 2, "HEAD and GET of what was gone");
    for damaged in ["", "{\"version\": 1", "\u{0}"] {
        project.write(".stagebook/links.json", damaged);
        assert_says(&web.built(&project), &["3 external links: 3 asked"]);
    }
}

#[test]
fn addresses_can_be_left_out() {
    let web = Web::new();
    let project = project("[a](http://one.test/gone) [b](http://two.test/gone) [c](http://two.test/kept)");
    project.write("stagebook.toml", "[links]\nexclude = [\"http://one.test/*\", \"*/gone\"]\n");
    let built = web.built(&project);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert_eq!(web.seen.lock().unwrap().requests, ["HEAD http://two.test/kept"]);
}

#[test]
fn servers_that_ask_for_patience_get_it() {
    let web = Web::new();
    let project = project("[a](http://one.test/later) [b](http://two.test/much-later)");
    let start = Instant::now();
    let built = web.built(&project);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert!(start.elapsed() >= Duration::from_secs(1), "it waited");
    assert_says(&built, &["`http://two.test/much-later` is there cannot be told: the server says 503"]);
    assert!(!built.stderr.contains("`http://one.test/later`"), "{}", built.stderr);
    assert_eq!((web.count("HEAD http://one.test/later"), web.count("GET http://one.test/later")), (1, 1));
    assert_eq!(web.requests(), 3, "who asks for a day is not asked again");
}

#[test]
fn slow_server_is_not_waited_for_beyond_the_limit() {
    let web = Web::new();
    let project = project("[a](http://one.test/slow) [b](http://two.test/ok)");
    project.write("stagebook.toml", "[links]\ntimeout = \"300ms\"\n");
    let built = web.built(&project);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    assert_says(&built, &["`http://one.test/slow` is there cannot be told: no answer came within 0.30s"]);
}

#[test]
fn hosts_are_not_pressed() {
    let web = Web::new();
    let links: Vec<String> =
        (0..60).map(|number| format!("[a](http://host{}.test/{number})", number % 20)).collect();
    let project = project(&links.join(" "));
    let built = web.built(&project);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let seen = web.seen.lock().unwrap();
    assert_eq!(seen.requests.len(), 60);
    assert!(seen.most_to_one_host <= 2, "{}", seen.most_to_one_host);
    assert!((2..=16).contains(&seen.most), "{}", seen.most);
}

#[test]
fn missing_network_is_said_once() {
    let links: Vec<String> = (0..100).map(|number| format!("[a](http://host{number}.test/)")).collect();
    let project = project(&links.join(" "));
    // Nobody listens at the proxy's port.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = project.stagebook(["book", "build", "docs", "-d", "site", "--external-links"]);
    command.env("http_proxy", format!("http://me:secret@127.0.0.1:{port}"));
    let built = project.finish(&mut command, "");
    assert_eq!(built.status.code(), Some(4), "{}", built.stderr);
    assert_says(
        &built,
        &[
            "error: links to other sites could not be asked: the proxy `http://127.0.0.1:",
            "help: see whether",
        ],
    );
    assert_eq!(built.stderr.matches("asked").count(), 1, "{}", built.stderr);
    assert!(!built.stderr.contains("secret"), "{}", built.stderr);
    assert!(project.path("site/a.html").exists());
}

#[test]
fn interrupt_ends_it_at_once_and_keeps_what_was_there() {
    let web = Web::new();
    let project = project("[a](http://one.test/slow) [b](http://two.test/ok)");
    let mut command = web.build(&project, &[]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the links are asked", || (web.requests() == 2).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child).code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(project.read(".stagebook/links.json").contains("http://two.test/ok"));
}

#[test]
fn certificate_that_is_not_trusted_is_named_as_such() {
    if !has("openssl") {
        skipped("certificates of other sites", "needs `openssl`");
        return;
    }
    let project = project("[a](https://good.test/) [b](https://other.test/) [c](http://other.test/ok)");
    make_certificates(&project);
    let path = |name: &str| project.outside().join("home").join(name);
    let chain = vec![CertificateDer::from_pem_file(path("leaf.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(path("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let web = Web::new();
    web.seen.lock().unwrap().tls = Some(Arc::new(config));

    let trusted = project.finish(web.build(&project, &[]).env("SSL_CERT_FILE", path("ca.pem")), "");
    assert_eq!(trusted.status.code(), Some(1), "{}", trusted.stderr);
    assert_says(
        &trusted,
        &[
            "`https://other.test/` leads nowhere: the host's certificate is not trusted: it is for another name",
        ],
    );
    assert!(
        !trusted.stderr.contains("`https://good.test/`"),
        "an authority of one's own is trusted: {}",
        trusted.stderr
    );

    assert_eq!(web.count("HEAD http://other.test/ok"), 1, "what is wrong in TLS says nothing of the rest");

    std::fs::remove_file(project.path(".stagebook/links.json")).unwrap();
    let untrusted = project.finish(web.build(&project, &[]).env("SSL_CERT_FILE", path("another.pem")), "");
    assert_eq!(untrusted.status.code(), Some(1), "{}", untrusted.stderr);
    assert_says(
        &untrusted,
        &[
            "`https://good.test/` leads nowhere: the host's certificate is not trusted: no authority that this machine trusts has signed it",
        ],
    );
}

/// Makes an authority, one that signed nothing, and a certificate for `good.test`.
fn make_certificates(project: &Project) {
    let script = "\
        new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $new -keyout ca.key -out ca.pem -subj /CN=authority -days 2
        openssl req -x509 $new -keyout another.key -out another.pem -subj /CN=another -days 2
        openssl req $new -keyout leaf.key -out leaf.csr -subj /CN=good.test
        echo subjectAltName=DNS:good.test > names
        openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile names";
    let mut command = project.command("sh");
    command.args(["-ec", script]).current_dir(project.outside().join("home"));
    let made = project.finish(&mut command, "");
    assert!(made.status.success(), "{}", made.stderr);
}
