//! The client against a small registry that can be told to misbehave.

mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use oci_spec::image::{Descriptor, Digest, MediaType};

use self::server::{Reply, Request, Server};
use super::*;
use crate::config::{AuthFile, Proxies};
use crate::diagnostic::chain;
use crate::image::digest::sha256;

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;

fn options() -> RegistryOptions {
    RegistryOptions {
        proxies: Proxies::default(),
        timeout: Duration::from_secs(20),
        insecure: Vec::new(),
        credentials: Credentials::default(),
        patience: Patience {
            tries: 3,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_secs(2),
        },
    }
}

fn login(host: &str, login: &str) -> RegistryOptions {
    let text = format!(r#"{{"auths":{{"{host}":{login}}}}}"#);
    let credentials = Credentials::parse(&[AuthFile { path: "/auth.json".into(), text }]).unwrap();
    RegistryOptions { credentials, ..options() }
}

fn connect(server: &Server, options: RegistryOptions) -> Registry {
    let reference = RegistryReference::parse(&format!("{}/a/b:1", server.host())).unwrap();
    Registry::connect(reference, options).unwrap()
}

fn manifest() -> Reply {
    Reply::new(200, MANIFEST).header("Content-Type", MANIFEST_TYPE)
}

/// A blob of so many bytes.
fn blob(size: usize) -> (Vec<u8>, Descriptor) {
    let bytes: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
    let descriptor = Descriptor::new(MediaType::ImageLayerGzip, size as u64, sha256(&bytes));
    (bytes, descriptor)
}

/// Returns what is to be said of an error: it, its causes and what to do.
fn words(error: &RegistryError) -> String {
    format!("{} / {}", chain(error), error.help().unwrap_or_default())
}

#[track_caller]
fn assert_says(error: &RegistryError, texts: &[&str]) {
    let words = words(error);
    texts.iter().for_each(|text| assert!(words.contains(text), "`{text}` is not in:\n{words}"));
}

/// Fetches a blob; returns the file's bytes, which must be the only file.
fn fetched(registry: &Registry, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    let done = registry.fetch(descriptor, &path);
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files(folder.path()), usize::from(done.is_ok()), "nothing half done is left");
    done.map(|()| std::fs::read(&path).unwrap())
}

#[test]
fn tag_is_resolved() {
    let server = Server::new(|request| match request.path.as_str() {
        "/v2/a/b/manifests/1" => {
            manifest().header("Docker-Content-Digest", sha256(MANIFEST.as_bytes()).as_ref())
        }
        _ => Reply::new(404, ""),
    });
    let (descriptor, bytes) = connect(&server, options()).resolve().unwrap();
    assert_eq!(descriptor.media_type(), &MediaType::ImageManifest);
    assert_eq!(
        (descriptor.size(), descriptor.digest()),
        (MANIFEST.len() as u64, &sha256(MANIFEST.as_bytes()))
    );
    assert_eq!(bytes, MANIFEST.as_bytes());
    let accept = server.requests().pop().unwrap().header("accept");
    for media_type in [MANIFEST_TYPE, INDEX_TYPE, "application/vnd.docker.distribution.manifest.list.v2+json"]
    {
        assert!(accept.contains(media_type), "{accept}");
    }
}

#[test]
fn bytes_are_held_to_every_digest() {
    let wrong = sha256(b"x");
    let promised = wrong.clone();
    let server = Server::new(move |_| manifest().header("Docker-Content-Digest", promised.as_ref()));
    let error = connect(&server, options()).resolve().unwrap_err();
    assert_says(&error, &[wrong.as_ref(), "was promised", "do not use it"]);

    let server = Server::new(|_| manifest());
    let name = format!("{}/a/b:1@{wrong}", server.host());
    let registry = Registry::connect(RegistryReference::parse(&name).unwrap(), options()).unwrap();
    assert!(matches!(registry.resolve(), Err(RegistryError::WrongDigest { .. })));
    assert_eq!(server.paths().last().unwrap(), &format!("/v2/a/b/manifests/{wrong}"));

    let size = |size| Descriptor::new(MediaType::ImageManifest, size, sha256(MANIFEST.as_bytes()));
    assert_eq!(registry.document(&size(MANIFEST.len() as u64)).unwrap(), MANIFEST.as_bytes());
    assert!(matches!(registry.document(&size(3)), Err(RegistryError::WrongSize { .. })));
    let other = Descriptor::new(MediaType::ImageConfig, MANIFEST.len() as u64, wrong.clone());
    assert!(matches!(registry.document(&other), Err(RegistryError::WrongDigest { .. })));
    assert_eq!(server.paths().last().unwrap(), &format!("/v2/a/b/blobs/{wrong}"));
    let count = server.paths().len();
    assert!(matches!(registry.document(&size(1 << 30)), Err(RegistryError::TooLarge { .. })));
    assert_eq!(server.paths().len(), count);
    let unknown = Descriptor::new(MediaType::ImageConfig, 1, Digest::try_from("md5:00").unwrap());
    let error = registry.fetch(&unknown, &std::env::temp_dir().join("x")).unwrap_err();
    assert!(matches!(error, RegistryError::UnknownAlgorithm { .. }), "{error}");
}

