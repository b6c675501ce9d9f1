//! What listeners are told of commands: each that starts has exactly one end.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::time::Duration;

use actix_mongo::connection::ConnectionOptions;
use actix_mongo::dispatch::SessionPlan;
use actix_mongo::events::{
    CommandFailed, CommandStarted, CommandSucceeded, Ear, Event, EventKinds, Listener,
};
use actix_mongo::wire::frame::MORE_TO_COME;
use actix_mongo::{DriverInfo, Kind, MonitoringMode, ServerApi, ServerApiVersion};
use bson::{Bson, Document, RawDocumentBuf, doc};
use test_support::{Gate, Hello, Rule, ScriptedServer, poll_until};

use crate::support::arbiter::LentArbiter;
use crate::support::waker::panicking;
use crate::support::{Client, SOON, address, command, connect, find, insert, soon, story};

/// A client of this server, and what it tells of its commands.
fn listening(server: &ScriptedServer, change: impl FnOnce(&mut ConnectionOptions)) -> (Client, Told) {
    let told = Told::default();
    let list = told.0.clone();
    let listener = move |event| list.lock().unwrap().push(event);
    let client = connect(&[server], |options| {
        let ear = Ear::Closure(Arc::new(listener));
        options.listeners = vec![Listener { kinds: EventKinds::COMMANDS, ear }];
        options.monitoring = MonitoringMode::Poll;
        change(options);
    });
    (client, told)
}

#[derive(Default)]
struct Told(Arc<Mutex<Vec<Event>>>);

impl Told {
    /// All so far, which is all that ended.
    async fn all(&self, client: &Client) -> Vec<Event> {
        soon(client.core().listeners.flush()).await;
        self.0.lock().unwrap().clone()
    }

    /// Short forms of all so far.
    async fn names(&self, client: &Client) -> Vec<String> {
        self.all(client).await.iter().map(name).collect()
    }
}

fn name(event: &Event) -> String {
    match event {
        Event::CommandStarted(CommandStarted { command_name, .. }) => format!("{command_name} started"),
        Event::CommandSucceeded(CommandSucceeded { command_name, .. }) => format!("{command_name} succeeded"),
        Event::CommandFailed(CommandFailed { command_name, failure, .. }) => {
            format!("{command_name} failed: {:?}", failure.kind())
        }
        other => panic!("{other:?} was not asked for"),
    }
}

/// Fails unless each start has one end of the same numbers, behind it.
fn paired(events: &[Event]) {
    let mut open = HashMap::new();
    for event in events {
        let (key, starts) = match event {
            Event::CommandStarted(it) => ((it.connection_id, it.request_id, it.operation_id), true),
            Event::CommandSucceeded(it) => ((it.connection_id, it.request_id, it.operation_id), false),
            Event::CommandFailed(it) => ((it.connection_id, it.request_id, it.operation_id), false),
            other => panic!("{other:?} was not asked for"),
        };
        let before = if starts { open.insert(key, ()) } else { open.remove(&key) };
        assert_eq!(before.is_none(), starts, "{event:?} in {events:?}");
    }
    assert!(open.is_empty(), "{open:?} did not end in {events:?}");
}

fn plain(document: &RawDocumentBuf) -> Document {
    Document::try_from(document.as_ref()).unwrap()
}

#[test]
fn a_command_is_told_with_all_that_belongs_to_it_and_handshakes_and_checks_are_not() {
    story(async {
        let server = ScriptedServer::builder().hello(Hello::standalone().with("connectionId", 77)).start();
        let (client, told) = listening(&server, |_| {});
        client.run(command(doc! { "ping": 1, "x": "y" })).await.unwrap();
        let events = told.all(&client).await;
        let [Event::CommandStarted(start), Event::CommandSucceeded(end)] = &events[..] else {
            panic!("{events:?}")
        };
        let sent = plain(&start.command);
        let fields = ["ping", "x", "$db"].map(|key| sent.get(key).unwrap().clone());
        assert_eq!(fields, [Bson::from(1), Bson::from("y"), Bson::from("d")]);
        assert!(sent.contains_key("lsid"));
        assert_eq!((&*start.command_name, &*start.database_name), ("ping", "d"));
        assert_eq!((&start.address, start.connection_id), (&address(&server), 1));
        assert_eq!((start.server_connection_id, start.service_id), (Some(77), None));
        assert!(plain(&end.reply).contains_key("ok"));
        assert_eq!((end.request_id, end.operation_id), (start.request_id, start.operation_id));
        assert!(end.duration > Duration::ZERO && start.operation_id > 0);
        paired(&events);
    });
}

