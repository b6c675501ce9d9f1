//! How servers are watched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_mongo::Kind;
use actix_mongo::actors::monitor::MonitoringMode;
use actix_mongo::actors::snapshot::Snapshot;
use actix_mongo::topology::ServerKind;
use bson::doc;
use test_support::scripted::CommandRecord;
use test_support::wire::EXHAUST_ALLOWED;
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::{Client, SOON, address, command, connect, soon, story};

const FOREVER: Duration = Duration::from_secs(600);
/// The least heartbeat there is.
const OFTEN: Duration = Duration::from_millis(500);

fn asks(command: &CommandRecord) -> bool {
    command.body.contains_key("topologyVersion")
}

async fn until_set_version(client: &Client, version: i64) {
    let mut snapshots = client.core().snapshots.clone();
    let known = |picture: &Arc<Snapshot>| {
        picture
            .topology
            .servers
            .values()
            .any(|it| it.hello.as_ref().and_then(|it| it.set_version) == Some(version))
    };
    soon(snapshots.wait_for(known)).await.expect("the connection lives");
}

#[test]
fn a_server_without_a_topology_version_is_asked_every_heartbeat() {
    story(async {
        let server = ScriptedServer::start();
        let _client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = OFTEN);
        let began = Instant::now();
        server.until(|log| log.commands.len() == 4, SOON).await;
        assert!(began.elapsed() >= 3 * OFTEN);
        let log = server.log();
        assert_eq!(log.connections.len(), 1, "one socket, and none to measure round trips");
        let names: Vec<&str> = log.commands.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["isMaster", "hello", "hello", "hello"]);
        assert!(log.commands.iter().all(|it| !asks(it) && it.flags == 0));
    });
}

#[test]
fn a_server_that_streams_is_asked_once_and_tells_of_each_change() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = FOREVER);
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        for version in 2..6_i64 {
            server.set_hello(Hello::primary("rs").with("setVersion", version));
            until_set_version(&client, version).await;
        }
        server.set_hello(Hello::secondary("rs"));
        client.until_kind(&address(&server), ServerKind::RsSecondary).await;
        let log = server.log();
        let asked: Vec<_> = log.commands.iter().filter(|it| asks(it)).collect();
        assert_eq!(asked.len(), 1, "one request, many replies");
        assert_eq!(asked[0].flags, EXHAUST_ALLOWED);
        assert_eq!(asked[0].body.get_i64("maxAwaitTimeMS").unwrap(), 600_000);
        assert_eq!(asked[0].connection, 1);
        // The second socket measures round trips, with questions of its own.
        server.until(|log| log.connections.len() == 2, SOON).await;
    });
}

#[test]
fn a_stream_goes_on_when_nothing_changes() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| {
            options.dispatch.heartbeat_frequency = OFTEN;
            options.connect_timeout = Some(Duration::from_secs(5));
        });
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        // The second socket asks once in a heartbeat: three more are the time it takes.
        server.until(|log| log.commands.iter().filter(|it| it.connection == 2).count() == 4, SOON).await;
        server.set_hello(Hello::primary("rs").with("setVersion", 2));
        until_set_version(&client, 2).await;
        assert_eq!(server.log().commands.iter().filter(|it| asks(it)).count(), 1);
        assert_eq!(client.times_lost(), 0);
    });
}

#[test]
fn streaming_can_be_switched_off() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let _client = connect(&[&server], |options| {
            options.dispatch.heartbeat_frequency = OFTEN;
            options.monitoring = MonitoringMode::Poll;
        });
        server.until(|log| log.commands.len() == 3, SOON).await;
        let log = server.log();
        assert!(log.commands.iter().all(|it| !asks(it) && it.flags == 0));
        assert_eq!(log.connections.len(), 1);
    });
}

#[test]
fn a_stream_that_the_server_ends_is_begun_anew_at_once() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = FOREVER);
        client.ping().await;
        server.until(|log| log.commands.iter().any(asks), SOON).await;
        let gate = Gate::new();
        server.rule(Rule::on("isMaster").after(&gate));
        assert!(server.close_connection(1));
        client.until_lost().await;
        gate.open();
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        server.until(|log| log.commands.iter().filter(|it| asks(it)).count() == 2, SOON).await;
        assert_eq!((client.stats().generation, client.times_lost()), (1, 1));
        client.ping().await;
    });
}

