//! Contents that builds make anew each time: ids of machines and stores of certificates.
//!
//! They are explained only where both say the same but for what has to be new in them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::model::Fact;
use crate::image::path::TreePath;

/// The largest store of certificates that is read, in bytes.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Returns whether a path is one of something that is made anew.
pub(super) fn is_made(path: &TreePath) -> bool {
    is_of_id(path)
        || path.as_bytes() == b"etc/ssl/certs/java/cacerts"
        || path.is_below(&TreePath::new("etc/pki/ca-trust/extracted"))
}

fn is_of_id(path: &TreePath) -> bool {
    [b"etc/machine-id".as_slice(), b"var/lib/dbus/machine-id", b"etc/hostid"].contains(&path.as_bytes())
}

/// Returns what two contents of a path are, if they are alike but for what is made anew.
///
/// # Errors
/// When one of them cannot be read from the disk.
pub(super) fn fact(path: &TreePath, staging: &Path, reference: &Path) -> io::Result<Option<Fact>> {
    let (Some(ours), Some(theirs)) = (read(staging)?, read(reference)?) else { return Ok(None) };
    if is_of_id(path) {
        let are_ids = [&ours, &theirs].into_iter().all(|content| is_id(path, content));
        return Ok(are_ids.then_some(Fact::Ids));
    }
    let same = match (pem(&ours), pem(&theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        (None, None) => key_store(&ours).is_some_and(|ours| Some(ours) == key_store(&theirs)),
        _ => false,
    };
    Ok(same.then_some(Fact::SameCertificates))
}

/// Returns a content; none where it is too large for anything that is known here.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= LARGEST).then_some(content))
}

/// Returns whether it is the id of a machine: 32 hexadecimal digits, or the four bytes of `etc/hostid`.
fn is_id(path: &TreePath, content: &[u8]) -> bool {
    if path.file_name() == b"hostid" {
        return content.len() == 4;
    }
    let line = content.strip_suffix(b"\n").unwrap_or(content);
    line.len() == 32 && line.iter().all(u8::is_ascii_hexdigit)
}

/// Returns what stands in a file of PEM: each block with its kind. What stands between blocks is for people.
/// None where there is no block, or one is cut.
fn pem(content: &[u8]) -> Option<BTreeSet<(String, String)>> {
    let text = std::str::from_utf8(content).ok()?;
    let mark = |line: &str, word: &str| {
        let kind =
            line.strip_prefix("-----")?.strip_prefix(word)?.strip_prefix(' ')?.strip_suffix("-----")?;
        Some(kind.to_owned())
    };
    let (mut blocks, mut block): (_, Option<(String, String)>) = (BTreeSet::new(), None);
    for line in text.lines().map(str::trim) {
        block = match block {
            None => match mark(line, "BEGIN") {
                Some(kind) => Some((kind, String::new())),
                None if line.contains("-----") => return None,
                None => None,
            },
            Some((kind, text)) if mark(line, "END").as_ref() == Some(&kind) => {
                blocks.insert((kind, text));
                None
            }
            Some(_) if line.contains("-----") => return None,
            Some((kind, text)) => Some((kind, text + line)),
        };
    }
    (block.is_none() && !blocks.is_empty()).then_some(blocks)
}

/// Returns the certificates of a Java key store (JKS) by their names, without when each was added. Its last 20 bytes
/// are made of all others and a password. None where it has anything but certificates.
fn key_store(content: &[u8]) -> Option<BTreeSet<(&[u8], &[u8])>> {
    const CERTIFICATE: u32 = 2;
    const DIGEST: usize = 20;
    let mut rest = content.strip_prefix(b"\xfe\xed\xfe\xed\0\0\0\x02")?;
    let count = number(take(&mut rest, 4)?);
    let mut certificates = BTreeSet::new();
    for _ in 0..count {
        if number(take(&mut rest, 4)?) != CERTIFICATE {
            return None;
        }
        let name = counted(&mut rest, 2)?;
        take(&mut rest, 8)?;
        if counted(&mut rest, 2)? != b"X.509" {
            return None;
        }
        // Of two of one name the order says which one counts.
        if !certificates.insert((name, counted(&mut rest, 4)?)) {
            return None;
        }
    }
    (rest.len() == DIGEST && !certificates.is_empty()).then_some(certificates)
}

/// Takes bytes that stand behind their number, which has so many bytes.
fn counted<'a>(rest: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let length = number(take(rest, width)?);
    take(rest, usize::try_from(length).ok()?)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";

    #[track_caller]
    fn check(path: &str, ours: &[u8], theirs: &[u8], expected: Option<Fact>) {
        let folder = tempfile::tempdir().unwrap();
        let paths = [(ours, "ours"), (theirs, "theirs")].map(|(content, name)| {
            std::fs::write(folder.path().join(name), content).unwrap();
            folder.path().join(name)
        });
        assert_eq!(fact(&TreePath::new(path), &paths[0], &paths[1]).unwrap(), expected);
    }

    #[test]
    fn an_id_is_like_an_id_alone() {
        let (one, other) = (b"0123456789abcdef0123456789abcdef\n", b"ffffffffffffffffffffffffffffffff");
        check("etc/machine-id", one, other, Some(Fact::Ids));
        check("etc/machine-id", b"", one, None);
        check("etc/machine-id", b"uninitialized\n", one, None);
    }

    #[test]
    fn bundles_have_the_same_certificates_in_any_order() {
        let block =
            |kind: &str, text: &str| format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
        let (one, other) = (block("CERTIFICATE", "AAAA\nBBBB"), block("CERTIFICATE", "CCCC"));
        let both = format!("# made now\n{one}# other\n{other}");
        let same = Some(Fact::SameCertificates);
        check(PEM, both.as_bytes(), format!("{other}{one}").as_bytes(), same);
        check(PEM, both.as_bytes(), one.as_bytes(), None);
        check(PEM, both.as_bytes(), (both.clone() + "-----BEGIN CERTIFICATE-----\nDDDD\n").as_bytes(), None);
        check(PEM, one.as_bytes(), block("TRUSTED CERTIFICATE", "AAAABBBB").as_bytes(), None);
        check(PEM, b"text", b"other text", None);
    }

    #[test]
    fn key_stores_have_the_same_certificates_at_any_time() {
        let store = |time: u8, certificates: &[&str]| {
            let mut store = b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0".to_vec();
            store.push(u8::try_from(certificates.len()).unwrap());
            for certificate in certificates {
                store.extend(b"\0\0\0\x02\0\x01a");
                store.extend([time; 8]);
                store.extend(b"\0\x05X.509\0\0\0\x03");
                store.extend(certificate.as_bytes());
            }
            store.extend([time; 20]);
            store
        };
        check(
            "etc/ssl/certs/java/cacerts",
            &store(1, &["one", "two"]),
            &store(2, &["one", "two"]),
            Some(Fact::SameCertificates),
        );
        check("etc/ssl/certs/java/cacerts", &store(1, &["one"]), &store(2, &["one", "two"]), None);
        check("etc/ssl/certs/java/cacerts", &store(1, &["one"]), &store(2, &["two"]), None);
        check(
            "etc/ssl/certs/java/cacerts",
            &[store(1, &["one"]), vec![0]].concat(),
            &store(2, &["one"]),
            None,
        );
    }
}
