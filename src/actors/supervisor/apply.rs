//! From an outcome to all that has to be done about it, in the order that the state
//! machine asks for.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context};

use super::member::Member;
use super::{Supervisor, phase_of};
use crate::actors::monitor::{Monitor, MonitorPlan, Order};
use crate::actors::snapshot::Snapshot;
use crate::error::{Error, Kind, label};
use crate::establish::Phase as Reached;
use crate::events::{self, Event, EventKinds, Heartbeat, TopologyId};
use crate::pool::{Opening, Origin, Pool};
use crate::topology::{
    Change, Failure, Limits, Outcome, PoolAction, ServerAddress, TopologyDescription, TopologyKind,
};

/// A monitor that died is replaced after this time (`minHeartbeatFrequencyMS`).
const MONITOR_RESTART: Duration = Duration::from_millis(500);

impl Supervisor {
    pub(super) fn apply(&mut self, outcome: Outcome, ctx: &mut Context<Self>) {
        let change = self.plan.topology.apply(outcome);
        self.change(change, ctx);
    }

    /// Does what a change says. Pools become ready before the new picture is published,
    /// so that nobody selects a server whose pool still refuses; they are cleared after
    /// it, so that those who are turned away select from the new one.
    pub(super) fn change(&mut self, change: Change, ctx: &mut Context<Self>) {
        if change.ignored.is_some() {
            return;
        }
        for server in &change.added {
            self.add(server, ctx);
        }
        self.renew_limits(&change.current);
        let (ready, clear) = match change.pool {
            Some(PoolAction::Ready { address }) => (Some(address), None),
            Some(PoolAction::Clear { address, service_id, interrupt, cause }) => {
                (None, Some((address, service_id, interrupt, cause)))
            }
            None => (None, None),
        };
        if let Some(member) = ready.as_ref().and_then(|address| self.members.get(address)) {
            member.pool.ready();
        }
        let removed: Vec<Member> =
            change.removed.iter().filter_map(|server| self.members.remove(server)).collect();
        if !Arc::ptr_eq(&change.previous, &change.current) || self.version == 0 {
            self.note_changes(&change.previous, &change.current);
            let first = self.version == 0;
            let snapshot = self.next_snapshot(change.current.clone(), None);
            // Told in the moment in which it is published, while nobody can look: who acts on
            // an event selects from what it tells of, and who selects from it comes after it.
            let mut old = None;
            self.plan.publisher.send_modify(|published| {
                old = Some(std::mem::replace(published, snapshot));
                if !first {
                    self.tell(|id| events::changed(id, &change.previous, &change.current));
                }
            });
            drop(old);
        }
        if let Some((address, service_id, interrupt, cause)) = clear
            && let Some(member) = self.members.get(&address)
        {
            match service_id {
                Some(id) => member.clear_service(id),
                None => member.clear(&cause, interrupt, self.version),
            }
        }
        for member in removed {
            let error = Error::new(Kind::PoolCleared, "the server was removed from the deployment");
            let error = error.network().with_server(member.pool.address());
            member.close(&error.with_seen_version(self.version));
            if !member.is_empty() {
                self.leaving.push(member);
            }
        }
        let orders = [
            (change.check_now, Order::CheckNow),
            (change.recheck, Order::Recheck),
            (change.cancel_check, Order::Cancel),
        ];
        for (server, order) in orders {
            if let Some(member) = server.as_ref().and_then(|server| self.members.get(server)) {
                member.order(order);
            }
        }
        if let Some(server) = ready {
            // The least number of sockets.
            self.grow(&server, ctx);
        }
        self.follow_srv_no_longer();
    }

    fn add(&mut self, server: &ServerAddress, ctx: &mut Context<Self>) {
        let member = Member::new(self.new_pool(server));
        self.members.insert(server.clone(), member);
        self.watch(server, ctx);
    }

    /// Starts a monitor; a load balancer has none.
    fn watch(&mut self, server: &ServerAddress, ctx: &mut Context<Self>) {
        let kind = self.plan.topology.description().kind;
        if kind == TopologyKind::LoadBalanced || !self.plan.monitored {
            return;
        }
        self.start_monitor(server, true, ctx);
    }

    /// Sees to it that there is somebody to ask whether this server answers: behind a load
    /// balancer, where nobody watches, from the first question on.
    pub(super) fn answer_for(&mut self, server: &ServerAddress, ctx: &mut Context<Self>) {
        let balanced = self.plan.topology.description().kind == TopologyKind::LoadBalanced;
        let bereft = self.members.get(server).is_some_and(|member| !member.has_monitor());
        if balanced && bereft && self.plan.monitored {
            self.start_monitor(server, false, ctx);
        }
    }

    fn start_monitor(&mut self, server: &ServerAddress, watches: bool, ctx: &mut Context<Self>) {
        self.epochs += 1;
        let heartbeat =
            Arc::new(Heartbeat::new(self.plan.listeners.clone(), self.topology_id, server.clone()));
        let plan = MonitorPlan {
            server: server.clone(),
            epoch: self.epochs,
            dialer: self.plan.monitor_dialer.clone(),
            heartbeat: self.plan.heartbeat,
            streaming: self.plan.streaming,
            watches,
            checks: heartbeat.clone(),
            events: ctx.address().downgrade().recipient(),
        };
        let monitor = Monitor::new(plan).start();
        if let Some(member) = self.members.get_mut(server) {
            member.watch(self.epochs, monitor, heartbeat);
        }
    }

