//! The end of an application: its requests, then its connection, within one grace.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::web::run;
use actix_mongo::{Connection, Kind, Result};
use actix_web::web::{Data, Json, get as method_get};
use actix_web::{App, HttpServer};
use test_support::{Gate, Rule, ScriptedServer, block_on, poll_until};

use crate::host::{AMPLE, Host, SOON, Times, Under, connect};
use crate::http::{get, try_get};

/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(500);

async fn find(connection: Data<Connection>) -> Result<Json<Option<Document>>> {
    let things = connection.database("d")?.collection("things")?;
    Ok(Json(things.find_one(doc! {}).await?))
}

fn start(under: Under, times: Times, connection: &Connection) -> Host {
    let data = Data::new(connection.clone());
    Host::start(under, times, connection.clone(), move |app| {
        app.app_data(data.clone()).route("/", method_get().to(find));
    })
}

fn wait_for_finds(server: &ScriptedServer, count: usize) {
    server.wait_for(|log| log.count("find") == count, SOON);
}

#[track_caller]
fn all_is_gone(server: &ScriptedServer) {
    server.wait_for(|log| log.open_connections() == 0, SOON);
    assert_eq!(server.log().protocol_errors, [""; 0]);
}

#[test]
fn requests_under_way_finish_and_then_the_sockets_go() {
    for under in Under::ALL {
        let server = ScriptedServer::start_primary("rs");
        let gate = Gate::new();
        server.rule(Rule::on("find").after(&gate));
        let connection = connect(&server.uri());
        let host = start(under, AMPLE, &connection);
        let address = host.address;
        thread::scope(|scope| {
            let visitors: Vec<_> = (0..4).map(|_| scope.spawn(move || get(address, "/"))).collect();
            wait_for_finds(&server, 4);
            host.stop();
            poll_until(SOON, "new visitors to be turned away", || TcpStream::connect(address).is_err());
            assert!(!connection.is_closed(), "the connection works for those under way");
            gate.open();
            for visitor in visitors {
                assert_eq!(visitor.join().unwrap().status, 200);
            }
        });
        host.ended();
        assert!(connection.is_closed());
        all_is_gone(&server);
    }
}

#[test]
fn a_request_that_hangs_is_left_behind() {
    // By the HTTP server's own timeout, and by the grace where that comes first.
    let second = Duration::from_secs(1);
    for times in [Times { shutdown: 1, grace: 4 * second }, Times { shutdown: 30, grace: 2 * second }] {
        for under in Under::ALL {
            let server = ScriptedServer::start_primary("rs");
            server.rule(Rule::on("find").never_answer());
            let connection = connect(&server.uri());
            let host = start(under, times, &connection);
            let address = host.address;
            let visitor = thread::spawn(move || try_get(address, "/"));
            wait_for_finds(&server, 1);
            let took = host.end();
            assert!(took < times.grace + SLACK, "{under:?}, {times:?}: {took:?}");
            assert!(connection.is_closed());
            assert!(visitor.join().unwrap().is_err(), "it got no answer");
            all_is_gone(&server);
        }
    }
}

#[test]
fn calls_of_the_application_elsewhere_do_not_hold_it_up() {
    let server = ScriptedServer::start_primary("rs");
    server.rule(Rule::on("find").never_answer());
    let connection = connect(&server.uri());
    let times = Times { shutdown: 1, grace: Duration::from_secs(2) };
    let host = start(Under::Actix, times, &connection);
    let things = connection.database("d").unwrap().collection("things").unwrap();
    let elsewhere = thread::spawn(move || block_on(things.find_one(doc! {}).into_future()));
    wait_for_finds(&server, 1);
    assert_eq!(try_get(host.address, "/none").unwrap().status, 404);
    let took = host.end();
    assert!(took < times.grace + SLACK, "{took:?}");
    let error = elsewhere.join().unwrap().unwrap_err();
    assert!(matches!(error.kind(), Kind::Closed | Kind::AutoReconnect), "{error}");
    all_is_gone(&server);
}

#[test]
fn a_server_stopped_by_its_own_handle_ends_the_connection_too() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server.uri());
    let kept = connection.clone();
    let begin = Instant::now();
    let result = Under::Actix.block_on(async move {
        let http = HttpServer::new(App::new).workers(1).disable_signals();
        let http = http.bind("127.0.0.1:0").unwrap().run();
        let handle = http.handle();
        // Stopped by its own handle, before it has begun.
        drop(handle.stop(true));
        run(http, connection, AMPLE.grace).await
    });
    result.unwrap();
    assert!(begin.elapsed() < AMPLE.grace);
    assert!(kept.is_closed());
    all_is_gone(&server);
}
