//! Databases, collections, views and indexes on the real server.

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{CollectionKind, CursorType, IndexModel, Kind, ValidationAction, ValidationLevel};
use test_support::block_on;

use crate::support::{fixture, fixture_alone};

#[test]
fn databases_are_listed_and_dropped() {
    let fixture = fixture();
    fixture.numbers(1);
    let name = fixture.database.name();
    let names = || block_on(fixture.connection.list_database_names().into_future()).unwrap();
    assert!(names().iter().any(|it| it == name));
    let filter = doc! { "name": name };
    let own = block_on(fixture.connection.list_databases().filter(&filter).into_future()).unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].name.as_str(), own[0].empty), (name, false));
    let raw = fixture.connection.list_databases().filter(&filter).of::<Document>();
    assert_eq!(block_on(raw.into_future()).unwrap()[0].get_str("name").ok(), Some(name));
    for _ in 0..2 {
        block_on(fixture.database.drop().into_future()).unwrap();
        assert!(!names().iter().any(|it| it == name));
    }
}

#[test]
fn collections_of_every_kind_are_made_and_listed() {
    let fixture = fixture();
    let database = &fixture.database;
    block_on(async {
        database.create_collection("plain").await.unwrap();
        database.create_collection("round").capped(true).size(4096).max(3).await.unwrap();
        database
            .create_collection("some")
            .view_on("plain".to_owned())
            .pipeline([doc! { "$limit": 1 }])
            .await
            .unwrap();
        let series = database.create_collection("series").timeseries(doc! { "timeField": "t" });
        series.expire_after(Duration::from_secs(3600)).await.unwrap();
        let clustered = doc! { "key": { "_id": 1 }, "unique": true };
        database.create_collection("sorted").clustered_index(clustered).await.unwrap();
        let again = database.create_collection("round").await.unwrap_err();
        assert_eq!(again.code_name(), Some("NamespaceExists"));

        let mut cursor = database.list_collections().batch_size(1).await.unwrap();
        let mut all = Vec::new();
        while let Some(collection) = cursor.try_next().await.unwrap() {
            all.push(collection);
        }
        let of = |name: &str| all.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(of("plain").kind, CollectionKind::Collection);
        assert_eq!(of("some").kind, CollectionKind::View);
        assert_eq!(of("series").kind, CollectionKind::Timeseries);
        assert!(of("some").read_only && !of("plain").read_only);
        assert!(of("plain").uuid.is_some());
        assert_eq!(of("round").options.get_bool("capped").ok(), Some(true));

        let capped = database.list_collection_names().filter(doc! { "options.capped": true });
        assert_eq!(capped.await.unwrap(), ["round"]);
        let mut names = database
            .list_collection_names()
            .filter(doc! { "name": { "$in": ["plain", "some"] } })
            .await
            .unwrap();
        names.sort();
        assert_eq!(names, ["plain", "some"]);
    });
}

#[test]
fn collections_are_renamed_and_dropped() {
    let fixture = fixture();
    let numbers = fixture.numbers(3);
    let names = || {
        let mut names = block_on(fixture.database.list_collection_names().into_future()).unwrap();
        names.sort();
        names
    };
    block_on(async {
        fixture.database.create_collection("taken").await.unwrap();
        let error = numbers.rename("taken").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Command);
        numbers.rename("taken").drop_target(true).await.unwrap();
    });
    assert_eq!(names(), ["taken"]);
    let taken = fixture.database.collection("taken").unwrap();
    for _ in 0..2 {
        block_on(taken.drop().into_future()).unwrap();
        assert_eq!(names(), Vec::<String>::new());
    }
}

#[test]
fn rules_are_set_and_changed() {
    let fixture = fixture();
    let things = fixture.things();
    block_on(async {
        let made = fixture.database.create_collection("things").validator(doc! { "a": { "$gt": 0 } });
        made.validation_level(ValidationLevel::Strict)
            .validation_action(ValidationAction::Error)
            .await
            .unwrap();
        let refused = things.insert_one(doc! { "a": 0 }).await.unwrap_err();
        assert_eq!(refused.code(), Some(121));
        things.modify().validator(doc! {}).await.unwrap();
        things.insert_one(doc! { "a": 0 }).await.unwrap();
        let error =
            fixture.database.collection("none").unwrap().modify().validator(doc! {}).await.unwrap_err();
        assert_eq!(error.code(), Some(26));
    });
}

