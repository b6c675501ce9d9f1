//! Commands that no verb has a method for (run command specification).

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::collection::{Draft, Running, verb};
use crate::command::codec::decode;
use crate::dispatch::{CommandKind, Handle, Plan, Retry, SessionTimes};
use crate::topology::{Criteria, ReadPreference};
use crate::wire::walk::Walk;

/// Runs a command; see [`Database::run_command`](crate::Database::run_command).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct RunCommand<T = Document> {
    given: Given,
    draft: Draft,
    reply: PhantomData<fn() -> T>,
}

verb!(RunCommand<T> -> T);

/// A command as the user gave it. It is sent as it is, and nobody looks into it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The database it runs on.
    pub database: Arc<str>,
    /// It.
    pub command: RawDocumentBuf,
    /// Where it may go.
    pub preference: ReadPreference,
}

impl Given {
    /// Encodes a command, to go to the primary.
    pub fn new(draft: &mut Draft, database: &Arc<str>, command: impl Serialize) -> Self {
        let command = draft.encode("command", command);
        if command.iter().next().is_none() {
            draft.refuse("a command needs a key, which is its name");
        }
        Self { database: database.clone(), command, preference: ReadPreference::default() }
    }

    /// The plan of every such command: it counts as a read, takes over nothing that was set
    /// for other calls, and is never repeated.
    pub fn plan(&self, draft: &mut Draft) -> Plan {
        draft.admit(self.preference.validate(), "read preference");
        let target = Criteria::Read(self.preference.clone());
        let plan = draft.plan(&self.database, target, self.command.as_bytes().len());
        Plan {
            retry: Retry::Never,
            kind: CommandKind::Any,
            // Not the time of a causally consistent session (causal consistency specification,
            // "Causally consistent read and write commands").
            times: SessionTimes::Snapshot,
            command_name: self.name_for_logs(draft),
            ..plan
        }
    }

    fn name_for_logs(&self, draft: &Draft) -> Option<Box<Box<str>>> {
        if !draft.handle().core().listeners.may_log_selection() {
            return None;
        }
        let name = Walk::over(&self.command).next()?.ok()?.key;
        Some(Box::new(str::from_utf8(name).ok()?.into()))
    }
}

impl RunCommand {
    pub(super) fn new(handle: &Handle, database: &Arc<str>, command: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        Self { given: Given::new(&mut draft, database, command), draft, reply: PhantomData }
    }
}

impl<T> RunCommand<T> {
    /// Gives the reply as the server sent it.
    pub fn raw(self) -> RunCommand<RawDocumentBuf> {
        self.of()
    }

    /// Reads the reply as another type.
    pub fn of<U>(self) -> RunCommand<U> {
        RunCommand { given: self.given, draft: self.draft, reply: PhantomData }
    }

    /// Where it may go; without this, to the primary, whatever the handle prefers.
    pub fn read_preference(mut self, preference: ReadPreference) -> Self {
        self.given.preference = preference;
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> RunCommand<T> {
    fn start(self) -> Running<T> {
        let Self { given, mut draft, .. } = self;
        let plan = given.plan(&mut draft);
        draft.run(
            "runCommand",
            plan,
            move |frame, _| {
                frame.elements().splice(&given.command);
                Ok(())
            },
            |answer, _| decode(&answer.body),
        )
    }
}
