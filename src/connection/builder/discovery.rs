//! Where servers are, and how they are found.

use super::{Builder, count};
use crate::connection::options::ConnectionOptions;
use crate::dns::Resolver;
use crate::error::{Error, Kind, Result};
use crate::topology::ServerAddress;

impl<D> Builder<D> {
    /// The servers to begin with, as `host`, `host:port`, `[v6]`, `[v6]:port`, or the path of a
    /// Unix domain socket, which ends with `.sock`. Others of their replica set are found by
    /// themselves. They take the place of those of a connection string, and of the name of a
    /// `mongodb+srv://` one, whose DNS records are then not asked for.
    ///
    /// Fails with [`Kind::InvalidArgument`] if one is none of these, or there is none.
    pub fn hosts(self, hosts: impl IntoIterator<Item: AsRef<str>>) -> Result<Self> {
        let mut seeds = Vec::new();
        for host in hosts {
            let host = host.as_ref();
            let bad = || Error::new(Kind::InvalidArgument, format!("{host:?} is no host, or host and port"));
            let address =
                if host.contains('/') { ServerAddress::unix(host) } else { ServerAddress::parse(host) };
            seeds.push(address.ok_or_else(bad)?);
        }
        if seeds.is_empty() {
            return Err(Error::new(Kind::InvalidArgument, "the list of hosts is empty"));
        }
        Ok(self.set(move |options| {
            options.topology.seeds.clone_from(&seeds);
            options.topology.srv = false;
            options.srv = None;
        }))
    }

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

    /// All options, once DNS has told of hosts and perhaps of options.
    pub(super) fn completed(
        &self,
        seeds: Vec<ServerAddress>,
        defaults: Option<&str>,
    ) -> Result<ConnectionOptions> {
        let uri = self.uri.as_ref().map(|uri| uri.resolved(seeds, defaults)).transpose()?;
        self.options_with(uri.as_ref())
    }
}
