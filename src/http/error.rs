//! What can go wrong on the way to an answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{CertificateError, InvalidMessage};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The machine trusts nobody.
    #[error("no certificate of an authority was found on this machine")]
    NoAuthorities(#[source] io::Error),
    /// There is no host of that name.
    #[error("no host has this name")]
    UnknownName,
    /// Whoever knows names did not say.
    #[error("the host's name could not be looked up")]
    NameNotAnswered(#[source] io::Error),
    /// Nobody listens at the port.
    #[error("the host refused the connection")]
    Refused,
    /// There is no way to the host.
    #[error("there is no way to the host")]
    NoWay(#[source] io::Error),
    /// The certificate does not prove who the host is.
    #[error("the host's certificate is not trusted: {0}")]
    Certificate(String),
    /// A safe connection could not be agreed on.
    #[error("no TLS connection could be made")]
    Tls(#[source] rustls::Error),
    /// It took too long.
    #[error("no answer came within {}", crate::diagnostic::duration(*.0))]
    TimedOut(Duration),
    /// The proxy did not let the request through.
    #[error("the proxy `{proxy}` did not let the request through")]
    Proxy {
        /// The proxy, without user and password.
        proxy: String,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer ended early, or was none.
    #[error("the connection broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// What a name led to instead of addresses.
#[derive(Debug, thiserror::Error)]
#[error("the name could not be looked up")]
pub(super) struct NameError(#[source] pub(super) io::Error);

/// What went wrong at a proxy.
#[derive(Debug, thiserror::Error)]
#[error("the proxy failed")]
pub(super) struct ProxyError {
    pub(super) proxy: String,
    #[source]
    pub(super) source: Box<dyn Error + Send + Sync>,
}

impl HttpError {
    /// Returns whether the host spoke where TLS was expected, but not in TLS: in plain `http`, most likely.
    pub fn is_plain_http(&self) -> bool {
        matches!(self, Self::Tls(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
    }

    /// Returns what an error of the client means; what it is about stands somewhere below it.
    pub(super) fn of(error: hyper_util::client::legacy::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if let Some(known) = Self::known(error) {
                return known;
            }
            // What an `io::Error` holds is passed over by `source`.
            cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        Self::Broken(Box::new(error))
    }

    fn known(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(ProxyError { proxy, source }) = error.downcast_ref() {
            let source = crate::diagnostic::chain(source.as_ref()).into();
            return Some(Self::Proxy { proxy: proxy.clone(), source });
        }
        if let Some(NameError(error)) = error.downcast_ref() {
            return Some(unknown_name(error));
        }
        match error.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(error)) => {
                return Some(Self::Certificate(in_words(error)));
            }
            Some(error) => return Some(Self::Tls(error.clone())),
            None => {}
        }
        let error = error.downcast_ref::<io::Error>()?;
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Self::Refused),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Some(Self::NoWay(copied(error))),
            _ => None,
        }
    }
}

/// Returns whether there is no such name, or nobody said. Only the words of the C library tell:
/// glibc's and musl's.
fn unknown_name(error: &io::Error) -> HttpError {
    let text = error.to_string();
    const UNKNOWN: [&str; 4] =
        ["Name or service not known", "No address associated", "Name does not resolve", "Name has no usable"];
    match UNKNOWN.iter().any(|words| text.contains(words)) {
        true => HttpError::UnknownName,
        false => HttpError::NameNotAnswered(copied(error)),
    }
}

fn copied(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Returns what is wrong with a certificate.
fn in_words(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::UnknownIssuer => "no authority that this machine trusts has signed it".to_owned(),
        CertificateError::Revoked => "it was revoked".to_owned(),
        other => other.to_string(),
    }
}
