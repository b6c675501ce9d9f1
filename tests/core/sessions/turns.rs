//! Several tasks and one session, or several.

use std::time::{Duration, Instant};

use actix_mongo::{ClientSession, Collection, Connection, Kind, ReadMode, ReadPreference};
use bson::{Document, doc};
use test_support::scripted::CommandRecord;
use test_support::{Gate, Rule, ScriptedServer};
use tokio::task::{JoinHandle, yield_now};

use super::{at, connect, id_of, lsid, sent, start, things};
use crate::support::{SOON, soon, story};

/// Inserts of `{_id: number}` wait for this gate.
fn hold(server: &ScriptedServer, number: i32) -> Gate {
    let gate = Gate::new();
    let is = move |it: &CommandRecord| numbers_of(&it.body) == [number];
    server.rule(Rule::on("insert").when(is).once().after(&gate));
    gate
}

fn numbers_of(insert: &Document) -> Vec<i32> {
    let documents = insert.get_array("documents").unwrap();
    documents.iter().map(|it| it.as_document().unwrap().get_i32("_id").unwrap()).collect()
}

/// The inserts that arrived, in order.
fn arrived(server: &ScriptedServer) -> Vec<i32> {
    sent(server, "insert").iter().flat_map(numbers_of).collect()
}

/// Begins an insert in a task of its own, and has it polled.
async fn insert(things: &Collection, number: i32) -> JoinHandle<actix_mongo::Result<()>> {
    let call = things.insert_one(doc! { "_id": number }).into_future();
    let task = tokio::spawn(async { call.await.map(drop) });
    yield_now().await;
    task
}

#[test]
fn operations_of_one_session_run_in_order_and_one_at_a_time() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let mine = things(&connection.bound_to(&start(&connection)));
        let gates: Vec<_> = (0..4).map(|number| hold(&server, number)).collect();
        let mut calls = Vec::new();
        for number in 0..4 {
            calls.push(insert(&mine, number).await);
        }
        for (number, gate) in gates.iter().enumerate() {
            server.until(|log| log.count("insert") == number + 1, SOON).await;
            // A call outside of the session comes through, so those that wait had their time.
            soon(things(&connection).find_one(doc! {}).into_future()).await.unwrap();
            assert_eq!(server.log().count("insert"), number + 1, "the next one waits");
            gate.open();
        }
        for call in calls {
            soon(call).await.unwrap().unwrap();
        }
        assert_eq!(arrived(&server), [0, 1, 2, 3]);
    });
}

#[test]
fn two_sessions_overlap_in_time() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let (a, b) = (start(&connection), start(&connection));
        let gates = [hold(&server, 1), hold(&server, 2)];
        let one = insert(&things(&connection.bound_to(&a)), 1).await;
        let two = insert(&things(&connection.bound_to(&b)), 2).await;
        // Both are with the server, and neither is answered.
        server.until(|log| log.count("insert") == 2, SOON).await;
        assert!(!one.is_finished() && !two.is_finished());
        let mut ids: Vec<_> = sent(&server, "insert").iter().map(lsid).collect();
        if ids[0] != id_of(&a) {
            ids.reverse();
        }
        assert_eq!(ids, [id_of(&a), id_of(&b)]);
        gates.iter().for_each(Gate::open);
        for call in [one, two] {
            soon(call).await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_dropped_operation_leaves_its_place_to_the_next() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        let mine = things(&connection.bound_to(&session));
        let gate = hold(&server, 1);
        let under_way = insert(&mine, 1).await;
        server.until(|log| log.count("insert") == 1, SOON).await;
        let waiting = insert(&mine, 2).await;
        let last = insert(&mine, 3).await;
        for dropped in [waiting, under_way] {
            dropped.abort();
            assert!(soon(dropped).await.unwrap_err().is_cancelled());
        }
        soon(last).await.unwrap().unwrap();
        assert_eq!(arrived(&server), [1, 3]);
        // The server may still work on the first: nobody else gets its session.
        session.end();
        assert_eq!(connection.state().idle_sessions, 0);
        gate.open();
    });
}

