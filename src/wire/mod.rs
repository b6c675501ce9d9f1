//! The wire protocol: bytes to messages and back. No I/O, no clock, no actors.
//!
//! Out: [`FrameBuilder`] writes a [`Frame`], an [`Envelope`] is sealed into it, and it may be
//! compressed ([`Frame::pack`]). In: a [`FrameSplitter`] inflates and cuts the stream into [`RawMessage`]s, [`Reply::parse`] looks into
//! one, [`ReplyHead::scan`] finds what concerns a socket in its document.

pub mod checksum;
pub mod element;
pub mod envelope;
pub mod frame;
pub mod header;
pub mod op_compressed;
pub mod op_msg;
pub mod protocol_error;
pub mod scan;
pub mod splitting;
pub mod walk;

#[cfg(test)]
mod samples;

pub use element::ElementWriter;
pub use envelope::Envelope;
pub use frame::{EXHAUST_ALLOWED, Frame, FrameBuilder, MORE_TO_COME};
pub use header::Header;
pub use op_compressed::{Accepted, Compressor, Offer, Packing, Press};
pub use op_msg::{Payload, RawMessage, Reply};
pub use protocol_error::ProtocolError;
pub use scan::ReplyHead;
pub use splitting::FrameSplitter;
