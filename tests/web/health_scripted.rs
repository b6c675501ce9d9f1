//! What readiness asks a server for, and how often.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::bson::oid::ObjectId;
use actix_mongo::{Access, Connection, Kind, ServerKind};
use test_support::scripted::{CommandRecord, Log};
use test_support::{Gate, Hello, Rule, ScriptedServer, block_on, poll_until};

use crate::host::{SOON, connect};

/// A question that is under way.
type Running = Pin<Box<dyn Future<Output = actix_mongo::Result<()>> + Send>>;

const BUDGET: Duration = Duration::from_millis(300);

fn ready(connection: &Connection, access: Access) -> Result<(), Kind> {
    block_on(connection.ready(access, BUDGET)).map_err(|error| error.kind())
}

#[test]
fn it_takes_a_socket_of_its_own_and_keeps_it() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server.uri());
    ready(&connection, Access::Writes).unwrap();
    let sockets = server.log().connections.len();
    let hellos = server.log().count("hello");
    for _ in 0..10 {
        ready(&connection, Access::Writes).unwrap();
    }
    let log = server.log();
    // One that measures round trips may come meanwhile.
    assert!(log.connections.len() <= sockets + 1, "{:?}", log.connections);
    assert!(log.count("hello") >= hellos + 10);
    assert_eq!(log.names(), [""; 0], "nothing went through the pool");
    assert_eq!(log.protocol_errors, [""; 0]);
    block_on(connection.close(Duration::from_secs(1)));
    server.wait_for(|log| log.open_connections() == 0, SOON);
}

/// All hellos but the monitor's, which streams.
fn asks(it: &CommandRecord) -> bool {
    it.is_hello() && !it.body.contains_key("maxAwaitTimeMS")
}

fn asked(log: &Log) -> usize {
    log.commands.iter().filter(|it| asks(it)).count()
}

#[test]
fn questions_at_the_same_time_share_an_answer() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server.uri());
    ready(&connection, Access::Writes).unwrap();
    let gate = Gate::new();
    server.rule(Rule::any().when(asks).after(&gate));
    let before = asked(&server.log());
    let question = || connection.ready(Access::Writes, Duration::from_secs(20));
    let mut questions = vec![question()];
    let poll = |question: &mut Running| {
        let mut task = Context::from_waker(Waker::noop());
        assert!(question.as_mut().poll(&mut task).is_pending());
    };
    poll(&mut questions[0]);
    server.wait_for(|log| asked(log) > before, SOON);
    for _ in 0..50 {
        questions.push(question());
        poll(questions.last_mut().unwrap());
    }
    gate.open();
    for question in questions {
        block_on(question).unwrap();
    }
    // The first one's; one or two for the others; and the round trip's, if it is due.
    let count = asked(&server.log()) - before;
    assert!((2..8).contains(&count), "{count}");
    block_on(connection.close(Duration::from_secs(1)));
}

/// A hello that is swallowed holds up him who asked it, if he wants to wait so long; others after
/// him had waited as long as he did.
#[test]
fn a_patient_question_that_is_not_answered_holds_up_no_other() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server.uri());
    ready(&connection, Access::Writes).unwrap();
    let log = server.log();
    let before = asked(&log);
    // Not the socket that measures round trips.
    let kept = log.commands.iter().rfind(|it| asks(it)).unwrap().connection;
    server.rule(Rule::any().when(move |it| it.connection == kept).never_answer());
    let mut patient = connection.ready(Access::Writes, Duration::from_secs(3600));
    let mut task = Context::from_waker(Waker::noop());
    assert!(patient.as_mut().poll(&mut task).is_pending());
    server.wait_for(|log| asked(log) > before, SOON);
    let other = connection.ready(Access::Writes, Duration::from_secs(2));
    block_on(other).unwrap();
    block_on(patient).unwrap();
    block_on(connection.close(Duration::from_secs(1)));
}

#[test]
fn a_socket_that_died_meanwhile_is_replaced() {
    let server = ScriptedServer::start_primary("rs");
    let connection = connect(&server.uri());
    ready(&connection, Access::Writes).unwrap();
    server.close_all();
    server.wait_for(|log| log.connections.iter().any(|it| it.end.is_some()), SOON);
    let outcome = block_on(connection.ready(Access::Writes, SOON));
    outcome.unwrap();
    block_on(connection.close(Duration::from_secs(1)));
}

#[test]
fn reads_go_by_the_read_preference_and_writes_need_a_primary() {
    let server = ScriptedServer::builder().hello(Hello::secondary("rs")).start();
    let lazy = |options: &str| {
        let string = format!("{}?replicaSet=rs&{options}", server.uri());
        Connection::connect_lazy(string).unwrap()
    };
    let secondary = lazy("readPreference=secondaryPreferred");
    block_on(secondary.ready(Access::Reads, SOON)).unwrap();
    assert_eq!(ready(&secondary, Access::Writes), Err(Kind::ServerSelection));
    let primary = lazy("readPreference=primary");
    assert_eq!(ready(&primary, Access::Reads), Err(Kind::ServerSelection));
}

#[test]
fn one_answer_of_several_servers_is_enough() {
    let gate = Gate::new();
    let [well, silent] = [(); 2].map(|()| ScriptedServer::builder().hello(Hello::mongos()).start());
    let string = format!("mongodb://{},{}/", well.address(), silent.address());
    let connection = connect(&string);
    let known = || connection.state().servers.iter().all(|server| server.kind == ServerKind::Mongos);
    poll_until(SOON, "both to be known", known);
    silent.rule(Rule::any().when(CommandRecord::is_hello).after(&gate));
    for _ in 0..10 {
        ready(&connection, Access::Writes).unwrap();
    }
    well.rule(Rule::any().when(CommandRecord::is_hello).after(&gate));
    assert_eq!(ready(&connection, Access::Writes), Err(Kind::Timeout));
    gate.open();
    block_on(connection.ready(Access::Writes, SOON)).unwrap();
}

#[test]
fn a_load_balancer_is_asked_although_nobody_watches_it() {
    let server = ScriptedServer::start();
    let hello = doc! {
        "ok": 1, "isWritablePrimary": true, "msg": "isdbgrid", "minWireVersion": 0, "maxWireVersion": 25,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
        "serviceId": ObjectId::from_bytes([1; 12]),
    };
    server.rule(Rule::any().when(CommandRecord::is_hello).reply(hello));
    let connection = connect(&format!("{}?loadBalanced=true", server.uri()));
    assert_eq!(server.log().connections.len(), 0);
    for _ in 0..3 {
        ready(&connection, Access::Writes).unwrap();
    }
    let log = server.log();
    assert_eq!((log.connections.len(), log.commands.len(), log.names().len()), (1, 3, 0));
    server.clear_rules();
    server.rule(Rule::any().when(CommandRecord::is_hello).never_answer());
    assert_eq!(ready(&connection, Access::Writes), Err(Kind::Timeout));
    block_on(connection.close(Duration::from_secs(1)));
    server.wait_for(|log| log.open_connections() == 0, SOON);
}
