//! Where to connect to, and from there all options.

use std::sync::Arc;

use super::Builder;
use crate::connection::from_uri::options_of;
use crate::connection::options::ConnectionOptions;
use crate::connection::target::{IntoTarget, PORT_0, Target};
use crate::connection::uri::ConnectionString;
use crate::error::{Error, Kind, Result};
use crate::topology::ServerAddress;

impl<D> Builder<D> {
    /// Where to connect to: hosts, connection strings, or a list of them; [`Target`] tells what is
    /// taken and what it means. Default `localhost`, on [`port`](Self::port) 27017. Takes the
    /// place of what an earlier call, or [`uri`](Self::uri), has set.
    ///
    /// What can't be read is the error of connecting.
    ///
    /// ```no_run
    /// # async fn example() -> actix_mongo::Result<()> {
    /// let members = ["db1.example", "db2.example:27018"];
    /// let connection = actix_mongo::Connection::builder().to(members).port(27019).connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn to(mut self, target: impl IntoTarget) -> Self {
        self.target = target.into_target();
        self
    }

    /// The port of those hosts that name none, be it in a text, as a [`Target`] or in
    /// [`hosts`](Self::hosts). Default 27017. Means nothing for `mongodb+srv://`, whose records
    /// name ports, and for Unix domain sockets.
    ///
    /// Port 0 is the error of connecting ([`Kind::InvalidArgument`]).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Takes hosts and options from a connection string (`mongodb://host:port/?option=value`):
    /// as [`to`](Self::to), but for nothing else, and what is wrong with it is known at once.
    ///
    /// Fails with [`Kind::InvalidUri`] if it can't be read, and with [`Kind::Unsupported`],
    /// naming the option, if it asks for something that this build does not have.
    pub fn uri(self, uri: impl AsRef<str>) -> Result<Self> {
        let target = Target::uri(uri.as_ref());
        target.checked(ServerAddress::DEFAULT_PORT)?;
        Ok(self.to(target))
    }

    /// The servers to begin with, as `host`, `host:port`, an IPv6 address with or without
    /// brackets, `[v6]:port`, or the path of a Unix domain socket, which ends with `.sock`. Others
    /// of their replica set are found by themselves. They take the place of those of a connection
    /// string, and of the name of a `mongodb+srv://` one, whose DNS records are then not asked for.
    ///
    /// Fails with [`Kind::InvalidArgument`] if one is none of these, or there is none.
    pub fn hosts(mut self, hosts: impl IntoIterator<Item: AsRef<str>>) -> Result<Self> {
        let hosts: Target = hosts.into_iter().map(|host| Target::host(host.as_ref())).collect();
        let named = hosts.seeds(ServerAddress::DEFAULT_PORT);
        named.map_err(|error| Error::new(Kind::InvalidArgument, error.message()))?;
        self.hosts = Some(hosts);
        Ok(self)
    }

    /// All options, if this build can connect by them.
    pub(super) fn checked(&self) -> Result<ConnectionOptions> {
        let read = self.target.checked(self.default_port()?)?;
        read.log_warnings();
        self.options_with(&read)
    }

    /// Whether this build can connect by them; tells nobody of warnings.
    pub(in crate::connection) fn check(&self) -> Result<()> {
        self.options_with(&self.target.checked(self.default_port()?)?).map(drop)
    }

    pub(super) fn options(&self) -> Result<ConnectionOptions> {
        self.options_with(&self.target.read(self.default_port()?)?)
    }

    fn options_with(&self, read: &ConnectionString) -> Result<ConnectionOptions> {
        let mut options = options_of(read);
        if let Some(hosts) = &self.hosts {
            options.topology.seeds = hosts.seeds(self.default_port()?)?;
            options.topology.srv = false;
            options.srv = None;
        }
        for change in &self.changes {
            change(&mut options);
        }
        options.check()?;
        if let Some(srv) = &mut options.srv {
            let builder: Builder = self.clone().document_class();
            srv.complete = Arc::new(move |seeds, defaults| builder.completed(seeds, defaults));
        }
        Ok(options)
    }

    fn default_port(&self) -> Result<u16> {
        match self.port {
            Some(0) => Err(Error::new(Kind::InvalidArgument, PORT_0)),
            port => Ok(port.unwrap_or(ServerAddress::DEFAULT_PORT)),
        }
    }

    /// All options, once DNS has told of hosts and perhaps of options.
    fn completed(&self, seeds: Vec<ServerAddress>, defaults: Option<&str>) -> Result<ConnectionOptions> {
        let read = self.target.read(self.default_port()?)?;
        self.options_with(&read.resolved(seeds, defaults)?)
    }
}
