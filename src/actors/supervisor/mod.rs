//! The `Supervisor` actor: one per connection, on the control arbiter. It owns the
//! topology's state machine, opens and retires sockets, and publishes the snapshot that
//! everybody routes by. It does no I/O, waits for nobody, and has no part in an operation
//! that goes well.

mod apply;
mod arbiters;
mod disconnect;
mod guests;
mod member;
mod messages;
mod seeding;
mod shutdown;
mod upkeep;
#[cfg(feature = "unstable-internals")]
mod wakes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix::{
    Actor, ArbiterHandle, AsyncContext, Context, Handler, MessageResult, ResponseActFuture, WeakRecipient,
};
use tokio::sync::watch;

use self::arbiters::Arbiters;
use self::guests::Guests;
use self::member::Member;
pub use self::messages::{
    Ask, CheckNow, Departure, Disconnect, Grow, Hold, Host, Overdue, Quiesce, Settle, Shutdown,
};
use self::seeding::SeedListState;
use self::shutdown::Closing;
#[cfg(feature = "unstable-internals")]
pub use self::wakes::CountWakes;
use crate::actors::monitor::{Observed, Order, Probe, Seen};
use crate::actors::snapshot::{History, Snapshot};
use crate::actors::socket::{Orphaned, SocketEvent, SocketLinks, What};
use crate::actors::srv_poller::SrvPlan;
use crate::actors::vital::Vital;
use crate::error::Error;
use crate::establish::{Dialer, Phase as Reached};
use crate::events::{self, Emitter, TopologyId};
use crate::pool::{Origin, PoolOptions};
use crate::runtime::Tenant;
use crate::session::{ClusterClock, ServerSessions};
use crate::topology::{
    ApplicationError, Failure, Outcome, Phase, ServerAddress, ServerDescription, ServerKind, Topology,
};

/// What the supervisor starts sockets and monitors with.
#[derive(Debug)]
pub struct SupervisorPlan {
    /// The state machine, at its start.
    pub topology: Topology,
    /// For every pool.
    pub pool: PoolOptions,
    /// For sockets.
    pub dialer: Arc<Dialer>,
    /// For monitors: without credentials.
    pub monitor_dialer: Arc<Dialer>,
    /// `heartbeatFrequencyMS`.
    pub heartbeat: Duration,
    /// Whether monitors may stream.
    pub streaming: bool,
    /// Shared with callers.
    pub sessions: Arc<ServerSessions>,
    /// Shared with callers.
    pub clock: Arc<ClusterClock>,
    /// Where sockets live.
    pub arbiters: Vec<ArbiterHandle>,
    /// Set by the first caller that asks for a check, cleared when the message arrives: one
    /// is enough, however many callers wait.
    pub check_asked: Arc<AtomicBool>,
    /// Whether the application lent them.
    pub lent: bool,
    /// The cursor manager.
    pub orphans: WeakRecipient<Orphaned>,
    /// Where snapshots go.
    pub publisher: watch::Sender<Arc<Snapshot>>,
    /// What `state()` shows of the past.
    pub history: History,
    /// Who listens to events.
    pub listeners: Emitter,
    /// How servers are found by DNS, if they are.
    pub srv: Option<Arc<SrvPlan>>,
    /// Its place on the threads, which end with the last who has one.
    pub tenant: Tenant,
    /// Whether there are monitors. If not, somebody else sends [`Observed`] in their place:
    /// the tests that make pools ready and clear them by hand.
    pub monitored: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Supervisor {
    plan: SupervisorPlan,
    version: u64,
    /// Every server of the topology.
    members: BTreeMap<ServerAddress, Member>,
    /// Servers that have left the topology, until the last of their sockets is gone.
    leaving: Vec<Member>,
    /// What sockets share; made when this actor starts, since it holds its address.
    links: Option<Arc<SocketLinks>>,
    arbiters: Arbiters,
    /// Where gateways run, if one is asked for. Dropped, and waited for, after what `drop` does.
    guests: Guests,
    /// What DNS has told of the servers.
    seed_list: SeedListState,
    /// Counts monitors, so that the last words of one that was replaced are passed over.
    epochs: u64,
    closing: Option<Closing>,
    topology_id: TopologyId,
    vital: Vital,
}

impl Supervisor {
    /// A supervisor that will begin once started.
    pub fn new(plan: SupervisorPlan) -> Self {
        let (members, leaving, links) = (BTreeMap::new(), Vec::new(), None);
        let (topology_id, vital) = (TopologyId::new(), Vital::default());
        let arbiters = Arbiters::new(&plan.arbiters, plan.lent);
        Self {
            plan,
            version: 0,
            members,
            leaving,
            links,
            arbiters,
            guests: Guests::default(),
            seed_list: SeedListState::default(),
            epochs: 0,
            closing: None,
            topology_id,
            vital,
        }
    }

