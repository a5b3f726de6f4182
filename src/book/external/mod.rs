//! Links to other sites, asked on request.
//!
//! What comes in: the links of all pages, as they stand there. What goes out: findings for those that
//! lead nowhere, or that nobody could tell about, and how many were asked.
//!
//! ```text
//! links -> addresses, each once (and not those that are left out, or known from the last day)
//!       -> ask: HEAD, else GET; redirects; one more try where a server asks for patience
//!       -> verdict: there, gone, cannot be told, or no network at all
//!       -> findings, at every place of the link
//! ```
//!
//! A server is never pressed: `pace` has two requests to one host and sixteen in all under way, waits
//! where a host says so, and gives up on one that does not answer. What is sent is the address without
//! its fragment, and who asks; no cookie, no referrer, no credentials.
//!
//! A fragment is not looked for: what stands in a page of others is often made by its scripts.

mod ask;
mod cache;
mod links;
mod pace;
mod verdict;

pub(super) use links::is_asked;
pub use links::{ExternalLink, LinkOptions, LinkReport, ask_links};
