//! The server's replies to the commands of an authentication, read.

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::credential::Identity;
use super::mechanism::Mechanism;
use crate::error::Error;

/// The reply to `saslStart` or `saslContinue`.
#[derive(Debug)]
pub struct SaslReply<'a> {
    /// The server's number for the conversation, as it came.
    pub conversation: RawBson,
    /// The server has nothing more to say.
    pub done: bool,
    /// The mechanism's message.
    pub payload: &'a [u8],
}

impl<'a> SaslReply<'a> {
    /// Reads one. A sentence says what is wrong with it.
    pub fn read(reply: &'a RawDocument) -> Result<Self, String> {
        let field = |key: &str| reply.get(key).map_err(|_| "the server's reply is not valid BSON".to_owned());
        let conversation = match field("conversationId")? {
            Some(number @ (RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Double(_))) => {
                number.into()
            }
            _ => return Err("the server's reply has no conversationId".to_owned()),
        };
        let Some(RawBsonRef::Boolean(done)) = field("done")? else {
            return Err("the server's reply does not say whether it is done".to_owned());
        };
        let Some(RawBsonRef::Binary(payload)) = field("payload")? else {
            return Err("the server's reply has no payload".to_owned());
        };
        Ok(Self { conversation, done, payload: payload.bytes })
    }
}

/// What a server says when it refuses.
#[derive(Debug)]
pub struct Refusal<'a> {
    reply: &'a RawDocument,
    code: Option<i32>,
}

/// Whether a reply is a refusal: a `code`, or no `ok` where there must be one.
pub fn refusal(reply: &RawDocument, must_say_ok: bool) -> Option<Refusal<'_>> {
    let number = |key: &str| match reply.get(key) {
        Ok(Some(RawBsonRef::Int32(number))) => Some(f64::from(number)),
        Ok(Some(RawBsonRef::Int64(number))) => Some(number as f64),
        Ok(Some(RawBsonRef::Double(number))) => Some(number),
        Ok(Some(RawBsonRef::Boolean(truth))) => Some(f64::from(u8::from(truth))),
        _ => None,
    };
    let ok = match number("ok") {
        Some(number) => number != 0.0,
        None => !must_say_ok,
    };
    let code = number("code").filter(|code| code.fract() == 0.0 && code.abs() <= f64::from(i32::MAX));
    let code = code.map(|code| code as i32).filter(|code| *code != 0);
    (!ok || code.is_some()).then_some(Refusal { reply, code })
}

impl Refusal<'_> {
    /// The error. With PLAIN the server has read the password: its words are not repeated.
    pub fn into_error(self, identity: &Identity, mechanism: Mechanism) -> Error {
        let secretive = mechanism == Mechanism::Plain;
        let text = |key: &str| self.reply.get_str(key).ok().filter(|text| !secretive && !text.is_empty());
        let mut error = match text("errmsg") {
            Some(sentence) => identity.failed(mechanism, format!("the server refused: {sentence}")),
            None => identity.failed(mechanism, "the server refused"),
        };
        if let Some(code) = self.code {
            error = error.with_code(code, text("codeName").map(str::to_owned));
        }
        if secretive {
            return error;
        }
        let labels = self.reply.get_array("errorLabels").into_iter().flatten();
        for label in labels.filter_map(|label| label.ok()?.as_str()) {
            error = error.with_label(label);
        }
        match RawDocumentBuf::from_bytes(self.reply.as_bytes().to_vec()) {
            Ok(reply) => error.with_response(reply),
            Err(_) => error,
        }
    }
}

#[cfg(test)]
mod tests;
