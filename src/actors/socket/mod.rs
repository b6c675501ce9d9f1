//! The `Socket` actor: one per connection, on a data arbiter. It owns the stream, the
//! requests in flight and its slot in the pool. It takes what callers and the pool give
//! it, in order, and answers; it decides nothing about the topology.

mod answers;
mod deliver;
mod line;
mod messages;
mod place;
mod pump;
mod stream;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WeakRecipient, WrapFuture};

pub use self::answers::hand_out;
use self::deliver::Delivery;
use self::line::Line;
pub use self::messages::{Orphaned, SocketEvent, What};
use self::place::Place;
use self::pump::{Ended, Pump};
use self::stream::Stream;
use crate::error::{Error, Kind};
use crate::establish::{Dialer, EstablishError, Established};
use crate::pool::{
    Entry, Lease, LeaseRequest, Life, Limits, Next, Opening, Origin, Pool, Run, Slot, SlotControl,
    Surroundings,
};
use crate::session::{ClusterClock, ServerSessions};
use crate::wire::FrameSplitter;

/// What all sockets of a connection share.
#[derive(Debug)]
pub struct SocketLinks {
    /// Where implicit sessions come from and go to.
    pub sessions: Arc<ServerSessions>,
    /// The newest cluster time.
    pub clock: Arc<ClusterClock>,
    /// Makes the stream.
    pub dialer: Arc<Dialer>,
    /// The supervisor.
    pub events: WeakRecipient<SocketEvent>,
    /// The cursor manager.
    pub orphans: WeakRecipient<Orphaned>,
    /// Sockets live on the application's arbiters, where callers may live, too.
    pub lent: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Socket {
    pool: Arc<Pool>,
    links: Arc<SocketLinks>,
    opening: Opening,
    /// The generations that it belongs to.
    origin: Origin,
    /// What listeners for events are told of it.
    life: Life,
    /// Its place in the pool. Dropping it tells the pool and the supervisor, however this
    /// actor ends.
    place: Place,
    line: Line,
    /// Replies that report a changed state, oldest first, until the supervisor has applied
    /// that: not before are their connections checked in and their callers answered.
    reported: VecDeque<Delivery>,
    splitter: FrameSplitter,
    /// The server sends replies by itself, to a request on the present lease.
    stream: Option<Stream>,
    /// A lease holds the socket: it takes nothing from the queue.
    held: bool,
    /// The lease is over, but requests of it are still in flight.
    lease_ended: bool,
    /// Closes once nothing is in flight.
    retiring: bool,
    /// Closes at once, with this.
    abort: Option<Error>,
}

impl Socket {
    /// A socket that will establish itself once started.
    pub fn new(pool: Arc<Pool>, links: Arc<SocketLinks>, opening: Opening, life: Life) -> Self {
        let place = Place::new(pool.clone(), opening, links.events.clone());
        Self {
            pool,
            links,
            opening,
            origin: Origin { generation: opening.generation, service: None },
            life,
            place,
            line: Line::new(Limits::default()),
            reported: VecDeque::new(),
            splitter: FrameSplitter::new(Limits::default().max_message),
            stream: None,
            held: false,
            lease_ended: false,
            retiring: false,
            abort: None,
        }
    }

    fn established(&mut self, established: Established, ctx: &mut Context<Self>) {
        let Established { stream, limits, service, hello, .. } = established;
        let address = ctx.address();
        let Opening { id, generation } = self.opening;
        let slot = Slot::new(id, generation, address.clone().recipient(), address.recipient());
        let (service_id, service) = (service, service.map(|id| self.pool.join(id)));
        let slot = Arc::new(slot.with_life(self.life.clone()).with_service(service));
        self.origin = slot.origin();
        let teller = self.pool.command_teller(self.opening, hello.connection_id, service_id);
        self.line = Line::new(limits).telling(teller);
        let accepted = self.links.dialer.greeting.accepted();
        self.splitter = FrameSplitter::new(limits.max_message).accepting(accepted);
        self.life.ready();
        let next = self.pool.opened(slot.clone(), limits, Instant::now());
        self.place.take(slot);
        self.go_on(next);
        ctx.spawn(Pump::new(stream));
    }

    fn not_established(&mut self, failed: EstablishError, ctx: &mut Context<Self>) {
        self.place.fail(failed);
        ctx.stop();
    }

    /// Does what the pool says, until there is nothing more to take. An entry that can't
    /// be sent leaves the socket free, and the pool is asked again.
    fn go_on(&mut self, mut next: Next) {
        loop {
            match next {
                Next::Run(entry) => match self.take(entry) {
                    true => break,
                    false => next = self.release(),
                },
                Next::Idle => break,
                Next::Retire => {
                    self.pool.tell_closed(&self.life, self.origin, None);
                    return self.retiring = true;
                }
            }
        }
        self.pool.serve();
    }

    /// Takes an entry. False if it left nothing in flight and nothing held.
    fn take(&mut self, entry: Entry) -> bool {
        match entry {
            Entry::Run(run) => self.take_run(run),
            Entry::Lease(request) => self.take_lease(request),
        }
    }

    fn take_run(&mut self, mut run: Box<Run>) -> bool {
        let now = Instant::now();
        if run.is_abandoned() {
            // A retry holds a session, which goes back.
            if let Err(Err(failure)) = run.fail(gone(), None)
                && let Some(session) = failure.session
            {
                self.give_back(session);
            }
            return false;
        }
        if run.is_next_of_stream() {
            return self.take_next_of_stream(run);
        }
        let before = self.line.len();
        let min_rtt = self.pool.min_rtt();
        let check_out = run.check_out.take();
        let around = Surroundings {
            sessions: &self.links.sessions,
            clock: &self.links.clock,
            now,
            min_rtt,
            zlib_level: self.pool.options().zlib_level,
        };
        self.line.take(run, &around, self.opening.generation);
        if before == 0
            && !self.line.is_empty()
            && let Some(slot) = self.place.slot()
        {
            slot.mark_busy(now);
        }
        let taken = self.line.len() > before;
        if taken {
            self.life.checked_out(check_out);
        }
        taken
    }

