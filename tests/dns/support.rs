//! A name server, scripted routers, and a connection that finds them by DNS.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Builder, Connection, Error, Resolver};
use test_support::{DnsServer, Hello, ScriptedServer, Zone, block_on, poll_until};

/// For what happens in the background.
pub const SOON: Duration = Duration::from_secs(10);
/// SRV records are looked up again so soon.
pub const RESCAN: Duration = Duration::from_millis(60);
/// Where all hosts of these tests are.
pub const HOST: &str = "localhost.test.build.10gen.cc";
/// The name of the seed list.
pub const NAME: &str = "test1.test.build.10gen.cc";

/// Servers and the records that lead to them.
pub struct Scene {
    pub dns: DnsServer,
    pub routers: Vec<ScriptedServer>,
}

/// Four routers; the seed list of `NAME` has the first two.
pub fn scene() -> Scene {
    scene_of(Hello::mongos())
}

/// The same with other servers.
pub fn scene_of(hello: Hello) -> Scene {
    let routers: Vec<_> = (0..4).map(|_| ScriptedServer::builder().hello(hello.clone()).start()).collect();
    let dns = DnsServer::start(Zone::default());
    let scene = Scene { dns, routers };
    scene.dns.set_zone(scene.zone(&[0, 1]));
    scene
}

impl Scene {
    /// A zone whose seed list has these routers.
    pub fn zone(&self, routers: &[usize]) -> Zone {
        let zone = Zone::new(0).address(HOST, "127.0.0.1");
        routers.iter().fold(zone, |zone, index| zone.srv(NAME, self.port(*index), HOST))
    }

    pub fn port(&self, router: usize) -> u16 {
        self.routers[router].address().port()
    }

    /// The names of these routers, as a topology shows them.
    pub fn named(&self, routers: &[usize]) -> BTreeSet<String> {
        routers.iter().map(|index| format!("{HOST}:{}", self.port(*index))).collect()
    }

    /// A builder that finds the routers.
    pub fn builder(&self, query: &str) -> Builder {
        self.builder_of(NAME, query)
    }

    /// The same by another name.
    pub fn builder_of(&self, name: &str, query: &str) -> Builder {
        builder(name, query).resolver(Resolver::name_servers([self.dns.address()]))
    }

    /// How many questions for SRV records came.
    pub fn srv_questions(&self) -> usize {
        self.dns.questions().iter().filter(|question| question.kind == "SRV").count()
    }

    /// Waits until the records were looked up so many times more.
    #[track_caller]
    pub fn until_asked(&self, times: usize) {
        let before = self.srv_questions();
        poll_until(SOON, "more look-ups", || self.srv_questions() >= before + times);
    }
}

/// A builder of short patience, without TLS.
pub fn builder(name: &str, query: &str) -> Builder {
    let uri = format!("mongodb+srv://{name}/?tls=false&heartbeatFrequencyMS=500{query}");
    Connection::builder().uri(uri).unwrap().least_srv_rescan(RESCAN).server_selection_timeout(SOON)
}

/// Connects, which must succeed.
#[track_caller]
pub fn connect(builder: Builder) -> Connection {
    block_on(builder.connect()).unwrap_or_else(|error| panic!("{error}"))
}

/// Connects, which must fail.
#[track_caller]
pub fn refused(builder: Builder) -> Error {
    block_on(builder.connect()).unwrap_err()
}

/// The servers that a connection knows.
pub fn hosts(connection: &Connection) -> BTreeSet<String> {
    let snapshot = connection.core().snapshots.borrow().clone();
    snapshot.topology.servers.keys().map(ToString::to_string).collect()
}

/// Waits until a connection knows these servers.
#[track_caller]
pub fn until_hosts(connection: &Connection, expected: &BTreeSet<String>) {
    poll_until(SOON, &format!("the hosts {expected:?}"), || hosts(connection) == *expected);
}

/// A call that must succeed.
#[track_caller]
pub fn ping(connection: &Connection) {
    let ping = connection.database("admin").unwrap().run_command(doc! { "ping": 1 });
    block_on(ping.into_future()).unwrap_or_else(|error| panic!("{error}"));
}
