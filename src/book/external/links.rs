//! Links of pages, and what is to be said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::ask::Asker;
use super::cache::Cache;
use super::pace::Pace;
use super::verdict::{Network, Verdict};
use crate::book::error::BookError;
use crate::config::Proxies;
use crate::diagnostic::{Finding, Place, sort_by_place};
use crate::expect::Glob;
use crate::http::{Address, Client, ClientOptions, Trust};
use crate::record::Store;

/// So many hosts that all do not answer are no coincidence.
const MANY_HOSTS: usize = 3;

/// How often someone hears how far it has come.
const TICK: Duration = Duration::from_millis(100);

/// A link to another site, where it stands.
#[derive(Debug, Clone)]
pub struct ExternalLink {
    /// As written.
    pub written: String,
    /// Where.
    pub place: Place,
}

/// How links are asked.
#[derive(Debug)]
pub struct LinkOptions<'a> {
    /// Addresses that are left out, as globs.
    pub exclude: &'a [String],
    /// How long a server may take to answer.
    pub timeout: Duration,
    /// The way out.
    pub proxies: Proxies,
    /// Where good answers are kept.
    pub store: &'a Store,
}

/// What was found out about links.
#[derive(Debug, Default)]
pub struct LinkReport {
    /// What is wrong with them.
    pub findings: Vec<Finding>,
    /// How many addresses were asked.
    pub asked: usize,
    /// How many were known to be there from before.
    pub known: usize,
    /// Why nobody could be asked: then nothing is known, and there are no findings about it.
    pub no_network: Option<String>,
    /// Why the answers could not be kept.
    pub not_kept: Option<io::Error>,
}

/// Returns whether a link leads to another site in HTTP.
pub(in crate::book) fn is_asked(written: &str) -> bool {
    let begins =
        |scheme: &str| written.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("//") || begins("http://") || begins("https://")
}

/// Asks whether links are there, each address once. `progress` hears how many of how many were asked.
///
/// # Errors
/// When the machine trusts no authority, or someone interrupts.
pub fn ask_links(
    links: &[ExternalLink],
    options: &LinkOptions<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<LinkReport, BookError> {
    let mut cache = Cache::read(options.store.root(), Timestamp::now());
    let sorted = Sorted::new(links, options.exclude, &cache);
    let mut report = LinkReport { known: sorted.verdicts.len(), ..LinkReport::default() };
    let mut verdicts = sorted.verdicts;
    let mut interrupted = false;
    if !sorted.wanted.is_empty() {
        let client = Client::new(&ClientOptions {
            timeout: options.timeout,
            proxies: options.proxies.clone(),
            trust: Trust::Authorities,
        })?;
        let asked = block_on(ask_all(client, sorted.wanted, progress)).map_err(BookError::Ask)?;
        interrupted = asked.interrupted;
        report.asked = asked.verdicts.len();
        report.no_network = no_network(&asked.verdicts);
        asked.verdicts.iter().for_each(|(address, verdict)| cache.keep(&address.to_string(), verdict));
        report.not_kept = options.store.make_folder().and_then(|()| cache.write()).err();
        verdicts.extend(asked.verdicts);
    }
    if interrupted {
        return Err(BookError::Interrupted);
    }
    if report.no_network.is_some() {
        verdicts.retain(|_, verdict| !matches!(verdict, Verdict::Silent { .. }));
    }
    report.findings = sorted.findings;
    report.findings.extend(sorted.links.iter().filter_map(|(link, address)| {
        let finding = verdicts.get(address)?.finding(&link.written)?;
        Some(finding.at(link.place.clone()))
    }));
    sort_by_place(&mut report.findings);
    Ok(report)
}

/// Links with what is to be done about them.
struct Sorted<'a> {
    /// Those that are asked or known, with their addresses.
    links: Vec<(&'a ExternalLink, Address)>,
    wanted: BTreeSet<Address>,
    /// What is known from before.
    verdicts: BTreeMap<Address, Verdict>,
    /// What is wrong with those that cannot be asked.
    findings: Vec<Finding>,
}

impl<'a> Sorted<'a> {
    fn new(links: &'a [ExternalLink], exclude: &[String], cache: &Cache) -> Self {
        let globs: Vec<Glob> = exclude.iter().map(|pattern| Glob::new(pattern)).collect();
        let mut sorted = Self {
            links: Vec::new(),
            wanted: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            findings: Vec::new(),
        };
        for link in links {
            let address = address_of(&link.written);
            let shown = address.as_ref().map(Address::to_string).unwrap_or_default();
            if globs.iter().any(|glob| glob.matches(&link.written) || glob.matches(&shown)) {
                continue;
            }
            match address {
                Ok(address) => {
                    match cache.get(&shown) {
                        Some(verdict) => drop(sorted.verdicts.insert(address.clone(), verdict)),
                        None => drop(sorted.wanted.insert(address.clone())),
                    }
                    sorted.links.push((link, address));
                }
                Err(finding) => sorted.findings.push(finding.at(link.place.clone())),
            }
        }
        sorted
    }
}

/// Returns the address of a link, or why it is not asked.
fn address_of(written: &str) -> Result<Address, Box<Finding>> {
    let whole = if written.starts_with("//") { format!("https:{written}") } else { written.to_owned() };
    match Address::parse(&whole) {
        Some(address) if address.is_local() => {
            let message = format!("`{written}` is on the reader's own machine, and was not asked");
            Err(Box::new(Finding::note("local-link", message)))
        }
        Some(address) => Ok(address),
        None if !whole.is_ascii() => {
            let message = format!("whether `{written}` is there cannot be told: its host is not in ASCII");
            let finding = Finding::warning("unsure-external-link", message);
            Err(Box::new(finding.help("write the host as DNS has it: `xn--…`")))
        }
        None => {
            let message = format!("`{written}` leads nowhere: it is no address");
            let finding = Finding::error("dead-external-link", message);
            Err(Box::new(finding.help("write it as `https://example.org/page`")))
        }
    }
}

/// What came of asking.
struct Asked {
    verdicts: BTreeMap<Address, Verdict>,
    interrupted: bool,
}

/// Runs to the end; a name that is still looked up then holds nobody up.
fn block_on<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

async fn ask_all(
    client: Client,
    wanted: BTreeSet<Address>,
    progress: &mut dyn FnMut(usize, usize),
) -> io::Result<Asked> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let all = wanted.len();
    let mut under_way = all_under_way(Arc::new(Asker { client, pace: Pace::new() }), wanted);
    let mut verdicts = BTreeMap::new();
    let mut tick = tokio::time::interval(TICK);
    loop {
        let answer = tokio::select! {
            answer = under_way.join_next() => answer,
            _ = interrupt.recv() => return Ok(Asked { verdicts, interrupted: true }),
            _ = terminate.recv() => return Ok(Asked { verdicts, interrupted: true }),
            _ = tick.tick() => {
                progress(verdicts.len(), all);
                continue;
            }
        };
        let Some(answer) = answer else { break };
        let (address, verdict) = answer.map_err(io::Error::other)?;
        verdicts.insert(address, verdict);
        if is_hopeless(&verdicts) {
            break;
        }
    }
    Ok(Asked { verdicts, interrupted: false })
}

