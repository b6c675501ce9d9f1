//! Closures of messages that block: the gateway's thread stands still, and nothing else.

use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{self, Waker};
use std::time::Duration;

use actix::Addr;
use actix_mongo::bson::{Document, doc};
use actix_mongo::messages::RunCommand;
use actix_mongo::{Connection, Gateway, Kind, Result};
use test_support::{Rule, block_on, poll_until};

use crate::stage::Stage;
use crate::support::SOON;

/// A gateway in a message's closure, until the sender is dropped; and that message's answer.
struct Blocked {
    let_go: Sender<()>,
    answer: Receiver<Result<Document>>,
}

fn block(gateway: &Addr<Gateway>) -> Blocked {
    let ((blocked, blocks), (let_go, gone)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
    let request = gateway.send(RunCommand::new("d", doc! { "buildInfo": 1 }).with(move |it| {
        drop(blocked);
        let _ = gone.recv();
        it
    }));
    let (sender, answer) = mpsc::channel();
    std::thread::spawn(move || sender.send(block_on(request).unwrap()));
    assert!(blocks.recv().is_err(), "nothing is sent");
    Blocked { let_go, answer }
}

/// What a future gives; on another thread, lest it hang for good.
#[track_caller]
fn soon<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, output) = mpsc::channel();
    std::thread::spawn(move || sender.send(block_on(future)));
    output.recv_timeout(SOON).expect("it comes soon")
}

fn connected(stage: &Stage) -> Connection {
    block_on(Connection::connect(format!("{}?replicaSet=rs", stage.server.uri()))).unwrap()
}

#[test]
fn deadlines_are_kept_meanwhile() {
    let stage = Stage::new();
    stage.server.rule(Rule::on("ping").never_answer());
    let connection = connected(&stage);
    let blocked = block(&connection.start_actor());
    let session = connection.start_session().start().unwrap();
    let database = connection.bound_to(&session).database("d").unwrap();
    let mut first = database.run_command(doc! { "ping": 1 }).into_future();
    assert!(first.as_mut().poll(&mut task::Context::from_waker(Waker::noop())).is_pending());
    // It waits for its turn, so only the timer of the control arbiter can end it.
    let second = database.run_command(doc! { "buildInfo": 1 }).timeout(Duration::from_millis(20));
    let error = soon(second.into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    drop(blocked.let_go);
    blocked.answer.recv_timeout(SOON).unwrap().unwrap();
}

#[test]
fn the_connection_closes_all_the_same() {
    let stage = Stage::new();
    let connection = connected(&stage);
    let gateway = connection.start_actor();
    let blocked = block(&gateway);
    soon(connection.close(Duration::ZERO));
    assert!(blocked.answer.try_recv().is_err(), "it is blocked still");
    drop(blocked.let_go);
    let error = blocked.answer.recv_timeout(SOON).unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Closed, "{error}");
    poll_until(SOON, "the actor to end", || !gateway.connected());
}
