//! Connections that live on one's threads: their number does not grow with them.

use actix_mongo::bson::doc;
use actix_mongo::events::EventKinds;
use actix_mongo::{Builder, Connection, Kind, MasterSlaveConnection};
use test_support::poll::holds_within;
use test_support::{ScriptedServer, block_on};

use crate::{Count, Fixture, GRACE, ROUNDS, SOON};

fn builder(server: &ScriptedServer) -> Builder {
    Connection::builder().uri(server.uri()).unwrap()
}

/// One read of each member. On scripted servers there is a thread for each, which is there before.
fn read_all(connection: &MasterSlaveConnection) {
    let members = std::iter::once(connection.master()).chain(connection.slaves());
    for member in members {
        let things = member.database("d").unwrap().collection("things").unwrap();
        block_on(things.find_one(doc! {}).into_future()).unwrap();
    }
}

/// Of those that are there before.
fn with_another_server() -> (Fixture, ScriptedServer) {
    let mut fixture = Fixture::new();
    let other = ScriptedServer::start();
    fixture.before = Count::now();
    (fixture, other)
}

#[test]
fn after_more_slaves_there_are_as_many_threads() {
    let fixture = Fixture::new();
    let slaves: Vec<ScriptedServer> = (0..5).map(|_| ScriptedServer::start()).collect();
    let before = Count::now().threads;
    let threads_with = |count: usize| {
        let start = MasterSlaveConnection::builder(builder(&fixture.server));
        let start = slaves[..count].iter().fold(start, |start, slave| start.slave(builder(slave)));
        let connection = block_on(start.connect()).unwrap();
        read_all(&connection);
        let threads = Count::now().threads - before;
        block_on(connection.close(GRACE));
        assert!(holds_within(SOON, || Count::now().threads <= before), "{:?}", Count::now());
        threads
    };
    let (one, five) = (threads_with(1), threads_with(5));
    assert_eq!(one, five);
    let (alone, _) = fixture.connect();
    block_on(alone.database("d").unwrap().run_command(doc! { "ping": 1 }).into_future()).unwrap();
    assert_eq!(Count::now().threads - before, five, "as many as one connection has");
}

#[test]
fn after_the_members_are_dropped() {
    let (fixture, slave) = with_another_server();
    fixture.rounds(ROUNDS / 5, |master, things| {
        let connect = || builder(&slave).runtime_of(&master).connect_lazy().unwrap();
        let whole = MasterSlaveConnection::new(master.clone(), [connect(), connect()], Default::default());
        let whole = whole.unwrap();
        read_all(&whole);
        drop((master, things));
        drop(whole);
    });
}

/// Threads that tell listeners of events. The system keeps 15 letters of a name.
fn tellers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("actix-mongo-eve")).count()
}

/// Its listeners' thread ends with it, though others live on, and it is still held.
#[test]
fn after_a_guest_has_moved_out() {
    let (fixture, other) = with_another_server();
    let ping = |to: &Connection| to.database("d").unwrap().run_command(doc! { "ping": 1 }).into_future();
    fixture.rounds(1, |host, things| {
        drop(things);
        for _ in 0..ROUNDS / 5 {
            let guest = builder(&other).runtime_of(&host).on_events(EventKinds::ALL, |_| {});
            let guest = block_on(guest.connect()).unwrap();
            // It names itself.
            assert!(holds_within(SOON, || tellers() == 1));
            block_on(guest.close(GRACE));
            assert!(holds_within(SOON, || tellers() == 0));
            assert_eq!(block_on(ping(&guest)).unwrap_err().kind(), Kind::Closed);
        }
        block_on(ping(&host)).unwrap();
        block_on(host.close(GRACE));
    });
}

/// Whoever moves in last may stay longest.
#[test]
fn after_the_first_has_moved_out() {
    let (fixture, other) = with_another_server();
    fixture.rounds(ROUNDS / 5, |first, things| {
        let second = block_on(builder(&other).runtime_of(&first).connect()).unwrap();
        drop(things);
        // It does not wait for threads that others need.
        block_on(first.close(GRACE));
        let ping = || second.database("d").unwrap().run_command(doc! { "ping": 1 }).into_future();
        block_on(ping()).unwrap();
        let third = block_on(builder(&other).runtime_of(&first).connect()).unwrap();
        block_on(second.close(GRACE));
        block_on(third.close(GRACE));
        let error = builder(&other).runtime_of(&first).connect_lazy().unwrap_err();
        assert_eq!(error.kind(), Kind::Closed, "all have ended");
    });
}
