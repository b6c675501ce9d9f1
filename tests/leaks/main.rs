//! What a connection leaves behind when it ends: nothing. Threads and descriptors of the
//! process are counted, so this is a process of its own, and its tests run one at a time.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod after_sharing;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirEntry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use actix::{Actor, Handler, System};
use actix_mongo::bson::doc;
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::messages::RunCommand;
use actix_mongo::{Builder, Collection, Connection};
use test_support::poll::holds_within;
use test_support::{Gate, Rule, ScriptedServer, block_on};

const ROUNDS: usize = 100;
/// For the system to take back what ended.
const SOON: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(5);

/// How the threads of all tests here are named, by their tests and modules; the harness starts and ends
/// them as it likes, from the main thread, whose name they bear until they have their own.
const TESTS: &str = "after_";

/// Threads of this process, but the main one and those of tests, and descriptors.
#[derive(Clone, Copy, Debug)]
struct Count {
    threads: usize,
    descriptors: usize,
}

impl Count {
    fn now() -> Self {
        // While threads end, the list of them may lack others.
        let mut threads = threads();
        for _ in 0..1000 {
            let before = std::mem::replace(&mut threads, self::threads());
            if before == threads {
                break;
            }
        }
        Self { threads: threads.len(), descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count() }
    }
}

/// Names of threads, by their numbers. One that ends meanwhile has no name any more.
fn threads() -> BTreeMap<OsString, String> {
    let main = std::fs::read_to_string("/proc/self/comm").unwrap();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(Result::unwrap);
    let named =
        |task: DirEntry| Some((task.file_name(), std::fs::read_to_string(task.path().join("comm")).ok()?));
    tasks.filter_map(named).filter(|(_, name)| !name.starts_with(TESTS) && *name != main).collect()
}

/// A server, and what there was before the first connection to it.
struct Fixture {
    server: ScriptedServer,
    before: Count,
    _alone: MutexGuard<'static, ()>,
}

impl Fixture {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that was joined is listed for a moment still, that of a server before as well.
        assert!(holds_within(SOON, || Count::now().threads == 0), "{:?} at the start", Count::now());
        let server = ScriptedServer::start();
        Self { server, before: Count::now(), _alone: alone }
    }

    fn connect(&self) -> (Connection, Collection) {
        let connection = block_on(Connection::connect(self.server.uri())).unwrap();
        let things = connection.database("d").unwrap().collection("things").unwrap();
        (connection, things)
    }

    /// Connects and ends so often; after each time all is as before.
    #[track_caller]
    fn rounds(&self, rounds: usize, end: impl Fn(Connection, Collection)) {
        for _ in 0..rounds {
            let (connection, things) = self.connect();
            block_on(things.find_one(doc! {}).into_future()).unwrap();
            let open = Count::now();
            let counts = open.threads > self.before.threads && open.descriptors > self.before.descriptors + 2;
            assert!(counts, "{open:?} while it is open, {:?} before", self.before);
            end(connection, things);
            let back = || {
                let now = Count::now();
                now.threads <= self.before.threads && now.descriptors <= self.before.descriptors
            };
            assert!(holds_within(SOON, back), "{:?} after, {:?} before", Count::now(), self.before);
        }
        self.server.wait_for(|log| log.open_connections() == 0, SOON);
        assert!(self.server.log().protocol_errors.is_empty());
    }
}

#[test]
fn after_close() {
    Fixture::new().rounds(ROUNDS, |connection, things| {
        drop(things);
        block_on(connection.close(GRACE));
    });
}

#[test]
fn after_close_with_gateways() {
    Fixture::new().rounds(ROUNDS, |connection, things| {
        drop(things);
        let before = Count::now();
        for gateway in [connection.start_actor(), connection.start_actor()] {
            let ping = RunCommand::new("d", doc! { "ping": 1 });
            block_on(gateway.send(ping)).unwrap().unwrap();
        }
        assert_eq!(Count::now().threads, before.threads + 1, "one for both");
        block_on(connection.close(GRACE));
    });
}

struct Listens;

impl Actor for Listens {
    type Context = actix::Context<Self>;
}

impl Handler<Event> for Listens {
    type Result = ();

    fn handle(&mut self, _: Event, _: &mut Self::Context) {}
}

#[test]
fn after_close_with_listeners() {
    let fixture = Fixture::new();
    fixture.rounds(ROUNDS / 5, |connection, things| {
        let system = System::new();
        let [first, second] = [0, 1].map(|_| system.block_on(async { Listens.start().recipient() }));
        let open = |listen: &dyn Fn(Builder) -> Builder| {
            let builder = listen(Connection::builder().uri(fixture.server.uri()).unwrap());
            block_on(builder.connect()).unwrap()
        };
        let before = Count::now().threads;
        let plain = open(&|builder| builder);
        let of_one = Count::now().threads - before;
        let listening = open(&|builder| {
            // No command is sent: nobody would empty the actors' mailboxes.
            let builder = builder.events_recipient(EventKinds::COMMANDS, first.clone());
            let builder = builder.events_recipient(EventKinds::COMMANDS, second.clone());
            builder.on_event(|_| {}).on_event(|_| {})
        });
        // A thread is named like the one that starts it, here a test's, until it names itself.
        let expected = before + 2 * of_one + 3;
        let named = || Count::now().threads == expected;
        assert!(holds_within(SOON, named), "one for each closure, one for both actors: {:?}", Count::now());
        drop(things);
        [connection, plain, listening].into_iter().for_each(|each| block_on(each.close(GRACE)));
    });
}

