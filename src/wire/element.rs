//! Appends BSON elements to a buffer, without a document type in between.

use bson::{RawArray, RawDocument};

/// Writes elements (type byte, key, value) behind what the buffer already holds. The
/// document's length and closing zero are the business of whoever owns the buffer.
///
/// Keys are the driver's own constants or were checked before: they hold no zero byte.
#[derive(Debug)]
pub struct ElementWriter<'a> {
    buffer: &'a mut Vec<u8>,
}

impl<'a> ElementWriter<'a> {
    /// A writer that appends to `buffer`.
    pub fn new(buffer: &'a mut Vec<u8>) -> Self {
        Self { buffer }
    }

    fn key(&mut self, kind: u8, key: &str) -> &mut Vec<u8> {
        self.buffer.push(kind);
        self.buffer.extend_from_slice(key.as_bytes());
        self.buffer.push(0);
        self.buffer
    }

    /// A string.
    pub fn str(&mut self, key: &str, value: &str) -> &mut Self {
        let buffer = self.key(0x02, key);
        buffer.extend_from_slice(&(value.len() as i32 + 1).to_le_bytes());
        buffer.extend_from_slice(value.as_bytes());
        buffer.push(0);
        self
    }

    /// A 32-bit integer.
    pub fn i32(&mut self, key: &str, value: i32) -> &mut Self {
        self.key(0x10, key).extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A 64-bit integer.
    pub fn i64(&mut self, key: &str, value: i64) -> &mut Self {
        self.key(0x12, key).extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A boolean.
    pub fn bool(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(0x08, key).push(u8::from(value));
        self
    }

    /// A timestamp (seconds, increment).
    pub fn timestamp(&mut self, key: &str, value: bson::Timestamp) -> &mut Self {
        let buffer = self.key(0x11, key);
        buffer.extend_from_slice(&value.increment.to_le_bytes());
        buffer.extend_from_slice(&value.time.to_le_bytes());
        self
    }

    /// A UUID (binary subtype 4).
    pub fn uuid(&mut self, key: &str, value: &[u8; 16]) -> &mut Self {
        let buffer = self.key(0x05, key);
        buffer.extend_from_slice(&16_i32.to_le_bytes());
        buffer.push(4);
        buffer.extend_from_slice(value);
        self
    }

    /// Bytes (binary subtype 0).
    pub fn binary(&mut self, key: &str, value: &[u8]) -> &mut Self {
        let buffer = self.key(0x05, key);
        buffer.extend_from_slice(&(value.len() as i32).to_le_bytes());
        buffer.push(0);
        buffer.extend_from_slice(value);
        self
    }

    /// An embedded document.
    pub fn document(&mut self, key: &str, value: &RawDocument) -> &mut Self {
        self.key(0x03, key).extend_from_slice(value.as_bytes());
        self
    }

    /// An array.
    pub fn array(&mut self, key: &str, value: &RawArray) -> &mut Self {
        self.key(0x04, key).extend_from_slice(value.as_bytes());
        self
    }

    /// An embedded document whose elements `write` appends.
    pub fn document_with(&mut self, key: &str, write: impl FnOnce(&mut ElementWriter<'_>)) -> &mut Self {
        self.nested(0x03, key, write)
    }

    /// An array whose elements `write` appends, with the keys "0", "1", and so on.
    pub fn array_with(&mut self, key: &str, write: impl FnOnce(&mut ElementWriter<'_>)) -> &mut Self {
        self.nested(0x04, key, write)
    }

    /// All elements of `document`, at this level.
    pub fn splice(&mut self, document: &RawDocument) -> &mut Self {
        let bytes = document.as_bytes();
        self.buffer.extend_from_slice(&bytes[4..bytes.len() - 1]);
        self
    }

    fn nested(&mut self, kind: u8, key: &str, write: impl FnOnce(&mut ElementWriter<'_>)) -> &mut Self {
        let buffer = self.key(kind, key);
        let start = buffer.len();
        buffer.extend_from_slice(&[0; 4]);
        write(&mut ElementWriter::new(buffer));
        buffer.push(0);
        let length = (buffer.len() - start) as i32;
        buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self
    }
}