#[test]
fn what_is_no_manifest_is_refused_in_words() {
    let check = |reply: fn() -> Reply, texts: &[&str]| {
        let server = Server::new(move |_| reply());
        assert_says(&connect(&server, options()).resolve().unwrap_err(), texts);
    };
    let schema_1 = || {
        Reply::new(200, r#"{"schemaVersion":1,"fsLayers":[]}"#)
            .header("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
    };
    check(schema_1, &["/a/b:1` is an image in Docker's schema 1, which is not read", "skopeo copy"]);
    check(|| Reply::new(200, "<html>"), &["is no manifest: it is not in JSON as it should be"]);
    check(
        || Reply::new(200, vec![b' '; 17 << 20]).header("Content-Type", MANIFEST_TYPE),
        &["is larger than 16.8 MB"],
    );
}

/// A registry that wants a token of its own, of the number that `valid` has.
fn with_tokens(request: &Request, host: &str, valid: usize) -> Option<Reply> {
    match request.path.as_str() {
        path if path.starts_with("/token") => None,
        _ if request.header("authorization") == format!("Bearer token{valid}") => None,
        _ => Some(Reply::new(401, r#"{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}"#).header(
            "WWW-Authenticate",
            &format!(r#"Bearer realm="http://{host}/token",service="it",scope="repository:a/b:pull""#),
        )),
    }
}

#[test]
fn token_is_used_until_it_is_not_taken_any_more() {
    let server = Server::with_count(|request, count, host| {
        // The token changes while it is used.
        let valid = if count < 5 { 1 } else { 2 };
        with_tokens(request, host, valid).unwrap_or_else(|| match request.path.starts_with("/token") {
            true if valid == 1 => Reply::new(200, r#"{"token":"token1","expires_in":60}"#),
            true => Reply::new(200, r#"{"token":"","access_token":"token2"}"#),
            false => manifest(),
        })
    });
    let registry = connect(&server, options());
    for _ in 0..3 {
        registry.resolve().unwrap();
    }
    let (token, tag) = ("/token?service=it&scope=repository%3Aa%2Fb%3Apull", "/v2/a/b/manifests/1");
    assert_eq!(server.paths(), ["/v2/", tag, token, tag, tag, tag, token, tag]);
    let requests = server.requests();
    let tokens = requests.iter().filter(|request| request.path == token);
    assert!(tokens.into_iter().all(|request| request.header("authorization").is_empty()), "asked as nobody");
}

#[test]
fn login_is_exchanged_for_a_token() {
    let server = Server::with_count(|request, _, host| {
        with_tokens(request, host, 1).unwrap_or_else(|| {
            let is_known = request.header("authorization") == "Basic bWU6cGFzcw==";
            match request.path.starts_with("/token") {
                true if is_known => Reply::new(200, r#"{"token":"token1"}"#),
                true => Reply::new(401, r#"{"details":"incorrect username or password"}"#),
                false => manifest(),
            }
        })
    });
    let good = login(server.host(), r#"{"username":"me","password":"pass"}"#);
    connect(&server, good).resolve().unwrap();

    let bad = login(server.host(), r#"{"username":"me","password":"secret-word"}"#);
    let error = connect(&server, bad).resolve().unwrap_err();
    let host = server.host();
    assert_says(
        &error,
        &[
            "gave none: 401 Unauthorized, incorrect username or password",
            &format!("the login for `{host}` in `/auth.json` was not accepted: log in again"),
        ],
    );
    assert!(!words(&error).contains("secret-word"));
}

#[test]
fn tokens_that_cannot_be_had_are_told_in_words() {
    let check = |realm: &'static str, token: fn() -> Reply, texts: &[&str]| {
        let server = Server::new(move |request| match request.path.starts_with("/token") {
            true => token(),
            false => Reply::new(401, "").header("WWW-Authenticate", &format!("Bearer realm=\"{realm}\"")),
        });
        let options = login(server.host(), r#"{"username":"me","password":"secret-word"}"#);
        let error = connect(&server, options).resolve().unwrap_err();
        assert!(matches!(error, RegistryError::NoToken { .. }), "{error}");
        assert_says(&error, texts);
        let tokens = server.requests().into_iter().filter(|request| request.path.starts_with("/token"));
        tokens.map(|request| request.path).collect::<Vec<_>>()
    };
    let asked = check("/token?a=b", || Reply::new(200, "{}"), &["gave none: its answer has no token"]);
    assert_eq!(asked, ["/token?a=b&scope=repository%3Aa%2Fb%3Apull"]);
    check("/token", || Reply::new(200, "<html>"), &["gave none: its answer has no token"]);
    check("/token", || Reply::new(200, r#"{"token":"a\nb"}"#), &["its token cannot be sent"]);
    check("/token", || Reply::new(302, "").header("Location", "/elsewhere"), &["gave none: 302 Found"]);
    assert_eq!(check("/token", || Reply::new(503, ""), &["gave none: 503 Service Unavailable"]).len(), 3);
    // A login is not sent where anyone can read it.
    let plain =
        "they are at `http://tokens.test/`, which is plain http, and its host is not named as insecure";
    assert!(check("http://tokens.test/", || Reply::new(200, "{}"), &[plain]).is_empty());
}

#[test]
fn token_to_be_refreshed_is_sent_in_a_form() {
    let server = Server::with_count(|request, _, host| {
        with_tokens(request, host, 1).unwrap_or_else(|| match request.path.as_str() {
            "/token" => Reply::new(200, r#"{"access_token":"token1"}"#),
            _ => manifest(),
        })
    });
    connect(&server, login(server.host(), r#"{"identitytoken":"t/1"}"#)).resolve().unwrap();
    let request = server.requests().into_iter().find(|request| request.path == "/token").unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.body,
        "service=it&scope=repository%3Aa%2Fb%3Apull&grant_type=refresh%5Ftoken&client_id=stagebook&refresh_token=t%2F1"
    );
}

#[test]
fn user_and_password_are_sent_where_they_are_wanted() {
    let server = Server::new(|request| match request.header("authorization").as_str() {
        "Basic bWU6cGFzcw==" => manifest(),
        _ => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"it\""),
    });
    connect(&server, login(server.host(), r#"{"username":"me","password":"pass"}"#)).resolve().unwrap();
    let error = connect(&server, options()).resolve().unwrap_err();
    assert_says(&error, &["/a/b:1` be read: 401 Unauthorized / log in with `podman login"]);
    let other = login(server.host(), r#"{"username":"you","password":"x"}"#);
    let error = connect(&server, other).resolve().unwrap_err();
    assert_says(&error, &["in `/auth.json` has no right to it"]);
}

#[test]
fn refusals_are_told_in_words() {
    let check = |reply: fn() -> Reply, texts: &[&str]| {
        let server = Server::new(move |request| match request.path.as_str() {
            "/v2/" => Reply::new(200, "{}"),
            _ => reply(),
        });
        assert_says(&connect(&server, options()).resolve().unwrap_err(), texts);
        server.paths().len() - 1
    };
    let missing =
        || Reply::new(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#);
    assert_eq!(
        check(
            missing,
            &["/a/b:1`: 404 Not Found, MANIFEST_UNKNOWN: manifest unknown / see whether the name"]
        ),
        1
    );
    let denied = || Reply::new(403, r#"{"errors":[{"code":"DENIED"}]}"#);
    assert_eq!(check(denied, &["be read: 403 Forbidden, DENIED / log in"]), 1);
    assert_eq!(
        check(|| Reply::new(500, ""), &["failed when asked for", "500 Internal Server Error / try"]),
        3
    );
    let busy = || Reply::new(429, r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#).header("Retry-After", "3600");
    assert_eq!(
        check(
            busy,
            &["is too busy", "429 Too Many Requests, TOOMANYREQUESTS; it wants to be left alone for 1h 00m"]
        ),
        1
    );
    assert_eq!(check(|| Reply::new(418, ""), &["failed when asked for"]), 1);
}

#[test]
fn busy_and_broken_registries_are_asked_again() {
    let server = Server::with_count(|_, count, _| match count {
        0 => Reply::new(200, "{}"),
        1 => Reply::new(429, "").header("Retry-After", "1"),
        2 => Reply::new(500, ""),
        3 => manifest(),
        // A head that is none.
        4 => Reply::raw(""),
        5 => manifest().cut(7),
        _ => manifest(),
    });
    let start = Instant::now();
    let registry = connect(&server, options());
    registry.resolve().unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1), "it waited as it was asked to");
    registry.resolve().unwrap();
    assert_eq!(server.paths().len(), 7);
}

#[test]
fn blob_is_written_when_it_is_whole() {
    let (bytes, descriptor) = blob(3_000_000);
    let server = Server::new({
        let bytes = bytes.clone();
        move |_| Reply::new(200, bytes.clone())
    });
    let registry = connect(&server, options());
    assert!(fetched(&registry, &descriptor).unwrap() == bytes);
    let request = server.requests().pop().unwrap();
    assert_eq!(request.path, format!("/v2/a/b/blobs/{}", descriptor.digest()));
    assert_eq!(request.header("range"), "");
    let (nothing, empty) = blob(0);
    let server = Server::new(|_| Reply::new(200, ""));
    assert_eq!(fetched(&connect(&server, options()), &empty).unwrap(), nothing);
    let unwritable = connect(&server, options()).fetch(&empty, Path::new("/nowhere/at/all"));
    assert_says(&unwritable.unwrap_err(), &["`/nowhere/at/all` cannot be written: No such file"]);
}

/// Returns the part of a blob that a request asks for.
fn part(request: &Request, bytes: &[u8]) -> Reply {
    let range = request.header("range");
    let Some(start) = range.strip_prefix("bytes=").and_then(|range| range.trim_end_matches('-').parse().ok())
    else {
        return Reply::new(200, bytes);
    };
    let rest: &[u8] = &bytes[start..];
    let said = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
    Reply::new(206, rest).header("Content-Range", &said)
}

#[test]
fn blob_that_is_cut_is_gone_on_with() {
    let (bytes, descriptor) = blob(5_000_000);
    let server = Server::with_count({
        let bytes = bytes.clone();
        // More cuts than tries, and each brought something.
        move |request, count, _| match count {
            0..5 => part(request, &bytes).cut(1_100_000),
            _ => part(request, &bytes),
        }
    });
    assert!(fetched(&connect(&server, options()), &descriptor).unwrap() == bytes);
    let ranges = server.requests().iter().map(|request| request.header("range")).collect::<Vec<_>>();
    assert_eq!(ranges[1], "", "{ranges:?}");
    assert!(ranges.len() == 6 && ranges[2..].iter().all(|range| range.starts_with("bytes=")), "{ranges:?}");
}

#[test]
fn blob_that_is_cut_for_ever_is_given_up() {
    let (bytes, descriptor) = blob(5_000_000);
    let server = Server::new(move |request| part(request, &bytes).cut(1_000));
    let error = fetched(&connect(&server, options()), &descriptor).unwrap_err();
    let middle = format!("broke off in the middle of `{}/a/b@{}`", server.host(), descriptor.digest());
    assert_says(
        &error,
        &[&middle, "3 times without getting on", " of 5.0 MB came: the connection broke off"],
    );
    assert_eq!(server.paths().len(), 4);
}

#[test]
fn blob_that_stands_still_is_as_good_as_cut() {
    let (bytes, descriptor) = blob(5_000);
    let server = Server::with_count({
        let bytes = bytes.clone();
        move |request, count, _| match count {
            1 => part(request, &bytes).stall(1_000),
            _ => part(request, &bytes),
        }
    });
    let options = RegistryOptions { timeout: Duration::from_millis(300), ..options() };
    assert!(fetched(&connect(&server, options), &descriptor).unwrap() == bytes);
    assert_eq!(server.requests()[2].header("range"), "bytes=1000-");
}

#[test]
fn host_that_begins_again_is_begun_with_again() {
    let (bytes, descriptor) = blob(50_000);
    let check = |second: fn(&[u8]) -> Reply, expected: usize| {
        let server = Server::with_count({
            let bytes = bytes.clone();
            move |request, count, _| match count {
                1 => part(request, &bytes).cut(20_000),
                2 => second(&bytes),
                _ => part(request, &bytes),
            }
        });
        assert!(fetched(&connect(&server, options()), &descriptor).unwrap() == bytes);
        assert_eq!(server.paths().len(), expected);
    };
    check(|bytes| Reply::new(200, bytes), 3);
    let other = |bytes: &[u8]| Reply::new(206, &bytes[10..]).header("Content-Range", "bytes 10-49999/50000");
    check(other, 4);
    check(|_| Reply::new(416, ""), 4);
}

#[test]
fn blob_that_is_another_is_refused() {
    let (mut bytes, descriptor) = blob(5_000);
    bytes[77] ^= 1;
    let check = |reply: Reply, texts: &[&str]| {
        let server = Server::new(move |_| reply.clone());
        assert_says(&fetched(&connect(&server, options()), &descriptor).unwrap_err(), texts);
        assert!(server.paths().len() <= 2, "it is not asked again");
    };
    check(Reply::new(200, &bytes[..]), &["has the digest sha256:", "was promised / do not use it"]);
    check(Reply::new(200, &bytes[..4_000]), &["has 4000 bytes, and 5000 bytes were promised"]);
    check(Reply::new(200, [&bytes[..], b"x"].concat()), &["has 5001 bytes"]);
    check(
        Reply::new(200, [&bytes[..], b"x"].concat()).chunked(),
        &["has more, and 5000 bytes were promised"],
    );
}

#[test]
fn login_is_not_told_where_a_redirect_leads() {
    let (bytes, descriptor) = blob(5_000);
    let other = Server::new(move |request| part(request, &bytes));
    let there = other.host().to_owned();
    let server = Server::new(move |request| match request.header("authorization").as_str() {
        "" => Reply::new(401, "").header("WWW-Authenticate", "Basic"),
        _ if request.path.ends_with("/here") => {
            Reply::new(302, "").header("Location", &format!("http://{there}/kept?signature=s"))
        }
        _ => Reply::new(307, "").header("Location", "/here"),
    });
    let registry = connect(&server, login(server.host(), r#"{"username":"me","password":"pass"}"#));
    fetched(&registry, &descriptor).unwrap();
    let seen = other.requests();
    assert_eq!(seen.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/kept?signature=s"]);
    assert_eq!(seen[0].header("authorization"), "");
    assert!(!server.requests().last().unwrap().header("authorization").is_empty());
}

#[test]
fn redirects_do_not_lead_astray() {
    let check = |location: &'static str, texts: &[&str]| {
        let server = Server::new(move |request| match request.path.as_str() {
            "/v2/" => Reply::new(200, ""),
            _ => Reply::new(302, "").header("Location", location),
        });
        assert_says(&connect(&server, options()).resolve().unwrap_err(), texts);
        server.paths().len()
    };
    assert_eq!(check("/v2/a/b/manifests/1", &["/manifests/1`, more than 5 times"]), 7);
    let plain = "on to `http://elsewhere.test/x`, which is plain http, and its host is not named as insecure";
    assert_eq!(check("http://elsewhere.test/x?secret=1", &[plain]), 2);
    check("mailto:me", &["on to no address"]);
}

#[test]
fn redirect_target_that_refuses_is_not_logged_in_to() {
    let other = Server::new(|_| Reply::new(401, "").header("WWW-Authenticate", "Basic"));
    let there = other.host().to_owned();
    let server = Server::new(move |_| Reply::new(302, "").header("Location", &format!("http://{there}/x")));
    let registry = connect(&server, login(server.host(), r#"{"username":"me","password":"pass"}"#));
    let error = registry.resolve().unwrap_err();
    assert_says(&error, &[&format!("`{}` failed when asked for", other.host()), "401 Unauthorized"]);
    assert!(other.requests().iter().all(|request| request.header("authorization").is_empty()));
}

fn list(digests: &[&Digest]) -> Reply {
    let one = |digest: &&Digest| format!(r#"{{"mediaType":"{MANIFEST_TYPE}","size":2,"digest":"{digest}"}}"#);
    let all = digests.iter().map(one).collect::<Vec<_>>().join(",");
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX_TYPE}","manifests":[{all}]}}"#);
    Reply::new(200, text).header("Content-Type", INDEX_TYPE)
}

#[test]
fn referrers_are_read_page_by_page() {
    let (image, one, two) = (sha256(b"image"), sha256(b"1"), sha256(b"2"));
    let first = format!("/v2/a/b/referrers/{image}");
    let server = Server::new({
        let (one, two) = (one.clone(), two.clone());
        move |request| match request.path.as_str() {
            path if path == first => list(&[&one]).header("Link", &format!("<{path}?n=1>; rel=\"next\"")),
            path if path.ends_with("?n=1") => list(&[&two]),
            _ => Reply::new(404, ""),
        }
    });
    let found = connect(&server, options()).referrers(&image).unwrap();
    assert_eq!(found.iter().map(Descriptor::digest).collect::<Vec<_>>(), [&one, &two]);
}

#[test]
fn referrers_are_found_by_their_tag() {
    let (image, one) = (sha256(b"image"), sha256(b"1"));
    let tag = format!("/v2/a/b/manifests/sha256-{}", image.digest());
    let check = |unknown: fn() -> Reply, there: bool| {
        let server = Server::new({
            let (one, tag) = (one.clone(), tag.clone());
            move |request| match request.path.contains("/referrers/") {
                true => unknown(),
                false if request.path == tag && there => list(&[&one]),
                false => Reply::new(404, ""),
            }
        });
        connect(&server, options()).referrers(&image).map(|found| found.len())
    };
    assert_eq!(check(|| Reply::new(404, "404 page not found"), true).unwrap(), 1);
    assert_eq!(check(|| Reply::new(404, ""), false).unwrap(), 0);
    assert_eq!(check(|| Reply::new(405, ""), true).unwrap(), 1);
    assert_eq!(check(|| Reply::new(200, "<html>"), true).unwrap(), 1);
    assert!(check(|| Reply::new(403, ""), true).is_err());
}

#[test]
fn calls_can_be_called_off() {
    let (bytes, descriptor) = blob(5_000);
    let server = Server::new(move |request| part(request, &bytes).stall(1_000));
    let registry = connect(&server, options());
    let off = registry.call_off();
    let start = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        off.call_off();
    });
    let error = fetched(&registry, &descriptor).unwrap_err();
    assert!(matches!(error, RegistryError::Cancelled { .. }), "{error}");
    assert!(matches!(registry.resolve(), Err(RegistryError::Cancelled { .. })));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn several_threads_ask_at_once() {
    let (bytes, descriptor) = blob(2_000_000);
    let server = Server::new({
        let bytes = bytes.clone();
        move |request| part(request, &bytes)
    });
    let registry = connect(&server, options());
    std::thread::scope(|scope| {
        let fetches = (0..4).map(|_| scope.spawn(|| fetched(&registry, &descriptor).unwrap() == bytes));
        assert!(fetches.collect::<Vec<_>>().into_iter().all(|fetch| fetch.join().unwrap()));
    });
}

#[test]
fn async_code_may_ask_too() {
    let server = Server::new(|_| manifest());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let asked = runtime.block_on(async { connect(&server, options()).resolve() });
    assert_eq!(asked.unwrap().1, MANIFEST.as_bytes());
}

#[test]
fn who_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reference = RegistryReference::parse(&format!("{free}/a")).unwrap();
    let error = Registry::connect(reference, options()).unwrap_err();
    let refused =
        format!("`{free}` did not answer: the host refused the connection / see whether the port is right");
    assert_says(&error, &[&refused]);
}

#[test]
fn plain_http_is_spoken_with_hosts_that_are_named() {
    // A proxy that is every host itself.
    let server = Server::new(|_| manifest());
    let through = |insecure: &[&str]| {
        let proxies = Proxies { all: format!("http://{}", server.host()), ..Proxies::default() };
        let insecure = insecure.iter().map(|&host| host.to_owned()).collect();
        let reference = RegistryReference::parse("registry.test:5000/a/b").unwrap();
        let options = RegistryOptions { proxies, insecure, ..options() };
        Registry::connect(reference, options).and_then(|registry| registry.resolve())
    };
    let plain = "it speaks plain http: if that is meant to be, name it as insecure: `registry.test:5000`";
    assert_says(&through(&[]).unwrap_err(), &["no TLS connection could be made", plain]);
    assert!(server.requests().iter().all(|request| request.method == "CONNECT"));
    through(&["Registry.test:5000"]).unwrap();
    assert_eq!(server.paths().last().unwrap(), "http://registry.test:5000/v2/a/b/manifests/latest");
}
