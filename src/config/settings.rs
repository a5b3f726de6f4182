//! What a project says about all of its tutorials.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::read::DEFAULT_SETTINGS;
use crate::diagnostic::{Place, Source};

/// The settings of a project, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The project's root: where `stagebook.toml` or `.git` stands, else the working folder.
    pub root: PathBuf,
    /// Files and folders that are run when none is named, relative to the root.
    pub tutorials: Vec<PathBuf>,
    /// How runs behave.
    pub run: RunSettings,
    /// What `stagebook check` demands.
    pub checks: CheckSettings,
    /// How links of a book are asked.
    pub links: LinkSettings,
    /// How pipelines are made and checked.
    pub konflux: KonfluxSettings,
    /// Where staging images go.
    pub staging: StagingSettings,
    /// Where production images are.
    pub production: ProductionSettings,
    /// What explains differences between staging and production images.
    pub parity: ParitySettings,
    /// Programs that run blocks of a language, by language, with their arguments. The block's file follows.
    pub interpreters: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// Returns the settings of a project that says nothing, with its root.
    pub fn defaults(root: impl Into<PathBuf>) -> Self {
        let mut settings = Self::blank(root.into());
        let source = Source::new("default.toml", DEFAULT_SETTINGS);
        let findings = super::read::apply(&source, &mut settings);
        debug_assert!(findings.is_empty(), "the defaults are valid: {findings:?}");
        settings
    }

    /// Returns settings in which nothing is set: what the defaults are laid over.
    fn blank(root: PathBuf) -> Self {
        let run = RunSettings {
            jobs: None,
            timeout: Duration::ZERO,
            grace: Duration::ZERO,
            slow_after: Duration::ZERO,
            keep_output: 0,
            pass_env: Vec::new(),
        };
        let checks = CheckSettings { minimum_strength: None };
        let links = LinkSettings { exclude: Vec::new(), timeout: Duration::ZERO };
        let konflux = KonfluxSettings::default();
        let staging = StagingSettings::default();
        let production = ProductionSettings { namespaces: Vec::new() };
        let parity = ParitySettings { require: None, disable: Vec::new(), explain: Vec::new() };
        let interpreters = BTreeMap::new();
        Self {
            root,
            tutorials: Vec::new(),
            run,
            checks,
            links,
            konflux,
            staging,
            production,
            parity,
            interpreters,
        }
    }
}

/// How runs behave.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// How many tutorials run at once; `None` is one for each processor.
    pub jobs: Option<usize>,
    /// How long a step may take that says nothing else.
    pub timeout: Duration,
    /// How long a process may take to end after SIGTERM before it is killed.
    pub grace: Duration,
    /// After how long a step is said to be slow.
    pub slow_after: Duration,
    /// How many bytes of a step's output are kept: half from its start, half from its end.
    pub keep_output: u64,
    /// Variables of the caller's environment that steps see, besides those that every step sees. A `*` at the end is any ending.
    pub pass_env: Vec<String>,
}

/// What `stagebook check` demands.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSettings {
    /// The least share of mutated outputs that a tutorial's expectations must notice, 0 to 1.
    pub minimum_strength: Option<f64>,
}

/// How `stagebook book build --external-links` asks.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkSettings {
    /// Addresses that are never asked. A `*` is any run of characters.
    pub exclude: Vec<String>,
    /// How long a server may take to answer.
    pub timeout: Duration,
}

/// How `stagebook konflux` makes pipelines, and checks them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KonfluxSettings {
    /// The image in which tasks run; it has `stagebook` in it.
    pub image: Option<String>,
    /// The secret whose keys are a tutorial's secret variables; `None` is one of the pipeline's name.
    pub secret: Option<String>,
    /// How much room the workspace of a pipeline run has.
    pub storage: String,
    /// The folder with the definitions of kinds, relative to the root.
    pub schemas: Option<PathBuf>,
    /// Codes of findings that are left out.
    pub allow: Vec<String>,
    /// What the project has on a Konflux cluster.
    pub tenant: Option<TenantSettings>,
}

