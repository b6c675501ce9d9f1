//! A SASL mechanism's messages, in the commands that carry them (auth specification, "SASL
//! Mechanisms"): `saslStart`, then `saslContinue` until the server is done.

use std::sync::Arc;

use bson::RawBson;

use super::conversation::{Command, Payload, Turn, Wanted};
use super::plain::Plain;
use super::reply::SaslReply;
use super::scram::{Keys, Next, Scram};

/// The client's side of a mechanism.
#[derive(Debug)]
pub enum Side {
    /// SCRAM-SHA-1 and SCRAM-SHA-256.
    Scram(Scram),
    /// PLAIN.
    Plain(Plain),
}

/// The commands around it.
#[derive(Debug)]
pub struct Sasl {
    side: Side,
    /// The server's number for the conversation, from its first reply on.
    conversation: Option<RawBson>,
}

impl Sasl {
    /// At the beginning.
    pub fn new(side: Side) -> Self {
        Self { side, conversation: None }
    }

    /// The first command.
    pub fn start(&self) -> Command {
        match &self.side {
            Side::Scram(scram) => Command::SaslStart {
                mechanism: scram.hash().mechanism().name(),
                payload: scram.first(),
                skip_empty_exchange: true,
            },
            Side::Plain(plain) => Command::SaslStart {
                mechanism: super::Mechanism::Plain.name(),
                payload: plain.first(),
                skip_empty_exchange: false,
            },
        }
    }

    /// Takes a reply. A sentence says what is wrong with it.
    pub fn step(&mut self, reply: &SaslReply<'_>) -> Result<Turn, String> {
        match &self.conversation {
            Some(conversation) if *conversation != reply.conversation => {
                return Err("the server's reply belongs to another conversation".to_owned());
            }
            Some(_) => {}
            None => self.conversation = Some(reply.conversation.clone()),
        }
        match &mut self.side {
            Side::Plain(_) if reply.done => Ok(Turn::Done),
            Side::Plain(_) => Err("the server asks for more than PLAIN has to say".to_owned()),
            Side::Scram(scram) if scram.is_over() => match (reply.done, reply.payload) {
                (true, []) => Ok(Turn::Done),
                (true, _) => Err("the server goes on where all was said".to_owned()),
                (false, _) => Err("the server does not end the conversation".to_owned()),
            },
            Side::Scram(scram) => match scram.step(reply.payload)? {
                Next::Keys(_) if reply.done => {
                    Err("the server ends the conversation before it has proved itself".to_owned())
                }
                Next::Keys(request) => Ok(Turn::Obtain(Wanted::ScramKeys(request))),
                Next::Proved if reply.done => Ok(Turn::Done),
                // Servers before 4.4 want one more message, with nothing in it.
                Next::Proved => self.answer(Payload::default()),
            },
        }
    }

    /// Takes the keys.
    pub fn resume(&mut self, keys: Arc<Keys>) -> Result<Turn, String> {
        match &mut self.side {
            Side::Scram(scram) => {
                let message = scram.finish(keys)?;
                self.answer(message)
            }
            Side::Plain(_) => Err("nothing was asked for".to_owned()),
        }
    }

    fn answer(&self, payload: Payload) -> Result<Turn, String> {
        let conversation = self.conversation.clone().ok_or("the server has not answered yet")?;
        Ok(Turn::Send(Command::SaslContinue { conversation, payload }))
    }
}
