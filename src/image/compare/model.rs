//! What a comparison says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::image::path::TreePath;

/// In what images can differ, from what a registry sees to what a reviewer wants to know.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The manifest as a whole.
    Digest,
    /// Media types and annotations of the manifest.
    Manifest,
    /// How a container is run, and the history.
    Config,
    /// How the files are cut into layers.
    Layers,
    /// What is at which path: type, mode, owner, extended attributes, targets, hard links, devices.
    Tree,
    /// When files were changed.
    Times,
    /// What files hold.
    Content,
    /// Installed packages.
    Packages,
    /// Findings of `image lint` that one of them has.
    Lint,
}

impl Level {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Digest,
        Self::Manifest,
        Self::Config,
        Self::Layers,
        Self::Tree,
        Self::Times,
        Self::Content,
        Self::Packages,
        Self::Lint,
    ];

    /// Returns its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Layers => "layers",
            Self::Tree => "tree",
            Self::Times => "times",
            Self::Content => "content",
            Self::Packages => "packages",
            Self::Lint => "lint",
        }
    }

    /// Returns the level of that word.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Returns whether it says only how the others are packed: what differs in it and in nothing else is
    /// a matter of tools.
    pub(super) fn is_packing(self) -> bool {
        matches!(self, Self::Digest | Self::Layers)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// What came of a level, or of all of them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is no difference.
    Identical,
    /// Rules with names explain every difference.
    Explained,
    /// At least one difference is explained by nothing.
    Different,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Identical => "identical",
            Self::Explained => "explained",
            Self::Different => "different",
        })
    }
}

/// In what way something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is in the staging image alone.
    OnlyInStaging,
    /// It is in the reference image alone.
    OnlyInReference,
    /// A value is another one.
    Value,
    /// What is at a path is something else: a file and a link, say.
    Type,
    /// The permissions of a path.
    Mode,
    /// The user or group that owns it.
    Owner,
    /// An extended attribute.
    Xattr,
    /// Where a symbolic link leads.
    Target,
    /// Which names are names of the same file.
    HardLinks,
    /// The numbers of a device.
    Device,
    /// When a file was changed.
    Time,
    /// What a file holds.
    Content,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::OnlyInStaging,
        Self::OnlyInReference,
        Self::Value,
        Self::Type,
        Self::Mode,
        Self::Owner,
        Self::Xattr,
        Self::Target,
        Self::HardLinks,
        Self::Device,
        Self::Time,
        Self::Content,
    ];

    /// Returns its word, as it stands in reports and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnlyInStaging => "only-in-staging",
            Self::OnlyInReference => "only-in-reference",
            Self::Value => "value",
            Self::Type => "type",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Xattr => "xattr",
            Self::Target => "target",
            Self::HardLinks => "hard-links",
            Self::Device => "device",
            Self::Time => "time",
            Self::Content => "content",
        }
    }

    /// Returns the change of that word.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }
}

/// What was found out by reading both contents with knowledge of their format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// One side is an empty file, and the other is another empty one or none at all.
    EmptyOrAbsent,
    /// Python bytecode that differs in nothing but the time and size of its source.
    BytecodeOfOtherTime,
    /// What is compressed is the same.
    SameWithoutPacking,
    /// `os-release` differs in versions and ids of the build alone.
    OtherBuildId,
    /// The database has the same packages, by the digests of their headers, and what else it says of them is the
    /// same but for what installations write.
    SamePackages,
    /// It is part of a database of packages that was read, so what it says is told package by package.
    ComparedAsPackages,
    /// An initramfs that differs in when and in which order its entries were made, or in how it is packed.
    SameArchive,
    /// An initramfs in which nothing differs but versions and ids of the build in `os-release`.
    ArchiveOfOtherBuild,
    /// A program of which nothing differs but the id of its build, and what says where its symbols are and what
    /// compiled it.
    ElfOfOtherBuild,
    /// A database whose tables have the same rows, in another order or at other places.
    SameRows,
    /// What is on one side alone is a folder.
    Folder,
    /// Both are ids of machines.
    Ids,
    /// Both stores have the same certificates.
    SameCertificates,
    /// What is on one side alone is the value that holds where there is none.
    DefaultValue,
    /// The commands of the history are the same, without what builders add behind them.
    SameCommand,
    /// The images have another number of layers, so their histories tell of other ones.
    OtherLayers,
}

/// One thing in which the images differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The level that it belongs to.
    pub level: Level,
    /// What differs: a path, a key of the config, the name of a package.
    pub subject: String,
    /// In what way.
    pub change: Change,
    /// The package whose file it is, by the package manager of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Box<str>>,
    /// How it is in the staging image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staging: Option<String>,
    /// How it is in the reference image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// More about it, of several lines: texts as a diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What reading both contents showed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The rule that explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<String>,
    /// The path, where the subject shows it in other bytes.
    #[serde(skip)]
    pub(super) odd_path: Option<Box<TreePath>>,
    /// What is there is a file that nobody can run and that gives nobody a right, or a folder that not everybody may
    /// write to.
    #[serde(skip)]
    pub(super) is_harmless: bool,
}

