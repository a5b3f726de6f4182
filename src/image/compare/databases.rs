//! Databases of package managers: what they say beyond which packages there are.
//!
//! Packages are compared by themselves. Here the files that they were read from are looked into, so that what
//! else differs in them is told and not explained along with the packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::model::{Change, Difference, Fact, Level};
use super::packages::told;
use super::rpmdb;
use crate::diagnostic::{chain, plural};
use crate::image::error::ImageError;
use crate::image::installed::Installed;
use crate::image::package::{
    DatabaseKind, HeaderDifference, Package, PackageDifference, PackageError, Paragraph, compare,
    compare_headers, database_at, is_of_installation, read_paragraphs, read_rpm, tag_name,
};
use crate::image::path::TreePath;
use crate::image::reading::{Reading, Unfolded};

/// Where dpkg keeps what it knows.
const DPKG: &[u8] = b"var/lib/dpkg/";

/// Where dpkg keeps the lists and sums of each package's files, which the tree has as well, and its scripts.
const DPKG_INFO: &str = "var/lib/dpkg/info/";

/// The largest list of dpkg's that is read with all of its fields, in bytes.
const LARGEST_STATUS: u64 = 64 * 1024 * 1024;

/// The state of a package of dpkg's with which nothing is unusual.
const INSTALLED: &str = "install ok installed";

/// How many lines are told of a database.
const MOST_LINES: usize = 30;

/// How many packages are named in a line.
const MOST_NAMES: usize = 8;

/// The longest value of a field that is shown.
const LONGEST_VALUE: usize = 80;

/// An image with its packages.
pub(super) type Image<'a> = (&'a Unfolded, &'a Installed);

/// What came of the databases that both images have.
#[derive(Default)]
pub(super) struct Databases {
    files: Vec<DatabaseFile>,
    /// The headers that differ of packages of the same version.
    pub(super) headers: Vec<HeaderDifference>,
}

/// A database that both images have at one path.
struct DatabaseFile {
    path: TreePath,
    kind: DatabaseKind,
    /// What differs in it beside packages.
    lines: Vec<String>,
    /// Whether nothing of that matters.
    is_all_told: bool,
}

impl Databases {
    /// Looks into the databases that are not the same in both images.
    pub(super) fn compare(
        differences: &[Difference],
        packages: &[PackageDifference],
        (ours, our_packages): Image<'_>,
        (theirs, their_packages): Image<'_>,
        reading: &Reading,
    ) -> Result<Self, ImageError> {
        let mut databases = Self::default();
        let differing: BTreeSet<TreePath> = differences.iter().filter_map(Difference::path).collect();
        let both = |path: &&TreePath| their_packages.databases.contains(path);
        for path in our_packages.databases.iter().filter(both) {
            let Some(mut file) = DatabaseFile::new(path) else { continue };
            if differing.contains(path) || log_of(path).is_some_and(|log| differing.contains(&log)) {
                let files = (reading.database(ours, path)?, reading.database(theirs, path)?);
                if let (Some(our), Some(their)) = files {
                    databases.look(&mut file, packages, &our.path, &their.path);
                }
            }
            databases.files.push(file);
        }
        for path in copies(differences, &databases.files) {
            let Some(mut file) = DatabaseFile::new(&path) else { continue };
            let files = (reading.database(ours, &path)?, reading.database(theirs, &path)?);
            if let (Some(our), Some(their)) = files {
                // What the copy says of its packages is told with it, not with the packages.
                Self::default().look(&mut file, packages, &our.path, &their.path);
                file.hold_to(packages, &our.path, &their.path);
                databases.files.push(file);
            }
        }
        Ok(databases)
    }