#[test]
fn an_error_of_the_server_is_a_failure_and_refused_documents_are_not() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.rule(Rule::on("find").once().fail(11602, "InterruptedDueToReplStateChange"));
        let refused =
            doc! { "ok": 1, "n": 0, "writeErrors": [{ "index": 0, "code": 11000, "errmsg": "dup" }] };
        server.rule(Rule::on("insert").once().reply(refused));
        let (client, told) = listening(&server, |_| {});
        client.run(find()).await.expect("the second attempt");
        client.run(insert()).await.expect_err("it was refused");
        let events = told.all(&client).await;
        paired(&events);
        let names: Vec<String> = events.iter().map(name).collect();
        let expected = [
            "find started",
            "find failed: Command",
            "find started",
            "find succeeded",
            "insert started",
            "insert succeeded",
        ];
        assert_eq!(names, expected);
        let Event::CommandFailed(failed) = &events[1] else { panic!() };
        assert_eq!(failed.failure.code(), Some(11602));
        let operation = |event: &Event| match event {
            Event::CommandStarted(it) => it.operation_id,
            other => panic!("{other:?}"),
        };
        assert_eq!(operation(&events[0]), operation(&events[2]), "two attempts of one call");
        assert_ne!(operation(&events[0]), operation(&events[4]));
    });
}

#[test]
fn a_write_without_an_answer_succeeds_with_ok() {
    story(async {
        let server = ScriptedServer::start();
        let (client, told) = listening(&server, |_| {});
        let write = command(doc! { "insert": "c" }).flags(MORE_TO_COME).plan(|plan| {
            plan.session = SessionPlan::None;
            plan.acknowledged = false;
        });
        client.run(write).await.unwrap();
        let events = told.all(&client).await;
        paired(&events);
        let Event::CommandSucceeded(end) = &events[1] else { panic!("{events:?}") };
        assert_eq!(plain(&end.reply), doc! { "ok": 1 });
    });
}

#[test]
fn secrets_are_not_told_and_a_refusal_keeps_its_code() {
    story(async {
        let server = ScriptedServer::start();
        server.rule(Rule::on("saslStart").once().reply(doc! { "ok": 1, "payload": "secret" }));
        let refusal = doc! { "ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "secret" };
        server.rule(Rule::on("saslStart").once().reply(refusal));
        let (client, told) = listening(&server, |_| {});
        client.run(command(doc! { "saslStart": 1, "payload": "secret" })).await.unwrap();
        client.run(command(doc! { "saslStart": 1, "payload": "secret" })).await.expect_err("refused");
        let events = told.all(&client).await;
        paired(&events);
        assert!(!format!("{events:?}").contains("secret"), "{events:?}");
        let Event::CommandStarted(start) = &events[0] else { panic!() };
        let Event::CommandSucceeded(end) = &events[1] else { panic!() };
        assert_eq!((plain(&start.command), plain(&end.reply)), (doc! {}, doc! {}));
        let Event::CommandFailed(failed) = &events[3] else { panic!() };
        assert_eq!(
            (failed.failure.code(), failed.failure.code_name()),
            (Some(18), Some("AuthenticationFailed"))
        );
    });
}

#[test]
fn a_call_that_is_dropped_ends_when_its_reply_comes() {
    story(async {
        let server = ScriptedServer::start();
        let (client, told) = listening(&server, |options| options.pool.max_size = 1);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let call = client.start(command(doc! { "buildInfo": 1 })).await;
        server.until(|log| log.count("buildInfo") == 1, SOON).await;
        call.abort();
        assert!(soon(call).await.expect_err("it was dropped").is_cancelled());
        gate.open();
        // It takes the socket's next turn, so the reply has come by then.
        client.ping().await;
        let names = told.names(&client).await;
        assert_eq!(
            names[2..],
            ["buildInfo started", "buildInfo succeeded", "ping started", "ping succeeded"]
        );
        paired(&told.all(&client).await);
    });
}

#[test]
fn a_socket_that_breaks_or_panics_ends_what_is_in_flight() {
    story(async {
        let server = ScriptedServer::start();
        let arbiter = LentArbiter::start();
        let (client, told) = listening(&server, |options| {
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 3;
            options.lent_arbiters = arbiter.handles();
        });
        client.ping().await;
        server.rule(Rule::on("buildInfo").once().close());
        client.run(command(doc! { "buildInfo": 1 })).await.expect_err("closed");
        let names = told.names(&client).await;
        assert_eq!(names[2..], ["buildInfo started", "buildInfo failed: AutoReconnect"]);

        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let mut call = pin!(client.run(command(doc! { "buildInfo": 1 })));
        assert!(call.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
        server.until(|log| log.count("buildInfo") == 2, SOON).await;
        let behind = client.start(command(doc! { "count": "c" })).await;
        server.until(|log| log.count("count") == 1, SOON).await;
        gate.open();
        let error = soon(behind).await.unwrap().expect_err("its socket is gone");
        assert_eq!(error.kind(), Kind::AutoReconnect);
        client.ping().await;
        let events = told.all(&client).await;
        paired(&events);
        let ended = |what: &str| events.iter().filter(|event| name(event) == what).count();
        assert_eq!((ended("buildInfo succeeded"), ended("count failed: AutoReconnect")), (1, 1));
    });
}

#[test]
fn the_end_of_sessions_is_told_as_well() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let (client, told) = listening(&server, |_| {});
        client.ping().await;
        client.leave().await;
        // What is left to be told may outlast the connection.
        poll_until(SOON, "the last events", || told.0.lock().unwrap().len() == 4);
        let events = told.0.lock().unwrap().clone();
        paired(&events);
        let names: Vec<String> = events.iter().map(name).collect();
        assert_eq!(names[2..], ["endSessions started", "endSessions succeeded"]);
    });
}

