//! Who the user is, and how a server is convinced of it: credentials, and the conversations
//! of the mechanisms (auth specification).
//!
//! A [`Conversation`] is stepped with documents and sends nothing itself; `establish` runs it
//! on each new socket of a pool, after the hello. What it needs that takes time (keys of a
//! password, later tokens and signatures of others) it asks its [`Authenticator`] for. A new
//! mechanism is a [`Mechanism`], one more side of a conversation, and perhaps one more
//! [`Wanted`]. Monitors never authenticate, and know nothing of this.

mod conversation;
mod credential;
mod keyring;
mod mechanism;
mod plain;
mod reply;
mod sasl;
pub mod scram;
mod secret;

use std::sync::Arc;

pub use self::conversation::{Command, Conversation, Obtained, Payload, Turn, Wanted};
pub use self::credential::{Credential, Identity};
use self::keyring::Keyring;
pub use self::mechanism::Mechanism;
pub(crate) use self::mechanism::{EXTERNAL, Need};
pub use self::secret::Secret;
use crate::error::Result;

/// What all sockets of a connection need to authenticate: the user, and the keys that were
/// derived so far.
#[derive(Debug)]
pub struct Authenticator {
    identity: Arc<Identity>,
    keyring: Keyring,
    cleartext_allowed: bool,
}

/// What goes along with a hello.
#[derive(Debug)]
pub struct Opening {
    /// The server is asked for the mechanisms of this user (`saslSupportedMechs`).
    pub mechanisms_of: Option<String>,
    /// The first command of this conversation (`speculativeAuthenticate`), and the
    /// conversation. Servers may leave it unanswered.
    pub speculation: Option<(Command, Conversation)>,
}

impl Authenticator {
    /// For this user. `cleartext_allowed`: a password may be sent over a stream that is not
    /// encrypted.
    pub fn new(identity: Identity, cleartext_allowed: bool) -> Self {
        Self { identity: Arc::new(identity), keyring: Keyring::default(), cleartext_allowed }
    }

    /// Fails if the password would be sent in the clear, and nobody has allowed that.
    pub fn check_stream(&self, encrypted: bool) -> Result<()> {
        match self.identity.mechanism() {
            Some(mechanism) if self.identity.sends_password() && !encrypted && !self.cleartext_allowed => {
                Err(self.identity.failed(mechanism, CLEARTEXT))
            }
            _ => Ok(()),
        }
    }

    /// What is to go along with the hello of a new socket.
    pub fn open(&self) -> Result<Opening> {
        let chosen = self.identity.mechanism();
        let mechanisms_of =
            chosen.is_none().then(|| format!("{}.{}", self.identity.source(), self.identity.username()));
        let guess = chosen.unwrap_or(Mechanism::ScramSha256);
        if !Conversation::may_speculate(guess) {
            return Ok(Opening { mechanisms_of, speculation: None });
        }
        let mut conversation = self.converse(guess)?;
        let speculation = match conversation.begin() {
            Turn::Send(command) => Some((command, conversation)),
            Turn::Obtain(_) | Turn::Done => None,
        };
        Ok(Opening { mechanisms_of, speculation })
    }

    /// The conversation for a server that has not answered the one in the hello.
    /// `mechanisms` is what it said of the user (`saslSupportedMechs`), if it did.
    pub fn conversation(&self, mechanisms: Option<&[&str]>) -> Result<Conversation> {
        let best = || match mechanisms {
            Some(names) if names.contains(&Mechanism::ScramSha256.name()) => Mechanism::ScramSha256,
            _ => Mechanism::ScramSha1,
        };
        self.converse(self.identity.mechanism().unwrap_or_else(best))
    }

    /// Gets what a conversation wants.
    pub async fn obtain(&self, wanted: &Wanted) -> Result<Obtained> {
        match wanted {
            Wanted::ScramKeys(request) => match self.keyring.keys(request, &self.identity).await {
                Ok(keys) => Ok(Obtained::ScramKeys(keys)),
                Err(why) => Err(self.identity.failed(request.hash.mechanism(), why)),
            },
        }
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    fn converse(&self, mechanism: Mechanism) -> Result<Conversation> {
        Conversation::new(self.identity.clone(), mechanism)
    }
}

/// Why PLAIN wants TLS.
pub(crate) const CLEARTEXT: &str = "it would send the password in the clear; use TLS, or allow it with \
    allow_cleartext_password";

#[cfg(test)]
mod tests;
