//! How long a server wants to be left alone.

use std::time::Duration;

use hyper::header::{self, HeaderMap};
use jiff::Timestamp;

/// Returns the wait that a `Retry-After` asks for, in seconds or as a time; `None` where nothing is asked for.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let written = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = written.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(written).ok()?.timestamp();
    Some(until.duration_since(Timestamp::now()).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(written: &str) -> Option<Duration> {
        retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, written.parse().unwrap())]))
    }

    #[test]
    fn waits_are_read() {
        assert_eq!(wait("3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        let later = Timestamp::now() + jiff::SignedDuration::from_secs(90);
        let written = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let found = wait(&written).unwrap();
        assert!((80..=90).contains(&found.as_secs()), "{written}: {found:?}");
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
