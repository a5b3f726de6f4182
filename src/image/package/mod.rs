//! Packages of an image, out of the databases of its package managers.
//!
//! Takes what was found in a flattened tree: rpm's database as a file on the disk, those of dpkg and apk as
//! bytes. Gives [`Package`]s, sorted; a name may be there several times, as kernels are. Nothing of the image
//! is run, and no package manager is asked: what reads an image of another system has none of its tools.
//!
//! ```text
//! path in the tree -> Database -- rpmdb.sqlite -> sqlite -> header -+
//!                              -- dpkg status  -> stanzas ----------+-> packages -> compare
//!                              -- apk installed ---------------------+
//! ```
//!
//! What is read comes out of images that nobody vouches for. Every length is held to what is there, and a
//! database with more packages than any system has is refused. Texts are those that stand in the
//! database, control characters among them: who shows them on a terminal quotes them.
//!
//! rpm's other formats are named where they are found and not read: Berkeley DB, which RHEL 8 and older
//! systems have, and ndb, which is SUSE's.

mod apk;
mod compare;
mod database;
mod dpkg;
mod error;
mod header;
mod headers;
mod lines;
mod model;
mod owned;
mod rpm;
mod tags;
mod version;

pub use apk::read_apk;
pub use compare::{Direction, PackageDifference, compare};
pub use database::{Database, DatabaseKind, database_at};
pub use dpkg::{Paragraph, identify_dpkg, read_dpkg, read_paragraphs};
pub use error::{HeaderError, PackageError};
pub use header::{Entry, Header, Kind};
pub use headers::{HeaderDifference, TagDifference, compare_headers};
pub use model::{Manager, Package};
pub use owned::{EachFile, files_of_apk, files_of_dpkg, files_of_rpm};
pub use rpm::{read_rpm, read_rpm_rows};
pub use tags::{is_of_installation, is_scriptlet, tag_name};
pub use version::{compare_apk, compare_debian, compare_rpm, compare_versions};
