//! Retryable reads, prose tests 2 to 4, each named by its number, on scripted servers. (1 is
//! in `prose_pool_cleared`; 5, of waits, in `tests/core/retries.rs`.)

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, label};
use test_support::{Hello, Rule, ScriptedServer, block_on};

use crate::prose_scene::{Watched, answer_in_turn, failure};

const OVERLOAD: [&str; 2] = [label::RETRYABLE, label::SYSTEM_OVERLOADED];

fn find(watched: &Watched) -> actix_mongo::Result<Option<Document>> {
    block_on(watched.things().find_one(doc! {}).into_future())
}

fn router() -> ScriptedServer {
    ScriptedServer::builder().hello(Hello::mongos()).start()
}

#[test]
fn prose_2_1_another_router_gets_the_second_attempt() {
    let routers = [router(), router()];
    for router in &routers {
        router.rule(Rule::on("find").once().reply(failure(6, &[])));
    }
    let uri = format!("mongodb://{},{}/?localThresholdMS=10000", routers[0].address(), routers[1].address());
    let watched = Watched::new(Connection::builder().uri(uri).unwrap(), 2);
    find(&watched).expect_err("both failed once");
    let ends = watched.ends("find");
    assert_eq!(ends.len(), 2);
    assert!(ends[0].0 != ends[1].0 && !ends[0].1 && !ends[1].1, "{ends:?}");
}

#[test]
fn prose_2_2_the_only_router_gets_it_again() {
    let router = router();
    router.rule(Rule::on("find").once().reply(failure(6, &[])));
    let uri = format!("{}?directConnection=false", router.uri());
    let watched = Watched::new(Connection::builder().uri(uri).unwrap(), 1);
    find(&watched).expect("the second attempt");
    let address = router.address().to_string();
    assert_eq!(watched.ends("find"), [(address.clone(), false), (address, true)]);
}

/// A find, preferably on the primary, that fails there once: where it ended, with the
/// primary as 0 and the secondary as 1.
fn ends_on_a_set(options: &str, labels: &[&str]) -> Vec<(usize, bool)> {
    let members = [
        ScriptedServer::start_primary("rs"),
        ScriptedServer::builder().hello(Hello::secondary("rs")).start(),
    ];
    let hosts = members.each_ref().map(|member| member.address().to_string());
    members[0].set_hello(Hello::primary("rs").hosts(hosts.clone()));
    members[1].set_hello(Hello::secondary("rs").hosts(hosts.clone()));
    members[0].rule(Rule::on("find").once().reply(failure(6, labels)));
    let uri =
        format!("mongodb://{}/?replicaSet=rs&readPreference=primaryPreferred{options}", hosts.join(","));
    let watched = Watched::new(Connection::builder().uri(uri).unwrap(), 2);
    find(&watched).expect("the second attempt");
    let member = |address: String| hosts.iter().position(|host| *host == address).expect("one of the two");
    watched.ends("find").into_iter().map(|(address, well)| (member(address), well)).collect()
}

#[test]
fn prose_3_1_an_overloaded_member_is_left_alone_if_that_is_enabled() {
    let ends = ends_on_a_set("&enableOverloadRetargeting=true", &OVERLOAD);
    assert_eq!(ends, [(0, false), (1, true)]);
}

#[test]
fn prose_3_2_other_errors_are_repeated_on_the_same_member() {
    for options in ["", "&enableOverloadRetargeting=true"] {
        assert_eq!(ends_on_a_set(options, &[label::RETRYABLE]), [(0, false), (0, true)]);
    }
}

#[test]
fn prose_3_3_so_are_those_of_overload_if_that_is_not_enabled() {
    for options in ["", "&enableOverloadRetargeting=false"] {
        assert_eq!(ends_on_a_set(options, &OVERLOAD), [(0, false), (0, true)]);
    }
}

#[test]
fn prose_4_one_overload_error_sets_the_number_of_attempts() {
    let server = ScriptedServer::start_primary("rs");
    answer_in_turn(&server, "find", vec![failure(91, &OVERLOAD), failure(91, &[label::RETRYABLE])]);
    let watched = Watched::of_primary(&server);
    let error = find(&watched).expect_err("all failed");
    assert_eq!(error.code(), Some(91));
    assert_eq!(watched.started("find").len(), 3);
}
