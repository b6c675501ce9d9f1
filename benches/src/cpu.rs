//! Processor time of this process: user and system, all threads, in nanoseconds.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Exact to the scheduler's own clock; unlike the figures in `/proc/self/stat`, not counted in
/// ticks of 10 ms.
pub fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}
