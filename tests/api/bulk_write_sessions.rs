//! Bulk writes in sessions of the caller's: each command that they consist of is one
//! operation of the session.

use actix_mongo::bson::{Bson, Document, Timestamp, doc};
use actix_mongo::{ClientSession, Kind, WriteConcern, WriteModel};
use test_support::scripted::CommandRecord;
use test_support::{Rule, block_on};

use crate::stage::Stage;
use crate::support::fixture;

/// Three groups of operations, so three commands.
fn models() -> [WriteModel; 4] {
    [
        WriteModel::insert_one(doc! { "_id": 1 }),
        WriteModel::insert_one(doc! { "_id": 2 }),
        WriteModel::update_one(doc! { "_id": 1 }, doc! { "$set": { "n": 1 } }),
        WriteModel::delete_one(doc! { "_id": 2 }),
    ]
}

fn of_connection() -> impl Iterator<Item = (&'static str, WriteModel)> {
    models().into_iter().map(|model| ("d.things", model))
}

/// The session and the number of each command that arrived, but for handshakes.
fn sent(stage: &Stage) -> Vec<(String, Bson, Option<i64>)> {
    let told = |it: &CommandRecord| {
        let id = it.body.get("lsid").unwrap_or_else(|| panic!("no lsid in {}", it.body)).clone();
        (it.name.clone(), id, it.body.get_i64("txnNumber").ok())
    };
    stage.server.log().commands.iter().filter(|it| !it.is_hello()).map(told).collect()
}

fn expected(session: &ClientSession, commands: &[(&str, Option<i64>)]) -> Vec<(String, Bson, Option<i64>)> {
    let id = Bson::Document(doc! { "id": session.id() });
    commands.iter().map(|(name, number)| ((*name).to_owned(), id.clone(), *number)).collect()
}

#[test]
fn a_collections_bulk_write_runs_in_the_callers_session() {
    let stage = Stage::new();
    let session = stage.connection.start_session().start().unwrap();
    let result = block_on(stage.things.bulk_write(models()).session(&session).into_future()).unwrap();
    assert_eq!((result.inserted_count, result.modified_count, result.deleted_count), (2, 1, 1));
    let commands = [("insert", Some(1)), ("update", Some(2)), ("delete", Some(3))];
    assert_eq!(sent(&stage), expected(&session, &commands));
    assert_eq!(stage.connection.state().idle_sessions, 0, "no other was taken");
}

/// The results come in more than one batch, which are fetched in the session as well.
#[test]
fn a_connections_bulk_write_and_its_results_run_in_the_callers_session() {
    let stage = Stage::new();
    let entry = |index: i32| doc! { "ok": 1.0, "idx": index, "n": 1 };
    let first = doc! { "id": 9_i64, "ns": "admin.$cmd.bulkWrite", "firstBatch": [entry(0), entry(1)] };
    stage.server.rule(Rule::on("bulkWrite").reply(doc! {
        "ok": 1.0, "cursor": first, "nErrors": 0, "nInserted": 2, "nUpserted": 0, "nMatched": 1,
        "nModified": 1, "nDeleted": 1,
    }));
    let next = doc! { "id": 0_i64, "ns": "admin.$cmd.bulkWrite", "nextBatch": [entry(2), entry(3)] };
    stage.server.rule(Rule::on("getMore").reply(doc! { "ok": 1.0, "cursor": next }));
    let session = stage.connection.start_session().start().unwrap();
    let write = stage.connection.bulk_write(of_connection()).verbose_results(true).session(&session);
    let result = block_on(write.into_future()).unwrap();
    assert_eq!(result.verbose_results.unwrap().len(), 4);
    assert_eq!(sent(&stage), expected(&session, &[("bulkWrite", Some(1)), ("getMore", None)]));
}

#[test]
fn a_bound_handle_and_a_scope_name_the_session_as_well() {
    let stage = Stage::new();
    let session = stage.connection.start_session().start().unwrap();
    let bound = stage.connection.bound_to(&session);
    block_on(bound.bulk_write(of_connection()).into_future()).unwrap();
    let things = stage.things.bound_to(&session);
    block_on(things.bulk_write([WriteModel::delete_one(doc! {})]).into_future()).unwrap();
    block_on(session.scope(stage.connection.bulk_write(of_connection()).into_future())).unwrap();
    block_on(session.scope(stage.things.bulk_write([WriteModel::delete_one(doc! {})]).into_future()))
        .unwrap();
    let commands = [("bulkWrite", Some(1)), ("delete", Some(2)), ("bulkWrite", Some(3)), ("delete", Some(4))];
    assert_eq!(sent(&stage), expected(&session, &commands));
}

#[test]
fn a_bulk_write_without_an_answer_takes_no_session() {
    let stage = Stage::new();
    let session = stage.connection.start_session().start().unwrap();
    let none = || WriteConcern::nodes(0);
    let things = stage.things.bulk_write(models()).write_concern(none()).session(&session);
    let refused = block_on(things.into_future()).unwrap_err();
    assert_eq!(refused.kind(), Kind::InvalidArgument, "{refused:?}");
    let all = stage.connection.bulk_write(of_connection()).ordered(false).write_concern(none());
    let refused = block_on(all.session(&session).into_future()).unwrap_err();
    assert_eq!(refused.kind(), Kind::InvalidArgument, "{refused:?}");
    assert_eq!(sent(&stage), []);
}

/// Each of its commands comes after what the session did before, and tells it its time.
#[test]
fn a_session_hears_the_time_of_each_command() {
    let stage = Stage::new();
    for (name, time) in [("insert", 5), ("update", 6), ("delete", 7)] {
        let at = Timestamp { time, increment: 1 };
        let reply = doc! { "ok": 1.0, "n": 1, "nModified": 1, "operationTime": at };
        stage.server.rule(Rule::on(name).reply(reply));
    }
    let session = stage.connection.start_session().start().unwrap();
    block_on(stage.things.bulk_write(models()).session(&session).into_future()).unwrap();
    assert_eq!(session.operation_time(), Some(Timestamp { time: 7, increment: 1 }));
}

#[test]
fn the_real_server_does_both_in_one_session() {
    let fixture = fixture();
    let (things, session) = (fixture.things(), fixture.connection.start_session().start().unwrap());
    let result = block_on(things.bulk_write(models()).session(&session).into_future()).unwrap();
    assert_eq!((result.inserted_count, result.modified_count, result.deleted_count), (2, 1, 1));
    session.operation_time().expect("the server tells its times");
    // The time after which a bulkWrite is to come would be in a read concern, as for all
    // commands, and this server refuses that here.
    let session = fixture.connection.start_session().causal_consistency(false).start().unwrap();
    let namespace = format!("{}.things", fixture.database.name());
    let raise = |id: i32| {
        let up = doc! { "$inc": { "n": 1 } };
        (namespace.clone(), WriteModel::update_one(doc! { "_id": id }, up).upsert(true))
    };
    let write = fixture.connection.bulk_write((0..200).map(raise)).verbose_results(true);
    let result = block_on(write.session(&session).into_future()).unwrap();
    assert_eq!((result.modified_count, result.upserted_count), (1, 199));
    assert!(session.operation_time().is_some());
    let all: Vec<Document> =
        block_on(async { things.find(doc! {}).session(&session).await?.collect_all().await }).unwrap();
    assert_eq!(all.len(), 200);
}
