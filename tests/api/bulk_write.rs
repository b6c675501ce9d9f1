//! Bulk writes over one collection: how operations share commands, and what results and
//! errors say of each.

use std::task::{Context, Waker};

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Collection, Connection, Kind, WriteConcern, WriteModel};
use test_support::{Rule, block_on, poll_until};

use crate::stage::Stage;
use crate::support::{SOON, fixture, fixture_alone};

fn all(things: &Collection) -> Vec<Document> {
    block_on(async {
        things.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap().collect_all().await.unwrap()
    })
}

fn set(n: i32) -> Document {
    doc! { "$set": { "n": n } }
}

#[test]
fn every_kind_of_write_is_done_and_counted() {
    let fixture = fixture();
    let things = fixture.numbers(6);
    let models = [
        WriteModel::insert_one(doc! { "_id": 10 }),
        WriteModel::update_one(doc! { "_id": 0 }, set(100)),
        WriteModel::update_many(
            doc! { "_id": { "$in": [1, 2] } },
            [doc! { "$set": { "n": { "$add": ["$n", 1] } } }],
        ),
        WriteModel::replace_one(doc! { "_id": 11 }, doc! { "x": 1 }).upsert(true),
        WriteModel::delete_one(doc! { "_id": { "$gte": 3 } }).hint("_id_"),
        WriteModel::delete_many(doc! { "_id": { "$in": [4, 5] } }).collation(doc! { "locale": "simple" }),
        WriteModel::insert_one(doc! { "made": true }),
    ];
    let result = block_on(things.bulk_write(models).comment("all").into_future()).unwrap();
    assert!(result.is_acknowledged());
    assert_eq!((result.inserted_count, result.matched_count, result.modified_count), (2, 3, 3));
    assert_eq!((result.upserted_count, result.deleted_count), (1, 3));
    assert_eq!(result.inserted_ids.keys().collect::<Vec<_>>(), [&0, &6]);
    assert_eq!(result.upserted_ids.into_iter().collect::<Vec<_>>(), [(3, Bson::Int32(11))]);
    assert_eq!(result.verbose_results, None);
    let left = all(&things);
    assert_eq!(
        left[..5],
        [
            doc! { "_id": 0, "n": 100 },
            doc! { "_id": 1, "n": 2 },
            doc! { "_id": 2, "n": 3 },
            doc! { "_id": 10 },
            doc! { "_id": 11, "x": 1 },
        ]
    );
    assert_eq!(left[5], doc! { "_id": result.inserted_ids[&6].clone(), "made": true });
}

#[test]
fn in_order_the_first_refusal_ends_it() {
    let fixture = fixture();
    let things = fixture.numbers(2);
    let models = [
        WriteModel::update_one(doc! { "_id": 5 }, set(1)).upsert(true),
        WriteModel::insert_one(doc! { "_id": 6 }),
        WriteModel::insert_one(doc! { "_id": 1 }),
        WriteModel::insert_one(doc! { "_id": 7 }),
        WriteModel::delete_many(doc! {}),
    ];
    let error = block_on(things.bulk_write(models).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(11000)));
    assert!(error.is_duplicate_key());
    assert!(error.to_string().starts_with("bulkWrite: 1 of 5 operations refused; operation 2: "), "{error}");
    let failure = error.write_failure().unwrap();
    assert_eq!((failure.write_errors.len(), failure.write_errors[0].index, failure.completed), (1, 2, 2));
    let partial = error.bulk_write_failure().unwrap().partial_result.clone().unwrap();
    assert_eq!((partial.inserted_count, partial.upserted_count, partial.deleted_count), (1, 1, 0));
    assert_eq!(partial.inserted_ids.into_iter().collect::<Vec<_>>(), [(1, Bson::Int32(6))]);
    assert_eq!(partial.upserted_ids.into_iter().collect::<Vec<_>>(), [(0, Bson::Int32(5))]);
    assert_eq!(all(&things).len(), 4);
}

#[test]
fn without_order_all_others_are_done_and_indexes_are_those_of_the_list() {
    let fixture = fixture_alone();
    let things = fixture.numbers(3);
    let updates = || fixture.status(&["metrics", "commands", "update", "total"]);
    let before = updates();
    let models = [
        WriteModel::update_one(doc! { "_id": 20 }, set(1)).upsert(true),
        WriteModel::insert_one(doc! { "_id": 1 }),
        WriteModel::update_one(doc! { "_id": 0 }, doc! { "$bad": 1 }),
        WriteModel::insert_one(doc! { "_id": 9 }),
        WriteModel::delete_one(doc! { "_id": 2 }),
        WriteModel::update_one(doc! { "_id": 21 }, set(1)).upsert(true),
        WriteModel::insert_one(doc! { "_id": 0 }),
    ];
    let error = block_on(things.bulk_write(models).ordered(false).into_future()).unwrap_err();
    assert_eq!(updates() - before, 1, "operations of a kind share a command");
    let failure = error.write_failure().unwrap();
    let indexes: Vec<usize> = failure.write_errors.iter().map(|refused| refused.index).collect();
    assert_eq!(indexes, [1, 2, 6]);
    let partial = error.bulk_write_failure().unwrap().partial_result.clone().unwrap();
    assert_eq!((partial.inserted_count, partial.upserted_count, partial.deleted_count), (1, 2, 1));
    assert_eq!(partial.inserted_ids.into_iter().collect::<Vec<_>>(), [(3, Bson::Int32(9))]);
    let upserted: Vec<_> = partial.upserted_ids.into_iter().collect();
    assert_eq!(upserted, [(0, Bson::Int32(20)), (5, Bson::Int32(21))]);
}

