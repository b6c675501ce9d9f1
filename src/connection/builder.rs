//! Every option of a connection, set by name.

mod ancestor;
mod compression;
mod concerns;
mod credential;
mod cursors;
mod discovery;
mod documents;
mod listeners;
mod place;
mod runtime;
mod tls;
mod workers;

use std::fmt;
use std::future::ready;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actix::ArbiterHandle;
use bson::Document;

use super::options::ConnectionOptions;
use super::target::Target;
use super::{Connection, launch};
use crate::actors::monitor::MonitoringMode;
use crate::collection::Running;
use crate::command::{DriverInfo, ServerApi};
use crate::error::Result;

/// Makes a [`Connection`] with other than the default options.
///
/// `D` is the type of documents in collections that name no other
/// ([`document_class`](Self::document_class)).
///
/// What is set here wins over what the connection string sets, in whatever order; of two
/// calls of one method the later wins. Options that contradict each other are refused by
/// [`connect`](Self::connect) and [`connect_lazy`](Self::connect_lazy), with
/// [`Kind::InvalidArgument`](crate::Kind::InvalidArgument).
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example() -> actix_mongo::Result<()> {
/// let connection = actix_mongo::Connection::builder()
///     .uri("mongodb://db.example:27017")?
///     .max_pool_size(20)
///     .timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
///
/// # Logs
///
/// What happens is told to [`tracing`](https://docs.rs/tracing), too, in the sentences and with
/// the fields of the driver specifications, at the level `DEBUG` (the wait for a server: `INFO`):
///
/// | Target | What |
/// |---|---|
/// | `actix_mongo::command` | commands that start, succeed and fail |
/// | `actix_mongo::server_selection` | the choice of a server for each |
/// | `actix_mongo::connection` | pools, and the connections in them |
/// | `actix_mongo::topology` | the deployment, its servers and their checks |
///
/// The subscriber is the one of the thread that makes the connection, if it has one then, else
/// the global one. Messages reach it on a thread of the connection's own, in order; one that is
/// too slow loses the oldest, and is told how many. Documents are cut off, see
/// [`log_max_document_length`](Builder::log_max_document_length); passwords are not shown, as in
/// [events](crate::events). Without a subscriber for these levels it costs next to nothing.
#[must_use = "it does nothing before `connect` or `connect_lazy`"]
pub struct Builder<D = Document> {
    target: Target,
    /// Hosts that take the place of the target's.
    hosts: Option<Target>,
    /// Of hosts that name none.
    port: Option<u16>,
    changes: Vec<Change>,
    document: PhantomData<fn() -> D>,
}

type Change = Arc<dyn Fn(&mut ConnectionOptions) + Send + Sync>;

/// A limit that nobody lives to see; what is above it would overflow the clock.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl<D> Builder<D> {
    /// Most sockets to one server, beside those that watch it. Default 100; 0 is no limit.
    pub fn max_pool_size(self, sockets: u32) -> Self {
        self.set(move |options| options.pool.max_size = count(sockets))
    }

    /// Sockets kept open to one server. Default 0. At most
    /// [`max_pool_size`](Self::max_pool_size).
    pub fn min_pool_size(self, sockets: u32) -> Self {
        self.set(move |options| options.pool.min_size = count(sockets))
    }

    /// Sockets to one server that are opened at one time. Default 2; at least 1.
    pub fn max_connecting(self, sockets: u32) -> Self {
        self.set(move |options| options.pool.max_connecting = count(sockets))
    }

    /// How long a socket may be idle before it is closed. Default none; zero is none.
    pub fn max_idle_time(self, time: Duration) -> Self {
        self.set(move |options| options.pool.max_idle = Some(time.min(LONGEST)))
    }

    /// How long a call waits for a socket of the server it was given to. Default: as long
    /// as [`server_selection_timeout`](Self::server_selection_timeout) and the call's own
    /// timeout allow. Afterwards it fails with [`Kind::WaitQueueTimeout`](crate::Kind::WaitQueueTimeout).
    pub fn wait_queue_timeout(self, timeout: Duration) -> Self {
        let timeout = Some(timeout.min(LONGEST));
        self.set(move |options| options.dispatch.wait_queue_timeout = timeout)
    }

    /// Most requests that may wait for a socket of one server. Default 10,000. One more
    /// fails at once with [`Kind::QueueFull`](crate::Kind::QueueFull): a bound that the pooling specification does
    /// not know, so that a slow server can't fill the memory of its clients.
    pub fn max_queued_requests(self, requests: usize) -> Self {
        self.set(move |options| options.pool.max_queued_requests = requests)
    }

    /// Most bytes that waiting requests of one server may hold. Default 256 MiB. A request
    /// above it fails at once with [`Kind::QueueFull`](crate::Kind::QueueFull).
    pub fn max_queued_bytes(self, bytes: usize) -> Self {
        self.set(move |options| options.pool.max_queued_bytes = bytes)
    }

    /// Requests that may be in flight on one socket. Default 1; at least 1.
    ///
    /// Above 1, a request is written to a socket whose earlier requests were not answered
    /// yet, once no socket is idle. It buys throughput and processor time for many short
    /// requests on few sockets: fewer wake-ups, and several requests in one write. It
    /// costs latency where requests differ, because a server answers the requests of one
    /// socket one after the other, so a short one waits for a long one in front of it;
    /// and it costs more when a socket breaks, because all that were in flight on it fail
    /// together, as they do when one of them runs into its timeout after it was written.
    ///
    /// The pooling specification has one request on a socket at a time, so this lies
    /// outside of it; servers answer such requests in order. What waits on the server by
    /// its nature never shares a socket.
    pub fn pipeline_depth(self, requests: u32) -> Self {
        self.set(move |options| options.pool.pipeline_depth = count(requests))
    }

    /// How many sockets of each pool may be kept by cursors that need one to themselves
    /// ([awaiting](crate::CursorType::TailableAwait) and
    /// [exhaust](crate::operations::Find::exhaust) ones); one more such cursor is refused at
    /// once, so that other calls find sockets that come free. Default: half of
    /// `max_pool_size`, at least 1.
    pub fn max_parked(self, sockets: u32) -> Self {
        self.set(move |options| options.pool.max_parked = Some(count(sockets)))
    }

    /// How long a call waits for a server that suits it. Default 30 seconds; zero does not
    /// wait (while `serverSelectionTimeoutMS=0` in a connection string leaves the default,
    /// since it is not a positive number there). Afterwards it
    /// fails with [`Kind::ServerSelection`](crate::Kind::ServerSelection), and says of each server why it does not.
    ///
    /// A call without a timeout that has to wait for its turn in a session begins to wait then,
    /// and fails with [`Kind::Timeout`](crate::Kind::Timeout) if all of this time passes before
    /// its turn comes.
    pub fn server_selection_timeout(self, timeout: Duration) -> Self {
        self.set(move |options| options.dispatch.server_selection_timeout = timeout.min(LONGEST))
    }

    /// How long it may take to establish a socket. Default 10 seconds; zero is no limit.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.set(move |options| options.connect_timeout = Some(timeout.min(LONGEST)))
    }

    /// The time between two checks of a server. Default 10 seconds; at least 500 ms.
    /// Servers that push their changes are heard at once all the same.
    pub fn heartbeat_frequency(self, interval: Duration) -> Self {
        self.set(move |options| options.dispatch.heartbeat_frequency = interval.min(LONGEST))
    }

    /// Of servers that suit a read alike, those take part whose round trip is at most this
    /// much longer than the shortest. Default 15 ms.
    pub fn local_threshold(self, time: Duration) -> Self {
        self.set(move |options| options.dispatch.local_threshold = time.min(LONGEST))
    }

    /// What the server's logs call this program. Default none; at most 128 bytes.
    pub fn app_name(self, name: impl Into<String>) -> Self {
        let name = Some(name.into()).filter(|name| !name.is_empty());
        self.set(move |options| options.app_name.clone_from(&name))
    }

    /// Has servers told of a library that builds on this crate, in the metadata that each socket
    /// begins with. May be called several times; what was given before is not replaced, and the
    /// same is not told twice (handshake specification). Default none. Refused with `|` in it,
    /// and if servers would not take so much.
    pub fn driver_info(self, library: DriverInfo) -> Self {
        self.set(move |options| options.driver_info.push(library.clone()))
    }

    /// The API version that each command declares, those in transactions and of cursors included
    /// (stable API specification). Default none: commands mean what the server makes of them. A
    /// connection string can't set it, and no call can change it.
    pub fn server_api(self, api: ServerApi) -> Self {
        self.set(move |options| options.dispatch.server_api = Some(api.clone()))
    }

    /// The time that each call may take as a whole: finding a server, waiting for a
    /// socket, the server's work, and a second attempt where there is one. Default none;
    /// zero is none. Afterwards the call fails with [`Kind::Timeout`](crate::Kind::Timeout).
    ///
    /// For a cursor that ends it covers the query and all further batches together; for a
    /// tailable one each of its calls anew. [`TimeoutMode`](crate::TimeoutMode) says otherwise.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(move |options| options.scope.timeout = Some(timeout))
    }

    /// Whether a read that failed for a reason that may pass is tried once more. Default
    /// true.
    pub fn retry_reads(self, retry: bool) -> Self {
        self.set(move |options| options.dispatch.retry_reads = retry)
    }

    /// Whether a write that failed for a reason that may pass is tried once more; the
    /// server sees to it that it is done once. Default true.
    pub fn retry_writes(self, retry: bool) -> Self {
        self.set(move |options| options.dispatch.retry_writes = retry)
    }

    /// How often a call is tried again, at most, once a server has said that it is
    /// overloaded. Default 2; 0 is never.
    ///
    /// Servers that have too much to do refuse commands of any kind. Such a command did
    /// nothing, so it is tried again after a random wait that doubles each time: reads if
    /// [`retry_reads`](Self::retry_reads) is on, writes of all kinds if
    /// [`retry_writes`](Self::retry_writes) is, `run_command` if both are. A call whose
    /// timeout the wait would exceed fails at once.
    pub fn max_adaptive_retries(self, retries: u32) -> Self {
        self.set(move |options| options.dispatch.max_adaptive_retries = retries)
    }

    /// Whether a call that a server refused because it is overloaded is tried again on
    /// another one that its read preference allows. Default false. With
    /// `primaryPreferred`, that means reads from secondaries while the primary is there.
    pub fn enable_overload_retargeting(self, enable: bool) -> Self {
        self.set(move |options| options.dispatch.overload_retargeting = enable)
    }

    /// How changes of a server's state are heard of. Default [`MonitoringMode::Auto`].
    pub fn monitoring_mode(self, mode: MonitoringMode) -> Self {
        self.set(move |options| options.monitoring = mode)
    }

    /// Threads that move bytes between sockets and callers. Default 0: one up to four
    /// processors, else a quarter of their number. Encoding and decoding happens on the
    /// callers' own threads.
    pub fn data_arbiters(self, threads: u32) -> Self {
        self.set(move |options| options.data_arbiters = count(threads))
    }

    /// Lends the application's own arbiters: sockets live there, and no data arbiter is
    /// started. A call made on an arbiter that a socket lives on then crosses no thread.
    /// (default: none)
    ///
    /// The arbiters should outlive the connection, and should not be blocked. One that is
    /// stopped takes its sockets along; one that is blocked holds up the calls on its
    /// sockets, but not beyond their timeouts. New sockets go to arbiters that work, and to
    /// a thread of the connection's own while none does. A call on another thread than its
    /// socket's pays for its timeout with a message to the connection's timer.
    pub fn lend_arbiters(self, arbiters: impl IntoIterator<Item = ArbiterHandle>) -> Self {
        let lent: Vec<ArbiterHandle> = arbiters.into_iter().collect();
        self.set(move |options| options.lent_arbiters = lent.clone())
    }

    /// Connects, and waits until a server is known that takes writes; with a
    /// [`read_preference`](Self::read_preference) other than `primary`, until one is known that
    /// has data, be it a secondary; with [`direct_connection`](Self::direct_connection), until
    /// the server is known.
    ///
    /// Fails with [`Kind::ConnectionFailure`](crate::Kind::ConnectionFailure) if there is none within
    /// [`server_selection_timeout`](Self::server_selection_timeout), and with
    /// [`Kind::InvalidArgument`](crate::Kind::InvalidArgument) if options contradict each other or a
    /// file can't be used; at once, as [`Target`] has it, if it can't be read where to connect to.
    /// Dropped before, it leaves nothing behind.
    pub fn connect(self) -> Running<Connection<D>>
    where
        D: 'static,
    {
        match self.checked() {
            Ok(options) => Box::pin(Connection::establish(options)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    /// Connects in the background: neither waits nor fails because of the network. The
    /// first call waits for its server. Files that [`tls`](Self::tls) options name are read on
    /// this thread.
    pub fn connect_lazy(self) -> Result<Connection<D>> {
        Ok(Connection::new(launch(self.checked()?)?))
    }

    fn set(mut self, change: impl Fn(&mut ConnectionOptions) + Send + Sync + 'static) -> Self {
        self.changes.push(Arc::new(change));
        self
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            target: Target::default(),
            hosts: None,
            port: None,
            changes: Vec::new(),
            document: PhantomData,
        }
    }
}

impl<D> Clone for Builder<D> {
    fn clone(&self) -> Self {
        Self {
            target: self.target.clone(),
            hosts: self.hosts.clone(),
            port: self.port,
            changes: self.changes.clone(),
            document: PhantomData,
        }
    }
}

impl<D> fmt::Debug for Builder<D> {
    /// The servers and nothing else, for the rest may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.options().map(|options| options.topology.seeds).unwrap_or_default();
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        f.debug_struct("Builder").field("hosts", &hosts).finish_non_exhaustive()
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
