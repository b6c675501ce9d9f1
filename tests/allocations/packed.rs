//! What a compressed message costs beside the time: nothing on its way out, once buffers and
//! states are warm, and on its way in the memory of its content.

use actix_mongo::bson::{RawDocumentBuf, rawdoc};
use actix_mongo::wire::{
    Compressor, Frame, FrameBuilder, FrameSplitter, Header, MORE_TO_COME, Offer, Packing, Payload, Press,
};
use allocation_counter::measure;

const MAX: usize = 48_000_000;
const ROUNDS: i32 = 50;

fn packing(compressor: Compressor) -> Packing {
    Packing { compressor, zlib_level: -1 }
}

/// About as long as this, half of which compressing can save.
fn document(bytes: usize) -> RawDocumentBuf {
    let mut random = fastrand::Rng::with_seed(1);
    let text: String = (0..bytes / 2)
        .map(|_| random.alphanumeric())
        .chain("once more ".chars().cycle())
        .take(bytes)
        .collect();
    rawdoc! { "_id": 1, "text": text }
}

fn frame(bytes: usize, documents: usize) -> Frame {
    let mut builder = FrameBuilder::new(64);
    builder.elements().str("insert", "things").str("$db", "allocations");
    let document = document(bytes);
    for _ in 0..documents {
        builder.sequence("documents", |section| section.extend_from_slice(document.as_bytes()));
    }
    builder.finish()
}

/// As a socket does it: sealed, compressed, written, and the buffer kept.
fn send(frame: &mut Frame, compressor: Compressor, press: &mut Press, id: i32) -> usize {
    frame.seal(id, |envelope| {
        envelope.i64("txnNumber", id.into());
    });
    frame.pack(packing(compressor), MAX, press);
    let packed = frame.unpack().expect("it may be compressed");
    let length = packed.len();
    press.keep(packed);
    length
}

#[test]
fn a_message_on_its_way_out_allocates_nothing() {
    for compressor in Compressor::ALL {
        for (bytes, documents) in [(10, 0), (200, 1), (12_000, 1), (3000, 4)] {
            let (mut press, mut frame) = (Press::default(), frame(bytes, documents));
            let plain = frame.len();
            (0..3).for_each(|id| assert_ne!(send(&mut frame, compressor, &mut press, id), 0));
            let mut length = 0;
            let allocated =
                measure(|| (0..ROUNDS).for_each(|id| length = send(&mut frame, compressor, &mut press, id)));
            assert_eq!(allocated.count_total, 0, "{compressor:?} {bytes} {documents}: {allocated:?}");
            assert!(bytes < 1000 || length < plain, "{compressor:?}: {length} of {plain}");
        }
        // The counter counts: what is cold does allocate.
        let mut cold = frame(200, 1);
        let allocated = measure(|| assert_ne!(send(&mut cold, compressor, &mut Press::default(), 1), 0));
        assert_ne!(allocated.count_total, 0, "{compressor:?}");
    }
}

/// A large one is compressed on its caller's thread, with a state of its own.
#[test]
fn a_large_message_allocates_a_state_and_its_buffers() {
    for compressor in Compressor::ALL {
        let mut frame = frame(1 << 20, 2);
        send(&mut frame, compressor, &mut Press::default(), 1);
        let allocated = measure(|| assert_ne!(send(&mut frame, compressor, &mut Press::default(), 1), 0));
        assert!(allocated.count_total <= 20, "{compressor:?}: {allocated:?}");
    }
}

/// A reply of one section, as it comes.
fn reply(compressor: Compressor, bytes: usize) -> Vec<u8> {
    let mut builder = FrameBuilder::new(64);
    builder.set_flags(MORE_TO_COME);
    builder.elements().splice(&document(bytes));
    let mut frame = builder.finish();
    frame.seal(7, |_| {});
    frame.pack(packing(compressor), MAX, &mut Press::default());
    assert!(frame.is_packed());
    frame.parts().concat()
}

#[test]
fn a_message_on_its_way_in_allocates_its_content() {
    for compressor in Compressor::ALL {
        for bytes in [100, 12_000, 300_000] {
            let reply = reply(compressor, bytes);
            let header = Header::read(reply.first_chunk().expect("a header"));
            assert_eq!(header.op_code, Header::OP_COMPRESSED);
            let mut splitter = FrameSplitter::new(MAX).accepting(Offer::new(Compressor::ALL).accepted());
            // In one piece, and in two: what has come of it must wait somewhere, and there is no room
            // set aside for more than 64 KiB that has not come.
            let in_two = if reply.len() > 64 * 1024 { 3 } else { 2 };
            for (cut, most) in [(reply.len(), 1), (reply.len() / 2, in_two)] {
                let mut read = || {
                    let (taken, message) = splitter.feed(&reply[..cut]).expect("it is sound");
                    let message = message.or_else(|| splitter.feed(&reply[taken..]).expect("it is sound").1);
                    message.expect("it is whole").payload
                };
                assert!(matches!(read(), Payload::Document(content) if content.len() > bytes));
                let allocated = measure(|| (0..ROUNDS).for_each(|_| drop(read())));
                let most = most * u64::from(ROUNDS.unsigned_abs());
                assert!(allocated.count_total <= most, "{compressor:?} {bytes} {cut}: {allocated:?}");
                assert_ne!(allocated.count_total, 0);
            }
        }
    }
}
