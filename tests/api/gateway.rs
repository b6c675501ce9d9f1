//! Calls as messages: their results, their bounds, and their ends. What messages are
//! answered with is in [`crate::gateway_verbs`].

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};

use actix::{
    Actor, Addr, Arbiter, Context, Handler, MailboxError, Message, Recipient, ResponseFuture, System,
};
use actix_mongo::bson::{Document, doc};
use actix_mongo::messages::{FindOne, InsertOne, Load, RunCommand, ShowLoad};
use actix_mongo::{Connection, Error, Gateway, GatewayOptions, Kind, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use test_support::{Rule, block_on, poll_until};

use crate::stage::Stage;
use crate::support::{Fixture, SOON, fixture, fixture_alone, uri};

/// Longer than any test should take.
const LONG: i64 = 60_000;

fn hang(fixture: &Fixture, command: &str) {
    fixture
        .fail("alwaysOn", doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": LONG });
}

fn let_go(fixture: &Fixture) {
    fixture.fail("off", doc! {});
}

fn connected(stage: &Stage) -> Connection {
    block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap()
}

fn load(gateway: &Addr<Gateway>) -> Load {
    block_on(gateway.send(ShowLoad)).unwrap()
}

fn find(fixture: &Fixture) -> FindOne {
    FindOne::new(fixture.database.name(), "things", doc! {})
}

#[track_caller]
fn ask<M>(gateway: &Addr<Gateway>, message: M) -> M::Result
where
    M: actix_mongo::messages::Ask + Send,
    M::Output: Send,
{
    block_on(gateway.send(message)).unwrap()
}

#[track_caller]
fn wait_for_load(gateway: &Addr<Gateway>, requests: usize) {
    poll_until(SOON, "the requests under way", || load(gateway).requests == requests);
}

#[test]
fn requests_are_bounded_in_count() {
    let fixture = fixture_alone();
    hang(&fixture, "find");
    let gateway = fixture.connection.start_actor_with(GatewayOptions::default().max_requests(2));
    let two = [gateway.send(find(&fixture)), gateway.send(find(&fixture))];
    wait_for_load(&gateway, 2);
    let error = ask(&gateway, find(&fixture)).unwrap_err();
    assert_eq!(error.kind(), Kind::Busy, "{error}");
    assert!(!error.may_have_run());
    drop(two);
    wait_for_load(&gateway, 0);
    assert_eq!(load(&gateway).refused, 1);
    let_go(&fixture);
    ask(&gateway, find(&fixture)).unwrap();
}

#[test]
fn requests_are_bounded_in_bytes() {
    let fixture = fixture_alone();
    hang(&fixture, "insert");
    let insert =
        |size: usize| InsertOne::new(fixture.database.name(), "things", doc! { "text": "x".repeat(size) });
    let gateway = fixture.connection.start_actor_with(GatewayOptions::default().max_bytes(1000));
    let first = gateway.send(insert(600));
    wait_for_load(&gateway, 1);
    assert!((600..1000).contains(&load(&gateway).bytes));
    assert_eq!(ask(&gateway, insert(600)).unwrap_err().kind(), Kind::Busy);
    assert_eq!(ask(&gateway, insert(1000)).unwrap_err().kind(), Kind::TooLarge);
    drop(first);
    wait_for_load(&gateway, 0);
    assert_eq!(load(&gateway).bytes, 0);
}

#[test]
fn ten_thousand_at_once_leave_no_more_than_the_bound() {
    const ALL: usize = 10_000;
    const BOUND: usize = 50;
    let fixture = fixture_alone();
    hang(&fixture, "find");
    let gateway = fixture.connection.start_actor_with(GatewayOptions::default().max_requests(BOUND));
    // Each message that was not taken out of the mailbox holds this.
    let held = Arc::new(());
    let mut requests: Vec<_> = (0..ALL)
        .map(|_| {
            let held = held.clone();
            let message = find(&fixture).with(move |find| {
                drop(held);
                find
            });
            Box::pin(gateway.send(message))
        })
        .collect();
    let mut task = task::Context::from_waker(Waker::noop());
    poll_until(SOON * 3, "all to be refused that are above the bound", || {
        requests.retain_mut(|request| match request.as_mut().poll(&mut task) {
            Poll::Pending => true,
            Poll::Ready(answer) => {
                assert_eq!(answer.unwrap().unwrap_err().kind(), Kind::Busy);
                false
            }
        });
        assert!(load(&gateway).requests <= BOUND);
        requests.len() == BOUND
    });
    assert_eq!(Arc::strong_count(&held), 1, "nothing waits in the mailbox");
    let load_now = load(&gateway);
    assert_eq!((load_now.requests, load_now.refused), (BOUND, (ALL - BOUND) as u64));
    drop(requests);
    wait_for_load(&gateway, 0);
}

#[test]
fn who_drops_a_request_drops_its_call() {
    let fixture = fixture_alone();
    hang(&fixture, "find");
    let gateway = fixture.connection.start_actor();
    let begin = Instant::now();
    let request = gateway.send(find(&fixture));
    wait_for_load(&gateway, 1);
    drop(request);
    wait_for_load(&gateway, 0);
    assert!(begin.elapsed() < Duration::from_millis(LONG as u64));
}

#[test]
fn what_nobody_waits_for_is_done_all_the_same() {
    let fixture = fixture();
    let gateway = fixture.connection.start_actor();
    gateway.do_send(InsertOne::new(fixture.database.name(), "things", doc! { "_id": 1 }));
    poll_until(SOON, "the document", || {
        block_on(fixture.things().find_one(doc! { "_id": 1 }).into_future()).unwrap().is_some()
    });
}

#[test]
fn a_deadline_that_has_passed_sends_nothing() {
    let stage = Stage::new();
    let connection = connected(&stage);
    let arbiter = OwnArbiter::new();
    let gateway = connection.start_actor_with(GatewayOptions::default().arbiter(arbiter.handle()));
    let ping = || RunCommand::new("d", doc! { "ping": 1 });
    let too_late = |error: Error| {
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(!error.may_have_run());
    };
    too_late(ask(&gateway, ping().deadline(Instant::now())).unwrap_err());

    // The arbiter does nothing until the deadline of a message in the mailbox has passed.
    let ((blocked, blocks), (let_go, gone)) = (sync_channel::<()>(0), sync_channel::<()>(0));
    arbiter.handle().spawn_fn(move || {
        blocked.send(()).unwrap();
        let _ = gone.recv();
    });
    blocks.recv().unwrap();
    let deadline = Instant::now() + Duration::from_millis(20);
    let request = gateway.send(ping().deadline(deadline).timeout(Duration::from_secs(60)));
    while Instant::now() < deadline {
        std::thread::yield_now();
    }
    drop(let_go);
    too_late(block_on(request).unwrap().unwrap_err());
    assert_eq!(stage.server.log().count("ping"), 0);

    ask(&gateway, ping().deadline(Instant::now() + SOON)).unwrap();
    assert_eq!(stage.server.log().count("ping"), 1);
}

#[test]
fn a_deadline_that_passes_on_the_server_is_a_timeout() {
    let fixture = fixture_alone();
    hang(&fixture, "find");
    let gateway = fixture.connection.start_actor();
    let error = ask(&gateway, find(&fixture).timeout(Duration::from_millis(100))).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(error.may_have_run());

    // The message's own limit wins over the connection's.
    let_go(&fixture);
    let gateway = fixture.connection.with_timeout(Duration::from_nanos(1)).start_actor();
    assert!(ask(&gateway, find(&fixture)).unwrap_err().is_timeout());
    ask(&gateway, find(&fixture).timeout(Duration::ZERO)).unwrap();
    ask(&gateway, find(&fixture).timeout(SOON)).unwrap();
}

#[test]
fn the_tighter_of_a_messages_limit_and_its_options_counts() {
    let fixture = fixture_alone();
    hang(&fixture, "find");
    let gateway = fixture.connection.start_actor();
    let short = Duration::from_millis(100);
    let long = Duration::from_millis(LONG as u64);
    for (of_message, of_options) in
        [(short, Duration::ZERO), (short, long), (long, short), (Duration::ZERO, short)]
    {
        let message = find(&fixture).timeout(of_message).with(move |it| it.timeout(of_options));
        let error = ask(&gateway, message).unwrap_err();
        assert!(error.is_timeout(), "{of_message:?} and {of_options:?}: {error}");
    }
}

#[test]
fn neither_an_address_nor_a_recipient_keeps_the_connection() {
    let arbiter = OwnArbiter::new();
    for options in [GatewayOptions::default(), GatewayOptions::default().arbiter(arbiter.handle())] {
        let connection = block_on(Connection::connect(uri())).unwrap();
        let session = connection.start_session().start().unwrap();
        let gateway = connection.bound_to(&session).start_actor_with(options);
        let recipient: Recipient<RunCommand> = gateway.clone().recipient();
        let ping = || RunCommand::new("admin", doc! { "ping": 1 });
        block_on(recipient.send(ping())).unwrap().unwrap();
        drop((connection, session));
        poll_until(SOON, "the actor to end by itself", || !gateway.connected());
        assert_eq!(block_on(recipient.send(ping())).unwrap_err(), MailboxError::Closed);
    }
}

#[test]
fn a_call_under_way_is_answered_when_the_connection_closes() {
    let arbiter = OwnArbiter::new();
    for options in [GatewayOptions::default(), GatewayOptions::default().arbiter(arbiter.handle())] {
        let stage = Stage::new();
        stage.server.rule(Rule::on("ping").never_answer());
        let connection = connected(&stage);
        let ping = || RunCommand::new("d", doc! { "ping": 1 });
        let gateway = connection.start_actor_with(options);
        let request = gateway.send(ping());
        stage.server.wait_for(|log| log.count("ping") == 1, SOON);
        block_on(connection.close(Duration::ZERO));
        let error = block_on(request).unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::Closed, "{error}");
        assert!(error.may_have_run());
        poll_until(SOON, "the actor to end by itself", || !gateway.connected());
        let answer = block_on(connection.start_actor().send(ping()));
        assert_eq!(answer.unwrap_err(), MailboxError::Closed);
    }
}

#[test]
fn panics_of_users_are_answered() {
    let fixture = fixture();
    fixture.numbers(1);
    let name = fixture.database.name();
    let gateway = fixture.connection.start_actor();
    let error = ask(&gateway, FindOne::new(name, "things", Panics)).unwrap_err();
    assert_eq!(error.kind(), Kind::Encode);
    assert!(error.to_string().contains("filter") && error.to_string().contains("oh dear"), "{error}");
    let error = ask(&gateway, find(&fixture).with(|find| find.comment(Panics))).unwrap_err();
    assert_eq!(error.kind(), Kind::Encode, "{error}");
    let error = ask(&gateway, find(&fixture).of::<Panics>()).unwrap_err();
    assert_eq!(error.kind(), Kind::Decode, "{error}");
    assert!(error.may_have_run());
    assert!(ask(&gateway, find(&fixture)).unwrap().is_some(), "it goes on");
    assert_eq!(load(&gateway).requests, 0);
}

#[derive(Debug)]
struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        panic!("oh dear");
    }
}

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        panic!("oh dear");
    }
}

