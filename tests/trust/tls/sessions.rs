//! Sessions are resumed by all sockets of a connection, and ended with a goodbye.

use std::time::Duration;

use actix_mongo::{TlsOptions, rustls};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, SupportedProtocolVersion};
use test_support::{block_on, poll_until};

use super::authority::Authority;
use super::door::{Door, Plan};
use super::scene::{SOON, builder, connect};

fn are_resumed(version: &'static SupportedProtocolVersion) {
    let authority = Authority::new();
    let identity = authority.server();
    let door = Door::with(Plan { identity: &identity, clients: None, versions: &[version] });
    let tls = TlsOptions::new().ca_pem(authority.pem.as_str());
    let connection = connect(builder(&door.uri("localhost", ""), tls).min_pool_size(4).max_connecting(1));
    poll_until(SOON, "all sockets", || door.visits().len() >= 5);
    let kinds: Vec<_> = door.visits().iter().map(|visit| visit.kind).collect();
    assert_eq!(kinds[0], Some(HandshakeKind::Full), "{kinds:?}");
    // One that begins while the first goes on knows no session yet.
    let resumed = kinds.iter().filter(|kind| **kind == Some(HandshakeKind::Resumed)).count();
    assert!(resumed >= kinds.len() - 2, "{kinds:?}");
    block_on(connection.close(Duration::ZERO));
    let all_said_goodbye = || door.visits().iter().all(|visit| visit.goodbye == Some(true));
    poll_until(SOON, "goodbyes", all_said_goodbye);
}

#[test]
fn in_tls_1_2() {
    are_resumed(&TLS12);
}

#[test]
fn in_tls_1_3() {
    are_resumed(&TLS13);
}
