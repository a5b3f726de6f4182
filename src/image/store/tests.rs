//! Images in every form that they lie in on a disk, and forms that are wrong.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::diagnostic::chain;
use crate::image::layer::Limits;
use crate::image::{
    Access, ContentDigest, Image, ImageError, ImageReference, LayerCache, Platform, PlatformImage, Reading,
    TreePath, Unfolded,
};

const OCI: &str = "application/vnd.oci.image";

/// A folder with a layout in `image`.
struct Layout {
    folder: TempDir,
    manifests: Vec<Value>,
}

fn tarball(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn config(architecture: &str, layers: &[&[u8]]) -> Value {
    let diff_ids: Vec<_> = layers.iter().map(|layer| ContentDigest::of(layer)).collect();
    json!({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
}

impl Layout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("image/blobs/sha256")).unwrap();
        Self { folder, manifests: Vec::new() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = ContentDigest::of(bytes);
        fs::write(self.path("image/blobs/sha256").join(digest.hex()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn json(&self, kind: &str, document: &Value) -> Value {
        self.blob(&format!("{OCI}.{kind}"), document.to_string().as_bytes())
    }

    /// Returns the descriptor of an image.
    fn image(&self, architecture: &str, layers: &[&[u8]]) -> Value {
        let config = self.json("config.v1+json", &config(architecture, layers));
        let layers: Vec<Value> =
            layers.iter().map(|layer| self.blob(&format!("{OCI}.layer.v1.tar"), layer)).collect();
        self.json("manifest.v1+json", &json!({"schemaVersion": 2, "config": config, "layers": layers}))
    }

    fn add(&mut self, mut descriptor: Value, name: Option<&str>) {
        if let Some(name) = name {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        }
        self.manifests.push(descriptor);
        self.write(&json!({"schemaVersion": 2, "manifests": self.manifests}));
    }

    fn write(&self, index: &Value) {
        fs::write(self.path("image/index.json"), index.to_string()).unwrap();
    }

    fn file_of(&self, descriptor: &Value) -> std::path::PathBuf {
        let digest = descriptor["digest"].as_str().unwrap();
        self.path("image/blobs/sha256").join(digest.strip_prefix("sha256:").unwrap())
    }

    fn open(&self, reference: &str) -> Result<PlatformImage, ImageError> {
        open(self.folder.path(), reference)
    }

    fn unfold(&self, reference: &str) -> Result<Unfolded, ImageError> {
        let image = self.open(reference)?;
        reading(self.folder.path()).unfold(&[&image], &|_| false).map(|mut images| images.remove(0))
    }
}

fn open(folder: &Path, reference: &str) -> Result<PlatformImage, ImageError> {
    let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
    let (folder, temporary) = (folder.to_path_buf(), folder.to_path_buf());
    let access = Access { folder, temporary, limits, registries: None, environment: None };
    let host = Platform::parse("linux/amd64").unwrap();
    Image::open(&ImageReference::parse(reference), &access)?.for_platform(None, &host)
}

fn reading(folder: &Path) -> Reading {
    let cache = LayerCache::open(&folder.join("cache")).unwrap();
    Reading { limits: Limits { unpacked: 1 << 20, ..Limits::default() }, cache }
}

fn names(image: &Unfolded) -> Vec<String> {
    image.tree.iter().map(|(path, _)| path.to_string()).collect()
}

/// Asserts what is said of an image that cannot be read, and that nothing of it is kept.
#[track_caller]
fn refused(layout: &Layout, reference: &str, said: &str) -> ImageError {
    let error = layout.unfold(reference).err().expect("it is refused");
    let text = chain(&error);
    assert!(text.contains(said), "{text}");
    let kept = fs::read_dir(layout.path("cache/layers")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "what is wrong is not kept");
    error
}

#[test]
fn images_are_chosen_by_name() {
    let mut layout = Layout::new();
    layout.add(layout.image("amd64", &[&tarball(&[("a", b"a")])]), Some("one"));
    assert_eq!(names(&layout.unfold("oci:image").unwrap()), ["a"]);
    layout.add(layout.image("amd64", &[&tarball(&[("b", b"b")])]), Some("two"));
    assert_eq!(names(&layout.unfold("oci:image:two").unwrap()), ["b"]);
    let digest = layout.manifests[0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(names(&layout.unfold(&format!("oci:image:{digest}")).unwrap()), ["a"]);
    let error = layout.open("oci:image").err().unwrap().to_string();
    assert!(error.ends_with("has `one`, `two`: say which, behind a colon"), "{error}");
    let error = layout.open("oci:image:three").err().unwrap().to_string();
    assert!(error.ends_with("has no image `three`, but `one`, `two`"), "{error}");
}

#[test]
fn what_is_beside_an_image_is_not_chosen() {
    let mut layout = Layout::new();
    layout.add(layout.image("amd64", &[&tarball(&[("a", b"a")])]), None);
    let mut signature = layout.json("manifest.v1+json", &json!({"schemaVersion": 2}));
    signature["artifactType"] = json!("application/vnd.example.signature");
    layout.add(signature, None);
    assert_eq!(names(&layout.unfold("oci:image").unwrap()), ["a"]);
}

#[test]
fn docker_names_images_in_full() {
    let mut layout = Layout::new();
    for (name, file) in [("docker.io/library/one:latest", "a"), ("quay.io/me/two:latest", "b")] {
        let mut image = layout.image("amd64", &[&tarball(&[(file, b"x")])]);
        image["annotations"] =
            json!({"io.containerd.image.name": name, "org.opencontainers.image.ref.name": "latest"});
        layout.add(image, None);
    }
    for name in ["one", "one:latest", "docker.io/library/one:latest"] {
        assert_eq!(names(&layout.unfold(&format!("oci:image:{name}")).unwrap()), ["a"], "{name}");
    }
    assert_eq!(names(&layout.unfold("oci:image:quay.io/me/two").unwrap()), ["b"]);
    let error = layout.open("oci:image").err().unwrap().to_string();
    assert!(error.contains("`docker.io/library/one:latest`, `quay.io/me/two:latest`"), "{error}");
}

#[test]
fn platforms_are_found_in_indexes_of_indexes() {
    let mut layout = Layout::new();
    let arm = layout.image("arm64", &[&tarball(&[("arm", b"x")])]);
    let amd = layout.image("amd64", &[&tarball(&[("amd", b"x")])]);
    let mut attestation = layout.json("manifest.v1+json", &json!({"no": "image"}));
    attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    let index = |layout: &Layout, manifests: Value| {
        layout.json("index.v1+json", &json!({"schemaVersion": 2, "manifests": manifests}))
    };
    let inner = index(&layout, json!([arm, attestation]));
    layout.add(index(&layout, json!([inner, amd])), None);
    assert_eq!(names(&layout.unfold("oci:image").unwrap()), ["amd"]);
    let mut deep = index(&layout, json!([amd]));
    for _ in 0..6 {
        deep = index(&layout, json!([deep]));
    }
    layout.add(deep, Some("deep"));
    assert!(layout.open("oci:image:deep").err().unwrap().to_string().contains("4 deep"));
}

#[test]
fn layouts_that_are_wrong_are_told_apart() {
    let mut layout = Layout::new();
    refused(&layout, "oci:image", "there is no OCI layout at");
    layout.write(&json!({"schemaVersion": 2, "manifests": []}));
    refused(&layout, "oci:image", "has no image in it");
    layout.write(&json!({"schemaVersion": 2}));
    refused(&layout, "oci:image", "missing field `manifests`");
    fs::write(layout.path("image/index.json"), "{").unwrap();
    refused(&layout, "oci:image", "index.json` is not what the OCI image specification says");
    layout.write(&json!({"schemaVersion": 2, "manifests": [
        {"mediaType": "a/b", "size": 1, "digest": "sha256:../../../etc/passwd"}]}));
    refused(&layout, "oci:image", "is not what the OCI image specification says");
    let manifest = layout.json("manifest.v1+json", &json!({"schemaVersion": 1, "fsLayers": []}));
    layout.add(manifest, Some("old"));
    refused(&layout, "oci:image:old", "a manifest of Docker's schema 1");
    let artifact = json!({"schemaVersion": 2, "layers": [], "artifactType": "application/vnd.cncf.helm",
        "config": layout.blob("application/vnd.oci.empty.v1+json", b"{}")});
    layout.add(layout.json("manifest.v1+json", &artifact), Some("chart"));
    refused(&layout, "oci:image:chart", "something else than an image: `application/vnd.cncf.helm`");
}

#[test]
fn blobs_are_held_to_their_digests() {
    let tar = tarball(&[("a", b"content")]);
    let mut layout = Layout::new();
    let image = layout.image("amd64", &[&tar]);
    layout.add(image.clone(), None);
    let layer = layout.path("image/blobs/sha256").join(ContentDigest::of(&tar).hex());
    for length in (0..tar.len()).step_by(256) {
        fs::write(&layer, &tar[..length]).unwrap();
        let error = refused(&layout, "oci:image", &format!("({length} bytes), and its image says sha256:"));
        assert!(error.help().unwrap().contains("cut or changed on its way"));
    }
    let mut larger = tar.clone();
    larger[124..135].copy_from_slice(b"77777777777");
    fs::write(&layer, larger).unwrap();
    refused(&layout, "oci:image", "and its image says sha256:");
    fs::remove_file(&layer).unwrap();
    refused(&layout, "oci:image", "No such file");
    fs::write(&layer, &tar).unwrap();
    assert_eq!(names(&layout.unfold("oci:image").unwrap()), ["a"]);
    fs::write(layout.file_of(&image), "{}").unwrap();
    assert!(chain(&layout.open("oci:image").err().unwrap()).contains("and its image says sha256:"));
}

#[test]
fn layers_that_are_none_say_which_and_why() {
    let (html, bomb) = (b"<html>".repeat(100), gzip(&vec![0; 2 << 20]));
    let mut layout = Layout::new();
    layout.add(layout.image("amd64", &[&tarball(&[]), &html]), Some("html"));
    layout.add(layout.image("amd64", &[&bomb]), Some("bomb"));
    layout.add(layout.image("amd64", &[b"\xfd7zXZ\0..."]), Some("xz"));
    // What has nothing in it is a layer.
    let error = layout.unfold("oci:image:html").err().unwrap();
    assert!(chain(&error).contains("layer 2 cannot be read"), "{error}");
    assert!(chain(&error).contains("this is no tar archive"), "{error}");
    let error = layout.unfold("oci:image:bomb").err().unwrap();
    assert!(chain(&error).contains("raise it with `--max-unpacked`"), "{error}");
    assert!(error.help().unwrap().contains("--max-unpacked"));
    assert!(chain(&layout.unfold("oci:image:xz").err().unwrap()).contains("compressed with xz"));
}

#[test]
fn foreign_layers_are_said_to_be_elsewhere() {
    let mut layout = Layout::new();
    let config = layout.json("config.v1+json", &config("amd64", &[b""]));
    let layer = json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 9,
        "digest": ContentDigest::of(b"elsewhere"), "urls": ["https://example.com/layer"]});
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    layout.add(layout.json("manifest.v1+json", &manifest), None);
    refused(&layout, "oci:image", "is not part of the image, but lies at `https://example.com/layer`");
}

/// Writes an archive as other programs than docker do, with layers as they are given.
fn docker_archive(layout: &Layout, layers: &[(&str, &[u8], &[u8])]) {
    let config = config("amd64", &layers.iter().map(|(_, _, tar)| *tar).collect::<Vec<_>>()).to_string();
    let names: Vec<_> = layers.iter().map(|(name, ..)| *name).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}]).to_string();
    let mut members = vec![("manifest.json", manifest.as_bytes()), ("config.json", config.as_bytes())];
    members.extend(layers.iter().map(|(name, bytes, _)| (*name, *bytes)));
    fs::write(layout.path("a.tar"), tarball(&members)).unwrap();
}

