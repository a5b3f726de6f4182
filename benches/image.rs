//! The numbers of comparing images, as ratios of what is measured side by side in one run.
//!
//! Run by hand, on a machine that does nothing else: `cargo bench --bench image`. Words after `--` choose what
//! is measured: `debian`, `large`. `debian` needs mmdebstrap and a mirror of Debian, and measures diffoscope
//! where it is on PATH; `large` needs 3 GB in the folder for temporary files.

#![expect(clippy::print_stdout, reason = "a bench is read by who runs it")]

mod side_by_side;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use side_by_side::{command, compare, median, milliseconds, on_path, peak, run};

const STAGEBOOK: &str = env!("CARGO_BIN_EXE_stagebook");

/// Files of a large image, and the bytes of each: a gigabyte together.
const FILES: usize = 30_000;
const FILE_SIZE: usize = 35_791;

/// How wide names are shown.
const WIDTH: usize = 28;

/// How a command that compares may end: 1 says that there are differences.
const ENDS: [i32; 2] = [0, 1];

/// Measures in a folder of its own, and prints what it found.
type Measure = fn(&Path);

/// Adds members to a layer.
type Fill<'a> = &'a dyn Fn(&mut tar::Builder<&mut dyn Write>);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let measures: [(&str, Measure); 2] = [("debian", debian), ("large", large)];
    for (name, measure) in measures {
        if chosen.is_empty() || chosen.iter().any(|word| word == name) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            measure(folder.path());
        }
    }
}

