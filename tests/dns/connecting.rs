//! Ordinary hosts, all of whose addresses are tried.

use std::time::Duration;

use actix_mongo::{Connection, Resolver};
use test_support::{DnsServer, ScriptedServer, Zone};

use crate::support::{connect, ping, refused};

fn to(zone: Zone, server: &ScriptedServer) -> (DnsServer, actix_mongo::Builder) {
    let dns = DnsServer::start(zone);
    let uri = format!("mongodb://db.example:{}", server.address().port());
    let builder = Connection::builder().uri(uri).unwrap();
    let builder = builder.resolver(Resolver::name_servers([dns.address()]));
    (dns, builder.server_selection_timeout(Duration::from_secs(5)))
}

#[test]
fn a_host_is_asked_for_by_both_families() {
    let server = ScriptedServer::start();
    let (dns, builder) = to(Zone::new(60).address("db.example", "127.0.0.1"), &server);
    ping(&connect(builder));
    let kinds: Vec<_> = dns.questions().into_iter().map(|question| (question.name, question.kind)).collect();
    for kind in ["A", "AAAA"] {
        assert!(kinds.contains(&("db.example.".to_owned(), kind.to_owned())), "{kinds:?}");
    }
}

#[test]
fn a_dead_address_does_not_hold_the_others_up() {
    let server = ScriptedServer::start();
    let zone = Zone::new(60).address("db.example", "::1").address("db.example", "127.0.0.1");
    let (_dns, builder) = to(zone, &server);
    ping(&connect(builder));
}

#[test]
fn a_name_without_addresses_is_told() {
    let server = ScriptedServer::start();
    let (_dns, builder) = to(Zone::new(60).txt("db.example", &["text"]), &server);
    let error = refused(builder.server_selection_timeout(Duration::from_millis(300)));
    let sentence = error.to_string();
    assert!(sentence.contains("could not be looked up (DNS took"), "{sentence}");
    assert!(sentence.contains("the lookup gave no address"), "{sentence}");
}

#[test]
fn an_alias_is_followed() {
    let server = ScriptedServer::start();
    let zone = Zone::new(60).cname("db.example", "real.example").address("real.example", "127.0.0.1");
    let (_dns, builder) = to(zone, &server);
    ping(&connect(builder));
}

#[test]
fn the_hosts_of_the_system_need_no_name_server() {
    let server = ScriptedServer::start();
    let uri = format!("mongodb://localhost:{}", server.address().port());
    ping(&connect(Connection::builder().uri(uri).unwrap()));
}
