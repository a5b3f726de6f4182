//! Finds the project's root and reads its settings file: the only place that does.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::read;
use super::settings::Settings;
use crate::diagnostic::{Finding, Place, Source};

/// The name of the settings file.
pub const SETTINGS_FILE: &str = "stagebook.toml";

impl Settings {
    /// Loads the settings of the project that `start`, a folder, lies in.
    ///
    /// [`find_root`] finds it. Findings are about the file; what it says wrongly keeps
    /// its default.
    pub fn load(start: &Path) -> Result<(Self, Vec<Finding>), ConfigError> {
        let absolute = std::path::absolute(start)
            .map_err(|source| ConfigError::Start { start: start.to_path_buf(), source })?;
        let root = find_root(&absolute);
        let path = root.join(SETTINGS_FILE);
        let mut settings = Self::defaults(&root);
        let findings = match fs_err::read(&path) {
            Ok(bytes) => apply_bytes(shown(&path, &absolute), bytes, &mut settings),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        Ok((settings, findings))
    }
}

/// Returns the root of the project that a folder lies in.
///
/// That is the nearest folder upwards with a `stagebook.toml`, else the nearest with a `.git`,
/// else the folder itself.
pub fn find_root(start: &Path) -> PathBuf {
    let holding = |name: &str| start.ancestors().find(|folder| folder.join(name).exists());
    holding(SETTINGS_FILE).or_else(|| holding(".git")).unwrap_or(start).to_path_buf()
}

/// Returns the path as the user knows it: relative where the file lies below the folder they are in.
fn shown(path: &Path, start: &Path) -> PathBuf {
    path.strip_prefix(start).unwrap_or(path).to_path_buf()
}

fn apply_bytes(path: PathBuf, bytes: Vec<u8>, settings: &mut Settings) -> Vec<Finding> {
    match String::from_utf8(bytes) {
        Ok(text) => read::apply(&Source::new(path, text), settings),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = Place::new(&Source::new(path, text), offset..offset);
            let finding = Finding::error("settings-not-toml", "settings are not UTF-8 text").at(place);
            vec![finding.help("save the file as UTF-8")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_page_shows_the_defaults() {
        let page = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/book/reference/settings.md"));
        assert!(page.unwrap().contains(crate::config::DEFAULT_SETTINGS.trim_end()));
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn nearest_settings_file_is_the_root() {
        let project = folder(&[
            (".git/HEAD", b""),
            ("inner/stagebook.toml", b"tutorials = ['docs']"),
            ("inner/docs/a/b.md", b""),
        ]);
        let (settings, findings) = Settings::load(&project.path().join("inner/docs/a")).unwrap();
        assert_eq!(settings.root, project.path().join("inner"));
        assert_eq!((settings.tutorials, findings.len()), (vec![PathBuf::from("docs")], 0));
    }

    #[test]
    fn repository_is_the_root_where_there_are_no_settings() {
        let project = folder(&[(".git/HEAD", b""), ("docs/a.md", b"")]);
        let (settings, _) = Settings::load(&project.path().join("docs")).unwrap();
        assert_eq!(settings, Settings::defaults(project.path()));
    }

    #[test]
    fn bytes_that_are_not_text_are_a_finding() {
        let project = folder(&[("stagebook.toml", b"[run]\njobs = \xff\n")]);
        let (settings, findings) = Settings::load(project.path()).unwrap();
        assert_eq!(settings, Settings::defaults(project.path()));
        assert_eq!(findings[0].place.as_ref().unwrap().location().to_string(), "stagebook.toml:2:8");
    }

    #[test]
    fn unreadable_settings_are_an_error_that_names_the_file() {
        let project = folder(&[("stagebook.toml/x", b"")]);
        let error = Settings::load(project.path()).unwrap_err();
        assert!(error.to_string().ends_with("stagebook.toml`"), "{error}");
    }
}
