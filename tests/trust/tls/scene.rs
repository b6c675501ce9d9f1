//! What most tests begin and end with.

use std::path::PathBuf;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Error, Kind, Result, TlsOptions};
use tempfile::TempDir;
use test_support::block_on;

/// Longer than anything here may take.
pub const SOON: Duration = Duration::from_secs(20);
/// How long a connection tries that can't come to be.
pub const PATIENCE: Duration = Duration::from_millis(400);

/// A builder for this server.
pub fn builder(uri: &str, tls: TlsOptions) -> Builder {
    Connection::builder().uri(uri).unwrap().tls(tls)
}

/// A connection that must come to be, and has answered.
#[track_caller]
pub fn connect(builder: Builder) -> Connection {
    let connection = block_on(builder.connect()).unwrap_or_else(|error| panic!("{error:?}"));
    ping(&connection).unwrap();
    connection
}

/// Asks the server something that it does not change by.
pub fn ping(connection: &Connection) -> Result<Document> {
    block_on(connection.database("d")?.run_command(doc! { "ping": 1 }).into_future())
}

/// The error of a connection that must not come to be, since its server is not accepted, or
/// does not accept it. No longer than it may take.
#[track_caller]
pub fn refused(builder: Builder, says: &[&str]) -> Error {
    let begun = std::time::Instant::now();
    let error = block_on(builder.server_selection_timeout(PATIENCE).connect()).unwrap_err();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
    assert!(error.is_network(), "{error:?}");
    assert_says(&error, says);
    error
}

/// The error of options that can't be used; the same whether it waits or not.
#[track_caller]
pub fn unusable(builder: &Builder, says: &[&str]) {
    let error = block_on(builder.clone().connect()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error:?}");
    assert_says(&error, says);
    let lazy = builder.clone().connect_lazy().unwrap_err();
    assert_eq!((lazy.kind(), lazy.to_string()), (error.kind(), error.to_string()));
}

#[track_caller]
pub fn assert_says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

/// A folder for files, removed with it.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("actix-mongo-trust-").tempdir().unwrap())
    }

    /// Writes a file.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}
