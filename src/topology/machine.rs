//! The state machine: one outcome in, one change out. The supervisor owns it and does
//! what the change says, nothing else.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::ServerAddress;
use super::description::{TopologyDescription, TopologyKind};
use super::error_class::StateChange;
use super::hello::HelloReply;
use super::outcome::{ApplicationError, Change, CheckFailure, Failure, Ignored, Outcome, Phase, PoolAction};
use super::server::{ServerDescription, ServerKind};
use super::settings::TopologySettings;
use super::update::Update;
use super::version::TopologyVersion;
use crate::error::{Error, Kind, Result, label};

/// The deployment as the client knows it, and the rules by which that changes.
#[derive(Debug)]
pub struct Topology {
    settings: TopologySettings,
    description: Arc<TopologyDescription>,
    /// How many servers the user named, or the first SRV look-up found.
    seeds: usize,
}

type Step<T> = Result<T, Ignored>;

impl Topology {
    /// The topology before anything was heard. An error if the settings contradict each
    /// other.
    pub fn new(settings: TopologySettings) -> Result<Self> {
        let kind = settings.initial_kind()?;
        let mut topology = Self { settings, description: Arc::default(), seeds: 0 };
        let mut update = Update::of(&topology.description);
        update.next.kind = kind;
        update.next.set_name.clone_from(&topology.settings.replica_set);
        let seeds = topology.settings.seeds.clone();
        topology.sow(&mut update, seeds);
        topology.description = Arc::new(update.next);
        Ok(topology)
    }

    /// Begins anew with what DNS has told: hosts, and settings that the connection string left
    /// open. To be asked once, of a topology without servers. An error if the settings
    /// contradict each other; then nothing has changed.
    pub fn seed(&mut self, settings: TopologySettings) -> Result<Change> {
        let mut update = Update::of(&self.description);
        update.next.kind = settings.initial_kind()?;
        update.next.set_name.clone_from(&settings.replica_set);
        let hosts = settings.seeds.clone();
        self.settings = settings;
        self.sow(&mut update, hosts);
        update.pool = self.balancer(&update);
        Ok(self.commit(update))
    }

    /// The pool of a load balancer is ready from the start.
    fn balancer(&self, update: &Update) -> Option<PoolAction> {
        let balanced = update.next.kind == TopologyKind::LoadBalanced;
        let address = update.next.servers.keys().next().filter(|_| balanced).cloned();
        address.map(|address| PoolAction::Ready { address })
    }

    /// The present description.
    pub fn description(&self) -> &Arc<TopologyDescription> {
        &self.description
    }

    /// What has to be done for the topology as it stands, from nothing. To be asked once,
    /// before the first [`apply`](Self::apply).
    pub fn start(&self) -> Change {
        let balancer = (self.description.kind == TopologyKind::LoadBalanced)
            .then(|| self.description.servers.keys().next().cloned())
            .flatten();
        Change {
            added: self.description.servers.keys().cloned().collect(),
            pool: balancer.map(|address| PoolAction::Ready { address }),
            ..Change::between(Arc::default(), Arc::clone(&self.description))
        }
    }

    /// Takes in one outcome.
    pub fn apply(&mut self, outcome: Outcome) -> Change {
        let step = match outcome {
            Outcome::Hello { address, reply, rtt, now } => self.hello(&address, reply, rtt, now),
            Outcome::RoundTrip { address, sample } => self.round_trip(&address, sample),
            Outcome::CheckFailed { address, failure, error, now } => {
                self.check_failed(&address, failure, error, now)
            }
            Outcome::Application(error) => self.application_error(error),
            Outcome::SrvHosts { hosts } => self.srv_hosts(hosts),
        };
        match step {
            Ok(update) => self.commit(update),
            Err(ignored) => {
                let same = &self.description;
                Change { ignored: Some(ignored), ..Change::between(Arc::clone(same), Arc::clone(same)) }
            }
        }
    }

