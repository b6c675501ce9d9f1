//! The proxy between a small client and a scripted server.

use super::*;
use crate::poll_until;
use crate::scripted::{Client, Lost, ScriptedServer};
use crate::wire::Message;
use bson::{Document, doc};
use std::io::ErrorKind;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
/// Long enough for a reply that does come; a slow machine makes the test weaker,
/// not wrong.
const SILENCE: Duration = Duration::from_millis(50);

fn ping() -> Document {
    doc! { "ping": 1, "$db": "admin" }
}

fn start() -> (ScriptedServer, FaultProxy) {
    let server = ScriptedServer::start();
    let proxy = FaultProxy::start(server.address());
    (server, proxy)
}

fn kind<T>(result: Result<T, Lost>) -> ErrorKind {
    match result.err().expect("no reply was to come") {
        Lost::Io(error) => error.kind(),
        Lost::Malformed(what) => panic!("{what}"),
    }
}

#[test]
fn everything_passes_at_first() {
    let (server, proxy) = start();
    let mut client = Client::connect(proxy.address());
    client.run(ping()).expect("a reply");
    assert_eq!((proxy.accepted(), proxy.open()), (1, 1));
    let (up, down) = proxy.bytes();
    assert_eq!(up as usize, server.log().commands[0].length);
    assert!(down > 0);
    drop(client);
    server.wait_for(|log| log.open_connections() == 0, SOON);
    poll_until(SOON, "the end of the pipe", || proxy.open() == 0);
}

#[test]
fn a_black_hole_swallows_and_lets_go() {
    let (server, proxy) = start();
    let mut client = Client::connect(proxy.address());
    client.run(ping()).expect("a reply");
    proxy.black_hole();
    client.send(Message::new(ping())).expect("sent");
    client.set_patience(SILENCE).expect("set");
    assert_eq!(kind(client.receive()), ErrorKind::WouldBlock);
    assert_eq!(server.log().count("ping"), 1);
    proxy.pass();
    client.set_patience(SOON).expect("set");
    client.run(ping()).expect("what was swallowed is gone, what follows passes");
    assert_eq!(server.log().count("ping"), 2);
}

#[test]
fn a_stall_holds_one_way_back() {
    let (server, proxy) = start();
    let mut client = Client::connect(proxy.address());
    proxy.down(Traffic::Stall);
    client.send(Message::new(ping())).expect("sent");
    server.wait_for(|log| log.count("ping") == 1, SOON);
    client.set_patience(SILENCE).expect("set");
    assert_eq!(kind(client.receive()), ErrorKind::WouldBlock);
    proxy.pass();
    client.set_patience(SOON).expect("set");
    client.receive().expect("nothing was lost");
    proxy.up(Traffic::Stall);
    client.send(Message::new(ping())).expect("sent");
    client.set_patience(SILENCE).expect("set");
    assert_eq!(kind(client.receive()), ErrorKind::WouldBlock);
    assert_eq!(server.log().count("ping"), 1);
    proxy.up(Traffic::Pass);
    client.set_patience(SOON).expect("set");
    client.receive().expect("nothing was lost");
}

#[test]
fn a_cut_ends_one_connection_in_the_middle_of_a_reply() {
    let (_server, proxy) = start();
    let mut first = Client::connect(proxy.address());
    let mut second = Client::connect(proxy.address());
    second.run(ping()).expect("a reply");
    proxy.cut_after(10);
    first.send(Message::new(ping())).expect("sent");
    assert_eq!(first.rest().expect("a clean end").len(), 10);
    second.run(ping()).expect("the other one lives");
    proxy.cut_after(0);
    assert_eq!(kind(second.run(ping())), ErrorKind::UnexpectedEof);
}

#[test]
fn pieces_arrive_whole() {
    let (server, proxy) = start();
    proxy.up(Traffic::Chunks(1));
    proxy.down(Traffic::Chunks(3));
    let mut client = Client::connect(proxy.address());
    for _ in 0..3 {
        client.run(ping()).expect("a reply");
    }
    assert_eq!(server.stop().protocol_errors, Vec::<String>::new());
}

#[test]
fn resets_reach_both_ends() {
    let (server, proxy) = start();
    let mut clients = [(); 2].map(|()| Client::connect(proxy.address()));
    for client in &mut clients {
        client.run(ping()).expect("a reply");
    }
    proxy.reset_all();
    for client in &mut clients {
        let error = client.rest().expect_err("reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    server.wait_for(|log| log.open_connections() == 0, SOON);
    let ends: Vec<_> = server.log().connections.iter().map(|it| it.end).collect();
    assert_eq!(ends, [Some(crate::scripted::End::BrokenByClient); 2]);
    Client::connect(proxy.address()).run(ping()).expect("new ones are served");
}

#[test]
fn new_connections_are_refused_while_old_ones_live() {
    let (_server, proxy) = start();
    let mut old = Client::connect(proxy.address());
    old.run(ping()).expect("a reply");
    proxy.refuse_new(true);
    assert!(Client::connect(proxy.address()).run(ping()).is_err());
    poll_until(SOON, "the refusal", || proxy.refused() == 1);
    old.run(ping()).expect("a reply");
    proxy.refuse_new(false);
    Client::connect(proxy.address()).run(ping()).expect("a reply");
    proxy.close_all();
    assert!(old.rest().expect("a clean end").is_empty());
}

#[test]
fn so_many_bytes_pass_and_the_rest_is_held_back() {
    let (server, proxy) = start();
    let mut clients = [(); 2].map(|()| Client::connect(proxy.address()));
    clients[0].run(ping()).expect("a reply");
    let reply = proxy.bytes().1;
    proxy.down(Traffic::UpTo(reply + 10));
    for client in &mut clients {
        client.send(Message::new(ping())).expect("sent");
    }
    server.wait_for(|log| log.count("ping") == 3, SOON);
    poll_until(SOON, "ten bytes", || proxy.bytes().1 == reply + 10);
    for client in &mut clients {
        client.set_patience(SILENCE).expect("set");
        assert_eq!(kind(client.receive()), ErrorKind::WouldBlock);
    }
    assert_eq!(proxy.bytes().1, reply + 10, "no matter over which connection");
    proxy.down(Traffic::UpTo(3 * reply));
    poll_until(SOON, "all of both replies", || proxy.bytes().1 == 3 * reply);
    proxy.up(Traffic::UpTo(0));
    let mut third = Client::connect(proxy.address());
    third.send(Message::new(ping())).expect("sent");
    third.set_patience(SILENCE).expect("set");
    assert_eq!(kind(third.receive()), ErrorKind::WouldBlock);
    assert_eq!(server.log().count("ping"), 3);
}

#[test]
fn one_connection_ends_and_the_others_live() {
    let (_server, proxy) = start();
    let mut clients = [(); 3].map(|()| Client::connect(proxy.address()));
    for client in &mut clients {
        client.run(ping()).expect("a reply");
    }
    assert!(proxy.close(1) && proxy.reset(3) && !proxy.close(1));
    assert!(clients[0].rest().expect("a clean end").is_empty());
    assert_eq!(clients[2].rest().expect_err("reset").kind(), ErrorKind::ConnectionReset);
    clients[1].run(ping()).expect("the other one lives");
}

#[test]
fn little_room_is_enough_for_large_messages() {
    let server = ScriptedServer::start();
    let proxy = FaultProxy::start_with_buffers(server.address(), 4096);
    let mut client = Client::connect(proxy.address());
    let large = doc! { "ping": 1, "$db": "admin", "filler": "x".repeat(1_000_000) };
    client.run(large).expect("a reply");
}
