//! `image compare`: differences of every kind are seeded into images, and each must be found, at its level
//! and as what it is; what is explained must be explained by its rule and by no other.

mod formats;

use std::fs;

use serde_json::{Value, json};

use crate::layout::{Image, Kind, Member, Packing, gzip, write_platforms};
use crate::project::{Ended, Project, has, skipped};

const STATUS: &str = "var/lib/dpkg/status";

/// An image with a little of everything.
fn base() -> Image {
    let mut image = Image::of(vec![vec![
        Member::folder("etc"),
        Member::file("etc/app.conf", "colour = red\n"),
        Member::folder("usr"),
        Member::folder("usr/bin"),
        Member::file("usr/bin/tool", "tool one"),
        Member::hard_link("usr/bin/tool-1", "usr/bin/tool"),
        Member::symlink("usr/bin/t", "tool"),
        Member::folder("usr/lib"),
        Member::file("usr/lib/os-release", release("1")),
        Member::file("usr/lib/alpha", "alpha"),
        Member::file("usr/lib/beta", "beta"),
        Member::folder("usr/share"),
        Member::folder("usr/share/doc"),
        Member::file("usr/share/doc/alpha", "read me"),
        Member::folder("var"),
        Member::folder("var/lib"),
        Member::folder("var/lib/dpkg"),
        Member::file(STATUS, status(&["alpha", "beta"])),
        Member::folder("var/lib/dpkg/info"),
        Member::file("var/lib/dpkg/info/alpha.list", "/usr/lib/alpha\n"),
        Member::file("var/lib/dpkg/info/alpha.postinst", "#!/bin/sh\ntrue\n"),
        Member::file("var/lib/dpkg/info/beta.list", "/usr/lib/beta\n"),
        Member::device("var/lib/console", 5, 1),
    ]]);
    image.config = json!({
        "Env": ["PATH=/usr/bin", "LANG=C"],
        "Cmd": ["tool"],
        "Labels": {"channel": "stable"},
    });
    image.annotations = json!({"org.example.stream": "stable"});
    image
}

fn release(build: &str) -> String {
    format!("ID=debian\nVERSION_ID=12\nBUILD_ID={build}\n")
}

/// Returns the database of dpkg with packages.
fn status(packages: &[&str]) -> String {
    let stanza = |name: &&str| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n\n")
    };
    packages.iter().map(stanza).collect()
}

/// Two images in a project.
struct Pair {
    project: Project,
}

impl Pair {
    fn of(staging: &Image, reference: &Image) -> Self {
        let pair = Self { project: Project::new() };
        staging.write(&pair.project.path("staging"));
        reference.write(&pair.project.path("reference"));
        pair
    }

    /// Runs the comparison with more arguments.
    fn run(&self, arguments: &[&str]) -> Ended {
        let all = [&["image", "compare", "staging", "reference"], arguments].concat();
        self.run_any(&all)
    }

    fn run_any(&self, arguments: &[&str]) -> Ended {
        let mut command = self.project.stagebook(arguments.iter().copied());
        command.env("XDG_CACHE_HOME", self.project.outside().join("cache"));
        self.project.finish(&mut command, "")
    }

    #[track_caller]
    fn report(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[&["--format", "json"], arguments].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr))
    }
}

/// Returns `level subject change` of what no rule explains; how it is packed differs with everything.
fn open(report: &Value) -> Vec<String> {
    let is_packing =
        |difference: &Value| ["digest", "layers"].iter().any(|level| difference["level"] == **level);
    differences(report)
        .filter(|difference| difference.get("explained_by").is_none() && !is_packing(difference))
        .map(shown)
        .collect()
}

/// Returns `rule: level subject change` of what a rule explains.
fn explained(report: &Value) -> Vec<String> {
    let by_rule = |difference: &Value| {
        let rule = difference.get("explained_by")?.as_str().expect("it is a text");
        (rule != "packing").then(|| format!("{rule}: {}", shown(difference)))
    };
    differences(report).filter_map(by_rule).collect()
}

fn differences(report: &Value) -> impl Iterator<Item = &Value> {
    report["differences"].as_array().expect("it is a list").iter()
}

