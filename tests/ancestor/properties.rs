//! What a connection tells of itself without asking anybody.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, ReadConcern, ReadMode, ReadPreference, ServerAddress, WriteConcern};
use test_support::{Hello, Rule, ScriptedServer, block_on, poll_until};

use crate::support::{SOON, fixture, whole};

fn address(server: &ScriptedServer) -> ServerAddress {
    ServerAddress::new(&server.address().ip().to_string(), server.address().port())
}

fn connect(uri: String) -> Connection {
    block_on(Connection::connect(uri)).unwrap()
}

fn set<const N: usize>(servers: [&ScriptedServer; N]) -> BTreeSet<ServerAddress> {
    servers.into_iter().map(address).collect()
}

#[test]
fn servers_and_their_kinds_are_in_the_picture() {
    let state = fixture().connection.state();
    assert_eq!(state.servers.len(), 1, "{state}");
    assert!(state.servers[0].error.is_none(), "{state}");
}

#[test]
fn of_one_server_they_are_what_it_says_itself() {
    let fixture = fixture();
    let connection = &fixture.connection;
    let here = connection.state().servers[0].address.clone();
    assert_eq!(connection.address(), Some(here.clone()));
    assert_eq!(connection.host().as_deref(), Some(here.host()));
    assert_eq!(connection.port(), Some(here.port()));
    assert!(connection.nodes().contains(&here));
    assert!(connection.is_primary() && !connection.is_mongos() && !connection.slave_okay());
    let hello = fixture.admin(doc! { "hello": 1 });
    let said = |key: &str| Some(whole(hello.get(key)));
    let size = |found: Option<usize>| found.map(|size| size as i64);
    assert_eq!(size(connection.max_bson_size()), said("maxBsonObjectSize"));
    assert_eq!(size(connection.max_message_size()), said("maxMessageSizeBytes"));
    assert_eq!(size(connection.max_write_batch_size()), said("maxWriteBatchSize"));
    assert_eq!(connection.max_wire_version().map(i64::from), said("maxWireVersion"));
    assert_eq!(connection.min_wire_version().map(i64::from), said("minWireVersion"));
    assert_eq!(connection.replica_set_name().as_deref(), hello.get_str("setName").ok());
}

#[test]
fn a_set_is_known_by_its_primary_and_follows_it() {
    let (a, b) = (ScriptedServer::start(), ScriptedServer::start());
    let hosts = [a.address().to_string(), b.address().to_string()];
    let primary = || Hello::primary("rs").hosts(hosts.clone()).with("maxWriteBatchSize", 500);
    let secondary = || Hello::secondary("rs").hosts(hosts.clone());
    a.set_hello(primary());
    b.set_hello(secondary());
    let connection = connect(format!("{}?replicaSet=rs", a.uri()));
    let known = || connection.primary() == Some(address(&a)) && connection.secondaries() == set([&b]);
    poll_until(SOON, "both to be known", known);
    assert_eq!(connection.host(), Some(address(&a).host().to_owned()));
    assert_eq!(connection.port(), Some(a.address().port()));
    assert_eq!(connection.nodes(), set([&a, &b]), "one was given, one discovered");
    assert_eq!(connection.max_write_batch_size(), Some(500), "the primary's");
    assert_eq!(connection.replica_set_name().as_deref(), Some("rs"));

    // No primary any more.
    a.set_hello(secondary());
    poll_until(SOON, "the primary to be gone", || connection.secondaries() == set([&a, &b]));
    assert_eq!((connection.address(), connection.host(), connection.port()), (None, None, None));
    assert_eq!((connection.primary(), connection.is_primary()), (None, false));
    assert_eq!((connection.max_bson_size(), connection.min_wire_version()), (None, None));
    assert_eq!(connection.nodes(), set([&a, &b]));

    b.set_hello(primary());
    poll_until(SOON, "the other one to be primary", || connection.port() == Some(b.address().port()));
    assert!(connection.is_primary());
    assert_eq!(connection.secondaries(), set([&a]));
}

#[test]
fn nodes_are_those_that_were_given_and_those_that_were_found() {
    let member = ScriptedServer::start();
    member.set_hello(Hello::primary("rs").hosts([member.address().to_string()]));
    let alias = ServerAddress::new("localhost", member.address().port());
    let connection = connect(format!("mongodb://{alias}/?replicaSet=rs"));
    assert_eq!(connection.address(), Some(address(&member)), "as the set calls it");
    assert_eq!(connection.nodes(), BTreeSet::from([alias, address(&member)]));
    assert_eq!(connection.state().servers.len(), 1, "one of them is in use");
}

