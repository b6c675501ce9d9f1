//! OP_COMPRESSED, written and read apart from the library's own codec.

use crate::wire::{HEADER_LENGTH, Header, MAX_MESSAGE_LENGTH, Malformed, OP_MSG};
use std::io::{Read, Write};

/// The operation code of OP_COMPRESSED.
pub const OP_COMPRESSED: i32 = 2012;
/// The compressor that does nothing.
pub const NOOP: u8 = 0;
/// The number of snappy.
pub const SNAPPY: u8 = 1;
/// The number of zlib.
pub const ZLIB: u8 = 2;
/// The number of Zstandard.
pub const ZSTD: u8 = 3;

/// What stands between the header and the compressed bytes.
const FIXED: usize = 9;

/// Commands that must not be compressed, in lower case.
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

/// Whether a client may compress this command.
pub fn may_be_compressed(command: &str) -> bool {
    !NEVER.contains(&command.to_ascii_lowercase().as_str())
}

/// A whole message, compressed.
///
/// # Panics
/// If the compressor is none of the four.
pub fn pack(compressor: u8, message: &[u8]) -> Vec<u8> {
    wrap(message, compressor, &compress(compressor, &message[HEADER_LENGTH..]))
}

/// A message that claims to be another one, compressed to these bytes.
pub fn wrap(message: &[u8], compressor: u8, compressed: &[u8]) -> Vec<u8> {
    let mut bytes = message[..12].to_vec();
    bytes.extend_from_slice(&OP_COMPRESSED.to_le_bytes());
    bytes.extend_from_slice(&message[12..16]);
    bytes.extend_from_slice(&length(message.len() - HEADER_LENGTH).to_le_bytes());
    bytes.push(compressor);
    bytes.extend_from_slice(compressed);
    let whole = length(bytes.len());
    bytes[..4].copy_from_slice(&whole.to_le_bytes());
    bytes
}

/// Some bytes, compressed.
///
/// # Panics
/// If the compressor is none of the four.
pub fn compress(compressor: u8, content: &[u8]) -> Vec<u8> {
    let done = match compressor {
        NOOP => Ok(content.to_vec()),
        SNAPPY => snap::raw::Encoder::new().compress_vec(content).map_err(std::io::Error::other),
        ZLIB => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(content).and_then(|()| encoder.finish())
        }
        ZSTD => zstd::encode_all(content, 1),
        other => panic!("compressor {other}"),
    };
    done.expect("memory can be written to")
}

/// What follows the header of a compressed message: its compressor, and the header and content
/// of the message in it. Insists on every rule.
pub fn unpack(header: Header, bytes: &[u8]) -> Result<(u8, Header, Vec<u8>), Malformed> {
    let Some((fixed, compressed)) = bytes.split_first_chunk::<FIXED>() else {
        return Err(Malformed("a compressed message ends within its numbers".into()));
    };
    let number = |at: usize| i32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let (op_code, size, compressor) = (number(0), number(4), fixed[8]);
    if op_code != OP_MSG {
        return Err(Malformed(format!("operation code {op_code}, compressed")));
    }
    let most = MAX_MESSAGE_LENGTH - HEADER_LENGTH;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size <= most) else {
        return Err(Malformed(format!("an uncompressed size of {size}")));
    };
    let content = inflate(compressor, compressed).map_err(|why| Malformed(format!("inflating: {why}")))?;
    if content.len() != size {
        return Err(Malformed(format!("{} bytes where {size} were announced", content.len())));
    }
    let inner = Header { length: length(size + HEADER_LENGTH), op_code, ..header };
    Ok((compressor, inner, content))
}

fn inflate(compressor: u8, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let done = match compressor {
        NOOP => {
            content.extend_from_slice(bytes);
            Ok(())
        }
        SNAPPY => snap::raw::Decoder::new()
            .decompress_vec(bytes)
            .map(|all| content = all)
            .map_err(std::io::Error::other),
        ZLIB => {
            let mut decoder = flate2::read::ZlibDecoder::new(bytes);
            let done = decoder.read_to_end(&mut content).map(drop);
            match usize::try_from(decoder.total_in()) {
                Ok(read) if read == bytes.len() => done,
                _ => Err(std::io::Error::other("something follows its end")),
            }
        }
        ZSTD => zstd::decode_all(bytes).map(|all| content = all),
        other => return Err(format!("compressor {other}")),
    };
    done.map(|()| content).map_err(|error| error.to_string())
}

fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("messages of a test are short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;
    use bson::doc;

    #[test]
    fn what_is_packed_is_unpacked() {
        let message = Message::new(doc! { "ping": 1, "text": "x".repeat(1000), "$db": "d" });
        let bytes = message.to_bytes(4, 5);
        for compressor in [NOOP, SNAPPY, ZLIB, ZSTD] {
            let packed = pack(compressor, &bytes);
            let header = Header::read(packed.first_chunk().unwrap());
            assert_eq!((header.op_code, header.length as usize), (OP_COMPRESSED, packed.len()));
            let (id, inner, content) = unpack(header, &packed[16..]).unwrap();
            assert_eq!((id, inner), (compressor, Header::read(bytes.first_chunk().unwrap())));
            assert_eq!(Message::read(inner, &content).unwrap(), message);
            let mut wrong = packed;
            wrong[20] ^= 1;
            assert!(unpack(header, &wrong[16..]).is_err());
        }
        assert!(may_be_compressed("find") && !may_be_compressed("isMaster"));
    }
}
