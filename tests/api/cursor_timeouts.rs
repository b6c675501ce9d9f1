//! What a cursor's timeout is for, and when its time begins, on a scripted server.

use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{CursorType, Kind, TimeoutMode};
use test_support::{DropAfter, Rule, block_on, poll_until};

use crate::cursor_kinds::{ID, documents, first, next, scene};
use crate::support::SOON;

#[test]
fn a_timeout_is_for_the_cursors_life_or_for_each_call() {
    let read = |mode| {
        let scene = scene(1);
        scene.server.set_documents(documents(&[1, 2, 3, 4, 5, 6]));
        scene.server.rule(Rule::on("getMore").delay(Duration::from_millis(250)));
        let limit = Duration::from_secs(1);
        let find = scene.things().find(doc! {}).batch_size(1).timeout(limit).timeout_mode(mode);
        let cursor = block_on(find.into_future()).unwrap();
        let all = block_on(cursor.collect_all());
        let told = scene.bodies("find").pop().unwrap().contains_key("maxTimeMS");
        assert!(scene.bodies("getMore").iter().all(|more| !more.contains_key("maxTimeMS")));
        (all.map(|all| all.len()).map_err(|error| error.is_timeout()), told)
    };
    assert_eq!(read(TimeoutMode::Iteration), (Ok(6), false));
    assert_eq!(read(TimeoutMode::CursorLifetime), (Err(true), true));
}

/// The time of a query begins with its first poll, and not when it is written down.
#[test]
fn the_life_of_a_cursor_begins_with_the_first_poll_of_its_call() {
    let scene = scene(1);
    scene.server.set_documents(documents(&[1, 2, 3]));
    scene.server.rule(Rule::on("ping").delay(Duration::from_millis(600)));
    let limit = Duration::from_millis(500);
    let find = scene.things().find(doc! {}).batch_size(1).timeout(limit).into_future();
    // Longer than all that the query may take.
    scene.ping();
    let cursor = block_on(find).expect("its time has just begun");
    assert_eq!(block_on(cursor.collect_all()).unwrap(), documents(&[1, 2, 3]));
}

/// It pauses for half a second in the end, if nothing comes, and for longer than a call may take.
#[test]
fn a_call_whose_time_runs_out_in_a_pause_leaves_the_cursor_alive() {
    let scene = scene(1);
    scene.server.rule(Rule::on("find").reply(first(ID, &[])));
    scene.server.rule(Rule::on("getMore").times(5).reply(next(ID, &[])));
    let limit = Duration::from_millis(200);
    let find = scene.things().find(doc! {}).cursor_type(CursorType::Tailable).timeout(limit);
    let mut cursor = block_on(find.into_future()).unwrap();
    block_on(async {
        let began = Instant::now();
        let error = cursor.try_next().await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_run()), (Kind::Timeout, false), "{error:?}");
        assert!(began.elapsed() >= limit);
        assert!(cursor.is_open() && cursor.id() == ID);
        let asked = scene.bodies("getMore").len();
        // What comes now is found by the next call, which has its own time.
        scene.server.clear_rules();
        scene.server.rule(Rule::on("getMore").reply(next(ID, &[7])));
        assert_eq!(cursor.try_next().await.unwrap(), Some(doc! { "_id": 7 }));
        assert_eq!(scene.bodies("getMore").len(), asked + 1);
    });
    let log = scene.server.log();
    assert_eq!(log.count("killCursors"), 0);
    let sessions: Vec<_> = log.commands_named("getMore").map(|it| it.body.get("lsid").cloned()).collect();
    assert!(sessions.iter().all(|id| id.is_some() && *id == sessions[0]), "{sessions:?}");
    drop(cursor);
    scene.wait_for_kill();
}

/// A batch that does not come in time is lost with its socket, and so is the cursor.
#[test]
fn a_call_whose_time_runs_out_while_it_is_asked_ends_the_cursor() {
    let scene = scene(2);
    scene.server.rule(Rule::on("find").reply(first(ID, &[])));
    scene.server.rule(Rule::on("getMore").never_answer());
    let find = scene.things().find(doc! {}).cursor_type(CursorType::Tailable);
    let mut cursor = block_on(find.timeout(Duration::from_millis(100)).into_future()).unwrap();
    let error = block_on(cursor.try_next()).unwrap_err();
    assert_eq!((error.kind(), error.may_have_run()), (Kind::Timeout, true), "{error:?}");
    assert!(!cursor.is_open());
    assert_eq!(block_on(cursor.try_next()).unwrap(), None);
    scene.wait_for_kill();
}

/// A call that is dropped takes its time with it, whether it was in a getMore or in the pause
/// behind one.
#[test]
fn a_call_has_its_own_time_also_after_one_that_was_dropped() {
    let limit = Duration::from_millis(500);
    for calls in ["try_next", "next_batch", "next_if_any"] {
        let scene = scene(1);
        scene.server.rule(Rule::on("find").reply(first(ID, &[])));
        scene.server.rule(Rule::on("getMore").reply(next(ID, &[])));
        let find = scene.things().find(doc! {}).cursor_type(CursorType::Tailable).timeout(limit);
        let mut cursor = block_on(find.into_future()).unwrap();
        let answered = |count| {
            scene.server.wait_for(|log| log.count("getMore") >= count, SOON);
            poll_until(SOON, "the answer", || scene.pool().idle == scene.pool().total);
        };
        assert!(block_on(DropAfter::new(1, Box::pin(cursor.try_next()))).is_none());
        answered(1);
        if calls == "next_if_any" {
            // Without the pause it would not look at the time.
            assert!(block_on(DropAfter::new(1, Box::pin(cursor.try_next()))).is_none());
        }
        let dropped = Instant::now();
        poll_until(SOON, "the end of that call's time", || dropped.elapsed() > limit);
        scene.server.clear_rules();
        scene.server.rule(Rule::on("getMore").reply(next(ID, &[7])));
        let found = block_on(async {
            match calls {
                "try_next" => cursor.try_next().await.unwrap(),
                "next_batch" => {
                    let batch = cursor.next_batch().await.unwrap().expect("a batch");
                    batch.iter().next().map(|found| found.unwrap().try_into().unwrap())
                }
                _ => loop {
                    if let Some(found) = cursor.next_if_any().await.unwrap() {
                        break Some(found);
                    }
                },
            }
        });
        assert_eq!(found, Some(doc! { "_id": 7 }), "{calls}");
        assert_eq!(cursor.id(), ID, "{calls}");
    }
}
