//! One handle works from wherever it is used.

use std::thread;

use bson::doc;
use test_support::{ScriptedServer, block_on};

use crate::support::{Client, command, connect, story};

const CALLS: usize = 20;

async fn ping(client: Client) {
    for _ in 0..CALLS {
        client.run(command(doc! { "ping": 1 })).await.expect("served");
    }
}

#[test]
fn one_handle_serves_every_kind_of_runtime_at_once() {
    let server = ScriptedServer::start();
    // No runtime is near where it is made.
    let client = connect(&[&server], |_| {});
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(ping(client.clone()))).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
        scope.spawn(|| {
            // Without drivers: nothing here needs the caller's clock or network.
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(ping(client.clone()));
        });
        scope.spawn(|| actix::System::new().block_on(ping(client.clone())));
        scope.spawn(|| block_on(ping(client.clone())));
    });
    assert_eq!(server.log().count("ping"), 7 * CALLS);
    story(client.leave());
}

#[test]
fn a_client_outlives_the_runtime_that_it_was_made_in() {
    let server = ScriptedServer::start();
    let client = story(async {
        let client = connect(&[&server], |_| {});
        client.ping().await;
        client
    });
    block_on(ping(client.clone()));
    assert_eq!(server.log().used_connections().len(), 1);
    story(client.leave());
}

#[test]
fn timeouts_need_no_clock_of_the_callers() {
    let server = ScriptedServer::builder().accept(test_support::scripted::Accept::Refuse).start();
    let client = connect(&[&server], |_| {});
    let call = client.run(command(doc! { "ping": 1 }).within(std::time::Duration::from_millis(100)));
    let error = block_on(call).expect_err("nobody listens");
    assert!(error.is_timeout(), "{error:?}");
}
