//! Replies that hold a batch of documents: of `find`, `aggregate`, `getMore` and others.
//! The documents stay where they are; nothing is copied or allocated for one of them.

use std::fmt;
use std::ops::Range;

use bson::{RawDocument, RawDocumentBuf};

use super::reply::unreadable;
use crate::error::Error;
use crate::wire::ProtocolError;
use crate::wire::walk::{Element, Walk};

/// A reply with a cursor, which owns the reply it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct CursorReply {
    /// The cursor's id; 0 once the server has closed it.
    pub id: i64,
    /// Where the string `ns` stands in `body`; it was found to be UTF-8.
    namespace: Range<usize>,
    body: RawDocumentBuf,
    /// Where the array `firstBatch` or `nextBatch` stands in `body`.
    batch: Range<usize>,
}

/// The documents of one batch, in order.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    walk: Walk<'a>,
}

impl CursorReply {
    /// Finds the cursor in the reply of a command that succeeded.
    pub fn parse(body: RawDocumentBuf, server: &dyn fmt::Display) -> Result<Self, Error> {
        match find(&body) {
            Ok(Found { id, namespace, batch }) => Ok(Self { id, namespace, body, batch }),
            Err(error) => Err(unreadable(error, server)),
        }
    }

    /// The namespace that `getMore` and `killCursors` must name.
    pub fn namespace(&self) -> &str {
        std::str::from_utf8(&self.body.as_bytes()[self.namespace.clone()]).unwrap_or_default()
    }

    /// The whole reply.
    pub fn body(&self) -> &RawDocument {
        &self.body
    }

    /// The batch, as the array's bytes.
    pub fn batch(&self) -> &[u8] {
        &self.body.as_bytes()[self.batch.clone()]
    }

    /// Whether the batch holds no document.
    pub fn is_empty(&self) -> bool {
        self.batch.len() <= EMPTY_ARRAY
    }

    /// The documents of the batch.
    pub fn documents(&self) -> Documents<'_> {
        self.documents_from(0)
    }

    /// The documents from a place on that [`Documents::position`] gave before; 0 is the
    /// first. It lets an owner of this reply walk on without borrowing it in between.
    pub fn documents_from(&self, position: usize) -> Documents<'_> {
        Documents { walk: Walk::from(self.batch(), position) }
    }
}

impl Documents<'_> {
    /// The place after the document that came last.
    pub fn position(&self) -> usize {
        self.walk.position()
    }
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<&'a RawDocument, ProtocolError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.walk.next()?;
        Some(element.and_then(|element| element.as_document().ok_or(BATCH)))
    }
}

/// An array without elements.
const EMPTY_ARRAY: usize = 5;
const BATCH: ProtocolError =
    ProtocolError::Field { field: "cursor.firstBatch or nextBatch", expected: "an array of documents" };

/// The id and namespace of the cursor that a reply leaves open, whatever the command.
pub fn open_cursor(reply: &RawDocument) -> Option<(i64, &str)> {
    let found = find(reply).ok().filter(|found| found.id != 0)?;
    let name = reply.as_bytes().get(found.namespace)?;
    Some((found.id, std::str::from_utf8(name).ok()?))
}

struct Found {
    id: i64,
    namespace: Range<usize>,
    batch: Range<usize>,
}

fn find(body: &RawDocument) -> Result<Found, ProtocolError> {
    let missing = |field, expected| ProtocolError::Field { field, expected };
    let mut cursor = None;
    for element in Walk::over(body) {
        let element = element?;
        if element.key == b"cursor" {
            cursor = element.as_document().map(|document| (document, element.offset));
            break;
        }
    }
    let (cursor, start) = cursor.ok_or_else(|| missing("cursor", "a document"))?;
    let (mut id, mut namespace, mut batch) = (None, None, None);
    for element in Walk::over(cursor) {
        let element: Element<'_> = element?;
        match element.key {
            b"id" => id = element.as_i64(),
            b"ns" => {
                // Behind the four bytes of its length.
                let at = start + element.offset + 4;
                let name = element.as_str().filter(|name| name.contains('.'));
                namespace = name.map(|name| at..at + name.len());
            }
            b"firstBatch" | b"nextBatch" if element.as_array().is_some() => {
                let at = start + element.offset;
                batch = Some(at..at + element.value.len());
            }
            _ => {}
        }
    }
    Ok(Found {
        id: id.ok_or_else(|| missing("cursor.id", "a whole number"))?,
        namespace: namespace.ok_or_else(|| missing("cursor.ns", "a namespace"))?,
        batch: batch.ok_or(BATCH)?,
    })
}

