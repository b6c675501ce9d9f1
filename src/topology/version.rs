//! How fresh a server's word about itself is.

use std::cmp::Ordering;

use bson::RawDocument;
use bson::oid::ObjectId;

use super::hello::integer;

/// A server's `topologyVersion`: which process speaks, and how many changes it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopologyVersion {
    /// Made anew each time the server process starts.
    pub process_id: ObjectId,
    /// Grows with each change that a client must know of.
    pub counter: i64,
}

impl TopologyVersion {
    /// Reads `{processId, counter}`. `None` if it is not that.
    pub fn parse(document: &RawDocument) -> Option<Self> {
        Some(Self {
            process_id: document.get_object_id("processId").ok()?,
            counter: integer(document.get("counter").ok()??)?,
        })
    }

    /// How `known` relates to `incoming`. `None` if they can't be compared, because one
    /// is missing or another process wrote it; the incoming one is then taken as newer.
    pub fn compare(known: Option<&Self>, incoming: Option<&Self>) -> Option<Ordering> {
        let (known, incoming) = (known?, incoming?);
        (known.process_id == incoming.process_id).then(|| known.counter.cmp(&incoming.counter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(process: u8, counter: i64) -> TopologyVersion {
        TopologyVersion { process_id: ObjectId::from_bytes([process; 12]), counter }
    }

    #[test]
    fn only_versions_of_one_process_have_an_order() {
        let compare = |a, b| TopologyVersion::compare(Some(&a), Some(&b));
        assert_eq!(compare(version(1, 1), version(1, 2)), Some(Ordering::Less));
        assert_eq!(compare(version(1, 2), version(1, 2)), Some(Ordering::Equal));
        assert_eq!(compare(version(1, 3), version(1, 2)), Some(Ordering::Greater));
        assert_eq!(compare(version(1, 3), version(2, 2)), None);
        assert_eq!(TopologyVersion::compare(None, Some(&version(1, 1))), None);
        assert_eq!(TopologyVersion::compare(Some(&version(1, 1)), None), None);
    }

    #[test]
    fn a_document_without_either_field_is_no_version() {
        let id = ObjectId::from_bytes([7; 12]);
        let whole = bson::rawdoc! { "processId": id, "counter": 4_i64 };
        assert_eq!(TopologyVersion::parse(&whole), Some(TopologyVersion { process_id: id, counter: 4 }));
        assert_eq!(TopologyVersion::parse(&bson::rawdoc! { "processId": id }), None);
        assert_eq!(TopologyVersion::parse(&bson::rawdoc! { "counter": 4_i64 }), None);
        assert_eq!(TopologyVersion::parse(&bson::rawdoc! { "processId": "x", "counter": 4_i64 }), None);
    }
}
