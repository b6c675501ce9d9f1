//! The handshake specification's prose tests that need a client, each named by its number.
//! (Those of the metadata's content are beside the code that makes it, in `src/command` and
//! `src/establish`.)

use actix_mongo::bson::{Document, doc};
use test_support::{Hello, ScriptedServer, block_on};

use crate::prose_scene::Watched;

fn ping(watched: &Watched) {
    let admin = watched.connection.database("admin").unwrap();
    block_on(admin.run_command(doc! { "ping": 1 }).into_future()).unwrap();
}

#[test]
fn environment_test_2_a_mechanism_of_any_name_is_taken() {
    let hello = Hello::primary("rs").with("saslSupportedMechs", vec!["some-mechanism".to_owned()]);
    let server = ScriptedServer::builder().hello(hello).start();
    ping(&Watched::of_primary(&server));
}

#[test]
fn metadata_test_9_all_handshakes_tell_of_back_pressure() {
    let server = ScriptedServer::start_primary("rs");
    ping(&Watched::of_primary(&server));
    let log = server.log();
    let first = |number: usize| log.commands.iter().find(|command| command.connection == number);
    let handshakes: Vec<_> = (1..=log.connections.len()).filter_map(first).collect();
    assert!(handshakes.len() >= 2, "one of the monitor, one of the pool");
    for handshake in handshakes {
        assert!(handshake.is_hello() && handshake.body.contains_key("client"), "{}", handshake.body);
        let told: Option<&str> = handshake.body.get_str("backpressure").ok();
        assert_eq!(told, Some("2"), "{}", Document::clone(&handshake.body));
    }
}
