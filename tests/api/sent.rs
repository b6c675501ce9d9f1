//! What calls send beyond their options, to servers of this release and that.

use std::time::Duration;

use actix_mongo::bson::{Bson, doc};
use actix_mongo::{Kind, ReadConcern, ReadMode, ReadPreference, Verbosity, WriteConcern};
use test_support::{Rule, block_on};

use crate::stage::{Stage, at};

#[test]
fn raw_data_is_kept_from_servers_that_do_not_know_it() {
    let stage = Stage::of_wire_version(26);
    let things = &stage.things;
    let sent = [
        stage.sent("find", things.find(doc! {}).raw_data(true)),
        stage.sent("distinct", things.distinct("a", doc! {}).raw_data(true)),
        stage.sent("insert", things.insert_one(doc! {}).raw_data(true)),
        stage.sent("delete", things.delete_many(doc! {}).raw_data(true)),
        stage.sent("findAndModify", things.find_one_and_delete(doc! {}).raw_data(true)),
    ];
    for command in sent {
        assert_eq!(command.get("rawData"), None, "{command}");
    }
}

#[test]
fn a_limit_of_the_callers_own_wins_over_the_derived_one() {
    let stage = Stage::new();
    let limit = Duration::from_secs(30);
    let things = &stage.things;
    let derived = stage.sent("find", things.find(doc! {}).timeout(limit));
    let derived = at(&derived, "maxTimeMS").unwrap().as_i64().unwrap();
    assert!((1..=30_000).contains(&derived), "{derived}");
    let own = Duration::from_micros(7_000_001);
    let sent = stage.sent("find", things.find(doc! {}).timeout(limit).max_time(own));
    assert_eq!(sent.keys().filter(|key| *key == "maxTimeMS").count(), 1);
    assert_eq!(at(&sent, "maxTimeMS"), Some(Bson::Int64(7_001)));
}

#[test]
fn the_limits_of_a_query_become_those_of_its_explanation() {
    let stage = Stage::new();
    let find = stage.things.find(doc! {}).max_time(Duration::from_millis(5)).comment("inside");
    let preference = ReadPreference::new(ReadMode::Nearest);
    let find = find.read_preference(preference).read_concern(ReadConcern::majority());
    let sent = stage.sent("explain", find.explain(Verbosity::ExecutionStats));
    assert_eq!(at(&sent, "maxTimeMS"), Some(Bson::Int64(5)));
    assert_eq!(
        at(&sent, "explain"),
        Some(doc! { "find": "things", "filter": {}, "comment": "inside" }.into())
    );
    assert_eq!(at(&sent, "$readPreference.mode"), Some("nearest".into()));
    assert_eq!(at(&sent, "readConcern"), None);
    let out = stage.things.aggregate([doc! { "$out": "there" }]).batch_size(0);
    let sent = stage.sent("explain", out.explain(Verbosity::AllPlansExecution));
    let expected = doc! { "aggregate": "things", "pipeline": [{ "$out": "there" }], "cursor": {} };
    assert_eq!(at(&sent, "explain"), Some(expected.into()));
    assert_eq!(at(&sent, "verbosity"), Some("allPlansExecution".into()));
}

#[test]
fn an_older_server_writes_pipelines_on_the_primary() {
    for (version, mode) in [(12, None), (13, Some(Bson::from("secondaryPreferred")))] {
        let stage = Stage::of_wire_version(version);
        let preference = ReadPreference::new(ReadMode::SecondaryPreferred);
        for last in [doc! { "$out": "there" }, doc! { "$merge": { "into": "there" } }] {
            let call = stage.things.aggregate([last]).read_preference(preference.clone());
            assert_eq!(at(&stage.sent("aggregate", call), "$readPreference.mode"), mode);
        }
        let read = stage.things.aggregate([doc! { "$match": {} }]).read_preference(preference);
        let sent = stage.sent("aggregate", read);
        assert_eq!(at(&sent, "$readPreference.mode"), Some("secondaryPreferred".into()));
    }
}

#[test]
fn a_pipeline_that_writes_asks_for_no_empty_first_batch() {
    let stage = Stage::new();
    let sent = stage.sent("aggregate", stage.things.aggregate([doc! { "$out": "there" }]).batch_size(0));
    assert_eq!(at(&sent, "cursor"), Some(doc! {}.into()));
}

