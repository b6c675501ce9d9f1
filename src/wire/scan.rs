//! One bounded pass over a reply's top-level keys: what a socket must know of a reply
//! that it does not decode.
//!
//! It looks into `cursor` for the id and nowhere else; everything else is handed out as a
//! slice of the reply.

use std::borrow::Cow;

use bson::{RawDocument, Timestamp};

use super::protocol_error::ProtocolError;
use super::walk::{Element, Walk};

/// The pieces of a reply that do not belong to one command alone.
#[derive(Clone, Debug, Default)]
pub struct ReplyHead<'a> {
    /// Whether the command succeeded (`ok` is `true` or a number other than 0).
    pub ok: bool,
    /// The error's code.
    pub code: Option<i32>,
    /// The id of the cursor that the reply leaves open on the server; never 0.
    pub cursor_id: Option<i64>,
    /// The value of `$clusterTime`.
    pub cluster_time: Option<&'a RawDocument>,
    /// The value of `operationTime`.
    pub operation_time: Option<Timestamp>,
    /// The value of `topologyVersion`.
    pub topology_version: Option<&'a RawDocument>,
    /// The value of `writeConcernError`.
    pub write_concern_error: Option<&'a RawDocument>,
    /// The array `writeErrors`, if it has an entry.
    pub write_errors: Option<&'a RawDocument>,
    code_name: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
    labels: Option<&'a RawDocument>,
}

impl<'a> ReplyHead<'a> {
    /// Reads `reply`. Fails only if an element's type is unknown or a length is wrong; a
    /// field of an unexpected type counts as missing.
    pub fn scan(reply: &'a RawDocument) -> Result<Self, ProtocolError> {
        let mut head = Self::default();
        for element in Walk::over(reply) {
            head.take(element?)?;
        }
        Ok(head)
    }

    fn take(&mut self, element: Element<'a>) -> Result<(), ProtocolError> {
        match element.key {
            b"ok" => self.ok = element.is_truthy(),
            b"cursor" => self.cursor_id = cursor_id(&element)?,
            b"$clusterTime" => self.cluster_time = element.as_document(),
            b"operationTime" => self.operation_time = element.as_timestamp(),
            b"topologyVersion" => self.topology_version = element.as_document(),
            b"code" => self.code = element.as_i32(),
            b"codeName" => self.code_name = element.as_string_bytes(),
            b"errmsg" => self.message = element.as_string_bytes(),
            b"errorLabels" => self.labels = element.as_array(),
            b"writeErrors" => self.write_errors = element.as_array().filter(|errors| !errors.is_empty()),
            b"writeConcernError" => self.write_concern_error = element.as_document(),
            _ => {}
        }
        Ok(())
    }

    /// The code's name.
    pub fn code_name(&self) -> Option<Cow<'a, str>> {
        self.code_name.map(String::from_utf8_lossy)
    }

    /// The server's sentence (`errmsg`).
    pub fn message(&self) -> Option<Cow<'a, str>> {
        self.message.map(String::from_utf8_lossy)
    }

    /// The reply's `errorLabels`.
    pub fn labels(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        labels(self.labels)
    }

    /// Whether the reply, or its write concern error, carries that label.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels().any(|other| other == label)
    }
}

/// The strings of an `errorLabels` array.
pub fn labels(array: Option<&RawDocument>) -> impl Iterator<Item = &str> {
    array.into_iter().flat_map(Walk::over).filter_map(|element| element.ok()?.as_str())
}

fn cursor_id(cursor: &Element<'_>) -> Result<Option<i64>, ProtocolError> {
    let Some(cursor) = cursor.as_document() else { return Ok(None) };
    for element in Walk::over(cursor) {
        let element = element?;
        if element.key == b"id" {
            return Ok(element.as_i64().filter(|id| *id != 0));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
