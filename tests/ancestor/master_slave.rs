//! `MasterSlaveConnection`: writes to the master, reads spread over the slaves. Nothing copies
//! from one server to the other here: each says who it is.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{
    Collection, Connection, Error, Kind, MasterSlaveBuilder, MasterSlaveConnection, Spread, WriteConcern,
};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

use crate::support::{SOON, whole};

/// A master and two slaves, each with one document that names it.
struct Scene {
    master: RealServer,
    slaves: Vec<RealServer>,
}

fn server() -> RealServer {
    RealServer::start(Options::new().standalone()).unwrap_or_else(|error| panic!("{error}"))
}

fn scene() -> Scene {
    let scene = Scene { master: server(), slaves: vec![server(), server()] };
    for (name, server) in ["master", "slave 1", "slave 2"].into_iter().zip(scene.servers()) {
        mark(server, name);
    }
    scene
}

fn mark(server: &RealServer, name: &str) {
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    let mark = doc! { "$set": { "name": name } };
    let update = names(&connection).update_one(doc! { "_id": 1 }, mark).upsert(true);
    block_on(update.into_future()).unwrap();
}

impl Scene {
    fn servers(&self) -> impl Iterator<Item = &RealServer> {
        std::iter::once(&self.master).chain(&self.slaves)
    }

    fn builder(&self) -> MasterSlaveBuilder {
        let member = |server: &RealServer| {
            let builder = Connection::builder().uri(server.uri()).unwrap();
            let builder = builder.heartbeat_frequency(Duration::from_millis(500));
            builder.connect_timeout(Duration::from_secs(2))
        };
        let builder = MasterSlaveConnection::builder(member(&self.master));
        self.slaves.iter().fold(builder, |builder, slave| builder.slave(member(slave)))
    }

    fn connect(&self, spread: Spread) -> MasterSlaveConnection {
        block_on(self.builder().spread(spread).connect()).unwrap()
    }
}

fn names(handle: &Connection) -> Collection {
    handle.database("d").unwrap().collection("names").unwrap()
}

/// Who answers.
fn reader(handle: &Connection) -> Result<String, Error> {
    let found = block_on(names(handle).find_one(doc! {}).into_future())?;
    Ok(found.expect("each server has one").get_str("name").unwrap().to_owned())
}

fn readers(handle: &Connection, rounds: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..rounds {
        *counts.entry(reader(handle).unwrap()).or_default() += 1;
    }
    counts
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[test]
fn reads_are_spread_and_all_else_is_the_masters() {
    let scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    assert_eq!(readers(&connection, 10), counts([("slave 1", 5), ("slave 2", 5)]));
    assert_eq!(readers(connection.master(), 3), counts([("master", 3)]));
    assert_eq!(reader(&connection.slaves()[1]).unwrap(), "slave 2");
    let things = names(&connection);
    // Every kind of read.
    let pipeline = [doc! { "$project": { "name": 1 } }];
    let cursor = block_on(things.aggregate(pipeline).into_future()).unwrap();
    let found: Document = block_on(cursor.collect_all()).unwrap().remove(0);
    assert!(found.get_str("name").unwrap().starts_with("slave"));
    let distinct = block_on(things.distinct("name", doc! {}).into_future()).unwrap();
    assert!(distinct[0].as_str().unwrap().starts_with("slave"));
    // Writes, and what lists: three documents more at the master, which no slave has.
    let more: Vec<Document> = (2..5).map(|id| doc! { "_id": id, "name": "master" }).collect();
    block_on(things.insert_many(&more).into_future()).unwrap();
    block_on(things.update_many(doc! {}, doc! { "$set": { "new": true } }).into_future()).unwrap();
    let gone = block_on(things.find_one_and_delete(doc! { "_id": 4 }).into_future()).unwrap();
    assert!(gone.is_some());
    let count = |handle: &Connection| {
        block_on(names(handle).count_documents(doc! { "new": true }).into_future()).unwrap()
    };
    assert_eq!((count(connection.master()), count(&connection)), (3, 0));
    let estimated = block_on(things.estimated_document_count().into_future()).unwrap();
    assert_eq!(estimated, 1, "it counts at a slave");
    block_on(
        connection.database("only_there").unwrap().collection("c").unwrap().insert_one(doc! {}).into_future(),
    )
    .unwrap();
    let all = block_on(connection.list_database_names().into_future()).unwrap();
    assert!(all.contains(&"only_there".to_owned()));
    let copied = [doc! { "$out": "copy" }];
    block_on(things.aggregate(copied).into_future()).unwrap();
    let copy = connection.master().database("d").unwrap().collection("copy").unwrap();
    assert_eq!(block_on(copy.count_documents(doc! {}).into_future()).unwrap(), 3);
}

#[test]
fn a_random_order_reaches_all_slaves() {
    let scene = scene();
    let connection = scene.connect(Spread::Random);
    let found = readers(&connection, 100);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["slave 1", "slave 2"], "{found:?}");
}

