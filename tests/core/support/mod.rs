//! How these stories drive the client: commands as documents, over a handle. All that
//! knows how operations are dispatched is in this folder.

pub mod arbiter;
mod command;
pub mod waker;

pub use self::command::{Command, command, find, insert, namespace, run_on, send_on};

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_mongo::connection::{ConnectionOptions, launch};
use actix_mongo::dispatch::{Core, Drain, Handle, Jitter, execute};
use actix_mongo::pool::{Claim, Entry, Lease, LeaseRequest, Pool, PoolStats, Purpose};
use actix_mongo::runtime::Ended;
use actix_mongo::topology::{ServerAddress, ServerDescription, ServerKind};
use actix_mongo::{Error, Result};
use bson::{Document, doc};
use test_support::scripted::CommandRecord;
use test_support::{Gate, Rule, ScriptedServer};
use tokio::task::JoinHandle;

/// Longer than anything here may take.
pub const SOON: Duration = Duration::from_secs(10);
/// Longer than a whole story.
const STORY: Duration = Duration::from_secs(60);

/// Runs a story on a runtime of one thread, and fails it if it hangs.
pub fn story<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(soon_within(STORY, story))
}

/// Awaits what must come soon.
#[track_caller]
pub fn soon<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    soon_within(SOON, future)
}

#[track_caller]
fn soon_within<T>(limit: Duration, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(limit, future).await {
            Ok(output) => output,
            Err(_) => panic!("nothing came within {limit:?} of what {place} waits for"),
        }
    }
}

pub fn address(server: &ScriptedServer) -> ServerAddress {
    ServerAddress::new(&server.address().ip().to_string(), server.address().port())
}

/// The client of these stories.
#[derive(Clone)]
pub struct Client {
    pub handle: Handle,
    ended: Ended,
}

/// A client of these servers.
pub fn connect(servers: &[&ScriptedServer], change: impl FnOnce(&mut ConnectionOptions)) -> Client {
    let seeds = servers.iter().map(|server| address(server)).collect();
    connect_to(seeds, change)
}

pub fn connect_to(seeds: Vec<ServerAddress>, change: impl FnOnce(&mut ConnectionOptions)) -> Client {
    let mut options = ConnectionOptions::default();
    options.topology.seeds = seeds;
    options.dispatch.server_selection_timeout = SOON;
    // Repeats do not wait.
    options.dispatch.jitter = Jitter::new(|| 0.0);
    change(&mut options);
    let launched = launch(options).expect("sound options");
    Client { handle: launched.handle, ended: launched.ended }
}

impl Client {
    /// Runs a command.
    pub fn run(&self, command: Command) -> impl Future<Output = Result<Document>> + Send + use<> {
        let timeout = command.timeout;
        execute(self.handle.clone(), command, timeout)
    }

    /// Runs a command as a task of its own, and has it polled at once.
    pub async fn start(&self, command: Command) -> JoinHandle<Result<Document>> {
        let task = tokio::spawn(self.run(command));
        tokio::task::yield_now().await;
        task
    }

    /// Runs a ping that must succeed.
    #[track_caller]
    pub fn ping(&self) -> impl Future<Output = ()> + use<> {
        let place = std::panic::Location::caller();
        let ping = soon(self.run(command(doc! { "ping": 1 })));
        async move {
            if let Err(error) = ping.await {
                panic!("the ping of {place} failed: {error:?}");
            }
        }
    }

    /// Waits until the supervisor has applied all that it was told.
    pub async fn settle(&self) -> u64 {
        self.core().settle(Instant::now() + SOON).await.expect("the supervisor answers")
    }

    pub fn core(&self) -> &Arc<Core> {
        self.handle.core()
    }

    /// The pool of the only server.
    pub fn pool(&self) -> Arc<Pool> {
        let snapshot = self.core().snapshots.borrow().clone();
        snapshot.pools.values().next().expect("a server").clone()
    }

    pub fn stats(&self) -> PoolStats {
        self.pool().stats()
    }

    /// Waits until the published picture is as asked.
    #[track_caller]
    pub fn until_kind(&self, address: &ServerAddress, kind: ServerKind) -> impl Future<Output = ()> + use<> {
        let (mut snapshots, address) = (self.core().snapshots.clone(), address.clone());
        soon(async move {
            let known = |server: &Arc<ServerDescription>| server.kind == kind;
            let looks =
                snapshots.wait_for(|picture| picture.topology.servers.get(&address).is_some_and(known));
            looks.await.expect("the connection lives");
        })
    }

    /// Waits until a server that was known has become unknown. It may be known again by then:
    /// pictures are passed over if others follow quickly, and the history tells of all.
    pub fn until_lost(&self) -> impl Future<Output = ()> + use<> {
        let (mut snapshots, client) = (self.core().snapshots.clone(), self.clone());
        soon(async move {
            let lost = snapshots.wait_for(|_| client.times_lost() > 0).await;
            lost.expect("the connection lives");
        })
    }

    /// How often a server that was known became unknown, by the history.
    pub fn times_lost(&self) -> usize {
        // With its reason; the first entry of each server has none.
        let lost = |what: &str| what.starts_with("is now Unknown: ");
        self.core().history.entries().iter().filter(|happening| lost(&happening.what)).count()
    }

    /// What `close` does: new calls are refused, those in flight get the grace.
    pub fn close(&self, grace: Duration) {
        self.core().closing.store(true, std::sync::atomic::Ordering::Relaxed);
        self.handle.shared().drain.do_send(Drain { grace });
    }

    /// Drops this handle; what comes back resolves when all threads have ended.
    pub fn leave(self) -> impl Future<Output = ()> {
        let ended = self.ended.clone();
        drop(self);
        ended.until_over()
    }

    /// Asks for a socket of one's own.
    pub async fn lease(&self) -> Result<Lease, Error> {
        let (request, lease) = LeaseRequest::new(Purpose::Request);
        let pool = self.pool();
        match pool.claim(Entry::Lease(request), Instant::now) {
            Claim::Taken(slot, entry) => slot.submit(entry),
            Claim::Queued { grow, .. } => {
                if grow {
                    self.core().grow(&pool);
                }
            }
            Claim::Refused(entry, error) => entry.fail(error),
        }
        soon(lease).await.expect("a lease request always answers")
    }
}

/// Opens so many sockets. All are idle in the end; the last of the list was used last.
pub async fn open_sockets(client: &Client, server: &ScriptedServer, count: i32) -> Vec<usize> {
    let (mut calls, mut gates) = (Vec::new(), Vec::new());
    for number in 0..count {
        let gate = Gate::new();
        let mine = move |it: &CommandRecord| it.body.get_i32("number").ok() == Some(number);
        server.rule(Rule::on("buildInfo").when(mine).after(&gate));
        gates.push(gate);
        calls.push(client.start(command(doc! { "buildInfo": 1, "number": number })).await);
    }
    server.until(|log| log.count("buildInfo") == calls.len(), SOON).await;
    for (call, gate) in calls.into_iter().zip(gates) {
        gate.open();
        soon(call).await.unwrap().expect("served");
    }
    let log = server.log();
    let place = |number| {
        let mut all = log.commands_named("buildInfo");
        all.find(|it| it.body.get_i32("number").ok() == Some(number)).unwrap().connection
    };
    (0..count).map(place).collect()
}
