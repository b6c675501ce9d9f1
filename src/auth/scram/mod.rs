//! SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802 and 7677): both sides prove that they know a
//! password, and neither sends it. Stepped with payloads by `sasl`.

mod hash;
mod keys;
mod messages;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use self::hash::Hash;
pub use self::keys::{KeyRequest, Keys};
pub use self::messages::{LEAST_ITERATIONS, LONGEST, MOST_ITERATIONS, ServerFinal, ServerFirst};
use super::conversation::Payload;

/// Random bytes in a nonce.
const NONCE: usize = 24;
/// No channel binding, and no other identity: the server supports neither.
const HEADER: &str = "n,,";
/// The same in base64, as the last message repeats it.
const HEADER_AGAIN: &str = "c=biws";

/// The client's side of one conversation.
#[derive(Debug)]
pub struct Scram {
    hash: Hash,
    nonce: String,
    /// The client-first-message without its header.
    bare: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The server-first-message is to come.
    First,
    /// The keys are to come.
    Keys {
        /// The server-first-message, as it came.
        server_first: String,
        /// Of both sides.
        nonce: String,
    },
    /// The server-final-message is to come.
    Final { keys: Arc<Keys>, auth_message: Vec<u8> },
    /// The server has proved itself.
    Over,
}

/// What comes after a message of the server.
#[derive(Debug)]
pub enum Next {
    /// These keys; then [`Scram::finish`].
    Keys(KeyRequest),
    /// Nothing: the server has proved itself.
    Proved,
}

impl Scram {
    /// A conversation for this user, with a nonce from the system's secure source. Fails if
    /// the system has none.
    pub fn new(hash: Hash, username: &str) -> Result<Self, String> {
        let mut random = [0; NONCE];
        getrandom::fill(&mut random)
            .map_err(|error| format!("the system has no random numbers to give: {error}"))?;
        Ok(Self::with_nonce(hash, username, STANDARD.encode(random)))
    }

    /// The same with a nonce that is known, for those who step it by hand.
    pub fn with_nonce(hash: Hash, username: &str, nonce: String) -> Self {
        let username = username.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={username},r={nonce}");
        Self { hash, nonce, bare, stage: Stage::First }
    }

    /// The mechanism's hash function.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The client-first-message.
    pub fn first(&self) -> Payload {
        Payload::new(format!("{HEADER}{}", self.bare).into_bytes())
    }

    /// Takes a message of the server. A sentence says what is wrong with it.
    pub fn step(&mut self, payload: &[u8]) -> Result<Next, String> {
        match &self.stage {
            Stage::First => {
                let first = ServerFirst::read(payload, &self.nonce)?;
                let server_first = String::from_utf8_lossy(payload).into_owned();
                let nonce = first.nonce.to_owned();
                let request = KeyRequest { hash: self.hash, salt: first.salt, iterations: first.iterations };
                self.stage = Stage::Keys { server_first, nonce };
                Ok(Next::Keys(request))
            }
            Stage::Final { keys, auth_message } => match ServerFinal::read(payload)? {
                ServerFinal::Refusal(sentence) => Err(sentence),
                ServerFinal::Signature(signature) if keys.is_proved_by(&signature, auth_message) => {
                    self.stage = Stage::Over;
                    Ok(Next::Proved)
                }
                ServerFinal::Signature(_) => {
                    Err("the server's signature is wrong: whoever answers does not know this user's password"
                        .to_owned())
                }
            },
            Stage::Keys { .. } | Stage::Over => Err("the server answers out of turn".to_owned()),
        }
    }

    /// The client-final-message, with the keys that the server asked for.
    pub fn finish(&mut self, keys: Arc<Keys>) -> Result<Payload, String> {
        let Stage::Keys { server_first, nonce } = &self.stage else {
            return Err("keys come out of turn".to_owned());
        };
        let without_proof = format!("{HEADER_AGAIN},r={nonce}");
        let auth_message = format!("{},{server_first},{without_proof}", self.bare).into_bytes();
        let mut message = Payload::new(Vec::with_capacity(without_proof.len() + 64));
        message.extend_from_slice(without_proof.as_bytes());
        message.extend_from_slice(b",p=");
        message.extend_from_slice(STANDARD.encode(&*keys.proof(&auth_message)).as_bytes());
        self.stage = Stage::Final { keys, auth_message };
        Ok(message)
    }

    /// Whether the server has proved that it knows the password.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}

#[cfg(test)]
mod tests;
