//! `copy_database` that is dropped or fails: it ends, and says what the target has.

use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::operations::{CopyDatabase, Copying};
use actix_mongo::{Connection, CopyProgress, Error, ExistingTarget, Kind};
use test_support::real_server::Options;
use test_support::{DropAfter, FaultProxy, RealServer, block_on, poll_until};

use crate::copying_scene::{Pair, count, fill};
use crate::support::SOON;

/// Documents of each of the collections of [`filled`].
const EACH: i32 = 3000;
const NAMES: [&str; 3] = ["a", "b", "c"];
const BATCH: u32 = 50;
/// Documents that may be there though nobody knows: a batch for each collection under way.
const UNKNOWN: u64 = BATCH as u64 * NAMES.len() as u64;

fn filled(pair: Pair) -> Pair {
    NAMES.iter().for_each(|name| pair.fill(name, EACH));
    pair
}

fn copy(pair: &Pair) -> CopyDatabase {
    pair.connection().copy_database(&pair.from, &pair.to).batch_size(BATCH).parallelism(3)
}

/// Runs it until so many documents are copied.
fn run_until(copying: &mut Copying, documents: u64) -> CopyProgress {
    loop {
        let progress = block_on(copying.next()).expect("there are more than that");
        if progress.documents >= documents {
            return progress;
        }
    }
}

fn all(pair: &Pair) -> u64 {
    NAMES.iter().map(|name| count(&pair.target(), name)).sum()
}

/// Nothing is under way on any socket.
fn wait_for_rest(connection: &Connection) {
    poll_until(SOON, "all sockets to rest", || {
        let state = connection.state();
        let mut pools = state.servers.iter().filter_map(|server| server.pool.as_ref());
        pools.all(|pool| pool.in_flight == 0 && pool.queued == 0)
    });
}

#[test]
fn dropped_in_the_middle_nothing_goes_on() {
    let pair = filled(Pair::alone());
    let mut copying = copy(&pair).progress();
    let told = run_until(&mut copying, 1000);
    let report = copying.so_far();
    drop(copying);
    assert_eq!(told.documents, report.documents());
    pair.fixture.wait_for_kills();
    wait_for_rest(pair.connection());
    let there = all(&pair);
    assert!(
        there >= told.documents && there <= told.documents + UNKNOWN,
        "{told} is told, {there} are there"
    );
    for collection in &report.collections {
        assert!(count(&pair.target(), &collection.name) >= collection.documents, "{collection:?}");
    }
    assert!(there < 3 * EACH as u64);
    assert_eq!(all(&pair), there, "and there it stays");
}

#[test]
fn it_may_be_dropped_at_every_await() {
    let pair = Pair::alone();
    NAMES.iter().for_each(|name| pair.fill(name, 10));
    block_on(pair.source().collection("a").unwrap().create_index(doc! { "text": 1 }).into_future()).unwrap();
    let uri = pair.connection().state().servers[0].address.to_string();
    let mut polls = 0;
    loop {
        let copy = pair.connection().copy_database(&pair.from, &pair.to).from_host(&uri);
        let copy = copy.batch_size(3).parallelism(2).existing(ExistingTarget::Drop).into_future();
        if let Some(copied) = block_on(DropAfter::new(polls, copy)) {
            assert_eq!(copied.unwrap().documents(), 30);
            break;
        }
        wait_for_rest(pair.connection());
        polls += 1;
    }
    assert!(polls > 10, "{polls} polls");
    pair.fixture.wait_for_kills();
    assert_eq!(all(&pair), 30);
}

#[test]
fn a_document_that_is_there_already_ends_a_merge_and_the_numbers_are_exact() {
    let pair = filled(Pair::new());
    fill(&pair.target().collection("b").unwrap(), 1234..1235);
    let error = block_on(copy(&pair).existing(ExistingTarget::Merge).into_future()).unwrap_err();
    assert!(error.is_duplicate_key() && error.kind() == Kind::Write, "{error}");
    assert_eq!(error.write_failure().unwrap().write_errors.len(), 1);
    let report = error.copy_report().unwrap();
    assert_eq!(report.collection("b").unwrap().documents, 1234, "{report:?}");
    assert_eq!(report.documents() + 1, all(&pair), "insertions under way were waited for");
    for collection in &report.collections {
        let (there, own) = (count(&pair.target(), &collection.name), u64::from(collection.name == "b"));
        assert_eq!(collection.documents + own, there, "{collection:?}");
    }
    assert!(error.to_string().contains("copied before: "), "{error}");
}

