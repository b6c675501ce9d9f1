use bson::spec::ElementType;
use bson::{Bson, RawDocumentBuf, Timestamp, doc, rawdoc};
use fastrand::Rng;

use super::super::samples::document;
use super::*;

fn raw(document: &bson::Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

#[test]
fn a_plain_reply_has_nothing_but_ok() {
    let reply = rawdoc! { "n": 1, "ok": 1.0 };
    let head = ReplyHead::scan(&reply).unwrap();
    assert!(head.ok);
    assert!(head.code.is_none() && head.cursor_id.is_none() && head.cluster_time.is_none());
    assert!(head.write_errors.is_none() && head.message().is_none());
    assert_eq!(head.labels().count(), 0);
}

#[test]
fn ok_comes_in_every_form() {
    let forms = [Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0), Bson::Boolean(true)];
    for form in forms {
        assert!(ReplyHead::scan(&raw(&doc! { "ok": form.clone() })).unwrap().ok, "{form}");
    }
    let forms = [Bson::Int32(0), Bson::Int64(0), Bson::Double(0.0), Bson::Boolean(false), Bson::Null];
    for form in forms {
        assert!(!ReplyHead::scan(&raw(&doc! { "ok": form.clone() })).unwrap().ok, "{form}");
    }
    assert!(!ReplyHead::scan(&rawdoc! {}).unwrap().ok);
}

#[test]
fn all_pieces_of_an_error_are_found() {
    let stamp = Timestamp { time: 9, increment: 2 };
    let reply = raw(&doc! {
        "ok": 0.0,
        "code": 10107.0,
        "codeName": "NotWritablePrimary",
        "errmsg": "not primary",
        "errorLabels": ["RetryableWriteError", 5, "Other"],
        "topologyVersion": { "processId": 1, "counter": 3_i64 },
        "$clusterTime": { "clusterTime": stamp },
        "operationTime": stamp,
        "writeConcernError": { "code": 64 },
        "writeErrors": [{ "index": 0 }],
    });
    let head = ReplyHead::scan(&reply).unwrap();
    assert!(!head.ok);
    assert_eq!(head.code, Some(10107));
    assert_eq!(head.code_name().as_deref(), Some("NotWritablePrimary"));
    assert_eq!(head.message().as_deref(), Some("not primary"));
    assert_eq!(head.labels().collect::<Vec<_>>(), ["RetryableWriteError", "Other"]);
    assert!(head.has_label("Other") && !head.has_label("5"));
    assert_eq!(head.topology_version.unwrap().get_i64("counter").unwrap(), 3);
    assert_eq!(head.cluster_time.unwrap().get_timestamp("clusterTime").unwrap(), stamp);
    assert_eq!(head.operation_time, Some(stamp));
    assert_eq!(head.write_concern_error.unwrap().get_i32("code").unwrap(), 64);
    assert!(!head.write_errors.unwrap().is_empty());
}

#[test]
fn only_an_open_cursor_has_an_id() {
    let id = |id: Bson| {
        let reply = raw(&doc! { "cursor": { "firstBatch": [{ "id": 8 }], "id": id, "ns": "a.b" }, "ok": 1 });
        ReplyHead::scan(&reply).unwrap().cursor_id
    };
    assert_eq!(id(Bson::Int64(i64::MIN)), Some(i64::MIN));
    assert_eq!(id(Bson::Int32(-4)), Some(-4));
    assert_eq!(id(Bson::Int64(0)), None);
    assert_eq!(id(Bson::Int32(0)), None);
    assert_eq!(id(Bson::String("4".into())), None);
    assert_eq!(ReplyHead::scan(&rawdoc! { "cursor": 4, "ok": 1 }).unwrap().cursor_id, None);
}

#[test]
fn empty_write_errors_are_none() {
    let reply = rawdoc! { "writeErrors": [], "ok": 1 };
    assert!(ReplyHead::scan(&reply).unwrap().write_errors.is_none());
}

