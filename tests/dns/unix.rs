//! Unix domain sockets: a relay in front of a scripted server.

use std::time::Duration;

use actix_mongo::{Connection, ServerAddress};
use test_support::{Hello, ScriptedServer, unix_relay};

use crate::support::{connect, hosts, ping, refused};

#[test]
fn calls_go_over_a_socket_of_the_file_system() {
    let path = std::env::temp_dir().join(format!("Actix-Mongo-{}.sock", std::process::id()));
    let path_text = path.to_str().unwrap();
    let server = ScriptedServer::builder().hello(Hello::standalone()).start();
    unix_relay(&path, server.address());
    let encoded = path_text.replace('/', "%2F");
    let by_string = Connection::builder().uri(format!("mongodb://{encoded}/?directConnection=true")).unwrap();
    let by_list = Connection::builder().hosts([path_text]).unwrap();
    for builder in [by_string, by_list] {
        let connection = connect(builder);
        ping(&connection);
        assert_eq!(hosts(&connection).into_iter().collect::<Vec<_>>(), [path_text]);
        assert_eq!(connection.state().servers[0].address, ServerAddress::unix(path_text).unwrap());
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_socket_that_is_not_there_is_told() {
    let builder = Connection::builder().hosts(["/nowhere/mongo.sock"]).unwrap();
    let error = refused(builder.server_selection_timeout(Duration::from_millis(300)));
    let sentence = error.to_string();
    assert!(
        sentence.contains("listens on this socket") && sentence.contains("/nowhere/mongo.sock"),
        "{sentence}"
    );
}
