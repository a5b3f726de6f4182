//! Layers that were made by hand, byte by byte, and by the programs that people use.

mod by_hand;
mod by_tools;

use std::io;

use super::read::{Keeper, Limits, ReadLayer, read_layer};
use super::{Entry, LayerIndex};
use crate::image::digest::ContentDigest;
use crate::image::path::TreePath;

/// Wants no content.
struct Nothing;

impl Keeper for Nothing {
    fn open(&mut self, _: &TreePath, _: u64) -> io::Result<Option<Box<dyn io::Write>>> {
        Ok(None)
    }

    fn close(&mut self, _: &TreePath, _: ContentDigest) -> io::Result<()> {
        Ok(())
    }
}

fn read_within(blob: &[u8], limits: Limits) -> io::Result<LayerIndex> {
    let ReadLayer { index, digest, size } = read_layer(blob, "sha256:", limits, &mut Nothing);
    assert_eq!(size, blob.len() as u64, "a blob is read to its end, whatever is in it");
    assert_eq!(digest, Some(ContentDigest::of(blob).to_string()));
    index
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
