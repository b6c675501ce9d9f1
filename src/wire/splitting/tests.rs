use bson::doc;
use fastrand::Rng;

use super::super::op_msg::{CHECKSUM_PRESENT, Reply};
use super::super::samples::{body, document, message, sequence};
use super::*;

/// Feeds `stream` in pieces that `next_size` chooses.
fn split(
    splitter: &mut FrameSplitter,
    stream: &[u8],
    mut next_size: impl FnMut() -> usize,
) -> Result<Vec<Reply>, ProtocolError> {
    let (mut replies, mut rest) = (Vec::new(), stream);
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(next_size().clamp(1, rest.len()));
        rest = after;
        while !piece.is_empty() {
            let (taken, message) = splitter.feed(piece)?;
            assert!(taken > 0, "a splitter without an error always gets on");
            assert!(message.is_some() || taken == piece.len());
            piece = &piece[taken..];
            if let Some(message) = message {
                let (Payload::Document(bytes) | Payload::Sections(bytes)) = &message.payload;
                assert_eq!(bytes.capacity(), bytes.len());
                replies.push(Reply::parse(message)?);
            }
        }
    }
    Ok(replies)
}

fn random_message(random: &mut Rng) -> Vec<u8> {
    let flags = random.choice([0, 2, CHECKSUM_PRESENT, 1 << 20]).unwrap_or(0);
    let mut sections = vec![body(&document(random, 2))];
    for name in ["a", "bb"] {
        if random.u8(..) < 60 {
            let documents: Vec<_> = (0..random.usize(0..3)).map(|_| document(random, 1)).collect();
            sections.insert(random.usize(..=sections.len()), sequence(name, &documents));
        }
    }
    message(flags, &sections.concat())
}

#[test]
fn any_chunking_gives_the_same_messages() {
    let mut random = Rng::with_seed(1);
    for _ in 0..300 {
        let messages: Vec<_> = (0..random.usize(1..6)).map(|_| random_message(&mut random)).collect();
        let stream = messages.concat();
        let mut splitter = FrameSplitter::default();
        let whole = split(&mut splitter, &stream, || usize::MAX).unwrap();
        assert_eq!(whole.len(), messages.len());
        assert_eq!(split(&mut splitter, &stream, || 1).unwrap(), whole);
        for longest in [3, 20, 30, 200] {
            let pieces = split(&mut splitter, &stream, || random.usize(1..=longest)).unwrap();
            assert_eq!(pieces, whole);
        }
        assert!(splitter.is_idle());
        assert_eq!(splitter.memory(), 0);
    }
}

#[test]
fn memory_follows_the_bytes_that_came() {
    let text = "x".repeat(3_000_000);
    let bytes = message(0, &body(&doc! { "text": &text }));
    let mut splitter = FrameSplitter::default();
    let mut fed = 0;
    for piece in bytes[..bytes.len() - 1].chunks(40_000) {
        assert!(splitter.feed(piece).unwrap().1.is_none());
        fed += piece.len();
        assert!(!splitter.is_idle());
        assert!(splitter.memory() <= (2 * fed).max(64 * 1024), "{} for {fed}", splitter.memory());
    }
    let (_, message) = splitter.feed(&bytes[bytes.len() - 1..]).unwrap();
    let Payload::Document(document) = message.unwrap().payload else { panic!("one document") };
    assert_eq!((document.len(), document.capacity()), (bytes.len() - 21, bytes.len() - 21));
    assert_eq!(splitter.memory(), 0);
}

#[test]
fn an_announced_length_alone_costs_little() {
    let mut splitter = FrameSplitter::default();
    let mut bytes = message(0, &body(&doc! {}));
    bytes[..4].copy_from_slice(&48_000_000_i32.to_le_bytes());
    bytes[21..25].copy_from_slice(&(48_000_000_i32 - 21).to_le_bytes());
    assert!(splitter.feed(&bytes).unwrap().1.is_none());
    assert_eq!(splitter.memory(), 64 * 1024);
}

#[test]
fn a_bad_header_is_refused_before_more_is_awaited() {
    use ProtocolError as E;
    let good = message(0, &body(&doc! {}));
    let with = |at: usize, number: i32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    let feed = |bytes: &[u8]| FrameSplitter::new(1000).feed(bytes).map(|_| ());
    for length in [0, -1, 16, 25, 1001, i32::MIN, i32::MAX] {
        assert_eq!(feed(&with(0, length)[..16]), Err(E::MessageLength { length, max: 1000 }));
    }
    assert_eq!(feed(&with(0, 1000)[..16]), Ok(()));
    assert_eq!(feed(&with(12, 1)[..16]), Err(E::OpCode { seen: 1 }));
    assert_eq!(feed(&with(12, 2012)[..16]), Err(E::NotNegotiated));
    assert_eq!(feed(&with(16, 4)[..20]), Err(E::RequiredFlags { bits: 4 }));
    assert!(matches!(feed(&with(21, 6)[..25]), Err(E::Length { length: 6, room: 5, .. })));
    assert!(matches!(feed(&with(21, 4)[..25]), Err(E::Length { length: 4, .. })));
    let mut kind = good.clone();
    kind[20] = 3;
    assert_eq!(feed(&kind[..25]), Err(E::SectionKind { seen: 3 }));
    let text = feed(&with(0, 1001)).unwrap_err().to_string();
    assert_eq!(text, "a message announces 1001 bytes, but messages here have between 26 and 1000");
}

#[test]
fn an_error_stays() {
    let mut splitter = FrameSplitter::default();
    let good = message(0, &body(&doc! {}));
    let mut bad = good.clone();
    bad[12] = 0;
    let error = splitter.feed(&bad).unwrap_err();
    assert_eq!(splitter.feed(&good).unwrap_err(), error);
}

#[test]
fn the_limit_can_be_set_for_the_messages_that_follow() {
    let bytes = message(0, &body(&doc! { "text": "x".repeat(100) }));
    let mut splitter = FrameSplitter::default();
    assert!(splitter.feed(&bytes).unwrap().1.is_some());
    splitter.set_max_message_size(100);
    assert!(matches!(splitter.feed(&bytes), Err(ProtocolError::MessageLength { max: 100, .. })));
}

#[test]
fn damaged_streams_end_in_an_error_or_a_message_and_never_in_a_panic() {
    let mut random = Rng::with_seed(2);
    let (mut refused, mut passed) = (0, 0);
    for _ in 0..50_000 {
        let mut stream = random_message(&mut random);
        for _ in 0..random.usize(1..4) {
            // Most of the structure is at the front.
            let end = if random.bool() { stream.len().min(40) } else { stream.len() };
            let at = random.usize(..end);
            let any = random.u8(..);
            stream[at] = random.choice([0, 1, 0x7f, 0x80, 0xff, any]).unwrap_or(0);
        }
        stream.truncate(stream.len() - random.usize(..3).saturating_sub(1));
        let size = random.usize(1..100);
        let mut splitter = FrameSplitter::new(100_000);
        match split(&mut splitter, &stream, || size) {
            Ok(_) => passed += 1,
            Err(_) => refused += 1,
        }
        assert!(splitter.memory() <= 64 * 1024);
    }
    assert!(refused > 5_000 && passed > 5_000, "{refused} {passed}");
}
