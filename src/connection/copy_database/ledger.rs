//! What a copy has done so far. Its lanes write it, whoever watches the copy reads it. Plain:
//! time comes in as an argument.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{CollectionCopy, CopyReport};

/// How far a copy is, at one moment. Its text is one line for people: `3 of 20 collections,
/// 41200 of 50000 documents (82 %), 3.1 MB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyProgress {
    /// Collections that are to be copied; 0 as long as the source was not asked.
    pub collections: u64,
    /// Those of them that are complete, with their indexes.
    pub collections_complete: u64,
    /// Documents that the source said it has, when it was asked before the first was copied;
    /// at least [`documents`](Self::documents), should there be more by now.
    pub documents_expected: u64,
    /// Documents that the target has acknowledged.
    pub documents: u64,
    /// Bytes of those documents.
    pub bytes: u64,
    /// Indexes that the target has acknowledged, beside those of `_id`.
    pub indexes: u64,
    /// Views that were made.
    pub views: u64,
    /// Since the first poll.
    pub elapsed: Duration,
}

impl fmt::Display for CopyProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collections, collections_complete, documents, documents_expected, bytes, .. } = self;
        write!(f, "{collections_complete} of {collections} collections, ")?;
        write!(f, "{documents} of {documents_expected} documents")?;
        if let Some(percent) = documents.saturating_mul(100).checked_div(*documents_expected) {
            write!(f, " ({percent} %)")?;
        }
        write!(f, ", {:.1} MB", *bytes as f64 / 1e6)
    }
}

/// The same ledger for all who write and read it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    report: CopyReport,
    /// The sums of the report, but for times: there may be many collections, and whoever
    /// watches asks after each change.
    sums: CopyProgress,
    begun: Option<Instant>,
    /// When each collection of the report was begun.
    started: Vec<Option<Instant>>,
    over: bool,
    /// Raised with each change.
    version: u64,
    /// Insertions that were sent and not answered yet.
    inserting: usize,
    /// Something failed: nothing new is to be begun.
    stopping: bool,
}

impl Ledger {
    /// The copy begins.
    pub fn begin(&self, now: Instant) {
        self.change(|state| state.begun = Some(now));
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.lock().begun.is_some()
    }

