//! Connection strings: `mongodb://host1,host2/database?option=value`.
//!
//! Four steps: `Parts` takes the string apart, [`UriOptions`] gives the options their
//! types, [`ConnectionString::check`] judges whether they are enough to connect with, and
//! what this build does not have is refused by its name. The handle's builder reads the
//! result. Nothing here looks up a name or opens a file.

mod access;
mod display;
pub(super) mod hosts;
pub(super) mod naming;
mod nearest;
mod options;
pub(super) mod parts;
mod reads;
mod resolved;
mod unbuilt;
mod values;
mod writes;

use std::str::FromStr;

pub use access::{AuthOptions, Credential, ProxyOptions, TlsOptions};
pub use display::Revealed;
pub use options::{UriOptions, is_service_name};
pub use parts::{Scheme, UserInfo};

pub use crate::auth::{Mechanism, Secret};
use crate::error::{Error, Result};
use crate::topology::ServerAddress;
use naming::{TRY_ONCE, Trail, is_known};
use parts::{Parts, RawOption};
use values::Values;

/// A connection string that was read.
///
/// What specifications ask to ignore with a warning (an unknown option, a value of the
/// wrong type) is in [`warnings`](Self::warnings), and was logged.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ConnectionString {
    /// How the hosts are found.
    pub scheme: Scheme,
    /// The hosts to begin with, in their order; with [`Scheme::Srv`], the one name to look up.
    pub hosts: Vec<ServerAddress>,
    /// User name and password.
    pub user: Option<UserInfo>,
    /// The database after the slash: that of the user, and the default one.
    pub database: Option<String>,
    /// The options.
    pub options: UriOptions,
    /// What was ignored or is deprecated, a sentence each.
    pub warnings: Vec<String>,
    /// What was ignored and must not be, a sentence each.
    refusals: Vec<String>,
    /// The option that asks for TLS beside `tls` itself.
    option_of_tls: Option<&'static str>,
    /// What DNS has told of the hosts, with [`Scheme::Srv`] once it was asked.
    seeds: Option<Vec<ServerAddress>>,
    /// The options as they were given, for printing.
    given: Vec<RawOption>,
}

impl ConnectionString {
    /// Reads a connection string for a connection of this build: what it asks for and this
    /// build does not have is an error ([`Kind::Unsupported`](crate::Kind::Unsupported)).
    pub fn parse(text: &str) -> Result<Self> {
        let parts = Parts::read(text)?;
        let read = Self::of_parts(&parts)?;
        read.check_built(&parts)?;
        read.log_warnings();
        Ok(read)
    }

    /// Reads a connection string as the specifications have it, whatever of it this build
    /// can do.
    pub fn read(text: &str) -> Result<Self> {
        Self::of_parts(&Parts::read(text)?)
    }

    /// Fails if what was read is not enough to connect as it asks, whoever could do it:
    /// a value was ignored that stands for a guarantee, or no credential can be made.
    pub fn check(&self) -> Result<()> {
        match self.refusals.first() {
            Some(refusal) => Err(parts::invalid(refusal.as_str())),
            None => self.credential().map(drop),
        }
    }

    /// Who the user is and how to prove it, with the defaults of the mechanism. `None` if
    /// no authentication is asked for; an error if the mechanism can't do with what is given.
    pub fn credential(&self) -> Result<Option<Credential>> {
        Credential::read(self.user.as_ref(), self.database.as_deref(), &self.options.auth)
    }

    /// Whether TLS is to be used. Who gives one of its options and forgets `tls` means it: the
    /// other way round, he would go unprotected without a word.
    pub fn wants_tls(&self) -> bool {
        self.options.tls.enabled.unwrap_or_else(|| self.option_of_tls.is_some())
    }

    /// The same of a string that was taken apart already.
    pub(super) fn of_parts(parts: &Parts) -> Result<Self> {
        let mut values = Values::new(parts);
        let mut trail = Trail::default();
        for RawOption { key, .. } in &parts.options {
            if let Some(warning) = unknown(key, &trail) {
                values.warn(warning);
            }
            trail.pass(key);
        }
        let options = UriOptions::read(parts, &mut values)?;
        Ok(Self {
            scheme: parts.scheme,
            hosts: parts.hosts.iter().map(|host| host.address().clone()).collect(),
            seeds: None,
            given: parts.options.clone(),
            user: parts.user.clone(),
            database: parts.database.clone(),
            options,
            warnings: values.warnings,
            refusals: values.refusals,
            option_of_tls: access::option_of_tls(parts),
        })
    }

    /// Fails if this is not enough to connect with, or asks for what this build does not have.
    pub(super) fn check_built(&self, parts: &Parts) -> Result<()> {
        self.check()?;
        unbuilt::refuse(parts, self)
    }

    /// Tells `tracing` what was ignored.
    pub(super) fn log_warnings(&self) {
        for warning in &self.warnings {
            tracing::warn!("connection string: {warning}");
        }
    }
}

impl FromStr for ConnectionString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// The warning that an option deserves which nothing reads.
fn unknown(key: &str, trail: &Trail) -> Option<String> {
    if key.eq_ignore_ascii_case(TRY_ONCE) {
        return Some(format!("the option {TRY_ONCE} is for single-threaded drivers, so it is ignored"));
    }
    if is_known(key) {
        return None;
    }
    if trail.hides(key).is_some() {
        return Some(format!("{} is not supported, so it is ignored", trail.name(key)));
    }
    let meant = nearest::nearest(key, &KNOWN).map(|name| format!("; did you mean {name}?"));
    Some(format!("unsupported option {key:?}, so it is ignored{}", meant.unwrap_or_default()))
}

/// Names that were replaced by others.
const DEPRECATED: [&str; 3] = ["wtimeout", "j", "gssapiServiceName"];

/// The options of the specifications, as they spell them.
pub(super) const KNOWN: [&str; 48] = [
    "appName",
    "authMechanism",
    "authMechanismProperties",
    "authSource",
    "compressors",
    "connectTimeoutMS",
    "directConnection",
    "enableOverloadRetargeting",
    "heartbeatFrequencyMS",
    "journal",
    "loadBalanced",
    "localThresholdMS",
    "maxAdaptiveRetries",
    "maxConnecting",
    "maxIdleTimeMS",
    "maxPoolSize",
    "maxStalenessSeconds",
    "minPoolSize",
    "proxyHost",
    "proxyPassword",
    "proxyPort",
    "proxyUsername",
    "readConcernLevel",
    "readPreference",
    "readPreferenceTags",
    "replicaSet",
    "retryReads",
    "retryWrites",
    "serverMonitoringMode",
    "serverSelectionTimeoutMS",
    "socketTimeoutMS",
    "srvMaxHosts",
    "srvServiceName",
    "ssl",
    "timeoutMS",
    "tls",
    "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames",
    "tlsCAFile",
    "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsDisableCertificateRevocationCheck",
    "tlsDisableOCSPEndpointCheck",
    "tlsInsecure",
    "w",
    "waitQueueTimeoutMS",
    "wTimeoutMS",
    "zlibCompressionLevel",
];

#[cfg(test)]
mod tests;
