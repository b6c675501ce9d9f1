//! What the verbs for databases and collections send: every option, by its name in the
//! command.

use std::time::Duration;

use actix_mongo::bson::{Document, Timestamp, doc};
use actix_mongo::{
    IndexModel, Kind, ReadConcern, ReadMode, ReadPreference, SearchIndexModel, ValidationAction,
    ValidationLevel, WriteConcern,
};
use test_support::{Rule, block_on};

use crate::admin_scene::scene;

#[test]
fn create_takes_every_option() {
    let scene = scene();
    let call = scene
        .database()
        .create_collection("c")
        .capped(true)
        .size(4096)
        .max(10)
        .validator(doc! { "a": 1 })
        .validation_level(ValidationLevel::Moderate)
        .validation_action(ValidationAction::Warn)
        .view_on("other".to_owned())
        .pipeline([doc! { "$match": {} }])
        .collation(doc! { "locale": "de" })
        .timeseries(doc! { "timeField": "t" })
        .expire_after(Duration::from_secs(60))
        .clustered_index(doc! { "key": { "_id": 1 }, "unique": true })
        .storage_engine(doc! { "wiredTiger": {} })
        .index_option_defaults(doc! { "storageEngine": {} })
        .change_stream_pre_and_post_images(true)
        .encrypted_fields(doc! { "fields": [] })
        .comment("here")
        .write_concern(WriteConcern::majority());
    assert_eq!(
        scene.sent(call.into_future()),
        doc! {
            "create": "c", "capped": true, "size": 4096_i64, "max": 10_i64, "validator": { "a": 1 },
            "validationLevel": "moderate", "validationAction": "warn", "viewOn": "other",
            "pipeline": [{ "$match": {} }], "collation": { "locale": "de" }, "timeseries": { "timeField": "t" },
            "expireAfterSeconds": 60_i64, "clusteredIndex": { "key": { "_id": 1 }, "unique": true },
            "storageEngine": { "wiredTiger": {} }, "indexOptionDefaults": { "storageEngine": {} },
            "changeStreamPreAndPostImages": { "enabled": true }, "encryptedFields": { "fields": [] },
            "comment": "here", "writeConcern": { "w": "majority" }, "$db": "d",
        }
    );
    let plain = scene.database().create_collection("c");
    assert_eq!(scene.sent(plain.into_future()), doc! { "create": "c", "$db": "d" });
}

#[test]
fn coll_mod_takes_every_option() {
    let scene = scene();
    let call = scene
        .collection()
        .modify()
        .index(doc! { "name": "a_1", "hidden": true })
        .validator(doc! {})
        .validation_level(ValidationLevel::Off)
        .validation_action(ValidationAction::ErrorAndLog)
        .view_on("other".to_owned())
        .pipeline([doc! { "$match": {} }])
        .timeseries(doc! { "granularity": "hours" })
        .capped_size(8192)
        .capped_max(5)
        .never_expire()
        .change_stream_pre_and_post_images(false)
        .comment(1);
    assert_eq!(
        scene.sent(call.into_future()),
        doc! {
            "collMod": "c", "index": { "name": "a_1", "hidden": true }, "validator": {}, "validationLevel": "off",
            "validationAction": "errorAndLog", "viewOn": "other", "pipeline": [{ "$match": {} }],
            "timeseries": { "granularity": "hours" }, "cappedSize": 8192_i64, "cappedMax": 5_i64,
            "expireAfterSeconds": "off", "changeStreamPreAndPostImages": { "enabled": false }, "comment": 1,
            "$db": "d",
        }
    );
    let call = scene.collection().modify().expire_after(Duration::from_secs(5));
    assert_eq!(scene.sent(call.into_future()).get_i64("expireAfterSeconds").ok(), Some(5));
}

