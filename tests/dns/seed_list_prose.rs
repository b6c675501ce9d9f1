//! Prose tests of the initial DNS seed list discovery specification, by their numbers. They
//! stub what DNS answers, as the text assumes: a name server is never asked for `localhost`.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use actix_mongo::{Answer, Builder, CustomResolver, Kind, Resolver, SrvRecord};
use test_support::{Hello, ScriptedServer};

use crate::support::{builder, connect, ping, refused};

/// One SRV record for whatever name, and one host.
#[derive(Debug)]
struct Stub {
    target: &'static str,
    port: u16,
}

impl CustomResolver for Stub {
    fn addresses(&self, host: &str) -> Answer<IpAddr> {
        let known = host == self.target;
        Box::pin(async move {
            if known { Ok(vec![[127, 0, 0, 1].into()]) } else { Err(io::ErrorKind::NotFound.into()) }
        })
    }

    fn srv(&self, _name: &str) -> Answer<SrvRecord> {
        let record = SrvRecord::new(self.target, self.port, Duration::from_secs(60));
        Box::pin(async move { Ok(vec![record]) })
    }

    fn txt(&self, _name: &str) -> Answer<Vec<u8>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn resolving(name: &str, target: &'static str) -> (ScriptedServer, Builder) {
    let server = ScriptedServer::builder().hello(Hello::mongos()).start();
    let stub = Stub { target, port: server.address().port() };
    (server, builder(name, "").resolver(Resolver::custom(stub)))
}

/// The host is not connected to.
fn throws(name: &str, target: &'static str) {
    let (server, builder) = resolving(name, target);
    let error = refused(builder);
    assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
    assert!(error.to_string().contains(&format!("{target:?}")), "{error}");
    assert!(server.log().connections.is_empty(), "{name} {target}");
}

#[test]
fn prose_1_allow_srvs_with_fewer_than_3_parts() {
    for (name, target) in [("localhost", "a.localhost"), ("mongo.local", "a.mongo.local")] {
        let (_server, builder) = resolving(name, target);
        ping(&connect(builder));
    }
}

#[test]
fn prose_2_throw_when_return_address_does_not_end_with_srv_domain() {
    throws("localhost", "localhost.mongodb");
    throws("mongo.local", "test_1.evil.local");
    throws("blogs.mongodb.com", "blogs.evil.com");
}

#[test]
fn prose_3_throw_when_return_address_is_identical_to_srv_hostname() {
    throws("localhost", "localhost");
    throws("mongo.local", "mongo.local");
}

#[test]
fn prose_4_throw_when_return_address_does_not_contain_dot_separating_shared_part_of_domain() {
    throws("localhost", "test_1.cluster_1localhost");
    throws("mongo.local", "test_1.my_hostmongo.local");
    throws("blogs.mongodb.com", "cluster.testmongodb.com");
}
