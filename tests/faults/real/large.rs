//! Large messages both ways where there is little room.

use std::net::SocketAddr;

use actix_mongo::bson::doc;
use test_support::FaultProxy;
use test_support::fault_proxy::Traffic;

use super::Real;
use crate::support::{Pending, Story, collection};

at_both_depths!(large_documents_through_tight_buffers, documents_in_pieces);

const CALLS: usize = 4;

/// As many documents go up as come down, at the same time and over one socket.
fn both_ways(depth: u32, size: usize, proxy: impl FnOnce(SocketAddr) -> FaultProxy) {
    let Some(real) = Real::start(proxy) else { return };
    let connection = real.connect(depth, 1, |builder| builder);
    let things = collection(&connection);
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let number = i32::try_from(number).unwrap();
            let insert = things.insert_one(doc! { "_id": number, "filler": "x".repeat(size) }).into_future();
            let find = things.find_one(doc! { "_id": number }).into_future();
            Pending::begin(async move {
                insert.await?;
                find.await
            })
        })
        .collect();
    for call in calls {
        let found = call.end().expect("served").expect("a document");
        assert_eq!(found.get_str("filler").unwrap().len(), size);
    }
    real.assert_sound(&connection);
    assert_eq!(real.proxy.accepted(), 2, "none was given up");
}

fn large_documents_through_tight_buffers(depth: u32) {
    let _story = Story::begin();
    both_ways(depth, 5_000_000, |server| FaultProxy::start_with_buffers(server, 4096));
}

fn documents_in_pieces(depth: u32) {
    let _story = Story::begin();
    both_ways(depth, 100_000, |server| {
        let proxy = FaultProxy::start(server);
        proxy.up(Traffic::Chunks(97));
        proxy.down(Traffic::Chunks(89));
        proxy
    });
}
