//! Waiting for a primary that never comes.

use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Kind};
use test_support::scripted::Accept;
use test_support::{Hello, ScriptedServer};

use crate::support::{Is, SOON, Story, assert_error, assert_says, collection, ends_at, ping};

const LIMIT: Duration = Duration::from_millis(400);

at_both_depths!(the_error_lists_every_server_with_its_error_and_age_and_the_pools_state);

fn the_error_lists_every_server_with_its_error_and_age_and_the_pools_state(depth: u32) {
    let _story = Story::begin();
    let gone = ScriptedServer::builder().accept(Accept::Refuse).start();
    let silent = ScriptedServer::builder().accept(Accept::Silent).start();
    let secondary = ScriptedServer::start();
    let (gone_at, silent_at) = (gone.address().to_string(), silent.address().to_string());
    let here = secondary.address().to_string();
    secondary.set_hello(Hello::secondary("rs").hosts([gone_at.clone(), silent_at.clone(), here.clone()]));
    let uri = format!("mongodb://{gone_at},{silent_at},{here}/?replicaSet=rs");
    let connection = Connection::builder()
        .uri(uri)
        .unwrap()
        .pipeline_depth(depth)
        .server_selection_timeout(LIMIT)
        .connect_timeout(LIMIT / 4)
        .connect_lazy()
        .unwrap();
    secondary.wait_for(|log| log.commands.iter().any(|it| it.is_hello() && it.answered), SOON);

    let things = collection(&connection);
    let errors = [
        (ends_at(LIMIT, ping(&connection)).unwrap_err(), "for a read"),
        (ends_at(LIMIT, things.insert_one(doc! { "_id": 1 })).unwrap_err(), "for a write"),
        (ends_at(LIMIT, things.find_one(doc! {})).unwrap_err(), "for a read"),
    ];
    for (error, wanted) in errors {
        assert_error(&error, Kind::ServerSelection, &[Is::Timeout]);
        let text = error.to_string();
        assert_says(&error, &["no server is suitable", wanted, "ReplicaSetNoPrimary 'rs'"]);
        // Of each server: what it is, since when, and why.
        let part = |server: &str| {
            let from = text.find(server).unwrap_or_else(|| panic!("{server} is not in {text}"));
            let part = &text[from + server.len()..];
            part[..part.find("127.0.0.1:").unwrap_or(part.len())].to_owned()
        };
        assert!(part(&gone_at).contains("is Unknown since ") && part(&gone_at).contains("refused"), "{text}");
        let silence = "did not answer the hello within connectTimeoutMS (100 ms)";
        assert!(
            part(&silent_at).contains("is Unknown since ") && part(&silent_at).contains(silence),
            "{text}"
        );
        assert!(part(&here).contains("is RSSecondary, checked "), "{text}");
        for (server, state) in [(&gone_at, "paused"), (&silent_at, "paused"), (&here, "ready")] {
            assert_says(&error, &[&format!("pool of {server}: {state}, 0 sockets, 0 waiting")]);
        }
    }
    let error = ends_at(LIMIT / 2, ping(&connection).timeout(LIMIT / 2)).unwrap_err();
    assert_error(&error, Kind::Timeout, &[Is::Timeout]);
    assert_says(&error, &[&gone_at, &silent_at, &here, "pool of "]);
}
