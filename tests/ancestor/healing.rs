//! The server is killed, restarted and frozen under load: the connection heals by itself, and
//! every error tells the truth.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, Error, Kind, MonitoringMode};
use test_support::real_server::Options;
use test_support::{FaultProxy, RealServer, block_on, poll_until};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::support::SOON;

/// Tasks of each kind; there are four kinds.
const TASKS: usize = 4;
/// Some calls end while the server is away, some outlast that.
const TIMEOUTS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(5)];
/// How much later than its timeout a call may end, on a machine that has much else to do.
const TOLERANCE: Duration = Duration::from_secs(2);
/// Longer than the shorter timeout: the server is away so long that calls end by that.
const AWAY: Duration = Duration::from_millis(700);

/// What it acknowledges is on the disk: else it may be gone with a server that is killed.
fn durable() -> RealServer {
    RealServer::start(Options::new().argument("--sync-on-commit")).unwrap_or_else(|error| panic!("{error}"))
}

/// What became of one write.
struct Written {
    key: String,
    error: Option<Error>,
}

/// One task: writes a document, reads it, and so on until it is told to stop.
#[derive(Clone)]
struct Worker {
    name: String,
    things: Collection,
    timeout: Duration,
    /// Written by the task: writes that were acknowledged.
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    async fn work(self) -> Vec<Written> {
        let mut all = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let key = format!("{} {}", self.name, all.len());
            let insert = self.things.insert_one(doc! { "key": &key }).timeout(self.timeout);
            let inserted = self.in_time(insert.into_future()).await;
            if let Err(error) = &inserted {
                assert_of_the_family(error);
            } else {
                let find = self.things.find_one(doc! { "key": &key }).timeout(self.timeout);
                match self.in_time(find.into_future()).await {
                    Ok(found) => assert!(found.is_some(), "{key} was acknowledged, and is not there"),
                    Err(error) => assert_of_the_family(&error),
                }
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            all.push(Written { key, error: inserted.err() });
        }
        all
    }

    async fn in_time<T>(&self, call: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let output = call.await;
        let took = begin.elapsed();
        assert!(took < self.timeout + TOLERANCE, "{} took {took:?} of {:?}", self.name, self.timeout);
        output
    }
}

/// No other error may come of a server that goes and comes back.
fn assert_of_the_family(error: &Error) {
    match error.kind() {
        Kind::AutoReconnect | Kind::ConnectionFailure => assert!(error.is_network(), "{error:?}"),
        Kind::PoolCleared => assert!(error.is_network() && !error.may_have_run(), "{error:?}"),
        Kind::ServerSelection | Kind::Timeout => assert!(error.is_timeout(), "{error:?}"),
        // This server forgets the numbers of writes when it is killed, so that a second attempt
        // may meet what the first one left. The error says that it may have run.
        Kind::Write => assert!(is_second_meeting_first(error), "{error:?}"),
        _ => panic!("{error:?}"),
    }
}

fn is_second_meeting_first(error: &Error) -> bool {
    error.is_duplicate_key() && error.may_have_run()
}

/// A server of its own, and tasks that work on it.
struct Load {
    server: RealServer,
    runtime: Runtime,
    workers: Vec<Worker>,
    tasks: Vec<JoinHandle<Vec<Written>>>,
    connections: Vec<Connection>,
}

impl Load {
    fn begin() -> Self {
        let server = durable();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, mut workers, mut connections) = (Arc::<AtomicBool>::default(), Vec::new(), Vec::new());
        for retries in [true, false] {
            let builder = Connection::builder().uri(server.uri()).unwrap();
            let connection = block_on(builder.retry_writes(retries).max_pool_size(4).connect()).unwrap();
            let things = connection.database("healing").unwrap().collection("things").unwrap();
            // A scan for each read would be the server's work, and not the connection's.
            block_on(things.create_index(doc! { "key": 1 }).into_future()).unwrap();
            for (timeout, number) in
                TIMEOUTS.into_iter().flat_map(|timeout| (0..TASKS).map(move |n| (timeout, n)))
            {
                let name = format!("{retries} {timeout:?} {number}");
                let (things, stop) = (things.clone(), stop.clone());
                workers.push(Worker { name, things, timeout, done: Arc::default(), stop });
            }
            connections.push(connection);
        }
        let tasks = workers.iter().map(|worker| runtime.spawn(worker.clone().work())).collect();
        let load = Self { server, runtime, workers, tasks, connections };
        load.goes_on();
        load
    }

    /// Each of the tasks gets something done from now on, by itself.
    #[track_caller]
    fn goes_on(&self) {
        let counts = || self.workers.iter().map(|worker| worker.done.load(Ordering::Relaxed));
        let before: Vec<usize> = counts().collect();
        let all = || counts().zip(&before).all(|(now, before)| now >= before + 3);
        poll_until(2 * SOON, "all tasks to go on", || {
            assert!(!self.tasks.iter().any(JoinHandle::is_finished), "a task has ended");
            all()
        });
    }

    /// Time passes while the server is away. Not a wait for anything: it is the length of the
    /// outage itself.
    fn outage(&self) {
        let end = Instant::now() + AWAY;
        poll_until(SOON, "the outage's end", || Instant::now() >= end);
    }

    /// Stops the tasks, and holds what they were told against what is in the database.
    fn end(self) -> Vec<Error> {
        self.workers.iter().for_each(|worker| worker.stop.store(true, Ordering::Relaxed));
        let written = self.runtime.block_on(all_of(self.tasks));
        let things = &self.workers[0].things;
        let all = block_on(async { things.find(doc! {}).await?.collect_all().await }).unwrap();
        let mut found: HashMap<String, usize> = HashMap::new();
        for document in all {
            *found.entry(document.get_str("key").unwrap().to_owned()).or_default() += 1;
        }
        let mut errors = Vec::new();
        for Written { key, error } in written {
            let times = found.remove(&key).unwrap_or(0);
            match &error {
                None => assert_eq!(times, 1, "{key} was acknowledged"),
                Some(error) if is_second_meeting_first(error) => assert_eq!(times, 1, "{key}: {error:?}"),
                Some(error) if error.may_have_run() => assert!(times <= 1, "{key}: {error:?}"),
                Some(error) => assert_eq!(times, 0, "{key} has not run: {error:?}"),
            }
            errors.extend(error);
        }
        assert!(found.is_empty(), "nobody wrote {found:?}");
        for connection in self.connections {
            let state = connection.state();
            assert!(state.servers[0].error.is_none(), "{state}");
            block_on(connection.close(SOON));
        }
        errors
    }
}