#[test]
fn a_timeout_ends_the_wait_for_the_turn() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let mine = things(&connection.bound_to(&start(&connection)));
        let gate = hold(&server, 1);
        let first = insert(&mine, 1).await;
        server.until(|log| log.count("insert") == 1, SOON).await;
        let late = mine.insert_one(doc! { "_id": 2 }).timeout(Duration::from_millis(50));
        let error = soon(late.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(!error.may_have_run() && error.to_string().contains("of its session"), "{error}");
        gate.open();
        soon(first).await.unwrap().unwrap();
        soon(insert(&mine, 3).await).await.unwrap().unwrap();
        assert_eq!(arrived(&server), [1, 3]);
    });
}

#[test]
fn without_a_timeout_the_turn_is_waited_for_as_long_as_a_server() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let uri = format!("{}?serverSelectionTimeoutMS=100", server.uri());
        let connection = soon(Connection::connect(uri)).await.unwrap();
        let mine = things(&connection.bound_to(&start(&connection)));
        let gate = hold(&server, 1);
        let first = insert(&mine, 1).await;
        server.until(|log| log.count("insert") == 1, SOON).await;
        let error = soon(mine.insert_one(doc! { "_id": 2 }).into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        assert!(error.to_string().contains("serverSelectionTimeoutMS"), "{error}");
        // One with a timeout waits for as long as that.
        let patient = tokio::spawn(mine.insert_one(doc! { "_id": 3 }).timeout(SOON).into_future());
        yield_now().await;
        soon(mine.insert_one(doc! { "_id": 4 }).into_future()).await.unwrap_err();
        assert!(!patient.is_finished());
        gate.open();
        soon(first).await.unwrap().unwrap();
        soon(patient).await.unwrap().unwrap();
        assert_eq!(arrived(&server), [1, 3]);
    });
}

/// The turn is got after two thirds of the time for the selection of a server, and then no
/// server suits.
#[test]
fn the_waits_for_a_turn_and_for_a_server_are_one_wait() {
    const SELECTION: Duration = Duration::from_secs(3);
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.rule(Rule::on("insert").delay(SELECTION * 2 / 3));
        let uri = format!("{}?serverSelectionTimeoutMS={}", server.uri(), SELECTION.as_millis());
        let connection = soon(Connection::connect(uri)).await.unwrap();
        let mine = things(&connection.bound_to(&start(&connection)));
        let first = insert(&mine, 1).await;
        let begun = Instant::now();
        let nowhere = mine.find_one(doc! {}).read_preference(ReadPreference::new(ReadMode::Secondary));
        let error = soon(nowhere.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::ServerSelection, "{error:?}");
        assert!(begun.elapsed() < SELECTION * 3 / 2, "{:?}", begun.elapsed());
        soon(first).await.unwrap().unwrap();
    });
}

#[test]
fn a_session_that_is_ended_under_way_is_given_back_after_it() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        let mine = things(&connection.bound_to(&session));
        let gate = hold(&server, 1);
        let first = insert(&mine, 1).await;
        server.until(|log| log.count("insert") == 1, SOON).await;
        let waiting = insert(&mine, 2).await;
        session.end();
        assert_eq!(connection.state().idle_sessions, 0, "it is in use");
        gate.open();
        soon(first).await.unwrap().expect("it was under way");
        let error = soon(waiting).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument, "{error:?}");
        assert_eq!(connection.state().idle_sessions, 1);
    });
}

fn batch(name: &str, id: i64, number: i32) -> Document {
    doc! { "ok": 1, "cursor": { "id": id, "ns": "d.c", name: [{ "_id": number }] } }
}

