//! Logins for registries, as containers-auth.json(5) and docker's `config.json` have them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::reference::RegistryReference;
use crate::config::AuthFile;

/// How long a program may take to hand out a login.
const PATIENCE: Duration = Duration::from_secs(30);

/// The user that programs name where the secret is a token to be refreshed.
const TOKEN_USER: &str = "<token>";

/// What docker calls its own registry.
const DOCKER: [&str; 4] =
    ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"];

/// Logins for registries, or the programs that know them.
#[derive(Debug, Default)]
pub struct Credentials {
    files: Vec<Logins>,
}

/// What one file says.
#[derive(Debug)]
struct Logins {
    path: PathBuf,
    text: Written,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Written {
    /// Podman writes `null` where it has none.
    auths: Option<BTreeMap<String, Entry>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

impl fmt::Debug for Written {
    /// Passwords are not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Written").field("creds_store", &self.creds_store).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// A login for a registry, and where it was found.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) secret: Secret,
    /// Where it is from, for messages.
    pub(super) origin: String,
}

/// What proves who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Secret {
    /// A user and a password.
    Password { user: String, password: String },
    /// A token that is exchanged for one that is valid for a short time.
    Refresh(String),
}

impl fmt::Debug for Login {
    /// Secrets are not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Login").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Why a login is not known.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file is not what the manual says.
    #[error("`{}` is not as containers-auth.json(5) has it, in line {line}, column {column}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line. What is wrong there is not told: it may be a password.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A login is not what the manual says.
    #[error("the login for `{key}` in `{}` is not a user, a colon and a password in Base64", path.display())]
    Login {
        /// The file.
        path: PathBuf,
        /// Whose login.
        key: String,
    },
    /// A program that knows logins did not start, or did not end.
    #[error("`{program}`, which `{}` names for logins, did not run", path.display())]
    Helper {
        /// The file.
        path: PathBuf,
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program that knows logins failed.
    #[error("`{program}`, which `{}` names for logins, knows none for `{server}`: {said}", path.display())]
    HelperFailed {
        /// The file.
        path: PathBuf,
        /// The program.
        program: String,
        /// Whose login was asked for.
        server: String,
        /// What it said.
        said: String,
    },
}

impl CredentialsError {
    /// Returns what to do.
    pub fn help(&self) -> String {
        match self {
            Self::Malformed { path, .. } => {
                format!("mend `{}`, or take it away and log in again", path.display())
            }
            Self::Login { key, .. } => format!("log in again with `podman login {key}`"),
            Self::Helper { path, program, .. } | Self::HelperFailed { path, program, .. } => {
                format!("see whether `{program} list` works, or leave it out of `{}`", path.display())
            }
        }
    }
}

impl Credentials {
    /// Reads files with logins; the first that has one for a repository is used for it.
    ///
    /// # Errors
    /// When a file is not what the manual says.
    pub fn parse(files: &[AuthFile]) -> Result<Self, CredentialsError> {
        let files = files.iter().map(|AuthFile { path, text }| {
            if text.trim().is_empty() {
                return Ok(Logins { path: path.clone(), text: Written::default() });
            }
            match serde_json::from_str(text) {
                Ok(text) => Ok(Logins { path: path.clone(), text }),
                Err(error) => Err(CredentialsError::Malformed {
                    path: path.clone(),
                    line: error.line(),
                    column: error.column(),
                }),
            }
        });
        Ok(Self { files: files.collect::<Result<_, _>>()? })
    }

