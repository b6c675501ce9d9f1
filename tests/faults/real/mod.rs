//! The same on the real server, as far as it can play it: a proxy before it holds bytes back,
//! lets some through, cuts and ends connections, and the server itself is asked at the end
//! whether a cursor is open.

mod breaks;
mod dropped;
mod dropped_connect;
mod full;
mod large;
mod storm;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, MonitoringMode};
use test_support::fault_proxy::Traffic;
use test_support::poll::holds_within;
use test_support::real_server::{Options, installed};
use test_support::scripted::Client;
use test_support::{FaultProxy, RealServer, poll_until};

use crate::support::{Pending, SOON, ping, soon, stats};

/// A server that no other story has, the proxy before it, and a way past both.
struct Real {
    proxy: FaultProxy,
    client: RefCell<Client>,
    _server: RealServer,
}

impl Real {
    /// `None` if there is no server to be had; that was said.
    fn start(proxy: impl FnOnce(SocketAddr) -> FaultProxy) -> Option<Self> {
        if installed().is_none() {
            eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
            return None;
        }
        let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
        let client = RefCell::new(Client::connect(server.address()));
        Some(Self { proxy: proxy(server.address()), client, _server: server })
    }

    /// Before it connects. Its monitor says nothing for as long as a story takes: what passes
    /// the proxy is the pool's.
    fn builder(&self, depth: u32) -> Builder {
        let builder = Connection::builder().uri(self.proxy.uri()).unwrap().pipeline_depth(depth);
        builder.monitoring_mode(MonitoringMode::Poll).heartbeat_frequency(Duration::from_secs(600))
    }

    /// A connection with a pool of so many sockets, all of which are there.
    fn connect(&self, depth: u32, sockets: u32, change: impl FnOnce(Builder) -> Builder) -> Connection {
        let builder = self.builder(depth).max_pool_size(sockets).min_pool_size(sockets);
        let connection = soon(change(builder.max_connecting(sockets)).connect()).expect("it is there");
        // One that is idle has told the pool its limits as well.
        poll_until(SOON, "the sockets", || stats(&connection).idle == usize::try_from(sockets).unwrap());
        connection
    }

    /// Asks the server itself.
    fn run(&self, command: Document) -> Document {
        let reply = self.client.borrow_mut().run(command).unwrap_or_else(|lost| panic!("{lost}"));
        assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
        reply
    }

    /// Has documents 0 to 8 in the collection that stories use.
    fn fill(&self) {
        let documents: Vec<_> = (0..9).map(|number| doc! { "_id": number, "a": 1 }).collect();
        self.run(doc! { "insert": "c", "documents": documents, "$db": "d" });
    }

    /// How many documents of the collection have this.
    fn count(&self, filter: Document) -> i32 {
        let reply = self.run(doc! { "count": "c", "query": filter, "$db": "d" });
        reply.get_i32("n").unwrap()
    }

    fn open_cursors(&self) -> i64 {
        let status = self.run(doc! { "serverStatus": 1, "$db": "admin" });
        let open = status.get_document("metrics").unwrap().get_document("cursor").unwrap();
        open.get_document("open").unwrap().get_i64("total").unwrap()
    }

    /// Bytes that passed to the connection.
    fn down(&self) -> u64 {
        self.proxy.bytes().1
    }

    /// Lets so many more bytes through to the connection and no others; whether they came.
    fn let_through(&self, bytes: u64, within: Duration) -> bool {
        let until = self.down() + bytes;
        self.proxy.down(Traffic::UpTo(until));
        holds_within(within, || self.down() >= until)
    }

    /// What its reply has; they are all alike.
    fn length_of_a_ping(&self, connection: &Connection) -> u64 {
        let before = self.down();
        soon(ping(connection)).unwrap();
        self.down() - before
    }

    /// Calls that take all the room in the pool: they are sent, and the proxy holds them.
    fn hold(&self, connection: &Connection, room: u32) -> Vec<Holder> {
        self.proxy.up(Traffic::Stall);
        let calls: Vec<_> = (0..room).map(|_| Pending::begin(ping(connection))).collect();
        assert_eq!(stats(connection).in_flight, calls.len());
        calls
    }

    /// The connection serves, all its sockets are idle, the server has no other but the
    /// monitor's, and no cursor is open.
    #[track_caller]
    fn assert_sound(&self, connection: &Connection) {
        if let Err(error) = soon(ping(connection)) {
            panic!("the ping afterwards failed: {error:?}\n{}", connection.state());
        }
        self.assert_at_rest(connection);
    }

    #[track_caller]
    fn assert_at_rest(&self, connection: &Connection) {
        let at_rest = || {
            let stats = stats(connection);
            let busy = (stats.in_flight, stats.queued, stats.queued_bytes, stats.pending, stats.leased);
            busy == (0, 0, 0, 0, 0)
                && stats.idle == stats.total
                && self.proxy.open() == stats.total + 1
                && self.open_cursors() == 0
        };
        if !holds_within(SOON, at_rest) {
            let (open, cursors) = (self.proxy.open(), self.open_cursors());
            panic!("not at rest; {open} sockets, {cursors} cursors on the server:\n{}", connection.state());
        }
    }
}

type Holder = Pending<actix_mongo::Result<Document>>;
