use bson::{doc, rawdoc};

use super::super::samples::{body, message, sequence};
use super::*;
use crate::wire::{FrameBuilder, FrameSplitter};

fn parse(bytes: &[u8]) -> Result<Reply, ProtocolError> {
    let (header, payload) = bytes.split_first_chunk().expect("a header");
    Reply::from_payload(Header::read(header), payload)
}

#[test]
fn a_lone_document_is_taken_over_as_it_is() {
    let bytes = message(MORE_TO_COME | 1 << 30, &body(&doc! { "ok": 1 }));
    let (taken, split) = FrameSplitter::default().feed(&bytes).unwrap();
    assert_eq!(taken, bytes.len());
    let split = split.unwrap();
    let Payload::Document(document) = &split.payload else { panic!("{split:?}") };
    assert_eq!(document.capacity(), document.len());
    let place = document.as_ptr();
    let reply = Reply::parse(split).unwrap();
    assert_eq!(reply.body, rawdoc! { "ok": 1 });
    assert_eq!(reply.body.as_bytes().as_ptr(), place);
    assert_eq!((reply.request_id, reply.response_to), (77, 5));
    assert!(reply.more_to_come());
    assert_eq!(reply, parse(&bytes).unwrap());
}

#[test]
fn sections_may_come_in_any_order() {
    let sections =
        [sequence("a", &[doc! { "x": 1 }, doc! {}]), body(&doc! { "ok": 1 }), sequence("b", &[])].concat();
    let reply = parse(&message(CHECKSUM_PRESENT, &sections)).unwrap();
    assert_eq!(reply.body, rawdoc! { "ok": 1 });
    let documents = [rawdoc! { "x": 1 }.into_bytes(), rawdoc! {}.into_bytes()].concat();
    assert_eq!(reply.sequences, [("a".to_owned(), documents), ("b".to_owned(), vec![])]);
}

#[test]
fn a_checksum_is_verified() {
    let mut bytes = message(CHECKSUM_PRESENT, &body(&doc! { "ok": 1 }));
    assert_eq!(parse(&bytes).unwrap().body, rawdoc! { "ok": 1 });
    bytes[5] ^= 1;
    assert!(matches!(parse(&bytes), Err(ProtocolError::Checksum { .. })));
}

#[test]
fn unknown_required_flags_are_refused_and_optional_ones_ignored() {
    let document = body(&doc! {});
    for bit in 2..16 {
        let refused = ProtocolError::RequiredFlags { bits: 1 << bit };
        assert_eq!(parse(&message(1 << bit, &document)), Err(refused));
    }
    for bit in 16..32 {
        assert!(parse(&message(1 << bit, &document)).is_ok());
    }
}

#[test]
fn sections_that_contradict_the_protocol_are_refused() {
    use ProtocolError as E;
    let ok = body(&doc! { "ok": 1 });
    let named = |name: &str| sequence(name, &[doc! { "a": 1 }]);
    let refused = |sections: &[Vec<u8>]| parse(&message(0, &sections.concat())).unwrap_err();

    assert_eq!(refused(&[ok.clone(), ok.clone()]), E::SecondBody);
    assert_eq!(refused(&[named("documents")]), E::NoBody);
    assert_eq!(refused(&[ok.clone(), vec![2]]), E::SectionKind { seen: 2 });
    let twice = E::DuplicateSequence { identifier: "a".into() };
    assert_eq!(refused(&[named("a"), ok.clone(), named("a")]), twice);
    assert!(matches!(refused(&[ok.clone(), vec![0]]), E::Length { room: 0, .. }));
    assert!(matches!(refused(&[ok.clone(), vec![1, 4, 0, 0, 0]]), E::Length { length: 4, least: 5, .. }));
    assert!(matches!(refused(&[ok.clone(), vec![1, 9, 0, 0, 0, b'a', 0]]), E::Length { length: 9, .. }));
    assert_eq!(refused(&[ok.clone(), vec![1, 6, 0, 0, 0, b'a', b'b']]), E::SequenceIdentifier);
    assert_eq!(refused(&[ok.clone(), vec![1, 6, 0, 0, 0, 0xff, 0]]), E::SequenceIdentifier);
    // A document that would reach from the sequence into the next section.
    let across = vec![1, 10, 0, 0, 0, 0, 9, 0, 0, 0, 0];
    assert!(matches!(refused(&[across, ok.clone()]), E::Length { length: 9, room: 5, .. }));
}

#[test]
fn the_frame_of_a_document_is_checked() {
    use ProtocolError as E;
    let refused = |section: &[u8]| parse(&message(0, section)).unwrap_err();
    assert!(matches!(refused(&[0, 4, 0, 0, 0, 0]), E::Length { length: 4, .. }));
    assert!(matches!(refused(&[0, 7, 0, 0, 0, 0]), E::Length { length: 7, room: 5, .. }));
    assert!(matches!(refused(&[0, 0xff, 0xff, 0xff, 0xff, 0]), E::Length { length: -1, .. }));
    assert_eq!(refused(&[0, 5, 0, 0, 0, 9]), E::Unterminated { length: 5, last: 9 });
    let lone = Payload::Document(vec![5, 0, 0, 0, 0, 0]);
    let header = Header { message_length: 27, request_id: 1, response_to: 1, op_code: OP_MSG };
    let refused = Reply::parse(RawMessage { header, flags: 0, payload: lone }).unwrap_err();
    assert!(matches!(refused, E::Length { length: 5, room: 6, .. }));
}

#[test]
fn a_sealed_frame_parses_back() {
    let mut builder = FrameBuilder::new(64);
    builder.set_flags(MORE_TO_COME);
    builder.elements().str("insert", "rooms").str("$db", "house");
    let (one, two) = (rawdoc! { "_id": 1 }, rawdoc! { "_id": 2 });
    builder.sequence("documents", |bytes| {
        bytes.extend_from_slice(one.as_bytes());
        bytes.extend_from_slice(two.as_bytes());
    });
    let mut frame = builder.finish();
    for (request_id, number) in [(3, 10_i64), (4, 11)] {
        frame.seal(request_id, |envelope| {
            envelope.i64("txnNumber", number);
        });
        let bytes = frame.parts().concat();
        assert_eq!(bytes.len(), frame.len());
        let (taken, split) = FrameSplitter::default().feed(&bytes).unwrap();
        assert_eq!(taken, bytes.len());
        let reply = Reply::parse(split.unwrap()).unwrap();
        assert_eq!(reply.request_id, request_id);
        assert_eq!(frame.request_id(), request_id);
        assert!(reply.more_to_come() && frame.expects_no_reply());
        let command = rawdoc! { "insert": "rooms", "$db": "house", "txnNumber": number };
        assert_eq!(reply.body, command);
        assert_eq!(frame.command(), command.as_bytes());
        let documents = [one.as_bytes(), two.as_bytes()].concat();
        assert_eq!(reply.sequences, [("documents".to_owned(), documents)]);
    }
}

#[test]
fn sealing_again_with_less_leaves_nothing_behind() {
    let mut builder = FrameBuilder::new(16);
    builder.elements().i32("ping", 1);
    let mut frame = builder.finish();
    frame.seal(1, |envelope| {
        envelope.uuid("lsid", &[1; 16]).i64("maxTimeMS", 5);
    });
    frame.seal(2, |_| {});
    let reply = parse(&frame.parts().concat()).unwrap();
    assert_eq!(reply.body, rawdoc! { "ping": 1 });
    assert!(!frame.expects_no_reply());
}