#[test]
fn after_the_last_handle_is_dropped_on_another_thread() {
    Fixture::new().rounds(ROUNDS, |connection, things| {
        drop(connection);
        std::thread::spawn(move || drop(things)).join().unwrap();
    });
}

#[test]
fn after_the_last_handle_is_dropped_in_a_task() {
    let fixture = Fixture::new();
    fixture.rounds(ROUNDS, |connection, things| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            tokio::spawn(async move {
                things.find_one(doc! {}).await.unwrap();
                drop((things, connection));
            })
            .await
            .unwrap();
        });
    });
}

/// Drops what it holds on the thread that wakes it.
struct DropsWhenWoken {
    handles: Mutex<Option<(Connection, Collection)>>,
    woken: mpsc::Sender<String>,
}

impl Wake for DropsWhenWoken {
    fn wake(self: Arc<Self>) {
        if self.handles.lock().unwrap().take().is_some() {
            let thread = std::thread::current();
            let _ = self.woken.send(thread.name().unwrap_or_default().to_owned());
        }
    }
}

/// A call whose waker drops the last handle; on which thread it did.
fn dropped_by_the_waker_of<T>(
    mut call: std::pin::Pin<Box<dyn Future<Output = T> + Send>>,
    handles: (Connection, Collection),
    go: impl FnOnce(),
) -> String {
    let (woken, thread) = mpsc::channel();
    let waker = Arc::new(DropsWhenWoken { handles: Mutex::new(Some(handles)), woken });
    let waker = Waker::from(waker);
    let mut task = Context::from_waker(&waker);
    assert!(matches!(call.as_mut().poll(&mut task), Poll::Pending));
    go();
    let thread = thread.recv_timeout(SOON).unwrap();
    // It held a handle as well.
    drop(call);
    thread
}

#[test]
fn after_the_last_handle_is_dropped_on_a_data_arbiter() {
    let fixture = Fixture::new();
    fixture.rounds(ROUNDS, |connection, things| {
        let gate = Gate::new();
        fixture.server.rule(Rule::on("find").once().after(&gate));
        let call = Box::pin(things.find_one(doc! {}).into_future());
        let sent = fixture.server.log().count("find");
        let thread = dropped_by_the_waker_of(call, (connection, things), || {
            fixture.server.wait_for(|log| log.count("find") > sent, SOON);
            gate.open();
        });
        assert_ne!(thread, "actix-mongo", "an arbiter woke it");
    });
}

#[test]
fn after_the_last_handle_is_dropped_on_the_control_arbiter() {
    let fixture = Fixture::new();
    // Each waits for a timeout: fewer of them.
    fixture.rounds(ROUNDS / 5, |connection, things| {
        // No server is there: the call waits for the timer.
        let refused = Connection::builder().hosts(["127.0.0.1:1"]).unwrap().connect_lazy().unwrap();
        let nowhere = refused.database("d").unwrap().collection("things").unwrap();
        let call = nowhere.find_one(doc! {}).timeout(Duration::from_millis(20)).into_future();
        let call = async move { call.await.map(drop) };
        let thread = dropped_by_the_waker_of(Box::pin(call), (refused, nowhere), || {});
        assert_eq!(thread, "actix-mongo");
        drop((connection, things));
    });
}

#[test]
fn after_calls_were_abandoned_in_flight() {
    let fixture = Fixture::new();
    fixture.rounds(ROUNDS, |connection, things| {
        let gate = Gate::new();
        fixture.server.rule(Rule::on("find").times(3).after(&gate));
        let before = fixture.server.log().count("find");
        let mut calls: Vec<_> = (0..3).map(|_| Box::pin(things.find_one(doc! {}).into_future())).collect();
        for call in &mut calls {
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        fixture.server.wait_for(|log| log.count("find") == before + 3, SOON);
        drop(calls);
        drop((connection, things));
        gate.open();
    });
}

#[test]
fn after_calls_were_abandoned_that_are_never_answered() {
    let fixture = Fixture::new();
    fixture.rounds(ROUNDS / 20, |connection, things| {
        let before = fixture.server.log().count("find");
        fixture.server.rule(Rule::on("find").once().never_answer());
        let mut call = Box::pin(things.find_one(doc! {}).into_future());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        fixture.server.wait_for(|log| log.count("find") == before + 1, SOON);
        drop((call, things));
        block_on(connection.close(Duration::ZERO));
    });
}
