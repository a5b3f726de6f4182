//! Asks registries for images (OCI distribution spec 1.1).
//!
//! What comes in: the name of an image ([`RegistryReference`]), and how it is asked for ([`RegistryOptions`]). What
//! goes out: documents and blobs, each held to its digest and its size ([`Registry`]), or a [`RegistryError`] that
//! says what was asked, who answered what, and with [`RegistryError::help`] what to do.
//!
//! - **Blocking.** A small runtime of its own waits for the network; callers are threads. It goes through the one
//!   client of the room `http`, so proxies and authorities hold here too.
//! - **http or https.** `https` is always tried first. Plain `http`, and certificates that nobody signed, are for
//!   hosts that a person named as insecure, as for podman and skopeo, and for a registry on this machine, as for
//!   docker. There `http` is asked when `https` cannot be spoken.
//! - **Who asks.** Nothing is sent until a registry asks for it. Then logins are looked for as in
//!   containers-auth.json(5), and exchanged for a token where that is wanted; without one a token is asked for as
//!   nobody. A token is used until the registry does not take it any more; then a new one is asked for, once. A
//!   login goes to the registry and to where it gives its tokens, over TLS, never to where a redirect leads.
//! - **Trouble.** What is busy or broken is asked again, as often and as long as [`Patience`] has it; a server
//!   that says how long is believed up to a limit. A blob that breaks off is gone on with where it stopped, and
//!   tries that brought something do not count.
//!
//! Deliberately not here: pushes, short names and mirrors of `registries.conf`, authorities of a single host in
//! `certs.d`, and layers that are kept outside of registries (`urls`).

mod blob;
mod challenge;
mod client;
mod credentials;
mod error;
mod manifest;
mod patience;
mod reach;
mod reference;
mod said;
mod session;
#[cfg(test)]
mod tests;
mod token;

pub use client::{CallOff, Registry, RegistryOptions};
pub use credentials::{Credentials, CredentialsError};
pub use error::RegistryError;
pub use patience::Patience;
pub use reference::{ReferenceError, RegistryReference};