#[test]
fn more_operations_than_one_command_takes_are_split() {
    let fixture = fixture_alone();
    let things = fixture.things();
    let commands = |name: &str| fixture.status(&["metrics", "commands", name, "total"]);
    let (inserts, updates) = (commands("insert"), commands("update"));
    let models = (0..100_010).map(|n| WriteModel::insert_one(doc! { "_id": n }));
    let models = models.chain((0..5).map(|n| WriteModel::update_one(doc! { "_id": n }, set(n))));
    let result = block_on(things.bulk_write(models).into_future()).unwrap();
    assert_eq!(
        (result.inserted_count, result.modified_count, result.inserted_ids.len()),
        (100_010, 5, 100_010)
    );
    assert_eq!((commands("insert") - inserts, commands("update") - updates), (2, 1));

    let updates = commands("update");
    let large =
        |n: i32| WriteModel::update_one(doc! { "_id": n }, doc! { "$set": { "t": "x".repeat(10_000_000) } });
    let result = block_on(things.bulk_write((0..7).map(large)).into_future()).unwrap();
    assert_eq!((result.modified_count, commands("update") - updates), (7, 2));
}

#[test]
fn write_concern_errors_end_nothing_and_are_all_told() {
    let fixture = fixture_alone();
    let things = fixture.numbers(1);
    let unmet = doc! { "code": 64, "codeName": "WriteConcernFailed", "errmsg": "too slow" };
    fixture
        .fail(doc! { "times": 2 }, doc! { "failCommands": ["insert", "update"], "writeConcernError": unmet });
    let models =
        [WriteModel::insert_one(doc! { "_id": 5 }), WriteModel::update_one(doc! { "_id": 0 }, set(7))];
    let error = block_on(things.bulk_write(models).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(64)));
    let failure = error.bulk_write_failure().unwrap();
    assert_eq!(failure.write_concern_errors.len(), 2);
    let partial = failure.partial_result.as_ref().unwrap();
    assert_eq!((partial.inserted_count, partial.modified_count), (1, 1));
}

#[test]
fn an_error_that_ends_it_tells_what_was_done_before() {
    let fixture = fixture_alone();
    let things = fixture.numbers(1);
    fixture.fail(doc! { "times": 1 }, doc! { "failCommands": ["delete"], "errorCode": 8 });
    let models = [WriteModel::insert_one(doc! { "_id": 5 }), WriteModel::delete_one(doc! { "_id": 0 })];
    let error = block_on(things.bulk_write(models).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, Some(8)));
    assert!(error.server_response().is_some());
    let partial = error.bulk_write_failure().unwrap().partial_result.as_ref().unwrap();
    assert_eq!((partial.inserted_count, partial.deleted_count), (1, 0));
}

#[test]
fn unacknowledged_writes_are_sent_and_nothing_is_known_of_them() {
    let fixture = fixture();
    let things = fixture.numbers(2);
    let models = [WriteModel::insert_one(doc! { "_id": 5 }), WriteModel::delete_one(doc! { "_id": 0 })];
    let unacknowledged = WriteConcern::new().w(0);
    let result = block_on(things.bulk_write(models).write_concern(unacknowledged).into_future()).unwrap();
    assert!(!result.is_acknowledged());
    assert_eq!((result.inserted_count, result.inserted_ids.len()), (0, 0));
    let ids = || all(&things).iter().map(|document| document.get_i32("_id").unwrap()).collect::<Vec<_>>();
    poll_until(SOON, "both writes to be done", || ids() == [1, 5]);
}

