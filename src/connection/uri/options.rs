//! The second step: the options with their types (URI options specification).

use std::time::Duration;

use super::access::{AuthOptions, ProxyOptions, TlsOptions};
use super::parts::{Parts, Scheme, invalid};
use super::reads;
use super::values::{Values, from};
use super::writes;
use crate::actors::monitor::MonitoringMode;
use crate::command::{ReadConcern, WriteConcern};
use crate::error::Result;
use crate::topology::ReadPreference;

/// The options that were given and could be read; `None` is "not given".
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UriOptions {
    /// `appName`.
    pub app_name: Option<String>,
    /// `replicaSet`.
    pub replica_set: Option<String>,
    /// `directConnection`.
    pub direct_connection: Option<bool>,
    /// `loadBalanced`.
    pub load_balanced: Option<bool>,

    /// `connectTimeoutMS`; zero is "no limit".
    pub connect_timeout: Option<Duration>,
    /// `socketTimeoutMS`; zero is "no limit".
    pub socket_timeout: Option<Duration>,
    /// `timeoutMS`; zero is "no limit".
    pub timeout: Option<Duration>,
    /// `serverSelectionTimeoutMS`; never zero.
    pub server_selection_timeout: Option<Duration>,
    /// `localThresholdMS`.
    pub local_threshold: Option<Duration>,
    /// `heartbeatFrequencyMS`; at least half a second.
    pub heartbeat_frequency: Option<Duration>,
    /// `serverMonitoringMode`.
    pub server_monitoring_mode: Option<MonitoringMode>,

    /// `minPoolSize`.
    pub min_pool_size: Option<u32>,
    /// `maxPoolSize`; 0 is "no limit".
    pub max_pool_size: Option<u32>,
    /// `maxConnecting`; never 0.
    pub max_connecting: Option<u32>,
    /// `maxIdleTimeMS`; zero is "no limit".
    pub max_idle_time: Option<Duration>,
    /// `waitQueueTimeoutMS`; never zero.
    pub wait_queue_timeout: Option<Duration>,

    /// `retryReads`.
    pub retry_reads: Option<bool>,
    /// `retryWrites`.
    pub retry_writes: Option<bool>,
    /// `maxAdaptiveRetries`.
    pub max_adaptive_retries: Option<u32>,
    /// `enableOverloadRetargeting`.
    pub enable_overload_retargeting: Option<bool>,

    /// `readPreference`, `readPreferenceTags` and `maxStalenessSeconds`.
    pub read_preference: Option<ReadPreference>,
    /// `readConcernLevel`.
    pub read_concern: Option<ReadConcern>,
    /// `w`, `journal` and `wTimeoutMS`.
    pub write_concern: Option<WriteConcern>,

    /// `compressors`, the preferred one first.
    pub compressors: Vec<String>,
    /// `zlibCompressionLevel`.
    pub zlib_compression_level: Option<i32>,
    /// `srvServiceName`.
    pub srv_service_name: Option<String>,
    /// `srvMaxHosts`; 0 is "no limit".
    pub srv_max_hosts: Option<u32>,

    /// `authMechanism` and its like.
    pub auth: AuthOptions,
    /// `tls` and its like.
    pub tls: TlsOptions,
    /// `proxyHost` and its like.
    pub proxy: ProxyOptions,
}

/// The longest application name that servers take, in bytes.
const LONGEST_APP_NAME: usize = 128;
/// The longest name of a service in DNS, in bytes, without the '_' in front.
const LONGEST_SERVICE_NAME: usize = 62;
const COMPRESSORS: [&str; 3] = ["snappy", "zlib", "zstd"];

