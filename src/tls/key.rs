//! The private key in a PEM text, decrypted if need be. Plain; slow on purpose if it is
//! encrypted, so never on an arbiter.

use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::material::Text;
use super::pem::{Section, sections};
use crate::error::{Error, Result};

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// What rustls can read as it is.
const PLAIN: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
/// How to turn what can't be read into what can.
const CONVERT: &str = "write it anew with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";

/// The one private key in a text.
pub fn private_key(text: &Text, password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    let Ok(whole) = std::str::from_utf8(&text.bytes) else {
        return Err(text.bad("is not PEM; check that it is the right one"));
    };
    let mut keys = sections(whole).filter(|it| it.label.ends_with("PRIVATE KEY"));
    let Some(key) = keys.next() else {
        return Err(text.bad("holds no private key; check that it is the right one, and PEM"));
    };
    if keys.next().is_some() {
        return Err(text.bad("holds more than one private key; leave the one that goes with the certificate"));
    }
    if key.text.lines().nth(1).is_some_and(|line| line.starts_with("Proc-Type:")) {
        return Err(text.bad(format!("holds a key that is encrypted in the traditional way; {CONVERT}")));
    }
    if key.label == ENCRYPTED {
        return match password {
            Some(password) => decrypt(text, key, password),
            None => Err(text.bad("holds an encrypted key; give tlsCertificateKeyFilePassword as well")),
        };
    }
    if !PLAIN.contains(&key.label) {
        let label = key.label;
        return Err(text.bad(format!("holds a key of the unknown kind {label:?}; {CONVERT}")));
    }
    PrivateKeyDer::from_pem_slice(key.text.as_bytes()).map_err(|error| malformed(text, error))
}

fn decrypt(text: &Text, key: Section<'_>, password: &str) -> Result<PrivateKeyDer<'static>> {
    let (_, encrypted) = SecretDocument::from_pem(key.text).map_err(|error| malformed(text, error))?;
    let encrypted =
        EncryptedPrivateKeyInfo::try_from(encrypted.as_bytes()).map_err(|error| malformed(text, error))?;
    // A wrong password shows by what it decrypts to, so its error may be any.
    let plain = encrypted.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }) => {
            text.bad(format!("holds a key that is encrypted by means unknown here; {CONVERT}"))
        }
        _ => text.bad("holds a key that tlsCertificateKeyFilePassword does not decrypt; check the password"),
    })?;
    Ok(PrivateKeyDer::Pkcs8(plain.as_bytes().to_vec().into()))
}

fn malformed(text: &Text, error: impl std::fmt::Display) -> Error {
    text.bad(format!("holds a private key that is not well-formed: {error}"))
}
