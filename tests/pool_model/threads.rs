//! The locked pool with real entries and many threads: nothing is lost, by count.
//!
//! Each thread is caller, socket and supervisor in turn, so that no actor has to run. It
//! keeps what it is given for a while: most of the time there are more entries than slots.

use std::sync::Arc;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use actix::dev::channel::channel;
use actix::{Actor, Addr, Context, Handler};
use actix_mongo::pool::{
    Answer, Claim, Entry, Lease, LeaseRequest, Limits, Next, Outcome, Pool, PoolOptions, Purpose, Run, Slot,
    SlotControl, Ticket,
};
use actix_mongo::topology::ServerAddress;
use actix_mongo::wire::FrameBuilder;
use actix_mongo::{Error, Kind};
use bson::RawDocumentBuf;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

const THREADS: u64 = 8;
const OPERATIONS: usize = 10_000;

/// Gives a slot its address; its mailbox is dropped at once.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<Entry> for Nobody {
    type Result = ();
    fn handle(&mut self, _: Entry, _: &mut Self::Context) {}
}

impl Handler<SlotControl> for Nobody {
    type Result = ();
    fn handle(&mut self, _: SlotControl, _: &mut Self::Context) {}
}

/// One thread, and what it waits for.
struct Worker {
    pool: Arc<Pool>,
    random: fastrand::Rng,
    answers: Vec<Receiver<Outcome>>,
    leases: Vec<Receiver<Result<Lease, Error>>>,
    tickets: Vec<Ticket>,
    /// What the sockets that it plays have in flight.
    in_flight: Vec<(Arc<Slot>, Entry)>,
    /// Entries that it gave to the pool.
    claimed: usize,
    /// Answers that it no longer waits for.
    abandoned: usize,
    /// Entries that it answered, its own and those of others.
    answered: usize,
}

impl Worker {
    fn new(pool: &Arc<Pool>, seed: u64) -> Self {
        Self {
            pool: Arc::clone(pool),
            random: fastrand::Rng::with_seed(seed),
            answers: Vec::new(),
            leases: Vec::new(),
            tickets: Vec::new(),
            in_flight: Vec::new(),
            claimed: 0,
            abandoned: 0,
            answered: 0,
        }
    }

    fn run(mut self) -> Self {
        for _ in 0..OPERATIONS {
            match self.random.u8(..) {
                0..=99 => self.claim_run(),
                100..=119 => self.claim_lease(),
                120..=209 => self.finish(),
                210..=224 => self.cancel(),
                225..=239 => self.abandon(),
                240..=252 => self.expire(),
                253 => self.renew(),
                _ => self.clear(),
            }
        }
        while !self.in_flight.is_empty() {
            self.finish();
        }
        self
    }

    fn claim_run(&mut self) {
        let (mut run, answer) = Run::new(FrameBuilder::new(8).finish());
        run.exclusive = self.random.u8(..4) == 0;
        run.deadline = Some(Instant::now() + Duration::from_micros(self.random.u64(..500)));
        self.answers.push(answer);
        self.claim(Entry::Run(run));
    }

    fn claim_lease(&mut self) {
        let (wish, answer) = LeaseRequest::new(Purpose::Request);
        self.leases.push(answer);
        self.claim(Entry::Lease(wish));
    }

    fn claim(&mut self, entry: Entry) {
        self.claimed += 1;
        match self.pool.claim(entry, Instant::now) {
            Claim::Taken(slot, entry) => self.serve(&slot, entry),
            Claim::Queued { ticket, grow, .. } => {
                self.tickets.push(ticket);
                if grow {
                    self.supervise();
                }
            }
            Claim::Refused(entry, error) => self.fail(entry, error),
        }
    }

    fn serve(&mut self, slot: &Arc<Slot>, entry: Entry) {
        self.in_flight.push((Arc::clone(slot), entry));
    }

    /// One of the sockets finishes, and goes on with what it is given next.
    fn finish(&mut self) {
        if self.in_flight.is_empty() {
            return;
        }
        let at = self.random.usize(..self.in_flight.len());
        let (slot, entry) = self.in_flight.swap_remove(at);
        self.answer(entry);
        match self.pool.release(&slot, Instant::now) {
            Next::Run(entry) => self.serve(&slot, entry),
            Next::Idle => {}
            Next::Retire => self.supervise(),
        }
        self.more();
    }

    fn answer(&mut self, entry: Entry) {
        self.answered += 1;
        match entry {
            Entry::Run(run) => {
                let reply = Answer {
                    clean: true,
                    body: RawDocumentBuf::new(),
                    server: self.pool.address().clone(),
                    generation: 0,
                    session: None,
                    lease: None,
                    more_to_come: false,
                    deadline: None,
                    attempts: 1,
                };
                // Nobody is there if the caller abandoned it meanwhile.
                let _ = run.answer(Ok(reply));
            }
            Entry::Lease(wish) => wish.answer(Err(Error::new(Kind::Unsupported, "no lease"))),
        }
    }

