//! The options of the constructor: `pool_size`, `auto_start_request`, `timeout`, `slave_okay`,
//! `network_timeout`.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Collection, Connection, IntoTarget, Kind, ReadMode, ReadPreference};
use test_support::real_server::Options;
use test_support::{Hello, RealServer, ScriptedServer, block_on, poll_until};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{Fixture, SOON, fixture, fixture_alone, uri};

/// Another connection to the same collection.
fn things(fixture: &Fixture, change: impl FnOnce(Builder) -> Builder) -> Collection {
    let address = fixture.connection.state().servers[0].address.clone();
    things_at(address, fixture.database.name(), change)
}

fn things_at(server: impl IntoTarget, database: &str, change: impl FnOnce(Builder) -> Builder) -> Collection {
    let connection = block_on(change(Connection::builder().to(server)).connect()).unwrap();
    connection.database(database).unwrap().collection("things").unwrap()
}

fn slow_finds(milliseconds: i32) -> Document {
    doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": milliseconds }
}

#[test]
#[allow(deprecated, reason = "they are what is tested")]
fn pool_size_bounds_the_sockets_and_pool_timeout_the_wait_for_one() {
    let fixture = fixture_alone();
    fixture.numbers(1);
    let address = fixture.connection.state().servers[0].address.clone();
    let builder = Connection::builder().to(address).pool_size(1).min_pool_size(1);
    let builder = builder.pool_timeout(Duration::from_millis(50));
    let connection = block_on(builder.connect()).unwrap();
    let things: Collection =
        connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
    let pool = || connection.state().servers[0].pool.clone().unwrap();
    // The wait for one that is being opened counts as well.
    poll_until(SOON, "the socket to be open", || pool().idle == 1);
    fixture.fail(doc! { "times": 1 }, slow_finds(2_000));
    let slow = things.find_one(doc! {}).into_future();
    let slow = std::thread::spawn(|| block_on(slow));
    poll_until(SOON, "the call to have the socket", || pool().in_flight == 1);
    let error = block_on(things.find_one(doc! {}).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::WaitQueueTimeout, "{error}");
    assert_eq!(pool().total, 1);
    assert!(slow.join().unwrap().unwrap().is_some());
}

#[test]
fn network_timeout_is_the_default_of_each_operation() {
    let fixture = fixture_alone();
    fixture.numbers(1);
    let limited = things(&fixture, |builder| builder.network_timeout(Duration::from_millis(100)));
    // Zero is no limit, and the later call wins.
    let unlimited = things(&fixture, |builder| {
        builder.network_timeout(Duration::from_millis(1)).network_timeout(Duration::ZERO)
    });
    fixture.fail("alwaysOn", slow_finds(2_000));
    let begin = Instant::now();
    let error = block_on(limited.find_one(doc! {}).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    assert!(begin.elapsed() < Duration::from_millis(1_900), "{:?}", begin.elapsed());
    assert!(block_on(unlimited.find_one(doc! {}).into_future()).unwrap().is_some());
    fixture.fail("off", doc! { "failCommands": ["find"] });
}

/// Counts warnings that speak of an option.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Visit for Warnings {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
}

#[test]
#[allow(deprecated, reason = "it is what is tested")]
fn auto_start_request_warns_and_changes_nothing() {
    let warnings = Warnings::default();
    let builder = Connection::builder().to(uri());
    let builder = with_default(warnings.clone(), || builder.auto_start_request(true));
    let told = warnings.0.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("auto_start_request(true) has no effect"), "{told:?}");
    let connection = block_on(builder.connect()).unwrap();
    block_on(connection.list_database_names().into_future()).unwrap();
}

/// On a server that has stepped down, only those read who may read from secondaries, or who
/// speak to it directly.
#[test]
fn slave_okay_reads_where_there_is_no_primary() {
    // Without a fixture, which would wait for a primary to tidy up.
    let server = RealServer::start(Options::new()).unwrap();
    let things = |change: fn(Builder) -> Builder| things_at(server.address(), "d", change);
    const HASTY: Duration = Duration::from_millis(300);
    let okay = things(|builder| builder.slave_okay(true));
    let not_okay = things(|builder| builder.server_selection_timeout(HASTY));
    let direct = things(|builder| builder.slave_okay(false).direct_connection(true));
    let overruled = things(|builder| {
        let later = ReadPreference::new(ReadMode::Primary);
        builder.slave_okay(true).read_preference(later).server_selection_timeout(HASTY)
    });
    block_on(okay.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    let find = |things: &Collection| block_on(things.find_one(doc! {}).into_future());
    for things in [&okay, &not_okay, &direct, &overruled] {
        assert!(find(things).unwrap().is_some());
    }
    let admin = Connection::connect_lazy(server.address()).unwrap().database("admin").unwrap();
    block_on(admin.run_command(doc! { "replSetStepDown": 60, "force": true }).into_future()).unwrap();
    let gone = || matches!(find(&not_okay), Err(error) if error.kind() == Kind::ServerSelection);
    poll_until(SOON, "the primary to be gone", gone);
    assert_eq!(find(&overruled).unwrap_err().kind(), Kind::ServerSelection);
    assert!(find(&okay).unwrap().is_some());
    assert!(find(&direct).unwrap().is_some());
    let connect = |okay| {
        let builder = Connection::builder().to(server.address()).slave_okay(okay);
        block_on(builder.server_selection_timeout(HASTY).connect())
    };
    assert_eq!(connect(false).unwrap_err().kind(), Kind::ConnectionFailure);
    assert!(connect(true).unwrap().slave_okay());
}

/// What a direct connection to a secondary sends, so that it answers.
#[test]
fn on_a_direct_connection_reads_always_work() {
    let server =
        ScriptedServer::builder().hello(Hello::secondary("rs")).documents([doc! { "_id": 1 }]).start();
    for (okay, sent) in [(false, "primaryPreferred"), (true, "secondaryPreferred")] {
        let builder = Connection::builder().to(server.address()).direct_connection(true).slave_okay(okay);
        let connection = block_on(builder.connect()).unwrap();
        let things: Collection = connection.database("d").unwrap().collection("c").unwrap();
        assert!(block_on(things.find_one(doc! {}).into_future()).unwrap().is_some());
        let find = server.log().commands_named("find").last().unwrap().body.clone();
        let preference = find.get_document("$readPreference").unwrap();
        assert_eq!(preference.get_str("mode").unwrap(), sent);
    }
}

#[test]
fn with_a_primary_slave_okay_reads_from_it() {
    let fixture = fixture();
    fixture.numbers(3);
    let okay = things(&fixture, |builder| builder.slave_okay(true));
    assert_eq!(block_on(okay.count_documents(doc! {}).into_future()).unwrap(), 3);
    for okay in [true, false] {
        let connection = Connection::builder().slave_okay(okay).connect_lazy().unwrap();
        assert_eq!(connection.slave_okay(), okay);
    }
}
