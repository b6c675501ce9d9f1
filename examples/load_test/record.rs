//! What is kept of a load: histograms over all of it, and a row for each moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::load::{Failure, Load, Sample, Sort};
use crate::options::Options;

/// Latencies in microseconds, three digits of each.
pub type Latencies = Histogram<u64>;

/// A load that is over.
pub struct Run {
    pub options: Options,
    /// How long it took until the time was over, and all callers had their last answer.
    pub took: Duration,
    pub reads: Total,
    pub writes: Total,
    /// Of all that succeeded, from when a caller began: what a rate's waits are left out of.
    pub service: Latencies,
    pub moments: Vec<Moment>,
    /// By their kind: how many, and what the first one said.
    pub errors: BTreeMap<String, (u64, String)>,
    /// Inserts that failed and may have been done all the same.
    pub unsure: u64,
    /// Operations that were due, and found no caller free for them.
    pub left: u64,
}

/// Operations of one sort.
#[derive(Clone)]
pub struct Total {
    /// Of those that succeeded, from when they were due.
    pub latencies: Latencies,
    pub errors: u64,
}

/// What happened between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// When it ended, in seconds from the beginning.
    pub at: f64,
    /// How long it was, in seconds.
    pub length: f64,
    pub reads: u64,
    pub writes: u64,
    pub errors: u64,
    pub in_flight: usize,
    /// Latencies in milliseconds; `None` if nothing succeeded.
    pub latencies: Option<Marks>,
}

/// Some points of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// Collects what callers note.
pub struct Record {
    load: Arc<Load>,
    reads: Total,
    writes: Total,
    service: Latencies,
    /// Of the present moment.
    current: Latencies,
    /// Of those since the progress was shown.
    pub since: Latencies,
    moments: Vec<Moment>,
    errors: BTreeMap<String, (u64, String)>,
    unsure: u64,
}

impl Record {
    pub fn new(load: Arc<Load>) -> Self {
        let total = Total { latencies: latencies(), errors: 0 };
        let (reads, writes) = (total.clone(), total);
        let (moments, errors) = (Vec::new(), BTreeMap::new());
        Self {
            load,
            reads,
            writes,
            service: latencies(),
            current: latencies(),
            since: latencies(),
            moments,
            errors,
            unsure: 0,
        }
    }

    /// Ends the present moment.
    pub fn collect(&mut self, now: Instant) -> Moment {
        let load = self.load.clone();
        let at = now.duration_since(load.schedule.begin()).as_secs_f64();
        let before = self.moments.last().map_or(0.0, |last| last.at);
        let in_flight = load.in_flight.load(Relaxed);
        let mut moment = Moment { at, length: at - before, in_flight, ..Moment::default() };
        self.current.reset();
        for sample in load.drain() {
            self.note(&sample, &mut moment);
        }
        moment.latencies = marks(&self.current);
        self.since += &self.current;
        self.moments.push(moment);
        moment
    }

    /// Ends it all.
    pub fn finish(mut self, options: &Options) -> Run {
        self.collect(Instant::now());
        let schedule = &self.load.schedule;
        let took = schedule.begin().elapsed().max(schedule.length());
        // Nobody knows what these would have been. So they count by the share of each sort, and
        // with a usual call after the time that they had waited.
        let usual = Duration::from_micros(self.service.value_at_quantile(0.5));
        let mut left = 0;
        for waited in self.load.schedule.left() {
            let is_read = left % 100 < u64::from(options.reads);
            let total = if is_read { &mut self.reads } else { &mut self.writes };
            total.latencies.saturating_record(microseconds(waited + usual));
            left += 1;
        }
        let Self { reads, writes, service, moments, errors, unsure, .. } = self;
        Run { options: options.clone(), took, reads, writes, service, moments, errors, unsure, left }
    }

    fn note(&mut self, sample: &Sample, moment: &mut Moment) {
        let (total, count) = match sample.sort {
            Sort::Read => (&mut self.reads, &mut moment.reads),
            Sort::Write => (&mut self.writes, &mut moment.writes),
        };
        if let Some(failure) = &sample.error {
            total.errors += 1;
            moment.errors += 1;
            self.unsure += u64::from(sample.sort == Sort::Write && failure.may_have_run);
            let Failure { kind, sentence, .. } = &**failure;
            self.errors.entry(kind.clone()).or_insert_with(|| (0, sentence.clone())).0 += 1;
            return;
        }
        *count += 1;
        let response = microseconds(sample.response);
        total.latencies.saturating_record(response);
        self.current.saturating_record(response);
        self.service.saturating_record(microseconds(sample.service));
    }
}

impl Run {
    /// Operations that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.service.len()
    }

    /// How many documents must have been inserted, and may have been.
    pub fn documents(&self) -> (u64, u64) {
        let sure = self.moments.iter().map(|moment| moment.writes).sum();
        (sure, sure + self.unsure)
    }

    /// Latencies of both sorts.
    pub fn latencies(&self) -> Latencies {
        let mut all = self.reads.latencies.clone();
        all += &self.writes.latencies;
        all
    }
}

/// A latency of a histogram, in milliseconds.
pub fn at(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1000.0
}

/// Its marks, if it has any.
pub fn marks(latencies: &Latencies) -> Option<Marks> {
    let marks = Marks {
        p50: at(latencies, 0.5),
        p90: at(latencies, 0.9),
        p99: at(latencies, 0.99),
        max: at(latencies, 1.0),
    };
    (!latencies.is_empty()).then_some(marks)
}

/// From a microsecond to an hour.
fn latencies() -> Latencies {
    Histogram::new_with_bounds(1, 3_600_000_000, 3)
        .expect("these bounds are in order, and three digits are allowed")
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}
