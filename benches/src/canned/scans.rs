//! The batches of scans. A cursor's id says everything about it: which documents, what batch
//! size, how far it is. So nothing is kept for a cursor, and a batch is built once for all.

use std::collections::HashMap;

use bson::{Document, doc};

use super::replies::Template;
use crate::cases::Size;
use crate::things::{DATABASE, DOCUMENTS, stored};

/// Every reply of every kind of scan that was asked for.
#[derive(Default)]
pub struct Scans(HashMap<i64, Template>);

/// A cursor and how far it is; at the start for a `find`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    size: Size,
    /// 0: the client left it to the server
    batch: u32,
    position: i64,
}

impl Scans {
    /// The reply to a `find` or `getMore` at this place. The first of its kind builds them all,
    /// which a client's warming up pays for.
    pub fn reply(&mut self, place: Place) -> anyhow::Result<Option<&Template>> {
        if place.position == 0 && !self.0.contains_key(&place.id()) {
            self.build(place)?;
        }
        Ok(self.0.get(&place.id()))
    }

    fn build(&mut self, mut place: Place) -> anyhow::Result<()> {
        loop {
            let next = place.next();
            let end = next.map_or(DOCUMENTS, |next| next.position);
            let documents: Vec<Document> = (place.position..end).map(|id| stored(place.size, id)).collect();
            let batch = if place.position == 0 { "firstBatch" } else { "nextBatch" };
            let namespace = format!("{DATABASE}.{}", place.size.collection());
            let cursor = doc! { batch: documents, "id": next.map_or(0, Place::id), "ns": namespace };
            self.0.insert(place.id(), Template::new(doc! { "cursor": cursor, "ok": 1.0 })?);
            match next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
    }
}

impl Place {
    /// Where a `find` starts. `None` for a collection that is not for scans.
    pub fn start(collection: &[u8], batch: u32) -> Option<Self> {
        let size = Size::BOTH.into_iter().find(|size| size.collection().as_bytes() == collection)?;
        (batch < MOST).then_some(Self { size, batch, position: 0 })
    }

    /// What an id stands for.
    pub fn of(id: i64) -> Option<Self> {
        let size = Size::BOTH.into_iter().find(|size| number(*size) == id >> (2 * BITS))?;
        let batch = u32::try_from((id >> BITS) % i64::from(MOST)).ok()?;
        Some(Self { size, batch, position: id % i64::from(MOST) })
    }

    fn id(self) -> i64 {
        (number(self.size) << (2 * BITS)) | (i64::from(self.batch) << BITS) | self.position
    }

    /// After the batch that starts here; nothing at the end. As real servers do: 101 documents
    /// first, then as many as fit, if the client does not say.
    fn next(self) -> Option<Self> {
        let batch = match (self.batch, self.position) {
            (0, 0) => FIRST_BATCH,
            (0, _) => DOCUMENTS,
            (batch, _) => i64::from(batch),
        };
        let position = self.position + batch;
        (position < DOCUMENTS).then_some(Self { position, ..self })
    }
}

fn number(size: Size) -> i64 {
    match size {
        Size::Small => 1,
        Size::Large => 2,
    }
}

const BITS: u32 = 24;
const MOST: u32 = 1 << BITS;
const FIRST_BATCH: i64 = 101;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back() {
        for place in [
            Place { size: Size::Small, batch: 0, position: 101 },
            Place { size: Size::Large, batch: 1000, position: 9000 },
        ] {
            assert_eq!(Place::of(place.id()), Some(place));
        }
        assert_eq!((Place::of(0), Place::of(-1), Place::of(i64::MAX)), (None, None, None));
    }

    #[test]
    fn batches_follow_each_other_to_the_end() {
        let positions = |batch| {
            let start = Place::start(b"scan_200B", batch);
            std::iter::successors(start, |place| place.next()).map(|place| place.position).collect::<Vec<_>>()
        };
        assert_eq!(positions(0), [0, 101]);
        assert_eq!(positions(4000), [0, 4000, 8000]);
        assert_eq!(positions(10_000), [0]);
        assert_eq!(Place::start(b"things", 0), None);
        let mut scans = Scans::default();
        let later = Place { size: Size::Small, batch: 4000, position: 4000 };
        assert!(scans.reply(later).unwrap().is_none(), "nobody has opened it");
        assert!(scans.reply(Place { position: 0, ..later }).unwrap().is_some());
        assert!(scans.reply(later).unwrap().is_some());
        assert!(scans.reply(Place { position: 4001, ..later }).unwrap().is_none());
    }
}
