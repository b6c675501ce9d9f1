//! When closed cursors are killed, and who decides that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{
    BatchCursorManager, Builder, ClosedCursor, ClosedCursors, Connection, Cursor, CursorManager,
    ImmediateCursorManager, Kind,
};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

use crate::support::{SOON, whole};

/// A server whose cursors nobody else opens, and somebody who looks at it.
pub struct Scene {
    pub connection: Connection,
    pub observer: Connection,
    kills: Arc<AtomicUsize>,
    pub server: RealServer,
}

impl Scene {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
        let kills = Arc::<AtomicUsize>::default();
        let counter = kills.clone();
        let builder = Connection::builder().uri(server.uri()).unwrap();
        let builder = set(builder).on_events(EventKinds::COMMANDS, move |event| match event {
            Event::CommandStarted(started) if &*started.command_name == "killCursors" => {
                counter.fetch_add(1, Relaxed);
            }
            _ => {}
        });
        let connection = block_on(builder.connect()).unwrap();
        let observer = block_on(Connection::connect(server.uri())).unwrap();
        for name in ["one", "two"] {
            let numbers: Vec<Document> = (0..3).map(|n| doc! { "_id": n }).collect();
            let collection = observer.database("d").unwrap().collection(name).unwrap();
            block_on(collection.insert_many(&numbers).into_future()).unwrap();
        }
        Self { connection, observer, kills, server }
    }

    /// A cursor that the server keeps open.
    pub fn cursor(&self, collection: &str) -> Cursor {
        open(&self.connection, collection)
    }

    pub fn cursors(&self, count: usize) -> Vec<Cursor> {
        (0..count).map(|_| self.cursor("one")).collect()
    }

    pub fn open(&self) -> i64 {
        let admin = self.observer.database("admin").unwrap();
        let status = block_on(admin.run_command(doc! { "serverStatus": 1 }).into_future()).unwrap();
        let cursor = status.get_document("metrics").unwrap().get_document("cursor").unwrap();
        whole(cursor.get_document("open").unwrap().get("total"))
    }

    #[track_caller]
    pub fn wait_for_open(&self, count: i64) {
        poll_until(SOON * 2, &format!("{count} cursors to be open"), || self.open() == count);
    }

    #[track_caller]
    pub fn wait_for_waiting(&self, count: usize) {
        poll_until(SOON, &format!("{count} cursors to be kept"), || {
            self.connection.state().cursor_manager.waiting == count
        });
    }

    pub fn set(&self, manager: impl CursorManager) {
        block_on(self.connection.set_cursor_manager(manager)).unwrap();
    }

    /// Commands that killed cursors so far.
    pub fn kills(&self) -> usize {
        block_on(self.connection.flush_events(SOON)).unwrap();
        self.kills.load(Relaxed)
    }
}

pub fn open(connection: &Connection, collection: &str) -> Cursor {
    let collection = connection.database("d").unwrap().collection(collection).unwrap();
    let cursor = block_on(collection.find(doc! {}).batch_size(1).into_future()).unwrap();
    assert_ne!(cursor.id(), 0);
    cursor
}

/// Has nothing killed, ever.
#[derive(Clone)]
pub struct Keeps;

impl CursorManager for Keeps {
    fn close(&mut self, _: &mut ClosedCursors<'_>, _: Instant) {}
}

/// A policy of an application's own: three of a collection are killed together, and at the
/// latest when the oldest has waited so long.
struct Threes {
    longest: Duration,
}

impl CursorManager for Threes {
    fn close(&mut self, closed: &mut ClosedCursors<'_>, _: Instant) {
        let Some(collection) = closed.newest().map(|newest| newest.collection().to_owned()) else { return };
        if closed.iter().filter(|cursor| cursor.collection() == collection).count() == 3 {
            closed.kill(|cursor| cursor.collection() == collection);
        }
    }

    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        closed.oldest()?.closed_at().checked_add(self.longest)
    }

    fn wake(&mut self, closed: &mut ClosedCursors<'_>, now: Instant) {
        closed.kill(|cursor| now.duration_since(cursor.closed_at()) >= self.longest);
    }
}

