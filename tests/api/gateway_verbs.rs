//! Each message of the gateway's gives what the verb of its name gives.

use std::time::Instant;

use actix::Addr;
use actix_mongo::bson::{Document, doc};
use actix_mongo::messages::{
    Aggregate, AggregateAll, Ask, BulkWrite, BulkWriteAcross, CountDocuments, CreateCollection, CreateIndex,
    CreateIndexes, CreateSearchIndexes, DeleteMany, DeleteOne, Disconnect, Distinct, DropCollection,
    DropDatabase, DropIndex, DropIndexes, DropSearchIndex, EstimatedDocumentCount, Find, FindAll, FindOne,
    FindOneAndDelete, FindOneAndReplace, FindOneAndUpdate, InsertMany, InsertOne, ListCollectionNames,
    ListCollections, ListDatabaseNames, ListDatabases, ListIndexNames, ListIndexes, ListSearchIndexes,
    Modify, Rename, ReplaceOne, RunCommand, RunCursorCommand, ServerInfo, UpdateMany, UpdateOne,
    UpdateSearchIndex,
};
use actix_mongo::{
    Connection, Gateway, GatewayOptions, IndexModel, Kind, ReturnDocument, SearchIndexModel, WriteModel,
};
use serde::{Deserialize, Serialize};
use test_support::{Rule, block_on};

use crate::stage::{Stage, at};
use crate::support::fixture;

const C: &str = "things";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    #[serde(rename = "_id")]
    id: i32,
    n: i32,
}

#[track_caller]
fn ask<M>(gateway: &Addr<Gateway>, message: M) -> M::Output
where
    M: Ask + Send,
{
    block_on(gateway.send(message)).unwrap().unwrap()
}

#[test]
fn what_reads() {
    let fixture = fixture();
    fixture.numbers(300);
    let gateway = fixture.connection.start_actor();
    let d = fixture.database.name();

    let mut cursor =
        ask(&gateway, Find::new(d, C, doc! {}).of::<Thing>().with(|it| it.sort(doc! { "_id": 1 })));
    assert_ne!(cursor.id(), 0, "it has the first batch only");
    assert_eq!(block_on(cursor.try_next()).unwrap(), Some(Thing { id: 0, n: 0 }));
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 299);
    let all = ask(&gateway, FindAll::new(d, C, doc! { "n": { "$lt": 250 } }).of::<Thing>());
    assert_eq!(all.len(), 250);
    let two = ask(&gateway, FindAll::new(d, C, doc! {}).with(|it| it.limit(5)).with(|it| it.limit(2)));
    assert_eq!(two.len(), 2);
    let one = ask(&gateway, FindOne::new(d, C, doc! { "_id": 7 }).of::<Thing>());
    assert_eq!(one, Some(Thing { id: 7, n: 7 }));
    assert_eq!(ask(&gateway, FindOne::new(d, C, doc! { "_id": "none" })), None);
    assert_eq!(ask(&gateway, CountDocuments::new(d, C, doc! { "n": { "$gte": 298 } })), 2);
    assert_eq!(ask(&gateway, EstimatedDocumentCount::new(d, C)), 300);
    let values = ask(&gateway, Distinct::new(d, C, "n", doc! { "n": { "$lt": 3 } }).of::<i32>());
    assert_eq!(values, [0, 1, 2]);
    let stages = [doc! { "$match": { "n": { "$lt": 200 } } }, doc! { "$sort": { "_id": 1 } }];
    let cursor = ask(&gateway, Aggregate::new(d, C, &stages).of::<Thing>());
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 200);
    assert_eq!(ask(&gateway, AggregateAll::new(d, C, &stages)).len(), 200);
    let stages = [doc! { "$documents": [{ "a": 1 }, { "a": 2 }] }];
    let documents = ask(&gateway, AggregateAll::without_collection(d, &stages));
    assert_eq!(documents, [doc! { "a": 1 }, doc! { "a": 2 }]);
    let reply = ask(&gateway, RunCommand::new(d, doc! { "count": C }));
    assert_eq!(reply.get_i32("n").ok(), Some(300));
}

