//! The part of `stagebook book build` that asks other sites.

use std::io;

use super::error::CliError;
use super::printer::Printer;
use super::run::size;
use crate::book::{ExternalLink, LinkOptions, LinkReport, ask_links};
use crate::config::{Environment, Settings};
use crate::diagnostic::plural;
use crate::record::Store;
use crate::report::{Counter, Verbosity, screen};

/// Asks links; a person at a terminal sees how far that has come.
pub(super) fn ask(
    links: &[ExternalLink],
    settings: &Settings,
    store: &Store,
    printer: &Printer,
) -> Result<LinkReport, CliError> {
    let options = LinkOptions {
        exclude: &settings.links.exclude,
        timeout: settings.links.timeout,
        proxies: Environment::read().proxies(),
        store,
    };
    let is_watched = printer.is_terminal() && printer.verbosity() > Verbosity::Quiet;
    let counter = is_watched.then(|| Counter::new(screen(Box::new(io::stderr()), size)));
    let report = ask_links(links, &options, &mut |done, all| {
        if let Some(counter) = &counter {
            counter.show(format!("{done} of {} asked", plural(all, "link")));
        }
    })?;
    Ok(report)
}

/// Tells what came of it, but for the findings; returns whether anybody could be asked.
pub(super) fn tell(report: &LinkReport, printer: &Printer) -> bool {
    if let Some(why) = &report.not_kept {
        printer.warning(&format!("answers of other sites could not be kept: {why}"));
    }
    if let Some(why) = &report.no_network {
        printer.failure(&format!("links to other sites could not be asked: {why}"));
        printer.insist(
            "  help: see whether this machine has a network; behind a proxy, set https_proxy and http_proxy",
        );
        return false;
    }
    printer.say(&format!(
        "{}: {} asked, {} known from the last day",
        plural(report.asked + report.known, "external link"),
        report.asked,
        report.known
    ));
    true
}
