//! The hosts of a connection string, and hosts that are named without one.

use std::net::Ipv6Addr;

use super::parts::{Scheme, decode, invalid};
use crate::error::Result;
use crate::topology::ServerAddress;

/// A host as somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHost {
    address: ServerAddress,
    /// Else the port is the default one, and another may take its place.
    has_port: bool,
}

impl NamedHost {
    /// A host that names its port, if it has ports at all.
    pub fn whole(address: ServerAddress) -> Self {
        Self { address, has_port: true }
    }

    /// A host name or IP address without a port; IPv6 without brackets.
    pub fn without_port(host: &str) -> Self {
        Self { address: ServerAddress::new(host, ServerAddress::DEFAULT_PORT), has_port: false }
    }

    /// Reads `host`, `host:port`, an IPv6 address with or without brackets, or the path of a Unix
    /// domain socket, nothing of it percent-encoded.
    pub fn read(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(invalid("a host is empty; name one, or leave it away for localhost"));
        }
        if text.contains('@') {
            // Not quoted, since what stands before it may be a password.
            return Err(invalid(
                "a host has an '@' in it; user and password are given in a mongodb:// string, or to \
                 Builder::credential",
            ));
        }
        if text.contains(',') {
            return Err(invalid("a host has a comma in it; pass several as a list, or a mongodb:// string"));
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self::without_port(&address.to_string()));
        }
        if text.contains('%') {
            return Err(invalid(
                "a host has a '%' in it: outside of connection strings nothing is percent-encoded, and IPv6 \
                 addresses can't have a zone",
            ));
        }
        let mut host = read_plain(text, text)?;
        if let Ok(address) = host.address.host().parse::<Ipv6Addr>() {
            // Of the ways to write it the one by which duplicates are found.
            host.address = ServerAddress::new(&address.to_string(), host.address.port());
        }
        Ok(host)
    }

    /// Where it is, with this port if it names none.
    pub fn at(&self, port: u16) -> ServerAddress {
        match self.has_port {
            true => self.address.clone(),
            false => ServerAddress::new(self.address.host(), port),
        }
    }

    /// Where it is, by the default port if it names none.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Names this port, if it named none.
    pub fn set_default_port(&mut self, port: u16) {
        *self = Self::whole(self.at(port));
    }
}

/// Reads a list of hosts, at least one.
pub fn read_hosts(scheme: Scheme, text: &str) -> Result<Vec<NamedHost>> {
    if text.is_empty() {
        return Err(invalid(
            "the connection string names no host; write mongodb://host:port (paths of Unix sockets must be \
             percent-encoded)",
        ));
    }
    let hosts = text.split(',').map(read_host).collect::<Result<Vec<_>>>()?;
    if scheme == Scheme::Srv
        && (hosts.len() > 1 || hosts.iter().any(|host| host.address.unix_path().is_some()))
    {
        return Err(invalid("mongodb+srv:// takes exactly one host name"));
    }
    if scheme == Scheme::Srv && text.contains(':') {
        return Err(invalid("mongodb+srv:// takes a host name without a port"));
    }
    Ok(hosts)
}

fn read_host(text: &str) -> Result<NamedHost> {
    if text.is_empty() {
        return Err(invalid("the connection string has an empty host between its commas"));
    }
    let decoded = decode(text)
        .ok_or_else(|| invalid(format!("the host {:?} has a bad percent-encoding", name(text))))?;
    read_plain(&decoded, text)
}

/// Reads a host of which nothing is encoded. `shown` is how it was written.
fn read_plain(plain: &str, shown: &str) -> Result<NamedHost> {
    if plain.contains('/') {
        let shown = name(shown);
        let sentence = || format!("the host {shown:?} is a path, and paths of Unix sockets end with .sock");
        return ServerAddress::unix(plain).map(NamedHost::whole).ok_or_else(|| invalid(sentence()));
    }
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "\\<>^|?#@\"".contains(c);
    let address = ServerAddress::parse(plain).filter(|address| !address.host().contains(forbidden));
    let Some(address) = address.filter(|address| !address.host().contains(['[', ']'])) else {
        return Err(invalid(why_not(plain)));
    };
    let after_name = plain.rfind(']').map_or(0, |end| end + 1);
    Ok(NamedHost { address, has_port: plain[after_name..].contains(':') })
}

/// What may be shown of a host that is none: not what follows a colon, for where the host was
/// forgotten, that is the user's password.
fn name(host: &str) -> &str {
    let brackets = if host.starts_with('[') { host.find(']') } else { None };
    let after_name = brackets.map_or(0, |end| end + 1);
    host[after_name..].find(':').map_or(host, |colon| &host[..after_name + colon])
}

/// Says what is wrong with a host that is none.
fn why_not(host: &str) -> String {
    let name = name(host);
    let port = host[name.len()..].strip_prefix(':');
    match port {
        Some(port) if port.contains(':') => {
            format!("more than one ':' follows {name:?}; IPv6 addresses stand in square brackets")
        }
        Some(port) if ServerAddress::parse(&format!("a:{port}")).is_none() => {
            format!("the port of the host {name:?} is not a number from 1 to 65535")
        }
        _ => format!("{name:?} is neither a host name nor an IP address"),
    }
}
