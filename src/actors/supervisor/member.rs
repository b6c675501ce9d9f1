//! One server of the topology: its pool, its monitor, its sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Addr, ArbiterHandle};
use bson::oid::ObjectId;

use super::messages::Hold;
use crate::actors::monitor::{Monitor, Order, Probe};
use crate::actors::socket::{Socket, SocketLinks};
use crate::error::{Error, Kind};
use crate::events::{ConnectionClosedReason, Heartbeat};
use crate::pool::{Cleared, Life, Opening, Pool, Renewed, SlotControl, SlotId};

/// See the module.
#[derive(Debug)]
pub struct Member {
    /// Shared with callers and sockets.
    pub pool: Arc<Pool>,
    /// Which monitor is the present one.
    pub epoch: u64,
    monitor: Option<(Addr<Monitor>, Arc<Heartbeat>)>,
    /// Sockets from the leave to open them until they tell that they are gone.
    sockets: HashMap<SlotId, Resident>,
}

/// A socket, and where it lives.
#[derive(Debug)]
struct Resident {
    addr: Addr<Socket>,
    life: Life,
    opening: Opening,
    /// The place of its arbiter.
    arbiter: Option<usize>,
    /// It was given up, and is only waited for at the end.
    forsaken: bool,
    /// It was told to go, idle as it was; and who waits until it is gone.
    departing: Option<Vec<Hold>>,
}

impl Member {
    /// Without monitor or sockets so far.
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, epoch: 0, monitor: None, sockets: HashMap::new() }
    }

    /// Takes the monitor that watches from now on.
    pub fn watch(&mut self, epoch: u64, monitor: Addr<Monitor>, heartbeat: Arc<Heartbeat>) {
        self.epoch = epoch;
        self.monitor = Some((monitor, heartbeat));
    }

    /// Tells the monitor.
    pub fn order(&self, order: Order) {
        if let Some((monitor, _)) = &self.monitor {
            monitor.do_send(order);
        }
    }

    /// Has the monitor find out whether the server answers. Without a monitor nobody does.
    pub fn probe(&self, question: Probe) {
        if let Some((monitor, _)) = &self.monitor {
            monitor.do_send(question);
        }
    }

    /// Whether there is a monitor that has not ended.
    pub fn has_monitor(&self) -> bool {
        self.monitor.as_ref().is_some_and(|(monitor, _)| monitor.connected())
    }

    /// Starts a socket.
    pub fn open(
        &mut self,
        opening: Opening,
        links: &Arc<SocketLinks>,
        arbiter: Option<usize>,
        handle: &ArbiterHandle,
    ) {
        let (pool, links) = (self.pool.clone(), links.clone());
        let life = pool.life_of(opening);
        let socket = Socket::new(pool, links, opening, life.clone());
        let addr = Socket::start_in_arbiter(handle, move |_| socket);
        let resident = Resident { addr, life, opening, arbiter, forsaken: false, departing: None };
        self.sockets.insert(opening.id, resident);
    }

    /// A socket is gone. What listeners for events are still to be told of it, and whether it
    /// had been given up before.
    pub fn forget(&mut self, id: SlotId) -> (Life, bool) {
        self.sockets.remove(&id).map(|socket| (socket.life, socket.forsaken)).unwrap_or_default()
    }

    /// Gives the sockets up that live on these arbiters; how many.
    pub fn forsake(&mut self, arbiters: &[usize]) -> usize {
        let lost = |socket: &&mut Resident| {
            !socket.forsaken && socket.arbiter.is_some_and(|place| arbiters.contains(&place))
        };
        let mut count = 0;
        for socket in self.sockets.values_mut().filter(lost) {
            socket.forsaken = true;
            socket.departing = None;
            self.pool.forsake(socket.opening);
            socket.life.closed(ConnectionClosedReason::Error, Some(&forsaken()));
            socket.addr.do_send(SlotControl::Retire);
            count += 1;
        }
        count
    }

    /// Whether no socket is left.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Closes sockets that were idle for too long.
    pub fn retire_idle(&self, now: Instant) {
        for slot in self.pool.idle_expired(now) {
            slot.control(SlotControl::Retire);
        }
    }

    /// Has the pool begin anew: idle sockets close, and so do those that are being opened; how
    /// many these are. The hold is kept until they are gone, and until those are that a renewal
    /// before told to go.
    pub fn renew(&mut self, hold: &Hold) -> usize {
        let Renewed { idle, opening } = self.pool.renew();
        let mut count = 0;
        for id in idle.iter().map(|slot| slot.id).chain(opening) {
            if let Some(socket) = self.sockets.get_mut(&id).filter(|socket| !socket.forsaken) {
                socket.departing.get_or_insert_default();
                socket.addr.do_send(SlotControl::Retire);
                count += 1;
            }
        }
        for waiting in self.sockets.values_mut().filter_map(|socket| socket.departing.as_mut()) {
            waiting.push(hold.clone());
        }
        count
    }

    /// Clears the pool: those who wait fail with the cause, idle sockets close, and those
    /// in use or being opened too, if `interrupt`.
    pub fn clear(&self, cause: &Error, interrupt: bool, version: u64) {
        let cleared = self.pool.clear(cause.clone(), interrupt);
        let waiting = self.pool.cleared_error(cause).with_seen_version(version);
        if interrupt {
            let interrupted = self.pool.interrupted_error(cause);
            for socket in self.sockets.values() {
                socket.life.closed(ConnectionClosedReason::Stale, None);
                socket.addr.do_send(SlotControl::Abort(interrupted.clone()));
            }
        }
        settle(cleared, &waiting);
    }

    /// Gives up the sockets that lead to one service behind a load balancer. Nobody who waits
    /// waits for that one, so nobody fails.
    pub fn clear_service(&self, id: ObjectId) {
        for slot in self.pool.clear_service(id) {
            slot.control(SlotControl::Retire);
        }
    }

    /// The end begins: those who wait fail, and those in flight go on.
    pub fn refuse(&self, cause: &Error) {
        self.stop_monitor(cause);
        let waiting = self.pool.refuse(cause.clone());
        let error = self.pool.closed_error(cause);
        for entry in waiting {
            entry.fail(error.clone());
        }
        // One of them may have held up last words.
        self.pool.serve();
    }

    /// Breaks off what is in flight.
    pub fn interrupt(&self, cause: &Error) {
        for slot in self.pool.interrupt() {
            slot.control(SlotControl::Abort(cause.clone()));
        }
    }

    /// Closes the pool and all sockets; those in use once they are done.
    pub fn close(&self, cause: &Error) {
        self.stop_monitor(cause);
        let cleared = self.pool.close(cause.clone());
        let error = self.pool.closed_error(cause);
        settle(cleared, &error);
        for socket in self.sockets.values() {
            socket.addr.do_send(SlotControl::Retire);
        }
    }

    fn stop_monitor(&self, cause: &Error) {
        self.order(Order::Stop);
        if let Some((_, heartbeat)) = &self.monitor {
            heartbeat.end(cause);
        }
    }

    /// Closes what is still in use.
    pub fn abort(&self, cause: &Error) {
        for socket in self.sockets.values() {
            socket.addr.do_send(SlotControl::Abort(cause.clone()));
        }
    }
}

fn forsaken() -> Error {
    Error::new(Kind::AutoReconnect, "the arbiter that the socket lives on does not answer").network()
}

fn settle(cleared: Cleared, waiting: &Error) {
    for slot in cleared.idle {
        slot.control(SlotControl::Retire);
    }
    for entry in cleared.failed {
        entry.fail(waiting.clone());
    }
}
