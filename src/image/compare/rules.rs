//! Explanations: rules with names. They say why a difference need not matter, and never hide it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::model::{Change, Difference, Fact, Level, RuleUse};

/// Explains differences of a kind.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// Why what it explains need not matter.
    pub why: String,
    /// Where one can read about it.
    pub reference: Option<String>,
    /// The levels that it is about; all if there are none.
    levels: Vec<Level>,
    /// The changes that it is about; all if there are none.
    changes: Vec<Change>,
    subjects: GlobSet,
    /// What must have been found out about both contents.
    fact: Option<Fact>,
    /// It comes with the program.
    pub is_builtin: bool,
}

/// A glob of a rule is none.
#[derive(Debug, thiserror::Error)]
#[error("`{glob}` is no glob")]
pub struct RuleError {
    /// The text.
    pub glob: String,
    /// What is wrong with it.
    #[source]
    pub source: globset::Error,
}

impl Rule {
    /// Makes a rule of a project: `subjects` are globs for paths, keys or names, in which `*` stays within a
    /// folder and `**` does not.
    ///
    /// # Errors
    /// When a glob is none.
    pub fn new(
        id: &str,
        why: &str,
        reference: Option<&str>,
        levels: Vec<Level>,
        changes: Vec<Change>,
        subjects: &[String],
    ) -> Result<Self, RuleError> {
        Ok(Self {
            id: id.to_owned(),
            why: why.to_owned(),
            reference: reference.map(str::to_owned),
            levels,
            changes,
            subjects: globs(subjects.iter().map(String::as_str))?,
            fact: None,
            is_builtin: false,
        })
    }

    /// Returns whether it explains a difference.
    pub fn explains(&self, difference: &Difference) -> bool {
        (self.levels.is_empty() || self.levels.contains(&difference.level))
            && (self.changes.is_empty() || self.changes.contains(&difference.change))
            && self.fact.is_none_or(|fact| difference.facts.contains(&fact))
            && self.subjects.is_match(&difference.subject)
            && (difference.is_harmless || !self.is_by_path(difference))
    }

    /// Returns whether it comes with the program and has nothing but a path to go by, of a thing that is there: such
    /// a rule explains no program, no link and no device.
    fn is_by_path(&self, difference: &Difference) -> bool {
        let is_of_a_thing =
            matches!(difference.level, Level::Tree | Level::Content) && FILE.contains(&difference.change);
        self.is_builtin && self.fact.is_none() && is_of_a_thing
    }
}

fn globs<'a>(subjects: impl Iterator<Item = &'a str>) -> Result<GlobSet, RuleError> {
    let failed = |glob: &str, source| RuleError { glob: glob.to_owned(), source };
    let mut set = GlobSetBuilder::new();
    for subject in subjects {
        let glob = GlobBuilder::new(subject).literal_separator(true).build();
        set.add(glob.map_err(|error| failed(subject, error))?);
    }
    set.build().map_err(|error| failed("", error))
}

/// Lays rules over differences, those of the project first; returns what each explained that explained anything.
pub(super) fn explain(differences: &mut [Difference], rules: &[Rule]) -> Vec<RuleUse> {
    let mut explains = vec![0; rules.len()];
    for difference in differences {
        if let Some(rule) = rules.iter().position(|rule| rule.explains(difference)) {
            difference.explained_by = Some(rules[rule].id.clone());
            explains[rule] += 1;
        }
    }
    let used = rules.iter().zip(explains).filter(|(_, explains)| *explains > 0);
    used.map(|(rule, explains)| RuleUse {
        id: rule.id.clone(),
        why: rule.why.clone(),
        reference: rule.reference.clone(),
        explains,
    })
    .collect()
}

/// The rule for what says how files are packed: it holds where all that is packed is alike or explained.
pub(super) const PACKING: &str = "packing";

/// A rule as it stands in the table.
struct Known {
    id: &'static str,
    levels: &'static [Level],
    changes: &'static [Change],
    subjects: &'static [&'static str],
    fact: Option<Fact>,
    why: &'static str,
    reference: &'static str,
}

use Change::{Content, OnlyInReference, OnlyInStaging, Time};
use Level::{Config, Manifest, Times, Tree};

const ONLY: &[Change] = &[OnlyInStaging, OnlyInReference];
const FILE: &[Change] = &[Content, OnlyInStaging, OnlyInReference];