#[test]
fn what_writes() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    let d = fixture.database.name();
    let things = || block_on(fixture.things().find(doc! {}).sort(doc! { "_id": 1 }).into_future()).unwrap();
    let things = || -> Vec<Document> { block_on(things().collect_all()).unwrap() };

    assert_eq!(ask(&gateway, InsertOne::new(d, C, Thing { id: 1, n: 1 })).inserted_id, 1.into());
    let made = ask(&gateway, InsertOne::new(d, "other", doc! {})).inserted_id;
    assert!(made.as_object_id().is_some());
    let more = [Thing { id: 2, n: 2 }, Thing { id: 3, n: 3 }];
    assert_eq!(ask(&gateway, InsertMany::new(d, C, &more)).inserted_ids, [2.into(), 3.into()]);
    let error = block_on(gateway.send(InsertMany::new(d, C, &more).with(|it| it.ordered(false))));
    let error = error.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.write_failure().unwrap().write_errors.len()), (Kind::Write, 2));
    let none: [Document; 0] = [];
    let error = block_on(gateway.send(InsertMany::new(d, C, none))).unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);

    let set = |n: i32| doc! { "$set": { "n": n } };
    assert_eq!(ask(&gateway, UpdateOne::new(d, C, doc! { "_id": 1 }, set(5))).modified_count, 1);
    assert_eq!(ask(&gateway, UpdateMany::new(d, C, doc! {}, [set(6)])).modified_count, 3);
    let upsert = UpdateOne::new(d, C, doc! { "_id": 4 }, set(6)).with(|it| it.upsert(true));
    assert_eq!(ask(&gateway, upsert).upserted_id, Some(4.into()));
    let replace = ReplaceOne::new(d, C, doc! { "_id": 2 }, doc! { "n": 7 });
    assert_eq!(ask(&gateway, replace).matched_count, 1);
    let expected = [(1, 6), (2, 7), (3, 6), (4, 6)].map(|(id, n)| doc! { "_id": id, "n": n });
    assert_eq!(things(), expected);

    let update = FindOneAndUpdate::new(d, C, doc! { "_id": 1 }, set(8)).of::<Thing>();
    assert_eq!(ask(&gateway, update), Some(Thing { id: 1, n: 6 }));
    let replace = FindOneAndReplace::new(d, C, doc! { "_id": 1 }, doc! { "n": 9 })
        .with(|it| it.return_document(ReturnDocument::After))
        .of::<Thing>();
    assert_eq!(ask(&gateway, replace), Some(Thing { id: 1, n: 9 }));
    let delete = FindOneAndDelete::new(d, C, doc! { "_id": 1 });
    assert_eq!(ask(&gateway, delete), Some(doc! { "_id": 1, "n": 9 }));
    assert_eq!(ask(&gateway, DeleteOne::new(d, C, doc! {})).deleted_count, 1);
    assert_eq!(ask(&gateway, DeleteMany::new(d, C, doc! {})).deleted_count, 2);
    assert!(things().is_empty());
}

#[test]
fn what_writes_much() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    let d = fixture.database.name();
    let insert = |id: i32| WriteModel::insert_one(doc! { "_id": id });
    let result = ask(&gateway, BulkWrite::new(d, C, [insert(1), insert(2)]));
    assert_eq!(result.inserted_count, 2);
    let unordered = BulkWrite::new(d, C, [insert(1), insert(3)]).with(|it| it.ordered(false));
    let error = block_on(gateway.send(unordered)).unwrap().unwrap_err();
    assert_eq!(error.write_failure().unwrap().write_errors[0].index, 0);
    let all = [(format!("{d}.{C}"), insert(4)), (format!("{d}.other"), insert(5))];
    let result = ask(&gateway, BulkWriteAcross::new(all).with(|it| it.verbose_results(true)));
    assert_eq!((result.inserted_count, result.verbose_results.unwrap().len()), (2, 2));
    assert_eq!(ask(&gateway, CountDocuments::new(d, C, doc! {})), 4);
    let small = fixture.connection.start_actor_with(GatewayOptions::default().max_bytes(1000));
    let large = WriteModel::insert_one(doc! { "text": "x".repeat(1000) });
    for error in [
        block_on(small.send(BulkWrite::new(d, C, [large.clone()]))).unwrap().unwrap_err(),
        block_on(small.send(BulkWriteAcross::new([("d.c", large)]))).unwrap().unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    }
}

