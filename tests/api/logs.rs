//! What a subscriber of `tracing` is told.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Kind};
use test_support::block_on;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{SOON, fixture, uri};

/// One message: its level and its fields.
#[derive(Clone, Debug)]
struct Message {
    level: Level,
    fields: BTreeMap<&'static str, String>,
}

impl Message {
    fn text(&self, key: &str) -> &str {
        self.fields.get(key).unwrap_or_else(|| panic!("no {key} in {self:?}"))
    }
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

/// Keeps the messages of one target, down to a level.
#[derive(Clone)]
struct Capture {
    target: &'static str,
    level: Level,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == self.target && *metadata.level() <= self.level
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message { level: *event.metadata().level(), fields: BTreeMap::new() };
        event.record(&mut message);
        self.messages.lock().unwrap().push(message);
    }
}

/// A connection to the tests' server whose messages of this target are kept.
fn connection(target: &'static str, change: impl FnOnce(Builder) -> Builder) -> (Connection, Capture) {
    connection_at(Level::TRACE, target, change)
}

/// The same, for messages of this level and above.
fn connection_at(
    level: Level,
    target: &'static str,
    change: impl FnOnce(Builder) -> Builder,
) -> (Connection, Capture) {
    let capture = Capture { target, level, messages: Arc::default() };
    let builder = change(Connection::builder().uri(uri()).unwrap());
    (with_default(capture.clone(), || builder.connect_lazy()).unwrap(), capture)
}

impl Capture {
    /// Those of this sentence so far.
    async fn of(&self, connection: &Connection, sentence: &str) -> Vec<Message> {
        connection.flush_events(SOON).await.unwrap();
        let messages = self.messages.lock().unwrap().clone();
        messages.into_iter().filter(|message| message.text("message") == sentence).collect()
    }
}

const COMMAND: &str = "actix_mongo::command";

#[test]
fn prose_1_default_truncation_limit() {
    let fixture = fixture();
    block_on(async {
        let (connection, capture) = connection(COMMAND, |builder| builder);
        let things = connection.database(fixture.database.name()).unwrap().collection("things").unwrap();
        let documents = vec![doc! { "x": "y" }; 100];
        things.insert_many(&documents).await.unwrap();
        let started = capture.of(&connection, "Command started").await;
        assert_eq!(started[0].text("commandName"), "insert");
        assert_eq!(started[0].text("command").len(), 1003);
        let succeeded = capture.of(&connection, "Command succeeded").await;
        assert!(succeeded[0].text("reply").len() <= 1003);
        things.find(doc! {}).await.unwrap().collect_all().await.unwrap();
        let succeeded = capture.of(&connection, "Command succeeded").await;
        assert_eq!(succeeded[1].text("commandName"), "find");
        assert_eq!(succeeded[1].text("reply").len(), 1003);
        assert!(succeeded[1].text("reply").ends_with("..."));
    });
}

