//! The comparison as a whole, stage by stage.

use std::collections::BTreeSet;

use super::databases::{Databases, Image};
use super::documents::{configs, manifests};
use super::layers::layers;
use super::lint;
use super::model::{Change, Comparison, Difference, Level, LevelReport, Side, Verdict};
use super::packages::{self, unread};
use super::rules::{PACKING, Rule, explain};
use super::trees::trees;
use super::{RuleUse, made, readers};
use crate::diagnostic::plural;
use crate::image::error::ImageError;
use crate::image::installed::{is_database, is_list};
use crate::image::lint::is_read;
use crate::image::open::PlatformImage;
use crate::image::path::TreePath;
use crate::image::reading::{Reading, Unfolded};
use crate::image::tree::{NodeKind, Tree};

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
    let is_kept = |path: &TreePath| is_database(path) || is_list(path) || is_read(path);
    let mut unfolded = with.reading.unfold(&[staging, reference], &is_kept)?.into_iter();
    let (Some(ours), Some(theirs)) = (unfolded.next(), unfolded.next()) else {
        unreachable!("two images were unfolded");
    };
    let (our_packages, their_packages) = (with.reading.installed(&ours)?, with.reading.installed(&theirs)?);
    let mut differences = manifests(staging, reference);
    differences.extend(configs(&ours, &theirs));
    let (layers, layers_note) = layers(&ours, &theirs);
    differences.extend(layers);
    differences.extend(trees(&ours.tree, &theirs.tree));
    let found = packages::found(&our_packages, &their_packages);
    let (our, their) = ((&ours, &our_packages), (&theirs, &their_packages));
    let databases = Databases::compare(&differences, &found, our, their, with.reading)?;
    databases.note(&mut differences, &found, &our_packages, &their_packages);
    note_owners(&mut differences, with.reading, our, their)?;
    differences.extend(packages::packages(&found, &databases.headers));
    differences.extend(lint::findings(&ours, &theirs, with.reading)?);
    differences.sort_by_key(|difference| difference.level);
    let unread_contents = read_contents(&mut differences, with.reading, &ours, &theirs)?;
    let mut rules = explain(&mut differences, with.rules);
    lint::explain_by_path(&mut differences, with.rules, &mut rules);
    let digests = (staging.descriptor.digest().to_string(), reference.descriptor.digest().to_string());
    if digests.0 != digests.1 {
        differences
            .insert(0, Difference::new(Level::Digest, "manifest", Change::Value).sides(digests.0, digests.1));
    }
    rules.extend(explain_packing(&mut differences, with.rules));
    let levels: Vec<LevelReport> = Level::ALL
        .into_iter()
        .map(|level| report(level, &differences, (level == Level::Layers).then(|| layers_note.clone())))
        .collect();
    let mut notes = unread(&our_packages, &their_packages);
    if unread_contents > 0 {
        let count = plural(unread_contents, "more content");
        notes.push(format!("{count} that differ were not read, so no reader says in what"));
    }
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
    let misnamed = image.misnamed_layers().map(|said| format!("the config has {said}"));
    image.tree.oddities.iter().cloned().chain(misnamed).map(|said| format!("{side}: {said}")).collect()
}

/// Notes whose files the paths are that differ. Times are left out: they say nothing about a package, and may
/// differ at every path.
fn note_owners(
    differences: &mut [Difference],
    reading: &Reading,
    (ours, our_packages): Image<'_>,
    (theirs, their_packages): Image<'_>,
) -> Result<(), ImageError> {
    let is_of = |difference: &Difference, change| difference.change == change;
    let is_asked = |difference: &&Difference| difference.level != Level::Times;
    let paths = |wanted: &dyn Fn(&Difference) -> bool| -> Vec<TreePath> {
        let wanted = differences.iter().filter(is_asked).filter(|difference| wanted(difference));
        wanted.filter_map(Difference::path).collect()
    };
    let in_ours = paths(&|difference| !is_of(difference, Change::OnlyInReference));
    let in_theirs = paths(&|difference| is_of(difference, Change::OnlyInReference));
    let our_owners = reading.owners(ours, our_packages, in_ours)?;
    let their_owners = reading.owners(theirs, their_packages, in_theirs)?;
    for difference in differences.iter_mut().filter(|difference| is_asked(&&**difference)) {
        let owners = if is_of(difference, Change::OnlyInReference) { &their_owners } else { &our_owners };
        difference.package = difference.path().and_then(|path| owners.of(&path).map(Box::from));
    }
    Ok(())
}