fn shown(difference: &Value) -> String {
    let word = |key: &str| difference[key].as_str().expect("it is a text");
    format!("{} {} {}", word("level"), word("subject"), word("change"))
}

/// Changes the staging image; these differences, and no others, must be left without an explanation.
#[track_caller]
fn check(change: impl FnOnce(&mut Image), expected: &[&str]) -> Value {
    check_pair(|staging, _| change(staging), expected)
}

/// Changes both images.
#[track_caller]
fn check_pair(change: impl FnOnce(&mut Image, &mut Image), expected: &[&str]) -> Value {
    let (mut staging, mut reference) = (base(), base());
    change(&mut staging, &mut reference);
    let report = Pair::of(&staging, &reference).report(&[]);
    assert_eq!(open(&report), expected, "explained: {:#?}", explained(&report));
    report
}

/// Changes the staging image; nothing is left without an explanation, and these are explained.
#[track_caller]
fn check_explained(change: impl FnOnce(&mut Image, &mut Image), expected: &[&str]) {
    let report = check_pair(change, &[]);
    assert_eq!(explained(&report), expected);
    assert_eq!(report["verdict"], "explained");
}

#[test]
fn an_image_is_identical_to_itself() {
    let report = check(|_| (), &[]);
    assert_eq!(report["verdict"], "identical");
    assert_eq!(report["differences"], json!([]));
    let pair = Pair::of(&base(), &base());
    let ended = pair.run_any(&["image", "compare", "staging", "staging", "--require", "digest"]);
    assert!(ended.status.success() && ended.stdout.contains("identical: one digest"), "{ended:?}");
}

#[test]
fn contents_of_the_same_size_and_time_differ() {
    let report = check(
        |staging| staging.member("usr/bin/tool").kind = Kind::File(b"tool two".to_vec()),
        &["content usr/bin/tool content", "content usr/bin/tool-1 content"],
    );
    let found = differences(&report).find(|difference| difference["level"] == "content");
    let detail = found.and_then(|found| found["detail"].as_str()).unwrap_or_default();
    assert!(detail.contains("-tool one") && detail.contains("+tool two"), "{detail}");
}

#[test]
fn a_hard_link_that_became_a_file_of_its_own_is_found() {
    check(
        |staging| staging.member("usr/bin/tool-1").kind = Kind::File(b"tool one".to_vec()),
        &["tree usr/bin/tool hard-links"],
    );
}

#[test]
fn hard_links_are_compared_where_one_side_has_another_name_more() {
    let links = |image: &mut Image, first: bool| {
        if first {
            image.add(Member::file("usr/bin/a", "several"));
            image.add(Member::hard_link("usr/bin/b", "usr/bin/a"));
            image.add(Member::hard_link("usr/bin/c", "usr/bin/a"));
        } else {
            image.add(Member::file("usr/bin/b", "several"));
            image.add(Member::file("usr/bin/c", "several"));
        }
    };
    let change = |staging: &mut Image, reference: &mut Image| {
        links(staging, true);
        links(reference, false);
    };
    check_pair(change, &["tree usr/bin/a only-in-staging", "tree usr/bin/b hard-links"]);
}

#[test]
fn what_is_at_a_path_is_compared() {
    let target = |staging: &mut Image| staging.member("usr/bin/t").kind = Kind::Symlink("tool-1".to_owned());
    check(target, &["tree usr/bin/t target"]);
    let owner = |staging: &mut Image| staging.member("etc/app.conf").owner = (1000, 0);
    check(owner, &["tree etc/app.conf owner"]);
    let group = |staging: &mut Image| staging.member("usr/share").owner = (0, 50);
    check(group, &["tree usr/share owner"]);
    let device = |staging: &mut Image| staging.member("var/lib/console").kind = Kind::Device(5, 2);
    check(device, &["tree var/lib/console device"]);
    let link =
        |staging: &mut Image| staging.member("etc/app.conf").kind = Kind::Symlink("/dev/null".to_owned());
    check(link, &["tree etc/app.conf type"]);
}

#[test]
fn the_setuid_bit_is_part_of_the_mode() {
    let report = check(
        |staging| {
            staging.member("usr/bin/tool").mode = 0o4644;
            staging.member("usr/bin/tool-1").mode = 0o4644;
        },
        &["tree usr/bin/tool mode", "tree usr/bin/tool-1 mode"],
    );
    let found = differences(&report).find(|difference| difference["level"] == "tree").unwrap();
    assert_eq!((&found["staging"], &found["reference"]), (&json!("4644"), &json!("0644")));
}