#[test]
fn prose_2_explicit_truncation_limit() {
    let fixture = fixture();
    block_on(async {
        let (connection, capture) = connection(COMMAND, |builder| builder.log_max_document_length(5));
        let database = connection.database(fixture.database.name()).unwrap();
        database.run_command(doc! { "hello": true }).await.unwrap();
        let started = capture.of(&connection, "Command started").await;
        assert_eq!(started[0].text("command"), r#"{"hel..."#);
        let succeeded = capture.of(&connection, "Command succeeded").await;
        assert_eq!(succeeded[0].text("reply").len(), 8);
    });
}

#[test]
fn prose_3_truncation_between_characters() {
    let fixture = fixture();
    block_on(async {
        let (connection, capture) = connection(COMMAND, |builder| builder.log_max_document_length(12));
        let database = connection.database(fixture.database.name()).unwrap();
        database.run_command(doc! { "ping": "ééé" }).await.unwrap();
        let started = capture.of(&connection, "Command started").await;
        // Nine bytes come before the first of them, and each has two: the limit cuts the second.
        assert_eq!(started[0].text("command"), r#"{"ping":"é..."#);
    });
}

#[test]
fn commands_are_told_with_the_fields_of_the_specification() {
    let fixture = fixture();
    block_on(async {
        let (connection, capture) = connection(COMMAND, |builder| builder.log_max_document_length(10_000));
        let database = connection.database(fixture.database.name()).unwrap();
        database.run_command(doc! { "ping": 1 }).await.unwrap();
        database.run_command(doc! { "noSuchCommand": 1 }).await.unwrap_err();
        database.run_command(doc! { "saslStart": 1, "payload": "secret" }).await.unwrap_err();
        let started = capture.of(&connection, "Command started").await;
        let names: Vec<&str> = started.iter().map(|message| message.text("commandName")).collect();
        assert_eq!(names, ["ping", "noSuchCommand", "saslStart"], "and neither handshakes nor checks");
        let first = &started[0];
        assert_eq!((first.level, first.text("databaseName")), (Level::DEBUG, fixture.database.name()));
        for key in ["requestId", "operationId", "driverConnectionId", "serverPort", "serverConnectionId"] {
            assert!(first.text(key).parse::<i64>().unwrap() > 0, "{key}");
        }
        assert!(!first.text("serverHost").is_empty() && !first.fields.contains_key("serviceId"));
        let command: serde_json::Value = serde_json::from_str(first.text("command")).unwrap();
        assert_eq!((&command["ping"], &command["$db"]), (&1.into(), &fixture.database.name().into()));
        let succeeded = &capture.of(&connection, "Command succeeded").await[0];
        for key in ["requestId", "operationId", "driverConnectionId", "serverConnectionId"] {
            assert_eq!(succeeded.text(key), first.text(key));
        }
        assert!(succeeded.text("durationMS").parse::<f64>().unwrap() > 0.0);
        let reply: serde_json::Value = serde_json::from_str(succeeded.text("reply")).unwrap();
        assert_eq!(reply["ok"].as_f64(), Some(1.0));
        let failed = capture.of(&connection, "Command failed").await;
        assert!(failed[0].text("failure").contains("code 59"), "{failed:?}");
        assert_eq!(started[2].text("command"), "{}");
        assert!(failed[1].text("failure").starts_with("REDACTED"), "{failed:?}");
    });
}

#[test]
fn the_choice_of_a_server_is_told_with_the_wait_for_it() {
    block_on(async {
        let target = "actix_mongo::server_selection";
        let (connection, capture) = connection(target, |builder| builder);
        connection.database("admin").unwrap().run_command(doc! { "ping": 1 }).await.unwrap();
        connection.flush_events(SOON).await.unwrap();
        let messages = capture.messages.lock().unwrap().clone();
        let told: Vec<&str> = messages.iter().map(|message| message.text("message")).collect();
        let waiting = "Waiting for suitable server to become available";
        assert_eq!(told, ["Server selection started", waiting, "Server selection succeeded"]);
        assert_eq!((messages[0].level, messages[1].level), (Level::DEBUG, Level::INFO));
        for message in &messages {
            assert_eq!(message.text("operation"), "ping");
            assert_eq!(message.text("operationId"), messages[0].text("operationId"));
            assert!(message.text("selector").contains("Primary"), "{message:?}");
        }
        assert!(messages[0].text("topologyDescription").contains("type: Unknown"));
        assert!(messages[1].text("remainingTimeMS").parse::<u64>().unwrap() > 20_000);
        assert!(!messages[2].text("serverHost").is_empty());

        let nowhere = with_default(capture.clone(), || {
            let builder = Connection::builder().hosts(["127.0.0.1:1"]).unwrap();
            builder.server_selection_timeout(Duration::ZERO).connect_lazy().unwrap()
        });
        capture.messages.lock().unwrap().clear();
        nowhere.database("admin").unwrap().run_command(doc! { "ping": 1 }).await.unwrap_err();
        let failed = &capture.of(&nowhere, "Server selection failed").await[0];
        assert!(!failed.text("failure").is_empty());
    });
}

#[test]
fn who_wants_no_details_hears_of_the_wait_alone() {
    block_on(async {
        let target = "actix_mongo::server_selection";
        let (connection, capture) = connection_at(Level::INFO, target, |builder| builder);
        connection.database("admin").unwrap().run_command(doc! { "ping": 1 }).await.unwrap();
        connection.flush_events(SOON).await.unwrap();
        let messages = capture.messages.lock().unwrap().clone();
        let [waiting] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!(waiting.text("message"), "Waiting for suitable server to become available");
        assert_eq!(waiting.text("operation"), "ping");
        assert!(waiting.text("operationId").parse::<i64>().unwrap() > 0);
    });
}

#[test]
fn pools_and_topology_are_told() {
    block_on(async {
        let sentences = |capture: &Capture| -> Vec<String> {
            let messages = capture.messages.lock().unwrap();
            messages.iter().map(|message| message.text("message").to_owned()).collect()
        };
        let target = "actix_mongo::connection";
        let (pool, pools) = connection(target, |builder| builder.max_pool_size(3).wait_queue_timeout(SECOND));
        pool.database("admin").unwrap().run_command(doc! { "ping": 1 }).await.unwrap();
        pool.flush_events(SOON).await.unwrap();
        let expected = [
            "Connection pool created",
            "Connection pool ready",
            "Connection checkout started",
            "Connection created",
            "Connection ready",
            "Connection checked out",
            "Connection checked in",
        ];
        assert_eq!(sentences(&pools), expected);
        let created = pools.messages.lock().unwrap()[0].clone();
        assert_eq!((created.text("maxPoolSize"), created.text("waitQueueTimeoutMS")), ("3", "1000"));
        assert!(!created.fields.contains_key("minPoolSize"));
        pool.close(Duration::from_secs(5)).await;

        let (topology, servers) = connection("actix_mongo::topology", |builder| builder);
        topology.database("admin").unwrap().run_command(doc! { "ping": 1 }).await.unwrap();
        let succeeded = servers.of(&topology, "Server heartbeat succeeded").await;
        let reply: Document = serde_json::from_str(succeeded[0].text("reply")).unwrap_or_default();
        assert!(reply.is_empty() || reply.contains_key("ok"), "cut off, or whole");
        assert_eq!((succeeded[0].text("awaited"), succeeded[0].text("driverConnectionId")), ("false", "1"));
        assert!(succeeded[0].text("serverConnectionId").parse::<i64>().unwrap() > 0);
        assert_eq!(sentences(&servers)[0], "Starting topology monitoring");
        let changed = servers.of(&topology, "Topology description changed").await;
        assert!(changed[0].text("previousDescription").contains("servers: [ ]"), "{changed:?}");
    });
}

#[test]
fn a_flush_waits_no_longer_than_it_is_told() {
    let ((let_go, gone), (heard, hears)) = (mpsc::channel::<()>(), mpsc::channel());
    let gone = Mutex::new(gone);
    let listener = move |_| {
        let _ = heard.send(());
        let _ = gone.lock().unwrap().recv();
    };
    let builder = Connection::builder().uri(uri()).unwrap().on_event(listener);
    let connection = builder.connect_lazy().unwrap();
    hears.recv().unwrap();
    let error = block_on(connection.flush_events(Duration::from_millis(20))).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    drop(let_go);
    block_on(connection.flush_events(SOON)).unwrap();
}

const SECOND: Duration = Duration::from_secs(1);
