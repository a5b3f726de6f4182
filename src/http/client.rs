//! The client: one request, one answer.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::address::Address;
use super::error::HttpError;
use super::trust::{Trust, tls_for_anyone};
use super::way::{Way, proxy_for};
use crate::config::Proxies;

/// How a client says who it is.
const USER_AGENT: &str = concat!("stagebook/", env!("CARGO_PKG_VERSION"));

/// What a client is made with.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long the head of an answer may take to come, connecting included.
    pub timeout: Duration,
    /// The way out.
    pub proxies: Proxies,
    /// Whose certificates are good.
    pub trust: Trust,
}

/// Asks other machines. It keeps connections open for the next request to the same host.
#[derive(Debug, Clone)]
pub struct Client {
    inner: legacy::Client<HttpsConnector<Way>, Full<Bytes>>,
    proxies: Arc<Matcher>,
    timeout: Duration,
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// When the machine's authorities are to be trusted, and there are none.
    pub fn new(options: &ClientOptions) -> Result<Self, HttpError> {
        let Proxies { http, https, all, none_for } = &options.proxies;
        let matcher = Matcher::builder().http(http).https(https).all(all).no(none_for).build();
        let proxies = Arc::new(matcher);
        let provider = rustls::crypto::ring::default_provider();
        let builder = match options.trust {
            Trust::Authorities => HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(provider)
                .map_err(HttpError::NoAuthorities)?,
            Trust::Anyone => HttpsConnectorBuilder::new().with_tls_config(tls_for_anyone(provider)),
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(Way::new(Arc::clone(&proxies)));
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(10))
            .build(connector);
        Ok(Self { inner, proxies, timeout: options.timeout })
    }

    /// Sends a request without a body, and returns the answer as soon as its head is there.
    ///
    /// # Errors
    /// When no answer comes. One that says that something is wrong is an answer.
    pub async fn ask(
        &self,
        method: Method,
        address: &Address,
        headers: HeaderMap,
    ) -> Result<Response<Incoming>, HttpError> {
        self.send(method, address, headers, Bytes::new()).await
    }

    /// Sends a request with a body, and returns the answer as soon as its head is there.
    ///
    /// # Errors
    /// As of [`Self::ask`].
    pub async fn send(
        &self,
        method: Method,
        address: &Address,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, HttpError> {
        let uri = address.uri();
        let intercept = proxy_for(&self.proxies, &uri).filter(|_| !address.is_secure());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // Of a tunnel it is said when the tunnel is made.
        if let Some(login) = intercept.as_ref().and_then(|proxy| proxy.basic_auth()) {
            headers.insert(header::PROXY_AUTHORIZATION, login.clone());
        }
        match tokio::time::timeout(self.timeout, self.inner.request(request)).await {
            Ok(answer) => answer.map_err(HttpError::of),
            Err(_) => Err(HttpError::TimedOut(self.timeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    fn ask(address: &str, timeout: Duration) -> Result<u16, HttpError> {
        ask_by(Proxies::default(), address, timeout)
    }

    fn ask_by(proxies: Proxies, address: &str, timeout: Duration) -> Result<u16, HttpError> {
        let client = Client::new(&ClientOptions { timeout, proxies, trust: Trust::Authorities })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = Address::parse(address).unwrap();
        let answer = runtime.block_on(client.ask(Method::GET, &address, HeaderMap::new()));
        runtime.shutdown_background();
        answer.map(|answer| answer.status().as_u16())
    }

    /// Serves one connection, and returns the port.
    fn serve(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            match answer {
                "" => std::thread::sleep(Duration::from_secs(2)),
                answer => stream.write_all(answer.as_bytes()).unwrap(),
            }
        });
        port
    }

    const SECONDS: Duration = Duration::from_secs(20);

    #[test]
    fn answer_is_an_answer_whatever_it_says() {
        let port = serve("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(ask(&format!("http://localhost:{port}/"), SECONDS).unwrap(), 404);
    }

    #[test]
    fn what_was_in_the_way_is_told_apart() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = ask(&format!("http://127.0.0.1:{free}/"), SECONDS);
        assert!(matches!(refused, Err(HttpError::Refused)), "{refused:?}");
        let refused = ask(&format!("https://127.0.0.1:{free}/"), SECONDS);
        assert!(matches!(refused, Err(HttpError::Refused)), "{refused:?}");
        // Whoever answers for names may be out of reach.
        let unknown = ask("http://nowhere.invalid/", SECONDS);
        assert!(
            matches!(unknown, Err(HttpError::UnknownName | HttpError::NameNotAnswered(_))),
            "{unknown:?}"
        );
        let slow = ask(&format!("http://127.0.0.1:{}/", serve("")), Duration::from_millis(100));
        assert!(matches!(slow, Err(HttpError::TimedOut(_))), "{slow:?}");
        let broken = ask(&format!("http://127.0.0.1:{}/", serve("words\r\n\r\n")), SECONDS);
        assert!(matches!(broken, Err(HttpError::Broken(_))), "{broken:?}");
        let plain =
            ask(&format!("https://127.0.0.1:{}/", serve("HTTP/1.1 400 Bad Request\r\n\r\n")), SECONDS);
        assert!(matches!(plain, Err(HttpError::Tls(_))), "{plain:?}");
        assert!(plain.unwrap_err().is_plain_http());
    }

    #[test]
    fn machine_itself_is_asked_without_a_proxy() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxies = Proxies { all: format!("http://127.0.0.1:{free}"), ..Proxies::default() };
        let address =
            |name: &str| format!("http://{name}:{}/", serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(ask_by(proxies.clone(), &address("127.0.0.1"), SECONDS).unwrap(), 200);
        assert_eq!(ask_by(proxies.clone(), &address("localhost"), SECONDS).unwrap(), 200);
        let proxied = ask_by(proxies, "http://example.test/", SECONDS);
        assert!(matches!(proxied, Err(HttpError::Proxy { .. })), "{proxied:?}");
    }
}
