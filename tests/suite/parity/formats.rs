//! Contents that tools wrote, in the formats that the comparison reads, and the packages that own them.

use std::path::Path;

use super::*;

/// Returns what a script leaves behind in a folder of its own; none where a program is missing.
fn made(test: &str, programs: &[&str], script: &str) -> Option<Project> {
    if let Some(missing) = programs.iter().find(|program| !has(program)) {
        assert!(std::env::var_os("CI").is_none(), "{missing} is not there");
        skipped(test, &format!("{missing} is not there"));
        return None;
    }
    let project = Project::new();
    let made = project.finish(project.command("bash").args(["-euc", script]), "");
    assert!(made.status.success(), "{made:?}");
    Some(project)
}

fn bytes(project: &Project, name: &str) -> Vec<u8> {
    fs::read(project.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compares two files at one path; returns the difference of their contents.
#[track_caller]
fn contents(path: &str, ours: Vec<u8>, theirs: Vec<u8>) -> Value {
    let (mut staging, mut reference) = (base(), base());
    staging.add(Member::file(path, ours));
    reference.add(Member::file(path, theirs));
    let report = Pair::of(&staging, &reference).report(&[]);
    difference(&report, path).clone()
}

#[track_caller]
fn difference<'a>(report: &'a Value, subject: &str) -> &'a Value {
    let found = differences(report).find(|difference| difference["subject"] == subject);
    found.unwrap_or_else(|| panic!("nothing is said of `{subject}`: {report:#}"))
}

#[track_caller]
fn has_lines(difference: &Value, lines: &[&str]) {
    let detail = difference["detail"].as_str().unwrap_or_default();
    for line in lines {
        assert!(detail.lines().any(|found| found == *line), "no line `{line}`:\n{detail}");
    }
}

/// Makes initramfs images: `one`, `two` as it with other times, order and packing, `three` of another build, and
/// `four` that differs. In `late` the update for the processor is packed with the rest, in `below` folders come
/// behind what is in them.
const INITRAMFS: &str = r#"
mkdir -p early/kernel/x86/microcode main/usr/{lib,bin} main/etc
echo microcode >early/kernel/x86/microcode/GenuineIntel.bin
printf 'ID=fedora\nVERSION="44 (dracut-103)"\nVERSION_ID=44\n' >main/usr/lib/initrd-release
ln -s ../usr/lib/initrd-release main/etc/initrd-release
for number in {1..40}; do echo $number >main/usr/bin/$number; done
ln main/usr/bin/1 main/usr/bin/one
backwards() { # folders first
  tee ../list | sort | while read -r name; do if [[ -d $name ]]; then echo "$name"; fi; done
  sort -r ../list | while read -r name; do if [[ ! -d $name ]]; then echo "$name"; fi; done
}
archive() { (cd $1 && find . | $2 | cpio --quiet -o -H newc); }
pack() { # order, packer
  archive early sort
  head -c 1024 /dev/zero
  archive main "$1" | $2
}
find main early -exec touch -h -d @1700000000 {} +
pack sort 'gzip -n' >one
find main early -exec touch -h -d @1800000000 {} +
pack backwards 'zstd -q' >two
pack 'sort -r' 'gzip -n' >below
{ archive early sort; archive main sort; } | gzip -n >late
sed -i s/103/104/ main/usr/lib/initrd-release
pack sort 'gzip -n' >three
echo other >main/usr/bin/7
chmod 4755 main/usr/bin/8
touch main/usr/bin/new
ln -sfn /dev/null main/etc/initrd-release
rm main/usr/bin/9
pack sort 'gzip -n' >four
{ archive early sort; archive main sort | xz; } >five
pack sort 'gzip -n' | head -c 900 >cut
"#;

