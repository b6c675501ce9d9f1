//! Liveness and readiness of an application whose server freezes, dies and comes back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::web::{Health, liveness, readiness};
use actix_mongo::{Access, Connection, Kind};
use actix_web::web::{Data, get as method_get};
use test_support::{block_on, poll_until};

use crate::host::{AMPLE, Host, SOON, Under, connect, real, uri};
use crate::http::{Answer, get};

/// What a busy machine may add to a budget.
const SLACK: Duration = Duration::from_millis(500);
const BUDGET: Duration = Duration::from_millis(400);

fn host(connection: &Connection, health: Health) -> Host {
    Host::start(Under::Actix, AMPLE, connection.clone(), move |app| {
        app.service(health.clone());
    })
}

/// The status and the body, which has nothing else in it.
#[track_caller]
fn short(answer: &Answer) -> (u16, &str) {
    assert!(answer.head.contains("cache-control: no-store"), "{answer:?}");
    let word = answer.body.strip_prefix(r#"{"status":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
    (answer.status, word.unwrap_or_else(|| panic!("{answer:?}")))
}

/// Asks whether it is ready, and holds the answer to its budget.
#[track_caller]
fn ready(address: SocketAddr) -> bool {
    let begin = Instant::now();
    let answer = get(address, "/health/ready");
    let took = begin.elapsed();
    assert!(took < BUDGET + SLACK, "{took:?}");
    match short(&answer) {
        (200, "ready") => true,
        (503, "unavailable") => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_ready_while_its_server_answers_and_only_then() {
    let mut server = real();
    let connection = connect(&server.uri());
    let host = host(&connection, Health::new(&connection).budget(BUDGET));
    let address = host.address;
    let alive = || short(&get(address, "/health/live")) == (200, "alive");

    assert!(alive() && ready(address));
    server.freeze().unwrap();
    // What is known of the server has not changed: its monitor waits for news.
    assert_eq!(connection.state().servers[0].error.as_ref().map(ToString::to_string), None);
    for _ in 0..3 {
        assert!(alive() && !ready(address), "frozen");
    }
    server.thaw().unwrap();
    poll_until(SOON, "the thawed server to be ready", || ready(address));

    server.kill().unwrap();
    assert!(alive() && !ready(address), "killed");
    server.restart().unwrap();
    poll_until(SOON, "the restarted server to be ready", || ready(address));

    let took = host.end();
    assert!(took < AMPLE.grace, "{took:?}");
}

#[test]
fn a_closed_connection_is_neither_alive_nor_ready() {
    let connection = connect(&uri());
    let other = connect(&uri());
    let host = host(&other, Health::new(&connection));
    block_on(connection.close(Duration::from_secs(1)));
    for route in ["/health/live", "/health/ready"] {
        assert_eq!(short(&get(host.address, route)), (503, "closed"));
    }
    let error = block_on(connection.ready(Access::Writes, BUDGET)).unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
    host.end();
}

#[test]
fn details_are_shown_only_if_that_was_asked_for() {
    let server = real();
    let connection = connect(&server.uri());
    let host = host(&connection, Health::new(&connection).path("/ops").details(true));
    let answer = get(host.address, "/ops/ready");
    let read: Document = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, read.get_str("status").unwrap()), (200, "ready"));
    let shown = read.get_array("servers").unwrap()[0].as_document().unwrap();
    assert_eq!(shown.get_str("address").unwrap(), server.address().to_string());
    assert_eq!(shown.get_str("kind").unwrap(), "RSPrimary");
    assert_eq!(shown.get_document("pool").unwrap().get_str("state").unwrap(), "ready");
    assert_eq!(get(host.address, "/health/ready").status, 404);
    host.end();
}

#[test]
fn the_handlers_take_the_connection_from_the_application_s_data() {
    let connection = connect(&uri());
    let data = Data::new(connection.clone());
    let host = Host::start(Under::Tokio, AMPLE, connection, move |app| {
        app.app_data(data.clone())
            .route("/livez", method_get().to(liveness))
            .route("/readyz", method_get().to(readiness));
    });
    assert_eq!(short(&get(host.address, "/livez")), (200, "alive"));
    assert_eq!(short(&get(host.address, "/readyz")), (200, "ready"));
    host.end();
}

#[test]
fn a_full_pool_neither_hinders_nor_is_hindered() {
    let server = real();
    let connection =
        block_on(Connection::builder().uri(server.uri()).unwrap().max_pool_size(1).connect()).unwrap();
    let host = host(&connection, Health::new(&connection).budget(BUDGET));
    let admin = connection.database("admin").unwrap();
    let things = connection.database("health").unwrap().collection("things").unwrap();
    block_on(async {
        let block = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 3000 };
        let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": block };
        admin.run_command(fail).await.unwrap();
    });
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| block_on(things.find_one(doc! {}).into_future()));
        let pool = || connection.state().servers[0].pool.clone().unwrap();
        poll_until(SOON, "the pool to be full", || pool().in_flight == 1);
        for _ in 0..5 {
            assert!(ready(host.address));
            let pool = pool();
            assert_eq!((pool.total, pool.in_flight, pool.queued, pool.pending), (1, 1, 0, 0));
        }
        slow.join().unwrap().unwrap();
    });
    host.end();
}