#[test]
fn extended_attributes_may_have_any_byte() {
    let capability = |last: u8| {
        let value = [b"\x01\0\0\x02\n\0=\0\0\0".as_slice(), &[last, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        vec![("SCHILY.xattr.security.capability".to_owned(), value)]
    };
    let only = |staging: &mut Image| staging.member("etc/app.conf").xattrs = capability(1);
    let report = check(only, &["tree etc/app.conf xattr"]);
    let found = differences(&report).find(|difference| difference["level"] == "tree").unwrap();
    assert_eq!(found["reference"], "no security.capability");
    let other = |staging: &mut Image, reference: &mut Image| {
        staging.member("etc/app.conf").xattrs = capability(1);
        reference.member("etc/app.conf").xattrs = capability(b'\n');
    };
    check_pair(other, &["tree etc/app.conf xattr"]);
    let same = |staging: &mut Image, reference: &mut Image| {
        staging.member("etc/app.conf").xattrs = capability(b'\n');
        reference.member("etc/app.conf").xattrs = capability(b'\n');
    };
    assert_eq!(check_pair(same, &[])["verdict"], "identical");
}

#[test]
fn whiteouts_take_away_what_is_below() {
    check(
        |staging| staging.layers.push(vec![Member::whiteout("etc/app.conf")]),
        &["tree etc/app.conf only-in-reference"],
    );
    check(
        |staging| {
            let new = Member::file("usr/share/doc/new", "new");
            staging.layers.push(vec![Member::opaque("usr/share/doc"), new]);
        },
        &["tree usr/share/doc/alpha only-in-reference", "tree usr/share/doc/new only-in-staging"],
    );
}

#[test]
fn a_removed_package_is_found_as_package_and_as_files() {
    let report = check(
        |staging| {
            staging.member(STATUS).kind = Kind::File(status(&["alpha"]).into_bytes());
            staging.leave_out("usr/lib/beta");
            staging.leave_out("var/lib/dpkg/info/beta.list");
        },
        &["tree usr/lib/beta only-in-reference", "packages beta only-in-reference"],
    );
    assert_eq!(
        explained(&report),
        [
            "package-database: tree var/lib/dpkg/info/beta.list only-in-reference",
            "package-database: content var/lib/dpkg/status content",
        ]
    );
}

#[test]
fn scripts_of_packages_are_in_no_database() {
    check(
        |staging| {
            let script = staging.member("var/lib/dpkg/info/alpha.postinst");
            script.kind = Kind::File(b"#!/bin/sh\nreboot\n".to_vec());
        },
        &["content var/lib/dpkg/info/alpha.postinst content"],
    );
}

#[test]
fn configs_and_annotations_are_compared_key_by_key() {
    let label = |staging: &mut Image| staging.config["Labels"]["channel"] = json!("testing");
    check(label, &["config label channel value"]);
    let env = |staging: &mut Image| staging.config["Env"] = json!(["LANG=C.UTF-8", "PATH=/usr/bin"]);
    check(env, &["config env LANG value"]);
    let command = |staging: &mut Image| staging.config["Cmd"] = json!(["tool", "-v"]);
    check(command, &["config config.Cmd value"]);
    let annotation = |staging: &mut Image| staging.annotations["org.example.stream"] = json!("testing");
    check(annotation, &["manifest annotation org.example.stream value"]);
    let missing = |staging: &mut Image| staging.annotations = json!({});
    check(missing, &["manifest annotation org.example.stream only-in-reference"]);
}

#[test]
fn a_config_that_names_other_layers_is_a_difference() {
    let other = |staging: &mut Image| staging.diff_ids = Some(vec![format!("sha256:{}", "1".repeat(64))]);
    let report = check(other, &["config rootfs.diff_ids value"]);
    assert!(
        report["notes"][0].as_str().unwrap().starts_with("staging: the config has `sha256:1111"),
        "{report}"
    );
    check(|staging| staging.diff_ids = Some(vec![]), &["config rootfs.diff_ids value"]);
}

#[test]
fn a_hard_link_to_nothing_is_a_difference() {
    check(
        |staging| staging.add(Member::hard_link("usr/bin/new", "usr/bin/nothing")),
        &["tree usr/bin/new hard-links"],
    );
}

#[test]
fn what_one_side_alone_has_is_found_on_either_side() {
    let file = || Member::file("usr/bin/new", "new");
    check(|staging| staging.add(file()), &["tree usr/bin/new only-in-staging"]);
    check_pair(|_, reference| reference.add(file()), &["tree usr/bin/new only-in-reference"]);
    let folder = || [Member::folder("opt"), Member::file("opt/new", "new")];
    let of_staging = |staging: &mut Image| folder().into_iter().for_each(|member| staging.add(member));
    check(of_staging, &["tree opt only-in-staging", "tree opt/new only-in-staging"]);
    let of_reference = |_: &mut Image, reference: &mut Image| {
        folder().into_iter().for_each(|member| reference.add(member));
    };
    check_pair(of_reference, &["tree opt only-in-reference", "tree opt/new only-in-reference"]);
}

#[test]
fn what_a_folder_is_like_is_compared_with_one_that_no_layer_names() {
    check_pair(
        |staging, reference| {
            staging.member("usr/share/doc").mode = 0o1777;
            let layer = &mut reference.layers[0];
            layer.retain(|member| member.path != "usr/share/doc");
        },
        &["tree usr/share/doc mode"],
    );
}

#[test]
fn layers_may_be_cut_and_packed_in_another_way() {
    for packing in [Packing::None, Packing::Gzip, Packing::Zstd] {
        let (mut staging, mut reference) = (base(), base());
        let upper = staging.layers[0].split_off(9);
        staging.layers.push(upper);
        staging.packing = packing;
        // A folder of both layers, as it is where layers are made by package.
        staging.layers[1].insert(0, Member::folder("usr/lib"));
        reference.layers.insert(0, Vec::new());
        let report = Pair::of(&staging, &reference).report(&[]);
        assert_eq!(open(&report), Vec::<String>::new(), "{packing:?}");
        assert_eq!(report["verdict"], "explained", "{packing:?}");
        let by_packing = differences(&report).filter(|difference| difference["explained_by"] == "packing");
        assert!(by_packing.count() >= 3, "{packing:?}");
    }
}

#[test]
fn one_layer_against_two_of_the_same_tree_is_explained() {
    check_explained(
        |staging, _| {
            let upper = staging.layers[0].split_off(9);
            staging.layers.push(upper);
        },
        &["layer-history: config history 2.created_by only-in-staging"],
    );
}

#[test]
fn times_alone_are_explained() {
    check_explained(
        |staging, _| staging.member("etc/app.conf").time += 1,
        &["modification-time: times etc/app.conf time"],
    );
}

#[test]
fn what_builders_leave_behind_is_explained() {
    check_explained(
        |staging, reference| {
            staging.add(Member::file("etc/hosts", ""));
            staging.config["Labels"]["io.buildah.version"] = json!("1.43.2");
            reference.config["Labels"]["io.buildah.version"] = json!("1.28.2");
            staging.config["WorkingDir"] = json!("/");
        },
        &[
            "builder-workdir: config config.WorkingDir only-in-staging",
            "builder-version: config label io.buildah.version value",
            "injected-files: tree etc/hosts only-in-staging",
        ],
    );
    check(
        |staging| staging.add(Member::file("etc/hosts", "10.0.0.1 production\n")),
        &["tree etc/hosts only-in-staging"],
    );
}

#[test]
fn formats_that_hold_a_time_are_looked_into() {
    let bytecode =
        |time: u8, code: u8| [&b"\xf3\x0d\r\n\0\0\0\0"[..], &[time; 4], &[9; 4], &[code; 20]].concat();
    let packed = |text: &str, time| gzip(text.as_bytes(), time);
    check_explained(
        |staging, reference| {
            staging.add(Member::file("usr/lib/module.pyc", bytecode(1, 1)));
            reference.add(Member::file("usr/lib/module.pyc", bytecode(2, 1)));
            staging.add(Member::file("usr/share/page.gz", packed("page", 1)));
            reference.add(Member::file("usr/share/page.gz", packed("page", 2)));
            staging.member("usr/lib/os-release").kind = Kind::File(release("2").into_bytes());
        },
        &[
            "python-bytecode-time: content usr/lib/module.pyc content",
            "os-release-build: content usr/lib/os-release content",
            "packed-alike: content usr/share/page.gz content",
        ],
    );
    check_pair(
        |staging, reference| {
            staging.add(Member::file("usr/lib/module.pyc", bytecode(1, 1)));
            reference.add(Member::file("usr/lib/module.pyc", bytecode(2, 2)));
            staging.add(Member::file("usr/share/page.gz", packed("page", 1)));
            reference.add(Member::file("usr/share/page.gz", packed("egap", 1)));
            let other = release("2").replace("12", "13");
            staging.member("usr/lib/os-release").kind = Kind::File(other.into_bytes());
        },
        &[
            "content usr/lib/module.pyc content",
            "content usr/lib/os-release content",
            "content usr/share/page.gz content",
        ],
    );
}

#[test]
fn odd_contents_are_contents() {
    let names = ["empty", "damaged.gz", "short.pyc", "zstd", "xz", "not-utf-8"];
    let contents: [(&[u8], &[u8]); 6] = [
        (b"", b"not"),
        (b"\x1f\x8b", b"\x1f\x8b\x08"),
        (b"", b"1"),
        (b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\0"),
        (b"\xfd7zXZ\0", b"\xfd7zXZ\0\0"),
        (b"\xff", b"\xfe"),
    ];
    let mut expected: Vec<String> =
        names.iter().map(|name| format!("content usr/share/{name} content")).collect();
    expected.sort();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check_pair(
        |staging, reference| {
            for (name, (ours, theirs)) in names.iter().zip(contents) {
                staging.add(Member::file(&format!("usr/share/{name}"), ours));
                reference.add(Member::file(&format!("usr/share/{name}"), theirs));
            }
        },
        &expected,
    );
}

#[test]
fn logs_are_explained_where_they_lie() {
    check_explained(
        |staging, reference| {
            for (image, said) in [(staging, "one"), (reference, "two")] {
                image.add(Member::folder("var/log"));
                image.add(Member::file("var/log/dpkg.log", said));
            }
        },
        &["log-files: content var/log/dpkg.log content"],
    );
    let runnable = |image: &mut Image, said: &str| {
        image.add(Member::folder("var/log"));
        image.add(Member { mode: 0o4755, ..Member::file("var/log/sh", said) });
    };
    check_pair(
        |staging, reference| {
            runnable(staging, "one");
            runnable(reference, "two");
            reference.add(Member::device("var/log/disk", 8, 0));
        },
        &["tree var/log/disk only-in-reference", "content var/log/sh content"],
    );
}

/// Makes packages' databases of one package installed at two times, as `one` and `two`; in three copies of `two`,
/// something is changed beside the packages.
const INSTALLER: &str = r#"
export HOME=$PWD
printf '%s\n' 'Name: alpha' 'Version: 1.0' 'Release: 1' 'BuildArch: noarch' 'Summary: A test' 'License: MIT' \
  '%description' 'Text.' '%install' 'mkdir -p %{buildroot}/opt' 'echo alpha >%{buildroot}/opt/alpha' \
  '%files' '/opt/alpha' >alpha.spec
rpmbuild --quiet -bb --define "_topdir $PWD/top" alpha.spec >log 2>&1 || { cat log >&2; exit 1; }
for name in one two; do
  mkdir "$name"
  rpm --root "$PWD/$name" --dbpath /var/lib/rpm --define '_db_backend sqlite' --nodeps --justdb -i top/RPMS/*/*.rpm
  sleep 1.1
done
change() { # name, statement
  cp -r two "$1"
  python3 -c 'import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(sys.argv[2])
connection.commit()' "$1/var/lib/rpm/rpmdb.sqlite" "$2"
}
change unfound 'delete from Basenames'
change more 'create table more (value)'
cp -r two long
printf payload >>long/var/lib/rpm/rpmdb.sqlite
"#;

#[test]
fn databases_of_rpm_are_compared_by_their_packages() {
    let test = "databases_of_rpm_are_compared_by_their_packages";
    if let Some(missing) = ["rpm", "rpmbuild", "python3"].into_iter().find(|program| !has(program)) {
        return skipped(test, &format!("{missing} is not there"));
    }
    let project = Project::new();
    let made = project.finish(project.command("bash").args(["-euc", INSTALLER]), "");
    assert!(made.status.success(), "{made:?}");
    let database = |name: &str| {
        let content = fs::read(project.path(name).join("var/lib/rpm/rpmdb.sqlite")).unwrap();
        [Member::folder("usr/lib/sysimage/rpm"), Member::file("usr/lib/sysimage/rpm/rpmdb.sqlite", content)]
    };
    check_explained(
        |staging, reference| {
            for (image, name) in [(staging, "one"), (reference, "two")] {
                image.leave_out("var/lib/dpkg");
                database(name).into_iter().for_each(|member| image.add(member));
            }
        },
        &["rpmdb-install-time: content usr/lib/sysimage/rpm/rpmdb.sqlite content"],
    );
    for (name, line) in [
        ("unfound", "table Basenames: 1 row only in the reference image"),
        ("more", "table more: only in the staging image"),
        ("long", "behind the last page in the staging image"),
    ] {
        let (mut staging, mut reference) = (base(), base());
        for (image, name) in [(&mut staging, name), (&mut reference, "one")] {
            image.leave_out("var/lib/dpkg");
            database(name).into_iter().for_each(|member| image.add(member));
        }
        let report = Pair::of(&staging, &reference).report(&[]);
        let path = "usr/lib/sysimage/rpm/rpmdb.sqlite";
        let found = differences(&report).find(|difference| difference["subject"] == path).unwrap();
        assert_eq!(found.get("explained_by"), None, "{name}: {found:#}");
        assert!(found["detail"].as_str().unwrap().contains(line), "{name}: {found:#}");
    }
}

#[test]
fn many_differences_at_once_are_all_found() {
    let report = check(
        |staging| {
            staging.member("usr/bin/tool").kind = Kind::File(b"tool two".to_vec());
            staging.member("usr/bin/tool-1").kind = Kind::File(b"tool one".to_vec());
            staging.member("usr/bin/t").kind = Kind::Symlink("tool-1".to_owned());
            staging.member("usr/lib/alpha").mode = 0o4644;
            staging.member("usr/share/doc/alpha").owner = (7, 7);
            staging.member("etc/app.conf").time += 1;
            staging.member(STATUS).kind = Kind::File(status(&["alpha"]).into_bytes());
            staging.config["Labels"]["channel"] = json!("testing");
            staging.annotations["org.example.stream"] = json!("testing");
            staging.add(Member::file("etc/new", "new"));
            staging.layers.push(vec![Member::whiteout("usr/lib/beta")]);
        },
        &[
            "manifest annotation org.example.stream value",
            "config label channel value",
            "tree etc/new only-in-staging",
            "tree usr/bin/t target",
            "tree usr/lib/alpha mode",
            "tree usr/lib/beta only-in-reference",
            "tree usr/share/doc/alpha owner",
            "tree usr/bin/tool hard-links",
            "content usr/bin/tool content",
            "packages beta only-in-reference",
        ],
    );
    assert_eq!(report["verdict"], "different");
    let level = |name: &str| {
        let levels = report["levels"].as_array().unwrap();
        levels.iter().find(|level| level["level"] == name).unwrap()["verdict"].clone()
    };
    assert_eq!(level("times"), "explained");
    assert_eq!(level("layers"), "different");
}

#[test]
fn exit_status_says_whether_what_is_required_is_alike() {
    let statuses = |change: fn(&mut Image)| {
        let mut staging = base();
        change(&mut staging);
        let pair = Pair::of(&staging, &base());
        ["packages", "content", "config", "digest"]
            .map(|what| pair.run(&["--require", what]).status.code().unwrap())
    };
    assert_eq!(statuses(|_| ()), [0, 0, 0, 0]);
    assert_eq!(statuses(|image| image.member("etc/app.conf").time += 1), [0, 0, 0, 1]);
    assert_eq!(statuses(|image| image.config["User"] = json!("app")), [0, 0, 1, 1]);
    assert_eq!(statuses(|image| image.annotations = json!({"a": "b"})), [0, 0, 1, 1]);
    assert_eq!(statuses(|image| image.member("etc/app.conf").mode = 0o600), [0, 1, 1, 1]);
    let package = |image: &mut Image| image.member(STATUS).kind = Kind::File(status(&["alpha"]).into_bytes());
    assert_eq!(statuses(package), [1, 1, 1, 1]);
    let pair = Pair::of(&base(), &base());
    assert_eq!(pair.run(&["--require", "everything"]).status.code(), Some(2));
}

/// An image whose file `etc/build` has another content than that of `base`, and whose label is another.
fn stamped(said: &str) -> Image {
    let mut image = base();
    image.add(Member::file("etc/build", said));
    image.config["Labels"]["channel"] = json!(said);
    image
}

#[test]
fn rules_of_a_project_explain() {
    let pair = Pair::of(&stamped("12"), &stamped("4711"));
    let text = "[[parity.explain]]\nid = \"stamp\"\nwhat = [\"etc/build\"]\nlevels = [\"content\"]\n\
        changes = [\"content\"]\nwhy = \"builds are counted\"\nreference = \"https://example.org/builds\"\n\n\
        [[parity.explain]]\nid = \"channel\"\nwhat = [\"label *\"]\nwhy = \"we test\"\n\n\
        [[parity.explain]]\nid = \"old\"\nwhat = [\"etc/*\"]\nlevels = [\"tree\"]\nwhy = \"it was so\"\n";
    pair.project.write("stagebook.toml", text);
    let report = pair.report(&[]);
    assert_eq!(
        explained(&report),
        ["channel: config label channel value", "stamp: content etc/build content"]
    );
    assert_eq!((open(&report).len(), &report["verdict"]), (0, &json!("explained")));
    assert_eq!(report["unused_rules"], json!(["old"]));
    let ended = pair.run(&[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("old"), "{}", ended.stdout);
}

#[test]
fn mistakes_in_rules_are_told_with_their_place() {
    let pair = Pair::of(&base(), &base());
    let good = ["id = \"a\"", "why = \"b\"", "what = [\"c\"]"];
    let cases: [(&[&str], &str); 7] = [
        (&["what = [\"[\"]"], "`[` is no glob"),
        (&["levels = [\"contents\"]"], "did you mean `content`?"),
        (&["changes = [\"owners\"]"], "did you mean `owner`?"),
        (&["id = \"log-files\""], "`log-files` is the id of a rule of the program"),
        (&["reference = \"somewhere\""], "no address of a page"),
        (&["paths = [\"x\"]"], "paths"),
        (&["why = \"\""], "why"),
    ];
    for (lines, said) in cases {
        let key = |line: &str| line.split(' ').next().map(str::to_owned);
        let kept = good.iter().filter(|good| lines.iter().all(|line| key(line) != key(good)));
        let lines: Vec<&str> = kept.chain(lines).copied().collect();
        pair.project.write("stagebook.toml", format!("[run]\n\n[[parity.explain]]\n{}\n", lines.join("\n")));
        let ended = pair.run(&[]);
        assert_eq!(ended.status.code(), Some(2), "{lines:?}: {ended:?}");
        assert!(ended.stderr.contains(said) && ended.stderr.contains("stagebook.toml:"), "{}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    }
}

#[test]
fn a_second_explanation_of_an_id_is_told_with_its_place() {
    let pair = Pair::of(&base(), &base());
    let rule = "[[parity.explain]]\nid = \"a\"\nwhy = \"b\"\nwhat = [\"c\"]\n";
    pair.project.write("stagebook.toml", format!("{rule}\n{rule}"));
    let ended = pair.run(&[]);
    assert!(ended.stderr.contains("two explanations have the id `a`"), "{ended:?}");
    assert!(ended.stderr.contains("stagebook.toml:6:"), "{ended:?}");
}

#[test]
fn rules_can_be_disabled() {
    let mut staging = base();
    staging.member("etc/app.conf").time += 1;
    let pair = Pair::of(&staging, &base());
    pair.project.write("stagebook.toml", "[parity]\ndisable = [\"modification-time\"]\n");
    assert_eq!(open(&pair.report(&[])), ["times etc/app.conf time"]);
    pair.project.write("stagebook.toml", "[parity]\ndisable = [\"log-file\"]\n");
    let ended = pair.run(&[]);
    assert!(ended.stderr.contains("did you mean `log-files`?"), "{ended:?}");
    assert_eq!(ended.status.code(), Some(0));
    pair.project.write("stagebook.toml", "[parity]\ndisable = [\"packing\"]\n");
    let ended = pair.run(&["--require", "content"]);
    assert!(ended.stderr.is_empty() && ended.status.success(), "{ended:?}");
    assert!(ended.stdout.contains("different: 1 in digest, 2 in layers"), "{ended:?}");
}

#[test]
fn what_was_found_in_layers_is_kept() {
    let pair = Pair::of(&stamped("12"), &stamped("4711"));
    let first = pair.report(&[]);
    assert!(pair.project.outside().join("cache/stagebook/layers").is_dir());
    let blobs = |side: &str| {
        let blobs = fs::read_dir(pair.project.path(side).join("blobs/sha256")).unwrap();
        let layers = blobs.map(|blob| blob.unwrap().path());
        layers.filter(|path| fs::read(path).unwrap().starts_with(&[0x1f, 0x8b])).collect::<Vec<_>>()
    };
    let layers = [blobs("staging"), blobs("reference")].concat();
    assert_eq!(layers.len(), 2);
    for layer in layers {
        let damaged = vec![7; fs::read(&layer).unwrap().len()];
        fs::write(layer, damaged).unwrap();
    }
    assert_eq!(pair.report(&[]), first);
    let ended = pair.run(&["--no-cache"]);
    assert_eq!(ended.status.code(), Some(4), "{ended:?}");
    assert!(ended.stderr.contains("blobs/sha256/") && ended.stdout.is_empty(), "{ended:?}");
}

#[test]
fn contents_that_are_kept_no_more_are_read_again_or_missed() {
    let pair = Pair::of(&stamped("12"), &stamped("4711"));
    let first = pair.report(&[]);
    let contents = pair.project.outside().join("cache/stagebook/contents");
    let forget =
        || fs::read_dir(&contents).unwrap().for_each(|file| fs::remove_file(file.unwrap().path()).unwrap());
    forget();
    assert_eq!(pair.report(&[]), first);
    forget();
    for blob in fs::read_dir(pair.project.path("staging/blobs/sha256")).unwrap() {
        let blob = blob.unwrap().path();
        if fs::read(&blob).unwrap().starts_with(&[0x1f, 0x8b]) {
            // Another layer that can be read, so that nothing but what is missing in it tells.
            let mut other = tar::Builder::new(Vec::new());
            other.append_data(&mut tar::Header::new_ustar(), "a", &b""[..]).unwrap();
            fs::write(blob, other.into_inner().unwrap()).unwrap();
        }
    }
    let ended = pair.run(&[]);
    assert_eq!(ended.status.code(), Some(4), "{ended:?}");
}

#[test]
fn one_image_of_an_index_is_compared() {
    let arm = |image: Image| Image { architecture: "arm64", ..image };
    let pair = Pair { project: Project::new() };
    write_platforms(&pair.project.path("staging"), &[&base(), &arm(stamped("12"))]);
    write_platforms(&pair.project.path("reference"), &[&base(), &arm(stamped("4711"))]);
    let same = pair.report(&["--platform", "linux/amd64"]);
    assert_eq!(same["verdict"], "identical");
    let other = pair.report(&["--platform", "linux/arm64"]);
    assert_eq!(open(&other), ["config label channel value", "content etc/build content"]);
    assert_eq!(other["staging"]["platform"], "linux/arm64");
    let ended = pair.run(&["--platform", "linux/s390x"]);
    assert_eq!(ended.status.code(), Some(4), "{ended:?}");
    assert!(ended.stderr.contains("linux/amd64") && ended.stderr.contains("linux/arm64"), "{ended:?}");
}

#[test]
fn every_format_is_written_to_a_file() {
    let pair = Pair::of(&stamped("12"), &stamped("4711"));
    for format in ["text", "json", "markdown", "html"] {
        let ended = pair.run(&["--format", format, "--output", "report", "--require", "packages"]);
        assert!(ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
        assert!(pair.project.read("report").contains("etc/build"), "{format}");
    }
}