#[test]
fn dropping_and_renaming_take_every_option() {
    let scene = scene();
    let things = scene.collection().with_write_concern(WriteConcern::nodes(1));
    let concern = doc! { "w": 1 };
    assert_eq!(
        scene.sent(things.drop().comment("x").into_future()),
        doc! { "drop": "c", "comment": "x", "writeConcern": concern.clone(), "$db": "d" }
    );
    assert_eq!(
        scene.sent(things.rename("e").drop_target(true).comment("x").into_future()),
        doc! {
            "renameCollection": "d.c", "to": "d.e", "dropTarget": true, "comment": "x",
            "writeConcern": concern, "$db": "admin",
        }
    );
    assert_eq!(
        scene.sent(scene.database().drop().comment("x").into_future()),
        doc! { "dropDatabase": 1, "comment": "x", "$db": "d" }
    );
}

#[test]
fn names_are_checked_before_anything_is_sent() {
    let scene = scene();
    for call in
        [scene.database().create_collection("a$b").into_future(), scene.collection().rename("").into_future()]
    {
        assert_eq!(block_on(call).unwrap_err().kind(), Kind::InvalidName);
    }
    let all = block_on(scene.collection().drop_index("*").into_future()).unwrap_err();
    assert_eq!(all.kind(), Kind::InvalidArgument);
    let none = scene.collection().create_indexes(Vec::<IndexModel>::new());
    assert_eq!(block_on(none.into_future()).unwrap_err().kind(), Kind::InvalidArgument);
    assert_eq!(scene.seen(), 0);
}

#[test]
fn lists_take_every_option_and_ask_the_primary() {
    let scene = scene();
    let away = ReadPreference::new(ReadMode::Secondary);
    let database = scene.database().with_read_preference(away).with_read_concern(ReadConcern::majority());
    let things = database.collection("c").unwrap();
    assert_eq!(
        scene.sent(things.list_indexes().batch_size(2).comment("x").raw_data(true).into_future()),
        doc! { "listIndexes": "c", "cursor": { "batchSize": 2 }, "comment": "x", "rawData": true, "$db": "d" }
    );
    let names = scene.sent(things.list_index_names().comment("x").into_future());
    assert_eq!(names, doc! { "listIndexes": "c", "cursor": {}, "comment": "x", "$db": "d" });
    let list = database
        .list_collections()
        .filter(doc! { "type": "view" })
        .name_only(true)
        .authorized_collections(true)
        .comment("x")
        .batch_size(3)
        .raw_data(true);
    assert_eq!(
        scene.sent(list.into_future()),
        doc! {
            "listCollections": 1, "cursor": { "batchSize": 3 }, "filter": { "type": "view" }, "nameOnly": true,
            "authorizedCollections": true, "comment": "x", "rawData": true, "$db": "d",
        }
    );
    let list = scene.connection.list_databases().filter(doc! { "empty": true }).name_only(true);
    assert_eq!(
        scene.sent(list.authorized_databases(false).comment("x").into_future()),
        doc! {
            "listDatabases": 1, "filter": { "empty": true }, "nameOnly": true, "authorizedDatabases": false,
            "comment": "x", "$db": "admin",
        }
    );
    let names = scene.connection.list_database_names().filter(doc! { "name": "a" });
    assert_eq!(block_on(names.clone().into_future()).unwrap(), ["a"]);
    let expected = doc! { "listDatabases": 1, "filter": { "name": "a" }, "nameOnly": true, "$db": "admin" };
    assert_eq!(scene.sent(names.into_future()), expected);
}

/// The server applies `nameOnly` before the filter, which could then see names alone.
#[test]
fn names_alone_are_asked_for_unless_the_filter_looks_further() {
    let scene = scene();
    let names_only = |filter: Option<Document>| {
        let names = scene.database().list_collection_names().authorized_collections(true);
        let names = match filter {
            Some(filter) => names.filter(filter),
            None => names,
        };
        scene.sent(names.into_future()).contains_key("nameOnly")
    };
    assert!(names_only(None));
    assert!(names_only(Some(doc! { "name": "a" })));
    assert!(!names_only(Some(doc! { "name": "a", "options.capped": true })));
}

