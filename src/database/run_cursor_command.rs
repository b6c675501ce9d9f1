//! Commands that no verb has a method for and that open a cursor (run command
//! specification).

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bson::Document;
use serde::Serialize;

use super::run_command::Given;
use crate::collection::{Draft, Running, cursor_verb, options, verb};
use crate::cursor::{Cursor, CursorOptions, CursorType};
use crate::dispatch::Handle;
use crate::pool::Namespace;
use crate::topology::ReadPreference;

/// Runs a command that opens a cursor; see
/// [`Database::run_cursor_command`](crate::Database::run_cursor_command).
///
/// Its options, but for the timeout and the read preference, are for further batches alone:
/// what is to hold for the first, such as its size, is the command's own matter.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct RunCursorCommand<T = Document> {
    given: Given,
    draft: Draft,
    cursor: CursorOptions,
    document: PhantomData<fn() -> T>,
}

options! { RunCursorCommand<T> {
    /// Shown in the server's logs and profiles, for further batches.
    comment(any) => "comment",
} }

verb!(RunCursorCommand<T> -> Cursor<T>);
cursor_verb!(RunCursorCommand<T>);

/// What a cursor is over for which the server has no better name.
const NO_COLLECTION: &str = "$cmd";

impl<T> RunCursorCommand<T> {
    pub(super) fn new(handle: &Handle, database: &Arc<str>, command: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let given = Given::new(&mut draft, database, command);
        Self { given, draft, cursor: CursorOptions::default(), document: PhantomData }
    }

    /// Reads the documents as another type.
    pub fn of<U>(self) -> RunCursorCommand<U> {
        let Self { given, draft, cursor, .. } = self;
        RunCursorCommand { given, draft, cursor, document: PhantomData }
    }

    /// Where it may go; without this, to the primary, whatever the handle prefers. Further
    /// batches come from the same server.
    pub fn read_preference(mut self, preference: ReadPreference) -> Self {
        self.given.preference = preference;
        self
    }

    /// Whether the cursor goes on behind the last document. It must be what the command asks
    /// for with `tailable` and `awaitData`; else what happens is not defined.
    pub fn cursor_type(mut self, kind: CursorType) -> Self {
        self.cursor.kind = kind;
        self
    }

    /// How long the server may take for each further batch, or waits for it where the
    /// cursor awaits new documents (`maxTimeMS`). Must be less than the timeout, if there is
    /// one.
    pub fn max_time(mut self, limit: Duration) -> Self {
        self.cursor.max_await_time = Some(limit);
        self
    }
}

impl<T: 'static> RunCursorCommand<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { given, mut draft, cursor, .. } = self;
        let mut plan = given.plan(&mut draft);
        cursor.shape(&mut plan);
        let options = draft.take_options();
        let namespace = Namespace { database: given.database.clone(), collection: NO_COLLECTION.into() };
        let opening = draft.cursor(&cursor, &Arc::new(namespace), options.get("comment").cloned());
        draft.open("runCursorCommand", plan, opening, move |frame, _| {
            frame.elements().splice(&given.command);
            Ok(())
        })
    }
}
