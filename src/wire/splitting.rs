//! From a stream of bytes to whole messages.
//!
//! A socket reads into a buffer that it shares with its neighbours and feeds here what
//! came. Nothing is set aside for a message before its header, flags and first lengths
//! were judged, and then only in step with the bytes that do arrive: a server that
//! announces 48 MB and sends 30 bytes costs 64 KiB.
//!
//! A compressed message is inflated once all of it has come, into memory of the size that it
//! announces: that size was held against the limit for messages before.

use super::header::Header;
use super::op_compressed::{self, Accepted, Wrapped};
use super::op_msg::{self, FIXED, Payload, RawMessage};
use super::protocol_error::ProtocolError;

/// Header, flags, the first section's kind byte and the length that follows it; or header,
/// wrapped opcode, size and compressor. It happens to be the same.
const PREFIX: usize = FIXED + 1 + 4;
const _: () = assert!(PREFIX == Header::LEN + op_compressed::FIXED);
/// The first room for a message that did not come in one piece.
const STEP: usize = 64 * 1024;

/// Splits what one socket receives. Between two messages it holds no heap memory.
#[derive(Debug)]
pub struct FrameSplitter {
    max_message_size: usize,
    accepted: Accepted,
    /// A message that could not be inflated.
    broken: Option<Box<ProtocolError>>,
    prefix: [u8; PREFIX],
    /// How much of `prefix` is filled.
    filled: usize,
    /// Set from the moment the prefix is complete to the message's last byte.
    partial: Option<Partial>,
}

/// A message of which not all has come yet.
#[derive(Debug)]
struct Partial {
    header: Header,
    content: Content,
    /// What `bytes` will hold in the end.
    total: usize,
    bytes: Vec<u8>,
}

/// How the bytes that are collected are to be taken.
#[derive(Clone, Copy, Debug)]
enum Content {
    /// The document of the only section.
    Document { flags: u32 },
    /// Sections.
    Sections { flags: u32 },
    /// Compressed.
    Compressed(Wrapped),
}

impl FrameSplitter {
    /// What every server takes and sends (`maxMessageSizeBytes`).
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 48_000_000;

    /// A splitter that refuses messages of more than `max_message_size` bytes.
    pub fn new(max_message_size: usize) -> Self {
        let accepted = Accepted::default();
        Self { max_message_size, accepted, broken: None, prefix: [0; PREFIX], filled: 0, partial: None }
    }

    /// The same, for a server that may compress what it sends with any of these.
    pub fn accepting(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }

    /// Another limit, from the next message on.
    pub fn set_max_message_size(&mut self, max_message_size: usize) {
        self.max_message_size = max_message_size;
    }

    /// No message is half read: the stream may end here.
    pub fn is_idle(&self) -> bool {
        self.filled == 0
    }

    /// Bytes of heap memory it holds at the moment.
    pub fn memory(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.bytes.capacity())
    }

    /// Takes bytes off the front of `input`: all of them, or as many as complete a
    /// message, which is then returned. Returns how many it took. To be called again with
    /// the rest until nothing is left. An error is final: the stream has lost its frame.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<RawMessage>), ProtocolError> {
        let mut taken = 0;
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => {
                if let Some(error) = &self.broken {
                    return Err(ProtocolError::clone(error));
                }
                taken = self.fill_prefix(input);
                match self.begin()? {
                    Some(partial) => partial,
                    None => return Ok((taken, None)),
                }
            }
        };
        let rest = input.get(taken..).unwrap_or_default();
        if let (Content::Compressed(wrapped), true) = (partial.content, partial.bytes.is_empty())
            && let Some(bytes) = rest.get(..partial.total)
        {
            // All of it is there: it is inflated where it is.
            let message = self.inflate(wrapped, &partial.header, bytes)?;
            self.filled = 0;
            return Ok((taken + partial.total, Some(message)));
        }
        taken += partial.take(rest);
        if partial.bytes.len() < partial.total {
            self.partial = Some(partial);
            return Ok((taken, None));
        }
        let Partial { header, content, bytes, .. } = partial;
        let message = match content {
            Content::Document { flags } => RawMessage { header, flags, payload: Payload::Document(bytes) },
            Content::Sections { flags } => RawMessage { header, flags, payload: Payload::Sections(bytes) },
            Content::Compressed(wrapped) => self.inflate(wrapped, &header, &bytes)?,
        };
        self.filled = 0;
        Ok((taken, Some(message)))
    }

    fn fill_prefix(&mut self, input: &[u8]) -> usize {
        let count = input.len().min(PREFIX - self.filled);
        self.prefix[self.filled..self.filled + count].copy_from_slice(&input[..count]);
        self.filled += count;
        count
    }

    /// Judges as much of the prefix as there is; once it is whole, the message begins.
    fn begin(&self) -> Result<Option<Partial>, ProtocolError> {
        let known = &self.prefix[..self.filled];
        let Some((header, known)) = known.split_first_chunk() else { return Ok(None) };
        let header = Header::read(header);
        if header.op_code == Header::OP_COMPRESSED && !self.accepted.is_none() {
            return self.begin_compressed(header, known);
        }
        op_msg::check_header(&header, self.max_message_size)?;
        let Some((flags, known)) = known.split_first_chunk() else { return Ok(None) };
        let flags = u32::from_le_bytes(*flags);
        op_msg::check_flags(flags)?;
        let &[kind, a, b, c, d] = known else { return Ok(None) };
        // `check_header` has found the length to be no less than the shortest message's.
        let payload = header.message_length as usize - FIXED;
        let lone_document = op_msg::is_lone_document(flags, kind, [a, b, c, d], payload - 1)?;
        let skipped = usize::from(lone_document);
        let content = if lone_document { Content::Document { flags } } else { Content::Sections { flags } };
        let mut partial = Partial { header, content, total: payload - skipped, bytes: Vec::new() };
        partial.bytes.reserve_exact(partial.total.min(STEP));
        partial.bytes.extend_from_slice(&known[skipped..]);
        Ok(Some(partial))
    }

    fn begin_compressed(&self, header: Header, known: &[u8]) -> Result<Option<Partial>, ProtocolError> {
        op_msg::check_length(&header, self.max_message_size)?;
        let judged = op_compressed::judge(known, self.max_message_size, self.accepted)?;
        // `check_length` has found the length to be more than the prefix's.
        let total = header.message_length as usize - PREFIX;
        let begun = |wrapped| {
            let content = Content::Compressed(wrapped);
            Partial { header, content, total, bytes: Vec::new() }
        };
        Ok(judged.map(begun))
    }

    fn inflate(
        &mut self,
        wrapped: Wrapped,
        outer: &Header,
        bytes: &[u8],
    ) -> Result<RawMessage, ProtocolError> {
        let content = wrapped.inflate(bytes);
        let message = content.and_then(|content| RawMessage::of_content(wrapped.header(outer), content));
        message.inspect_err(|error| self.broken = Some(Box::new(error.clone())))
    }
}

impl Default for FrameSplitter {
    fn default() -> Self {
        Self::new(Self::DEFAULT_MAX_MESSAGE_SIZE)
    }
}

impl Partial {
    /// Takes what belongs to this message. Room grows by doubling, and never past the
    /// message's own size, so that the finished vector is as large as its content.
    fn take(&mut self, input: &[u8]) -> usize {
        let count = input.len().min(self.total - self.bytes.len());
        let needed = self.bytes.len() + count;
        if needed > self.bytes.capacity() {
            let room = needed.max(self.bytes.capacity() * 2).max(STEP).min(self.total);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(&input[..count]);
        count
    }
}

#[cfg(test)]
mod tests;