#[test]
fn packed_layers_of_docker_archives_are_unpacked() {
    let layout = Layout::new();
    let tar = tarball(&[("a", b"content")]);
    docker_archive(&layout, &[("layer.tar", &tar, &tar)]);
    let plain = layout.unfold("docker-archive:a.tar:x:1").unwrap();
    fs::remove_dir_all(layout.path("cache")).unwrap();
    docker_archive(&layout, &[("l.tar.gz", &gzip(&tar), &tar)]);
    let packed = layout.unfold("docker-archive:a.tar").unwrap();
    assert_eq!(names(&packed), ["a"]);
    // As for containers/image, it is the same image.
    assert_eq!(packed.image.descriptor, plain.image.descriptor);
    docker_archive(&layout, &[("l.tar.gz", &gzip(&vec![0; 2 << 20]), b"")]);
    let error = layout.open("docker-archive:a.tar").err().unwrap();
    assert!(error.help().unwrap().contains("--max-unpacked"), "{}", chain(&error));
    docker_archive(&layout, &[("l.tar", &tar, b"another")]);
    fs::remove_dir_all(layout.path("cache")).unwrap();
    refused(&layout, "docker-archive:a.tar", "and its image says sha256:");
}

#[test]
fn packed_archives_have_a_limit() {
    let layout = Layout::new();
    let tar = tarball(&[("a", b"content")]);
    docker_archive(&layout, &[("layer.tar", &tar, &tar)]);
    let archive = fs::read(layout.path("a.tar")).unwrap();
    for packed in [gzip(&archive), zstd::encode_all(&archive[..], 1).unwrap()] {
        fs::write(layout.path("a.tar"), packed).unwrap();
        assert_eq!(names(&layout.unfold("docker-archive:a.tar").unwrap()), ["a"]);
    }
    fs::write(layout.path("a.tar"), gzip(&vec![0; 2 << 20])).unwrap();
    let error = layout.open("docker-archive:a.tar").err().unwrap();
    assert!(error.help().unwrap().contains("--max-unpacked"), "{}", chain(&error));
    fs::write(layout.path("a.tar"), tarball(&[("a", b"")])).unwrap();
    assert!(layout.open("docker-archive:a.tar").err().unwrap().to_string().contains("neither `index.json`"));
    fs::write(layout.path("a.tar"), &archive[..700]).unwrap();
    assert!(chain(&layout.open("docker-archive:a.tar").err().unwrap()).contains("a.tar` cannot be read"));
}

#[test]
fn contents_are_found_under_any_name() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    for (name, content) in [("first", "linked"), ("twice", "old"), ("twice", "new")] {
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Link);
    builder.append_link(&mut header, "second", "first").unwrap();
    let lower = builder.into_inner().unwrap();
    // The name under which the content stands in the archive is no longer there.
    let upper = tarball(&[(".wh.first", b""), ("copy", b"new")]);
    let mut layout = Layout::new();
    layout.add(layout.image("amd64", &[&lower, &upper]), None);
    let image = layout.unfold("oci:image").unwrap();
    assert_eq!(names(&image), ["copy", "second", "twice"]);
    let paths = ["copy", "second", "twice", "first"].map(TreePath::new);
    let reading = reading(layout.folder.path());
    let found = reading.contents(&image, &paths.iter().collect::<Vec<_>>()).unwrap();
    let found: Vec<_> =
        found.iter().map(|(path, file)| (path.to_string(), fs::read_to_string(file).unwrap())).collect();
    let expected = [("copy", "new"), ("second", "linked"), ("twice", "new")];
    assert_eq!(found, expected.map(|(path, content)| (path.to_owned(), content.to_owned())));
}
