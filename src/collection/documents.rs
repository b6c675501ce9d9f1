//! Documents to be inserted: encoded behind each other, each with an `_id`, and cut into
//! batches that a server takes.

use std::ops::Range;

use bson::oid::ObjectId;
use bson::{Bson, RawDocument};
use serde::Serialize;

use crate::command::codec::{encode_into, not_encoded};
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::wire::walk::Walk;

/// Documents of one call.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    ids: Vec<Bson>,
    /// Index and size of the largest.
    largest: (usize, usize),
}

/// An `_id` with an `ObjectId`: type, key and value.
const ID: usize = 1 + 4 + 12;
/// Room for all of a message but its documents.
const OVERHEAD: usize = 16 * 1024;

impl Documents {
    /// Room for documents of so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes + ID), ..Self::default() }
    }

    /// Encodes one more. Without an `_id` it gets one, in front.
    pub fn push<T: Serialize>(&mut self, document: &T) -> Result<()> {
        let start = self.bytes.len();
        match append(document, &mut self.bytes) {
            Ok(id) => self.ids.push(id),
            Err(error) => {
                self.bytes.truncate(start);
                return Err(error);
            }
        }
        let size = self.bytes.len() - start;
        if size > self.largest.1 {
            self.largest = (self.ends.len(), size);
        }
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all of them.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Takes their `_id`s out, for the result.
    pub fn take_ids(&mut self) -> Vec<Bson> {
        std::mem::take(&mut self.ids)
    }

    /// The documents of a range, behind each other.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[self.start(range.start)..self.start(range.end)]
    }

    /// The one document.
    pub fn first(&self) -> Result<&RawDocument> {
        RawDocument::from_bytes(self.bytes(0..self.len().min(1))).map_err(not_encoded)
    }

    /// Fails if a document is larger than the server takes. All are looked at, so that
    /// none is sent if one can't be.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        let (index, size) = self.largest;
        if size <= limits.max_document {
            return Ok(());
        }
        let limit = limits.max_document;
        let sentence =
            format!("document {index} has {size} bytes, the server takes at most {limit}; none was sent");
        Err(Error::new(Kind::TooLarge, sentence))
    }

    /// Where the batch ends that starts at `from`: it holds as many documents as fit, and
    /// at least one.
    pub fn batch_end(&self, from: usize, limits: &Limits) -> usize {
        let room = self.start(from) + limits.max_message.saturating_sub(OVERHEAD);
        let last = self.len().min(from.saturating_add(limits.max_batch.max(1)));
        let fitting = self.ends[from..last].partition_point(|end| *end <= room);
        from + fitting.max(1)
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

/// Encodes a document behind what `bytes` hold, and says what its `_id` is.
pub fn append<T: Serialize>(document: &T, bytes: &mut Vec<u8>) -> Result<Bson> {
    let start = bytes.len();
    // Room for an `_id`: to make one, nothing has to be moved then.
    bytes.extend_from_slice(&[0; ID]);
    encode_into(document, bytes)?;
    if let Some(id) = id_of(&bytes[start + ID..])? {
        bytes.copy_within(start + ID.., start);
        bytes.truncate(bytes.len() - ID);
        return Ok(id);
    }
    let id = ObjectId::new();
    let length = i32::try_from(bytes.len() - start).map_err(|_| too_long())?;
    let front = &mut bytes[start..start + 4 + ID];
    front[..4].copy_from_slice(&length.to_le_bytes());
    front[4..9].copy_from_slice(b"\x07_id\0");
    front[9..].copy_from_slice(&id.bytes());
    Ok(Bson::ObjectId(id))
}

/// The `_id` of an encoded document.
fn id_of(document: &[u8]) -> Result<Option<Bson>> {
    let document = RawDocument::from_bytes(document).map_err(not_encoded)?;
    for element in Walk::over(document) {
        let malformed = |error| Error::new(Kind::Encode, format!("the document is malformed: {error}"));
        if element.map_err(malformed)?.key == b"_id" {
            let id = document.get("_id").map_err(not_encoded)?;
            return id.map(|id| Bson::try_from(id).map_err(not_encoded)).transpose();
        }
    }
    Ok(None)
}

fn too_long() -> Error {
    Error::new(Kind::TooLarge, "the document is longer than BSON allows")
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;

    fn documents(all: &[Document]) -> Documents {
        let mut documents = Documents::default();
        for document in all {
            documents.push(document).unwrap();
        }
        documents
    }

    fn read(bytes: &[u8]) -> Document {
        bson::deserialize_from_slice(bytes).unwrap()
    }

    #[test]
    fn an_id_is_made_in_front_where_there_is_none() {
        let documents = documents(&[doc! { "a": 1 }, doc! { "b": 2, "_id": 7 }, doc! {}]);
        let first = read(documents.bytes(0..1));
        assert_eq!(first.iter().next().unwrap(), (&"_id".to_owned(), &documents.ids[0]));
        assert_eq!(first.get_i32("a").ok(), Some(1));
        assert_eq!(read(documents.bytes(1..2)), doc! { "b": 2, "_id": 7 });
        assert_eq!(documents.ids[1], Bson::Int32(7));
        assert_eq!(read(documents.bytes(2..3)), doc! { "_id": documents.ids[2].clone() });
    }

    #[test]
    fn what_can_not_be_encoded_leaves_nothing_behind() {
        let mut documents = documents(&[doc! { "_id": 1 }]);
        let size = documents.size();
        documents.push(&5).unwrap_err();
        assert_eq!((documents.len(), documents.size()), (1, size));
    }

    #[test]
    fn batches_hold_as_many_as_fit() {
        let all: Vec<Document> = (0..5).map(|id| doc! { "_id": id }).collect();
        let documents = documents(&all);
        let one = documents.size() / 5;
        let limits = |max_batch, documents: usize| Limits {
            max_batch,
            max_message: OVERHEAD + documents * one,
            ..Limits::default()
        };
        assert_eq!(documents.batch_end(0, &limits(10, 10)), 5);
        assert_eq!(documents.batch_end(0, &limits(2, 10)), 2);
        assert_eq!(documents.batch_end(4, &limits(2, 10)), 5);
        assert_eq!(documents.batch_end(1, &limits(10, 3)), 4);
        assert_eq!(documents.batch_end(3, &limits(10, 0)), 4);
        assert_eq!(documents.bytes(1..4).len(), 3 * one);
    }

    #[test]
    fn a_document_over_the_limit_is_named() {
        let documents = documents(&[doc! { "_id": 1 }, doc! { "_id": 2, "text": "x".repeat(200) }]);
        let error = documents.check(&Limits { max_document: 100, ..Limits::default() }).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(error.to_string().contains("document 1"), "{error}");
        documents.check(&Limits::default()).unwrap();
    }
}
