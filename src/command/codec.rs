//! Between the caller's types and BSON: what is sent is encoded on the caller's own
//! thread when a call is made, and what came is decoded where it is read.

use std::any::{Any, TypeId, type_name};

use bson::{Document, RawDocument, RawDocumentBuf};
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::{Error, Kind, Result};
use crate::wire::ElementWriter;
use crate::wire::walk::is_deeper_than;

/// What a filter or a small document needs, so that most are encoded without growing.
const USUAL: usize = 128;

/// Encodes a value that must be a document.
pub fn encode(value: &impl Serialize) -> Result<RawDocumentBuf> {
    let mut bytes = Vec::with_capacity(USUAL);
    bson::serialize_to_buffer(value, &mut bytes).map_err(not_encoded)?;
    RawDocumentBuf::from_bytes(bytes).map_err(not_encoded)
}

/// Encodes a value of any type as a document of this one element.
pub fn encode_field(key: &str, value: &impl Serialize) -> Result<RawDocumentBuf> {
    encode(&Field { key, value })
}

/// A document of the elements that `write` appends.
pub fn written(write: impl FnOnce(&mut ElementWriter<'_>)) -> RawDocumentBuf {
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.extend_from_slice(&[0; 4]);
    write(&mut ElementWriter::new(&mut bytes));
    bytes.push(0);
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    // What the writer makes is a document, unless it is longer than any server takes; an
    // empty one is then refused by the server, which misses its fields.
    RawDocumentBuf::from_bytes(bytes).unwrap_or_default()
}

/// Encodes a document behind what `bytes` already hold. On failure they are as before.
pub fn encode_into(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<()> {
    let start = bytes.len();
    bson::serialize_to_buffer(value, bytes).map_err(|error| {
        bytes.truncate(start);
        not_encoded(error)
    })
}

/// Decodes a document of the server's.
///
/// `Document` and `RawDocumentBuf` are read without the detour over serde, which costs
/// them several times as much.
pub fn decode<T: DeserializeOwned + 'static>(document: &RawDocument) -> Result<T> {
    if document.as_bytes().len() > DEEPEST * SHALLOWEST_LEVEL && is_deeper_than(document, DEEPEST) {
        let sentence = format!("the server's document is nested more than {DEEPEST} levels deep");
        return Err(Error::new(Kind::Decode, sentence));
    }
    // Others are returned as they are: moving a large type about costs as much as a field.
    let result = if TypeId::of::<T>() == TypeId::of::<Document>() {
        Document::try_from(document).map(same::<Document, T>)
    } else if TypeId::of::<T>() == TypeId::of::<RawDocumentBuf>() {
        Ok(same::<RawDocumentBuf, T>(document.to_owned()))
    } else {
        bson::deserialize_from_slice(document.as_bytes()).map(Some)
    };
    match result {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Error::new(Kind::Internal, "a document was read into the wrong type")),
        Err(error) => Err(not_decoded::<T>(error)),
    }
}

/// The value as what it is, if its type is found out by comparing.
fn same<A: 'static, B: 'static>(value: A) -> Option<B> {
    let mut value = Some(value);
    let value: &mut dyn Any = &mut value;
    value.downcast_mut::<Option<B>>().and_then(Option::take)
}

#[cold]
fn not_decoded<T>(error: bson::error::Error) -> Error {
    let name = type_name::<T>();
    let sentence = format!("the server's document can't be read as {name}: {error}");
    Error::new(Kind::Decode, sentence).with_source(error)
}

/// Servers take documents of up to 200 levels. Decoding recurses, so a document of many
/// more would end the process.
const DEEPEST: usize = 256;
/// Type, empty key, length and closing zero: what one level takes at the least.
const SHALLOWEST_LEVEL: usize = 7;

/// The error of a value that BSON has no form for.
pub fn not_encoded(error: bson::error::Error) -> Error {
    Error::new(Kind::Encode, format!("the value can't be turned into BSON: {error}")).with_source(error)
}

struct Field<'a, V> {
    key: &'a str,
    value: &'a V,
}

impl<V: Serialize> Serialize for Field<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.key, self.value)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use bson::{doc, rawdoc};

    use super::*;

    #[test]
    fn documents_of_every_kind_are_encoded_alike() {
        #[derive(Serialize)]
        struct Room {
            beds: i32,
        }
        let expected = rawdoc! { "beds": 2 };
        assert_eq!(encode(&doc! { "beds": 2 }).unwrap(), expected);
        assert_eq!(encode(&expected).unwrap(), expected);
        assert_eq!(encode(&Room { beds: 2 }).unwrap(), expected);
        assert_eq!(encode_field("beds", &2).unwrap(), expected);
    }

    #[test]
    fn what_is_no_document_is_told_so() {
        for error in [encode(&5).unwrap_err(), encode(&[1, 2]).unwrap_err(), encode(&"x").unwrap_err()] {
            assert_eq!(error.kind(), Kind::Encode);
        }
    }

    #[test]
    fn a_failed_value_leaves_nothing_behind() {
        let mut bytes = vec![1, 2, 3];
        encode_into(&7, &mut bytes).unwrap_err();
        assert_eq!(bytes, [1, 2, 3]);
        encode_into(&doc! { "a": 1 }, &mut bytes).unwrap();
        assert_eq!(&bytes[3..], rawdoc! { "a": 1 }.as_bytes());
    }

    #[test]
    fn a_document_of_endless_levels_is_an_error_and_not_the_end() {
        let nested = |levels: usize| {
            let mut document = rawdoc! {};
            for _ in 0..levels {
                let inner = std::mem::take(&mut document);
                document.append(bson::raw::cstr!("a"), inner);
            }
            document
        };
        assert!(decode::<Document>(&nested(DEEPEST - 1)).is_ok());
        for document in [nested(DEEPEST), nested(5_000)] {
            assert_eq!(decode::<Document>(&document).unwrap_err().kind(), Kind::Decode);
        }
    }

    #[test]
    fn a_document_that_does_not_fit_names_the_type() {
        #[derive(Debug, serde::Deserialize)]
        struct Room {
            #[allow(dead_code)]
            beds: i32,
        }
        let error = decode::<Room>(&rawdoc! { "beds": "two" }).unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
        assert!(error.to_string().contains("Room"), "{error}");
        assert_eq!(decode::<Document>(&rawdoc! { "a": 1 }).unwrap(), doc! { "a": 1 });
        assert_eq!(decode::<RawDocumentBuf>(&rawdoc! { "a": 1 }).unwrap(), rawdoc! { "a": 1 });
    }
}
