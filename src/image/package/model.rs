//! A package, whichever manager installed it.

use std::fmt;

use super::error::PackageError;

/// The most packages that are read of a database: all of Debian has some seventy thousand.
const MOST_PACKAGES: usize = 1_000_000;

/// What installed a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// rpm: Fedora, RHEL, SUSE.
    Rpm,
    /// dpkg: Debian, Ubuntu.
    Dpkg,
    /// apk: Alpine, Wolfi.
    Apk,
}

impl Manager {
    /// Returns its name, as its command is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpm => "rpm",
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
        }
    }
}

/// A package that is installed. The order is that of names, then of texts: which version is newer is another
/// question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    /// What installed it.
    pub manager: Manager,
    /// Its name.
    pub name: String,
    /// What counts before the version; mostly none, which is 0.
    pub epoch: Option<u32>,
    /// The version that its authors gave it.
    pub version: String,
    /// What the distribution counts: rpm's release, Debian's revision, apk's `r0`.
    pub release: Option<String>,
    /// The architecture, as its manager writes it.
    pub architecture: Option<String>,
    /// What tells apart two builds of one version: `sha256:…` or `sha1:…` of rpm's header, `sha256:…` of dpkg's list
    /// of sums, apk's checksum.
    pub identity: Option<String>,
    /// What its files take on a disk, in bytes.
    pub size: Option<u64>,
    /// What it was built from: rpm's source package, Debian's source, apk's origin.
    pub source: Option<String>,
    /// Who answers for it: rpm's vendor, or the maintainer.
    pub vendor: Option<String>,
    /// Its licence, as the package says.
    pub licence: Option<String>,
    /// When it was installed, in seconds since 1970; rpm alone knows it.
    pub install_time: Option<i64>,
}

impl Package {
    /// Returns a package of which only name and version are known.
    pub(super) fn new(manager: Manager, name: String, version: String) -> Self {
        Self {
            manager,
            name,
            epoch: None,
            version,
            release: None,
            architecture: None,
            identity: None,
            size: None,
            source: None,
            vendor: None,
            licence: None,
            install_time: None,
        }
    }

    /// Returns its whole version: `[EPOCH:]VERSION[-RELEASE]`, as all three managers write it.
    pub fn full_version(&self) -> String {
        let epoch = self.epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        let release = self.release.as_ref().map(|release| format!("-{release}")).unwrap_or_default();
        format!("{epoch}{}{release}", self.version)
    }
}

impl fmt::Display for Package {
    /// Writes it as its manager does: rpm's `NAME-[EPOCH:]VERSION-RELEASE.ARCH`, the `NAME:ARCH=VERSION` that
    /// apt installs, the `NAME-VERSION` of `apk info -v`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, version) = (&self.name, self.full_version());
        match (self.manager, &self.architecture) {
            (Manager::Rpm, Some(architecture)) => write!(formatter, "{name}-{version}.{architecture}"),
            (Manager::Rpm, None) | (Manager::Apk, _) => write!(formatter, "{name}-{version}"),
            (Manager::Dpkg, Some(architecture)) => write!(formatter, "{name}:{architecture}={version}"),
            (Manager::Dpkg, None) => write!(formatter, "{name}={version}"),
        }
    }
}

/// Adds a package, as long as there are not too many.
pub(super) fn add(packages: &mut Vec<Package>, package: Package) -> Result<(), PackageError> {
    if packages.len() == MOST_PACKAGES {
        return Err(PackageError::TooMany { limit: MOST_PACKAGES });
    }
    packages.push(package);
    Ok(())
}
