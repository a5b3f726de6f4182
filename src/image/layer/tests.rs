//! Layers that were made by hand, byte by byte, and by the programs that people use.

mod by_hand;
mod by_tools;

use std::io;

use super::read::Limits;
use super::{Entry, LayerIndex};
use crate::image::digest::ContentDigest;
use crate::image::path::TreePath;

fn read_within(blob: &[u8], limits: Limits) -> io::Result<LayerIndex> {
    let index = LayerIndex::of(blob, limits)?;
    assert_eq!(index.summary.size, blob.len() as u64, "a blob is read to its end, whatever is in it");
    assert_eq!(index.summary.digest, ContentDigest::of(blob).to_string());
    Ok(index)
}

pub(in crate::image) fn read(blob: &[u8]) -> io::Result<LayerIndex> {
    read_within(blob, Limits::default())
}

#[track_caller]
fn entries(blob: &[u8]) -> Vec<Entry> {
    read(blob).unwrap().entries
}

/// Asserts that an archive is refused, with those words.
#[track_caller]
fn refused(blob: &[u8], said: &str) {
    let error = read(blob).unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}
