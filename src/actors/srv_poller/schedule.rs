//! When SRV records are looked up again (polling SRV records specification). Plain.

use std::time::Duration;

/// `rescanSRVIntervalMS` is not below this.
pub const LEAST_RESCAN: Duration = Duration::from_secs(60);

/// The times between look-ups, each counted from the end of the one before.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The least time between two that succeed.
    pub least: Duration,
    /// `heartbeatFrequencyMS`: the time after one that failed.
    pub heartbeat: Duration,
}

impl Schedule {
    /// How long to wait after a look-up whose shortest-lived record may be kept so long; `None`
    /// is one that failed, or found no host that may be connected to.
    pub fn pause(&self, ttl: Option<Duration>) -> Duration {
        ttl.map_or(self.heartbeat, |ttl| ttl.max(self.least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttls_count_from_a_minute_on_and_failures_by_the_heartbeat() {
        let schedule = Schedule { least: LEAST_RESCAN, heartbeat: Duration::from_secs(10) };
        let seconds = Duration::from_secs;
        assert_eq!(schedule.pause(Some(seconds(5))), seconds(60));
        assert_eq!(schedule.pause(Some(seconds(86_400))), seconds(86_400));
        assert_eq!(schedule.pause(None), seconds(10));
    }
}
