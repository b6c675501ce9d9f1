//! Options of authentication, TLS and proxies.

mod credential;
mod mechanism;

pub use credential::Credential;

use super::parts::{Parts, Scheme, invalid};
use super::values::{Values, truth};
use crate::auth::Secret;
use crate::error::Result;
use crate::tls::EXCLUSIVE;

/// How to prove who the user is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthOptions {
    /// `authMechanism`.
    pub mechanism: Option<String>,
    /// `authSource`; never empty.
    pub source: Option<String>,
    /// `authMechanismProperties`. A value may be a token; it may hold a ':' (as that of
    /// `TOKEN_RESOURCE` does if it is a URL), but no ','.
    pub properties: Vec<(String, Secret)>,
}

/// How the bytes are protected on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsOptions {
    /// `tls`, or its other name `ssl`. With `mongodb+srv://` it is on unless turned off.
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

/// Options that make no sense without TLS.
const TLS: [&str; 8] = [
    "tlsCAFile",
    "tlsCertificateKeyFile",
    "tlsCertificateKeyFilePassword",
    "tlsInsecure",
    "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames",
    "tlsDisableOCSPEndpointCheck",
    "tlsDisableCertificateRevocationCheck",
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
            // Only what says otherwise turns it off (initial DNS seed list specification,
            // "Validation Before Querying DNS").
            enabled: enabled(parts, values)?.or_else(|| (parts.scheme == Scheme::Srv).then_some(true)),
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
            port: values.integer("proxyPort", 0..=u16::MAX.into()).and_then(|port| u16::try_from(port).ok()),
            username: values.filled("proxyUsername").map(str::to_owned),
            password: values.filled("proxyPassword").map(Secret::new),
        };
        if proxy.host.is_none()
            && let Some(name) =
                PROXY.into_iter().find(|name| parts.values(name).any(|value| !value.is_empty()))
        {
            return Err(invalid(format!("{name} is given without a proxyHost")));
        }
        if proxy.username.is_some() != proxy.password.is_some() {
            return Err(invalid("proxyUsername and proxyPassword must be given together"));
        }
        Ok(proxy)
    }
}

/// The option that makes no sense without TLS, be its value sound or not.
pub(super) fn option_of_tls(parts: &Parts) -> Option<&'static str> {
    TLS.into_iter().find(|name| parts.has(name))
}

/// Whether TLS is asked for. A bad value is not only ignored, but refused: to connect all
/// the same would be to connect without protection.
fn enabled(parts: &Parts, values: &mut Values<'_>) -> Result<Option<bool>> {
    let names = ["tls", "ssl"];
    let given = names.into_iter().flat_map(|name| parts.values(name)).filter(|value| !value.is_empty());
    let mut meant = given.map(|value| truth(value).ok_or(value));
    if let Some(first) = meant.next()
        && meant.any(|other| other != first)
    {
        return Err(invalid("tls and ssl, two names of one option, are given with different values"));
    }
    let mut enabled = None;
    for name in names.into_iter().filter(|name| parts.has(name)) {
        match values.boolean(name) {
            Some(value) => enabled = Some(value),
            None => values.refuse(format!("{name} takes true or false, and nothing else")),
        }
    }
    Ok(enabled)
}

/// One bad entry makes the whole value bad: it may be what a comma made of a single entry,
/// and then the rest of it is wrong as well.
fn properties(values: &mut Values<'_>) -> Vec<(String, Secret)> {
    let mut properties = entries(values);
    if let Some(name) = values.filled("gssapiServiceName") {
        let new = "SERVICE_NAME";
        if properties.iter().any(|(key, _)| key.eq_ignore_ascii_case(new)) {
            values.warn(format!("the deprecated option gssapiServiceName is ignored, since {new} is given"));
        } else {
            values.warn(format!(
                "the option gssapiServiceName is deprecated; write authMechanismProperties={new}:..."
            ));
            properties.push((new.to_owned(), Secret::new(name)));
        }
    }
    properties
}

fn entries(values: &mut Values<'_>) -> Vec<(String, Secret)> {
    let text = values.text("authMechanismProperties").unwrap_or_default();
    let entries = text.split(',').filter(|entry| !entry.is_empty());
    let pair = |entry: &str| entry.split_once(':').map(|(key, value)| (key.to_owned(), Secret::new(value)));
    entries.map(pair).collect::<Option<Vec<_>>>().unwrap_or_else(|| {
        // Not shown: it may be the tail of a token that holds a comma.
        values.warn(
            "authMechanismProperties has an entry without a ':', so it is ignored; a value with a comma in it \
             can't be given in a connection string",
        );
        Vec::new()
    })
}
