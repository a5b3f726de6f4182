//! One address is asked.

use std::time::Duration;

use hyper::header::{self, HeaderMap};
use hyper::{Method, StatusCode};

use super::pace::{Host, Pace};
use super::verdict::Verdict;
use crate::http::{Address, Client, HttpError, retry_after};

/// The most redirects that are followed.
const REDIRECTS: usize = 10;
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait where a server asks for one and does not say how long.
const WAIT: Duration = Duration::from_secs(2);

/// Asks addresses.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) client: Client,
    pub(super) pace: Pace,
}

/// What matters of an answer.
struct Reply {
    status: StatusCode,
    location: Option<String>,
    /// How long the server wants to be left alone.
    wait: Option<Duration>,
}

impl Asker {
    /// Returns what is known about an address after it was asked.
    pub(super) async fn ask(&self, address: &Address) -> Verdict {
        let (mut at, mut moved, mut is_for_good) = (address.clone(), None, true);
        for _ in 0..=REDIRECTS {
            let reply = match self.reply(&at).await {
                Ok(reply) => reply,
                Err(verdict) if at == *address => return verdict,
                Err(verdict) => return behind(verdict, &at),
            };
            let Some(location) = reply.location.filter(|_| reply.status.is_redirection()) else {
                let verdict = Verdict::of_status(reply.status, moved);
                return if at == *address { verdict } else { behind(verdict, &at) };
            };
            let Some(next) = at.join(&location) else {
                return Verdict::Unsure(format!("it leads on to `{location}`, which is no address"));
            };
            if next.is_local() {
                // No other site has a say in what this machine asks itself.
                return Verdict::Unsure(format!("it leads on to `{next}`, on the machine that asks"));
            }
            is_for_good &= matches!(reply.status.as_u16(), 301 | 308);
            if is_for_good {
                moved = Some(next.to_string());
            }
            at = next;
        }
        Verdict::Unsure(format!("it leads on more than {REDIRECTS} times"))
    }

    /// Asks with HEAD, and with GET where that is not answered well: many servers know only GET.
    async fn reply(&self, address: &Address) -> Result<Reply, Verdict> {
        let host = self.pace.host(address);
        let mut has_waited = false;
        let head = self.exchange(Method::HEAD, address, &host).await;
        match &head {
            Ok(reply) if reply.status.as_u16() < 400 => return head,
            Ok(reply) => has_waited = rest(&host, reply),
            // The connection broke, perhaps because of the method.
            Err(Verdict::Unsure(_)) => {}
            Err(_) => return head,
        }
        let mut reply = self.exchange(Method::GET, address, &host).await?;
        if !has_waited && rest(&host, &reply) {
            reply = self.exchange(Method::GET, address, &host).await?;
        }
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            // It has asked for patience twice: its other addresses are not worth a quarrel.
            host.give_up(&Verdict::of_status(reply.status, None));
        }
        Ok(reply)
    }

    /// Sends a request when its host may be asked, and keeps in mind what that says about the host.
    async fn exchange(&self, method: Method, address: &Address, host: &Host) -> Result<Reply, Verdict> {
        let _leave = self.pace.leave(host).await?;
        match self.client.ask(method, address, HeaderMap::new()).await {
            Ok(answer) => {
                host.answered();
                let text = |name| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
                let wait = retry_after(answer.headers());
                Ok(Reply { status: answer.status(), location: text(header::LOCATION), wait })
            }
            Err(error) => {
                let verdict = Verdict::of_error(&error);
                match error {
                    HttpError::TimedOut(_) => host.timed_out(&verdict),
                    HttpError::Broken(_) => {}
                    // No other of its addresses would get further.
                    _ => host.give_up(&verdict),
                }
                Err(verdict)
            }
        }
    }
}

/// Returns a verdict that says where a redirect led.
fn behind(verdict: Verdict, at: &Address) -> Verdict {
    let led = |why: String| format!("it leads on to `{at}`, and {why}");
    match verdict {
        Verdict::Gone(why) => Verdict::Gone(led(why)),
        Verdict::Unsure(why) => Verdict::Unsure(led(why)),
        Verdict::Silent { why, network } => Verdict::Silent { why: led(why), network },
        there @ Verdict::There { .. } => there,
    }
}

/// Leaves a host alone for as long as it says; returns whether it said so, and may be asked again.
fn rest(host: &Host, reply: &Reply) -> bool {
    let is_asked_for =
        matches!(reply.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if !is_asked_for {
        return false;
    }
    let wait = reply.wait.unwrap_or(WAIT);
    if wait > LONGEST_WAIT {
        host.give_up(&Verdict::of_status(reply.status, None));
        return true;
    }
    host.rest(wait);
    true
}
