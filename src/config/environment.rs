//! The variables that the program was started with, and those that steps get.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::settings::Settings;

/// Variables that every step sees with these values, whatever the caller has.
///
/// A page must print the same everywhere, and nothing may wait for a person: the locale,
/// time zone and width are fixed, pagers print, editors leave their file as it is, and
/// git and debconf do not ask. The run adds `HOME`, a fresh folder.
pub const FIXED_ENVIRONMENT: &[(&str, &str)] = &[
    ("LC_ALL", "C.UTF-8"),
    ("LANG", "C.UTF-8"),
    ("TZ", "UTC"),
    ("COLUMNS", "80"),
    ("LINES", "24"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("SYSTEMD_PAGER", "cat"),
    ("EDITOR", "true"),
    ("VISUAL", "true"),
    ("GIT_EDITOR", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("DEBIAN_FRONTEND", "noninteractive"),
];

/// Variables of the caller that every step sees: who and where, the way out, and certificates.
const PASSED: &[&str] = &[
    "PATH",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
];

/// Rust's folders: the variable that names one, and where it is below `HOME` otherwise.
const TOOL_HOMES: &[(&str, &str)] = &[("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")];

const PARAMETER_PREFIX: &str = "STAGEBOOK_PARAM_";

/// Returns the variable that gives a parameter its value: `STAGEBOOK_PARAM_BASE_IMAGE` for `base_image`.
pub fn parameter_variable(parameter: &str) -> String {
    format!("{PARAMETER_PREFIX}{}", parameter.to_uppercase())
}

/// A system that runs pipelines and reads annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
}

/// The proxies that requests go through; empty is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http`.
    pub http: String,
    /// For `https`.
    pub https: String,
    /// For both, where nothing else is said.
    pub all: String,
    /// Hosts that are reached without one, with commas between.
    pub none_for: String,
}

impl fmt::Debug for Proxies {
    /// Proxies may have passwords in them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxies").field("none_for", &self.none_for).finish_non_exhaustive()
    }
}

