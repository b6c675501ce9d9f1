//! Retryable writes, prose tests 1 and 3 to 6, each named by its number, on scripted servers.
//! (2 is in `prose_pool_cleared`; case 5 of 6, of waits, in `tests/core/retries.rs`.)

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Error, label};
use test_support::{Hello, Rule, ScriptedServer, block_on};

use crate::prose_scene::{Watched, answer_in_turn, failure};

const OVERLOAD: [&str; 2] = [label::RETRYABLE, label::SYSTEM_OVERLOADED];
const NOTHING_DONE: [&str; 3] = [label::RETRYABLE, label::SYSTEM_OVERLOADED, label::NO_WRITES_PERFORMED];

fn insert(watched: &Watched) -> actix_mongo::Result<()> {
    block_on(watched.things().insert_one(doc! {}).into_future()).map(drop)
}

/// The error of an insert whose attempts are answered so, and their number.
fn insert_that_gets(replies: Vec<Document>) -> (Error, usize) {
    let server = ScriptedServer::start_primary("rs");
    answer_in_turn(&server, "insert", replies);
    let watched = Watched::of_primary(&server);
    let error = insert(&watched).expect_err("all failed");
    (error, watched.started("insert").len())
}

#[test]
fn prose_1_an_engine_without_numbers_is_explained() {
    let reply = doc! { "ok": 0.0, "code": 20, "errmsg": "Transaction numbers are only allowed on a replica set member" };
    let (error, attempts) = insert_that_gets(vec![reply]);
    assert_eq!((error.code(), attempts), (Some(20), 1));
    let sentence = "This MongoDB deployment does not support retryable writes. \
                    Please add retryWrites=false to your connection string.";
    assert!(error.to_string().contains(sentence), "{error}");
}

#[test]
fn prose_3_the_write_concern_error_is_told_if_the_repetition_did_nothing() {
    let unmet = doc! {
        "ok": 1.0, "n": 1, "errorLabels": [label::RETRYABLE_WRITE],
        "writeConcernError": { "code": 91, "errmsg": "as the story wants it" },
    };
    let second = failure(10107, &[label::RETRYABLE_WRITE, label::NO_WRITES_PERFORMED]);
    let (error, attempts) = insert_that_gets(vec![unmet, second]);
    assert_eq!((error.code(), attempts), (Some(91), 2));
}

fn router() -> ScriptedServer {
    ScriptedServer::builder().hello(Hello::mongos()).start()
}

#[test]
fn prose_4_another_router_gets_the_second_attempt() {
    let routers = [router(), router()];
    for router in &routers {
        router.rule(Rule::on("insert").once().reply(failure(6, &[label::RETRYABLE_WRITE])));
    }
    let uri = format!("mongodb://{},{}/?localThresholdMS=10000", routers[0].address(), routers[1].address());
    let watched = Watched::new(Connection::builder().uri(uri).unwrap(), 2);
    insert(&watched).expect_err("both failed once");
    let ends = watched.ends("insert");
    assert_eq!(ends.len(), 2);
    assert!(ends[0].0 != ends[1].0 && !ends[0].1 && !ends[1].1, "{ends:?}");
}

#[test]
fn prose_5_the_only_router_gets_it_again() {
    let router = router();
    router.rule(Rule::on("insert").once().close());
    let uri = format!("{}?directConnection=false", router.uri());
    let watched = Watched::new(Connection::builder().uri(uri).unwrap(), 1);
    insert(&watched).expect("the second attempt");
    let address = router.address().to_string();
    assert_eq!(watched.ends("insert"), [(address.clone(), false), (address, true)]);
}

#[test]
fn prose_6_case_1_the_latest_error_is_told() {
    let (error, _) = insert_that_gets(vec![failure(91, &OVERLOAD), failure(10107, &OVERLOAD)]);
    assert_eq!(error.code(), Some(10107));
}

#[test]
fn prose_6_case_2_the_first_is_told_if_none_did_anything() {
    let (error, _) = insert_that_gets(vec![failure(91, &NOTHING_DONE), failure(10107, &NOTHING_DONE)]);
    assert_eq!(error.code(), Some(91));
}

#[test]
fn prose_6_case_3_an_error_by_which_something_may_be_done_is_told() {
    let (error, _) = insert_that_gets(vec![failure(91, &OVERLOAD), failure(91, &NOTHING_DONE)]);
    assert_eq!(error.code(), Some(91));
    assert!(!error.has_label(label::NO_WRITES_PERFORMED));
}

#[test]
fn prose_6_case_4_one_overload_error_sets_the_number_of_attempts() {
    let plain = failure(91, &[label::RETRYABLE, label::RETRYABLE_WRITE]);
    let (_, attempts) = insert_that_gets(vec![failure(91, &OVERLOAD), plain]);
    assert_eq!(attempts, 3);
}