    fn look(&mut self, file: &mut DatabaseFile, packages: &[PackageDifference], ours: &Path, theirs: &Path) {
        let looked = match file.kind {
            DatabaseKind::RpmSqlite => compare_headers(ours, theirs)
                .map(|headers| {
                    let told = |header: &HeaderDifference| told(packages, &header.package);
                    let (rest, lines) = header_lines(headers.iter().filter(|header| !told(header)));
                    file.is_all_told = rest == 0;
                    file.lines = lines;
                    self.headers.extend(headers);
                })
                .and_then(|()| {
                    let tables = rpmdb::table_lines(ours, theirs, packages)?;
                    file.is_all_told &= tables.is_empty();
                    file.lines.extend(tables);
                    Ok(())
                }),
            DatabaseKind::DpkgStatus | DatabaseKind::DpkgPart => {
                paragraph_lines(ours, theirs, packages).map(|lines| {
                    file.is_all_told = lines.is_empty();
                    file.lines = lines;
                })
            }
            _ => Ok(()),
        };
        if let Err(error) = looked {
            file.is_unread(&error);
        }
    }

    /// Notes what is part of databases that were read, and whether they say the same.
    pub(super) fn note(
        &self,
        differences: &mut [Difference],
        packages: &[PackageDifference],
        ours: &Installed,
        theirs: &Installed,
    ) {
        let same = is_identified(ours) && is_identified(theirs) && same_packages(ours, theirs);
        let is_dpkg = self.files.iter().any(|file| file.path.as_bytes().starts_with(DPKG));
        let files = [Change::Content, Change::OnlyInStaging, Change::OnlyInReference];
        for difference in differences.iter_mut().filter(|difference| files.contains(&difference.change)) {
            if !matches!(difference.level, Level::Tree | Level::Content) {
                continue;
            }
            if let Some(file) = self.files.iter().find(|file| file.has(&difference.subject)) {
                file.tell(difference, same);
            } else if is_dpkg && is_dpkg_info(difference, packages) {
                difference.facts.push(Fact::ComparedAsPackages);
            }
        }
    }
}

fn log_of(path: &TreePath) -> Option<TreePath> {
    Some(path.parent()?.join(&[path.file_name(), b"-wal"].concat()))
}

/// Returns rpm's databases that differ and that no package was read from: ostree keeps the one of the base image.
fn copies(differences: &[Difference], read: &[DatabaseFile]) -> Vec<TreePath> {
    let contents = differences.iter().filter(|difference| difference.change == Change::Content);
    let is_copy = |path: &TreePath| {
        let is_rpm = database_at(path.as_bytes()).is_some_and(|found| found.kind == DatabaseKind::RpmSqlite);
        is_rpm && read.iter().all(|file| file.path != *path)
    };
    contents.filter_map(Difference::path).filter(is_copy).collect()
}

impl DatabaseFile {
    fn new(path: &TreePath) -> Option<Self> {
        let kind = database_at(path.as_bytes())?.kind;
        Some(Self { path: path.clone(), kind, lines: Vec::new(), is_all_told: true })
    }

    fn is_unread(&mut self, error: &PackageError) {
        self.is_all_told = false;
        self.lines = vec![format!("it cannot be compared: {}", chain(error))];
    }

    /// Tells of the packages of a copy what is not told of the packages of the images.
    fn hold_to(&mut self, packages: &[PackageDifference], ours: &Path, theirs: &Path) {
        let found = read_rpm(theirs).and_then(|theirs| Ok(compare(&theirs, &read_rpm(ours)?)));
        match found {
            Ok(found) => {
                let told: BTreeSet<String> = packages.iter().map(ToString::to_string).collect();
                let rest: Vec<String> = found.iter().map(ToString::to_string).collect();
                let rest = rest.into_iter().filter(|said| !told.contains(said));
                self.lines.extend(rest.inspect(|_| self.is_all_told = false));
            }
            Err(error) => self.is_unread(&error),
        }
    }

    /// Returns whether a path is its own, or that of its log.
    fn has(&self, subject: &str) -> bool {
        let main = subject.strip_suffix("-wal").unwrap_or(subject);
        self.path.as_bytes() == main.as_bytes()
    }

