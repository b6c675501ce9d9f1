//! Cases of discovery: replies and errors in, a description out. Pools are counted along
//! by what the state machine says is to be done with them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_mongo::topology::{
    ApplicationError, Change, CheckFailure, CommandFailure, Failure, HelloReply, Outcome, Phase, PoolAction,
    ServerAddress, ServerDescription, Topology, TopologyDescription,
};
use actix_mongo::{Error, Kind};
use bson::Bson;
use bson::oid::ObjectId;
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{json, selection, uri};

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    let description = content.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    vec![Case::new(file, &description, move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    let mut client = Client::new(json::text(case, "uri")?)?;
    for (index, phase) in json::array(case, "phases")?.iter().enumerate() {
        client.phase(phase).map_err(|reason| format!("phase {}: {reason}", index + 1))?;
    }
    Ok(())
}

/// The state machine and what its owner would keep: the generation of each pool.
struct Client {
    topology: Topology,
    pools: BTreeMap<ServerAddress, u64>,
    now: Instant,
}

impl Client {
    fn new(text: &str) -> Result<Self, String> {
        let topology = Topology::new(uri::settings(text)?).map_err(|error| error.to_string())?;
        let start = topology.start();
        let mut client = Self { topology, pools: BTreeMap::new(), now: Instant::now() };
        client.follow(&start)?;
        Ok(client)
    }

    fn phase(&mut self, phase: &Value) -> Result<(), String> {
        for response in json::array(phase, "responses")? {
            let outcome = self.response(response)?;
            self.apply(outcome)?;
        }
        for error in json::array(phase, "applicationErrors")? {
            if let Some(outcome) = self.application_error(error)? {
                self.apply(outcome)?;
            }
        }
        let outcome = json::field(phase, "outcome")?;
        self.check(outcome)
    }

    fn apply(&mut self, outcome: Outcome) -> Result<(), String> {
        self.now += Duration::from_secs(1);
        let change = self.topology.apply(outcome);
        self.follow(&change)
    }

    /// Does to the pools what the change says.
    fn follow(&mut self, change: &Change) -> Result<(), String> {
        for address in &change.removed {
            self.pools.remove(address).ok_or_else(|| format!("{address} was removed twice"))?;
        }
        for address in &change.added {
            if self.pools.insert(address.clone(), 0).is_some() {
                return Err(format!("{address} was added twice"));
            }
        }
        match &change.pool {
            None => {}
            Some(PoolAction::Ready { address }) => {
                self.pools.get(address).ok_or_else(|| format!("{address} is ready, but has no pool"))?;
            }
            Some(PoolAction::Clear { address, .. }) => {
                *self
                    .pools
                    .get_mut(address)
                    .ok_or_else(|| format!("{address} is cleared, but has no pool"))? += 1;
            }
        }
        match self.pools.keys().eq(self.topology.description().servers.keys()) {
            true => Ok(()),
            false => Err(format!("there are pools for {:?}", self.pools.keys())),
        }
    }

    fn response(&self, response: &Value) -> Result<Outcome, String> {
        let (Some(address), Some(reply)) = (response.get(0), response.get(1)) else {
            return Err(format!("not a response: {response}"));
        };
        let (address, now) = (parse_address(address)?, self.now);
        if reply.as_object().is_some_and(serde_json::Map::is_empty) {
            let error = Error::new(Kind::AutoReconnect, "the monitor's socket broke").network();
            return Ok(Outcome::CheckFailed { address, failure: CheckFailure::Network, error, now });
        }
        let reply = HelloReply::parse(&json::raw_document(reply)?).map_err(|error| error.to_string())?;
        Ok(Outcome::Hello { address, reply: reply.into(), rtt: Some(Duration::from_millis(1)), now })
    }

    /// `None` if there is nothing in the reply to tell anyone.
    fn application_error(&self, error: &Value) -> Result<Option<Outcome>, String> {
        let address = parse_address(json::field(error, "address")?)?;
        let current_generation = self.pools.get(&address).copied().unwrap_or_default();
        let generation = match error.get("generation") {
            Some(given) => json::integer(given)?.try_into().map_err(|_| "a negative generation")?,
            None => current_generation,
        };
        let mut message = "the socket failed".to_owned();
        let failure = match json::text(error, "type")? {
            "network" => Failure::Network,
            "timeout" => Failure::Timeout,
            "command" => {
                let reply = json::raw_document(json::field(error, "response")?)?;
                let Some(failure) = CommandFailure::parse(&reply) else { return Ok(None) };
                message.clone_from(&failure.message);
                Failure::Command(failure)
            }
            other => return Err(format!("an error type that the runner does not know: {other}")),
        };
        let phase = match (json::text(error, "when")?, &failure) {
            ("afterHandshakeCompletes", _) => Phase::Established,
            ("beforeHandshakeCompletes", Failure::Command(_)) => Phase::Authenticating,
            ("beforeHandshakeCompletes", _) => Phase::Establishing,
            (other, _) => return Err(format!("a moment that the runner does not know: {other}")),
        };
        Ok(Some(Outcome::Application(ApplicationError {
            address,
            generation,
            current_generation,
            phase,
            failure,
            service_id: None,
            error: Error::new(Kind::AutoReconnect, message),
            now: self.now,
        })))
    }

    fn check(&self, outcome: &Value) -> Result<(), String> {
        let description = self.topology.description();
        let expected = json::field(outcome, "servers")?.as_object().ok_or("'servers' is not a document")?;
        if description.servers.len() != expected.len() {
            return Err(format!("the servers are {:?}", description.servers.keys()));
        }
        for (key, value) in outcome.as_object().into_iter().flatten().filter(|(key, _)| *key != "servers") {
            let actual = topology_field(description, key)?;
            compare(key, &actual, &json::bson(value)?)?;
        }
        for (address, expected) in expected {
            let parsed = parse_address(&Value::from(address.as_str()))?;
            let server = description.servers.get(&parsed).ok_or_else(|| format!("{address} is missing"))?;
            for (key, value) in expected.as_object().into_iter().flatten() {
                self.check_server(server, key, value).map_err(|reason| format!("{address}: {reason}"))?;
            }
        }
        Ok(())
    }

    fn check_server(&self, server: &ServerDescription, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "type" => {
                let wanted = value.as_str().ok_or("'type' is not a string")?;
                let is = server.kind == selection::kind(wanted)?;
                is.then_some(())
                    .ok_or_else(|| format!("it is {}, not {wanted} ({:?})", server.kind, server.error))
            }
            "error" => {
                let wanted = value.as_str().ok_or("'error' is not a string")?;
                let error = server.error.as_ref().map(ToString::to_string).unwrap_or_default();
                error
                    .contains(wanted)
                    .then_some(())
                    .ok_or_else(|| format!("the error is {error:?}, not {wanted:?}"))
            }
            "pool" => {
                let wanted = json::integer(json::field(value, "generation")?)?;
                let generation = self.pools.get(&server.address).copied().map(i64::try_from);
                let is = generation == Some(Ok(wanted));
                is.then_some(()).ok_or_else(|| format!("the generation is {generation:?}, not {wanted}"))
            }
            _ => compare(key, &server_field(server, key)?, &json::bson(value)?),
        }
    }
}

