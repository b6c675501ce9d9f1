//! `copy_database`: what the copy has, and what its options do.

use actix_mongo::bson::doc;
use actix_mongo::{Credential, Database, ExistingTarget, Kind, WriteConcern};
use test_support::block_on;

use crate::copying_scene::{Pair, assert_same, count, everything, fill, is_the_servers_own, picture};

#[test]
fn source_and_target_agree_in_all_that_they_have() {
    let pair = Pair::new();
    everything(pair.source());
    let source = picture(pair.source());
    assert!(source.collections.len() >= 10 && source.indexes["rooms"].len() == 10, "{source:#?}");
    assert_eq!(source.documents["log"].0, 50, "the oldest made room");
    let mut pictures = Vec::new();
    for parallelism in [1, 8] {
        let copy = pair.connection().copy_database(&pair.from, &pair.to).existing(ExistingTarget::Drop);
        let report = block_on(copy.parallelism(parallelism).batch_size(37).into_future()).unwrap();
        let target = picture(&pair.target());
        assert_same(&source, &target);
        assert_eq!(report.views, ["z_high", "a_joined", "names_view"], "each behind what it needs");
        for collection in &report.collections {
            let (documents, _) = source.documents[&collection.name];
            assert_eq!((collection.documents, collection.complete), (documents, true), "{collection:?}");
        }
        assert_eq!(report.collection("rooms").unwrap().indexes, 9);
        assert_eq!(
            report.collection("measurements").unwrap().indexes,
            source.indexes["measurements"].len() as u64
        );
        let system = source.collections.keys().filter(|name| is_the_servers_own(name));
        assert_eq!(report.skipped, system.cloned().collect::<Vec<_>>(), "{report:?}");
        pictures.push(target);
    }
    assert_same(&pictures[0], &pictures[1]);
}

#[test]
fn a_validator_is_passed_over_unless_it_is_told_not_to_be() {
    let pair = Pair::new();
    everything(pair.source());
    let copy = || pair.connection().copy_database(&pair.from, &pair.to).include(["guests"]);
    block_on(copy().into_future()).unwrap();
    assert_eq!(count(&pair.target(), "guests"), 2);
    let strict = copy().existing(ExistingTarget::Drop).bypass_document_validation(false);
    let error = block_on(strict.into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(121)), "{error}");
    assert_eq!(error.copy_report().unwrap().documents(), 1, "{error}");
    assert_eq!(count(&pair.target(), "guests"), 1);
    // The rules of a collection that is there already hold, unless it is told otherwise.
    let merge = || copy().existing(ExistingTarget::Merge);
    block_on(pair.target().collection("guests").unwrap().delete_many(doc! {}).into_future()).unwrap();
    assert_eq!(block_on(merge().into_future()).unwrap_err().code(), Some(121));
    block_on(pair.target().collection("guests").unwrap().delete_many(doc! {}).into_future()).unwrap();
    block_on(merge().bypass_document_validation(true).into_future()).unwrap();
    assert_eq!(count(&pair.target(), "guests"), 2);
}

