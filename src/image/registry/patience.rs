//! How often something is tried, and how long is waited between.

use std::time::Duration;

/// How often something is tried, and how long is waited between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often something is tried before it is given up.
    pub tries: u32,
    /// The wait before the second try; each later one is twice as long.
    pub first_wait: Duration,
    /// The longest wait, whatever a registry asks for.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 5, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(60) }
    }
}

/// Counts tries.
#[derive(Debug)]
pub(super) struct Tries {
    patience: Patience,
    failed: u32,
}

impl Tries {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, failed: 0 }
    }

    /// Returns how many failed.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// Counts from the beginning again: things go on.
    pub(super) fn forget(&mut self) {
        self.failed = 0;
    }

    /// Notes that a try failed, and waits for the next. Returns whether there is one: none where there were
    /// enough, or where more patience is asked for than there is.
    pub(super) async fn again(&mut self, asked: Option<Duration>) -> bool {
        self.failed += 1;
        if self.failed >= self.patience.tries {
            return false;
        }
        let wait = asked.unwrap_or_else(|| self.wait());
        if wait > self.patience.longest_wait {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }

    /// Returns the wait where none is asked for.
    fn wait(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failed.saturating_sub(1));
        self.patience.first_wait.saturating_mul(doubled).min(self.patience.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut tries = Tries::new(Patience::default());
        let waits = (1..=8).map(|failed| {
            tries.failed = failed;
            tries.wait().as_secs()
        });
        assert_eq!(waits.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
