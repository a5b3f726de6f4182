//! Package databases that rpm and dpkg wrote are read as these programs read them.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use stagebook::image::package::{
    Manager, Package, compare_debian, compare_rpm, compare_versions, read_dpkg, read_rpm,
};

use crate::project::{has, skipped};

/// Returns whether programs are there; under CI they must be.
fn are_there(test: &str, programs: &[&str]) -> bool {
    let Some(missing) = programs.iter().find(|program| !has(program)) else { return true };
    assert!(std::env::var_os("CI").is_none(), "{missing} is not there");
    skipped(test, &format!("{missing} is not there"));
    false
}

/// Runs a script in a folder, and returns what it prints.
fn bash(folder: &Path, script: &str) -> String {
    let output = Command::new("bash").args(["-euc", script]).current_dir(folder).output();
    let output = output.expect("bash starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Builds packages, and installs them below `root`.
const INSTALLER: &str = r#"
export HOME=$PWD
build() { # name, version, release, a line of the preamble
  printf '%s\n' "Name: $1" "Version: $2" "Release: $3" "$4" 'Summary: A test' 'License: MIT and BSD' \
    'Vendor: Nobody' '%description' 'Text.' '%install' "mkdir -p %{buildroot}/opt/$1-$2" \
    "for n in {1..300}; do echo \$n > %{buildroot}/opt/$1-$2/\$n; done" '%files' "/opt/$1-$2" >"$1-$2.spec"
  rpmbuild --quiet -bb --define "_topdir $PWD/top" "$1-$2.spec" >build.log 2>&1 || { cat build.log >&2; exit 1; }
}
build alpha 1.0 1 'BuildArch: noarch'
build beta '2.0~rc1' 3.el9 'Epoch: 2'
build kernel 6.1 1 ''
build kernel 6.2 1 ''
build gone 1 1 ''
rpm=(rpm --root "$PWD/root" --dbpath /var/lib/rpm --define '_db_backend sqlite')
mkdir root
"${rpm[@]}" --nodeps -i top/RPMS/*/*.rpm 2>install.log || { cat install.log >&2; exit 1; }
"${rpm[@]}" --justdb --nodeps -e gone 2>>install.log
"#;

/// How rpm shows what is read.
const SHOWN: &str = r"
rpm --root $PWD/root --dbpath /var/lib/rpm --define '_db_backend sqlite' -qa --qf \
  '%{NEVRA} %{SHA256HEADER} %{LONGSIZE} %{INSTALLTIME} %{SOURCERPM} %{VENDOR} %{LICENSE}\n' | LC_ALL=C sort
";

fn installed(test: &str) -> Option<tempfile::TempDir> {
    if !are_there(test, &["rpm", "rpmbuild"]) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    bash(folder.path(), INSTALLER);
    Some(folder)
}

fn shown(package: &Package) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let identity = text(&package.identity);
    format!(
        "{package} {} {} {} {} {} {}\n",
        identity.strip_prefix("sha256:").unwrap_or(&identity),
        package.size.unwrap_or(0),
        package.install_time.unwrap_or(0),
        text(&package.source),
        text(&package.vendor),
        text(&package.licence),
    )
}

#[test]
fn packages_of_rpm_are_those_that_rpm_lists() {
    let Some(folder) = installed("packages_of_rpm_are_those_that_rpm_lists") else { return };
    let expected = bash(folder.path(), SHOWN);
    let packages = read_rpm(&folder.path().join("root/var/lib/rpm/rpmdb.sqlite")).expect("it is one");
    let mut lines: Vec<_> = packages.iter().map(shown).collect();
    lines.sort();
    assert_eq!(lines.concat(), expected);
    assert!(expected.contains("beta-2:2.0~rc1-3.el9."), "{expected}");
    let kernels = packages.iter().filter(|package| package.name == "kernel");
    assert_eq!(kernels.map(|kernel| kernel.version.as_str()).collect::<Vec<_>>(), ["6.1", "6.2"]);
}

#[test]
fn damaged_headers_do_no_harm() {
    let Some(folder) = installed("damaged_headers_do_no_harm") else { return };
    let path = folder.path().join("root/var/lib/rpm/rpmdb.sqlite");
    let whole = fs::read(&path).expect("it was written");
    let path = folder.path().join("damaged.sqlite");
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(changes in changes)| {
        let mut bytes = whole.clone();
        for (at, byte) in changes {
            bytes[100 + at.index(whole.len() - 100)] = byte;
        }
        fs::write(&path, &bytes).expect("it can be written");
        let _ = read_rpm(&path);
    });
}

#[test]
fn packages_of_dpkg_are_those_that_dpkg_lists() {
    let test = "packages_of_dpkg_are_those_that_dpkg_lists";
    let path = Path::new("/var/lib/dpkg/status");
    if !path.exists() || !has("dpkg-query") {
        // Not every system is Debian's.
        skipped(test, "dpkg is not there");
        return;
    }
    let list =
        "dpkg-query -W -f '${db:Status-Status} ${Package}:${Architecture}=${Version} ${Installed-Size}\n'";
    let list =
        format!("{list} | grep -v -e '^config-files ' -e '^not-installed ' | cut -d' ' -f2- | LC_ALL=C sort");
    let expected = bash(Path::new("/"), &list);
    let packages = read_dpkg(BufReader::new(fs::File::open(path).expect("it is there"))).expect("it is one");
    assert!(packages.iter().all(|package| package.manager == Manager::Dpkg));
    let line = |package: &Package| match package.size {
        Some(size) => format!("{package} {}\n", size / 1024),
        None => format!("{package} \n"),
    };
    let mut lines: Vec<_> = packages.iter().map(line).collect();
    lines.sort();
    assert_eq!(lines.concat(), expected);
}

/// Returns pairs of versions, most of them nearly alike.
fn pairs(pattern: &str) -> Vec<(String, String)> {
    let mut runner = TestRunner::deterministic();
    let mut text = || {
        let text = proptest::string::string_regex(pattern).expect("it is a pattern").new_tree(&mut runner);
        text.expect("it makes texts").current()
    };
    let mut nearly = |one: &str| format!("{one}{}", text());
    (0..600)
        .map(|index| {
            let start = nearly("");
            let cut = start.len() * (index % 3) / 2;
            (nearly(&start[..cut]), nearly(&start[..cut]))
        })
        .collect()
}

fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "-1",
        Ordering::Equal => "0",
        Ordering::Greater => "1",
    }
}

#[test]
fn order_of_versions_is_that_of_rpm() {
    if !are_there("order_of_versions_is_that_of_rpm", &["rpm"]) {
        return;
    }
    let pairs = pairs("[019ab.~^_+]{1,6}");
    let asked = pairs.iter().fold(String::new(), |mut asked, (one, other)| {
        let _ = write!(asked, "print(rpm.vercmp('{one}', '{other}') .. ' ') ");
        asked
    });
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("asked"), format!("%{{lua: {asked}}}")).expect("it can be written");
    let answers = bash(folder.path(), "HOME=$PWD rpm --eval \"$(cat asked)\"");
    let answers: Vec<_> = answers.split_ascii_whitespace().collect();
    assert_eq!(answers.len(), pairs.len());
    for ((one, other), answer) in pairs.iter().zip(answers) {
        assert_eq!(sign(compare_rpm(one, other)), answer, "{one} {other}");
    }
}

#[test]
fn order_of_versions_is_that_of_dpkg() {
    if !has("dpkg") {
        skipped("order_of_versions_is_that_of_dpkg", "dpkg is not there");
        return;
    }
    let pairs = pairs("[019abZ.~+]{1,6}");
    // It wants a digit first, and a revision is no part of what is compared here.
    let asked = pairs.iter().fold(String::new(), |mut asked, (one, other)| {
        let _ = writeln!(asked, "0{one} 0{other}");
        asked
    });
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("asked"), asked).expect("it can be written");
    let script = "while read -r one other; do
        if dpkg --compare-versions \"$one\" lt \"$other\"; then echo -1
        elif dpkg --compare-versions \"$one\" eq \"$other\"; then echo 0; else echo 1; fi; done <asked";
    let answers = bash(folder.path(), script);
    for ((one, other), answer) in pairs.iter().zip(answers.lines()) {
        assert_eq!(sign(compare_debian(&format!("0{one}"), &format!("0{other}"))), answer, "{one} {other}");
    }
}

#[test]
fn whole_versions_are_compared_as_dpkg_does() {
    if !has("dpkg") {
        skipped("whole_versions_are_compared_as_dpkg_does", "dpkg is not there");
        return;
    }
    let versions = ["1.0", "1.0-0", "1.0-1", "1:0.9-1", "0:1.0-1", "1.0-1-1", "1.0-1~x", "2:1:1-1", "1.0.0"];
    let read = |version: &str| {
        let text = format!("Package: a\nVersion: {version}\n");
        read_dpkg(text.as_bytes()).expect("it is one").remove(0)
    };
    for one in versions {
        for other in versions {
            let is = |relation: &str| {
                let asked = Command::new("dpkg").args(["--compare-versions", one, relation, other]).status();
                asked.expect("dpkg starts").success()
            };
            let order = compare_versions(&read(one), &read(other));
            assert_eq!(order.is_lt(), is("lt"), "{one} {other}");
            assert_eq!(order.is_eq(), is("eq"), "{one} {other}");
        }
    }
}
