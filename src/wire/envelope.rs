//! What is added to a command once it has a socket: session, numbers and times.

use std::sync::Arc;

use bson::RawDocumentBuf;

use super::element::ElementWriter;

/// The elements that [`Frame::seal`](super::Frame::seal) appends to a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// The session's UUID, sent as `lsid: {id: ..}`.
    pub lsid: Option<[u8; 16]>,
    /// The number of the transaction or retryable write, as `txnNumber`.
    pub txn_number: Option<i64>,
    /// How long the server may work on it, as `maxTimeMS`.
    pub max_time_ms: Option<i64>,
    /// The newest cluster time known, as `$clusterTime`.
    pub cluster_time: Option<Arc<RawDocumentBuf>>,
}

impl Envelope {
    /// Appends what is set.
    pub fn write(&self, elements: &mut ElementWriter<'_>) {
        if let Some(id) = &self.lsid {
            elements.document_with("lsid", |lsid| {
                lsid.uuid("id", id);
            });
        }
        if let Some(number) = self.txn_number {
            elements.i64("txnNumber", number);
        }
        if let Some(limit) = self.max_time_ms {
            elements.i64("maxTimeMS", limit);
        }
        if let Some(time) = &self.cluster_time {
            elements.document("$clusterTime", time);
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::spec::BinarySubtype;
    use bson::{Timestamp, doc, rawdoc};

    use super::*;
    use crate::wire::FrameBuilder;

    fn sealed(envelope: &Envelope) -> bson::Document {
        let mut builder = FrameBuilder::new(16);
        builder.elements().i32("ping", 1);
        let mut frame = builder.finish();
        frame.seal(1, |elements| envelope.write(elements));
        bson::Document::try_from(RawDocumentBuf::from_bytes(frame.command().to_vec()).unwrap()).unwrap()
    }

    #[test]
    fn an_empty_envelope_adds_nothing() {
        assert_eq!(sealed(&Envelope::default()), doc! { "ping": 1 });
    }

    #[test]
    fn all_fields_have_the_types_that_servers_ask_for() {
        let time =
            rawdoc! { "clusterTime": Timestamp { time: 7, increment: 3 }, "signature": { "keyId": 0_i64 } };
        let envelope = Envelope {
            lsid: Some([9; 16]),
            txn_number: Some(4),
            max_time_ms: Some(1500),
            cluster_time: Some(Arc::new(time)),
        };
        let id = bson::Binary { subtype: BinarySubtype::Uuid, bytes: vec![9; 16] };
        let expected = doc! {
            "ping": 1,
            "lsid": { "id": id },
            "txnNumber": 4_i64,
            "maxTimeMS": 1500_i64,
            "$clusterTime": { "clusterTime": Timestamp { time: 7, increment: 3 }, "signature": { "keyId": 0_i64 } },
        };
        assert_eq!(sealed(&envelope), expected);
    }
}
