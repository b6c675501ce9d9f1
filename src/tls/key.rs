//! The private key in a PEM text, decrypted if need be. Plain; slow on purpose if it is
//! encrypted, so never on an arbiter.

use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::material::Text;
use super::pem::{Section, sections};
use crate::error::{Error, Result};

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// What rustls can read as it is.
const PLAIN: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
/// How to turn what can't be read into what can.
const CONVERT: &str = "write it anew with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";

/// A key, overwritten when it is dropped.
pub type Key = Zeroizing<PrivateKeyDer<'static>>;

/// The one private key in a text.
pub fn private_key(text: &Text, password: Option<&str>) -> Result<Key> {
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
    let key = PrivateKeyDer::from_pem_slice(key.text.as_bytes());
    key.map(Zeroizing::new).map_err(|error| malformed(text, error))
}

fn decrypt(text: &Text, key: Section<'_>, password: &str) -> Result<Key> {
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
    Ok(Zeroizing::new(PrivateKeyDer::Pkcs8(plain.as_bytes().to_vec().into())))
}

fn malformed(text: &Text, error: impl std::fmt::Display) -> Error {
    text.bad(format!("holds a private key that is not well-formed: {error}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use test_support::memory::Needle;

    use super::*;

    /// A key of nobody, encrypted with "horse".
    const PEM: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
         MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhdqX0+4zrBDwICCAAw\n\
         DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAlcNcFV/ABpLj6hbpDZzmwEgZAV\n\
         ZzlMWljN1MkNgNdmVJ0QrmfOIrihGwe1/obhdWDSAiptKY/BbOh89M6FVtKhGoif\n\
         pJXqmw+QdmkCjimbiaeDDSqbTrw4vpiyQOq2/H76zasN8I6zv3uIBP0YukqrZA1z\n\
         VcpIGA0zlNlfl2jnXKEnuHBmvGeUN39UiUvfn02T1N8wSd2TWjkHL5UmwHij9U4=\n\
         -----END ENCRYPTED PRIVATE KEY-----\n";
    /// What is secret of it, as a needle is written.
    const SECRET: [u8; 32] = [
        0xdd, 0x9a, 0xa2, 0xc1, 0x76, 0xd0, 0x7b, 0xe0, 0x7d, 0x2a, 0x79, 0xd5, 0x66, 0x79, 0x52, 0x91, 0xde,
        0xaa, 0x91, 0x97, 0x94, 0xb5, 0xc1, 0xf7, 0x52, 0xd9, 0xc7, 0x89, 0x10, 0x18, 0x90, 0x28,
    ];

    #[inline(never)]
    fn overwrite_stack(times: usize) {
        let mut frame = [0_u8; 1024];
        std::hint::black_box(&mut frame);
        if times > 0 {
            overwrite_stack(times - 1);
        }
        std::hint::black_box(&mut frame);
    }

    #[test]
    fn a_decrypted_key_leaves_nothing_in_memory() {
        let needle = Needle::of_masked(SECRET);
        let bytes = PEM.as_bytes().to_vec().into();
        let text = Text { option: "tlsCertificateKeyFile", file: None, bytes };
        let key = private_key(&text, Some("horse")).unwrap();
        assert!(needle.is_in_memory(), "it is at hand");
        drop(key);
        // The cipher takes several blocks at a time, on the stack; what is called next overwrites
        // that.
        overwrite_stack(64);
        assert!(!needle.is_in_memory(), "it was left behind");
    }
}
