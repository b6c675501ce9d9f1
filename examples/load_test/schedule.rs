//! Which operation is due when. With a rate, that is settled before the first one runs, and no
//! slow answer can shift it: callers take the next one that is due, however late they are.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::options::Options;

/// Shared by all callers.
pub struct Schedule {
    begin: Instant,
    /// Nanoseconds after the beginning; lowered by [`stop`](Self::stop).
    length: AtomicU64,
    rate: Option<f64>,
    /// The number of the next operation; counts on beyond the last one.
    next: AtomicU64,
    stopped: Notify,
}

impl Schedule {
    /// Begins now.
    pub fn new(options: &Options) -> Self {
        let length = AtomicU64::new(nanoseconds(options.seconds));
        let (next, stopped) = (AtomicU64::new(0), Notify::new());
        Self { begin: Instant::now(), length, rate: options.rate, next, stopped }
    }

    /// Waits until the next operation is due, and returns the moment from which its latency
    /// counts; `None` once the time is over.
    pub async fn next(&self) -> Option<Instant> {
        let due = self.take()?;
        if due <= Instant::now() {
            return Some(due);
        }
        // Made before the end is looked at again, so that no stop is missed.
        let stopped = self.stopped.notified();
        if due < self.end() {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = stopped => {}
            }
        }
        // The clock wakes a millisecond late. That is ours, and not the server's.
        (due < self.end()).then(Instant::now)
    }

    fn take(&self) -> Option<Instant> {
        let now = Instant::now();
        if now >= self.end() {
            return None;
        }
        let Some(rate) = self.rate else {
            return Some(now);
        };
        let due = self.due(self.next.fetch_add(1, Relaxed), rate);
        (due < self.end()).then_some(due)
    }

    /// What was due and not begun, by how long it had waited when the time was over.
    pub fn left(&self) -> impl Iterator<Item = Duration> {
        let end = self.end();
        let first = self.next.load(Relaxed);
        let due = self.rate.into_iter().flat_map(move |rate| (first..).map(move |n| self.due(n, rate)));
        due.take_while(move |due| *due < end).map(move |due| end - due)
    }

    /// Ends it early.
    pub fn stop(&self) {
        self.length.fetch_min(nanoseconds(self.begin.elapsed()), Relaxed);
        self.stopped.notify_waiters();
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end()
    }

    pub fn begin(&self) -> Instant {
        self.begin
    }

    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.length.load(Relaxed))
    }

    fn end(&self) -> Instant {
        self.begin + self.length()
    }

    fn due(&self, number: u64, rate: f64) -> Instant {
        self.begin + Duration::from_secs_f64(number as f64 / rate)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
