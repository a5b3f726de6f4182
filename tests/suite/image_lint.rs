//! `image lint` on images that are written here, byte by byte.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::project::{Ended, Project};

/// Writes a blob into a layout, and returns its descriptor.
fn blob(layout: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = layout.join("blobs/sha256");
    fs::create_dir_all(&folder).expect("the layout can be written");
    fs::write(folder.join(&digits), bytes).expect("the layout can be written");
    json!({"mediaType": media_type, "digest": format!("sha256:{digits}"), "size": bytes.len()})
}

/// Packs files: a name that ends with a slash is a folder, a content that begins with `->` a link.
fn layer(files: &[(&[u8], &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        let (kind, content) = match content.strip_prefix("->") {
            Some(target) => {
                header.set_link_name(target).expect("the target fits");
                (tar::EntryType::Symlink, "")
            }
            None if name.ends_with(b"/") => (tar::EntryType::Directory, ""),
            None => (tar::EntryType::Regular, *content),
        };
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.append(&header, content.as_bytes()).expect("it is written into memory");
    }
    archive.into_inner().expect("it is written into memory")
}

/// Writes an image into a project.
fn image(project: &Project, name: &str, labels: &Value, layers: &[Vec<u8>]) {
    let layout = project.path(name);
    let tar = "application/vnd.oci.image.layer.v1.tar";
    let layers: Vec<Value> = layers.iter().map(|layer| blob(&layout, tar, layer)).collect();
    let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Labels": labels}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = blob(&layout, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest =
        json!({"schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": layers});
    let manifest = blob(&layout, manifest_type, manifest.to_string().as_bytes());
    project.write(
        &format!("{name}/index.json"),
        json!({"schemaVersion": 2, "manifests": [manifest]}).to_string(),
    );
    project.write(&format!("{name}/oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#);
}

/// A tree that boots, in which all rules hold.
const SOUND: &[(&[u8], &str)] = &[
    (b"dev/", ""),
    (b"proc/", ""),
    (b"sys/", ""),
    (b"run/", ""),
    (b"tmp/", ""),
    (b"var/", ""),
    (b"boot/", ""),
    (b"sysroot/", ""),
    (b"ostree", "->sysroot/ostree"),
    (b"etc/machine-id", ""),
    (b"etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
    (b"etc/group", "root:x:0:\n"),
    (b"usr/lib/sysusers.d/basic.conf", "u root 0\n"),
    (b"usr/lib/modules/6.12/vmlinuz", "a kernel"),
    (b"usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = yes\n"),
];

fn lint(project: &Project, arguments: &[&str]) -> Ended {
    project.run([&["image", "lint"], arguments].concat())
}

#[test]
fn image_without_findings_passes() {
    let project = Project::new();
    image(&project, "sound", &json!({"containers.bootc": "1"}), &[layer(SOUND)]);
    let ended = lint(&project, &["sound"]);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.ends_with("\nno findings\n\n25 rules held\n"), "{}", ended.stdout);
}

#[test]
fn what_is_fatal_fails_and_what_the_upper_layer_took_away_is_gone() {
    let project = Project::new();
    let upper: &[(&[u8], &str)] = &[
        (b".wh.sysroot", ""),
        (b"usr/lib/bootc/kargs.d/10-a.toml", "kargs = 'quiet'\n"),
        (b"var/log/.wh.dnf.log", ""),
        (b"tmp/\x1b[31mred\xff", "x"),
    ];
    let lower = layer(&[SOUND, &[(b"var/log/dnf.log", "a day")]].concat());
    image(&project, "broken", &json!({"containers.bootc": "1"}), &[lower, layer(upper)]);
    let ended = lint(&project, &["broken", "--allow", "var-tmpfiles"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(ended.stderr, "error: the image has 3 fatal findings\n");
    let findings: Vec<&str> = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with("  fatal") || line.starts_with("  warning"))
        .collect();
    let expected = [
        "  fatal    bootc-kargs: bootc cannot read it: invalid type: string \"quiet\", expected a sequence",
        "  fatal    utf8: the name is no UTF-8",
        "  fatal    baseimage-root: the folder is missing",
        "  warning  nonempty-run-tmp: it lies where memory is mounted when the system runs",
    ];
    assert_eq!(findings, expected, "{}", ended.stdout);
    assert!(ended.stdout.contains(r"tmp/\u{1b}[31mred\xff"), "{}", ended.stdout);
    assert!(ended.stdout.contains("1 rule allowed: var-tmpfiles"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\x1b'));
}

#[test]
fn warnings_fail_where_that_is_asked_for() {
    let project = Project::new();
    let files = layer(&[(b"var/log/a.log", "a"), (b"etc/hostname", "")]);
    image(&project, "plain", &json!(null), &[files]);
    let ended = lint(&project, &["plain"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("15 rules about images that boot left out"), "{}", ended.stdout);
    let ended = lint(&project, &["plain", "--fatal-warnings"]);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(1), "error: the image has 2 findings\n"));
    let allowed = ["plain", "--fatal-warnings", "--allow", "var-log", "--allow", "buildah-injected"];
    assert_eq!(lint(&project, &allowed).status.code(), Some(0));
    let ended = lint(&project, &["plain", "--rules", "all"]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout.contains("note: some rules are about images that boot"), "{}", ended.stdout);
}

#[test]
fn rule_that_is_none_is_named_with_the_nearest() {
    let project = Project::new();
    image(&project, "plain", &json!({}), &[layer(&[(b"var/log/a.log", "a")])]);
    let ended = lint(&project, &["plain", "--allow", "var-logs"]);
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.contains("`var-logs`, which is no rule"), "{}", ended.stderr);
    assert!(ended.stderr.contains("did you mean `var-log`?"), "{}", ended.stderr);
}

#[test]
fn findings_are_data_too() {
    let project = Project::new();
    image(&project, "plain", &json!({}), &[layer(&[(b"etc/ssh/ssh_host_rsa_key", "secret")])]);
    let ended = lint(&project, &["plain", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    assert_eq!(report["version"], 1);
    assert_eq!(report["findings"][0]["rule"], "ssh-host-keys");
    assert_eq!(report["findings"][0]["severity"], "fatal");
    assert_eq!(report["findings"][0]["paths"], json!(["etc/ssh/ssh_host_rsa_key"]));
    let list = lint(&project, &["--list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list.stdout).expect("it is JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(25));
}

#[test]
fn comparison_has_the_findings_of_one_side_as_a_level() {
    let project = Project::new();
    let reference: &[(&[u8], &str)] = &[(b"usr/a", "a"), (b"var/log/a.log", "one")];
    let staging: &[(&[u8], &str)] =
        &[(b"usr/a", "a"), (b"etc/ssh/ssh_host_rsa_key", "key"), (b"var/log/b.log", "two")];
    image(&project, "reference", &json!({}), &[layer(reference)]);
    image(&project, "staging", &json!({}), &[layer(staging)]);
    let ended = project.run(["image", "compare", "staging", "reference", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    let differences = report["differences"].as_array().expect("there are differences");
    let of_lint: Vec<_> = differences
        .iter()
        .filter(|difference| difference["level"] == "lint")
        .map(|difference| {
            let field = |name: &str| difference[name].as_str().unwrap_or("-").to_owned();
            [field("subject"), field("change"), field("explained_by")].join(" | ")
        })
        .collect();
    let expected = [
        "ssh-host-keys etc/ssh/ssh_host_rsa_key | only-in-staging | -",
        "var-log var/log/a.log | only-in-reference | log-files",
        "var-log var/log/b.log | only-in-staging | log-files",
    ];
    assert_eq!(of_lint, expected);
}