#[test]
fn what_can_not_be_sent_names_the_operation() {
    let fixture = fixture();
    let things = fixture.things();
    let fail = |models: Vec<WriteModel>| block_on(things.bulk_write(models).into_future()).unwrap_err();
    let fine = || WriteModel::insert_one(doc! {});
    assert_eq!(fail(vec![]).kind(), Kind::InvalidArgument);
    for (bad, why) in [
        (WriteModel::replace_one(doc! {}, doc! { "$set": {} }), "replacement"),
        (WriteModel::update_one(doc! {}, doc! { "a": 1 }), "update"),
        (WriteModel::delete_one(doc! {}).upsert(true), "delete_one has no option upsert"),
    ] {
        let error = fail(vec![fine(), bad]);
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.to_string().contains("operation 1: "), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.bulk_write_failure().is_none());
    }
    let error = block_on(things.bulk_write([fine()]).verbose_results(true).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    let large = WriteModel::insert_one(doc! { "t": "x".repeat(17_000_000) });
    let error = fail(vec![fine(), large]);
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.to_string().contains("operation 1"), "{error}");
    assert!(all(&things).is_empty());
}

#[test]
fn each_command_has_the_options_that_it_takes() {
    let stage = Stage::new();
    let bulk = || {
        let models = [
            WriteModel::insert_one(doc! { "_id": 1 }),
            WriteModel::update_one(doc! {}, set(1)),
            WriteModel::update_many(doc! {}, set(2)),
            WriteModel::delete_one(doc! {}),
        ];
        stage
            .things
            .bulk_write(models)
            .let_vars(doc! { "v": 1 })
            .bypass_document_validation(true)
            .comment("c")
    };
    let insert = stage.sent("insert", bulk());
    assert_eq!(
        (insert.get("let"), insert.get("bypassDocumentValidation")),
        (None, Some(&Bson::Boolean(true)))
    );
    assert!(insert.get("txnNumber").is_some());
    let update = stage.sent("update", bulk());
    assert_eq!(update.get_document("let").unwrap(), &doc! { "v": 1 });
    assert_eq!(update.get("bypassDocumentValidation"), Some(&Bson::Boolean(true)));
    assert_eq!(update.get_array("updates").unwrap().len(), 2);
    assert_eq!(update.get("txnNumber"), None, "one of its statements is of many documents");
    let delete = stage.sent("delete", bulk());
    assert_eq!(
        (delete.get_document("let").ok(), delete.get("bypassDocumentValidation")),
        (Some(&doc! { "v": 1 }), None)
    );
    assert!(delete.get("txnNumber").is_some());
    for command in [insert, update, delete] {
        assert_eq!(
            (command.get_str("comment").ok(), command.get_bool("ordered").ok()),
            (Some("c"), Some(true))
        );
    }
}

#[test]
fn servers_before_8_0_have_none_over_many_collections() {
    let stage = Stage::of_wire_version(24);
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap();
    let model = || ("d.things", WriteModel::insert_one(doc! {}));
    let error = block_on(connection.bulk_write([model()]).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("before 8.0"), "{error}");
    assert_eq!(stage.server.log().count("bulkWrite"), 0);
    let none: [(&str, WriteModel); 0] = [];
    assert_eq!(
        block_on(connection.bulk_write(none).into_future()).unwrap_err().kind(),
        Kind::InvalidArgument
    );
    let unacknowledged = || connection.bulk_write([model()]).write_concern(WriteConcern::new().w(0));
    for (bulk, what) in
        [(unacknowledged(), "ordered writes"), (unacknowledged().verbose_results(true), "verbose")]
    {
        let error = block_on(bulk.into_future()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.message().starts_with("Cannot request unacknowledged write concern and "), "{error}");
        assert!(error.message().contains(what), "{error}");
    }
}

/// Dropped while its results are read, it leaves no cursor behind.
#[test]
fn a_dropped_one_has_its_results_killed() {
    let stage = Stage::new();
    let cursor =
        doc! { "id": 77_i64, "ns": "admin.$cmd.bulkWrite", "firstBatch": [{ "ok": 1.0, "idx": 0, "n": 1 }] };
    let reply = doc! { "cursor": cursor, "nErrors": 0, "nInserted": 1, "ok": 1.0 };
    stage.server.rule(Rule::on("bulkWrite").reply(reply));
    stage.server.rule(Rule::on("getMore").never_answer());
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap();
    let bulk = connection.bulk_write([("d.things", WriteModel::insert_one(doc! {}))]).verbose_results(true);
    let mut call = bulk.into_future();
    let mut task = Context::from_waker(Waker::noop());
    poll_until(SOON, "its results to be read", || {
        assert!(call.as_mut().poll(&mut task).is_pending());
        stage.server.log().count("getMore") == 1
    });
    drop(call);
    stage.server.wait_for(|log| log.count("killCursors") == 1, SOON);
    let log = stage.server.log();
    let killed = log.commands_named("killCursors").next().unwrap().body.clone();
    assert_eq!(
        (killed.get_str("killCursors").unwrap(), killed.get_str("$db").unwrap()),
        ("$cmd.bulkWrite", "admin")
    );
    assert_eq!(killed.get_array("cursors").unwrap(), &[Bson::Int64(77)]);
}