    fn fail(&mut self, entry: Entry, error: Error) {
        self.answered += 1;
        entry.fail(error);
    }

    fn supervise(&mut self) {
        while let Some(opening) = self.pool.begin_open() {
            if self.random.u8(..8) == 0 {
                if let Some(entry) = self.pool.open_failed(opening) {
                    self.fail(entry, Error::new(Kind::ConnectionFailure, "refused"));
                }
                continue;
            }
            let (sender, _) = channel::<Nobody>(1);
            let address = Addr::new(sender);
            let recipients = (address.clone().recipient(), address.recipient());
            let (id, generation) = (opening.id, opening.generation);
            let slot = Arc::new(Slot::new(id, generation, recipients.0, recipients.1));
            match self.pool.opened(Arc::clone(&slot), Limits::default(), Instant::now()) {
                Next::Run(entry) => self.serve(&slot, entry),
                Next::Idle | Next::Retire => self.more(),
            }
        }
    }

    fn more(&mut self) {
        while let Some((slot, entry)) = self.pool.more() {
            self.serve(&slot, entry);
        }
    }

    fn cancel(&mut self) {
        if let Some(ticket) = self.tickets.pop() {
            if let Some(entry) = self.pool.cancel(ticket) {
                self.fail(entry, Error::new(Kind::Timeout, "cancelled"));
            }
            self.more();
        }
    }

    /// The caller goes without a word.
    fn abandon(&mut self) {
        self.abandoned += usize::from(self.answers.pop().is_some());
    }

    fn expire(&mut self) {
        for entry in self.pool.expire(Instant::now()).0 {
            self.fail(entry, Error::new(Kind::WaitQueueTimeout, "too late"));
        }
        self.more();
    }

    fn clear(&mut self) {
        let interrupt = self.random.bool();
        let cause = Error::new(Kind::AutoReconnect, "reset");
        for entry in self.pool.clear(cause, interrupt).failed {
            self.fail(entry, Error::new(Kind::PoolCleared, "cleared"));
        }
        if self.pool.ready() {
            self.supervise();
        }
    }

    fn renew(&mut self) {
        self.pool.renew();
        self.supervise();
    }
}

/// How the answers of all workers turned out.
#[derive(Debug, Default)]
struct Ends {
    answered: usize,
    /// Dropped by somebody who should have answered.
    lost: usize,
    /// Never answered at all.
    missing: usize,
}

impl Ends {
    fn count<T>(&mut self, kind: Result<Result<T, Kind>, TryRecvError>) {
        match kind {
            Ok(Err(Kind::AutoReconnect)) => self.lost += 1,
            Ok(_) => self.answered += 1,
            Err(_) => self.missing += 1,
        }
    }
}

fn nothing_is_lost(pipeline_depth: usize) {
    let options =
        PoolOptions { max_size: 3, max_queued_requests: 50, pipeline_depth, ..PoolOptions::default() };
    let pool = Arc::new(Pool::new(ServerAddress::new("db", 27017), options));
    pool.ready();
    let workers: Vec<Worker> = std::thread::scope(|scope| {
        let start = |seed| {
            let worker = Worker::new(&pool, seed);
            scope.spawn(|| worker.run())
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        let join = |thread: ScopedJoinHandle<'_, Worker>| thread.join().expect("no panic");
        threads.into_iter().map(join).collect()
    });

    // Every thread has done all it owed, so nobody may be left waiting.
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.queued_bytes), (0, 0), "{stats:?}");
    assert_eq!((stats.in_flight, stats.leased, stats.pending), (0, 0, 0));
    assert_eq!((stats.state, stats.idle), ("ready", stats.total));
    assert!(stats.total <= 3);

    let claimed: usize = workers.iter().map(|worker| worker.claimed).sum();
    let answered: usize = workers.iter().map(|worker| worker.answered).sum();
    let abandoned: usize = workers.iter().map(|worker| worker.abandoned).sum();
    let mut ends = Ends::default();
    for worker in workers {
        for mut answer in worker.answers {
            let outcome = answer.try_recv();
            ends.count(outcome.map(|outcome| outcome.map_err(|failure| failure.error.kind())));
        }
        for mut lease in worker.leases {
            ends.count(lease.try_recv().map(|outcome| outcome.map_err(|error| error.kind())));
        }
    }
    assert_eq!((ends.lost, ends.missing), (0, 0), "{ends:?}");
    assert_eq!(ends.answered + abandoned, claimed);
    // The others were swept from the queue, abandoned.
    assert!(answered <= claimed && claimed - answered <= abandoned);
    assert!(answered > abandoned, "hardly anything happened");
}

#[test]
fn nothing_is_lost_at_depth_one() {
    nothing_is_lost(1);
}

#[test]
fn nothing_is_lost_at_depth_three() {
    nothing_is_lost(3);
}
