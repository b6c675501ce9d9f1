//! Prose test 14 of driver sessions, with all operations that it names, on the real server.
//! (The others are in `tests/core/sessions`.)

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, Result, WriteModel};
use test_support::real_server::Options;
use test_support::{RealServer, block_on};

use crate::prose_scene::Watched;

type Operation = fn(&Collection) -> Result<()>;

const OPERATIONS: [Operation; 8] = [
    |things| block_on(things.insert_one(doc! {}).into_future()).map(drop),
    |things| block_on(things.delete_one(doc! {}).into_future()).map(drop),
    |things| block_on(things.update_one(doc! {}, doc! { "$set": { "a": 1 } }).into_future()).map(drop),
    |things| {
        let update = WriteModel::update_one(doc! {}, doc! { "$set": { "a": 1 } });
        block_on(things.bulk_write([update]).into_future()).map(drop)
    },
    |things| block_on(things.find_one_and_delete(doc! {}).into_future()).map(drop),
    |things| {
        block_on(things.find_one_and_update(doc! {}, doc! { "$set": { "a": 1 } }).into_future()).map(drop)
    },
    |things| block_on(things.find_one_and_replace(doc! {}, doc! { "a": 1 }).into_future()).map(drop),
    |things| block_on(async { things.find(doc! {}).await?.collect_all().await }).map(drop),
];

/// How many sessions the operations used, all at once over one socket.
fn sessions_used(server: &RealServer) -> usize {
    let builder = Connection::builder().uri(server.uri()).unwrap().max_pool_size(1).retry_writes(true);
    let watched = Watched::new(builder, 1);
    let start = Arc::new(Barrier::new(OPERATIONS.len()));
    let threads = OPERATIONS.map(|operation| {
        let (things, start) = (watched.things(), start.clone());
        thread::spawn(move || {
            start.wait();
            operation(&things)
        })
    });
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    let names = ["insert", "delete", "update", "findAndModify", "find"];
    let commands: Vec<_> = names.iter().flat_map(|name| watched.started(name)).collect();
    assert_eq!(commands.len(), OPERATIONS.len());
    let sessions = commands.iter().map(|command| command.get_document("lsid").unwrap().to_string());
    sessions.collect::<BTreeSet<_>>().len()
}

#[test]
fn prose_14_implicit_sessions_are_taken_after_the_check_out() {
    let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    let used: Vec<_> = (0..5).map(|_| sessions_used(&server)).collect();
    assert!(used.contains(&1), "{used:?}");
    assert!(used.iter().all(|used| *used < OPERATIONS.len()), "{used:?}");
}
