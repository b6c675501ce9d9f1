//! The handle that users hold, how it is made, and what it shows.

mod actor;
mod ancestor;
mod builder;
mod copy_database;
mod cursors;
mod databases;
mod disconnect;
mod documents;
mod from_uri;
mod kill_cursors;
mod launch;
mod master_slave;
mod options;
mod properties;
mod ready;
mod request;
mod state;
mod subscribe;
mod target;
pub mod uri;
mod workers;

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bson::Document;

pub use builder::Builder;
pub use copy_database::{CopyDatabase, CopyProgress, CopySource, Copying, ExistingTarget};
pub use cursors::CursorId;
pub use kill_cursors::{KillCursors, KilledCursors};
use launch::launch_aside;
pub use launch::{Launched, launch};
pub use master_slave::{MasterSlaveBuilder, MasterSlaveConnection};
pub use options::ConnectionOptions;
pub use ready::Access;
pub use request::{Request, StartRequest};
pub use state::{CursorManagerState, ServerState, State};
pub use target::{IntoTarget, Target};

use crate::client_session::StartSession;
use crate::collection::{BulkWrite, Running, WriteModel, derived};
use crate::command::DriverInfo;
use crate::database::Database;
use crate::dispatch::{Drain, Handle};
use crate::error::{Error, Kind, Result};
use crate::runtime::Ended;
use crate::topology::{Criteria, ReadMode, ReadPreference};

/// A connection to a deployment: one server, a replica set, or the routers of a cluster.
///
/// It is a handle. Clones, databases, collections and cursors made from it share the same
/// sockets, which live on threads of the connection's own. So a handle works from any
/// runtime and any thread, and from several at once. When the last of them is dropped the
/// connection ends in the background; [`close`](Self::close) ends it and waits.
///
/// `D` is the type of the documents in collections that name no other.
pub struct Connection<D = Document> {
    handle: Handle,
    ended: Ended,
    document: PhantomData<fn() -> D>,
}

/// Longer than any program runs.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl Connection {
    /// Connects, and waits until a server is known that takes writes; with a read preference
    /// other than `primary` ([`Builder::slave_okay`] is one), until one is known that has data,
    /// be it a secondary; with `directConnection=true`, until the server is known.
    ///
    /// It takes a host name, an IP address, the path of a Unix domain socket, a connection
    /// string, a pair of any of these with a port for hosts that name none, or a list of them;
    /// [`Target`] tells what each means. [`Target::default`] is `localhost:27017`.
    ///
    /// Fails with [`Kind::ConnectionFailure`] if there is no such server within
    /// `serverSelectionTimeoutMS`, and at once if what was given can't be read, contradicts
    /// itself, or asks for something that this build does not have. Dropped before it is ready,
    /// it leaves nothing behind.
    ///
    /// ```no_run
    /// # async fn example() -> actix_mongo::Result<()> {
    /// let connection = actix_mongo::Connection::connect("mongodb://localhost:27017").await?;
    /// let members = ["db1.example", "db2.example:27018"];
    /// let set = actix_mongo::Connection::connect(members).await?;
    /// # Ok(()) }
    /// ```
    pub fn connect(target: impl IntoTarget) -> Running<Self> {
        Self::builder().to(target).connect()
    }

    /// Connects in the background: neither waits nor fails because of the network. The
    /// first call waits for its server. Of `mongodb+srv://`, calls fail at once while its
    /// records in DNS are such that nobody may be connected to.
    pub fn connect_lazy(target: impl IntoTarget) -> Result<Self> {
        Self::builder().to(target).connect_lazy()
    }

    /// Sets options by name.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

derived!(Connection<D>);

impl<D> Connection<D> {
    /// A database. It need not exist; nothing is sent.
    ///
    /// Fails with [`Kind::InvalidName`] if no database can have this name.
    pub fn database(&self, name: &str) -> Result<Database<D>> {
        Database::new(self.handle.clone(), name)
    }

    /// The database that the connection string names after its slash, or that
    /// [`Builder::default_database`] sets; `None` if neither does. Nothing is sent.
    ///
    /// Fails with [`Kind::InvalidName`] if no database can have this name.
    pub fn default_database(&self) -> Result<Option<Database<D>>> {
        let name = self.handle.core().default_database.as_deref();
        name.map(|name| self.database(name)).transpose()
    }

