//! A connection and a database for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Collection, Connection, Database};
use test_support::block_on;

/// A server that runs already.
const URI_VARIABLE: &str = "ACTIX_MONGO_TEST_URI";

/// What a test works with. Its database is dropped with it.
pub struct Fixture {
    pub connection: Connection,
    pub database: Database,
}

/// The server's connection string.
pub fn uri() -> String {
    std::env::var(URI_VARIABLE)
        .unwrap_or_else(|_| panic!("set {URI_VARIABLE} to the server's mongodb:// string"))
}

/// A connection, and a database that no other test has.
pub fn fixture() -> Fixture {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let connection = block_on(Connection::connect(uri())).unwrap();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let database = connection.database(&format!("api_{}_{number}", std::process::id())).unwrap();
    Fixture { connection, database }
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
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // A test that failed for the server's sake has said so already.
        let _ = block_on(self.database.run_command(doc! { "dropDatabase": 1 }).into_future());
    }
}
