//! Which servers an operation may go to, and which of them it goes to. Called on each
//! operation's own thread, with a published description.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::ServerAddress;
use super::description::{TopologyDescription, TopologyKind};
use super::hello::TagSet;
use super::read_preference::{ReadMode, ReadPreference};
use super::server::{ServerDescription, ServerKind};
use super::staleness;
use crate::error::{Error, Kind, Result};

/// What an operation asks of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criteria {
    /// It takes writes.
    Write,
    /// It may be read from.
    Read(ReadPreference),
    /// It may run a pipeline that writes: where this preference says, if all servers let
    /// secondaries do so, else the primary (CRUD specification).
    Output(ReadPreference),
    /// It is this one: an open cursor's, or a transaction's.
    Server(ServerAddress),
}

/// The wire version from which on secondaries run `$out` and `$merge` (5.0).
const WRITES_ON_SECONDARIES: i32 = 13;

impl Criteria {
    /// The read preference by which a server is chosen; none if it is not by one.
    pub fn preference(&self, description: &TopologyDescription) -> Option<&ReadPreference> {
        static PRIMARY: ReadPreference = ReadPreference::new(ReadMode::Primary);
        let old = |server: &Arc<ServerDescription>| {
            server.is_available() && server.max_wire_version() < WRITES_ON_SECONDARIES
        };
        match self {
            Self::Write | Self::Server(_) => None,
            Self::Read(preference) => Some(preference),
            Self::Output(preference) => {
                let balanced = description.kind == TopologyKind::LoadBalanced;
                let any_old = !balanced && description.servers.values().any(old);
                Some(if any_old { &PRIMARY } else { preference })
            }
        }
    }
}

type Servers = Vec<Arc<ServerDescription>>;

