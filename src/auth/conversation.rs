//! One authentication: commands out, replies in, until the server knows the user. No I/O:
//! whoever steps it sends the commands, and gets what it asks for.

use std::sync::Arc;

use bson::{RawBson, RawDocument};
use zeroize::Zeroizing;

use super::credential::Identity;
use super::mechanism::Mechanism;
use super::plain::Plain;
use super::reply::{SaslReply, refusal};
use super::sasl::{Sasl, Side};
use super::scram::{Hash, KeyRequest, Keys, Scram};
use crate::error::Result;

/// The bytes of a mechanism's message. Wiped when it is dropped.
pub type Payload = Zeroizing<Vec<u8>>;

/// A command of an authentication, for the database that knows the user.
#[derive(Clone, PartialEq)]
pub enum Command {
    /// `saslStart`.
    SaslStart {
        /// The mechanism's name.
        mechanism: &'static str,
        /// Its first message.
        payload: Payload,
        /// The server may end the conversation with its last message that says something.
        skip_empty_exchange: bool,
    },
    /// `saslContinue`.
    SaslContinue {
        /// The server's number for the conversation, as it came.
        conversation: RawBson,
        /// The mechanism's next message.
        payload: Payload,
    },
    /// `authenticate`.
    Authenticate {
        /// The mechanism's name.
        mechanism: &'static str,
        /// The user, if one was named.
        user: Option<String>,
    },
}

/// What a conversation wants next.
#[derive(Debug)]
pub enum Turn {
    /// This sent, and the reply to it.
    Send(Command),
    /// This, which takes time.
    Obtain(Wanted),
    /// Nothing: the user is proved, and so is the server where the mechanism can do that.
    Done,
}

/// What takes time, or must be asked of somebody else.
#[derive(Debug)]
pub enum Wanted {
    /// The keys of SCRAM.
    ScramKeys(KeyRequest),
}

/// What was wanted.
#[derive(Debug)]
pub enum Obtained {
    /// The keys of SCRAM.
    ScramKeys(Arc<Keys>),
}

/// See the module.
#[derive(Debug)]
pub struct Conversation {
    identity: Arc<Identity>,
    mechanism: Mechanism,
    talk: Talk,
}

#[derive(Debug)]
enum Talk {
    Sasl(Sasl),
    X509,
}

impl Conversation {
    /// By this mechanism, which this build has.
    pub fn new(identity: Arc<Identity>, mechanism: Mechanism) -> Result<Self> {
        let scram = |hash| {
            let scram = Scram::new(hash, identity.username());
            scram
                .map_err(|why| identity.failed(mechanism, why))
                .map(|scram| Talk::Sasl(Sasl::new(Side::Scram(scram))))
        };
        let talk = match mechanism {
            Mechanism::ScramSha1 => scram(Hash::Sha1)?,
            Mechanism::ScramSha256 => scram(Hash::Sha256)?,
            Mechanism::Plain => Talk::Sasl(Sasl::new(Side::Plain(Plain::new(&identity)))),
            Mechanism::MongodbX509 => Talk::X509,
            _ => return Err(identity.failed(mechanism, "this build does not have the mechanism")),
        };
        Ok(Self { identity, mechanism, talk })
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether its first command may go along with the hello (handshake specification,
    /// "Speculative Authentication").
    pub fn may_speculate(mechanism: Mechanism) -> bool {
        matches!(mechanism, Mechanism::ScramSha1 | Mechanism::ScramSha256 | Mechanism::MongodbX509)
    }

    /// The beginning.
    pub fn begin(&mut self) -> Turn {
        Turn::Send(match &mut self.talk {
            Talk::Sasl(sasl) => sasl.start(),
            Talk::X509 => Command::Authenticate {
                mechanism: self.mechanism.name(),
                user: Some(self.identity.username()).filter(|name| !name.is_empty()).map(str::to_owned),
            },
        })
    }

    /// Takes the reply to what was sent last.
    pub fn step(&mut self, reply: &RawDocument) -> Result<Turn> {
        match refusal(reply, true) {
            Some(refusal) => Err(refusal.into_error(&self.identity, self.mechanism)),
            None => self.go_on(reply),
        }
    }

    /// Takes the reply to a first command that went along with the hello. It does not say `ok`.
    pub fn step_speculative(&mut self, reply: &RawDocument) -> Result<Turn> {
        match refusal(reply, false) {
            Some(refusal) => Err(refusal.into_error(&self.identity, self.mechanism)),
            None => self.go_on(reply),
        }
    }

    /// Takes what it asked for.
    pub fn resume(&mut self, obtained: Obtained) -> Result<Turn> {
        let turn = match (&mut self.talk, obtained) {
            (Talk::Sasl(sasl), Obtained::ScramKeys(keys)) => sasl.resume(keys),
            (Talk::X509, _) => Err("nothing was asked for".to_owned()),
        };
        turn.map_err(|why| self.identity.failed(self.mechanism, why))
    }

    fn go_on(&mut self, reply: &RawDocument) -> Result<Turn> {
        let turn = match &mut self.talk {
            Talk::X509 => Ok(Turn::Done),
            Talk::Sasl(sasl) => SaslReply::read(reply).and_then(|reply| sasl.step(&reply)),
        };
        turn.map_err(|why| self.identity.failed(self.mechanism, why))
    }
}

impl std::fmt::Debug for Command {
    /// Without what it carries.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SaslStart { .. } => "SaslStart(***)",
            Self::SaslContinue { .. } => "SaslContinue(***)",
            Self::Authenticate { .. } => "Authenticate(***)",
        })
    }
}

#[cfg(test)]
mod tests;
