//! The client: a blocking face on requests that wait.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderValue};
use oci_spec::image::{Descriptor, Digest, ImageIndex};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use super::blob;
use super::credentials::Credentials;
use super::error::RegistryError;
use super::manifest::{OCI_INDEX, accept_manifests, describe, hold, is_manifest};
use super::patience::Patience;
use super::reach::Reach;
use super::reference::RegistryReference;
use super::session::{Document, Session};
use crate::config::Proxies;
use crate::http::Address;

/// The largest manifest, index or config that is read, in bytes: registries refuse manifests above 4 MiB.
const LARGEST_DOCUMENT: u64 = 16 * 1024 * 1024;

/// The most pages of referrers that are read.
const MOST_PAGES: usize = 100;

/// What registries answer that do not know the question for referrers.
const UNKNOWN_QUESTION: [u16; 4] = [400, 404, 405, 406];

/// How a registry is asked.
#[derive(Debug)]
pub struct RegistryOptions {
    /// The way out.
    pub proxies: Proxies,
    /// How long the head of an answer may take to come, and the next bytes of its body.
    pub timeout: Duration,
    /// Hosts, with their ports, that may speak plain `http` and need not prove who they are. What is on this
    /// machine always may.
    pub insecure: Vec<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// How often something is tried.
    pub patience: Patience,
}

/// A repository of a registry, which is asked for what is in it.
///
/// Calls wait until all is there, in async code too, which then stands still. Several threads may call at once. A
/// call that is called off ends at once.
#[derive(Debug)]
pub struct Registry {
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
    session: Session,
    off: Arc<watch::Sender<bool>>,
}

/// Calls off what a registry is asked for, from another thread.
#[derive(Debug, Clone)]
pub struct CallOff(Arc<watch::Sender<bool>>);

impl CallOff {
    /// Ends all calls that are under way, and all that come.
    pub fn call_off(&self) {
        self.0.send_replace(true);
    }
}

