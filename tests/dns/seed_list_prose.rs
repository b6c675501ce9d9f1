//! Prose tests of the initial DNS seed list discovery specification, by their numbers.

use actix_mongo::{Kind, Resolver};
use test_support::{DnsServer, Hello, ScriptedServer, Zone};

use crate::support::{builder, connect, ping, refused};

fn resolving(name: &str, target: &str, port: u16) -> (DnsServer, actix_mongo::Builder) {
    let zone = Zone::new(0).srv(name, port, target).address(target, "127.0.0.1");
    let dns = DnsServer::start(zone);
    let builder = builder(name, "").resolver(Resolver::name_servers([dns.address()]));
    (dns, builder)
}

/// The host is not connected to.
fn throws(name: &str, target: &str) {
    let server = ScriptedServer::builder().hello(Hello::mongos()).start();
    let (_dns, builder) = resolving(name, target, server.address().port());
    let error = refused(builder);
    assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
    assert!(error.to_string().contains(&format!("{target:?}")), "{error}");
    assert!(server.log().connections.is_empty(), "{name} {target}");
}

#[test]
fn prose_1_allow_srvs_with_fewer_than_3_parts() {
    for (name, target) in [("localhost", "a.localhost"), ("mongo.local", "a.mongo.local")] {
        let server = ScriptedServer::builder().hello(Hello::mongos()).start();
        let (_dns, builder) = resolving(name, target, server.address().port());
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
