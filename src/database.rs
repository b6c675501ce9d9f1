//! A database: its collections, and commands that no verb has a method for.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::collection::{Aggregate, Collection, Draft, Running, verb};
use crate::command::codec::decode;
use crate::command::{ReadConcern, WriteConcern, name};
use crate::dispatch::{ClientSession, CommandKind, Handle, Retry, Scope, SessionTimes};
use crate::error::Result;
use crate::topology::{Criteria, ReadPreference};

/// A database, whose collections hold documents of type `D` unless another one is named.
///
/// Cheap to clone, and a handle: the connection lives as long as one of its handles.
pub struct Database<D = Document> {
    handle: Handle,
    name: Arc<str>,
    document: PhantomData<fn() -> D>,
}

impl<D> Database<D> {
    /// Fails if no database can have this name.
    pub(crate) fn new(handle: Handle, name: &str) -> Result<Self> {
        name::check_database(name)?;
        Ok(Self { handle, name: name.into(), document: PhantomData })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, with another place to read from for all calls made through the new handle
    /// and what is made from it. A preference that contradicts itself is the error of each
    /// read.
    #[must_use]
    pub fn with_read_preference(&self, preference: ReadPreference) -> Self {
        self.scoped(|scope| scope.read_preference = preference)
    }

    /// The same, with another read concern for all calls made through the new handle and
    /// what is made from it.
    #[must_use]
    pub fn with_read_concern(&self, concern: ReadConcern) -> Self {
        self.scoped(|scope| scope.read_concern = concern)
    }

    /// The same, with another write concern for all calls made through the new handle and
    /// what is made from it. One that contradicts itself is the error of each write.
    #[must_use]
    pub fn with_write_concern(&self, concern: WriteConcern) -> Self {
        self.scoped(|scope| scope.write_concern = concern)
    }

    /// The same, with this session for all calls made through the new handle and what is
    /// made from it.
    #[must_use]
    pub fn bound_to(&self, session: &ClientSession) -> Self {
        self.scoped(|scope| scope.session = Some(session.clone()))
    }

    fn scoped(&self, change: impl FnOnce(&mut Scope)) -> Self {
        Self { handle: self.handle.with_scope(change), ..self.clone() }
    }

    /// A collection of this database. It need not exist; nothing is sent.
    ///
    /// Fails with [`Kind::InvalidName`](crate::Kind::InvalidName) if no collection can
    /// have this name.
    pub fn collection(&self, name: &str) -> Result<Collection<D>> {
        self.collection_of(name)
    }

    /// A collection of documents of another type.
    pub fn collection_of<T>(&self, name: &str) -> Result<Collection<T>> {
        name::check_collection(&self.name, name)?;
        Ok(Collection::new(self.handle.clone(), self.name.clone(), name))
    }

    /// Runs a command as it stands, on the server that takes writes; it is never repeated.
    /// Its first key is its name. A reply that reports an error is an error.
    ///
    /// It declares the connection's [API version](crate::Builder::server_api) as all commands do;
    /// what happens if it has `apiVersion`, `apiStrict` or `apiDeprecationErrors` itself is not
    /// defined.
    ///
    /// ```no_run
    /// # async fn example(database: actix_mongo::Database) -> actix_mongo::Result<()> {
    /// let reply = database.run_command(actix_mongo::bson::doc! { "ping": 1 }).await?;
    /// # Ok(()) }
    /// ```
    pub fn run_command(&self, command: impl Serialize) -> RunCommand {
        let mut draft = Draft::new(&self.handle);
        let command = draft.encode("command", command);
        if command.iter().next().is_none() {
            draft.refuse("a command needs a key, which is its name");
        }
        RunCommand { draft, database: self.name.clone(), command, reply: PhantomData }
    }

    /// Runs a pipeline that starts from no collection, as with `$currentOp` or
    /// `$documents`. Its documents are read as `D`; [`Aggregate::of`] names another type.
    pub fn aggregate(&self, pipeline: impl IntoIterator<Item: Serialize>) -> Aggregate<D> {
        Aggregate::of_database(&self.handle, &self.name, pipeline)
    }
}

impl<D> Clone for Database<D> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), name: self.name.clone(), document: PhantomData }
    }
}

impl<D> fmt::Debug for Database<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({})", self.name)
    }
}

/// Runs a command; see [`Database::run_command`].
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct RunCommand<T = Document> {
    draft: Draft,
    database: Arc<str>,
    command: RawDocumentBuf,
    reply: PhantomData<fn() -> T>,
}

verb!(RunCommand<T> -> T);

impl<T> RunCommand<T> {
    /// Gives the reply as the server sent it.
    pub fn raw(self) -> RunCommand<RawDocumentBuf> {
        self.of()
    }

    /// Reads the reply as another type.
    pub fn of<U>(self) -> RunCommand<U> {
        RunCommand { draft: self.draft, database: self.database, command: self.command, reply: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> RunCommand<T> {
    fn start(self) -> Running<T> {
        let Self { draft, database, command, .. } = self;
        let mut plan =
            draft.plan(&database, Criteria::Read(ReadPreference::default()), command.as_bytes().len());
        plan.retry = Retry::Never;
        plan.kind = CommandKind::Any;
        if matches!(command.get("readConcern"), Ok(Some(_))) {
            plan.times = SessionTimes::None;
        }
        // The caller's own limit stays as it is.
        plan.max_time = !matches!(command.get("maxTimeMS"), Ok(Some(_)));
        if draft.handle().core().listeners.logs_selection()
            && let Some(Ok((name, _))) = command.iter().next()
        {
            plan.command_name = Some(name.as_str().into());
        }
        draft.run(
            "runCommand",
            plan,
            move |frame, _| {
                frame.elements().splice(&command);
                Ok(())
            },
            |answer, _| decode(&answer.body),
        )
    }
}