#[test]
fn a_command_that_fails_ends_it_and_the_numbers_are_exact() {
    let pair = filled(Pair::alone());
    let failing = |command: &str, skip: i32| {
        let data = doc! { "failCommands": [command], "errorCode": 2 };
        pair.fixture.fail(doc! { "skip": skip }, data);
    };
    let failed = || -> Error {
        let error = block_on(copy(&pair).existing(ExistingTarget::Drop).into_future()).unwrap_err();
        pair.fixture.admin(doc! { "configureFailPoint": "failCommand", "mode": "off" });
        assert_eq!(error.code(), Some(2), "{error}");
        error
    };
    for (command, skip, most) in
        [("insert", 20, 0), ("getMore", 30, 0), ("create", 1, 0), ("listIndexes", 1, 1)]
    {
        failing(command, skip);
        let error = failed();
        let report = error.copy_report().unwrap();
        assert_eq!(report.documents(), all(&pair), "{command}: {error}");
        let complete = report.collections.iter().filter(|one| one.complete).count();
        assert!(complete <= most && report.collections.len() == 3, "{command}: {error}");
        pair.fixture.wait_for_kills();
    }
}

#[test]
fn a_target_that_is_cut_off_holds_what_the_error_says() {
    let source = filled(Pair::new());
    let server = RealServer::start(Options::new()).unwrap();
    let proxy = FaultProxy::start(server.address());
    let uri = format!("{}&serverSelectionTimeoutMS=500", proxy.uri());
    let target = block_on(Connection::connect(uri)).unwrap();
    let copy = target.copy_database(&source.from, "copy").from_host(source.connection());
    let mut copying = copy.batch_size(BATCH).parallelism(3).progress();
    run_until(&mut copying, 1000);
    proxy.refuse_new(true);
    proxy.reset_all();
    let error = block_on(copying).unwrap_err();
    assert!(error.is_network() || error.is_timeout(), "{error:?}");
    let report = error.copy_report().unwrap();
    let after = block_on(Connection::connect(server.uri())).unwrap().database("copy").unwrap();
    for collection in &report.collections {
        let there = count(&after, &collection.name);
        let most = collection.documents + u64::from(BATCH);
        assert!(there >= collection.documents && there <= most, "{there} are there of {collection:?}");
    }
    assert!(report.documents() >= 1000 && report.documents() < 3 * EACH as u64, "{report}");
}

#[test]
fn a_target_that_is_killed_ends_it_and_the_next_copy_finds_it_again() {
    let source = filled(Pair::new());
    let mut server = RealServer::start(Options::new()).unwrap();
    let uri = format!("{}?serverSelectionTimeoutMS=1000", server.uri());
    let target = block_on(Connection::connect(&uri)).unwrap();
    let copy = || {
        let copy = target.copy_database(&source.from, "copy").from_host(source.connection());
        copy.batch_size(BATCH).parallelism(3)
    };
    let mut copying = copy().progress();
    run_until(&mut copying, 1000);
    server.kill().unwrap();
    let error = block_on(copying).unwrap_err();
    assert!(error.copy_report().unwrap().documents() >= 1000, "{error}");
    server.restart().unwrap();
    // How much of it the server has kept, which it acknowledged without a journal, is its own affair.
    let patient = copy().existing(ExistingTarget::Drop).timeout(SOON * 3);
    let report = block_on(patient.into_future()).unwrap();
    assert_eq!(report.documents(), 3 * EACH as u64);
}

#[test]
fn a_source_that_is_killed_ends_it_as_well() {
    let target = Pair::new();
    let mut server = RealServer::start(Options::new()).unwrap();
    let uri = format!("{}?serverSelectionTimeoutMS=1000", server.uri());
    let source = block_on(Connection::connect(&uri)).unwrap().database("hotel").unwrap();
    NAMES.iter().for_each(|name| fill(&source.collection(name).unwrap(), 0..EACH));
    let copy = target.connection().copy_database("hotel", &target.to).from_host(&uri);
    let mut copying = copy.batch_size(BATCH).parallelism(3).progress();
    run_until(&mut copying, 1000);
    server.kill().unwrap();
    let error = block_on(copying).unwrap_err();
    let report = error.copy_report().unwrap();
    assert_eq!(report.documents(), all(&target), "what the target took is known: {report}");
}

#[test]
fn the_timeout_is_for_the_whole() {
    let pair = filled(Pair::alone());
    let slow = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 200 };
    pair.fixture.fail("alwaysOn", slow);
    let begin = Instant::now();
    let error = block_on(copy(&pair).timeout(Duration::from_millis(700)).into_future()).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    let report = error.copy_report().unwrap();
    assert!(report.documents() >= 1 && report.duration >= Duration::from_millis(600), "{report}");
    // The handle's own is for each command: together they may take longer.
    let patient = pair.connection().with_timeout(Duration::from_millis(700));
    let few = patient.copy_database(&pair.from, &format!("{}_again", pair.to)).include(["a"]);
    let report = block_on(few.batch_size(300).into_future()).unwrap();
    assert!(report.duration > Duration::from_millis(700), "{report}");
    pair.fixture.admin(doc! { "configureFailPoint": "failCommand", "mode": "off" });
}
