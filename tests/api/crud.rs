//! What the verbs do beyond the simplest: to many documents, in one step, and counted.

use actix_mongo::bson::{Bson, Document, doc, rawdoc};
use actix_mongo::{Kind, ReturnDocument, Verbosity, WriteConcern};
use serde::{Deserialize, Serialize};
use test_support::{block_on, poll_until};

use crate::support::{SOON, fixture};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Room {
    #[serde(rename = "_id")]
    number: i32,
    n: i32,
}

#[test]
fn many_are_updated_at_once() {
    let fixture = fixture();
    let numbers = fixture.numbers(5);
    block_on(async {
        let high = doc! { "n": { "$gte": 2 } };
        let updated = numbers.update_many(&high, doc! { "$set": { "n": 2 } }).await.unwrap();
        assert_eq!((updated.matched_count, updated.modified_count), (3, 2));
        assert!(updated.is_acknowledged() && updated.upserted_id.is_none());
        let made = numbers.update_many(doc! { "_id": 9 }, doc! { "$set": { "n": 9 } }).upsert(true);
        assert_eq!(made.await.unwrap().upserted_id, Some(Bson::Int32(9)));
        let pipeline = [doc! { "$set": { "n": { "$add": ["$n", "$$by"] } } }];
        let added = numbers.update_many(doc! {}, pipeline).let_vars(doc! { "by": 100 }).await.unwrap();
        assert_eq!(added.modified_count, 6);
        assert_eq!(numbers.count_documents(doc! { "n": { "$gte": 100 } }).await.unwrap(), 6);
        let refused = numbers.update_many(doc! {}, doc! { "n": 1 }).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::InvalidArgument);
    });
}

#[test]
fn one_is_replaced_as_a_whole() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    block_on(async {
        let replaced = numbers.replace_one(doc! { "n": 1 }, doc! { "name": "one" }).await.unwrap();
        assert_eq!((replaced.matched_count, replaced.modified_count), (1, 1));
        let now = numbers.find_one(doc! { "_id": 1 }).await.unwrap();
        assert_eq!(now, Some(doc! { "_id": 1, "name": "one" }));
        let typed = fixture.database.collection_of::<Room>("things").unwrap();
        let room = Room { number: 7, n: 7 };
        let made = typed.replace_one(doc! { "_id": 7 }, &room).upsert(true).await.unwrap();
        assert_eq!(made.upserted_id, Some(Bson::Int32(7)));
        assert_eq!(typed.find_one(doc! { "_id": 7 }).await.unwrap(), Some(room));
        let sorted = numbers.replace_one(doc! {}, doc! { "last": true }).sort(doc! { "_id": -1 });
        assert_eq!(sorted.await.unwrap().modified_count, 1);
        assert_eq!(numbers.find_one(doc! { "_id": 7 }).await.unwrap(), Some(doc! { "_id": 7, "last": true }));
        let refused = numbers.replace_one(doc! {}, doc! { "$set": { "n": 1 } }).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::InvalidArgument);
        assert!(refused.to_string().contains("replacement"), "{refused}");
    });
}

#[test]
fn many_are_deleted_at_once() {
    let fixture = fixture();
    let numbers = fixture.numbers(5);
    block_on(async {
        assert_eq!(numbers.delete_many(doc! { "n": { "$gt": 2 } }).await.unwrap().deleted_count, 2);
        let deleted = numbers.delete_many(doc! {}).hint(doc! { "_id": 1 }).await.unwrap();
        assert_eq!((deleted.deleted_count, deleted.is_acknowledged()), (3, true));
        assert_eq!(numbers.delete_many(doc! {}).await.unwrap().deleted_count, 0);
        let error = numbers.delete_many(doc! {}).hint("no such index").await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Write | Kind::Command), "{error}");
    });
}

#[test]
fn one_is_found_and_changed_in_one_step() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    block_on(async {
        let add = doc! { "$inc": { "n": 10 } };
        let before = numbers.find_one_and_update(doc! { "_id": 1 }, &add).await.unwrap();
        assert_eq!(before, Some(doc! { "_id": 1, "n": 1 }));
        let after = numbers.find_one_and_update(doc! { "_id": 1 }, &add);
        let after = after.return_document(ReturnDocument::After).projection(doc! { "_id": 0 });
        assert_eq!(after.await.unwrap(), Some(doc! { "n": 21 }));
        assert_eq!(numbers.find_one_and_update(doc! { "_id": 5 }, &add).await.unwrap(), None);
        let made = numbers.find_one_and_update(doc! { "_id": 5 }, &add).upsert(true);
        let made = made.return_document(ReturnDocument::After).of::<Room>();
        assert_eq!(made.await.unwrap(), Some(Room { number: 5, n: 10 }));
        let last = numbers.find_one_and_replace(doc! {}, doc! { "new": true }).sort(doc! { "_id": -1 });
        assert_eq!(last.await.unwrap(), Some(doc! { "_id": 5, "n": 10 }));
        let gone = numbers.find_one_and_delete(doc! {}).sort(doc! { "_id": -1 }).await.unwrap();
        assert_eq!(gone, Some(doc! { "_id": 5, "new": true }));
        assert_eq!(numbers.find_one_and_delete(doc! { "_id": 5 }).await.unwrap(), None);
        let unread = numbers.find_one_and_update(doc! { "_id": 0 }, doc! { "$set": { "n": "x" } });
        let unread = unread.return_document(ReturnDocument::After).of::<Room>();
        assert_eq!(unread.await.unwrap_err().kind(), Kind::Decode);
    });
}