#[test]
fn a_message_that_is_not_utf_8_is_still_told() {
    let mut bytes = rawdoc! { "errmsg": "ab", "ok": 0 }.into_bytes();
    let at = bytes.windows(2).position(|w| w == b"ab").unwrap();
    bytes[at] = 0xff;
    let reply = RawDocumentBuf::from_bytes(bytes).unwrap();
    assert_eq!(ReplyHead::scan(&reply).unwrap().message().unwrap(), "\u{fffd}b");
}

#[test]
fn unknown_types_and_wrong_lengths_are_errors() {
    let with_type = |kind: u8| {
        let mut bytes = rawdoc! { "a": 1 }.into_bytes();
        bytes[4] = kind;
        let document = RawDocumentBuf::from_bytes(bytes).unwrap();
        ReplyHead::scan(&document).map(|_| ())
    };
    assert_eq!(with_type(0x20), Err(ProtocolError::ElementType { at: 4, kind: 0x20 }));
    assert_eq!(with_type(0x00), Err(ProtocolError::ElementType { at: 4, kind: 0 }));
    assert_eq!(with_type(0x12), Err(ProtocolError::Element { at: 4, length: 12 }));
    let unterminated_key = vec![8, 0, 0, 0, 0x0a, b'a', b'b', 0];
    let document = RawDocumentBuf::from_bytes(unterminated_key).unwrap();
    assert_eq!(ReplyHead::scan(&document).unwrap_err(), ProtocolError::Element { at: 4, length: 8 });
}

#[test]
fn it_sees_what_bson_itself_sees() {
    let mut random = Rng::with_seed(3);
    for _ in 0..5_000 {
        let document = raw(&document(&mut random, 3));
        let mut expected = document.iter_elements();
        for element in Walk::over(&document) {
            let (seen, other) = (element.unwrap(), expected.next().unwrap().unwrap());
            assert_eq!(seen.key, other.key().as_str().as_bytes());
            assert_eq!(ElementType::from(seen.kind), Some(other.element_type()));
            assert_eq!(&document.as_bytes()[seen.offset..seen.offset + seen.value.len()], seen.value);
            let value = bson::RawBson::try_from(other).unwrap();
            match value.as_raw_bson_ref() {
                bson::RawBsonRef::Int32(n) => assert_eq!(seen.as_i64(), Some(n.into())),
                bson::RawBsonRef::Int64(n) => assert_eq!(seen.as_i64(), Some(n)),
                bson::RawBsonRef::String(s) => assert_eq!(seen.as_str(), Some(s)),
                bson::RawBsonRef::Document(d) => assert_eq!(seen.as_document(), Some(d)),
                bson::RawBsonRef::Array(a) => assert_eq!(seen.as_array().unwrap().as_bytes(), a.as_bytes()),
                bson::RawBsonRef::Timestamp(t) => assert_eq!(seen.as_timestamp(), Some(t)),
                bson::RawBsonRef::Boolean(b) => assert_eq!(seen.is_truthy(), b),
                _ => {}
            }
        }
        assert!(expected.next().is_none());
    }
}

#[test]
fn damaged_documents_never_cause_a_panic() {
    let mut random = Rng::with_seed(4);
    let (mut refused, mut passed) = (0, 0);
    for _ in 0..50_000 {
        let mut reply = document(&mut random, 2);
        reply.insert("cursor", doc! { "id": 5_i64, "firstBatch": [] });
        reply.insert("errorLabels", vec!["a", "b"]);
        let mut bytes = raw(&reply).into_bytes();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(4..bytes.len() - 1);
            let any = random.u8(..);
            bytes[at] = random.choice([0, 1, 0x7f, 0x80, 0xff, any]).unwrap_or(0);
        }
        let document = RawDocumentBuf::from_bytes(bytes).unwrap();
        match ReplyHead::scan(&document) {
            Ok(head) => {
                head.labels().for_each(drop);
                passed += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 5_000 && passed > 5_000, "{refused} {passed}");
}

#[test]
fn only_whole_numbers_are_integers() {
    let number = |value: Bson| Walk::over(&raw(&doc! { "n": value })).next().unwrap().unwrap().as_i64();
    assert_eq!(number(Bson::Double(7.0)), Some(7));
    for odd in [7.5, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(number(Bson::Double(odd)), None);
    }
    assert_eq!(number(Bson::Boolean(true)), None);
}