/// What a project has on a Konflux cluster: a namespace, and in it what is built, tested and released.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantSettings {
    /// The namespace: `coreos-tenant`.
    pub namespace: String,
    /// The project, after which its applications are named: `fedora-coreos`.
    pub project: String,
    /// The project's name for people.
    pub title: Option<String>,
    /// What the project is.
    pub description: Option<String>,
    /// Where built images go first: `quay.io/konflux-fedora/coreos-tenant`.
    pub registry: String,
    /// The pipeline that builds.
    pub pipeline: BundleSettings,
    /// What it builds for: `linux/amd64`.
    pub platforms: Vec<String>,
    /// What is fetched before a build, so that it needs no network.
    pub prefetch: Vec<PrefetchSettings>,
    /// Further parameters of its runs.
    pub params: Vec<(String, String)>,
    /// How long images of pull requests are kept.
    pub expires_after: String,
    /// What is built.
    pub components: Vec<ComponentSettings>,
    /// The lines of development that it is built for.
    pub streams: Vec<StreamSettings>,
    /// What is tested once it is built.
    pub tests: Vec<TestSettings>,
    /// Where it goes once it is tested.
    pub releases: Vec<ReleaseSettings>,
}

/// A pipeline in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundleSettings {
    /// The bundle's image, with its digest.
    pub bundle: String,
    /// The pipeline's name in it.
    pub name: String,
}

/// Packages that are fetched before a build: the fields of one input, as the prefetching task takes them.
///
/// The first is `type`; others are the type's own, texts and truth values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefetchSettings {
    /// Each field with its value in JSON.
    pub fields: Vec<(String, String)>,
}

/// Something that is built from a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentSettings {
    /// Its name.
    pub name: String,
    /// The repository.
    pub url: String,
    /// The folder in it that is built.
    pub context: String,
    /// The recipe, from that folder.
    pub containerfile: String,
}

/// A line of development.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamSettings {
    /// Its name: `testing-devel`.
    pub name: String,
    /// The branch that it is built from.
    pub branch: String,
    /// Parameters of its runs, over those of all.
    pub params: Vec<(String, String)>,
}

/// A test of what was built, by a pipeline in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestSettings {
    /// Its name.
    pub name: String,
    /// The repository with the pipeline.
    pub url: String,
    /// The revision of it.
    pub revision: String,
    /// The pipeline's file.
    pub path: String,
    /// Parameters.
    pub params: Vec<(String, String)>,
}

/// A way out of the tenant, by a pipeline in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Its name.
    pub name: String,
    /// Where images go: `quay.io/coreos-devel`.
    pub registry: String,
    /// The pipeline that brings them there.
    pub pipeline: BundleSettings,
    /// The account that it runs as.
    pub service_account: String,
    /// Whether everything that passed its tests is released.
    pub automatic: bool,
}

/// Where staging images go, tier by tier: namespaces of registries. An empty tier demands nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StagingSettings {
    /// Where builds push to.
    pub intermediate: Vec<String>,
    /// Where releases bring what passed its tests.
    pub devel: Vec<String>,
}

/// Where production images are.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductionSettings {
    /// Namespaces of registries.
    pub namespaces: Vec<String>,
}

/// What images must have of those of production, and what explains differences between them.
#[derive(Debug, Clone, PartialEq)]
pub struct ParitySettings {
    /// What must be alike, or a tutorial has failed that builds an image; nothing if `None`.
    pub require: Option<ParityRequirement>,
    /// Rules of the program that do not hold for this project, by their ids.
    pub disable: Vec<String>,
    /// Rules of the project.
    pub explain: Vec<ExplanationSettings>,
}

/// What two images must have alike. Each word asks for more than the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParityRequirement {
    /// The digest.
    Digest,
    /// All but how it is packed and when files were changed.
    Config,
    /// Packages, and what is at which path with which content.
    Content,
    /// Packages.
    Packages,
}

/// A rule of a project that explains differences between images.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplanationSettings {
    /// Its name.
    pub id: String,
    /// Why what it explains need not matter.
    pub why: String,
    /// Globs for paths, keys of configs and names of packages.
    pub what: Vec<String>,
    /// The levels that it is about; all if there are none.
    pub levels: Vec<String>,
    /// The changes that it is about; all if there are none.
    pub changes: Vec<String>,
    /// Where one can read about it.
    pub reference: Option<String>,
    /// Where it stands.
    pub place: Place,
}
