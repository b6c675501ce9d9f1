//! How a rule bends a reply on its way out.

use super::drip::Drip;
use super::gate::Gate;
use crate::packed;
use crate::wire::{CHECKSUM_PRESENT, Message};
use bson::Document;
use std::sync::Arc;
use std::time::Duration;

/// Everything about a reply but its content.
#[derive(Clone, Default)]
pub(super) struct Shape {
    pub gate: Option<Gate>,
    pub delay: Option<Duration>,
    pub byte_by_byte: bool,
    pub drip: Option<Drip>,
    pub cut_after: Option<usize>,
    pub then: Then,
    pub length: Option<i32>,
    pub response_to: Option<i32>,
    pub op_code: Option<i32>,
    pub checksum: Checksum,
    pub flags: u32,
    pub sequences: Vec<(String, Vec<Document>)>,
    /// How it is compressed, if not like the request.
    pub packed: Option<Option<u8>>,
    pub bent: Option<Bend>,
}

/// What makes other bytes of a whole message.
pub(super) type Bend = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What becomes of the connection after the reply.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Stay,
    Close,
    Reset,
}

/// The checksum of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// No checksum.
    #[default]
    Absent,
    /// A right one.
    Good,
    /// A wrong one.
    Bad,
}

impl Shape {
    /// The bytes of a message with the header and checksum asked for, to a request that was
    /// compressed like this.
    pub fn bend(
        &self,
        message: &Message,
        request_id: i32,
        response_to: i32,
        compressor: Option<u8>,
    ) -> Vec<u8> {
        let mut message = message.clone();
        if self.checksum != Checksum::Absent {
            message.flags |= CHECKSUM_PRESENT;
        }
        let mut bytes = message.to_bytes(request_id, response_to);
        if let Some(length) = self.length {
            bytes[..4].copy_from_slice(&length.to_le_bytes());
        }
        if let Some(op_code) = self.op_code {
            bytes[12..16].copy_from_slice(&op_code.to_le_bytes());
        }
        if let Some(last) = bytes.last_mut().filter(|_| self.checksum == Checksum::Bad) {
            *last ^= 0xff;
        }
        if let Some(compressor) = self.packed.unwrap_or(compressor) {
            bytes = packed::pack(compressor, &bytes);
        }
        match &self.bent {
            Some(bend) => bend(bytes),
            None => bytes,
        }
    }
}
