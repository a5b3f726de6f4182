//! Packages of apk's database: a letter, a colon and a value on a line, and an empty line behind each package.

use std::io::BufRead;

use super::error::PackageError;
use super::lines::Lines;
use super::model::{Manager, Package, add};

/// Reads `lib/apk/db/installed`, as apk-tools 2 and 3 write it.
pub fn read_apk(reader: impl BufRead) -> Result<Vec<Package>, PackageError> {
    let mut lines = Lines::new(reader);
    let mut packages = Vec::new();
    while let Some(fields) = Fields::read(&mut lines)? {
        add(&mut packages, fields.package()?)?;
    }
    packages.sort();
    Ok(packages)
}

/// The fields of one package; files and folders have fields of their own, which are not read.
#[derive(Default)]
struct Fields {
    /// The line of the first.
    line: usize,
    name: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    checksum: Option<String>,
    size: Option<String>,
    licence: Option<String>,
    origin: Option<String>,
    maintainer: Option<String>,
}

impl Fields {
    /// Reads the fields up to the next empty line; none are returned behind the last.
    fn read(lines: &mut Lines<impl BufRead>) -> Result<Option<Self>, PackageError> {
        let mut fields = Self::default();
        while let Some(line) = lines.next()? {
            match line {
                [] if fields.line == 0 => continue,
                [] => return Ok(Some(fields)),
                [letter, b':', value @ ..] => fields.set(*letter, value),
                _ => return Err(PackageError::NoField { line: lines.number }),
            }
            if fields.line == 0 {
                fields.line = lines.number;
            }
        }
        Ok((fields.line > 0).then_some(fields))
    }

    fn set(&mut self, letter: u8, value: &[u8]) {
        let field = match letter {
            b'P' => &mut self.name,
            b'V' => &mut self.version,
            b'A' => &mut self.architecture,
            b'C' => &mut self.checksum,
            b'I' => &mut self.size,
            b'L' => &mut self.licence,
            b'o' => &mut self.origin,
            b'm' => &mut self.maintainer,
            _ => return,
        };
        *field = Some(String::from_utf8_lossy(value).into_owned());
    }

    fn package(self) -> Result<Package, PackageError> {
        let line = self.line;
        let needed = |value: Option<String>, field| {
            let value = value.filter(|value| !value.is_empty());
            value.ok_or(PackageError::Incomplete { line, field })
        };
        let whole = needed(self.version, "V")?;
        let (version, release) = split_version(&whole);
        let mut package = Package::new(Manager::Apk, needed(self.name, "P")?, version.to_owned());
        package.release = release.map(str::to_owned);
        package.architecture = self.architecture;
        package.identity = self.checksum;
        package.size = self.size.and_then(|size| size.parse().ok());
        package.source = self.origin;
        package.vendor = self.maintainer;
        package.licence = self.licence;
        Ok(package)
    }
}

/// Takes a version apart at `-r` and a number.
fn split_version(version: &str) -> (&str, Option<&str>) {
    let is_release = |text: &str| {
        let digits = text.strip_prefix('r');
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match version.rsplit_once('-').filter(|(_, release)| is_release(release)) {
        Some((version, release)) => (version, Some(release)),
        None => (version, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "\
C:Q1EB0hGv8QnOT4MDbDJZYYSLYzzgE=
P:zlib
V:1.3.1-r2
A:x86_64
S:54253
I:110592
T:A compression library
U:https://zlib.net/
L:Zlib
o:zlib
m:Somebody <somebody@example.org>
t:1735657080
c:d4ef3dba4c50b5ea9b4a2a2a3ab0c3e2ed4fd85c
D:so:libc.musl-x86_64.so.1
p:so:libz.so.1=1.3.1
F:usr
F:usr/lib
R:libz.so.1
a:0:0:777
Z:Q1JxZ4Jcv7nK8Cb8hLw3o0p2kUy9E=
R:libz.so.1.3.1
a:0:0:755

P:alpine-keys
V:2.5
";

    #[test]
    fn packages_are_read_without_their_files() {
        let packages = read_apk(INSTALLED.as_bytes()).unwrap();
        assert_eq!(
            packages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["alpine-keys-2.5", "zlib-1.3.1-r2"]
        );
        let zlib = &packages[1];
        assert_eq!((zlib.version.as_str(), zlib.release.as_deref()), ("1.3.1", Some("r2")));
        assert_eq!(zlib.identity.as_deref(), Some("Q1EB0hGv8QnOT4MDbDJZYYSLYzzgE="));
        assert_eq!((zlib.size, zlib.licence.as_deref()), (Some(110_592), Some("Zlib")));
    }

    #[test]
    fn what_is_no_list_of_packages_is_told_with_its_line() {
        let error = |text: &str| read_apk(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("P:a\n\n"), "the package at line 1 has no `V`");
        assert_eq!(error("P:a\nodd\n"), "line 2 is no field of a package");
        assert!(read_apk(&b"\n\n"[..]).unwrap().is_empty());
    }
}
