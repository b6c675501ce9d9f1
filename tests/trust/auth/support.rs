//! Servers and connections of these tests.

use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Credential, Error, Kind, Result};
use test_support::{Hello, ScriptedServer, block_on};

/// Longer than anything here takes.
pub const SOON: Duration = Duration::from_secs(20);

/// A builder for this address, whose calls do not wait for long.
pub fn builder(uri: &str) -> Builder {
    Connection::builder().uri(uri).unwrap().server_selection_timeout(SOON)
}

/// Runs one command that needs a user.
pub fn try_it(connection: &Connection) -> Result<Document> {
    let database = connection.database("trust").unwrap();
    block_on(database.run_command(doc! { "dbStats": 1 }).into_future())
}

/// The same with a connection of its own, from a string.
pub fn try_uri(uri: &str) -> Result<Document> {
    try_it(&block_on(builder(uri).connect())?)
}

/// The same with a credential given in code.
pub fn try_credential(uri: &str, credential: Credential) -> Result<Document> {
    try_it(&block_on(builder(uri).credential(credential).connect())?)
}

/// An error that is one of authentication.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>) -> Error {
    let error = result.expect_err("it must be refused");
    assert_eq!(error.kind(), Kind::Authentication, "{error:?}");
    assert!(!error.may_have_run() && !error.is_network(), "{error:?}");
    error
}

/// A server whose hello says that the user has these mechanisms.
pub fn offering<const N: usize>(mechanisms: [&str; N]) -> ScriptedServer {
    let mechanisms: Vec<String> = mechanisms.map(str::to_owned).into();
    ScriptedServer::builder().hello(Hello::standalone().with("saslSupportedMechs", mechanisms)).start()
}

/// The string to connect to a scripted server as a user.
pub fn as_user(server: &ScriptedServer, rest: &str) -> String {
    format!("mongodb://user:pencil@{}/{rest}", server.address())
}
