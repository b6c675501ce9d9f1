//! Cursors behind a load balancer that are closed or killed by their ids: over the socket that
//! each of them holds, and whatever the manager of cursors says.

use std::time::Instant;

use actix_mongo::{ClosedCursors, CursorManager};
use test_support::poll_until;

use crate::balanced_cursors::{Scene, scene};
use crate::support::{SOON, soon, story};

/// Has nothing killed, ever.
#[derive(Clone)]
struct Keeps;

impl CursorManager for Keeps {
    fn close(&mut self, _: &mut ClosedCursors<'_>, _: Instant) {}
}

async fn keeping() -> Scene {
    scene(|builder| builder.max_pool_size(3).cursor_manager(Keeps)).await
}

#[test]
fn a_cursor_that_a_socket_is_held_for_is_killed_at_once_over_that_one() {
    story(async {
        let scene = keeping().await;
        let (closed, dropped) = (scene.cursor().await, scene.cursor().await);
        let finds = scene.places("find");
        scene.connection.close_cursor(closed.id()).unwrap();
        scene.server.until(|log| log.count("killCursors") == 1, SOON).await;
        drop(dropped);
        scene.server.until(|log| log.count("killCursors") == 2, SOON).await;
        assert_eq!(scene.places("killCursors"), finds);
        assert_eq!(scene.connection.state().cursor_manager.waiting, 0);
        // Its socket goes back without another kill.
        drop(closed);
        scene.assert_at_rest();
        assert_eq!(scene.server.log().count("killCursors"), 2);
    });
}

#[test]
fn a_cursor_is_killed_by_its_id_over_the_socket_that_is_held_for_it() {
    story(async {
        let scene = keeping().await;
        let cursors = [scene.cursor().await, scene.cursor().await];
        let ids: Vec<i64> = cursors.iter().map(|cursor| cursor.id()).collect();
        let killed = soon(scene.connection.kill_cursors(ids.clone()).into_future()).await.unwrap();
        assert_eq!(killed.killed, ids);
        assert_eq!(scene.places("killCursors"), scene.places("find"));
        poll_until(SOON, "the sockets to be held still", || scene.pool().by_cursors == 2);
        drop(cursors);
        scene.assert_at_rest();
        assert_eq!(scene.server.log().count("killCursors"), 2);
    });
}
