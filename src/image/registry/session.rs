//! Requests of one repository: who asks, where redirects lead, and how often it is tried.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::challenge::Challenge;
use super::credentials::{Credentials, Login};
use super::error::RegistryError;
use super::patience::{Patience, Tries};
use super::reach::Reach;
use super::reference::RegistryReference;
use super::said;
use super::token;
use crate::http::{Address, HttpError, retry_after};

/// The most redirects that are followed.
const REDIRECTS: usize = 5;

/// A repository of a registry, and what was agreed on with it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) reference: RegistryReference,
    pub(super) patience: Patience,
    reach: Reach,
    /// The registry's own address, in the scheme that it speaks.
    base: Address,
    credentials: Arc<Credentials>,
    known: Mutex<Known>,
}

/// What is known of who asks.
#[derive(Debug, Default, Clone)]
struct Known {
    /// What is sent with each request.
    authorization: Option<HeaderValue>,
    /// The login, once it was looked for.
    login: Option<Option<Login>>,
}

/// An answer, and the host that gave it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    pub(super) at: Address,
}

/// A document with what was said about it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
    /// The address that it is from.
    pub(super) at: Address,
}

impl Session {
    /// Begins to ask a registry. One that may speak plain `http` is asked which of the two it speaks, `https`
    /// first, as podman and skopeo do.
    pub(super) async fn begin(
        reference: RegistryReference,
        base: Address,
        reach: Reach,
        credentials: Arc<Credentials>,
        patience: Patience,
    ) -> Result<Self, RegistryError> {
        let base = if reach.is_insecure(&base) { spoken(&reach, base).await? } else { base };
        Ok(Self { reference, patience, reach, base, credentials, known: Mutex::default() })
    }

    /// Returns the address of something of the repository.
    pub(super) fn address(&self, path: &str) -> Address {
        let path = format!("/v2/{}/{path}", self.reference.repository());
        self.base.join(&path).expect("a repository, tags and digests have nothing that paths may not have")
    }

