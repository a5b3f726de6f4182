//! How long tasks and pipelines may take: written out, as what nobody writes is an hour.

use std::time::Duration;

use crate::plan::PlannedStep;

/// What a task may take besides its steps: until its image is there and its pod runs.
const START: Duration = Duration::from_secs(10 * 60);

/// The longest timeout that is written.
const MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Returns how long a task of these steps may take.
pub(super) fn of_task<'a>(steps: impl Iterator<Item = &'a PlannedStep>) -> Duration {
    steps.fold(START, |sum, step| sum.saturating_add(of_step(step))).min(MOST)
}

fn of_step(step: &PlannedStep) -> Duration {
    let waits = step.retry_delay.saturating_mul(step.tries.saturating_sub(1));
    step.timeout.saturating_mul(step.tries).saturating_add(waits)
}

/// Returns a duration as Go writes it.
pub(super) fn text(duration: Duration) -> String {
    let seconds = duration.min(MOST).as_secs() + u64::from(duration.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        let texts = [5, 65, 3600, 7384].map(|seconds| text(Duration::from_secs(seconds)));
        assert_eq!(texts, ["5s", "1m5s", "1h0m0s", "2h3m4s"]);
        assert_eq!(text(Duration::from_millis(1500)), "2s");
    }
}