    fn tell(&self, difference: &mut Difference, same: bool) {
        if !self.lines.is_empty() {
            let mut lines = self.lines.clone();
            if lines.len() > MOST_LINES {
                lines.truncate(MOST_LINES);
                lines.push(format!("… and {} more", self.lines.len() - MOST_LINES));
            }
            difference.detail = Some(lines.join("\n") + "\n");
        }
        if self.is_all_told {
            let is_rpm = self.kind == DatabaseKind::RpmSqlite;
            difference.facts.push(if same && is_rpm { Fact::SamePackages } else { Fact::ComparedAsPackages });
        }
    }
}

/// Returns whether a file of dpkg's says what is told elsewhere: anything of a package of another version, and of one
/// that was built again its sums, which are what tells the builds apart. Any other list of a package that both have
/// is no such file, and neither is a script.
fn is_dpkg_info(difference: &Difference, packages: &[PackageDifference]) -> bool {
    let file = difference.subject.strip_prefix(DPKG_INFO).and_then(|name| name.rsplit_once('.'));
    let Some((package, kind)) = file else { return false };
    let (name, architecture) = match package.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (package, None),
    };
    let is_of_it = |found: &Package| {
        let is_architecture = |wanted| found.architecture.as_deref() == Some(wanted);
        found.name == name && architecture.is_none_or(is_architecture)
    };
    let is_sums = kind == "md5sums" && difference.change == Change::Content;
    packages.iter().any(|found| match found {
        PackageDifference::Added(package) | PackageDifference::Removed(package) => is_of_it(package),
        PackageDifference::Changed { from, to, .. } => is_of_it(from) || is_of_it(to),
        PackageDifference::Rebuilt { to, .. } => is_sums && is_of_it(to),
    })
}

/// Returns whether two builds of a package can be told apart.
fn is_identified(installed: &Installed) -> bool {
    !installed.packages.is_empty() && installed.packages.iter().all(|package| package.identity.is_some())
}

fn same_packages(ours: &Installed, theirs: &Installed) -> bool {
    let same = |(our, their): (&Package, &Package)| {
        (&our.name, &our.version, &our.identity) == (&their.name, &their.version, &their.identity)
    };
    ours.packages.len() == theirs.packages.len() && ours.packages.iter().zip(&theirs.packages).all(same)
}

/// Tells in which tags headers differ, packages with the same tags together; returns also how many of them differ
/// in more than what installations write.
fn header_lines<'a>(headers: impl Iterator<Item = &'a HeaderDifference>) -> (usize, Vec<String>) {
    let mut by_tags: BTreeMap<Vec<u32>, Vec<&Package>> = BTreeMap::new();
    let (mut installed, mut of_installation) = (0, BTreeSet::new());
    for header in headers {
        let tags = header.tags.iter().map(|tag| tag.tag);
        of_installation.extend(tags.clone().filter(|tag| is_of_installation(*tag)));
        installed += usize::from(tags.clone().any(is_of_installation));
        let others: Vec<u32> = tags.filter(|tag| !is_of_installation(*tag)).collect();
        if !others.is_empty() {
            by_tags.entry(others).or_default().push(&header.package);
        }
    }
    let rest = by_tags.values().map(Vec::len).sum();
    let mut lines: Vec<String> = by_tags
        .into_iter()
        .map(|(tags, packages)| {
            let names: Vec<String> = packages.iter().map(ToString::to_string).collect();
            format!("{} of {}: {}", names_of(&tags), plural(packages.len(), "package"), listed(&names))
        })
        .collect();
    if installed > 0 {
        let tags: Vec<u32> = of_installation.into_iter().collect();
        lines.push(format!("of the installation: {} of {}", names_of(&tags), plural(installed, "package")));
    }
    (rest, lines)
}

/// Returns the names of tags.
pub(super) fn names_of(tags: &[u32]) -> String {
    tags.iter().map(|tag| tag_name(*tag)).collect::<Vec<_>>().join(", ")
}