/// The rules that come with the program. Each is about something that was seen to differ between builds of the
/// same input.
const KNOWN: &[Known] = &[
    Known {
        id: "modification-time",
        levels: &[Times],
        changes: &[Time],
        subjects: &["", "**"],
        fact: None,
        why: "files carry the moment of their build, unless builds set SOURCE_DATE_EPOCH and rewrite timestamps",
        reference: "https://reproducible-builds.org/docs/source-date-epoch/",
    },
    Known {
        id: "build-time",
        levels: &[Config, Manifest],
        changes: &[],
        subjects: &[
            "created",
            "history *.created",
            "annotation org.opencontainers.image.created",
            "label org.opencontainers.image.created",
            "label build-date",
        ],
        fact: None,
        why: "the moment of the build is written into config and annotations",
        reference: "https://github.com/opencontainers/image-spec/blob/main/annotations.md",
    },
    Known {
        id: "builder-version",
        levels: &[Config],
        changes: &[],
        subjects: &["label io.buildah.version"],
        fact: None,
        why: "buildah writes its own version into a label",
        reference: "https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md",
    },
    Known {
        id: "builder-workdir",
        levels: &[Config],
        changes: ONLY,
        subjects: &["config.WorkingDir"],
        fact: Some(Fact::DefaultValue),
        why: "newer buildah writes the working directory `/`, which is what holds without it",
        reference: "https://github.com/opencontainers/image-spec/blob/main/config.md",
    },
    Known {
        id: "builder-history",
        levels: &[Config],
        changes: &[Change::Value],
        subjects: &["history *.created_by"],
        fact: Some(Fact::SameCommand),
        why: "builders write their options and the digests of what they copy into the history; files are compared by themselves",
        reference: "https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md",
    },
    Known {
        id: "layer-history",
        levels: &[Config],
        changes: &[],
        subjects: &["history *"],
        fact: Some(Fact::OtherLayers),
        why: "the history has a line for each layer, and the images are cut into layers in another way; files are compared by themselves",
        reference: "https://github.com/opencontainers/image-spec/blob/main/config.md",
    },
    Known {
        id: "injected-files",
        levels: &[],
        changes: ONLY,
        subjects: &["etc/hosts", "etc/hostname", "etc/resolv.conf", "run/.containerenv", ".dockerenv"],
        fact: Some(Fact::EmptyOrAbsent),
        why: "builders put these files into a container while it is built, and some leave them empty in the layer",
        reference: "https://github.com/bootc-dev/bootc/blob/main/crates/lib/src/lints.rs",
    },
    Known {
        id: "injected-folders",
        levels: &[Tree],
        changes: ONLY,
        subjects: &["dev", "proc", "sys", "run", "run/lock", "run/secrets", "tmp"],
        fact: Some(Fact::Folder),
        why: "builders make the places for what they mount, and some leave them in the layer",
        reference: "https://github.com/bootc-dev/bootc/blob/main/crates/lib/src/lints.rs",
    },
    Known {
        id: "rpmdb-install-time",
        levels: &[],
        changes: FILE,
        subjects: &["**/rpmdb.sqlite", "**/rpmdb.sqlite-wal"],
        fact: Some(Fact::SamePackages),
        why: "rpm's database has the moment of each installation; the packages are the same, by the digests of their headers",
        reference: "https://github.com/openSUSE/obs-build/issues/1173",
    },
    Known {
        id: "package-database",
        levels: &[],
        changes: FILE,
        subjects: &["**"],
        fact: Some(Fact::ComparedAsPackages),
        why: "what the package manager's database says is compared package by package, at the level `packages`",
        reference: "https://manpages.debian.org/bookworm/dpkg/dpkg.1.en.html#FILES",
    },
    Known {
        id: "rpmdb-log",
        levels: &[],
        changes: FILE,
        subjects: &["**/rpmdb.sqlite-shm", "**/.rpm.lock", "**/.rpmdbdirsymlink_created"],
        fact: None,
        why: "SQLite keeps an index beside a database that was open, and rpm a lock; the packages are compared by themselves",
        reference: "https://www.sqlite.org/walformat.html",
    },
    Known {
        id: "dnf-history",
        levels: &[],
        changes: FILE,
        subjects: &[
            "usr/lib/sysimage/libdnf5/transaction_history.sqlite*",
            "usr/lib/sysimage/libdnf5/{nevras,system}.toml",
            "var/lib/dnf/**",
            "var/cache/dnf/**",
            "var/cache/libdnf5/**",
        ],
        fact: None,
        why: "dnf notes when it did what, and keeps what it fetched",
        reference: "https://github.com/rpm-software-management/dnf5/issues/2326",
    },
    Known {
        id: "ld-so-cache",
        levels: &[],
        changes: FILE,
        subjects: &["etc/ld.so.cache", "var/cache/ldconfig/aux-cache"],
        fact: None,
        why: "ldconfig's cache is made of the libraries, which are compared by themselves; its order and times vary",
        reference: "https://github.com/coreos/rpm-ostree/issues/4305",
    },
    Known {
        id: "machine-id",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["etc/machine-id", "var/lib/dbus/machine-id", "etc/hostid"],
        fact: Some(Fact::Ids),
        why: "each installation makes an id of its own",
        reference: "https://www.freedesktop.org/software/systemd/man/latest/machine-id.html",
    },
    Known {
        id: "random-seed",
        levels: &[],
        changes: FILE,
        subjects: &["var/lib/systemd/random-seed", "var/lib/urandom/random-seed"],
        fact: None,
        why: "it is random",
        reference: "https://systemd.io/RANDOM_SEEDS/",
    },
    Known {
        id: "countme",
        levels: &[],
        changes: FILE,
        subjects: &["var/lib/rpm-ostree-countme/**", "var/lib/dnf/repos/*/countme"],
        fact: None,
        why: "dnf notes when it was counted",
        reference: "https://dnf.readthedocs.io/en/latest/conf_ref.html",
    },
    Known {
        id: "python-bytecode-time",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**/*.pyc"],
        fact: Some(Fact::BytecodeOfOtherTime),
        why: "the bytecode is the same; Python writes the time of the source into it",
        reference: "https://peps.python.org/pep-0552/",
    },
    Known {
        id: "packed-alike",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**"],
        fact: Some(Fact::SameWithoutPacking),
        why: "without its compression the content is the same; gzip writes the time into its header",
        reference: "https://reproducible-builds.org/docs/archives/",
    },
    Known {
        id: "initramfs-times",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**"],
        fact: Some(Fact::SameArchive),
        why: "an initramfs is made anew in every build: its files are the same, with other times, in another order that the kernel makes nothing of, or packed in another way",
        reference: "https://github.com/coreos/rpm-ostree/issues/4305",
    },
    Known {
        id: "initramfs-build",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**"],
        fact: Some(Fact::ArchiveOfOtherBuild),
        why: "the version and id of the build stand in the os-release of the initramfs; nothing else in it differs",
        reference: "https://www.freedesktop.org/software/systemd/man/latest/os-release.html",
    },
    Known {
        id: "elf-build-id",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**"],
        fact: Some(Fact::ElfOfOtherBuild),
        why: "code and data of the program are the same; the id of its build, the link to its symbols or the note about its compiler differ",
        reference: "https://fedoraproject.org/wiki/Releases/FeatureBuildId",
    },
    Known {
        id: "sqlite-row-order",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["**"],
        fact: Some(Fact::SameRows),
        why: "the tables of the database have the same rows, and its indexes find them; where they lie in the file and how SQLite numbers them depends on the order in which they were written, and what was deleted is not compared",
        reference: "https://www.sqlite.org/fileformat2.html",
    },
    Known {
        id: "os-release-build",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["usr/lib/os-release", "etc/os-release"],
        fact: Some(Fact::OtherBuildId),
        why: "the version and id of the build stand in os-release; nothing else in it differs",
        reference: "https://www.freedesktop.org/software/systemd/man/latest/os-release.html",
    },
    Known {
        id: "log-files",
        levels: &[],
        changes: FILE,
        subjects: &["var/log/**", "var/lib/dpkg/*-old", "var/cache/debconf/*-old"],
        fact: None,
        why: "logs and copies of what was before say when and in which order things were done",
        reference: "https://github.com/coreos/rpm-ostree/issues/4305",
    },
    Known {
        id: "package-caches",
        levels: &[],
        changes: FILE,
        subjects: &[
            "var/cache/apt/**",
            "var/lib/apt/lists/**",
            "var/cache/apk/**",
            "var/cache/debconf/*.dat",
        ],
        fact: None,
        why: "what package managers fetched and worked out is no part of what they installed",
        reference: "https://reproducible-builds.org/docs/system-images/",
    },
    Known {
        id: "generated-certificates",
        levels: &[Level::Content],
        changes: &[Content],
        subjects: &["etc/pki/ca-trust/extracted/**", "etc/ssl/certs/java/cacerts"],
        fact: Some(Fact::SameCertificates),
        why: "the stores have the same certificates, in another order or with another moment of their making",
        reference: "https://github.com/coreos/rpm-ostree/issues/4305",
    },
    Known {
        id: "authselect",
        levels: &[],
        changes: FILE,
        subjects: &["var/lib/authselect/**"],
        fact: None,
        why: "authselect keeps copies with the moment of their making",
        reference: "https://github.com/coreos/rpm-ostree/issues/4305",
    },
    Known {
        id: PACKING,
        levels: &[Level::Digest, Level::Layers],
        changes: &[],
        // It looks at all other differences, so none is explained by its subject.
        subjects: &[],
        fact: None,
        why: "what is in the images is alike or explained: only how it is cut and packed differs",
        reference: "https://github.com/coreos/chunkah",
    },
];

/// Returns the rules that come with the program.
pub fn builtin_rules() -> Vec<Rule> {
    let rule = |known: &Known| Rule {
        id: known.id.to_owned(),
        why: known.why.to_owned(),
        reference: Some(known.reference.to_owned()),
        levels: known.levels.to_vec(),
        changes: known.changes.to_vec(),
        subjects: globs(known.subjects.iter().copied()).expect("the globs of the table are globs"),
        fact: known.fact,
        is_builtin: true,
    };
    KNOWN.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(mut difference: Difference, facts: &[Fact]) -> Option<String> {
        difference.facts = facts.to_vec();
        let mut differences = [difference];
        explain(&mut differences, &builtin_rules());
        differences[0].explained_by.take()
    }

    #[test]
    fn rules_have_names_of_their_own_and_a_reason() {
        let rules = builtin_rules();
        let mut ids: Vec<_> = rules.iter().map(|rule| rule.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rules.len());
        assert!(
            rules.iter().all(|rule| rule.reference.as_ref().is_some_and(|url| url.starts_with("https://")))
        );
    }

    #[test]
    fn what_needs_a_fact_is_not_explained_by_its_name() {
        let content = || Difference::new(Level::Content, "usr/lib/python3/a.pyc", Content);
        assert_eq!(explained(content(), &[]), None);
        let rule = explained(content(), &[Fact::BytecodeOfOtherTime]);
        assert_eq!(rule.as_deref(), Some("python-bytecode-time"));
        let hosts = || Difference::new(Level::Tree, "etc/hosts", OnlyInStaging);
        assert_eq!(explained(hosts(), &[]), None);
        assert_eq!(explained(hosts(), &[Fact::EmptyOrAbsent]).as_deref(), Some("injected-files"));
    }

    #[test]
    fn rules_are_about_levels_and_changes() {
        let mode = Difference::new(Level::Tree, "var/log/lastlog", Change::Mode);
        assert_eq!(explained(mode, &[]), None);
        let content = || Difference::new(Level::Content, "var/log/apt/history.log", Content);
        assert_eq!(explained(content(), &[]), None);
        let harmless = |difference| Difference { is_harmless: true, ..difference };
        assert_eq!(explained(harmless(content()), &[]).as_deref(), Some("log-files"));
        let states = Difference::new(Level::Content, "var/lib/apt/extended_states", Content);
        assert_eq!(explained(harmless(states), &[]), None);
        let id = || Difference::new(Level::Content, "etc/machine-id", Content);
        assert_eq!(explained(harmless(id()), &[]), None);
        assert_eq!(explained(id(), &[Fact::Ids]).as_deref(), Some("machine-id"));
        let time = Difference::new(Level::Times, "usr/bin", Time);
        assert_eq!(explained(time, &[]).as_deref(), Some("modification-time"));
        let label = Difference::new(Level::Config, "label io.buildah.version", Change::Value);
        assert_eq!(explained(label, &[]).as_deref(), Some("builder-version"));
    }

    #[test]
    fn rules_of_a_project_come_first_and_say_what_is_wrong_with_them() {
        let rule = Rule::new("ours", "we know", None, vec![], vec![], &["var/log/**".to_owned()]).unwrap();
        let mut differences = [Difference::new(Level::Content, "var/log/a", Content)];
        let rules: Vec<Rule> = [vec![rule], builtin_rules()].concat();
        let used = explain(&mut differences, &rules);
        assert_eq!(differences[0].explained_by.as_deref(), Some("ours"));
        assert_eq!((used.len(), used[0].explains), (1, 1));
        let wrong = Rule::new("wrong", "", None, vec![], vec![], &["[".to_owned()]).unwrap_err();
        assert_eq!(wrong.to_string(), "`[` is no glob");
    }
}