    /// What sockets that are opened from now on share.
    fn link(&mut self, ctx: &Context<Self>) {
        self.links = Some(Arc::new(SocketLinks {
            sessions: self.plan.sessions.clone(),
            clock: self.plan.clock.clone(),
            dialer: self.plan.dialer.clone(),
            events: ctx.address().downgrade().recipient(),
            orphans: self.plan.orphans.clone(),
            lent: self.plan.lent,
        }));
    }

    /// Takes in what a socket for operations went through. After the end has begun nothing
    /// comes of it: its picture is the last that is published.
    fn application_error(
        &mut self,
        server: &ServerAddress,
        origin: Origin,
        phase: Phase,
        failure: Failure,
        error: Error,
        ctx: &mut Context<Self>,
    ) {
        let Some(member) = self.members.get(server).filter(|_| self.closing.is_none()) else { return };
        let outcome = Outcome::Application(ApplicationError {
            address: server.clone(),
            generation: origin.number(),
            current_generation: member.pool.present(origin),
            phase,
            failure,
            service_id: origin.service_id(),
            error,
            now: Instant::now(),
        });
        self.apply(outcome, ctx);
    }

    /// Opens sockets while entries wait and more are allowed.
    fn grow(&mut self, server: &ServerAddress, ctx: &mut Context<Self>) {
        let (Some(links), Some(member)) = (&self.links, self.members.get_mut(server)) else { return };
        let mut opened = false;
        while let Some(opening) = member.pool.begin_open() {
            let (place, arbiter) = self.arbiters.next(Instant::now());
            member.open(opening, links, place, &arbiter);
            opened = true;
        }
        if opened {
            // Nothing tells if one of them is never begun.
            self.look_after_arbiters(ctx);
        }
    }

    /// A server that streams its hellos tells of changes by itself, and counts them. One
    /// that reports a change without that count may never tell: its monitor looks anew.
    fn look_again(&self, server: &ServerAddress) {
        let topology = self.plan.topology.description();
        let unknown = |it: &Arc<ServerDescription>| it.kind == ServerKind::Unknown;
        if let Some(member) = self.members.get(server)
            && topology.servers.get(server).is_some_and(unknown)
        {
            member.order(Order::Cancel);
            member.order(Order::CheckNow);
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&ctx.address());
        self.vital = Vital::here();
        self.link(ctx);
        let start = self.plan.topology.start();
        self.tell(|id| events::opening(id, &start.current));
        self.change(start, ctx);
        self.ask_dns(ctx);
        self.plan_upkeep(ctx);
        self.plan_refill(ctx);
    }
}

impl Handler<Observed> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: Observed, ctx: &mut Self::Context) {
        let Observed { server, epoch, what } = msg;
        if self.closing.is_some() || self.members.get(&server).is_none_or(|member| member.epoch != epoch) {
            return;
        }
        let (address, now) = (server.clone(), Instant::now());
        match what {
            Seen::Hello { reply, rtt } => {
                self.apply(Outcome::Hello { address, reply, rtt, now }, ctx);
            }
            Seen::RoundTrip(sample) => self.apply(Outcome::RoundTrip { address, sample }, ctx),
            Seen::Failed { failure, error } => {
                self.apply(Outcome::CheckFailed { address, failure, error, now }, ctx)
            }
            Seen::Died => self.restart_monitor(&server, epoch, ctx),
        }
    }
}

