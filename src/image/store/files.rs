//! Files by name: those of a folder, or those of an archive that was not unpacked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::image::digest::Hasher;
use crate::image::error::ImageError;
use crate::image::layer::{MemberKind, TarReader};
use crate::image::path::TreePath;

/// The largest manifest, index or config that is read, in bytes: registries refuse manifests above 4 MiB.
const LARGEST_DOCUMENT: u64 = 16 * 1024 * 1024;

/// How many links one name may lead over in an archive.
const MOST_LINKS: usize = 10;

/// A file that is there.
pub(in crate::image) struct Opened {
    pub(in crate::image) reader: Box<dyn Read + Send>,
    /// Its length in bytes.
    pub(super) length: u64,
}

/// Files that are found by their names.
pub(in crate::image) trait Files: Send + Sync {
    /// Opens a regular file.
    ///
    /// # Errors
    /// Also when there is none.
    fn open(&self, name: &str) -> io::Result<Opened>;

    /// Returns where the file is, for people.
    fn place(&self, name: &str) -> PathBuf;
}

impl dyn Files + '_ {
    /// Opens a file, and says where it is if it cannot.
    pub(super) fn get(&self, name: &str) -> Result<Opened, ImageError> {
        self.open(name).map_err(|source| ImageError::Read { path: self.place(name), source })
    }

    /// Reads a small file.
    pub(super) fn document(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let failed = |source| ImageError::Read { path: self.place(name), source };
        let Opened { reader, length } = self.get(name)?;
        if length > LARGEST_DOCUMENT {
            return Err(failed(io::Error::other("it is larger than 16 MiB")));
        }
        let mut bytes = Vec::new();
        reader.take(LARGEST_DOCUMENT).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Reads a small file whose digest is known.
    pub(super) fn held_document(&self, name: &str, promised: &str) -> Result<Vec<u8>, ImageError> {
        let bytes = self.document(name)?;
        let mut hasher = Hasher::like(promised);
        hasher.update(&bytes);
        let found = hasher.finish();
        if found == promised {
            Ok(bytes)
        } else {
            Err(ImageError::Broken { path: self.place(name), found, promised: promised.to_owned() })
        }
    }

    /// Holds a file to its size in bytes.
    pub(super) fn check_size(&self, name: &str, promised: u64) -> Result<(), ImageError> {
        let found = self.get(name)?.length;
        if found == promised {
            return Ok(());
        }
        let bytes = |count| format!("{count} bytes");
        Err(ImageError::Broken { path: self.place(name), found: bytes(found), promised: bytes(promised) })
    }
}

/// Opens a regular file. A pipe in its place is an error, and not waited for.
pub(in crate::image) fn open_regular(path: &Path) -> io::Result<File> {
    let without_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(without_waiting).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// Reads a file of a folder that is at most as large as a document may be.
pub(in crate::image) fn read_document(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(LARGEST_DOCUMENT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_DOCUMENT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The files of a folder.
#[derive(Debug)]
pub(in crate::image) struct Folder(pub(in crate::image) PathBuf);

impl Files for Folder {
    fn open(&self, name: &str) -> io::Result<Opened> {
        let file = open_regular(&self.0.join(name))?;
        let length = file.metadata()?.len();
        Ok(Opened { reader: Box::new(file), length })
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Where a member of an archive is.
#[derive(Debug, Clone)]
enum Spot {
    File { position: u64, length: u64 },
    Link(TreePath),
}

/// The files of an archive that has no packing, or no longer.
#[derive(Debug)]
pub(super) struct TarFiles {
    /// The archive's name, for people.
    path: PathBuf,
    file: Arc<File>,
    members: HashMap<TreePath, Spot>,
}

impl TarFiles {
    /// Looks where the members of an archive are. None of them is read.
    pub(super) fn list(path: &Path, file: File) -> io::Result<Self> {
        let file = Arc::new(file);
        let length = file.metadata()?.len();
        let mut archive = TarReader::new(Part::new(&file, 0, length));
        let mut members = HashMap::new();
        while let Some(member) = archive.next()? {
            let Ok((name, _)) = TreePath::clean(&member.name) else { continue };
            let spot = match member.kind {
                MemberKind::File if member.is_whole() => {
                    Spot::File { position: member.position, length: member.size }
                }
                MemberKind::File => {
                    let said = format!("`{name}` was put into the archive with `--sparse`");
                    return Err(io::Error::new(io::ErrorKind::Unsupported, said));
                }
                MemberKind::HardLink(target) => match TreePath::clean(&target) {
                    Ok((target, _)) => Spot::Link(target),
                    Err(_) => continue,
                },
                MemberKind::Symlink(target) => {
                    let from = name.parent().unwrap_or_default().join(&target);
                    match TreePath::clean(from.as_bytes()) {
                        Ok((target, _)) => Spot::Link(target),
                        Err(_) => continue,
                    }
                }
                _ => continue,
            };
            archive.leave_out(Part::advance)?;
            members.insert(name, spot);
        }
        Ok(Self { path: path.to_path_buf(), file, members })
    }

    /// Returns whether there is a file of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(&TreePath::new(name))
    }
}

impl Files for TarFiles {
    fn open(&self, name: &str) -> io::Result<Opened> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "the archive has no such file");
        let (mut name, _) = TreePath::clean(name.as_bytes()).map_err(|_| absent())?;
        for _ in 0..MOST_LINKS {
            match self.members.get(&name).ok_or_else(absent)? {
                Spot::Link(target) => name = target.clone(),
                Spot::File { position, length } => {
                    let part = Part::new(&self.file, *position, *length);
                    return Ok(Opened { reader: Box::new(part), length: *length });
                }
            }
        }
        Err(io::Error::other("its links lead in a circle"))
    }

    fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A part of a file, read without moving anything that others use.
struct Part {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Part {
    fn new(file: &Arc<File>, position: u64, length: u64) -> Self {
        Self { file: Arc::clone(file), position, end: position.saturating_add(length) }
    }

    fn advance(&mut self, count: u64) -> io::Result<()> {
        let place = self.position.checked_add(count).filter(|place| *place <= self.end);
        self.position = place.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(())
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let most = rest.min(buffer.len());
        let count = self.file.read_at(&mut buffer[..most], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
