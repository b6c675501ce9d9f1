//! Servers for `bench trust`: one for each mode, with certificates made for them.

use crate::process::Failure;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use test_support::real_server::{Options, RealServer};

/// Named servers, stopped when dropped.
pub struct Trusted {
    servers: Vec<(&'static str, RealServer, String)>,
    /// The certificates.
    _folder: TempDir,
}

impl Trusted {
    /// Starts one of each mode from an installed binary.
    pub fn start(binary: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(because)?;
        let files = certificates(folder.path())?;
        let base = Options::new().binary(binary);
        let tls = base.clone().tls(&files.certificate, &files.key);
        let authority = format!("?tls=true&tlsCAFile={}", files.authority.display());
        let modes = [
            ("plain", base.clone(), String::new()),
            ("tls", tls, authority),
            ("scram", base.auth(), "?authSource=admin".to_owned()),
        ];
        let mut servers = Vec::new();
        for (name, options, suffix) in modes {
            servers.push((name, RealServer::start(options)?, suffix));
        }
        Ok(Self { servers, _folder: folder })
    }

    /// The arguments that name them for the program.
    pub fn arguments(&self) -> Vec<String> {
        let named = self.servers.iter();
        named.map(|(name, server, suffix)| format!("--server={name}={}{suffix}", server.uri())).collect()
    }
}

struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// An authority, and a certificate of it for this machine's loopback.
fn certificates(folder: &Path) -> Result<Files, Failure> {
    let files = Files {
        authority: folder.join("authority.pem"),
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    let authority_key = KeyPair::generate().map_err(because)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "the authority of a benchmark");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signed = authority.self_signed(&authority_key).map_err(because)?;
    let key = KeyPair::generate().map_err(because)?;
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).map_err(because)?;
    let issuer = Issuer::new(authority, authority_key);
    let certificate = server.signed_by(&key, &issuer).map_err(because)?;
    fs::write(&files.authority, signed.pem()).map_err(because)?;
    fs::write(&files.certificate, certificate.pem()).map_err(because)?;
    fs::write(&files.key, key.serialize_pem()).map_err(because)?;
    Ok(files)
}

fn because(error: impl std::fmt::Display) -> Failure {
    Failure::Because(format!("certificates for the servers: {error}"))
}