/// A server that opens a cursor, the further batch of which waits for the gate.
fn with_a_cursor(server: &ScriptedServer) -> Gate {
    let gate = Gate::new();
    server.rule(Rule::on("find").once().reply(batch("firstBatch", 7, 1)));
    let mut further = batch("nextBatch", 0, 2);
    further.insert("operationTime", at(2_000_000_000));
    server.rule(Rule::on("getMore").once().after(&gate).reply(further));
    gate
}

/// One task reads a cursor while another one writes, both in one session. Operations come one
/// after the other as ever; a further batch takes no turn, and waits for none.
#[test]
fn a_batch_is_asked_for_between_the_operations_of_its_session() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        let mine = things(&connection.bound_to(&session));
        let further = with_a_cursor(&server);
        let mut cursor = soon(mine.find(doc! {}).into_future()).await.unwrap();
        let gates = [hold(&server, 1), hold(&server, 2)];
        let calls = [insert(&mine, 1).await, insert(&mine, 2).await];
        server.until(|log| log.count("insert") == 1, SOON).await;
        let reader = tokio::spawn(async move {
            let first = cursor.try_next().await?;
            Ok::<_, actix_mongo::Error>((first, cursor.try_next().await?))
        });
        // While the first insert is under way.
        server.until(|log| log.count("getMore") == 1, SOON).await;
        assert_eq!(arrived(&server), [1]);
        gates[0].open();
        // And the second one does not wait for the batch.
        server.until(|log| log.count("insert") == 2, SOON).await;
        further.open();
        let read = soon(reader).await.unwrap().unwrap();
        assert_eq!(read, (Some(doc! { "_id": 1 }), Some(doc! { "_id": 2 })));
        gates[1].open();
        for call in calls {
            soon(call).await.unwrap().unwrap();
        }
        assert_eq!(arrived(&server), [1, 2]);
        let all = [sent(&server, "find"), sent(&server, "insert"), sent(&server, "getMore")].concat();
        assert!(all.iter().all(|command| lsid(command) == id_of(&session)));
        // What begins when the batch is there sees what the batch saw.
        soon(mine.find_one(doc! {}).into_future()).await.unwrap();
        let concern = sent(&server, "find").pop().unwrap();
        let concern = concern.get_document("readConcern").unwrap();
        assert_eq!(concern.get_timestamp("afterClusterTime").ok(), Some(at(2_000_000_000)));
    });
}

/// A session whose cursor waits for its second batch.
struct BatchUnderWay {
    _server: ScriptedServer,
    connection: Connection,
    session: ClientSession,
    /// Lets the batch come.
    further: Gate,
    reader: JoinHandle<actix_mongo::Result<Option<Document>>>,
}

async fn batch_under_way() -> BatchUnderWay {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server).await;
    let session = start(&connection);
    let further = with_a_cursor(&server);
    let find = things(&connection).find(doc! {}).session(&session);
    let mut cursor = soon(find.into_future()).await.unwrap();
    soon(cursor.try_next()).await.unwrap().unwrap();
    let reader = tokio::spawn(async move { cursor.try_next().await });
    server.until(|log| log.count("getMore") == 1, SOON).await;
    BatchUnderWay { _server: server, connection, session, further, reader }
}

#[test]
fn a_session_that_is_ended_with_a_batch_under_way_is_given_back_after_it() {
    story(async {
        let BatchUnderWay { _server, connection, session, further, reader } = batch_under_way().await;
        session.end();
        assert_eq!(connection.state().idle_sessions, 0, "the server works in it");
        further.open();
        assert_eq!(soon(reader).await.unwrap().unwrap(), Some(doc! { "_id": 2 }));
        assert_eq!(connection.state().idle_sessions, 1);
    });
}

/// The server may still work on the batch: nobody else gets its session.
#[test]
fn a_session_whose_batch_was_dropped_is_not_used_again() {
    story(async {
        let BatchUnderWay { _server, connection, session, further, reader } = batch_under_way().await;
        reader.abort();
        assert!(soon(reader).await.unwrap_err().is_cancelled());
        session.end();
        assert_eq!(connection.state().idle_sessions, 0);
        further.open();
    });
}
