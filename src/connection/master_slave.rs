//! A master and its slaves as one connection.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{poll_fn, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bson::Document;

use super::{Builder, Connection, IntoTarget};
use crate::collection::Running;
use crate::dispatch::{Handle, Readers, Spread};
use crate::error::{Error, Kind, Result};
use crate::topology::ServerAddress;

/// A connection to a master, whose reads are spread over slaves.
///
/// It is for servers that copy from each other by other means than a replica set (of such, a
/// [`Connection`] finds the members by itself). It has all methods of a [`Connection`], and so
/// has what is made from it: databases and collections are the usual ones.
///
/// - **Reads** of collections (`find`, `find_one`, `aggregate`, `distinct`, and all that count),
///   and a database's `aggregate`, go to the slaves, each to the next ([`Spread`]). One that can't be reached is passed over:
///   each slave is asked once, and if none of them answers, the master is. A server's error is
///   no reason to ask another one. What the slaves have not copied yet is not seen.
/// - **All else goes to the master**: writes, pipelines that write, commands
///   ([`run_command`](crate::Database::run_command)), and what lists or administers; and also
///   reads in a [session](Connection::start_session) or a
///   [request](Connection::start_request), which belong to the master, and those of an
///   [actor](Connection::start_actor).
/// - **Read preferences** choose among the members of a slave that is a replica set; they do not
///   lead to the master. [`master`](Self::master) does.
/// - **A cursor** stays on the server that it was opened on, and is found there by
///   [its id](Connection::close_cursor). When those of a slave are killed its own
///   [cursor manager](Connection::set_cursor_manager) decides.
/// - **The end** is that of all members by [`close`](Self::close), and so with
///   [`disconnect`](Self::disconnect). Through a handle that was derived from it, these are about
///   the master alone.
/// - **Timeouts** are for a call as a whole, whomever it asks. A slave that is reached and does
///   not answer uses it up; without one, it is waited for until its check fails.
///
/// [`state`](Connection::state) and the other properties are the master's; those of the slaves
/// are found through [`slaves`](Self::slaves). Handles that are derived from it, and databases
/// and collections made from it, keep all members alive.
///
/// ```no_run
/// # use actix_mongo::bson::doc;
/// use actix_mongo::{Connection, MasterSlaveConnection};
///
/// # async fn example() -> actix_mongo::Result<()> {
/// let connection = MasterSlaveConnection::builder(Connection::builder().uri("mongodb://master.example")?)
///     .slave(Connection::builder().uri("mongodb://slave1.example")?)
///     .slave(Connection::builder().uri("mongodb://slave2.example")?)
///     .connect()
///     .await?;
/// let rooms = connection.database("hotel")?.collection("rooms")?;
/// rooms.insert_one(doc! { "_id": 7, "beds": 2 }).await?; // on the master
/// let some = rooms.find_one(doc! { "beds": 2 }).await?; // on a slave
/// # Ok(()) }
/// ```
pub struct MasterSlaveConnection<D = Document> {
    /// The master's, with the slaves in its scope.
    connection: Connection<D>,
    master: Connection<D>,
    slaves: Vec<Connection<D>>,
}

/// Makes a [`MasterSlaveConnection`] whose members live on the same threads.
#[derive(Clone, Debug)]
#[must_use = "it does nothing before `connect` or `connect_lazy`"]
pub struct MasterSlaveBuilder {
    master: Builder,
    slaves: Vec<Builder>,
    spread: Spread,
}

impl MasterSlaveConnection {
    /// Connects to a master and its slaves, each given as whatever a [`Connection`] can be; as
    /// [`MasterSlaveBuilder::connect`] does it.
    pub fn connect<S: IntoTarget>(
        master: impl IntoTarget,
        slaves: impl IntoIterator<Item = S>,
    ) -> Running<Self> {
        let start = Self::builder(Connection::builder().to(master));
        slaves.into_iter().fold(start, |start, slave| start.slave(Connection::builder().to(slave))).connect()
    }

    /// Begins with the master; [`slave`](MasterSlaveBuilder::slave) adds the others.
    pub fn builder(master: Builder) -> MasterSlaveBuilder {
        MasterSlaveBuilder { master, slaves: Vec::new(), spread: Spread::default() }
    }
}

impl<D> MasterSlaveConnection<D> {
    /// Of connections that are there already, each with the threads and options that it has. A
    /// slave should be connected to directly
    /// ([`direct_connection`](Builder::direct_connection)), or be the whole of a replica set.
    ///
    /// Fails with [`Kind::InvalidArgument`] without slaves.
    pub fn new(
        master: Connection<D>,
        slaves: impl IntoIterator<Item = Connection<D>>,
        spread: Spread,
    ) -> Result<Self> {
        let slaves: Vec<Connection<D>> = slaves.into_iter().collect();
        if slaves.is_empty() {
            return Err(Error::new(
                Kind::InvalidArgument,
                "there are no slaves; a master alone is a plain connection",
            ));
        }
        let members: Vec<Handle> = slaves.iter().map(|slave| slave.handle.clone()).collect();
        let readers = Arc::new(Readers::new(members, spread));
        let connection = master.scoped(|scope| scope.readers = Some(readers));
        Ok(Self { connection, master, slaves })
    }

