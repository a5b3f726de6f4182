//! What is sent to a registry so that it knows who asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::credentials::{Login, Secret};
use super::error::RegistryError;
use super::patience::{Patience, Tries};
use super::reach::Reach;
use super::said;
use super::session::{bare, is_temporary};
use crate::http::{Address, HttpError, retry_after};

/// The largest answer of a server of tokens.
const LARGEST: usize = 1024 * 1024;

/// The name of this program to servers of tokens.
const CLIENT: &str = "stagebook";

/// A token that is wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// The registry that it is for.
    pub(super) registry: &'a str,
    /// Where tokens are given.
    pub(super) realm: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) scope: String,
}

/// A server's answer: distributions call the token one or the other.
#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
}

/// Returns a user and a password as registries take them.
pub(super) fn basic(login: &Login) -> Option<HeaderValue> {
    let Secret::Password { user, password } = &login.secret else { return None };
    secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// Asks for a token, with a login or as nobody, with patience.
pub(super) async fn bearer(
    reach: &Reach,
    registry: &Address,
    patience: Patience,
    wanted: &Wanted<'_>,
    login: Option<&Login>,
) -> Result<HeaderValue, RegistryError> {
    let realm = wanted.address(reach, registry, login)?;
    let mut tries = Tries::new(patience);
    loop {
        let (error, wait) = match ask(reach, &realm, wanted, login).await {
            Ok(answer) if answer.status().is_success() => {
                let token = token(answer, reach).await;
                return token.map_err(|said| wanted.not_given(&realm, said, login, false));
            }
            Ok(answer) => {
                let (wait, status) = (retry_after(answer.headers()), answer.status());
                let is_refusal = matches!(status.as_u16(), 400 | 401 | 403);
                let said = said::said(answer, reach.timeout()).await;
                let error = wanted.not_given(&realm, said, login, is_refusal);
                if !is_temporary(status) {
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

impl Wanted<'_> {
    /// Returns where tokens are given, if a login may go there.
    fn address(
        &self,
        reach: &Reach,
        registry: &Address,
        login: Option<&Login>,
    ) -> Result<Address, RegistryError> {
        let Some(realm) = registry.join(self.realm) else {
            return Err(self.not_given(registry, format!("`{}` is no address", self.realm), login, false));
        };
        match reach.objection(&realm) {
            None => Ok(realm),
            Some(objection) => {
                let said = format!("they are at `{}`, {objection}", bare(&realm));
                Err(self.not_given(&realm, said, login, false))
            }
        }
    }

    fn not_given(
        &self,
        by: &Address,
        said: String,
        login: Option<&Login>,
        is_refusal: bool,
    ) -> RegistryError {
        RegistryError::NoToken {
            host: by.host().to_owned(),
            registry: self.registry.to_owned(),
            said,
            login: login.map(|login| login.origin.clone()),
            is_refusal,
        }
    }
}

/// Sends the question. A redirect is not followed: a login is not passed on.
async fn ask(
    reach: &Reach,
    realm: &Address,
    wanted: &Wanted<'_>,
    login: Option<&Login>,
) -> Result<Response<Incoming>, RegistryError> {
    let mut fields: Vec<(&str, &str)> =
        wanted.service.map(|service| ("service", service)).into_iter().collect();
    fields.push(("scope", &wanted.scope));
    let mut headers = HeaderMap::new();
    if let Some(Login { secret: Secret::Refresh(token), .. }) = login {
        fields.extend([("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)]);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        return reach.send(Method::POST, realm, headers, Bytes::from(encoded(&fields))).await;
    }
    if let Some(authorization) = login.and_then(basic) {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    let (text, fields) = (realm.to_string(), encoded(&fields));
    let separator = if text.contains('?') { '&' } else { '?' };
    let address = Address::parse(&format!("{text}{separator}{fields}")).expect("its query alone grew");
    reach.send(Method::GET, &address, headers, Bytes::new()).await
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let field =
        |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}

/// Returns the token of an answer, or what is wrong with it.
async fn token(answer: Response<Incoming>, reach: &Reach) -> Result<HeaderValue, String> {
    let body = Limited::new(answer.into_body(), LARGEST).collect();
    let bytes = match tokio::time::timeout(reach.timeout(), body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Err("its answer broke off".to_owned()),
        Err(_) => return Err("its answer did not come to an end".to_owned()),
    };
    // The answer may have a token in it, so it is not shown.
    let given: Given = serde_json::from_slice(&bytes).map_err(|_| "its answer has no token".to_owned())?;
    let token = [given.token, given.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let token = token.ok_or("its answer has no token")?;
    secret(&format!("Bearer {token}")).ok_or_else(|| "its token cannot be sent".to_owned())
}

/// Returns a value that is never shown.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