#[test]
fn indexes_are_made_listed_and_dropped() {
    let fixture = fixture();
    let things = fixture.things();
    let names = || block_on(things.list_index_names().into_future()).unwrap();
    block_on(async {
        let unique = IndexModel::new(doc! { "a": 1, "b": -1 }).unique(true);
        assert_eq!(things.create_index(unique).await.unwrap(), "a_1_b_-1");
        let models = [
            IndexModel::new(doc! { "t": 1 }).expire_after(Duration::from_secs(60)).name("short"),
            IndexModel::new(doc! { "s": 1 }).sparse(true),
        ];
        assert_eq!(things.create_indexes(models).await.unwrap(), ["short", "s_1"]);
        things.insert_one(doc! { "a": 1, "b": 1 }).await.unwrap();
        assert!(things.insert_one(doc! { "a": 1, "b": 1 }).await.unwrap_err().is_duplicate_key());

        let all = things.list_indexes().batch_size(1).await.unwrap().collect_all().await.unwrap();
        let of = |name: &str| all.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!((of("a_1_b_-1").unique, &of("a_1_b_-1").keys), (true, &doc! { "a": 1, "b": -1 }));
        assert_eq!(of("short").expire_after, Some(Duration::from_secs(60)));
        assert!(of("s_1").sparse);
        let raw = things.list_indexes().of::<Document>().await.unwrap().collect_all().await.unwrap();
        assert!(raw.iter().all(|index| matches!(index.get("v"), Some(Bson::Int32(_)))));

        things.drop_index("short").await.unwrap();
        things.drop_index_with_keys(doc! { "s": 1 }).await.unwrap();
        assert_eq!(things.drop_index("short").await.unwrap_err().code_name(), Some("IndexNotFound"));
    });
    assert_eq!(names(), ["_id_", "a_1_b_-1"]);
    block_on(things.drop_indexes().into_future()).unwrap();
    assert_eq!(names(), ["_id_"]);
}

#[test]
fn a_capped_collection_is_followed() {
    let fixture = fixture_alone();
    let things = fixture.things();
    let ids =
        |documents: &[Document]| documents.iter().map(|it| it.get_i32("_id").unwrap()).collect::<Vec<_>>();
    block_on(async {
        fixture.database.create_collection("things").capped(true).size(1 << 20).await.unwrap();
        things.insert_many([doc! { "_id": 1 }, doc! { "_id": 2 }]).await.unwrap();
        for kind in [CursorType::Tailable, CursorType::TailableAwait] {
            let mut cursor = things.find(doc! {}).cursor_type(kind).await.unwrap();
            let mut seen = Vec::new();
            while let Some(document) = cursor.next_if_any().await.unwrap() {
                seen.push(document);
            }
            assert!(cursor.is_open());
            let newest = i32::try_from(seen.len()).unwrap() + 1;
            things.insert_one(doc! { "_id": newest }).await.unwrap();
            seen.extend(cursor.try_next().await.unwrap());
            assert_eq!(ids(&seen), (1..=newest).collect::<Vec<_>>());
        }
    });
    fixture.wait_for_kills();
}

#[test]
fn an_exhaust_cursor_reads_all_and_is_killed_when_dropped() {
    let fixture = fixture_alone();
    let numbers = fixture.numbers(1000);
    let find = || numbers.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(10).exhaust(true);
    let before = fixture.open_cursors();
    block_on(async {
        let all = find().await.unwrap().collect_all().await.unwrap();
        assert_eq!(all.len(), 1000);
        for _ in 0..5 {
            let mut cursor = find().await.unwrap();
            for expected in 0..25 {
                assert_eq!(cursor.try_next().await.unwrap().unwrap().get_i32("_id").ok(), Some(expected));
            }
        }
        assert_eq!(numbers.find_one(doc! { "_id": 3 }).await.unwrap(), Some(doc! { "_id": 3, "n": 3 }));
    });
    assert_eq!(before, 0);
    fixture.wait_for_kills();
}

#[test]
fn a_command_cursor_is_read_over_many_batches() {
    let fixture = fixture_alone();
    fixture.numbers(10);
    let find = doc! { "find": "things", "sort": { "_id": 1 }, "batchSize": 2 };
    let cursor = fixture.database.run_cursor_command(find).batch_size(3);
    let all = block_on(async { cursor.await.unwrap().collect_all().await.unwrap() });
    assert_eq!(all.len(), 10);
    fixture.wait_for_kills();
}
