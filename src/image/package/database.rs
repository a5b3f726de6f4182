//! Where package databases are in a tree.

use super::model::Manager;

/// How a package database is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatabaseKind {
    /// rpm's database in SQLite; its write-ahead log and its journal, `NAME-wal` and `NAME-journal`, belong to it.
    RpmSqlite,
    /// rpm's database in its own format `ndb`, which is not read.
    RpmNdb,
    /// rpm's database in Berkeley DB, which is not read.
    RpmBerkeley,
    /// dpkg's list of all packages.
    DpkgStatus,
    /// dpkg's fields of one package, as images without a shell have them.
    DpkgPart,
    /// dpkg's list of one package's files with their sums.
    DpkgSums,
    /// apk's list of all packages.
    ApkInstalled,
}

/// A package database that a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// How it is stored.
    pub kind: DatabaseKind,
    /// How much it counts among several of one kind, the least first: other places hold copies and links.
    pub rank: usize,
    /// For sums: the package, and its architecture where two may be installed side by side.
    pub package: Option<(String, Option<String>)>,
}

impl DatabaseKind {
    /// Returns whose it is.
    pub fn manager(self) -> Manager {
        match self {
            Self::RpmSqlite | Self::RpmNdb | Self::RpmBerkeley => Manager::Rpm,
            Self::DpkgStatus | Self::DpkgPart | Self::DpkgSums => Manager::Dpkg,
            Self::ApkInstalled => Manager::Apk,
        }
    }

    /// Returns why it is not read; none where it is.
    pub fn why_not_read(self) -> Option<&'static str> {
        match self {
            Self::RpmNdb => Some("rpm's database is in the format ndb, which is not read"),
            Self::RpmBerkeley => Some("rpm's database is in Berkeley DB, which is not read"),
            _ => None,
        }
    }
}

/// Folders with rpm's database. Those of ostree come last: they hold copies, or are linked to the others.
const RPM_FOLDERS: [&str; 4] =
    ["usr/lib/sysimage/rpm/", "var/lib/rpm/", "usr/share/rpm/", "usr/lib/sysimage/rpm-ostree-base-db/"];

/// Returns the package database that a path of a tree names; the path has no `/` before it.
pub fn database_at(path: &[u8]) -> Option<Database> {
    let path = str::from_utf8(path).ok()?;
    rpm_at(path).or_else(|| dpkg_at(path)).or_else(|| apk_at(path))
}

fn rpm_at(path: &str) -> Option<Database> {
    let in_folder = |(rank, folder): (usize, &&str)| Some((rank, path.strip_prefix(*folder)?));
    let (rank, name) = RPM_FOLDERS.iter().enumerate().find_map(in_folder)?;
    let kind = match name {
        "rpmdb.sqlite" => DatabaseKind::RpmSqlite,
        "Packages.db" => DatabaseKind::RpmNdb,
        "Packages" => DatabaseKind::RpmBerkeley,
        _ => return None,
    };
    Some(Database { kind, rank, package: None })
}

fn dpkg_at(path: &str) -> Option<Database> {
    let name = path.strip_prefix("var/lib/dpkg/")?;
    if name == "status" {
        return Some(Database { kind: DatabaseKind::DpkgStatus, rank: 0, package: None });
    }
    let (folder, name) = name.split_once('/').filter(|(_, name)| !name.contains('/'))?;
    match (folder, name.strip_suffix(".md5sums")) {
        ("info" | "status.d", Some(package)) => {
            let package = match package.split_once(':') {
                Some((name, architecture)) => (name.to_owned(), Some(architecture.to_owned())),
                None => (package.to_owned(), None),
            };
            Some(Database { kind: DatabaseKind::DpkgSums, rank: 0, package: Some(package) })
        }
        ("status.d", None) => Some(Database { kind: DatabaseKind::DpkgPart, rank: 0, package: None }),
        _ => None,
    }
}

fn apk_at(path: &str) -> Option<Database> {
    let rank =
        ["lib/apk/db/installed", "usr/lib/apk/db/installed"].iter().position(|place| *place == path)?;
    Some(Database { kind: DatabaseKind::ApkInstalled, rank, package: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str) -> Option<DatabaseKind> {
        database_at(path.as_bytes()).map(|database| database.kind)
    }

    #[test]
    fn databases_are_known_by_their_paths() {
        assert_eq!(kind("usr/lib/sysimage/rpm/rpmdb.sqlite"), Some(DatabaseKind::RpmSqlite));
        assert_eq!(kind("var/lib/rpm/Packages.db"), Some(DatabaseKind::RpmNdb));
        assert_eq!(kind("var/lib/rpm/Packages"), Some(DatabaseKind::RpmBerkeley));
        assert_eq!(kind("var/lib/dpkg/status"), Some(DatabaseKind::DpkgStatus));
        assert_eq!(kind("var/lib/dpkg/status.d/base"), Some(DatabaseKind::DpkgPart));
        assert_eq!(kind("usr/lib/apk/db/installed"), Some(DatabaseKind::ApkInstalled));
        assert_eq!(kind("opt/var/lib/rpm/rpmdb.sqlite"), None);
        assert_eq!(kind("var/lib/rpm/rpmdb.sqlite-shm"), None);
        assert_eq!(kind("var/lib/dpkg/status-old"), None);
        assert_eq!(database_at(b"var/lib/dpkg/\xff"), None);
    }

    #[test]
    fn sums_belong_to_a_package() {
        let package = |path: &str| database_at(path.as_bytes()).and_then(|database| database.package);
        let both = Some(("libc6".to_owned(), Some("amd64".to_owned())));
        assert_eq!(package("var/lib/dpkg/info/libc6:amd64.md5sums"), both);
        assert_eq!(package("var/lib/dpkg/status.d/base.md5sums"), Some(("base".to_owned(), None)));
        assert_eq!(kind("var/lib/dpkg/info/libc6:amd64.list"), None);
    }

    #[test]
    fn first_of_several_has_the_least_rank() {
        let rank = |path: &str| database_at(path.as_bytes()).map(|database| database.rank);
        assert!(rank("usr/lib/sysimage/rpm/rpmdb.sqlite") < rank("usr/share/rpm/rpmdb.sqlite"));
    }
}
