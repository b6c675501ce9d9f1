//! What can be said about encryption, and what can't be said together. Plain.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// How the sockets of a connection are encrypted, and whom they trust; see
/// [`Builder::tls`](crate::Builder::tls).
///
/// What is not set is as the connection string has it, else the default. Files are read once,
/// when the connection is made; that fails with [`Kind::InvalidArgument`] if one can't be
/// read or does not hold what it should. All of it is PEM.
///
/// By default a server must have a certificate for its host, that is valid now, and that one
/// of the authorities of this machine vouches for; TLS 1.2 and 1.3 are spoken. With the feature
/// `rustls-tls` only (it is in the default set); without it, a connection that asks for TLS
/// fails with [`Kind::Unsupported`].
///
/// ```no_run
/// use actix_mongo::{Connection, TlsOptions};
///
/// # async fn example() -> actix_mongo::Result<()> {
/// let tls = TlsOptions::new()
///     .ca_file("/etc/mongodb/ca.pem")
///     .certificate_key_file("/etc/mongodb/client.pem");
/// let connection = Connection::builder().uri("mongodb://db.example")?.tls(tls).connect().await?;
/// # Ok(()) }
/// ```
///
/// # What is not checked
///
/// Whether a certificate was revoked is known from the lists that [`crl_file`](Self::crl_file)
/// or [`crl_pem`](Self::crl_pem) give, and from nothing else: OCSP answers that a server
/// staples to its certificate are not looked at, OCSP endpoints are not asked, and lists that
/// a certificate points to are not fetched (OCSP support specification).
#[derive(Clone, Default)]
pub struct TlsOptions {
    pub(super) enabled: Option<bool>,
    pub(super) ca: Option<Source>,
    pub(super) certificate: Option<Source>,
    pub(super) key: Option<Source>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) crl: Option<Source>,
    pub(super) insecure: Option<bool>,
    pub(super) any_certificate: Option<bool>,
    pub(super) any_hostname: Option<bool>,
    pub(super) no_ocsp_endpoint: Option<bool>,
    pub(super) no_revocation: Option<bool>,
    #[cfg(feature = "rustls-tls")]
    pub(super) ready: Option<Arc<rustls::ClientConfig>>,
}

/// Where PEM comes from.
#[derive(Clone)]
#[cfg_attr(not(feature = "rustls-tls"), allow(dead_code, reason = "nothing reads it without the feature"))]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The program's memory. It may be a key.
    Memory(Arc<Zeroizing<Vec<u8>>>),
}

/// Pairs of which not both may be given, whatever their values (URI options specification,
/// "Conflicting TLS options").
pub const EXCLUSIVE: [(&str, &str); 7] = [
    ("tlsInsecure", "tlsAllowInvalidCertificates"),
    ("tlsInsecure", "tlsAllowInvalidHostnames"),
    ("tlsInsecure", "tlsDisableOCSPEndpointCheck"),
    ("tlsInsecure", "tlsDisableCertificateRevocationCheck"),
    ("tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"),
    ("tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"),
    ("tlsDisableOCSPEndpointCheck", "tlsDisableCertificateRevocationCheck"),
];

impl TlsOptions {
    /// TLS with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether TLS is used at all (`tls`). Default: true if [`Builder::tls`](crate::Builder::tls)
    /// is called, if the connection string has an option that begins with `tls`, or if it begins
    /// with `mongodb+srv`; else false. With false, the other options are only checked for
    /// contradictions.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// The authorities to trust, and no others (`tlsCAFile`): one certificate or more. Default:
    /// those that this machine trusts, or that the variables `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name.
    #[must_use]
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Self {
        self.ca = Some(Source::file(path));
        self
    }

