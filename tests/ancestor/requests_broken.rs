//! A request never takes another socket by itself: when its own breaks it says so.

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Error, Kind, ReadMode, ReadPreference, label};
use test_support::{Gate, Hello, Rule, ScriptedServer, block_on, poll_until};

use crate::requests_scene::{Call, begin, find, ping, run, scene};
use crate::support::SOON;

/// With a second socket idle, which nothing may be sent over.
#[test]
fn when_the_socket_breaks_the_request_says_so_until_it_is_pinned_again() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    block_on(ping(&scene.connection)).unwrap();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate).reset());
    let mut calls: Vec<Call> = (0..4).map(|_| run(&request, doc! { "buildInfo": 1 })).collect();
    calls.iter_mut().for_each(begin);
    scene.server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    assert!(request.lost().is_none() && request.in_request());
    gate.open();
    let errors: Vec<Error> = calls.into_iter().map(|call| block_on(call).unwrap_err()).collect();
    for error in &errors {
        assert_eq!((error.kind(), error.is_network()), (Kind::AutoReconnect, true), "{error}");
        assert!(error.to_string().contains("repin"), "{error}");
    }
    let ran: Vec<bool> = errors.iter().map(Error::may_have_run).collect();
    assert_eq!(ran, [true, false, false, false], "the others had not been sent");
    let lost = find(&request).unwrap_err();
    assert_eq!((lost.kind(), lost.may_have_run()), (Kind::AutoReconnect, false));
    assert_eq!(request.lost().unwrap().kind(), Kind::AutoReconnect);
    let log = scene.server.log();
    assert_eq!((log.count("buildInfo"), log.count("find")), (1, 0));
    block_on(request.repin()).unwrap();
    assert!(request.lost().is_none());
    find(&request).unwrap();
    find(&request).unwrap();
    let places = scene.places("find");
    assert_eq!(places, [places[0]; 2]);
    assert_ne!(places[0], scene.places("buildInfo")[0]);
    block_on(request.repin()).unwrap();
    find(&request).unwrap();
    assert_eq!(scene.places("find").pop(), Some(places[0]), "the socket was there");
    drop(request);
    scene.assert_at_rest();
}

#[test]
fn a_socket_that_broke_while_it_was_idle_is_missed_by_the_next_call() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    block_on(ping(&request)).unwrap();
    let place = *scene.places("ping").last().unwrap();
    assert!(scene.server.close_connection(place));
    poll_until(SOON, "the socket to be gone", || scene.pool().leased == 0);
    assert!(request.lost().is_none(), "nobody has looked");
    let error = find(&request).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::AutoReconnect, false), "{error}");
    assert!(error.to_string().contains("repin"), "{error}");
    assert_eq!(scene.server.log().count("find"), 0);
    // Known or not: it is looked at.
    block_on(request.repin()).unwrap();
    find(&request).unwrap();
}

/// The socket that the first of them takes is the only one.
#[test]
fn tasks_that_pin_it_again_at_once_are_ready_together() {
    let scene = scene(|it| it.max_pool_size(1).server_selection_timeout(SOON / 2));
    let request = scene.request();
    for _ in 0..10 {
        block_on(ping(&request)).unwrap();
        let place = *scene.places("ping").last().unwrap();
        assert!(scene.server.close_connection(place));
        poll_until(SOON, "the socket to be gone", || scene.pool().leased == 0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| block_on(request.repin()).unwrap());
            }
        });
    }
    block_on(ping(&request)).unwrap();
    drop(request);
    scene.assert_at_rest();
}

#[test]
fn a_request_that_ends_is_not_pinned_again() {
    let scene = scene(|builder| builder.max_pool_size(1));
    let request = scene.request();
    let place = *scene.places("ping").last().unwrap();
    assert!(scene.server.close_connection(place));
    poll_until(SOON, "the socket to be gone", || scene.pool().leased == 0);
    let other = scene.request();
    let mut repin = request.repin();
    begin(&mut repin);
    request.end_request();
    block_on(repin).unwrap();
    drop(other);
    scene.assert_at_rest();
}