/// The variables that the program was started with, as they were at one moment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Reads the variables of this process.
    ///
    /// One whose name or value is not UTF-8 is left out: no table or page could name it.
    pub fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// Returns a variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns the folder for what can be made again (XDG Base Directory Specification).
    pub fn cache_folder(&self) -> Option<PathBuf> {
        let named = self.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        named.or_else(|| Some(Path::new(self.get("HOME").filter(|home| !home.is_empty())?).join(".cache")))
    }

    /// Returns the values for parameters, by the whole name of their variable.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        self.select(|name| name.starts_with(PARAMETER_PREFIX))
    }

    /// Returns the variables that begin with a prefix, without it.
    pub fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let named = |(name, value): (String, String)| Some((name.strip_prefix(prefix)?.to_owned(), value));
        self.variables.clone().into_iter().filter_map(named).collect()
    }

    /// Returns the value of a variable that a page declares secret.
    pub fn secret(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Returns the proxies that are named; as for curl, in small letters or large.
    pub fn proxies(&self) -> Proxies {
        let either = |name: &str| {
            let value = self.get(name).or_else(|| self.get(&name.to_uppercase()));
            value.unwrap_or_default().to_owned()
        };
        Proxies {
            http: either("http_proxy"),
            https: either("https_proxy"),
            all: either("all_proxy"),
            none_for: either("no_proxy"),
        }
    }

    /// Returns the pipeline system that the program runs in, where there is one that we know.
    pub fn detect_ci(&self) -> Option<Ci> {
        if self.get("GITHUB_ACTIONS") == Some("true") {
            Some(Ci::GitHub)
        } else if self.get("GITLAB_CI") == Some("true") {
            Some(Ci::GitLab)
        } else {
            None
        }
    }

    /// Returns the folder into which the pipeline system checked the repository out.
    pub fn ci_checkout(&self) -> Option<&Path> {
        let variable = match self.detect_ci()? {
            Ci::GitHub => "GITHUB_WORKSPACE",
            Ci::GitLab => "CI_PROJECT_DIR",
        };
        self.get(variable).map(Path::new)
    }

    /// Returns the variables of the caller that steps see: an allow-list, and `pass-env`.
    ///
    /// [`FIXED_ENVIRONMENT`] and the plan's own variables go over these.
    pub fn base_environment(&self, settings: &Settings) -> BTreeMap<String, String> {
        let passed = |name: &str| {
            let mut patterns = settings.run.pass_env.iter();
            PASSED.contains(&name) || patterns.any(|pattern| matches_pattern(name, pattern))
        };
        let mut variables = self.select(passed);
        self.add_tool_homes(&mut variables);
        variables
    }

    /// Names the folders that rustup and cargo would look for below `HOME`.
    ///
    /// Steps get a fresh `HOME`, in which the `cargo` on `PATH` (a proxy of rustup) finds no
    /// toolchain and every build downloads its crates again.
    fn add_tool_homes(&self, variables: &mut BTreeMap<String, String>) {
        let Some(home) = self.get("HOME").map(Path::new).filter(|home| home.is_absolute()) else { return };
        for (name, folder) in TOOL_HOMES {
            let path = home.join(folder);
            if !variables.contains_key(*name) && path.is_dir() {
                variables.insert((*name).to_owned(), path.to_string_lossy().into_owned());
            }
        }
    }

    fn select(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let pairs = self.variables.iter().filter(|(name, _)| wanted(name));
        pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<Pairs: IntoIterator<Item = (String, String)>>(pairs: Pairs) -> Self {
        Self { variables: pairs.into_iter().collect() }
    }
}

fn matches_pattern(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check_passed(pass_env: &[&str], pairs: &[(&str, &str)], expected: &[&str]) {
        let mut settings = Settings::defaults("/project");
        settings.run.pass_env = pass_env.iter().map(|&pattern| pattern.to_owned()).collect();
        let variables = environment(pairs).base_environment(&settings);
        assert_eq!(variables.keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_named_variables_reach_steps() {
        let pairs = [("PATH", "/bin"), ("AWS_KEY", "k"), ("KUBECONFIG", "c"), ("LS_COLORS", "x")];
        check_passed(&[], &pairs, &["PATH"]);
        check_passed(&["AWS_KEY"], &pairs, &["AWS_KEY", "PATH"]);
        check_passed(&["KUBE*", "nothing"], &pairs, &["KUBECONFIG", "PATH"]);
        check_passed(&["*"], &pairs, &["AWS_KEY", "KUBECONFIG", "LS_COLORS", "PATH"]);
    }

    #[test]
    fn folders_of_rust_are_named_where_they_exist() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir(home.path().join(".cargo")).unwrap();
        let home = home.path().to_str().unwrap();
        check_passed(&[], &[("HOME", home)], &["CARGO_HOME"]);
        check_passed(&[], &[("HOME", "/nowhere")], &[]);
        let kept = environment(&[("HOME", home), ("CARGO_HOME", "/mine")]);
        assert_eq!(kept.base_environment(&Settings::defaults("/"))["CARGO_HOME"], "/mine");
    }

    #[test]
    fn parameters_are_found_by_their_variable() {
        assert_eq!(parameter_variable("base_image"), "STAGEBOOK_PARAM_BASE_IMAGE");
        let environment = environment(&[("STAGEBOOK_PARAM_BASE_IMAGE", "debian"), ("PATH", "/bin")]);
        assert_eq!(environment.parameters().get(&parameter_variable("base_image")).unwrap(), "debian");
        assert_eq!(environment.parameters().len(), 1);
    }

    #[test]
    fn proxies_are_named_in_either_case_and_not_shown() {
        let environment = environment(&[
            ("https_proxy", "http://me:secret@proxy:1"),
            ("HTTPS_PROXY", "x"),
            ("NO_PROXY", "a,b"),
        ]);
        let proxies = environment.proxies();
        assert_eq!((proxies.https.as_str(), proxies.none_for.as_str()), ("http://me:secret@proxy:1", "a,b"));
        assert!(!format!("{proxies:?}").contains("secret"));
    }

    #[test]
    fn pipeline_systems_are_told_apart() {
        assert_eq!(environment(&[("GITHUB_ACTIONS", "true")]).detect_ci(), Some(Ci::GitHub));
        assert_eq!(environment(&[("GITLAB_CI", "true")]).detect_ci(), Some(Ci::GitLab));
        assert_eq!(environment(&[("GITHUB_ACTIONS", "")]).detect_ci(), None);
    }

    #[test]
    fn fixed_variables_are_named_once() {
        let names: std::collections::BTreeSet<_> = FIXED_ENVIRONMENT.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), FIXED_ENVIRONMENT.len());
        assert!(PASSED.iter().all(|name| !names.contains(name)), "a fixed variable is never passed");
    }
}
