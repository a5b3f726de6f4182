//! What is installed in an image, by the databases that its tree has.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::ImageError;
use super::package::{
    Database, DatabaseKind, Manager, Package, PackageError, database_at, files_of_apk, files_of_dpkg,
    files_of_rpm, identify_dpkg, read_apk, read_dpkg, read_rpm,
};
use super::path::TreePath;
use super::reading::{Reading, Unfolded};
use super::tree::{NodeKind, Tree};
use crate::diagnostic::chain;

/// The packages of an image.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// All of them, sorted.
    pub packages: Vec<Package>,
    /// The files that they were read from.
    pub databases: Vec<TreePath>,
    /// What could not be read, and why.
    pub notes: Vec<String>,
}

/// Returns whether a file is part of a package database that will be read.
pub(super) fn is_database(path: &TreePath) -> bool {
    let name = path.as_bytes();
    let main = name.strip_suffix(b"-wal").unwrap_or(name);
    database_at(main).is_some_and(|database| is_read(&database))
}

/// Returns whether a file is a list of dpkg's with the files of a package.
pub(super) fn is_list(path: &TreePath) -> bool {
    package_of_list(path).is_some()
}

/// Returns the package whose files a list of dpkg's has, without its architecture.
fn package_of_list(path: &TreePath) -> Option<&str> {
    let name = path.to_str()?.strip_prefix("var/lib/dpkg/info/")?.strip_suffix(".list")?;
    Some(name.split_once(':').map_or(name, |(name, _)| name))
}

/// The sums of each package's files are thousands of files, and the tree has the digest of each: that is enough
/// to tell two builds apart.
fn is_read(database: &Database) -> bool {
    database.kind != DatabaseKind::DpkgSums
}

impl Reading {
    /// Reads which packages an image has. What cannot be read is a note, not an error.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn installed(&self, image: &Unfolded) -> Result<Installed, ImageError> {
        let mut found: Vec<(Database, &TreePath)> = image
            .tree
            .iter()
            .filter_map(|(path, _)| Some((database_at(path.as_bytes())?, path)))
            .filter(|(database, _)| is_read(database))
            .collect();
        found.sort_by_key(|(database, path)| (database.kind.manager(), database.rank, (*path).clone()));
        let mut installed = Installed::default();
        for manager in [Manager::Rpm, Manager::Dpkg, Manager::Apk] {
            let mut of_manager =
                found.iter().filter(|(database, _)| database.kind.manager() == manager).peekable();
            let Some((best, _)) = of_manager.peek() else { continue };
            let rank = best.rank;
            for (database, path) in of_manager.filter(|(database, _)| database.rank == rank) {
                self.read_database(image, database, path, &mut installed)?;
            }
        }
        identify_dpkg(&mut installed.packages, &sums(&image.tree));
        installed.packages.sort();
        Ok(installed)
    }

    fn read_database(
        &self,
        image: &Unfolded,
        database: &Database,
        path: &TreePath,
        installed: &mut Installed,
    ) -> Result<(), ImageError> {
        if let Some(why) = database.kind.why_not_read() {
            installed.notes.push(format!("`{path}` was not looked at: {why}"));
            return Ok(());
        }
        let Some(file) = self.database(image, path)? else { return Ok(()) };
        match read_packages(database.kind, &file.path) {
            Ok(packages) => {
                installed.packages.extend(packages);
                installed.databases.push(path.clone());
            }
            Err(error) => installed.notes.push(format!("`{path}` cannot be read: {}", chain(&error))),
        }
        Ok(())
    }

    /// Returns a database as a file, which has its log beside it where it has one; none if it is not there.
    ///
    /// # Errors
    /// When a layer cannot be read, or a file cannot be written.
    pub(super) fn database(
        &self,
        image: &Unfolded,
        path: &TreePath,
    ) -> Result<Option<DatabaseFile>, ImageError> {
        let log = TreePath::clean(&[path.as_bytes(), b"-wal"].concat()).map(|(log, _)| log).ok();
        let wanted: Vec<&TreePath> = [Some(path), log.as_ref()].into_iter().flatten().collect();
        let mut files = self.contents(image, &wanted)?;
        let Some(file) = files.remove(path) else { return Ok(None) };
        let Some(log) = log.and_then(|log| files.remove(&log)) else {
            return Ok(Some(DatabaseFile { path: file, _folder: None }));
        };
        let copied = || -> io::Result<DatabaseFile> {
            // SQLite finds the log by its name.
            let folder = tempfile::tempdir_in(self.cache.temporary())?;
            let copy = folder.path().join("rpmdb.sqlite");
            fs::copy(&file, &copy)?;
            fs::copy(log, folder.path().join("rpmdb.sqlite-wal"))?;
            Ok(DatabaseFile { path: copy, _folder: Some(folder) })
        };
        copied().map(Some).map_err(|source| ImageError::Read { path: file.clone(), source })
    }

    /// Finds the packages that own some paths of an image. What cannot be read owns nothing.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub(super) fn owners(
        &self,
        image: &Unfolded,
        installed: &Installed,
        wanted: Vec<TreePath>,
    ) -> Result<Owners, ImageError> {
        let mut search = Search::new(&image.tree, wanted);
        for path in &installed.databases {
            let Some(kind) = database_at(path.as_bytes()).map(|database| database.kind) else { continue };
            if matches!(kind, DatabaseKind::DpkgStatus | DatabaseKind::DpkgPart) {
                continue;
            }
            let Some(file) = self.database(image, path)? else { continue };
            let mut each = |package: &str, folder: &[u8], name: &[u8]| search.found(package, folder, name);
            let _ = match kind {
                DatabaseKind::RpmSqlite => files_of_rpm(&file.path, &mut each),
                _ => open(&file.path).and_then(|file| files_of_apk(file, &mut each)),
            };
        }
        let lists: Vec<&TreePath> =
            image.tree.iter().map(|(path, _)| path).filter(|path| is_list(path)).collect();
        for (path, file) in self.contents(image, &lists)? {
            let package = package_of_list(&path).unwrap_or_default();
            let mut each = |package: &str, folder: &[u8], name: &[u8]| search.found(package, folder, name);
            let _ = open(&file).and_then(|file| files_of_dpkg(package, file, &mut each));
        }
        Ok(search.owners)
    }
}

