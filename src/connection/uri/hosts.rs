//! The hosts of a connection string.

use super::parts::{Scheme, decode, invalid};
use crate::error::Result;
use crate::topology::ServerAddress;

/// Reads a list of hosts, at least one.
pub fn read_hosts(scheme: Scheme, text: &str) -> Result<Vec<ServerAddress>> {
    if text.is_empty() {
        return Err(invalid(
            "the connection string names no host; write mongodb://host:port (paths of Unix sockets must be \
             percent-encoded)",
        ));
    }
    let hosts = text.split(',').map(read_host).collect::<Result<Vec<_>>>()?;
    if scheme == Scheme::Srv && (hosts.len() > 1 || hosts.iter().any(|host| host.unix_path().is_some())) {
        return Err(invalid("mongodb+srv:// takes exactly one host name"));
    }
    if scheme == Scheme::Srv && text.contains(':') {
        return Err(invalid("mongodb+srv:// takes a host name without a port"));
    }
    Ok(hosts)
}

fn read_host(text: &str) -> Result<ServerAddress> {
    if text.is_empty() {
        return Err(invalid("the connection string has an empty host between its commas"));
    }
    let decoded =
        decode(text).ok_or_else(|| invalid(format!("the host {text:?} has a bad percent-encoding")))?;
    if decoded.contains('/') {
        let sentence = || format!("the host {text:?} is a path, and paths of Unix sockets end with .sock");
        return ServerAddress::unix(&decoded).ok_or_else(|| invalid(sentence()));
    }
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "\\<>^|?#@\"".contains(c);
    let address = ServerAddress::parse(&decoded).filter(|address| !address.host().contains(forbidden));
    let Some(address) = address.filter(|address| !address.host().contains(['[', ']'])) else {
        return Err(invalid(why_not(&decoded)));
    };
    Ok(address)
}

/// Says what is wrong with a host that is none. What follows a colon is not quoted: where
/// the host was forgotten, it is the user's password.
fn why_not(host: &str) -> String {
    let after_name = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[after_name..].find(':') {
        Some(colon) => (&host[..after_name + colon], Some(&host[after_name + colon + 1..])),
        None => (host, None),
    };
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