    /// Returns the login for a repository, where there is one. A program may be run for it.
    pub(super) fn login(&self, reference: &RegistryReference) -> Result<Option<Login>, CredentialsError> {
        for file in &self.files {
            if let Some(login) = file.login(reference)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

impl Logins {
    /// A program for the registry goes before what is written, and that before a program for all.
    fn login(&self, reference: &RegistryReference) -> Result<Option<Login>, CredentialsError> {
        let names = names(reference.host());
        if let Some(helper) = names.iter().find_map(|name| self.text.cred_helpers.as_ref()?.get(*name)) {
            return self.ask(helper, &names);
        }
        if let Some((key, entry)) = self.entry(reference)
            && let Some(login) = self.written(key, entry)?
        {
            return Ok(Some(login));
        }
        match &self.text.creds_store {
            Some(helper) if !helper.is_empty() => self.ask(helper, &names),
            _ => Ok(None),
        }
    }

    /// Returns the entry with the longest path of a repository, or that of its registry, however that is written.
    fn entry(&self, reference: &RegistryReference) -> Option<(&String, &Entry)> {
        let (auths, name) = (self.text.auths.as_ref()?, reference.name());
        let mut paths = std::iter::successors(Some(name.as_str()), |path| Some(path.rsplit_once('/')?.0));
        let is_registry = |key: &str| host_of(key).eq_ignore_ascii_case(reference.host());
        paths
            .find_map(|path| auths.get_key_value(path))
            .or_else(|| auths.iter().find(|(key, _)| is_registry(key)))
    }

    fn written(&self, key: &str, entry: &Entry) -> Result<Option<Login>, CredentialsError> {
        let origin = format!("the login for `{key}` in `{}`", self.path.display());
        let login = |secret| Ok(Some(Login { secret, origin }));
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&entry.identitytoken) {
            return login(Secret::Refresh(token));
        }
        if let Some(auth) = given(&entry.auth) {
            let malformed = || CredentialsError::Login { path: self.path.clone(), key: key.to_owned() };
            return login(password(&auth).ok_or_else(malformed)?);
        }
        match (given(&entry.username), given(&entry.password)) {
            (Some(user), Some(password)) => login(Secret::Password { user, password }),
            _ => Ok(None),
        }
    }

    /// Asks a program for the login of a registry by its names.
    fn ask(&self, helper: &str, names: &[&str]) -> Result<Option<Login>, CredentialsError> {
        let program = format!("docker-credential-{helper}");
        let not_run =
            |source| CredentialsError::Helper { path: self.path.clone(), program: program.clone(), source };
        if helper.contains('/') {
            return Err(not_run(io::Error::other("its name is a path")));
        }
        for server in names {
            let said = run(Path::new(&program), server).map_err(not_run)?;
            let failed = |said| CredentialsError::HelperFailed {
                path: self.path.clone(),
                program: program.clone(),
                server: (*server).to_owned(),
                said,
            };
            if let Some(secret) = said.read().map_err(failed)? {
                let origin = format!("the login that `{program}` has for `{server}`");
                return Ok(Some(Login { secret, origin }));
            }
        }
        Ok(None)
    }
}

/// Returns the names under which a registry may be known.
fn names(host: &str) -> Vec<&str> {
    if DOCKER.contains(&host) { DOCKER.to_vec() } else { vec![host] }
}

/// Returns the registry that an entry is for; old ones are written as addresses.
fn host_of(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let host = match bare {
        Some(bare) => bare.split('/').next().unwrap_or_default(),
        None => key,
    };
    if DOCKER.contains(&host) { DOCKER[0] } else { host }
}

fn password(auth: &str) -> Option<Secret> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    // Docker once filled passwords up with zeros.
    Some(Secret::Password { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() })
}

/// What a program said.
struct Said {
    succeeded: bool,
    output: Vec<u8>,
    errors: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Said {
    /// Returns what was handed out, nothing where nothing is known, or what went wrong.
    fn read(&self) -> Result<Option<Secret>, String> {
        let text = String::from_utf8_lossy(&self.output);
        if !self.succeeded {
            if text.contains("credentials not found") {
                return Ok(None);
            }
            let errors = String::from_utf8_lossy(&self.errors);
            let said = [text.trim(), errors.trim()].into_iter().find(|text| !text.is_empty());
            return Err(said.unwrap_or("it failed").to_owned());
        }
        // What it printed may have a password in it, so it is not shown.
        let answer: Answer = serde_json::from_str(&text).map_err(|_| "its answer is no login".to_owned())?;
        Ok(match answer {
            Answer { username, secret } if username.is_empty() && secret.is_empty() => None,
            Answer { username, secret } if username == TOKEN_USER => Some(Secret::Refresh(secret)),
            Answer { username, secret } => Some(Secret::Password { user: username, password: secret }),
        })
    }
}

/// Runs a program that reads the name of a registry from its standard input; what it prints is captured.
fn run(program: &Path, server: &str) -> io::Result<Said> {
    let command = duct::cmd(program, ["get"]).stdin_bytes(server).stdout_capture().stderr_capture();
    let handle = command.unchecked().start()?;
    if handle.wait_timeout(PATIENCE)?.is_none() {
        handle.kill()?;
        return Err(io::Error::new(io::ErrorKind::TimedOut, "it did not answer within 30 seconds"));
    }
    let output = handle.into_output()?;
    Ok(Said { succeeded: output.status.success(), output: output.stdout, errors: output.stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(texts: &[&str]) -> Result<Credentials, CredentialsError> {
        let file = |(number, text): (usize, &&str)| AuthFile {
            path: format!("/{number}.json").into(),
            text: (*text).to_owned(),
        };
        Credentials::parse(&texts.iter().enumerate().map(file).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(texts: &[&str], image: &str, expected: &str) {
        let found = credentials(texts).unwrap().login(&RegistryReference::parse(image).unwrap());
        let shown = match found {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(Login { secret: Secret::Password { user, password }, .. })) => {
                format!("{user}:{password}")
            }
            Ok(Some(Login { secret: Secret::Refresh(token), .. })) => format!("refresh {token}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{image}");
    }

    fn auth(login: &str) -> String {
        format!(r#"{{"auth":"{}"}}"#, STANDARD.encode(login))
    }

    #[test]
    fn longest_path_of_a_repository_is_used() {
        let text = format!(
            r#"{{"auths":{{"a.org":{},"a.org/x":{},"a.org/x/y":{},"a.org:5000":{}}}}}"#,
            auth("host:1"),
            auth("space:2"),
            auth("repository:3:4"),
            auth("port:5\0\0")
        );
        check(&[&text], "a.org/x/y", "repository:3:4");
        check(&[&text], "a.org/x/y/z", "repository:3:4");
        check(&[&text], "a.org/x/z", "space:2");
        check(&[&text], "a.org/xx", "host:1");
        check(&[&text], "a.org:5000/x/y", "port:5");
        check(&[&text], "b.org/x", "nothing");
    }

    #[test]
    fn files_are_asked_in_turn() {
        let first = format!(r#"{{"auths":{{"a.org":{},"b.org":{{}}}}}}"#, auth("a:1"));
        let second = format!(r#"{{"auths":{{"a.org":{},"b.org":{}}}}}"#, auth("a:2"), auth("b:2"));
        check(&[r#"{"auths":null}"#, "", &first, &second], "a.org/x", "a:1");
        check(&[&first, &second], "b.org/x", "b:2");
    }

    #[test]
    fn docker_is_known_by_its_old_names() {
        for key in ["docker.io", "index.docker.io", "https://index.docker.io/v1/"] {
            check(&[&format!(r#"{{"auths":{{"{key}":{}}}}}"#, auth("me:1"))], "busybox", "me:1");
        }
        check(&[&format!(r#"{{"auths":{{"https://a.org/v2/":{}}}}}"#, auth("me:1"))], "a.org/x", "me:1");
        let library = format!(r#"{{"auths":{{"docker.io/library":{}}}}}"#, auth("me:1"));
        check(&[&library], "busybox", "me:1");
        check(&[&library], "me/busybox", "nothing");
    }

    #[test]
    fn logins_come_in_several_forms() {
        check(&[r#"{"auths":{"a.org":{"username":"me","password":"1"}}}"#], "a.org/x", "me:1");
        let token =
            format!(r#"{{"auths":{{"a.org":{{"auth":"{}","identitytoken":"t"}}}}}}"#, STANDARD.encode("0:"));
        check(&[&token], "a.org/x", "refresh t");
        let wrong = "the login for `a.org` in `/0.json` is not a user, a colon and a password in Base64";
        check(&[r#"{"auths":{"a.org":{"auth":"%"}}}"#], "a.org/x", wrong);
        let malformed = credentials(&["{\"auths\":\n{\"a.org\":\"secret\"}}"]).unwrap_err();
        let expected = "`/0.json` is not as containers-auth.json(5) has it, in line 2, column 17";
        assert_eq!(crate::diagnostic::chain(&malformed), expected);
        let debug = format!("{:?}", credentials(&[r#"{"auths":{"a.org":{"password":"secret"}}}"#]));
        assert!(!debug.contains("secret"), "{debug}");
    }

    #[test]
    fn programs_hand_out_logins() {
        let said =
            |succeeded, output: &str| Said { succeeded, output: output.into(), errors: b"why".to_vec() };
        let read = |succeeded, output: &str| said(succeeded, output).read();
        let password = Secret::Password { user: "me".to_owned(), password: "1".to_owned() };
        assert!(read(true, r#"{"ServerURL":"a.org","Username":"me","Secret":"1"}"#) == Ok(Some(password)));
        let token = read(true, r#"{"Username":"<token>","Secret":"t"}"#);
        assert!(token == Ok(Some(Secret::Refresh("t".to_owned()))));
        assert!(read(true, r#"{"Username":"","Secret":""}"#) == Ok(None));
        assert!(read(false, "credentials not found in native keychain\n") == Ok(None));
        assert!(read(false, "") == Err("why".to_owned()));
        assert!(read(true, "secret") == Err("its answer is no login".to_owned()));
    }

    #[test]
    fn program_is_told_the_registry() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-test");
        let script =
            "#!/bin/sh\nread server\necho \"{\\\"Username\\\":\\\"$server\\\",\\\"Secret\\\":\\\"$1\\\"}\"\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let said = loop {
            match run(&program, "a.org") {
                // A child of another test has not closed the file yet that was just written.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
                said => break said.unwrap(),
            }
        };
        let expected = Secret::Password { user: "a.org".to_owned(), password: "get".to_owned() };
        assert!(said.read() == Ok(Some(expected)));
    }

    #[test]
    fn missing_program_is_named() {
        let missing = "`docker-credential-nowhere`, which `/0.json` names for logins, did not run";
        check(&[r#"{"credHelpers":{"a.org":"nowhere"}}"#], "a.org/x", missing);
        check(&[r#"{"credHelpers":{"a.org":"nowhere"}}"#], "b.org/x", "nothing");
        check(&[r#"{"credsStore":"nowhere"}"#], "b.org/x", missing);
        let path = "`docker-credential-a/b`, which `/0.json` names for logins, did not run";
        check(&[r#"{"credsStore":"a/b"}"#], "b.org/x", path);
        let written = format!(r#"{{"auths":{{"b.org":{}}},"credsStore":"nowhere"}}"#, auth("me:1"));
        check(&[&written], "b.org/x", "me:1");
    }
}
