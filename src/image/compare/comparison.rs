//! The comparison as a whole, stage by stage.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::{configs, manifests};
use super::layers::layers;
use super::lint;
use super::model::{Change, Comparison, Difference, Fact, Level, LevelReport, Side, Verdict};
use super::packages::{packages, unread};
use super::rules::{PACKING, Rule, explain};
use super::trees::trees;
use super::{RuleUse, readers};
use crate::diagnostic::plural;
use crate::image::error::ImageError;
use crate::image::installed::{Installed, is_database};
use crate::image::lint::is_read;
use crate::image::open::PlatformImage;
use crate::image::package::Package;
use crate::image::path::TreePath;
use crate::image::reading::{Reading, Unfolded};

/// How many contents that no rule explains are read, those of the most telling paths first.
const MOST_READ: usize = 500;

/// With what images are compared.
#[derive(Debug)]
pub struct Comparing<'a> {
    /// How layers are read.
    pub reading: &'a Reading,
    /// What explains differences; those of the project come first.
    pub rules: &'a [Rule],
}

/// Compares the image that was built with the one that it is to be like.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(
    staging: &PlatformImage,
    reference: &PlatformImage,
    with: &Comparing<'_>,
) -> Result<Comparison, ImageError> {
    let mut unfolded =
        with.reading.unfold(&[staging, reference], &|path| is_database(path) || is_read(path))?.into_iter();
    let (Some(ours), Some(theirs)) = (unfolded.next(), unfolded.next()) else {
        unreachable!("two images were unfolded");
    };
    let (our_packages, their_packages) = (with.reading.installed(&ours)?, with.reading.installed(&theirs)?);
    let mut differences = manifests(staging, reference);
    differences.extend(configs(staging, reference));
    let (layers, layers_note) = layers(&ours, &theirs);
    differences.extend(layers);
    differences.extend(trees(&ours.tree, &theirs.tree));
    differences.extend(packages(&our_packages, &their_packages));
    differences.extend(lint::findings(&ours, &theirs, with.reading)?);
    note_databases(&mut differences, &our_packages, &their_packages);
    differences.sort_by_key(|difference| difference.level);
    read_contents(&mut differences, with.reading, &ours, &theirs)?;
    let mut rules = explain(&mut differences, with.rules);
    lint::explain_by_path(&mut differences, with.rules, &mut rules);
    let digests = (staging.descriptor.digest().to_string(), reference.descriptor.digest().to_string());
    if digests.0 != digests.1 {
        differences
            .insert(0, Difference::new(Level::Digest, "manifest", Change::Value).sides(digests.0, digests.1));
    }
    rules.extend(explain_packing(&mut differences));
    let levels: Vec<LevelReport> = Level::ALL
        .into_iter()
        .map(|level| report(level, &differences, (level == Level::Layers).then(|| layers_note.clone())))
        .collect();
    let mut notes = unread(&our_packages, &their_packages);
    notes.extend(oddities("staging", &ours));
    notes.extend(oddities("reference", &theirs));
    let is_unused = |rule: &&Rule| !rule.is_builtin && rules.iter().all(|used| used.id != rule.id);
    let unused_rules = with.rules.iter().filter(is_unused).map(|rule| rule.id.clone()).collect();
    Ok(Comparison {
        version: 1,
        staging: side(&ours),
        reference: side(&theirs),
        verdict: levels.iter().map(|level| level.verdict).max().unwrap_or(Verdict::Identical),
        levels,
        differences,
        rules,
        unused_rules,
        notes,
    })
}

fn side(image: &Unfolded) -> Side {
    Side {
        reference: image.image.reference.to_string(),
        digest: image.image.descriptor.digest().to_string(),
        platform: image.image.platform().to_string(),
        names: image.tree.len(),
        unpacked: image.layers.iter().map(|layer| layer.summary.unpacked).sum(),
    }
}

fn oddities(side: &str, image: &Unfolded) -> Vec<String> {
    image.tree.oddities.iter().map(|oddity| format!("{side}: {oddity}")).collect()
}

/// Notes what is part of package databases that were read, and whether they list the same packages.
fn note_databases(differences: &mut [Difference], ours: &Installed, theirs: &Installed) {
    let same = is_identified(ours) && is_identified(theirs) && same_packages(ours, theirs);
    let read = |installed: &Installed| -> BTreeSet<String> {
        installed.databases.iter().map(TreePath::to_string).collect()
    };
    let (our_files, their_files) = (read(ours), read(theirs));
    let both: Vec<&String> = our_files.intersection(&their_files).collect();
    let is_dpkg = both.iter().any(|path| path.starts_with(DPKG));
    let other_packages: BTreeSet<String> = differences
        .iter()
        .filter(|difference| difference.level == Level::Packages)
        .map(|difference| difference.subject.clone())
        .collect();
    let is_part = |subject: &str| {
        let main = subject.strip_suffix("-wal").unwrap_or(subject);
        both.iter().any(|path| *path == main) || (is_dpkg && is_dpkg_info(subject, &other_packages))
    };
    let files = [Change::Content, Change::OnlyInStaging, Change::OnlyInReference];
    for difference in differences.iter_mut().filter(|difference| files.contains(&difference.change)) {
        if matches!(difference.level, Level::Tree | Level::Content) && is_part(&difference.subject) {
            difference.facts.push(if same { Fact::SamePackages } else { Fact::ComparedAsPackages });
        }
    }
}