    /// As [`ca_file`](Self::ca_file), from memory. Of the two, the later call wins.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(Source::memory(pem));
        self
    }

    /// This program's certificate, with those of the authorities between it and one that the
    /// server knows if there are any, and its private key, in one file (`tlsCertificateKeyFile`).
    /// The key is PKCS #8, encrypted or not, PKCS #1 (RSA) or SEC 1 (EC). Default: none.
    #[must_use]
    pub fn certificate_key_file(mut self, path: impl AsRef<Path>) -> Self {
        self.key = Some(Source::file(path));
        self
    }

    /// As [`certificate_key_file`](Self::certificate_key_file), from memory. Of the two, the
    /// later call wins.
    #[must_use]
    pub fn certificate_key_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.key = Some(Source::memory(pem));
        self
    }

    /// The file of the certificates, if that of the key does not have them.
    #[must_use]
    pub fn certificate_file(mut self, path: impl AsRef<Path>) -> Self {
        self.certificate = Some(Source::file(path));
        self
    }

    /// As [`certificate_file`](Self::certificate_file), from memory. Of the two, the later
    /// call wins.
    #[must_use]
    pub fn certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(Source::memory(pem));
        self
    }

    /// The password of the private key, if it is encrypted (`tlsCertificateKeyFilePassword`).
    /// It is printed nowhere. Default: none.
    #[must_use]
    pub fn certificate_key_file_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Zeroizing::new(password.into()));
        self
    }

    /// Lists of certificates that were revoked. With them, every certificate between the
    /// server's and the trusted authority must be in none of them, and for each of their issuers
    /// there must be one that has not expired. Default: none, and nothing is taken for
    /// revoked. Refused with an option that turns these checks off.
    #[must_use]
    pub fn crl_file(mut self, path: impl AsRef<Path>) -> Self {
        self.crl = Some(Source::file(path));
        self
    }

    /// As [`crl_file`](Self::crl_file), from memory. Of the two, the later call wins.
    #[must_use]
    pub fn crl_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.crl = Some(Source::memory(pem));
        self
    }

    /// Takes any server for the right one (`tlsInsecure`): the same as both
    /// [`allow_invalid_certificates`](Self::allow_invalid_certificates) and
    /// [`allow_invalid_hostnames`](Self::allow_invalid_hostnames). What is left of the
    /// protection is that who only listens learns nothing, and that the server has the key of
    /// the certificate it shows. Default false. Refused with any other option that relaxes a
    /// check.
    #[must_use]
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = Some(insecure);
        self
    }

    /// Whether certificates are taken that have expired, or that nobody trusted vouches for
    /// (`tlsAllowInvalidCertificates`). They must still name the host. Default false. Refused
    /// with [`insecure`](Self::insecure) and with what turns off a check of revocation.
    #[must_use]
    pub fn allow_invalid_certificates(mut self, allow: bool) -> Self {
        self.any_certificate = Some(allow);
        self
    }

    /// Whether certificates are taken that name other hosts (`tlsAllowInvalidHostnames`). They
    /// must be valid otherwise. Default false. Refused with [`insecure`](Self::insecure).
    #[must_use]
    pub fn allow_invalid_hostnames(mut self, allow: bool) -> Self {
        self.any_hostname = Some(allow);
        self
    }

    /// Whether OCSP endpoints are left alone (`tlsDisableOCSPEndpointCheck`). They are so in
    /// any case; this is read and checked for contradictions.
    #[must_use]
    pub fn disable_ocsp_endpoint_check(mut self, disable: bool) -> Self {
        self.no_ocsp_endpoint = Some(disable);
        self
    }

    /// Whether revoked certificates are taken (`tlsDisableCertificateRevocationCheck`). Default
    /// false; true is refused with [`crl_file`](Self::crl_file) and [`crl_pem`](Self::crl_pem),
    /// and without them changes nothing.
    #[must_use]
    pub fn disable_certificate_revocation_check(mut self, disable: bool) -> Self {
        self.no_revocation = Some(disable);
        self
    }

    /// A configuration made by the program itself, as it is: with its own crypto provider,
    /// authorities, client certificates and memory of sessions. Refused with all other options
    /// but [`enabled`](Self::enabled), be they set here or in the connection string. Sessions
    /// are resumed across all connections that share it.
    #[cfg(feature = "rustls-tls")]
    #[must_use]
    pub fn rustls_config(mut self, config: Arc<rustls::ClientConfig>) -> Self {
        self.ready = Some(config);
        self
    }

    /// Sets what `other` sets.
    #[doc(hidden)]
    pub fn overlay(&mut self, other: &Self) {
        fn set<T: Clone>(option: &mut Option<T>, other: &Option<T>) {
            if other.is_some() {
                option.clone_from(other);
            }
        }
        set(&mut self.enabled, &other.enabled);
        set(&mut self.ca, &other.ca);
        set(&mut self.certificate, &other.certificate);
        set(&mut self.key, &other.key);
        set(&mut self.password, &other.password);
        set(&mut self.crl, &other.crl);
        set(&mut self.insecure, &other.insecure);
        set(&mut self.any_certificate, &other.any_certificate);
        set(&mut self.any_hostname, &other.any_hostname);
        set(&mut self.no_ocsp_endpoint, &other.no_ocsp_endpoint);
        set(&mut self.no_revocation, &other.no_revocation);
        #[cfg(feature = "rustls-tls")]
        set(&mut self.ready, &other.ready);
    }

    /// Whether TLS is used was said.
    #[doc(hidden)]
    pub fn is_set(&self) -> bool {
        self.enabled.is_some()
    }

    /// TLS is used.
    #[doc(hidden)]
    pub fn is_enabled(&self) -> bool {
        self.enabled == Some(true)
    }

    /// Refuses what contradicts itself.
    #[doc(hidden)]
    pub fn check(&self) -> Result<()> {
        let refuse = |sentence: String| Err(Error::new(Kind::InvalidArgument, sentence));
        let given = self.given();
        let has = |name: &str| given.contains(&name);
        if let Some((a, b)) = EXCLUSIVE.into_iter().find(|(a, b)| has(a) && has(b)) {
            return refuse(format!("{a} and {b} can't be given both"));
        }
        #[cfg(feature = "rustls-tls")]
        if self.ready.is_some()
            && let Some(name) = given.first()
        {
            return refuse(format!(
                "{name} has no effect beside a ready rustls::ClientConfig; set it in there, or leave it out"
            ));
        }
        if self.key.is_none() && has("tlsCertificateKeyFilePassword") {
            return refuse("tlsCertificateKeyFilePassword is given without a tlsCertificateKeyFile".into());
        }
        if self.key.is_none() && self.certificate.is_some() {
            return refuse(
                "a certificate is given without its key; give tlsCertificateKeyFile as well".into(),
            );
        }
        let relaxed = [
            ("tlsInsecure", self.insecure),
            ("tlsAllowInvalidCertificates", self.any_certificate),
            ("tlsDisableCertificateRevocationCheck", self.no_revocation),
        ];
        match relaxed.into_iter().find(|(_, value)| *value == Some(true)) {
            Some((name, _)) if self.crl.is_some() => {
                refuse(format!("{name} turns off what the list of revoked certificates is given for"))
            }
            _ => Ok(()),
        }
    }

    /// Certificates need no authority.
    #[cfg(any(test, feature = "rustls-tls"))]
    pub(super) fn takes_any_certificate(&self) -> bool {
        self.insecure == Some(true) || self.any_certificate == Some(true)
    }

    /// Certificates need not name the host.
    #[cfg(any(test, feature = "rustls-tls"))]
    pub(super) fn takes_any_hostname(&self) -> bool {
        self.insecure == Some(true) || self.any_hostname == Some(true)
    }

    /// The names of what is set, as connection strings spell them.
    fn given(&self) -> Vec<&'static str> {
        let all = [
            (self.ca.is_some(), "tlsCAFile"),
            (self.certificate.is_some(), "a file of certificates"),
            (self.key.is_some(), "tlsCertificateKeyFile"),
            (self.password.is_some(), "tlsCertificateKeyFilePassword"),
            (self.crl.is_some(), "a list of revoked certificates"),
            (self.insecure.is_some(), "tlsInsecure"),
            (self.any_certificate.is_some(), "tlsAllowInvalidCertificates"),
            (self.any_hostname.is_some(), "tlsAllowInvalidHostnames"),
            (self.no_ocsp_endpoint.is_some(), "tlsDisableOCSPEndpointCheck"),
            (self.no_revocation.is_some(), "tlsDisableCertificateRevocationCheck"),
        ];
        all.into_iter().filter_map(|(given, name)| given.then_some(name)).collect()
    }
}

impl Source {
    fn file(path: impl AsRef<Path>) -> Self {
        Self::File(path.as_ref().to_owned())
    }

    fn memory(pem: impl Into<Vec<u8>>) -> Self {
        Self::Memory(Arc::new(Zeroizing::new(pem.into())))
    }
}

impl fmt::Debug for TlsOptions {
    /// What is set, and no value of it: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.given();
        f.debug_struct("TlsOptions")
            .field("enabled", &self.enabled)
            .field("given", &given)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