#[test]
fn unacknowledged_writes_say_so() {
    let stage = Stage::new();
    let things = stage.things.with_write_concern(WriteConcern::nodes(0));
    block_on(async {
        let set = doc! { "$set": { "a": 1 } };
        assert!(!things.insert_one(doc! { "_id": 1 }).await.unwrap().is_acknowledged());
        assert!(!things.insert_many([doc! { "_id": 1 }]).await.unwrap().is_acknowledged());
        assert!(!things.update_one(doc! {}, &set).await.unwrap().is_acknowledged());
        assert!(!things.update_many(doc! {}, &set).await.unwrap().is_acknowledged());
        assert!(!things.replace_one(doc! {}, doc! {}).await.unwrap().is_acknowledged());
        assert!(!things.delete_one(doc! {}).await.unwrap().is_acknowledged());
        assert!(!things.delete_many(doc! {}).hint("_id_").await.unwrap().is_acknowledged());
        assert_eq!(things.find_one_and_delete(doc! {}).await.unwrap(), None);
        let majority = WriteConcern::majority();
        let deleted = things.delete_one(doc! {}).write_concern(majority.clone()).await.unwrap();
        assert!(deleted.is_acknowledged());
        let updated = things.update_many(doc! {}, &set).write_concern(majority.clone()).await.unwrap();
        assert!(updated.is_acknowledged());
        assert!(things.insert_one(doc! {}).write_concern(majority).await.unwrap().is_acknowledged());
        // A cursor can't be opened without an answer.
        things.aggregate([doc! { "$out": "there" }]).await.unwrap();
    });
}

#[test]
fn a_hint_that_an_old_server_would_pass_over_is_refused() {
    let stage = Stage::of_wire_version(8);
    let things = stage.things.with_write_concern(WriteConcern::nodes(0));
    let set = doc! { "$set": { "a": 1 } };
    block_on(async {
        let refused = [
            things.delete_one(doc! {}).hint("_id_").await.unwrap_err(),
            things.delete_many(doc! {}).hint("_id_").await.unwrap_err(),
            things.find_one_and_delete(doc! {}).hint("_id_").await.unwrap_err(),
            things.find_one_and_update(doc! {}, &set).hint("_id_").await.unwrap_err(),
            things.find_one_and_replace(doc! {}, doc! {}).hint("_id_").await.unwrap_err(),
        ];
        for error in refused {
            assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
            assert!(error.to_string().contains("hint") && !error.may_have_run(), "{error}");
        }
        // Updates have hints since 4.2, and whoever gets an answer is told by the server.
        things.update_one(doc! {}, &set).hint("_id_").await.unwrap();
        stage.things.delete_one(doc! {}).hint("_id_").await.unwrap();
    });
    let log = stage.server.log();
    assert_eq!((log.count("delete"), log.count("findAndModify")), (1, 0));
}

/// What may be sent a second time has a number; what may not has none.
#[test]
fn writes_of_many_are_sent_once() {
    let stage = Stage::new();
    let things = &stage.things;
    let set = doc! { "$set": { "a": 1 } };
    let numbered = [
        stage.sent("update", things.update_one(doc! {}, &set)),
        stage.sent("update", things.replace_one(doc! {}, doc! {})),
        stage.sent("delete", things.delete_one(doc! {})),
        stage.sent("findAndModify", things.find_one_and_update(doc! {}, &set)),
        stage.sent("findAndModify", things.find_one_and_replace(doc! {}, doc! {})),
        stage.sent("findAndModify", things.find_one_and_delete(doc! {})),
    ];
    for command in numbered {
        assert!(command.contains_key("txnNumber") && command.contains_key("lsid"), "{command}");
    }
    let many = [
        stage.sent("update", things.update_many(doc! {}, &set)),
        stage.sent("delete", things.delete_many(doc! {})),
        stage.sent("aggregate", things.aggregate([doc! { "$out": "there" }])),
    ];
    for command in many {
        assert!(!command.contains_key("txnNumber") && command.contains_key("lsid"), "{command}");
    }
    for name in ["update", "delete", "aggregate"] {
        stage.server.rule(Rule::on(name).close());
    }
    let before = stage.server.log();
    block_on(async {
        things.update_many(doc! {}, &set).await.unwrap_err();
        things.delete_many(doc! {}).await.unwrap_err();
        things.aggregate([doc! { "$out": "there" }]).await.unwrap_err();
    });
    let after = stage.server.log();
    for name in ["update", "delete", "aggregate"] {
        assert_eq!(after.count(name), before.count(name) + 1, "{name}");
    }
}

#[test]
fn reads_have_a_second_attempt() {
    let stage = Stage::new();
    for name in ["count", "distinct", "aggregate"] {
        stage.server.clear_rules();
        stage.server.rule(Rule::on(name).once().close());
        stage.server.rule(Rule::on("count").reply(doc! { "n": 5, "ok": 1.0 }));
        stage.server.rule(Rule::on("distinct").reply(doc! { "values": ["x"], "ok": 1.0 }));
        block_on(async {
            match name {
                "count" => assert_eq!(stage.things.estimated_document_count().await.unwrap(), 5),
                "distinct" => assert_eq!(stage.things.distinct("a", doc! {}).await.unwrap(), ["x".into()]),
                _ => assert_eq!(stage.things.count_documents(doc! {}).await.unwrap(), 0),
            }
        });
        assert_eq!(stage.server.log().count(name), 2, "{name}");
    }
}

#[test]
fn a_whole_database_is_explained_too() {
    let stage = Stage::new();
    let sent = stage.sent(
        "explain",
        stage.database.aggregate([doc! { "$currentOp": {} }]).explain(Verbosity::QueryPlanner),
    );
    assert_eq!(at(&sent, "explain.aggregate"), Some(Bson::Int32(1)));
}
