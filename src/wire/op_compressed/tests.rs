use bson::{Document, doc};
use fastrand::Rng;

use super::super::op_msg::{CHECKSUM_PRESENT, Payload, Reply};
use super::super::samples::{body, message, sequence};
use super::super::splitting::FrameSplitter;
use super::*;
use crate::wire::{Frame, FrameBuilder};

const MAX: usize = 100_000;

fn accepting(compressors: &[Compressor]) -> FrameSplitter {
    FrameSplitter::new(MAX).accepting(Offer::new(compressors.iter().copied()).accepted())
}

/// A message as it is, wrapped: with the compressor's number and bytes made by hand.
fn wrapped(message: &[u8], id: u8, compressed: &[u8]) -> Vec<u8> {
    let mut bytes = message[..16].to_vec();
    bytes[12..16].copy_from_slice(&Header::OP_COMPRESSED.to_le_bytes());
    bytes.extend_from_slice(&message[12..16]);
    bytes.extend_from_slice(&(message.len() as i32 - 16).to_le_bytes());
    bytes.push(id);
    bytes.extend_from_slice(compressed);
    let length = bytes.len() as i32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn compressed(message: &[u8], compressor: Compressor) -> Vec<u8> {
    let mut output = Vec::new();
    let packing = Packing { compressor, zlib_level: -1 };
    Press::default().compress(packing, [&message[16..], &[]], &mut output).unwrap();
    output
}

fn packed(message: &[u8], compressor: Compressor) -> Vec<u8> {
    wrapped(message, compressor.id(), &compressed(message, compressor))
}

fn read(splitter: &mut FrameSplitter, bytes: &[u8]) -> Result<Option<Reply>, ProtocolError> {
    let (taken, message) = splitter.feed(bytes)?;
    assert!(message.is_some() || taken == bytes.len());
    message.map(Reply::parse).transpose()
}

fn refused(bytes: &[u8]) -> ProtocolError {
    let whole = read(&mut accepting(&Compressor::ALL), bytes).unwrap_err();
    let mut splitter = accepting(&Compressor::ALL);
    let single = bytes.iter().find_map(|byte| read(&mut splitter, &[*byte]).err());
    assert_eq!(single, Some(whole.clone()), "byte by byte");
    whole
}

fn sample() -> Vec<u8> {
    message(0, &body(&doc! { "ok": 1, "text": "once more ".repeat(100) }))
}

#[test]
fn what_is_packed_is_read_back_however_it_comes() {
    let sections = [sequence("a", &[doc! { "x": 1 }]), body(&doc! { "ok": 1, "text": "y".repeat(500) })];
    let checked = message(CHECKSUM_PRESENT, &sections.concat());
    for plain in [sample(), checked, message(2, &body(&doc! {}))] {
        let expected = read(&mut FrameSplitter::default(), &plain).unwrap();
        for compressor in Compressor::ALL {
            let bytes = packed(&plain, compressor);
            let mut splitter = accepting(&[compressor]);
            assert_eq!(read(&mut splitter, &bytes).unwrap(), expected, "{compressor:?}");
            assert!(splitter.is_idle());
            for size in [1, 7, 25, 26] {
                let found = bytes.chunks(size).find_map(|piece| read(&mut splitter, piece).unwrap());
                assert_eq!(found, expected, "{compressor:?} in pieces of {size}");
                assert_eq!((splitter.is_idle(), splitter.memory()), (true, 0));
            }
        }
    }
}

#[test]
fn messages_of_both_kinds_may_follow_each_other() {
    let plain = sample();
    let noop = wrapped(&plain, 0, &plain[16..]);
    let all = [
        packed(&plain, Compressor::Zlib),
        plain.clone(),
        noop,
        packed(&plain, Compressor::Snappy),
        packed(&plain, Compressor::Zstd),
        plain.clone(),
    ]
    .concat();
    let expected = read(&mut FrameSplitter::default(), &plain).unwrap();
    let mut splitter = accepting(&Compressor::ALL);
    let (mut rest, mut found) = (all.as_slice(), 0);
    while !rest.is_empty() {
        let (taken, message) = splitter.feed(rest).unwrap();
        rest = &rest[taken..];
        assert_eq!(message.map(|message| Reply::parse(message).unwrap()), expected);
        found += 1;
    }
    assert_eq!(found, 6);
}

#[test]
fn the_inflated_document_is_taken_over() {
    let (_, message) = accepting(&Compressor::ALL).feed(&packed(&sample(), Compressor::Zstd)).unwrap();
    let message = message.unwrap();
    assert!(matches!(message.payload, Payload::Document(_)));
    assert_eq!(message.header, Header::read(sample().first_chunk().unwrap()));
}

#[test]
fn what_was_not_offered_is_refused() {
    let bytes = packed(&sample(), Compressor::Zlib);
    let others = accepting(&[Compressor::Snappy, Compressor::Zstd]).feed(&bytes).unwrap_err();
    assert_eq!(others, ProtocolError::CompressorId { id: 2 });
    assert_eq!(FrameSplitter::new(MAX).feed(&bytes).unwrap_err(), ProtocolError::NotNegotiated);
    for id in [4, 9, 255] {
        assert_eq!(refused(&wrapped(&sample(), id, &[1; 40])), ProtocolError::CompressorId { id });
    }
}

#[test]
fn a_wrapped_message_must_be_an_op_msg() {
    for seen in [Header::OP_COMPRESSED, 1, 2004, 0] {
        let mut bytes = packed(&sample(), Compressor::Zlib);
        bytes[16..20].copy_from_slice(&seen.to_le_bytes());
        assert_eq!(refused(&bytes), ProtocolError::WrappedOpCode { seen });
    }
}

#[test]
fn the_announced_size_is_judged_before_anything_is_inflated() {
    for size in [0, -1, 9, MAX as i32 - 15, i32::MAX, i32::MIN] {
        let mut bytes = packed(&sample(), Compressor::Snappy);
        bytes[20..24].copy_from_slice(&size.to_le_bytes());
        assert_eq!(refused(&bytes), ProtocolError::InflatedSize { size, least: 10, max: MAX - 16 });
        // The first 24 bytes are enough.
        assert!(accepting(&Compressor::ALL).feed(&bytes[..24]).is_err());
    }
    for length in [0, 25, MAX as i32 + 1] {
        let mut bytes = packed(&sample(), Compressor::Zstd);
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(refused(&bytes), ProtocolError::MessageLength { length, max: MAX });
    }
}

#[test]
fn content_of_another_size_than_announced_is_refused() {
    let plain = sample();
    let real = plain.len() as i32 - 16;
    for compressor in Compressor::ALL {
        for size in [real - 1, real + 1, real / 2, MAX as i32 - 16] {
            let mut bytes = packed(&plain, compressor);
            bytes[20..24].copy_from_slice(&size.to_le_bytes());
            let error = refused(&bytes);
            let ProtocolError::Inflate { compressor: name, size: seen, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!((*name, *seen), (compressor.name(), size as usize));
        }
    }
    let mut noop = wrapped(&plain, 0, &plain[16..]);
    noop[20..24].copy_from_slice(&(real - 1).to_le_bytes());
    assert!(matches!(refused(&noop), ProtocolError::Inflate { compressor: "noop", .. }));
}

/// Ten megabytes of one byte, that pretend to be 500.
#[test]
fn a_bomb_goes_no_further_than_it_announces() {
    let bomb = [&message(0, &body(&doc! { "text": "" }))[..], &vec![0; 10_000_000]].concat();
    for compressor in Compressor::ALL {
        let content = compressed(&bomb, compressor);
        let mut bytes = wrapped(&bomb, compressor.id(), &content);
        bytes[20..24].copy_from_slice(&500_i32.to_le_bytes());
        let error = FrameSplitter::default()
            .accepting(Offer::new(Compressor::ALL).accepted())
            .feed(&bytes)
            .unwrap_err();
        assert!(matches!(error, ProtocolError::Inflate { size: 500, .. }), "{error}");
    }
}

#[test]
fn what_is_cut_off_or_damaged_is_refused_and_never_panics() {
    let mut random = Rng::with_seed(3);
    let plain = sample();
    for compressor in Compressor::ALL {
        let good = compressed(&plain, compressor);
        for cut in 1..good.len() {
            assert!(matches!(
                refused(&wrapped(&plain, compressor.id(), &good[..cut])),
                ProtocolError::Inflate { .. }
            ));
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert!(read(&mut accepting(&[compressor]), &wrapped(&plain, compressor.id(), &longer)).is_err());
        for _ in 0..2000 {
            let mut bad = good.clone();
            let at = random.usize(..bad.len());
            bad[at] ^= random.u8(1..);
            // Some damage is not found: neither snappy nor zstd has a checksum here.
            let _ = read(&mut accepting(&[compressor]), &wrapped(&plain, compressor.id(), &bad));
        }
    }
}

/// Not even what stands for nothing may follow the content, or stand before it.
#[test]
fn what_is_empty_does_not_count_as_nothing() {
    let plain = sample();
    // A frame of zstd that is to be skipped, with three bytes in it.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for compressor in Compressor::ALL {
        let good = compressed(&plain, compressor);
        let mut empty = Vec::new();
        let packing = Packing { compressor, zlib_level: -1 };
        Press::default().compress(packing, [&[], &[]], &mut empty).unwrap();
        for more in [&empty[..], &skipped, &[0], &good] {
            for content in [[&good, more].concat(), [more, &good].concat()] {
                let bytes = wrapped(&plain, compressor.id(), &content);
                assert!(matches!(refused(&bytes), ProtocolError::Inflate { .. }), "{compressor:?} {more:?}");
            }
        }
    }
}

#[test]
fn inflated_content_is_judged_like_any_other() {
    let unknown_flag = message(4, &body(&doc! {}));
    let bytes = packed(&unknown_flag, Compressor::Zlib);
    assert_eq!(refused(&bytes), ProtocolError::RequiredFlags { bits: 4 });
    let mut uneven = sample();
    uneven[21] ^= 1;
    assert!(matches!(refused(&packed(&uneven, Compressor::Zstd)), ProtocolError::Length { .. }));
}

fn frame(command: &Document, documents: usize) -> Frame {
    let mut builder = FrameBuilder::new(16);
    builder.elements().splice(&bson::RawDocumentBuf::try_from(command).unwrap());
    if documents > 0 {
        builder.sequence("documents", |bytes| {
            for _ in 0..documents {
                bytes.extend_from_slice(&doc! { "text": "abc" }.to_vec().unwrap());
            }
        });
    }
    builder.finish()
}

#[test]
fn a_packed_frame_says_what_the_plain_one_says() {
    for (compressor, zlib_level) in Compressor::ALL.into_iter().flat_map(|it| [(it, -1), (it, 0), (it, 9)]) {
        let packing = Packing { compressor, zlib_level };
        for documents in [0, 1, 200] {
            let mut frame = frame(&doc! { "insert": "c", "$db": "d" }, documents);
            frame.seal(7, |_| {});
            let plain = frame.parts().concat();
            let command = frame.whole_command();
            Press::of_thread(|press| frame.pack(packing, MAX, press));
            assert!(frame.is_packed());
            frame.number(9);
            let bytes = frame.parts().concat();
            assert_eq!(bytes.len(), frame.written_len());
            assert_eq!(bytes.len(), i32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize);
            assert_eq!((frame.len(), frame.whole_command()), (plain.len(), command));
            let read = |bytes: &[u8]| read(&mut accepting(&Compressor::ALL), bytes).unwrap().unwrap();
            let (packed, plain) = (read(&bytes), read(&plain));
            assert_eq!((packed.request_id, plain.request_id), (9, 7));
            assert_eq!((packed.body, packed.sequences), (plain.body, plain.sequences));
            // A new envelope is not that of the compressed form.
            frame.seal(10, |envelope| {
                envelope.i64("txnNumber", 5);
            });
            assert!(!frame.is_packed());
            assert_eq!(read(&frame.parts().concat()).body.get_i64("txnNumber").ok(), Some(5));
        }
    }
}

#[test]
fn commands_with_secrets_stay_as_they_are() {
    let packing = Packing { compressor: Compressor::Zlib, zlib_level: -1 };
    let names = [
        "hello",
        "isMaster",
        "ismaster",
        "saslStart",
        "saslContinue",
        "getnonce",
        "authenticate",
        "createUser",
        "updateUser",
        "copydbSaslStart",
        "copydbgetnonce",
        "copydb",
        "CREATEUSER",
    ];
    for name in names {
        let mut frame = frame(&doc! { name: 1, "pwd": "x", "$db": "admin" }, 0);
        frame.seal(1, |_| {});
        frame.pack(packing, MAX, &mut Press::default());
        assert!(!frame.is_packed(), "{name}");
    }
    for name in ["ping", "find", "hell", "helloo", "usersInfo", "dropUser"] {
        let mut frame = frame(&doc! { name: 1, "$db": "admin" }, 0);
        frame.seal(1, |_| {});
        frame.pack(packing, MAX, &mut Press::default());
        assert!(frame.is_packed(), "{name}");
    }
}

#[test]
fn a_frame_that_would_grow_beyond_the_limit_goes_as_it_is() {
    let mut random = Rng::with_seed(5);
    let noise: String = (0..3000).map(|_| random.char(..)).collect();
    for compressor in Compressor::ALL {
        let mut frame = frame(&doc! { "ping": 1, "noise": &noise }, 0);
        frame.seal(1, |_| {});
        frame.pack(Packing { compressor, zlib_level: 0 }, 1000, &mut Press::default());
        assert!(!frame.is_packed());
    }
}

#[test]
fn the_first_of_ours_that_the_server_has_is_chosen() {
    let offer = Offer::new([Compressor::Zstd, Compressor::Snappy, Compressor::Zstd]);
    assert_eq!(offer.names().collect::<Vec<_>>(), ["zstd", "snappy"]);
    let server = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(offer.choose(&server(&["snappy", "zlib", "zstd"])), Some(Compressor::Zstd));
    assert_eq!(offer.choose(&server(&["zlib", "snappy"])), Some(Compressor::Snappy));
    assert_eq!(offer.choose(&server(&["zlib", "lz4"])), None);
    assert_eq!(offer.choose(&[]), None);
    assert!(Offer::default().accepted().is_none());
    for compressor in Compressor::ALL {
        assert_eq!(Compressor::from_name(compressor.name()), Some(compressor));
        assert_eq!(Compressor::from_id(compressor.id()), Some(compressor));
        assert_eq!(offer.accepted().has(compressor), compressor != Compressor::Zlib);
    }
}

#[test]
fn buffers_are_used_again_and_large_ones_are_not_kept() {
    let mut press = Press::default();
    press.keep(Vec::with_capacity(1000));
    assert!(press.buffer().capacity() >= 1000);
    press.keep(Vec::with_capacity(1_000_000));
    assert_eq!(press.buffer().capacity(), 0);
}

/// Seeds that are all refused would lead no damaged one anywhere.
#[test]
fn the_seeds_of_the_fuzzer_are_messages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/packed");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let (mut rest, mut splitter) = (bytes.as_slice(), accepting(&Compressor::ALL));
        while !rest.is_empty() {
            match splitter.feed(rest) {
                Ok((taken, message)) => {
                    assert!(message.is_some(), "{}", path.display());
                    rest = &rest[taken..];
                }
                Err(error) => {
                    assert!(path.ends_with("bomb"), "{}: {error}", path.display());
                    break;
                }
            }
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}