    /// The master alone: reads through it go there, too.
    pub fn master(&self) -> &Connection<D> {
        &self.master
    }

    /// The slaves, each by itself.
    pub fn slaves(&self) -> &[Connection<D>] {
        &self.slaves
    }

    /// All servers that its members know, in the order of their addresses.
    pub fn nodes(&self) -> BTreeSet<ServerAddress> {
        self.members().flat_map(Connection::nodes).collect()
    }

    /// Whether reads may go to slaves: they always may.
    pub fn slave_okay(&self) -> bool {
        true
    }

    /// Closes the sockets of all members, as [`Connection::disconnect`] does, and at the same
    /// time. Fails with an error of one of them, and then the others have done it all the same.
    pub fn disconnect(&self) -> Running<()> {
        let done = all(self.members().map(|member| member.disconnect().into_future()).collect());
        Box::pin(async move { done.await.into_iter().collect() })
    }

    /// Ends all members, each as [`Connection::close`] does, and at the same time.
    pub fn close(&self, grace: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let closing = all(self.members().map(|member| member.close(grace)).collect());
        Box::pin(async move { drop(closing.await) })
    }

    fn members(&self) -> impl Iterator<Item = &Connection<D>> {
        std::iter::once(&self.master).chain(&self.slaves)
    }
}

impl MasterSlaveBuilder {
    /// One more slave. It is connected to directly, whatever it is, and lives on the
    /// master's threads.
    pub fn slave(mut self, slave: Builder) -> Self {
        self.slaves.push(slave);
        self
    }

    /// In which order slaves are asked. (default: one after the other)
    pub fn spread(mut self, spread: Spread) -> Self {
        self.spread = spread;
        self
    }

    /// Connects, waits until the master is known to take writes, and until each slave was
    /// found or found to be away.
    ///
    /// Fails as [`Builder::connect`] does for the master, with [`Kind::InvalidArgument`] without
    /// slaves, and at once if a slave can't be read or its options contradict each other; not
    /// because a slave is away.
    /// Dropped before, it leaves nothing behind.
    pub fn connect(self) -> Running<MasterSlaveConnection> {
        if self.slaves.is_empty() {
            return Box::pin(ready(self.connect_lazy()));
        }
        Box::pin(async move {
            // Not after half a minute in which the master was waited for.
            for slave in &self.slaves {
                slave.clone().direct_connection(true).check()?;
            }
            let master = self.master.clone().connect().await?;
            let whole = self.on(master)?;
            for slave in &whole.slaves {
                let core = slave.handle.core();
                let until = core.waits_until(Instant::now(), None);
                // One that is away may come later.
                drop(core.until_checked(until).await);
            }
            Ok(whole)
        })
    }

    /// Connects in the background: neither waits nor fails because of the network. The first
    /// calls wait for their servers.
    pub fn connect_lazy(self) -> Result<MasterSlaveConnection> {
        let master = self.master.clone().connect_lazy()?;
        self.on(master)
    }

    fn on(self, master: Connection) -> Result<MasterSlaveConnection> {
        let slave = |slave: Builder| slave.direct_connection(true).runtime_of(&master).connect_lazy();
        let slaves: Vec<Connection> = self.slaves.into_iter().map(slave).collect::<Result<_>>()?;
        MasterSlaveConnection::new(master, slaves, self.spread)
    }
}

/// Waits for all of these at the same time. What they give is in no order.
fn all<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send>>>) -> impl Future<Output = Vec<T>> {
    let mut done = Vec::new();
    poll_fn(move |task| {
        futures.retain_mut(|future| match future.as_mut().poll(task) {
            Poll::Ready(output) => {
                done.push(output);
                false
            }
            Poll::Pending => true,
        });
        if futures.is_empty() { Poll::Ready(std::mem::take(&mut done)) } else { Poll::Pending }
    })
}

impl<D> Clone for MasterSlaveConnection<D> {
    fn clone(&self) -> Self {
        Self { connection: self.connection.clone(), master: self.master.clone(), slaves: self.slaves.clone() }
    }
}

impl<D> Deref for MasterSlaveConnection<D> {
    type Target = Connection<D>;

    fn deref(&self) -> &Connection<D> {
        &self.connection
    }
}

impl<D> fmt::Debug for MasterSlaveConnection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterSlaveConnection")
            .field("master", &self.master)
            .field("slaves", &self.slaves)
            .finish()
    }
}
