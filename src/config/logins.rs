//! Where logins for registries are kept, as containers-auth.json(5) has it.

use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigError;

/// A file with logins for registries. What it says is read by who asks registries.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl std::fmt::Debug for AuthFile {
    /// The text has passwords in it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AuthFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl AuthFile {
    /// Reads the files with logins that `podman login`, `skopeo login` and `docker login` write, the first
    /// to be asked first. One that `REGISTRY_AUTH_FILE` names is the only one.
    ///
    /// # Errors
    /// When one that is there cannot be read, or the one that was named is not there.
    pub fn read_all(environment: &Environment) -> Result<Vec<Self>, ConfigError> {
        if let Some(named) = environment.get("REGISTRY_AUTH_FILE").filter(|named| !named.is_empty()) {
            return Ok(vec![Self::read(Path::new(named))?]);
        }
        let files = usual_places(environment).into_iter().map(|path| match Self::read(&path) {
            Err(ConfigError::ReadLogins { source, .. }) if is_absent(&source) => Ok(None),
            file => file.map(Some),
        });
        files.filter_map(Result::transpose).collect()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { path: path.to_owned(), text }),
            Err(source) => Err(ConfigError::ReadLogins { path: path.to_owned(), source }),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns the places where podman, skopeo and docker look for logins, in podman's order.
fn usual_places(environment: &Environment) -> Vec<PathBuf> {
    let folder = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below_home = |path: &str| folder("HOME").map(|home| home.join(path));
    let own = || PathBuf::from(format!("/run/containers/{}", rustix::process::getuid().as_raw()));
    let runtime = folder("XDG_RUNTIME_DIR").map_or_else(own, |folder| folder.join("containers"));
    let config = folder("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let docker = folder("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let places = [
        Some(runtime.join("auth.json")),
        config.map(|folder| folder.join("containers/auth.json")),
        docker.map(|folder| folder.join("config.json")),
    ];
    places.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &Path)]) -> Environment {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.display().to_string()));
        pairs.collect()
    }

    #[test]
    fn logins_are_looked_for_where_container_tools_write_them() {
        let places = usual_places(&environment(&[
            ("XDG_RUNTIME_DIR", Path::new("/run/user/1")),
            ("HOME", Path::new("/home/me")),
        ]));
        let expected = [
            "/run/user/1/containers/auth.json",
            "/home/me/.config/containers/auth.json",
            "/home/me/.docker/config.json",
        ];
        assert_eq!(places, expected.map(PathBuf::from));
        let places = usual_places(&environment(&[
            ("XDG_CONFIG_HOME", Path::new("/config")),
            ("DOCKER_CONFIG", Path::new("/docker")),
        ]));
        assert!(places[0].starts_with("/run/containers"), "{places:?}");
        assert_eq!(places[1..], ["/config/containers/auth.json", "/docker/config.json"].map(PathBuf::from));
    }

    #[test]
    fn file_that_was_named_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs_err::create_dir_all(path("home/.docker")).unwrap();
        fs_err::write(path("home/.docker/config.json"), "docker").unwrap();
        fs_err::write(path("mine.json"), "mine").unwrap();
        let read = |pairs: &[(&str, &Path)]| AuthFile::read_all(&environment(pairs));
        let texts = |files: Vec<AuthFile>| files.into_iter().map(|file| file.text).collect::<Vec<_>>();
        let (home, runtime) = (path("home"), path("nothing"));
        let usual: [(&str, &Path); 2] = [("HOME", &home), ("XDG_RUNTIME_DIR", &runtime)];
        assert_eq!(texts(read(&usual).unwrap()), ["docker"]);
        let named = path("mine.json");
        assert_eq!(texts(read(&[usual[0], usual[1], ("REGISTRY_AUTH_FILE", &named)]).unwrap()), ["mine"]);
        let error = read(&[("REGISTRY_AUTH_FILE", &runtime)]).unwrap_err();
        assert!(error.to_string().contains("nothing"), "{error}");
    }

    #[test]
    fn logins_are_not_shown() {
        let file = AuthFile { path: "auth.json".into(), text: "secret".to_owned() };
        assert!(!format!("{file:?}").contains("secret"));
    }
}
