//! The real server: installed once into the user's cache folder, then one
//! process per test or command.
//!
//! - `install`: the binary, built by cargo
//! - `tools`: what that build needs, installed where it can be
//! - `errand`: those commands, ended when this process ends
//! - `guard`: the shell that outlives this process and stops the server
//! - `server`: [`RealServer`], the handle
//!
//! The server is a program of its own, under a licence of its own; nothing here
//! links it.

mod errand;
mod guard;
mod install;
mod server;
mod tools;

pub use install::{ensure_installed, installed};
pub use server::{Options, PASSWORD, RealServer, USER};

use std::fmt;

/// The variable that names the server's binary. `cargo xtask test` sets it for
/// tests that start servers of their own.
pub const BINARY_VARIABLE: &str = "ACTIX_MONGO_SERVER_BIN";

/// Why there is no server, in a sentence that says what to do.
#[derive(Debug)]
pub struct Error {
    sentence: String,
    interrupted: bool,
}

impl Error {
    fn new(what: impl Into<String>) -> Self {
        Self { sentence: what.into(), interrupted: false }
    }

    fn interrupted() -> Self {
        let sentence = "interrupted; the server is not installed, the next run goes on from here";
        Self { sentence: sentence.into(), interrupted: true }
    }

    /// Whether the caller wished it so, see [`ensure_installed`].
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

/// What failed, with the system's reason.
fn because<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Error {
    move |error| Error::new(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests;
