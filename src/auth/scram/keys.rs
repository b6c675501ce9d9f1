//! What a password becomes: the keys of SCRAM, derived once for each salt.

use std::fmt;

use super::hash::{Hash, Hidden};

/// Which keys: all that the server chooses of them. The rest is the credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRequest {
    /// Which mechanism's.
    pub hash: Hash,
    /// The server's salt for this user.
    pub salt: Vec<u8>,
    /// How often the password is hashed.
    pub iterations: u32,
}

/// The keys by which both sides prove that they know the password.
pub struct Keys {
    hash: Hash,
    pub(super) client: Hidden,
    pub(super) stored: Hidden,
    pub(super) server: Hidden,
}

impl KeyRequest {
    /// Derives them from a prepared password. Takes as long as the server asks for.
    pub fn derive(&self, prepared: &str) -> Keys {
        let salted = self.hash.stretch(prepared.as_bytes(), &self.salt, self.iterations);
        let client = self.hash.hmac(&salted, b"Client Key");
        let stored = self.hash.digest(&client);
        let server = self.hash.hmac(&salted, b"Server Key");
        Keys { hash: self.hash, client, stored, server }
    }
}

impl Keys {
    /// Proves to the server that these keys are known, for this conversation alone.
    pub fn proof(&self, auth_message: &[u8]) -> Hidden {
        let mut proof = self.hash.hmac(&self.stored, auth_message);
        proof.iter_mut().zip(self.client.iter()).for_each(|(byte, key)| *byte ^= key);
        proof
    }

    /// Whether the server has proved that it knows them.
    pub fn is_proved_by(&self, signature: &[u8], auth_message: &[u8]) -> bool {
        self.hash.verify(&self.server, auth_message, signature)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