/// It waits for a socket of a pool that is cleared, and sends nothing that could be repeated.
#[test]
fn a_request_that_waits_is_started_when_the_server_is_back() {
    let scene = scene(|builder| builder.max_pool_size(1));
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate).reset());
    let mut busy = run(&scene.connection, doc! { "buildInfo": 1 });
    begin(&mut busy);
    let mut start = scene.connection.start_request().into_future();
    begin(&mut start);
    gate.open();
    block_on(busy).unwrap_err();
    let request = block_on(start).unwrap();
    block_on(ping(&request)).unwrap();
}

/// Each that is answered gives the next its turn, which would be answered at once.
#[test]
fn a_long_line_in_front_of_a_socket_that_broke_falls_at_once() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    let gate = Gate::new();
    scene.server.rule(Rule::on("buildInfo").once().after(&gate).close());
    let mut calls: Vec<Call> = (0..5000).map(|_| run(&request, doc! { "buildInfo": 1 })).collect();
    calls.iter_mut().for_each(begin);
    gate.open();
    let mut ran = 0;
    for call in calls {
        let error = block_on(call).unwrap_err();
        assert_eq!(error.kind(), Kind::AutoReconnect, "{error}");
        ran += usize::from(error.may_have_run());
    }
    assert_eq!(ran, 1);
    drop(request);
    scene.assert_at_rest();
}

#[test]
fn nothing_is_repeated_but_what_an_overloaded_server_refused() {
    let scene = scene(|builder| builder);
    let request = scene.request();
    scene.server.rule(Rule::on("find").once().fail(11600, "InterruptedAtShutdown"));
    assert_eq!(find(&request).unwrap_err().code(), Some(11600));
    assert_eq!(scene.server.log().count("find"), 1);
    // The server was made unknown by that, and the pool cleared; the socket is still there.
    let overloaded = doc! {
        "ok": 0, "code": 462, "codeName": "IngressRequestRateLimitExceeded", "errmsg": "too much to do",
        "errorLabels": [label::SYSTEM_OVERLOADED, label::RETRYABLE],
    };
    scene.server.rule(Rule::on("find").once().reply(overloaded));
    find(&request).unwrap();
    let places = scene.places("find");
    assert_eq!(places, [places[0]; 3]);
}

#[test]
fn a_request_is_where_it_was_started_whatever_its_calls_prefer() {
    let (primary, secondary) = (ScriptedServer::start_primary("rs"), ScriptedServer::start());
    let hosts = [primary.address().to_string(), secondary.address().to_string()];
    primary.set_hello(Hello::primary("rs").hosts(hosts.clone()));
    let of_set = Hello::secondary("rs").hosts(hosts).with("primary", primary.address().to_string());
    secondary.set_hello(of_set);
    let uri = format!("{}?replicaSet=rs", primary.uri());
    let connection = block_on(Connection::connect(uri)).unwrap();
    let (to_primary, to_secondary) =
        (ReadPreference::new(ReadMode::Primary), ReadPreference::new(ReadMode::Secondary));
    let request = block_on(connection.start_request().into_future()).unwrap();
    assert_eq!(request.server().to_string(), primary.address().to_string());
    find(&request.with_read_preference(to_secondary.clone())).unwrap();
    let there = connection.start_request().read_preference(to_secondary);
    let there = block_on(there.into_future()).unwrap();
    assert_eq!(there.server().to_string(), secondary.address().to_string());
    find(&there).unwrap();
    find(&there.with_read_preference(to_primary)).unwrap();
    secondary.rule(Rule::on("insert").fail(10107, "NotWritablePrimary"));
    let things = there.database("d").unwrap().collection("c").unwrap();
    let error = block_on(things.insert_one(doc! {}).into_future()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(10107), 1), "{error}");
    let sent = |server: &ScriptedServer| {
        let mode = |find: &Document| {
            find.get_document("$readPreference").map(|it| it.get_str("mode").unwrap().to_owned())
        };
        server.log().commands_named("find").map(|it| mode(&it.body).ok()).collect::<Vec<_>>()
    };
    let preferred = Some("secondary".to_owned());
    assert_eq!((sent(&primary), sent(&secondary)), (vec![preferred.clone()], vec![preferred, None]));
    assert_eq!((primary.log().count("insert"), secondary.log().count("insert")), (0, 1));
}
