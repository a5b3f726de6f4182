//! The preview of a book: a server that shows it as it is now, while it is written.
//!
//! ```text
//! watch: what changed on the disk -> a channel
//!   -> rebuild: pages at once, everything else when it is quiet -> the site's folder
//!   -> live: what changed in the site, and what is wrong -> events
//!   -> server: files of the site's folder, and the stream of events
//! ```
//!
//! A page that was saved is written before anything else of the book, and its readers are told. The
//! whole book follows in the background and stops as soon as something else is saved: every page is
//! made from what is on the disk, so nothing is lost by that. The site's files are those of a build:
//! the script that reloads a page is added when the page is served.
//!
//! The server reads and never writes. It answers to names of this machine alone, so that no page of the
//! web can read the book through a name of its own that leads here.

mod host;
mod live;
mod rebuild;
mod server;
mod watch;

pub use rebuild::{Notice, Workshop};
pub use server::{ServeOptions, serve};
