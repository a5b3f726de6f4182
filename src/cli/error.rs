//! Everything that can end a command, with its exit status.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use super::exit::ExitStatus;
use crate::book::{BookError, RequestError};
use crate::cluster::ClusterError;
use crate::config::ConfigError;
use crate::generate::GenerateError;
use crate::image::ImageError;
use crate::konflux::SchemaError;
use crate::konflux::step::ReadError as TaskStepError;
use crate::record::StoreError;
use crate::run::RunError;
use crate::tutorial::LoadError;

/// Why a command ended before its work was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the settings cannot be read")]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("no tutorial in {}", in_words(.paths))]
    NoTutorials { paths: Vec<PathBuf> },
    #[error("no YAML file in {}", in_words(.paths))]
    NoObjects { paths: Vec<PathBuf> },
    #[error("`{}` cannot be read", path.display())]
    ReadYaml { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Schemas(#[from] SchemaError),
    #[error("the parameters file `{}` cannot be read", path.display())]
    ParametersFile { path: PathBuf, source: io::Error },
    #[error("the report `{}` cannot be written", path.display())]
    Report { path: PathBuf, source: io::Error },
    #[error("`{}` cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
    #[error("the current folder cannot be found")]
    CurrentFolder(#[source] io::Error),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("nothing is on standard input: mdBook calls this command while it builds a book")]
    NoRequest,
    #[error("standard input cannot be read")]
    Input(#[source] io::Error),
    #[error("`{}` cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the script `{}` cannot be read", path.display())]
    Script { path: PathBuf, source: io::Error },
    #[error(transparent)]
    TaskStep(#[from] TaskStepError),
    #[error("`{}` cannot take a table `[preprocessor.stagebook]`", path.display())]
    BookToml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("no tutorial generates a file")]
    NothingGenerated,
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("`{flag}` is for runs on a cluster")]
    NotOnCluster { flag: &'static str },
    #[error("`{command}` could not be run")]
    Install { command: String, source: io::Error },
    /// Findings were shown already; they say everything.
    #[error("findings were shown")]
    Findings,
}

impl CliError {
    /// Returns the exit status that fits.
    pub(super) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Config(_)
            | Self::Load(_)
            | Self::NoTutorials { .. }
            | Self::NoObjects { .. }
            | Self::ReadYaml { .. }
            | Self::Schemas(_)
            | Self::ParametersFile { .. }
            | Self::Request(_)
            | Self::NoRequest
            | Self::Read { .. }
            | Self::Script { .. }
            | Self::TaskStep(_)
            | Self::BookToml { .. }
            | Self::NothingGenerated
            | Self::NotOnCluster { .. }
            | Self::Findings => ExitStatus::Invalid,
            Self::Book(
                BookError::Read { .. }
                | BookError::Missing { .. }
                | BookError::Empty { .. }
                | BookError::Template { .. },
            ) => ExitStatus::Invalid,
            Self::Book(BookError::Interrupted) => ExitStatus::Interrupted,
            Self::Book(
                BookError::NotOurs { .. }
                | BookError::InTheWay { .. }
                | BookError::Outside { .. }
                | BookError::Busy { .. }
                | BookError::Write { .. }
                | BookError::Listen { .. }
                | BookError::Serve(_)
                | BookError::Ask(_)
                | BookError::Client(_)
                | BookError::Stopped,
            )
            | Self::Report { .. }
            | Self::Write { .. }
            | Self::Output(_)
            | Self::Input(_)
            | Self::CurrentFolder(_)
            | Self::Generate(_)
            | Self::Store(_)
            | Self::Run(_)
            | Self::Cluster(_)
            | Self::Image(_)
            | Self::Install { .. } => ExitStatus::Trouble,
        }
    }

    /// Returns what to do about it, where there is something to do.
    pub(super) fn help(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Image(error) => error.help().map(Cow::Owned),
            other => other.fixed_help().map(Cow::Borrowed),
        }
    }

    fn fixed_help(&self) -> Option<&str> {
        match self {
            Self::Cluster(error) => error.help(),
            Self::NotOnCluster { .. } => {
                Some("add `--engine tekton`, or leave it out to run on this machine")
            }
            Self::NoTutorials { .. } => Some(
                "a tutorial is a Markdown file with a `bash`, `sh`, `zsh` or `console` block; name one: stagebook run README.md",
            ),
            Self::NothingGenerated => {
                Some("give a block that is a file of the repository `file=PATH` and `generate`")
            }
            Self::NoObjects { .. } => Some("name files or folders: stagebook konflux check .tekton"),
            Self::Schemas(_) => {
                Some("name a folder with the definitions of kinds, as `kubectl get crd -o yaml` writes them")
            }
            Self::Request(_) | Self::NoRequest => Some(
                "to add evidence to an mdBook, run `stagebook mdbook-preprocessor install FOLDER` once, then `mdbook build`",
            ),
            Self::Read { .. } => Some("name the folder with `book.toml`"),
            Self::ReadYaml { .. } => Some("name YAML files, or folders of them"),
            Self::BookToml { .. } => Some(
                "add it by hand: `[preprocessor.stagebook]` with `command = \"stagebook mdbook-preprocessor\"`",
            ),
            Self::Book(BookError::Missing { .. } | BookError::Empty { .. }) => {
                Some("name a folder with Markdown, or with a `book.toml`: stagebook book build FOLDER")
            }
            Self::Book(BookError::NotOurs { .. }) => Some("name an empty folder: --output FOLDER"),
            Self::Book(BookError::Busy { .. }) => {
                Some("wait until it has ended, or name another folder: --output FOLDER")
            }
            Self::Book(BookError::InTheWay { .. }) => {
                Some("move it out of the folder, or name another folder: --output FOLDER")
            }
            Self::Book(BookError::Listen { .. }) => Some(
                "another program may have the port: --port NUMBER takes another one, --port 0 any that is free",
            ),
            Self::Book(BookError::Client(_)) => Some(
                "install the certificates of your distribution (`ca-certificates`), or name a file in SSL_CERT_FILE",
            ),
            _ => None,
        }
    }
}

fn in_words(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    paths.join(", ")
}
