//! In what the headers of two of rpm's databases differ, tag by tag.
//!
//! A database of a large system has a hundred megabytes of headers. So each is walked twice: first for a short
//! sum of every tag, then for what the few that differ say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{HeaderError, PackageError};
use super::header::{Entry, Header, Kind};
use super::model::{Package, add};
use super::rpm::{of_header, with_header};
use super::tags::{self, is_of_installation};
use crate::image::sqlite::Database;

/// Of how many packages the values are read whose tags differ.
const MOST_READ: usize = 100;

/// The longest text that is shown as the value of a tag, in bytes.
const LONGEST_SHOWN: usize = 100;

/// How many files of a package are named at most.
const MOST_FILES: usize = 100_000;

/// The headers of a package that is in both databases, in the same version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderDifference {
    /// The package, as the first database has it.
    pub package: Package,
    /// The tags that differ, ordered by their numbers.
    pub tags: Vec<TagDifference>,
    /// The files whose digests differ, ordered.
    pub files: Vec<String>,
}

/// A tag of which two headers do not say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagDifference {
    /// Its number.
    pub tag: u32,
    /// What the first says, where it is short.
    pub first: Option<String>,
    /// What the second says, where it is short.
    pub second: Option<String>,
}

impl HeaderDifference {
    /// Returns whether nothing differs but what installations write.
    pub fn is_of_installation(&self) -> bool {
        self.tags.iter().all(|tag| is_of_installation(tag.tag))
    }
}

/// Compares the headers of the packages that two databases have in the same version; those that do not differ
/// are left out.
pub fn compare_headers(first: &Path, second: &Path) -> Result<Vec<HeaderDifference>, PackageError> {
    let pairs = pairs(sums(first)?, sums(second)?);
    let (mut first_wanted, mut second_wanted) = (BTreeMap::new(), BTreeMap::new());
    let is_read = |pair: &&Pair| pair.tags.iter().any(|tag| !is_of_installation(*tag));
    for pair in pairs.iter().filter(is_read).take(MOST_READ) {
        first_wanted.insert(pair.rows.0, pair.tags.clone());
        second_wanted.insert(pair.rows.1, pair.tags.clone());
    }
    let (mut ours, mut theirs) = (said(first, &first_wanted)?, said(second, &second_wanted)?);
    let differences = pairs.into_iter().map(|pair| {
        let our = ours.remove(&pair.rows.0).unwrap_or_default();
        let their = theirs.remove(&pair.rows.1).unwrap_or_default();
        pair.difference(our, their)
    });
    Ok(differences.collect())
}

/// What identifies what a tag says.
type Sum = [u8; 16];

/// A header in short.
struct Sums {
    row: i64,
    package: Package,
    tags: BTreeMap<u32, Sum>,
}

/// Reads all headers of a database.
fn sums(path: &Path) -> Result<Vec<Sums>, PackageError> {
    let database = Database::open(path)?;
    let (mut packages, mut tags) = (Vec::new(), Vec::new());
    for row in database.table("Packages")? {
        let row = row?;
        let (package, sums) = with_header(&row, |header| Ok((of_header(header)?, sums_of(header))))?;
        add(&mut packages, package)?;
        tags.push((row.rowid.unwrap_or(0), sums));
    }
    let both = packages.into_iter().zip(tags);
    Ok(both.map(|(package, (row, tags))| Sums { row, package, tags }).collect())
}

/// Returns a sum for every tag. Regions say where entries stand, and no more.
fn sums_of(header: &Header<'_>) -> BTreeMap<u32, Sum> {
    let is_region = |tag: u32| (tags::HEADERIMAGE..=tags::HEADERREGIONS).contains(&tag);
    let entries = header.entries().iter().filter(|entry| !is_region(entry.tag));
    entries.map(|entry| (entry.tag, sum(entry))).collect()
}

fn sum(entry: &Entry<'_>) -> Sum {
    let mut hasher = Sha256::new();
    hasher.update([entry.kind as u8]);
    hasher.update(entry.count.to_be_bytes());
    hasher.update(entry.data);
    short(hasher)
}

fn short(hasher: Sha256) -> Sum {
    let digest = hasher.finalize();
    std::array::from_fn(|index| digest[index])
}

/// A package of both databases, with the rows of its headers and the tags that differ.
struct Pair {
    package: Package,
    rows: (i64, i64),
    tags: BTreeSet<u32>,
}