#[test]
fn initramfs_images_are_compared_as_trees() {
    let test = "initramfs_images_are_compared_as_trees";
    let Some(project) = made(test, &["cpio", "gzip", "xz", "zstd"], INITRAMFS) else { return };
    let path = "usr/lib/modules/6.1/initramfs.img";
    let look = |ours: &str, theirs: &str| contents(path, bytes(&project, ours), bytes(&project, theirs));
    let times = look("two", "one");
    assert_eq!(times["explained_by"], "initramfs-times", "{times:#}");
    let build = look("three", "one");
    assert_eq!(build["explained_by"], "initramfs-build", "{build:#}");
    let other = look("four", "one");
    assert_eq!(other.get("explained_by"), None, "{other:#}");
    has_lines(
        &other,
        &[
            "usr/bin/new: only in the staging image",
            "usr/bin/9: only in the reference image",
            "usr/bin/8: mode 4755, not 0644",
            "etc/initrd-release: link to /dev/null, not ../usr/lib/initrd-release",
            "    -7",
            "    +other",
            "    -VERSION=\"44 (dracut-103)\"",
        ],
    );
    let late = look("late", "one");
    assert_eq!(
        (late.get("explained_by"), look("below", "one").get("explained_by")),
        (None, None),
        "{late:#}"
    );
    has_lines(
        &late,
        &["kernel/x86/microcode/GenuineIntel.bin: before the packed part in the reference image alone"],
    );
    let unread = look("five", "one");
    has_lines(&unread, &["a part is packed with xz, which is not read: it is not alike"]);
    assert_eq!((unread.get("explained_by"), look("cut", "one").get("explained_by")), (None, None));
}

/// Builds a program in two folders, so that its build ids differ, and once with other code.
const PROGRAMS: &str = r#"
build() { # name, folder, text
  mkdir -p $2
  printf '#include <stdio.h>\nint main(void) { puts("%s"); return 0; }\n' "$3" >$2/a.c
  (cd $2 && gcc -g -Wl,--build-id=sha1 -o a a.c && strip a)
  cp $2/a $1
}
build one here hello
build two there hello
build three there world
"#;

#[test]
fn programs_are_compared_without_their_build_ids() {
    let test = "programs_are_compared_without_their_build_ids";
    let Some(project) = made(test, &["gcc", "strip"], PROGRAMS) else { return };
    let look =
        |ours: &str, theirs: &str| contents("usr/bin/a", bytes(&project, ours), bytes(&project, theirs));
    let same = look("two", "one");
    assert_eq!(same["explained_by"], "elf-build-id", "{same:#}");
    assert_eq!(same["facts"], json!(["elf-of-other-build"]));
    assert!(same["detail"].as_str().unwrap().contains("\nbuild id "), "{same:#}");
    let other = look("three", "two");
    assert_eq!(other.get("explained_by"), None, "{other:#}");
    assert!(other["detail"].as_str().unwrap().contains("\n.rodata: "), "{other:#}");
}

/// Makes databases: `two` has the rows of `one` in another order and at other pages, `three` has other rows. Of
/// `found` the index has another key than the table, and `long` goes on behind its last page.
const DATABASES: &str = r#"
import sqlite3
def make(name, numbers, extra=()):
    connection = sqlite3.connect(name)
    connection.execute("pragma page_size = %d" % (512 if name == "two" else 4096))
    connection.execute("create table packages (name text, version text)")
    connection.execute("create table keyed (id integer primary key, value)")
    connection.execute("create index by_name on packages (name)")
    for number in numbers:
        connection.execute("insert into packages values (?, ?)", ("package%d" % number, "x" * number))
        connection.execute("insert into keyed values (?, ?)", (number, number / 3))
    for statement in extra:
        connection.execute(statement)
    connection.commit()
    connection.close()
make("one", range(300))
make("two", reversed(range(300)))
make("three", range(300), ["delete from packages where name = 'package7'", "pragma user_version = 3",
  "insert into packages values ('a', 'b')", "insert into packages values ('a', 'b')", "create view v as select 1",
  "update keyed set value = 0 where id = 9"])
