//! An index that is to be made.

use std::time::Duration;

use bson::raw::RawBsonRef;
use bson::{RawDocument, RawDocumentBuf};
use serde::Serialize;

use crate::collection::draft::{Options, options};
use crate::collection::fields::Fields;
use crate::error::{Error, Kind, Result};
use crate::wire::ElementWriter;

/// An index that is to be made: its keys and its options.
///
/// Without a name it is called by its keys: `{a: 1, b: -1}` is `a_1_b_-1`.
#[derive(Clone, Debug)]
#[must_use = "it is to be given to create_index"]
pub struct IndexModel {
    /// Its options, and what could not be encoded.
    draft: Fields,
    keys: RawDocumentBuf,
    name: Option<String>,
}

options! { IndexModel {
    /// Whether no two documents may have the same keys.
    unique(bool) => "unique",
    /// Whether documents without the keys are left out.
    sparse(bool) => "sparse",
    /// Whether the server keeps it, but does not use it for queries (servers from 4.4).
    hidden(bool) => "hidden",
    /// Which documents are in it.
    partial_filter_expression(document) => "partialFilterExpression",
    /// How strings are compared; without it, as the collection does.
    collation(document) => "collation",
    /// Which fields a wildcard index has, or has not.
    wildcard_projection(document) => "wildcardProjection",
    /// Whether it may be built beside other work. Servers from 4.2 on ignore it.
    background(bool) => "background",
    /// Options of the storage engine.
    storage_engine(document) => "storageEngine",
    /// The version of its format.
    version(i32) => "v",
    /// The language of a text index; English without it.
    default_language(String) => "default_language",
    /// The field of a document that names its language.
    language_override(String) => "language_override",
    /// The version of a text index.
    text_index_version(i32) => "textIndexVersion",
    /// What the fields of a text index weigh.
    weights(document) => "weights",
    /// The version of a 2dsphere index.
    sphere_2d_index_version(i32) => "2dsphereIndexVersion",
    /// The precision of a 2d index, from 1 to 32.
    bits(i32) => "bits",
    /// The least coordinate of a 2d index.
    min(f64) => "min",
    /// The greatest coordinate of a 2d index.
    max(f64) => "max",
    /// The width of the groups of a geoHaystack index (servers before 5.0).
    bucket_size(i32) => "bucketSize",
} }

impl IndexModel {
    /// An index of these keys: `{field: 1}` ascending, `-1` descending, or the name of a
    /// kind of index as `"text"`.
    pub fn new(keys: impl Serialize) -> Self {
        let mut draft = Fields::default();
        let keys = draft.encode("keys", keys);
        Self { draft, keys, name: None }
    }

    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long documents live, by the time in the index's field.
    pub fn expire_after(mut self, age: Duration) -> Self {
        // Servers take no larger number.
        let seconds = i32::try_from(age.as_secs()).unwrap_or(i32::MAX);
        self.draft.set("expireAfterSeconds", seconds);
        self
    }

    /// Bytes of its keys and options.
    pub(crate) fn size(&self) -> usize {
        self.keys.as_bytes().len() + self.draft.options.size()
    }

    /// What the command needs of it. Fails if something could not be encoded.
    pub(super) fn finish(self) -> Result<Index> {
        let Self { mut draft, keys, name } = self;
        draft.check()?;
        if keys.is_empty() {
            return Err(Error::new(Kind::InvalidArgument, "an index needs a key"));
        }
        let name = name.map_or_else(|| name_of(&keys), Ok)?;
        Ok(Index { keys, name, options: draft.options })
    }
}

/// An index as the command needs it.
#[derive(Clone, Debug)]
pub struct Index {
    keys: RawDocumentBuf,
    /// Its name, given or made.
    pub name: String,
    options: Options,
}

impl Index {
    /// Bytes that it needs.
    pub fn size(&self) -> usize {
        self.keys.as_bytes().len() + self.name.len() + self.options.size() + 32
    }

    /// Appends its elements.
    pub fn write(&self, index: &mut ElementWriter<'_>) {
        index.document("key", &self.keys).str("name", &self.name);
        self.options.write(index);
    }
}

fn name_of(keys: &RawDocument) -> Result<String> {
    let mut name = String::new();
    for element in keys {
        let (key, value) = element
            .map_err(|error| Error::new(Kind::Encode, "an index's keys can't be read").with_source(error))?;
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(key.as_str());
        name.push('_');
        match value {
            RawBsonRef::Int32(direction) => name.push_str(&direction.to_string()),
            RawBsonRef::Int64(direction) => name.push_str(&direction.to_string()),
            // 1.0 prints as 1.
            RawBsonRef::Double(direction) => name.push_str(&direction.to_string()),
            RawBsonRef::String(kind) => name.push_str(kind),
            _ => {
                let sentence =
                    format!("the key {:?} of an index is neither a number nor a string", key.as_str());
                return Err(Error::new(Kind::InvalidArgument, sentence));
            }
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn an_index_is_called_by_its_keys() {
        let name = |keys: bson::Document| IndexModel::new(keys).finish().map(|index| index.name);
        assert_eq!(name(doc! { "name": 1, "dob": -1 }).unwrap(), "name_1_dob_-1");
        assert_eq!(name(doc! { "a": 1.0, "b": -1_i64, "c": "2dsphere" }).unwrap(), "a_1_b_-1_c_2dsphere");
        assert_eq!(name(doc! { "a": true }).unwrap_err().kind(), Kind::InvalidArgument);
        assert_eq!(name(doc! {}).unwrap_err().kind(), Kind::InvalidArgument);
        let named = IndexModel::new(doc! { "a": 1 }).name("mine").finish().unwrap();
        assert_eq!(named.name, "mine");
    }

    #[test]
    fn what_can_not_be_encoded_is_told_in_the_end() {
        assert_eq!(IndexModel::new(5).finish().unwrap_err().kind(), Kind::Encode);
        let bad = IndexModel::new(doc! { "a": 1 }).collation("de").finish().unwrap_err();
        assert!(bad.message().contains("collation"), "{bad}");
    }
}