/// Lists the first of some names.
pub(super) fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Tells in which fields the paragraphs of packages differ. Of a package of another version, or of one image alone,
/// the level `packages` tells; of its state nothing but this does.
fn paragraph_lines(
    ours: &Path,
    theirs: &Path,
    packages: &[PackageDifference],
) -> Result<Vec<String>, PackageError> {
    let (mut ours, theirs) = (paragraphs(ours)?, paragraphs(theirs)?);
    let (our_told, their_told) = told_of_sides(packages);
    let mut lines = Vec::new();
    for (key, their) in theirs {
        match ours.remove(&key) {
            Some(our) if our.get("Version") == their.get("Version") => {
                lines.extend(fields_line(&key, &our, &their));
            }
            Some(our) => {
                let is_told = our_told.contains(&named(&our)) && their_told.contains(&named(&their));
                let [our, their] =
                    [our, their].map(|paragraph| if is_told { state(&paragraph) } else { paragraph });
                lines.extend(fields_line(&key, &our, &their));
            }
            None => lines.extend(only_line(&key, &their, &their_told, "reference")),
        }
    }
    lines.extend(ours.iter().filter_map(|(key, our)| only_line(key, our, &our_told, "staging")));
    Ok(lines)
}

/// Name, architecture and version of a package.
type Named = [String; 3];

/// Returns what of each side the level `packages` tells: packages that it alone has, or has in that version alone.
fn told_of_sides(packages: &[PackageDifference]) -> (BTreeSet<Named>, BTreeSet<Named>) {
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    let name = |package: &Package| {
        let architecture = package.architecture.clone().unwrap_or_default();
        [package.name.clone(), architecture, package.full_version()]
    };
    for difference in packages {
        match difference {
            PackageDifference::Added(package) => drop(ours.insert(name(package))),
            PackageDifference::Removed(package) => drop(theirs.insert(name(package))),
            PackageDifference::Changed { from, to, .. } => {
                theirs.insert(name(from));
                ours.insert(name(to));
            }
            PackageDifference::Rebuilt { .. } => {}
        }
    }
    (ours, theirs)
}

fn named(paragraph: &Paragraph) -> Named {
    ["Package", "Architecture", "Version"].map(|field| paragraph.get(field).to_owned())
}

/// Returns of a paragraph what the level `packages` does not tell.
fn state(paragraph: &Paragraph) -> Paragraph {
    let is_of_state = |name: &String| name == "Status" || name == "Config-Version";
    let fields = paragraph.fields.iter().filter(|(name, _)| is_of_state(name));
    Paragraph { fields: fields.map(|(name, value)| (name.clone(), value.clone())).collect() }
}

/// Tells of a paragraph that one image alone has, unless it is that of a package which is told and is installed as
/// packages are.
fn only_line(key: &ParagraphKey, only: &Paragraph, told: &BTreeSet<Named>, side: &str) -> Option<String> {
    let status = only.get("Status");
    // Images without a shell have paragraphs without a state.
    let is_told = told.contains(&named(only)) && [INSTALLED, ""].contains(&status);
    (!is_told).then(|| format!("{} ({status}): only in the {side} image", key.0))
}

/// Name and architecture; where one is there several times, with its place.
type ParagraphKey = (String, usize);

fn paragraphs(path: &Path) -> Result<BTreeMap<ParagraphKey, Paragraph>, PackageError> {
    let file = File::open(path)?;
    if file.metadata()?.len() > LARGEST_STATUS {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
    }
    let mut found = BTreeMap::new();
    for paragraph in read_paragraphs(BufReader::new(file))? {
        let name = format!("{}:{}", paragraph.get("Package"), paragraph.get("Architecture"));
        let place = found.range((name.clone(), 0)..=(name.clone(), usize::MAX)).count();
        found.insert((name, place), paragraph);
    }
    Ok(found)
}