#[test]
fn what_is_not_there_is_dropped_as_well() {
    let scene = scene();
    scene.server.clear_rules();
    for command in ["drop", "dropSearchIndex", "dropIndexes"] {
        scene.server.rule(Rule::on(command).fail(26, "NamespaceNotFound"));
    }
    let things = scene.collection();
    block_on(things.drop().into_future()).unwrap();
    block_on(things.drop_search_index("x").into_future()).unwrap();
    let error = block_on(things.drop_indexes().into_future()).unwrap_err();
    assert_eq!(error.code(), Some(26), "of an index that is an error");
    scene.server.clear_rules();
    scene.server.rule(Rule::on("drop").fail(13, "Unauthorized"));
    assert_eq!(block_on(things.drop().into_future()).unwrap_err().code(), Some(13));
}

/// Run command specification: nothing is inherited, and the server is told the option.
#[test]
fn a_command_takes_its_read_preference_from_the_call_alone() {
    let scene = scene();
    let near = ReadPreference::new(ReadMode::Nearest);
    let database = scene
        .database()
        .with_read_preference(near.clone())
        .with_read_concern(ReadConcern::majority())
        .with_write_concern(WriteConcern::majority());
    let plain = scene.sent(database.run_command(doc! { "ping": 1 }).into_future());
    assert_eq!(plain, doc! { "ping": 1, "$db": "d" });
    let asked = scene.sent(database.run_command(doc! { "ping": 1 }).read_preference(near).into_future());
    assert_eq!(asked, doc! { "ping": 1, "$db": "d", "$readPreference": { "mode": "nearest" } });
    // A limit of the user's own stays as it is, and without a timeout alone.
    let limited = scene.sent(database.run_command(doc! { "ping": 1, "maxTimeMS": 5 }).into_future());
    assert_eq!(limited, doc! { "ping": 1, "maxTimeMS": 5, "$db": "d" });
}

/// Read and write concern specification, "afterClusterTime"; index management
/// specification, "Where are read concern and write concern?".
#[test]
fn a_sessions_time_goes_along_where_servers_take_it() {
    let scene = scene();
    let session = scene.connection.start_session().start().unwrap();
    session.advance_operation_time(Timestamp { time: 5, increment: 1 });
    let database = scene.connection.bound_to(&session).database("d").unwrap();
    let things = database.collection("c").unwrap();
    let index = || IndexModel::new(doc! { "a": 1 });
    let search = || SearchIndexModel::new(doc! {});
    for (command, timed) in [
        (scene.sent(database.create_collection("c").into_future()), true),
        (scene.sent(things.drop().into_future()), true),
        (scene.sent(things.create_index(index()).into_future()), true),
        (scene.sent(things.drop_indexes().into_future()), true),
        (scene.sent(database.drop().into_future()), true),
        (scene.sent(things.rename("d").into_future()), false),
        (scene.sent(things.modify().into_future()), false),
        (scene.sent(things.list_indexes().into_future()), false),
        (scene.sent(database.list_collections().into_future()), false),
        (scene.sent(scene.connection.bound_to(&session).list_databases().into_future()), false),
        (scene.sent(things.create_search_index(search()).into_future()), false),
        (scene.sent(things.update_search_index("x", doc! {}).into_future()), false),
        (scene.sent(things.drop_search_index("x").into_future()), false),
        (scene.sent(things.list_search_indexes(None).into_future()), false),
        (scene.sent(database.run_command(doc! { "ping": 1 }).into_future()), false),
    ] {
        let concern = command.get_document("readConcern").ok();
        assert_eq!(concern.is_some_and(|it| it.contains_key("afterClusterTime")), timed, "{command}");
    }
}
