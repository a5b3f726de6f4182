//! Rules meet an image.

use serde::Serialize;

use super::model::{Finding, Rule, RuleSet, Severity};
use super::subject::{Subject, is_read, kernels};
use super::table::RULES;
use crate::image::error::ImageError;
use crate::image::open::PlatformImage;
use crate::image::path::TreePath;
use crate::image::reading::{Reading, Unfolded};

/// What came of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version of this report's form.
    pub version: u32,
    /// How the image was named.
    pub reference: String,
    /// Digest of its manifest.
    pub digest: String,
    /// What it is for.
    pub platform: String,
    /// It looks as if a machine were to boot it.
    pub is_bootable: bool,
    /// What was found, what is fatal first.
    pub findings: Vec<Finding>,
    /// The rules that hold.
    pub held: Vec<&'static str>,
    /// The rules that were not asked for, or say nothing about such an image.
    pub left_out: Vec<&'static str>,
    /// The rules whose findings somebody allows.
    pub allowed: Vec<&'static str>,
    /// What was unusual in the image, or could not be looked at.
    pub notes: Vec<String>,
}

impl Report {
    /// Returns how many findings are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Looks at an image with the rules of a set; findings of rules that somebody allows are left out.
///
/// # Errors
/// When a layer cannot be read.
pub fn report(
    image: &PlatformImage,
    reading: &Reading,
    set: RuleSet,
    allow: &[String],
) -> Result<Report, ImageError> {
    let unfolded = reading.unfold(&[image], &is_read)?;
    let [unfolded] = unfolded.as_slice() else { unreachable!("one image was unfolded") };
    let is_bootable = looks_bootable(unfolded);
    let is_allowed = |id: &str| allow.iter().any(|allowed| allowed == id);
    let ids = |is_one: &dyn Fn(&Rule) -> bool| -> Vec<&'static str> {
        RULES.iter().filter(|rule| is_one(rule)).map(|rule| rule.id).collect()
    };
    let asked = |rule: &Rule| set.has(rule, is_bootable) && !is_allowed(rule.id);
    let subject = Subject::of(unfolded, reading)?;
    let findings = find(&subject, &asked);
    let is_broken = |rule: &Rule| findings.iter().any(|finding| finding.rule == rule.id);
    let held = ids(&|rule| asked(rule) && !is_broken(rule));
    Ok(Report {
        version: 1,
        reference: image.reference.to_string(),
        digest: image.descriptor.digest().to_string(),
        platform: image.platform().to_string(),
        is_bootable,
        held,
        left_out: ids(&|rule| !set.has(rule, is_bootable) && !is_allowed(rule.id)),
        allowed: ids(&|rule| is_allowed(rule.id)),
        notes: notes(unfolded, &subject),
        findings,
    })
}

/// Returns what the rules of a set find in an image that was unfolded.
///
/// # Errors
/// When a layer cannot be read.
pub fn lint(image: &Unfolded, reading: &Reading, set: RuleSet) -> Result<Vec<Finding>, ImageError> {
    let is_bootable = looks_bootable(image);
    let subject = Subject::of(image, reading)?;
    Ok(find(&subject, &|rule| set.has(rule, is_bootable)))
}

fn notes(image: &Unfolded, subject: &Subject<'_>) -> Vec<String> {
    let unread = subject.unread.iter().map(|path| format!("`{path}` was not looked at: it is too large"));
    image.tree.oddities.iter().cloned().chain(unread).collect()
}

fn find(subject: &Subject<'_>, asked: &dyn Fn(&Rule) -> bool) -> Vec<Finding> {
    let rules = RULES.iter().filter(|rule| asked(rule));
    let mut findings: Vec<Finding> = rules
        .flat_map(|rule| (rule.check)(subject).into_iter().map(|said| Finding::new(rule, said)))
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Returns whether an image looks as if a machine were to boot it: by a label, a kernel, or what bootc and
/// ostree have in it.
pub fn looks_bootable(image: &Unfolded) -> bool {
    let kernels = kernels(&image.tree);
    let has = |path: &str| image.tree.get(&TreePath::new(path)).is_some();
    image.image.boot_labels().is_bootable()
        || kernels.bootable().next().is_some()
        || !kernels.unified.is_empty()
        || has("usr/lib/bootc")
        || has("usr/lib/ostree/prepare-root.conf")
}
