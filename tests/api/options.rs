//! Every option of every verb is sent where the server looks for it, and nothing is sent
//! for an option that was not set (CRUD specification).

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, bson, doc};
use actix_mongo::{
    Collection, ReadConcern, ReadMode, ReadPreference, ReturnDocument, Verbosity, WriteConcern,
};

use crate::stage::{Stage, at};

/// One test of one verb: how it is called, the command it sends, what always stands in it, and for
/// each option where its value is found.
macro_rules! options {
    ($($test:ident: $call:expr => $command:literal, $always:expr, {
        $($method:ident($value:expr) => $path:literal: $sent:expr,)+
    })+) => { $(
        #[test]
        fn $test() {
            let stage = Stage::new();
            let call = |things: &Collection| ($call)(things.clone());
            let plain = stage.sent($command, call(&stage.things));
            for (path, value) in &$always {
                assert_eq!(at(&plain, path).as_ref(), Some(value), "{path} of {plain}");
            }
            $(
                assert_eq!(at(&plain, $path), None, "{} is sent unasked", $path);
                let sent = stage.sent($command, call(&stage.things).$method($value));
                assert_eq!(at(&sent, $path), Some(Bson::from($sent)), "{}", stringify!($method));
            )+
        }
    )+ };
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
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    insert_many: |c: Collection| c.insert_many([doc! { "_id": 1 }]) => "insert",
        doc! { "documents": [{ "_id": 1 }], "ordered": true }, {
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    update_one: |c: Collection| c.update_one(keys(), set()) => "update",
        doc! { "updates": [{ "q": keys(), "u": set() }] }, {
        upsert(true) => "updates.0.upsert": true,
        array_filters([doc! { "i": 1 }]) => "updates.0.arrayFilters": bson!([{ "i": 1 }]),
        sort(keys()) => "updates.0.sort": keys(),
        hint("a_1") => "updates.0.hint": "a_1",
        collation(french()) => "updates.0.collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    update_many: |c: Collection| c.update_many(keys(), [set()]) => "update",
        doc! { "updates": [{ "q": keys(), "u": [set()], "multi": true }] }, {
        upsert(true) => "updates.0.upsert": true,
        array_filters([doc! { "i": 1 }]) => "updates.0.arrayFilters": bson!([{ "i": 1 }]),
        hint(keys()) => "updates.0.hint": keys(),
        collation(french()) => "updates.0.collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    replace_one: |c: Collection| c.replace_one(keys(), doc! { "b": 2 }) => "update",
        doc! { "updates": [{ "q": keys(), "u": { "b": 2 } }] }, {
        upsert(true) => "updates.0.upsert": true,
        sort(keys()) => "updates.0.sort": keys(),
        hint(keys()) => "updates.0.hint": keys(),
        collation(french()) => "updates.0.collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    delete_one: |c: Collection| c.delete_one(keys()) => "delete",
        doc! { "deletes": [{ "q": keys(), "limit": 1 }] }, {
        hint(keys()) => "deletes.0.hint": keys(),
        collation(french()) => "deletes.0.collation": french(),
        let_vars(keys()) => "let": keys(),
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    delete_many: |c: Collection| c.delete_many(keys()) => "delete",
        doc! { "deletes": [{ "q": keys(), "limit": 0 }] }, {
        hint(keys()) => "deletes.0.hint": keys(),
        collation(french()) => "deletes.0.collation": french(),
        let_vars(keys()) => "let": keys(),
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    find_one_and_update: |c: Collection| c.find_one_and_update(keys(), set()) => "findAndModify",
        doc! { "findAndModify": "things", "query": keys(), "update": set() }, {
        upsert(true) => "upsert": true,
        array_filters([doc! { "i": 1 }]) => "arrayFilters": bson!([{ "i": 1 }]),
        projection(keys()) => "fields": keys(),
        return_document(ReturnDocument::After) => "new": true,
        return_document(ReturnDocument::Before) => "new": false,
        sort(keys()) => "sort": keys(),
        hint(keys()) => "hint": keys(),
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    find_one_and_replace: |c: Collection| c.find_one_and_replace(keys(), doc! { "b": 2 }) => "findAndModify",
        doc! { "query": keys(), "update": { "b": 2 } }, {
        upsert(true) => "upsert": true,
        projection(keys()) => "fields": keys(),
        return_document(ReturnDocument::After) => "new": true,
        sort(keys()) => "sort": keys(),
        hint(keys()) => "hint": keys(),
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    find_one_and_delete: |c: Collection| c.find_one_and_delete(keys()) => "findAndModify",
        doc! { "query": keys(), "remove": true }, {
        projection(keys()) => "fields": keys(),
        sort(keys()) => "sort": keys(),
        hint(keys()) => "hint": keys(),
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    find: |c: Collection| c.find(keys()) => "find",
        doc! { "find": "things", "filter": keys() }, {
        projection(keys()) => "projection": keys(),
        sort(keys()) => "sort": keys(),
        skip(3) => "skip": 3_i64,
        limit(4) => "limit": 4_i64,
        limit(-4) => "singleBatch": true,
        batch_size(5) => "batchSize": 5,
        hint("a_1") => "hint": "a_1",
        min(keys()) => "min": keys(),
        max(keys()) => "max": keys(),
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        allow_disk_use(false) => "allowDiskUse": false,
        no_cursor_timeout(true) => "noCursorTimeout": true,
        allow_partial_results(true) => "allowPartialResults": true,
        return_key(true) => "returnKey": true,
        show_record_id(true) => "showRecordId": true,
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    find_one: |c: Collection| c.find_one(keys()) => "find",
        doc! { "filter": keys(), "limit": 1, "singleBatch": true }, {
        projection(keys()) => "projection": keys(),
        sort(keys()) => "sort": keys(),
        skip(3) => "skip": 3_i64,
        hint("a_1") => "hint": "a_1",
        min(keys()) => "min": keys(),
        max(keys()) => "max": keys(),
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        allow_disk_use(true) => "allowDiskUse": true,
        allow_partial_results(true) => "allowPartialResults": true,
        return_key(true) => "returnKey": true,
        show_record_id(true) => "showRecordId": true,
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    aggregate: |c: Collection| c.aggregate([doc! { "$match": keys() }]) => "aggregate",
        doc! { "aggregate": "things", "pipeline": [{ "$match": keys() }], "cursor": {} }, {
        batch_size(5) => "cursor.batchSize": 5,
        allow_disk_use(true) => "allowDiskUse": true,
        hint("a_1") => "hint": "a_1",
        collation(french()) => "collation": french(),
        let_vars(keys()) => "let": keys(),
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    aggregate_that_writes: |c: Collection| c.aggregate([doc! { "$out": "there" }]) => "aggregate",
        doc! { "cursor": {} }, {
        bypass_document_validation(true) => "bypassDocumentValidation": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
        write_concern(WriteConcern::majority()) => "writeConcern.w": "majority",
    }

    count_documents: |c: Collection| c.count_documents(keys()) => "aggregate",
        doc! {
            "pipeline": [{ "$match": keys() }, { "$group": { "_id": 1, "n": { "$sum": 1 } } }],
            "cursor": {},
        }, {
        hint("a_1") => "hint": "a_1",
        collation(french()) => "collation": french(),
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        skip(2) => "pipeline.1.$skip": 2_i64,
        limit(3) => "pipeline.1.$limit": 3_i64,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    estimated_document_count: |c: Collection| c.estimated_document_count() => "count",
        doc! { "count": "things" }, {
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    count: |c: Collection| { #[allow(deprecated, reason = "it is there, so it works")] c.count(keys()) } => "count",
        doc! { "count": "things", "query": keys() }, {
        skip(2) => "skip": 2_i64,
        limit(3) => "limit": 3_i64,
        hint("a_1") => "hint": "a_1",
        collation(french()) => "collation": french(),
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    distinct: |c: Collection| c.distinct("a", keys()) => "distinct",
        doc! { "distinct": "things", "key": "a", "query": keys() }, {
        hint("a_1") => "hint": "a_1",
        collation(french()) => "collation": french(),
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
        raw_data(true) => "rawData": true,
        read_concern(ReadConcern::majority()) => "readConcern.level": "majority",
        read_preference(nearest()) => "$readPreference.mode": "nearest",
    }

    explain: |c: Collection| c.find(keys()).sort(keys()).limit(2).explain(Verbosity::QueryPlanner) => "explain",
        doc! {
            "explain": { "find": "things", "filter": keys(), "sort": keys(), "limit": 2_i64 },
            "verbosity": "queryPlanner",
        }, {
        max_time(SECOND) => "maxTimeMS": 1000_i64,
        comment("here") => "comment": "here",
    }
}
