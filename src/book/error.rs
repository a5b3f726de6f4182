//! What can go wrong with a book as a whole. What is wrong with a page is a finding.

use std::io;
use std::path::PathBuf;

/// Why a book could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// A file of the book cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// There is no such folder.
    #[error("`{}` is no book: there is no such folder", path.display())]
    Missing {
        /// The folder, as it is named.
        path: PathBuf,
    },
    /// The folder is no book.
    #[error("`{}` is no book: it has no page; write a Markdown file, and name it in SUMMARY.md if there is one", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The output folder holds what this program did not write.
    #[error("`{}` is not empty, and was not written by stagebook", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A file that this program did not write has the name of one of the site.
    #[error("`{}` was not written by stagebook, and a page of this site has its name", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// A file of the site would stand beside it.
    #[error("`{}` would be written outside of the site", path.display())]
    Outside {
        /// The file, as it is named.
        path: PathBuf,
    },
    /// Another program writes into the output folder and does not end.
    #[error("another program is writing a site into `{}`, and has not ended in two minutes", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the site cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The preview's address cannot be had.
    #[error("`{address}` cannot be listened on")]
    Listen {
        /// The address.
        address: String,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The preview server cannot go on.
    #[error("the preview cannot be served")]
    Serve(#[source] io::Error),
    /// Links cannot be asked at all.
    #[error("the links cannot be asked")]
    Ask(#[source] io::Error),
    /// Nothing that is safe can be asked.
    #[error(transparent)]
    Client(#[from] crate::http::HttpError),
    /// Someone stopped it while links were asked.
    #[error("interrupted while links were asked; the site is written")]
    Interrupted,
    /// Nobody waits for the site any more.
    #[error("the book changed while it was built")]
    Stopped,
    /// A template is wrong.
    #[error("the template `{name}` cannot be used")]
    Template {
        /// Its name.
        name: String,
        /// What is wrong with it, with its line.
        #[source]
        source: Box<tera::Error>,
    },
}