/// An actor of an application's.
struct Reception {
    server: Recipient<RunCommand>,
}

impl Actor for Reception {
    type Context = Context<Self>;
}

struct Greet(&'static str);

impl Message for Greet {
    type Result = Result<Document>;
}

impl Handler<Greet> for Reception {
    type Result = ResponseFuture<Result<Document>>;

    fn handle(&mut self, msg: Greet, _: &mut Context<Self>) -> Self::Result {
        let reply = self.server.send(RunCommand::new("admin", doc! { msg.0: 1 }));
        Box::pin(async { reply.await.unwrap() })
    }
}

#[test]
fn an_actor_holds_a_recipient_of_one_message() {
    let fixture = fixture();
    System::new().block_on(async {
        let here = GatewayOptions::default().arbiter(Arbiter::current());
        for options in [GatewayOptions::default(), here] {
            let server = fixture.connection.start_actor_with(options).recipient();
            let reception = Reception { server }.start();
            let reply = reception.send(Greet("ping")).await.unwrap().unwrap();
            assert_eq!(reply.get_f64("ok").ok(), Some(1.0));
            let error = reception.send(Greet("noSuchCommand")).await.unwrap().unwrap_err();
            assert_eq!(error.code(), Some(59));
        }
    });
}

/// An arbiter on a thread of its own, under a system of its own.
struct OwnArbiter {
    arbiter: Option<Arbiter>,
    _system: actix::SystemRunner,
}

impl OwnArbiter {
    fn new() -> Self {
        let system = System::new();
        Self { arbiter: Some(Arbiter::new()), _system: system }
    }

    fn handle(&self) -> actix::ArbiterHandle {
        self.arbiter.as_ref().unwrap().handle()
    }
}

impl Drop for OwnArbiter {
    fn drop(&mut self) {
        let arbiter = self.arbiter.take().unwrap();
        arbiter.stop();
        // A test that failed has said so already.
        let _ = arbiter.join();
    }
}
