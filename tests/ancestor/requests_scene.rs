//! A server that a test tells what to do, and a connection to it, for requests.

use std::pin::Pin;
use std::task::{Context, Waker};

use actix_mongo::bson::oid::ObjectId;
use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Cursor, Error, PoolStats, Request};
use test_support::{Rule, ScriptedServer, block_on, poll_until};

use crate::support::SOON;

pub type Call<T = Document> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

pub struct Scene {
    pub server: ScriptedServer,
    pub connection: Connection,
}

/// A server, and a connection that has one socket idle.
pub fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let server = ScriptedServer::start();
    let builder = Connection::builder().uri(server.uri()).unwrap();
    let connection = block_on(change(builder).connect()).unwrap();
    block_on(ping(&connection)).unwrap();
    Scene { server, connection }
}

impl Scene {
    pub fn request(&self) -> Request {
        block_on(self.connection.start_request().into_future()).unwrap()
    }

    pub fn pool(&self) -> PoolStats {
        self.connection.state().servers[0].pool.clone().expect("it has a pool")
    }

    #[track_caller]
    pub fn assert_at_rest(&self) {
        poll_until(SOON, "all sockets to be idle", || {
            let pool = self.pool();
            (pool.leased, pool.in_flight, pool.queued, pool.idle) == (0, 0, 0, pool.total)
        });
    }

    /// The connections that commands of this name came over.
    pub fn places(&self, name: &str) -> Vec<usize> {
        self.server.log().commands_named(name).map(|it| it.connection).collect()
    }
}

pub fn run(handle: &Connection, command: Document) -> Call {
    handle.database("d").unwrap().run_command(command).into_future()
}

pub fn ping(handle: &Connection) -> Call {
    run(handle, doc! { "ping": 1 })
}

pub fn find(handle: &Connection) -> Result<Option<Document>, Error> {
    let things = handle.database("d").unwrap().collection("c");
    block_on(things.unwrap().find_one(doc! {}).into_future())
}

/// Polls it for the first time. It has nothing to tell yet.
pub fn begin<T>(call: &mut Call<T>) {
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

pub fn behind_balancer() -> Scene {
    let server = ScriptedServer::builder().documents((1..=5).map(|id| doc! { "_id": id })).start();
    let hello = doc! {
        "ok": 1, "isWritablePrimary": true, "msg": "isdbgrid", "minWireVersion": 0, "maxWireVersion": 25,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
        "serviceId": ObjectId::from_bytes([1; 12]),
    };
    server.rule(Rule::on("hello").reply(hello));
    let builder = Connection::builder().uri(server.uri()).unwrap().load_balanced(true);
    let connection = block_on(builder.connect()).unwrap();
    Scene { server, connection }
}

pub fn cursor(handle: &Connection) -> Cursor {
    let things = handle.database("d").unwrap().collection("c").unwrap();
    let mut cursor = block_on(things.find(doc! {}).batch_size(2).into_future()).unwrap();
    assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": 1 }));
    cursor
}
