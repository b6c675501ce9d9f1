use bson::doc;
use test_support::ScriptedServer;

use super::{connect, id_of, latest, lsid, start, things};
use crate::support::{soon, story};

#[test]
fn the_innermost_that_names_a_session_wins() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let [outer, inner, handle, call] = [(); 4].map(|()| start(&connection));
        let things = things(&connection);
        let bound = super::things(&connection.bound_to(&handle));
        let seen = || lsid(&latest(&server).body);
        // Made outside, and awaited inside.
        let made_before = things.find_one(doc! {});
        let scope = outer.scope(async {
            made_before.await.unwrap();
            assert_eq!(seen(), id_of(&outer));
            inner.scope(async { things.find_one(doc! {}).await }).await.unwrap();
            assert_eq!(seen(), id_of(&inner));
            bound.find_one(doc! {}).await.unwrap();
            assert_eq!(seen(), id_of(&handle));
            bound.find_one(doc! {}).session(&call).await.unwrap();
            assert_eq!(seen(), id_of(&call));
            things.find_one(doc! {}).session(&call).await.unwrap();
            assert_eq!(seen(), id_of(&call));
        });
        soon(scope).await;
        soon(things.find_one(doc! {}).into_future()).await.unwrap();
        let all = [&outer, &inner, &handle, &call];
        assert!(all.into_iter().all(|session| seen() != id_of(session)), "the scope is over");
    });
}

#[test]
fn a_scope_is_no_matter_of_other_connections_and_tasks() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let (connection, other) = (connect(&server).await, connect(&server).await);
        let session = start(&connection);
        let scope = session.scope(async {
            things(&other).find_one(doc! {}).await.unwrap();
            assert_ne!(lsid(&latest(&server).body), id_of(&session));
            let spawned = tokio::spawn(things(&connection).find_one(doc! {}).into_future());
            spawned.await.unwrap().unwrap();
            assert_ne!(lsid(&latest(&server).body), id_of(&session));
        });
        soon(scope).await;
    });
}

#[test]
fn a_cursor_stays_in_the_session_it_was_opened_in() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        server.set_documents((0..3).map(|n| doc! { "_id": n }));
        let connection = connect(&server).await;
        let session = start(&connection);
        let find = || things(&connection).find(doc! {}).batch_size(2).into_future();
        let inside = soon(session.scope(find())).await.unwrap();
        assert_eq!(soon(inside.collect_all()).await.unwrap().len(), 3);
        assert_eq!(
            (latest(&server).name.as_str(), lsid(&latest(&server).body)),
            ("getMore", id_of(&session))
        );

        let outside = soon(find()).await.unwrap();
        let implicit = lsid(&latest(&server).body);
        assert_eq!(soon(session.scope(outside.collect_all())).await.unwrap().len(), 3);
        assert_eq!((latest(&server).name.as_str(), lsid(&latest(&server).body)), ("getMore", implicit));
    });
}

/// The scope of a handle reaches whatever is made from it.
#[test]
fn a_session_is_handed_down_by_handles() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let connection = connect(&server).await;
        let session = start(&connection);
        let database = connection.database("d").unwrap();
        let from_all = [
            connection.bound_to(&session).database("d").unwrap().collection("c").unwrap(),
            database.bound_to(&session).collection("c").unwrap(),
            database.collection("c").unwrap().bound_to(&session),
        ];
        for things in from_all {
            soon(things.find_one(doc! {}).into_future()).await.unwrap();
            assert_eq!(lsid(&latest(&server).body), id_of(&session));
        }
        // The session alone keeps the connection alive, and handles keep the session alive.
        let bound = things(&connection.bound_to(&session));
        drop((database, connection, session));
        soon(bound.find_one(doc! {}).into_future()).await.unwrap();
    });
}
