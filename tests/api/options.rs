//! Every option of every verb is sent where the server looks for it, and nothing is sent
//! for an option that was not set (CRUD specification).

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, bson, doc};
use actix_mongo::{
    Collection, ReadConcern, ReadMode, ReadPreference, ReturnDocument, Verbosity, WriteConcern,
};

use crate::stage::{Stage, at};

/// One test of one verb: how it is called, the command it sends, what always stands in it, and for
/// each option where its value is found. Behind `shared` stand options that several verbs have, by
/// where in the command.
macro_rules! options {
    ($($test:ident: $call:expr => $command:literal, $always:expr, {
        $($method:ident($value:expr) => $path:literal: $sent:expr,)*
    } $(, shared $($at:literal: $($shared:ident)+;)+)?)+) => { $(
        #[test]
        fn $test() {
            let stage = Stage::new();
            let call = |things: &Collection| ($call)(things.clone());
            let plain = stage.sent($command, call(&stage.things));
            for (path, value) in &$always {
                assert_eq!(at(&plain, path).as_ref(), Some(value), "{path} of {plain}");
            }
            $( option!(stage call plain $command, $method($value) => $path, $sent); )*
            $($($( shared!(stage call plain $command, $at $shared); )+)+)?
        }
    )+ };
}

macro_rules! option {
    ($stage:ident $call:ident $plain:ident $command:literal, $method:ident($value:expr) => $path:expr, $sent:expr) => {
        assert_eq!(at(&$plain, $path), None, "{} is sent unasked", $path);
        let sent = $stage.sent($command, $call(&$stage.things).$method($value));
        assert_eq!(at(&sent, $path), Some(Bson::from($sent)), "{}", stringify!($method));
    };
}

