//! What can go wrong with a registry.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::credentials::CredentialsError;
use crate::diagnostic::{duration, size};
use crate::http::HttpError;

/// Why a registry did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nothing could be asked.
    #[error("registries cannot be asked")]
    Start(#[source] io::Error),
    /// Someone called it off.
    #[error("reading from `{host}` was called off")]
    Cancelled {
        /// The registry.
        host: String,
    },
    /// No answer came.
    #[error("`{host}` did not answer")]
    Unreachable {
        /// The host that was asked: the registry, the one that gives tokens, or one that keeps blobs.
        host: String,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// It does not give this to who asks.
    #[error("`{host}` does not let `{what}` be read: {said}")]
    Denied {
        /// The registry, by the name by which one logs in.
        host: String,
        /// What was asked for.
        what: String,
        /// What it said.
        said: String,
        /// Who asked: where the login is from.
        login: Option<String>,
    },
    /// It has no such thing.
    #[error("`{host}` has no `{what}`: {said}")]
    Missing {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What it said.
        said: String,
        /// The repository with its host.
        repository: String,
    },
    /// It was asked too often, or is too busy.
    #[error("`{host}` is too busy to give `{what}`: {said}{}", later(*.wait))]
    Busy {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What it said.
        said: String,
        /// How long it wants to be left alone, where that is longer than anyone would wait.
        wait: Option<Duration>,
    },
    /// It answered something else.
    #[error("`{host}` failed when asked for `{what}`: {said}")]
    Failed {
        /// The host.
        host: String,
        /// The status of the answer.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it said.
        said: String,
    },
    /// It led on without an end, or to where nobody should go.
    #[error("`{host}` leads from `{what}` on to {to}")]
    LedAstray {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// Where, and what is wrong with it.
        to: String,
    },
    /// It did not hand out a token.
    #[error("`{host}`, which gives tokens for `{registry}`, gave none: {said}")]
    NoToken {
        /// Who hands out tokens.
        host: String,
        /// The registry that they are for.
        registry: String,
        /// What it said.
        said: String,
        /// Who asked: where the login is from.
        login: Option<String>,
        /// It was because of who asked.
        is_refusal: bool,
    },
    /// Who asks cannot be told.
    #[error("the login for `{host}` could not be found out")]
    Credentials {
        /// The registry.
        host: String,
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// An image in a form that was given up.
    #[error("`{what}` is an image in Docker's schema 1, which is not read")]
    SchemaOne {
        /// The image.
        what: String,
    },
    /// What came is not what the specification says.
    #[error("what `{host}` has as `{what}` is no manifest: {why}")]
    NoManifest {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The bytes are not those that were promised.
    #[error("what `{host}` has as `{what}` has the digest {found}, and {promised} was promised")]
    WrongDigest {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The digest of what came.
        found: String,
        /// The digest that it should have.
        promised: String,
    },
    /// A digest in an algorithm that is not known.
    #[error("`{digest}` is in an algorithm that is not known")]
    UnknownAlgorithm {
        /// The digest.
        digest: String,
    },
    /// There are more or fewer bytes than were promised.
    #[error("what `{host}` has as `{what}` has {found}, and {promised} bytes were promised")]
    WrongSize {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// How many came, in words.
        found: String,
        /// How many there should be.
        promised: u64,
    },
    /// A document that nobody needs.
    #[error("`{what}` is larger than {}", size(*.limit))]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The most that is read.
        limit: u64,
    },
    /// The connection broke off, again and again.
    #[error(
        "`{host}` broke off in the middle of `{what}`, {tries} times without getting on: {} of {} came",
        size(*.received), size(*.promised)
    )]
    Cut {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// How often it was tried since anything much came.
        tries: u32,
        /// How many bytes came.
        received: u64,
        /// How many there are.
        promised: u64,
        /// What happened at last.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn later(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!("; it wants to be left alone for {}", duration(wait)))
}

impl RegistryError {
    /// Returns what to do.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreachable { host, source } => unreachable_help(host, source),
            Self::Denied { host, login: Some(origin), .. } => Some(format!(
                "{origin} has no right to it: log in with `podman login {host}` as someone who has, or mend the name"
            )),
            Self::Denied { host, login: None, .. } => Some(format!(
                "log in with `podman login {host}` or `skopeo login {host}`, or mend the name: many registries say \
                 this of what is not there"
            )),
            Self::Missing { repository, .. } => Some(format!(
                "see whether the name is right: `skopeo list-tags docker://{repository}` shows the tags"
            )),
            Self::Busy { .. } => Some("try again later; who is logged in may often ask more".to_owned()),
            Self::NoToken { registry, login: Some(origin), is_refusal: true, .. } => {
                Some(format!("{origin} was not accepted: log in again with `podman login {registry}`"))
            }
            Self::NoToken { registry, login: None, is_refusal: true, .. } => {
                Some(format!("log in with `podman login {registry}` or `skopeo login {registry}`"))
            }
            Self::Credentials { source, .. } => Some(source.help()),
            Self::SchemaOne { .. } => {
                Some("copy it with `skopeo copy --format oci` and read the copy".to_owned())
            }
            Self::WrongDigest { .. } | Self::WrongSize { .. } => {
                Some("do not use it: tell who runs the registry, or the proxy before it".to_owned())
            }
            Self::Cut { .. } | Self::Failed { .. } => Some("try again later".to_owned()),
            _ => None,
        }
    }

    /// Returns whether what was asked for is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Returns whether it answered with one of these, which are no success.
    pub(super) fn is_status(&self, statuses: &[u16]) -> bool {
        match self {
            Self::Missing { .. } => statuses.contains(&404),
            Self::Failed { status, .. } => statuses.contains(status),
            _ => false,
        }
    }
}

fn unreachable_help(host: &str, error: &HttpError) -> Option<String> {
    let help = match error {
        HttpError::Certificate(_) => format!(
            "add the authority that signed it to those of this machine, or name its file in `SSL_CERT_FILE`; \
             a host that is named as insecure need not prove who it is: `{host}`"
        ),
        error if error.is_plain_http() => {
            format!("it speaks plain http: if that is meant to be, name it as insecure: `{host}`")
        }
        HttpError::Tls(_) => {
            let port = if host.contains(':') { "" } else { ":443" };
            format!("see what `openssl s_client -connect {host}{port}` says")
        }
        HttpError::NoAuthorities(_) => "install the package `ca-certificates`".to_owned(),
        HttpError::UnknownName => format!("see whether `{host}` is written as it should be"),
        HttpError::Proxy { .. } => "see what `https_proxy` and `no_proxy` say".to_owned(),
        HttpError::TimedOut(_) | HttpError::NoWay(_) | HttpError::NameNotAnswered(_) => {
            "see whether this machine has a network, and whether it needs a proxy: `https_proxy`".to_owned()
        }
        HttpError::Refused => "see whether the port is right, and whether the registry runs".to_owned(),
        _ => return None,
    };
    Some(help)
}
