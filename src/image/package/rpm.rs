//! Packages of rpm's database.

use std::path::Path;

use super::error::{HeaderError, PackageError};
use super::header::Header;
use super::model::{Manager, Package, add};
use crate::image::sqlite::{Database, Row, Value};

/// Tags of a header, with rpm's names (rpm's `rpmtag.h`).
mod tag {
    pub(super) const SHA1HEADER: u32 = 269;
    pub(super) const SHA256HEADER: u32 = 273;
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const INSTALLTIME: u32 = 1008;
    pub(super) const SIZE: u32 = 1009;
    pub(super) const VENDOR: u32 = 1011;
    pub(super) const LICENSE: u32 = 1014;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const SOURCERPM: u32 = 1044;
    pub(super) const LONGSIZE: u32 = 5009;
}

/// Reads the packages of a file `rpmdb.sqlite`, and of the log that lies beside it as `rpmdb.sqlite-wal`.
///
/// One header is in memory at a time.
pub fn read_rpm(path: &Path) -> Result<Vec<Package>, PackageError> {
    let database = Database::open(path)?;
    let mut packages = Vec::new();
    for row in database.table("Packages")? {
        add(&mut packages, package(&row?)?)?;
    }
    packages.sort();
    Ok(packages)
}

/// Reads a row: `hnum INTEGER PRIMARY KEY, blob BLOB`.
fn package(row: &Row) -> Result<Package, PackageError> {
    let number = row.rowid.unwrap_or(0);
    let Some(Value::Blob(blob)) = row.values.get(1) else {
        return Err(PackageError::NoHeader { row: number });
    };
    let package = Header::parse(blob).and_then(|header| of_header(&header));
    package.map_err(|source| PackageError::Header { row: number, source })
}

/// Returns the package of a header.
fn of_header(header: &Header<'_>) -> Result<Package, HeaderError> {
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