impl UriOptions {
    /// Reads all options of `parts`. What can't be used adds a warning; what contradicts
    /// itself is an error.
    pub fn read(parts: &Parts, values: &mut Values<'_>) -> Result<Self> {
        let options = Self {
            app_name: app_name(values),
            replica_set: values.filled("replicaSet").map(str::to_owned),
            direct_connection: values.boolean("directConnection"),
            load_balanced: values.boolean("loadBalanced"),
            connect_timeout: values.millis("connectTimeoutMS", 0),
            socket_timeout: values.millis("socketTimeoutMS", 0),
            timeout: values.millis("timeoutMS", 0),
            server_selection_timeout: values.millis("serverSelectionTimeoutMS", 1),
            local_threshold: values.millis("localThresholdMS", 0),
            heartbeat_frequency: values.millis("heartbeatFrequencyMS", 500),
            server_monitoring_mode: monitoring_mode(values),
            min_pool_size: values.count("minPoolSize", from(0)),
            max_pool_size: values.count("maxPoolSize", from(0)),
            max_connecting: values.count("maxConnecting", from(1)),
            max_idle_time: values.millis("maxIdleTimeMS", 0),
            wait_queue_timeout: values.millis("waitQueueTimeoutMS", 1),
            retry_reads: values.boolean("retryReads"),
            retry_writes: values.boolean("retryWrites"),
            max_adaptive_retries: values.count("maxAdaptiveRetries", from(0)),
            enable_overload_retargeting: values.boolean("enableOverloadRetargeting"),
            read_preference: reads::read_preference(values)?,
            read_concern: values.filled("readConcernLevel").map(ReadConcern::new),
            write_concern: writes::write_concern(parts, values)?,
            compressors: compressors(values),
            zlib_compression_level: values.integer("zlibCompressionLevel", -1..=9).map(|level| level as i32),
            srv_service_name: service_name(values),
            srv_max_hosts: values.count("srvMaxHosts", from(0)),
            auth: AuthOptions::read(values)?,
            tls: TlsOptions::read(parts, values)?,
            proxy: ProxyOptions::read(parts, values)?,
        };
        options.check_names(parts)?;
        options.check(parts.scheme == Scheme::Srv, parts.hosts.len() > 1)?;
        Ok(options)
    }

    /// What has a meaning with one scheme only.
    fn check_names(&self, parts: &Parts) -> Result<()> {
        let names = ["srvServiceName", "srvMaxHosts"];
        match names.into_iter().find(|name| parts.scheme == Scheme::Standard && parts.has(name)) {
            Some(name) => Err(invalid(format!("{name} has a meaning with mongodb+srv:// only"))),
            None => Ok(()),
        }
    }

    /// What must not come together. Asked once more when DNS has told of hosts and options.
    pub(super) fn check(&self, srv: bool, several: bool) -> Result<()> {
        let direct = self.direct_connection == Some(true);
        let balanced = self.load_balanced == Some(true);
        let limited = self.srv_max_hosts.is_some_and(|most| most > 0);
        let (least, most) = (self.min_pool_size.unwrap_or(0), self.max_pool_size.unwrap_or(0));
        let rules = [
            (direct && several, "directConnection=true takes exactly one host"),
            (
                direct && srv,
                "directConnection=true can't go with mongodb+srv://, which may find several hosts",
            ),
            (balanced && several, "loadBalanced=true takes exactly one host, the load balancer"),
            (balanced && self.replica_set.is_some(), "loadBalanced=true can't go with replicaSet"),
            (balanced && direct, "loadBalanced=true can't go with directConnection=true"),
            (balanced && limited, "loadBalanced=true can't go with srvMaxHosts"),
            (limited && self.replica_set.is_some(), "srvMaxHosts can't go with replicaSet"),
            (most > 0 && least > most, "minPoolSize is larger than maxPoolSize"),
        ];
        match rules.into_iter().find(|(broken, _)| *broken) {
            Some((_, message)) => Err(invalid(message)),
            None => Ok(()),
        }
    }
}

fn app_name(values: &mut Values<'_>) -> Option<String> {
    let name = values.filled("appName")?;
    if name.len() > LONGEST_APP_NAME {
        values.unsupported("appName", name, &format!("at most {LONGEST_APP_NAME} bytes"));
        return None;
    }
    Some(name.to_owned())
}

/// A name of RFC 6335, section 5.1, but of any length that fits into a DNS label.
fn service_name(values: &mut Values<'_>) -> Option<String> {
    let name = values.filled("srvServiceName")?;
    if !is_service_name(name) {
        values.unsupported("srvServiceName", name, "letters, digits and single dashes within");
        return None;
    }
    Some(name.to_owned())
}

/// Whether a service can have this name.
pub fn is_service_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let dashed = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    let lettered = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    plain && !dashed && lettered && name.len() <= LONGEST_SERVICE_NAME
}

fn monitoring_mode(values: &mut Values<'_>) -> Option<MonitoringMode> {
    match values.filled("serverMonitoringMode")? {
        "auto" => Some(MonitoringMode::Auto),
        "stream" => Some(MonitoringMode::Stream),
        "poll" => Some(MonitoringMode::Poll),
        other => {
            values.unsupported("serverMonitoringMode", other, "auto, stream or poll");
            None
        }
    }
}

fn compressors(values: &mut Values<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let names = values.text("compressors").unwrap_or_default();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !COMPRESSORS.contains(&name) {
            values.unsupported("compressors", name, "a list of snappy, zlib and zstd");
        } else if !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
    }
    found
}
