//! The comparison on a real server, which `ACTIX_MONGO_TEST_URI` names.

use crate::support::{benches, check, rows};

#[test]
fn both_drivers_find_insert_and_scan() {
    let Some(uri) = std::env::var("ACTIX_MONGO_TEST_URI").ok().filter(|uri| !uri.is_empty()) else {
        eprintln!("SKIPPED: ACTIX_MONGO_TEST_URI names no server");
        return;
    };
    let uri = format!("--uri={uri}");
    let rows = rows("server", &["server", &uri, "--only=arbiter/1x10"]);
    for operation in ["find", "insert", "ping", "scan-raw-1KiB-default", "scan-typed-200B-b1000"] {
        check(&rows, &format!("{operation}/arbiter/1x10/depth1"), ["ours", "official"]);
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let output = benches(&["server", "--uri=mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("filling"));
}
