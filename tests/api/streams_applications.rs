//! An application's actors: one that is supervised outlives its server, and a message's deadline
//! holds from the mailbox to the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_mongo::bson::{Document, doc};
use actix_mongo::messages::{CountDocuments, FindOne, InsertOne};
use actix_mongo::{Connection, GatewayOptions, Kind};
use test_support::real_server::Options;
use test_support::{RealServer, Rule, ScriptedServer, block_on};

use crate::support::SOON;

/// Takes orders, and stops at an error, so that its supervisor starts it again.
struct Desk {
    rooms: Recipient<InsertOne>,
    starts: Arc<AtomicUsize>,
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.starts.fetch_add(1, Relaxed);
    }
}

impl Supervised for Desk {}

#[derive(Message)]
#[rtype(result = "actix_mongo::Result<()>")]
struct Book(i32);

impl Handler<Book> for Desk {
    type Result = ResponseActFuture<Self, actix_mongo::Result<()>>;

    fn handle(&mut self, Book(room): Book, _: &mut Self::Context) -> Self::Result {
        let insert = InsertOne::new("hotel", "rooms", doc! { "_id": room }).timeout(Duration::from_secs(2));
        let insert = self.rooms.send(insert).into_actor(self);
        Box::pin(insert.map(|answer, _, ctx| {
            let answer = answer.expect("the gateway lives as long as the connection").map(drop);
            if answer.is_err() {
                ctx.stop();
            }
            answer
        }))
    }
}

#[test]
fn a_supervised_actor_goes_on_when_its_server_is_back() {
    let mut server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    let uri = format!("{}?serverSelectionTimeoutMS=1000&heartbeatFrequencyMS=500", server.uri());
    let connection = block_on(Connection::connect(uri)).unwrap();
    let starts = Arc::<AtomicUsize>::default();
    System::new().block_on(async {
        let gateway = connection.start_actor();
        let (rooms, count) = (gateway.clone().recipient(), starts.clone());
        let desk = Supervisor::start(move |_| Desk { rooms, starts: count });
        for room in 0..5 {
            desk.send(Book(room)).await.unwrap().unwrap();
        }
        server.kill().unwrap();
        let error = desk.send(Book(100)).await.unwrap().unwrap_err();
        assert!(error.is_network() || error.is_timeout(), "{error:?}");
        server.restart().unwrap();
        // The same address, and the same recipient of the connection's.
        let (begin, mut booked) = (Instant::now(), Vec::new());
        for room in 1000.. {
            // While the actor is started again a message may be dropped with the old one.
            if let Ok(Ok(())) = desk.send(Book(room)).await {
                booked.push(room);
            }
            if booked.len() == 10 {
                break;
            }
            assert!(begin.elapsed() < SOON * 3, "{:?}", connection.state());
        }
        assert!(starts.load(Relaxed) >= 2, "it was started again");
        // Of those before the crash the server may have lost some: nobody asked for its journal.
        let sure = CountDocuments::new("hotel", "rooms", doc! { "_id": { "$in": &booked } });
        assert_eq!(gateway.send(sure).await.unwrap().unwrap(), booked.len() as u64);
    });
}

fn max_time(command: &Document) -> Duration {
    Duration::from_millis(crate::support::whole(command.get("maxTimeMS")).try_into().unwrap())
}

struct Wire {
    server: ScriptedServer,
    connection: Connection,
}

fn wire(options: &str) -> Wire {
    let server = ScriptedServer::start_primary("rs");
    let connection =
        block_on(Connection::connect(format!("{}?replicaSet=rs{options}", server.uri()))).unwrap();
    Wire { server, connection }
}

#[test]
fn what_is_left_of_a_deadline_goes_to_the_server() {
    let Wire { server, connection } = wire("");
    let system = System::new();
    let arbiter = Arbiter::new();
    let gateway = connection.start_actor_with(GatewayOptions::default().arbiter(arbiter.handle()));
    // The gateway does nothing for a while, which the deadline of a message in its mailbox sees.
    let ((blocked, blocks), (let_go, gone)) = (sync_channel::<()>(0), sync_channel::<()>(0));
    arbiter.spawn_fn(move || {
        blocked.send(()).unwrap();
        let _ = gone.recv();
    });
    blocks.recv().unwrap();
    let (limit, wait) = (Duration::from_secs(30), Duration::from_millis(50));
    let begin = Instant::now();
    let request = gateway.send(FindOne::new("d", "things", doc! {}).deadline(begin + limit));
    while begin.elapsed() < wait {
        std::thread::yield_now();
    }
    drop(let_go);
    block_on(request).unwrap().unwrap();
    let answered = begin.elapsed();
    let sent = max_time(&server.log().commands_named("find").last().unwrap().body);
    assert!(sent <= limit - wait, "{sent:?}");
    // The fastest round trip is taken off as well, which is a part of what the call took.
    assert!(sent + Duration::from_millis(2) >= limit - answered - answered, "{sent:?} of {answered:?}");
    // A timeout counts from when the message was made.
    let message = FindOne::new("d", "things", doc! {}).timeout(limit);
    block_on(gateway.send(message)).unwrap().unwrap();
    let sent = max_time(&server.log().commands_named("find").last().unwrap().body);
    assert!(sent <= limit && sent > limit / 2, "{sent:?}");
    arbiter.stop();
    drop(system);
}

#[test]
fn a_message_that_expires_in_line_for_a_socket_never_gets_to_the_wire() {
    let Wire { server, connection } = wire("&maxPoolSize=1");
    server.rule(Rule::on("ping").never_answer());
    let gateway = connection.start_actor();
    let busy = gateway.send(actix_mongo::messages::RunCommand::new("d", doc! { "ping": 1 }));
    server.wait_for(|log| log.count("ping") == 1, SOON);
    let begin = Instant::now();
    let limit = Duration::from_millis(40);
    let message = FindOne::new("d", "things", doc! {}).deadline(begin + limit);
    let error = block_on(gateway.send(message)).unwrap().unwrap_err();
    assert!(error.is_timeout() && !error.may_have_run(), "{error:?}");
    assert!(matches!(error.kind(), Kind::Timeout | Kind::WaitQueueTimeout), "{error:?}");
    assert!(begin.elapsed() >= limit && begin.elapsed() < SOON);
    assert_eq!(server.log().count("find"), 0);
    drop(busy);
}

/// The server is slower than the deadline: it is told so, and the caller does not wait for it.
#[test]
fn a_message_that_expires_on_the_wire_may_have_run() {
    let Wire { server, connection } = wire("");
    server.rule(Rule::on("find").never_answer());
    let gateway = connection.start_actor();
    let limit = Duration::from_millis(60);
    let message = FindOne::new("d", "things", doc! {}).timeout(limit);
    let error = block_on(gateway.send(message)).unwrap().unwrap_err();
    assert!(error.is_timeout() && error.may_have_run(), "{error:?}");
    let sent = max_time(&server.log().commands_named("find").next().unwrap().body);
    assert!(sent <= limit && !sent.is_zero(), "{sent:?}");
}