#[test]
fn the_handshake_says_who_is_there_and_the_checks_do_not() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.app_name = Some("stories".into()));
        client.ping().await;
        server.until(|log| log.count("isMaster") == 3, SOON).await;
        let log = server.log();
        for handshake in log.commands_named("isMaster") {
            let body = &handshake.body;
            assert_eq!((body.get_i32("isMaster").unwrap(), body.get_bool("helloOk").unwrap()), (1, true));
            assert_eq!(body.get_str("backpressure").unwrap(), "2");
            assert_eq!((handshake.database.as_str(), handshake.flags), ("admin", 0));
            let metadata = body.get_document("client").unwrap();
            assert!(bson::serialize_to_vec(metadata).unwrap().len() <= 512);
            let field = |part: &str, key: &str| metadata.get_document(part).unwrap().get_str(key).unwrap();
            assert_eq!(field("application", "name"), "stories");
            assert!(field("driver", "name").contains("actix-mongo"), "{metadata}");
            assert!(!field("os", "type").is_empty());
            assert!(!body.contains_key("lsid") && !body.contains_key("$clusterTime"));
        }
        let first: Vec<_> =
            (1..=3).map(|number| log.commands.iter().find(|it| it.connection == number).unwrap()).collect();
        assert!(first.iter().all(|it| it.name == "isMaster"), "the first word on each socket");
        server.until(|log| log.commands.iter().any(asks), SOON).await;
        let log = server.log();
        let check = log.commands.iter().find(|it| asks(it)).unwrap();
        assert_eq!(check.name, "hello");
        assert!(!check.body.contains_key("client") && !check.body.contains_key("backpressure"));
    });
}

#[test]
fn a_server_that_does_not_know_hello_is_asked_by_the_old_name() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::standalone().without("helloOk")).start();
        let _client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = OFTEN);
        server.until(|log| log.commands.len() == 3, SOON).await;
        assert!(server.log().commands.iter().all(|it| it.name == "isMaster"));
    });
}

#[test]
fn a_check_without_an_answer_interrupts_what_is_in_use() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| {
            options.dispatch.heartbeat_frequency = OFTEN;
            options.connect_timeout = Some(Duration::from_millis(300));
        });
        client.ping().await;
        server.rule(Rule::on("buildInfo").never_answer());
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        server.rule(Rule::on("hello").once().never_answer());
        let error = soon(call).await.unwrap().expect_err("interrupted");
        assert_eq!(error.kind(), Kind::PoolCleared, "{error:?}");
        assert!(error.may_have_run() && error.is_network(), "{error:?}");
        assert!(!error.is_retryable(), "a command that the driver never repeats by itself");
        assert!(error.to_string().contains("interrupted"), "{error}");
        client.ping().await;
        assert_eq!((client.stats().generation, client.times_lost()), (1, 1));
        let why = client.core().history.entries();
        assert!(why.iter().any(|it| it.what.contains("did not answer a hello within 300 ms")), "{why:?}");
    });
}

#[test]
fn a_stream_without_a_word_is_given_up_after_the_heartbeat_and_the_connect_timeout() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.rule(Rule::on("hello").when(asks).once().never_answer());
        let began = Instant::now();
        let client = connect(&[&server], |options| {
            options.dispatch.heartbeat_frequency = OFTEN;
            options.connect_timeout = Some(Duration::from_millis(300));
        });
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
        client.until_lost().await;
        assert!(began.elapsed() >= OFTEN + Duration::from_millis(300));
        client.until_kind(&address(&server), ServerKind::RsPrimary).await;
    });
}

#[test]
fn a_check_that_the_server_refuses_makes_it_unknown_until_the_next() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = OFTEN);
        client.ping().await;
        server.rule(Rule::on("hello").once().fail(8000, "AtlasError"));
        client.until_lost().await;
        client.until_kind(&address(&server), ServerKind::Standalone).await;
        client.ping().await;
        assert_eq!(client.stats().generation, 1);
    });
}

#[test]
fn a_caller_that_waits_has_the_server_checked_within_half_a_second() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| options.dispatch.heartbeat_frequency = FOREVER);
        // Each round loses the server by a broken socket and must find it again, although
        // the next regular check is far away.
        for _ in 0..5 {
            client.ping().await;
            server.rule(Rule::on("ping").once().reset());
            let (first, second) =
                (client.run(command(doc! { "ping": 1 })), client.run(command(doc! { "ping": 1 })));
            let first = tokio::spawn(first);
            let _ = soon(second).await;
            let _ = soon(first).await.unwrap();
        }
        client.ping().await;
    });
}
