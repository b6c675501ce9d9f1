//! The hosts behind `mongodb+srv://`: which name is asked for, and which of the hosts that
//! come back may be connected to.

use std::collections::BTreeSet;
use std::time::Duration;

use super::custom::SrvRecord;
use crate::error::{Error, Kind, Result};
use crate::topology::ServerAddress;

/// The name whose SRV records are the seed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvName {
    host: String,
    service: String,
}

/// Hosts of which SRV records told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedList {
    /// The hosts that may be connected to, each once; at least one.
    pub hosts: Vec<ServerAddress>,
    /// How long the shortest-lived of their records may be kept.
    pub ttl: Duration,
    /// Those that may not, in words for the log. Always empty for a first look-up.
    pub strangers: Vec<String>,
}

impl SrvName {
    /// The service where none is named.
    pub const DEFAULT_SERVICE: &str = "mongodb";

    /// The host of the connection string, and a service (`srvServiceName`).
    pub fn new(host: &str, service: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host);
        // What comes back is compared with it, and is never in another script.
        let host = match url::Host::parse(host) {
            Ok(url::Host::Domain(ascii)) if !host.is_ascii() => ascii,
            _ => host.to_ascii_lowercase(),
        };
        Self { host, service: service.to_owned() }
    }

    /// The host of the connection string, at which TXT records are.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name of the SRV records.
    pub fn query(&self) -> String {
        format!("_{}._tcp.{}", self.service, self.host)
    }

    /// The hosts to begin with. One that may not be connected to is an error, and so is an
    /// empty list.
    pub fn seeds(&self, records: Vec<SrvRecord>) -> Result<SeedList> {
        let list = self.hosts(records)?;
        match list.strangers.first() {
            Some(stranger) => Err(Error::new(Kind::InvalidUri, stranger.as_str())),
            None => Ok(list),
        }
    }

    /// The hosts of a later look-up: those that may not be connected to are left out. An
    /// error if none is left.
    pub fn hosts(&self, records: Vec<SrvRecord>) -> Result<SeedList> {
        let (mut known, mut list) = (BTreeSet::new(), SeedList::empty());
        let none = records.is_empty();
        for record in records {
            let target = record.target.strip_suffix('.').unwrap_or(&record.target);
            let address = ServerAddress::new(target, record.port);
            if record.port == 0 || !self.admits(address.host()) {
                list.strangers.push(self.not_admitted(target, record.port));
                continue;
            }
            list.ttl = list.ttl.min(record.ttl);
            if known.insert(address.clone()) {
                list.hosts.push(address);
            }
        }
        let query = self.query();
        match list.strangers.first() {
            _ if none => Err(Error::new(
                Kind::ConnectionFailure,
                format!("there are no SRV records of {query:?}; check the host of the connection string"),
            )),
            Some(stranger) if list.hosts.is_empty() => Err(Error::new(Kind::InvalidUri, stranger.as_str())),
            _ => Ok(list),
        }
    }

    /// Whether a host may be connected to because this name's records tell of it: it lies
    /// below the domain, which is the name without its first label, or all of it if that
    /// would leave less than two.
    fn admits(&self, target: &str) -> bool {
        let below = target.strip_suffix(self.domain()).and_then(|rest| rest.strip_suffix('.'));
        is_host_name(target) && below.is_some_and(|labels| !labels.is_empty())
    }

    fn domain(&self) -> &str {
        match self.host.split_once('.') {
            Some((_, domain)) if domain.contains('.') => domain,
            _ => &self.host,
        }
    }

    fn not_admitted(&self, target: &str, port: u16) -> String {
        format!(
            "the SRV records of {:?} name the host {target:?}, port {port}, which is not below the domain {:?}, \
             has no port, or is no host name; it will not be connected to",
            self.query(),
            self.domain()
        )
    }
}

/// Labels of letters, digits, dashes, and the underscore that some deployments have: what holds
/// anything else could end up as an address, a path, or several hosts.
fn is_host_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.split('.').all(|label| !label.is_empty() && label.len() <= LONGEST_LABEL && label.bytes().all(plain))
}

/// Of one label, in bytes (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;

