//! A connection and a database for each test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Collection, Connection, Database};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

/// A server that runs already.
const URI_VARIABLE: &str = "ACTIX_MONGO_TEST_URI";
/// Options for all connections, as in a connection string.
const OPTIONS_VARIABLE: &str = "ACTIX_MONGO_TEST_OPTIONS";
/// For what happens in the background.
pub const SOON: Duration = Duration::from_secs(10);

/// What a test works with. Its database is dropped with it.
pub struct Fixture {
    pub connection: Connection,
    pub database: Database,
    /// Dropped last.
    _server: Option<RealServer>,
}

/// The connection string of the server that most tests share.
pub fn uri() -> String {
    static SHARED: OnceLock<Mutex<RealServer>> = OnceLock::new();
    let shared = || SHARED.get_or_init(|| Mutex::new(server())).lock().unwrap().uri();
    std::env::var(URI_VARIABLE).unwrap_or_else(|_| shared())
}

/// A connection, and a database that no other test has.
pub fn fixture() -> Fixture {
    on(&uri(), None)
}

/// The same, on a server that no other test has.
pub fn fixture_alone() -> Fixture {
    let server = server();
    on(&server.uri(), Some(server))
}

fn server() -> RealServer {
    RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"))
}

fn on(uri: &str, server: Option<RealServer>) -> Fixture {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let options = std::env::var(OPTIONS_VARIABLE).unwrap_or_default();
    let connection = block_on(Connection::connect(format!("{uri}?{options}"))).unwrap();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let database = connection.database(&format!("api_{}_{number}", std::process::id())).unwrap();
    Fixture { connection, database, _server: server }
}

impl Fixture {
    /// The collection that most tests need.
    pub fn things(&self) -> Collection {
        self.database.collection("things").unwrap()
    }

    /// The same, with the documents `{_id: 0, n: 0}`, `{_id: 1, n: 1}`, and so on.
    pub fn numbers(&self, count: i32) -> Collection {
        let things = self.things();
        let all: Vec<Document> = (0..count).map(|n| doc! { "_id": n, "n": n }).collect();
        block_on(things.insert_many(&all).into_future()).unwrap();
        things
    }

    /// Runs a command on the database `admin`.
    pub fn admin(&self, command: Document) -> Document {
        let admin = self.connection.database("admin").unwrap();
        block_on(admin.run_command(command).into_future()).unwrap()
    }

    /// A number of the server's own bookkeeping, found by its path in `serverStatus`.
    pub fn status(&self, path: &[&str]) -> i64 {
        let mut document = self.admin(doc! { "serverStatus": 1 });
        let (last, folders) = path.split_last().unwrap();
        for folder in folders {
            document = document.get_document(folder).unwrap().clone();
        }
        whole(document.get(last))
    }

    /// Cursors that the server has open; all tests of the server share this number.
    pub fn open_cursors(&self) -> i64 {
        self.status(&["metrics", "cursor", "open", "total"])
    }

    /// Waits until the server has no cursor open.
    #[track_caller]
    pub fn wait_for_kills(&self) {
        poll_until(SOON, "all cursors to be gone", || self.open_cursors() == 0);
    }

    /// Has commands of these names fail, or dawdle, as `data` says.
    pub fn fail(&self, mode: impl Into<Bson>, data: Document) {
        self.admin(doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": data });
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // A test that failed for the server's sake has said so already.
        let _ = block_on(self.database.run_command(doc! { "dropDatabase": 1 }).into_future());
    }
}

/// A whole number of any type.
pub fn whole(number: Option<&Bson>) -> i64 {
    match number.unwrap() {
        Bson::Int32(number) => i64::from(*number),
        Bson::Int64(number) => *number,
        other => panic!("{other} is no whole number"),
    }
}
