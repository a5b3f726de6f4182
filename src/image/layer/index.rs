//! What is in a layer, without its contents.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::image::digest::ContentDigest;

/// Version of the form in which an index is kept; another one is made anew.
const FORMAT: u32 = 1;

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
    /// Writes an index: a line for the layer, and a line for each member.
    pub(in crate::image) fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *writer, &self.summary)?;
        for entry in &self.entries {
            writer.write_all(b"\n")?;
            serde_json::to_writer(&mut *writer, entry)?;
        }
        writer.write_all(b"\n")
    }

    /// Reads an index back; none where it is of another version, or damaged.
    pub(in crate::image) fn read(reader: &mut dyn BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let summary: LayerSummary = serde_json::from_str(&line).ok()?;
        if summary.format != FORMAT {
            return None;
        }
        // A damaged number asks for nothing.
        let mut entries = Vec::with_capacity(summary.entries.min(1_000_000));
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                break;
            }
            entries.push(serde_json::from_str(&line).ok()?);
        }
        (entries.len() == summary.entries).then_some(Self { summary, entries })
    }
}
