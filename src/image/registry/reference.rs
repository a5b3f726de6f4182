//! Names of images in registries, as the `distribution` project has them.

use std::fmt;

use oci_spec::image::Digest;

/// The registry that is meant where none is named.
const DEFAULT_HOST: &str = "docker.io";

/// The tag that is meant where none is named.
const DEFAULT_TAG: &str = "latest";

/// The longest path of a repository.
const LONGEST_PATH: usize = 255;

/// The longest tag.
const LONGEST_TAG: usize = 128;

/// The name of an image in a registry: `HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryReference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text names no image in a registry.
#[derive(Debug, thiserror::Error)]
#[error("`{written}` names no image in a registry: {why}")]
pub struct ReferenceError {
    written: String,
    why: String,
    help: &'static str,
}

impl ReferenceError {
    /// Returns what to write instead.
    pub fn help(&self) -> &'static str {
        self.help
    }
}

/// What is wrong with a part of a name, and what to do.
type Wrong = (String, &'static str);

impl RegistryReference {
    /// Reads a name. Like docker and skopeo, it takes one without a host for one of `docker.io`, there one
    /// without a slash for one of `library`, and one without tag and digest for `latest`.
    ///
    /// # Errors
    /// When the text is no such name.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        read(text).map_err(|(why, help)| ReferenceError { written: text.to_owned(), why, help })
    }

    /// Returns the host, with a port where one was written; `docker.io` for all its names.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path of the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag: what was written, or `latest` where there is no digest either.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest that was written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the host that is asked: that of `docker.io` has another name.
    pub(super) fn server(&self) -> &str {
        if self.host == DEFAULT_HOST { "registry-1.docker.io" } else { &self.host }
    }

    /// Returns what the registry is asked for: the digest, which says more than a tag, or the tag.
    pub(super) fn wanted(&self) -> &str {
        match &self.digest {
            Some(digest) => digest.as_ref(),
            None => self.tag.as_deref().unwrap_or(DEFAULT_TAG),
        }
    }

    /// Returns the host and the repository.
    pub(in crate::image) fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(formatter, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn read(text: &str) -> Result<RegistryReference, Wrong> {
    if text.is_empty() {
        return Err(("it is empty".to_owned(), "write it as `quay.io/fedora/fedora:43`"));
    }
    if text.contains("://") {
        let why = "it begins with a scheme".to_owned();
        return Err((why, "leave out what stands before the host, and the `://`"));
    }
    let (text, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest_of(digest)?)),
        None => (text, None),
    };
    let (name, tag) = match text.rsplit_once(':') {
        // What has a slash behind the colon has a port before it.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag_of(tag)?)),
        _ => (text, None),
    };
    let (host, path) = host_and_path(name);
    let is_official = host == DEFAULT_HOST && !path.contains('/');
    let repository = if is_official { format!("library/{path}") } else { path.to_owned() };
    check_host(&host)?;
    check_path(path)?;
    let tag = tag.or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
    Ok(RegistryReference { host, repository, tag, digest })
}

/// Returns the host and the path of a repository. What stands before the first slash is a host where it
/// looks like one.
fn host_and_path(name: &str) -> (String, &str) {
    let is_host = |first: &str| {
        first.contains(['.', ':'])
            || first == "localhost"
            || first.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    match name.split_once('/') {
        Some(("docker.io" | "index.docker.io" | "registry-1.docker.io", path)) => {
            (DEFAULT_HOST.to_owned(), path)
        }
        Some((first, path)) if is_host(first) => (first.to_owned(), path),
        _ => (DEFAULT_HOST.to_owned(), name),
    }
}

fn check_host(host: &str) -> Result<(), Wrong> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        let help = "write the host as `registry.example.org` or `registry.example.org:5000`";
        return Err((format!("`{host}` has no port behind its colon"), help));
    }
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_host = match literal {
        Some(literal) => literal.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.split('.').all(is_label),
    };
    if is_host {
        return Ok(());
    }
    let help = "write the host as DNS has it: letters, digits and `-`, with dots between";
    Err((format!("`{name}` is no host"), help))
}

fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty() && label.bytes().all(known) && !label.starts_with('-') && !label.ends_with('-')
}

fn check_path(path: &str) -> Result<(), Wrong> {
    let help = "a repository has small letters and digits, with `.`, `_`, `__` or `-` between them, and \
                slashes between its parts";
    let wrong = |why: String| Err((why, help));
    if path.is_empty() {
        return wrong("it has no repository".to_owned());
    }
    if path.len() > LONGEST_PATH {
        return wrong(format!("its repository is longer than {LONGEST_PATH} letters"));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return wrong(format!("the repository `{path}` has capital letters"));
    }
    if is_hexadecimal(path, 64) {
        return wrong("64 hexadecimal digits are the id of an image".to_owned());
    }
    match path.split('/').find(|part| !is_path_part(part)) {
        Some("") => wrong(format!("the repository `{path}` has a slash too many")),
        Some(part) => wrong(format!("`{part}` is no part of a repository's name")),
        None => Ok(()),
    }
}

