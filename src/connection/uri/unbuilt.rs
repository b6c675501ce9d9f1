//! The last step: what a connection string asks for and this build does not have is
//! refused by its name. To leave it out in silence would be to connect without the
//! protection, identity or route that was asked for.
//!
//! A part that is added takes its lines out of here, and nothing else changes.

use super::ConnectionString;
use super::parts::{Parts, Scheme};
use crate::auth::Mechanism;
use crate::error::{Error, Kind, Result};

/// Options by what they ask for.
const OPTIONS: [(&str, &[&str]); 1] =
    [("a SOCKS5 proxy", &["proxyHost", "proxyPort", "proxyUsername", "proxyPassword"])];

/// Fails if `parts` asks for something that is not there.
pub fn refuse(parts: &Parts, read: &ConnectionString) -> Result<()> {
    let srv = parts.scheme == Scheme::Srv;
    if srv && cfg!(not(feature = "dns-resolver")) {
        let hint = "build with the feature dns-resolver, or list the hosts in a mongodb:// string";
        return Err(missing("mongodb+srv://", "a DNS lookup of the hosts", hint));
    }
    if let Some(path) = parts.hosts.iter().find_map(|host| host.address().unix_path())
        && cfg!(not(unix))
    {
        let hint = "name the server's host and port instead";
        return Err(missing(&format!("the host {path:?}"), "a Unix domain socket", hint));
    }
    let mechanism = parts.values("authMechanism").next_back().and_then(Mechanism::named);
    if let Some(mechanism) = mechanism.filter(|mechanism| !mechanism.is_built()) {
        let hint = "it will not connect unauthenticated in its place";
        return Err(missing(&format!("authMechanism={mechanism}"), "a mechanism", hint));
    }
    if !cfg!(feature = "rustls-tls") && read.wants_tls() {
        let name = match read.option_of_tls {
            Some(name) if read.options.tls.enabled.is_none() => name,
            _ if parts.has("ssl") && !parts.has("tls") => "ssl=true",
            _ if parts.has("tls") => "tls=true",
            Some(name) => name,
            None => "mongodb+srv:// without tls=false",
        };
        let hint =
            "it will not connect unprotected in its place; build actix-mongo with its feature rustls-tls";
        return Err(missing(name, "TLS", hint));
    }
    for (what, names) in OPTIONS {
        if let Some(name) = names.iter().find(|name| parts.has(name)) {
            return Err(missing(name, what, "leave the option out to connect without"));
        }
    }
    Ok(())
}

fn missing(name: &str, what: &str, hint: &str) -> Error {
    let message = format!("{name} asks for {what}, which this build does not have; {hint}");
    Error::new(Kind::Unsupported, message)
}