/// Minimal images of Debian with differences of eleven kinds: all must be found.
fn debian(folder: &Path) {
    println!("a pair of Debian's minimal images with seeded differences (median of 3)");
    let made = folder.join("reference.tar");
    if !on_path("mmdebstrap") {
        println!(
            "  not measured: mmdebstrap, which makes the images, is not on PATH (apt install mmdebstrap)\n"
        );
        return;
    }
    let arguments = ["--quiet", "--variant=minbase", "bookworm", "reference.tar"];
    if !command(folder, "mmdebstrap", &arguments).status().is_ok_and(|status| status.success()) {
        println!("  not measured: mmdebstrap could not make an image; is there a mirror?\n");
        return;
    }
    let reference = members(&made);
    let (staging, expected) = seeded(reference.clone());
    write_archive(&folder.join("staging.tar"), &staging);
    let half = staging.len() / 2;
    let whiteout =
        Member { path: format!("./usr/bin/.wh.{TAKEN_AWAY}"), ..Member::file(String::new(), Vec::new()) };
    let taken_away = reference.iter().find(|member| member.path.ends_with(&format!("/bin/{TAKEN_AWAY}")));
    let taken_away = taken_away.expect("Debian has it").clone();
    let fill = |members: &[Member], builder: &mut tar::Builder<&mut dyn Write>| {
        members.iter().for_each(|member| member.append(builder));
    };
    image(&folder.join("reference"), Packing::Gzip, "stable", &[&|builder| fill(&reference, builder)]);
    let lower = [&staging[..half], &[taken_away]].concat();
    let upper = [&[whiteout], &staging[half..]].concat();
    let layers: [Fill<'_>; 2] = [&|builder| fill(&lower, builder), &|builder| fill(&upper, builder)];
    image(&folder.join("staging"), Packing::Gzip, "testing", &layers);
    say_found(folder, &expected);
    let mut contenders = vec![
        ("stagebook image compare", comparison(folder, true)),
        ("gzip -dc | sha256sum, both", hashing(folder, "gzip")),
    ];
    if on_path("diffoscope") {
        let arguments = ["--text", "/dev/null", "reference.tar", "staging.tar"];
        contenders.push(("diffoscope", command(folder, "diffoscope", &arguments)));
    } else {
        println!("  diffoscope is not measured: it is not on PATH (apt install diffoscope-minimal)");
    }
    compare(3, WIDTH, &ENDS, &mut contenders);
}

/// What a whiteout takes away.
const TAKEN_AWAY: &str = "factor";

/// Says how many of the differences that were seeded are found, and at their level.
fn say_found(folder: &Path, expected: &[String]) {
    let arguments = ["image", "compare", "staging", "reference", "--no-cache", "--format", "json"];
    let output = command(folder, STAGEBOOK, &arguments).stdout(Stdio::piped()).output();
    let report: Value =
        serde_json::from_slice(&output.expect("stagebook starts").stdout).expect("a report is JSON");
    let word = |difference: &Value, key: &str| difference[key].as_str().unwrap_or_default().to_owned();
    let found: Vec<String> = report["differences"]
        .as_array()
        .expect("differences are a list")
        .iter()
        .map(|found| ["level", "subject", "change"].map(|key| word(found, key)).join(" "))
        .collect();
    let missing: Vec<&String> = expected.iter().filter(|expected| !found.contains(expected)).collect();
    println!("  {} of {} differences found", expected.len() - missing.len(), expected.len());
    missing.iter().for_each(|missing| println!("  not found: {missing}"));
}

/// Returns an image with differences, and these as `level subject change`.
fn seeded(mut members: Vec<Member>) -> (Vec<Member>, Vec<String>) {
    let mut expected = ["config label channel value", "config history 2.created_by only-in-staging"]
        .map(str::to_owned)
        .to_vec();
    let mut note = |level: &str, path: &str, change: &str| {
        expected.push(format!("{level} {} {change}", path.trim_start_matches("./")));
    };
    let of_kind = |members: &[Member], kind: tar::EntryType| {
        members.iter().position(|member| member.header.entry_type() == kind).expect("Debian has one")
    };
    let named = |members: &[Member], path: &str| {
        let found = members.iter().position(|member| member.path.trim_start_matches("./") == path);
        found.unwrap_or_else(|| panic!("Debian has {path}"))
    };
    let content = named(&members, "etc/debian_version");
    members[content].content[0] ^= 1;
    note("content", "etc/debian_version", "content");
    let link = of_kind(&members, tar::EntryType::Link);
    let target = members[link].target.take().expect("a link has a target");
    let target = named(&members, target.trim_start_matches("./"));
    members[link].content = members[target].content.clone();
    members[link].header.set_entry_type(tar::EntryType::Regular);
    let first = members[link].path.clone().min(members[target].path.clone());
    note("tree", &first, "hard-links");
    let symlink = of_kind(&members, tar::EntryType::Symlink);
    members[symlink].target = Some("elsewhere".to_owned());
    note("tree", &members[symlink].path, "target");
    let setuid = named(&members, "usr/bin/env");
    members[setuid].header.set_mode(0o4755);
    note("tree", "usr/bin/env", "mode");
    let owner = named(&members, "etc/host.conf");
    members[owner].header.set_uid(1000);
    note("tree", "etc/host.conf", "owner");
    let capability = named(&members, "usr/bin/id");
    let value = b"\x01\0\0\x02\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    members[capability].xattrs.push(("SCHILY.xattr.security.capability".to_owned(), value));
    note("tree", "usr/bin/id", "xattr");
    let taken_away = named(&members, &format!("usr/bin/{TAKEN_AWAY}"));
    members.remove(taken_away);
    note("tree", &format!("usr/bin/{TAKEN_AWAY}"), "only-in-reference");
    let status = named(&members, "var/lib/dpkg/status");
    let text = String::from_utf8(members[status].content.clone()).expect("the database is text");
    let kept = text.split_inclusive("\n\n").filter(|package| !package.starts_with("Package: tzdata\n"));
    members[status].content = kept.collect::<String>().into_bytes();
    note("packages", "tzdata", "only-in-reference");
    members.push(Member::file("./etc/only-here".to_owned(), b"new\n".to_vec()));
    note("tree", "etc/only-here", "only-in-staging");
    (members, expected)
}

/// A gigabyte and 30,000 files a side, against unpacking and hashing both at once; then a second time.
fn large(folder: &Path) {
    for (packing, tool) in [(Packing::Gzip, "gzip"), (Packing::Zstd, "zstd")] {
        println!("1 GB and {FILES} files a side, {tool} (median of 3)");
        for (side, changed) in [("staging", true), ("reference", false)] {
            image(&folder.join(side), packing, "stable", &[&|builder| many_files(builder, changed)]);
        }
        let mut contenders = [
            ("stagebook image compare", comparison(folder, true)),
            (
                if tool == "gzip" { "gzip -dc | sha256sum, both" } else { "zstd -dc | sha256sum, both" },
                hashing(folder, tool),
            ),
        ];
        compare(3, WIDTH, &ENDS, &mut contenders);
        println!("  {:<28}{:>10}\n", "peak of resident memory", memory(folder));
        again(folder);
        for side in ["staging", "reference"] {
            fs::remove_dir_all(folder.join(side)).expect("the folder is ours");
        }
    }
}

/// Returns how much memory a comparison has at most.
fn memory(folder: &Path) -> String {
    let kib = peak(&mut comparison(folder, true));
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1024))
}

