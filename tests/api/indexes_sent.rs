//! What the verbs for indexes and search indexes send: every option, by its name in the
//! command.

use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{IndexModel, Kind, ReadConcern, SearchIndexModel, WriteConcern};
use test_support::block_on;

use crate::admin_scene::{scene, scene_of};

#[test]
fn create_indexes_takes_every_option() {
    let scene = scene();
    let model = IndexModel::new(doc! { "a": 1 })
        .unique(true)
        .sparse(true)
        .hidden(true)
        .expire_after(Duration::from_secs(9))
        .partial_filter_expression(doc! { "b": 1 })
        .collation(doc! { "locale": "de" })
        .wildcard_projection(doc! { "c": 1 })
        .background(true)
        .storage_engine(doc! {})
        .version(2)
        .default_language("german".to_owned())
        .language_override("l".to_owned())
        .text_index_version(3)
        .weights(doc! { "a": 2 })
        .sphere_2d_index_version(3)
        .bits(26)
        .min(-1.0)
        .max(1.0)
        .bucket_size(5);
    let call = scene
        .collection()
        .create_index(model)
        .commit_quorum("majority")
        .max_time(Duration::from_millis(250))
        .raw_data(true)
        .comment("x");
    assert_eq!(
        scene.sent(call.into_future()),
        doc! {
            "createIndexes": "c",
            "indexes": [{
                "key": { "a": 1 }, "name": "a_1", "unique": true, "sparse": true, "hidden": true,
                "expireAfterSeconds": 9, "partialFilterExpression": { "b": 1 }, "collation": { "locale": "de" },
                "wildcardProjection": { "c": 1 }, "background": true, "storageEngine": {}, "v": 2,
                "default_language": "german", "language_override": "l", "textIndexVersion": 3,
                "weights": { "a": 2 }, "2dsphereIndexVersion": 3, "bits": 26, "min": -1.0, "max": 1.0,
                "bucketSize": 5,
            }],
            "commitQuorum": "majority", "maxTimeMS": 250_i64, "comment": "x", "rawData": true, "$db": "d",
        }
    );
    let several = scene.collection().create_indexes([doc! { "a": 1 }, doc! { "b": -1 }]);
    assert_eq!(block_on(several.clone().into_future()).unwrap(), ["a_1", "b_-1"]);
    assert_eq!(scene.sent(several.into_future()).get_array("indexes").unwrap().len(), 2);
}

#[test]
fn old_servers_are_not_told_what_they_do_not_know() {
    let scene = scene_of(8);
    let things = scene.collection();
    let refused = block_on(things.create_index(doc! { "a": 1 }).commit_quorum(1).into_future());
    assert_eq!(refused.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(scene.seen(), 0);
    for command in [
        scene.sent(things.create_index(doc! { "a": 1 }).raw_data(true).into_future()),
        scene.sent(things.drop_index("a").raw_data(true).into_future()),
        scene.sent(things.drop_indexes().raw_data(true).into_future()),
        scene.sent(things.list_indexes().raw_data(true).into_future()),
        scene.sent(scene.database().list_collections().raw_data(true).into_future()),
    ] {
        assert!(!command.contains_key("rawData"), "{command}");
    }
}

#[test]
fn drop_indexes_takes_every_option() {
    let scene = scene();
    let things = scene.collection();
    let limit = Duration::from_millis(10);
    let rest = |which: Document| {
        let mut command = doc! { "dropIndexes": "c" };
        command.extend(which);
        command.extend(doc! { "maxTimeMS": 10_i64, "comment": "x", "rawData": true, "$db": "d" });
        command
    };
    let by_name = things.drop_index("a_1").max_time(limit).comment("x").raw_data(true);
    assert_eq!(scene.sent(by_name.into_future()), rest(doc! { "index": "a_1" }));
    let by_keys = things.drop_index_with_keys(doc! { "a": 1 }).max_time(limit).comment("x").raw_data(true);
    assert_eq!(scene.sent(by_keys.into_future()), rest(doc! { "index": { "a": 1 } }));
    let all = things.drop_indexes().max_time(limit).comment("x").raw_data(true);
    assert_eq!(scene.sent(all.into_future()), rest(doc! { "index": "*" }));
}

#[test]
fn search_index_commands_have_no_concerns() {
    let scene = scene();
    let things = scene
        .collection()
        .with_write_concern(WriteConcern::nodes(0))
        .with_read_concern(ReadConcern::majority());
    let model = SearchIndexModel::new(doc! { "mappings": { "dynamic": true } });
    let named = model.clone().name("one".to_owned()).kind("vectorSearch".to_owned());
    assert_eq!(
        scene.sent(things.create_search_indexes([model, named.clone()]).into_future()),
        doc! {
            "createSearchIndexes": "c",
            "indexes": [
                { "definition": { "mappings": { "dynamic": true } } },
                { "definition": { "mappings": { "dynamic": true } }, "name": "one", "type": "vectorSearch" },
            ],
            "$db": "d",
        }
    );
    assert_eq!(block_on(things.create_search_index(named).into_future()).unwrap(), "one");
    assert_eq!(
        scene.sent(things.update_search_index("one", doc! { "a": 1 }).into_future()),
        doc! { "updateSearchIndex": "c", "name": "one", "definition": { "a": 1 }, "$db": "d" }
    );
    assert_eq!(
        scene.sent(things.drop_search_index("one").into_future()),
        doc! { "dropSearchIndex": "c", "name": "one", "$db": "d" }
    );
    for (name, stage) in [(None, doc! {}), (Some("one"), doc! { "name": "one" })] {
        assert_eq!(
            scene.sent(things.list_search_indexes(name).into_future()),
            doc! { "aggregate": "c", "pipeline": [{ "$listSearchIndexes": stage }], "cursor": {}, "$db": "d" }
        );
    }
}
