//! How servers are found, and what they are.

use super::{Builder, count};
use crate::dns::Resolver;

impl<D> Builder<D> {
    /// Whether to speak to the one given host only, whatever it is. Default false. Refused
    /// with several hosts.
    pub fn direct_connection(self, direct: bool) -> Self {
        self.set(move |options| options.topology.direct_connection = direct)
    }

    /// The replica set that servers must belong to. Default none.
    pub fn replica_set(self, name: impl Into<String>) -> Self {
        let name = Some(name.into()).filter(|name| !name.is_empty());
        self.set(move |options| options.topology.replica_set.clone_from(&name))
    }

    /// Whether the one given host is a load balancer. Default false. Refused with several
    /// hosts, a replica set, or a direct connection.
    ///
    /// Each socket leads to one of the servers behind it, so a cursor keeps the socket that it
    /// came over until it is read to its end or dropped: allow for as many in
    /// [`max_pool_size`](Self::max_pool_size) as cursors are open at a time.
    /// [`max_parked`](Self::max_parked) is no limit for them. Sockets take one request at a
    /// time there, and [exhaust](crate::operations::Find::exhaust) cursors are asked for each
    /// batch.
    pub fn load_balanced(self, load_balanced: bool) -> Self {
        self.set(move |options| options.topology.load_balanced = load_balanced)
    }

    /// Who is asked for the addresses of hosts, and for the records behind `mongodb+srv://`.
    /// Default: the system. See [`Resolver`].
    ///
    /// With a resolver of its own a test can have any name lead anywhere:
    ///
    /// ```no_run
    /// use actix_mongo::{Connection, Resolver};
    ///
    /// # async fn example() -> actix_mongo::Result<()> {
    /// let servers = [([127, 0, 0, 1], 5353).into()];
    /// let connection = Connection::builder()
    ///     .uri("mongodb+srv://cluster.example.com/?tls=false")?
    ///     .resolver(Resolver::name_servers(servers))
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn resolver(self, resolver: Resolver) -> Self {
        self.set(move |options| options.resolver = resolver.clone())
    }

    /// The database that [`Connection::default_database`](crate::Connection::default_database)
    /// gives. Default: the one after the slash of the connection string, if there is one. It
    /// changes nothing about where a user is known.
    pub fn default_database(self, name: impl Into<String>) -> Self {
        let name = Some(name.into());
        self.set(move |options| options.default_database.clone_from(&name))
    }

    /// Of the hosts behind `mongodb+srv://`, as many are used at most, picked at random
    /// (`srvMaxHosts`). Default 0: all. Refused with a replica set, with a load balancer, and
    /// without `mongodb+srv://`.
    pub fn srv_max_hosts(self, hosts: u32) -> Self {
        self.set(move |options| options.topology.srv_max_hosts = count(hosts))
    }

    /// The service whose SRV records are looked up behind `mongodb+srv://` (`srvServiceName`).
    /// Default `mongodb`. Refused without `mongodb+srv://`.
    pub fn srv_service_name(self, name: impl Into<String>) -> Self {
        let name = Some(name.into()).filter(|name| !name.is_empty());
        self.set(move |options| options.srv_service.clone_from(&name))
    }

    /// SRV records are looked up again after this time at the earliest; a minute but for tests.
    #[cfg(feature = "unstable-internals")]
    #[doc(hidden)]
    pub fn least_srv_rescan(self, time: std::time::Duration) -> Self {
        self.set(move |options| options.least_rescan = time)
    }
}
