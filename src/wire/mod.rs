//! The wire protocol: bytes to messages and back. No I/O, no clock, no actors.

pub mod element;
pub mod frame;

pub use element::ElementWriter;
pub use frame::{Frame, FrameBuilder};
