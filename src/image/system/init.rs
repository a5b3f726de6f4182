//! The program that a system starts first.

use serde::Serialize;

use crate::image::package::Package;

/// The program that a system starts first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Init {
    /// Where `sbin/init` leads, as its link says; `sbin/init` itself where it is a program.
    pub target: String,
    /// What it is, as its package is called: `systemd`, `busybox`; for others the name of the program.
    pub name: String,
    /// The version of the package of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Programs by what their file is called, and the package that has them where it is called otherwise.
const PROGRAMS: [(&str, &str); 6] = [
    ("openrc-init", "openrc"),
    ("runit-init", "runit"),
    ("s6-linux-init", "s6-linux-init"),
    ("dinit", "dinit"),
    ("busybox", "busybox"),
    ("systemd", "systemd"),
];

impl Init {
    /// Tells which program it is, from the target of the link `sbin/init` (none where that is a program itself)
    /// and the packages of the system.
    pub fn of(target: Option<&[u8]>, packages: &[Package]) -> Self {
        let target = target.map_or("sbin/init".into(), String::from_utf8_lossy).into_owned();
        let program = target.rsplit('/').next().unwrap_or_default();
        let known = PROGRAMS.iter().find(|(file, _)| *file == program);
        let name = known.map_or(program, |(_, package)| package).to_owned();
        let package = packages.iter().find(|package| package.name == name);
        Self { version: package.map(Package::full_version), target, name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::package::{read_apk, read_dpkg};

    #[test]
    fn program_is_told_by_the_link_and_its_version_by_the_package() {
        let packages = read_dpkg(&b"Package: systemd\nVersion: 252.36-1~deb12u1\n"[..]).unwrap();
        let init = Init::of(Some(b"../lib/systemd/systemd"), &packages);
        assert_eq!((init.name.as_str(), init.version.as_deref()), ("systemd", Some("252.36-1~deb12u1")));
        let packages = read_apk(&b"P:busybox\nV:1.37.0-r12\n"[..]).unwrap();
        let init = Init::of(Some(b"/bin/busybox"), &packages);
        assert_eq!((init.name.as_str(), init.version.as_deref()), ("busybox", Some("1.37.0-r12")));
        let init = Init::of(None, &packages);
        assert_eq!((init.target.as_str(), init.name.as_str(), init.version), ("sbin/init", "init", None));
    }
}
