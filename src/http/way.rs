//! The way to a host: its name looked up, and through a proxy where there is one.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::address::Address;
use super::error::{NameError, ProxyError};

type Failure = Box<dyn Error + Send + Sync>;
type Coming<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Makes connections.
#[derive(Debug, Clone)]
pub(super) struct Way {
    direct: HttpConnector<Names>,
    proxies: Arc<Matcher>,
}

impl Way {
    pub(super) fn new(proxies: Arc<Matcher>) -> Self {
        let mut direct = HttpConnector::new_with_resolver(Names);
        direct.enforce_http(false);
        direct.set_nodelay(true);
        Self { direct, proxies }
    }
}

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = Failure;
    type Future = Coming<Stream, Failure>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let mut direct = self.direct.clone();
        match proxy_for(&self.proxies, &target) {
            None => Box::pin(async move {
                let stream = direct.call(target).await?;
                Ok(Stream { stream, is_proxied: false })
            }),
            Some(proxy) => Box::pin(async move {
                let name = proxy.uri().to_string();
                let through = through(&proxy, direct, target).await;
                through.map_err(|source| ProxyError { proxy: name, source }.into())
            }),
        }
    }
}

/// Returns the proxy that leads to a host: none to the machine itself, which no other machine knows the way to.
pub(super) fn proxy_for(proxies: &Matcher, target: &Uri) -> Option<Intercept> {
    let is_local = Address::parse(&target.to_string()).is_some_and(|address| address.is_local());
    proxies.intercept(target).filter(|_| !is_local)
}

/// Returns a connection through a proxy: to the proxy itself, or in a tunnel where it must not read along.
async fn through(
    proxy: &Intercept,
    mut direct: HttpConnector<Names>,
    target: Uri,
) -> Result<Stream, Failure> {
    if proxy.uri().scheme_str() != Some("http") {
        return Err("only proxies in `http://` are known".into());
    }
    if target.scheme_str() == Some("http") {
        let stream = direct.call(proxy.uri().clone()).await?;
        return Ok(Stream { stream, is_proxied: true });
    }
    let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
    if let Some(login) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(login.clone());
    }
    Ok(Stream { stream: tunnel.call(target).await?, is_proxied: false })
}

/// Looks names up as the system does, and says so when that is what failed.
#[derive(Debug, Clone)]
struct Names;

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NameError;
    type Future = Coming<Self::Response, NameError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NameError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameError)?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

/// A connection to a host, or to a proxy that must be told the whole address.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TokioIo<TcpStream>,
    is_proxied: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_proxied)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }
}