impl SeedList {
    fn empty() -> Self {
        Self { hosts: Vec::new(), ttl: Duration::MAX, strangers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(target: &str, port: u16, ttl: u64) -> SrvRecord {
        SrvRecord::new(target, port, Duration::from_secs(ttl))
    }

    fn admits(host: &str, target: &str) -> bool {
        SrvName::new(host, "mongodb").seeds(vec![record(target, 1, 1)]).is_ok()
    }

    #[test]
    fn the_service_stands_before_the_host() {
        let name = SrvName::new("A.Example.com.", "custom");
        assert_eq!((name.query().as_str(), name.host()), ("_custom._tcp.a.example.com", "a.example.com"));
        let name = SrvName::new("a.Bücher.example", "mongodb");
        assert_eq!(name.host(), "a.xn--bcher-kva.example");
    }

    #[test]
    fn hosts_of_three_labels_share_all_but_the_first() {
        let host = "cluster.tests.mongodb.co.uk";
        for good in ["x.tests.mongodb.co.uk", "X.Y.Tests.mongodb.co.uk.", "cluster.tests.mongodb.co.uk"] {
            assert!(admits(host, good), "{good}");
        }
        for bad in
            ["tests.mongodb.co.uk", "x.mongodb.co.uk", "atests.mongodb.co.uk", "x.tests.mongodb.co.u", ""]
        {
            assert!(!admits(host, bad), "{bad}");
        }
        assert!(admits("blogs.mongodb.com", "x.mongodb.com"));
        assert!(!admits("blogs.mongodb.com", "blogs.evil.com"));
        assert!(!admits("blogs.mongodb.com", "cluster.testmongodb.com"));
    }

    #[test]
    fn hosts_of_fewer_labels_are_the_domain_themselves() {
        assert!(admits("localhost", "a.localhost") && admits("mongo.local", "a.b.mongo.local"));
        for bad in
            ["localhost", "localhost.mongodb", "test_1.cluster_1localhost", ".localhost", "..localhost"]
        {
            assert!(!admits("localhost", bad), "{bad}");
        }
        for bad in ["mongo.local", "test_1.evil.local", "test_1.my_hostmongo.local"] {
            assert!(!admits("mongo.local", bad), "{bad}");
        }
    }

    #[test]
    fn what_is_no_host_name_is_a_stranger() {
        for c in "/\\:[]%@,;?#&=+*'\"`<>(){}|^~!$ \t\n\0\u{e9}\u{3002}".chars() {
            for bad in [format!("x{c}y.b.c"), format!("{c}.b.c"), format!("x.y{c}.b.c")] {
                assert!(!admits("a.b.c", &bad), "{bad:?}");
            }
        }
        for bad in ["x..y.b.c", ".x.b.c", "x..b.c", &format!("{}.b.c", "x".repeat(64))] {
            assert!(!admits("a.b.c", bad), "{bad:?}");
        }
        assert!(
            admits("a.b.c", "under_score-1.x.b.c.") && admits("a.b.c", &format!("{}.b.c", "x".repeat(63)))
        );
        assert!(SrvName::new("a.b.c", "mongodb").seeds(vec![record("x.b.c", 0, 1)]).is_err());
    }

    #[test]
    fn each_host_counts_once_and_the_least_ttl() {
        let name = SrvName::new("a.b.c", "mongodb");
        let list =
            name.seeds(vec![record("X.b.c.", 1, 9), record("x.b.c", 1, 7), record("x.b.c", 2, 8)]).unwrap();
        assert_eq!(list.hosts, [ServerAddress::new("x.b.c", 1), ServerAddress::new("x.b.c", 2)]);
        assert_eq!(list.ttl, Duration::from_secs(7));
    }

    #[test]
    fn later_strangers_are_left_out_and_told() {
        let name = SrvName::new("a.b.c", "mongodb");
        let records = vec![record("evil.com", 1, 1), record("x.b.c", 1, 9)];
        assert_eq!(name.seeds(records.clone()).unwrap_err().kind(), Kind::InvalidUri);
        let list = name.hosts(records).unwrap();
        assert_eq!((list.hosts.len(), list.ttl), (1, Duration::from_secs(9)));
        assert!(list.strangers[0].contains("\"evil.com\""), "{:?}", list.strangers);
        assert!(name.hosts(vec![record("evil.com", 1, 1)]).is_err());
        let none = name.hosts(Vec::new()).unwrap_err();
        assert!(none.to_string().contains("no SRV records of \"_mongodb._tcp.a.b.c\""), "{none}");
    }
}
