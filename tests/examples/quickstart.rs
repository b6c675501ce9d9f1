//! `examples/quickstart.rs`.

use std::time::Duration;

use crate::reading::fails_without_server;
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
    fails_without_server("quickstart");
}