#[test]
fn a_found_document_that_is_refused_names_the_code() {
    let fixture = fixture();
    let numbers = fixture.numbers(2);
    block_on(async {
        let id = doc! { "$set": { "_id": 5 } };
        let error = numbers.find_one_and_update(doc! { "_id": 0 }, id).await.unwrap_err();
        assert!(error.code().is_some(), "{error:?}");
        assert!(error.to_string().contains("findAndModify"), "{error}");
    });
}

#[test]
fn documents_are_counted() {
    let fixture = fixture();
    let numbers = fixture.numbers(10);
    block_on(async {
        assert_eq!(numbers.count_documents(doc! {}).await.unwrap(), 10);
        let high = doc! { "n": { "$gte": 4 } };
        assert_eq!(numbers.count_documents(&high).await.unwrap(), 6);
        assert_eq!(numbers.count_documents(&high).skip(2).limit(3).await.unwrap(), 3);
        assert_eq!(numbers.count_documents(&high).skip(5).limit(u64::MAX).await.unwrap(), 1);
        assert_eq!(numbers.count_documents(doc! { "n": -1 }).await.unwrap(), 0);
        assert_eq!(numbers.estimated_document_count().await.unwrap(), 10);
        let none = fixture.database.collection("none").unwrap();
        assert_eq!(none.count_documents(doc! {}).await.unwrap(), 0);
        assert_eq!(none.estimated_document_count().await.unwrap(), 0);
        fixture
            .database
            .run_command(doc! {
                "create": "low", "viewOn": "things", "pipeline": [{ "$match": { "n": { "$lt": 3 } } }],
            })
            .await
            .unwrap();
        let view = fixture.database.collection("low").unwrap();
        assert_eq!(view.estimated_document_count().await.unwrap(), 3);
        #[allow(deprecated, reason = "it is there, so it works")]
        let count = numbers.count(&high).limit(4);
        assert_eq!(count.await.unwrap(), 4);
    });
}

#[test]
fn the_values_of_a_field_come_once_each() {
    let fixture = fixture();
    let things = fixture.things();
    block_on(async {
        let all =
            [doc! { "a": 1 }, doc! { "a": [1, 2] }, doc! { "a": 3 }, doc! { "a": "x" }, doc! { "b": 1 }];
        things.insert_many(&all).await.unwrap();
        let mut numbers =
            things.distinct("a", doc! { "a": { "$type": "number" } }).of::<i32>().await.unwrap();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(things.distinct("a", doc! {}).await.unwrap().len(), 4);
        assert_eq!(things.distinct("none", doc! {}).await.unwrap(), [] as [Bson; 0]);
        let error = things.distinct("a", doc! {}).of::<i32>().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
    });
}

#[test]
fn queries_are_explained() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    block_on(async {
        let plan = numbers.find(doc! { "_id": 1 }).explain(Verbosity::QueryPlanner).await.unwrap();
        assert!(plan.contains_key("queryPlanner"), "{plan}");
        let run = numbers.find(doc! {}).explain(Verbosity::ExecutionStats).await.unwrap();
        assert!(run.contains_key("executionStats"), "{run}");
        let group = [doc! { "$match": { "n": 1 } }];
        let pipeline = numbers.aggregate(group).explain(Verbosity::QueryPlanner).await.unwrap();
        assert!(pipeline.contains_key("queryPlanner") || pipeline.contains_key("stages"), "{pipeline}");
    });
}

#[test]
fn writes_without_an_answer_are_done_all_the_same() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    let silent = numbers.with_write_concern(WriteConcern::nodes(0));
    block_on(async {
        assert!(!silent.delete_many(doc! { "n": 0 }).await.unwrap().is_acknowledged());
        let replaced = silent.replace_one(doc! { "_id": 1 }, doc! { "n": 50 }).await.unwrap();
        assert_eq!((replaced.matched_count, replaced.is_acknowledged()), (0, false));
        assert_eq!(silent.find_one_and_delete(doc! { "_id": 2 }).await.unwrap(), None);
    });
    let left = || {
        let found = async { numbers.find(doc! {}).await?.collect_all().await };
        block_on(found).unwrap() == [doc! { "_id": 1, "n": 50 }]
    };
    poll_until(SOON, "three silent writes", left);
}

#[test]
fn collations_and_raw_documents_reach_every_verb() {
    let fixture = fixture();
    let things = fixture.things();
    block_on(async {
        things.insert_many([doc! { "_id": 1, "a": "ping" }, doc! { "_id": 2, "a": "pING" }]).await.unwrap();
        let loose = rawdoc! { "locale": "en_US", "strength": 2 };
        let ping = rawdoc! { "a": "PING" };
        assert_eq!(things.count_documents(&ping).collation(&loose).await.unwrap(), 2);
        let set = doc! { "$set": { "b": 1 } };
        assert_eq!(things.update_many(&ping, set).collation(&loose).await.unwrap().matched_count, 2);
        let replaced: Option<Document> =
            things.find_one_and_replace(&ping, doc! { "c": 1 }).collation(&loose).await.unwrap();
        assert_eq!(replaced.unwrap().get_i32("b").ok(), Some(1));
        assert_eq!(things.delete_many(&ping).collation(&loose).await.unwrap().deleted_count, 1);
        assert_eq!(things.delete_many(&ping).await.unwrap().deleted_count, 0);
    });
}