/// Reads the contents that differ, as what they are; returns how many were left unread.
fn read_contents(
    differences: &mut [Difference],
    reading: &Reading,
    ours: &Unfolded,
    theirs: &Unfolded,
) -> Result<usize, ImageError> {
    let packages = differences.iter().filter(|difference| difference.level == Level::Packages);
    let packages: BTreeSet<String> = packages.map(|difference| difference.subject.clone()).collect();
    let mut wanted: Vec<(&mut Difference, TreePath)> = differences
        .iter_mut()
        .filter(|difference| difference.change == Change::Content)
        // Of a database it was told before what differs in it.
        .filter(|difference| difference.facts.is_empty() && difference.detail.is_none())
        .filter_map(|difference| difference.path().map(|path| (difference, path)))
        .collect();
    // People read what is configured before what was compiled, and of another package that it is another one.
    wanted.sort_by_cached_key(|(difference, path)| {
        let is_of_other = difference.package.as_deref().is_some_and(|package| packages.contains(package));
        (is_of_other, !path.as_bytes().starts_with(b"etc/"), path.clone())
    });
    let unread = wanted.len().saturating_sub(MOST_READ);
    wanted.truncate(MOST_READ);
    let names: Vec<&TreePath> = wanted.iter().map(|(_, path)| path).collect();
    let (our_files, their_files) = (reading.contents(ours, &names)?, reading.contents(theirs, &names)?);
    for (difference, path) in wanted {
        if let (Some(our), Some(their)) = (our_files.get(&path), their_files.get(&path)) {
            let is_open = has_journal(&ours.tree, &path) || has_journal(&theirs.tree, &path);
            let failed = |source| ImageError::Read { path: our.clone(), source };
            readers::read(difference, &path, (our, their), is_open).map_err(failed)?;
            if made::is_made(&path) {
                difference.facts.extend(made::fact(&path, our, their).map_err(failed)?);
            }
        }
    }
    Ok(unread)
}

/// Returns whether a journal with something in it lies beside a database.
fn has_journal(tree: &Tree, path: &TreePath) -> bool {
    let beside = |suffix: &[u8]| {
        let name = [path.file_name(), suffix].concat();
        let inode = path.parent().and_then(|folder| tree.get(&folder.join(&name)));
        inode.is_some_and(|inode| matches!(inode.kind, NodeKind::File(content) if content.size > 0))
    };
    beside(b"-wal") || beside(b"-journal")
}

/// Explains how files are packed where nothing differs in what is packed but what is explained.
fn explain_packing(differences: &mut [Difference], rules: &[Rule]) -> Option<RuleUse> {
    let is_open =
        |difference: &Difference| !difference.level.is_packing() && difference.explained_by.is_none();
    let rule = rules.iter().find(|rule| rule.is_builtin && rule.id == PACKING)?;
    if differences.iter().any(is_open) {
        return None;
    }
    let mut explains = 0;
    for difference in differences.iter_mut().filter(|difference| difference.level.is_packing()) {
        difference.explained_by = Some(PACKING.to_owned());
        explains += 1;
    }
    let Rule { id, why, reference, .. } = rule.clone();
    (explains > 0).then_some(RuleUse { id, why, reference, explains })
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
    let different = || comparison.levels.iter().filter(|report| report.different > 0);
    let is_packing_all = different().all(|report| report.level.is_packing());
    let open: Vec<String> = different()
        .filter(|report| is_packing_all || !report.level.is_packing())
        .map(|report| format!("{} in {}", report.different, report.level))
        .collect();
    let explained: usize = comparison.levels.iter().map(|report| report.explained).sum();
    match comparison.verdict {
        Verdict::Identical => "identical: one digest".to_owned(),
        Verdict::Explained => format!("explained: {}, none without a rule", plural(explained, "difference")),
        Verdict::Different => format!("different: {}", open.join(", ")),
    }
}
