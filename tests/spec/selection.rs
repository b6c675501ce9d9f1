//! Cases of server selection: which servers suit, and which of them are near enough. The
//! cases of staleness use the same format and some fields more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_mongo::topology::selection::{in_window, pick, suitable};
use actix_mongo::topology::{
    Criteria, HelloReply, ReadMode, ReadPreference, ServerAddress, ServerDescription, ServerKind, TagSet,
    TopologyDescription, TopologyKind,
};
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{json, rtt};

/// The default of `localThresholdMS`, which all cases use.
pub const LOCAL_THRESHOLD: Duration = Duration::from_millis(15);

/// What all server descriptions of a case that speak no wire version are taken to speak.
const WIRE_VERSION: i32 = 21;

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    vec![Case::new(file, "", move |_| run(&content, Duration::from_secs(10)))]
}

/// Runs a case whose heartbeats come at that interval.
pub fn run(case: &Value, heartbeat: Duration) -> Result<(), String> {
    let topology = topology(json::field(case, "topology_description")?)?;
    let criteria = match case.get("operation").and_then(Value::as_str) {
        Some("write") => Criteria::Write,
        Some("read") | None => Criteria::Read(read_preference(json::field(case, "read_preference")?)?),
        Some(other) => return Err(format!("an operation that the runner does not know: {other}")),
    };
    let deprioritized = json::array(case, "deprioritized_servers")?.iter().map(address);
    let deprioritized: Vec<_> = deprioritized.collect::<Result<_, _>>()?;
    let found = suitable(&topology, &criteria, &deprioritized, heartbeat);
    if case.get("error").and_then(Value::as_bool) == Some(true) {
        return match found {
            Ok(found) => Err(format!("no error, but {:?}", addresses(&found))),
            Err(_) => Ok(()),
        };
    }
    let found = found.map_err(|error| error.to_string())?;
    expect("suitable", &found, json::array(case, "suitable_servers")?)?;
    let near = in_window(found, LOCAL_THRESHOLD);
    expect("in the latency window", &near, json::array(case, "in_latency_window")?)?;
    let picked = pick(&near, |_| 0, |count| count - 1);
    match picked.is_some() != near.is_empty() {
        true => Ok(()),
        false => Err(format!("picked {picked:?} of {:?}", addresses(&near))),
    }
}

/// The description that a case starts from.
pub fn topology(value: &Value) -> Result<TopologyDescription, String> {
    let kind = match json::text(value, "type")? {
        "Unknown" => TopologyKind::Unknown,
        "Single" => TopologyKind::Single,
        "ReplicaSetNoPrimary" => TopologyKind::ReplicaSetNoPrimary,
        "ReplicaSetWithPrimary" => TopologyKind::ReplicaSetWithPrimary,
        "Sharded" => TopologyKind::Sharded,
        "LoadBalanced" => TopologyKind::LoadBalanced,
        other => return Err(format!("a topology type that the runner does not know: {other}")),
    };
    let epoch = Instant::now();
    let servers = json::array(value, "servers")?.iter().map(|server| description(server, epoch));
    Ok(TopologyDescription::new(kind, servers.collect::<Result<Vec<_>, _>>()?))
}

fn description(value: &Value, epoch: Instant) -> Result<ServerDescription, String> {
    let mut server = ServerDescription::unknown(address(value)?);
    server.kind = kind(json::text(value, "type")?)?;
    if let Some(updated) = value.get("lastUpdateTime") {
        server.last_update = Some(epoch + rtt::milliseconds(updated)?);
    }
    if !server.is_available() {
        return Ok(server);
    }
    if let Some(time) = value.get("avg_rtt_ms") {
        server.rtt.add(rtt::milliseconds(time)?);
    }
    let mut hello = HelloReply { ok: true, max_wire_version: WIRE_VERSION, ..HelloReply::default() };
    if let Some(version) = value.get("maxWireVersion") {
        hello.max_wire_version =
            json::integer(version)?.try_into().map_err(|_| "maxWireVersion is too large")?;
    }
    if let Some(tags) = value.get("tags") {
        hello.tags = tag_set(tags)?;
    }
    if let Some(last_write) = value.get("lastWrite") {
        let date = json::integer(json::field(last_write, "lastWriteDate")?)?;
        hello.last_write_date = Some(bson::DateTime::from_millis(date));
    }
    server.hello = Some(Arc::new(hello));
    Ok(server)
}

/// A server type. A possible primary is what other drivers make of an unknown server.
pub fn kind(name: &str) -> Result<ServerKind, String> {
    Ok(match name {
        "Unknown" | "PossiblePrimary" => ServerKind::Unknown,
        "Standalone" => ServerKind::Standalone,
        "Mongos" => ServerKind::Mongos,
        "RSPrimary" => ServerKind::RsPrimary,
        "RSSecondary" => ServerKind::RsSecondary,
        "RSArbiter" => ServerKind::RsArbiter,
        "RSOther" => ServerKind::RsOther,
        "RSGhost" => ServerKind::RsGhost,
        "LoadBalancer" => ServerKind::LoadBalancer,
        other => return Err(format!("a server type that the runner does not know: {other}")),
    })
}

fn address(server: &Value) -> Result<ServerAddress, String> {
    let text = json::text(server, "address")?;
    ServerAddress::parse(text).ok_or_else(|| format!("not an address: {text}"))
}

fn tag_set(value: &Value) -> Result<TagSet, String> {
    let tags = value.as_object().ok_or_else(|| format!("not a tag set: {value}"))?;
    let tag = |(key, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(|| format!("not a tag: {value}"))?;
        Ok((key.clone(), value.to_owned()))
    };
    tags.iter().map(tag).collect()
}

fn read_preference(value: &Value) -> Result<ReadPreference, String> {
    let mode = match value.get("mode").and_then(Value::as_str) {
        Some(name) => ReadMode::parse(name).ok_or_else(|| format!("not a mode: {name}"))?,
        None => ReadMode::default(),
    };
    let tag_sets = json::array(value, "tag_sets")?.iter().map(tag_set).collect::<Result<Vec<_>, _>>()?;
    let preference = ReadPreference::new(mode).with_tag_sets(tag_sets);
    match value.get("maxStalenessSeconds").map(json::integer).transpose()? {
        None | Some(-1) => Ok(preference),
        Some(seconds) => {
            let seconds = u64::try_from(seconds).map_err(|_| "maxStalenessSeconds is negative")?;
            Ok(preference.with_max_staleness(Duration::from_secs(seconds)))
        }
    }
}

fn addresses(servers: &[Arc<ServerDescription>]) -> BTreeSet<ServerAddress> {
    servers.iter().map(|server| server.address.clone()).collect()
}

fn expect(what: &str, found: &[Arc<ServerDescription>], expected: &[Value]) -> Result<(), String> {
    let expected = expected.iter().map(address).collect::<Result<BTreeSet<_>, _>>()?;
    let found = addresses(found);
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what} are {found:?}, not {expected:?}")),
    }
}
