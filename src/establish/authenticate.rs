//! Authentication on a fresh stream: what goes along with the hello, and the conversation
//! after it. What is said in it is the business of [`auth`](crate::auth).

use bson::{RawDocument, rawdoc};

use super::exchange::Exchange;
use crate::auth::{Authenticator, Command, Mechanism, Opening, Turn};
use crate::command::ServerApi;
use crate::error::{Error, Result};
use crate::topology::{HelloReply, ServerKind};
use crate::wire::{ElementWriter, Frame, FrameBuilder};

/// Room for the fields of a command beside its payload and names.
const FIELDS: usize = 256;

const ARBITER: &str = "the server is an arbiter, which has neither users nor data; connect to another member";

/// One authentication: begun before the hello, run after it.
pub struct Authentication<'a> {
    authenticator: &'a Authenticator,
    opening: Opening,
    server_api: Option<&'a ServerApi>,
}

impl<'a> Authentication<'a> {
    /// Before the hello, on a stream that is `encrypted` or not.
    pub fn begin(
        authenticator: &'a Authenticator,
        server_api: Option<&'a ServerApi>,
        encrypted: bool,
    ) -> Result<Self> {
        authenticator.check_stream(encrypted)?;
        Ok(Self { authenticator, opening: authenticator.open()?, server_api })
    }

    /// What the hello says of it.
    pub fn greet(&self, hello: &mut ElementWriter<'_>) {
        if let Some(user) = &self.opening.mechanisms_of {
            hello.str("saslSupportedMechs", user);
        }
        if let Some((command, _)) = &self.opening.speculation {
            hello.document_with("speculativeAuthenticate", |first| {
                write(command, first);
                if matches!(command, Command::SaslStart { .. }) {
                    first.str("db", self.authenticator.identity().source());
                }
            });
        }
    }

    /// A refused hello is a refused user, since it asked for one.
    pub fn refused(&self, hello: &HelloReply) -> Error {
        let identity = self.authenticator.identity();
        let mechanism = identity.mechanism().unwrap_or(Mechanism::ScramSha256);
        let failed = identity.failed(mechanism, hello.refusal().message());
        match hello.code {
            Some(code) => failed.with_code(code, hello.code_name.clone()),
            None => failed,
        }
    }

    /// Runs the conversation to its end. `reply` is the hello's.
    pub async fn run(self, exchange: &mut Exchange, hello: &HelloReply, reply: &RawDocument) -> Result<()> {
        let Self { authenticator, opening, server_api } = self;
        if hello.kind() == ServerKind::RsArbiter {
            // It has no users to ask for, and must not be asked. Commands that are meant for a
            // server that knows the user do not go to one that did not prove it.
            let identity = authenticator.identity();
            let mechanism = identity.mechanism().unwrap_or(Mechanism::ScramSha256);
            return Err(identity.failed(mechanism, ARBITER));
        }
        // Where the server has answered the command in the hello, that conversation goes on.
        let answered = reply.get_document("speculativeAuthenticate").ok();
        let (mut conversation, mut turn) = match (opening.speculation, answered) {
            (Some((_, mut conversation)), Some(answer)) => {
                let turn = conversation.step_speculative(answer)?;
                (conversation, turn)
            }
            _ => {
                let mut conversation = authenticator.conversation(mechanisms(reply).as_deref())?;
                let turn = conversation.begin();
                (conversation, turn)
            }
        };
        loop {
            turn = match turn {
                Turn::Done => return Ok(()),
                Turn::Obtain(wanted) => conversation.resume(authenticator.obtain(&wanted).await?)?,
                Turn::Send(command) => {
                    let mut frame = Wiped(frame(&command, authenticator.identity().source(), server_api));
                    drop(command);
                    exchange.send(&mut frame.0).await?;
                    drop(frame);
                    conversation.step(&exchange.receive().await?.body)?
                }
            };
        }
    }
}

/// A frame that may have a password in it. Overwritten when it is dropped: sent, failed, or with
/// an attempt that is given up in the middle of it.
struct Wiped(Frame);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

/// What the server says of the user, if it does. Names that nobody knows are no error.
fn mechanisms(reply: &RawDocument) -> Option<Vec<&str>> {
    let names = reply.get_array("saslSupportedMechs").ok()?;
    Some(names.into_iter().filter_map(|name| name.ok()?.as_str()).collect())
}

fn frame(command: &Command, database: &str, server_api: Option<&ServerApi>) -> Frame {
    let carried = match command {
        Command::SaslStart { payload, .. } | Command::SaslContinue { payload, .. } => payload.len(),
        Command::Authenticate { user, .. } => user.as_ref().map_or(0, String::len),
    };
    // All of it at once: a buffer that grows leaves copies behind.
    let mut builder = FrameBuilder::new(FIELDS + carried + database.len());
    let mut elements = builder.elements();
    write(command, &mut elements);
    if let Some(api) = server_api {
        api.write(&mut elements);
    }
    elements.str("$db", database);
    builder.finish()
}

fn write(command: &Command, elements: &mut ElementWriter<'_>) {
    match command {
        Command::SaslStart { mechanism, payload, skip_empty_exchange } => {
            elements.i32("saslStart", 1).str("mechanism", mechanism).binary("payload", payload);
            if *skip_empty_exchange {
                elements.document_with("options", |options| {
                    options.bool("skipEmptyExchange", true);
                });
            }
        }
        Command::SaslContinue { conversation, payload } => {
            elements.i32("saslContinue", 1);
            elements.splice(&rawdoc! { "conversationId": conversation.clone() });
            elements.binary("payload", payload);
        }
        Command::Authenticate { mechanism, user } => {
            elements.i32("authenticate", 1).str("mechanism", mechanism);
            if let Some(user) = user {
                elements.str("user", user);
            }
        }
    }
}

#[cfg(test)]
mod tests;
