//! The callers: each takes the operation that is due next, does it, and notes how long it took.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_mongo::{Collection, Error};
use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::schedule::Schedule;

/// Documents that are there before the load, for reads.
pub const SEEDED: u64 = 1_000;
/// Bytes of a document beside its padding: its length, two names, and so on.
const FRAME: usize = 32;

#[derive(Serialize, Deserialize)]
pub struct Thing {
    #[serde(rename = "_id")]
    number: i64,
    padding: String,
}

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Read,
    Write,
}

/// One operation that came to its end.
pub struct Sample {
    pub sort: Sort,
    /// From when it was due.
    pub response: Duration,
    /// From when its caller began.
    pub service: Duration,
    pub error: Option<Box<Failure>>,
}

/// Why an operation failed.
pub struct Failure {
    pub kind: String,
    pub sentence: String,
    pub may_have_run: bool,
}

/// What all callers share.
pub struct Load {
    things: Collection<Thing>,
    pub schedule: Schedule,
    reads: u8,
    padding: usize,
    next_id: AtomicU64,
    pub in_flight: AtomicUsize,
    /// One for each caller, emptied by the record. So callers don't wait for each other.
    tracks: Vec<Mutex<Vec<Sample>>>,
}

impl Load {
    pub fn new(things: Collection<Thing>, options: &Options) -> Self {
        Self {
            things,
            schedule: Schedule::new(options),
            reads: options.reads,
            padding: padding(options.size),
            next_id: AtomicU64::new(SEEDED),
            in_flight: AtomicUsize::new(0),
            tracks: (0..options.callers).map(|_| Mutex::default()).collect(),
        }
    }

    /// What a caller does, until the time is over.
    pub async fn call(self: Arc<Self>, caller: u32) {
        let mut random = fastrand::Rng::with_seed(caller.into());
        while let Some(due) = self.schedule.next().await {
            let sort = if random.u8(..100) < self.reads { Sort::Read } else { Sort::Write };
            let begin = Instant::now();
            self.in_flight.fetch_add(1, Relaxed);
            let result = match sort {
                Sort::Read => self.read(random.u64(..SEEDED)).await,
                Sort::Write => self.write().await,
            };
            self.in_flight.fetch_sub(1, Relaxed);
            let (response, service) = (due.elapsed(), begin.elapsed());
            let error = result.err().map(Box::new);
            let mut track = self.tracks[caller as usize].lock().unwrap_or_else(PoisonError::into_inner);
            track.push(Sample { sort, response, service, error });
        }
    }

    async fn read(&self, id: u64) -> Result<(), Failure> {
        let found = self.things.find_one(Id { id }).await.map_err(failure)?;
        let missing = || Failure {
            kind: "Missing".into(),
            sentence: format!("document {id} is not there"),
            may_have_run: false,
        };
        found.map(drop).ok_or_else(missing)
    }

    async fn write(&self) -> Result<(), Failure> {
        let thing = thing(self.next_id.fetch_add(1, Relaxed), self.padding);
        self.things.insert_one(&thing).await.map(drop).map_err(failure)
    }

    /// What ended since it was asked last.
    pub fn drain(&self) -> impl Iterator<Item = Sample> {
        self.tracks.iter().flat_map(|track| {
            let mut track = track.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *track)
        })
    }
}

#[derive(Serialize)]
struct Id {
    #[serde(rename = "_id")]
    id: u64,
}

/// Writes the documents that reads find.
pub async fn seed(things: &Collection<Thing>, size: u32) -> actix_mongo::Result<()> {
    let all: Vec<Thing> = (0..SEEDED).map(|number| thing(number, padding(size))).collect();
    // A message may have 48 MB.
    for some in all.chunks((40_000_000 / size as usize).clamp(1, 1_000)) {
        things.insert_many(some).await?;
    }
    Ok(())
}

fn thing(number: u64, padding: usize) -> Thing {
    Thing { number: number as i64, padding: "x".repeat(padding) }
}

fn padding(size: u32) -> usize {
    (size as usize).saturating_sub(FRAME)
}

fn failure(error: Error) -> Failure {
    Failure {
        kind: format!("{:?}", error.kind()),
        sentence: error.to_string(),
        may_have_run: error.may_have_run(),
    }
}
