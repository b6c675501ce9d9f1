//! A request on its way out: `[head | envelope | sections]`.
//!
//! The caller writes *head* (header, flags and the command's own elements) and
//! *sections* (document sequences) on its own thread, before it has a socket. The
//! *envelope*, what is known only once a socket was taken (session, cluster time, the
//! time left), is sealed in by whoever takes the frame. Sealing appends to the room that
//! the builder reserved behind the head, so it moves nothing. Compression comes after that:
//! the compressed form stands beside the other one, which events and repeats still need.

use std::io::IoSlice;

use bson::{RawDocument, RawDocumentBuf};
use zeroize::Zeroize;

use super::element::ElementWriter;
use super::header::Header;
use super::op_compressed::{self, Packing, Press};

/// Header, flag bits and the kind byte of the first section.
const PREFIX: usize = 16 + 4 + 1;
/// Room for `lsid`, `txnNumber`, `maxTimeMS`, `$clusterTime` and the closing zero.
const ENVELOPE_ROOM: usize = 256;
/// The opcode of OP_MSG.
pub const OP_MSG: i32 = 2013;

/// The sender wants no answer (unacknowledged writes).
pub const MORE_TO_COME: u32 = 1 << 1;
/// The sender takes several answers to this one request.
pub const EXHAUST_ALLOWED: u32 = 1 << 16;

/// A request without its envelope, or with it once sealed.
#[derive(Debug, Default, Clone)]
pub struct Frame {
    head: Vec<u8>,
    /// Length of the head before an envelope was appended.
    open_len: usize,
    sections: Vec<u8>,
    request_id: i32,
    /// The whole message compressed, if it goes out so; else empty.
    packed: Vec<u8>,
}

impl Frame {
    /// Bytes of the message as it is without compression; what queue limits count.
    pub fn len(&self) -> usize {
        self.head.len() + self.sections.len()
    }

    /// Whether the frame was taken out and this is what was left in its place.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// The id that the reply's `responseTo` must name.
    pub fn request_id(&self) -> i32 {
        self.request_id
    }

    /// Whether the server will not answer (the `moreToCome` flag is set).
    pub fn expects_no_reply(&self) -> bool {
        self.head.get(16).is_some_and(|flags| u32::from(*flags) & MORE_TO_COME != 0)
    }

    /// Whether the server may answer more than once (the `exhaustAllowed` flag is set).
    pub fn takes_stream(&self) -> bool {
        self.head.get(18).is_some_and(|flags| u32::from(*flags) & (EXHAUST_ALLOWED >> 16) != 0)
    }

