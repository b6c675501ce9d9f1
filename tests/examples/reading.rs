//! What examples print and leave behind, for tests to look at.

use std::time::Duration;

use actix_mongo::{Connection, Database};
use test_support::{RealServer, block_on};

use crate::support::{Ended, Example};

/// Nobody listens there.
pub const NOBODY: &str = "mongodb://127.0.0.1:1/";
/// For an example that should take a few seconds.
pub const LONG: Duration = Duration::from_secs(60);

/// The one line of the standard output that contains this.
#[track_caller]
pub fn line<'a>(ended: &'a Ended, part: &str) -> &'a str {
    let mut lines = ended.stdout.lines().filter(|line| line.contains(part));
    let line = lines.next().unwrap_or_else(|| panic!("no line has {part:?}: {ended}"));
    assert_eq!(lines.next(), None, "two lines have {part:?}: {ended}");
    line
}

/// The whole numbers of a text, in their order.
pub fn figures(text: &str) -> Vec<u64> {
    text.split(|character: char| !character.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// A test's own connection to the server of an example.
pub fn connection(server: &RealServer) -> Connection {
    block_on(Connection::connect(server.uri())).unwrap()
}

/// A database that an example has left.
pub fn database(server: &RealServer, name: &str) -> Database {
    connection(server).database(name).unwrap()
}

/// The example has removed what it made.
#[track_caller]
pub fn assert_clean(server: &RealServer) {
    let names = block_on(connection(server).list_database_names().into_future()).unwrap();
    assert!(names.iter().all(|name| !name.starts_with("actix_mongo_")), "{names:?}");
}

/// Runs it where there is no server: it says so, in one line, and fails within its time.
#[track_caller]
pub fn fails_without_server(name: &str) -> Ended {
    let ended = Example::new(name).uri(NOBODY).run_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(1), "{ended}");
    let errors: Vec<_> = ended.stderr.lines().collect();
    let [error] = errors.as_slice() else { panic!("one line of error: {ended}") };
    assert!(error.starts_with("error: ") && error.contains("127.0.0.1:1"), "{ended}");
    assert!(!error.contains("Error {"), "{ended}");
    ended
}
