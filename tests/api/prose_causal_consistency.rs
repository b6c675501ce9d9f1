//! Tests 4 and 5 of the causal consistency specification's plan, with all reads and all
//! writes. (The others are in `tests/core/sessions`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_mongo::bson::{Bson, Timestamp, doc};
use actix_mongo::{ClientSession, Collection, WriteModel};
use test_support::{Rule, ScriptedServer, block_on};

use crate::prose_scene::Watched;

/// A server whose replies tell the time, which goes on by one each.
struct Scene {
    server: ScriptedServer,
    watched: Watched,
}

impl Scene {
    /// Commands of these names are refused.
    fn new(refused: &'static [&'static str]) -> Self {
        let server = ScriptedServer::start_primary("rs");
        let clock = Arc::new(AtomicU32::new(1));
        server.rule(Rule::any().when(|it| !it.is_hello()).reply_with(move |command| {
            let name = command.name.as_str();
            let mut reply = match name {
                _ if refused.contains(&name) => doc! { "ok": 0.0, "code": 1, "errmsg": "no" },
                "find" | "aggregate" => {
                    doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "d.things", "firstBatch": [{ "n": 0 }] } }
                }
                "bulkWrite" => doc! {
                    "ok": 1.0, "nErrors": 0, "nInserted": 1, "nUpserted": 0, "nMatched": 0, "nModified": 0,
                    "nDeleted": 0, "cursor": { "id": 0_i64, "ns": "admin.$cmd.bulkWrite", "firstBatch": [] },
                },
                _ => doc! { "ok": 1.0, "n": 1, "nModified": 1, "values": [], "value": null },
            };
            let time = Timestamp { time: clock.fetch_add(1, Ordering::Relaxed), increment: 1 };
            reply.insert("operationTime", time);
            reply.insert("$clusterTime", doc! { "clusterTime": time });
            reply
        }));
        let watched = Watched::of_primary(&server);
        Self { server, watched }
    }

    fn session(&self) -> ClientSession {
        self.watched.connection.start_session().causal_consistency(true).start().unwrap()
    }

    /// After which time the latest command is to be run.
    fn after(&self) -> Option<Bson> {
        let log = self.server.log();
        let latest = log.commands.iter().rfind(|command| !command.is_hello()).expect("some command");
        latest.body.get_document("readConcern").ok()?.get("afterClusterTime").cloned()
    }
}

fn find_one(things: &Collection, session: &ClientSession) {
    block_on(things.find_one(doc! {}).session(session).into_future()).unwrap();
}

#[test]
fn test_4_all_reads_come_after_the_read_before() {
    let scene = Scene::new(&[]);
    let things = scene.watched.things();
    macro_rules! reads {
        ($($call:expr),+ $(,)?) => {$({
            let session = scene.session();
            find_one(&things, &session);
            let time = session.operation_time().expect("the reply told it");
            block_on($call.session(&session).into_future()).map(drop).unwrap();
            assert_eq!(scene.after(), Some(Bson::Timestamp(time)), "{}", stringify!($call));
        })+};
    }
    reads!(
        things.find(doc! {}),
        things.find_one(doc! {}),
        things.aggregate([doc! { "$match": {} }]),
        things.count_documents(doc! {}),
        things.estimated_document_count(),
        things.distinct("a", doc! {}),
    );
}

#[test]
fn test_5_a_read_comes_after_any_write_before_it_even_if_that_failed() {
    const WRITES: &[&str] = &["insert", "update", "delete", "findAndModify", "bulkWrite"];
    for refused in [&[][..], WRITES] {
        let scene = Scene::new(refused);
        let (connection, things) = (&scene.watched.connection, scene.watched.things());
        let document = || WriteModel::insert_one(doc! {});
        let set = || doc! { "$set": { "a": 1 } };
        macro_rules! writes {
            ($($call:expr),+ $(,)?) => {$({
                let session = scene.session();
                let ended = block_on($call.session(&session).into_future()).map(drop);
                assert_eq!(ended.is_ok(), refused.is_empty(), "{}", stringify!($call));
                let time = session.operation_time().expect("the reply told it, good or bad");
                find_one(&things, &session);
                assert_eq!(scene.after(), Some(Bson::Timestamp(time)), "{}", stringify!($call));
            })+};
        }
        writes!(
            things.insert_one(doc! {}),
            things.insert_many([doc! {}]),
            things.update_one(doc! {}, set()),
            things.update_many(doc! {}, set()),
            things.replace_one(doc! {}, doc! { "a": 1 }),
            things.delete_one(doc! {}),
            things.delete_many(doc! {}),
            things.find_one_and_update(doc! {}, set()),
            things.find_one_and_replace(doc! {}, doc! { "a": 1 }),
            things.find_one_and_delete(doc! {}),
            things.bulk_write([document()]),
            connection.bulk_write([("d.things", document())]),
        );
    }
}
