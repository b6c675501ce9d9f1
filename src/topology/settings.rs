//! What the user asked for, as far as discovery needs to know.

use super::address::ServerAddress;
use super::description::TopologyKind;
use crate::error::{Error, Kind, Result};

/// What a topology starts from.
#[derive(Clone, Debug, Default)]
pub struct TopologySettings {
    /// The servers of the connection string, or those that the first SRV look-up found.
    /// Empty only if `srv` is set and that look-up has not answered yet.
    pub seeds: Vec<ServerAddress>,
    /// Speak to the one seed, whatever it is.
    pub direct_connection: bool,
    /// The replica set that servers must be in.
    pub replica_set: Option<String>,
    /// The one seed is a load balancer.
    pub load_balanced: bool,
    /// Seeds come from SRV records, and follow them.
    pub srv: bool,
    /// With `srv`, at most so many servers; 0 for all.
    pub srv_max_hosts: usize,
}

impl TopologySettings {
    /// The kind of topology these settings start with. An error if they contradict each
    /// other.
    pub fn initial_kind(&self) -> Result<TopologyKind> {
        let refuse = |sentence: &str| Err(Error::new(Kind::InvalidArgument, sentence));
        let several = self.seeds.iter().any(|seed| *seed != self.seeds[0]);
        if self.seeds.is_empty() && !self.srv {
            return refuse("there is no host to connect to");
        }
        if self.direct_connection && several {
            return refuse("directConnection=true needs exactly one host");
        }
        if self.load_balanced {
            if several {
                return refuse("loadBalanced=true needs exactly one host");
            }
            if self.direct_connection {
                return refuse("loadBalanced=true and directConnection=true exclude each other");
            }
            if self.replica_set.is_some() {
                return refuse("loadBalanced=true and replicaSet exclude each other");
            }
            if self.srv_max_hosts > 0 {
                return refuse("loadBalanced=true and srvMaxHosts exclude each other");
            }
            return Ok(TopologyKind::LoadBalanced);
        }
        if self.srv_max_hosts > 0 && self.replica_set.is_some() {
            return refuse("srvMaxHosts and replicaSet exclude each other");
        }
        Ok(match &self.replica_set {
            _ if self.direct_connection => TopologyKind::Single,
            Some(_) => TopologyKind::ReplicaSetNoPrimary,
            None => TopologyKind::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(ports: &[u16]) -> TopologySettings {
        let seeds = ports.iter().map(|port| ServerAddress::new("h", *port)).collect();
        TopologySettings { seeds, ..TopologySettings::default() }
    }

    #[test]
    fn the_kind_follows_direct_connection_and_replica_set() {
        let kind = |direct_connection, set: Option<&str>| {
            let replica_set = set.map(str::to_owned);
            let settings = TopologySettings { direct_connection, replica_set, ..settings(&[1]) };
            settings.initial_kind().unwrap()
        };
        assert_eq!(kind(true, None), TopologyKind::Single);
        assert_eq!(kind(true, Some("rs")), TopologyKind::Single);
        assert_eq!(kind(false, None), TopologyKind::Unknown);
        assert_eq!(kind(false, Some("rs")), TopologyKind::ReplicaSetNoPrimary);
    }

    #[test]
    fn contradictions_are_refused() {
        let refused =
            |settings: TopologySettings| settings.initial_kind().unwrap_err().kind() == Kind::InvalidArgument;
        assert!(refused(settings(&[])));
        assert!(refused(TopologySettings { direct_connection: true, ..settings(&[1, 2]) }));
        let balanced = |settings| TopologySettings { load_balanced: true, ..settings };
        assert!(refused(balanced(settings(&[1, 2]))));
        assert!(refused(balanced(TopologySettings { direct_connection: true, ..settings(&[1]) })));
        assert!(refused(balanced(TopologySettings { replica_set: Some("rs".into()), ..settings(&[1]) })));
        assert!(refused(balanced(TopologySettings { srv_max_hosts: 1, ..settings(&[1]) })));
    }

    #[test]
    fn one_host_named_twice_is_one_host() {
        let twice = TopologySettings { direct_connection: true, ..settings(&[1, 1]) };
        assert_eq!(twice.initial_kind().unwrap(), TopologyKind::Single);
    }

    #[test]
    fn hosts_may_follow_later_from_srv() {
        let later = TopologySettings { srv: true, load_balanced: true, ..settings(&[]) };
        assert_eq!(later.initial_kind().unwrap(), TopologyKind::LoadBalanced);
    }
}
