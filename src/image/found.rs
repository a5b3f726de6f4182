//! The images that lie in a folder: what steps left in their workspace.

use std::fs;
use std::path::{Path, PathBuf};

use oci_spec::image::ImageIndex;
use serde::Deserialize;

use super::reference::ImageReference;
use super::store::{name_of, read_document};

/// How many folders are looked into: who unpacks a whole system into a workspace leaves some thousands.
const MOST_FOLDERS: usize = 20_000;

/// Drivers of containers-storage, each of which keeps its list of images in `DRIVER-images/images.json`.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// An image that lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundImage {
    /// What people call it: `oci:image:1`, with a path relative to the folder, or `containers-storage:localhost/image:1`.
    pub name: String,
    /// Digest of its manifest or index; two images with one digest are one.
    pub digest: String,
    /// Where it is.
    pub reference: ImageReference,
}

/// Finds the images that lie below a folder, in OCI layouts and in the storages of podman and buildah, sorted by their names.
///
/// Links are not followed. What cannot be read is left out: a layout that is being written is none yet.
/// `runtime` is where a storage keeps what lives as long as the machine runs.
pub fn find_images(folder: &Path, runtime: &Path) -> Vec<FoundImage> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    let mut looked_into = 0;
    while let Some(here) = waiting.pop() {
        looked_into += 1;
        if looked_into > MOST_FOLDERS {
            break;
        }
        let place = here.strip_prefix(folder).unwrap_or(&here);
        if let Some(images) = in_layout(&here, place).or_else(|| in_storage(&here, runtime)) {
            found.extend(images);
        } else {
            waiting.extend(folders(&here));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.filter(is_folder).map(|entry| entry.path()).collect()
}

/// Returns the images of a layout; none if the folder is no layout.
fn in_layout(folder: &Path, place: &Path) -> Option<Vec<FoundImage>> {
    let index: ImageIndex = read_json(&folder.join("index.json"))?;
    let images = index.manifests().iter().filter(|image| image.artifact_type().is_none());
    Some(
        images
            .map(|image| {
                let digest = image.digest().to_string();
                let named = name_of(image);
                let (shown, exact) = match named {
                    Some(name) => (format!("oci:{}:{name}", place.display()), name),
                    None => (format!("oci:{}", place.display()), digest.as_str()),
                };
                let name = Some(exact.to_owned());
                let reference = ImageReference::Layout { folder: folder.to_path_buf(), name };
                FoundImage { name: shown, reference, digest }
            })
            .collect(),
    )
}

/// What a storage says of an image.
#[derive(Debug, Deserialize)]
struct StoredImage {
    id: String,
    digest: Option<String>,
    #[serde(default)]
    names: Option<Vec<String>>,
}

/// Returns the images of a storage that have names; none if the folder is no storage.
fn in_storage(folder: &Path, runtime: &Path) -> Option<Vec<FoundImage>> {
    let list = |driver: &str| folder.join(format!("{driver}-images/images.json"));
    let driver = DRIVERS.into_iter().find(|driver| list(driver).is_file())?;
    let images: Vec<StoredImage> = read_json(&list(driver)).unwrap_or_default();
    let storage = format!("[{driver}@{}+{}]", folder.display(), runtime.display());
    let named = images.into_iter().flat_map(|image| {
        let digest = image.digest.unwrap_or_else(|| format!("sha256:{}", image.id));
        let names = image.names.unwrap_or_default();
        names.into_iter().map(move |name| (name, digest.clone()))
    });
    Some(
        named
            .map(|(name, digest)| FoundImage {
                reference: ImageReference::Storage { name: format!("{storage}{name}") },
                name: format!("containers-storage:{name}"),
                digest,
            })
            .collect(),
    )
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&read_document(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn index(images: &[(&str, char)]) -> String {
        let manifests: Vec<_> = images
            .iter()
            .map(|(name, digit)| {
                serde_json::json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": digest(*digit), "size": 1,
                    "annotations": {"org.opencontainers.image.ref.name": name},
                })
            })
            .collect();
        serde_json::json!({"schemaVersion": 2, "manifests": manifests}).to_string()
    }

    #[test]
    fn layouts_and_storages_are_found_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        write(&at("image/index.json"), &index(&[("2", 'b'), ("1", 'a')]));
        write(&at("image/blobs/index.json"), &index(&[("not looked at", 'c')]));
        let images = serde_json::json!([
            {"id": "d".repeat(64), "digest": digest('d'), "names": ["localhost/x:1"]},
            {"id": "e".repeat(64), "names": ["localhost/y:1"]},
            {"id": "f".repeat(64)},
        ]);
        write(&at("deep/er/storage/vfs-images/images.json"), &images.to_string());
        let found = find_images(folder.path(), Path::new("/run/x"));
        let names: Vec<_> = found.iter().map(|image| (image.name.as_str(), image.digest.clone())).collect();
        assert_eq!(
            names,
            [
                ("containers-storage:localhost/x:1", digest('d')),
                ("containers-storage:localhost/y:1", digest('e')),
                ("oci:image:1", digest('a')),
                ("oci:image:2", digest('b')),
            ]
        );
        let storage = format!("[vfs@{}+/run/x]localhost/x:1", at("deep/er/storage").display());
        assert_eq!(found[0].reference, ImageReference::Storage { name: storage });
        let layout = ImageReference::Layout { folder: at("image"), name: Some("1".to_owned()) };
        assert_eq!(found[2].reference, layout);
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_links_are_not_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&folder.path().join("half/index.json"), "{\"schemaVersion\": 2, \"manif");
        write(&outside.path().join("index.json"), &index(&[("1", 'a')]));
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        assert_eq!(find_images(folder.path(), Path::new("/run")), []);
        assert_eq!(find_images(outside.path(), Path::new("/run")).len(), 1);
        assert_eq!(find_images(&folder.path().join("missing"), Path::new("/run")), []);
    }
}
