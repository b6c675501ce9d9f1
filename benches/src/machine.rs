//! The machine: what it is, and how much of it others used while we measured. Linux only in what
//! it finds out; elsewhere it says so.

use std::fs::read_to_string;
use std::ops::Sub;
use std::time::{Duration, Instant};

use rustix::param::clock_ticks_per_second;

/// One line for the head of a report.
pub fn describe() -> String {
    let read = |path| read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let load = load.split(' ').next().unwrap_or_default();
    format!("{model}, {} cores, Linux {}, load {load} at the start", cores(), kernel.trim())
}

/// Processor seconds since the machine's start, or between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    at: f64,
    /// Of all processes
    busy: f64,
    /// That the machine's own host kept from it
    stolen: f64,
    /// Of this process, the children that have ended, and the server
    own: f64,
}

impl Usage {
    /// `server`: the processor time of the server, which has not ended.
    pub fn now(since: Instant, server: Duration) -> Option<Self> {
        let all = read_to_string("/proc/stat").ok()?;
        let process = read_to_string("/proc/self/stat").ok()?;
        let ticks = clock_ticks_per_second() as f64;
        let (busy, stolen) = machine_ticks(&all)?;
        Some(Self {
            at: since.elapsed().as_secs_f64(),
            busy: busy / ticks,
            stolen: stolen / ticks,
            own: process_ticks(&process)? / ticks + server.as_secs_f64(),
        })
    }

    /// Shares of the whole machine: what others used, what the host kept.
    pub fn foreign(&self) -> (f64, f64) {
        let whole = self.at * cores() as f64;
        ((self.busy - self.own).max(0.0) / whole, self.stolen / whole)
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            at: self.at - earlier.at,
            busy: self.busy - earlier.busy,
            stolen: self.stolen - earlier.stolen,
            own: self.own - earlier.own,
        }
    }
}

/// Of another process.
pub fn process_time_of(pid: u32) -> Option<Duration> {
    let process = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(Duration::from_secs_f64(process_ticks(&process)? / clock_ticks_per_second() as f64))
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn machine_ticks(text: &str) -> Option<(f64, f64)> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks[..] else { return None };
    Some((user + nice + system + irq + softirq, steal))
}

/// `utime`, `stime`, `cutime` and `cstime`: fields 14 to 17, the second of all fields being a
/// name in parentheses that may hold anything.
fn process_ticks(text: &str) -> Option<f64> {
    let (_, fields) = text.rsplit_once(") ")?;
    let fields = fields.split(' ').skip(11).take(4);
    let ticks: Vec<f64> = fields.map_while(|word| word.parse().ok()).collect();
    (ticks.len() == 4).then(|| ticks.iter().sum())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_files_are_read_by_position() {
        let stat = "cpu  100 1 20 5000 300 4 5 60 7 8\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(machine_ticks(stat), Some((130.0, 60.0)));
        assert_eq!(machine_ticks("cpu  1 2 3"), None);
        let stat = "42 (a ) b) S 1 42 42 0 -1 0 10 0 0 0 1 20 300 4000 20 0 3 0";
        assert_eq!(process_ticks(stat), Some(4321.0));
        assert_eq!(process_ticks("42 (a) S 1"), None);
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        let cores = cores() as f64;
        let usage = Usage { at: 10.0, busy: 8.0 * cores, stolen: cores, own: 6.0 * cores };
        assert_eq!(usage.foreign(), (0.2, 0.1));
    }
}
