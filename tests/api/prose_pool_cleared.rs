//! Retryable reads, prose test 1, and retryable writes, prose test 2: a call that a cleared
//! pool sends away is repeated.

use actix_mongo::bson::doc;
use actix_mongo::events::{CheckOutFailedReason, Event};
use actix_mongo::{Connection, label};
use test_support::{Gate, Rule, ScriptedServer, block_on, poll_until};

use crate::prose_scene::{Watched, failure};
use crate::support::SOON;

fn is_repeated(command: &'static str, labels: &[&str]) {
    let server = ScriptedServer::start_primary("rs");
    let builder = Connection::builder().uri(format!("{}?replicaSet=rs", server.uri())).unwrap();
    let watched = Watched::new(builder.max_pool_size(1), 1);
    // It blocks until both calls are there, and then says that the server shuts down.
    let gate = Gate::new();
    server.rule(Rule::on(command).once().after(&gate).reply(failure(91, labels)));
    let calls = [(); 2].map(|()| {
        let things = watched.things();
        std::thread::spawn(move || match command {
            "find" => block_on(things.find_one(doc! {}).into_future()).map(drop),
            _ => block_on(things.insert_one(doc! {}).into_future()).map(drop),
        })
    });
    poll_until(SOON, "both to ask for the only socket", || {
        let asked = |event: &&Event| matches!(event, Event::ConnectionCheckOutStarted(_));
        watched.events().iter().filter(asked).count() == 2
    });
    gate.open();
    for call in calls {
        call.join().unwrap().unwrap_or_else(|error| panic!("{command}: {error}"));
    }
    let events = watched.events();
    let place = |what: fn(&Event) -> bool| {
        let found: Vec<_> = events.iter().enumerate().filter(|(_, event)| what(event)).collect();
        found.first().map(|(index, _)| *index).unwrap_or_else(|| panic!("not in {events:#?}"))
    };
    let taken = place(|event| matches!(event, Event::ConnectionCheckedOut(_)));
    let cleared = place(|event| matches!(event, Event::PoolCleared(_)));
    let failed = place(|event| match event {
        Event::ConnectionCheckOutFailed(event) => event.reason == CheckOutFailedReason::ConnectionError,
        _ => false,
    });
    assert!(taken < cleared && cleared < failed, "{taken}, {cleared}, {failed} in {events:#?}");
    assert_eq!(watched.started(command).len(), 3);
}

#[test]
fn prose_1_of_retryable_reads() {
    is_repeated("find", &[]);
}

#[test]
fn prose_2_of_retryable_writes() {
    is_repeated("insert", &[label::RETRYABLE_WRITE]);
}