#[test]
fn sessions_requests_and_actors_are_the_masters() {
    let scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    let request = block_on(connection.start_request().into_future()).unwrap();
    assert_eq!(reader(&request).unwrap(), "master");
    let unanswered = names(&request).with_write_concern(WriteConcern::nodes(0));
    block_on(unanswered.insert_one(doc! { "_id": 9 }).into_future()).unwrap();
    let seen = block_on(names(&request).find_one(doc! { "_id": 9 }).into_future()).unwrap();
    assert_eq!(seen, Some(doc! { "_id": 9 }));
    request.end_request();
    let session = connection.start_session().start().unwrap();
    // It knows of no cluster times on a server of its own.
    assert_eq!(reader(&connection.bound_to(&session)).unwrap(), "master");
    block_on(session.scope(async {
        let found = names(&connection).find_one(doc! { "_id": 1 }).await.unwrap().unwrap();
        assert_eq!(found.get_str("name").unwrap(), "master");
    }));
    let find = actix_mongo::messages::FindOne::new("d", "names", doc! { "_id": 1 });
    let found: Document = block_on(connection.start_actor().send(find)).unwrap().unwrap().unwrap();
    assert_eq!(found.get_str("name").unwrap(), "master");
}

#[test]
fn cursors_stay_on_their_slave() {
    let scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    for (slave, from) in connection.slaves().iter().zip([0, 100]) {
        let many: Vec<Document> = (from..from + 50).map(|id| doc! { "_id": id }).collect();
        let numbers = slave.database("d").unwrap().collection("numbers").unwrap();
        block_on(numbers.insert_many(&many).into_future()).unwrap();
    }
    let numbers = connection.database("d").unwrap().collection("numbers").unwrap();
    let open = || block_on(numbers.find(doc! {}).batch_size(7).into_future()).unwrap();
    let (one, two) = (open(), open());
    let ids = |documents: Vec<Document>| -> Vec<i32> {
        documents.iter().map(|it| it.get_i32("_id").unwrap()).collect()
    };
    let (one, two) = (ids(block_on(one.collect_all()).unwrap()), ids(block_on(two.collect_all()).unwrap()));
    assert_eq!((one, two), ((0..50).collect(), (100..150).collect()));
}

#[test]
fn cursors_on_slaves_are_known_by_their_ids() {
    let scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    let many: Vec<Document> = (0..50).map(|id| doc! { "_id": id }).collect();
    for member in std::iter::once(connection.master()).chain(connection.slaves()) {
        let numbers = member.database("d").unwrap().collection("numbers").unwrap();
        block_on(numbers.insert_many(&many).into_future()).unwrap();
    }
    let open = |handle: &Connection| {
        let numbers = handle.database("d").unwrap().collection("numbers").unwrap();
        block_on(numbers.find(doc! {}).batch_size(7).into_future()).unwrap()
    };
    let cursors = [open(connection.master()), open(&connection), open(&connection)];
    let ids = cursors.each_ref().map(actix_mongo::Cursor::id);
    let killed = block_on(connection.kill_cursors(ids).into_future()).unwrap().killed;
    assert_eq!(killed.len(), 3, "one on each server");
    let cursors = [open(&connection), open(&connection)];
    cursors.iter().for_each(|cursor| connection.close_cursor(cursor.id()).unwrap());
    for slave in connection.slaves() {
        let admin = slave.database("admin").unwrap();
        let status = || block_on(admin.run_command(doc! { "serverStatus": 1 }).into_future()).unwrap();
        poll_until(SOON, "the cursor to be killed", || {
            let metrics = status().get_document("metrics").unwrap().clone();
            let open = metrics.get_document("cursor").unwrap().get_document("open").unwrap().clone();
            whole(open.get("total")) == 0
        });
    }
    let error = connection.close_cursor(4242).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
}

#[test]
fn who_is_away_is_passed_over_until_it_comes_back() {
    let mut scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    scene.slaves[0].kill().unwrap();
    assert_eq!(readers(&connection, 6), counts([("slave 2", 6)]));
    scene.slaves[1].kill().unwrap();
    assert_eq!(readers(&connection, 6), counts([("master", 6)]));
    // It may have lost its data by that; who reads too early finds none.
    let used_again = |name: &str| {
        let found = block_on(names(&connection).find_one(doc! {}).into_future()).unwrap();
        found.is_some_and(|it| it.get_str("name").is_ok_and(|it| it == name))
    };
    scene.slaves[0].restart().unwrap();
    mark(&scene.slaves[0], "slave 1");
    poll_until(SOON, "the slave to be used again", || used_again("slave 1"));
    assert_eq!(readers(&connection, 4), counts([("slave 1", 4)]));
    scene.slaves[1].restart().unwrap();
    mark(&scene.slaves[1], "slave 2");
    poll_until(SOON, "the other as well", || used_again("slave 2"));
    scene.master.kill().unwrap();
    assert_eq!(readers(&connection, 4), counts([("slave 1", 2), ("slave 2", 2)]));
    let hasty = connection.with_timeout(Duration::from_millis(200));
    block_on(names(&hasty).insert_one(doc! {}).into_future()).expect_err("the master is away");
}

