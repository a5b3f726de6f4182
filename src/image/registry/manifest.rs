//! Documents of a registry: what they are, and whether they are what was promised.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::RegistryError;
use super::session::Document;
use crate::image::digest::{Hasher, sha256};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
const SCHEMA_ONE: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
];

/// What is read here. Schema 1 is asked for too: a registry that has nothing else then says so.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws, \
    application/vnd.docker.distribution.manifest.v1+json";

/// The digest that a registry promises of what it sends.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Returns what is asked with for a manifest or an index.
pub(super) fn accept_manifests() -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(ACCEPT))])
}

/// Returns whether registries keep documents of this type as manifests.
pub(super) fn is_manifest(media_type: &MediaType) -> bool {
    let known = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, ARTIFACT];
    known.contains(&media_type.as_ref()) || SCHEMA_ONE.contains(&media_type.as_ref())
}

/// Returns the descriptor of a manifest or an index: its bytes are held to what was asked for, and to what the
/// registry promised.
pub(super) fn describe(
    what: &str,
    asked: Option<&Digest>,
    document: &Document,
) -> Result<Descriptor, RegistryError> {
    let host = document.at.host().to_owned();
    let media_type = media_type(document).map_err(|wrong| match wrong {
        Wrong::SchemaOne => RegistryError::SchemaOne { what: what.to_owned() },
        Wrong::Other(why) => RegistryError::NoManifest { host: host.clone(), what: what.to_owned(), why },
    })?;
    let promised = promised(&document.headers);
    for digest in [asked, promised.as_ref()].into_iter().flatten() {
        hold(what, &host, &document.bytes, digest)?;
    }
    let digest = asked.cloned().or(promised).unwrap_or_else(|| sha256(&document.bytes));
    Ok(Descriptor::new(media_type.as_str().into(), document.bytes.len() as u64, digest))
}

/// Holds bytes to a digest.
pub(super) fn hold(what: &str, host: &str, bytes: &[u8], digest: &Digest) -> Result<(), RegistryError> {
    let unknown = || RegistryError::UnknownAlgorithm { digest: digest.to_string() };
    let mut hasher = Hasher::for_digest(digest).ok_or_else(unknown)?;
    hasher.update(bytes);
    let found = hasher.finish();
    if found == digest.as_ref() {
        return Ok(());
    }
    let (host, what) = (host.to_owned(), what.to_owned());
    Err(RegistryError::WrongDigest { host, what, found, promised: digest.to_string() })
}

/// Returns the digest that a registry promises; what cannot be held to promises nothing.
fn promised(headers: &HeaderMap) -> Option<Digest> {
    let digest = Digest::try_from(headers.get(CONTENT_DIGEST)?.to_str().ok()?).ok()?;
    Hasher::for_digest(&digest).is_some().then_some(digest)
}

/// Why a document is not read.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    SchemaOne,
    Other(String),
}

/// What tells the kinds of documents apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<IgnoredAny>,
    config: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
}

/// Returns the type of a document: what the registry says and the document itself must agree.
fn media_type(document: &Document) -> Result<String, Wrong> {
    let header = document.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = header.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let outline: Outline = serde_json::from_slice(&document.bytes)
        .map_err(|error| Wrong::Other(format!("it is not in JSON as it should be: {error}")))?;
    let is_old = |text: &String| SCHEMA_ONE.contains(&text.as_str());
    if said.as_ref().is_some_and(is_old) || outline.schema_version == Some(1) {
        return Err(Wrong::SchemaOne);
    }
    // A document that can be read as either would be another image for every tool.
    if outline.manifests.is_some() && (outline.layers.is_some() || outline.config.is_some()) {
        return Err(Wrong::Other("it has both manifests and layers".to_owned()));
    }
    let is_known = |text: &String| is_manifest(&text.as_str().into());
    let (said, written) = (said.filter(is_known), outline.media_type.filter(|text| !text.is_empty()));
    match (said, written) {
        (Some(said), Some(written)) if said != written => {
            Err(Wrong::Other(format!("the registry says `{said}`, and it says `{}` itself", shown(&written))))
        }
        (Some(said), _) => fits(said, outline.manifests.is_some()),
        (None, Some(written)) if is_known(&written) => fits(written, outline.manifests.is_some()),
        (None, Some(written)) => Err(Wrong::Other(format!("its type is `{}`", shown(&written)))),
        (None, None) if outline.manifests.is_some() => Ok(OCI_INDEX.to_owned()),
        (None, None) if outline.config.is_some() => Ok(OCI_MANIFEST.to_owned()),
        (None, None) => Err(Wrong::Other("it has neither manifests nor a config".to_owned())),
    }
}

