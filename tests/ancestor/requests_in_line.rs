//! Calls of one request wait for each other: in order, as long as they may, and no longer.

use std::time::Duration;

use actix::{Arbiter, System};
use actix_mongo::Kind;
use actix_mongo::bson::doc;
use test_support::{DropAfter, Gate, Rule, block_on};

use crate::requests_scene::{Call, begin, ping, run, scene};
use crate::support::SOON;

#[test]
fn calls_of_several_tasks_go_out_in_the_order_in_which_they_began() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate));
    let mut calls: Vec<Call> =
        (0..20).map(|number| run(&request, doc! { "buildInfo": 1, "number": number })).collect();
    calls.iter_mut().for_each(begin);
    gate.open();
    // Nobody polls the others: the turns go on all the same.
    block_on(calls.pop().unwrap()).unwrap();
    let log = scene.server.log();
    let order: Vec<i32> =
        log.commands_named("buildInfo").map(|it| it.body.get_i32("number").unwrap()).collect();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
    assert_eq!(log.used_connections().len(), 1);
    request.end_request();
    scene.assert_at_rest();
}

#[test]
fn a_call_that_is_dropped_in_the_line_is_not_sent() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate));
    let mut calls: Vec<Call> =
        (0..5).map(|number| run(&request, doc! { "buildInfo": 1, "number": number })).collect();
    calls.iter_mut().for_each(begin);
    drop(calls.remove(2));
    gate.open();
    for call in calls {
        block_on(call).unwrap();
    }
    let log = scene.server.log();
    let sent: Vec<i32> =
        log.commands_named("buildInfo").map(|it| it.body.get_i32("number").unwrap()).collect();
    assert_eq!(sent, [0, 1, 3, 4]);
}

#[test]
fn a_call_that_is_dropped_at_any_poll_leaves_the_request_whole() {
    let scene = scene(|builder| builder.max_pool_size(1));
    let request = scene.request();
    for polls in 0.. {
        let done = block_on(DropAfter::new(polls, run(&request, doc! { "buildInfo": 1 }))).is_some();
        block_on(ping(&request)).unwrap();
        if done {
            break;
        }
    }
    let places = scene.places("ping");
    assert_eq!(places, vec![places[0]; places.len()]);
    drop(request);
    scene.assert_at_rest();
}

#[test]
fn a_call_that_runs_out_of_time_costs_the_socket_only_if_it_was_sent() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").after(&gate));
    let mut first = run(&request, doc! { "buildInfo": 1 });
    begin(&mut first);
    let short = Duration::from_millis(30);
    let error = block_on(ping(&request.with_timeout(short))).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::Timeout, false), "{error}");
    assert!(error.to_string().contains("earlier call"), "{error}");
    gate.open();
    block_on(first).unwrap();
    block_on(ping(&request)).unwrap();
    scene.server.rule(Rule::on("listCommands").never_answer());
    let error = block_on(run(&request.with_timeout(short), doc! { "listCommands": 1 })).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::Timeout, true), "{error}");
    assert!(error.to_string().contains("repin"), "{error}");
    assert_eq!(block_on(ping(&request)).unwrap_err().kind(), Kind::AutoReconnect);
    block_on(request.repin()).unwrap();
    block_on(ping(&request)).unwrap();
}

#[test]
fn a_wait_in_the_line_is_one_for_a_socket() {
    let scene = scene(|builder| builder.wait_queue_timeout(Duration::from_millis(30)));
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate));
    let mut first = run(&request, doc! { "buildInfo": 1 });
    begin(&mut first);
    let error = block_on(ping(&request)).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::WaitQueueTimeout, false), "{error}");
    gate.open();
    block_on(first).unwrap();
}

#[test]
fn the_line_has_a_bound() {
    let scene = scene(|builder| builder.max_queued_requests(2));
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate));
    let mut calls: Vec<Call> = (0..3).map(|_| run(&request, doc! { "buildInfo": 1 })).collect();
    calls.iter_mut().for_each(begin);
    assert_eq!(block_on(ping(&request)).unwrap_err().kind(), Kind::QueueFull);
    gate.open();
    for call in calls {
        block_on(call).unwrap();
    }
    assert_eq!(scene.server.log().count("buildInfo"), 3);
}

#[test]
fn on_lent_arbiters_calls_end_in_time_in_the_line_as_well() {
    let system = System::new();
    let arbiter = system.block_on(async { Arbiter::new() });
    let scene = scene(|builder| builder.lend_arbiters([arbiter.handle()]));
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate));
    let mut first = run(&request, doc! { "buildInfo": 1 });
    begin(&mut first);
    let hasty = request.with_timeout(Duration::from_millis(30));
    let error = block_on(ping(&hasty)).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::Timeout, false), "{error}");
    // In line when the arbiter blocks, and submitted then: nobody there looks at the clock.
    let (enter, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    arbiter.spawn_fn(move || {
        enter.send(()).unwrap();
        let _ = left.recv();
    });
    entered.recv().unwrap();
    gate.open();
    let error = block_on(ping(&hasty)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    leave.send(()).unwrap();
    block_on(first).unwrap();
    block_on(ping(&request)).unwrap();
    drop(request);
    block_on(scene.connection.close(SOON));
    arbiter.stop();
    arbiter.join().unwrap();
}