#[test]
fn a_policy_of_an_applications_own() {
    let scene = Scene::new();
    scene.set(Threes { longest: Duration::MAX });
    assert!(scene.connection.state().cursor_manager.name.ends_with("Threes"));
    let mut ones = scene.cursors(3);
    let (twos, last) = ((0..3).map(|_| scene.cursor("two")).collect::<Vec<_>>(), ones.pop());
    drop(ones);
    scene.wait_for_waiting(2);
    drop(twos);
    scene.wait_for_open(3);
    assert_eq!((scene.connection.state().cursor_manager.waiting, scene.kills()), (2, 1));
    drop(last);
    scene.wait_for_open(0);
    assert_eq!((scene.connection.state().cursor_manager.waiting, scene.kills()), (0, 2));

    let longest = Duration::from_millis(50);
    scene.set(Threes { longest });
    let begin = Instant::now();
    drop(scene.cursor("one"));
    scene.wait_for_open(0);
    assert!(begin.elapsed() >= longest);
}

#[test]
fn a_batch_of_so_many_is_killed_together() {
    let manager = BatchCursorManager::new(5, Duration::MAX);
    let scene = Scene::with(|builder| builder.cursor_manager(manager));
    let mut cursors = scene.cursors(5);
    let last = cursors.pop();
    drop(cursors);
    scene.wait_for_waiting(4);
    assert_eq!((scene.open(), scene.kills()), (5, 0));
    drop(last);
    scene.wait_for_open(0);
    assert_eq!(scene.kills(), 1);
}

#[test]
fn a_batch_is_killed_once_it_has_waited_so_long() {
    let age = Duration::from_millis(60);
    let scene = Scene::with(|builder| builder.cursor_manager(BatchCursorManager::new(1000, age)));
    let cursors = scene.cursors(3);
    let begin = Instant::now();
    drop(cursors);
    scene.wait_for_open(0);
    assert!(begin.elapsed() >= age);
}

#[test]
fn at_once_is_one_command_for_each() {
    let scene = Scene::with(|builder| builder.cursor_manager(ImmediateCursorManager::new()));
    drop(scene.cursors(3));
    scene.wait_for_open(0);
    assert_eq!(scene.kills(), 3);
    // What another manager has kept is killed as well.
    scene.set(Keeps);
    drop(scene.cursors(2));
    scene.wait_for_waiting(2);
    scene.set(ImmediateCursorManager::new());
    scene.wait_for_open(0);
}

/// From several threads, and with each few of them the manager changes from one to another.
#[test]
fn swapping_managers_loses_no_cursor() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;
    const EACH: usize = 5;
    let scene = Scene::with(|builder| builder.cursor_manager(Keeps));
    let cursors: Vec<Vec<Cursor>> = (0..THREADS).map(|_| scene.cursors(ROUNDS * EACH)).collect();
    assert_eq!(scene.open(), 1000);
    let begun = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for cursors in cursors {
            let begun = &begun;
            scope.spawn(move || {
                for (number, cursor) in cursors.into_iter().enumerate() {
                    while begun.load(Relaxed) <= number / EACH {
                        std::thread::yield_now();
                    }
                    drop(cursor);
                }
            });
        }
        for round in 1..=ROUNDS {
            begun.store(round, Relaxed);
            match round % 4 {
                0 => scene.set(Keeps),
                1 => scene.set(BatchCursorManager::new(7, Duration::MAX)),
                2 => scene.set(Threes { longest: Duration::MAX }),
                _ => scene.set(ImmediateCursorManager::new()),
            }
        }
    });
    scene.set(BatchCursorManager::default());
    scene.wait_for_open(0);
    scene.wait_for_waiting(0);
}

