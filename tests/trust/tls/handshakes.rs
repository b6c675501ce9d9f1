//! Handshakes that don't come to their end, and what each side calls the other.

use std::task::{Context, Waker};
use std::time::Duration;

use actix_mongo::{Connection, TlsOptions};
use test_support::fault_proxy::Traffic;
use test_support::scripted::Accept;
use test_support::{FaultProxy, ScriptedServer, poll_until};

use super::authority::Authority;
use super::door::Door;
use super::scene::{SOON, builder, connect, refused};

const LIMIT: Duration = Duration::from_millis(200);

fn door() -> (Authority, Door) {
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    (authority, door)
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions::new().ca_pem(authority.pem.as_str())
}

#[test]
fn servers_are_called_by_their_names_and_not_by_addresses() {
    let (authority, door) = door();
    connect(builder(&door.uri("LocalHost", ""), trusting(&authority)));
    let named = door.visits();
    assert!(
        named.len() >= 2 && named.iter().all(|visit| visit.name.as_deref() == Some("localhost")),
        "{named:?}"
    );
    connect(builder(&door.uri("127.0.0.1", ""), trusting(&authority)));
    let all = door.visits();
    assert!(
        all.len() > named.len() && all[named.len()..].iter().all(|visit| visit.name.is_none()),
        "{all:?}"
    );
}

#[test]
fn a_server_that_says_nothing_runs_into_the_connect_timeout() {
    let server = ScriptedServer::builder().accept(Accept::Silent).start();
    let builder = builder(&server.uri(), TlsOptions::new().insecure(true)).connect_timeout(LIMIT);
    refused(builder, &["did not finish the TLS handshake", "connectTimeoutMS (200 ms)"]);
    poll_until(SOON, "no socket left", || server.log().open_connections() == 0);
}

/// In the middle of its first flight, and of its certificate.
#[test]
fn a_server_that_stops_in_the_middle_runs_into_it_as_well() {
    let (authority, door) = door();
    for bytes in [3, 90, 400] {
        let proxy = FaultProxy::start(door.address());
        proxy.down(Traffic::UpTo(bytes));
        let builder = builder(&proxy.uri(), trusting(&authority)).connect_timeout(LIMIT);
        refused(builder, &["did not finish the TLS handshake"]);
        poll_until(SOON, "no socket left", || proxy.open() == 0);
    }
}

#[test]
fn a_server_that_closes_in_the_middle_is_said_to() {
    let server = ScriptedServer::builder().accept(Accept::Close).start();
    let builder = builder(&server.uri(), TlsOptions::new().insecure(true));
    refused(builder, &["broke during the TLS handshake", "set up for TLS"]);
}

#[test]
fn a_connect_that_is_dropped_in_the_middle_leaves_no_socket() {
    let (authority, door) = door();
    for bytes in [0, 90, 400] {
        let proxy = FaultProxy::start(door.address());
        proxy.down(Traffic::UpTo(bytes));
        let mut connecting = builder(&proxy.uri(), trusting(&authority)).connect();
        let mut task = Context::from_waker(Waker::noop());
        poll_until(SOON, "the client's hello", || {
            assert!(connecting.as_mut().poll(&mut task).is_pending());
            proxy.bytes().0 > 0 && proxy.bytes().1 == bytes
        });
        assert_eq!(proxy.open(), 1);
        drop(connecting);
        poll_until(SOON, "no socket left", || proxy.open() == 0);
    }
}

#[test]
fn plain_text_against_tls_is_told_so() {
    let (_, door) = door();
    let plain = Connection::builder().uri(door.uri("localhost", "")).unwrap();
    refused(plain.connect_timeout(LIMIT), &["answers in TLS", "tls=true is missing"]);
    assert_eq!(door.visits(), []);
}

/// It waits for the rest of what it takes for a message, or closes.
#[test]
fn tls_against_plain_text_is_told_so() {
    let server = ScriptedServer::start();
    let builder = builder(&server.uri(), TlsOptions::new().insecure(true)).connect_timeout(LIMIT);
    refused(builder, &["TLS handshake", "set up for TLS"]);
}