/// Returns the packages that are in both in the same version, and whose headers differ.
fn pairs(first: Vec<Sums>, second: Vec<Sums>) -> Vec<Pair> {
    let key = |sums: &Sums| {
        let Package { name, epoch, version, release, architecture, .. } = &sums.package;
        let version = (epoch.unwrap_or(0), version.clone(), release.clone(), architecture.clone());
        (name.clone(), version)
    };
    let mut others: BTreeMap<_, Vec<Sums>> = BTreeMap::new();
    for sums in second {
        others.entry(key(&sums)).or_default().push(sums);
    }
    let mut pairs = Vec::new();
    for ours in first {
        let Some(others) = others.get_mut(&key(&ours)).filter(|others| !others.is_empty()) else { continue };
        // The same build first, where a version is installed twice.
        let same = others.iter().position(|other| other.package.identity == ours.package.identity);
        let theirs = others.remove(same.unwrap_or(0));
        let names: BTreeSet<u32> = ours.tags.keys().chain(theirs.tags.keys()).copied().collect();
        let tags: BTreeSet<u32> =
            names.into_iter().filter(|tag| ours.tags.get(tag) != theirs.tags.get(tag)).collect();
        if !tags.is_empty() {
            pairs.push(Pair { package: ours.package, rows: (ours.row, theirs.row), tags });
        }
    }
    pairs.sort_by(|one, other| one.package.cmp(&other.package));
    pairs
}

/// What a header says of the tags that differ.
#[derive(Default)]
struct Said {
    values: BTreeMap<u32, String>,
    digests: BTreeMap<String, Sum>,
}

impl Pair {
    fn difference(self, mut ours: Said, mut theirs: Said) -> HeaderDifference {
        let tag = |tag: u32| {
            let (first, second) = (ours.values.remove(&tag), theirs.values.remove(&tag));
            TagDifference { tag, first, second }
        };
        let tags = self.tags.into_iter().map(tag).collect();
        let names: BTreeSet<&String> = ours.digests.keys().chain(theirs.digests.keys()).collect();
        let files = names.into_iter().filter(|name| ours.digests.get(*name) != theirs.digests.get(*name));
        HeaderDifference { package: self.package, tags, files: files.cloned().collect() }
    }
}

/// Reads what the headers of some rows say of some tags.
fn said(path: &Path, wanted: &BTreeMap<i64, BTreeSet<u32>>) -> Result<BTreeMap<i64, Said>, PackageError> {
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let database = Database::open(path)?;
    for row in database.table("Packages")? {
        let row = row?;
        let number = row.rowid.unwrap_or(0);
        if let Some(tags) = wanted.get(&number) {
            found.insert(number, with_header(&row, |header| said_of(header, tags))?);
        }
    }
    Ok(found)
}

fn said_of(header: &Header<'_>, wanted: &BTreeSet<u32>) -> Result<Said, HeaderError> {
    let values = wanted.iter().filter_map(|tag| Some((*tag, shown(header.entry(*tag)?)?))).collect();
    let mut digests = BTreeMap::new();
    if let Some(entry) = header.entry(tags::FILEDIGESTS).filter(|entry| wanted.contains(&entry.tag)) {
        let sums = entry.texts().map(|digest| short(Sha256::new().chain_update(digest)));
        let files = files(header).take(MOST_FILES);
        digests = files.map(|(folder, name)| path(folder, name)).zip(sums).collect();
    }
    Ok(Said { values, digests })
}

fn path(folder: &[u8], name: &[u8]) -> String {
    crate::image::path::shown(&[folder, name].concat())
}

/// Returns the files of a package: the folder, with a slash at its end, and the name in it.
pub(super) fn files<'header>(
    header: &Header<'header>,
) -> impl Iterator<Item = (&'header [u8], &'header [u8])> + use<'header> {
    let texts = |tag| header.entry(tag).map(Entry::texts).into_iter().flatten();
    let folders: Vec<&[u8]> = texts(tags::DIRNAMES).collect();
    let numbers = header.entry(tags::DIRINDEXES).map(Entry::numbers).into_iter().flatten();
    let names = header.entry(tags::BASENAMES).map(Entry::texts).into_iter().flatten();
    numbers.zip(names).filter_map(move |(number, name)| {
        let folder = folders.get(usize::try_from(number).ok()?)?;
        Some((*folder, name))
    })
}

/// Returns the value of an entry, where it is one and short.
fn shown(entry: &Entry<'_>) -> Option<String> {
    let is_moment = [tags::BUILDTIME, tags::INSTALLTIME].contains(&entry.tag);
    match entry.kind {
        Kind::Text => {
            let text = entry.text().filter(|text| text.len() <= LONGEST_SHOWN)?;
            let text = crate::image::path::shown(text);
            (!text.contains("\\n")).then_some(text)
        }
        Kind::Int32 | Kind::Int64 if entry.count == 1 => {
            let number = entry.number()?;
            let moment = i64::try_from(number).ok().and_then(|seconds| jiff::Timestamp::new(seconds, 0).ok());
            Some(moment.filter(|_| is_moment).map_or_else(|| number.to_string(), |moment| moment.to_string()))
        }
        _ => None,
    }
}