    /// These collections are to be copied; from now on they are known by their index.
    pub fn plan<'a>(&self, names: impl Iterator<Item = &'a str>, skipped: Vec<String>) {
        self.change(|state| {
            let one = |name: &str| CollectionCopy { name: name.to_owned(), ..Default::default() };
            state.report.collections = names.map(one).collect();
            state.report.skipped = skipped;
            state.started = vec![None; state.report.collections.len()];
            state.sums.collections = state.started.len() as u64;
        });
    }

    /// The source has about so many documents more.
    pub fn expect(&self, documents: u64) {
        self.change(|state| add(&mut state.sums.documents_expected, documents));
    }

    /// The documents of a collection are begun.
    pub fn started(&self, index: usize, now: Instant) {
        self.change(|state| {
            if let Some(started) = state.started.get_mut(index) {
                *started = Some(now);
            }
        });
    }

    /// The target has acknowledged documents.
    pub fn inserted(&self, index: usize, documents: u64, bytes: u64) {
        self.collection(index, |collection, sums| {
            add(&mut collection.documents, documents);
            add(&mut collection.bytes, bytes);
            add(&mut sums.documents, documents);
            add(&mut sums.bytes, bytes);
        });
    }

    /// The target has acknowledged indexes.
    pub fn indexed(&self, index: usize, indexes: u64) {
        self.collection(index, |collection, sums| {
            add(&mut collection.indexes, indexes);
            add(&mut sums.indexes, indexes);
        });
    }

    /// All of a collection is there.
    pub fn completed(&self, index: usize, now: Instant) {
        self.change(|state| {
            let started = state.started.get_mut(index).and_then(Option::take);
            if let Some(collection) = state.report.collections.get_mut(index) {
                collection.complete = true;
                collection.duration = started.map_or(Duration::ZERO, |started| now - started);
                state.sums.collections_complete += 1;
            }
        });
    }

    /// A view was made.
    pub fn viewed(&self, name: &str) {
        self.change(|state| {
            state.report.views.push(name.to_owned());
            state.sums.views += 1;
        });
    }

    /// Nothing more will come; all times stand still from now on.
    pub fn end(&self, now: Instant) {
        self.change(|state| {
            state.report = state.report_at(now);
            state.started.fill(None);
            state.over = true;
        });
    }

    /// Has all lanes stop before their next insertion.
    pub fn stop(&self) {
        self.lock().stopping = true;
    }

    /// An insertion is sent; `None` if none is to be any more.
    pub fn insertion(&self) -> Option<Insertion> {
        let mut state = self.lock();
        if state.stopping {
            return None;
        }
        state.inserting += 1;
        Some(Insertion(self.clone()))
    }

    /// Whether an insertion was sent and not answered yet.
    pub fn is_inserting(&self) -> bool {
        self.lock().inserting > 0
    }

    /// What was done until now.
    pub fn report(&self, now: Instant) -> CopyReport {
        self.lock().report_at(now)
    }

    /// A number that is another one after each change.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// The same in short.
    pub fn progress(&self, now: Instant) -> CopyProgress {
        let state = self.lock();
        let documents_expected = state.sums.documents_expected.max(state.sums.documents);
        CopyProgress { documents_expected, elapsed: state.elapsed(now), ..state.sums }
    }

    fn collection(&self, index: usize, change: impl FnOnce(&mut CollectionCopy, &mut CopyProgress)) {
        self.change(|state| {
            if let Some(collection) = state.report.collections.get_mut(index) {
                change(collection, &mut state.sums);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.version += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn elapsed(&self, now: Instant) -> Duration {
        match self.begun {
            Some(begun) if !self.over => now - begun,
            _ => self.report.duration,
        }
    }

    fn report_at(&self, now: Instant) -> CopyReport {
        let mut report = CopyReport { duration: self.elapsed(now), ..self.report.clone() };
        for (collection, started) in report.collections.iter_mut().zip(&self.started) {
            if let Some(started) = started {
                collection.duration = now - *started;
            }
        }
        report
    }
}

/// Servers may say anything.
fn add(sum: &mut u64, count: u64) {
    *sum = sum.saturating_add(count);
}

/// An insertion under way, until it is dropped.
#[derive(Debug)]
pub struct Insertion(Ledger);

impl Drop for Insertion {
    fn drop(&mut self) {
        self.0.lock().inserting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> (Ledger, Instant) {
        let (ledger, now) = (Ledger::default(), Instant::now());
        ledger.begin(now);
        ledger.plan(["a", "b"].into_iter(), vec!["system.profile".to_owned()]);
        (ledger, now)
    }

    #[test]
    fn progress_and_report_agree() {
        let (ledger, now) = planned();
        let later = |seconds| now + Duration::from_secs(seconds);
        ledger.expect(10);
        ledger.started(0, later(1));
        ledger.inserted(0, 4, 400);
        ledger.inserted(0, 2, 200);
        ledger.indexed(0, 1);
        ledger.completed(0, later(3));
        ledger.started(1, later(3));
        ledger.viewed("v");
        let progress = ledger.progress(later(4));
        assert_eq!(progress.to_string(), "1 of 2 collections, 6 of 10 documents (60 %), 0.0 MB");
        assert_eq!((progress.bytes, progress.indexes, progress.views), (600, 1, 1));
        let report = ledger.report(later(4));
        assert_eq!((report.documents(), report.bytes(), report.indexes()), (6, 600, 1));
        assert_eq!((report.duration, progress.elapsed), (Duration::from_secs(4), Duration::from_secs(4)));
        let times: Vec<u64> = report.collections.iter().map(|one| one.duration.as_secs()).collect();
        assert_eq!((times, report.skipped), (vec![2, 1], vec!["system.profile".to_owned()]));
    }

    #[test]
    fn after_the_end_no_time_goes_on() {
        let (ledger, now) = planned();
        ledger.started(1, now);
        ledger.end(now + Duration::from_secs(2));
        let report = ledger.report(now + Duration::from_secs(9));
        assert_eq!(report.duration, Duration::from_secs(2));
        assert_eq!(report.collections[1].duration, Duration::from_secs(2));
        assert_eq!(ledger.progress(now + Duration::from_secs(9)).elapsed, Duration::from_secs(2));
    }

    #[test]
    fn more_documents_than_expected_are_expected() {
        let (ledger, now) = planned();
        assert_eq!(ledger.progress(now).to_string(), "0 of 2 collections, 0 of 0 documents, 0.0 MB");
        ledger.expect(1);
        ledger.inserted(1, 5, 0);
        assert_eq!(ledger.progress(now).documents_expected, 5);
    }

    #[test]
    fn each_change_is_a_new_version_and_a_stop_lets_insertions_end() {
        let (ledger, _) = planned();
        let before = ledger.version();
        ledger.inserted(0, 1, 1);
        assert_ne!(ledger.version(), before);
        let insertion = ledger.insertion();
        ledger.stop();
        assert!(ledger.is_inserting() && ledger.insertion().is_none());
        drop(insertion);
        assert!(!ledger.is_inserting());
    }
}