one = open("one", "rb").read()
at = max(one.find(b"package123"), one.rfind(b"package123"), key=lambda at: one[at + 10:at + 11] != b"x")
open("found", "wb").write(one[:at] + b"package12!" + one[at + 10:])
open("long", "wb").write(one + b"payload!" * 512)
"#;

#[test]
fn databases_are_compared_row_by_row() {
    let script = format!("python3 -c \"$(cat <<'END'\n{DATABASES}\nEND\n)\"");
    let Some(project) = made("databases_are_compared_row_by_row", &["python3"], &script) else { return };
    let look = |ours: &str, theirs: &str| {
        contents("usr/share/app/data", bytes(&project, ours), bytes(&project, theirs))
    };
    let same = look("two", "one");
    assert_eq!(same["explained_by"], "sqlite-row-order", "{same:#}");
    let other = look("three", "one");
    assert_eq!(other.get("explained_by"), None, "{other:#}");
    has_lines(
        &other,
        &[
            "user_version 3, not 0",
            "table packages: 2 rows only in the staging image, 1 row only in the reference image",
            "table keyed: 1 row only in the staging image, 1 row only in the reference image",
            "view v: only in the staging image",
        ],
    );
    let rows = look("one", "two")["detail"].clone();
    assert_eq!(rows, "the tables have the same rows, and the indexes the same entries\n");
    let found = look("found", "one");
    assert_eq!(found.get("explained_by"), None, "{found:#}");
    has_lines(&found, &["index by_name: 1 row only in the staging image, 1 row only in the reference image"]);
    let long = look("long", "one");
    assert_eq!(long.get("explained_by"), None, "{long:#}");
    has_lines(&long, &["4.1 kB behind the last page in the staging image, which are not read"]);
    let mut cut = bytes(&project, "two");
    cut.truncate(3000);
    let cut = contents("usr/share/app/data", cut, bytes(&project, "one"));
    assert!(cut["detail"].as_str().unwrap().contains("it cannot be read as a database of SQLite"), "{cut:#}");
    assert_eq!(cut.get("explained_by"), None);
}

#[test]
fn texts_that_are_packed_are_shown() {
    let page = contents("usr/share/man/man1/a.1.gz", gzip(b"one\ntwo\n", 1), gzip(b"one\nthree\n", 2));
    has_lines(&page, &["-three", "+two", " one"]);
}

