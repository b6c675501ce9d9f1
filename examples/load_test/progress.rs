//! The line that shows how it goes: rewritten in place on a terminal, else a line each second.

use std::io::{IsTerminal, Write, stderr};

use crate::record::{Latencies, Marks, Moment, marks};

/// Seconds between two lines where they can't be rewritten.
const PAUSE: f64 = 1.0;
/// Seconds that a line looks back on where it is rewritten, so that it can be read.
const BLINK: f64 = 0.25;

/// On standard error; reports go to standard output.
pub struct Progress {
    is_terminal: bool,
    /// When the last line was written, in seconds from the beginning.
    shown: f64,
    /// Operations and errors since then, and errors since the beginning.
    since: u64,
    errors: u64,
}

impl Progress {
    pub fn new() -> Self {
        Self { is_terminal: stderr().is_terminal(), shown: 0.0, since: 0, errors: 0 }
    }

    /// Shows how it goes, unless the last line is too young: this moment, and the latencies since
    /// then, which are forgotten.
    pub fn show(&mut self, moment: Moment, latencies: &mut Latencies) {
        self.since += moment.reads + moment.writes;
        self.errors += moment.errors;
        let time = moment.at - self.shown;
        let pause = if self.is_terminal { BLINK } else { PAUSE };
        // Moments are not quite as long as they should be.
        if time < pause * 0.95 {
            return;
        }
        let line = self.line(moment, self.since as f64 / time, marks(latencies));
        latencies.reset();
        // Nobody may be reading it.
        let _ = match self.is_terminal {
            true => write!(stderr(), "\r\x1b[K{line}"),
            false => writeln!(stderr(), "{line}"),
        };
        (self.shown, self.since) = (moment.at, 0);
    }

    /// Leaves the last line as it is.
    pub fn finish(&self) {
        if self.is_terminal {
            eprintln!();
        }
    }

    fn line(&self, moment: Moment, rate: f64, marks: Option<Marks>) -> String {
        let (p50, p99) = match marks {
            Some(Marks { p50, p99, .. }) => (format!("{p50:.2} ms"), format!("{p99:.2} ms")),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let Moment { at, in_flight, .. } = moment;
        let errors = self.errors;
        format!(
            "{at:6.1} s {rate:9.0} ops/s   p50 {p50:>10}   p99 {p99:>10}   in flight {in_flight:5}   errors {errors}"
        )
    }
}
