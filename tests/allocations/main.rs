//! What a cursor's batch costs: nothing per document; and a compressed message. A test of its
//! own, because it replaces the allocator of its process.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

#[cfg(all(feature = "unstable-internals", feature = "snappy", feature = "zlib", feature = "zstd"))]
mod packed;

use actix_mongo::bson::{Document, deserialize_from_slice, doc};
use actix_mongo::{Collection, Connection, Cursor};
use test_support::real_server::Options;
use test_support::{RealServer, block_on};

const MANY: i32 = 1000;
/// Above this, glibc's allocator takes its slow way.
const LARGEST_QUICK: usize = 1032;

#[test]
fn a_call_under_way_fits_into_a_quick_allocation() {
    let connection = Connection::connect_lazy("mongodb://127.0.0.1:1").unwrap();
    let things: Collection = connection.database("allocations").unwrap().collection("things").unwrap();
    let calls = [
        size_of_val(&*things.insert_one(doc! { "_id": 1 }).into_future()),
        size_of_val(&*things.find_one(doc! { "_id": 1 }).into_future()),
        size_of_val(&*things.find(doc! { "_id": 1 }).into_future()),
        size_of_val(&*things.update_one(doc! {}, doc! { "$set": { "n": 1 } }).into_future()),
        size_of_val(&*things.aggregate([doc! { "$match": {} }]).into_future()),
    ];
    assert!(calls.iter().all(|size| *size <= LARGEST_QUICK), "{calls:?}");
}

#[test]
fn looking_at_a_batch_allocates_nothing() {
    let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    block_on(async {
        let connection = Connection::connect(server.uri()).await.unwrap();
        let things = connection.database("allocations").unwrap().collection("things").unwrap();
        let all: Vec<Document> = (0..MANY).map(|n| doc! { "_id": n, "text": "x".repeat(100) }).collect();
        things.insert_many(&all).await.unwrap();
        let mut cursor: Cursor = things.find(doc! {}).batch_size(MANY as u32).await.unwrap();

        let batch = cursor.next_batch().await.unwrap().unwrap();
        let (mut documents, mut sum) = (0, 0);
        let allocated = allocation_counter::measure(|| {
            for document in batch.iter() {
                let document = document.unwrap();
                sum += document.get_i32("_id").unwrap();
                documents += 1;
            }
        });
        assert_eq!((documents, sum), (MANY, MANY * (MANY - 1) / 2));
        assert_eq!(allocated.count_total, 0, "{allocated:?}");

        // The counter counts: a document that is decoded does allocate.
        let decoded = allocation_counter::measure(|| {
            let first = batch.iter().next().unwrap().unwrap();
            deserialize_from_slice::<Document>(first.as_bytes()).unwrap();
        });
        assert_ne!(decoded.count_total, 0);
    });
}