    /// Appends the envelope that `write` makes, and patches both lengths. Any envelope of
    /// an earlier attempt is dropped first, and so is its compressed form.
    pub fn seal(&mut self, request_id: i32, write: impl FnOnce(&mut ElementWriter<'_>)) {
        self.packed = Vec::new();
        self.head.truncate(self.open_len);
        write(&mut ElementWriter::new(&mut self.head));
        self.head.push(0);
        let document = (self.head.len() - PREFIX) as i32;
        self.head[PREFIX..PREFIX + 4].copy_from_slice(&document.to_le_bytes());
        let message = self.len() as i32;
        self.head[..4].copy_from_slice(&message.to_le_bytes());
        self.number(request_id);
    }

    /// Gives a sealed frame another number; what is compressed of it stays so.
    pub fn number(&mut self, request_id: i32) {
        self.request_id = request_id;
        for bytes in [&mut self.head, &mut self.packed] {
            if let Some(place) = bytes.get_mut(4..8) {
                place.copy_from_slice(&request_id.to_le_bytes());
            }
        }
    }

    /// Compresses the sealed frame, if its command may be. It goes out as it is if it would
    /// be more than `max_message` bytes otherwise.
    pub fn pack(&mut self, packing: Packing, max_message: usize, press: &mut Press) {
        if !op_compressed::may_compress(self.command_name()) {
            return;
        }
        let content = [self.head.get(Header::LEN..).unwrap_or_default(), self.sections.as_slice()];
        let size = content[0].len() + content[1].len();
        let mut packed = press.buffer();
        packed.extend_from_slice(&op_compressed::prefix(self.request_id, size, packing.compressor));
        if let Err(why) = press.compress(packing, content, &mut packed) {
            tracing::error!(target: "actix_mongo::connection", "a message could not be compressed: {why}");
            return;
        }
        if packed.len() > max_message {
            return press.keep(packed);
        }
        let length = packed.len() as i32;
        packed[..4].copy_from_slice(&length.to_le_bytes());
        self.packed = packed;
    }

    /// Whether it goes out compressed.
    pub fn is_packed(&self) -> bool {
        !self.packed.is_empty()
    }

    /// The compressed form, which is no longer needed once it is written. From then on this
    /// must not be written again.
    pub fn unpack(&mut self) -> Option<Vec<u8>> {
        self.is_packed().then(|| std::mem::take(&mut self.packed))
    }

    /// Overwrites what it holds; nothing is left of it.
    pub fn wipe(&mut self) {
        self.head.zeroize();
        self.sections.zeroize();
        self.packed.zeroize();
        self.open_len = 0;
    }

    /// The sealed frame as the two slices a vectored write takes.
    pub fn slices(&self) -> [IoSlice<'_>; 2] {
        self.parts().map(IoSlice::new)
    }

    /// What goes out, in two parts; the second may be empty.
    pub fn parts(&self) -> [&[u8]; 2] {
        if self.is_packed() { [&self.packed, &[]] } else { [&self.head, &self.sections] }
    }

    /// Bytes that go out.
    pub fn written_len(&self) -> usize {
        if self.is_packed() { self.packed.len() } else { self.len() }
    }

    /// The command as it was last sealed, with its document sequences as arrays. `None` if
    /// it is none.
    pub fn whole_command(&self) -> Option<RawDocumentBuf> {
        let mut whole = Vec::with_capacity(self.len());
        whole.extend_from_slice(self.command());
        // Its closing zero comes again at the end.
        whole.pop();
        let mut sections = self.sections.as_slice();
        while let [1, rest @ ..] = sections {
            let (size, _) = rest.split_first_chunk()?;
            let (section, after) = rest.split_at_checked(usize::try_from(i32::from_le_bytes(*size)).ok()?)?;
            let (identifier, documents) =
                section.get(4..)?.split_at_checked(section.get(4..)?.iter().position(|byte| *byte == 0)?)?;
            let mut elements = ElementWriter::new(&mut whole);
            elements.array_with(std::str::from_utf8(identifier).ok()?, |list| {
                for (index, document) in documents_of(documents.get(1..).unwrap_or_default()).enumerate() {
                    list.document(&index.to_string(), document);
                }
            });
            sections = after;
        }
        whole.push(0);
        let length = i32::try_from(whole.len()).ok()?;
        whole.get_mut(..4)?.copy_from_slice(&length.to_le_bytes());
        RawDocumentBuf::from_bytes(whole).ok()
    }

    /// The command document as it was last sealed (kind 0 section only).
    pub fn command(&self) -> &[u8] {
        self.head.get(PREFIX..).unwrap_or_default()
    }

    /// The command's name, as its key.
    fn command_name(&self) -> &[u8] {
        // The document's length, and the type of its first element.
        let name = self.command().get(5..).unwrap_or_default();
        name.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// The documents of a sequence, one behind the other.
fn documents_of(mut bytes: &[u8]) -> impl Iterator<Item = &RawDocument> {
    std::iter::from_fn(move || {
        let (size, _) = bytes.split_first_chunk()?;
        let (document, rest) = bytes.split_at_checked(usize::try_from(i32::from_le_bytes(*size)).ok()?)?;
        bytes = rest;
        RawDocument::from_bytes(document).ok()
    })
}

/// Writes a [`Frame`].
#[derive(Debug)]
pub struct FrameBuilder {
    head: Vec<u8>,
    sections: Vec<u8>,
}

impl FrameBuilder {
    /// Starts a command whose elements are likely to need `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        let mut head = Vec::with_capacity(PREFIX + 4 + capacity + ENVELOPE_ROOM);
        head.extend_from_slice(&[0; 12]);
        head.extend_from_slice(&OP_MSG.to_le_bytes());
        head.extend_from_slice(&[0; 4 + 1 + 4]);
        Self { head, sections: Vec::new() }
    }

    /// Sets flag bits ([`MORE_TO_COME`], [`EXHAUST_ALLOWED`]).
    pub fn set_flags(&mut self, flags: u32) {
        let flags = flags | u32::from_le_bytes([self.head[16], self.head[17], self.head[18], self.head[19]]);
        self.head[16..20].copy_from_slice(&flags.to_le_bytes());
    }

    /// The command's elements; the command's name must come first.
    pub fn elements(&mut self) -> ElementWriter<'_> {
        ElementWriter::new(&mut self.head)
    }

    /// Appends a document sequence: `write` puts whole BSON documents behind each other.
    pub fn sequence(&mut self, identifier: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.sections.push(1);
        let start = self.sections.len();
        self.sections.extend_from_slice(&[0; 4]);
        self.sections.extend_from_slice(identifier.as_bytes());
        self.sections.push(0);
        write(&mut self.sections);
        let size = (self.sections.len() - start) as i32;
        self.sections[start..start + 4].copy_from_slice(&size.to_le_bytes());
    }

    /// The finished frame, still without envelope.
    pub fn finish(self) -> Frame {
        let Self { head, sections } = self;
        Frame { open_len: head.len(), head, sections, request_id: 0, packed: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use bson::{doc, rawdoc};

    use super::*;

    #[test]
    fn the_whole_command_has_its_sequences_as_arrays() {
        let mut builder = FrameBuilder::new(16);
        builder.elements().str("insert", "c").str("$db", "d");
        let documents = [rawdoc! { "a": 1 }, rawdoc! { "b": "x" }];
        builder.sequence("documents", |list| {
            documents.iter().for_each(|document| list.extend_from_slice(document.as_bytes()));
        });
        builder.sequence("none", |_| {});
        let mut frame = builder.finish();
        frame.seal(7, |envelope| {
            envelope.i64("txnNumber", 1);
        });
        let expected = doc! {
            "insert": "c", "$db": "d", "txnNumber": 1_i64,
            "documents": [{ "a": 1 }, { "b": "x" }], "none": [],
        };
        let whole = frame.whole_command().unwrap();
        assert_eq!(bson::Document::try_from(whole.as_ref()).unwrap(), expected);
        assert!(Frame::default().whole_command().is_none());
    }
}