impl Handler<SocketEvent> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: SocketEvent, ctx: &mut Self::Context) {
        let SocketEvent { pool, what } = msg;
        let server = pool.address().clone();
        if !self.members.get(&server).is_some_and(|member| Arc::ptr_eq(&member.pool, &pool)) {
            return self.has_left(&pool, &what, ctx);
        }
        match what {
            What::Opened(_) => {}
            What::Failed { opening, phase, timed_out, error } => {
                self.opening_failed(&server, opening, phase, timed_out, error, ctx);
            }
            What::Closed { id, origin, error } => {
                // Looked up before the error is applied, told after it.
                let reason = pool.close_reason(origin);
                let life = self.members.get_mut(&server).map(|member| member.forget(id));
                if let Some(error) = error.clone().filter(Error::is_network) {
                    self.application_error(&server, origin, Phase::Established, Failure::Network, error, ctx);
                }
                life.unwrap_or_default().0.closed(reason, error.as_ref());
                // Not before: the error is of the service's generation.
                origin.service.into_iter().for_each(|service| pool.part(service));
                self.look_for_the_end(ctx);
            }
            What::StateChange { origin, failure, error, applied } => {
                let unversioned = failure.topology_version.is_none();
                let failure = Failure::Command(failure);
                self.application_error(&server, origin, Phase::Established, failure, error, ctx);
                if unversioned {
                    self.look_again(&server);
                }
                drop(applied);
            }
        }
        self.grow(&server, ctx);
    }
}

impl Handler<Grow> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: Grow, ctx: &mut Self::Context) {
        self.grow(&msg.server, ctx);
    }
}

impl Handler<CheckNow> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: CheckNow, _ctx: &mut Self::Context) {
        // First: who asks from now on asks anew.
        self.plan.check_asked.store(false, Ordering::Release);
        for member in self.members.values() {
            member.order(Order::CheckNow);
        }
    }
}

impl Handler<Ask> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: Ask, ctx: &mut Self::Context) {
        let Ask { servers, until, answer } = msg;
        if self.closing.is_some() {
            return;
        }
        for server in servers {
            self.answer_for(&server, ctx);
            if let Some(member) = self.members.get(&server) {
                member.probe(Probe { until, answer: answer.clone() });
            }
        }
    }
}

impl Handler<Settle> for Supervisor {
    type Result = MessageResult<Settle>;

    fn handle(&mut self, _msg: Settle, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.version)
    }
}

impl Handler<Overdue> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: Overdue, ctx: &mut Self::Context) {
        self.look_after_arbiters(ctx);
    }
}

impl Handler<Quiesce> for Supervisor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, msg: Quiesce, _ctx: &mut Self::Context) -> Self::Result {
        self.quiesce(msg.grace)
    }
}

impl Handler<Disconnect> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: Disconnect, ctx: &mut Self::Context) {
        self.disconnect(&msg.hold, ctx);
    }
}

impl Handler<Host> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: Host, _ctx: &mut Self::Context) {
        self.guests.host(msg.start);
    }
}

impl Handler<Shutdown> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: Shutdown, ctx: &mut Self::Context) {
        self.shut_down(ctx);
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(Supervisor);

/// In the state machine's terms.
fn phase_of(reached: Reached) -> Phase {
    match reached {
        Reached::Lookup | Reached::Dial | Reached::Tls | Reached::Hello => Phase::Establishing,
        Reached::Authenticate => Phase::Authenticating,
    }
}
