//! What a rule is, and what it finds.

use std::fmt;

use serde::{Serialize, Serializer};

use super::subject::Subject;
use crate::image::path::TreePath;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works, and most likely nobody wants it so.
    Warning,
    /// It cannot be installed, will not work once it is, or gives a secret away.
    Fatal,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Warning => "warning",
            Self::Fatal => "fatal",
        })
    }
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `bootc container lint` has it, under the same name and with the same severity.
    Bootc,
    /// It is about labels that tools for images that boot rely on.
    Labels,
    /// It is about what makes two builds of one input differ, or two machines alike that must not be.
    Reproducibility,
}

impl Origin {
    /// Returns its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bootc => "bootc",
            Self::Labels => "labels",
            Self::Reproducibility => "reproducibility",
        }
    }
}

/// Which images a rule says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Those that a machine boots.
    ToBootable,
    /// All.
    ToAll,
}

/// Which rules are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSet {
    /// All for an image that looks as if a machine were to boot it; else those that hold for every image.
    Auto,
    /// Those of `bootc container lint`.
    Bootc,
    /// Those that hold for every image.
    General,
    /// All.
    All,
}

impl RuleSet {
    /// Returns whether a rule is among them, for an image that looks bootable or not.
    pub(super) fn has(self, rule: &Rule, is_bootable: bool) -> bool {
        match self {
            Self::Auto => is_bootable || rule.applies == Applies::ToAll,
            Self::Bootc => rule.origin == Origin::Bootc,
            Self::General => rule.applies == Applies::ToAll,
            Self::All => true,
        }
    }
}

/// What is looked for.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// How much its findings matter.
    pub severity: Severity,
    /// Where it comes from.
    pub origin: Origin,
    /// Which images it says something about.
    pub applies: Applies,
    /// What an image is to be like, as a sentence.
    pub demands: &'static str,
    /// Why.
    pub why: &'static str,
    /// What to do about a finding.
    pub help: &'static str,
    /// Where one can read about it.
    pub reference: &'static str,
    pub(super) check: fn(&Subject<'_>) -> Vec<Said>,
}

/// What a rule says of an image: one thing that is wrong, at one or more paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) what: String,
    pub(super) paths: Vec<TreePath>,
}

impl Said {
    /// Says one thing of the paths that have it; nothing where none has.
    pub(super) fn of(what: impl Into<String>, paths: impl IntoIterator<Item = TreePath>) -> Option<Self> {
        let paths: Vec<TreePath> = paths.into_iter().collect();
        (!paths.is_empty()).then(|| Self { what: what.into(), paths })
    }

    /// Says something of one path.
    pub(super) fn at(path: &TreePath, what: impl Into<String>) -> Self {
        Self { what: what.into(), paths: vec![path.clone()] }
    }

    /// Says something that is at no path.
    pub(super) fn everywhere(what: impl Into<String>) -> Self {
        Self { what: what.into(), paths: Vec::new() }
    }
}

/// Something that a rule found in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub what: String,
    /// Where, in the order of the paths; nowhere for what is said of labels.
    #[serde(serialize_with = "as_texts")]
    pub paths: Vec<TreePath>,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about it.
    pub help: &'static str,
    /// Where one can read about it.
    pub reference: &'static str,
}

impl Finding {
    pub(super) fn new(rule: &'static Rule, said: Said) -> Self {
        let Rule { id, severity, why, help, reference, .. } = rule;
        let Said { what, paths } = said;
        Self { rule: id, severity: *severity, what, paths, why, help, reference }
    }
}

fn as_texts<S: Serializer>(paths: &[TreePath], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(TreePath::to_string))
}