fn fields_line(key: &ParagraphKey, ours: &Paragraph, theirs: &Paragraph) -> Option<String> {
    let names: BTreeSet<&String> = ours.fields.keys().chain(theirs.fields.keys()).collect();
    let differing = names.into_iter().filter(|name| ours.fields.get(*name) != theirs.fields.get(*name));
    let said: Vec<String> = differing
        .map(|name| {
            let side = |paragraph: &Paragraph| match paragraph.get(name) {
                "" => "nothing".to_owned(),
                value => value.to_owned(),
            };
            let (our, their) = (side(ours), side(theirs));
            let is_short = |value: &str| value.len() <= LONGEST_VALUE && !value.contains('\n');
            if is_short(&our) && is_short(&their) {
                format!("{name} {our}, not {their}")
            } else {
                name.clone()
            }
        })
        .collect();
    (!said.is_empty()).then(|| format!("{}: {}", key.0, said.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::package::read_dpkg;

    fn paragraph(name: &str, version: &str, more: &str) -> String {
        format!("Package: {name}\nArchitecture: all\nVersion: {version}\n{more}\n")
    }

    /// Compares two lists of dpkg's; `rebuilt` have other sums.
    fn lines(ours: &str, theirs: &str, rebuilt: &[&str]) -> (Vec<String>, Vec<PackageDifference>) {
        let folder = tempfile::tempdir().unwrap();
        let [our_path, their_path] = ["ours", "theirs"].map(|name| folder.path().join(name));
        std::fs::write(&our_path, ours).unwrap();
        std::fs::write(&their_path, theirs).unwrap();
        let read = |text: &str, side: &str| {
            let mut packages = read_dpkg(text.as_bytes()).unwrap();
            for package in &mut packages {
                let is_rebuilt = rebuilt.contains(&package.name.as_str());
                package.identity = Some(if is_rebuilt { side } else { "same" }.to_owned());
            }
            packages
        };
        let packages = compare(&read(theirs, "theirs"), &read(ours, "ours"));
        (paragraph_lines(&our_path, &their_path, &packages).unwrap(), packages)
    }

    #[test]
    fn fields_of_a_package_that_was_built_again_are_told() {
        let ours = paragraph("a", "1", "Status: hold ok half-configured\nDepends: evil\n");
        let theirs = paragraph("a", "1", "Status: install ok installed\n");
        let (told, packages) = lines(&ours, &theirs, &["a"]);
        assert!(matches!(packages.as_slice(), [PackageDifference::Rebuilt { .. }]));
        let said =
            "a:all: Depends evil, not nothing; Status hold ok half-configured, not install ok installed";
        assert_eq!(told, [said]);
    }

    #[test]
    fn of_another_version_the_state_alone_is_told() {
        let ours = paragraph("a", "2", "Status: install ok installed\nDepends: b\n");
        let theirs = paragraph("a", "1", "Status: install ok installed\n");
        assert_eq!(lines(&ours, &theirs, &[]).0, [""; 0]);
        let held = ours.replace("install ok", "hold ok");
        assert_eq!(
            lines(&held, &theirs, &[]).0,
            ["a:all: Status hold ok installed, not install ok installed"]
        );
    }

    #[test]
    fn a_package_of_one_side_is_told_unless_it_is_installed() {
        let one = paragraph("a", "1", "Status: install ok installed\n");
        let more = one.clone() + &paragraph("b", "1", "Status: install ok installed\n");
        assert_eq!(lines(&more, &one, &[]).0, [""; 0]);
        let odd = one.clone() + &paragraph("b", "1", "Status: install ok unpacked\n");
        assert_eq!(lines(&one, &odd, &[]).0, ["b:all (install ok unpacked): only in the reference image"]);
    }

    #[test]
    fn lists_of_files_are_told_of_another_version_alone() {
        let status = |version| paragraph("a", version, "Status: install ok installed\n");
        let same = lines(&status("1"), &status("1"), &[]).1;
        let rebuilt = lines(&status("1"), &status("1"), &["a"]).1;
        let other = lines(&status("2"), &status("1"), &[]).1;
        let is_told = |name: &str, packages: &[PackageDifference]| {
            let path = format!("{DPKG_INFO}{name}");
            is_dpkg_info(&Difference::new(Level::Content, path, Change::Content), packages)
        };
        for name in ["a.list", "a.md5sums", "a.postinst"] {
            assert!(!is_told(name, &same) && is_told(name, &other), "{name}");
        }
        assert!(is_told("a.md5sums", &rebuilt) && !is_told("a.list", &rebuilt));
        assert!(!is_told("a:i386.list", &other) && is_told("a:all.list", &other));
    }
}
