//! Packages of dpkg's databases: fields of a package, as deb-control(5) writes them, and an empty line.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::error::PackageError;
use super::lines::Lines;
use super::model::{Manager, Package, add};

/// Fields that are read, in lower case: their names may be written in any.
const FIELDS: [&str; 7] =
    ["package", "version", "architecture", "status", "installed-size", "source", "maintainer"];

/// Reads `var/lib/dpkg/status`, or a file of `var/lib/dpkg/status.d`.
///
/// Packages of which only the configuration is left are not there, and neither are those that are only known.
pub fn read_dpkg(reader: impl BufRead) -> Result<Vec<Package>, PackageError> {
    let mut lines = Lines::new(reader);
    let mut packages = Vec::new();
    while let Some(fields) = Fields::read(&mut lines)? {
        if fields.is_installed() {
            add(&mut packages, fields.package()?)?;
        }
    }
    packages.sort();
    Ok(packages)
}

/// Gives packages what identifies their files: `sums` has it by name, and by the architecture where the name of
/// the list has one ([`Database::package`](super::Database)).
pub fn identify_dpkg(packages: &mut [Package], sums: &BTreeMap<(String, Option<String>), String>) {
    for package in packages.iter_mut().filter(|package| package.manager == Manager::Dpkg) {
        let of = |architecture| sums.get(&(package.name.clone(), architecture));
        package.identity = of(package.architecture.clone()).or_else(|| of(None)).cloned();
    }
}

/// All fields of one package, as they stand there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paragraph {
    /// Values by the names of their fields; lines of one value are kept apart by their ends.
    pub fields: BTreeMap<String, String>,
}

impl Paragraph {
    /// Returns the value of a field, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Reads `var/lib/dpkg/status` with all of its fields, also of packages that are not installed.
pub fn read_paragraphs(reader: impl BufRead) -> Result<Vec<Paragraph>, PackageError> {
    let mut lines = Lines::new(reader);
    let (mut paragraphs, mut fields) = (Vec::new(), BTreeMap::new());
    let mut last = String::new();
    while let Some(line) = lines.next()? {
        let text = String::from_utf8_lossy(line);
        if text.trim().is_empty() {
            if !fields.is_empty() {
                paragraphs.push(Paragraph { fields: std::mem::take(&mut fields) });
            }
        } else if text.starts_with([' ', '\t']) {
            fields.entry(last.clone()).or_default().push_str(&format!("\n{}", text.trim_end()));
        } else if let Some((name, value)) = text.split_once(':') {
            name.clone_into(&mut last);
            fields.insert(last.clone(), value.trim().to_owned());
        } else {
            return Err(PackageError::NoField { line: lines.number });
        }
    }
    if !fields.is_empty() {
        paragraphs.push(Paragraph { fields });
    }
    Ok(paragraphs)
}

/// The fields of one package that are read.
#[derive(Default)]
struct Fields {
    /// The line of the first.
    line: usize,
    values: [Option<String>; FIELDS.len()],
}

impl Fields {
    /// Reads the fields up to the next empty line; none are returned behind the last.
    fn read(lines: &mut Lines<impl BufRead>) -> Result<Option<Self>, PackageError> {
        let mut fields = Self::default();
        while let Some(line) = lines.next()? {
            if line.trim_ascii().is_empty() {
                if fields.line == 0 {
                    continue;
                }
                return Ok(Some(fields));
            }
            let is_continued = line[0] == b' ' || line[0] == b'\t';
            let field = split(line);
            if let Some((name, value)) = field.filter(|_| !is_continued) {
                fields.set(name, value);
            } else if !is_continued || fields.line == 0 {
                return Err(PackageError::NoField { line: lines.number });
            }
            if fields.line == 0 {
                fields.line = lines.number;
            }
        }
        Ok((fields.line > 0).then_some(fields))
    }

