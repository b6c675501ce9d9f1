//! Questions to name servers. A resolver is made for each: so the system's configuration is
//! that of the moment, nothing is kept of an answer beyond its use, and no socket outlives
//! the thread on which the question was asked.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::custom::SrvRecord;
use super::join::join_soon;

/// One question to one server is answered in milliseconds, or was lost.
const PER_TRY: Duration = Duration::from_secs(2);
/// How often a question is asked again.
const MORE_TRIES: usize = 2;
/// "Resolution Delay" of RFC 8305: how long the answer for one family of addresses waits for
/// that for the other.
const OTHER_FAMILY: Duration = Duration::from_millis(50);

/// The SRV records of a name, from these servers, or those of the system.
pub async fn srv(servers: Option<&[SocketAddr]>, name: &str) -> io::Result<Vec<SrvRecord>> {
    let records = ask(&resolver(servers)?, name, RecordType::SRV).await?;
    let srv = |record: &Record| match &record.data {
        RData::SRV(srv) => {
            let ttl = Duration::from_secs(record.ttl.into());
            Some(SrvRecord::new(srv.target.to_ascii(), srv.port, ttl))
        }
        _ => None,
    };
    Ok(records.iter().filter_map(srv).collect())
}

/// The TXT records of a name.
pub async fn txt(servers: Option<&[SocketAddr]>, name: &str) -> io::Result<Vec<Vec<u8>>> {
    let records = ask(&resolver(servers)?, name, RecordType::TXT).await?;
    let txt = |record: &Record| match &record.data {
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    };
    Ok(records.iter().filter_map(txt).collect())
}

/// The addresses of a host, those of the sixth version first.
pub async fn addresses(servers: Option<&[SocketAddr]>, host: &str) -> io::Result<Vec<IpAddr>> {
    let resolver = resolver(servers)?;
    let (v6, v4) = (ask(&resolver, host, RecordType::AAAA), ask(&resolver, host, RecordType::A));
    let found = |answer: &io::Result<Vec<Record>>| answer.as_ref().is_ok_and(|records| !records.is_empty());
    let (v6, v4) = join_soon(v6, v4, found, OTHER_FAMILY).await;
    let address = |record: Record| match record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    };
    let (mut found, mut failed) = (Vec::new(), None);
    for answer in [v6, v4].into_iter().flatten() {
        match answer {
            Ok(records) => found.extend(records.into_iter().filter_map(address)),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// All records of the answer; none if there is nothing of this name or type.
async fn ask(resolver: &TokioResolver, name: &str, what: RecordType) -> io::Result<Vec<Record>> {
    let parsed = if name.is_ascii() { Name::from_ascii(name) } else { Name::from_utf8(name) };
    let mut name = parsed.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    // Not to be sought in the domains of this machine.
    name.set_fqdn(true);
    match resolver.lookup(name, what).await {
        Ok(lookup) => Ok(lookup.answers().to_vec()),
        Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords {
            response_code: ResponseCode::NoError | ResponseCode::NXDomain,
            ..
        }))) => Ok(Vec::new()),
        Err(NetError::Timeout) => {
            Err(io::Error::new(io::ErrorKind::TimedOut, "no name server answered in time"))
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

fn resolver(servers: Option<&[SocketAddr]>) -> io::Result<TokioResolver> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = match servers {
        None => TokioResolver::builder(provider).map_err(io::Error::other)?,
        Some(servers) => {
            let config = ResolverConfig::from_name_servers(servers.iter().map(server).collect());
            TokioResolver::builder_with_config(config, provider)
        }
    };
    set(builder.options_mut(), servers.is_none());
    builder.build().map_err(io::Error::other)
}

fn set(options: &mut ResolverOpts, system: bool) {
    options.timeout = if system { options.timeout.min(PER_TRY) } else { PER_TRY };
    options.attempts = MORE_TRIES;
    options.cache_size = 8;
    // An answer by UDP that is garbage, or another's, says nothing of the name.
    options.try_tcp_on_error = true;
    options.use_hosts_file = ResolveHosts::Never;
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}
