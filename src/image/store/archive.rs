//! Archives of whole images: an OCI layout in a tar file, or what `docker save` wrote; also compressed.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use super::docker_archive::DockerArchive;
use super::files::{TarFiles, open_regular};
use super::{Layout, Store};
use crate::image::error::ImageError;
use crate::image::layer::{Unpacked, copy_within};

/// Opens an archive at the image of that name, or at the only one; `temporary` is where one that is
/// compressed is unpacked, up to `limit` bytes: what is wanted of it may lie anywhere.
pub(in crate::image) fn open_archive(
    path: &Path,
    name: Option<&str>,
    temporary: &Path,
    limit: u64,
) -> Result<Box<dyn Store>, ImageError> {
    let failed = |source| ImageError::Read { path: path.to_path_buf(), source };
    let file = open_regular(path).map_err(failed)?;
    let file = without_packing(file, temporary, limit).map_err(failed)?;
    let files = TarFiles::list(path, file).map_err(failed)?;
    if files.has("index.json") {
        return Ok(Box::new(Layout::open(Box::new(files), path, name)?));
    }
    if files.has("manifest.json") {
        return Ok(Box::new(DockerArchive::open(Box::new(files), path, name, limit)?));
    }
    Err(ImageError::NoArchive { path: path.to_path_buf() })
}

fn without_packing(mut file: File, temporary: &Path, limit: u64) -> io::Result<File> {
    if let Unpacked::Plain(_) = Unpacked::open(&file)? {
        file.rewind()?;
        return Ok(file);
    }
    file.rewind()?;
    let mut unpacked = tempfile::tempfile_in(temporary)?;
    copy_within(Unpacked::open(file)?, &mut unpacked, limit)?;
    unpacked.rewind()?;
    Ok(unpacked)
}
