//! What a reply says: success, the server's error, or the documents that a write refused.

use std::fmt;

use bson::{RawDocument, RawDocumentBuf};

use super::retryability::is_retryable_read_code;
use crate::error::{Error, Kind, Result, WriteConcernError, WriteError, WriteFailure};
use crate::wire::walk::{Element, Walk};
use crate::wire::{ProtocolError, ReplyHead};

/// Passes the reply of a command that succeeded; an error of the server becomes an
/// [`Error`] that holds the whole reply.
pub fn check(reply: RawDocumentBuf, server: &dyn fmt::Display) -> Result<RawDocumentBuf> {
    match failure(&reply, Reading::Command) {
        Ok(None) => Ok(reply),
        Ok(Some(error)) => Err(error.with_server(server).with_response(reply)),
        Err(malformed) => Err(unreadable(malformed, server)),
    }
}

/// As [`check`], for commands that write: refused documents and an unmet write concern
/// are errors as well ([`Kind::Write`]), though such a reply says `ok: 1`.
pub fn check_write(reply: RawDocumentBuf, server: &dyn fmt::Display) -> Result<RawDocumentBuf> {
    match failure(&reply, Reading::Write) {
        Ok(None) => Ok(reply),
        Ok(Some(error)) => Err(error.with_server(server).with_response(reply)),
        Err(malformed) => Err(unreadable(malformed, server)),
    }
}

/// The error of a reply that came whole but says what no server should.
pub fn unreadable(error: ProtocolError, server: &dyn fmt::Display) -> Error {
    let message = format!("the server's reply can't be understood: {error}");
    Error::new(Kind::Protocol, message).with_server(server).with_source(error)
}

/// How many documents a reply to `insert`, `update` or `delete` says it concerned (`n`).
pub fn count(reply: &RawDocument) -> u64 {
    field(reply, b"n").and_then(|n| u64::try_from(n.as_i64()?).ok()).unwrap_or(0)
}

/// The unmet write concern of a reply, and its error labels.
pub fn unmet_concern(reply: &RawDocument) -> Result<Option<(WriteConcernError, Vec<String>)>, ProtocolError> {
    let head = ReplyHead::scan(reply)?;
    let Some(concern) = head.write_concern_error else { return Ok(None) };
    Ok(Some((read_concern_error(concern)?, head.labels().map(Into::into).collect())))
}

/// The error of a write that the server refused in part or as a whole.
pub fn refused(failure: WriteFailure) -> Error {
    let message = match (failure.write_errors.as_slice(), &failure.write_concern_error) {
        ([], Some(concern)) => {
            format!("the write concern was not met: {} (code {})", concern.message, concern.code)
        }
        ([], None) => "the server refused the write without saying why".to_owned(),
        ([one], _) => format!("{} (code {})", one.message, one.code),
        ([first, rest @ ..], _) => {
            format!("{} (code {}), and {} more refused", first.message, first.code, rest.len())
        }
    };
    Error::new(Kind::Write, message).with_write_failure(failure)
}

#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Command,
    Write,
}

fn failure(reply: &RawDocument, reading: Reading) -> Result<Option<Error>, ProtocolError> {
    let head = ReplyHead::scan(reply)?;
    if head.ok && (reading == Reading::Command || !has_write_failure(&head)) {
        return Ok(None);
    }
    let mut error = if head.ok { write_error(reply, &head)? } else { command_error(&head)? };
    for label in head.labels() {
        error = error.with_label(label);
    }
    Ok(Some(error))
}

fn has_write_failure(head: &ReplyHead<'_>) -> bool {
    head.write_errors.is_some() || head.write_concern_error.is_some()
}

fn command_error(head: &ReplyHead<'_>) -> Result<Error, ProtocolError> {
    let message = head.message().filter(|message| !message.is_empty());
    let message = message.as_deref().unwrap_or("the server failed the command without saying why");
    let mut error = Error::new(Kind::Command, message);
    if let Some(code) = head.code {
        error = error.with_code(code, head.code_name().map(Into::into));
        if is_retryable_read_code(code) {
            error = error.retryable();
        }
    }
    if let Some(concern) = head.write_concern_error {
        let concern = read_concern_error(concern)?;
        error = error
            .with_write_failure(WriteFailure { write_concern_error: Some(concern), ..Default::default() });
    }
    Ok(error)
}

fn write_error(reply: &RawDocument, head: &ReplyHead<'_>) -> Result<Error, ProtocolError> {
    let mut failure = WriteFailure { completed: count(reply), ..Default::default() };
    for entry in head.write_errors.into_iter().flat_map(Walk::over) {
        let entry = entry?
            .as_document()
            .ok_or(ProtocolError::Field { field: "writeErrors", expected: "an array of documents" })?;
        failure.write_errors.push(read_write_error(entry)?);
    }
    failure.write_concern_error = head.write_concern_error.map(read_concern_error).transpose()?;
    Ok(refused(failure))
}

fn read_write_error(entry: &RawDocument) -> Result<WriteError, ProtocolError> {
    let (mut index, mut code, mut message, mut details) = (None, None, String::new(), None);
    for element in Walk::over(entry) {
        let element = element?;
        match element.key {
            b"index" => index = element.as_i64().and_then(|index| usize::try_from(index).ok()),
            b"code" => code = element.as_i32(),
            b"errmsg" => message = text(&element),
            b"errInfo" => details = element.as_document().map(ToOwned::to_owned),
            _ => {}
        }
    }
    let field = |field| ProtocolError::Field { field, expected: "a whole number" };
    let index = index.ok_or_else(|| field("writeErrors.index"))?;
    let mut error = WriteError::new(index, code.ok_or_else(|| field("writeErrors.code"))?, message);
    error.details = details;
    Ok(error)
}

fn read_concern_error(entry: &RawDocument) -> Result<WriteConcernError, ProtocolError> {
    let mut error = WriteConcernError::new(0, "", "");
    for element in Walk::over(entry) {
        let element = element?;
        match element.key {
            // A number of the wrong type leaves 0: the write's outcome matters more.
            b"code" => error.code = element.as_i32().unwrap_or(0),
            b"codeName" => error.code_name = text(&element),
            b"errmsg" => error.message = text(&element),
            b"errInfo" => error.details = element.as_document().map(ToOwned::to_owned),
            _ => {}
        }
    }
    Ok(error)
}

/// The first top-level element of that key, if all before it are sound.
fn field<'a>(document: &'a RawDocument, key: &[u8]) -> Option<Element<'a>> {
    Walk::over(document).map_while(|element| element.ok()).find(|element| element.key == key)
}

fn text(element: &Element<'_>) -> String {
    String::from_utf8_lossy(element.as_string_bytes().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests;
