//! Replies: from the bytes of one whole message to its document and sequences.
//!
//! Documents are checked for their frame only, length and closing zero; whoever reads
//! their elements checks those.

use bson::RawDocumentBuf;

use super::checksum;
use super::frame::{MORE_TO_COME, OP_MSG};
use super::header::Header;
use super::protocol_error::ProtocolError;

/// Header and flag bits, which every message begins with.
pub const FIXED: usize = Header::LEN + 4;
const THE_DOCUMENT: &str = "the document";
/// The empty document.
const SHORTEST_DOCUMENT: usize = 5;
/// A message of one section with the empty document.
pub const SHORTEST: usize = FIXED + 1 + SHORTEST_DOCUMENT;

/// The message ends with a checksum.
pub const CHECKSUM_PRESENT: u32 = 1;
/// Bits that a receiver must know or refuse.
const REQUIRED: u32 = 0xffff;

/// A whole message as it was split off the stream, its sections not yet looked into.
#[derive(Debug)]
pub struct RawMessage {
    /// Its header, with the opcode OP_MSG.
    pub header: Header,
    /// Its flag bits; all required ones are known.
    pub flags: u32,
    /// The rest.
    pub payload: Payload,
}

/// What follows a message's flag bits.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload {
    /// One section of kind 0 and no checksum: its document, from first byte to last.
    Document(Vec<u8>),
    /// Anything else, from the first section's kind byte on.
    Sections(Vec<u8>),
}

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The server's number for it, which the next reply of an exhaust names.
    pub request_id: i32,
    /// The request that it answers.
    pub response_to: i32,
    /// The flag bits.
    pub flags: u32,
    /// The document of the section of kind 0.
    pub body: RawDocumentBuf,
    /// The sections of kind 1: identifier, and documents behind each other.
    pub sequences: Vec<(String, Vec<u8>)>,
}

impl RawMessage {
    /// The message that a compressed one stands for; `content` is all that follows its header.
    pub fn of_content(header: Header, mut content: Vec<u8>) -> Result<Self, ProtocolError> {
        let &[a, b, c, d, kind, e, f, g, h, ..] = content.as_slice() else {
            let (length, max) = (header.message_length, content.len() + Header::LEN);
            return Err(ProtocolError::MessageLength { length, max });
        };
        let flags = u32::from_le_bytes([a, b, c, d]);
        check_flags(flags)?;
        let lone_document = is_lone_document(flags, kind, [e, f, g, h], content.len() - 5)?;
        content.drain(..4 + usize::from(lone_document));
        let payload = if lone_document { Payload::Document(content) } else { Payload::Sections(content) };
        Ok(Self { header, flags, payload })
    }
}

impl Reply {
    /// Looks into a message. The usual one is taken over without a copy.
    pub fn parse(message: RawMessage) -> Result<Self, ProtocolError> {
        let RawMessage { header, flags, payload } = message;
        check_header(&header, header.message_length as usize)?;
        check_flags(flags)?;
        let (body, sequences) = match payload {
            Payload::Document(bytes) => (document(bytes)?, Vec::new()),
            Payload::Sections(bytes) => {
                let mut sections = bytes.as_slice();
                if flags & CHECKSUM_PRESENT != 0 {
                    sections = checksum::verify(&header, flags, sections)?;
                }
                read_sections(sections)?
            }
        };
        Ok(Self { request_id: header.request_id, response_to: header.response_to, flags, body, sequences })
    }

    /// Parses what follows a header: flag bits, sections and perhaps a checksum.
    pub fn from_payload(header: Header, payload: &[u8]) -> Result<Self, ProtocolError> {
        let Some((flags, sections)) = payload.split_first_chunk::<4>() else {
            return Err(ProtocolError::Length {
                what: "the message",
                length: i64::from(header.message_length),
                room: payload.len(),
                least: SHORTEST - Header::LEN,
            });
        };
        let payload = Payload::Sections(sections.to_vec());
        Self::parse(RawMessage { header, flags: u32::from_le_bytes(*flags), payload })
    }

    /// The server will send another reply without being asked.
    pub fn more_to_come(&self) -> bool {
        self.flags & MORE_TO_COME != 0
    }
}

/// Whether a header promises a message that may be read.
pub fn check_header(header: &Header, max: usize) -> Result<(), ProtocolError> {
    match header.op_code {
        OP_MSG => {}
        Header::OP_COMPRESSED => return Err(ProtocolError::NotNegotiated),
        seen => return Err(ProtocolError::OpCode { seen }),
    }
    check_length(header, max)
}

/// The same of its length alone.
pub fn check_length(header: &Header, max: usize) -> Result<(), ProtocolError> {
    let length = header.message_length;
    match usize::try_from(length) {
        Ok(bytes) if (SHORTEST..=max).contains(&bytes) => Ok(()),
        _ => Err(ProtocolError::MessageLength { length, max }),
    }
}

