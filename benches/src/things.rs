//! The documents: what is inserted, found and scanned, and the struct that they are read into.
//! The canned server answers with them, a real one is filled with them.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use bson::{DateTime, Document, RawDocument, doc};
use serde::Deserialize;

use crate::cases::Size;

pub const DATABASE: &str = "bench";
/// What `find` looks in: as many documents as a scan, with the same ids.
pub const THINGS: &str = "things";
/// What `insert` adds to.
pub const INSERTED: &str = "inserted";
/// How many documents a scan reads; their ids count from zero.
pub const DOCUMENTS: i64 = 10_000;

impl Size {
    pub const BOTH: [Self; 2] = [Self::Small, Self::Large];

    /// What a scan of documents of this size reads.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Small => "scan_200B",
            Self::Large => "scan_1KiB",
        }
    }
}

/// What is inserted: about 200 bytes with the `_id` that the driver adds.
pub fn document() -> Document {
    doc! {
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "visits": 1843_i64,
        "score": 0.97,
        "active": true,
        "joined": DateTime::from_millis(1_767_225_600_000),
        "address": { "city": "London", "code": "W1" },
        "tags": ["first", "notes"],
    }
}

/// What is found and scanned.
pub fn stored(size: Size, id: i64) -> Document {
    let mut stored = doc! { "_id": id };
    stored.extend(document());
    stored.insert("visits", visits(id));
    if size == Size::Large {
        let visit =
            |number: i64| doc! { "at": DateTime::from_millis(number), "page": "/rooms/17", "ms": number };
        stored.insert("history", (0..8).map(visit).collect::<Vec<_>>());
        stored.insert("notes", "Prefers the room with the view of the river. ".repeat(8));
    }
    stored
}

fn visits(id: i64) -> i64 {
    1843 + id
}

/// The same as a struct. Every field is owned, as in most programs.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read to be there, as a program would")]
pub struct Thing {
    #[serde(rename = "_id")]
    id: i64,
    name: String,
    email: String,
    visits: i64,
    score: f64,
    active: bool,
    joined: DateTime,
    address: Address,
    tags: Vec<String>,
    #[serde(default)]
    history: Vec<Visit>,
    #[serde(default)]
    notes: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "as above")]
struct Address {
    city: String,
    code: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "as above")]
struct Visit {
    at: DateTime,
    page: String,
    ms: i64,
}

/// What a scan found: enough to know that it looked at every document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sum {
    documents: i64,
    visits: i64,
}

impl Sum {
    pub fn add_raw(&mut self, document: &RawDocument) -> Result<()> {
        let visits = document.get_i64("visits").context("a scanned document's `visits`")?;
        self.add(visits);
        Ok(())
    }

    pub fn add_thing(&mut self, thing: &Thing) {
        // All of it: what nobody looks at need not be read.
        self.add(black_box(thing).visits);
    }

    fn add(&mut self, visits: i64) {
        self.documents += 1;
        self.visits += visits;
    }

    /// Of a whole scan.
    pub fn check(&self) -> Result<()> {
        let whole = Self { documents: DOCUMENTS, visits: (0..DOCUMENTS).map(visits).sum() };
        ensure!(*self == whole, "a scan found {self:?} in place of {whole:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_their_sizes_and_can_be_read() {
        for (size, least, most) in [(Size::Small, 180, 220), (Size::Large, 960, 1100)] {
            let bytes = stored(size, 7).to_vec().unwrap();
            assert!((least..=most).contains(&bytes.len()), "{size:?}: {}", bytes.len());
            let thing: Thing = bson::deserialize_from_slice(&bytes).unwrap();
            assert_eq!((thing.id, thing.visits), (7, 1850));
        }
    }

    #[test]
    fn a_scan_that_lost_or_changed_a_document_is_an_error() {
        let mut sum = Sum::default();
        for id in 0..DOCUMENTS {
            let document = bson::RawDocumentBuf::try_from(&doc! { "visits": visits(id) }).unwrap();
            assert!(sum.check().is_err());
            sum.add_raw(&document).unwrap();
        }
        sum.check().unwrap();
        sum.visits -= 1;
        assert!(sum.check().is_err());
    }
}
