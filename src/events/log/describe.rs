//! Topologies and criteria in one line.

use std::fmt;
use std::sync::Arc;

use crate::topology::{Criteria, ServerDescription, TopologyDescription};

/// A topology, for people.
pub struct Topology<'a>(pub &'a TopologyDescription);

impl fmt::Display for Topology<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ type: {}", self.0.kind)?;
        if let Some(name) = &self.0.set_name {
            write!(f, ", set: {name}")?;
        }
        f.write_str(", servers: [")?;
        for (index, server) in self.0.servers.values().enumerate() {
            f.write_str(if index == 0 { " " } else { ", " })?;
            server_in(f, server)?;
        }
        f.write_str(" ]")?;
        if let Some(error) = &self.0.compatibility_error {
            write!(f, ", incompatible: {error}")?;
        }
        f.write_str(" }")
    }
}

fn server_in(f: &mut fmt::Formatter<'_>, server: &Arc<ServerDescription>) -> fmt::Result {
    write!(f, "{{ address: {}, type: {:?}", server.address, server.kind)?;
    if server.max_wire_version() > 0 {
        write!(f, ", wire versions: {} to {}", server.min_wire_version(), server.max_wire_version())?;
    }
    if let Some(rtt) = server.rtt.average() {
        write!(f, ", round trip: {:.1} ms", rtt.as_secs_f64() * 1000.0)?;
    }
    if let Some(error) = &server.error {
        write!(f, ", error: {error}")?;
    }
    f.write_str(" }")
}

/// What a server must meet, for people.
pub struct Selector<'a>(pub &'a Criteria);

impl fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Criteria::Write => f.write_str("a server that takes writes"),
            Criteria::Server(address) => write!(f, "the server {address}"),
            Criteria::Read(preference) | Criteria::Output(preference) => {
                write!(f, "{{ mode: {:?}, tag sets: {:?}", preference.mode(), preference.tag_sets())?;
                if let Some(staleness) = preference.max_staleness() {
                    write!(f, ", max staleness: {} s", staleness.as_secs())?;
                }
                f.write_str(" }")
            }
        }
    }
}
