//! `examples/copy_database.rs`.

use std::time::Duration;

use actix_mongo::Connection;
use actix_mongo::bson::{Document, doc};
use test_support::real_server::{Options, PASSWORD, USER};
use test_support::{RealServer, block_on};

use crate::reading::fails_without_server;
use crate::support::{Ended, Example, server};

const LIMIT: Duration = Duration::from_secs(120);

fn run(server: &RealServer, arguments: &[&str]) -> Ended {
    let example = Example::new("copy_database").uri(&server.uri()).env("SOURCE_PASSWORD", PASSWORD);
    example.arguments(arguments).run_within(LIMIT)
}

fn connect(server: &RealServer) -> Connection {
    block_on(Connection::connect(server.uri())).unwrap()
}

fn names(server: &RealServer) -> Vec<String> {
    block_on(connect(server).list_database_names().into_future()).unwrap()
}

#[test]
fn without_arguments_it_makes_copies_shows_and_cleans_up() {
    let server = server();
    let before = names(&server);
    let ended = run(&server, &[]);
    assert!(ended.success, "{ended}");
    let last = ended.stdout.trim_end().lines().last().unwrap();
    assert!(
        last.contains("3 collections, 100000 documents") && last.contains("1 index, 1 view in"),
        "{ended}"
    );
    let lines: Vec<&str> = ended.stdout.split('\r').collect();
    assert!(lines.len() > 10, "a line that is written over and over: {ended}");
    assert!(
        lines.last().unwrap().starts_with("3 of 3 collections, 100000 of 100000 documents (100 %)"),
        "{ended}"
    );
    assert_eq!(names(&server), before, "nothing is left of it");
}

#[test]
fn it_copies_from_another_host_and_refuses_what_is_there() {
    let (target, source) = (server(), RealServer::start(Options::new().auth()).unwrap());
    let rooms = connect(&source).database("hotel").unwrap().collection("rooms").unwrap();
    let all: Vec<Document> = (0..50).map(|id| doc! { "_id": id }).collect();
    block_on(rooms.insert_many(&all).into_future()).unwrap();
    let host = source.address().to_string();
    let arguments = ["hotel", "copy", "--from-host", &host, "--user", USER];
    let ended = run(&target, &arguments);
    assert!(ended.success && ended.stdout.contains("50 documents   0 indexes  complete"), "{ended}");
    let copy = connect(&target).database("copy").unwrap().collection("rooms").unwrap();
    assert_eq!(block_on(copy.count_documents(doc! {}).into_future()).unwrap(), 50);

    let ended = run(&target, &arguments);
    assert!(!ended.success && ended.stderr.starts_with("error: "), "{ended}");
    let merged = run(&target, &[&arguments[..], &["--merge"]].concat());
    assert!(!merged.success && merged.stdout.contains("not complete"), "each _id is there already: {merged}");
    let dropped = run(&target, &[&arguments[..], &["--drop"]].concat());
    assert!(dropped.success, "{dropped}");
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    fails_without_server("copy_database");
}

#[test]
fn it_says_how_it_is_used() {
    let server = server();
    for wrong in [
        &["one"][..],
        &["a", "b", "c"],
        &["--what"],
        &["a", "b", "--from-host"],
        &["--user", "me"],
        &["--drop"],
    ] {
        let ended = run(&server, wrong);
        assert!(!ended.success && ended.stderr.contains("usage: copy_database"), "{wrong:?}: {ended}");
    }
}
