//! One handle in several hosts at the same time, and one that outlives its host.

use std::thread;

use actix_mongo::Connection;
use test_support::block_on;

use crate::support::{GRACE, collection, uri, work};

#[test]
fn two_runtimes_a_system_and_a_thread_share_a_handle() {
    let connection = block_on(Connection::connect(uri())).unwrap();
    let things = collection(&connection);
    thread::scope(|scope| {
        for (first, threads) in [(0, 1), (100, 2)] {
            let things = things.clone();
            scope.spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build().unwrap();
                runtime.block_on(async {
                    let tasks: Vec<_> =
                        (0..4).map(|task| tokio::spawn(work(things.clone(), first + 20 * task))).collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            });
        }
        let arbiter = things.clone();
        scope.spawn(move || actix::System::new().block_on(work(arbiter, 200)));
        scope.spawn(|| block_on(work(things.clone(), 300)));
    });
    block_on(connection.close(GRACE));
}

#[test]
fn a_handle_outlives_the_runtime_that_it_was_made_in() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let connection = runtime.block_on(Connection::connect(uri())).unwrap();
    let things = collection(&connection);
    runtime.block_on(work(things.clone(), 0));
    runtime.shutdown_background();
    block_on(work(things.clone(), 100));
    actix::System::new().block_on(work(things, 200));
    block_on(connection.close(GRACE));
}