#[test]
fn a_slave_that_is_away_from_the_start_is_no_hindrance() {
    let mut scene = scene();
    scene.slaves[0].kill().unwrap();
    let connection = scene.connect(Spread::RoundRobin);
    assert_eq!(readers(&connection, 4), counts([("slave 2", 4)]));
}

/// Of all its members.
fn sockets(connection: &MasterSlaveConnection) -> usize {
    let members = std::iter::once(connection.master()).chain(connection.slaves());
    members.map(|member| member.state().servers[0].pool.clone().unwrap().total).sum()
}

#[test]
fn addresses_and_connection_strings_lead_to_its_members() {
    let scene = scene();
    let slaves = [scene.slaves[0].uri(), scene.slaves[1].address().to_string()];
    let connection = block_on(MasterSlaveConnection::connect(scene.master.uri(), slaves)).unwrap();
    assert_eq!(readers(&connection, 4), counts([("slave 1", 2), ("slave 2", 2)]));
    let mut expected: Vec<String> = scene.servers().map(|server| server.address().to_string()).collect();
    expected.sort_by_key(|address| address.rsplit(':').next().unwrap().parse::<u16>().unwrap());
    let nodes: Vec<String> = connection.nodes().iter().map(ToString::to_string).collect();
    assert_eq!(nodes, expected);
    assert!(connection.slave_okay());
    assert_eq!(connection.port(), Some(scene.master.port()), "the master's");
    assert!(sockets(&connection) >= 2);
    block_on(connection.disconnect()).unwrap();
    assert_eq!(sockets(&connection), 0);
    assert_eq!(readers(&connection, 2), counts([("slave 1", 1), ("slave 2", 1)]));
    let error = block_on(MasterSlaveConnection::connect("mongodb://", ["localhost"])).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUri);
    let error = block_on(MasterSlaveConnection::connect("localhost", ["a:b"])).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUri);
}

/// Ready when it has stopped, which takes the system a moment.
fn freeze(server: &mut RealServer) {
    server.freeze().unwrap();
    let status = format!("/proc/{}/status", server.pid());
    let has_stopped = || std::fs::read_to_string(&status).unwrap().contains("State:\tT");
    poll_until(SOON, "the server to stop", has_stopped);
}

/// It takes connections and requests, and answers none: its check finds that out.
#[test]
fn a_slave_that_hangs_holds_a_read_up_until_its_check_fails() {
    let mut scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    assert_eq!(readers(&connection, 2), counts([("slave 1", 1), ("slave 2", 1)]));
    freeze(&mut scene.slaves[0]);
    assert_eq!(readers(&connection, 4), counts([("slave 2", 4)]));
    scene.slaves[0].thaw().unwrap();
    poll_until(SOON, "the slave to be used again", || reader(&connection).unwrap() == "slave 1");
    freeze(&mut scene.slaves[0]);
    // The next is the other's, and then it is the turn of this one.
    assert_eq!(reader(&connection).unwrap(), "slave 2");
    let hasty = connection.with_timeout(Duration::from_millis(50));
    assert_eq!(reader(&hasty).unwrap_err().kind(), Kind::Timeout, "its time is for all it asks");
    scene.slaves[0].thaw().unwrap();
}

#[test]
fn the_first_read_waits_for_the_slaves_to_be_found() {
    let scene = scene();
    let connection = scene.builder().connect_lazy().unwrap();
    assert_eq!(reader(&connection).unwrap(), "slave 1");
    let alone = MasterSlaveConnection::builder(Connection::builder().uri(scene.master.uri()).unwrap());
    assert_eq!(block_on(alone.clone().connect()).unwrap_err().kind(), Kind::InvalidArgument);
    assert_eq!(alone.connect_lazy().unwrap_err().kind(), Kind::InvalidArgument);
}

#[test]
fn an_error_of_the_servers_is_the_callers() {
    let scene = scene();
    let connection = scene.connect(Spread::RoundRobin);
    let error = block_on(names(&connection).find_one(doc! { "$nonsense": 1 }).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Command, "{error}");
    let slaves: Vec<String> = scene.slaves.iter().map(|slave| slave.address().to_string()).collect();
    assert!(slaves.contains(&error.server().unwrap().to_owned()), "{error}");
}

#[test]
fn connections_that_are_there_already_will_do() {
    let scene = scene();
    let connect = |server: &RealServer| block_on(Connection::connect(server.uri())).unwrap();
    let error = MasterSlaveConnection::new(connect(&scene.master), [], Spread::RoundRobin).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    let slaves = scene.slaves.iter().map(connect);
    let whole = MasterSlaveConnection::new(connect(&scene.master), slaves, Spread::RoundRobin).unwrap();
    assert_eq!(readers(&whole, 4), counts([("slave 1", 2), ("slave 2", 2)]));
    // A handle that was derived from it keeps the others alive.
    let derived = whole.with_timeout(Duration::from_secs(10));
    drop(whole);
    assert_eq!(readers(&derived, 2), counts([("slave 1", 1), ("slave 2", 1)]));
}
