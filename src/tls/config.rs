//! From what was read to what rustls wants. Plain.

use std::sync::Arc;

use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, InconsistentKeys, RootCertStore};

use super::TlsOptions;
use super::key::{Key, private_key};
use super::material::{Authorities, Material, Text};
use super::pem::{certificates, revocation_lists};
use super::sentence;
use super::verifier::Relaxed;
use crate::error::{Error, Kind, Result};

/// The configuration of all sockets of a connection. They share it, and with it the memory
/// of sessions that can be resumed.
pub fn config(options: &TlsOptions, material: &Material) -> Result<ClientConfig> {
    // Never the process' default: another library may have set it, or two be there to choose
    // from.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Internal, format!("the crypto provider: {error}")))?;
    let chain = chain_verifier(options, material, &provider)?;
    let any_hostname = options.takes_any_hostname();
    let builder = match chain {
        Some(chain) if !any_hostname => builder.with_webpki_verifier(chain),
        chain => {
            let algorithms = provider.signature_verification_algorithms;
            let relaxed = Relaxed { chain, any_hostname, algorithms };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(relaxed))
        }
    };
    match &material.key {
        None => Ok(builder.with_no_client_auth()),
        Some(text) => {
            let (certificates, key) = identity(options, material, text)?;
            let own = certified(certificates, &key).map_err(|error| {
                text.bad(format!(
                    "holds a key that can't be used with the certificate: {}",
                    sentence::of_key(&error)
                ))
            })?;
            Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))))
        }
    }
}

/// As `with_client_auth_cert` of the builder does it, but the key stays the caller's, who
/// overwrites it.
fn certified(
    certificates: Vec<CertificateDer<'static>>,
    key: &Key,
) -> std::result::Result<CertifiedKey, rustls::Error> {
    let certified = CertifiedKey::new(certificates, ring::sign::any_supported_type(key)?);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(error),
    }
}

/// `None` if any certificate is taken.
fn chain_verifier(
    options: &TlsOptions,
    material: &Material,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>> {
    if options.takes_any_certificate() {
        // What was given must be sound all the same.
        if let Authorities::Given(text) = &material.authorities {
            given_roots(text)?;
        }
        return Ok(None);
    }
    let roots = match &material.authorities {
        Authorities::Nobody => return Ok(None),
        Authorities::Given(text) => given_roots(text)?,
        Authorities::Machine(found) => {
            let mut roots = RootCertStore::empty();
            // Stores hold relics that no verifier reads.
            roots.add_parsable_certificates(found.iter().cloned());
            roots
        }
    };
    let mut verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    if let Some(text) = &material.crl {
        verifier = verifier.with_crls(revocation_lists(text)?).enforce_revocation_expiration();
    }
    verifier.build().map(Some).map_err(|error| match (&error, &material.crl) {
        (VerifierBuilderError::InvalidCrl(_), Some(text)) => text.bad(format!("can't be used: {error}")),
        _ => Error::new(
            Kind::InvalidArgument,
            "none of this machine's trusted authorities can be used; give tlsCAFile",
        ),
    })
}

fn given_roots(text: &Text) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(text)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| {
            text.bad(format!("holds a certificate (number {}) that can't be used: {error}", index + 1))
        })?;
    }
    Ok(roots)
}

fn identity(
    options: &TlsOptions,
    material: &Material,
    text: &Text,
) -> Result<(Vec<CertificateDer<'static>>, Key)> {
    let key = private_key(text, options.password.as_ref().map(|it| it.as_str()))?;
    Ok((certificates(material.certificate.as_ref().unwrap_or(text))?, key))
}
