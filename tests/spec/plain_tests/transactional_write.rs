//! The fail point that the stand-in supplies.

use bson::{Bson, Document, doc};

use crate::plain::transactional_write::{Fate, TransactionalWrite};

fn on(mode: impl Into<Bson>, before_commit: bool) -> TransactionalWrite {
    let mut command = doc! { "configureFailPoint": "onPrimaryTransactionalWrite", "mode": mode.into() };
    if before_commit {
        command.insert("data", doc! { "failBeforeCommitExceptionCode": 1 });
    }
    let mut fail_point = TransactionalWrite::default();
    fail_point.configure(&command).expect("it is known");
    fail_point
}

fn write(name: &str, number: i64) -> Document {
    doc! { name: "coll", "lsid": { "id": 1 }, "txnNumber": number }
}

#[test]
fn a_write_is_done_and_not_answered_and_its_repetition_is() {
    let mut fail_point = on(doc! { "times": 1 }, false);
    assert_eq!(fail_point.judge(&write("update", 1), 1), Fate::CutAfter(1));
    assert_eq!(fail_point.judge(&write("update", 1), 1), Fate::Answered);
    // What was done is not done again, so it is not met again either.
    let mut fail_point = on("alwaysOn", false);
    assert_eq!(fail_point.judge(&write("delete", 1), 1), Fate::CutAfter(1));
    assert_eq!(fail_point.judge(&write("delete", 1), 1), Fate::Answered);
    assert_eq!(fail_point.judge(&write("delete", 2), 1), Fate::CutAfter(1));
}

#[test]
fn a_write_that_fails_before_its_commit_is_met_again() {
    let mut fail_point = on(doc! { "times": 2 }, true);
    for expected in [Fate::CutAfter(0), Fate::CutAfter(0), Fate::Answered] {
        assert_eq!(fail_point.judge(&write("findAndModify", 1), 1), expected);
    }
}

#[test]
fn each_statement_counts_but_those_of_an_insert_are_one() {
    let mut fail_point = on(doc! { "skip": 2 }, true);
    assert_eq!(fail_point.judge(&write("insert", 1), 5), Fate::Answered);
    assert_eq!(fail_point.judge(&write("update", 2), 3), Fate::CutAfter(1));
    // The first is done, and the fail point stays on.
    assert_eq!(fail_point.judge(&write("update", 2), 3), Fate::CutAfter(1));
    assert_eq!(fail_point.judge(&write("insert", 3), 5), Fate::CutAfter(0));

    let mut fail_point = on(doc! { "times": 1 }, false);
    assert_eq!(fail_point.judge(&write("insert", 1), 5), Fate::CutAfter(5));
    assert_eq!(fail_point.judge(&write("insert", 1), 5), Fate::Answered);
}

#[test]
fn only_numbered_writes_outside_of_transactions_are_met() {
    let mut fail_point = on("alwaysOn", false);
    assert_eq!(fail_point.judge(&doc! { "insert": "coll", "lsid": { "id": 1 } }, 1), Fate::Answered);
    let mut of_transaction = write("insert", 1);
    of_transaction.insert("autocommit", false);
    assert_eq!(fail_point.judge(&of_transaction, 1), Fate::Answered);
    fail_point.configure(&doc! { "mode": "off" }).expect("it is known");
    assert_eq!(fail_point.judge(&write("insert", 2), 1), Fate::Answered);
}

#[test]
fn what_it_does_not_know_is_an_error() {
    for command in [
        doc! {},
        doc! { "mode": "sometimes" },
        doc! { "mode": { "activationProbability": 0.5 } },
        doc! { "mode": "alwaysOn", "data": { "closeConnection": false } },
    ] {
        assert!(TransactionalWrite::default().configure(&command).is_err(), "{command}");
    }
}
