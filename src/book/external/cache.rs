//! Answers of the last day, kept below `.stagebook/`.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// How long an address that was there is believed to be there still.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// What this program writes, and all that it reads.
const VERSION: u32 = 1;

/// The addresses that were there. What was not is asked again: someone may have mended it.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    now: Timestamp,
    good: BTreeMap<String, Good>,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    good: BTreeMap<String, Good>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Good {
    asked: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved: Option<String>,
}

impl Cache {
    /// Reads what is kept in a folder. What is damaged or of another version is as good as none.
    pub(super) fn read(folder: &Path, now: Timestamp) -> Self {
        let path = folder.join("links.json");
        let file = std::fs::read(&path).ok().and_then(|json| serde_json::from_slice::<File>(&json).ok());
        let mut good = file.filter(|file| file.version == VERSION).map(|file| file.good).unwrap_or_default();
        good.retain(|_, good| good.asked <= now && now.duration_since(good.asked) < KEPT_FOR);
        Self { path, now, good }
    }

    /// Returns what is known about an address.
    pub(super) fn get(&self, address: &str) -> Option<Verdict> {
        self.good.get(address).map(|good| Verdict::There { moved: good.moved.clone() })
    }

    /// Keeps a verdict, if it is a good one.
    pub(super) fn keep(&mut self, address: &str, verdict: &Verdict) {
        if let Verdict::There { moved } = verdict {
            self.good.insert(address.to_owned(), Good { asked: self.now, moved: moved.clone() });
        }
    }

    /// Writes all that is kept, in one go.
    pub(super) fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().expect("it is a file in a folder");
        let mut file = tempfile::Builder::new().prefix(".links-").tempfile_in(folder)?;
        let json = serde_json::to_vec_pretty(&File { version: VERSION, good: self.good.clone() })?;
        file.write_all(&json)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_answers_are_kept_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2025-05-05T12:00:00Z".parse().unwrap();
        let moved = Verdict::There { moved: Some("https://b/".to_owned()) };
        let mut cache = Cache::read(folder.path(), now);
        cache.keep("https://a/", &moved);
        cache.keep("https://gone/", &Verdict::Gone("x".to_owned()));
        cache.write().unwrap();
        let at = |hours| Cache::read(folder.path(), now + SignedDuration::from_hours(hours));
        assert_eq!(at(23).get("https://a/"), Some(moved));
        assert_eq!(at(23).get("https://gone/"), None);
        assert_eq!(at(24).get("https://a/"), None);
        assert_eq!(at(-1).get("https://a/"), None, "a clock that was wrong");
        for damaged in ["", "{", "[]", "{\"version\": 2, \"good\": {}}"] {
            std::fs::write(folder.path().join("links.json"), damaged).unwrap();
            assert_eq!(at(1).get("https://a/"), None);
        }
    }
}
