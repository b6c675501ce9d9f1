//! A database: its collections, and commands that no verb has a method for. One verb in a
//! file, as for collections.

mod create_collection;
mod disconnect;
mod drop;
mod list_collections;
mod list_databases;
mod run_command;
mod run_cursor_command;
mod server_info;
mod specification;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bson::Document;
use serde::Serialize;

pub use create_collection::CreateCollection;
pub use disconnect::Disconnect;
pub use drop::{DatabaseName, DropDatabase};
pub use list_collections::{ListCollectionNames, ListCollections};
pub use list_databases::{DatabaseSpecification, ListDatabaseNames, ListDatabases};
pub use run_command::RunCommand;
pub use run_cursor_command::RunCursorCommand;
pub use server_info::{BuildInfo, ServerInfo};
pub use specification::{CollectionKind, CollectionSpecification};

use crate::collection::{Aggregate, Collection, derived};
use crate::command::name;
use crate::dispatch::Handle;
use crate::error::Result;

/// A database, whose collections hold documents of type `D` unless another one is named.
///
/// Cheap to clone, and a handle: the connection lives as long as one of its handles.
pub struct Database<D = Document> {
    handle: Handle,
    name: Arc<str>,
    document: PhantomData<fn() -> D>,
}

derived!(Database<D>);

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

    /// Runs a command as it stands, and never repeats it. Its first key is its name. A
    /// reply that reports an error is an error.
    ///
    /// It goes to the primary unless the call itself has another
    /// [read preference](RunCommand::read_preference); what the handle prefers, and its
    /// concerns, are not for commands that the driver does not know. What the driver adds
    /// (`lsid`, `$db`, `$clusterTime`, `$readPreference`, and with a timeout `maxTimeMS`)
    /// must not be in the command: the server would see it twice, and what it does then is
    /// not defined. To limit the server's time, give the call a timeout.
    ///
    /// A `readConcern` or `writeConcern` of the command's own is sent as it stands, and none is
    /// added: in a causally consistent session, a command that is to see what came before it
    /// names `afterClusterTime` itself
    /// ([`ClientSession::operation_time`](crate::ClientSession::operation_time)). But in a session
    /// with [snapshot reads](crate::operations::StartSession::snapshot) every command is given
    /// that session's `readConcern`, and must not have one.
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
        RunCommand::new(&self.handle, &self.name, command)
    }

    /// Runs a command that opens a cursor, as [`run_command`](Self::run_command) does, and
    /// reads its documents as `D`. A reply without a cursor is an error.
    pub fn run_cursor_command(&self, command: impl Serialize) -> RunCursorCommand<D> {
        RunCursorCommand::new(&self.handle, &self.name, command)
    }

    /// Makes a collection, a view or a time series. Ordinary collections need not be made:
    /// the first document does that. One that exists, with other options, is an error.
    pub fn create_collection(&self, name: &str) -> CreateCollection {
        CreateCollection::new(&self.handle, &self.name, name)
    }

    /// All collections and views with their options, through a
    /// [`Cursor`](crate::Cursor).
    pub fn list_collections(&self) -> ListCollections {
        ListCollections::new(&self.handle, &self.name)
    }

    /// The names of all collections and views.
    pub fn list_collection_names(&self) -> ListCollectionNames {
        ListCollectionNames::new(&self.handle, &self.name)
    }

    /// Drops the database with all that is in it. One that does not exist is dropped as
    /// well.
    pub fn drop(&self) -> DropDatabase {
        DropDatabase::new(&self.handle, &self.name)
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