#[cfg(test)]
mod tests {
    use bson::{Bson, Document, doc};

    use super::*;
    use crate::error::Kind;

    fn parse(cursor: impl Into<Bson>) -> Result<CursorReply, Error> {
        let reply = doc! { "cursor": cursor.into(), "ok": 1.0 };
        CursorReply::parse(RawDocumentBuf::try_from(&reply).unwrap(), &"db.example:27017")
    }

    fn values(documents: Documents<'_>) -> Vec<i32> {
        documents.map(|document| document.unwrap().get_i32("x").unwrap()).collect()
    }

    #[test]
    fn first_and_later_batches_are_found() {
        for key in ["firstBatch", "nextBatch"] {
            let cursor = doc! { key: [{ "x": 1 }, { "x": 2 }], "id": 77_i64, "ns": "test.rooms.old" };
            let reply = parse(cursor).unwrap();
            assert_eq!((reply.id, reply.namespace()), (77, "test.rooms.old"));
            assert_eq!(values(reply.documents()), [1, 2]);
            assert!(!reply.is_empty());
            assert!(reply.body().get("ok").unwrap().is_some());
        }
    }

    #[test]
    fn an_id_of_any_whole_number_will_do() {
        for id in [Bson::Int32(5), Bson::Int64(5), Bson::Double(5.0)] {
            assert_eq!(parse(doc! { "firstBatch": [], "id": id, "ns": "a.b" }).unwrap().id, 5);
        }
        assert_eq!(parse(doc! { "firstBatch": [], "id": 0, "ns": "a.b" }).unwrap().id, 0);
    }

    #[test]
    fn an_empty_batch_is_empty() {
        let reply = parse(doc! { "firstBatch": [], "id": 0_i64, "ns": "a.b" }).unwrap();
        assert!(reply.is_empty());
        assert_eq!(reply.documents().count(), 0);
    }

    #[test]
    fn a_walk_can_be_resumed() {
        let reply = parse(doc! { "firstBatch": [{ "x": 1 }, { "x": 2 }, { "x": 3 }], "id": 0, "ns": "a.b" });
        let (reply, mut position) = (reply.unwrap(), 0);
        let mut seen = Vec::new();
        loop {
            let mut documents = reply.documents_from(position);
            let Some(document) = documents.next() else { break };
            seen.push(document.unwrap().get_i32("x").unwrap());
            position = documents.position();
        }
        assert_eq!(seen, [1, 2, 3]);
        assert_eq!(reply.documents_from(usize::MAX).count(), 0);
    }

    #[test]
    fn documents_are_slices_of_the_reply() {
        let reply = parse(doc! { "firstBatch": [{ "x": 1 }], "id": 0, "ns": "a.b" }).unwrap();
        let whole = reply.body().as_bytes().as_ptr_range();
        let document = reply.documents().next().unwrap().unwrap();
        assert!(whole.contains(&document.as_bytes().as_ptr()));
    }

    #[test]
    fn what_no_server_says_is_a_protocol_error() {
        let good = doc! { "firstBatch": [], "id": 0, "ns": "a.b" };
        let bad: [(&str, Document); 6] = [
            ("cursor.id", doc! { "firstBatch": [], "ns": "a.b" }),
            ("cursor.id", doc! { "firstBatch": [], "id": 1.5, "ns": "a.b" }),
            ("cursor.ns", doc! { "firstBatch": [], "id": 0 }),
            ("cursor.ns", doc! { "firstBatch": [], "id": 0, "ns": "ab" }),
            ("Batch", doc! { "id": 0, "ns": "a.b" }),
            ("Batch", doc! { "firstBatch": {}, "id": 0, "ns": "a.b" }),
        ];
        parse(good).unwrap();
        for (field, cursor) in bad {
            let error = parse(cursor).unwrap_err();
            assert_eq!(error.kind(), Kind::Protocol);
            assert!(error.to_string().contains(field), "{error}");
        }
        assert!(parse(5).unwrap_err().to_string().contains("`cursor`"));
    }

    #[test]
    fn an_element_that_is_no_document_ends_in_an_error() {
        let reply = parse(doc! { "firstBatch": [{ "x": 1 }, 7], "id": 0, "ns": "a.b" }).unwrap();
        let mut documents = reply.documents();
        assert!(documents.next().unwrap().is_ok());
        assert_eq!(documents.next().unwrap().unwrap_err(), BATCH);
    }
}
