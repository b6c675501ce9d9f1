//! Many connections in one process.

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, Kind};
use test_support::block_on;

use crate::support::{GRACE, collection, uri, work};

const MANY: usize = 50;

#[test]
fn fifty_connections_do_not_disturb_each_other() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let connecting: Vec<_> = (0..MANY)
        .map(|_| {
            let connect = Connection::builder().uri(uri()).unwrap().data_arbiters(1).connect();
            runtime.spawn(connect)
        })
        .collect();
    let connections: Vec<Connection> =
        connecting.into_iter().map(|task| block_on(task).unwrap().unwrap()).collect();
    let things: Vec<Collection> = connections.iter().map(collection).collect();
    let works = |numbers: &[Collection], first| {
        let tasks: Vec<_> = numbers.iter().map(|things| runtime.spawn(work(things.clone(), first))).collect();
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
    };
    works(&things, 0);
    // Every other one ends, in the middle of what the rest do.
    let rest: Vec<_> = things.iter().skip(1).step_by(2).cloned().collect();
    let working: Vec<_> = rest.iter().map(|things| runtime.spawn(work(things.clone(), 100))).collect();
    let closing: Vec<_> =
        connections.iter().step_by(2).map(|connection| runtime.spawn(connection.close(GRACE))).collect();
    closing.into_iter().chain(working).for_each(|task| block_on(task).unwrap());
    for ended in things.iter().step_by(2) {
        let error = block_on(ended.find_one(doc! {}).into_future()).unwrap_err();
        assert_eq!(error.kind(), Kind::Closed);
    }
    works(&rest, 200);
    for connection in connections.iter().skip(1).step_by(2) {
        let state = connection.state();
        assert!(state.closed.is_none() && state.servers[0].error.is_none(), "{state}");
    }
}