#[test]
fn a_declared_version_is_on_every_command_greetings_and_checks_included() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |options| {
            options.dispatch.server_api = Some(ServerApi::new(ServerApiVersion::V1).strict(false));
            options.dispatch.heartbeat_frequency = Duration::from_millis(500);
        });
        client.run(command(doc! { "getMore": 1_i64, "collection": "c" })).await.ok();
        client.ping().await;
        client.leave().await;
        let log = server.log();
        for name in ["hello", "getMore", "ping", "endSessions"] {
            assert!(log.count(name) > 0, "{name}");
        }
        for it in &log.commands {
            assert!(!it.name.eq_ignore_ascii_case("ismaster"), "{it:?}");
            assert_eq!(it.body.get("apiVersion"), Some(&Bson::from("1")), "{it:?}");
            assert_eq!(it.body.get("apiStrict"), Some(&Bson::from(false)), "{it:?}");
            assert!(!it.body.contains_key("apiDeprecationErrors"), "{it:?}");
        }
    });
}

#[test]
fn libraries_that_are_added_are_told_by_new_sockets_and_change_nothing_else() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |options| {
            options.driver_info = vec![DriverInfo::new("library").version("1.2")];
            options.pool.max_size = 1;
        });
        client.ping().await;
        let library = DriverInfo::new("framework").platform("Framework Platform");
        client.core().greeting.append(library.clone()).unwrap();
        client.ping().await;
        let used = server.log().used_connections();
        assert_eq!(used.len(), 1, "the open socket stays");
        server.close_connection(used[0]);
        client.run(find()).await.expect("perhaps by a second attempt");
        let log = server.log();
        let greeting = |connection: usize| {
            let mut all = log.commands.iter().filter(|it| it.connection == connection && it.is_hello());
            let body = &all.next().unwrap().body;
            assert_eq!(body.get("backpressure"), Some(&Bson::from("2")));
            body.get_document("client").unwrap().clone()
        };
        let [first, second] = log.used_connections()[..] else { panic!("{:?}", log.used_connections()) };
        let name =
            |client: &Document| client.get_document("driver").unwrap().get_str("name").unwrap().to_owned();
        assert_eq!(name(&greeting(first)), "actix-mongo|library");
        assert_eq!(name(&greeting(second)), "actix-mongo|library|framework");
        assert!(greeting(second).get_str("platform").unwrap().ends_with("|Framework Platform"));
    });
}
