//! The pool with real entries and slots whose sockets nobody runs.

mod entry;
mod pool;
mod renewal;
mod service;

use std::sync::Arc;
use std::time::Instant;

use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Context, Handler};
use tokio::sync::oneshot;

use super::*;
use crate::wire::FrameBuilder;

/// A socket that never runs: what it is sent stays in its mailbox.
struct Still;

impl Actor for Still {
    type Context = Context<Self>;
}

impl Handler<Entry> for Still {
    type Result = ();
    fn handle(&mut self, _: Entry, _: &mut Self::Context) {}
}

impl Handler<SlotControl> for Still {
    type Result = ();
    fn handle(&mut self, _: SlotControl, _: &mut Self::Context) {}
}

/// A pool, and the mailboxes of its sockets.
struct Fixture {
    pool: Arc<Pool>,
    mailboxes: Vec<AddressReceiver<Still>>,
    /// Of those requests whose answers a test does not look at.
    answers: Vec<oneshot::Receiver<Outcome>>,
    now: Instant,
}

impl Fixture {
    fn new(options: PoolOptions) -> Self {
        let pool = Pool::new(ServerAddress::new("db", 27017), options);
        pool.ready();
        Self { pool: Arc::new(pool), mailboxes: Vec::new(), answers: Vec::new(), now: Instant::now() }
    }

    fn of_size(max_size: usize) -> Self {
        Self::new(PoolOptions { max_size, ..PoolOptions::default() })
    }

    fn slot(&mut self, opening: Opening) -> Arc<Slot> {
        let (sender, mailbox) = channel::<Still>(16);
        self.mailboxes.push(mailbox);
        let address = Addr::new(sender);
        Arc::new(Slot::new(opening.id, opening.generation, address.clone().recipient(), address.recipient()))
    }

    /// Opens one socket for the entry that waits for it.
    fn open(&mut self) -> (Arc<Slot>, Next) {
        let opening = self.pool.begin_open().expect("a socket is wanted");
        let slot = self.slot(opening);
        let next = self.pool.opened(Arc::clone(&slot), Limits::default(), self.now);
        (slot, next)
    }

    fn claim(&self, entry: Entry) -> Claim {
        self.pool.claim(entry, || self.now)
    }

    fn release(&self, slot: &Slot) -> Next {
        self.pool.release(slot, || self.now)
    }

    /// One idle socket.
    fn idle_slot(&mut self) -> Arc<Slot> {
        let (entry, answer) = run();
        self.queue(entry);
        let (slot, next) = self.open();
        assert!(matches!(next, Next::Run(_)));
        assert!(matches!(self.release(&slot), Next::Idle));
        drop(answer);
        slot
    }

    fn queue(&self, entry: Entry) -> Ticket {
        match self.claim(entry) {
            Claim::Queued { ticket, .. } => ticket,
            other => panic!("not queued: {other:?}"),
        }
    }

    fn refused(&self, entry: Entry) -> Error {
        match self.claim(entry) {
            Claim::Refused(_, error) => error,
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// A request of a few bytes, and where its answer arrives.
fn run() -> (Entry, oneshot::Receiver<Outcome>) {
    let mut frame = FrameBuilder::new(16);
    frame.elements();
    let (run, answer) = Run::new(frame.finish());
    (Entry::Run(run), answer)
}

fn lease(purpose: Purpose) -> (Entry, oneshot::Receiver<Result<Lease, Error>>) {
    let (request, answer) = LeaseRequest::new(purpose);
    (Entry::Lease(request), answer)
}
