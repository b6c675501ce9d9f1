//! What the connections of cases go over besides a bare socket, as `cargo xtask spec --over`
//! asks: TLS, a user, or both. The cases do not know of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use actix_mongo::rustls;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;

use super::authority::{Authority, Identity};

/// What is asked for, separated by commas.
const VARIABLE: &str = "ACTIX_MONGO_TEST_OVER";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Over {
    /// Servers speak TLS alone.
    pub tls: bool,
    /// Servers want a user.
    pub auth: bool,
}

impl Over {
    /// What this run asks for.
    pub fn asked() -> Result<Self, String> {
        static ASKED: OnceLock<Result<Over, String>> = OnceLock::new();
        ASKED.get_or_init(|| Self::parse(&std::env::var(VARIABLE).unwrap_or_default())).clone()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut over = Self::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match word {
                "tls" => over.tls = true,
                "auth" => over.auth = true,
                other => return Err(format!("{VARIABLE}: '{other}' is neither tls nor auth")),
            }
        }
        Ok(over)
    }
}

/// The certificate of one server on this machine, and of who vouches for it. The files go
/// when this is dropped.
pub struct Certificates {
    folder: TempDir,
    authority: Authority,
    identity: Identity,
}

impl Certificates {
    /// New ones, which nobody else trusts.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("actix-mongo-spec-").tempdir();
        let folder = folder.map_err(|error| format!("a folder for certificates: {error}"))?;
        let authority = Authority::new();
        let identity = authority.server();
        let made = Self { folder, identity, authority };
        let files = [
            (made.authority(), made.authority.pem.clone()),
            (made.certificate(), made.identity.certificate.clone()),
            (made.key(), made.identity.key.serialize_pem()),
        ];
        for (path, content) in files {
            std::fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(made)
    }

    /// The file of who vouches.
    pub fn authority(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// The file of the server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.path("server.pem")
    }

    /// The file of its key.
    pub fn key(&self) -> PathBuf {
        self.path("server.key")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    /// For clients that trust nobody else.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, String> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.authority.pem.as_bytes()).map_err(in_words)?;
        roots.add(root).map_err(in_words)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(in_words)?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }

    /// For who passes for the server.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, String> {
        let certificate = self.identity.certificate.as_bytes();
        let certificate = CertificateDer::from_pem_slice(certificate).map_err(in_words)?;
        let key = self.identity.key.serialize_pem();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(in_words)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(in_words)?;
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key);
        config.map(Arc::new).map_err(in_words)
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    format!("the certificates of a server: {error}")
}