#[test]
fn what_is_about_the_connection() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    let info = ask(&gateway, ServerInfo::new().with(|it| it.comment("here")));
    let direct = block_on(fixture.connection.server_info().into_future()).unwrap();
    assert_eq!((info.version, info.version_array), (direct.version, direct.version_array));
    let pool = || fixture.connection.state().servers[0].pool.clone().unwrap();
    assert!(pool().total > 0);
    ask(&gateway, Disconnect::new().timeout(crate::support::SOON));
    assert_eq!((pool().total, pool().state), (0, "ready"));
    ask(&gateway, RunCommand::new("admin", doc! { "ping": 1 }));
}

#[test]
fn what_is_about_databases_and_collections() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    let d = fixture.database.name();
    ask(&gateway, CreateCollection::new(d, C).with(|it| it.capped(true).size(10_000)));
    ask(&gateway, InsertOne::new(d, "other", doc! {}));
    let mut names = ask(&gateway, ListCollectionNames::new(d));
    names.sort();
    assert_eq!(names, ["other", C]);
    let only = ListCollections::new(d).with(|it| it.filter(doc! { "options.capped": true }));
    let listed = block_on(ask(&gateway, only).collect_all()).unwrap();
    assert_eq!(listed.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), [C]);
    let as_documents = ask(&gateway, ListCollections::new(d).of::<Document>());
    assert_eq!(block_on(as_documents.collect_all()).unwrap().len(), 2);
    ask(&gateway, Modify::new(d, C).with(|it| it.validator(doc! { "a": 1 })));
    assert_eq!(block_on(gateway.send(InsertOne::new(d, C, doc! {}))).unwrap().unwrap_err().code(), Some(121));
    ask(&gateway, Rename::new(d, "other", "another"));
    ask(&gateway, DropCollection::new(d, C));
    assert_eq!(ask(&gateway, ListCollectionNames::new(d)), ["another"]);
    let cursor = ask(&gateway, RunCursorCommand::new(d, doc! { "find": "another" }));
    assert_eq!(block_on(cursor.collect_all()).unwrap().len(), 1);

    let named = |all: Vec<String>| all.iter().any(|name| name == d);
    assert!(named(ask(&gateway, ListDatabaseNames::new())));
    let databases = ask(&gateway, ListDatabases::new().with(move |it| it.name_only(true)));
    assert!(named(databases.into_iter().map(|database| database.name).collect()));
    ask(&gateway, DropDatabase::new(d));
    assert!(!named(ask(&gateway, ListDatabaseNames::new())));
}

#[test]
fn what_is_about_indexes() {
    let fixture = fixture();
    fixture.numbers(1);
    let gateway = fixture.connection.start_actor();
    let d = fixture.database.name();
    assert_eq!(ask(&gateway, CreateIndex::new(d, C, doc! { "n": 1 })), "n_1");
    let models = [IndexModel::new(doc! { "a": 1 }).unique(true), IndexModel::new(doc! { "b": 1 }).name("b")];
    assert_eq!(ask(&gateway, CreateIndexes::new(d, C, models)), ["a_1", "b"]);
    let listed = block_on(ask(&gateway, ListIndexes::new(d, C)).collect_all()).unwrap();
    assert_eq!(listed.iter().filter(|index| index.unique).count(), 1);
    ask(&gateway, DropIndex::new(d, C, "b"));
    let mut names = ask(&gateway, ListIndexNames::new(d, C));
    names.sort();
    assert_eq!(names, ["_id_", "a_1", "n_1"]);
    ask(&gateway, DropIndexes::new(d, C));
    assert_eq!(ask(&gateway, ListIndexNames::new(d, C)), ["_id_"]);
    let error = block_on(gateway.send(CreateIndex::new(d, C, doc! {}))).unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
}

