//! As much of a connection string as the discovery cases use.

use actix_mongo::topology::{ServerAddress, TopologySettings};

/// The settings that a connection string asks for.
pub fn settings(uri: &str) -> Result<TopologySettings, String> {
    let rest = uri.strip_prefix("mongodb://").ok_or_else(|| format!("not a connection string: {uri}"))?;
    let (hosts, options) = match rest.split_once('?') {
        Some((hosts, options)) => (hosts, options),
        None => (rest, ""),
    };
    let hosts = hosts.trim_end_matches('/').split(',');
    let seeds = hosts.map(|host| ServerAddress::parse(host).ok_or_else(|| format!("not a host: {host}")));
    let mut settings = TopologySettings { seeds: seeds.collect::<Result<_, _>>()?, ..Default::default() };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').ok_or_else(|| format!("not an option: {option}"))?;
        match name.to_ascii_lowercase().as_str() {
            "replicaset" => settings.replica_set = Some(value.to_owned()),
            "directconnection" => settings.direct_connection = value == "true",
            "loadbalanced" => settings.load_balanced = value == "true",
            "heartbeatfrequencyms" | "connecttimeoutms" => {}
            _ => return Err(format!("an option that the runner does not know: {option}")),
        }
    }
    Ok(settings)
}
