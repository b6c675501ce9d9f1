//! What is described before a call is made: optional fields, and the first value that could
//! not be encoded or is out of its range. Builders of calls have it, and things like indexes
//! that are given to a call.

use bson::RawDocumentBuf;
use serde::Serialize;

use super::options::Options;
use crate::command::codec::{encode, encode_field};
use crate::error::{Error, Kind, Result};

/// See the module. Has the methods that the macro `options!` asks for.
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

    /// Sets a field that is a list of documents.
    pub fn set_list(&mut self, key: &'static str, values: impl IntoIterator<Item: Serialize>) {
        let values: Result<Vec<_>> = values.into_iter().map(|value| encode(&value)).collect();
        if let Some(values) = self.keep(values, key) {
            self.set(key, values);
        }
    }

    /// Encodes an argument; empty after a failure.
    pub fn encode(&mut self, what: &str, value: impl Serialize) -> RawDocumentBuf {
        let value = encode(&value);
        self.keep(value, what).unwrap_or_default()
    }

    /// Remembers the first failure, and what it concerns.
    pub fn keep<V>(&mut self, value: Result<V>, what: &str) -> Option<V> {
        value.map_err(|error| self.fail(about(error, what))).ok()
    }

    /// The same for an argument that may be out of its range: the sentence of such a failure
    /// says by itself what it concerns.
    pub fn admit<V>(&mut self, value: Result<V>, what: &str) -> Option<V> {
        let about = |error: Error| match error.kind() {
            Kind::InvalidArgument => error,
            _ => about(error, what),
        };
        value.map_err(|error| self.fail(about(error))).ok()
    }

    /// Remembers that an argument is out of its range.
    pub fn refuse(&mut self, sentence: impl Into<String>) {
        self.fail(Error::new(Kind::InvalidArgument, sentence));
    }

    /// The failure, if there was one.
    pub fn check(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

/// The same error, that says what it concerns.
pub fn about(error: Error, what: &str) -> Error {
    let sentence = format!("{what}: {}", error.message());
    Error::new(error.kind(), sentence).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_kept_and_says_what_it_is_about() {
        let mut fields = Fields::default();
        fields.set_document("sort", 5);
        fields.refuse("no");
        let error = fields.check().unwrap_err();
        assert_eq!(error.kind(), Kind::Encode);
        assert!(error.message().starts_with("sort: "), "{error}");
        fields.check().unwrap();
    }

    #[test]
    fn what_is_out_of_its_range_speaks_for_itself() {
        let mut fields = Fields::default();
        let refused = Error::new(Kind::InvalidArgument, "an update needs an operator");
        assert_eq!(fields.admit::<()>(Err(refused), "update"), None);
        assert_eq!(fields.check().unwrap_err().message(), "an update needs an operator");
        fields.admit(encode(&5), "update");
        assert!(fields.check().unwrap_err().message().starts_with("update: "));
    }
}
