//! What a server can do wrong on the wire. Any of these ends the socket it came over, and
//! nothing else.

use super::header::Header;
use super::op_msg::SHORTEST;
use crate::error::{Error, Kind};

/// Bytes that are no OP_MSG reply, and what was expected in their place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The header's `messageLength` is out of bounds.
    #[error("a message announces {length} bytes, but messages here have between {SHORTEST} and {max}")]
    MessageLength {
        /// As the header has it.
        length: i32,
        /// The most that this socket takes.
        max: usize,
    },
    /// The header's `opCode` is not OP_MSG.
    #[error("a message has opcode {seen}, but only OP_MSG ({}) was expected", Header::OP_MSG)]
    OpCode {
        /// As the header has it.
        seen: i32,
    },
    /// OP_COMPRESSED on a socket without a compressor.
    #[error("a message is compressed (opcode {}), but no compressor was negotiated", Header::OP_COMPRESSED)]
    NotNegotiated,
    /// A compressed message wraps something other than an OP_MSG.
    #[error("a compressed message wraps opcode {seen}, but only OP_MSG ({}) was expected", Header::OP_MSG)]
    WrappedOpCode {
        /// As the message has it.
        seen: i32,
    },
    /// The `uncompressedSize` of a compressed message is out of bounds.
    #[error(
        "a compressed message announces content of {size} bytes, but here it has between {least} and {max}"
    )]
    InflatedSize {
        /// As the message has it.
        size: i32,
        /// The least that a message has.
        least: usize,
        /// The most that this socket takes.
        max: usize,
    },
    /// A compressed message with a compressor that was not offered to the server.
    #[error("a message is compressed with compressor {id}, which was not offered")]
    CompressorId {
        /// Its number.
        id: u8,
    },
    /// A compressed message that does not become what it announces.
    #[error(
        "a message compressed with {compressor} does not inflate to the {size} bytes that it announces: {why}"
    )]
    Inflate {
        /// The compressor's name.
        compressor: &'static str,
        /// As the message has it.
        size: usize,
        /// What is wrong.
        why: String,
    },
    /// A bit among the low 16 that has no meaning known here.
    #[error("a message sets the required flag bits {bits:#06x}; only 0 and 1 (0x0003) are known")]
    RequiredFlags {
        /// The unknown bits.
        bits: u32,
    },
    /// A section of a kind that is neither 0 nor 1.
    #[error("a message has a section of kind {seen}; only 0 (document) and 1 (sequence) are known")]
    SectionKind {
        /// The kind byte.
        seen: u8,
    },
    /// No section of kind 0.
    #[error("a message has no section of kind 0, where exactly one was expected")]
    NoBody,
    /// More than one section of kind 0.
    #[error("a message has a second section of kind 0, where exactly one was expected")]
    SecondBody,
    /// Two document sequences with one name.
    #[error("a message has two document sequences named `{identifier}`, which must be unique")]
    DuplicateSequence {
        /// The name.
        identifier: String,
    },
    /// A document sequence whose name has no end, or is not UTF-8.
    #[error("the identifier of a document sequence is not a UTF-8 string that ends with a zero byte")]
    SequenceIdentifier,
    /// A length field, of a document or section, that contradicts what surrounds it.
    #[error("{what} announces {length} bytes where {room} are left and at least {least} are needed")]
    Length {
        /// What has the length.
        what: &'static str,
        /// As it says.
        length: i64,
        /// The bytes left in what surrounds it.
        room: usize,
        /// The smallest sound length.
        least: usize,
    },
    /// A document without its closing zero.
    #[error("a document of {length} bytes ends with {last:#04x} instead of a zero byte")]
    Unterminated {
        /// The document's length.
        length: usize,
        /// Its last byte.
        last: u8,
    },
    /// The message was damaged on its way, or its checksum is wrong.
    #[error("a message carries the checksum {announced:#010x}, but its bytes give {computed:#010x}")]
    Checksum {
        /// As the message has it.
        announced: u32,
        /// As its bytes have it.
        computed: u32,
    },
    /// `responseTo` names another request than the one in flight.
    #[error("a reply names request {seen}, but request {expected} is the one in flight")]
    ForeignReply {
        /// As the header has it.
        seen: i32,
        /// What was asked.
        expected: i32,
    },
    /// A message came while no request was in flight.
    #[error("a message came that answers request {response_to}, while no request is in flight")]
    Unasked {
        /// As the header has it.
        response_to: i32,
    },
    /// A reply announces more replies to a request that asked for one.
    #[error("a reply has the flag moreToCome, which its request did not allow")]
    UnaskedStream,
    /// An element whose type byte is none of BSON's.
    #[error("an element at byte {at} of a document has the type {kind:#04x}, which is none of BSON's")]
    ElementType {
        /// Where the type byte stands.
        at: usize,
        /// The type byte.
        kind: u8,
    },
    /// An element whose key or value runs past the document's end, or a value that
    /// contradicts its type.
    #[error("an element at byte {at} of a document of {length} bytes is malformed or runs past its end")]
    Element {
        /// Where the element starts.
        at: usize,
        /// The document's length.
        length: usize,
    },
    /// A field of a reply has a type that no server gives it, or is missing.
    #[error("the reply's field `{field}` is missing or is not {expected}")]
    Field {
        /// The field's path.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        let message = format!("the server broke the wire protocol, so its socket was closed: {error}");
        Self::new(Kind::Protocol, message).network().with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_becomes_a_network_error_that_says_what_was_seen() {
        let error = Error::from(ProtocolError::OpCode { seen: 1 });
        assert_eq!(error.kind(), Kind::Protocol);
        assert!(error.is_network());
        let text = error.to_string();
        assert!(text.contains("opcode 1, but only OP_MSG (2013)"), "{text}");
        assert!(std::error::Error::source(&error).is_some());
    }
}