/// Returns whether letters and digits have one separator at a time between them.
fn is_path_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = (part.bytes().next(), part.bytes().last());
    let separators = part.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let is_separator =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    ends.0.is_some_and(is_word) && ends.1.is_some_and(is_word) && separators.into_iter().all(is_separator)
}

fn tag_of(tag: &str) -> Result<String, Wrong> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_known = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-');
    if tag.bytes().next().is_some_and(is_word) && tag.bytes().all(is_known) && tag.len() <= LONGEST_TAG {
        return Ok(tag.to_owned());
    }
    let why = match tag {
        "" => "nothing stands behind its last colon".to_owned(),
        tag => format!("`{tag}` is no tag"),
    };
    Err((
        why,
        "a tag has at most 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
    ))
}

fn digest_of(written: &str) -> Result<Digest, Wrong> {
    let help = "write the digest as `@sha256:` and 64 hexadecimal digits in small letters";
    let known = |digest: &Digest| digest.algorithm().digest_hexlen().is_some();
    match Digest::try_from(written).ok().filter(known) {
        Some(digest) => Ok(digest),
        None => Err((format!("`{written}` is no digest"), help)),
    }
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match RegistryReference::parse(text) {
            Ok(reference) => reference.to_string(),
            Err(error) => error.why,
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_completed() {
        check("busybox", "docker.io/library/busybox:latest");
        check("busybox:1.36", "docker.io/library/busybox:1.36");
        check("me/app", "docker.io/me/app:latest");
        check("index.docker.io/busybox", "docker.io/library/busybox:latest");
        check("docker.io/me/app:1", "docker.io/me/app:1");
        check("quay.io/fedora/fedora-bootc:43", "quay.io/fedora/fedora-bootc:43");
        check("localhost/app", "localhost/app:latest");
        check("localhost:5000/app", "localhost:5000/app:latest");
        check("Registry/app", "Registry/app:latest");
        check("[::1]:5000/a/b__c/d--e/f.g:V_1", "[::1]:5000/a/b__c/d--e/f.g:V_1");
        check("[::1]/a", "[::1]/a:latest");
        check(&format!("quay.io/a/b@{DIGEST}"), &format!("quay.io/a/b@{DIGEST}"));
        check(&format!("quay.io/a/b:1@{DIGEST}"), &format!("quay.io/a/b:1@{DIGEST}"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("", "it is empty");
        check("docker://quay.io/a", "it begins with a scheme");
        check("quay.io/", "it has no repository");
        check("quay.io/Fedora/x", "the repository `Fedora/x` has capital letters");
        check("quay.io/a//b", "the repository `a//b` has a slash too many");
        check("quay.io/a/b/", "the repository `a/b/` has a slash too many");
        check("quay.io/a/-b", "`-b` is no part of a repository's name");
        check("quay.io/a/b..c", "`b..c` is no part of a repository's name");
        check("quay.io/a/b___c", "`b___c` is no part of a repository's name");
        check("quay.io/\u{e4}", "`\u{e4}` is no part of a repository's name");
        check("quay.io/a:", "nothing stands behind its last colon");
        check("quay.io/a:-1", "`-1` is no tag");
        check(&format!("quay.io/a:{}", "x".repeat(129)), &format!("`{}` is no tag", "x".repeat(129)));
        check("quay.io/a@sha256:12", "`sha256:12` is no digest");
        check(
            "quay.io/a@md5:d41d8cd98f00b204e9800998ecf8427e",
            "`md5:d41d8cd98f00b204e9800998ecf8427e` is no digest",
        );
        check("quay.io:x/a", "`quay.io:x` has no port behind its colon");
        check("quay.io:99999/a", "`quay.io:99999` has no port behind its colon");
        check("quay..io/a", "`quay..io` is no host");
        check("-quay.io/a", "`-quay.io` is no host");
        check("[::g]/a", "`[::g]` is no host");
        check(&"a".repeat(64), "64 hexadecimal digits are the id of an image");
        check(&"ab/".repeat(100), "its repository is longer than 255 letters");
        check("a b", "`a b` is no part of a repository's name");
        check("quay.io/a?b", "`a?b` is no part of a repository's name");
    }

    #[test]
    fn docker_is_asked_by_another_name() {
        let reference = RegistryReference::parse("busybox").unwrap();
        assert_eq!((reference.host(), reference.server()), ("docker.io", "registry-1.docker.io"));
        assert_eq!((reference.repository(), reference.wanted()), ("library/busybox", "latest"));
        let both = RegistryReference::parse(&format!("quay.io/a:1@{DIGEST}")).unwrap();
        assert_eq!((both.wanted(), both.tag()), (DIGEST, Some("1")));
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_read_again_and_can_be_asked(text in r"[a-cX0-2.:/@_\[\]-]{1,12}") {
            if let Ok(reference) = RegistryReference::parse(&text) {
                assert_eq!(RegistryReference::parse(&reference.to_string()).unwrap(), reference);
                let server = format!("https://{}", reference.server());
                let address = crate::http::Address::parse(&server).expect("it is a host");
                let path = format!("/v2/{}/manifests/{}", reference.repository(), reference.wanted());
                let joined = address.join(&path).expect("it is a path").to_string();
                assert!(joined.ends_with(&path), "{joined}");
            }
        }
    }
}