    fn set(&mut self, name: &[u8], value: &[u8]) {
        let field = FIELDS.iter().position(|field| field.as_bytes().eq_ignore_ascii_case(name));
        if let Some(field) = field {
            self.values[field] = Some(String::from_utf8_lossy(value).into_owned());
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let field = FIELDS.iter().position(|field| *field == name)?;
        self.values[field].as_deref()
    }

    /// The status has three words: what is wanted, whether it is sound, and what is there. Images without a
    /// shell have none.
    fn is_installed(&self) -> bool {
        let state = self.get("status").and_then(|status| status.split_ascii_whitespace().nth(2));
        !matches!(state, Some("config-files" | "not-installed"))
    }

    fn package(&self) -> Result<Package, PackageError> {
        let needed = |name, field| {
            let value = self.get(name).filter(|value| !value.is_empty());
            value.ok_or(PackageError::Incomplete { line: self.line, field })
        };
        let (epoch, version, release) = split_version(needed("version", "Version")?);
        let name = needed("package", "Package")?.to_owned();
        let mut package = Package::new(Manager::Dpkg, name, version.to_owned());
        package.epoch = epoch;
        package.release = release.map(str::to_owned);
        let text = |name| self.get(name).map(str::to_owned);
        package.architecture = text("architecture");
        package.source = text("source");
        package.vendor = text("maintainer");
        // In units of 1024 bytes.
        let size = self.get("installed-size").and_then(|size| size.parse::<u64>().ok());
        package.size = size.and_then(|size| size.checked_mul(1024));
        Ok(package)
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    (colon > 0).then(|| (&line[..colon], line[colon + 1..].trim_ascii()))
}

/// Takes a version apart as deb-version(7) says: at the first colon and at the last hyphen.
fn split_version(version: &str) -> (Option<u32>, &str, Option<&str>) {
    let with_epoch = version.split_once(':').and_then(|(epoch, rest)| Some((epoch.parse().ok()?, rest)));
    let (epoch, rest) = match with_epoch {
        Some((epoch, rest)) => (Some(epoch), rest),
        None => (None, version),
    };
    match rest.rsplit_once('-') {
        Some((upstream, revision)) => (epoch, upstream, Some(revision)),
        None => (epoch, rest, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: libc6
Status: install ok installed
Installed-Size: 12986
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u14
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library: Shared libraries
 Contains the standard libraries.
 .
 Version: not this one

package: bind9-libs
Status: install ok half-configured
Architecture: amd64
Version: 1:9.18.33-1~deb12u2

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1


Package: tzdata
Status: hold ok installed
Architecture: all
Version: 2024a
";

    #[test]
    fn packages_are_read_that_are_there() {
        let packages = read_dpkg(STATUS.as_bytes()).unwrap();
        let written: Vec<_> = packages.iter().map(ToString::to_string).collect();
        let expected =
            ["bind9-libs:amd64=1:9.18.33-1~deb12u2", "libc6:amd64=2.36-9+deb12u14", "tzdata:all=2024a"];
        assert_eq!(written, expected);
        let libc = &packages[1];
        assert_eq!((libc.version.as_str(), libc.release.as_deref()), ("2.36", Some("9+deb12u14")));
        assert_eq!((libc.size, libc.source.as_deref()), (Some(12986 * 1024), Some("glibc")));
        assert_eq!(packages[0].epoch, Some(1));
    }

    #[test]
    fn images_without_a_shell_have_no_status() {
        let packages = read_dpkg(&b"Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64"[..]);
        assert_eq!(packages.unwrap()[0].to_string(), "base-files:amd64=12.4+deb12u5");
    }

    #[test]
    fn what_is_no_list_of_packages_is_told_with_its_line() {
        let error = |text: &str| read_dpkg(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("Package: a\nVersion: 1\n\nPackage: b\n"), "the package at line 4 has no `Version`");
        assert_eq!(error("Package: a\nodd\n"), "line 2 is no field of a package");
        assert_eq!(error(" more\n"), "line 1 is no field of a package");
        assert_eq!(error(&"x".repeat(2 << 20)), "line 1 has more than 1048576 bytes");
        assert!(read_dpkg(&b""[..]).unwrap().is_empty());
    }

    #[test]
    fn paragraphs_have_all_fields() {
        let paragraphs = read_paragraphs(STATUS.as_bytes()).unwrap();
        assert_eq!(paragraphs.len(), 4);
        let conffiles = "\n /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab";
        assert_eq!(paragraphs[0].get("Conffiles"), conffiles);
        assert_eq!(
            (paragraphs[2].get("Status"), paragraphs[2].get("Odd")),
            ("deinstall ok config-files", "")
        );
        let error = read_paragraphs(&b"Package: a\nodd\n"[..]).unwrap_err().to_string();
        assert_eq!(error, "line 2 is no field of a package");
    }

    #[test]
    fn sums_are_given_to_their_packages() {
        let mut packages = read_dpkg(STATUS.as_bytes()).unwrap();
        let key = |name: &str, architecture: Option<&str>| (name.to_owned(), architecture.map(str::to_owned));
        let sums = [
            (key("libc6", Some("amd64")), "sha256:1".to_owned()),
            (key("libc6", Some("i386")), "sha256:2".to_owned()),
            (key("tzdata", None), "sha256:3".to_owned()),
        ];
        identify_dpkg(&mut packages, &sums.into());
        let identities: Vec<_> = packages.iter().map(|package| package.identity.as_deref()).collect();
        assert_eq!(identities, [None, Some("sha256:1"), Some("sha256:3")]);
    }
}
