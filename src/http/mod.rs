//! Asks other machines, in HTTP.
//!
//! What comes in: a method, an [`Address`] and headers. What goes out: the answer as it is, or an
//! [`HttpError`] that says which part of the way was not passable: the name, the connection, the
//! certificate, the time. There is one [`Client`] for everything that reads from the network, so
//! proxies and the authorities that a machine trusts hold for all of it.
//!
//! Deliberately not here: redirects, retries, caches and credentials. Who asks for a link and who
//! asks a registry want different ones; what both need is how to follow a redirect ([`Address::join`]) and
//! how long a server wants to be left alone ([`retry_after`]).

mod address;
mod client;
mod error;
mod patience;
mod trust;
mod way;

pub use address::Address;
pub use client::{Client, ClientOptions};
pub use error::HttpError;
pub use patience::retry_after;
pub use trust::Trust;