    pub(super) fn restart_monitor(&mut self, server: &ServerAddress, epoch: u64, ctx: &mut Context<Self>) {
        self.plan.history.note(Some(server), "its monitor ended unexpectedly, and is started again");
        tracing::error!(target: "actix_mongo::topology", %server, "a monitor ended unexpectedly");
        let server = server.clone();
        ctx.run_later(MONITOR_RESTART, move |supervisor, ctx| {
            // It may have left meanwhile, and come back with a monitor of its own.
            let bereft = supervisor.members.get(&server).is_some_and(|member| member.epoch == epoch);
            if supervisor.closing.is_none() && bereft {
                supervisor.watch(&server, ctx);
            }
        });
    }

    /// A socket could not be established: exactly the oldest entry that waits fails with
    /// it. What the state machine then clears, fails all.
    pub(super) fn opening_failed(
        &mut self,
        server: &ServerAddress,
        opening: Opening,
        reached: Reached,
        timed_out: bool,
        error: Error,
        ctx: &mut Context<Self>,
    ) {
        let Some(member) = self.members.get_mut(server) else { return };
        let (life, forsaken) = member.forget(opening.id);
        let pool = member.pool.clone();
        // The error may start a new generation.
        let origin = Origin { generation: opening.generation, service: None };
        let reason = pool.close_reason(origin);
        if forsaken {
            // It says nothing of the server, and nobody counts on it.
            life.closed(reason, Some(&error));
            return self.look_for_the_end(ctx);
        }
        let oldest = member.pool.open_failed(opening);
        member.pool.serve();
        self.plan.history.note(Some(server), format!("a socket could not be opened: {error}"));
        if let Some(failure) = failure_of(timed_out, &error) {
            self.application_error(server, origin, phase_of(reached), failure, error.clone(), ctx);
        }
        life.closed(reason, Some(&error));
        if let Some(entry) = oldest {
            entry.fail(error.with_seen_version(self.version).retryable());
        }
        self.look_for_the_end(ctx);
    }

    /// Pools and descriptions know the same limits and times.
    fn renew_limits(&self, topology: &TopologyDescription) {
        for (address, server) in &topology.servers {
            if let (Some(member), Some(hello)) = (self.members.get(address), &server.hello) {
                member.pool.set_limits(Limits::of(hello));
                member.pool.set_min_rtt(server.rtt.minimum());
            }
        }
    }

    pub(super) fn publish(&mut self, topology: Arc<TopologyDescription>, closed: Option<Error>) {
        let snapshot = self.next_snapshot(topology, closed);
        // Nobody may be looking any more: then nobody misses it.
        self.plan.publisher.send_replace(snapshot);
    }

    /// What is to be published next.
    fn next_snapshot(&mut self, topology: Arc<TopologyDescription>, closed: Option<Error>) -> Arc<Snapshot> {
        self.version += 1;
        let pools =
            self.members.iter().map(|(address, member)| (address.clone(), member.pool.clone())).collect();
        let seeding = self.seed_list.why_none().cloned();
        let version = self.version;
        let mut snapshot = Snapshot { version, topology, pools, primary: None, seeding, closed };
        snapshot.primary = snapshot.only_primary();
        Arc::new(snapshot)
    }

    /// A new pool, in the state that the topology starts it in.
    fn new_pool(&self, server: &ServerAddress) -> Arc<Pool> {
        let (options, listeners) = (self.plan.pool.clone(), self.plan.listeners.clone());
        let pool = Pool::with_events(server.clone(), options, listeners);
        if self.plan.topology.description().kind == TopologyKind::LoadBalanced {
            // No monitor finds them out before the first call.
            pool.set_limits(Limits::of_balancer());
        }
        Arc::new(pool)
    }

    /// Tells listeners, if there are any.
    pub(super) fn tell(&self, events: impl FnOnce(TopologyId) -> Vec<Event>) {
        self.plan.listeners.emit_all(EventKinds::TOPOLOGY, || events(self.topology_id));
    }

    fn note_changes(&self, before: &TopologyDescription, after: &TopologyDescription) {
        let history = &self.plan.history;
        if before.kind != after.kind {
            history.note(None, format!("the topology is now {:?}", after.kind));
        }
        for (address, server) in &after.servers {
            let old = before.servers.get(address);
            if old.is_none_or(|old| old.kind != server.kind) {
                let why = server.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
                history.note(Some(address), format!("is now {:?}{why}", server.kind));
            }
        }
        for address in before.servers.keys().filter(|address| !after.servers.contains_key(*address)) {
            history.note(Some(address), "was removed");
        }
    }
}

/// What a failed attempt to open a socket says of the server. Only errors that were labelled
/// as such may be signs of a busy one; and a socket's actor that died says nothing at all.
fn failure_of(timed_out: bool, error: &Error) -> Option<Failure> {
    if error.kind() == Kind::Internal {
        return None;
    }
    Some(match timed_out {
        true => Failure::Timeout,
        false if error.has_label(label::SYSTEM_OVERLOADED) => Failure::Network,
        false => Failure::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_attempt_is_a_sign_of_a_busy_server_only_if_it_is_labelled_so() {
        let network = Error::new(Kind::ConnectionFailure, "no").network();
        let busy = network.clone().with_label(label::SYSTEM_OVERLOADED);
        assert_eq!(failure_of(true, &busy), Some(Failure::Timeout));
        assert_eq!(failure_of(false, &busy), Some(Failure::Network));
        // A name without an address.
        assert_eq!(failure_of(false, &network), Some(Failure::Other));
        assert_eq!(failure_of(false, &Error::new(Kind::Command, "too old")), Some(Failure::Other));
        assert_eq!(failure_of(false, &Error::new(Kind::Internal, "a panic")), None);
    }
}
