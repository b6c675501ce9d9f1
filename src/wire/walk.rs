//! Walks over the elements of one BSON document, a level at a time, without trusting it.
//!
//! Faster than a general reader, since it hands out slices and skips values by their type.
//! Nothing here recurses or allocates, and each length is checked before it is used.

use bson::{RawArray, RawDocument, Timestamp};

use super::protocol_error::ProtocolError;

/// One element: its type, key and the bytes of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// BSON's type byte.
    pub kind: u8,
    /// The key, without its closing zero.
    pub key: &'a [u8],
    /// The value, as long as its type and lengths say.
    pub value: &'a [u8],
    /// Where the value starts in the document.
    pub offset: usize,
}

/// An iterator over the elements of one document. After an error it ends.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    document: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Over a document whose frame (length, closing zero) is sound.
    pub fn over(document: &'a RawDocument) -> Self {
        Self { document: document.as_bytes(), at: 4 }
    }

    /// Over an array.
    pub fn over_array(array: &'a RawArray) -> Self {
        Self { document: array.as_bytes(), at: 4 }
    }

    /// Over the bytes of a sound document or array, from a [`position`](Self::position) of
    /// an earlier walk on; 0 is the start. A position that no walk gave may yield an error
    /// or nothing, and no more.
    pub fn from(document: &'a [u8], position: usize) -> Self {
        Self { document, at: position.max(4) }
    }

    /// Where the next element starts.
    pub fn position(&self) -> usize {
        self.at
    }

    fn step(&mut self) -> Result<Option<Element<'a>>, ProtocolError> {
        let start = self.at;
        // The closing zero stands outside of what elements may use.
        let (_, elements) = self.document.split_last().unwrap_or((&0, &[]));
        let Some((&kind, rest)) = elements.get(start..).and_then(<[u8]>::split_first) else {
            return Ok(None);
        };
        self.at = self.document.len();
        let malformed = ProtocolError::Element { at: start, length: self.document.len() };
        let Some(key) = rest.iter().position(|b| *b == 0) else { return Err(malformed) };
        let (key, rest) = (&rest[..key], &rest[key + 1..]);
        let length = match value_length(kind, rest) {
            Value::Sound(length) => length,
            Value::Malformed => return Err(malformed),
            Value::Unknown => return Err(ProtocolError::ElementType { at: start, kind }),
        };
        let Some(value) = rest.get(..length) else { return Err(malformed) };
        let offset = start + 1 + key.len() + 1;
        self.at = offset + length;
        Ok(Some(Element { kind, key, value, offset }))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Element<'a>, ProtocolError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Whether a document has more levels than this, itself being the first. What is
/// malformed counts as far as it can be read.
pub fn is_deeper_than(document: &RawDocument, levels: usize) -> bool {
    let mut open = vec![Walk::over(document)];
    while let Some(walk) = open.last_mut() {
        match walk.next() {
            Some(Ok(element)) => {
                if let Some(inner) = element.embedded() {
                    if open.len() == levels {
                        return true;
                    }
                    open.push(Walk::from(inner, 0));
                }
            }
            Some(Err(_)) | None => drop(open.pop()),
        }
    }
    false
}

