//! Cursors by their ids: `close_cursor` leaves it to the manager, `kill_cursors` does it.

use std::sync::mpsc::channel;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::events::Event;
use actix_mongo::{
    BatchCursorManager, Connection, CursorId, CursorType, ImmediateCursorManager, KilledCursors, Kind,
};
use test_support::{block_on, poll_until};

use crate::cursor_managers::{Keeps, Scene, open};
use crate::support::SOON;

/// The server has no such cursor.
const CURSOR_NOT_FOUND: Option<i32> = Some(43);

fn kill<C: Into<CursorId>>(
    connection: &Connection,
    cursors: impl IntoIterator<Item = C>,
) -> actix_mongo::Result<KilledCursors> {
    block_on(connection.kill_cursors(cursors).timeout(SOON).into_future())
}

#[test]
fn what_closing_means_is_for_the_manager_to_decide() {
    let scene = Scene::with(|builder| builder.cursor_manager(Keeps));
    let mut cursor = scene.cursor("one");
    scene.connection.close_cursor(cursor.id()).unwrap();
    scene.wait_for_waiting(1);
    assert_eq!((scene.open(), scene.kills()), (1, 0));
    scene.set(ImmediateCursorManager::new());
    scene.wait_for_open(0);
    assert_eq!(block_on(cursor.try_next()).unwrap(), Some(doc! { "_id": 0 }), "it was there already");
    let error = block_on(cursor.try_next()).unwrap_err();
    assert_eq!(error.code(), CURSOR_NOT_FOUND, "{error}");
    // Who was closed by its id is not killed once more when it is dropped.
    let other = scene.cursor("one");
    scene.connection.close_cursor(other.id()).unwrap();
    scene.wait_for_open(0);
    drop(other);
    drop(scene.cursor("one"));
    scene.wait_for_open(0);
    assert_eq!(scene.kills(), 3);
}

#[test]
fn cursors_of_its_own_are_known_by_their_ids() {
    let scene = Scene::with(|builder| builder.cursor_manager(Keeps));
    let (one, two, kept) = (scene.cursor("one"), scene.cursor("two"), scene.cursor("two"));
    let ids = [one.id(), two.id(), kept.id()];
    drop(kept);
    scene.wait_for_waiting(1);
    let mut killed = kill(&scene.connection, ids).unwrap();
    killed.killed.sort_unstable();
    let mut expected = ids.to_vec();
    expected.sort_unstable();
    assert_eq!(killed.killed, expected);
    assert!(killed.not_found.is_empty() && killed.alive.is_empty() && killed.unknown.is_empty());
    // One for each collection, when the call returns and not later.
    assert_eq!((scene.open(), scene.kills()), (0, 2));
    scene.wait_for_waiting(0);
    // Nobody kills them again.
    scene.set(ImmediateCursorManager::new());
    drop((one, two));
    drop(scene.cursor("one"));
    scene.wait_for_open(0);
    assert_eq!(scene.kills(), 3);
}

#[test]
fn cursors_of_others_are_known_by_their_namespace_as_well() {
    let scene = Scene::new();
    let foreign: Vec<_> = (0..4).map(|_| open(&scene.observer, "one")).collect();
    let id = |number: usize| foreign[number].id();
    let address = scene.connection.state().servers[0].address.clone();

    let error = kill(&scene.connection, [id(0)]).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert!(error.to_string().contains("(\"database.collection\", "), "{error}");
    let error = scene.connection.close_cursor(id(0)).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert!(error.to_string().contains("name its namespace"), "{error}");

    scene.connection.close_cursor(("d.one", id(0))).unwrap();
    scene.wait_for_open(3);
    scene.connection.close_cursor((&address, "d.one", id(1))).unwrap();
    scene.wait_for_open(2);
    assert_eq!(kill(&scene.connection, [("d.one", id(2))]).unwrap().killed, [id(2)]);
    let named = (address.to_string(), "d.one", id(3));
    assert_eq!(kill(&scene.connection, [named.clone()]).unwrap().killed, [id(3)]);
    let again = kill(&scene.connection, [named]).unwrap();
    assert_eq!((again.killed, again.not_found), (vec![], vec![id(3)]));
    assert_eq!(scene.open(), 0);
}

