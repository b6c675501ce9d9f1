//! Documents on their way from source to target: bytes as they came, cut into messages that
//! the target takes. Nothing is decoded, and there is no more of them than one batch.

use std::ops::Range;

use bson::{RawDocument, RawDocumentBuf};

use crate::error::{Error, Kind, Result, WriteFailure};
use crate::pool::Limits;

/// Documents behind each other.
#[derive(Debug, Default)]
pub struct Load {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// Index and size of the largest.
    largest: (usize, usize),
}

/// Room for all of a message but its documents.
const OVERHEAD: usize = 16 * 1024;

impl Load {
    /// One more, behind the others.
    pub fn push(&mut self, document: &RawDocument) {
        let size = document.as_bytes().len();
        if size > self.largest.1 {
            self.largest = (self.ends.len(), size);
        }
        self.bytes.extend_from_slice(document.as_bytes());
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The documents of a range.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[self.start(range.start)..self.start(range.end)]
    }

    /// Where the message ends that starts at `from`: it has as many documents as the server
    /// takes, no more bytes than `most`, and at least one document.
    pub fn message_end(&self, from: usize, most: usize, limits: &Limits) -> usize {
        let room = self.start(from) + most.min(limits.max_message.saturating_sub(OVERHEAD));
        let last = self.len().min(from.saturating_add(limits.max_batch.max(1)));
        from + self.ends[from..last].partition_point(|end| *end <= room).max(1)
    }

    /// Fails if a document is larger than the target takes.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        let ((index, size), limit) = (self.largest, limits.max_document);
        if size <= limit {
            return Ok(());
        }
        let document = RawDocumentBuf::from_bytes(self.bytes(index..index + 1).to_vec()).ok();
        let id = document.as_ref().and_then(|document| document.get("_id").ok().flatten());
        let id = id.map_or_else(|| "no _id".to_owned(), |id| format!("the _id {id:?}"));
        let sentence =
            format!("the document with {id} has {size} bytes, and the target takes at most {limit}");
        Err(Error::new(Kind::TooLarge, sentence))
    }

    /// Bytes of those documents of a message that were inserted, when the target refused
    /// others of it.
    pub fn inserted_bytes(&self, message: Range<usize>, failure: &WriteFailure) -> u64 {
        let refused = |index: usize| failure.write_errors.iter().any(|error| error.index == index);
        let size = |index: usize| self.bytes(index..index + 1).len() as u64;
        let from = message.start;
        let done = message.filter(|index| !refused(index - from));
        done.take(usize::try_from(failure.completed).unwrap_or(usize::MAX)).map(size).sum()
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;
    use crate::error::WriteError;

    fn load(count: i32) -> (Load, usize) {
        let mut load = Load::default();
        for id in 0..count {
            load.push(&rawdoc! { "_id": id });
        }
        (load, rawdoc! { "_id": 0 }.as_bytes().len())
    }

    #[test]
    fn messages_hold_as_many_as_fit_and_at_least_one() {
        let (load, one) = load(5);
        let limits = |max_batch, max_message| Limits { max_batch, max_message, ..Limits::default() };
        let roomy = limits(100, 48_000_000);
        assert_eq!(load.message_end(0, usize::MAX, &roomy), 5);
        assert_eq!(load.message_end(0, 2 * one, &roomy), 2);
        assert_eq!(load.message_end(3, 1, &roomy), 4);
        assert_eq!(load.message_end(1, usize::MAX, &limits(2, 48_000_000)), 3);
        assert_eq!(load.message_end(1, usize::MAX, &limits(100, OVERHEAD + 3 * one)), 4);
        assert_eq!(load.message_end(1, usize::MAX, &limits(0, 0)), 2);
        let third = RawDocumentBuf::from_bytes(load.bytes(2..3).to_vec()).unwrap();
        assert_eq!(third, rawdoc! { "_id": 2 });
    }

    #[test]
    fn what_is_too_large_is_named() {
        let mut load = Load::default();
        load.push(&rawdoc! { "_id": 1 });
        load.push(&rawdoc! { "_id": "long", "text": "x".repeat(200) });
        load.check(&Limits::default()).unwrap();
        let error = load.check(&Limits { max_document: 100, ..Limits::default() }).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(error.message().contains("long") && error.message().contains("at most 100"), "{error}");
    }

    #[test]
    fn of_a_refused_message_those_count_that_were_inserted() {
        let (load, one) = load(6);
        let failure = |refused: &[usize], completed| WriteFailure {
            write_errors: refused.iter().map(|index| WriteError::new(*index, 11000, "dup")).collect(),
            completed,
            ..WriteFailure::default()
        };
        assert_eq!(load.inserted_bytes(2..6, &failure(&[1], 1)), one as u64);
        assert_eq!(load.inserted_bytes(2..6, &failure(&[0, 2], 2)), 2 * one as u64);
        assert_eq!(load.inserted_bytes(2..6, &failure(&[], u64::MAX)), 4 * one as u64);
    }
}