    /// The same connection, with another limit for all calls made through the new handle
    /// and what is made from it; see [`Builder::timeout`]. Zero is none.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.scoped(|scope| scope.timeout = Some(timeout))
    }

    /// Runs many writes over any collections, each named by its namespace (`"hotel.rooms"`;
    /// see [`Collection::namespace`](crate::Collection::namespace)), in as few commands as the
    /// server's limits allow. By default one after the other, up to the first that is refused;
    /// [`BulkWrite::ordered`] says otherwise.
    ///
    /// Servers have it from 8.0 on; others are [`Kind::Unsupported`]. An empty list is an
    /// error, as is a write concern without an answer (`w: 0`) for writes that are ordered, or
    /// have verbose results (bulk write specification).
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// use actix_mongo::WriteModel;
    ///
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let result = connection
    ///     .bulk_write([
    ///         ("hotel.rooms", WriteModel::delete_one(doc! { "_id": 7 })),
    ///         ("hotel.log", WriteModel::insert_one(doc! { "closed": 7 })),
    ///     ])
    ///     .verbose_results(true)
    ///     .await?;
    /// println!("{:?}", result.verbose_results);
    /// # Ok(()) }
    /// ```
    pub fn bulk_write<N: AsRef<str>>(&self, models: impl IntoIterator<Item = (N, WriteModel)>) -> BulkWrite {
        BulkWrite::of_connection(&self.handle, models)
    }

    /// Starts a session, once the builder's [`start`](StartSession::start) is called;
    /// nothing is sent. See [`ClientSession`](crate::ClientSession).
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let rooms = connection.database("hotel")?.collection("rooms")?;
    /// let session = connection.start_session().start()?;
    /// rooms.insert_one(doc! { "_id": 8, "beds": 1 }).session(&session).await?;
    /// // This sees the room, on whichever member it runs.
    /// let room = rooms.find_one(doc! { "_id": 8 }).session(&session).await?;
    /// # Ok(()) }
    /// ```
    pub fn start_session(&self) -> StartSession {
        StartSession::new(&self.handle)
    }

    /// The same connection, with another type of documents for collections that name no
    /// other.
    #[must_use]
    pub fn with_document_type<T>(&self) -> Connection<T> {
        self.derive(self.handle.clone())
    }

    /// What is known at this moment, without asking anybody: servers, pools, sockets, and
    /// what happened lately. Print it with `{}`.
    pub fn state(&self) -> State {
        State::of(self.handle.core())
    }

    /// Has servers told of a library that builds on this crate, as
    /// [`Builder::driver_info`] does, by sockets that are opened from now on. What was told
    /// before is not replaced, and the same is not told twice; open sockets stay as they are.
    ///
    /// Fails with [`Kind::InvalidArgument`] if a field contains `|`, or if it would be more
    /// than servers take; then nothing has changed.
    pub fn append_metadata(&self, library: DriverInfo) -> Result<()> {
        self.handle.core().greeting.append(library)
    }

    /// Ready once listeners for [events](crate::events), and logs, were told all that happened
    /// before this call. Closures have been called then; actors have it in their mailboxes.
    ///
    /// It waits as long as a listener takes, so a listener must not wait for it. If a listener
    /// is so slow that its backlog is full, what was pushed out of that is not waited for.
    ///
    /// Fails with [`Kind::Timeout`] if that takes longer than `limit`, which begins when it is
    /// first polled, and with [`Kind::Closed`] if the connection ends before; listeners are
    /// told all the same, in their own time.
    ///
    /// Cancel safety: nothing hangs on it.
    pub async fn flush_events(&self, limit: Duration) -> Result<()> {
        let core = self.handle.core();
        let now = Instant::now();
        // A limit beyond what the clock can tell is none, and the connection's end still counts.
        let until = now.checked_add(limit).unwrap_or(now + AGES);
        let late = || {
            let sentence = format!("listeners for events, or logs, were not told all within {limit:?}");
            Error::new(Kind::Timeout, sentence)
        };
        core.within(until, core.listeners.flush(), late).await
    }

    /// How many [events](crate::events) did not reach a listener because it was too slow.
    pub fn dropped_events(&self) -> u64 {
        self.handle.core().listeners.dropped()
    }

    /// Ends the connection. From now on calls fail with [`Kind::Closed`]; those under way
    /// have `grace` to come to their end. Then cursors are killed, sessions ended and
    /// sockets closed, and what is still under way fails. A cursor that has a socket to itself
    /// (awaiting, exhaust, or behind a load balancer) counts as under way until it is dropped, and so
    /// does a [`Request`].
    ///
    /// Ready when sockets, monitors and data arbiters of the connection have ended; the threads
    /// that tell listeners and logs the last of it end when that is told, and a gateway whose
    /// handler blocks is left behind after a second. Others may wait at the same time; the first call's grace counts. Once polled, it goes on though it is dropped.
    pub fn close(&self, grace: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (shared, ended) = (self.handle.shared().clone(), self.ended.clone());
        Box::pin(async move {
            if !shared.core.closing.swap(true, Ordering::AcqRel) {
                shared.drain.do_send(Drain { grace });
            }
            drop(shared);
            ended.until_over().await;
        })
    }

    /// What all handles share, for the project's own tests.
    #[cfg(feature = "unstable-internals")]
    #[doc(hidden)]
    pub fn core(&self) -> &std::sync::Arc<crate::dispatch::Core> {
        self.handle.core()
    }

    fn new(launched: Launched) -> Self {
        let Launched { handle, ended } = launched;
        Self { handle, ended, document: PhantomData }
    }

    async fn establish(options: ConnectionOptions) -> Result<Self> {
        let selection = options.dispatch.server_selection_timeout;
        let own = options.scope.timeout.filter(|limit| !limit.is_zero());
        let deadline = Instant::now() + own.map_or(selection, |own| own.min(selection));
        let by_dns = options.srv.is_some();
        // Who reads elsewhere may have come to a set that has no primary.
        let wanted = match options.scope.read_preference.mode() {
            ReadMode::Primary => Criteria::Write,
            _ => Criteria::Read(ReadPreference::new(ReadMode::Nearest)),
        };
        let connection = Self::new(launch_aside(options).await?);
        if by_dns {
            connection.handle.core().until_seeded(deadline).await?;
        }
        let usable = connection.handle.core().select(&wanted, 0, &[], deadline, false, None).await;
        match usable {
            Ok(_) => Ok(connection),
            Err(error) => {
                Err(Error::new(Kind::ConnectionFailure, error.message()).network().with_source(error))
            }
        }
    }

    fn derive<T>(&self, handle: Handle) -> Connection<T> {
        Connection { handle, ended: self.ended.clone(), document: PhantomData }
    }
}

impl<D> Clone for Connection<D> {
    fn clone(&self) -> Self {
        self.derive(self.handle.clone())
    }
}

impl<D> fmt::Debug for Connection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.handle.core().snapshots.borrow();
        let servers: Vec<String> = snapshot.topology.servers.keys().map(ToString::to_string).collect();
        f.debug_struct("Connection")
            .field("kind", &snapshot.topology.kind)
            .field("servers", &servers)
            .finish()
    }
}