/// Returns what a document says so that it harms no terminal.
fn shown(written: &str) -> String {
    written.escape_debug().take(100).collect()
}

/// Returns a type where a document can be of it: an index has manifests, and nothing else has.
fn fits(media_type: String, has_manifests: bool) -> Result<String, Wrong> {
    let is_index = [OCI_INDEX, DOCKER_LIST].contains(&media_type.as_str());
    match (is_index, has_manifests) {
        (true, false) => Err(Wrong::Other(format!("its type is `{media_type}`, and it has no manifests"))),
        (false, true) => Err(Wrong::Other(format!("its type is `{media_type}`, and it has manifests"))),
        _ => Ok(media_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Address;

    #[track_caller]
    fn check(content_type: &str, text: &str, expected: &str) {
        let headers = [(header::CONTENT_TYPE, content_type.parse().unwrap())].into_iter();
        let document = Document {
            headers: headers.filter(|_| !content_type.is_empty()).collect(),
            bytes: text.into(),
            at: Address::parse("https://a.org/").unwrap(),
        };
        let found = match media_type(&document) {
            Ok(found) => found,
            Err(Wrong::SchemaOne) => "schema 1".to_owned(),
            Err(Wrong::Other(why)) => why,
        };
        assert_eq!(found, expected, "{content_type} {text}");
    }

    #[test]
    fn type_is_what_registry_and_document_agree_on() {
        let (manifest, index) = (r#"{"config":{},"layers":[]}"#, r#"{"manifests":[]}"#);
        check(OCI_MANIFEST, manifest, OCI_MANIFEST);
        check(&format!("{OCI_MANIFEST}; charset=utf-8"), manifest, OCI_MANIFEST);
        check("application/json", manifest, OCI_MANIFEST);
        check("", index, OCI_INDEX);
        check(DOCKER_LIST, index, DOCKER_LIST);
        let docker =
            format!(r#"{{"schemaVersion":2,"mediaType":"{DOCKER_MANIFEST}","config":{{}},"layers":[]}}"#);
        check(DOCKER_MANIFEST, &docker, DOCKER_MANIFEST);
        check("text/plain", &docker, DOCKER_MANIFEST);
        let differ = format!("the registry says `{OCI_MANIFEST}`, and it says `{DOCKER_MANIFEST}` itself");
        check(OCI_MANIFEST, &docker, &differ);
        check("", r#"{"mediaType":"text/x"}"#, "its type is `text/x`");
        check("", r#"{"mediaType":"a\u001b[2J"}"#, "its type is `a\\u{1b}[2J`");
        check("", "{}", "it has neither manifests nor a config");
        check(OCI_INDEX, manifest, &format!("its type is `{OCI_INDEX}`, and it has no manifests"));
        check(OCI_MANIFEST, index, &format!("its type is `{OCI_MANIFEST}`, and it has manifests"));
        check(OCI_INDEX, r#"{"manifests":[],"layers":[]}"#, "it has both manifests and layers");
        check("", r#"{"schemaVersion":1,"fsLayers":[]}"#, "schema 1");
        check(SCHEMA_ONE[0], "{}", "schema 1");
        check("text/html", "<html>", "it is not in JSON as it should be: expected value at line 1 column 1");
    }
}