    /// Gets something, with patience; what is not a success is an error.
    pub(super) async fn get(
        &self,
        what: &str,
        address: &Address,
        headers: &HeaderMap,
    ) -> Result<Answer, RegistryError> {
        let mut tries = Tries::new(self.patience);
        loop {
            let (error, wait) = match self.authorized(what, address, headers).await {
                Ok(answer) if answer.response.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let wait = retry_after(answer.response.headers());
                    let is_temporary = is_temporary(answer.response.status());
                    let error = self.refusal(what, answer).await;
                    if !is_temporary {
                        return Err(error);
                    }
                    (error, wait)
                }
                Err(error @ RegistryError::Unreachable { source: HttpError::Broken(_), .. }) => (error, None),
                Err(error) => return Err(error),
            };
            if !tries.again(wait).await {
                return Err(error);
            }
        }
    }

    /// Gets a document, with patience.
    pub(super) async fn document(
        &self,
        what: &str,
        address: &Address,
        headers: &HeaderMap,
        limit: u64,
    ) -> Result<Document, RegistryError> {
        let mut tries = Tries::new(self.patience);
        loop {
            let Answer { response, at } = self.get(what, address, headers).await?;
            let (head, mut body) = response.into_parts();
            let mut bytes = Vec::new();
            let cut = loop {
                match self.next(&mut body).await {
                    Ok(Some(part)) if (bytes.len() + part.len()) as u64 > limit => {
                        return Err(RegistryError::TooLarge { what: what.to_owned(), limit });
                    }
                    Ok(Some(part)) => bytes.extend_from_slice(&part),
                    Ok(None) => return Ok(Document { headers: head.headers, bytes, at }),
                    Err(cut) => break cut,
                }
            };
            if !tries.again(None).await {
                return Err(RegistryError::Unreachable { host: at.host().to_owned(), source: cut });
            }
        }
    }

    /// Returns the next bytes of a body, none at its end. One that stands still for too long is as good as cut.
    pub(super) async fn next(&self, body: &mut Incoming) -> Result<Option<Bytes>, HttpError> {
        loop {
            let timeout = self.reach.timeout();
            match tokio::time::timeout(timeout, body.frame()).await {
                Err(_) => return Err(HttpError::TimedOut(timeout)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(HttpError::Broken(Box::new(error))),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    // Trailers say nothing that matters here.
                    Err(_) => continue,
                },
            }
        }
    }

    /// Returns the answer to someone whom the registry knows: where it asks for a login or a token, it is told one,
    /// once.
    async fn authorized(
        &self,
        what: &str,
        address: &Address,
        headers: &HeaderMap,
    ) -> Result<Answer, RegistryError> {
        let used = self.known().authorization;
        let answer = self.follow(what, address, headers, used.clone()).await?;
        let is_own = self.is_own(&answer.at);
        if answer.response.status() != StatusCode::UNAUTHORIZED || !is_own {
            return Ok(answer);
        }
        let Some(challenge) = Challenge::of(answer.response.headers()) else { return Ok(answer) };
        let Some(authorization) = self.convince(&challenge).await? else { return Ok(answer) };
        if Some(&authorization) == used.as_ref() {
            return Ok(answer);
        }
        self.lock().authorization = Some(authorization.clone());
        said::pass_over(answer.response).await;
        self.follow(what, address, headers, Some(authorization)).await
    }

    /// Follows redirects. Who asks is told to the registry alone, never to a host that it leads to.
    async fn follow(
        &self,
        what: &str,
        address: &Address,
        headers: &HeaderMap,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let mut at = address.clone();
        for _ in 0..=REDIRECTS {
            let mut headers = headers.clone();
            if let Some(authorization) = authorization.as_ref().filter(|_| self.is_own(&at)) {
                headers.insert(header::AUTHORIZATION, authorization.clone());
            }
            let response = self.reach.send(Method::GET, &at, headers, Bytes::new()).await?;
            let Some(location) = location(&response) else { return Ok(Answer { response, at }) };
            let astray = |to: String| RegistryError::LedAstray {
                host: at.host().to_owned(),
                what: what.to_owned(),
                to,
            };
            let Some(next) = at.join(&location) else { return Err(astray("no address".to_owned())) };
            if let Some(objection) = self.reach.objection(&next) {
                return Err(astray(format!("`{}`, {objection}", bare(&next))));
            }
            said::pass_over(response).await;
            at = next;
        }
        let to = format!("`{}`, more than {REDIRECTS} times", bare(&at));
        Err(RegistryError::LedAstray { host: self.base.host().to_owned(), what: what.to_owned(), to })
    }

    /// Returns whether an address is one of the registry itself.
    fn is_own(&self, address: &Address) -> bool {
        address.is_secure() == self.base.is_secure() && host(address) == host(&self.base)
    }

    /// Returns what convinces the registry; `None` where there is no login and it wants one.
    async fn convince(&self, challenge: &Challenge) -> Result<Option<HeaderValue>, RegistryError> {
        let login = self.login().await?;
        match challenge {
            Challenge::Basic => Ok(login.as_ref().and_then(token::basic)),
            Challenge::Bearer { realm, service, scope } => {
                let wanted = token::Wanted {
                    registry: self.reference.host(),
                    realm,
                    service: service.as_deref(),
                    scope: scope
                        .clone()
                        .unwrap_or(format!("repository:{}:pull", self.reference.repository())),
                };
                token::bearer(&self.reach, &self.base, self.patience, &wanted, login.as_ref()).await.map(Some)
            }
        }
    }

    /// Returns the login, which is looked for when it is first needed: a program may ask a person for it.
    async fn login(&self) -> Result<Option<Login>, RegistryError> {
        if let Some(login) = self.known().login {
            return Ok(login);
        }
        let (credentials, reference) = (Arc::clone(&self.credentials), self.reference.clone());
        let found = tokio::task::spawn_blocking(move || credentials.login(&reference)).await;
        let found = found.map_err(|error| RegistryError::Start(error.into()))?;
        let host = || self.reference.host().to_owned();
        let login = found.map_err(|source| RegistryError::Credentials { host: host(), source })?;
        self.lock().login = Some(login.clone());
        Ok(login)
    }

    /// Returns what an answer that is no success means.
    async fn refusal(&self, what: &str, answer: Answer) -> RegistryError {
        let Answer { response, at } = answer;
        let (host, what, status) = (at.host().to_owned(), what.to_owned(), response.status());
        let wait = retry_after(response.headers()).filter(|wait| *wait > self.patience.longest_wait);
        let said = said::said(response, self.reach.timeout()).await;
        match status.as_u16() {
            401 | 403 if self.is_own(&at) => {
                let login = self.known().login.flatten().map(|login| login.origin);
                RegistryError::Denied { host: self.reference.host().to_owned(), what, said, login }
            }
            404 => RegistryError::Missing { host, what, said, repository: self.reference.name() },
            429 | 503 => RegistryError::Busy { host, what, said, wait },
            status => RegistryError::Failed { host, status, what, said },
        }
    }

    fn known(&self) -> Known {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns an address in the scheme that a registry speaks.
async fn spoken(reach: &Reach, base: Address) -> Result<Address, RegistryError> {
    let ask = |address: Address| async move {
        let ping = address.join("/v2/").expect("it is a path");
        reach.send(Method::GET, &ping, HeaderMap::new(), Bytes::new()).await
    };
    let Err(error) = ask(base.clone()).await else { return Ok(base) };
    let RegistryError::Unreachable { source, .. } = &error else { return Err(error) };
    // Nobody would be there in plain http either.
    if matches!(source, HttpError::UnknownName | HttpError::NameNotAnswered(_) | HttpError::NoWay(_)) {
        return Err(error);
    }
    let plain = Address::parse(&format!("http://{}", base.host())).expect("it was an address in https");
    match ask(plain.clone()).await {
        Ok(_) => Ok(plain),
        Err(plain_error) if source.is_plain_http() => Err(plain_error),
        Err(_) => Err(error),
    }
}

/// Returns the host of an address, without the port that its scheme has anyway.
fn host(address: &Address) -> &str {
    let port = if address.is_secure() { ":443" } else { ":80" };
    address.host().strip_suffix(port).unwrap_or(address.host())
}

/// Returns where an answer leads, if it does.
fn location(response: &Response<Incoming>) -> Option<String> {
    let leads = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).filter(|_| leads)?;
    location.to_str().ok().map(str::to_owned)
}

/// Returns an address without its query, which may have a signature in it that lets anyone in.
pub(super) fn bare(address: &Address) -> String {
    let text = address.to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

/// Returns whether the same request may be answered better after a while.
pub(super) fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