/// Whether all required flag bits are known. Unknown optional ones mean nothing.
pub fn check_flags(flags: u32) -> Result<(), ProtocolError> {
    let bits = flags & REQUIRED & !(CHECKSUM_PRESENT | MORE_TO_COME);
    if bits == 0 { Ok(()) } else { Err(ProtocolError::RequiredFlags { bits }) }
}

/// Whether the message consists of one document alone, told by the first section's kind
/// byte and the four bytes after it; `room` is what follows the kind byte. What can't be
/// a message is refused here, before memory is set aside for it.
pub fn is_lone_document(flags: u32, kind: u8, first: [u8; 4], room: usize) -> Result<bool, ProtocolError> {
    match kind {
        0 => {
            let checksum = if flags & CHECKSUM_PRESENT == 0 { 0 } else { checksum::LEN };
            let room = room.saturating_sub(checksum);
            let length = length_of(THE_DOCUMENT, first, room, SHORTEST_DOCUMENT)?;
            Ok(length == room && checksum == 0)
        }
        1 => Ok(false),
        seen => Err(ProtocolError::SectionKind { seen }),
    }
}

fn document(bytes: Vec<u8>) -> Result<RawDocumentBuf, ProtocolError> {
    let (length, room) = (check_document(THE_DOCUMENT, &bytes)?, bytes.len());
    let uneven = ProtocolError::Length { what: THE_DOCUMENT, length: length as i64, room, least: room };
    if length == room { RawDocumentBuf::from_bytes(bytes).map_err(|_| uneven) } else { Err(uneven) }
}

/// The length of the document that `bytes` start with, if its frame is sound.
fn check_document(what: &'static str, bytes: &[u8]) -> Result<usize, ProtocolError> {
    let first = first_four(what, bytes, SHORTEST_DOCUMENT)?;
    let length = length_of(what, first, bytes.len(), SHORTEST_DOCUMENT)?;
    match bytes[length - 1] {
        0 => Ok(length),
        last => Err(ProtocolError::Unterminated { length, last }),
    }
}

fn first_four(what: &'static str, bytes: &[u8], least: usize) -> Result<[u8; 4], ProtocolError> {
    let short = ProtocolError::Length { what, length: bytes.len() as i64, room: bytes.len(), least };
    bytes.first_chunk().copied().ok_or(short)
}

fn length_of(what: &'static str, first: [u8; 4], room: usize, least: usize) -> Result<usize, ProtocolError> {
    let length = i32::from_le_bytes(first);
    match usize::try_from(length) {
        Ok(bytes) if (least..=room).contains(&bytes) => Ok(bytes),
        _ => Err(ProtocolError::Length { what, length: i64::from(length), room, least }),
    }
}

type Sections = (RawDocumentBuf, Vec<(String, Vec<u8>)>);

fn read_sections(mut rest: &[u8]) -> Result<Sections, ProtocolError> {
    let mut body = None;
    let mut sequences: Vec<(String, Vec<u8>)> = Vec::new();
    while let Some((&kind, section)) = rest.split_first() {
        rest = match kind {
            0 => {
                let (bytes, after) = section.split_at(check_document(THE_DOCUMENT, section)?);
                if body.is_some() {
                    return Err(ProtocolError::SecondBody);
                }
                body = Some(document(bytes.to_vec())?);
                after
            }
            1 => {
                let first = first_four("a document sequence", section, 5)?;
                let length = length_of("a document sequence", first, section.len(), 5)?;
                let (section, after) = section.split_at(length);
                let (identifier, documents) = read_sequence(&section[4..])?;
                if sequences.iter().any(|(other, _)| *other == identifier) {
                    return Err(ProtocolError::DuplicateSequence { identifier });
                }
                sequences.push((identifier, documents.to_vec()));
                after
            }
            seen => return Err(ProtocolError::SectionKind { seen }),
        };
    }
    Ok((body.ok_or(ProtocolError::NoBody)?, sequences))
}

fn read_sequence(bytes: &[u8]) -> Result<(String, &[u8]), ProtocolError> {
    let end = bytes.iter().position(|b| *b == 0).ok_or(ProtocolError::SequenceIdentifier)?;
    let identifier = std::str::from_utf8(&bytes[..end]).map_err(|_| ProtocolError::SequenceIdentifier)?;
    let documents = &bytes[end + 1..];
    let mut rest = documents;
    while !rest.is_empty() {
        rest = &rest[check_document("a document of a sequence", rest)?..];
    }
    Ok((identifier.to_owned(), documents))
}

#[cfg(test)]
mod tests;