    fn take_lease(&mut self, mut request: Box<LeaseRequest>) -> bool {
        let Some(slot) = self.place.slot() else { return false };
        self.held = true;
        self.lease_ended = false;
        self.life.checked_out(request.check_out.take());
        // If nobody takes it, its drop sends `EndLease`, and that releases.
        let lease = Lease::new(slot.clone(), request.purpose);
        request.answer(Ok(lease));
        true
    }

    /// One request that was taken is done, or the lease is over.
    fn finish(&mut self) -> Next {
        self.life.checked_in();
        self.release()
    }

    /// Asks the pool what comes next.
    fn release(&mut self) -> Next {
        match self.place.slot() {
            Some(slot) => self.pool.release(slot, Instant::now),
            None => Next::Retire,
        }
    }

    fn end_lease(&mut self) {
        self.lease_ended = self.held;
        self.drain_stream();
        self.leave_lease();
    }

    /// After a reply: nothing may be in flight any more.
    fn rest(&mut self) {
        if self.line.is_empty()
            && let Some(slot) = self.place.slot()
        {
            slot.mark_quiet();
        }
    }

    fn leave_lease(&mut self) {
        if self.lease_ended && self.line.is_empty() && self.reported.is_empty() {
            self.held = false;
            self.lease_ended = false;
            let next = self.finish();
            self.go_on(next);
        }
    }

    /// Asked by the pump after each turn.
    fn wants_to_end(&mut self) -> Option<Ended> {
        if let Some(error) = self.abort.take() {
            return Some(Ended::Broken(error));
        }
        (self.retiring && self.line.is_empty() && self.reported.is_empty()).then_some(Ended::Quiet)
    }

    /// Whether the end of the stream says something of the server. A socket that died before
    /// a byte of what was claimed on it had left was an idle one; and a server that breaks
    /// the protocol is there, and has broken it on this socket alone.
    fn tells_of_server(&self, error: &Error) -> bool {
        error.kind() != Kind::Protocol && self.line.has_written()
    }

    /// The stream is over. The pool and the supervisor are told first, then the callers:
    /// whoever of them asks the supervisor finds it done.
    fn end(&mut self, ended: Ended) {
        let (error, report) = match &ended {
            Ended::Quiet => (gone(), None),
            Ended::Broken(error) => {
                (error.clone(), Some(error.clone()).filter(|error| self.tells_of_server(error)))
            }
            Ended::TimedOut(_) | Ended::Abandoned => (neighbour(), None),
        };
        if report.is_none() && self.reported.is_empty() {
            // Else the supervisor tells listeners, once it has applied the errors.
            let why = Some(&error).filter(|_| !matches!(ended, Ended::Quiet));
            self.pool.tell_closed(&self.life, self.origin, why);
        }
        let limits = *self.line.limits();
        self.place.close(report.map(|e| e.with_server(self.pool.address())));
        for delivery in std::mem::take(&mut self.reported) {
            self.answer(delivery);
        }
        let now = Instant::now();
        for flying in self.line.drain() {
            let expired =
                matches!(&ended, Ended::TimedOut(at) if flying.run.deadline.is_some_and(|d| d <= *at));
            let error = if expired { timed_out() } else { error.clone() };
            let error = error.with_server(self.pool.address());
            flying.fail(error, self.opening.generation, &self.links.sessions, now, &limits);
        }
    }
}

impl Actor for Socket {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&ctx.address());
        let (dialer, address) = (self.links.dialer.clone(), self.pool.address().clone());
        let establish = async move { dialer.establish(&address).await };
        ctx.spawn(establish.into_actor(self).map(|result, socket, ctx| match result {
            Ok(established) => socket.established(established, ctx),
            Err(failed) => socket.not_established(failed, ctx),
        }));
    }
}

impl Handler<Entry> for Socket {
    type Result = ();

    fn handle(&mut self, entry: Entry, _ctx: &mut Self::Context) {
        let leased = self.held;
        if !self.take(entry) && !leased {
            let next = self.release();
            self.go_on(next);
        }
    }
}

impl Handler<SlotControl> for Socket {
    type Result = ();

    fn handle(&mut self, order: SlotControl, ctx: &mut Self::Context) {
        match order {
            SlotControl::EndLease => self.end_lease(),
            SlotControl::Applied => self.applied(),
            SlotControl::Retire => self.retiring = true,
            SlotControl::Abort(error) => self.abort = Some(error),
        }
        // Not established yet: there is no pump that would see it.
        if self.place.is_pending() && (self.retiring || self.abort.is_some()) {
            self.not_established(EstablishError::of(gone()), ctx);
        }
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(Socket);

impl SocketLinks {
    fn tell(&self, event: SocketEvent) {
        if let Some(supervisor) = self.events.upgrade() {
            supervisor.do_send(event);
        }
    }
}

fn gone() -> Error {
    Error::new(Kind::AutoReconnect, "the socket was closed").network()
}

fn neighbour() -> Error {
    Error::new(
        Kind::AutoReconnect,
        "the socket was closed because an earlier request on it got no reply in time",
    )
    .network()
}

fn timed_out() -> Error {
    Error::new(
        Kind::Timeout,
        "the operation's timeout ran out before the reply came; check the server's load, or allow more time",
    )
}