    fn hello(
        &self,
        address: &ServerAddress,
        reply: Arc<HelloReply>,
        rtt: Option<Duration>,
        now: Instant,
    ) -> Step<Update> {
        let known = self.member(address)?;
        if !reply.ok {
            let error = reply.refusal().with_server(address);
            return self.check_failed(address, CheckFailure::Command, error, now);
        }
        let compared =
            TopologyVersion::compare(known.topology_version.as_ref(), reply.topology_version.as_ref());
        if compared == Some(Ordering::Greater) {
            return Err(Ignored::StaleTopologyVersion);
        }
        let single = self.description.kind == TopologyKind::Single;
        let server = match &self.settings.replica_set {
            Some(wanted) if single && reply.set_name.as_ref() != Some(wanted) => {
                ServerDescription::failed(address.clone(), wrong_set(address, wanted, &reply), None, now)
            }
            _ => ServerDescription::from_hello(known, reply, rtt, now),
        };
        let usable = server.kind.is_data_bearing() || (single && server.is_available());
        let mut update = Update::of(&self.description);
        update.place(server, self.seeds);
        if usable && update.next.servers.contains_key(address) {
            update.pool = Some(PoolAction::Ready { address: address.clone() });
        }
        Ok(update)
    }

    fn round_trip(&self, address: &ServerAddress, sample: Duration) -> Step<Update> {
        let known = self.member(address)?;
        if !known.is_available() {
            return Err(Ignored::SaysNothing);
        }
        let mut server = ServerDescription::clone(known);
        server.rtt.add(sample);
        let mut update = Update::of(&self.description);
        update.put(server);
        Ok(update)
    }

    fn check_failed(
        &self,
        address: &ServerAddress,
        failure: CheckFailure,
        error: Error,
        now: Instant,
    ) -> Step<Update> {
        let known = self.member(address)?;
        let mut update = Update::of(&self.description);
        // A server that was well a moment ago may only have dropped the monitor's socket.
        if known.is_available() && failure != CheckFailure::Command {
            update.recheck = Some(address.clone());
        }
        update.pool = Some(PoolAction::Clear {
            address: address.clone(),
            service_id: None,
            interrupt: failure == CheckFailure::Timeout,
            cause: error.clone(),
        });
        update.place(ServerDescription::failed(address.clone(), error, None, now), self.seeds);
        Ok(update)
    }

    fn application_error(&self, report: ApplicationError) -> Step<Update> {
        let balanced = self.description.kind == TopologyKind::LoadBalanced;
        let known = match self.member(&report.address) {
            Err(Ignored::LoadBalanced) => None,
            known => Some(known?),
        };
        if report.generation < report.current_generation {
            return Err(Ignored::StaleGeneration);
        }
        let version = match &report.failure {
            Failure::Command(failure) => failure.topology_version,
            _ => None,
        };
        let known_version = known.and_then(|server| server.topology_version.as_ref());
        if let Some(Ordering::Equal | Ordering::Greater) =
            TopologyVersion::compare(known_version, version.as_ref())
        {
            return Err(Ignored::StaleTopologyVersion);
        }
        if balanced && report.phase == Phase::Establishing {
            return Err(Ignored::LoadBalanced);
        }
        let effect = effect_of(&report)?;
        let mut update = Update::of(&self.description);
        let address = &report.address;
        if effect.clears && (!balanced || report.service_id.is_some()) {
            update.pool = Some(PoolAction::Clear {
                address: address.clone(),
                service_id: report.service_id.filter(|_| balanced),
                interrupt: false,
                cause: report.error.clone(),
            });
        }
        if !balanced {
            if effect.state_change {
                update.check_now = Some(address.clone());
            } else {
                update.cancel_check = Some(address.clone());
            }
            let server = ServerDescription::failed(address.clone(), report.error, version, report.now);
            update.place(server, self.seeds);
        }
        Ok(update)
    }

