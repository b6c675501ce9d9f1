//! Options of authentication, TLS and proxies.

use super::parts::{Parts, invalid};
use super::secret::Secret;
use super::values::{Values, from};
use crate::error::Result;

/// How to prove who the user is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthOptions {
    /// `authMechanism`.
    pub mechanism: Option<String>,
    /// `authSource`; never empty.
    pub source: Option<String>,
    /// `authMechanismProperties`. A value may be a token.
    pub properties: Vec<(String, Secret)>,
}

/// How the bytes are protected on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsOptions {
    /// `tls`, or its other name `ssl`.
    pub enabled: Option<bool>,
    /// `tlsCAFile`.
    pub ca_file: Option<String>,
    /// `tlsCertificateKeyFile`.
    pub certificate_key_file: Option<String>,
    /// `tlsCertificateKeyFilePassword`.
    pub certificate_key_file_password: Option<Secret>,
    /// `tlsInsecure`.
    pub insecure: Option<bool>,
    /// `tlsAllowInvalidCertificates`.
    pub allow_invalid_certificates: Option<bool>,
    /// `tlsAllowInvalidHostnames`.
    pub allow_invalid_hostnames: Option<bool>,
    /// `tlsDisableOCSPEndpointCheck`.
    pub disable_ocsp_endpoint_check: Option<bool>,
    /// `tlsDisableCertificateRevocationCheck`.
    pub disable_certificate_revocation_check: Option<bool>,
}

/// A SOCKS5 proxy to connect through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyOptions {
    /// `proxyHost`.
    pub host: Option<String>,
    /// `proxyPort`.
    pub port: Option<u16>,
    /// `proxyUsername`.
    pub username: Option<String>,
    /// `proxyPassword`.
    pub password: Option<Secret>,
}

/// Pairs of which not both may be given, whatever their values.
const EXCLUSIVE: [(&str, &str); 7] = [
    ("tlsInsecure", "tlsAllowInvalidCertificates"),
    ("tlsInsecure", "tlsAllowInvalidHostnames"),
    ("tlsInsecure", "tlsDisableOCSPEndpointCheck"),
    ("tlsInsecure", "tlsDisableCertificateRevocationCheck"),
    ("tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"),
    ("tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"),
    ("tlsDisableOCSPEndpointCheck", "tlsDisableCertificateRevocationCheck"),
];
const PROXY: [&str; 4] = ["proxyHost", "proxyPort", "proxyUsername", "proxyPassword"];

impl AuthOptions {
    pub(super) fn read(values: &mut Values<'_>) -> Result<Self> {
        let source = values.text("authSource");
        if source == Some("") {
            return Err(invalid("authSource is empty; it names the database that knows the user"));
        }
        Ok(Self {
            mechanism: values.filled("authMechanism").map(str::to_owned),
            source: source.map(str::to_owned),
            properties: properties(values),
        })
    }
}

impl TlsOptions {
    pub(super) fn read(parts: &Parts, values: &mut Values<'_>) -> Result<Self> {
        if let Some((a, b)) = EXCLUSIVE.into_iter().find(|(a, b)| parts.has(a) && parts.has(b)) {
            return Err(invalid(format!("{a} and {b} can't be given both")));
        }
        Ok(Self {
            enabled: enabled(parts, values)?,
            ca_file: values.filled("tlsCAFile").map(str::to_owned),
            certificate_key_file: values.filled("tlsCertificateKeyFile").map(str::to_owned),
            certificate_key_file_password: values.filled("tlsCertificateKeyFilePassword").map(Secret::new),
            insecure: values.boolean("tlsInsecure"),
            allow_invalid_certificates: values.boolean("tlsAllowInvalidCertificates"),
            allow_invalid_hostnames: values.boolean("tlsAllowInvalidHostnames"),
            disable_ocsp_endpoint_check: values.boolean("tlsDisableOCSPEndpointCheck"),
            disable_certificate_revocation_check: values.boolean("tlsDisableCertificateRevocationCheck"),
        })
    }
}

impl ProxyOptions {
    pub(super) fn read(parts: &Parts, values: &mut Values<'_>) -> Result<Self> {
        if let Some(name) = PROXY.into_iter().find(|name| parts.values(name).count() > 1) {
            return Err(invalid(format!("{name} is given more than once")));
        }
        let proxy = Self {
            host: values.filled("proxyHost").map(str::to_owned),
            port: values.integer("proxyPort", from(0)).and_then(|port| u16::try_from(port).ok()),
            username: values.filled("proxyUsername").map(str::to_owned),
            password: values.filled("proxyPassword").map(Secret::new),
        };
        if proxy.host.is_none()
            && let Some(name) = PROXY.into_iter().find(|name| parts.has(name))
        {
            return Err(invalid(format!("{name} is given without a proxyHost")));
        }
        if proxy.username.is_some() != proxy.password.is_some() {
            return Err(invalid("proxyUsername and proxyPassword must be given together"));
        }
        Ok(proxy)
    }
}

/// Whether TLS is asked for. Unlike other options a bad value is an error: to ignore it
/// would be to connect without protection.
fn enabled(parts: &Parts, values: &mut Values<'_>) -> Result<Option<bool>> {
    let given = [("tls", parts.has("tls")), ("ssl", parts.has("ssl"))];
    let mut found = None;
    for (name, _) in given.into_iter().filter(|(_, given)| *given) {
        let mut all = parts.values(name);
        if let Some(first) = all.next()
            && all.any(|other| other != first)
        {
            return Err(invalid(format!("{name} is given more than once, with different values")));
        }
        let Some(value) = values.boolean(name) else {
            return Err(invalid(format!("{name} takes true or false, and nothing else")));
        };
        if found.replace(value).is_some_and(|other| other != value) {
            return Err(invalid("tls and ssl, two names of one option, have different values"));
        }
    }
    Ok(found)
}

fn properties(values: &mut Values<'_>) -> Vec<(String, Secret)> {
    let mut properties = Vec::new();
    let text = values.text("authMechanismProperties").unwrap_or_default();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        match pair.split_once(':') {
            Some((key, value)) => properties.push((key.to_owned(), Secret::new(value))),
            // Not shown: it may be the tail of a token that holds a comma.
            None => values.warn("an entry of authMechanismProperties has no ':', so it is ignored"),
        }
    }
    properties
}
