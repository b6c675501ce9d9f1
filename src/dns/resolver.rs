//! Whom to ask for names.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::custom::{CustomResolver, SrvRecord};
use super::join::join;
use super::system::SystemLookups;

/// Who is asked for the addresses of hosts, and for the records behind `mongodb+srv://`; set
/// by [`Builder::resolver`](crate::Builder::resolver).
///
/// The default is the system: hosts as every program finds them (`getaddrinfo`, with the
/// hosts file and `nsswitch.conf`), SRV and TXT records from the name servers that the system
/// is configured with (`/etc/resolv.conf`, read anew for each question). At most eight hosts
/// are looked up by the system at the same time, for all connections that share a resolver.
///
/// No answer is kept: each socket that is opened asks for its host anew, so that an address that
/// changed is found at once. Where that is too often, the cache is the system's, that of the
/// name server asked, or one within a [`custom`](Self::custom) resolver.
#[derive(Clone, Default)]
pub struct Resolver {
    how: How,
    system: Arc<SystemLookups>,
}

#[derive(Clone, Default)]
enum How {
    #[default]
    System,
    #[cfg(feature = "dns-resolver")]
    NameServers(Arc<[SocketAddr]>),
    Custom(Arc<dyn CustomResolver>),
}

impl Resolver {
    /// The system.
    pub fn system() -> Self {
        Self::default()
    }

    /// These name servers, for everything: neither the hosts file nor other ways of the
    /// system to find a host take part. Questions go by UDP, and by TCP where an answer does
    /// not fit. Each is given up after two seconds and asked anew twice; of several servers
    /// two are asked at the same time. Without a server every look-up fails.
    #[cfg(feature = "dns-resolver")]
    pub fn name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self::new(How::NameServers(servers.into_iter().collect()))
    }

    /// The application's own.
    pub fn custom(resolver: impl CustomResolver) -> Self {
        Self::new(How::Custom(Arc::new(resolver)))
    }

    fn new(how: How) -> Self {
        Self { how, system: Arc::default() }
    }

    /// Where a host can be reached, in the order of preference. A literal address is taken
    /// as it is.
    pub(crate) async fn targets(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(literal) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(literal, port)]);
        }
        let addresses: Vec<IpAddr> = match &self.how {
            How::System => return self.system.targets(host, port).await,
            // An address with a zone is no name, and only the system knows its zones.
            _ if host.contains([':', '%']) => return self.system.targets(host, port).await,
            #[cfg(feature = "dns-resolver")]
            How::NameServers(servers) => super::hickory::addresses(Some(servers), host).await?,
            How::Custom(custom) => custom.addresses(host).await?,
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// The SRV records of one name and the TXT records of another, asked for at once.
    pub(crate) async fn records(
        &self,
        srv: &str,
        txt: &str,
    ) -> (io::Result<Vec<SrvRecord>>, io::Result<Vec<Vec<u8>>>) {
        join(self.srv(srv), self.txt(txt)).await
    }

    /// The SRV records of a name.
    pub(crate) async fn srv(&self, name: &str) -> io::Result<Vec<SrvRecord>> {
        match &self.how {
            #[cfg(feature = "dns-resolver")]
            How::System => super::hickory::srv(None, name).await,
            #[cfg(feature = "dns-resolver")]
            How::NameServers(servers) => super::hickory::srv(Some(servers), name).await,
            #[cfg(not(feature = "dns-resolver"))]
            How::System => Err(no_feature()),
            How::Custom(custom) => custom.srv(name).await,
        }
    }

    async fn txt(&self, name: &str) -> io::Result<Vec<Vec<u8>>> {
        match &self.how {
            #[cfg(feature = "dns-resolver")]
            How::System => super::hickory::txt(None, name).await,
            #[cfg(feature = "dns-resolver")]
            How::NameServers(servers) => super::hickory::txt(Some(servers), name).await,
            #[cfg(not(feature = "dns-resolver"))]
            How::System => Err(no_feature()),
            How::Custom(custom) => custom.txt(name).await,
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.how {
            How::System => f.write_str("Resolver(System)"),
            #[cfg(feature = "dns-resolver")]
            How::NameServers(servers) => f.debug_tuple("Resolver").field(servers).finish(),
            How::Custom(custom) => f.debug_tuple("Resolver").field(custom).finish(),
        }
    }
}

#[cfg(not(feature = "dns-resolver"))]
fn no_feature() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "this build has no resolver for SRV and TXT records (feature dns-resolver)",
    )
}
