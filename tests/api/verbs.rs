//! Each verb, and what its options change.

use actix_mongo::Kind;
use actix_mongo::bson::{Bson, Document, RawDocumentBuf, doc, rawdoc};
use serde::{Deserialize, Serialize};
use test_support::block_on;

use crate::support::fixture;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Room {
    #[serde(rename = "_id")]
    number: i32,
    beds: i32,
}

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

#[test]
fn every_type_of_document_is_treated_alike() {
    let fixture = fixture();
    let rooms = fixture.database.collection_of::<Room>("rooms").unwrap();
    let raw = fixture.database.collection_of::<RawDocumentBuf>("rooms").unwrap();
    let documents = fixture.database.collection("rooms").unwrap();
    block_on(async {
        rooms.insert_one(Room { number: 1, beds: 2 }).await.unwrap();
        raw.insert_one(rawdoc! { "_id": 2, "beds": 3 }).await.unwrap();
        documents.insert_one(doc! { "_id": 3, "beds": 4 }).await.unwrap();
        let room = rooms.find_one(doc! { "_id": 2 }).await.unwrap();
        assert_eq!(room, Some(Room { number: 2, beds: 3 }));
        let read = raw.find_one(rawdoc! { "_id": 1 }).await.unwrap();
        assert_eq!(read, Some(rawdoc! { "_id": 1, "beds": 2 }));
        let all = rooms.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap().collect_all().await.unwrap();
        assert_eq!(all.iter().map(|room| room.beds).collect::<Vec<_>>(), [2, 3, 4]);
        documents.insert_one(doc! { "_id": 4, "beds": "many" }).await.unwrap();
        let error = rooms.find_one(doc! { "_id": 4 }).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
        let other = rooms.find_one(doc! { "_id": 4 }).of::<Document>().await.unwrap();
        assert_eq!(other, Some(doc! { "_id": 4, "beds": "many" }));
    });
}

#[test]
fn find_takes_its_options() {
    let fixture = fixture();
    let numbers = fixture.numbers(10);
    let list =
        |documents: Vec<Document>| documents.iter().map(|d| d.get_i32("_id").unwrap()).collect::<Vec<_>>();
    block_on(async {
        let down = doc! { "_id": -1 };
        let found = numbers.find(doc! { "n": { "$gte": 2 } }).sort(&down).skip(1).limit(3);
        assert_eq!(list(found.await.unwrap().collect_all().await.unwrap()), [8, 7, 6]);
        let found = numbers.find(doc! {}).projection(doc! { "n": 0 }).limit(1).await.unwrap();
        assert_eq!(found.collect_all().await.unwrap(), [doc! { "_id": 0 }]);
        let one = numbers.find_one(doc! {}).sort(&down).skip(2).projection(doc! { "_id": 1 }).await.unwrap();
        assert_eq!(one, Some(doc! { "_id": 7 }));
        let hinted = numbers.find(doc! {}).hint("no such index").await;
        assert_eq!(hinted.unwrap_err().kind(), Kind::Command);
        let hinted = numbers.find(doc! { "_id": 4 }).hint(doc! { "_id": 1 }).comment("here").await.unwrap();
        assert_eq!(list(hinted.collect_all().await.unwrap()), [4]);
        let variable = doc! { "$expr": { "$eq": ["$n", "$$wanted"] } };
        let found = numbers.find(variable).let_vars(doc! { "wanted": 5 }).await.unwrap();
        assert_eq!(list(found.collect_all().await.unwrap()), [5]);
        // A negative limit: as many, and no cursor stays open.
        let found = numbers.find(doc! {}).limit(-4).batch_size(2).await.unwrap();
        assert_eq!(found.id(), 0);
        let bad = numbers.find(doc! {}).sort("up").await.unwrap_err();
        assert_eq!(bad.kind(), Kind::Encode);
        assert!(bad.to_string().contains("sort"), "{bad}");
    });
}