/// The server of these tests has none.
#[test]
fn what_is_about_search_indexes() {
    let stage = Stage::new();
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap();
    let gateway = connection.start_actor();
    let created = doc! { "ok": 1, "indexesCreated": [{ "id": "1", "name": "s" }] };
    stage.server.rule(Rule::on("createSearchIndexes").reply(created));
    for command in ["updateSearchIndex", "dropSearchIndex"] {
        stage.server.rule(Rule::on(command).reply(doc! { "ok": 1 }));
    }
    let model = SearchIndexModel::new(doc! { "mappings": {} }).name("s".to_owned());
    assert_eq!(ask(&gateway, CreateSearchIndexes::new("d", C, [model])), ["s"]);
    ask(&gateway, UpdateSearchIndex::new("d", C, "s", doc! { "mappings": { "dynamic": true } }));
    ask(&gateway, DropSearchIndex::new("d", C, "s"));
    let listed = ask(&gateway, ListSearchIndexes::new("d", C));
    assert!(block_on(listed.collect_all()).unwrap().is_empty());
    let log = stage.server.log();
    let names = ["createSearchIndexes", "updateSearchIndex", "dropSearchIndex", "aggregate"];
    assert!(log.names().ends_with(&names), "{:?}", log.names());
}

/// They all are held as a recipient of that one message, and come to their deadline.
#[test]
fn each_message_has_a_recipient_and_a_deadline() {
    fn late<M>(gateway: &Addr<Gateway>, message: M)
    where
        M: Ask + Send,
        M::Output: Send,
    {
        let error = block_on(gateway.clone().recipient().send(message)).unwrap().map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(!error.may_have_run());
    }
    let connection = Connection::connect_lazy("mongodb://127.0.0.1:1").unwrap();
    let gateway = connection.start_actor();
    let now = Instant::now();
    let no_models: [WriteModel; 0] = [];
    late(&gateway, BulkWrite::new("d", C, no_models.clone()).deadline(now));
    late(&gateway, BulkWriteAcross::new(no_models.map(|it| ("d.c", it))).deadline(now));
    late(&gateway, CreateCollection::new("d", C).deadline(now));
    late(&gateway, DropDatabase::new("d").deadline(now));
    late(&gateway, ListDatabases::new().deadline(now));
    late(&gateway, ListCollections::new("d").deadline(now));
    late(&gateway, CreateIndex::new("d", C, doc! { "a": 1 }).deadline(now));
    late(&gateway, ListIndexes::new("d", C).deadline(now));
    late(&gateway, ListSearchIndexes::new("d", C).deadline(now));
    late(&gateway, RunCursorCommand::new("d", doc! { "find": C }).deadline(now));
}

#[test]
fn what_is_wrong_is_the_answer() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    let kind = |message: FindOne| block_on(gateway.send(message)).unwrap().unwrap_err().kind();
    assert_eq!(kind(FindOne::new("d", C, 5)), Kind::Encode);
    assert_eq!(kind(FindOne::new("no database", C, doc! {})), Kind::InvalidName);
    assert_eq!(kind(FindOne::new("d", "", doc! {})), Kind::InvalidName);
    let update = block_on(gateway.send(UpdateOne::new("d", C, doc! {}, doc! { "n": 1 })));
    assert_eq!(update.unwrap().unwrap_err().kind(), Kind::InvalidArgument);
}

#[test]
fn a_message_may_have_a_session() {
    let stage = Stage::new();
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap();
    let session = connection.start_session().start().unwrap();
    let gateway = connection.start_actor();
    let sent = stage.sent("ping", async {
        gateway.send(RunCommand::new("d", doc! { "ping": 1 }).session(&session)).await.unwrap()
    });
    assert_eq!(at(&sent, "lsid.id"), Some(session.id().into()));
}