#[test]
fn names_choose_what_is_copied() {
    let pair = Pair::new();
    everything(pair.source());
    let copy = || pair.connection().copy_database(&pair.from, &pair.to).existing(ExistingTarget::Drop);
    let names = |report: &actix_mongo::CopyReport| -> Vec<String> {
        report.collections.iter().map(|one| one.name.clone()).chain(report.views.clone()).collect()
    };
    let some = block_on(copy().include(["rooms", "z_high"]).include(["empty"]).into_future()).unwrap();
    assert_eq!(names(&some), ["empty", "rooms", "z_high"]);
    let all_but =
        block_on(copy().exclude(["rooms", "measurements"]).exclude(["a_joined"]).into_future()).unwrap();
    assert!(!names(&all_but).iter().any(|name| ["rooms", "measurements", "a_joined"].contains(&&**name)));
    assert!(names(&all_but).contains(&"log".to_owned()));
    let error = block_on(copy().include(["typo"]).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
    assert!(count(&pair.target(), "log") > 0, "nothing was dropped for a copy that was refused");
}

#[test]
fn indexes_can_be_left_out() {
    let pair = Pair::new();
    everything(pair.source());
    let copy = pair.connection().copy_database(&pair.from, &pair.to).include(["rooms"]).with_indexes(false);
    let report = block_on(copy.into_future()).unwrap();
    assert_eq!(report.indexes(), 0);
    assert_eq!(picture(&pair.target()).indexes["rooms"].len(), 1, "that of _id");
}

#[test]
fn an_existing_target_is_refused_dropped_or_merged_into() {
    let pair = Pair::new();
    pair.fill("rooms", 10);
    fill(&pair.target().collection("rooms").unwrap(), 100..103);
    fill(&pair.target().collection("others").unwrap(), 0..1);
    let before = picture(&pair.target());
    let copy =
        |existing| pair.connection().copy_database(&pair.from, &pair.to).existing(existing).into_future();

    let plain = pair.connection().copy_database(&pair.from, &pair.to);
    let error = block_on(plain.into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::AlreadyExists, "{error}");
    assert_same(&before, &picture(&pair.target()));

    block_on(copy(ExistingTarget::Merge)).unwrap();
    assert_eq!((count(&pair.target(), "rooms"), count(&pair.target(), "others")), (13, 1));

    block_on(copy(ExistingTarget::Drop)).unwrap();
    assert_same(&picture(pair.source()), &picture(&pair.target()));
}

/// Some of them only commands can make.
#[test]
fn whatever_name_a_server_takes_is_copied() {
    let pair = Pair::new();
    for name in ["a.b.c", "Größe", "日本語", "two words", "q'uo\"te", "a..b", "trailing.", "x\\y", "slash/x"]
    {
        let insert = doc! { "insert": name, "documents": [{ "_id": 1 }] };
        block_on(pair.source().run_command(insert).into_future()).unwrap();
        let index = doc! { "createIndexes": name, "indexes": [{ "key": { "a": 1 }, "name": "a" }] };
        block_on(pair.source().run_command(index).into_future()).unwrap();
    }
    let report = block_on(pair.connection().copy_database(&pair.from, &pair.to).into_future()).unwrap();
    assert_eq!((report.documents(), report.indexes()), (9, 9), "{report}");
    let names = |database: Database| {
        let mut names = block_on(database.list_collection_names().into_future()).unwrap();
        names.sort();
        names
    };
    assert_eq!(names(pair.source().clone()), names(pair.target()));
}

#[test]
fn only_like_is_merged_into_like() {
    let pair = Pair::new();
    everything(pair.source());
    let target = pair.target();
    let copy = || pair.connection().copy_database(&pair.from, &pair.to).existing(ExistingTarget::Merge);
    block_on(target.create_collection("rooms").view_on("log".to_owned()).into_future()).unwrap();
    let error = block_on(copy().into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::AlreadyExists, "{error}");
    assert!(error.to_string().contains("rooms"), "{error}");
    assert_eq!(block_on(target.list_collection_names().into_future()).unwrap().len(), 2, "with system.views");
    // The same view, and an index that is there already, are in nobody's way.
    block_on(target.drop().into_future()).unwrap();
    block_on(copy().include(["rooms", "z_high"]).into_future()).unwrap();
    block_on(target.collection("rooms").unwrap().delete_many(doc! {}).into_future()).unwrap();
    let again = block_on(copy().include(["rooms", "z_high"]).into_future()).unwrap();
    assert_eq!((again.views.len(), again.collection("rooms").unwrap().documents), (0, 504));
}

#[test]
fn bad_names_and_arguments_are_told_before_anything_is_sent() {
    let pair = Pair::new();
    pair.fill("rooms", 1);
    let connection = pair.connection();
    let refused = |copy: actix_mongo::operations::CopyDatabase, kind| {
        let error = block_on(copy.into_future()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.copy_report().is_none());
    };
    for name in ["", "a.b", "a b", "a$b", "a/b", "a\0b", &"x".repeat(64)] {
        refused(connection.copy_database(&pair.from, name), Kind::InvalidName);
        refused(connection.copy_database(name, &pair.to), Kind::InvalidName);
    }
    let copy = || connection.copy_database(&pair.from, &pair.to);
    refused(connection.copy_database(&pair.from, &pair.from), Kind::InvalidArgument);
    refused(copy().parallelism(0), Kind::InvalidArgument);
    refused(copy().batch_size(0), Kind::InvalidArgument);
    refused(copy().batch_bytes(0), Kind::InvalidArgument);
    refused(copy().write_concern(WriteConcern::new().w(0)), Kind::InvalidArgument);
    refused(copy().credential(Credential::new("a", "b")), Kind::InvalidArgument);
    refused(copy().from_host("mongodb://:x"), Kind::InvalidUri);
    let names = block_on(connection.list_database_names().into_future()).unwrap();
    assert!(!names.contains(&pair.to));
}

#[test]
fn a_source_that_is_not_there_is_no_empty_copy() {
    let pair = Pair::new();
    fill(&pair.target().collection("precious").unwrap(), 0..1);
    let copy = pair.connection().copy_database(&pair.from, &pair.to).existing(ExistingTarget::Drop);
    let error = block_on(copy.into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
    assert_eq!(count(&pair.target(), "precious"), 1, "a name that is misspelt costs nothing");
}