impl Registry {
    /// Makes a client for the repository of an image. Nothing is asked but whether a host that may speak plain
    /// `http` does: `https` is tried first.
    ///
    /// # Errors
    /// When such a host does not answer, or the runtime cannot be made.
    pub fn connect(reference: RegistryReference, options: RegistryOptions) -> Result<Self, RegistryError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(RegistryError::Start)?;
        let RegistryOptions { proxies, timeout, insecure, credentials, patience } = options;
        let base = format!("https://{}", reference.server());
        let base = Address::parse(&base).expect("a host that was read makes an address");
        let reach = Reach::new(&base, proxies, timeout, &insecure);
        let session = Session::begin(reference, base, reach, Arc::new(credentials), patience);
        match wait(&runtime, session) {
            Ok(session) => {
                Ok(Self { runtime: Some(runtime), session, off: Arc::new(watch::Sender::new(false)) })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Returns what calls off whatever is asked.
    pub fn call_off(&self) -> CallOff {
        CallOff(Arc::clone(&self.off))
    }

    /// Returns the image that is asked for.
    pub fn reference(&self) -> &RegistryReference {
        &self.session.reference
    }

    /// Returns the descriptor of the manifest or index that the reference names, and its bytes. They are held to
    /// the digest of the reference, and to the one that the registry promises.
    ///
    /// # Errors
    /// When it is not there, is not given away, or is none.
    pub fn resolve(&self) -> Result<(Descriptor, Vec<u8>), RegistryError> {
        let reference = &self.session.reference;
        let (what, address) =
            (reference.to_string(), self.session.address(&format!("manifests/{}", reference.wanted())));
        let document = self.read(&what, &address, &accept_manifests())?;
        let descriptor = describe(&what, reference.digest(), &document)?;
        Ok((descriptor, document.bytes))
    }

    /// Returns the bytes of a manifest, an index or a config, held to its digest and its size.
    ///
    /// # Errors
    /// When it is not there, is not given away, or is another one.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let (digest, size) = (descriptor.digest(), descriptor.size());
        let what = format!("{}@{digest}", self.session.reference.name());
        if size > LARGEST_DOCUMENT {
            return Err(RegistryError::TooLarge { what, limit: LARGEST_DOCUMENT });
        }
        let (path, headers) = match is_manifest(descriptor.media_type()) {
            true => ("manifests", accept_manifests()),
            false => ("blobs", HeaderMap::new()),
        };
        let document = self.read(&what, &self.session.address(&format!("{path}/{digest}")), &headers)?;
        let host = document.at.host();
        if document.bytes.len() as u64 != size {
            let (host, found) = (host.to_owned(), format!("{} bytes", document.bytes.len()));
            return Err(RegistryError::WrongSize { host, what, found, promised: size });
        }
        hold(&what, host, &document.bytes, digest)?;
        Ok(document.bytes)
    }

    /// Reads a blob into a file. It is written beside that, and renamed when it is whole and what its descriptor
    /// says; one that was there is replaced. A connection that breaks off is made again, and the rest is asked for.
    /// Whoever kills the program in the middle leaves a file `.partial-…` behind.
    ///
    /// # Errors
    /// When it is not there, is not given away, is another one, or does not come to an end.
    pub fn fetch(&self, descriptor: &Descriptor, to: &Path) -> Result<(), RegistryError> {
        self.block_on(blob::fetch(&self.session, descriptor, to))
    }

    /// Returns what refers to a manifest, such as signatures. A registry that does not know the question is asked
    /// for the tag that stands for it.
    ///
    /// # Errors
    /// When the answer is not given away, or is none.
    pub fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let what = format!("{}@{digest}", self.session.reference.name());
        let mut next = Some(self.session.address(&format!("referrers/{digest}")));
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(address) = next.take() else { break };
            let document = match self.read(&what, &address, &accept_index()) {
                Ok(document) if is_index(&document) => document,
                Ok(_) => return self.referrers_by_tag(digest),
                Err(error) if found.is_empty() && error.is_status(&UNKNOWN_QUESTION) => {
                    return self.referrers_by_tag(digest);
                }
                Err(error) => return Err(error),
            };
            found.extend_from_slice(index(&what, &document)?.manifests());
            next = next_page(&document);
        }
        Ok(found)
    }

    /// Returns what refers to a manifest, as clients note it where the registry does not.
    fn referrers_by_tag(&self, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let short = |text: &str, length: usize| text.chars().take(length).collect::<String>();
        let tag = format!("{}-{}", short(digest.algorithm().as_ref(), 32), short(digest.digest(), 64));
        let what = format!("{}:{tag}", self.session.reference.name());
        match self.read(&what, &self.session.address(&format!("manifests/{tag}")), &accept_manifests()) {
            Err(RegistryError::Missing { .. }) => Ok(Vec::new()),
            document => {
                let document = document?;
                describe(&what, None, &document)?;
                Ok(index(&what, &document)?.manifests().clone())
            }
        }
    }

    fn read(&self, what: &str, address: &Address, headers: &HeaderMap) -> Result<Document, RegistryError> {
        self.block_on(self.session.document(what, address, headers, LARGEST_DOCUMENT))
    }

    /// Waits for work to end, or for someone to call it off.
    fn block_on<T: Send>(
        &self,
        work: impl Future<Output = Result<T, RegistryError>> + Send,
    ) -> Result<T, RegistryError> {
        let mut off = self.off.subscribe();
        let runtime = self.runtime.as_ref().expect("it is taken only when this is dropped");
        let work = async {
            tokio::select! {
                biased;
                _ = off.wait_for(|is_off| *is_off) => {
                    Err(RegistryError::Cancelled { host: self.session.reference.host().to_owned() })
                }
                done = work => done,
            }
        };
        wait(runtime, work)
    }
}

impl Drop for Registry {
    /// A name that is still looked up holds nobody up.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for work. A runtime cannot wait within another, so where there is one it waits on another thread.
fn wait<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    if Handle::try_current().is_err() {
        return runtime.block_on(work);
    }
    let done = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn accept_index() -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(OCI_INDEX))])
}

/// Returns whether an answer is in the type of an index; some servers answer every question with a page.
fn is_index(document: &Document) -> bool {
    let content_type = document.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.starts_with(OCI_INDEX))
}

fn index(what: &str, document: &Document) -> Result<ImageIndex, RegistryError> {
    serde_json::from_slice(&document.bytes).map_err(|error| RegistryError::NoManifest {
        host: document.at.host().to_owned(),
        what: what.to_owned(),
        why: format!("it is no list of manifests: {error}"),
    })
}

/// Returns the address of the next page, on the same host: `Link: </v2/…>; rel="next"`.
fn next_page(document: &Document) -> Option<Address> {
    let link = document.headers.get(header::LINK)?.to_str().ok()?;
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.split(';').any(|part| matches!(part.trim(), "rel=next" | "rel=\"next\""));
    let next = document.at.join(target).filter(|_| is_next)?;
    (next.host() == document.at.host() && next.is_secure() == document.at.is_secure()).then_some(next)
}
