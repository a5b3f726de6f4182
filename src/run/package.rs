//! Package managers, and the commands that install with them.

use super::requirement::find_program;

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, CentOS.
    Dnf,
    /// Alpine.
    Apk,
    /// Arch.
    Pacman,
    /// openSUSE.
    Zypper,
    /// Any distribution, for those who chose it.
    Brew,
}

impl Manager {
    const ALL: [Self; 6] = [Self::Apt, Self::Dnf, Self::Apk, Self::Pacman, Self::Zypper, Self::Brew];

    /// Returns this machine's package manager: the first that is there.
    pub fn detect(search_path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manager| find_program(manager.program(), search_path).is_some())
    }

    /// Returns the name that front matter gives it: `apt`, `dnf`, `apk`, `pacman`, `zypper`, `brew`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Dnf => "dnf",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
            Self::Zypper => "zypper",
            Self::Brew => "brew",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            _ => self.name(),
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::Apt => "apt-get install -y",
            Self::Dnf => "dnf install -y",
            Self::Apk => "apk add",
            Self::Pacman => "pacman -S --noconfirm",
            Self::Zypper => "zypper --non-interactive install",
            Self::Brew => "brew install",
        }
    }
}

/// Returns the command that installs packages, as a person would type it.
pub fn install_command<'a>(manager: Manager, packages: impl IntoIterator<Item = &'a str>) -> String {
    let packages: Vec<&str> = packages.into_iter().collect();
    let needs_root = manager != Manager::Brew && !rustix::process::geteuid().is_root();
    let sudo = if needs_root { "sudo " } else { "" };
    format!("{sudo}{} {}", manager.install(), packages.join(" "))
}

/// Returns the command that brings the list of packages up to date, where the manager does not do so by itself.
pub fn refresh_command(manager: Manager) -> Option<String> {
    let sudo = if rustix::process::geteuid().is_root() { "" } else { "sudo " };
    (manager == Manager::Apt).then(|| format!("{sudo}apt-get update"))
}