/// A database of an image on the disk.
pub(super) struct DatabaseFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Where it lies with its log, for as long as it is read.
    _folder: Option<TempDir>,
}

fn open(path: &Path) -> Result<BufReader<File>, PackageError> {
    Ok(BufReader::new(File::open(path)?))
}

fn read_packages(kind: DatabaseKind, file: &Path) -> Result<Vec<Package>, PackageError> {
    match kind {
        DatabaseKind::RpmSqlite => read_rpm(file),
        DatabaseKind::ApkInstalled => read_apk(open(file)?),
        _ => read_dpkg(open(file)?),
    }
}

/// Returns the digests of dpkg's lists of sums by their packages.
fn sums(tree: &Tree) -> BTreeMap<(String, Option<String>), String> {
    let sums = tree.iter().filter_map(|(path, inode)| {
        let NodeKind::File(content) = inode.kind else { return None };
        let database =
            database_at(path.as_bytes()).filter(|database| database.kind == DatabaseKind::DpkgSums)?;
        Some((database.package?, content.digest.to_string()))
    });
    sums.collect()
}

/// The packages that own paths.
#[derive(Debug, Default)]
pub(super) struct Owners {
    names: Vec<String>,
    /// The number of a name for each path that was asked for.
    by_path: HashMap<TreePath, Owner>,
}

/// Whose a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nobody,
    Package(usize),
    /// A folder that several packages have.
    Several,
}

impl Owners {
    /// Returns the package that owns a path.
    pub(super) fn of(&self, path: &TreePath) -> Option<&str> {
        match self.by_path.get(path)? {
            Owner::Package(number) => Some(&self.names[*number]),
            Owner::Nobody | Owner::Several => None,
        }
    }
}

/// A search for the owners of paths.
struct Search<'tree> {
    tree: &'tree Tree,
    owners: Owners,
    /// The folders in which something is looked for.
    wanted: HashSet<TreePath>,
    /// Where folders of databases lead: `/bin` may be a link to `usr/bin`.
    folders: HashMap<Vec<u8>, Option<TreePath>>,
}

impl<'tree> Search<'tree> {
    fn new(tree: &'tree Tree, wanted: Vec<TreePath>) -> Self {
        let folders = wanted.iter().filter_map(TreePath::parent).collect();
        let by_path = wanted.into_iter().map(|path| (path, Owner::Nobody)).collect();
        let owners = Owners { names: Vec::new(), by_path };
        Self { tree, owners, wanted: folders, folders: HashMap::new() }
    }

    fn found(&mut self, package: &str, folder: &[u8], name: &[u8]) {
        if !self.folders.contains_key(folder) {
            let leads = TreePath::clean(folder).ok().and_then(|(folder, _)| self.tree.resolve(&folder));
            let leads = leads.filter(|folder| self.wanted.contains(folder));
            self.folders.insert(folder.to_vec(), leads);
        }
        let Some(Some(folder)) = self.folders.get(folder) else { return };
        let path = folder.join(name);
        let Some(owner) = self.owners.by_path.get_mut(&path) else { return };
        let number = match self.owners.names.iter().rposition(|name| name == package) {
            Some(number) => number,
            None => {
                self.owners.names.push(package.to_owned());
                self.owners.names.len() - 1
            }
        };
        *owner = match *owner {
            Owner::Package(other) if other != number => match self.tree.get(&path).map(|inode| &inode.kind) {
                Some(NodeKind::Directory) => Owner::Several,
                // The same file of two architectures, or of packages that agree on it.
                _ if self.owners.names[other] < self.owners.names[number] => Owner::Package(other),
                _ => Owner::Package(number),
            },
            Owner::Several => Owner::Several,
            _ => Owner::Package(number),
        };
    }
}