#[test]
fn what_can_not_be_found_is_refused_before_anything_is_sent() {
    let scene = Scene::new();
    let cursor = scene.cursor("one");
    let refused = [
        (CursorId::from(0), Kind::InvalidArgument, "no cursor"),
        (CursorId::from(cursor.id().wrapping_add(1)), Kind::InvalidArgument, "no cursor"),
        (("one", 5).into(), Kind::InvalidName, "\"database.collection\""),
        (("other.example:1", "d.one", 5).into(), Kind::InvalidArgument, "not in the deployment"),
        (("a b:c", "d.one", 5).into(), Kind::InvalidArgument, "no server's address"),
    ];
    for (name, kind, words) in refused {
        let closed = scene.connection.close_cursor(name.clone()).unwrap_err();
        let killed = kill(&scene.connection, [cursor.id().into(), name]).unwrap_err();
        for error in [closed, killed] {
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    assert_eq!((scene.open(), scene.kills()), (1, 0));
    assert_eq!(kill(&scene.connection, [] as [i64; 0]).unwrap(), KilledCursors::default());
}

/// What the server makes of a cursor that is named with another collection is not believed of
/// this connection's own.
#[test]
fn a_cursor_that_is_named_wrongly_is_killed_all_the_same_in_the_end() {
    let scene = Scene::new();
    let cursor = scene.cursor("one");
    kill(&scene.connection, [("d.two", cursor.id())]).unwrap();
    drop(cursor);
    scene.wait_for_open(0);
}

#[test]
fn a_cursor_that_was_read_to_its_end_is_not_known_any_more() {
    let scene = Scene::new();
    let mut cursor = scene.cursor("one");
    let id = cursor.id();
    while block_on(cursor.try_next()).unwrap().is_some() {}
    assert_eq!(scene.connection.close_cursor(id).unwrap_err().kind(), Kind::InvalidArgument);
    assert_eq!(kill(&scene.connection, [("d.one", id)]).unwrap().not_found, [id]);
}

#[test]
fn a_cursor_is_killed_while_a_batch_is_under_way() {
    let (sender, asked) = channel();
    let scene = Scene::with(|builder| {
        builder.on_event(move |event| match event {
            Event::CommandStarted(started) if &*started.command_name == "getMore" => {
                let _ = sender.send(());
            }
            _ => {}
        })
    });
    let database = scene.observer.database("d").unwrap();
    let capped = database.create_collection("capped").capped(true).size(4096);
    block_on(capped.into_future()).unwrap();
    let database = scene.connection.database("d").unwrap();
    let capped = database.collection_of::<Document>("capped").unwrap();
    block_on(capped.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    let find = capped.find(doc! {}).cursor_type(CursorType::TailableAwait).max_await_time(SOON * 6);
    let mut cursor = block_on(find.into_future()).unwrap();
    assert!(block_on(cursor.try_next()).unwrap().is_some());
    let id = cursor.id();
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let end = block_on(cursor.try_next());
        sender.send((end, cursor.id())).unwrap();
    });
    asked.recv_timeout(SOON).unwrap();
    // The server may look at the kill before it looks at the batch.
    poll_until(SOON, "the cursor to be killed", || {
        let killed = kill(&scene.connection, [("d.capped", id)]).unwrap();
        killed.killed == [id] || killed.not_found == [id]
    });
    let (end, id) = ended.recv_timeout(SOON).expect("the batch does not wait for its time");
    match end {
        Ok(document) => assert_eq!((document, id), (None, 0)),
        Err(error) => assert!(error.code().is_some(), "it is the server's: {error}"),
    }
    scene.wait_for_open(0);
}

#[test]
fn a_kill_ends_by_its_timeout() {
    let scene = Scene::with(|builder| builder.cursor_manager(BatchCursorManager::new(1000, Duration::MAX)));
    let cursor = scene.cursor("one");
    let fail = |mode: &str| {
        let data = doc! { "failCommands": ["killCursors"], "blockConnection": true, "blockTimeMS": 60_000 };
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        let admin = scene.observer.database("admin").unwrap();
        block_on(admin.run_command(command).into_future()).unwrap();
    };
    fail("alwaysOn");
    let kill_it = || scene.connection.kill_cursors([cursor.id()]);
    let error = block_on(kill_it().timeout(Duration::from_millis(50)).into_future()).unwrap_err();
    assert!(error.is_timeout() && error.may_have_run(), "{error}");
    assert!(error.to_string().starts_with("killCursors: "), "{error}");
    let hasty = scene.connection.with_timeout(Duration::from_nanos(1));
    let error = block_on(hasty.kill_cursors([cursor.id()]).into_future()).unwrap_err();
    assert!(error.is_timeout() && !error.may_have_run(), "{error}");
    fail("off");
    // It is not known to be killed, so it can be named still.
    let again = block_on(kill_it().timeout(SOON).into_future()).unwrap();
    assert_eq!(again.killed.len() + again.not_found.len(), 1, "{again:?}");
}

/// Where a session is bound to the handle, or even ended, a kill goes all the same.
#[test]
fn a_kill_waits_for_no_session() {
    let scene = Scene::new();
    let session = scene.connection.start_session().start().unwrap();
    let bound = scene.connection.bound_to(&session);
    let cursor = open(&bound, "one");
    let id = cursor.id();
    session.end();
    assert_eq!(kill(&bound, [id]).unwrap().killed, [id]);
}
