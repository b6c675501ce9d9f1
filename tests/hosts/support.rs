//! The server, a round of work that each host does, and arbiters to lend.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle, System};
use actix_mongo::bson::{Document, doc};
use actix_mongo::{Collection, Connection, Kind};
use test_support::RealServer;
use test_support::real_server::Options;

/// A server that runs already.
const URI_VARIABLE: &str = "ACTIX_MONGO_TEST_URI";
/// Longer than anything here takes.
pub const SOON: Duration = Duration::from_secs(10);
/// For calls in flight at a close; there are none.
pub const GRACE: Duration = Duration::from_secs(1);

/// The connection string of the server that all tests share.
pub fn uri() -> String {
    static SHARED: OnceLock<Mutex<RealServer>> = OnceLock::new();
    let start = || Mutex::new(RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}")));
    std::env::var(URI_VARIABLE).unwrap_or_else(|_| SHARED.get_or_init(start).lock().unwrap().uri())
}

/// A collection that no other test has.
pub fn collection(connection: &Connection) -> Collection {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let database = connection.database(&format!("hosts_{}", std::process::id())).unwrap();
    database.collection(&format!("things_{number}")).unwrap()
}

/// Writes, reads through a cursor of several batches, and reads one, as numbers from `first`.
pub async fn work(things: Collection, first: i32) {
    let documents: Vec<Document> = (first..first + 10).map(|n| doc! { "_id": n }).collect();
    things.insert_many(&documents).await.unwrap();
    let mine = doc! { "_id": { "$gte": first, "$lt": first + 10 } };
    let mut cursor = things.find(mine).batch_size(3).await.unwrap();
    let mut found = 0;
    while let Some(batch) = cursor.next_batch().await.unwrap() {
        found += batch.iter().count();
    }
    assert_eq!(found, 10);
    assert!(things.find_one(doc! { "_id": first }).await.unwrap().is_some());
}

/// Connects, works, closes: the whole life of a program.
pub async fn live(connection: Connection) {
    let things = collection(&connection);
    work(things.clone(), 0).await;
    connection.close(GRACE).await;
    let error = things.find_one(doc! {}).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
}

/// Arbiters of an application, on a thread with a system of its own.
pub struct Lent {
    arbiters: Vec<ArbiterHandle>,
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lent {
    /// Starts so many.
    pub fn start(count: usize) -> Self {
        let (started, arbiters) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let _system = System::new();
            let all: Vec<Arbiter> = (0..count).map(|_| Arbiter::new()).collect();
            started.send(all.iter().map(Arbiter::handle).collect()).unwrap();
            // Nothing is ever sent: it returns when the sender is gone.
            let _ = ended.recv();
            for arbiter in all {
                arbiter.stop();
                arbiter.join().unwrap();
            }
        });
        Self { arbiters: arbiters.recv().unwrap(), end: Some(end), thread: Some(thread) }
    }

    pub fn handles(&self) -> Vec<ArbiterHandle> {
        self.arbiters.clone()
    }

    /// Runs a future there to its end.
    pub fn run<T: Send + 'static>(&self, at: usize, future: impl Future<Output = T> + Send + 'static) -> T {
        let (done, output) = mpsc::channel();
        assert!(self.arbiters[at].spawn(async move {
            let _ = done.send(future.await);
        }));
        output.recv_timeout(SOON).unwrap()
    }

    /// Blocks one until what comes back is dropped; it is blocked when this returns.
    pub fn block(&self, at: usize) -> mpsc::Sender<()> {
        let (let_go, gone) = mpsc::channel::<()>();
        let (blocked, is_blocked) = mpsc::channel();
        assert!(self.arbiters[at].spawn_fn(move || {
            blocked.send(()).unwrap();
            let _ = gone.recv();
        }));
        is_blocked.recv_timeout(SOON).unwrap();
        let_go
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A panic there is the test's, and was printed.
            let _ = thread.join();
        }
    }
}
