//! `examples/quickstart.rs`.

use std::time::Duration;

use crate::support::{Example, server};

#[test]
fn it_shows_a_first_look_and_cleans_up() {
    let server = server();
    let ended = Example::new("quickstart").uri(&server.uri()).run_within(Duration::from_secs(60));
    assert!(ended.success, "{ended}");
    assert!(ended.stdout.contains("Connected: "), "{ended}");
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    let example = Example::new("quickstart").uri("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500");
    let ended = example.run_within(Duration::from_secs(30));
    assert!(!ended.success, "{ended}");
    assert!(ended.stderr.contains("error: ") && ended.stderr.contains("127.0.0.1:1"), "{ended}");
}
