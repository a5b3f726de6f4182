//! What became of asking an address.

use hyper::StatusCode;

use crate::diagnostic::{Finding, chain};
use crate::http::HttpError;

/// What is known about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there; for good it has moved to another address, perhaps.
    There { moved: Option<String> },
    /// It is not there.
    Gone(String),
    /// A reader may see more than we do: robots are often refused.
    Unsure(String),
    /// Nobody was reached who could tell.
    Silent { why: String, network: Network },
}

/// What silence says about the network of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// The machine itself cannot ask.
    Down,
    /// The host is to blame, unless no other answers either.
    Doubtful,
    /// No such host; a name server without a network may say so of every name.
    NoSuchHost,
}

impl Verdict {
    /// Returns what the status of a last answer means.
    pub(super) fn of_status(status: StatusCode, moved: Option<String>) -> Self {
        let said = match status.canonical_reason() {
            Some(reason) => format!("the server says {} {reason}", status.as_u16()),
            None => format!("the server says {}", status.as_u16()),
        };
        match status.as_u16() {
            404 | 410 => Self::Gone(said),
            0..400 => Self::There { moved },
            _ => Self::Unsure(said),
        }
    }

    /// Returns what it means that no answer came.
    pub(super) fn of_error(error: &HttpError) -> Self {
        let why = chain(error);
        match error {
            HttpError::UnknownName => Self::Silent { why, network: Network::NoSuchHost },
            HttpError::Refused | HttpError::Certificate(_) | HttpError::Tls(_) => Self::Gone(why),
            HttpError::NameNotAnswered(_) | HttpError::Proxy { .. } | HttpError::NoAuthorities(_) => {
                Self::Silent { why, network: Network::Down }
            }
            HttpError::NoWay(_) | HttpError::TimedOut(_) => Self::Silent { why, network: Network::Doubtful },
            HttpError::Broken(_) => Self::Unsure(why),
        }
    }

    /// Returns what a person should know of it, without a place.
    pub(super) fn finding(&self, written: &str) -> Option<Finding> {
        match self {
            Self::There { moved: None } => None,
            Self::There { moved: Some(moved) } => {
                let finding = Finding::note("moved-external-link", format!("`{written}` has moved for good"));
                Some(finding.help(format!("link to `{moved}`")))
            }
            Self::Gone(why) | Self::Silent { why, network: Network::NoSuchHost } => {
                let finding =
                    Finding::error("dead-external-link", format!("`{written}` leads nowhere: {why}"));
                Some(
                    finding.help(
                        "link to where it is now, or leave it out: `[links] exclude` in stagebook.toml",
                    ),
                )
            }
            Self::Unsure(why) | Self::Silent { why, .. } => {
                let message = format!("whether `{written}` is there cannot be told: {why}");
                let finding = Finding::warning("unsure-external-link", message);
                Some(
                    finding
                        .help("look at it in a browser; `[links] exclude` in stagebook.toml leaves it out"),
                )
            }
        }
    }
}