#[test]
fn before_anything_is_known_there_is_no_host() {
    let silent = ScriptedServer::builder().accept(test_support::scripted::Accept::Silent).start();
    let connection = Connection::connect_lazy(silent.uri()).unwrap();
    assert_eq!((connection.host(), connection.port(), connection.max_wire_version()), (None, None, None));
    assert!(!connection.is_primary() && !connection.is_mongos());
    assert_eq!(connection.nodes(), set([&silent]));
    // Of a direct connection there is no other that it could be.
    let direct = Connection::connect_lazy(format!("{}?directConnection=true", silent.uri())).unwrap();
    assert_eq!((direct.address(), direct.is_primary()), (Some(address(&silent)), false));
    assert_eq!(direct.max_bson_size(), None);
}

#[test]
fn a_direct_connection_to_a_secondary_is_to_no_primary() {
    let secondary = ScriptedServer::builder().hello(Hello::secondary("rs")).start();
    let connection = connect(format!("{}?directConnection=true", secondary.uri()));
    assert_eq!(connection.host(), Some(address(&secondary).host().to_owned()));
    assert!(!connection.is_primary() && !connection.slave_okay());
    assert_eq!(connection.secondaries(), set([&secondary]));
    let things = connection.database("d").unwrap().collection("c").unwrap();
    block_on(things.find_one(doc! {}).into_future()).expect("reads work there, whatever the preference");
}

#[test]
fn of_several_routers_none_is_the_host_and_the_least_counts() {
    let (a, b) = (ScriptedServer::start(), ScriptedServer::start());
    a.set_hello(Hello::mongos().with("maxBsonObjectSize", 1000).with("minWireVersion", 3));
    b.set_hello(Hello::mongos().with("maxWireVersion", 21));
    let connection = connect(format!("mongodb://{},{}/", a.address(), b.address()));
    poll_until(SOON, "both routers", || connection.max_wire_version() == Some(21));
    poll_until(SOON, "both routers", || connection.max_bson_size() == Some(1000));
    assert_eq!((connection.address(), connection.host(), connection.port()), (None, None, None));
    assert!(connection.is_mongos() && connection.is_primary());
    assert_eq!(connection.min_wire_version(), Some(3));
    let one = connect(a.uri());
    assert_eq!(one.address(), Some(address(&a)));
}

#[test]
fn a_handles_scope_can_be_read() {
    let connection =
        Connection::connect_lazy("mongodb://localhost:1/?readPreference=secondaryPreferred&w=2").unwrap();
    assert!(connection.slave_okay());
    assert_eq!(connection.read_preference().mode(), ReadMode::SecondaryPreferred);
    assert_eq!(connection.write_concern(), &WriteConcern::nodes(2));
    let other =
        connection.with_read_preference(ReadPreference::default()).with_read_concern(ReadConcern::majority());
    assert!(!other.slave_okay() && connection.slave_okay());
    assert_eq!(other.read_concern(), &ReadConcern::majority());
    for mode in [ReadMode::PrimaryPreferred, ReadMode::Secondary, ReadMode::Nearest] {
        assert!(connection.with_read_preference(ReadPreference::new(mode)).slave_okay(), "{mode:?}");
    }
}

#[test]
fn nobody_is_asked_for_any_of_them() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(server.uri());
    // What is asked from now on is never answered.
    server.rule(Rule::any().when(|it| !it.is_hello()).never_answer());
    let connection = connection.with_timeout(Duration::from_secs(1));
    for _ in 0..100 {
        assert!(connection.host().is_some() && connection.port().is_some() && connection.is_primary());
        assert!(connection.max_bson_size().is_some() && connection.max_message_size().is_some());
        assert_eq!(
            (connection.nodes().len(), connection.slave_okay(), connection.is_mongos()),
            (1, false, false)
        );
    }
    let log = server.log();
    assert_eq!(log.names(), Vec::<&str>::new());
    assert_eq!(log.used_connections(), Vec::<usize>::new());
    // Nor does it need the connection to be open.
    block_on(connection.close(SOON));
    assert_eq!(connection.port(), Some(server.address().port()));
}
