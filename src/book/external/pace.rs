//! How many requests are under way, and which hosts are left alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::verdict::Verdict;
use crate::http::Address;

/// The most requests that are under way at once.
const AT_ONCE: usize = 16;
/// The most requests to one host that are under way at once.
const AT_ONE_HOST: usize = 2;
/// How often a host that never answered may let the time run out.
const PATIENCE: usize = 2;

/// Lets requests go at a pace that no host minds.
#[derive(Debug)]
pub(super) struct Pace {
    all: Arc<Semaphore>,
    hosts: Mutex<BTreeMap<(String, bool), Arc<Host>>>,
}

/// What is known about a host, in one of the two schemes: one may be refused where the other is not.
#[derive(Debug)]
pub(super) struct Host {
    requests: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Until when it wants to be left alone.
    quiet_until: Option<Instant>,
    /// What is said of all its addresses, without asking.
    given_up: Option<Verdict>,
    has_answered: bool,
    timeouts: usize,
}

/// A request may go as long as this is held.
pub(super) type Leave = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Pace {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), hosts: Mutex::default() }
    }

    /// Returns the host of an address.
    pub(super) fn host(&self, address: &Address) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |is_secure| (address.host().to_owned(), is_secure);
        if let Some(host) = hosts.get(&key(address.is_secure())) {
            return Arc::clone(host);
        }
        let other = hosts.get(&key(!address.is_secure()));
        let requests =
            other.map_or_else(|| Arc::new(Semaphore::new(AT_ONE_HOST)), |other| Arc::clone(&other.requests));
        let host = Arc::new(Host { requests, state: Mutex::default() });
        hosts.insert(key(address.is_secure()), Arc::clone(&host));
        host
    }

    /// Waits until a request to a host may go, or returns what is said of it without one.
    pub(super) async fn leave(&self, host: &Host) -> Result<Leave, Verdict> {
        let closed = "nobody closes the semaphore";
        let one = Arc::clone(&host.requests).acquire_owned().await.expect(closed);
        // Whoever waits for its host's sake does not keep others from asking.
        while let Some(until) = host.quiet()? {
            tokio::time::sleep_until(until).await;
        }
        let all = Arc::clone(&self.all).acquire_owned().await.expect(closed);
        host.quiet()?;
        Ok((one, all))
    }
}

impl Host {
    /// Returns until when it wants to be left alone; an error is what is said of a host that was given up.
    fn quiet(&self) -> Result<Option<Instant>, Verdict> {
        let state = self.state();
        match &state.given_up {
            Some(verdict) => Err(verdict.clone()),
            None => Ok(state.quiet_until.filter(|until| *until > Instant::now())),
        }
    }

    /// Notes that it answered.
    pub(super) fn answered(&self) {
        self.state().has_answered = true;
    }

    /// Leaves it alone for a while.
    pub(super) fn rest(&self, time: Duration) {
        let mut state = self.state();
        state.quiet_until = state.quiet_until.max(Some(Instant::now() + time));
    }

    /// Says this of all its addresses from now on.
    pub(super) fn give_up(&self, verdict: &Verdict) {
        self.state().given_up.get_or_insert_with(|| verdict.clone());
    }

    /// Notes that an answer took too long: a page may be slow, a host that never answers is not there.
    pub(super) fn timed_out(&self, verdict: &Verdict) {
        let mut state = self.state();
        state.timeouts += 1;
        if !state.has_answered && state.timeouts >= PATIENCE {
            state.given_up.get_or_insert_with(|| verdict.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