/// All servers that meet `criteria`, none of `deprioritized` if there are others.
///
/// An error if no wait can help: the driver and a server share no protocol, or the read
/// preference contradicts itself.
pub fn suitable(
    description: &TopologyDescription,
    criteria: &Criteria,
    deprioritized: &[ServerAddress],
    heartbeat_frequency: Duration,
) -> Result<Servers> {
    if let Some(sentence) = &description.compatibility_error {
        return Err(Error::new(Kind::ServerSelection, sentence));
    }
    if let Some(preference) = criteria.preference(description) {
        preference.validate()?;
        if let Some(limit) = preference.max_staleness()
            && description.kind.is_replica_set()
        {
            staleness::check_limit(limit, heartbeat_frequency)?;
        }
    }
    let all = || description.servers.values().filter(|server| server.is_available());
    if !deprioritized.is_empty() {
        let others = all().filter(|server| !deprioritized.contains(&server.address));
        let found = by_criteria(description, others.cloned().collect(), criteria, heartbeat_frequency);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(by_criteria(description, all().cloned().collect(), criteria, heartbeat_frequency))
}

/// Those whose average round trip is at most `local_threshold` above the shortest. A
/// server that was not measured yet counts as the slowest.
pub fn in_window(mut servers: Servers, local_threshold: Duration) -> Servers {
    let time = |server: &ServerDescription| server.rtt.average().unwrap_or(Duration::MAX);
    let Some(shortest) = servers.iter().map(|server| time(server)).min() else {
        return servers;
    };
    let longest = shortest.saturating_add(local_threshold);
    servers.retain(|server| time(server) <= longest);
    servers
}

/// Of two candidates at random the one with fewer operations under way: so a server that
/// slows down gets less to do, and yet not all callers run to the same one at once.
///
/// `random(n)` is a number below `n`.
pub fn pick(
    candidates: &[Arc<ServerDescription>],
    operations: impl Fn(&ServerAddress) -> usize,
    mut random: impl FnMut(usize) -> usize,
) -> Option<&Arc<ServerDescription>> {
    let count = candidates.len();
    if count < 2 {
        return candidates.first();
    }
    let first = random(count);
    let second = random(count - 1);
    let second = if second >= first { second + 1 } else { second };
    let (first, second) = (candidates.get(first)?, candidates.get(second)?);
    let fewer = operations(&second.address) < operations(&first.address);
    Some(if fewer { second } else { first })
}

/// A sentence for people: what was asked for, and why each server would not do.
pub fn why_none(description: &TopologyDescription, criteria: &Criteria, now: Instant) -> String {
    let wanted = match criteria {
        Criteria::Write => "for a write".to_owned(),
        Criteria::Read(preference) => format!("for a read ({preference})"),
        Criteria::Output(preference) => format!("for a pipeline that writes ({preference})"),
        Criteria::Server(address) => format!("because it must be {address}"),
    };
    let set = match &description.set_name {
        Some(name) => format!(" '{name}'"),
        None => String::new(),
    };
    let servers: Vec<_> = description.servers.values().map(|server| state_of(server, now)).collect();
    let servers = match (servers.is_empty(), &description.set_name) {
        (true, Some(name)) => format!(
            "no server is left, since those found do not call themselves members of '{name}'; check \
             replicaSet and the host names of the connection string"
        ),
        (true, None) => "no server is known; check the host names of the connection string".to_owned(),
        (false, _) => servers.join("; "),
    };
    format!("no server is suitable {wanted}. The topology is {}{set}: {servers}", description.kind)
}

fn state_of(server: &ServerDescription, now: Instant) -> String {
    let ServerDescription { address, kind, .. } = server;
    let age = server.last_update.map(|then| now.saturating_duration_since(then).as_secs_f64());
    match (&server.error, age) {
        (Some(error), Some(age)) => {
            format!("{address} is {kind} since {age:.1} s ({})", error.message())
        }
        (Some(error), None) => format!("{address} is {kind} ({})", error.message()),
        (None, Some(age)) => format!("{address} is {kind}, checked {age:.1} s ago"),
        (None, None) if *kind == ServerKind::Unknown => {
            format!("{address} has not been checked yet")
        }
        (None, None) => format!("{address} is {kind}"),
    }
}

fn by_criteria(
    description: &TopologyDescription,
    mut servers: Servers,
    criteria: &Criteria,
    heartbeat: Duration,
) -> Servers {
    match (criteria, description.kind) {
        (Criteria::Server(address), _) => servers.retain(|server| server.address == *address),
        (_, TopologyKind::Unknown) => servers.clear(),
        (_, TopologyKind::Single | TopologyKind::LoadBalanced) => {}
        (_, TopologyKind::Sharded) => only(&mut servers, ServerKind::Mongos),
        (Criteria::Write, _) => only(&mut servers, ServerKind::RsPrimary),
        (Criteria::Read(_) | Criteria::Output(_), _) => {
            if let Some(preference) = criteria.preference(description) {
                return by_preference(description, servers, preference, heartbeat);
            }
        }
    }
    servers
}

fn by_preference(
    description: &TopologyDescription,
    servers: Servers,
    preference: &ReadPreference,
    heartbeat: Duration,
) -> Servers {
    let (mut primary, mut secondaries) = (servers.clone(), servers);
    only(&mut primary, ServerKind::RsPrimary);
    only(&mut secondaries, ServerKind::RsSecondary);
    let eligible = |mut candidates: Servers| {
        if let Some(limit) = preference.max_staleness() {
            staleness::drop_stale(&mut candidates, description, limit, heartbeat);
        }
        matching(candidates, preference.tag_sets())
    };
    let first_found =
        |first: Servers, then: &dyn Fn() -> Servers| if first.is_empty() { then() } else { first };
    match preference.mode() {
        ReadMode::Primary => primary,
        ReadMode::Secondary => eligible(secondaries),
        ReadMode::PrimaryPreferred => first_found(primary, &|| eligible(secondaries.clone())),
        ReadMode::SecondaryPreferred => first_found(eligible(secondaries), &|| primary.clone()),
        ReadMode::Nearest => {
            primary.append(&mut secondaries);
            eligible(primary)
        }
    }
}

fn only(servers: &mut Servers, kind: ServerKind) {
    servers.retain(|server| server.kind == kind);
}

/// The servers that match the first tag set that any of them matches.
fn matching(servers: Servers, tag_sets: &[TagSet]) -> Servers {
    if tag_sets.is_empty() {
        return servers;
    }
    let has_all = |server: &ServerDescription, wanted: &TagSet| match &server.hello {
        Some(hello) => wanted.iter().all(|(key, value)| hello.tags.get(key) == Some(value)),
        None => wanted.is_empty(),
    };
    let found = tag_sets.iter().find(|set| servers.iter().any(|server| has_all(server, set)));
    match found {
        Some(set) => servers.into_iter().filter(|server| has_all(server, set)).collect(),
        None => Vec::new(),
    }
}