/// Where dpkg keeps what it knows.
const DPKG: &str = "var/lib/dpkg/";

/// Where dpkg keeps the lists and sums of each package's files, which the tree has as well, and its scripts.
const DPKG_INFO: &str = "var/lib/dpkg/info/";

/// Returns whether a file of dpkg's says what is told elsewhere: what a package's files are, or anything of a
/// package that is another one. A script of a package that is the same is no such file.
fn is_dpkg_info(path: &str, other_packages: &BTreeSet<String>) -> bool {
    let file = path.strip_prefix(DPKG_INFO).and_then(|name| name.rsplit_once('.'));
    file.is_some_and(|(package, kind)| {
        let package = package.split_once(':').map_or(package, |(name, _)| name);
        ["list", "md5sums"].contains(&kind) || other_packages.contains(package)
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

/// Reads the contents that differ, as what they are.
fn read_contents(
    differences: &mut [Difference],
    reading: &Reading,
    ours: &Unfolded,
    theirs: &Unfolded,
) -> Result<(), ImageError> {
    let paths: BTreeMap<String, &TreePath> =
        ours.tree.iter().map(|(path, _)| (path.to_string(), path)).collect();
    let mut wanted: Vec<(&mut Difference, &TreePath)> = differences
        .iter_mut()
        .filter(|difference| difference.change == Change::Content && difference.facts.is_empty())
        .filter_map(|difference| paths.get(&difference.subject).map(|path| (difference, *path)))
        .collect();
    // People read what is configured before what was compiled.
    wanted.sort_by_key(|(_, path)| (!path.as_bytes().starts_with(b"etc/"), *path));
    wanted.truncate(MOST_READ);
    let names: Vec<&TreePath> = wanted.iter().map(|(_, path)| *path).collect();
    let (our_files, their_files) = (reading.contents(ours, &names)?, reading.contents(theirs, &names)?);
    for (difference, path) in wanted {
        if let (Some(our), Some(their)) = (our_files.get(path), their_files.get(path)) {
            readers::read(difference, our, their)
                .map_err(|source| ImageError::Read { path: our.clone(), source })?;
        }
    }
    Ok(())
}

/// Explains how files are packed where nothing differs in what is packed but what is explained.
fn explain_packing(differences: &mut [Difference]) -> Option<RuleUse> {
    let is_open =
        |difference: &Difference| !difference.level.is_packing() && difference.explained_by.is_none();
    if differences.iter().any(is_open) {
        return None;
    }
    let mut explains = 0;
    for difference in differences.iter_mut().filter(|difference| difference.level.is_packing()) {
        difference.explained_by = Some(PACKING.to_owned());
        explains += 1;
    }
    (explains > 0).then(|| RuleUse {
        id: PACKING.to_owned(),
        why: "what is in the images is alike or explained: only how it is cut and packed differs".to_owned(),
        reference: Some("https://github.com/coreos/chunkah".to_owned()),
        explains,
    })
}

fn report(level: Level, differences: &[Difference], note: Option<String>) -> LevelReport {
    let of_level = || differences.iter().filter(|difference| difference.level == level);
    let explained = of_level().filter(|difference| difference.explained_by.is_some()).count();
    let different = of_level().count() - explained;
    let verdict = match (explained, different) {
        (0, 0) => Verdict::Identical,
        (_, 0) => Verdict::Explained,
        _ => Verdict::Different,
    };
    LevelReport { level, verdict, explained, different, note }
}

/// Says in one line what came of a comparison.
pub fn verdict_line(comparison: &Comparison) -> String {
    let open: Vec<String> = comparison
        .levels
        .iter()
        .filter(|report| report.different > 0 && !report.level.is_packing())
        .map(|report| format!("{} in {}", report.different, report.level))
        .collect();
    let explained: usize = comparison.levels.iter().map(|report| report.explained).sum();
    match comparison.verdict {
        Verdict::Identical => "identical: one digest".to_owned(),
        Verdict::Explained => format!("explained: {}, none without a rule", plural(explained, "difference")),
        Verdict::Different => format!("different: {}", open.join(", ")),
    }
}
