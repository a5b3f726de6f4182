//! A blob becomes a file.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use oci_spec::image::Descriptor;
use tempfile::NamedTempFile;

use super::error::RegistryError;
use super::patience::Tries;
use super::session::{Answer, Session};
use crate::http::{Address, HttpError};
use crate::image::digest::Hasher;

/// A try that brought so many bytes was none in vain.
const ENOUGH: u64 = 1024 * 1024;

/// Reads a blob into a file, which is there when the blob is whole and what its descriptor says.
pub(super) async fn fetch(session: &Session, blob: &Descriptor, to: &Path) -> Result<(), RegistryError> {
    let what = format!("{}@{}", session.reference.name(), blob.digest());
    let address = session.address(&format!("blobs/{}", blob.digest()));
    let mut part = Part::new(what, blob, to)?;
    let mut tries = Tries::new(session.patience);
    // How far it had come when tries were last counted from the beginning.
    let mut mark = 0;
    while let Some(cut) = part.go_on(session, &address).await? {
        if part.written >= mark + ENOUGH {
            mark = part.written;
            tries.forget();
        }
        if !tries.again(None).await {
            return Err(part.cut(address.host(), tries.failed(), cut));
        }
    }
    part.finish(address.host())
}

/// The part of a blob that has come.
struct Part<'a> {
    what: String,
    blob: &'a Descriptor,
    to: &'a Path,
    file: NamedTempFile,
    hasher: Hasher,
    written: u64,
}

impl<'a> Part<'a> {
    /// Begins a file beside the one that is wanted; it is gone when this is dropped.
    fn new(what: String, blob: &'a Descriptor, to: &'a Path) -> Result<Self, RegistryError> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(".partial-").tempfile_in(folder);
        let file = file.map_err(|source| RegistryError::Write { path: to.to_owned(), source })?;
        Ok(Self { what, blob, to, file, hasher: new_hasher(blob)?, written: 0 })
    }

    /// Reads on from where it stopped. Returns what cut it off, nothing when all is there.
    async fn go_on(
        &mut self,
        session: &Session,
        address: &Address,
    ) -> Result<Option<HttpError>, RegistryError> {
        if self.written == self.blob.size() && self.written > 0 {
            return Ok(None);
        }
        let Answer { response, at } = match session.get(&self.what, address, &range(self.written)).await {
            // Something came before, so the host is there and may be again.
            Err(RegistryError::Unreachable { source, .. }) if self.written > 0 => return Ok(Some(source)),
            Err(error) if self.written > 0 && error.is_status(&[416]) => return self.start_over().map(Some),
            answer => answer?,
        };
        if self.written > 0 && starts_at(response.headers()) != Some(self.written) {
            let cut = self.start_over()?;
            // Without a range it is the whole blob.
            if response.status() == StatusCode::PARTIAL_CONTENT {
                return Ok(Some(cut));
            }
        }
        self.check_length(response.headers(), at.host())?;
        self.take(session, response.into_body(), at.host()).await
    }

    /// Writes what comes. Returns what cut it off, nothing when all is there.
    async fn take(
        &mut self,
        session: &Session,
        mut body: Incoming,
        host: &str,
    ) -> Result<Option<HttpError>, RegistryError> {
        loop {
            match session.next(&mut body).await {
                Ok(Some(bytes)) => self.write(&bytes, host)?,
                Ok(None) if self.written < self.blob.size() => {
                    return Ok(Some(HttpError::Broken("it ended too early".into())));
                }
                Ok(None) => return Ok(None),
                Err(cut) => return Ok(Some(cut)),
            }
        }
    }

    /// Sees whether so much is sent as is missing, where that is said.
    fn check_length(&self, headers: &HeaderMap, host: &str) -> Result<(), RegistryError> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        match length {
            Some(length) if self.written.saturating_add(length) != self.blob.size() => {
                Err(self.wrong_size(host, format!("{} bytes", self.written.saturating_add(length))))
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8], host: &str) -> Result<(), RegistryError> {
        if self.written + bytes.len() as u64 > self.blob.size() {
            return Err(self.wrong_size(host, "more".to_owned()));
        }
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|source| RegistryError::Write { path: self.path(), source })
    }

    /// Throws away what came: the host does not give the rest. Returns that as what cut it off.
    fn start_over(&mut self) -> Result<HttpError, RegistryError> {
        let file = self.file.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
        emptied.map_err(|source| RegistryError::Write { path: self.path(), source })?;
        self.hasher = new_hasher(self.blob)?;
        self.written = 0;
        Ok(HttpError::Broken("it did not give the rest that was asked for".into()))
    }

    /// Gives the file its name, if it is what its descriptor says.
    fn finish(self, host: &str) -> Result<(), RegistryError> {
        let (found, promised) = (self.hasher.finish(), self.blob.digest().to_string());
        if found != promised {
            return Err(RegistryError::WrongDigest {
                host: host.to_owned(),
                what: self.what,
                found,
                promised,
            });
        }
        let renamed = self.file.persist(self.to);
        renamed
            .map(drop)
            .map_err(|error| RegistryError::Write { path: self.to.to_owned(), source: error.error })
    }

    fn cut(self, host: &str, tries: u32, cut: HttpError) -> RegistryError {
        RegistryError::Cut {
            host: host.to_owned(),
            what: self.what,
            tries,
            received: self.written,
            promised: self.blob.size(),
            source: Box::new(cut),
        }
    }

    fn wrong_size(&self, host: &str, found: String) -> RegistryError {
        let (host, what) = (host.to_owned(), self.what.clone());
        RegistryError::WrongSize { host, what, found, promised: self.blob.size() }
    }

    fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }
}

fn new_hasher(blob: &Descriptor) -> Result<Hasher, RegistryError> {
    let unknown = || RegistryError::UnknownAlgorithm { digest: blob.digest().to_string() };
    Hasher::for_digest(blob.digest()).ok_or_else(unknown)
}

/// Returns what is asked with for the rest of a blob.
fn range(start: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Compressed on the way, it could not be gone on with.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if start > 0 {
        let value = HeaderValue::from_str(&format!("bytes={start}-"));
        headers.insert(header::RANGE, value.expect("a number can be sent"));
    }
    headers
}

/// Returns the place of the first byte of a part.
fn starts_at(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    value.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}
