//! Corner cases of the state machine and of selection that the official cases do not
//! have.

mod errors;
mod machine;
mod selection;
mod srv;

use std::time::Instant;

use bson::oid::ObjectId;
use bson::{Document, RawDocumentBuf, doc};

use super::*;
use crate::error::{Error, Kind};

fn address(name: &str) -> ServerAddress {
    ServerAddress::parse(name).unwrap()
}

fn settings(seeds: &[&str]) -> TopologySettings {
    TopologySettings { seeds: seeds.iter().map(|seed| address(seed)).collect(), ..Default::default() }
}

fn reply(fields: Document) -> HelloReply {
    let mut document = doc! { "ok": 1, "minWireVersion": 0, "maxWireVersion": 21 };
    document.extend(fields);
    HelloReply::parse(&RawDocumentBuf::try_from(&document).unwrap()).unwrap()
}

fn primary(hosts: &[&str]) -> Document {
    doc! { "isWritablePrimary": true, "setName": "rs", "hosts": hosts }
}

fn secondary(hosts: &[&str]) -> Document {
    doc! { "secondary": true, "setName": "rs", "hosts": hosts }
}

fn version(process: u8, counter: i64) -> Document {
    doc! { "topologyVersion": { "processId": ObjectId::from_bytes([process; 12]), "counter": counter } }
}

fn with(mut fields: Document, more: Document) -> Document {
    fields.extend(more);
    fields
}

fn hello(topology: &mut Topology, from: &str, fields: Document) -> Change {
    let outcome = Outcome::Hello {
        address: address(from),
        reply: reply(fields).into(),
        rtt: None,
        now: Instant::now(),
    };
    topology.apply(outcome)
}

fn check_failed(topology: &mut Topology, at: &str, failure: CheckFailure) -> Change {
    let error = Error::new(Kind::AutoReconnect, "the monitor's socket broke");
    topology.apply(Outcome::CheckFailed { address: address(at), failure, error, now: Instant::now() })
}

fn names(topology: &Topology) -> Vec<String> {
    topology.description().servers.keys().map(ToString::to_string).collect()
}

fn kind_of(topology: &Topology, name: &str) -> ServerKind {
    topology.description().servers[&address(name)].kind
}

/// A replica set of which `a` is the primary and `b` a secondary.
fn replica_set() -> Topology {
    let mut topology = Topology::new(settings(&["a", "b"])).unwrap();
    hello(&mut topology, "a", primary(&["a", "b"]));
    hello(&mut topology, "b", secondary(&["a", "b"]));
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetWithPrimary);
    topology
}

fn is_ready(change: &Change, name: &str) -> bool {
    matches!(&change.pool, Some(PoolAction::Ready { address: ready }) if *ready == address(name))
}
