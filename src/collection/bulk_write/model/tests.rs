//! How writes are encoded, and what is refused.

use bson::{Document, doc};

use super::*;

fn all() -> [WriteModel; 7] {
    let filter = doc! { "_id": 1 };
    [
        WriteModel::insert_one(doc! { "a": "b" }),
        WriteModel::update_one(&filter, doc! { "$set": { "a": 1 } }).upsert(true).sort(doc! { "a": 1 }),
        WriteModel::update_one(&filter, [doc! { "$unset": "a" }]).hint("_id_"),
        WriteModel::update_many(&filter, doc! { "$set": { "a.$[b]": 1 } }).array_filters([doc! { "b": 1 }]),
        WriteModel::replace_one(&filter, doc! { "c": 1 }).collation(doc! { "locale": "simple" }),
        WriteModel::delete_one(&filter).hint(doc! { "_id": 1 }),
        WriteModel::delete_many(&filter).collation(doc! { "locale": "simple" }),
    ]
}

fn document(bytes: &[u8]) -> Document {
    bson::deserialize_from_slice(bytes).unwrap()
}

#[test]
fn sizes_are_those_of_what_is_written() {
    for mut model in all() {
        assert!(model.take_error().is_none());
        let (mut op, mut statement) = (Vec::new(), Vec::new());
        model.write_op(3, &mut op);
        model.write_statement(&mut statement);
        assert_eq!(op.len(), model.op_size(&Limits::default()), "{model:?}");
        assert!(statement.len() <= model.statement_size(), "{model:?}");
    }
    // The size that the specification's own tests count on.
    assert_eq!(all()[0].op_size(&Limits::default()), 58);
}

#[test]
fn ops_name_what_servers_expect() {
    let ops = all().map(|model| {
        let mut op = Vec::new();
        model.write_op(3, &mut op);
        document(&op)
    });
    assert_eq!(ops[0].keys().collect::<Vec<_>>(), ["insert", "document"]);
    assert_eq!(ops[0].get_document("document").unwrap().keys().next().unwrap(), "_id");
    assert_eq!(
        ops[1],
        doc! {
            "update": 3, "filter": { "_id": 1 }, "updateMods": { "$set": { "a": 1 } }, "multi": false,
            "upsert": true, "sort": { "a": 1 },
        }
    );
    assert_eq!(ops[2].get_array("updateMods").unwrap().len(), 1);
    assert_eq!(ops[3].get_bool("multi").ok(), Some(true));
    assert_eq!(ops[5], doc! { "delete": 3, "filter": { "_id": 1 }, "multi": false, "hint": { "_id": 1 } });
}

#[test]
fn options_that_a_write_does_not_have_are_refused() {
    let filter = doc! {};
    for (model, option) in [
        (WriteModel::insert_one(&filter).upsert(true), "upsert"),
        (WriteModel::insert_one(&filter).hint("x"), "hint"),
        (WriteModel::delete_many(&filter).sort(doc! { "a": 1 }), "sort"),
        (WriteModel::update_many(&filter, doc! { "$set": {} }).sort(doc! { "a": 1 }), "sort"),
        (WriteModel::replace_one(&filter, &filter).array_filters([doc! {}]), "arrayFilters"),
    ] {
        let name = model.name;
        let error = { model }.take_error().unwrap();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert_eq!(error.message(), format!("{name} has no option {option}"));
    }
}

#[test]
fn the_first_argument_that_can_not_be_sent_is_the_error() {
    let error = |model: WriteModel| { model }.take_error().unwrap().message().to_owned();
    assert!(error(WriteModel::update_one(doc! {}, doc! { "a": 1 })).starts_with("update: "));
    assert!(error(WriteModel::replace_one(doc! {}, doc! { "$set": {} })).starts_with("replacement: "));
    assert!(error(WriteModel::delete_one(5).upsert(true)).starts_with("filter: "));
    assert!(error(WriteModel::insert_one("x")).starts_with("document: "));
    assert!(error(WriteModel::delete_one(doc! {}).collation(1)).starts_with("collation: "));
}
