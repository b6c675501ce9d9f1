//! PLAIN (RFC 4616): the password itself, in one message.

use super::conversation::Payload;
use super::credential::Identity;

/// The client's one message.
pub struct Plain {
    message: Payload,
}

impl Plain {
    /// For this user.
    pub fn new(identity: &Identity) -> Self {
        let (username, password) = (identity.username(), identity.password());
        // With room for all of it: a buffer that grows leaves copies behind.
        let mut message = Payload::new(Vec::with_capacity(2 + username.len() + password.len()));
        for part in [username, password] {
            message.push(0);
            message.extend_from_slice(part.as_bytes());
        }
        Self { message }
    }

    /// The message.
    pub fn first(&self) -> Payload {
        self.message.clone()
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain(***)")
    }
}
