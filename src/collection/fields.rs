//! Optional fields of something that is described before a call is made, as of an index.

use bson::RawDocumentBuf;
use serde::Serialize;

use super::options::Options;
use crate::command::codec::{encode, encode_field};
use crate::error::{Error, Result};

/// The fields, and the first value that could not be encoded. Has the methods that the
/// macro `options!` asks for.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Those that were set.
    pub options: Options,
    error: Option<Error>,
}

impl Fields {
    /// Sets a field to a value of any type. A later call wins.
    pub fn set(&mut self, key: &'static str, value: impl Serialize) {
        let field = encode_field(key, &value);
        if let Some(field) = self.keep(field, key) {
            self.options.replace(key, field);
        }
    }

    /// Sets a field that must be a document.
    pub fn set_document(&mut self, key: &'static str, value: impl Serialize) {
        let value = encode(&value);
        if let Some(value) = self.keep(value, key) {
            self.set(key, value);
        }
    }

    /// Encodes an argument; empty after a failure.
    pub fn encode(&mut self, what: &str, value: impl Serialize) -> RawDocumentBuf {
        let value = encode(&value);
        self.keep(value, what).unwrap_or_default()
    }

    /// The failure, if there was one.
    pub fn check(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn keep<V>(&mut self, value: Result<V>, what: &str) -> Option<V> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                let sentence = format!("{what}: {}", error.message());
                self.error.get_or_insert_with(|| Error::new(error.kind(), sentence).with_source(error));
                None
            }
        }
    }
}
