//! Kernels of a tree: folders below `usr/lib/modules`, and images that have all in one file.

use std::collections::BTreeMap;

use serde::Serialize;

/// The kernels of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Kernels {
    /// Folders below `usr/lib/modules`, sorted.
    pub modules: Vec<Kernel>,
    /// Unified kernel images: files in `boot/EFI/Linux`, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unified: Vec<String>,
}

/// A folder below `usr/lib/modules`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Kernel {
    /// Its version, as `uname -r` would say.
    pub version: String,
    /// Whether the kernel itself is in it, as `vmlinuz`. Without it, the folder was left over or is for another.
    pub has_image: bool,
    /// Whether there is an `initramfs.img`.
    pub has_initramfs: bool,
    /// Whether modules are listed, in `modules.dep`.
    pub has_modules: bool,
}

impl Kernels {
    /// Finds kernels among the paths of a tree, which have no `/` before them. Paths elsewhere are passed over,
    /// so all of a tree may be given.
    pub fn among<'paths>(paths: impl IntoIterator<Item = &'paths [u8]>) -> Self {
        let mut modules: BTreeMap<&[u8], Kernel> = BTreeMap::new();
        let mut unified = Vec::new();
        for path in paths {
            if let Some(file) = unified_image(path) {
                unified.push(file);
            } else if let Some((version, file)) = module_file(path) {
                modules.entry(version).or_default().meet(file);
            }
        }
        unified.sort_unstable();
        let kernel = |(version, kernel)| Kernel { version: text(version), ..kernel };
        Self {
            modules: modules.into_iter().map(kernel).collect(),
            unified: unified.into_iter().map(text).collect(),
        }
    }

    /// Returns the versions that can be booted. A system that boots has one, and `bootc` takes no other number.
    pub fn bootable(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().filter(|kernel| kernel.has_image).map(|kernel| kernel.version.as_str())
    }
}

impl Kernel {
    fn meet(&mut self, file: &[u8]) {
        match file {
            b"vmlinuz" => self.has_image = true,
            b"initramfs.img" => self.has_initramfs = true,
            b"modules.dep" => self.has_modules = true,
            _ => {}
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the version and what is below its folder; a file that lies beside such folders is none.
fn module_file(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = path.strip_prefix(b"usr/lib/modules/")?;
    let slash = rest.iter().position(|byte| *byte == b'/')?;
    (slash > 0).then(|| (&rest[..slash], &rest[slash + 1..]))
}

fn unified_image(path: &[u8]) -> Option<&[u8]> {
    let file = path.strip_prefix(b"boot/EFI/Linux/")?;
    (file.ends_with(b".efi") && !file.contains(&b'/')).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_folders_of_modules() {
        let paths: [&[u8]; 9] = [
            b"usr/lib/modules",
            b"usr/lib/modules/6.12.0-1.el10.x86_64/vmlinuz",
            b"usr/lib/modules/6.12.0-1.el10.x86_64/initramfs.img",
            b"usr/lib/modules/6.12.0-1.el10.x86_64/modules.dep",
            b"usr/lib/modules/6.11.0/kernel/fs/xfs/xfs.ko",
            b"usr/lib/modules/readme",
            b"boot/EFI/Linux/6.12.efi",
            b"usr/lib/modules/6.11.0/extra/vmlinuz",
            b"opt/usr/lib/modules/1/vmlinuz",
        ];
        let kernels = Kernels::among(paths);
        let versions: Vec<_> = kernels.modules.iter().map(|kernel| kernel.version.as_str()).collect();
        assert_eq!(versions, ["6.11.0", "6.12.0-1.el10.x86_64"]);
        assert_eq!(kernels.bootable().collect::<Vec<_>>(), ["6.12.0-1.el10.x86_64"]);
        assert!(kernels.modules[1].has_initramfs && kernels.modules[1].has_modules);
        assert_eq!(kernels.unified, ["6.12.efi"]);
    }
}