/// The first comparison against the next, for which the layers are known.
fn again(folder: &Path) {
    let time = || {
        let began = Instant::now();
        run(&mut comparison(folder, false), &ENDS);
        began.elapsed()
    };
    let first = time();
    let next = median((0..5).map(|_| time()).collect());
    let times = first.as_secs_f64() / next.as_secs_f64();
    println!("  {:<28}{:>10}", "first, layers are kept", milliseconds(first));
    println!("  {:<28}{:>10}  {times:.1} times faster\n", "next, layers are known", milliseconds(next));
    fs::remove_dir_all(folder.join("cache")).expect("the folder is ours");
}

/// Adds files that compress as programs do: in part to a third, in part hardly.
fn many_files(builder: &mut tar::Builder<&mut dyn Write>, changed: bool) {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for number in 0..FILES {
        let mut content = Vec::with_capacity(FILE_SIZE + 64);
        while content.len() < FILE_SIZE {
            let word = next();
            if word % 3 == 0 {
                content.extend_from_slice(&word.to_le_bytes());
            } else {
                content.extend_from_slice(WORDS[(word >> 8) as usize % WORDS.len()].as_bytes());
            }
        }
        content.truncate(FILE_SIZE);
        if changed && number % 1_000 == 0 {
            content[0] ^= 1;
        }
        Member::file(format!("usr/share/part-{}/file-{number}", number % 100), content).append(builder);
    }
}

const WORDS: [&str; 8] = [
    "return ",
    "function ",
    "static const ",
    "0x00000000, ",
    "error: ",
    "libexec/",
    "\0\0\0\0\0\0\0\0",
    "\u{fffd}ELF\0",
];

/// What layers are compressed with.
#[derive(Debug, Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

/// A member of a layer.
#[derive(Debug, Clone)]
struct Member {
    path: String,
    header: tar::Header,
    target: Option<String>,
    content: Vec<u8>,
    xattrs: Vec<(String, Vec<u8>)>,
}

impl Member {
    fn file(path: String, content: Vec<u8>) -> Self {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        Self { path, header, target: None, content, xattrs: Vec::new() }
    }

    fn append<W: Write>(&self, builder: &mut tar::Builder<W>) {
        let xattrs = self.xattrs.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        builder.append_pax_extensions(xattrs).expect("the layer can be written");
        let mut header = self.header.clone();
        header.set_size(self.content.len() as u64);
        match &self.target {
            Some(target) => builder.append_link(&mut header, &self.path, target),
            None => builder.append_data(&mut header, &self.path, &self.content[..]),
        }
        .expect("the layer can be written");
    }
}

/// Returns the members of an archive that has names in UTF-8.
fn members(path: &Path) -> Vec<Member> {
    let mut archive = tar::Archive::new(File::open(path).expect("it was just made"));
    let entries = archive.entries().expect("mmdebstrap writes an archive");
    entries
        .map(|entry| {
            let mut entry = entry.expect("mmdebstrap writes an archive");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let path = text(&entry.path_bytes());
            let target = entry.link_name_bytes().map(|target| text(&target));
            let extensions = entry.pax_extensions().expect("mmdebstrap writes an archive");
            let xattrs = extensions
                .into_iter()
                .flatten()
                .filter_map(Result::ok)
                .filter(|extension| extension.key_bytes().starts_with(b"SCHILY.xattr."))
                .map(|extension| (text(extension.key_bytes()), extension.value_bytes().to_vec()))
                .collect();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("mmdebstrap writes an archive");
            Member { path, header: entry.header().clone(), target, content, xattrs }
        })
        .collect()
}

