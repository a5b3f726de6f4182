//! Each rule, on small trees.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::model::Finding;
use super::subject::{Subject, is_read};
use super::table::RULES;
use crate::image::digest::ContentDigest;
use crate::image::layer::{
    Content, Entry, EntryKind, LayerIndex, Metadata, ModificationTime, Special, Xattr,
};
use crate::image::path::TreePath;
use crate::image::tree::Tree;

/// A tree in the making: what a layer says, and what its files hold.
#[derive(Default)]
struct Image {
    entries: Vec<Entry>,
    contents: BTreeMap<TreePath, Vec<u8>>,
}

impl Image {
    /// A tree in which every rule holds, but for those about labels.
    fn sound() -> Self {
        let folders =
            ["dev", "proc", "sys", "run", "tmp", "var", "boot", "sysroot", "etc", "usr/lib/modules/6.12"];
        let image = folders.into_iter().fold(Self::default(), Self::folder);
        let image = image.link("ostree", "sysroot/ostree").file("usr/lib/modules/6.12/vmlinuz", "kernel");
        let image = image.file("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = true\n");
        let image = image.file("etc/passwd", "root:x:0:0::/root:/bin/sh\n").file("etc/group", "root:x:0:\n");
        let image = image.file("usr/lib/sysusers.d/basic.conf", "u root 0 \"Super User\" /root\n");
        let image =
            image.file("etc/machine-id", "uninitialized\n").folder("var/log").file("var/log/wtmp", "");
        image.file("usr/lib/tmpfiles.d/var.conf", "d /var/log 0755 - - -\nf /var/log/wtmp 0664 root utmp -\n")
    }

    fn add(mut self, path: &[u8], kind: EntryKind) -> Self {
        let (path, _) = TreePath::clean(path).expect("the path stays inside");
        let metadata = Metadata { mode: 0o644, ..Metadata::default() };
        self.entries.retain(|entry| entry.path != path);
        self.entries.push(Entry { path, kind, metadata });
        self
    }

    fn folder(self, path: &str) -> Self {
        self.add(path.as_bytes(), EntryKind::Directory)
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.add(path.as_bytes(), EntryKind::Symlink(target.into()))
    }

    fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        if is_read(&TreePath::new(path)) {
            self.contents.insert(TreePath::new(path), content.to_vec());
        }
        let size = content.len() as u64;
        self.add(path.as_bytes(), EntryKind::File(Content { size, digest: ContentDigest::of(content) }))
    }

    fn without(mut self, path: &str) -> Self {
        self.entries.retain(|entry| entry.path != TreePath::new(path));
        self.contents.remove(&TreePath::new(path));
        self
    }

    /// Says when the thing that was added last was changed.
    fn changed_at(mut self, seconds: i64) -> Self {
        let last = self.entries.last_mut().expect("something was added");
        last.metadata.mtime = ModificationTime { seconds, nanoseconds: 0 };
        self
    }

    /// Returns what rules find, as `rule path`, or `rule: what` where there is no path.
    fn found(self, adjust: impl FnOnce(&mut Subject<'_>)) -> Vec<String> {
        let places = |finding: Finding| {
            let Finding { rule, what, paths, .. } = finding;
            let paths: Vec<_> = paths.into_iter().map(|path| format!("{rule} {path}")).collect();
            if paths.is_empty() { vec![format!("{rule}: {what}")] } else { paths }
        };
        self.findings(adjust).into_iter().flat_map(places).collect()
    }

    fn findings(self, adjust: impl FnOnce(&mut Subject<'_>)) -> Vec<Finding> {
        let summary = json!({
            "format": 1, "digest": "", "size": 0, "unpacked": 0, "entries": 0, "oddities": [],
            "diff_id": format!("sha256:{}", "0".repeat(64)),
        });
        let summary = serde_json::from_value(summary).expect("it is a summary");
        let tree = Tree::of(&[Arc::new(LayerIndex { summary, entries: self.entries })]);
        let mut subject = Subject::made_up(&tree, self.contents);
        subject.labels.bootc = Some("1".to_owned());
        adjust(&mut subject);
        let found = RULES
            .iter()
            .flat_map(|rule| (rule.check)(&subject).into_iter().map(move |said| Finding::new(rule, said)));
        found.collect()
    }
}

/// Asserts what is found in an image.
#[track_caller]
fn check(image: Image, expected: &[&str]) {
    assert_eq!(image.found(|_| {}), expected);
}

#[test]
fn sound_image_has_no_findings() {
    check(Image::sound(), &[]);
}

#[test]
fn var_run_is_a_link() {
    check(Image::sound().folder("var/run"), &["var-run var/run", "var-tmpfiles var/run"]);
    let lines = "L /var/run - - - - ../run\nd /var/log\nf /var/log/wtmp\n";
    check(Image::sound().link("var/run", "../run").file("usr/lib/tmpfiles.d/var.conf", lines), &[]);
}

#[test]
fn empty_files_of_builders() {
    let expected = ["buildah-injected etc/hostname", "buildah-injected etc/resolv.conf"];
    check(Image::sound().file("etc/hostname", "").file("etc/resolv.conf", ""), &expected);
    check(Image::sound().file("etc/hostname", "a").link("etc/resolv.conf", "../run/a"), &[]);
}

#[test]
fn one_etc() {
    check(Image::sound().folder("usr/etc"), &["etc-usretc usr/etc"]);
    let without = Image::sound().without("etc").without("etc/passwd").without("etc/group");
    check(without.without("etc/machine-id").folder("usr/etc"), &[]);
}

#[test]
fn kernel_arguments_are_read() {
    let with = |text: &str| Image::sound().file("usr/lib/bootc/kargs.d/10-a.toml", text);
    check(with("kargs = ['a', 'b=c']\nmatch-architectures = ['x86_64']\n"), &[]);
    for wrong in ["kargs = 'a'", "kargs = ['a']\narch = 'x'", "match-architectures = []", "kargs = [", ""] {
        check(with(wrong), &["bootc-kargs usr/lib/bootc/kargs.d/10-a.toml"]);
    }
    check(Image::sound().file("usr/lib/bootc/kargs.d/readme", "no TOML"), &[]);
}

#[test]
fn control_characters_of_a_file_are_not_in_what_is_said() {
    let image = Image::sound().file("usr/lib/bootc/kargs.d/a.toml", "kargs = []\n\"\\u001b[31m\" = 1\n");
    let findings = image.findings(|_| {});
    assert_eq!(findings.len(), 1);
    assert!(!findings[0].what.contains(char::is_control), "{:?}", findings[0].what);
}

#[test]
fn one_kernel() {
    let second = Image::sound().file("usr/lib/modules/6.13/vmlinuz", "kernel");
    check(second, &["kernel usr/lib/modules/6.12", "kernel usr/lib/modules/6.13"]);
    check(Image::sound().file("usr/lib/modules/6.13/modules.dep", "a"), &[]);
}

#[test]
fn names_are_utf8() {
    let empty = EntryKind::File(Content { size: 0, digest: ContentDigest::of(b"") });
    let image = Image::sound().add(b"usr/\xff", empty);
    check(image.add(b"usr/link", EntryKind::Symlink(b"\xfe".to_vec())), &[r"utf8 usr/\xff", "utf8 usr/link"]);
}

#[test]
fn folders_that_are_mounted_over() {
    let image = Image::sound().without("proc").link("tmp", "var/tmp");
    check(image, &["api-base-directories proc", "api-base-directories tmp"]);
}

#[test]
fn composefs_is_enabled() {
    let with = |text: &str| Image::sound().file("usr/lib/ostree/prepare-root.conf", text);
    let wrong = ["baseimage-composefs usr/lib/ostree/prepare-root.conf"];
    for enabled in
        ["[composefs]\nenabled=signed\n", "[root]\ntransient = true", "[a]\n[composefs]\nenabled = yes"]
    {
        check(with(enabled), &[]);
    }
    for disabled in ["", "[composefs]\nenabled = no\n", "enabled = true", "[root]\nenabled = true\n"] {
        check(with(disabled), &wrong);
    }
    check(Image::sound().without("usr/lib/ostree/prepare-root.conf"), &wrong);
    let etc = Image::sound().file("etc/ostree/prepare-root.conf", "[composefs]\nenabled = false\n");
    check(etc, &["baseimage-composefs etc/ostree/prepare-root.conf"]);
}

#[test]
fn root_of_a_base_image() {
    check(Image::sound().without("sysroot"), &["baseimage-root sysroot"]);
    check(Image::sound().file("sysroot", ""), &["baseimage-root sysroot"]);
    check(Image::sound().link("ostree", "/sysroot/ostree"), &["baseimage-root ostree"]);
    check(Image::sound().folder("ostree"), &["baseimage-root ostree"]);
    let copy = "usr/share/doc/bootc/baseimage/base";
    check(
        Image::sound().folder(&format!("{copy}/sysroot")),
        &[
            "baseimage-composefs usr/share/doc/bootc/baseimage/base/usr/lib/ostree/prepare-root.conf",
            "baseimage-root usr/share/doc/bootc/baseimage/base/ostree",
        ],
    );
}

#[test]
fn logs_are_empty() {
    let image = Image::sound()
        .file("var/log/dnf5.log", "a")
        .folder("var/log/apt")
        .file("var/log/apt/history.log", "a");
    let lines =
        "d /var/log\nf /var/log/wtmp\nf /var/log/dnf5.log\nd /var/log/apt\nf /var/log/apt/history.log\n";
    let expected = ["var-log var/log/apt/history.log", "var-log var/log/dnf5.log"];
    check(image.file("usr/lib/tmpfiles.d/var.conf", lines), &expected);
}

#[test]
fn var_is_made_by_tmpfiles() {
    let image = Image::sound().folder("var/lib").folder("var/lib/a b").file("var/lib/state", "1");
    let expected = ["var-tmpfiles var/lib", "var-tmpfiles var/lib/a b", "var-tmpfiles var/lib/state"];
    check(image, &expected);
    let lines = "# a comment\n\nd \"/var/lib\"\nd /var/lib/a\\x20b\nC+ /var/lib/state\n";
    let image = Image::sound().folder("var/lib").folder("var/lib/a b").file("var/lib/state", "1");
    check(image.file("etc/tmpfiles.d/own.conf", lines), &[]);
}

#[test]
fn tmpfiles_may_name_what_a_link_leads_to() {
    let image =
        Image::sound().link("root", "var/roothome").folder("var/roothome").folder("var/roothome/.ssh");
    let image = image.file("usr/lib/tmpfiles.d/a.conf", "d /var/roothome\nd /root/.ssh\n");
    check(image, &[]);
}

#[test]
fn links_in_a_circle_end() {
    let image = Image::sound().link("usr/lib/tmpfiles.d/loop", "loop").link("a", "b").link("b", "a");
    check(image.file("usr/lib/tmpfiles.d/a.conf", "d /a/b/c\nd /\nd\nd \"\n"), &[]);
}

#[test]
fn users_are_made_by_sysusers() {
    let image = Image::sound().file("etc/passwd", "root:x:0:0::/:/bin/sh\nown:x:9:9::/:/bin/sh\n");
    let image = image.file("etc/group", "root:x:0:\nown:x:9:\nwheel:x:10:\n");
    check(image, &["sysusers etc/passwd", "sysusers etc/group"]);
    let image = Image::sound().file("etc/passwd", "root:x:0:0::/:/bin/sh\nown:x:9:9::/:/bin/sh\n");
    let image = image.file("etc/group", "root:x:0:\nown:x:9:\nwheel:x:10:\n");
    let lines = "u! own 9\ng wheel 10\nm own wheel\nr - 500-900\n";
    check(image.file("usr/lib/sysusers.d/own.conf", lines), &[]);
    let broken = Image::sound().file("usr/lib/sysusers.d/own.conf", "u\n");
    check(broken, &["sysusers usr/lib/sysusers.d/own.conf"]);
}

#[test]
fn boot_is_empty() {
    check(Image::sound().without("boot"), &["nonempty-boot boot"]);
    let image =
        Image::sound().file("boot/vmlinuz", "a").folder("boot/grub2").file("boot/EFI/Linux/a.efi", "a");
    check(image, &["nonempty-boot boot/grub2", "nonempty-boot boot/vmlinuz"]);
}

#[test]
fn run_and_tmp_are_empty() {
    let left = "run/systemd/resolve/stub-resolv.conf";
    check(Image::sound().file(left, ""), &[]);
    let image = Image::sound().file(left, "").folder("run/systemd/units").file("tmp/a", "");
    let expected =
        ["nonempty-run-tmp run/systemd", "nonempty-run-tmp run/systemd/units", "nonempty-run-tmp tmp/a"];
    check(image, &expected);
}

#[test]
fn labels_fit_the_image() {
    let found = Image::sound().found(|subject| subject.labels.bootc = None);
    assert_eq!(found, ["bootc-label: the image has no label `containers.bootc`"]);
    let found = Image::sound().found(|subject| subject.labels.bootc = Some("true\u{1b}".to_owned()));
    assert_eq!(found, [r"bootc-label: `containers.bootc` is `true\u{1b}`, and not `1`"]);
    let found = Image::sound().found(|subject| {
        subject.labels.kernel = Some("6.11".to_owned());
        subject.labels.ostree_final_diff_id = Some("sha256:a".to_owned());
        subject.diff_ids = vec!["sha256:b".to_owned()];
    });
    let expected = [
        "ostree-final-diffid: `ostree.final-diffid` names `sha256:a`, which is no layer of it",
        "ostree-linux: `ostree.linux` is `6.11`, and the kernel is `6.12`",
    ];
    assert_eq!(found, expected);
    let found = Image::sound().found(|subject| {
        subject.labels.kernel = Some("6.12".to_owned());
        subject.labels.ostree_final_diff_id = Some("sha256:b".to_owned());
        subject.diff_ids = vec!["sha256:b".to_owned()];
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn what_package_managers_keep() {
    let image = Image::default().file("var/lib/apt/lists/a_InRelease", "a").file("root/.cache/pip/a", "a");
    let image = image.file("var/cache/dnf/empty", "").file("var/cache/man/index", "a");
    let found = image.found(|_| {}).into_iter().filter(|found| found.starts_with("package-cache"));
    let expected = ["package-cache var/lib/apt/lists/a_InRelease", "package-cache root/.cache/pip/a"];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn what_machines_must_not_share() {
    let image = Image::sound().file("etc/machine-id", "0123\n").file("etc/ssh/ssh_host_rsa_key", "secret");
    let image =
        image.file("etc/ssh/ssh_host_rsa_key.pub", "open").file("usr/share/ssh_host_rsa_key", "example");
    check(image, &["machine-id etc/machine-id", "ssh-host-keys etc/ssh/ssh_host_rsa_key"]);
    check(Image::sound().file("etc/machine-id", ""), &[]);
    let lines =
        "d /var/lib\nd /var/lib/systemd\nf /var/lib/systemd/random-seed\nd /var/log\nf /var/log/wtmp\n";
    let image = Image::sound().folder("var/lib/systemd").file("var/lib/systemd/random-seed", "a");
    check(image.file("usr/lib/tmpfiles.d/var.conf", lines), &["random-seed var/lib/systemd/random-seed"]);
}

#[test]
fn what_is_another_after_each_build() {
    let image = Image::sound().file("usr/lib/sysimage/rpm/rpmdb.sqlite", "a");
    let image = image
        .file("usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "")
        .file("usr/lib/sysimage/rpm/rpmdb.sqlite-shm", "a");
    check(image, &["volatile-state usr/lib/sysimage/rpm/rpmdb.sqlite-shm"]);
}

#[test]
fn files_are_not_later_than_the_image() {
    let image = || Image::sound().file("usr/a", "a").changed_at(1_000_000).folder("usr/b/c").changed_at(10);
    assert_eq!(image().found(|subject| subject.created = Some(0)), ["time-after-creation usr/a"]);
    assert_eq!(image().found(|subject| subject.created = Some(1_000_000)), [""; 0]);
    assert_eq!(image().found(|subject| subject.created = None), [""; 0]);
}

#[test]
fn bytecode_names_the_time_of_its_source() {
    let code = |flags: u32, time: u32| {
        [&b"\xf3\r\r\n"[..], &flags.to_le_bytes(), &time.to_le_bytes(), &[0; 8]].concat()
    };
    let image = |code: Vec<u8>| {
        let image = Image::sound().file("usr/lib/python3/a/__init__.py", "a").changed_at(500);
        image.file("usr/lib/python3/a/__pycache__/__init__.cpython-313.pyc", code)
    };
    let stale = ["stale-bytecode usr/lib/python3/a/__pycache__/__init__.cpython-313.pyc"];
    check(image(code(0, 400)), &stale);
    check(image(code(0, 500)), &[]);
    check(image(code(1, 400)), &[]);
    check(image(b"short".to_vec()), &[]);
    let found = Image::sound()
        .file("usr/lib/python3/a/__pycache__/__init__.cpython-313.pyc", code(0, 4000))
        .found(|subject| subject.created = Some(500));
    assert_eq!(found, stale);
}

#[test]
fn layers_give_no_labels_of_selinux() {
    let mut image = Image::sound().file("usr/bin/a", "a");
    let value = b"system_u:object_r:bin_t:s0\0".to_vec();
    let xattr = Xattr { name: "security.selinux".to_owned(), value };
    image.entries.last_mut().unwrap().metadata.xattrs.push(xattr);
    check(image, &["selinux-label usr/bin/a"]);
}

#[test]
fn things_of_other_kinds_are_no_files() {
    let image =
        Image::sound().add(b"etc/machine-id", EntryKind::Special(Special::Fifo)).folder("etc/hostname");
    check(image.add(b"boot/EFI", EntryKind::Special(Special::Character(1, 3))), &[]);
}
