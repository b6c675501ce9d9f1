//! The servers that tests are given, and the variables that name them.

use crate::process::Failure;
use std::path::PathBuf;
use std::process::Command;
use test_support::real_server::{BINARY_VARIABLE, Options, RealServer};

/// A replica set of one member.
pub const URI_VARIABLE: &str = "ACTIX_MONGO_TEST_URI";
/// A server of its own.
pub const STANDALONE_VARIABLE: &str = "ACTIX_MONGO_TEST_STANDALONE_URI";

/// One server of each kind, stopped when dropped.
pub struct Servers {
    binary: PathBuf,
    replica_set: RealServer,
    standalone: RealServer,
}

impl Servers {
    /// Starts them from an installed binary.
    pub fn start(binary: PathBuf) -> Result<Self, Failure> {
        let options = Options::new().binary(&binary);
        Ok(Self {
            replica_set: RealServer::start(options.clone())?,
            standalone: RealServer::start(options.standalone())?,
            binary,
        })
    }

    /// Tells a child where they are.
    pub fn tell(&self, command: &mut Command) {
        command
            .env(BINARY_VARIABLE, &self.binary)
            .env(URI_VARIABLE, self.replica_set.uri())
            .env(STANDALONE_VARIABLE, self.standalone.uri());
    }
}