fn topology_field(description: &TopologyDescription, key: &str) -> Result<Bson, String> {
    Ok(match key {
        "topologyType" => Bson::String(description.kind.to_string()),
        "setName" => optional(description.set_name.clone()),
        "logicalSessionTimeoutMinutes" => {
            optional(description.logical_session_timeout_minutes.map(i64::from))
        }
        "maxSetVersion" => optional(description.max_set_version),
        "maxElectionId" => optional(description.max_election_id),
        "compatible" => Bson::Boolean(description.compatible()),
        other => return Err(format!("a field of the outcome that the runner does not know: {other}")),
    })
}

fn server_field(server: &ServerDescription, key: &str) -> Result<Bson, String> {
    let hello = server.hello.as_deref();
    Ok(match key {
        "setName" => optional(server.set_name().map(str::to_owned)),
        "setVersion" => optional(hello.and_then(|hello| hello.set_version)),
        "electionId" => optional::<ObjectId>(hello.and_then(|hello| hello.election_id)),
        "logicalSessionTimeoutMinutes" => optional(server.logical_session_timeout_minutes().map(i64::from)),
        "minWireVersion" => optional(hello.map(|hello| i64::from(hello.min_wire_version))),
        "maxWireVersion" => optional(hello.map(|hello| i64::from(hello.max_wire_version))),
        "topologyVersion" => optional(server.topology_version.map(|version| {
            bson::doc! { "processId": version.process_id, "counter": version.counter }
        })),
        other => return Err(format!("a field of a server that the runner does not know: {other}")),
    })
}

fn optional<T: Into<Bson>>(value: Option<T>) -> Bson {
    value.map_or(Bson::Null, Into::into)
}

/// Whole numbers are equal whatever their width.
fn compare(key: &str, actual: &Bson, expected: &Bson) -> Result<(), String> {
    let same = match (actual, expected) {
        (Bson::Int64(actual), Bson::Int32(expected)) => *actual == i64::from(*expected),
        (actual, expected) => actual == expected,
    };
    same.then_some(()).ok_or_else(|| format!("{key} is {actual}, not {expected}"))
}

fn parse_address(value: &Value) -> Result<ServerAddress, String> {
    let address = value.as_str().and_then(ServerAddress::parse);
    address.ok_or_else(|| format!("not an address: {value}"))
}
