//! The two hash functions of SCRAM, and what is done with them. All results are wiped when
//! they are dropped.

use hmac::digest::FixedOutput;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::auth::{Identity, Mechanism};

/// Bytes that are nobody's business.
pub type Hidden = Zeroizing<Vec<u8>>;

/// The hash function of a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// Of SCRAM-SHA-1.
    Sha1,
    /// Of SCRAM-SHA-256.
    Sha256,
}

impl Hash {
    /// The mechanism that it belongs to.
    pub fn mechanism(self) -> Mechanism {
        match self {
            Self::Sha1 => Mechanism::ScramSha1,
            Self::Sha256 => Mechanism::ScramSha256,
        }
    }

    /// `HMAC(key, message)`.
    pub fn hmac(self, key: &[u8], message: &[u8]) -> Hidden {
        match self {
            Self::Sha1 => tag_of(keyed::<Sha1>(key), message),
            Self::Sha256 => tag_of(keyed::<Sha256>(key), message),
        }
    }

    /// Whether `tag` is `HMAC(key, message)`; how long it takes does not tell where they differ.
    pub fn verify(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha1 => keyed::<Sha1>(key).chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha256 => keyed::<Sha256>(key).chain_update(message).verify_slice(tag).is_ok(),
        }
    }

    /// `H(bytes)`.
    pub fn digest(self, bytes: &[u8]) -> Hidden {
        match self {
            Self::Sha1 => Zeroizing::new(Sha1::digest(bytes).to_vec()),
            Self::Sha256 => Zeroizing::new(Sha256::digest(bytes).to_vec()),
        }
    }

    /// `Hi(password, salt, iterations)`: as slow as the server asks for.
    pub fn stretch(self, password: &[u8], salt: &[u8], iterations: u32) -> Hidden {
        let mut salted = Zeroizing::new(vec![0; self.length()]);
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted),
        }
        salted
    }

    /// What is stretched in place of the password: for SCRAM-SHA-1 an MD5 digest that older
    /// mechanisms left behind, for SCRAM-SHA-256 the password by SASLprep. User names are
    /// taken as they are.
    ///
    /// Fails with a sentence that says nothing of the password but that it will not do.
    pub fn prepare(self, identity: &Identity) -> Result<Zeroizing<String>, &'static str> {
        match self {
            Self::Sha1 => Ok(digest_of(identity.username(), identity.password())),
            Self::Sha256 => match stringprep::saslprep(identity.password()) {
                Ok(prepared) => Ok(Zeroizing::new(prepared.into_owned())),
                // The error names a character of the password.
                Err(_) => Err(UNPREPARED),
            },
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Why a password can't be one of SCRAM-SHA-256.
const UNPREPARED: &str = "the password has characters, or an order of them, that SASLprep (RFC 4013) does not \
    allow, so no server can have it for SCRAM-SHA-256";

fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn tag_of(keyed: impl Mac + FixedOutput, message: &[u8]) -> Hidden {
    Zeroizing::new(keyed.chain_update(message).finalize().as_bytes().to_vec())
}

/// `HEX(MD5(user + ":mongo:" + password))`.
fn digest_of(username: &str, password: &str) -> Zeroizing<String> {
    let mut digest = Md5::new_with_prefix(username).chain_update(":mongo:").chain_update(password).finalize();
    let mut text = Zeroizing::new(String::with_capacity(2 * digest.len()));
    for byte in digest {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(half.into(), 16).expect("half a byte is one digit"));
        }
    }
    digest.fill(0);
    text
}
