//! OP_MSG, written and read apart from the library's own codec.
//!
//! Reading is strict: whatever the specification forbids a client to send is an
//! error, so that the scripted server notices it. Writing is lax: a reply may be
//! bent in any way ([`crate::scripted::Rule`] does it).

use bson::Document;
use std::fmt;
use std::io::Cursor;

/// The operation code of OP_MSG.
pub const OP_MSG: i32 = 2013;
/// A CRC-32C follows the sections.
pub const CHECKSUM_PRESENT: u32 = 1;
/// The sender sends more, or wants no reply.
pub const MORE_TO_COME: u32 = 1 << 1;
/// The sender takes many replies to this request.
pub const EXHAUST_ALLOWED: u32 = 1 << 16;
/// Length of the four numbers in front of every message.
pub const HEADER_LENGTH: usize = 16;
/// The longest message a server takes.
pub const MAX_MESSAGE_LENGTH: usize = 48_000_000;

/// The four numbers in front of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Length of the whole message, this header included.
    pub length: i32,
    /// The sender's number for this message.
    pub request_id: i32,
    /// The number of the message that this one answers.
    pub response_to: i32,
    /// What kind of message this is.
    pub op_code: i32,
}

impl Header {
    /// Reads the sixteen bytes of a header.
    pub fn read(bytes: &[u8; HEADER_LENGTH]) -> Self {
        let number = |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self { length: number(0), request_id: number(4), response_to: number(8), op_code: number(12) }
    }

    /// Writes the sixteen bytes of a header.
    pub fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        for (slot, number) in
            bytes.chunks_exact_mut(4).zip([self.length, self.request_id, self.response_to, self.op_code])
        {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The number of bytes that follow the header, if the length is one that a
    /// client may send.
    pub fn body_length(self) -> Result<usize, Malformed> {
        match usize::try_from(self.length) {
            Ok(length) if (HEADER_LENGTH..=MAX_MESSAGE_LENGTH).contains(&length) => {
                Ok(length - HEADER_LENGTH)
            }
            _ => malformed(format!("message length {}", self.length)),
        }
    }
}

/// The content of an OP_MSG.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The flag bits as sent.
    pub flags: u32,
    /// The section of kind 0.
    pub body: Document,
    /// The sections of kind 1, in order.
    pub sequences: Vec<(String, Vec<Document>)>,
}

impl Message {
    /// A message with no flags and only a body.
    pub fn new(body: Document) -> Self {
        Self { body, ..Self::default() }
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Reads what follows the header, and insists on every rule.
    pub fn read(header: Header, bytes: &[u8]) -> Result<Self, Malformed> {
        if header.op_code != OP_MSG {
            return malformed(format!("operation code {}", header.op_code));
        }
        let mut reader = Reader { rest: bytes };
        let flags = reader.u32("flags")?;
        if flags & 0xffff & !(CHECKSUM_PRESENT | MORE_TO_COME) != 0 {
            return malformed(format!("unknown required flag bits {flags:#x}"));
        }
        if flags & CHECKSUM_PRESENT != 0 {
            let Some((rest, sum)) = reader.rest.split_last_chunk::<4>() else {
                return malformed("no room for the checksum");
            };
            let mut whole = header.to_bytes().to_vec();
            whole.extend_from_slice(&bytes[..bytes.len() - 4]);
            if crc32c::crc32c(&whole) != u32::from_le_bytes(*sum) {
                return malformed("the checksum differs");
            }
            reader.rest = rest;
        }
        let mut body = None;
        let mut sequences: Vec<(String, Vec<Document>)> = Vec::new();
        while !reader.rest.is_empty() {
            match reader.take(1, "section kind")?[0] {
                0 if body.is_some() => return malformed("two sections of kind 0"),
                0 => body = Some(reader.document()?),
                1 => {
                    let (name, documents) = reader.sequence()?;
                    if sequences.iter().any(|(known, _)| *known == name) {
                        return malformed(format!("two sequences named {name}"));
                    }
                    sequences.push((name, documents));
                }
                kind => return malformed(format!("section of kind {kind}")),
            }
        }
        let Some(body) = body else {
            return malformed("no section of kind 0");
        };
        if let Some((name, _)) = sequences.iter().find(|(name, _)| body.contains_key(name)) {
            return malformed(format!("{name} both in the body and as a sequence"));
        }
        Ok(Self { flags, body, sequences })
    }

    /// Writes the whole message, with a right checksum if the flag asks for one.
    pub fn to_bytes(&self, request_id: i32, response_to: i32) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LENGTH];
        bytes.extend_from_slice(&self.flags.to_le_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&encode(&self.body));
        for (name, documents) in &self.sequences {
            let mut section = name.as_bytes().to_vec();
            section.push(0);
            for document in documents {
                section.extend_from_slice(&encode(document));
            }
            bytes.push(1);
            bytes.extend_from_slice(&length_of(section.len() + 4).to_le_bytes());
            bytes.extend_from_slice(&section);
        }
        let sum_length = if self.has(CHECKSUM_PRESENT) { 4 } else { 0 };
        let header =
            Header { length: length_of(bytes.len() + sum_length), request_id, response_to, op_code: OP_MSG };
        bytes[..HEADER_LENGTH].copy_from_slice(&header.to_bytes());
        if self.has(CHECKSUM_PRESENT) {
            let sum = crc32c::crc32c(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
        }
        bytes
    }
}

/// A message that breaks the protocol, with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, what: &str) -> Result<&'a [u8], Malformed> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return malformed(format!("the message ends within its {what}"));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn u32(&mut self, what: &str) -> Result<u32, Malformed> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn document(&mut self) -> Result<Document, Malformed> {
        let length = Self { rest: self.rest }.u32("document length")?;
        let bytes = self.take(length as usize, "document")?;
        Document::from_reader(Cursor::new(bytes)).or_else(|error| malformed(format!("a document: {error}")))
    }

    fn sequence(&mut self) -> Result<(String, Vec<Document>), Malformed> {
        let length = self.u32("sequence length")? as usize;
        let Some(length) = length.checked_sub(4) else {
            return malformed("a sequence shorter than its length");
        };
        let mut section = Self { rest: self.take(length, "sequence")? };
        let Some(end) = section.rest.iter().position(|byte| *byte == 0) else {
            return malformed("a sequence name without its end");
        };
        let name = section.take(end + 1, "sequence name")?;
        let Ok(name) = String::from_utf8(name[..end].to_vec()) else {
            return malformed("a sequence name that is not UTF-8");
        };
        let mut documents = Vec::new();
        while !section.rest.is_empty() {
            documents.push(section.document()?);
        }
        Ok((name, documents))
    }
}

fn encode(document: &Document) -> Vec<u8> {
    document.to_vec().expect("documents of a test can be encoded")
}

fn length_of(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("messages of a test are short")
}

fn malformed<T>(what: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(what.into()))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