    fn srv_hosts(&mut self, hosts: Vec<ServerAddress>) -> Step<Update> {
        let mut update = Update::of(&self.description);
        if self.seeds == 0 {
            self.sow(&mut update, hosts);
            update.pool = self.balancer(&update);
            return Ok(update);
        }
        let follows = matches!(self.description.kind, TopologyKind::Unknown | TopologyKind::Sharded);
        if !self.settings.srv || !follows || hosts.is_empty() {
            return Err(Ignored::NotFollowingSrv);
        }
        let named: BTreeSet<_> = hosts.iter().collect();
        update.next.servers.retain(|address, _| named.contains(address));
        for host in &hosts {
            if update.next.servers.len() < self.host_limit() {
                update.add(host);
            }
        }
        Ok(update)
    }

    /// Plants the first servers.
    fn sow(&mut self, update: &mut Update, hosts: Vec<ServerAddress>) {
        for host in hosts {
            if update.next.servers.len() == self.host_limit() {
                break;
            }
            match update.next.kind {
                TopologyKind::LoadBalanced => update.put(ServerDescription::load_balancer(host)),
                _ => update.add(&host),
            }
        }
        self.seeds = update.next.servers.len();
        update.next.derive();
    }

    fn host_limit(&self) -> usize {
        match self.settings.srv_max_hosts {
            _ if self.settings.load_balanced => 1,
            limit if self.settings.srv && limit > 0 => limit,
            _ => usize::MAX,
        }
    }

    /// The present description of a server, if what is heard of it may change anything.
    fn member(&self, address: &ServerAddress) -> Step<&Arc<ServerDescription>> {
        let known = self.description.servers.get(address).ok_or(Ignored::NotAMember)?;
        match known.kind {
            ServerKind::LoadBalancer => Err(Ignored::LoadBalanced),
            _ => Ok(known),
        }
    }

    /// Makes the update the present description, and says what it takes.
    fn commit(&mut self, mut update: Update) -> Change {
        let previous = Arc::clone(&self.description);
        update.next.derive();
        let current = Arc::new(update.next);
        self.description = Arc::clone(&current);
        let missing_in = |from: &TopologyDescription, other: &TopologyDescription| {
            let addresses = from.servers.keys().filter(|address| !other.servers.contains_key(address));
            addresses.cloned().collect::<Vec<_>>()
        };
        Change {
            added: missing_in(&current, &previous),
            removed: missing_in(&previous, &current),
            pool: update.pool,
            check_now: update.check_now,
            recheck: update.recheck,
            cancel_check: update.cancel_check,
            ..Change::between(previous, current)
        }
    }
}

/// What an application error does: all of them make the server unknown.
struct Effect {
    clears: bool,
    /// The server answers, the client is just wrong about it: a check will tell.
    state_change: bool,
}

fn effect_of(report: &ApplicationError) -> Step<Effect> {
    if let Failure::Command(failure) = &report.failure
        && let Some(change) = failure.state_change()
    {
        return Ok(Effect { clears: change == StateChange::ShuttingDown, state_change: true });
    }
    match (report.phase, &report.failure) {
        (Phase::Established, Failure::Timeout | Failure::Command(_) | Failure::Other) => {
            Err(Ignored::SaysNothing)
        }
        (Phase::Establishing, Failure::Network | Failure::Timeout) => Err(Ignored::Overloaded),
        _ if report.error.has_label(label::SYSTEM_OVERLOADED) => Err(Ignored::Overloaded),
        _ => Ok(Effect { clears: true, state_change: false }),
    }
}

fn wrong_set(address: &ServerAddress, wanted: &str, reply: &HelloReply) -> Error {
    let found = match &reply.set_name {
        Some(name) => format!("is a member of replica set '{name}'"),
        None => "is not a member of a replica set".to_owned(),
    };
    let sentence = format!("the server {found}, but the connection asks for replica set '{wanted}'");
    Error::new(Kind::ServerSelection, sentence).with_server(address)
}

impl Change {
    fn between(previous: Arc<TopologyDescription>, current: Arc<TopologyDescription>) -> Self {
        Self {
            previous,
            current,
            added: Vec::new(),
            removed: Vec::new(),
            pool: None,
            check_now: None,
            recheck: None,
            cancel_check: None,
            ignored: None,
        }
    }
}