#[test]
fn update_changes_one_document() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    block_on(async {
        let updated =
            numbers.update_one(doc! { "n": { "$gte": 1 } }, doc! { "$inc": { "n": 10 } }).await.unwrap();
        assert_eq!((updated.matched_count, updated.modified_count, updated.upserted_id), (1, 1, None));
        let same = numbers.update_one(doc! { "_id": 0 }, doc! { "$set": { "n": 0 } }).await.unwrap();
        assert_eq!((same.matched_count, same.modified_count), (1, 0));
        let none = numbers.update_one(doc! { "_id": 77 }, doc! { "$set": { "n": 0 } }).await.unwrap();
        assert_eq!((none.matched_count, none.modified_count), (0, 0));
        let made =
            numbers.update_one(doc! { "_id": 77 }, doc! { "$set": { "n": 7 } }).upsert(true).await.unwrap();
        assert_eq!((made.matched_count, made.upserted_id), (0, Some(Bson::Int32(77))));
        let pipeline = [doc! { "$set": { "n": { "$add": ["$n", 100] } } }];
        assert_eq!(numbers.update_one(doc! { "_id": 77 }, pipeline).await.unwrap().modified_count, 1);
        assert_eq!(numbers.find_one(doc! { "_id": 77 }).await.unwrap(), Some(doc! { "_id": 77, "n": 107 }));
        numbers.update_one(doc! { "_id": 0 }, doc! { "$set": { "list": [1, 5, 9] } }).await.unwrap();
        let raise = numbers
            .update_one(doc! { "_id": 0 }, doc! { "$set": { "list.$[high]": 0 } })
            .array_filters([doc! { "high": { "$gt": 4 } }]);
        assert_eq!(raise.await.unwrap().modified_count, 1);
        let zero = numbers.find_one(doc! { "_id": 0 }).await.unwrap().unwrap();
        assert_eq!(zero.get_array("list").unwrap(), &[Bson::Int32(1), Bson::Int32(0), Bson::Int32(0)]);
    });
}

#[test]
fn an_update_without_operators_is_refused_unsent() {
    let fixture = fixture();
    let numbers = fixture.numbers(1);
    block_on(async {
        for update in [doc! { "n": 5 }, doc! {}] {
            let error = numbers.update_one(doc! {}, update).await.unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidArgument);
            assert!(!error.may_have_run());
        }
        assert_eq!(numbers.find_one(doc! {}).await.unwrap(), Some(doc! { "_id": 0, "n": 0 }));
    });
}

#[test]
fn delete_removes_one_document() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    block_on(async {
        assert_eq!(numbers.delete_one(doc! { "n": { "$gte": 1 } }).await.unwrap().deleted_count, 1);
        assert_eq!(numbers.delete_one(doc! { "n": 99 }).comment("gone").await.unwrap().deleted_count, 0);
        let hinted = numbers.delete_one(doc! { "_id": 0 }).hint(doc! { "_id": 1 }).await.unwrap();
        assert_eq!(hinted.deleted_count, 1);
        assert_eq!(numbers.find(doc! {}).await.unwrap().collect_all().await.unwrap().len(), 1);
    });
}

#[test]
fn pipelines_run_over_collections_and_databases() {
    let fixture = fixture();
    let numbers = fixture.numbers(10);
    block_on(async {
        let group = doc! { "$group": { "_id": doc! { "$mod": ["$n", 2] }, "sum": { "$sum": "$n" } } };
        let sums =
            numbers.aggregate([group, doc! { "$sort": { "_id": 1 } }]).allow_disk_use(true).await.unwrap();
        let sums = sums.collect_all().await.unwrap();
        assert_eq!(sums, [doc! { "_id": 0, "sum": 20 }, doc! { "_id": 1, "sum": 25 }]);
        let typed =
            numbers.aggregate([doc! { "$project": { "beds": "$n" } }, doc! { "$limit": 1 }]).of::<Room>();
        assert_eq!(typed.await.unwrap().collect_all().await.unwrap(), [Room { number: 0, beds: 0 }]);
        let out = numbers.aggregate([doc! { "$match": { "n": 3 } }, doc! { "$out": "copy" }]).batch_size(1);
        assert_eq!(out.await.unwrap().collect_all().await.unwrap(), [] as [Document; 0]);
        let copy = fixture.database.collection("copy").unwrap();
        assert_eq!(copy.find_one(doc! {}).await.unwrap(), Some(doc! { "_id": 3, "n": 3 }));
        let free =
            fixture.database.aggregate([doc! { "$documents": [{ "a": 1 }, { "a": 2 }] }]).batch_size(1);
        let free = free.await.unwrap().collect_all().await.unwrap();
        assert_eq!(free, [doc! { "a": 1 }, doc! { "a": 2 }]);
        let bad = numbers.aggregate([5]).await.unwrap_err();
        assert_eq!(bad.kind(), Kind::Encode);
    });
}

#[test]
fn commands_run_as_they_stand() {
    let fixture = fixture();
    let database = &fixture.database;
    block_on(async {
        let reply = database.run_command(doc! { "ping": 1 }).await.unwrap();
        assert_eq!(reply.get("ok"), Some(&Bson::Double(1.0)));
        let raw = database.run_command(rawdoc! { "ping": 1, "maxTimeMS": 500 }).raw().await.unwrap();
        assert_eq!(raw.get_f64("ok").ok(), Some(1.0));
        let error = database.run_command(doc! { "noSuchCommand": 1 }).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.code_name()),
            (Kind::Command, Some(59), Some("CommandNotFound"))
        );
        assert!(error.server().is_some());
        let error = database.run_command(doc! {}).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
    });
}
