//! Each verb, and what its options change.

use actix_mongo::bson::{Bson, doc};
use test_support::block_on;

use crate::support::fixture;

#[test]
fn what_was_inserted_is_found() {
    let fixture = fixture();
    let things = fixture.things();
    block_on(async {
        let id = things.insert_one(doc! { "name": "Ada", "beds": 2 }).await.unwrap().inserted_id;
        assert!(id.as_object_id().is_some());
        let found = things.find_one(doc! { "_id": id.clone() }).await.unwrap();
        assert_eq!(found, Some(doc! { "_id": id, "name": "Ada", "beds": 2 }));
        let own = things.insert_one(doc! { "name": "Bob", "_id": "bob" }).await.unwrap();
        assert_eq!(own.inserted_id, Bson::from("bob"));
        assert_eq!(things.find_one(doc! { "_id": "none" }).await.unwrap(), None);
    });
}