/// Panics in one of its methods.
struct Panics(&'static str);

impl CursorManager for Panics {
    fn close(&mut self, _: &mut ClosedCursors<'_>, _: Instant) {
        assert_ne!(self.0, "close", "oh dear");
    }

    fn due(&self, closed: &ClosedCursors<'_>) -> Option<Instant> {
        assert_ne!(self.0, "due", "oh dear");
        closed.oldest().map(ClosedCursor::closed_at)
    }

    fn wake(&mut self, closed: &mut ClosedCursors<'_>, _: Instant) {
        closed.kill(|_| {
            assert_ne!(self.0, "wake", "oh dear");
            false
        });
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(self.0 != "drop" || std::thread::panicking(), "oh dear");
    }
}

#[test]
fn a_policy_that_panics_is_replaced_and_reported_and_nothing_is_lost() {
    let scene = Scene::new();
    for doing in ["close", "due", "wake"] {
        // Some that it finds, and some that come.
        scene.set(Keeps);
        drop(scene.cursors(3));
        scene.wait_for_waiting(3);
        scene.set(Panics(doing));
        drop(scene.cursors(2));
        scene.wait_for_open(0);
        let state = scene.connection.state();
        let words = state.cursor_manager.panicked.clone().unwrap();
        assert!(words.contains(&format!("`{doing}`: ")) && words.contains("oh dear"), "{words}");
        assert!(state.cursor_manager.name.ends_with("BatchCursorManager"), "{state}");
        assert!(state.recent.iter().any(|happening| happening.what == words), "{state}");
        assert!(state.to_string().contains(&words));
    }
    scene.set(Keeps);
    assert_eq!(scene.connection.state().cursor_manager.panicked, None);
}

#[test]
fn a_policy_that_panics_as_it_goes_stops_nobody() {
    let scene = Scene::new();
    scene.set(Panics("drop"));
    drop(scene.cursors(2));
    scene.wait_for_waiting(2);
    scene.set(BatchCursorManager::default());
    scene.wait_for_open(0);
    let state = scene.connection.state();
    assert_eq!(state.cursor_manager.panicked, None);
    assert!(state.recent.iter().any(|happening| happening.what.contains("`drop`: ")), "{state}");
}

#[test]
fn a_policy_that_is_always_due_leaves_time_for_others() {
    let scene = Scene::new();
    scene.set(Panics("nowhere"));
    let cursor = scene.cursor("one");
    let id = cursor.id();
    drop(cursor);
    scene.wait_for_waiting(1);
    let killed = block_on(scene.connection.kill_cursors([id]).timeout(SOON).into_future()).unwrap();
    assert_eq!(killed.killed, [id]);
    scene.wait_for_waiting(0);
}

#[test]
fn a_policy_that_never_has_any_killed_meets_the_bound() {
    let scene = Scene::with(|builder| builder.cursor_manager(Keeps));
    let mut cursors = scene.cursors(ClosedCursors::MOST + 2);
    let last = cursors.split_off(ClosedCursors::MOST - 1);
    drop(cursors);
    scene.wait_for_waiting(ClosedCursors::MOST - 1);
    assert_eq!((scene.open(), scene.kills()), ((ClosedCursors::MOST + 2) as i64, 0));
    drop(last);
    scene.wait_for_open(2);
    scene.wait_for_waiting(2);
    assert_eq!(scene.kills(), 1);
}

#[test]
fn the_end_kills_what_is_kept() {
    for closes in [true, false] {
        let scene = Scene::with(|it| it.cursor_manager(Keeps));
        let held = scene.cursor("two");
        drop(scene.cursors(3));
        scene.wait_for_waiting(3);
        let Scene { connection, observer, server, kills } = scene;
        match closes {
            true => block_on(connection.close(Duration::ZERO)),
            // The last handles go.
            false => drop((held, connection)),
        }
        let rest = Scene { connection: observer.clone(), observer, kills, server };
        rest.wait_for_open(0);
    }
}

#[test]
fn once_closed_all_of_it_is_refused() {
    let scene = Scene::new();
    let cursor = scene.cursor("one");
    block_on(scene.connection.close(Duration::ZERO));
    let errors = [
        scene.connection.close_cursor(cursor.id()).unwrap_err(),
        block_on(scene.connection.kill_cursors([cursor.id()]).into_future()).unwrap_err(),
        block_on(scene.connection.set_cursor_manager(Keeps)).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), Kind::Closed, "{error}");
    }
}
