//! Operations that go well on a warm pool ask nobody: the supervisor is not even woken.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use actix_mongo::actors::supervisor::CountWakes;
use actix_mongo::{Collection, Connection, MonitoringMode};
use bson::{Document, doc};
use test_support::ScriptedServer;

use crate::support::{soon, story};

const SOCKETS: u32 = 2;
const ROUNDS: i32 = 50;
/// More than there are sockets, so that some wait for one.
const CALLERS: usize = 8;
const DOCUMENTS: usize = 20;

/// One of each, and a cursor read to its end in several batches.
async fn operations(things: Collection) {
    for number in 0..ROUNDS {
        things.insert_one(doc! { "number": number }).await.expect("inserted");
        things.update_one(doc! {}, doc! { "$set": { "number": number } }).await.expect("updated");
        things.find_one(doc! {}).await.expect("found").expect("one");
        let found = things.find(doc! {}).batch_size(5).await.expect("a cursor");
        assert_eq!(found.collect_all().await.expect("all batches").len(), DOCUMENTS);
    }
}

async fn from_many_callers(connection: &Connection) {
    let things = connection.database("d").unwrap().collection("c").unwrap();
    let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(operations(things.clone()))).collect();
    for caller in callers {
        soon(caller).await.unwrap();
    }
}

/// What was sent to the supervisor before is read: the timer lives on the same thread, and
/// answers in its turn.
async fn let_control_thread_run(connection: &Connection) {
    for _ in 0..2 {
        soon(connection.core().alarms.wake_at(Instant::now())).await.expect("the timer lives");
    }
}

/// Of the picture of the deployment.
fn version(connection: &Connection) -> u64 {
    connection.core().snapshots.borrow().version
}

#[test]
fn the_supervisor_hears_of_no_operation_that_goes_well() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..DOCUMENTS).map(|number| doc! { "_id": i32::try_from(number).unwrap() }));
        let builder = Connection::<Document>::builder().uri(server.uri()).unwrap();
        let builder = builder.max_pool_size(SOCKETS).monitoring_mode(MonitoringMode::Poll);
        // No check of the monitor's falls into the story.
        let connection =
            soon(builder.heartbeat_frequency(Duration::from_secs(3600)).connect()).await.unwrap();
        from_many_callers(&connection).await;

        let wakes = soon(connection.core().supervisor.send(CountWakes)).await.expect("it lives");
        let mut rounds = 1;
        loop {
            let_control_thread_run(&connection).await;
            let (version, before) = (version(&connection), wakes.load(Relaxed));
            from_many_callers(&connection).await;
            rounds += 1;
            let_control_thread_run(&connection).await;
            if wakes.load(Relaxed) == before {
                break;
            }
            // Who waited for the first answer of the server may have asked for one check more,
            // 500 ms later. It is the only one, and the only thing that changes the picture.
            assert!(rounds == 2 && self::version(&connection) > version, "operations woke it");
        }
        let log = server.log();
        let rounds = rounds * CALLERS * usize::try_from(ROUNDS).unwrap();
        assert_eq!(
            (log.count("insert"), log.count("update"), log.count("find")),
            (rounds, rounds, 2 * rounds)
        );
        assert!(log.count("getMore") >= 3 * rounds, "{}", log.count("getMore"));

        // And a message would have been counted.
        let before = wakes.load(Relaxed);
        connection.core().settle(Instant::now() + crate::support::SOON).await.unwrap();
        let_control_thread_run(&connection).await;
        assert!(wakes.load(Relaxed) > before);
    });
}