async fn all_of(tasks: Vec<JoinHandle<Vec<Written>>>) -> Vec<Written> {
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("no task panics"));
    }
    all
}

#[test]
fn a_server_that_is_killed_and_restarted_under_load_costs_what_was_in_flight() {
    let mut load = Load::begin();
    for _ in 0..3 {
        load.server.kill().unwrap();
        load.outage();
        load.server.restart().unwrap();
        load.goes_on();
    }
    let errors = load.end();
    let count = |kind| errors.iter().filter(|error| error.kind() == kind).count();
    println!("{} errors, {} of them AutoReconnect", errors.len(), count(Kind::AutoReconnect));
    // Without retries, what was in flight is lost with its socket.
    assert!(count(Kind::AutoReconnect) > 0, "{errors:?}");
    assert!(errors.iter().any(Error::may_have_run) && !errors.iter().all(Error::may_have_run), "{errors:?}");
}

#[test]
fn a_server_that_restarts_at_once_is_hardly_missed() {
    let mut load = Load::begin();
    for _ in 0..3 {
        load.server.restart().unwrap();
        load.goes_on();
    }
    load.end();
}

#[test]
fn a_server_that_is_frozen_under_load_costs_calls_their_time_and_no_more() {
    let mut load = Load::begin();
    for _ in 0..2 {
        load.server.freeze().unwrap();
        load.outage();
        load.server.thaw().unwrap();
        load.goes_on();
    }
    let errors = load.end();
    // The shorter timeout ran out, of calls that the server had and of others.
    let late: Vec<&Error> = errors.iter().filter(|error| error.kind() == Kind::Timeout).collect();
    assert!(late.iter().any(|error| error.may_have_run()), "{errors:?}");
}

/// The two kinds by the ancestor's names: a connection that was made reconnects, and one that
/// can't be made says so.
#[test]
fn what_was_connected_reconnects_and_what_never_was_fails() {
    let mut server = durable();
    // It tells what has left the client.
    let proxy = FaultProxy::start(server.address());
    let builder = |uri: String| {
        let builder = Connection::builder().uri(uri).unwrap().monitoring_mode(MonitoringMode::Poll);
        builder.retry_writes(false).server_selection_timeout(AWAY)
    };
    let (builder, late) = (builder(proxy.uri()), builder(server.uri()));
    let connection = block_on(builder.connect()).unwrap();
    let things = connection.database("healing").unwrap().collection("things").unwrap();
    block_on(things.insert_one(doc! { "_id": 0 }).into_future()).unwrap();
    server.freeze().unwrap();
    let sent = proxy.bytes().0;
    let insert = things.insert_one(doc! { "_id": 1 }).into_future();
    let caller = std::thread::spawn(|| block_on(insert));
    poll_until(SOON, "the call to be written", || proxy.bytes().0 > sent);
    server.kill().unwrap();
    let error = caller.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::AutoReconnect, "{error:?}");
    assert!(error.is_network() && error.may_have_run());

    let error = block_on(late.connect()).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
    assert!(error.is_network() && !error.may_have_run());
    // Of the connection that was made, calls wait for the server as long as they may.
    let error = block_on(things.find_one(doc! {}).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::ServerSelection, false), "{error:?}");

    server.restart().unwrap();
    let found = block_on(things.find_one(doc! { "_id": 0 }).timeout(SOON).into_future()).unwrap();
    assert_eq!(found, Some(doc! { "_id": 0 }));
}
