//! Tests of the codec: what it writes it reads, and nothing that is forbidden.

use super::*;
use bson::doc;

fn sample() -> Message {
    Message {
        flags: 0,
        body: doc! { "insert": "c", "$db": "d" },
        sequences: vec![("documents".into(), vec![doc! { "a": 1 }, doc! { "a": 2 }])],
    }
}

fn read(bytes: &[u8]) -> Result<Message, Malformed> {
    let (header, rest) = bytes.split_first_chunk().expect("a whole header");
    Message::read(Header::read(header), rest)
}

fn patched(at: usize, value: u8) -> String {
    let mut bytes = sample().to_bytes(1, 0);
    bytes[at] = value;
    read(&bytes).expect_err("it is malformed").0
}

#[test]
fn reads_what_it_writes() {
    let bytes = sample().to_bytes(7, 3);
    let header = Header::read(bytes.first_chunk().expect("a header"));
    assert_eq!(header.length as usize, bytes.len());
    assert_eq!((header.request_id, header.response_to), (7, 3));
    assert_eq!(header.body_length(), Ok(bytes.len() - 16));
    assert_eq!(read(&bytes), Ok(sample()));
}

#[test]
fn a_checksum_covers_every_byte() {
    let mut message = sample();
    message.flags = CHECKSUM_PRESENT;
    let bytes = message.to_bytes(7, 3);
    assert_eq!(read(&bytes), Ok(message));
    for at in (4..12).chain(20..bytes.len()) {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        assert_eq!(read(&bent), malformed("the checksum differs"), "byte {at}");
    }
}

#[test]
fn forbidden_messages_are_named() {
    assert_eq!(patched(12, 0), "operation code 1792");
    assert_eq!(patched(16, 4), "unknown required flag bits 0x4");
    assert_eq!(patched(20, 2), "section of kind 2");
    assert_eq!(patched(21, 0xff), "the message ends within its document");
    let mut twice = Message::new(doc! { "documents": [] });
    twice.sequences = sample().sequences;
    assert_eq!(read(&twice.to_bytes(1, 0)), malformed("documents both in the body and as a sequence"));
    let mut header = Header::read(sample().to_bytes(1, 0).first_chunk().expect("a header"));
    for length in [-1, 0, 15, 48_000_001] {
        header.length = length;
        assert!(header.body_length().is_err(), "{length}");
    }
}

#[test]
fn a_message_without_a_body_is_refused() {
    let mut bytes = sample().to_bytes(1, 0);
    bytes.truncate(20);
    assert_eq!(read(&bytes), malformed("no section of kind 0"));
}