/// Builds a package of the same version twice, and installs each into a database; `three` is that of `one`,
/// installed again, and `signed` has another signature.
const BUILDS: &str = r#"
export HOME=$PWD
build() { # folder, content, host
  printf '%s\n' 'Name: alpha' 'Version: 1.0' 'Release: 1' 'BuildArch: noarch' 'Summary: A test' 'License: MIT' \
    '%description' 'Text.' '%install' 'mkdir -p %{buildroot}/usr/bin %{buildroot}/var/lib/alpha' \
    "echo $2 >%{buildroot}/usr/bin/alpha" 'echo same >%{buildroot}/usr/bin/same' \
    '%post' "echo $2" '%files' '/usr/bin/alpha' '/usr/bin/same' '%ghost /var/lib/alpha/state' >alpha.spec
  sed -i 's|^mkdir.*|&; touch %{buildroot}/var/lib/alpha/state|' alpha.spec
  rpmbuild --quiet -bb --define "_topdir $PWD/$1" --define "_buildhost $3" alpha.spec >log 2>&1 || { cat log >&2; exit 1; }
}
build top1 first one.example
sleep 1.1
build top2 second two.example
for name in one two three; do
  mkdir $name
  top=top1
  [ $name != two ] || top=top2
  rpm --root "$PWD/$name" --dbpath /var/lib/rpm --define '_db_backend sqlite' --nodeps --justdb -i $top/RPMS/*/*.rpm
  sleep 1.1
done
"#;

const RPMDB: &str = "usr/lib/sysimage/rpm/rpmdb.sqlite";

/// What ostree keeps of the base image, which no package is read from.
const COPY: &str = "usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite";

#[test]
fn builds_of_rpm_packages_are_compared_tag_by_tag() {
    let test = "builds_of_rpm_packages_are_compared_tag_by_tag";
    let Some(project) = made(test, &["rpm", "rpmbuild"], BUILDS) else { return };
    let image = |name: &str, content: &str| {
        let mut image = base();
        image.leave_out("var/lib/dpkg");
        image.add(Member::folder("usr/lib/sysimage/rpm"));
        image.add(Member::file(RPMDB, bytes(&project, &format!("{name}/var/lib/rpm/rpmdb.sqlite"))));
        image.add(Member::folder("usr/lib/sysimage/rpm-ostree-base-db"));
        image.add(Member::file(COPY, bytes(&project, &format!("{name}/var/lib/rpm/rpmdb.sqlite"))));
        image.add(Member::file("usr/bin/alpha", content));
        // Links of the image lead where the database does not say.
        image.add(Member::symlink("bin", "usr/bin"));
        image.add(Member::folder("var/lib/alpha"));
        image.add(Member::file("var/lib/alpha/state", content));
        image
    };
    let pair = Pair::of(&image("two", "second"), &image("one", "first"));
    let report = pair.report(&[]);
    let package = difference(&report, "alpha");
    assert_eq!((&package["level"], &package["change"]), (&json!("packages"), &json!("value")));
    has_lines(
        package,
        &[
            "the same version, built another time",
            "BUILDHOST: two.example, not one.example",
            "FILEDIGESTS of 1 file: /usr/bin/alpha",
            "scriptlets: POSTIN",
            "of the installation: INSTALLTIME, INSTALLTID",
        ],
    );
    let detail = package["detail"].as_str().unwrap();
    assert!(detail.contains("\nBUILDTIME: 20") && detail.contains("SHA256HEADER"), "{detail}");
    for path in [RPMDB, COPY] {
        assert_eq!(difference(&report, path)["explained_by"], "package-database", "{path}");
    }
    for path in ["usr/bin/alpha", "var/lib/alpha/state"] {
        assert_eq!(difference(&report, path)["package"], "alpha", "{path}");
    }
    let text = pair.run(&[]).stdout;
    assert!(text.contains("files     alpha: 2 differences in its files (2 content)"), "{text}");
    let again = Pair::of(&image("three", "first"), &image("one", "second")).report(&[]);
    let database = difference(&again, RPMDB);
    assert_eq!(database["explained_by"], "rpmdb-install-time");
    assert_eq!(difference(&again, COPY)["explained_by"], "rpmdb-install-time");
    has_lines(database, &["of the installation: INSTALLTIME, INSTALLTID of 1 package"]);
    assert_eq!(difference(&again, "usr/bin/alpha")["package"], "alpha");
}

#[test]
fn fields_of_dpkg_that_no_package_explains_are_open() {
    let change = |what: &str, with: &str| {
        let text = status(&["alpha", "beta"]).replacen(what, with, 1);
        move |staging: &mut Image| staging.member(STATUS).kind = Kind::File(text.into_bytes())
    };
    let held =
        check(change("install ok installed", "hold ok installed"), &["content var/lib/dpkg/status content"]);
    has_lines(difference(&held, STATUS), &["alpha:all: Status hold ok installed, not install ok installed"]);
    check(
        change("Package: alpha", "Package: alpha\nDepends: beta"),
        &["content var/lib/dpkg/status content"],
    );
    let order = |staging: &mut Image, _: &mut Image| {
        staging.member(STATUS).kind = Kind::File(status(&["beta", "alpha"]).into_bytes());
    };
    check_explained(order, &["package-database: content var/lib/dpkg/status content"]);
    let sums = |staging: &mut Image| {
        staging.add(Member::file("var/lib/dpkg/info/alpha.md5sums", "1  usr/lib/alpha\n"));
    };
    check(sums, &["tree var/lib/dpkg/info/alpha.md5sums only-in-staging"]);
    check(
        |staging| {
            let gone = "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n";
            let text = status(&["alpha", "beta"]) + gone;
            staging.member(STATUS).kind = Kind::File(text.into_bytes());
        },
        &["content var/lib/dpkg/status content"],
    );
}

#[test]
fn packages_of_dpkg_that_were_built_again_are_told() {
    let sums = |image: &mut Image, sum: &str| {
        image.add(Member::file("var/lib/dpkg/info/alpha.md5sums", format!("{sum}  usr/lib/alpha\n")));
        image.add(Member::file("var/lib/dpkg/info/beta.md5sums", "2  usr/lib/beta\n"));
    };
    let report = check_pair(
        |staging, reference| {
            sums(staging, "1");
            sums(reference, "3");
            staging.member("usr/lib/alpha").kind = Kind::File(b"other".to_vec());
            let script = staging.member("var/lib/dpkg/info/alpha.postinst");
            script.kind = Kind::File(b"#!/bin/sh\nreboot\n".to_vec());
        },
        &[
            "content usr/lib/alpha content",
            "content var/lib/dpkg/info/alpha.postinst content",
            "packages alpha value",
        ],
    );
    has_lines(difference(&report, "alpha"), &["the same version, built another time"]);
    assert_eq!(difference(&report, "usr/lib/alpha")["package"], "alpha");
}

#[test]
fn files_are_of_the_packages_that_list_them() {
    let list = |image: &mut Image, package: &str, list: &str| {
        let path = format!("var/lib/dpkg/info/{package}.list");
        image.leave_out(&path);
        image.add(Member::file(&path, list));
    };
    let report = check_pair(
        |staging, reference| {
            for image in [&mut *staging, &mut *reference] {
                // `bin` of the package is a link in the image.
                image.add(Member::symlink("bin", "usr/bin"));
                list(
                    image,
                    "alpha",
                    "/.\n/usr\n/usr/share\n/usr/share/doc\n/bin\n/bin/tool\n/usr/lib/only\n",
                );
                list(image, "beta:amd64", "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/lib/beta\n");
            }
            staging.member("usr/bin/tool").mode = 0o755;
            staging.member("usr/bin/tool-1").mode = 0o755;
            staging.member("usr/share/doc").mode = 0o700;
            staging.member("usr/lib/beta").owner = (0, 7);
            reference.add(Member::file("usr/lib/only", "only"));
        },
        &[
            "tree usr/bin/tool mode",
            "tree usr/bin/tool-1 mode",
            "tree usr/lib/beta owner",
            "tree usr/lib/only only-in-reference",
            "tree usr/share/doc mode",
        ],
    );
    let owner = |path: &str| difference(&report, path).get("package").cloned();
    assert_eq!(owner("usr/bin/tool"), Some(json!("alpha")));
    assert_eq!(owner("usr/lib/only"), Some(json!("alpha")));
    assert_eq!(owner("usr/lib/beta"), Some(json!("beta")));
    // Two packages have the folder, and none the other name of the file.
    assert_eq!((owner("usr/share/doc"), owner("usr/bin/tool-1")), (None, None));
}

#[test]
fn every_rule_stands_in_the_guide() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("book/guide/parity.md"));
    let guide = guide.expect("the guide is there");
    let row = |line: &str| line.strip_prefix("| [`")?.split_once("`](").map(|(id, _)| id.to_owned());
    let mut told: Vec<String> = guide.lines().filter_map(row).collect();
    told.sort();
    let rules = stagebook::image::compare::builtin_rules().into_iter();
    let mut rules: Vec<String> = rules.map(|rule| rule.id).collect();
    rules.sort();
    assert_eq!(told, rules);
}
