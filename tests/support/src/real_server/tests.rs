//! The real server as a process: started, killed, frozen, started again.

use super::*;
use crate::poll_until;
use crate::scripted::{Client, Lost};
use bson::{Document, doc};
use std::time::Duration;

/// A server, or a word about the skipped test where none is installed.
fn server(options: Options) -> Option<RealServer> {
    if installed().is_none() {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return None;
    }
    Some(RealServer::start(options).expect("it starts"))
}

fn run(server: &RealServer, command: Document) -> Result<Document, Lost> {
    Client::connect(server.address()).run(command)
}

fn count(server: &RealServer) -> i32 {
    let reply = run(server, doc! { "count": "c", "$db": "d" }).expect("a reply");
    reply.get_i32("n").expect("a count")
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let Some(first) = server(Options::new()) else {
        return;
    };
    let second = server(Options::new().standalone()).expect("installed");
    let insert = doc! { "insert": "c", "documents": [{ "_id": 1 }], "$db": "d" };
    run(&first, insert).expect("a reply");
    assert_eq!((count(&first), count(&second)), (1, 0));
    let hello = doc! { "hello": 1, "$db": "admin" };
    assert!(run(&first, hello.clone()).expect("a reply").contains_key("setName"));
    assert!(!run(&second, hello).expect("a reply").contains_key("setName"));
    let folders = [first.folder().to_owned(), second.folder().to_owned()];
    let address = first.address();
    first.stop();
    drop(second);
    assert!(folders.iter().all(|folder| !folder.exists()));
    assert!(Client::try_connect(address).is_err());
}

#[test]
fn a_killed_server_comes_back_with_its_port_and_store() {
    // Without the flag, what was written last is lost in a crash, `j` or not.
    let Some(mut server) = server(Options::new().argument("--sync-on-commit")) else {
        return;
    };
    let insert = doc! { "insert": "c", "documents": [{}], "$db": "d" };
    run(&server, insert).expect("a reply");
    let (port, pid) = (server.port(), server.pid());
    server.kill().expect("killed");
    assert!(Client::try_connect(server.address()).is_err());
    server.restart().expect("started again");
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert_eq!(count(&server), 1);
    server.restart().expect("started again, without a crash before");
    assert_eq!(count(&server), 1);
    let folder = server.folder().to_owned();
    server.stop();
    assert!(!folder.exists());
}

#[test]
fn a_frozen_server_is_silent_and_can_still_be_stopped() {
    let Some(mut server) = server(Options::new()) else {
        return;
    };
    let ping = doc! { "ping": 1, "$db": "admin" };
    let mut client = Client::connect(server.address());
    client.run(ping.clone()).expect("a reply");
    server.freeze().expect("frozen");
    client.set_patience(Duration::from_millis(50)).expect("set");
    poll_until(Duration::from_secs(10), "the freeze", || client.run(ping.clone()).is_err());
    server.thaw().expect("thawed");
    run(&server, ping).expect("a reply");
    server.freeze().expect("frozen");
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_server_with_authentication_has_a_user() {
    let Some(server) = server(Options::new().auth()) else {
        return;
    };
    let expected = format!("mongodb://{USER}:{PASSWORD}@{}/", server.address());
    assert_eq!(server.uri(), expected);
    let command = doc! { "count": "c", "$db": "d" };
    let reply = run(&server, command).expect("a reply");
    assert_eq!(reply.get_i32("code").ok(), Some(13), "unauthorized");
    let user = format!("admin.{USER}");
    let hello = doc! { "hello": 1, "saslSupportedMechs": user, "$db": "admin" };
    let reply = run(&server, hello).expect("a reply");
    assert!(reply.contains_key("saslSupportedMechs"), "{reply}");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    if installed().is_none() {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    }
    let error = RealServer::start(Options::new().argument("--no-such-flag")).err();
    let sentence = error.expect("it must not start").to_string();
    assert!(sentence.contains("ended as it started"), "{sentence}");
    assert!(sentence.contains("--no-such-flag"), "{sentence}");
    let missing = RealServer::start(Options::new().binary("/no/such/file")).err();
    let sentence = missing.expect("it must not start").to_string();
    assert!(sentence.contains("/no/such/file"), "{sentence}");
}
