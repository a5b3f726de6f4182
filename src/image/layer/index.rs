//! What is in a layer, without its contents.

use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use crate::image::digest::ContentDigest;

/// Version of the form in which an index is kept; another one is made anew.
const FORMAT: u32 = 2;

/// What is in a layer: what it says about which path, in its own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerIndex {
    /// What is known of the layer as a whole.
    pub summary: LayerSummary,
    /// Its members.
    pub entries: Vec<Entry>,
}

/// A layer as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSummary {
    format: u32,
    /// Digest of the blob as it is stored.
    pub digest: String,
    /// Length of the blob in bytes.
    pub size: u64,
    /// Digest of the archive without its packing.
    pub diff_id: ContentDigest,
    /// Length of the archive without its packing, in bytes.
    pub unpacked: u64,
    /// How many members it has.
    pub entries: usize,
    /// What is unusual in it and was read nevertheless.
    pub oddities: Vec<String>,
}

impl LayerSummary {
    pub(super) fn new(digest: String, size: u64, diff_id: ContentDigest, unpacked: u64) -> Self {
        Self { format: FORMAT, digest, size, diff_id, unpacked, entries: 0, oddities: Vec::new() }
    }
}

impl LayerIndex {
    /// Writes an index: a line for the layer, a line for each member, and the digest of these lines.
    pub(in crate::image) fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        let mut hasher = Sha256::new();
        let mut line = serde_json::to_vec(&self.summary)?;
        let mut entries = self.entries.iter();
        loop {
            line.push(b'\n');
            hasher.update(&line);
            writer.write_all(&line)?;
            line.clear();
            match entries.next() {
                Some(entry) => serde_json::to_writer(&mut line, entry)?,
                None => {
                    return serde_json::to_writer(writer, &ContentDigest::finish(hasher)).map_err(Into::into);
                }
            }
        }
    }

    /// Reads an index back; none where it is of another version, or damaged.
    pub(in crate::image) fn read(reader: &mut dyn BufRead) -> Option<Self> {
        let mut lines = Lines { reader, line: Vec::new(), hasher: Sha256::new() };
        let summary: LayerSummary = lines.next()?;
        if summary.format != FORMAT {
            return None;
        }
        // A damaged number asks for nothing.
        let mut entries = Vec::with_capacity(summary.entries.min(1_000_000));
        for _ in 0..summary.entries {
            entries.push(lines.next()?);
        }
        let read = ContentDigest::finish(lines.hasher.clone());
        (lines.next::<ContentDigest>()? == read).then_some(Self { summary, entries })
    }
}

/// Reads lines, and hashes them.
struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    line: Vec<u8>,
    hasher: Sha256,
}

impl Lines<'_> {
    fn next<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line).ok()?;
        self.hasher.update(&self.line);
        serde_json::from_slice(&self.line).ok()
    }
}