impl<'a> Element<'a> {
    /// The document inside, of whatever kind: embedded, array, or the scope of code.
    fn embedded(&self) -> Option<&'a [u8]> {
        match self.kind {
            0x03 | 0x04 => Some(self.value),
            0x0f => {
                let (code, rest) = self.value.get(4..)?.split_first_chunk::<4>()?;
                rest.get(usize::try_from(i32::from_le_bytes(*code)).ok()?..)
            }
            _ => None,
        }
    }

    /// A number of any type, if it is a whole one within 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match (self.kind, self.value) {
            (0x10, value) => Some(i64::from(i32::from_le_bytes(value.try_into().ok()?))),
            (0x12, value) => Some(i64::from_le_bytes(value.try_into().ok()?)),
            (0x01, value) => {
                let number = f64::from_le_bytes(value.try_into().ok()?);
                let whole = number.trunc() == number && number.abs() <= MAX_EXACT;
                whole.then_some(number as i64)
            }
            _ => None,
        }
    }

    /// A number of any type, if it is a whole one within 32 bits.
    pub fn as_i32(&self) -> Option<i32> {
        i32::try_from(self.as_i64()?).ok()
    }

    /// Whether it is `true` or a number other than 0, the way servers read flags.
    pub fn is_truthy(&self) -> bool {
        match (self.kind, self.value) {
            (0x08, value) => value.first().is_some_and(|b| *b != 0),
            (0x01, value) => value.try_into().is_ok_and(|v| f64::from_le_bytes(v) != 0.0),
            _ => self.as_i64().is_some_and(|number| number != 0),
        }
    }

    /// The bytes of a string, without its closing zero; they may not be UTF-8.
    pub fn as_string_bytes(&self) -> Option<&'a [u8]> {
        if self.kind != 0x02 {
            return None;
        }
        let (_, text) = self.value.split_first_chunk::<4>()?;
        text.split_last().map(|(_, text)| text)
    }

    /// A string.
    pub fn as_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.as_string_bytes()?).ok()
    }

    /// An embedded document.
    pub fn as_document(&self) -> Option<&'a RawDocument> {
        (self.kind == 0x03).then(|| RawDocument::from_bytes(self.value).ok()).flatten()
    }

    /// An array, as the document that it is on the wire.
    pub fn as_array(&self) -> Option<&'a RawDocument> {
        (self.kind == 0x04).then(|| RawDocument::from_bytes(self.value).ok()).flatten()
    }

    /// A timestamp.
    pub fn as_timestamp(&self) -> Option<Timestamp> {
        if self.kind != 0x11 {
            return None;
        }
        let number = u64::from_le_bytes(self.value.try_into().ok()?);
        Some(Timestamp { time: (number >> 32) as u32, increment: number as u32 })
    }
}

/// Above 2^53 a double no longer tells neighbouring integers apart.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

enum Value {
    Sound(usize),
    Malformed,
    Unknown,
}

/// How long the value of this type is that `bytes` start with.
fn value_length(kind: u8, bytes: &[u8]) -> Value {
    let length = match kind {
        0x01 | 0x09 | 0x11 | 0x12 => Some(8),
        0x02 | 0x0d | 0x0e => string_length(bytes),
        0x03 | 0x04 => document_length(bytes),
        0x05 => prefixed(bytes, 0, 5),
        0x06 | 0x0a | 0x7f | 0xff => Some(0),
        0x07 => Some(12),
        0x08 => Some(1),
        0x0b => {
            cstring_length(bytes).and_then(|pattern| Some(pattern + cstring_length(bytes.get(pattern..)?)?))
        }
        0x0c => string_length(bytes).and_then(|name| name.checked_add(12)),
        // The length counts itself, a string and a document.
        0x0f => prefixed(bytes, 4 + 5 + 5, 0),
        0x10 => Some(4),
        0x13 => Some(16),
        _ => return Value::Unknown,
    };
    length.map_or(Value::Malformed, Value::Sound)
}

/// A leading 32-bit length of at least `least`, plus what it does not count.
fn prefixed(bytes: &[u8], least: i32, uncounted: usize) -> Option<usize> {
    let length = i32::from_le_bytes(*bytes.first_chunk()?);
    if length < least {
        return None;
    }
    usize::try_from(length).ok()?.checked_add(uncounted)
}

fn string_length(bytes: &[u8]) -> Option<usize> {
    let length = prefixed(bytes, 1, 4)?;
    (*bytes.get(length - 1)? == 0).then_some(length)
}

fn document_length(bytes: &[u8]) -> Option<usize> {
    let length = prefixed(bytes, 5, 0)?;
    (*bytes.get(length - 1)? == 0).then_some(length)
}

fn cstring_length(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == 0).map(|end| end + 1)
}
