//! Packages of rpm's database.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{HeaderError, PackageError};
use super::header::Header;
use super::model::{Manager, Package, add};
use super::tags as tag;
use crate::image::sqlite::{Database, Row, Value};

/// Reads the packages of a file `rpmdb.sqlite`, and of the log that lies beside it as `rpmdb.sqlite-wal`.
///
/// One header is in memory at a time.
pub fn read_rpm(path: &Path) -> Result<Vec<Package>, PackageError> {
    let database = Database::open(path)?;
    let mut packages = Vec::new();
    for row in database.table("Packages")? {
        add(&mut packages, with_header(&row?, of_header)?)?;
    }
    packages.sort();
    Ok(packages)
}

/// Returns the packages of a database by the numbers of their rows, which its other tables refer to.
pub fn read_rpm_rows(path: &Path) -> Result<BTreeMap<i64, Package>, PackageError> {
    let database = Database::open(path)?;
    let mut packages = BTreeMap::new();
    for row in database.table("Packages")? {
        let row = row?;
        packages.insert(row.rowid.unwrap_or(0), with_header(&row, of_header)?);
    }
    Ok(packages)
}

/// Reads the header of a row: `hnum INTEGER PRIMARY KEY, blob BLOB`.
pub(super) fn with_header<T>(
    row: &Row,
    read: impl FnOnce(&Header<'_>) -> Result<T, HeaderError>,
) -> Result<T, PackageError> {
    let number = row.rowid.unwrap_or(0);
    let Some(Value::Blob(blob)) = row.values.get(1) else {
        return Err(PackageError::NoHeader { row: number });
    };
    let read = Header::parse(blob).and_then(|header| read(&header));
    read.map_err(|source| PackageError::Header { row: number, source })
}

/// Returns the package of a header.
pub(super) fn of_header(header: &Header<'_>) -> Result<Package, HeaderError> {
    let needed = |tag| header.text(tag)?.ok_or(HeaderError::Missing { tag });
    let mut package = Package::new(Manager::Rpm, needed(tag::NAME)?, needed(tag::VERSION)?);
    package.epoch = header.number(tag::EPOCH).and_then(|epoch| u32::try_from(epoch).ok());
    package.release = Some(needed(tag::RELEASE)?);
    // Keys that were imported are packages too, and have no architecture.
    package.architecture = header.text(tag::ARCH)?;
    package.identity = identity(header)?;
    package.size = header.number(tag::LONGSIZE).or_else(|| header.number(tag::SIZE));
    package.source = header.text(tag::SOURCERPM)?;
    package.vendor = header.text(tag::VENDOR)?;
    package.licence = header.text(tag::LICENSE)?;
    package.install_time = header.number(tag::INSTALLTIME).and_then(|time| i64::try_from(time).ok());
    Ok(package)
}

/// Returns the sum of what a package was built and signed with; packages of 2017 and before have SHA-1 alone.
fn identity(header: &Header<'_>) -> Result<Option<String>, HeaderError> {
    if let Some(sum) = header.text(tag::SHA256HEADER)? {
        return Ok(Some(format!("sha256:{sum}")));
    }
    Ok(header.text(tag::SHA1HEADER)?.map(|sum| format!("sha1:{sum}")))
}