fn write_archive(path: &Path, members: &[Member]) {
    let file = BufWriter::new(File::create(path).expect("the folder is writable"));
    let mut builder = tar::Builder::new(file);
    members.iter().for_each(|member| member.append(&mut builder));
    builder.into_inner().and_then(|mut file| file.flush()).expect("the folder is writable");
}

/// Writes an image as an OCI layout.
fn image(folder: &Path, packing: Packing, label: &str, layers: &[Fill<'_>]) {
    fs::create_dir_all(folder.join("blobs/sha256")).expect("the folder is writable");
    let (layers, diff_ids): (Vec<Value>, Vec<String>) =
        layers.iter().map(|fill| layer(folder, packing, *fill)).unzip();
    let history: Vec<Value> =
        (1..=layers.len()).map(|number| json!({"created_by": number.to_string()})).collect();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {"channel": label}},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    });
    let config = document(folder, "application/vnd.oci.image.config.v1+json", &config);
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
    let manifest = document(folder, media_type, &manifest);
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(folder.join("index.json"), index.to_string()).expect("the folder is writable");
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#)
        .expect("the folder is writable");
}

fn document(folder: &Path, media_type: &str, document: &Value) -> Value {
    let mut blob = Hashed::new(Vec::new());
    blob.write_all(document.to_string().as_bytes()).expect("memory can be written");
    let (bytes, digest, size) = blob.end();
    fs::write(folder.join("blobs/sha256").join(&digest), bytes).expect("the folder is writable");
    json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size})
}

/// Writes a layer without ever holding it; returns its descriptor and the digest of its archive.
fn layer(folder: &Path, packing: Packing, fill: Fill<'_>) -> (Value, String) {
    let path = folder.join("blobs/sha256/new");
    let file = Hashed::new(BufWriter::new(File::create(&path).expect("the folder is writable")));
    let (file, diff_id, kind) = match packing {
        Packing::Gzip => {
            let encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            let (encoder, diff_id) = archive(encoder, fill);
            (encoder.finish(), diff_id, "gzip")
        }
        Packing::Zstd => {
            let encoder = zstd::Encoder::new(file, 3).expect("libzstd has the level");
            let (encoder, diff_id) = archive(encoder, fill);
            (encoder.finish(), diff_id, "zstd")
        }
    };
    let (mut file, digest, size) = file.expect("the folder is writable").end();
    file.flush().expect("the folder is writable");
    fs::rename(path, folder.join("blobs/sha256").join(&digest)).expect("the folder is writable");
    let media_type = format!("application/vnd.oci.image.layer.v1.tar+{kind}");
    let descriptor = json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size});
    (descriptor, format!("sha256:{diff_id}"))
}

fn archive<W: Write>(writer: W, fill: Fill<'_>) -> (W, String) {
    let mut hashed = Hashed::new(writer);
    let mut builder = tar::Builder::new(&mut hashed as &mut dyn Write);
    fill(&mut builder);
    builder.finish().expect("the layer can be written");
    drop(builder);
    let (writer, digest, _) = hashed.end();
    (writer, digest)
}

/// Passes bytes on, and hashes them.
struct Hashed<W> {
    writer: W,
    sum: Sha256,
    size: u64,
}

impl<W: Write> Hashed<W> {
    fn new(writer: W) -> Self {
        Self { writer, sum: Sha256::new(), size: 0 }
    }

    /// Returns the writer, the digest in hexadecimal and the number of bytes.
    fn end(self) -> (W, String, u64) {
        let digest = self.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (self.writer, digest, self.size)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Returns the comparison, with every layer read anew or with what is kept of them.
fn comparison(folder: &Path, anew: bool) -> Command {
    let arguments = ["image", "compare", "staging", "reference", "--no-cache"];
    let mut command = command(folder, STAGEBOOK, &arguments[..if anew { 5 } else { 4 }]);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    command
}

/// Returns a command that unpacks and hashes the layers of both images at once.
fn hashing(folder: &Path, tool: &str) -> Command {
    // Documents are small. gzip reads no file without its suffix, but any stream.
    let layers =
        |side: &str| format!("find {side}/blobs -size +64k -exec cat {{}} + | {tool} -dc | sha256sum");
    command(folder, "sh", &["-c", &format!("{} & {}; wait", layers("staging"), layers("reference"))])
}