fn all_under_way(asker: Arc<Asker>, wanted: BTreeSet<Address>) -> JoinSet<(Address, Verdict)> {
    let ask = |address: Address| {
        let asker = Arc::clone(&asker);
        async move {
            let verdict = asker.ask(&address).await;
            (address, verdict)
        }
    };
    wanted.into_iter().map(ask).collect()
}

/// Returns whether there is no sense in asking more: each would wait for its time to run out.
fn is_hopeless(verdicts: &BTreeMap<Address, Verdict>) -> bool {
    let waits = |verdict: &Verdict| {
        matches!(verdict, Verdict::Silent { network: Network::Down | Network::Doubtful, .. })
    };
    verdicts.values().all(waits) && hosts(verdicts).len() > MANY_HOSTS
}

/// Returns why nobody could be asked, if nobody answered and that is not the hosts' fault.
fn no_network(verdicts: &BTreeMap<Address, Verdict>) -> Option<String> {
    let mut reasons = Vec::new();
    for verdict in verdicts.values() {
        let Verdict::Silent { why, network } = verdict else { return None };
        reasons.push((*network == Network::Down, why));
    }
    let (is_down, why) = reasons.iter().max_by_key(|(is_down, _)| *is_down)?;
    (*is_down || hosts(verdicts).len() >= MANY_HOSTS).then(|| (*why).clone())
}

fn hosts(verdicts: &BTreeMap<Address, Verdict>) -> BTreeSet<&str> {
    verdicts.keys().map(Address::host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(network: Network) -> Verdict {
        Verdict::Silent { why: "silence".to_owned(), network }
    }

    #[track_caller]
    fn check(verdicts: &[Verdict], down: bool) {
        let address = |host| Address::parse(&format!("https://{host}.org/")).unwrap();
        let verdicts =
            verdicts.iter().enumerate().map(|(host, verdict)| (address(host), verdict.clone())).collect();
        assert_eq!(no_network(&verdicts).is_some(), down, "{verdicts:?}");
    }

    #[test]
    fn network_is_missing_when_nobody_answers() {
        let (lost, slow) = (silent(Network::NoSuchHost), silent(Network::Doubtful));
        check(&[], false);
        check(&[lost.clone(), lost.clone()], false);
        check(&[lost.clone(), slow.clone(), lost.clone()], true);
        check(&[silent(Network::Down)], true);
        check(&[silent(Network::Down), Verdict::Gone("refused".to_owned())], false);
        check(&[slow], false);
    }

    #[test]
    fn links_to_other_sites_are_asked_about() {
        for written in ["http://a", "HTTPS://a", "//a/b"] {
            assert!(is_asked(written), "{written}");
        }
        for written in ["mailto:x@a", "/a", "a", "https:a", "ftp://a", ""] {
            assert!(!is_asked(written), "{written}");
        }
    }
}
