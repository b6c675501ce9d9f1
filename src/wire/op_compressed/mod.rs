//! OP_COMPRESSED: another message's content, compressed (compression specification). Out:
//! [`Frame::pack`](super::Frame::pack), called by sockets and, for large messages, by callers.
//! In: a [`FrameSplitter`](super::FrameSplitter) that was told what to accept. Nothing in here
//! reads or writes a stream.

#[cfg(not(all(feature = "snappy", feature = "zlib", feature = "zstd")))]
mod absent;
mod compressor;
mod press;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(test)]
#[cfg(all(feature = "snappy", feature = "zlib", feature = "zstd"))]
mod tests;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

pub use self::compressor::{Accepted, Compressor, Offer, Packing};
pub use self::press::Press;
use super::frame::OP_MSG;
use super::header::Header;
use super::op_msg::SHORTEST;
use super::protocol_error::ProtocolError;

/// What stands between the header and the compressed bytes: the wrapped opcode, the size, the
/// compressor's number.
pub const FIXED: usize = 4 + 4 + 1;
/// The compressor that does nothing.
const NOOP: u8 = 0;

/// Commands that are never compressed: a message's length would tell of the secrets in it
/// (compression specification, "Messages not allowed to be compressed"). In lower case.
const NEVER: [&str; 11] = [
    "hello",
    "ismaster",
    "saslstart",
    "saslcontinue",
    "getnonce",
    "authenticate",
    "createuser",
    "updateuser",
    "copydbsaslstart",
    "copydbgetnonce",
    "copydb",
];

/// Whether messages of the command of this name may be compressed.
pub fn may_compress(name: &[u8]) -> bool {
    !NEVER.iter().any(|never| name.eq_ignore_ascii_case(never.as_bytes()))
}

/// What stands in front of the compressed bytes. The lengths are those of the whole message
/// and of the content that it stands for.
pub fn prefix(request_id: i32, content: usize, compressor: Compressor) -> [u8; Header::LEN + FIXED] {
    let header = Header { message_length: 0, request_id, response_to: 0, op_code: Header::OP_COMPRESSED };
    let mut bytes = [0; Header::LEN + FIXED];
    bytes[..16].copy_from_slice(&header.write());
    bytes[16..20].copy_from_slice(&OP_MSG.to_le_bytes());
    bytes[20..24].copy_from_slice(&(content as i32).to_le_bytes());
    bytes[24] = compressor.id();
    bytes
}

/// What a compressed message says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The size of what it stands for, which is within bounds.
    size: usize,
    /// `None` if it is not compressed at all.
    compressor: Option<Compressor>,
}

/// Judges as much of what follows the header as has come; `None` if that is not all of it and
/// sound so far. `max` is the largest message that may come out.
pub fn judge(known: &[u8], max: usize, accepted: Accepted) -> Result<Option<Wrapped>, ProtocolError> {
    let Some((op_code, known)) = known.split_first_chunk() else { return Ok(None) };
    match i32::from_le_bytes(*op_code) {
        OP_MSG => {}
        seen => return Err(ProtocolError::WrappedOpCode { seen }),
    }
    let Some((size, known)) = known.split_first_chunk() else { return Ok(None) };
    let announced = i32::from_le_bytes(*size);
    let (least, max) = (SHORTEST - Header::LEN, max.saturating_sub(Header::LEN));
    let size = usize::try_from(announced).ok().filter(|size| (least..=max).contains(size));
    let size = size.ok_or(ProtocolError::InflatedSize { size: announced, least, max })?;
    let Some(&id) = known.first() else { return Ok(None) };
    let compressor = match Compressor::from_id(id) {
        Some(compressor) if accepted.has(compressor) => Some(compressor),
        None if id == NOOP => None,
        _ => return Err(ProtocolError::CompressorId { id }),
    };
    Ok(Some(Wrapped { size, compressor }))
}

impl Wrapped {
    /// The content that these bytes stand for: as large as was announced, or an error.
    pub fn inflate(self, bytes: &[u8]) -> Result<Vec<u8>, ProtocolError> {
        let Self { size, compressor } = self;
        let inflated = match compressor {
            Some(compressor) => Press::of_thread(|press| press.inflate(compressor, bytes, size)),
            None if bytes.len() == size => Ok(bytes.to_vec()),
            None => Err(format!("it has {}", bytes.len())),
        };
        let compressor = compressor.map_or("noop", Compressor::name);
        inflated.map_err(|why| ProtocolError::Inflate { compressor, size, why })
    }

    /// The header that the message would have had.
    pub fn header(self, outer: &Header) -> Header {
        // It was held against a limit of 32 bits.
        let message_length = i32::try_from(Header::LEN + self.size).unwrap_or(i32::MAX);
        Header { message_length, op_code: OP_MSG, ..*outer }
    }
}