macro_rules! shared {
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal upsert) => {
        option!($stage $call $plain $command, upsert(true) => concat!($at, "upsert"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal array_filters) => {
        option!($stage $call $plain $command, array_filters([doc! { "i": 1 }]) => concat!($at, "arrayFilters"), bson!([{ "i": 1 }]));
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal sort) => {
        option!($stage $call $plain $command, sort(keys()) => concat!($at, "sort"), keys());
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal hint) => {
        option!($stage $call $plain $command, hint("a_1") => concat!($at, "hint"), "a_1");
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal min) => {
        option!($stage $call $plain $command, min(keys()) => concat!($at, "min"), keys());
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal max) => {
        option!($stage $call $plain $command, max(keys()) => concat!($at, "max"), keys());
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal collation) => {
        option!($stage $call $plain $command, collation(french()) => concat!($at, "collation"), french());
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal let_vars) => {
        option!($stage $call $plain $command, let_vars(keys()) => concat!($at, "let"), keys());
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal allow_disk_use) => {
        option!($stage $call $plain $command, allow_disk_use(true) => concat!($at, "allowDiskUse"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal allow_partial_results) => {
        option!($stage $call $plain $command, allow_partial_results(true) => concat!($at, "allowPartialResults"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal return_key) => {
        option!($stage $call $plain $command, return_key(true) => concat!($at, "returnKey"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal show_record_id) => {
        option!($stage $call $plain $command, show_record_id(true) => concat!($at, "showRecordId"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal bypass_document_validation) => {
        option!($stage $call $plain $command, bypass_document_validation(true) => concat!($at, "bypassDocumentValidation"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal max_time) => {
        option!($stage $call $plain $command, max_time(SECOND) => concat!($at, "maxTimeMS"), 1000_i64);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal comment) => {
        option!($stage $call $plain $command, comment("here") => concat!($at, "comment"), "here");
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal raw_data) => {
        option!($stage $call $plain $command, raw_data(true) => concat!($at, "rawData"), true);
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal read_concern) => {
        option!($stage $call $plain $command, read_concern(ReadConcern::majority()) => concat!($at, "readConcern.level"), "majority");
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal read_preference) => {
        option!($stage $call $plain $command, read_preference(nearest()) => concat!($at, "$readPreference.mode"), "nearest");
    };
    ($stage:ident $call:ident $plain:ident $command:literal, $at:literal write_concern) => {
        option!($stage $call $plain $command, write_concern(WriteConcern::majority()) => concat!($at, "writeConcern.w"), "majority");
    };
}

const SECOND: Duration = Duration::from_secs(1);

fn nearest() -> ReadPreference {
    ReadPreference::new(ReadMode::Nearest)
}

fn keys() -> Document {
    doc! { "a": 1 }
}

fn french() -> Document {
    doc! { "locale": "fr" }
}

fn set() -> Document {
    doc! { "$set": { "a": 1 } }
}

options! {
    insert_one: |c: Collection| c.insert_one(doc! { "_id": 1 }) => "insert",
        doc! { "documents": [{ "_id": 1 }] }, {
        bypass_document_validation(false) => "bypassDocumentValidation": false,
        comment(doc! { "x": 1 }) => "comment": doc! { "x": 1 },
    }, shared "": raw_data write_concern;

    insert_many: |c: Collection| c.insert_many([doc! { "_id": 1 }]) => "insert",
        doc! { "documents": [{ "_id": 1 }], "ordered": true }, {
    }, shared "": bypass_document_validation comment raw_data write_concern;

    update_one: |c: Collection| c.update_one(keys(), set()) => "update",
        doc! { "updates": [{ "q": keys(), "u": set() }] }, {
    }, shared "updates.0.": upsert array_filters sort hint collation; "": let_vars bypass_document_validation
        comment raw_data write_concern;

    update_many: |c: Collection| c.update_many(keys(), [set()]) => "update",
        doc! { "updates": [{ "q": keys(), "u": [set()], "multi": true }] }, {
        hint(keys()) => "updates.0.hint": keys(),
    }, shared "updates.0.": upsert array_filters collation; "": let_vars bypass_document_validation comment
        raw_data write_concern;

    replace_one: |c: Collection| c.replace_one(keys(), doc! { "b": 2 }) => "update",
        doc! { "updates": [{ "q": keys(), "u": { "b": 2 } }] }, {
        hint(keys()) => "updates.0.hint": keys(),
    }, shared "updates.0.": upsert sort collation; "": let_vars bypass_document_validation comment raw_data
        write_concern;

    delete_one: |c: Collection| c.delete_one(keys()) => "delete",
        doc! { "deletes": [{ "q": keys(), "limit": 1 }] }, {
        hint(keys()) => "deletes.0.hint": keys(),
    }, shared "deletes.0.": collation; "": let_vars comment raw_data write_concern;

    delete_many: |c: Collection| c.delete_many(keys()) => "delete",
        doc! { "deletes": [{ "q": keys(), "limit": 0 }] }, {
        hint(keys()) => "deletes.0.hint": keys(),
    }, shared "deletes.0.": collation; "": let_vars comment raw_data write_concern;

    find_one_and_update: |c: Collection| c.find_one_and_update(keys(), set()) => "findAndModify",
        doc! { "findAndModify": "things", "query": keys(), "update": set() }, {
        projection(keys()) => "fields": keys(),
        return_document(ReturnDocument::After) => "new": true,
        return_document(ReturnDocument::Before) => "new": false,
        hint(keys()) => "hint": keys(),
    }, shared "": upsert array_filters sort collation let_vars bypass_document_validation max_time comment
        raw_data write_concern;

    find_one_and_replace: |c: Collection| c.find_one_and_replace(keys(), doc! { "b": 2 }) => "findAndModify",
        doc! { "query": keys(), "update": { "b": 2 } }, {
        projection(keys()) => "fields": keys(),
        return_document(ReturnDocument::After) => "new": true,
        hint(keys()) => "hint": keys(),
    }, shared "": upsert sort collation let_vars bypass_document_validation max_time comment raw_data
        write_concern;

    find_one_and_delete: |c: Collection| c.find_one_and_delete(keys()) => "findAndModify",
        doc! { "query": keys(), "remove": true }, {
        projection(keys()) => "fields": keys(),
        hint(keys()) => "hint": keys(),
    }, shared "": sort collation let_vars max_time comment raw_data write_concern;

    find: |c: Collection| c.find(keys()) => "find",
        doc! { "find": "things", "filter": keys() }, {
        projection(keys()) => "projection": keys(),
        skip(3) => "skip": 3_i64,
        limit(4) => "limit": 4_i64,
        limit(-4) => "singleBatch": true,
        batch_size(5) => "batchSize": 5,
        allow_disk_use(false) => "allowDiskUse": false,
        no_cursor_timeout(true) => "noCursorTimeout": true,
    }, shared "": sort hint min max collation let_vars allow_partial_results return_key show_record_id
        max_time comment raw_data read_concern read_preference;

    find_one: |c: Collection| c.find_one(keys()) => "find",
        doc! { "filter": keys(), "limit": 1, "singleBatch": true }, {
        projection(keys()) => "projection": keys(),
        skip(3) => "skip": 3_i64,
    }, shared "": sort hint min max collation let_vars allow_disk_use allow_partial_results return_key
        show_record_id max_time comment raw_data read_concern read_preference;

    aggregate: |c: Collection| c.aggregate([doc! { "$match": keys() }]) => "aggregate",
        doc! { "aggregate": "things", "pipeline": [{ "$match": keys() }], "cursor": {} }, {
        batch_size(5) => "cursor.batchSize": 5,
    }, shared "": allow_disk_use hint collation let_vars bypass_document_validation max_time comment raw_data
        read_concern read_preference;

    aggregate_that_writes: |c: Collection| c.aggregate([doc! { "$out": "there" }]) => "aggregate",
        doc! { "cursor": {} }, {
    }, shared "": bypass_document_validation read_concern read_preference write_concern;

    count_documents: |c: Collection| c.count_documents(keys()) => "aggregate",
        doc! {
            "pipeline": [{ "$match": keys() }, { "$group": { "_id": 1, "n": { "$sum": 1 } } }],
            "cursor": {},
        }, {
        skip(2) => "pipeline.1.$skip": 2_i64,
        limit(3) => "pipeline.1.$limit": 3_i64,
    }, shared "": hint collation max_time comment raw_data read_concern read_preference;

    estimated_document_count: |c: Collection| c.estimated_document_count() => "count",
        doc! { "count": "things" }, {
    }, shared "": max_time comment raw_data read_concern read_preference;

    count: |c: Collection| { #[allow(deprecated, reason = "it is there, so it works")] c.count(keys()) } => "count",
        doc! { "count": "things", "query": keys() }, {
        skip(2) => "skip": 2_i64,
        limit(3) => "limit": 3_i64,
    }, shared "": hint collation max_time comment raw_data read_concern read_preference;

    distinct: |c: Collection| c.distinct("a", keys()) => "distinct",
        doc! { "distinct": "things", "key": "a", "query": keys() }, {
    }, shared "": hint collation max_time comment raw_data read_concern read_preference;

    explain: |c: Collection| c.find(keys()).sort(keys()).limit(2).explain(Verbosity::QueryPlanner) => "explain",
        doc! {
            "explain": { "find": "things", "filter": keys(), "sort": keys(), "limit": 2_i64 },
            "verbosity": "queryPlanner",
        }, {
    }, shared "": max_time comment;
}
