//! Commands that no verb has a message for.

use std::marker::PhantomData;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;

use super::common::Errand;
use super::make::{ask, message, typed};
use crate::database;
use crate::error::Result;

message! {
    /// Runs a command on a database; see [`Database::run_command`](crate::Database::run_command).
    /// Its answer is the server's reply.
    RunCommand<T = Document> by database::RunCommand {
        command: RawDocumentBuf,
    }
}

typed! { RunCommand { command } }

impl RunCommand {
    /// A command, whose first key is its name, on this database.
    pub fn new(database: &str, command: impl Serialize) -> Self {
        let mut errand = Errand::without_collection(database);
        let command = errand.encode("command", &command);
        Self { errand, command, read_as: PhantomData }
    }
}

impl<T: Send + 'static> actix::Message for RunCommand<T> {
    type Result = Result<T>;
}

ask!(RunCommand<T> -> T, "runCommand", |it, handle| {
    let database = it.errand.database(handle)?;
    Ok(it.errand.configure(database.run_command(&it.command)).of::<T>().into_future())
});