impl Difference {
    pub(super) fn new(level: Level, subject: impl Into<String>, change: Change) -> Self {
        Self {
            level,
            subject: subject.into(),
            change,
            package: None,
            staging: None,
            reference: None,
            detail: None,
            facts: Vec::new(),
            explained_by: None,
            odd_path: None,
            is_harmless: false,
        }
    }

    /// Makes a difference of what is at a path.
    pub(super) fn at(level: Level, path: &TreePath, change: Change) -> Self {
        let mut difference = Self::new(level, path.to_string(), change);
        if difference.subject.as_bytes() != path.as_bytes() {
            difference.odd_path = Some(Box::new(path.clone()));
        }
        difference
    }

    /// Returns the path that it is about; none where it is about something else.
    pub(super) fn path(&self) -> Option<TreePath> {
        let is_of_a_path = matches!(self.level, Level::Tree | Level::Times | Level::Content);
        let path = || self.odd_path.as_deref().cloned().unwrap_or_else(|| TreePath::new(&self.subject));
        is_of_a_path.then(path)
    }

    /// Adds how it is on both sides.
    pub(super) fn sides(mut self, staging: impl Into<String>, reference: impl Into<String>) -> Self {
        self.staging = Some(staging.into());
        self.reference = Some(reference.into());
        self
    }

    /// Takes what each side has; one of them has something, and not the same.
    pub(super) fn of_values(
        level: Level,
        subject: impl Into<String>,
        staging: Option<String>,
        reference: Option<String>,
    ) -> Self {
        let change = match (&staging, &reference) {
            (Some(_), None) => Change::OnlyInStaging,
            (None, Some(_)) => Change::OnlyInReference,
            _ => Change::Value,
        };
        Self { staging, reference, ..Self::new(level, subject, change) }
    }
}

/// One of the two images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// How it was named.
    pub reference: String,
    /// Digest of its manifest.
    pub digest: String,
    /// What it is for.
    pub platform: String,
    /// Names in its tree.
    pub names: usize,
    /// Bytes of its layers without their packing.
    pub unpacked: u64,
}

/// A level with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LevelReport {
    /// Which.
    pub level: Level,
    /// What came of it.
    pub verdict: Verdict,
    /// How many of its differences are explained.
    pub explained: usize,
    /// How many are not.
    pub different: usize,
    /// What there is to say beside numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A rule that explained something, with how often it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUse {
    /// Its name.
    pub id: String,
    /// Why what it explains is no difference that matters.
    pub why: String,
    /// Where one can read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How many differences it explains.
    pub explains: usize,
}

/// All that a comparison says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of this report's form.
    pub version: u32,
    /// The image that was built.
    pub staging: Side,
    /// The image that it is to be like.
    pub reference: Side,
    /// What came of all levels together.
    pub verdict: Verdict,
    /// What came of each.
    pub levels: Vec<LevelReport>,
    /// Every difference, explained or not.
    pub differences: Vec<Difference>,
    /// The rules that explained something.
    pub rules: Vec<RuleUse>,
    /// Rules of the project that explained nothing.
    pub unused_rules: Vec<String>,
    /// What was unusual in the images, or could not be looked at.
    pub notes: Vec<String>,
}

impl Comparison {
    /// Returns what came of a level.
    pub fn verdict_of(&self, level: Level) -> Verdict {
        let report = self.levels.iter().find(|report| report.level == level);
        report.map_or(Verdict::Identical, |report| report.verdict)
    }
}

/// What must be alike, or the comparison has failed. Each asks for more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// The packages.
    Packages,
    /// Packages, and what is at which path with which content.
    Content,
    /// All but how it is packed and when files were changed; what is explained passes.
    Config,
    /// The digest: the images are one.
    Digest,
}

impl Requirement {
    /// Returns its word, as it stands in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Content => "content",
            Self::Config => "config",
            Self::Digest => "digest",
        }
    }

    /// Returns the levels of which one does not have what is asked for.
    pub fn unmet(self, comparison: &Comparison) -> Vec<Level> {
        self.unmet_in(&comparison.levels)
    }

    /// Returns those of a comparison of which nothing but what came of its levels is known.
    pub fn unmet_in(self, reports: &[LevelReport]) -> Vec<Level> {
        let levels: &[Level] = match self {
            Self::Packages => &[Level::Packages],
            Self::Content => &[Level::Tree, Level::Content, Level::Packages],
            Self::Config => {
                &[Level::Manifest, Level::Config, Level::Tree, Level::Content, Level::Packages, Level::Lint]
            }
            Self::Digest => &[Level::Digest],
        };
        let worst = if self == Self::Digest { Verdict::Identical } else { Verdict::Explained };
        let is_unmet =
            |level: &Level| reports.iter().any(|found| found.level == *level && found.verdict > worst);
        levels.iter().copied().filter(is_unmet).collect()
    }
}
