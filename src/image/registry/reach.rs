//! Which hosts may be asked, and how safely.

use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::{Method, Response};
use tokio::sync::OnceCell;

use super::error::RegistryError;
use crate::config::Proxies;
use crate::http::{Address, Client, ClientOptions, HttpError, Trust};

/// Asks hosts, each as safely as it must be.
///
/// A host is *insecure* where a person named it so, or where it is the registry and on this machine: it may
/// speak plain `http`, and nobody asks who signed its certificate. All others speak TLS and prove who they are.
#[derive(Debug)]
pub(super) struct Reach {
    proxies: Proxies,
    timeout: Duration,
    /// Hosts that were named as insecure, in small letters.
    named: Vec<String>,
    /// The registry is on this machine, so it may lead to other places on it.
    is_local: bool,
    strict: OnceCell<Client>,
    lax: OnceCell<Client>,
}

impl Reach {
    pub(super) fn new(registry: &Address, proxies: Proxies, timeout: Duration, named: &[String]) -> Self {
        let named = named.iter().map(|host| host.to_ascii_lowercase()).collect();
        let is_local = registry.is_local();
        Self { proxies, timeout, named, is_local, strict: OnceCell::new(), lax: OnceCell::new() }
    }

    /// Returns whether a host may speak plain `http`, with a certificate that nobody signed or none.
    pub(super) fn is_insecure(&self, address: &Address) -> bool {
        let is_named = self.named.iter().any(|named| named == address.host());
        is_named || (self.is_local && address.is_local())
    }

    /// Returns what forbids to go where another host leads; `None` where nothing does.
    pub(super) fn objection(&self, address: &Address) -> Option<&'static str> {
        if self.is_insecure(address) {
            return None;
        }
        if address.is_local() {
            return Some("which is on this machine, where no other has a say");
        }
        (!address.is_secure()).then_some("which is plain http, and its host is not named as insecure")
    }

    /// Sends a request; the head of the answer is there when this returns.
    pub(super) async fn send(
        &self,
        method: Method,
        address: &Address,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, RegistryError> {
        let answer = async { self.client(address).await?.send(method, address, headers, body).await };
        answer.await.map_err(|source| RegistryError::Unreachable { host: address.host().to_owned(), source })
    }

    /// Returns the client for a host. Authorities are read from the disk, so only when they are needed.
    async fn client(&self, address: &Address) -> Result<&Client, HttpError> {
        let (cell, trust) = match self.is_insecure(address) {
            true => (&self.lax, Trust::Anyone),
            false => (&self.strict, Trust::Authorities),
        };
        let options = || ClientOptions { timeout: self.timeout, proxies: self.proxies.clone(), trust };
        cell.get_or_try_init(|| async { Client::new(&options()) }).await
    }

    /// Returns how long a body may stand still.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(registry: &str, named: &[&str], address: &str, objects: bool) {
        let address_of = |text: &str| Address::parse(text).unwrap();
        let named: Vec<String> = named.iter().map(|&host| host.to_owned()).collect();
        let reach = Reach::new(&address_of(registry), Proxies::default(), Duration::from_secs(1), &named);
        assert_eq!(reach.objection(&address_of(address)).is_some(), objects, "{registry} to {address}");
    }

    #[test]
    fn plain_http_is_for_hosts_that_are_named_and_for_this_machine() {
        check("https://a.org", &[], "https://b.org/x", false);
        check("https://a.org", &[], "http://b.org/x", true);
        check("https://a.org", &["B.org"], "http://b.org/x", false);
        check("https://a.org", &["b.org"], "http://b.org:5000/x", true);
        check("https://a.org", &["b.org:5000"], "http://b.org:5000/x", false);
        check("https://a.org", &[], "https://127.0.0.1/x", true);
        check("https://a.org", &["127.0.0.1"], "https://127.0.0.1/x", false);
        check("https://127.0.0.1:5000", &[], "http://localhost:6000/x", false);
        check("https://127.0.0.1:5000", &[], "http://b.org/x", true);
    }
}
